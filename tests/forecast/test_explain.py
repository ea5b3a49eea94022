"""An explanation adds up to the forecast, gives nothing to what moved nothing, and names what moved it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from invnb.features.segments import segment_products
from invnb.features.table import FEATURES, build_features
from invnb.forecast import explain
from invnb.forecast.compare import compare_models, forecast_scenarios
from invnb.forecast.inputs import Inputs, make_inputs
from invnb.forecast.models import MODELS, model

EMPTY = pd.DataFrame()
HORIZON = 3


def explained(tables: object, models: tuple[str, ...], periods: int | None = None) -> tuple:
    comparison = compare_models(
        tables.panel, tables.features, tables.sku_segments,
        horizon_periods=6, origins=2, seed=3, models=models,
    )  # fmt: skip
    forecast = forecast_scenarios(comparison, n_scenarios=60, seed=3)
    return forecast, explain.explain_forecast(comparison, forecast, periods)


@pytest.mark.parametrize("periods", [None, 1, 6])
def test_the_drivers_add_up_to_the_forecast(degenerate: object, periods: int | None) -> None:
    """New, ended, silent, never seen and spiky products included."""
    forecast, table = explained(degenerate, ("linear_regression",), periods)
    window = periods or 4
    table_mean = forecast.forecast.sort_values(["sku", "period"]).groupby("sku")["mean"]
    mean = table_mean.apply(lambda units: units.iloc[:window].sum())
    np.testing.assert_allclose(table.groupby("sku")["units"].sum(), mean, rtol=1e-9, atol=1e-9)
    assert np.isfinite(table["units"]).all()
    assert set(table.groupby("sku")["driver"].apply(tuple)) == {tuple(explain.DRIVERS)}
    assert table["periods"].eq(window).all()
    unseen = table[table["sku"] == "S05"].set_index("driver")["units"]
    assert unseen.drop(["borrowed", "past_errors"]).eq(0).all()
    assert unseen["borrowed"] > 0


@pytest.mark.parametrize("name", MODELS)
def test_any_model_is_explained_without_a_rest(degenerate: object, name: str) -> None:
    inputs = make_inputs(degenerate.panel, degenerate.features)
    fitted = model(name).fit(inputs, inputs.n_history, HORIZON, 5)
    total = model(name).predict(fitted, inputs, inputs.n_history, HORIZON).sum(axis=1)
    values = explain.shapley_values(name, fitted, inputs, HORIZON)
    np.testing.assert_allclose(sum(values.values()), np.nan_to_num(total), rtol=1e-9, atol=1e-9)


def test_a_year_ago_is_the_seasonal_methods_reason() -> None:
    """Seasonal naive on a level of 10 with 30 in the same weeks of the year before."""
    units = np.full((3, 110), 10.0)
    units[:, 58:62] = 30.0  # 110 - 52: the first weeks ahead, a year ago
    inputs = make_inputs(*_tables(units)[:2])
    values = explain.shapley_values("seasonal_naive", None, inputs, 4)
    level = 4 * units[0, -52:].mean()
    np.testing.assert_allclose(values["level"], level)
    np.testing.assert_allclose(values["season"], 120 - level)
    np.testing.assert_allclose(values["recent"], 0, atol=1e-9)


def test_recent_weeks_are_the_smoothing_methods_reason() -> None:
    units = np.full((3, 110), 10.0)
    units[:, -8:] = 20.0
    inputs = make_inputs(*_tables(units)[:2])
    values = explain.shapley_values("moving_average", None, inputs, 4)
    level = 4 * units[0, -52:].mean()
    np.testing.assert_allclose(values["recent"], 80 - level)
    np.testing.assert_allclose(values["season"], 0, atol=1e-9)


def test_a_planned_promotion_is_named_for_the_products_that_have_one() -> None:
    """Promotions triple demand; half of the products have one in all of the coming weeks."""
    rng = np.random.default_rng(91)
    n, t, horizon = 30, 120, 4
    weeks = pd.date_range("2023-01-02", periods=t + horizon, freq="7D")
    on = rng.random((n, t + horizon)) < 0.15
    on[:15, t:], on[15:, t:] = True, False
    units = rng.poisson(np.where(on[:, :t], 36, 12)).astype(float)
    row, week = np.nonzero(on)
    promotions = pd.DataFrame(
        {"promo_id": [f"P{k}" for k in range(row.size)], "sku": [f"S{i:02d}" for i in row],
         "start_date": weeks[week], "end_date": weeks[week] + pd.Timedelta(days=6),
         "discount_share": 0.3, "announced_date": weeks[week] - pd.Timedelta(days=60)}
    )  # fmt: skip
    inputs = make_inputs(*_tables(units, promotions, horizon)[:2])
    fitted = model("linear_regression").fit(inputs, t, horizon, 5)
    values = explain.shapley_values("linear_regression", fitted, inputs, horizon)
    # Against this product's usual share of 15 %: 4 weeks x 24 units x 0.85 more, or x 0.15 less.
    assert values["promotion"][:15].mean() == pytest.approx(4 * 24 * 0.85, rel=0.25)
    assert values["promotion"][15:].mean() == pytest.approx(-4 * 24 * 0.15, rel=0.6)
    assert values["promotion"][:15].min() > values["promotion"][15:].max()
    assert not {"page_views", "price"} & set(values)  # nobody counted views, and the price never moved


def _tables(units: np.ndarray, promotions: pd.DataFrame = EMPTY, horizon: int = 4) -> tuple:
    n, t = units.shape
    panel = pd.DataFrame(
        {"sku": np.repeat([f"S{i:02d}" for i in range(n)], t),
         "period": np.tile(pd.date_range("2023-01-02", periods=t, freq="7D"), n), "status": "sold",
         "units": units.ravel(), "available_share": 1.0, "censored": False, "net_price": 5.0,
         "discount_share": 0.0}
    )  # fmt: skip
    features = build_features(panel, EMPTY, promotions, EMPTY, country="CN", horizon_periods=horizon)
    return panel, features, segment_products(panel, features, seed=1)


def test_every_feature_has_a_driver_and_every_array_is_cut_to_the_products() -> None:
    assert {explain.driver_of(feature.column) for feature in FEATURES} <= set(explain.PLAYERS)
    by_product = {field.name for field in fields(Inputs)} - {"period", "period_days"}
    assert by_product == set(explain._BY_PRODUCT), "a new array of Inputs: is its first axis the product?"


def test_a_window_beyond_the_horizon_is_refused(steady: object) -> None:
    with pytest.raises(ValueError, match="periods must be from 1 to the horizon of 6, got 7"):
        explained(steady, ("exponential_smoothing",), 7)
