"""Demand a replay can run on: whole units in every period, estimated where the shop could not see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.features.censoring import demand_behind_sales
from invnb.features.wide import to_wide

LOCAL_PERIODS = 8  # known periods before a gap whose mean fills it
NO_DEMAND = ["closed", "not_launched", "ended"]


@dataclass(frozen=True)
class DemandPath:
    """Demand by product and period.

    Parameters
    ----------
    sku : (n_sku,) labels. period : (n_period,) first days. period_days : days in a period.
    units : (n_sku, n_period), whole units, known everywhere.
    mean : (n_sku, n_period), its expected value.
    history : (n_sku, n_period), the expected value, NaN where nothing could be observed.
    estimated : (n_sku, n_period), where `units` is an estimate.
    on_sale : (n_sku, n_period), from the product's launch to its end.
    """

    sku: np.ndarray
    period: np.ndarray
    period_days: int
    units: np.ndarray
    mean: np.ndarray
    history: np.ndarray
    estimated: np.ndarray
    on_sale: np.ndarray


def demand_path(panel: pd.DataFrame, seed: int) -> DemandPath:
    """Whole units wanted in every period: sales where they were not capped, estimates elsewhere.

    A period that sold out gets its conditional mean demand, rounded at random so that the mean is kept; one
    in which nothing could be bought (or is missing) a Poisson draw around the mean of the eight known periods
    before it. Where the shop was closed or the product not on offer there is no demand.

    Parameters
    ----------
    panel : demand panel. `seed` : of rounding and draws.

    Examples
    --------
    >>> panel = pd.DataFrame({"sku": "A", "period": pd.date_range("2025-01-06", periods=3, freq="7D"),
    ...     "status": ["sold", "out_of_stock", "closed"], "units": [4.0, None, None],
    ...     "available_share": [1.0, 0.0, 0.0], "censored": False})
    >>> path = demand_path(panel, seed=1)
    >>> path.units[0, [0, 2]].tolist(), path.estimated[0].tolist()
    ([4.0, 0.0], [False, True, False])
    """
    wide = to_wide(panel)
    rng = np.random.default_rng(seed)
    history = demand_behind_sales(wide)
    floor = np.floor(history)
    units = floor + (rng.random(history.shape) < history - floor)
    unseen = np.isnan(wide.units) & ~np.isin(wide.status, NO_DEMAND)
    local = _local_mean(history)
    units = np.where(unseen, rng.poisson(local), np.nan_to_num(units))
    mean = np.where(unseen, local, np.nan_to_num(history))
    estimated = unseen | (wide.censored & (units > wide.units))
    on_sale = ~np.isin(wide.status, ["not_launched", "ended"])
    return DemandPath(wide.sku, wide.period, wide.period_days, units, mean, history, estimated, on_sale)


def _local_mean(history: np.ndarray) -> np.ndarray:
    """Mean of the last known periods before each one; of all known ones where there is none before."""
    mean = np.zeros(history.shape)
    for i, row in enumerate(history):
        known = np.flatnonzero(~np.isnan(row))
        if not known.size:
            continue
        values = np.concatenate([[0.0], np.cumsum(row[known])])
        end = np.searchsorted(known, np.arange(history.shape[1]))
        start = np.maximum(end - LOCAL_PERIODS, 0)
        before = (values[end] - values[start]) / np.maximum(end - start, 1)
        mean[i] = np.where(end > 0, before, row[known].mean())
    return mean
