"""Demand behind sales: what would have been sold in a period that sold out.

Two kinds of stock-out need opposite cures. A period in which a product could not be bought at all says
nothing and is masked (NaN). A period that sold out says that demand was at least what was sold; masking it
would drop the good weeks and bias demand further down, so it is estimated here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LEVEL_RATE = 0.1
"""Weight of the newest period in the running level, once it is older than 1 / LEVEL_RATE periods."""
LEAST_DISPERSION = 1.05
MOST_DISPERSION = 50.0
"""Variance-to-mean ratios are kept in this range: just above Poisson, below what outliers suggest."""


def demand_per_available_share(units: ArrayLike, censored: ArrayLike, available_share: ArrayLike) -> Floats:
    """Return sales divided by the share of days on which the product could be bought, where it sold out.

    Parameters
    ----------
    units : (n_sku, n_period) sales, NaN unknown.
    censored : (n_sku, n_period) true where stock ended before demand did.
    available_share : (n_sku, n_period) share of open days on which it could be bought.

    Returns
    -------
    (n_sku, n_period) estimated demand in units; NaN stays NaN. Simple, but the day on which it sold out
    counts as a whole day, so the estimate stays low.

    Examples
    --------
    >>> demand_per_available_share([[3.0, 4.0]], [[True, False]], [[0.5, 0.5]]).tolist()
    [[6.0, 4.0]]
    """
    sold, share = np.asarray(units, dtype=np.float64), np.asarray(available_share, dtype=np.float64)
    usable = np.asarray(censored, dtype=bool) & (share > 0)
    return np.where(usable, sold / np.where(usable, share, 1.0), sold)


def mean_above(mean: ArrayLike, dispersion: ArrayLike, least: ArrayLike) -> Floats:
    """Return E[D | D >= least] for negative binomial demand.

    Parameters
    ----------
    mean : expected demand in units, above zero.
    dispersion : variance divided by mean, above one.
    least : lower bound of demand in units, zero or more.

    Returns
    -------
    The conditional mean, at least `least`. With r = mean / (dispersion - 1) and p = 1 / dispersion,
    d P(d; r, p) = mean P(d - 1; r + 1, p), hence E[D | D >= s] = mean P(D' >= s - 1) / P(D >= s), D' with r
    + 1.

    Examples
    --------
    >>> round(float(mean_above(4.0, 2.0, 0)), 6)
    4.0
    >>> round(float(mean_above(4.0, 2.0, 10)), 2)
    11.57
    """
    from scipy.stats import nbinom

    m, spread, s = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (mean, dispersion, np.ceil(least)))
    )
    r, p = m / (spread - 1), 1 / spread
    reached = nbinom.sf(s - 1, r, p)
    above = m * nbinom.sf(s - 2, r + 1, p)
    # Far in the tail both are rounded to nothing; the negative binomial's excess there tends to 1 / p - 1.
    far = reached < 1e-12
    return np.where(far, s + spread - 1, np.maximum(above / np.where(far, 1.0, reached), s))


def estimate_demand(units: ArrayLike, censored: ArrayLike, available_share: ArrayLike) -> Floats:
    """Return demand with sold-out periods replaced by their conditional mean, using only the past.

    A running level and variance-to-mean ratio per product describe demand as negative binomial. In a sold-out
    period the estimate is E[D | D >= units]; where a part of the period had no stock, the missing share is
    added at the rate to which the units sold pull the level (gamma-Poisson), whichever is more. Each estimate
    depends on its own period and earlier ones alone, so that features built on it cannot leak.

    Parameters
    ----------
    units : (n_sku, n_period) sales, NaN where nothing could be observed.
    censored : (n_sku, n_period) true where stock ended before demand did.
    available_share : (n_sku, n_period) share of open days with stock; NaN counts as 1.

    Returns
    -------
    (n_sku, n_period) demand in units, equal to sales where not censored, never below them.

    Source: Nahmias, "Demand estimation in lost sales inventory systems", Naval Research Logistics 41 (1994),
    for the censored likelihood; gamma-Poisson updating as in any text on Bayesian statistics.

    Examples
    --------
    >>> history = np.array([[5.0, 6.0, 4.0, 5.0, 3.0]])
    >>> sold_out = np.array([[False, False, False, False, True]])
    >>> estimate_demand(history, sold_out, np.ones((1, 5))).round(1).tolist()
    [[5.0, 6.0, 4.0, 5.0, 5.5]]
    """
    sold = np.asarray(units, dtype=np.float64)
    cut = np.asarray(censored, dtype=bool) & ~np.isnan(sold)
    share = np.clip(np.nan_to_num(np.asarray(available_share, dtype=np.float64), nan=1.0), 0.0, 1.0)
    demand = sold.copy()
    level = np.zeros(len(sold))
    dispersion = np.full(len(sold), 2.0)
    seen = np.zeros(len(sold))
    for t in range(sold.shape[1]):
        rows = np.flatnonzero(cut[:, t])
        if rows.size:
            mean = np.where(seen[rows] > 0, level[rows], sold[rows, t])
            demand[rows, t] = _censored_mean(mean, dispersion[rows], sold[rows, t], share[rows, t])
        known = ~np.isnan(demand[:, t])
        weight = np.where(known, np.maximum(LEVEL_RATE, 1 / (seen + 1)), 0.0)
        error = np.where(known, np.nan_to_num(demand[:, t]) - level, 0.0)
        # The first period has no error to learn a spread from; a spread learned from few is half the default.
        learn = np.where(seen > 0, np.maximum(LEVEL_RATE, 1 / (seen + 2)), 0.0) * known
        ratio = error**2 / np.maximum(level, 0.1)
        dispersion = np.clip(dispersion + learn * (ratio - dispersion), LEAST_DISPERSION, MOST_DISPERSION)
        level += weight * error
        seen += known
    return demand


def _censored_mean(mean: Floats, dispersion: Floats, sold: Floats, share: Floats) -> Floats:
    safe = np.maximum(mean, 0.05)
    at_least = mean_above(safe, dispersion, sold)
    shape = safe / (dispersion - 1)  # of the gamma rate whose Poisson mixture is this negative binomial
    rate = (shape + sold) / (shape / safe + share)
    return np.maximum(at_least, sold + (1 - share) * rate)
