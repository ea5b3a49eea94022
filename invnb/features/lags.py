"""Features of the past on wide arrays: lags, windows, trend and intermittency, each strictly from the past.

Every function takes an array (n_sku, n_period) with NaN for unknown and returns (n_sku, n_period + 1): column
p is what is known at the start of period p, that is from columns 0 to p - 1. The last column is today's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def lag(values: Floats, periods: int) -> Floats:
    """Return the value `periods` before, NaN where there is none.

    Examples
    --------
    >>> lag(np.array([[1.0, 2.0, 3.0]]), 1).tolist()
    [[nan, 1.0, 2.0, 3.0]]
    """
    if periods < 1:
        raise ValueError(f"periods must be at least 1, since the own period is not yet known, got {periods}")
    result = np.full((values.shape[0], values.shape[1] + 1), np.nan)
    result[:, periods:] = values[:, : values.shape[1] + 1 - periods]
    return result


def window_sum(values: Floats, periods: int) -> tuple[Floats, Floats]:
    """Return sum and number of known values in the last `periods` periods.

    Examples
    --------
    >>> total, known = window_sum(np.array([[1.0, np.nan, 3.0]]), 2)
    >>> total.tolist(), known.tolist()
    ([[0.0, 1.0, 1.0, 3.0]], [[0.0, 1.0, 1.0, 1.0]])
    """
    if periods < 1:
        raise ValueError(f"periods must be at least 1, got {periods}")
    known = ~np.isnan(values)
    sums = []
    for part in (np.where(known, values, 0.0), known.astype(np.float64)):
        total = np.zeros((part.shape[0], part.shape[1] + 1))
        np.cumsum(part, axis=1, out=total[:, 1:])
        recent = total.copy()
        if periods < total.shape[1]:
            recent[:, periods:] -= total[:, :-periods]
        sums.append(recent)
    # Differences of running sums leave rounding dust; what is no number of units is not shown as one.
    sums[0][np.abs(sums[0]) < 1e-9] = 0.0
    return sums[0], sums[1]


def window_mean(values: Floats, periods: int) -> Floats:
    """Return the mean of the known values in the last `periods` periods, NaN where none is known.

    Examples
    --------
    >>> window_mean(np.array([[1.0, np.nan, 3.0]]), 3).tolist()
    [[nan, 1.0, 1.0, 2.0]]
    """
    total, known = window_sum(values, periods)
    return np.divide(total, known, out=np.full_like(total, np.nan), where=known > 0)


def window_sd(values: Floats, periods: int) -> Floats:
    """Return the standard deviation (of the population) in the last `periods` periods, NaN below two values.

    Examples
    --------
    >>> window_sd(np.array([[1.0, 3.0]]), 2).tolist()
    [[nan, nan, 1.0]]
    """
    known = window_sum(values, periods)[1]
    square, mean = window_mean(values**2, periods), window_mean(values, periods)
    return np.where(known >= 2, np.sqrt(np.maximum(square - mean**2, 0.0)), np.nan)


def zero_share(values: Floats, periods: int) -> Floats:
    """Return the share of zeros among the known values of the last `periods` periods.

    Examples
    --------
    >>> zero_share(np.array([[0.0, 2.0]]), 2).tolist()
    [[nan, 1.0, 0.5]]
    """
    return window_mean(np.where(np.isnan(values), np.nan, values == 0), periods)


def periods_since_sale(values: Floats) -> Floats:
    """Return the number of periods since the last one with a sale (1: the one before), NaN before the first.

    Examples
    --------
    >>> periods_since_sale(np.array([[0.0, 2.0, 0.0, np.nan]])).tolist()
    [[nan, nan, 1.0, 2.0, 3.0]]
    """
    n, length = values.shape
    position = np.where(np.nan_to_num(values) > 0, np.arange(length), -1)
    last = np.full((n, length + 1), -1)
    last[:, 1:] = np.maximum.accumulate(position, axis=1)
    return np.where(last < 0, np.nan, np.arange(length + 1) - last)


def age(values: Floats) -> Floats:
    """Return the number of periods since the first known one, 0 before it.

    Examples
    --------
    >>> age(np.array([[np.nan, 0.0, 2.0]])).tolist()
    [[0.0, 0.0, 1.0, 2.0]]
    """
    known = ~np.isnan(values)
    first = np.where(known.any(axis=1), known.argmax(axis=1), values.shape[1])
    return np.maximum(np.arange(values.shape[1] + 1) - first[:, None], 0).astype(np.float64)


def known_so_far(values: Floats) -> Floats:
    """Return the number of known periods so far.

    Examples
    --------
    >>> known_so_far(np.array([[np.nan, 0.0, 2.0]])).tolist()
    [[0.0, 0.0, 1.0, 2.0]]
    """
    return window_sum(values, values.shape[1] + 1)[1]


def interval(values: Floats) -> Floats:
    """Return the average interval between sales (ADI) so far: known periods per period with a sale.

    Examples
    --------
    >>> interval(np.array([[0.0, 2.0, 0.0, 4.0]])).tolist()
    [[nan, nan, 2.0, 3.0, 2.0]]
    """
    all_periods = values.shape[1] + 1
    sold = window_sum(np.where(np.isnan(values), np.nan, values > 0), all_periods)[0]
    return np.divide(known_so_far(values), sold, out=np.full(sold.shape, np.nan), where=sold > 0)


def size_variation(values: Floats) -> Floats:
    """Return the squared coefficient of variation (CV²) of sizes above zero so far, NaN below two sales.

    Examples
    --------
    >>> size_variation(np.array([[1.0, 0.0, 3.0]])).tolist()
    [[nan, nan, nan, 0.25]]
    """
    sizes = np.where(values > 0, values, np.nan)
    all_periods = values.shape[1] + 1
    mean = window_mean(sizes, all_periods)
    return (window_sd(sizes, all_periods) / mean) ** 2


def last_known(values: Floats) -> Floats:
    """Return the last known value, NaN before the first.

    Examples
    --------
    >>> last_known(np.array([[1.0, np.nan]])).tolist()
    [[nan, 1.0, 1.0]]
    """
    length = values.shape[1]
    position = np.where(np.isnan(values), -1, np.arange(length))
    last = np.maximum.accumulate(position, axis=1)
    filled = np.where(last < 0, np.nan, np.take_along_axis(values, np.maximum(last, 0), axis=1))
    return lag(filled, 1)


def smoothed(values: Floats, rate: float | Floats) -> Floats:
    """Return the exponentially weighted mean of the known values so far, NaN before the first.

    It starts as a running mean: the weight of the k-th known value is max(rate, 1 / k).

    Parameters
    ----------
    values : (n_sku, n_period), NaN unknown.
    rate : weight of the newest value; (n_rate, 1) for several at once, which are then the first axis of the
        result.

    Examples
    --------
    >>> smoothed(np.array([[4.0, np.nan, 8.0, 0.0]]), 0.5).tolist()
    [[nan, 4.0, 4.0, 6.0, 3.0]]
    """
    n, length = values.shape
    level = np.zeros(np.broadcast_shapes(np.shape(rate), (n,)))
    result = np.full((length + 1, *level.shape), np.nan)
    seen = np.zeros(n)
    for t, y in enumerate(np.ascontiguousarray(values.T)):  # time first: a period's values lie side by side
        known = ~np.isnan(y)
        seen += known
        weight = np.where(known, np.maximum(rate, 1 / np.maximum(seen, 1)), 0.0)
        level = level + weight * (np.where(known, y, level) - level)
        result[t + 1] = np.where(seen > 0, level, np.nan)
    return np.ascontiguousarray(np.moveaxis(result, 0, -1))


def year_ago_ratio(values: Floats, season_periods: int) -> Floats:
    """Return the mean of the coming four periods a year ago over that of the thirteen before them, at most 5.

    Examples
    --------
    >>> year = np.repeat([2.0, 6.0], [13, 4])
    >>> year_ago_ratio(year[None], 4)[0, -1].item()
    3.0
    """
    coming, before = window_mean(values, 4), window_mean(values, 13)
    result = np.full(coming.shape, np.nan)
    there = values.shape[1] + 1 - season_periods
    if there > 0:
        result[:, season_periods:] = ratio(coming[:, 4 : there + 4], before[:, :there])
    return np.minimum(result, 5.0)


def ratio(above: Floats, below: Floats) -> Floats:
    """Return `above / below`, NaN where `below` is zero or unknown.

    Examples
    --------
    >>> ratio(np.array([2.0, 2.0]), np.array([4.0, 0.0])).tolist()
    [0.5, nan]
    """
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.nan_to_num(below) > 0)
