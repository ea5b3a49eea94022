"""From forecasts to paths: what past surprises carry over, on demand whose law is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from invnb.forecast import paths, surprises
from invnb.forecast.inputs import FEATURE_NAMES


def _inputs(demand: np.ndarray, bound: np.ndarray | None = None) -> SimpleNamespace:
    """What `paths` reads of the inputs: the situation is the same for all products but for the forecast."""
    n, length = demand.shape
    return SimpleNamespace(
        demand=demand,
        sold=demand.copy(),
        lower_bound=np.zeros(demand.shape, dtype=bool) if bound is None else bound,
        level=np.ones((n, length + 1)),
        past=np.zeros((n, length + 1, len(FEATURE_NAMES))),
    )


def _drawn(
    demand: np.ndarray, mean: np.ndarray, origin: int, n_scenarios: int, horizon: int = 4, unit: float = 1.0
) -> np.ndarray:
    """Paths of products whose forecast is always their true mean."""
    inputs, rng = _inputs(demand), np.random.default_rng(5)
    at = np.arange(8, origin, 4)
    forecast = np.repeat(mean[:, None], horizon, axis=1)
    bank = np.broadcast_to(forecast, (at.size, *forecast.shape))
    found = surprises.past_surprises(inputs, bank, at, origin, min(4, horizon), unit, rng)
    extra = np.zeros(mean.size)
    return paths.draw_paths(inputs, forecast, origin, found, extra, n_scenarios, unit, rng)


@pytest.fixture(scope="module")
def mixed() -> tuple[np.ndarray, np.ndarray]:
    """Eighty products, half of them selling in a third of the weeks: mean, and 60 weeks of demand."""
    rng = np.random.default_rng(71)
    mean = np.repeat([0.5, 12.0], 40)
    size = rng.poisson(np.repeat([0.5, 11.0], 40)[:, None], (80, 60)) + 1.0
    size[40:] = rng.negative_binomial(3, 3 / (3 + 12.0), (40, 60))
    demand = np.where(rng.random((80, 60)) < np.repeat([1 / 3, 1.0], 40)[:, None], size, 0.0)
    return mean, demand


def test_sums_have_the_law_of_the_past(mixed: tuple[np.ndarray, np.ndarray]) -> None:
    mean, demand = mixed
    units = _drawn(demand, mean, 60, 400)
    assert (units == np.floor(units)).all()
    for half in (slice(0, 40), slice(40, 80)):
        past = demand[half, :60].reshape(40, 15, 4).sum(axis=2).ravel()
        drawn = units[half].sum(axis=2).ravel()
        # 600 sums of the past: the share at or below a level is known to about 2 %, twice that is allowed.
        for level in (0.1, 0.5, 0.9):
            q = np.quantile(past, level)
            assert (drawn <= q).mean() == pytest.approx((past <= q).mean(), abs=0.04)
        assert (units[half] == 0).mean() == pytest.approx((demand[half] == 0).mean(), abs=0.05)
        assert drawn.mean() == pytest.approx(4 * mean[half][0], rel=0.05)


def test_a_biased_forecast_is_mended_in_part_by_its_surprises() -> None:
    rng = np.random.default_rng(72)
    demand = rng.poisson(20, (40, 60)).astype(float)
    units = _drawn(demand, np.full(40, 10.0), 60, 200)
    share = 2 ** (1 - paths.MEAN_WEIGHT)
    assert units.mean() == pytest.approx(10 * share, rel=0.05)


def test_whole_paths_keep_running_totals() -> None:
    rng = np.random.default_rng(73)
    exact = rng.gamma(0.5, 1.0, (6, 500, 9)) * (rng.random((6, 500, 9)) < 0.5)
    for unit in (1.0, 0.05):
        rounded = paths.whole_paths(exact, unit, np.random.default_rng(1))
        assert np.allclose(rounded / unit, np.round(rounded / unit), atol=1e-6)
        assert (np.abs(rounded.cumsum(axis=2) - exact.cumsum(axis=2)) < unit + 1e-9).all()
        assert (rounded >= 0).all()
        # A running total's rounding error is uniform with sd <= unit / 2; 500 paths: 4 sd / sqrt(500).
        off = (rounded.cumsum(axis=2) - exact.cumsum(axis=2)).mean(axis=1)
        assert np.abs(off).max() < 4 * unit / 2 / np.sqrt(500)
    assert (paths.whole_paths(np.zeros((2, 3, 4)), 1.0, rng) == 0).all()
    fixed = np.full((1, 4, 5), 3.0)
    np.testing.assert_array_equal(paths.whole_paths(fixed, 1.0, rng), fixed)


def test_common_shocks_stay_common() -> None:
    """All products had their good and bad months together: so must they have in each scenario."""
    rng = np.random.default_rng(74)
    shock = np.repeat(rng.choice([0.5, 1.5], 16), 4)
    demand = rng.poisson(40 * shock, (30, 64)).astype(float)
    apart = rng.poisson(40 * np.repeat(rng.choice([0.5, 1.5], (30, 16)), 4, axis=1)).astype(float)

    def shared(history: np.ndarray) -> float:
        sums = _drawn(history, np.full(30, 40.0), 64, 200).sum(axis=2)
        return float(sums.sum(axis=0).var() / sums.var(axis=1).sum())  # 1 if independent, 30 if one shock

    assert shared(demand) > 20
    assert shared(apart) < 3


def test_runs_of_good_and_bad_periods_stay_together() -> None:
    rng = np.random.default_rng(75)
    level = np.repeat(rng.choice([0.4, 1.6], (60, 16)), 4, axis=1)
    demand = rng.poisson(30 * level).astype(float)
    units = _drawn(demand, np.full(60, 30.0), 64, 200)
    first, last = units[:, :, 0].ravel(), units[:, :, 3].ravel()
    assert np.corrcoef(first, last)[0, 1] > 0.6


def test_sold_out_periods_are_drawn_above_what_was_sold() -> None:
    rng = np.random.default_rng(76)
    demand = np.full((30, 40), 12.0)
    inputs = _inputs(demand, np.ones(demand.shape, dtype=bool))
    inputs.sold = np.full(demand.shape, 8.0)
    at = np.arange(4, 36, 4)
    found = surprises.past_surprises(inputs, np.full((8, 30, 1), 12.0), at, 40, 1, 1.0, rng)
    drawn = found.path[:, 0] * 12
    assert drawn.min() >= 8
    assert drawn.mean() == pytest.approx(12, abs=4 * 4 / np.sqrt(240))
    assert drawn.std() > 2


def test_unknown_periods_take_a_surprise_of_their_own_path_or_a_like_one() -> None:
    rng = np.random.default_rng(77)
    demand = np.where(np.arange(40) % 2, 15.0, 5.0) * np.ones((30, 1))
    demand[0, 8:10] = np.nan  # unknown in the midst
    demand[1, 8:11] = np.nan  # mostly unknown
    inputs = _inputs(demand)
    at = np.array([8, 38])
    bank = np.full((2, 30, 4), 10.0)
    found = surprises.past_surprises(inputs, bank, at, 40, 4, 1.0, rng)
    assert np.isfinite(found.path).all()
    assert set(found.path.ravel()) == {0.5, 1.5}
    assert np.isnan(found.by_origin[0, 1])
    assert np.isfinite(found.by_origin[1]).all()  # half of the window has passed


def test_one_absurd_order_is_cut() -> None:
    rng = np.random.default_rng(78)
    demand = rng.poisson(8, (20, 60)).astype(float)
    demand[3, 30] = 80_995.0
    units = _drawn(demand, np.full(20, 8.0), 60, 300)
    assert units.max() <= 4 * (surprises.MOST_FORECASTS * 8 + surprises.MOST_UNITS)
    assert units.mean() < 1.1 * 8


def test_nothing_past_gives_wide_paths_of_the_right_mean() -> None:
    demand = np.full((3, 12), 6.0)
    units = _drawn(demand, np.full(3, 6.0), 9, 4000)
    assert units.mean() == pytest.approx(6, rel=0.05)
    assert units.sum(axis=2).std(axis=1).min() > 0.5 * 24
    none = np.empty((0, 3, 4))
    rng = np.random.default_rng(1)
    found = surprises.past_surprises(_inputs(demand), none, np.array([], dtype=int), 9, 4, 1.0, rng)
    assert found.forest is None
    assert found.ratio.size == 0


def test_a_little_known_product_is_wider() -> None:
    rng = np.random.default_rng(79)
    demand = rng.poisson(20, (30, 60)).astype(float)
    inputs = _inputs(demand)
    at = np.arange(8, 56, 4)
    bank = np.full((at.size, 30, 4), 20.0)
    found = surprises.past_surprises(inputs, bank, at, 60, 4, 1.0, rng)
    extra = np.where(np.arange(30) == 7, 0.5, 0.0)
    units = paths.draw_paths(inputs, np.full((30, 4), 20.0), 60, found, extra, 2000, 1.0, rng).sum(axis=2)
    assert units[7].std() > 4 * units[8].std()
    assert units[7].mean() == pytest.approx(80, rel=0.08)


def test_the_same_generator_gives_the_same_paths(mixed: tuple[np.ndarray, np.ndarray]) -> None:
    mean, demand = mixed
    np.testing.assert_array_equal(_drawn(demand, mean, 60, 50), _drawn(demand, mean, 60, 50))


def test_a_launch_after_the_window_has_paths_of_its_own_size() -> None:
    """Its window holds no forecast, as that of a product of which nothing was expected and a little sold."""
    rng = np.random.default_rng(80)
    demand = rng.poisson(10, (40, 60)).astype(float)
    demand[:20] = 3.0 * (rng.random((20, 60)) < 0.2)
    at = np.arange(8, 52, 4)
    mean = np.where(np.arange(40) < 20, 1e-5, 10.0)
    bank = np.broadcast_to(np.repeat(mean[:, None], 8, axis=1), (at.size, 40, 8))
    inputs = _inputs(demand)
    found = surprises.past_surprises(inputs, bank, at, 60, 4, 1.0, rng)
    forecast = np.repeat(mean[:, None], 8, axis=1)
    forecast[39, :4] = 0.0
    units = paths.draw_paths(inputs, forecast, 60, found, np.zeros(40), 400, 1.0, rng)[39]
    assert (units[:, :4] == 0).all()
    # A donor of 3 units is enlarged at most fourfold, its profile threefold, its mean threefold up to 10.
    assert 0 < units.max() <= 3 * 4 * 3 * 3 + 1
    assert units[:, 4:].mean() <= 11


def test_pieces_stay_pieces_beside_a_product_sold_by_weight() -> None:
    drawn = paths.whole_paths(np.full((2, 50, 3), 0.6), np.array([1.0, 0.01]), np.random.default_rng(3))
    assert (drawn[0] == np.floor(drawn[0])).all()
    np.testing.assert_allclose(drawn[1].sum(axis=1), 1.8, atol=0.01 + 1e-9)


def test_nothing_is_learned_from_before_anything_was_sold() -> None:
    rng = np.random.default_rng(8)
    demand = np.full((20, 60), np.nan)
    demand[:, 40:] = rng.poisson(6.0, (20, 20))
    inputs = _inputs(demand)
    inputs.level[:, :41] = np.nan
    at = np.array([20, 30, 39, 44, 50])
    bank = np.ones((5, 20, 4))
    found = surprises.past_surprises(inputs, bank, at, 60, 4, 1.0, rng)
    assert np.isnan(found.by_origin[:3]).all()
    assert not np.isnan(found.by_origin[3:]).any()


def test_look_alikes_are_told_by_their_spread_where_the_mean_is_the_same() -> None:
    rng = np.random.default_rng(12)
    erratic = np.repeat([0.0, 1.0], 600)
    situation = np.column_stack([erratic, rng.normal(size=(1200, 5))])
    ratio = np.exp(rng.normal(0.0, np.where(erratic == 1, 1.0, 0.1)))
    forest = surprises._forest(situation, ratio, 3)
    first = [tree.tree_.feature[0] for tree in forest.estimators_]
    # The best of six random splits is that on the spread, unless its mean differs by chance more elsewhere.
    assert np.mean(np.array(first) == 0) > 0.95
