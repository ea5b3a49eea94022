"""The two kinds of stock-out are counted apart, and a method's bias is that of the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invnb.features.censoring import METHODS
from invnb.features.stockouts import stockout_estimates, stockout_example, stockout_kinds


@pytest.fixture
def shop() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel and truth: demand 10 a week and product; a fifth of the weeks sold out at 6, some empty."""
    rng = np.random.default_rng(11)
    n, t = 8, 80
    weeks = pd.date_range("2024-01-01", periods=t, freq="7D")
    wanted = rng.poisson(10, (n, t)).astype(float)
    cut = (rng.random((n, t)) < 0.3) & (wanted > 6)
    empty = rng.random((n, t)) < 0.04
    empty[0] = False
    sold = np.where(cut, 6.0, wanted)
    panel = pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(n)], t), "period": np.tile(weeks, n),
         "status": np.where(empty, "out_of_stock", "sold").ravel(),
         "units": np.where(empty, np.nan, sold).ravel(), "censored": (cut & ~empty).ravel(),
         "available_share": np.where(empty, 0.0, 1.0).ravel()}
    )  # fmt: skip
    truth = panel[["sku"]].assign(
        date=panel["period"], sold_units=np.where(empty, 0, sold).ravel(),
        lost_units=np.where(empty, wanted, wanted - sold).ravel(),
    )  # fmt: skip
    return panel, truth


def test_periods_and_units_of_the_kinds_add_up(shop: tuple) -> None:
    panel, _ = shop
    kinds = stockout_kinds(panel).set_index("period_was")
    assert kinds["periods"].sum() == len(panel)
    assert kinds["periods_share"].sum() == pytest.approx(1)
    assert kinds["units"].sum() == panel["units"].sum()
    assert kinds.loc["sold out before its end", "periods"] == panel["censored"].sum()
    assert kinds.loc["shelf empty all period", "periods"] == panel["units"].isna().sum()


def test_the_bias_is_that_of_the_truth(shop: tuple, tmp_path: Path) -> None:
    panel, truth = shop
    unknown = stockout_estimates(panel, tmp_path).set_index("method")
    assert unknown["bias_share"].isna().all()
    assert list(unknown.index) == list(METHODS)
    truth.to_parquet(tmp_path / "truth.parquet")
    known = stockout_estimates(panel, tmp_path).set_index("method")
    pd.testing.assert_series_equal(known["demand_units"], unknown["demand_units"])
    seen = panel["units"].notna()
    wanted = (truth["sold_units"] + truth["lost_units"])[seen].sum()
    assert known.loc["naive", "bias_share"] == pytest.approx(panel["units"].sum() / wanted - 1)
    for method in ("velocity", "Kaplan-Meier", "censored likelihood"):
        bias = panel["units"].sum() * (1 + known.loc[method, "added_share"]) / wanted - 1
        assert known.loc[method, "bias_share"] == pytest.approx(bias)
    assert abs(known.loc["censored likelihood", "bias_share"]) < abs(known.loc["naive", "bias_share"]) / 2


def test_the_example_shows_both_kinds(shop: tuple) -> None:
    panel, _ = shop
    one = panel[panel["sku"] == stockout_example(panel)]
    assert one["censored"].any()
    assert one["status"].eq("out_of_stock").any()
    assert stockout_example(panel.assign(censored=False, status="sold")) in set(panel["sku"])
