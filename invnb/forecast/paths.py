"""From forecasts to joint paths: what became of look-alike forecasts in the past is carried over whole.

The coming demand of a product is its forecast times the surprises (`surprises.py`) in the leaves it falls
into: zero as often as theirs, skewed as theirs, biased or not as theirs; no law is assumed. A surprise is
taken as a whole path, so runs of good and bad periods stay together, and the quantiles are those of sums
along a path.

The law so drawn and that of what became of levels are averaged quantile by quantile, and the mean of the
result is moved most of the way to the forecast. Across products, paths are put into the order in which past
origins were good or bad for each product (Schaake shuffle), so that common shocks stay common.

Source: Ratcliff (1979), "Group reaction time distributions and an analysis of distribution statistics",
Psychological Bulletin 86, for the average of quantiles; Clark et al. (2004), "The Schaake shuffle", Journal
of Hydrometeorology 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from invnb.forecast.inputs import Inputs
from invnb.forecast.surprises import LEAST_MEAN, Surprises, levels_at, situations

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CANDIDATES_PER_SCENARIO = 5
"""Look-alikes drawn for each path; every fifth in order of size is kept, which steadies the quantiles."""
BLIND_VARIATION = 0.5
"""Squared relative variation of a path's level and of its periods where nothing is learned."""
MEAN_WEIGHT = 0.85
"""Share of the way from the look-alikes' mean to the forecast that a product's own mean is moved: the mean
of a few skewed surprises is known worse than their quantiles."""
MOST_MOVE = 3.0
MOST_ENLARGED = 4.0
"""A look-alike's demand is enlarged to at most this multiple: two units sold where hardly any were expected
are two units, not a thousand times the forecast."""
LEVEL_WEIGHT = 0.5
"""Weight of the law of levels in the average of the two."""
PRODUCTS_AT_ONCE = 1_000


def draw_paths(
    inputs: Inputs,
    forecast: Floats,
    origin: int,
    surprises: Surprises,
    extra_variation: Floats,
    n_scenarios: int,
    unit: Floats | float,
    rng: np.random.Generator,
) -> Floats:
    """Return demand paths (n_sku, n_scenarios, horizon) in units, whole multiples of `unit`.

    Parameters
    ----------
    inputs : feature arrays.
    forecast : (n_sku, horizon) expected demand in units; a horizon no longer than that of the surprises.
    origin : index of the first period forecast.
    surprises : what became of past forecasts.
    extra_variation : (n_sku,) squared relative variation added to a path's level; 0 for a well-known product.
    n_scenarios : number of paths.
    unit : (n_sku,) smallest step of demand.
    rng : random generator.
    """
    n, horizon = forecast.shape
    paths = np.empty((n, n_scenarios, horizon))
    if surprises.forest is None:
        paths[:] = _gamma(np.full(n, BLIND_VARIATION), n_scenarios, rng)[:, :, None]
        paths *= rng.gamma(1 / BLIND_VARIATION, BLIND_VARIATION, paths.shape) * forecast[:, None, :]
    else:
        now = situations(inputs, forecast, origin, surprises.window)
        # A product launched after the window has no forecast in it: its size is that of the whole path.
        size = np.where(
            now[:, 0] > np.log(2 * LEAST_MEAN), now[:, 0], np.log(forecast.mean(axis=1) + LEAST_MEAN)
        )
        found = surprises.of_level
        if found is not None:
            base = _level_forecast(inputs, forecast, origin, found.window)
            level = levels_at(inputs, origin)
            weight = np.where(level > 0, LEVEL_WEIGHT, 0.0)
            then = situations(inputs, level[:, None], origin, found.window)
        keys = _shared_keys(surprises.by_origin, n_scenarios, rng)
        for start in range(0, n, PRODUCTS_AT_ONCE):
            some = slice(start, start + PRODUCTS_AT_ONCE)
            leaves = surprises.forest.apply(now[some])
            donor, part = _look_alikes(surprises, leaves, size[some], n_scenarios, rng)
            drawn = _ranked(surprises, donor, part, forecast[some])
            if found is not None:
                leaves = found.forest.apply(then[some])
                donor, part = _look_alikes(found, leaves, None, n_scenarios, rng)
                other = _ranked(found, donor, part, base[some])
                drawn = _averaged(drawn, other, weight[some], surprises.window, rng)
            place = np.argsort(np.argsort(keys[some], axis=1), axis=1)
            drawn = np.take_along_axis(drawn, place[:, :, None], axis=1)
            paths[some] = _moved(drawn, forecast[some], surprises.window)
    wide = extra_variation > 0
    paths[wide] *= _gamma(extra_variation[wide], n_scenarios, rng)[:, :, None]
    return whole_paths(paths, unit, rng)


def _level_forecast(inputs: Inputs, forecast: Floats, origin: int, window: int) -> Floats:
    """Return the level in the shape of the forecast, (n_sku, horizon), less the days not on sale."""
    on_sale = inputs.on_sale_share[:, origin : origin + window].mean(axis=1)
    mean = np.maximum(forecast[:, :window].mean(axis=1), LEAST_MEAN)
    return forecast * np.minimum(levels_at(inputs, origin) * on_sale / mean, MOST_ENLARGED)[:, None]


def _ranked(surprises: Surprises, donor: Whole, part: Floats, forecast: Floats) -> Floats:
    """Return paths (n_sku, n_scenarios, horizon) in units, from the least sum over the window to the most."""
    paths = surprises.path[donor, : forecast.shape[1]] * part[:, :, None] * forecast[:, None, :]
    order = np.argsort(paths[:, :, : surprises.window].sum(axis=2), axis=1, kind="stable")
    return np.take_along_axis(paths, order[:, :, None], axis=1)


