"""Single periods far beyond anything sold before: an order by mistake, or one that nobody can foresee."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_TIMES = 20.0
"""Demand of a period above so many times the most of any period before is cut to that."""
LEAST_SALES = 8
"""Periods with demand a product needs before this is known of it."""


def cut_spikes(demand: Floats) -> Floats:
    """Return demand without what goes beyond `MOST_TIMES` the most of any period before.

    One order of 80,000 pieces in a product that sells eight a week would otherwise be its level for a
    quarter. A product that really grows so fast is held back for one period: the next bound is higher.

    Parameters
    ----------
    demand : (n_sku, n_period) units, NaN unknown.

    Returns
    -------
    (n_sku, n_period); each value depends on its own period and earlier ones alone.

    Examples
    --------
    >>> cut_spikes(np.array([[5.0, 8, 6, 7, 5, 6, 8, 7, 80_995, 6]])).tolist()
    [[5.0, 8.0, 6.0, 7.0, 5.0, 6.0, 8.0, 7.0, 160.0, 6.0]]
    """
    result = demand.copy()
    most, sales = np.zeros(len(demand)), np.zeros(len(demand))
    for t in range(demand.shape[1]):
        bound = np.where(sales >= LEAST_SALES, MOST_TIMES * most, np.inf)
        now = np.minimum(demand[:, t], bound)  # NaN stays
        result[:, t] = now
        most = np.fmax(most, now)
        sales += np.nan_to_num(now) > 0
    return result
