"""From forecasts to joint paths: what became of look-alike forecasts in the past is carried over whole.

Every past forecast has a surprise: demand over forecast, period by period. A forest of randomised trees,
grown on the surprise of the first periods' sum, groups past forecasts that turned out alike (fast or slow,
steady or lumpy, just silent, just launched). The coming demand of a product is its forecast times the
surprises in the leaves it falls into: zero as often as theirs, skewed as theirs, biased or not as theirs; no
law is assumed. A surprise is taken as a whole path, so runs of good and bad periods stay together, and the
quantiles are those of sums along a path.

Forecasts exist for few past origins, levels for all. A second forest therefore says what became of levels:
demand over the product's own level, from many more origins. The two laws of a product's sum are averaged
quantile by quantile, and the mean of the result is moved most of the way to the forecast. Across products,
paths are put into the order in which past origins were good or bad for each product (Schaake shuffle), so
that common shocks stay common.

Source: Meinshausen (2006), "Quantile regression forests", Journal of Machine Learning Research 7; Geurts,
Ernst & Wehenkel (2006), "Extremely randomized trees", Machine Learning 63; Ratcliff (1979), "Group reaction
time distributions and an analysis of distribution statistics", Psychological Bulletin 86, for the average of
quantiles; Clark et al. (2004), "The Schaake shuffle", Journal of Hydrometeorology 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invnb.forecast.inputs import FEATURE_NAMES, Inputs

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SITUATION = (
    "lag_1", "lag_2", "mean_4", "mean_8", "mean_26", "sd_13", "trend_ratio", "zero_share_13",
    "periods_since_sale", "interval", "size_variation", "known_periods",
)  # fmt: skip
"""Features known at the origin by which look-alikes are told, beside the forecast itself."""
TREES = 100
LEAST_LEAF, LEAST_LEAF_SHARE = 3, 1 / 12
"""Past forecasts in a leaf, at least; where there are few, this share of them."""
CANDIDATES_PER_SCENARIO = 5
"""Look-alikes drawn for each path; every fifth in order of size is kept, which steadies the quantiles."""
MOST_FORECASTS, MOST_UNITS = 20.0, 10.0
"""A period's demand above 20 forecasts and 10 units is one order nobody can foresee: it is cut to that."""
LEAST_PROFILE = 1 / 3
"""A forecast below a third of its path's mean is taken as a third, when demand is divided by it."""
MOST_ROWS_PER_TREE = 20_000
LEAST_ROWS = 8
"""With fewer past forecasts nothing is learned from them."""
BLIND_VARIATION = 0.5
"""Squared relative variation of a path's level and of its periods where nothing is learned."""
MEAN_WEIGHT = 0.85
"""Share of the way from the look-alikes' mean to the forecast that a product's own mean is moved: the mean
of a few skewed surprises is known worse than their quantiles."""
MOST_MOVE = 3.0
MOST_ENLARGED = 4.0
"""A look-alike's demand is enlarged to at most this multiple: two units sold where hardly any were expected
are two units, not a thousand times the forecast."""
LEAST_MEAN = 1e-6
LEVEL_WEIGHT = 0.5
"""Weight of the law of levels in the average of the two."""
LEVEL_PERIODS, LEVEL_STEP_PERIODS = 104, 2
"""Levels are followed from origins so far back, so far apart at least."""
LEAST_LEVEL_PERIODS = 13
"""Known periods a product needs before its level says more of it than what its look-alikes sold."""
MOST_LEVEL_ROWS = 8_000
"""About so many of their rows are kept: 15,000 were no better, and took longer."""
PRODUCTS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Surprises:
    """What became of past forecasts: one row per past origin and product with enough known demand.

    Parameters
    ----------
    situation : (n_row, n_feature) what was known at the origin.
    ratio : (n_row,) demand over forecast, both summed over the known periods of the window.
    path : (n_row, horizon) demand over forecast by period, without holes.
    by_origin : (n_origin, n_sku) the ratios again, NaN where there is no row.
    window : periods whose sum tells which surprises are alike.
    forest : trees whose leaves hold look-alikes; None where there are too few rows to learn from.
    leaves : (n_row, n_tree) leaf of each row.
    order : (n_row, n_tree) the rows sorted by leaf, tree by tree.
    of_level : the same of demand over the product's own level, from more origins; None without.
    """

    situation: Floats
    ratio: Floats
    path: Floats
    by_origin: Floats
    window: int
    forest: Any
    leaves: Whole
    order: Whole
    of_level: Surprises | None = None


