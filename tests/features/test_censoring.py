"""Demand behind sales, against brute force and against simulated shops whose true demand is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from invnb.features.censoring import demand_per_available_share, estimate_demand, mean_above


@settings(max_examples=60, deadline=None)
@given(mean=st.floats(0.05, 40), dispersion=st.floats(1.05, 10), least=st.integers(0, 60))
def test_conditional_mean_is_the_summed_one(mean: float, dispersion: float, least: int) -> None:
    r, p = mean / (dispersion - 1), 1 / dispersion
    units = np.arange(least, least + 4000)
    mass = nbinom.pmf(units, r, p)
    value = float(mean_above(mean, dispersion, least))
    assert value >= least
    if mass.sum() > 1e-9:
        assert value == pytest.approx((units * mass).sum() / mass.sum(), rel=1e-6)


@pytest.mark.parametrize(("stock", "naive_misses"), [(24, 0.07), (20, 0.15)])
def test_estimate_recovers_the_mean_that_sales_understate(stock: int, naive_misses: float) -> None:
    """Weekly Poisson-gamma demand of mean 20 meets a fixed stock: 200 products, 104 weeks."""
    rng = np.random.default_rng(11)
    demand = rng.negative_binomial(10, 10 / 30, (200, 104)).astype(float)
    sold = np.minimum(demand, stock)
    cut = demand > stock
    estimate = estimate_demand(sold, cut, np.ones_like(sold))
    # After the start-up year; the standard error of the mean of 200 x 52 weeks is 0.4 %.
    true, naive, mended = (values[:, 52:].mean() for values in (demand, sold, estimate))
    assert naive < (1 - naive_misses) * true
    # With every second week sold out, what is left of the bias is 6 %: the spread is learned from cut weeks.
    assert mended == pytest.approx(true, rel=0.07)
    assert abs(mended - true) < 0.45 * abs(naive - true)


def test_weeks_that_sold_out_by_day_are_mended() -> None:
    """Poisson days of mean 3 (and weeks twice as busy) meet 24 pieces a week."""
    rng = np.random.default_rng(12)
    busy = np.where(rng.random((300, 80, 1)) < 0.2, 6.0, 3.0)
    days = rng.poisson(busy, (300, 80, 7)).astype(float)
    before = days.cumsum(axis=2) - days
    sold = np.minimum(days.sum(axis=2), 24)
    open_share = (before < 24).mean(axis=2)
    cut = days.sum(axis=2) > 24
    estimate = estimate_demand(sold, cut, open_share)[:, 20:]
    true, naive = days.sum(axis=2)[:, 20:].mean(), sold[:, 20:].mean()
    assert naive < 0.85 * true
    assert estimate.mean() == pytest.approx(true, rel=0.06)


def test_rules_that_always_hold() -> None:
    rng = np.random.default_rng(13)
    sold = rng.poisson(4, (30, 40)).astype(float)
    sold[rng.random(sold.shape) < 0.1] = np.nan
    cut, share = rng.random(sold.shape) < 0.3, rng.random(sold.shape)
    for estimate in (estimate_demand(sold, cut, share), demand_per_available_share(sold, cut, share)):
        np.testing.assert_array_equal(np.isnan(estimate), np.isnan(sold))
        free = ~cut & ~np.isnan(sold)
        np.testing.assert_array_equal(estimate[free], sold[free])
        assert (estimate[~np.isnan(sold)] >= sold[~np.isnan(sold)]).all()
        assert np.isfinite(estimate[~np.isnan(sold)]).all()


def test_an_estimate_does_not_know_the_future() -> None:
    rng = np.random.default_rng(14)
    sold = rng.poisson(4, (20, 40)).astype(float)
    cut = rng.random(sold.shape) < 0.3
    later = sold.copy()
    later[:, 25:] *= 50
    before = estimate_demand(sold, cut, np.ones_like(sold))[:, :25]
    np.testing.assert_array_equal(before, estimate_demand(later, cut, np.ones_like(sold))[:, :25])
