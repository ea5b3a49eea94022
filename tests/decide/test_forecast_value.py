"""The same ordering rule with each model's forecast: money worked out by hand, ties, and a fair choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from invnb.decide.forecast_value import (
    cheaper_champions,
    choose_by_cost,
    forecast_value,
    ranking_sentence,
)
from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.forecast.compare import Comparison, compare_models

EMPTY = pd.DataFrame()
SIMPLE, OTHER = "exponential_smoothing", "moving_average"


def make_comparison(
    units: np.ndarray, origins: int = 4, horizon: int = 4, choose: object = None
) -> Comparison:
    n, t = units.shape
    panel = pd.DataFrame(
        {"sku": np.repeat([f"S{i:02d}" for i in range(n)], t),
         "period": np.tile(pd.date_range("2023-01-02", periods=t, freq="7D"), n),
         "status": np.where(np.isnan(units), "out_of_stock", "sold").ravel(), "units": units.ravel(),
         "available_share": np.where(np.isnan(units), 0.0, 1.0).ravel(), "censored": False,
         "net_price": 5.0, "discount_share": 0.0}
    )  # fmt: skip
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=horizon)
    segments = segment_products(panel, features, seed=1)
    return compare_models(
        panel, features, segments, horizon_periods=horizon, origins=origins, seed=1, models=(SIMPLE, OTHER),
        choose=choose,
    )  # fmt: skip


def economics_of(comparison: Comparison, **columns: float) -> pd.DataFrame:
    table = pd.DataFrame({"sku": comparison.inputs.sku.astype(str)})
    return table.assign(
        **{"holding_cost_per_unit_period": 1.0, "shortage_cost_per_unit": 9.0, "lost_share": 1.0,
           "backorder_cost_per_unit_period": 1.0, "order_cost": 20.0, "lead_time_periods": 1,
           "review_period_periods": 1} | columns
    )  # fmt: skip


def forecasting(comparison: Comparison, **paths: np.ndarray) -> Comparison:
    """The comparison with forecasts of our own making in place of the models'."""
    champions = comparison.champions.assign(model=next(iter(paths)))
    return replace(comparison, folds=replace(comparison.folds, forecasts=paths), champions=champions)


def whole(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["demand_class"] == "all"].set_index("model")


def test_the_money_is_what_the_rule_loses() -> None:
    """Eight and twelve in turn, known exactly: up to 20 over lead time and review. What is left of the first
    20 waits one period on the shelf; everything after arrives when it is wanted. Who expects a quarter of the
    demand has learned from the other origins how much to add, and pays about the same."""
    comparison = make_comparison(np.tile([8.0, 12.0], (5, 30)))
    demand = comparison.folds.demand
    second = demand[0, 0, 1]
    economics = economics_of(comparison)
    table = whole(forecast_value(forecasting(comparison, **{SIMPLE: demand}), economics))
    assert table.loc[SIMPLE, "cost"] == pytest.approx(5 * second)
    quarter = whole(forecast_value(forecasting(comparison, **{SIMPLE: demand / 4}), economics))
    assert quarter.loc[SIMPLE, "cost"] == pytest.approx(5 * second, rel=0.15)  # a level rounded up
    assert quarter.loc[SIMPLE, "pinball_critical"] < 0.01


def test_who_knows_the_demand_pays_least() -> None:
    rng = np.random.default_rng(101)
    comparison = make_comparison(rng.poisson(rng.gamma(4, 3, (30, 70))).astype(float))
    demand = comparison.folds.demand
    noise = np.maximum(demand + rng.normal(0, 8, demand.shape), 0)
    value = forecast_value(
        forecasting(comparison, **{SIMPLE: noise, OTHER: demand}), economics_of(comparison)
    )
    table = whole(value)
    assert table.loc[OTHER, ["rank_pinball", "rank_cost"]].eq(1).all()
    assert table.loc[SIMPLE, "extra_cost"] > 2 * table.loc[SIMPLE, "standard_error_cost"] > 0
    assert table["chosen"].sum() == 1
    parts = value[value["demand_class"] != "all"].groupby("model")["cost"].sum()
    np.testing.assert_allclose(parts[table.index], table["cost"])
    sentence = ranking_sentence(value)
    assert "moving average" in sentence