def situations(inputs: Inputs, forecast: Floats, origin: int, window: int) -> Floats:
    """Return what is known of each product at an origin, (n_sku, n_feature), finite.

    Parameters
    ----------
    inputs : feature arrays.
    forecast : (n_sku, horizon) expected demand in units.
    origin : index of the first period forecast.
    window : periods whose sum is forecast.
    """
    mean = np.maximum(forecast[:, :window].mean(axis=1), LEAST_MEAN)
    columns = [FEATURE_NAMES.index(name) for name in SITUATION]
    past = inputs.past[:, origin][:, columns].astype(np.float64)
    table = np.column_stack([np.log(mean), np.log(mean / inputs.level[:, origin]), past])
    return np.nan_to_num(table, nan=-1.0)


def past_surprises(
    inputs: Inputs,
    bank: Floats,
    bank_origins: Whole,
    origin: int,
    window: int,
    unit: float,
    rng: np.random.Generator,
    most_rows: int | None = None,
) -> Surprises:
    """Return what became of past forecasts, as far as it was known at `origin`.

    A sold-out period's demand is drawn: sales plus an exponential with the mean that was estimated to be
    missing. An unknown period takes the surprise of another period of its own path; periods still to come
    take those of a path with a like forecast and a like surprise.

    Parameters
    ----------
    inputs : feature arrays.
    bank : (n_bank, n_sku, horizon) forecasts made at past origins, in units, without holes.
    bank_origins : (n_bank,) their origins, each before `origin`.
    origin : index of the first period that is not known.
    window : periods whose sum tells which surprises are alike.
    unit : smallest step of demand.
    rng : random generator.
    most_rows : about so many are kept, by chance; None for all.
    """
    horizon = bank.shape[2]
    at = bank_origins[:, None] + np.arange(horizon)
    seen = np.minimum(at, origin - 1)
    sold = inputs.sold[:, seen].transpose(1, 0, 2)
    demand = inputs.demand[:, seen].transpose(1, 0, 2)
    missing = np.maximum(demand - sold, 0.0) * rng.exponential(size=demand.shape)
    bound = inputs.lower_bound[:, seen].transpose(1, 0, 2)
    demand = np.where(bound, sold + missing, demand)
    demand = np.where((at < origin)[:, None, :], demand, np.nan)
    mean = np.maximum(bank[:, :, :window].mean(axis=2, keepdims=True), LEAST_MEAN)
    demand = np.minimum(demand, MOST_FORECASTS * mean + MOST_UNITS * unit)
    forecast = np.maximum(bank, LEAST_PROFILE * mean)
    known = ~np.isnan(demand)
    first = known[:, :, :window]
    above = np.where(first, demand[:, :, :window], 0.0).sum(axis=2)
    below = np.where(first, forecast[:, :, :window], 0.0).sum(axis=2)
    usable = (2 * first.sum(axis=2) >= window) & (bank.sum(axis=2) > LEAST_MEAN)
    if most_rows is not None:
        usable &= rng.random(usable.shape) < most_rows / max(int(usable.sum()), 1)
    ratio = np.where(usable, above / np.where(usable, below, 1.0), np.nan)
    origin_index = np.nonzero(usable)[0]
    path = _filled(
        (demand / forecast)[usable], ratio[usable], mean[:, :, 0][usable], at[origin_index] < origin, rng
    )
    table = [situations(inputs, past, int(o), window) for past, o in zip(bank, bank_origins, strict=True)]
    situation = np.stack(table)[usable] if table else np.empty((0, len(SITUATION) + 2))
    flat = ratio[usable]
    forest = _forest(situation, flat, int(rng.integers(2**31))) if flat.size >= LEAST_ROWS else None
    leaves = forest.apply(situation) if forest else np.empty((flat.size, 0), dtype=np.int64)
    order = np.argsort(leaves, axis=0, kind="stable")
    return Surprises(situation, flat, path, ratio, window, forest, leaves, order)


