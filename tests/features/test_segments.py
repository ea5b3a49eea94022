"""Segments: classes by their published cuts, groups named in words, whatever the seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from invnb.features import segments
from invnb.features.table import build_features

EMPTY = pd.DataFrame()


def _panel(units: np.ndarray, days: int = 7) -> pd.DataFrame:
    n, t = units.shape
    periods = pd.date_range("2023-01-02", periods=t, freq=f"{days}D")
    return pd.DataFrame(
        {"sku": np.repeat([f"S{i:02d}" for i in range(n)], t), "period": np.tile(periods, n), "status":
        "sold",
         "units": units.ravel(), "available_share": 1.0, "censored": False, "net_price": 2.0}
    )  # fmt: skip


def _segments(units: np.ndarray, seed: int = 1) -> pd.DataFrame:
    panel = _panel(units)
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=2)
    return segments.segment_products(panel, features, seed=seed)


def test_abc_cuts_at_80_and_95_percent() -> None:
    revenue = np.array([50.0, 30.0, 15.0, 4.0, 1.0, 0.0, np.nan])
    assert segments.abc_classes(revenue).tolist() == ["A", "A", "B", "C", "C", "C", "C"]
    assert segments.abc_classes(np.zeros(2)).tolist() == ["C", "C"]


def test_a_season_is_no_unsteadiness() -> None:
    """Three years of the same yearly wave: raw variation says Y or Z, without the season it is X."""
    wave = 1 + 0.9 * np.sin(2 * np.pi * np.arange(156) / 52)
    demand = np.outer([20.0, 40.0, 80.0], wave)
    label, variation = segments.xyz_classes(demand, 52, 7)
    assert label.tolist() == ["X", "X", "X"]
    assert variation.max() < 0.01
    raw, _ = segments.xyz_classes(demand[:, :100], 52, 7)  # less than two cycles: the season cannot be told
    assert raw.tolist() == ["Y", "Y", "Y"]


def test_days_are_judged_by_the_week() -> None:
    rng = np.random.default_rng(31)
    week = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 35.0, 35.0])
    daily = np.tile(week, (2, 20)) + rng.integers(0, 2, (2, 140))
    assert segments.xyz_classes(daily, 365, 1)[0].tolist() == ["X", "X"]


@pytest.mark.parametrize(
    ("demand", "label"),
    [([5, 6, 5, 4] * 6, "smooth"), ([1, 30, 2, 1] * 6, "erratic"), ([0, 0, 5, 0] * 6, "intermittent"),
     ([0, 0, 1, 0, 0, 60] * 4, "lumpy"), ([3, 4, 5], "new"), ([0] * 20, "no_demand"),
     ([0] * 30 + [5, 6, 5, 4] * 6, "smooth")],
)  # fmt: skip
def test_demand_classes(demand: list[float], label: str) -> None:
    assert segments.classify_demand(np.array([demand], dtype=float)).tolist() == [label]


def test_groups_follow_the_products_and_carry_words() -> None:
    rng = np.random.default_rng(32)
    fast, slow = rng.poisson(60, (10, 110)), rng.poisson(0.3, (10, 110))
    table = _segments(np.vstack([fast, slow]).astype(float))
    assert table["cluster"].iloc[:10].max() < table["cluster"].iloc[10:].min()  # numbered from fast to slow
    assert table["cluster_label"].iloc[:10].str.startswith("fast").all()
    assert table["cluster_label"].iloc[10:].str.contains("rare").all()
    assert table.groupby("cluster")["cluster_label"].nunique().eq(1).all()
    assert table["cluster_label"].nunique() == table["cluster"].nunique()
    pd.testing.assert_frame_equal(table, _segments(np.vstack([fast, slow]).astype(float)))


@pytest.mark.parametrize("n", [1, 5, 13])
def test_few_or_equal_products_are_one_group_and_nothing_is_lost(n: int) -> None:
    table = _segments(np.zeros((n, 12)))
    assert len(table) == n
    assert table["cluster"].eq(0).all()
    assert table["demand_class"].eq("no_demand").all()
    assert table[["abc", "xyz", "demand_class", "cluster_label"]].notna().all(axis=None)
