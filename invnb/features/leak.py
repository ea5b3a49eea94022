"""A leak, shown: the same average with and without the period that is to be forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.features.lags import window_mean
from invnb.features.wide import to_wide


def leak_demonstration(panel: pd.DataFrame, window_periods: int = 4) -> pd.Series:
    """Mean absolute error of two averages as a forecast of each period.

    The honest one averages the `window_periods` before the period, the leaking one takes the period in.

    Parameters
    ----------
    panel : the demand panel.
    window_periods : length of both averages.

    Returns
    -------
    Error in units per product and period, by name.

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=12, freq="7D")
    >>> panel = pd.DataFrame({"sku": "A", "location": "main", "period": weeks, "status": "sold",
    ...                       "units": [4.0, 8.0] * 6, "available": True, "available_share": 1.0,
    ...                       "censored": False, "start_units": np.nan, "net_price": 1.0, "list_price": 1.0,
    ...                       "discount_share": 0.0, "promotion": False, "page_views": np.nan,
    ...                       "returned_units": 0.0})
    >>> leak_demonstration(panel, 2).to_dict()
    {'mean of the periods before': 2.0, 'mean that includes the period itself': 2.0}
    >>> leak_demonstration(panel, 1).to_dict()
    {'mean of the periods before': 4.0, 'mean that includes the period itself': 0.0}
    """
    demand = to_wide(panel).units
    means = window_mean(demand, window_periods)  # column t: known at the start of period t
    later = slice(window_periods, demand.shape[1])
    honest = np.abs(demand - means[:, :-1])[:, later]
    leaking = np.abs(demand - means[:, 1:])[:, later]
    both = np.isfinite(honest) & np.isfinite(leaking)
    return pd.Series(
        {
            "mean of the periods before": float(honest[both].mean()),
            "mean that includes the period itself": float(leaking[both].mean()),
        }
    )
