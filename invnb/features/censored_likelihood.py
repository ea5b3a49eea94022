"""Mean demand given what a sold-out period showed, under a negative binomial law with a running level."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

DRIFT_VARIANCE = 0.016
"""Variance of the relative change of a product's level from one period to the next."""
SPREAD_RATE = 0.05
"""Weight of the newest period in the variance-to-mean ratio, once it is older than 1 / SPREAD_RATE."""
LEAST_DISPERSION = 1.05
MOST_DISPERSION = 50.0
"""Variance-to-mean ratios are kept in this range: just above Poisson, below what outliers suggest."""
FIRST_DISPERSION = 2.0
LEAST_LEVEL = 0.05
"""Units per period below which a level is not believed."""
LONGEST_INTERVAL = 1.32
"""Average interval between demands beyond which a product is intermittent (Syntetos and Boylan 2005)."""


def mean_above(mean: ArrayLike, dispersion: ArrayLike, least: ArrayLike) -> Floats:
    """Return E[D | D >= least] for negative binomial demand.

    Parameters
    ----------
    mean : expected demand in units, above zero.
    dispersion : variance divided by mean, above one.
    least : lower bound of demand in units, zero or more; the law is carried on between whole numbers.

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
    return _moments_above(mean, dispersion, least)[0]


def _moments_above(mean: ArrayLike, dispersion: ArrayLike, least: ArrayLike) -> tuple[Floats, Floats]:
    """Mean and variance of D given D >= least; the second factorial moment follows as the mean does."""
    m, spread, s = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (mean, dispersion, least)))
    r, excess = m / (spread - 1), spread - 1
    reached = _at_least(s, r, spread)
    # Far in the tail all are rounded to nothing; the negative binomial's excess there tends to a geometric.
    far = reached < 1e-12
    chance = np.where(far, 1.0, reached)
    first = np.where(far, s + excess, np.maximum(m * _at_least(s - 1, r + 1, spread) / chance, s))
    second = m * (m + excess) * _at_least(s - 2, r + 2, spread) / chance  # E[D (D - 1) | D >= s]
    variance = np.where(far, excess * spread, second + first - first**2)
    return first, np.maximum(variance, 0.0)


def _at_least(units: Floats, r: Floats, dispersion: Floats) -> Floats:
    """P(D >= units) of the negative binomial law with shape r and success probability 1 / dispersion."""
    from scipy.special import betainc

    return np.where(units > 0, betainc(np.maximum(units, 1e-9), r, 1 - 1 / dispersion), 1.0)


def expected_demand(
    units: Floats,
    censored: NDArray[np.bool_],
    seen_units: Floats,
    seen_share: Floats,
    cut_share: Floats,
) -> Floats:
    """Return sales, and in sold-out periods mean demand given all the period showed and the periods before.

    Demand of a period is Poisson with a gamma rate, whose mean is the product's running level and whose
    spread gives the product's variance-to-mean ratio. Sales on days with stock update the rate (a conjugate
    step); the day that sold out had at least its sales; the days without stock get the updated rate. Of
    intermittent products, whose spread comes from the size of single orders, the parts of a period are taken
    as independent instead: a large order tells nothing of the days after it.

    Level and spread are exponential averages of estimated demand and its expected squared error. The weight
    of the newest period is the steady-state Kalman gain of a level that drifts, large where a period tells
    much (many units, little spread).

    Parameters
    ----------
    units : (n_sku, n_period) sales, NaN unknown.
    censored : (n_sku, n_period) true where demand was seen in part.
    seen_units, seen_share, cut_share : as in `invnb.features.censoring.estimate_demand`; no NaN where
        `censored`.

    Returns
    -------
    (n_sku, n_period) demand in units.

    Source: Nahmias, "Demand estimation in lost sales inventory systems", Naval Research Logistics 41 (1994),
    for the censored likelihood; West and Harrison, "Bayesian Forecasting and Dynamic Models" (1997), chapter
    2, for gain and gamma-Poisson updating.

    Examples
    --------
    >>> units, sold_out = np.array([[6.0, 6.0, 4.0]]), np.array([[False, False, True]])
    >>> seen_units, seen, cut = np.array([[6.0, 6.0, 4.0]]), np.array([[1, 1, 0.5]]), np.zeros((1, 3))
    >>> expected_demand(units, sold_out, seen_units, seen, cut).round(2).tolist()
    [[6.0, 6.0, 7.14]]
    """
    n_sku, n_period = units.shape
    demand = units.copy()
    level, n_known, n_positive = np.zeros(n_sku), np.zeros(n_sku), np.zeros(n_sku)
    squared_error, dispersion = np.zeros(n_sku), np.full(n_sku, FIRST_DISPERSION)
    for t in range(n_period):
        known = ~np.isnan(units[:, t])
        variance = np.zeros(n_sku)
        rows = np.flatnonzero(censored[:, t] & known)
        if rows.size:
            shown = [x[rows, t] for x in (units, seen_units, seen_share, cut_share)]
            # A product that begins sold out is believed to go on as it began.
            began = shown[0] / np.maximum(shown[2] + shown[3], 0.15)
            mean = np.maximum(np.where(n_known[rows] > 0, level[rows], began), LEAST_LEVEL)
            intermittent = (n_positive[rows] + 1) * LONGEST_INTERVAL < n_known[rows] + 1
            for part, given in ((intermittent, _given_independent), (~intermittent, _given_common_rate)):
                at = rows[part]
                demand[at, t], variance[at] = given(mean[part], dispersion[at], *(x[part] for x in shown))
        wanted = np.nan_to_num(demand[:, t])
        squared = np.where(n_known > 0, (wanted - level) ** 2 + variance, FIRST_DISPERSION * wanted)
        # The spread assumed at first counts as two periods.
        learn = np.where(n_known > 0, np.maximum(SPREAD_RATE, 1 / (n_known + 2)), 1.0)
        squared_error += np.where(known, learn * (squared - squared_error), 0.0)
        signal = DRIFT_VARIANCE * level / dispersion
        gain = (np.sqrt(signal**2 + 4 * signal) - signal) / 2
        level += np.where(known, np.maximum(gain, 1 / (n_known + 1)), 0.0) * (wanted - level)
        dispersion = (squared_error + FIRST_DISPERSION * LEAST_LEVEL) / (level + LEAST_LEVEL)
        dispersion = np.clip(dispersion, LEAST_DISPERSION, MOST_DISPERSION)
        n_known += known
        n_positive += known & (wanted > 0.5)
    return demand


def _given_common_rate(
    mean: Floats, dispersion: Floats, units: Floats, seen_units: Floats, seen: Floats, cut: Floats
) -> tuple[Floats, Floats]:
    """Mean and variance of a period's demand if one gamma rate rules all of it."""
    shape, rate = mean / (dispersion - 1) + seen_units, 1 / (dispersion - 1) + seen
    on_cut, spread = _on_cut_part(shape * cut / rate, 1 + cut / rate, cut, units - seen_units)
    # Given demand on the cut part, the part without stock is negative binomial around (shape + it) * more.
    more = np.maximum(1 - seen - cut, 0.0) / (rate + cut)
    demand = seen_units + on_cut + (shape + on_cut) * more
    variance = (1 + more) ** 2 * spread + (shape + on_cut) * more * (1 + more)
    return np.maximum(demand, units), variance


def _given_independent(
    mean: Floats, dispersion: Floats, units: Floats, seen_units: Floats, seen: Floats, cut: Floats
) -> tuple[Floats, Floats]:
    """Mean and variance of a period's demand if its parts are independent."""
    on_cut, spread = _on_cut_part(mean * cut, dispersion, cut, units - seen_units)
    without = mean * np.maximum(1 - seen - cut, 0.0)
    return np.maximum(seen_units + on_cut + without, units), spread + without * dispersion


def _on_cut_part(mean: Floats, dispersion: Floats, cut: Floats, least: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of demand on days that sold out, of which there may be none."""
    some = cut > 0
    first, second = _moments_above(np.where(some, mean, 1.0), np.where(some, dispersion, 2.0), least)
    return np.where(some, first, 0.0), np.where(some, second, 0.0)
