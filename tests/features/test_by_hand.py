"""Numbers that can be worked out by hand: promotions, views, discounts, category, locations, segments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from invnb.features import lags
from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.features.wide import to_wide

EMPTY = pd.DataFrame()


def _panel(units: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
    """Return a weekly panel of units (n_sku, n_period) with further columns of the same shape."""
    n, t = units.shape
    return pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(n)], t), "location": "main",
         "period": np.tile(pd.date_range("2024-01-01", periods=t, freq="7D"), n),
         "status": np.where(np.isnan(units), "out_of_stock", "sold").ravel(), "units": units.ravel(),
         "available_share": 1.0, "censored": False}
        | {name: values.ravel() for name, values in columns.items()}
    )  # fmt: skip


def _built(panel: pd.DataFrame, promotions: pd.DataFrame = EMPTY, views: pd.DataFrame = EMPTY) -> dict:
    """Return the features as arrays (n_sku, n_period + 4)."""
    table = build_features(panel, EMPTY, promotions, views, country="CN", horizon_periods=4)
    n = table["sku"].nunique()
    return {name: table[name].to_numpy().reshape(n, -1) for name in table}


def test_a_plan_is_known_when_the_last_of_it_is_announced_and_weighs_by_its_days() -> None:
    """Two promotions touch the same week: before the second is announced, the week's sum is not known."""
    promotions = pd.DataFrame(
        {"sku": "S0", "start_date": pd.to_datetime(["2024-02-05", "2024-02-08"]),
         "end_date": pd.to_datetime(["2024-02-07", "2024-02-14"]), "discount_share": [0.2, 0.1],
         "announced_date": pd.to_datetime(["2024-01-02", "2024-02-01"])}
    )  # fmt: skip
    for rows in (promotions, promotions.iloc[::-1]):  # in whatever order the file has them
        built = _built(_panel(np.full((1, 12), 5.0)), rows)
        assert built["promotion_known_from"][0, 5] == np.datetime64("2024-02-01")
        assert built["planned_promotion_share"][0, 4:8].tolist() == pytest.approx([0, 1, 3 / 7, 0])
        discount = [0, (3 * 0.2 + 4 * 0.1) / 7, 3 * 0.1 / 7, 0]
        assert built["planned_discount"][0, 4:8].tolist() == pytest.approx(discount)


def test_page_views_of_days_fall_into_their_week_and_are_known_after_it() -> None:
    days = pd.to_datetime(["2024-01-07", "2024-01-08", "2024-01-14", "2024-01-15"])
    views = pd.DataFrame({"date": days, "sku": ["S0", "S0", "S0", "S1"], "views": [10.0, 3.0, 4.0, 5.0]})
    built = _built(_panel(np.full((2, 4), 2.0)), views=views)
    # Weeks: S0 10, 7, 0 and S1 0, 0, 5; the fourth week has no row of any product: unknown, not zero.
    per_unit = built["views_per_unit"]
    assert per_unit[0, :5].tolist() == pytest.approx([np.nan, 5, 8.5 / 2, 17 / 6, 17 / 6], nan_ok=True)
    assert per_unit[1, :5].tolist() == pytest.approx([np.nan, 0, 0, 5 / 6, 5 / 6], nan_ok=True)


def test_a_discount_counts_where_something_could_be_bought() -> None:
    units = np.array([[4.0, np.nan, 4.0]])
    built = _built(_panel(units, discount_share=np.array([[0.1, 0.9, 0.3]])))
    assert built["discount_lag_1"][0, 1:4].tolist() == pytest.approx([0.1, np.nan, 0.3], nan_ok=True)
    assert built["discount_mean_8"][0, 3] == pytest.approx(0.2)


def test_a_categorys_trend_is_that_of_its_products_not_of_its_best_seller() -> None:
    """Nine small products double in week 13 and one large one halves: the category is up."""
    units = np.repeat([[1000.0], *[[4.0]] * 9], 17, axis=1)
    units[0, 13:] /= 2
    units[1:, 13:] *= 2
    units[:, 5] *= 3
    found = _built(_panel(units))["category_trend_ratio"]
    trend = found[:, 17]

    def scaled(row: np.ndarray) -> np.ndarray:  # over the product's own mean of the weeks before
        return np.array([row[t] / row[:t].mean() for t in range(4, 17)])

    category = (scaled(units[0]) + 9 * scaled(units[1])) / 10
    assert trend == pytest.approx(np.full(10, category[-4:].mean() / category.mean()), rel=1e-5)
    assert trend[0] > 1
    assert (found[:, 6] == 1).all()  # weeks 4 and 5 alone have a mean before them: the last four are all


def test_last_years_ratio_by_hand() -> None:
    values = np.random.default_rng(3).poisson(30, (2, 60)).astype(float)
    found = lags.year_ago_ratio(values, 52)
    for origin in (52, 56, 60):
        first = max(origin - 52 - 13, 0)
        before = values[:, first : origin - 52]
        coming = values[:, origin - 52 : origin - 48].mean(axis=1)
        expected = coming / before.mean(axis=1) if before.size else np.full(2, np.nan)
        np.testing.assert_allclose(found[:, origin], expected)


def test_of_two_locations_prices_are_averaged_and_views_and_units_added() -> None:
    one = _panel(np.array([[3.0, 4.0]])).assign(
        net_price=10.0, discount_share=0.2, page_views=50.0, seen_units=2.0, seen_share=0.5, cut_share=0.25
    )
    two = one.assign(location="east", net_price=12.0, discount_share=0.0, seen_share=1.0, cut_share=0.0)
    wide = to_wide(pd.concat([one, two]))
    found = {name: getattr(wide, name)[0, 0] for name in (
        "units", "net_price", "discount_share", "page_views", "seen_units", "seen_share", "cut_share",
    )}  # fmt: skip
    assert found == pytest.approx(
        {"units": 6, "net_price": 11, "discount_share": 0.1, "page_views": 100, "seen_units": 4,
         "seen_share": 0.75, "cut_share": 0.125}
    )  # fmt: skip


def test_revenue_and_season_are_those_of_the_last_year() -> None:
    units = np.full((2, 104), 2.0)
    units[0, 10:23] = 50.0  # last year's season, over
    units[1, -13:] = 8.0
    panel = _panel(units, net_price=np.full(units.shape, 3.0))
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=1)
    table = segment_products(panel, features, seed=1)
    assert table["revenue"].tolist() == [3 * 2 * 52, 3 * (2 * 39 + 8 * 13)]
    assert table["season_peak"].tolist() == pytest.approx([0.25, 8 * 13 / (2 * 39 + 8 * 13)])
