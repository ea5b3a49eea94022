"""Awkward products from the shop's files to scenarios: sensible, wide, with a reason, and never unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invnb.data.ingest import ingest
from invnb.decide.economics import build_economics
from invnb.decide.forecast_value import cheaper_champions, forecast_value
from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.forecast.compare import compare_models, forecast_scenarios
from invnb.forecast.explain import explain_forecast

WEEKS, HORIZON = 110, 5
START = pd.Timestamp("2023-01-02 10:00")
PLAIN = [f"plain_{k}" for k in range(5)]
AWKWARD = ["constant", "gap", "lone_spike", "never_sold", "one_sale", "returned", "short", "spike_taken_back"]
MODELS = ("exponential_smoothing", "tsb", "linear_regression", "gradient_boosting", "combination")


def orders() -> pd.DataFrame:
    """One line a week and product, and the trouble."""
    rng = np.random.default_rng(17)
    weekly = {sku: rng.poisson(8, WEEKS) for sku in [*PLAIN, "returned", "spike_taken_back", "lone_spike"]}
    weekly |= {sku: np.zeros(WEEKS, int) for sku in ("one_sale", "short")}
    weekly["constant"] = np.full(WEEKS, 5)
    weekly["gap"] = rng.poisson(8, WEEKS)
    weekly["gap"][40:94] = 0  # a year and two weeks
    weekly["one_sale"][50] = 2
    weekly["short"][-6:] = rng.poisson(8, 6)
    lines = [
        (START + pd.Timedelta(weeks=week), sku, int(units), f"c{week % 9}")
        for sku, row in weekly.items()
        for week, units in enumerate(row)
        if units
    ]
    at = START + pd.Timedelta(weeks=70)
    lines += [(at, "spike_taken_back", 80_995, "c99"), (at, "lone_spike", 80_995, "c98")]
    lines += [(at + pd.Timedelta(minutes=12), "spike_taken_back", -80_995, "c99")]
    lines += [(START + pd.Timedelta(weeks=week), "returned", -30, "c1") for week in (60, 80, 108)]
    table = pd.DataFrame(lines, columns=["time", "sku", "units", "customer"])
    return table.assign(order=range(len(table)), value=table["units"] * 5.0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """Ingested files, comparison, economics and forecast of the shop."""
    folder: Path = tmp_path_factory.mktemp("shop")
    orders().to_csv(folder / "orders.csv", index=False)
    products = pd.DataFrame({"sku": [*PLAIN, *AWKWARD], "category": "toys", "cost": 2.0})
    products["name"] = products["sku"]
    products["launch"] = np.where(products["sku"] == "short", "2025-01-01", "2022-01-03")
    products.to_csv(folder / "products.csv", index=False)
    sources = {
        "sales": {
            "file": "orders.csv",
            "columns": {
                "order_id": "order", "order_ts": "time", "sku": "sku", "units": "units",
                "net_value": "value", "customer_hash": "customer",
            },
        },
        "products": {
            "file": "products.csv",
            "columns": {
                "sku": "sku", "name": "name", "category": "category", "unit_cost": "cost",
                "launch_date": "launch",
            },
        },
    }  # fmt: skip
    result = ingest(sources, folder, "toys", "week", "", "pepper")
    tables = result.tables
    features = build_features(
        result.panel, tables["products"], tables["promotions"], tables["page_views"],
        country="CN", horizon_periods=HORIZON,
    )  # fmt: skip
    economics = build_economics(
        tables["products"], tables["item_supplier"], tables["suppliers"], tables["purchase_orders"],
        tables["receipts"], result.panel, holding_rate_per_year=0.25, lost_share=0.8, order_cost=20.0,
        goodwill_cost_share=0.0, lead_time_days=14.0, unit_cost_share=0.5, volume_m3_per_unit=0.002,
        min_order_units=1, pack_units=1, period_days=7,
    )  # fmt: skip
    comparison = compare_models(
        result.panel, features, segment_products(result.panel, features, seed=1), horizon_periods=HORIZON,
        origins=4, seed=3, models=MODELS,
        choose=lambda *given: cheaper_champions(*given, economics=economics),
    )  # fmt: skip
    return result, comparison, economics, forecast_scenarios(comparison, n_scenarios=200, seed=3)


def by_sku(forecast: object) -> pd.DataFrame:
    table = forecast.forecast
    return table.groupby("sku").agg(mean=("mean", "mean"), reason=("reason", "first"))


def test_every_product_has_a_whole_finite_forecast(shop: tuple) -> None:
    _, _, _, forecast = shop
    units = forecast.scenarios.units
    assert list(forecast.scenarios.sku) == sorted([*PLAIN, *AWKWARD])
    assert np.isfinite(units).all()
    assert (units >= 0).all()
    assert (units == np.floor(units)).all()
    assert forecast.forecast[["mean", "p10", "p50", "p90"]].notna().all(axis=None)


@pytest.mark.parametrize(
    ("sku", "least", "most", "reason"),
    [
        ("constant", 4, 6, "constant demand"),
        ("gap", 2, 12, ""),
        ("never_sold", 0, 0.5, "no sale in 110 known periods"),
        ("one_sale", 0, 1, "one sale in 110 known periods"),
        ("returned", 5, 12, ""),
        ("short", 3, 16, "new: 6 known periods, partly borrowed"),
        ("spike_taken_back", 5, 12, ""),
    ],
)
def test_the_level_is_sensible_and_the_reason_named(
    shop: tuple, sku: str, least: float, most: float, reason: str
) -> None:
    row = by_sku(shop[3]).loc[sku]
    assert least <= row["mean"] <= most
    assert row["reason"].startswith(reason)


def test_one_order_of_80_995_is_no_level(shop: tuple) -> None:
    """Forty weeks after it, the product sells eight a week as before."""
    result, _, _, forecast = shop
    assert result.panel.loc[result.panel["sku"] == "lone_spike", "units"].max() > 80_000
    middle = forecast.forecast.groupby("sku")["p50"].mean()
    assert middle["lone_spike"] < 800


def test_the_order_taken_back_is_named_and_gone(shop: tuple) -> None:
    result = shop[0]
    pairs = result.rejected[result.rejected["reason"] == "order and its cancellation"]
    assert len(pairs) == 2
    assert result.panel.loc[result.panel["sku"] == "spike_taken_back", "units"].max() < 40
    assert len(result.tables["returns"]) == 3


def test_a_new_product_is_wider_than_a_known_one(shop: tuple) -> None:
    forecast = shop[3]
    total = pd.DataFrame(forecast.scenarios.units.sum(axis=2), index=forecast.scenarios.sku)
    variation = total.std(axis=1) / total.mean(axis=1)
    assert variation["short"] > variation[PLAIN].mean()


def test_money_and_reasons_are_known_for_all(shop: tuple) -> None:
    _, comparison, economics, forecast = shop
    value = forecast_value(comparison, economics)
    assert np.isfinite(value[["cost", "extra_cost", "standard_error_cost", "coverage_gap"]]).all(axis=None)
    assert value.groupby("demand_class")["chosen"].sum().eq(1).all()
    explained = explain_forecast(comparison, forecast).groupby("sku")["units"].sum()
    ahead = forecast.forecast.sort_values("period").groupby("sku")["mean"].apply(lambda mean: mean[:4].sum())
    np.testing.assert_allclose(explained.loc[ahead.index], ahead, rtol=1e-9, atol=1e-9)
