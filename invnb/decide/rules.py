"""Rules people use today, as levels: reorder at or below `reorder_point`, up to `order_up_to_level`.

Every rule sees a table of past demand (n_sku, n_past), NaN where nothing is known, and the periods an order
has to cover: lead time + review. Its safety is one number, days or z; `SAFETY` holds those people use, the
usual one first.
"""

from __future__ import annotations

import numpy as np

from invnb.decide.first_order import Levels

MOVING_DAYS = 56  # moving average of eight weeks
HALF_YEAR_DAYS = 182  # mean of min-max, and standard deviation of z sigma
LOT_DAYS = 28  # min-max: order four weeks at a time


def min_max(
    history: np.ndarray, cover_periods: np.ndarray, period_days: int = 7, safety_days: float = 7.0
) -> Levels:
    """Minimum and maximum from the mean of the last half year.

    Minimum: demand over `cover_periods` and the safety; maximum: four weeks more.

    Parameters
    ----------
    history : (n_sku, n_past), units, NaN unknown.
    cover_periods : (n_sku,), lead time + review. `period_days` : days in a period.
    safety_days : demand of so many days on top.

    Examples
    --------
    >>> levels = min_max(np.array([[2.0, 4.0]]), np.array([3]))
    >>> levels.reorder_point.tolist(), levels.order_up_to_level.tolist()
    ([12.0], [24.0])
    """
    mean = _mean(history[:, -(HALF_YEAR_DAYS // period_days) :])
    least = mean * (cover_periods + safety_days / period_days)
    return _levels(least, least + mean * LOT_DAYS / period_days)


def days_of_cover(
    history: np.ndarray, cover_periods: np.ndarray, period_days: int = 7, safety_days: float = 14.0
) -> Levels:
    """Up to so many days of cover beyond lead time and review, on the mean of the last eight weeks.

    Examples
    --------
    >>> days_of_cover(np.array([[0.0] + [3.0] * 8]), np.array([3])).order_up_to_level.tolist()
    [15.0]
    """
    recent = history[:, -(MOVING_DAYS // period_days) :]
    level = _mean(recent) * (cover_periods + safety_days / period_days)
    return _levels(level, level)


def z_sigma(history: np.ndarray, cover_periods: np.ndarray, period_days: int = 7, z: float = 1.645) -> Levels:
    """Mean of the last eight weeks over lead time and review plus z sigma sqrt(periods).

    Sigma is the standard deviation of the periods of the last half year; z is 95 % in the normal table.

    Examples
    --------
    >>> z_sigma(np.array([[1.0, 3.0] * 4]), np.array([4])).order_up_to_level.tolist()
    [12.0]
    """
    recent = history[:, -(HALF_YEAR_DAYS // period_days) :]
    known = np.sum(~np.isnan(recent), axis=1)
    squares = np.nansum((recent - _mean(recent)[:, None]) ** 2, axis=1)
    sigma = np.sqrt(squares / np.maximum(known - 1, 1))
    mean = _mean(history[:, -(MOVING_DAYS // period_days) :])
    level = mean * cover_periods + z * sigma * np.sqrt(cover_periods)
    return _levels(level, level)


RULES = {"min_max": min_max, "days_of_cover": days_of_cover, "z_sigma": z_sigma}
SAFETY = {
    "min_max": (7.0, 14.0, 21.0, 28.0, 42.0, 56.0),
    "days_of_cover": (14.0, 21.0, 28.0, 35.0, 42.0, 56.0),
    "z_sigma": (1.645, 2.054, 2.326, 2.576, 3.09, 3.72, 5.0),
}


def _mean(history: np.ndarray) -> np.ndarray:
    """Mean of what is known, 0 where nothing is."""
    return np.nansum(history, axis=1) / np.maximum(np.sum(~np.isnan(history), axis=1), 1)


def _levels(reorder_point: np.ndarray, order_up_to_level: np.ndarray) -> Levels:
    """Whole units, the level up: a level of 0.3 would otherwise never hold a unit."""
    up = np.ceil(order_up_to_level - 1e-9)
    base_stock = np.where(reorder_point >= order_up_to_level, up - 1, np.floor(reorder_point + 1e-9))
    return Levels(base_stock, up, np.full(len(up), np.nan))