def with_levels(
    surprises: Surprises, inputs: Inputs, origin: int, unit: float, rng: np.random.Generator
) -> Surprises:
    """Return the surprises together with those of demand over the product's own level.

    Parameters are those of `past_surprises`. Where many products make enough rows, fewer origins are used.
    """
    horizon, window = surprises.path.shape[1], surprises.window
    most = max(16, min(LEVEL_PERIODS // LEVEL_STEP_PERIODS, 4 * MOST_LEVEL_ROWS // inputs.n_sku))
    first = max(2, origin - LEVEL_PERIODS)
    wanted = min(most, (origin - window - first) // LEVEL_STEP_PERIODS + 1)
    if surprises.forest is None or wanted < 1:
        return surprises
    at = np.unique(np.linspace(origin - window, first, wanted).astype(np.int64))
    level = np.stack([_levels(inputs, int(past)) for past in at])
    bank = np.repeat(level[:, :, None], horizon, axis=2)
    found = past_surprises(inputs, bank, at, origin, window, unit, rng, MOST_LEVEL_ROWS)
    return replace(surprises, of_level=found if found.forest is not None else None)


def _forest(situation: Floats, ratio: Floats, seed: int) -> Any:
    """Return trees whose leaves hold past situations with like ratios of demand to forecast."""
    from sklearn.ensemble import ExtraTreesRegressor

    leaf = max(2, min(LEAST_LEAF, math.floor(LEAST_LEAF_SHARE * ratio.size)))
    forest = ExtraTreesRegressor(
        TREES, min_samples_leaf=leaf, max_features=1.0, bootstrap=True,
        max_samples=min(MOST_ROWS_PER_TREE, math.ceil(0.7 * ratio.size)), random_state=seed,
    )  # fmt: skip
    # The logarithm keeps a large order from deciding every split; a third sets zero apart from little.
    return forest.fit(situation.astype(np.float32), np.log(ratio + 1 / 3))


def _filled(
    path: Floats, ratio: Floats, mean: Floats, past: NDArray[np.bool_], rng: np.random.Generator
) -> Floats:
    """Return paths (n_row, horizon) without holes; `past` (n_row, horizon) is false from the present on."""
    horizon = path.shape[1]
    known = ~np.isnan(path)
    # Holes take the value of a known period of the same path, chosen at random.
    order = np.argsort(np.where(known, rng.random(path.shape), 2.0), axis=1)
    pick = np.take_along_axis(order, np.arange(horizon) % np.maximum(known.sum(axis=1), 1)[:, None], axis=1)
    path = np.where(known, path, np.take_along_axis(path, pick, axis=1))
    whole = np.flatnonzero(past.all(axis=1))
    cut = np.flatnonzero(~past.all(axis=1))
    if whole.size == 0 or cut.size == 0:
        return path
    # One number to sort by: class of the mean first (a factor of 1.6 wide), then surprise.
    key = 1e3 * np.floor(2 * np.log(mean)) + np.minimum(ratio, 999.0)
    whole = whole[np.argsort(key[whole], kind="stable")]
    place = np.searchsorted(key[whole], key[cut]) + rng.integers(-3, 4, cut.size)
    alike = whole[np.clip(place, 0, whole.size - 1)]
    path[cut] = np.where(past[cut], path[cut], path[alike])
    return path


def draw_paths(
    inputs: Inputs,
    forecast: Floats,
    origin: int,
    surprises: Surprises,
    extra_variation: Floats,
    n_scenarios: int,
    unit: float,
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
    unit : smallest step of demand.
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
            level = _levels(inputs, origin)
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


def _levels(inputs: Inputs, origin: int) -> Floats:
    """Return each product's level in units, (n_sku,); zero where too little is known of it."""
    known = np.count_nonzero(~np.isnan(inputs.demand[:, :origin]), axis=1)
    return np.where(known >= LEAST_LEVEL_PERIODS, inputs.scale[:, origin], 0.0)


def _level_forecast(inputs: Inputs, forecast: Floats, origin: int, window: int) -> Floats:
    """Return the level in the shape of the forecast, (n_sku, horizon), less the days not on sale."""
    on_sale = inputs.on_sale_share[:, origin : origin + window].mean(axis=1)
    mean = np.maximum(forecast[:, :window].mean(axis=1), LEAST_MEAN)
    return forecast * np.minimum(_levels(inputs, origin) * on_sale / mean, MOST_ENLARGED)[:, None]


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


def whole_paths(paths: Floats, unit: float, rng: np.random.Generator) -> Floats:
    """Return paths rounded to whole multiples of `unit`, so that sums over the first periods are right too.

    What is rounded is the running total plus a random share of a unit, the same along a path: every such sum
    is off by less than one unit and right on average, and a path of zeros stays one.

    Examples
    --------
    >>> whole_paths(np.full((1, 1, 6), 0.5), 1.0, np.random.default_rng(1)).tolist()
    [[[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]]]
    """
    total = np.cumsum(paths, axis=2) / unit + rng.random((*paths.shape[:2], 1))
    return np.diff(np.floor(total), axis=2, prepend=0.0) * unit
