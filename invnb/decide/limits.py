"""Limits that couple products: what one unit uses of each, and what is available at this review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Limit:
    """One thing all products share.

    Parameters
    ----------
    name : "budget" or "storage".
    available : what this review's orders may use, in `unit`.
    use_per_unit : array (n_sku,), what one unit ordered uses.
    unit : unit of measure, e.g. "CNY" or "m³".
    """

    name: str
    available: float
    use_per_unit: np.ndarray
    unit: str


def review_limits(
    economics: pd.DataFrame,
    expected_stock_units: np.ndarray,
    *,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
) -> list[Limit]:
    """Limits of the order placed now: money, and room for it on the day it arrives.

    Parameters
    ----------
    economics : table `economics`, one row per product in the order of the arrays.
    expected_stock_units : (n_sku,), stock expected on hand when the order arrives, without it.
    budget : currency per review, or None.
    storage_m3 : m³ in all, or None; the stock expected to be there already takes its share first.
    currency : for the unit of the budget.

    Examples
    --------
    >>> economics = pd.DataFrame({"unit_cost": [2.0, 5.0], "volume_m3": [0.1, 0.2]})
    >>> found = review_limits(economics, np.array([10.0, 0.0]), budget=100.0, storage_m3=4.0, currency="CNY")
    >>> [(limit.name, limit.available) for limit in found]
    [('budget', 100.0), ('storage', 3.0)]
    """
    found = []
    if budget is not None:
        found.append(Limit("budget", float(budget), economics["unit_cost"].to_numpy(float), currency))
    if storage_m3 is not None:
        volume = economics["volume_m3"].to_numpy(float)
        free = max(float(storage_m3) - float(volume @ np.maximum(expected_stock_units, 0.0)), 0.0)
        found.append(Limit("storage", free, volume, "m³"))
    return found
