"""The second law of a sum, learned from levels at many origins, and its average with that of surprises."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from invnb.forecast import paths, surprises
from invnb.forecast.inputs import FEATURE_NAMES, demand_level
from invnb.forecast.metrics import pinball_losses

LEVELS = np.arange(0.1, 0.95, 0.1)


def _inputs(demand: np.ndarray) -> SimpleNamespace:
    n, length = demand.shape
    level = demand_level(demand)
    return SimpleNamespace(
        n_sku=n,
        demand=demand,
        sold=demand.copy(),
        lower_bound=np.zeros(demand.shape, dtype=bool),
        level=level,
        scale=np.maximum(level, 0.5),
        past=np.zeros((n, length + 1, len(FEATURE_NAMES))),
        on_sale_share=np.ones((n, length + 8)),
    )


def _found(inputs: SimpleNamespace, forecast: np.ndarray, at: np.ndarray, origin: int) -> surprises.Surprises:
    bank = np.broadcast_to(forecast, (at.size, *forecast.shape))
    found = surprises.past_surprises(inputs, bank, at, origin, 4, 1.0, np.random.default_rng(1))
    return surprises.with_levels(found, inputs, origin, 1.0, np.random.default_rng(2))


def _drawn(
    inputs: SimpleNamespace, forecast: np.ndarray, origin: int, found: surprises.Surprises
) -> np.ndarray:
    extra = np.zeros(inputs.n_sku)
    return paths.draw_paths(inputs, forecast, origin, found, extra, 300, 1.0, np.random.default_rng(3))


def test_sums_are_averaged_rank_by_rank_and_paths_at_most_doubled() -> None:
    rng = np.random.default_rng(81)

    def ranked(zero: float, size: float) -> np.ndarray:
        drawn = rng.gamma(1.0, size, (5, 400, 6)) * (rng.random((5, 400, 1)) > zero)
        order = drawn[:, :, :4].sum(axis=2).argsort(axis=1)
        return np.take_along_axis(drawn, order[:, :, None], axis=1)

    first, second = ranked(0.6, 1.0), ranked(0.2, 9.0)
    weight = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    made = paths._averaged(first, second, weight, 4, rng)
    sums = [p[:, :, :4].sum(axis=2) for p in (first, second, made)]
    np.testing.assert_allclose(sums[2], sums[0] + weight[:, None] * (sums[1] - sums[0]), atol=1e-9)
    np.testing.assert_allclose(made[0], first[0])
    np.testing.assert_allclose(made[4], second[4])
    assert (made <= 2 * np.maximum(first, second) + 1e-9).all()


def test_levels_say_what_few_forecasts_cannot() -> None:
    """Two past origins hold one bad and one good month of all products; a hundred levels know their law."""
    rng = np.random.default_rng(82)
    mean = rng.uniform(5, 20, 40)
    demand = rng.poisson(mean[:, None] * rng.gamma(4, 1 / 4, (40, 120))).astype(float)
    demand[:, 104:108] = np.floor(demand[:, 104:108] / 3)
    inputs, forecast = _inputs(demand), np.repeat(mean[:, None], 4, axis=1)
    found = _found(inputs, forecast, np.array([104, 108]), 112)
    truth = rng.poisson(mean[:, None, None] * rng.gamma(4, 1 / 4, (40, 500, 4))).sum(axis=2)
    loss = []
    for known in (found, replace(found, of_level=None)):
        quantile = np.quantile(_drawn(inputs, forecast, 112, known).sum(axis=2), LEVELS, axis=1)
        loss.append(
            pinball_losses(truth[None].astype(float), quantile[:, :, None], LEVELS[:, None, None]).mean()
        )
    assert loss[0] < 0.95 * loss[1]


def test_levels_know_nothing_of_what_follows_and_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(83)
    demand = rng.poisson(6, (30, 90)).astype(float)
    forecast, at = np.full((30, 4), 6.0), np.arange(20, 60, 8)
    known = _found(_inputs(demand), forecast, at, 70)
    later = demand.copy()
    later[:, 70:] = 1e4
    before, changed = _inputs(demand), _inputs(later)
    changed.level[:, :71], changed.scale[:, :71] = before.level[:, :71], before.scale[:, :71]
    again = _found(changed, forecast, at, 70)
    np.testing.assert_array_equal(known.of_level.path, again.of_level.path)
    monkeypatch.setattr(surprises, "MOST_LEVEL_ROWS", 200)
    few = _found(_inputs(demand), forecast, at, 70).of_level
    assert 100 < few.ratio.size < 300


def test_a_product_without_a_level_and_one_that_returns_keep_their_forecast() -> None:
    rng = np.random.default_rng(84)
    demand = rng.poisson(10, (30, 80)).astype(float)
    demand[0] = np.nan
    inputs, forecast = _inputs(demand), np.full((30, 8), 10.0)
    found = _found(inputs, forecast, np.arange(16, 72, 4), 80)
    forecast[1, :4] = 0.0
    inputs.on_sale_share[1, 80:84] = 0.0
    units = _drawn(inputs, forecast, 80, found)
    assert np.isfinite(units).all()
    assert units[0].mean() == pytest.approx(10, rel=0.1)
    assert (units[1, :, :4] == 0).all()
    assert units[1, :, 4:].mean() == pytest.approx(10, rel=0.1)
    assert units[2].mean() == pytest.approx(10, rel=0.1)


def test_periods_have_the_profile_of_the_forecast() -> None:
    """A promotion's week stands out although no look-alike had one; means of few donors do not scatter."""
    rng = np.random.default_rng(85)
    demand = rng.negative_binomial(1, 1 / 9, (40, 100)).astype(float)
    inputs, forecast = _inputs(demand), np.full((40, 4), 8.0)
    found = _found(inputs, forecast, np.arange(20, 92, 4), 100)
    forecast[:, 2] = 16.0
    mean = _drawn(inputs, forecast, 100, found).mean(axis=1)
    profile = mean / mean.mean(axis=1, keepdims=True)
    # Rounding a path to whole units moves a period's mean by less than a unit / sqrt(12 * 300) each end.
    np.testing.assert_allclose(profile, np.broadcast_to([0.8, 0.8, 1.6, 0.8], (40, 4)), rtol=0.03)