def _averaged(paths: Floats, other: Floats, weight: Floats, window: int, rng: np.random.Generator) -> Floats:
    """Return paths whose sums over the window have the average of the two quantile functions.

    Of the two paths of a rank one is taken, the other one with the chance `weight` (n_sku,), and enlarged or
    reduced to the average of their sums; one that had to be more than doubled gives way.
    """
    total, other_total = paths[:, :, :window].sum(axis=2), other[:, :, :window].sum(axis=2)
    aim = total + weight[:, None] * (other_total - total)
    take = (rng.random(total.shape) < weight[:, None]) & (other_total >= aim / 2) & (aim > 0)
    take |= total < aim / 2
    own = np.where(take, other_total, total)
    factor = np.divide(aim, own, out=np.ones_like(own), where=own > 0)
    return np.where(take[:, :, None], other, paths) * factor[:, :, None]


def _moved(paths: Floats, forecast: Floats, window: int) -> Floats:
    """Return paths with the forecast's profile, their mean over the window moved to the forecast's."""
    mean, aim = paths[:, :, :window].sum(axis=2).mean(axis=1), forecast[:, :window].sum(axis=1)
    above = np.clip(np.maximum(mean, LEAST_MEAN) / np.maximum(aim, LEAST_MEAN), 1 / MOST_MOVE, MOST_MOVE)
    wanted = forecast * (above ** (1 - MEAN_WEIGHT))[:, None]
    factor = np.maximum(wanted, LEAST_MEAN) / np.maximum(paths.mean(axis=1), LEAST_MEAN)
    return paths * np.clip(factor, 1 / MOST_MOVE, MOST_MOVE)[:, None, :]


def _look_alikes(
    surprises: Surprises, now: Whole, log_mean: Floats | None, n_scenarios: int, rng: np.random.Generator
) -> tuple[Whole, Floats]:
    """Return rows of past surprises for each product in order of their ratio, and the part of it that counts.

    Every tree gives equally many rows of the product's leaf, `now` (n_sku, n_tree). `log_mean` (n_sku,) is
    the logarithm of the product's forecast, as in the first column of `situation`; None for levels, which
    are never near zero. Both results are (n_sku, n_scenarios); the part is below 1 where demand would be
    enlarged more than `MOST_ENLARGED` times.
    """
    n, n_tree = now.shape
    each = -(-n_scenarios * CANDIDATES_PER_SCENARIO // n_tree)
    drawn = np.empty((n, n_tree, each), dtype=np.int64)
    for k in range(n_tree):
        order = surprises.order[:, k]
        found = surprises.leaves[order, k]
        first, last = (np.searchsorted(found, now[:, k], side)[:, None] for side in ("left", "right"))
        share = (rng.random((n, each)) + np.arange(each)) / each
        drawn[:, k] = order[(first + share * (last - first)).astype(np.int64)]
    rows = drawn.reshape(n, -1)
    part = np.ones(rows.shape)
    if log_mean is not None:
        part = np.minimum(1.0, MOST_ENLARGED * np.exp(surprises.situation[rows, 0] - log_mean[:, None]))
    order = np.argsort(surprises.ratio[rows] * part, axis=1, kind="stable")
    middle = ((np.arange(n_scenarios) + 0.5) / n_scenarios * rows.shape[1]).astype(np.int64)
    chosen = order[:, middle]
    return np.take_along_axis(rows, chosen, axis=1), np.take_along_axis(part, chosen, axis=1)


def _shared_keys(by_origin: Floats, n_scenarios: int, rng: np.random.Generator) -> Floats:
    """Return keys (n_sku, n_scenarios) by whose order each product's paths go to the scenarios.

    A scenario stands for one past origin, the same for all products; its key is the rank that origin's
    surprise has among those of the product, with chance where it is unknown.
    """
    n_origin, n = by_origin.shape
    origin = rng.permutation(np.arange(n_scenarios) % n_origin)
    tied = np.lexsort((rng.random(by_origin.shape), by_origin), axis=0)
    rank = np.argsort(tied, axis=0).astype(np.float64)
    rank /= np.maximum((~np.isnan(by_origin)).sum(axis=0), 1)
    key = rank[origin].T + rng.random((n, n_scenarios)) / n_origin
    return np.where(np.isnan(by_origin[origin].T), rng.random((n, n_scenarios)), key)


def _gamma(variation: Floats, n_scenarios: int, rng: np.random.Generator) -> Floats:
    """Return factors (n, n_scenarios) of the given squared relative variation and a mean of exactly 1."""
    factor = rng.gamma(1 / variation[:, None], variation[:, None], (variation.size, n_scenarios))
    return factor / factor.mean(axis=1, keepdims=True)


def whole_paths(paths: Floats, unit: Floats | float, rng: np.random.Generator) -> Floats:
    """Return paths rounded to whole multiples of `unit`, so that sums over the first periods are right too.

    What is rounded is the running total plus a random share of a unit, the same along a path: every such sum
    is off by less than one unit and right on average, and a path of zeros stays one.

    Examples
    --------
    >>> whole_paths(np.full((1, 1, 6), 0.5), 1.0, np.random.default_rng(1)).tolist()
    [[[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]]]
    """
    step = np.reshape(unit, (-1, 1, 1))
    total = np.cumsum(paths, axis=2) / step + rng.random((*paths.shape[:2], 1))
    return np.diff(np.floor(total), axis=2, prepend=0.0) * step
