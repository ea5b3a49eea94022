"""Scenarios from the champions' forecasts and their past surprises, and the check of what they promise.

Nothing is tuned: quantiles are those of past surprises, each from a forecast made blind to what followed. The
check draws scenarios at past origins with the surprises known there, and counts how often demand stayed
within; a run's own future is forecast in exactly that way.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.forecast import metrics
from invnb.forecast.evaluate import LEVELS, Folds, in_workers, lead_time_window, log
from invnb.forecast.fallback import extra_variation
from invnb.forecast.inputs import Inputs, whole_units
from invnb.forecast.paths import draw_paths
from invnb.forecast.surprises import Surprises, past_surprises, with_levels

Floats = NDArray[np.float64]

BANK_ORIGINS = 16
"""Past origins, newest first, whose surprises are carried over."""
BANK_STEP_PERIODS = 4
"""They lie at least this far apart, where the history is long enough."""
LEAST_BANK = 2
"""Origins before a checked one from which its surprises come."""
CHECK_SCENARIOS = 200


def bank_origins(origin: int, window: int, first: int) -> NDArray[np.int64]:
    """Return the past origins whose surprises are carried over to a forecast made at `origin`, increasing.

    Parameters
    ----------
    origin : index of the first period forecast.
    window : periods whose sum is judged; at the newest past origin half of them are known.
    first : earliest past origin.

    Examples
    --------
    >>> bank_origins(100, 4, 2)[[0, -2, -1]].tolist(), bank_origins(14, 4, 2).tolist()
    ([36, 92, 96], [2, 4, 6, 8, 10])
    """
    newest = origin - window
    step = int(np.clip((newest - first) // 4, 1, BANK_STEP_PERIODS))
    at = newest - step * np.arange(BANK_ORIGINS)
    return at[at >= first][::-1]


def surprises_at(
    inputs: Inputs, bank: Floats, origins: NDArray[np.int64], origin: int, seed: int
) -> Surprises:
    """Return the surprises known at `origin`, from forecasts `bank` (n_bank, n_sku, horizon) at `origins`."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, origin, 1]))
    window = lead_time_window(inputs.period_days, bank.shape[2])
    unit = whole_units(inputs.sold[:, :origin])
    before = origins < origin
    found = past_surprises(inputs, bank[before], origins[before], origin, window, unit, rng)
    return with_levels(found, inputs, origin, unit, rng)


def scenario_units(
    inputs: Inputs, point: Floats, origin: int, surprises: Surprises, n_scenarios: int, seed: int
) -> Floats:
    """Return demand paths (n_sku, n_scenarios, horizon) in units for a forecast made at an origin.

    Parameters
    ----------
    inputs : feature arrays.
    point : (n_sku, horizon) the champions' forecast, without holes.
    origin : index of the first period forecast.
    surprises : those known at `origin` or earlier.
    n_scenarios, seed : number of paths and their seed.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, origin]))
    unit = whole_units(inputs.sold[:, :origin])
    extra = extra_variation(inputs, origin)
    return draw_paths(inputs, point, origin, surprises, extra, n_scenarios, unit, rng)


def calibration_table(
    inputs: Inputs,
    folds: Folds,
    paths: Floats,
    bank: Floats,
    origins: NDArray[np.int64],
    group: NDArray[np.object_],
    seed: int,
) -> pd.DataFrame:
    """Return `calibration`: how often demand over some periods stayed at or below its quantile.

    At each fold's origin scenarios are drawn with the surprises of earlier origins alone, as far as they
    were known then: no number of the check has seen what it is checked on. (The champions were chosen on
    all folds.) Demand equal to its quantile counts with the share of the step at the quantile that lies below
    the level, since whole units cannot be covered exactly.

    Parameters
    ----------
    inputs, folds : feature arrays and folds.
    paths : (n_origin, n_sku, horizon) the champions' forecasts at the folds' origins.
    bank, origins : (n_bank, n_sku, horizon) their forecasts at past origins, and those.
    group : (n_sku,) demand class.
    seed : seed of the paths.

    Returns
    -------
    DataFrame with `demand_class` ("all" first), `nominal`, `covered`, `low`, `high` (binomial 95 %
    interval of `covered`; origins and products hang together, so the true one is wider), `n` and
    `window_periods` (the periods summed). Empty where no fold has `LEAST_BANK` origins before it.

    Source: Czado, Gneiting & Held (2009), "Predictive model assessment for count data", Biometrics 65, for
    the count of ties.
    """
    columns = ["demand_class", "nominal", "covered", "low", "high", "n", "window_periods"]
    window = lead_time_window(inputs.period_days, paths.shape[2])

    def checked(origin: int) -> tuple[Floats, Floats]:
        """Return demand of the window, and how each level covered it, (n_level, n_sku)."""
        k = int(np.flatnonzero(folds.origins == origin)[0])
        surprises = surprises_at(inputs, bank, origins, origin, seed)
        units = scenario_units(inputs, paths[k], origin, surprises, CHECK_SCENARIOS, seed)
        demand = folds.demand[k, :, :window].sum(axis=1)
        drawn = units[:, :, :window].sum(axis=2)
        log.info("scenarios checked from %s", inputs.period[origin])
        return demand, np.stack([tied_coverage(demand, drawn, level) for level in LEVELS])

    enough = [int(o) for o in folds.origins if np.count_nonzero(origins + window <= o) >= LEAST_BANK]
    if not enough:
        return pd.DataFrame({name: [] for name in columns})
    actual, covered = zip(*in_workers(checked, enough), strict=True)
    known, share = ~np.isnan(np.stack(actual)), np.stack(covered, axis=1)
    rows = []
    for label in ["all", *np.unique(group)]:
        members = known & ((group == label) | (label == "all"))
        n = int(members.sum())
        for k, nominal in enumerate(LEVELS):
            hits = float(share[k][members].sum())
            low, high = metrics.binomial_interval(hits, n)
            rows.append((str(label), nominal, hits / n if n else np.nan, low, high, n, window))
    return pd.DataFrame(rows, columns=columns)


def tied_coverage(demand: Floats, drawn: Floats, level: float) -> Floats:
    """Return 1 where demand lies below its quantile, 0 above, and between where it equals it; NaN unknown.

    Parameters
    ----------
    demand : (n_sku,) units, NaN unknown.
    drawn : (n_sku, n_scenario) draws of its law.
    level : of the quantile.

    Examples
    --------
    >>> tied_coverage(np.array([0.0, 1.0]), np.array([[0.0, 0, 0, 1], [0, 0, 0, 1]]), 0.5).round(3).tolist()
    [0.667, 0.0]
    """
    below = (drawn < demand[:, None]).mean(axis=1)
    step = (drawn == demand[:, None]).mean(axis=1)
    inside = np.divide(level - below, step, out=np.where(below < level, 1.0, 0.0), where=step > 0)
    return np.where(np.isnan(demand), np.nan, np.clip(inside, 0.0, 1.0))
