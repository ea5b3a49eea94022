"""Forecast value added: what each step from the naive forecast to ours is worth, on the same past origins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.features.lags import last_known
from invnb.forecast.compare import Comparison
from invnb.forecast.evaluate import lead_time_losses
from invnb.forecast.models.statistical import exponential_smoothing

Floats = NDArray[np.float64]

STEPS = {
    "naive_sales": "as much as was sold in the period before, nothing if the shelf was empty",
    "naive_demand": "the same of demand: empty shelves passed over, sold-out periods estimated",
    "smoothing": "exponential smoothing of demand",
    "champion": "the champion of the demand class",
}
"""The ladder, from the bottom up."""


def forecast_value_added(comparison: Comparison) -> pd.DataFrame:
    """Return what each step of the ladder takes off the error of lead-time demand.

    Every step forecasts the sum of the periods of `lead_time_window` from the same origins,
    for the products and origins at which all of them and the demand are known.

    Parameters
    ----------
    comparison : result of `compare_models`.

    Returns
    -------
    DataFrame with one row per demand class ("all" first) and step of `STEPS`: `demand_class`, `step`, `wape`
    (sum of absolute errors over the sum of demand), `value_added_points` (percentage points of WAPE taken off
    by this step; below zero it does harm), `scaled_pinball` of lead-time demand, `n` (forecasts). Empty where
    there is no origin.

    Source
    ------
    Gilliland (2013), "Forecast Value Added Analysis: Step by Step".
    """
    inputs, folds = comparison.inputs, comparison.folds
    columns = ["demand_class", "step", "wape", "value_added_points", "scaled_pinball", "n"]
    if folds.origins.size == 0:
        return pd.DataFrame({name: [] for name in columns})
    window = min(folds.window_periods, comparison.horizon_periods)
    paths = dict(zip(STEPS, (
        _flat([np.nan_to_num(inputs.sold[:, origin - 1]) for origin in folds.origins], window),
        _flat([last_known(inputs.demand[:, :origin])[:, -1] for origin in folds.origins], window),
        np.stack([exponential_smoothing(inputs.demand[:, :origin], window, inputs.season_periods)
                  for origin in folds.origins]),
        _champions(comparison, window),
    ), strict=True))  # fmt: skip
    demand = folds.demand[:, :, :window]
    total = demand.sum(axis=2)
    known = ~np.isnan(total) & ~np.any([np.isnan(path).any(axis=2) for path in paths.values()], axis=0)
    ladder = replace(folds, demand=np.where(known[:, :, None], demand, np.nan), forecasts=paths)
    losses = {step: lead_time_losses(ladder, step, comparison.group)[0].mean(axis=0) for step in paths}
    rows = []
    for label in ["all", *np.unique(comparison.group)]:
        chosen = known & ((comparison.group == label) | (label == "all"))
        if not chosen.any():
            continue
        before = np.nan
        for step, path in paths.items():
            wape = np.abs(path.sum(axis=2) - total)[chosen].sum() / max(total[chosen].sum(), 1e-12)
            loss = losses[step][chosen]
            pinball = np.nanmean(loss) if not np.isnan(loss).all() else np.nan
            rows.append((str(label), step, wape, 100 * (before - wape), pinball, int(chosen.sum())))
            before = wape
    return pd.DataFrame(rows, columns=columns)


def _flat(levels: list[Floats], window: int) -> Floats:
    return np.repeat(np.stack(levels)[:, :, None], window, axis=2)


def _champions(comparison: Comparison, window: int) -> Floats:
    """Return the champions' forecasts (n_origin, n_sku, window), NaN where the demand is unknown."""
    inputs, history = comparison.inputs, comparison.forecast_history
    result = np.full((comparison.folds.origins.size, inputs.n_sku, window), np.nan)
    place = pd.Index(inputs.period[comparison.folds.origins].astype("datetime64[ns]"))
    origin = place.get_indexer(pd.Index(history["origin"]))
    days = (history["period"] - history["origin"]).dt.days.to_numpy()
    step, row = days // inputs.period_days, pd.Index(inputs.sku.astype(str)).get_indexer(history["sku"])
    near = step < window
    result[origin[near], row[near], step[near]] = history["forecast"].to_numpy()[near]
    return result
