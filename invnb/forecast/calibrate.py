"""Calibration of the scenarios: past surprises are carried over, their width tuned and checked origin by
origin.

At each origin the lead-time demand is drawn with the surprises of the origins whose window does not
overlap, so that what is checked was not used. One factor per demand class widens or narrows the paths; it
is chosen so that lead-time demand is covered as often as promised, and stands in the champions' table.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.forecast import metrics
from invnb.forecast.evaluate import LEVELS, WINDOW_PERIODS, Folds, apart
from invnb.forecast.fallback import extra_variation
from invnb.forecast.inputs import Inputs, whole_unit
from invnb.forecast.paths import VARIATIONS, draw_paths, look_alikes, ranks, variation

Floats = NDArray[np.float64]

SPREADS = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.45, 1.6)
"""Factors tried on the width of the paths (on the normal scores of the ranks)."""
UPPER_LEVELS = slice(1, None)
"""Levels on which the width is tuned: those above the median, where stock is decided."""
PRIOR_FORECASTS = 100.0
"""Forecasts of a demand class at which its own coverage weighs as much as that of all products."""
TUNING_SCENARIOS = 100
TUNING_PRODUCTS = 300
"""Products, drawn by seed, on which the width is tuned: one factor per class needs no more."""
CHECK_SCENARIOS = 200


def scenario_units(
    inputs: Inputs,
    point: Floats,
    origin: int,
    bank: Floats,
    bank_origins: NDArray[np.int64],
    group: NDArray[np.object_],
    spread: Floats,
    n_scenarios: int,
    seed: int,
) -> Floats:
    """Return demand paths (n_sku, n_scenarios, horizon) in units for a forecast made at an origin.

    Parameters
    ----------
    inputs : feature arrays.
    point : (n_sku, horizon) the champions' forecast, without holes.
    origin : index of the first period forecast.
    bank : (n_bank, n_sku, horizon) the champions' forecasts at past origins.
    bank_origins : (n_bank,) their origins; demand at their horizon is taken as known.
    group : (n_sku,) demand class.
    spread : (n_sku,) factor on the width.
    n_scenarios, seed : number of paths and their seed.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, origin]))
    unit = whole_unit(inputs.sold[:, :origin])
    horizon = point.shape[1]
    window = bank_origins[:, None] + np.arange(horizon)
    demand = inputs.demand[:, window].transpose(1, 0, 2)
    sold = inputs.sold[:, window].transpose(1, 0, 2)
    lower = inputs.lower_bound[:, window].transpose(1, 0, 2)
    c = np.minimum(variation(bank, demand, group, unit) + extra_variation(inputs, origin), VARIATIONS[-1])
    rank = ranks(bank, sold, lower, c, unit, rng)
    usable = (~np.isnan(rank[:, :, 0])).sum(axis=0) > 0
    alikes = look_alikes(inputs.level[:, origin], group, usable)
    return draw_paths(point, c, rank, alikes, spread, n_scenarios, unit, rng)


