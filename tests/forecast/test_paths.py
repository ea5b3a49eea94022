"""From forecasts to paths: the law, its quantiles, and what ranks carry over."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, nbinom

from invnb.forecast import paths


def test_quantiles_equal_the_library_s() -> None:
    rng = np.random.default_rng(71)
    mean = np.exp(rng.uniform(-6, 9, (12, 4)))
    c = np.exp(rng.uniform(np.log(0.01), np.log(3), 12))
    rank = rng.uniform(0.005, 0.995, (12, 300, 4))
    ours = paths.negative_binomial_quantile(rank, mean, c)
    r, m = (1 / c)[:, None, None], mean[:, None]
    expected = nbinom.ppf(rank, r, 1 / (1 + c[:, None, None] * m))
    off = np.abs(ours - expected)
    # A rank within rounding of a step of the distribution may fall on either side of it.
    assert off.max() <= 1
    assert (off > 0).mean() < 1e-3


def test_ranks_of_the_right_law_are_uniform() -> None:
    rng = np.random.default_rng(72)
    forecast = rng.gamma(2, 3, (6, 30, 5))
    c = np.full(30, 0.4)
    demand = nbinom.rvs(1 / 0.4, 1 / (1 + 0.4 * forecast), random_state=rng).astype(float)
    none = np.zeros(demand.shape, dtype=bool)
    rank = paths.ranks(forecast, demand, none, c, 1.0, rng)
    inner = rank[(rank > paths.EXTREME_RANK) & (rank < 1 - paths.EXTREME_RANK)]
    assert kstest(inner, "uniform").pvalue > 0.001
    found = paths.variation(forecast, demand, np.full(30, "smooth", dtype=object))
    assert np.median(found) == pytest.approx(0.4, rel=0.5)  # the grid's steps are 1.46 apart


def test_a_lower_bound_has_a_rank_above_it() -> None:
    rng = np.random.default_rng(73)
    forecast, sold = np.full((1, 1, 4000), 5.0), np.full((1, 1, 4000), 6.0)
    rank = paths.ranks(forecast, sold, np.ones(sold.shape, dtype=bool), np.array([0.3]), 1.0, rng)
    least = nbinom.cdf(5, 1 / 0.3, 1 / (1 + 0.3 * 5))
    assert rank.min() >= least
    assert rank.mean() == pytest.approx((1 + least) / 2, abs=0.01)


def test_unknown_periods_borrow_from_their_own_path_and_mostly_unknown_paths_are_left_out() -> None:
    rng = np.random.default_rng(74)
    demand = rng.poisson(5, (1, 2, 6)).astype(float)
    demand[0, 0, 4:] = np.nan
    demand[0, 1, 1:] = np.nan
    none = np.zeros(demand.shape, dtype=bool)
    rank = paths.ranks(np.full(demand.shape, 5.0), demand, none, np.full(2, 0.3), 1.0, rng)
    assert set(rank[0, 0, 4:]) <= set(rank[0, 0, :4])
    assert np.isnan(rank[0, 1]).all()


def test_look_alikes_are_near_in_level_and_of_the_class() -> None:
    level = np.exp(np.linspace(0, 5, 100))
    group = np.where(np.arange(100) % 2, "smooth", "lumpy").astype(object)
    usable = np.ones(100, dtype=bool)
    found = paths.look_alikes(level, group, usable)
    assert found.shape == (100, paths.LOOK_ALIKES)
    assert (group[found] == group[:, None]).all()
    assert all(len(set(row)) == paths.LOOK_ALIKES for row in found)
    assert np.abs(found - np.arange(100)[:, None])[30:70].max() <= paths.LOOK_ALIKES + 2
    alone = group.copy()
    alone[5] = "new"
    assert paths.look_alikes(level, alone, usable)[5].size == paths.LOOK_ALIKES
    assert paths.look_alikes(level, group, ~usable).shape == (100, 0)


def test_paths_share_their_shocks_and_keep_runs_together() -> None:
    """Past surprises were all good or all bad at an origin: so must be the futures drawn from them."""
    n, horizon, n_origin = 6, 4, 8
    good = np.where(np.arange(n_origin) % 2, 0.9, 0.1)
    past = np.broadcast_to(good[:, None, None], (n_origin, n, horizon)).copy()
    alikes = np.tile(np.arange(n), (n, 1))
    rng = np.random.default_rng(75)
    units = paths.draw_paths(
        np.full((n, horizon), 40.0), np.full(n, 0.2), past, alikes, np.ones(n), 200, 1.0, rng
    )
    high = units > 40
    assert (high == high[:1, :, :1]).all()
    assert 0.45 < high.mean() < 0.55
    wider = paths.draw_paths(
        np.full((n, horizon), 40.0), np.full(n, 0.2), past, alikes, np.full(n, 1.5), 200, 1.0, rng
    )
    assert wider.std() > 1.2 * units.std()


def test_without_a_past_the_law_itself_is_drawn() -> None:
    rng = np.random.default_rng(76)
    mean, c = np.array([[3.0], [0.2]]), np.array([0.5, 2.0])
    units = paths.draw_paths(
        mean, c, np.empty((0, 2, 1)), np.empty((2, 0), dtype=int), np.ones(2), 20_000, 1.0, rng
    )
    assert units.mean(axis=1) == pytest.approx(
        mean, rel=0.06
    )  # ranks are cut at 0.5 %, and the tail with them
    assert (units[1] == 0).mean() == pytest.approx(nbinom.pmf(0, 0.5, 1 / 1.4), abs=0.01)
    fractions = paths.draw_paths(
        mean, c, np.empty((0, 2, 1)), np.empty((2, 0), dtype=int), np.ones(2), 50, 0.05, rng
    )
    assert np.allclose(fractions / 0.05, np.round(fractions / 0.05))
