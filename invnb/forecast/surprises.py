"""Surprises: what became of past forecasts and of past levels, and forests that tell which are alike.

Every past forecast has a surprise: demand over forecast, period by period. A forest of randomised trees,
grown on the surprise of the first periods' sum and on its distance from the usual one, groups past forecasts
that turned out alike (fast or slow, steady or lumpy, just silent, just launched). Forecasts exist for few
past origins, levels for all: a second forest says what became of levels, from many more origins.
`paths.py` draws from both.

Source: Meinshausen (2006), "Quantile regression forests", Journal of Machine Learning Research 7; Geurts,
Ernst & Wehenkel (2006), "Extremely randomized trees", Machine Learning 63.
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
MOST_FORECASTS, MOST_UNITS = 20.0, 10.0
"""A period's demand above 20 forecasts and 10 units is one order nobody can foresee: it is cut to that."""
LEAST_PROFILE = 1 / 3
"""A forecast below a third of its path's mean is taken as a third, when demand is divided by it."""
MOST_ROWS_PER_TREE = 20_000
LEAST_ROWS = 8
"""With fewer past forecasts nothing is learned from them."""
LEAST_MEAN = 1e-6
LEVEL_PERIODS, LEVEL_STEP_PERIODS = 104, 2
"""Levels are followed from origins so far back, so far apart at least."""
LEAST_LEVEL_PERIODS = 13
"""Known periods a product needs before its level says more of it than what its look-alikes sold."""
MOST_LEVEL_ROWS = 8_000
"""About so many of their rows are kept: 15,000 were no better, and took longer."""


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
    unit: Floats | float,
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
    unit : (n_sku,) smallest step of demand.
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
    demand = np.minimum(demand, MOST_FORECASTS * mean + MOST_UNITS * np.reshape(unit, (-1, 1)))
    forecast = np.maximum(bank, LEAST_PROFILE * mean)
    known = ~np.isnan(demand)
    first = known[:, :, :window]
    above = np.where(first, demand[:, :, :window], 0.0).sum(axis=2)
    below = np.where(first, forecast[:, :, :window], 0.0).sum(axis=2)
    usable = (2 * first.sum(axis=2) >= window) & (bank.sum(axis=2) > LEAST_MEAN)
    # Before anything was sold no forecast was possible, and its surprise tells nothing.
    begun = np.count_nonzero(~np.isnan(inputs.level[:, bank_origins]), axis=0) > 0
    usable &= begun[:, None]
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
    surprises: Surprises, inputs: Inputs, origin: int, unit: Floats | float, rng: np.random.Generator
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
    level = np.stack([levels_at(inputs, int(past)) for past in at])
    bank = np.repeat(level[:, :, None], horizon, axis=2)
    found = past_surprises(inputs, bank, at, origin, window, unit, rng, MOST_LEVEL_ROWS)
    return replace(surprises, of_level=found if found.forest is not None else None)


def levels_at(inputs: Inputs, origin: int) -> Floats:
    """Return each product's level in units, (n_sku,); zero where too little is known of it."""
    known = np.count_nonzero(~np.isnan(inputs.demand[:, :origin]), axis=1)
    return np.where(known >= LEAST_LEVEL_PERIODS, inputs.scale[:, origin], 0.0)


def _forest(situation: Floats, ratio: Floats, seed: int) -> Any:
    """Return trees whose leaves hold past situations with like laws of demand over forecast.

    Splits part high ratios from low ones, and steady ones from erratic ones: products alike in their mean
    differ most in how far they stray from it.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    leaf = max(2, min(LEAST_LEAF, math.floor(LEAST_LEAF_SHARE * ratio.size)))
    forest = ExtraTreesRegressor(
        TREES, min_samples_leaf=leaf, max_features=1.0, bootstrap=True,
        max_samples=min(MOST_ROWS_PER_TREE, math.ceil(0.7 * ratio.size)), random_state=seed,
    )  # fmt: skip
    # The logarithm keeps a large order from deciding every split; a third sets zero apart from little.
    high = np.log(ratio + 1 / 3)
    stray = np.abs(high - np.median(high))
    target = np.column_stack([part / max(part.std(), LEAST_MEAN) for part in (high, stray)])
    return forest.fit(situation.astype(np.float32), target)


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