def tune_spread(
    inputs: Inputs, folds: Folds, paths: Floats, group: NDArray[np.object_], seed: int
) -> dict[str, float]:
    """Return the factor on the width of the paths for each demand class and "all".

    Parameters
    ----------
    inputs, folds : feature arrays and folds.
    paths : (n_origin, n_sku, horizon) the champions' forecasts at the folds' origins.
    group : (n_sku,) demand class.
    seed : seed of products and paths; every factor is tried on the same ones.

    Returns
    -------
    By class; 1 where there are no two origins to learn from.
    """
    labels = [str(label) for label in np.unique(group)]
    if folds.origins.size < 2:
        return dict.fromkeys([*labels, "all"], 1.0)
    window = min(WINDOW_PERIODS, paths.shape[2])
    some = np.arange(group.size)
    if some.size > TUNING_PRODUCTS:
        some = np.sort(np.random.default_rng(seed).choice(some, TUNING_PRODUCTS, replace=False))
    misses = []
    for factor in SPREADS:
        spread = np.full(group.size, factor)
        sums = _left_out_sums(inputs, folds, paths, group, spread, window, TUNING_SCENARIOS, seed, some)
        quantile = np.quantile(sums, LEVELS, axis=2, method="inverted_cdf")
        actual = folds.demand[:, some, :window].sum(axis=2)
        hit = np.where(np.isnan(actual), np.nan, actual <= quantile)
        misses.append((hit - np.array(LEVELS)[:, None, None])[UPPER_LEVELS].mean(axis=0))
    table = np.stack(misses)
    overall = _nearest_nominal(table)
    result = {"all": SPREADS[int(np.abs(overall).argmin())]}
    for label in labels:
        members = group[some] == label
        n = np.count_nonzero(~np.isnan(table[0][:, members]))
        own = _nearest_nominal(table[:, :, members]) if n else overall
        weight = n / (n + PRIOR_FORECASTS)
        result[label] = SPREADS[int(np.abs(weight * own + (1 - weight) * overall).argmin())]
    return result


def _nearest_nominal(misses: Floats) -> Floats:
    """Return the mean of covered minus nominal for each factor, (n_factor,); zero where nothing is known."""
    known = ~np.isnan(misses)
    count = np.maximum(known.sum(axis=(1, 2)), 1)
    return np.where(known, misses, 0.0).sum(axis=(1, 2)) / count


def calibration_table(
    inputs: Inputs,
    folds: Folds,
    paths: Floats,
    group: NDArray[np.object_],
    spread: Mapping[str, float],
    seed: int,
) -> pd.DataFrame:
    """Return `calibration`: how often demand over some periods stayed at or below its quantile.

    Returns
    -------
    DataFrame with `demand_class` ("all" first), `nominal`, `covered`, `low`, `high` (binomial 95 %
    interval of `covered`; origins and products hang together, so the true one is wider), `n` and
    `window_periods` (the periods summed). Empty where there are no two origins.
    """
    columns = ["demand_class", "nominal", "covered", "low", "high", "n", "window_periods"]
    if folds.origins.size < 2:
        return pd.DataFrame({name: [] for name in columns})
    window = min(WINDOW_PERIODS, paths.shape[2])
    width = np.array([spread[str(label)] for label in group])
    everyone = np.arange(group.size)
    sums = _left_out_sums(inputs, folds, paths, group, width, window, CHECK_SCENARIOS, seed, everyone)
    actual = folds.demand[:, :, :window].sum(axis=2)
    quantile = np.quantile(sums, LEVELS, axis=2, method="inverted_cdf")
    rows = []
    for label in ["all", *np.unique(group)]:
        members = np.ones(group.size, dtype=bool) if label == "all" else group == label
        known = ~np.isnan(actual[:, members])
        n = int(known.sum())
        for k, nominal in enumerate(LEVELS):
            hits = int(((actual[:, members] <= quantile[k][:, members]) & known).sum())
            low, high = metrics.binomial_interval(hits, n)
            rows.append((str(label), nominal, hits / n if n else np.nan, low, high, n, window))
    return pd.DataFrame(rows, columns=columns)


def _left_out_sums(
    inputs: Inputs,
    folds: Folds,
    paths: Floats,
    group: NDArray[np.object_],
    spread: Floats,
    window: int,
    n_scenarios: int,
    seed: int,
    some: NDArray[np.int64],
) -> Floats:
    """Return lead-time demand drawn at each origin from the others, (n_origin, n_some, n_scenario)."""
    drawn = []
    for k, origin in enumerate(folds.origins):
        others = apart(folds.origins, k, window)
        units = scenario_units(
            inputs, paths[k, :, :window], int(origin), paths[others][:, :, :window], folds.origins[others],
            group, spread, n_scenarios, seed,
        )  # fmt: skip
        drawn.append(units[some].sum(axis=2))
    return np.stack(drawn)
