"""Kaplan-Meier and the censored likelihood against brute force; every method against simulated shops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, poisson

from invnb.data.ingest import ingest
from invnb.data.sample import COLUMN_MAPS, write_sample
from invnb.features.censored_likelihood import expected_demand
from invnb.features.censoring import METHODS, estimate_demand
from invnb.features.censoring_compare import compare_censoring, errors_by_service
from invnb.features.kaplan_meier import kaplan_meier_mean

DAYS = 100_000


def kept_by_up_to_level(demand: np.ndarray, up_to: int, rng: np.random.Generator) -> tuple:
    """Stock that could be sold and units sold by day: weekly review, lead time 10 to 18 days, lost sales."""
    n = len(demand)
    due, lead = np.zeros(n + 20, dtype=int), rng.integers(10, 19, n)
    stock, on_order = up_to, 0
    sellable, sold = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    for t in range(n):
        stock += due[t]
        on_order -= due[t]
        sellable[t], sold[t] = stock, min(demand[t], stock)
        stock -= sold[t]
        if t % 7 == 0 and up_to > stock + on_order:
            due[t + lead[t] + 1] += up_to - stock - on_order
            on_order = up_to - stock
    return sellable, sold


@pytest.mark.parametrize(
    ("mean", "variance", "up_to", "fill", "naive", "velocity", "by_close"),
    [
        (4.0, 10.8, 70, 0.779, 3.12, 3.80, 3.75),
        (4.0, 10.8, 90, 0.910, 3.65, 3.92, 3.89),
        (4.0, 41.0, 70, 0.721, 2.89, 3.55, 3.16),
        (4.0, 41.0, 90, 0.839, 3.36, 3.74, 3.49),
        (0.4, 0.70, 6, 0.609, 0.244, 0.352, 0.238),
        (0.4, 0.70, 9, 0.796, 0.319, 0.374, 0.311),
    ],
    ids=["smooth 70", "smooth 90", "lumpy 70", "lumpy 90", "slow 6", "slow 9"],
)
def test_published_table_of_service_and_of_what_each_method_makes_of_it(
    mean: float, variance: float, up_to: int, fill: float, naive: float, velocity: float, by_close: float
) -> None:
    """The table was made with laws of these means; their variances follow from its sampling errors.

    Tolerance: 3 % of the mean, four standard errors of both runs, autocorrelation by lead time included.
    """
    rng = np.random.default_rng(24)
    demand = rng.negative_binomial(mean / (variance / mean - 1), mean / variance, DAYS)
    sellable, sold = kept_by_up_to_level(demand, up_to, rng)
    offered, closed_with_stock = sellable > 0, sold < sellable
    near = 0.03 * mean
    assert sold.sum() / demand.sum() == pytest.approx(fill, abs=0.02)
    assert sold.mean() == pytest.approx(naive, abs=near)
    assert sold[offered].mean() == pytest.approx(velocity, abs=near)
    assert sold[closed_with_stock].mean() == pytest.approx(by_close, abs=near)
    mended = kaplan_meier_mean(sold[None, offered], ~closed_with_stock[None, offered])[0]
    assert mended == pytest.approx(demand.mean(), abs=near)
    assert abs(mended - demand.mean()) < 0.25 * abs(sold[offered].mean() - demand.mean())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans()), min_size=1, max_size=12),
    st.integers(0, 7),
)
def test_kaplan_meier_is_the_product_over_distinct_values(rows: list, least: int) -> None:
    known = [(value, cut) for value, cut, missing in rows if not missing]
    values = np.array([[np.nan if missing else value for value, _, missing in rows]], dtype=float)
    cuts = np.array([[cut for _, cut, _ in rows]])
    # Brute force: P(D > v) as a product of 1 - events / at risk, the largest value taken as an event.
    alive, mean = 1.0, float(least)
    top = max((value for value, _ in known), default=0)
    for v in range(least, top):
        events = sum(value == v and not cut for value, cut in known)
        at_risk = sum(value > v or (value == v and not cut) for value, cut in known)
        alive *= 1 - events / at_risk if at_risk else 1.0
        mean += alive
    assert kaplan_meier_mean(values, cuts, least)[0] == pytest.approx(mean)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 12),
    st.integers(0, 8),
    st.integers(0, 8),
    st.sampled_from([(0.3, 0.2), (0.5, 0.5), (0, 1)]),
)
def test_estimate_is_the_posterior_mean_by_quadrature(
    first: int, seen: int, cut: int, shares: tuple[float, float]
) -> None:
    """After one known period the level is its units and the variance-to-mean ratio 2, a gamma of rate 1."""
    seen_share, cut_share = shares
    seen = seen if seen_share else 0
    units = np.array([[float(first), float(seen + cut)]])
    arrays = [np.array([[0.0, x]]) for x in (seen, seen_share, cut_share)]
    estimate = expected_demand(units, np.array([[False, True]]), *arrays)[0, 1]
    rate = np.linspace(1e-4, 80, 200_000)
    weight = gamma.pdf(rate, first) * poisson.pmf(seen, rate * seen_share)
    tail = poisson.sf(cut - 1, rate * cut_share)
    # E[D_cut 1(D_cut >= c)] = rate P(D_cut >= c - 1)
    on_cut = rate * cut_share * poisson.sf(cut - 2, rate * cut_share)
    total = (seen * tail + on_cut + rate * (1 - seen_share - cut_share) * tail) * weight
    assert estimate == pytest.approx(max(total.sum() / (tail * weight).sum(), seen + cut), rel=1e-3)


def weeks_of(days: np.ndarray, stock: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Arguments of an estimate for days (n, t, 7) sold from a stock (n, t) filled up every week."""
    before = days.cumsum(axis=2) - days
    sold = np.minimum(days, np.maximum(stock[..., None] - before, 0))
    left = stock[..., None] - before
    cut = (left > 0) & (sold >= left)
    seen = left > 0
    full = seen & ~cut
    return days.sum(axis=2), {
        "units": sold.sum(axis=2), "censored": (~full).any(axis=2), "available_share": seen.mean(axis=2),
        "seen_units": (sold * full).sum(axis=2), "seen_share": full.mean(axis=2),
        "cut_share": cut.mean(axis=2),
    }  # fmt: skip