def test_a_champion_gives_way_only_to_a_tie_that_is_cheaper_beyond_noise() -> None:
    rng = np.random.default_rng(102)
    comparison = make_comparison(rng.poisson(20, (30, 70)).astype(float))
    demand, economics = comparison.folds.demand, economics_of(comparison)
    flat = np.full(demand.shape, 20.0)
    held = comparison.champions.assign(model=SIMPLE)

    def chosen(simple: np.ndarray, other: np.ndarray) -> str:
        made = forecasting(comparison, **{SIMPLE: simple, OTHER: other})
        champions = choose_by_cost(held, forecast_value(made, economics))
        return champions.set_index("demand_class").loc["all", "model"]

    assert chosen(flat, flat) == SIMPLE
    assert chosen(flat, flat + rng.normal(0, 0.01, flat.shape)) == SIMPLE  # cheaper or dearer, within noise
    far = flat * rng.choice([0.2, 1.8], (1, 30, 1))
    assert chosen(flat, far) == SIMPLE  # no tie: the money does not matter


def test_of_two_equal_forecasts_the_one_that_knows_the_dear_products_is_taken() -> None:
    rng = np.random.default_rng(104)
    comparison = make_comparison(rng.poisson(rng.gamma(4, 5, (40, 70))).astype(float))
    demand = comparison.folds.demand
    flat = np.broadcast_to(demand.mean(axis=(0, 2), keepdims=True), demand.shape)
    dear = np.arange(40) >= 20
    knows_dear = np.where(dear[:, None], demand, flat)
    knows_cheap = np.where(dear[:, None], flat, demand)
    economics = economics_of(comparison)
    economics.loc[dear, ["holding_cost_per_unit_period", "shortage_cost_per_unit"]] *= 100
    held = comparison.champions.assign(model=SIMPLE)
    made = forecasting(comparison, **{SIMPLE: knows_cheap, OTHER: knows_dear})
    champions = cheaper_champions(made.inputs, made.folds, made.group, held, economics=economics)
    row = champions.set_index("demand_class").loc["all"]
    assert row["model"] == OTHER
    assert row["reason"] == f"ties with {SIMPLE} by pinball loss, and costs less beyond noise"
    other_way = forecasting(comparison, **{SIMPLE: knows_dear, OTHER: knows_cheap})
    kept = cheaper_champions(other_way.inputs, other_way.folds, other_way.group, held, economics=economics)
    assert kept.set_index("demand_class").loc["all", "model"] == SIMPLE


def test_the_comparison_goes_on_with_the_models_chosen() -> None:
    rng = np.random.default_rng(105)
    units = rng.poisson(20, (12, 70)).astype(float)
    plain = make_comparison(units)
    assert set(plain.models) == {SIMPLE}
    chosen = make_comparison(units, choose=lambda _, __, ___, champions: champions.assign(model=OTHER))
    assert set(chosen.models) == {OTHER}
    assert set(chosen.forecast_history["model"]) == {OTHER}


def test_a_period_without_known_demand_costs_nothing() -> None:
    rng = np.random.default_rng(103)
    units = rng.poisson(20, (12, 70)).astype(float)
    comparison = make_comparison(units)
    hidden = units.copy()
    hidden[:6, comparison.folds.origins[0] :] = np.nan
    masked = make_comparison(hidden)
    value = whole(forecast_value(masked, economics_of(masked)))
    known = forecasting(masked, **{SIMPLE: masked.folds.forecasts[SIMPLE]})
    alone = whole(forecast_value(known, economics_of(masked)))
    dear = economics_of(masked)
    dear.loc[:5, ["holding_cost_per_unit_period", "shortage_cost_per_unit"]] = 1e6
    assert value.loc[SIMPLE, "n"] <= 6 * masked.folds.origins.size
    assert whole(forecast_value(known, dear)).loc[SIMPLE, "cost"] == pytest.approx(alone.loc[SIMPLE, "cost"])


def test_too_few_origins_rank_nothing() -> None:
    comparison = make_comparison(np.full((4, 6), 3.0), origins=2, horizon=4)
    value = forecast_value(comparison, economics_of(comparison))
    assert value.empty
    assert ranking_sentence(value) == "There are too few origins to rank the models."
    kept = choose_by_cost(comparison.champions, value)
    pd.testing.assert_frame_equal(kept, comparison.champions, check_dtype=False)
