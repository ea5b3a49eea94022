"""Rules people use today, as levels: reorder at or below `reorder_point`, up to `order_up_to_level`.

Every rule sees a table of past demand (n_sku, n_past), NaN where nothing is known, and the periods an order
has to cover: lead time + review.
"""

from __future__ import annotations

import numpy as np

from invnb.decide.first_order import Levels

MOVING_PERIODS = 8
SAFETY_PERIODS = 1.0  # min-max: one period of safety
LOT_PERIODS = 4.0  # min-max: order four periods at a time
COVER_PERIODS = 2.0  # days of cover: two periods beyond lead time and review
SERVICE_Z = 1.645  # z sigma: 95 % in the normal table


def min_max(history: np.ndarray, cover_periods: np.ndarray) -> Levels:
    """Fixed minimum and maximum, set once from the mean of all the history handed in.

    Minimum: demand over `cover_periods` and one period of safety; maximum: four periods more.

    Parameters
    ----------
    history : (n_sku, n_past), units, NaN unknown.
    cover_periods : (n_sku,), lead time + review.

    Examples
    --------
    >>> levels = min_max(np.array([[2.0, 4.0]]), np.array([3]))
    >>> levels.reorder_point.tolist(), levels.order_up_to_level.tolist()
    ([12.0], [24.0])
    """
    mean = _mean(history)
    least = mean * (cover_periods + SAFETY_PERIODS)
    return _levels(least, least + mean * LOT_PERIODS)


def days_of_cover(history: np.ndarray, cover_periods: np.ndarray) -> Levels:
    """Up to two periods of cover beyond lead time and review, on the mean of the last eight periods.

    Examples
    --------
    >>> days_of_cover(np.array([[0.0] + [3.0] * 8]), np.array([3])).order_up_to_level.tolist()
    [15.0]
    """
    level = _mean(history[:, -MOVING_PERIODS:]) * (cover_periods + COVER_PERIODS)
    return _levels(level, level)


def z_sigma(history: np.ndarray, cover_periods: np.ndarray) -> Levels:
    """Mean of the last eight periods over lead time and review plus z sigma sqrt(periods), z of 95 %.

    Sigma is the standard deviation of the last 26 periods.

    Examples
    --------
    >>> z_sigma(np.array([[1.0, 3.0] * 4]), np.array([4])).order_up_to_level.tolist()
    [12.0]
    """
    recent = history[:, -26:]
    known = np.sum(~np.isnan(recent), axis=1)
    squares = np.nansum((recent - _mean(recent)[:, None]) ** 2, axis=1)
    sigma = np.sqrt(squares / np.maximum(known - 1, 1))
    level = _mean(history[:, -MOVING_PERIODS:]) * cover_periods + SERVICE_Z * sigma * np.sqrt(cover_periods)
    return _levels(level, level)


RULES = {"min_max": min_max, "days_of_cover": days_of_cover, "z_sigma": z_sigma}


def _mean(history: np.ndarray) -> np.ndarray:
    """Mean of what is known, 0 where nothing is."""
    return np.nansum(history, axis=1) / np.maximum(np.sum(~np.isnan(history), axis=1), 1)


def _levels(reorder_point: np.ndarray, order_up_to_level: np.ndarray) -> Levels:
    """Whole units, the level up: a level of 0.3 would otherwise never hold a unit."""
    up = np.ceil(order_up_to_level - 1e-9)
    base_stock = np.where(reorder_point >= order_up_to_level, up - 1, np.floor(reorder_point + 1e-9))
    return Levels(base_stock, up, np.full(len(up), np.nan))
