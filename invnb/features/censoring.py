"""Demand behind sales: what would have been sold in a period that sold out.

Two kinds of stock-out need opposite cures. A period in which a product could not be bought at all says
nothing and is masked (NaN). A period that sold out says that demand was at least what was sold; masking it
would drop the good weeks and bias demand further down, so it is estimated here.

What is estimated is the demand a product met on its own shelf: what it sold and what it lost, customers
included who came because another product had sold out. Sales cannot tell these from the others.

Every method takes the same arrays and returns demand (n_sku, n_period), NaN where `units` is; `METHODS` names
them. Each estimate depends on its own period and earlier ones alone, so that features built on it cannot
leak.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.features.censored_likelihood import expected_demand, mean_above
from invnb.features.kaplan_meier import kaplan_meier_mean
from invnb.features.wide import Wide

__all__ = [
    "METHODS",
    "demand_behind_sales",
    "demand_per_available_share",
    "estimate_demand",
    "kaplan_meier_demand",
    "mean_above",
    "sales_as_demand",
]

Floats = NDArray[np.float64]

KAPLAN_MEIER_PERIODS = 104
"""Known periods before a sold-out one whose demand is taken as its distribution."""


def sales_as_demand(
    units: ArrayLike,
    censored: ArrayLike,
    available_share: ArrayLike,
    *,
    seen_units: ArrayLike | None = None,
    seen_share: ArrayLike | None = None,
    cut_share: ArrayLike | None = None,
) -> Floats:
    """Return sales themselves, the naive estimate, for comparison; parameters as in `estimate_demand`.

    Examples
    --------
    >>> sales_as_demand([[3.0, 4.0]], [[True, False]], [[0.5, 1.0]]).tolist()
    [[3.0, 4.0]]
    """
    return np.array(units, dtype=np.float64)


def demand_per_available_share(
    units: ArrayLike,
    censored: ArrayLike,
    available_share: ArrayLike,
    *,
    seen_units: ArrayLike | None = None,
    seen_share: ArrayLike | None = None,
    cut_share: ArrayLike | None = None,
) -> Floats:
    """Return sales per unit of time in stock, where it sold out; parameters as in `estimate_demand`.

    Simple, but the day on which it sold out counts as a whole day, so the estimate stays low.

    Examples
    --------
    >>> demand_per_available_share([[3.0, 4.0]], [[True, False]], [[0.5, 0.5]]).tolist()
    [[6.0, 4.0]]
    """
    sold, share = np.asarray(units, dtype=np.float64), np.asarray(available_share, dtype=np.float64)
    usable = np.asarray(censored, dtype=bool) & (share > 0)
    return np.where(usable, sold / np.where(usable, share, 1.0), sold)


def kaplan_meier_demand(
    units: ArrayLike,
    censored: ArrayLike,
    available_share: ArrayLike,
    *,
    seen_units: ArrayLike | None = None,
    seen_share: ArrayLike | None = None,
    cut_share: ArrayLike | None = None,
) -> Floats:
    """Return sales, and in sold-out periods the Kaplan-Meier mean of demand that is at least the sales.

    The distribution is that of the product's last `KAPLAN_MEIER_PERIODS` known periods, sold-out ones as
    lower bounds; it knows no season and no level. Parameters as in `estimate_demand`; the shares are not
    used.

    Examples
    --------
    >>> history = [[5.0, 9.0, 4.0, 7.0, 4.0]]
    >>> sold_out = [[False, False, False, False, True]]
    >>> kaplan_meier_demand(history, sold_out, np.ones((1, 5))).tolist()  # the mean of 5, 9, 4 and 7
    [[5.0, 9.0, 4.0, 7.0, 6.25]]
    """
    sold = np.asarray(units, dtype=np.float64)
    cut = np.asarray(censored, dtype=bool) & ~np.isnan(sold)
    demand = sold.copy()
    for t in range(sold.shape[1]):
        rows = np.flatnonzero(cut[:, t])
        if rows.size and t:
            past = np.s_[rows, max(t - KAPLAN_MEIER_PERIODS, 0) : t]
            demand[rows, t] = kaplan_meier_mean(sold[past], cut[past], sold[rows, t])
    return demand


def estimate_demand(
    units: ArrayLike,
    censored: ArrayLike,
    available_share: ArrayLike,
    *,
    seen_units: ArrayLike | None = None,
    seen_share: ArrayLike | None = None,
    cut_share: ArrayLike | None = None,
) -> Floats:
    """Return demand with sold-out periods replaced by their conditional mean, using only the past.

    A running level and variance-to-mean ratio per product describe demand as negative binomial, and in a
    sold-out period the estimate is its mean given all the period showed: what was sold while there was stock
    to the evening, and at least so many on the day it ran out (`expected_demand`).

    Parameters
    ----------
    units : (n_sku, n_period) sales, NaN where nothing could be observed.
    censored : (n_sku, n_period) true where stock ended before demand did.
    available_share : (n_sku, n_period) share of open days with stock; NaN counts as 1.
    seen_units, seen_share, cut_share : (n_sku, n_period) what was sold on days with stock to the evening,
        the share of demand expected on these days, and on days that sold out; the rest had no stock. Where
        they are not given or NaN, a period with stock throughout counts as sold out on its last day, and
        another as one whose sales were made in `available_share` of its time.

    Returns
    -------
    (n_sku, n_period) demand in units, equal to sales where not censored, never below them.

    Raises
    ------
    ValueError : if some but not all of the last three are given, or the shapes differ.

    Examples
    --------
    >>> history = np.array([[5.0, 6.0, 4.0, 5.0, 3.0]])
    >>> sold_out = np.array([[False, False, False, False, True]])
    >>> estimate_demand(history, sold_out, np.ones((1, 5))).round(1).tolist()
    [[5.0, 6.0, 4.0, 5.0, 5.5]]
    """
    sold = np.asarray(units, dtype=np.float64)
    flag, share = np.asarray(censored, dtype=bool), np.asarray(available_share, dtype=np.float64)
    details = {"seen_units": seen_units, "seen_share": seen_share, "cut_share": cut_share}
    given = {name: np.asarray(x, dtype=np.float64) for name, x in details.items() if x is not None}
    if len(given) not in (0, 3):
        raise ValueError(f"seen_units, seen_share and cut_share go together, got {len(given)} of the three")
    for name, array in ({"censored": flag, "available_share": share} | given).items():
        if array.shape != sold.shape:
            raise ValueError(f"{name} must have the shape of units, {sold.shape}, got {array.shape}")
    share = np.clip(np.nan_to_num(share, nan=1.0), 0.0, 1.0)
    whole = share == 1
    shown = [np.where(whole, 0.0, sold), np.where(whole, 0.0, share), np.where(whole, 1.0, 0.0)]
    if given:
        unknown = np.isnan(list(given.values())).any(axis=0)
        shown = [np.where(unknown, a, b) for a, b in zip(shown, given.values(), strict=True)]
    shown[0] = np.clip(shown[0], 0.0, np.maximum(sold, 0.0))
    return expected_demand(sold, flag & ~np.isnan(sold), *shown)


METHODS: dict[str, Callable[..., Floats]] = {
    "naive": sales_as_demand,
    "velocity": demand_per_available_share,
    "Kaplan-Meier": kaplan_meier_demand,
    "censored likelihood": estimate_demand,
}
"""Ways to estimate demand from sales, by name; all take the arguments of `estimate_demand`, the default."""


def demand_behind_sales(wide: Wide, method: str = "censored likelihood") -> Floats:
    """Return the demand of a panel by one of `METHODS`.

    Examples
    --------
    >>> import pandas as pd
    >>> from invnb.features.wide import to_wide
    >>> panel = pd.DataFrame({"sku": "A", "period": pd.date_range("2026-01-05", periods=3, freq="7D"),
    ...     "status": ["sold", "sold", "out_of_stock"], "units": [4.0, 2.0, None],
    ...     "available_share": [1.0, 0.5, 0.0], "censored": [False, True, False]})
    >>> demand_behind_sales(to_wide(panel), "velocity").tolist()
    [[4.0, 4.0, nan]]
    """
    if method not in METHODS:
        raise ValueError(f'method = "{method}" is not one of {", ".join(METHODS)}')
    return METHODS[method](
        wide.units,
        wide.censored,
        wide.available_share,
        seen_units=wide.seen_units,
        seen_share=wide.seen_share,
        cut_share=wide.cut_share,
    )
