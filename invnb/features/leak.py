"""What a leak looks like: a feature that knows the period it is to explain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.features.lags import window_mean
from invnb.features.wide import to_wide

LEAK_PERIODS = 4


def leak_demonstration(panel: pd.DataFrame, periods: int = LEAK_PERIODS) -> pd.Series:
    """Return the mean absolute error of an honest moving mean and of the same mean moved by one period.

    Parameters
    ----------
    panel : demand panel.
    periods : length of the mean, at least 1.

    Returns
    -------
    Series of two errors in units per product and period, named in words. The second mean includes the period
    it explains, which nobody can know when the forecast is due; its smaller error is the leak.

    Examples
    --------
    >>> panel = pd.DataFrame({"sku": "A", "period": pd.date_range("2026-01-05", periods=4, freq="7D"),
    ...                       "status": "sold", "units": [0.0, 4.0, 0.0, 4.0], "available_share": 1.0,
    ...                       "censored": False})
    >>> leak_demonstration(panel, periods=2).round(2).to_dict()
    {'mean of the periods before (known)': 2.67, 'mean with the period itself (a leak)': 2.0}
    """
    units = to_wide(panel).units
    mean = window_mean(units, periods)
    honest, leaking = mean[:, :-1], mean[:, 1:]
    both = ~np.isnan(units) & ~np.isnan(honest)
    if not both.any():
        raise ValueError("panel must hold a product with two known periods, got none")
    return pd.Series(
        {
            "mean of the periods before (known)": np.abs(honest - units)[both].mean(),
            "mean with the period itself (a leak)": np.abs(leaking - units)[both].mean(),
        }
    )
