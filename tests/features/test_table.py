"""The feature table: complete, right, and blind to the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from invnb.features.leak import leak_demonstration
from invnb.features.table import build_features, feature_catalogue

WEEKS = pd.date_range("2024-01-01", periods=60, freq="7D")
HORIZON = 6
EMPTY = pd.DataFrame()


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    n, t = 8, len(WEEKS)
    units = rng.poisson(rng.gamma(2, 4, (n, 1)), (n, t)).astype(float)
    units[rng.random((n, t)) < 0.05] = np.nan
    units[0, :20] = np.nan
    price = 10 * np.exp(rng.normal(0, 0.05, (n, t)))
    return pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(n)], t), "location": "main", "period": np.tile(WEEKS, n),
         "status": np.where(np.isnan(units), "out_of_stock", "sold").ravel(), "units": units.ravel(),
         "available_share": rng.random(n * t), "censored": rng.random(n * t) < 0.15,
         "net_price": price.ravel(), "discount_share": rng.random(n * t) / 5,
         "page_views": rng.poisson(80, n * t).astype(float)}
    )  # fmt: skip


@pytest.fixture(scope="module")
def promotions() -> pd.DataFrame:
    return pd.DataFrame(
        {"promo_id": ["P1", "P2", "P3"], "sku": ["S1", "S1", "S2"],
         "start_date": pd.to_datetime(["2024-05-06", "2025-03-03", "2024-09-04"]),
         "end_date": pd.to_datetime(["2024-05-12", "2025-03-05", "2024-09-10"]),
         "mechanic": "percent", "discount_share": [0.2, 0.3, 0.1],
         "announced_date": pd.to_datetime(["2024-04-01", None, "2024-08-30"])}
    )  # fmt: skip


def _build(
    panel: pd.DataFrame, promotions: pd.DataFrame = EMPTY, products: pd.DataFrame = EMPTY
) -> pd.DataFrame:
    return build_features(panel, products, promotions, EMPTY, country="CN", horizon_periods=HORIZON)


def test_one_row_per_product_and_period_with_every_column_of_the_catalogue(panel: pd.DataFrame) -> None:
    table = _build(panel)
    assert len(table) == 8 * (len(WEEKS) + HORIZON)
    assert set(feature_catalogue()["column"]) <= set(table.columns)
    assert not table.duplicated(["sku", "period"]).any()
    late = feature_catalogue().query("known_at == 'start of period'")["column"]
    beyond = table[table["period"] > WEEKS[-1] + pd.Timedelta(days=7)]
    assert beyond[list(late)].isna().all(axis=None)
    ahead = feature_catalogue().query("known_at == 'ahead'")["column"]
    assert table[list(ahead)].notna().all(axis=None)


@pytest.mark.parametrize("cut", [25, 40, 59])
def test_no_feature_moves_when_the_future_does(
    panel: pd.DataFrame, promotions: pd.DataFrame, cut: int
) -> None:
    """Whatever happens from a week on (sales, stock, prices, views), features known at its start stay."""
    changed = panel.copy()
    future = changed["period"] >= WEEKS[cut]
    rng = np.random.default_rng(cut)
    changed.loc[future, "units"] = rng.poisson(500, future.sum()).astype(float)
    changed.loc[future, "status"] = "sold"
    changed.loc[future, "censored"] = rng.random(future.sum()) < 0.5
    for column in ("available_share", "net_price", "discount_share", "page_views"):
        changed.loc[future, column] = rng.random(future.sum())
    before, after = _build(panel, promotions), _build(changed, promotions)
    known = list(feature_catalogue().query("known_at == 'start of period'")["column"])
    ahead = list(feature_catalogue().query("known_at == 'ahead'")["column"])
    past = before["period"] <= WEEKS[cut]
    pd.testing.assert_frame_equal(before.loc[past, known], after.loc[past, known])
    pd.testing.assert_frame_equal(before[ahead], after[ahead])
    if cut < 59:  # and the test can fail: later rows do move
        assert not before.loc[~past, known].equals(after.loc[~past, known])


def test_lags_and_windows_by_hand(panel: pd.DataFrame) -> None:
    plain = panel.assign(censored=False)
    row = _build(plain).query("sku == 'S3'").set_index("period").loc[WEEKS[30]]
    units = plain.query("sku == 'S3'").set_index("period")["units"]
    before = units[units.index < WEEKS[30]]
    assert row["lag_1"] == pytest.approx(before.iloc[-1], nan_ok=True)
    assert row["mean_8"] == pytest.approx(before.tail(8).mean(), rel=1e-6)
    assert row["sd_13"] == pytest.approx(before.tail(13).std(ddof=0), rel=1e-5)
    assert row["zero_share_13"] == pytest.approx((before.tail(13).dropna() == 0).mean(), rel=1e-6)
    assert row["demand"] == pytest.approx(units[WEEKS[30]], nan_ok=True)


def test_a_promotion_is_a_share_of_days_known_from_its_announcement(
    panel: pd.DataFrame, promotions: pd.DataFrame
) -> None:
    table = _build(panel, promotions).set_index(["sku", "period"])
    whole = table.loc[("S1", pd.Timestamp("2024-05-06"))]
    assert (whole["planned_promotion_share"], whole["planned_discount"]) == (1.0, pytest.approx(0.2))
    assert whole["promotion_known_from"] == pd.Timestamp("2024-04-01")
    split = table.loc["S2"].loc[pd.to_datetime(["2024-09-02", "2024-09-09"]), "planned_promotion_share"]
    assert split.tolist() == pytest.approx([5 / 7, 2 / 7])
    coming = table.loc[("S1", pd.Timestamp("2025-03-03"))]
    assert coming["planned_promotion_share"] == pytest.approx(3 / 7)
    assert coming["promotion_known_from"] == pd.Timestamp("2025-02-17")  # not recorded: two weeks before
    assert table["planned_promotion_share"].gt(0).sum() == 4


def test_launch_and_end_bound_the_offer(panel: pd.DataFrame) -> None:
    products = pd.DataFrame(
        {"sku": ["S4", "S5"], "launch_date": pd.to_datetime(["2024-03-06", None]),
         "end_date": pd.to_datetime([None, "2025-02-25"])}
    )  # fmt: skip
    share = _build(panel, products=products).set_index(["sku", "period"])["on_sale_share"]
    assert share["S4"].loc["2024-02-26":"2024-03-11"].tolist() == pytest.approx([0, 5 / 7, 1])
    assert share["S5"].loc["2025-02-17":"2025-03-03"].tolist() == pytest.approx([1, 2 / 7, 0])
    assert (share["S6"] == 1).all()


def test_the_leak_looks_better_than_it_is(panel: pd.DataFrame) -> None:
    honest, leaking = leak_demonstration(panel)
    assert leaking < 0.9 * honest


def test_wrong_arguments(panel: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="horizon_periods must be at least 1, got 0"):
        build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=0)