@pytest.mark.parametrize("pattern", ["every second week", "season", "good and bad weeks"])
def test_bias_within_2_percent_where_service_is_60_to_95(pattern: str) -> None:
    rng = np.random.default_rng(31)
    n, t = 300, 120
    mean = rng.uniform(0.8, 5, (n, 1, 1)) * np.ones((n, t, 7))
    if pattern == "season":
        mean = mean * np.exp(0.5 * np.sin(2 * np.pi * np.arange(t) / 52))[:, None]
    if pattern == "good and bad weeks":
        mean = mean * rng.gamma(2, 0.5, (n, t, 1))
    days = rng.poisson(mean).astype(float)
    level = mean.mean(axis=(1, 2))[:, None] * 7
    short = np.arange(t) % 2 == 0 if pattern == "every second week" else np.ones(t, dtype=bool)
    true, seen = weeks_of(days, np.ceil(level * np.where(short, 0.9, 3.0)))
    table = errors_by_service({m: f(**seen) for m, f in METHODS.items()}, true, seen["units"])
    table = table[table["service"] == "60 % - 95 %"].set_index("method")
    assert table["products"].iloc[0] > 0.9 * n
    assert abs(table.loc["censored likelihood", "bias"]) < 0.02
    assert table.loc["naive", "bias"] < -0.06
    assert table["rmse_units"].idxmin() == "censored likelihood"


def test_bias_on_the_sample_within_2_percent_where_service_is_60_to_95(tmp_path: Path) -> None:
    """A shop on which nothing was tuned (constants come from other seeds)."""
    files = write_sample(tmp_path, seed=7)
    run = ingest(COLUMN_MAPS, tmp_path, "beauty", "week", "", "pepper")
    truth = pd.read_parquet(files.truth)
    truth["wanted_units"] = truth["sold_units"] + truth["lost_units"]
    table = compare_censoring(run.panel, truth).set_index(["service", "method"])
    judged = table.loc["60 % - 95 %"]
    assert abs(judged.loc["censored likelihood", "bias"]) < 0.02
    assert judged.loc["naive", "bias"] < -0.05
    assert judged["rmse_units"].idxmin() == "censored likelihood"
    assert abs(table.loc[("95 % - 100 %", "censored likelihood"), "bias"]) < 0.005


def test_details_that_are_unknown_fall_back_to_the_share_in_stock() -> None:
    units, cut = np.array([[5.0, 6.0, 3.0, 2.0]]), np.array([[False, False, True, True]])
    share, unknown = np.array([[1.0, 1.0, 1.0, 0.5]]), np.full((1, 4), np.nan)
    plain = estimate_demand(units, cut, share)
    details = {"seen_units": unknown, "seen_share": unknown, "cut_share": unknown}
    np.testing.assert_array_equal(plain, estimate_demand(units, cut, share, **details))
    assert plain[0, 3] > 2 / 0.5 * 0.9


def test_wrong_arguments_are_named() -> None:
    one = np.ones((1, 3))
    with pytest.raises(ValueError, match="go together, got 1 of the three"):
        estimate_demand(one, one > 2, one, seen_units=one)
    with pytest.raises(ValueError, match=r"censored must have the shape of units, \(1, 3\)"):
        estimate_demand(one, one[:, :2] > 2, one)
    truth = pd.DataFrame({"date": [], "sku": []})
    with pytest.raises(ValueError, match="truth must have the column wanted_units"):
        compare_censoring(pd.DataFrame(), truth)
