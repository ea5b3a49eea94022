"""Simple methods on the demand history alone, for a whole panel at once.

Each takes demand (n_sku, n_period) in units with NaN for unknown and returns expected demand per coming
period, (n_sku, horizon). Unknown periods are passed over: they neither move a level nor count as zero. A
product without a known period gets NaN, which the caller replaces by what look-alikes sell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from invnb.features.lags import last_known, smoothed, window_mean

Floats = NDArray[np.float64]

SMOOTHING_RATES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Rates tried per product; the one with the least squared one-step error in its history is used."""
_RATES = np.array(SMOOTHING_RATES)[:, None]
MOVING_AVERAGE_PERIODS = 8


def _flat(level: Floats, horizon: int) -> Floats:
    return np.repeat(level[:, None], horizon, axis=1)


def seasonal_naive(history: Floats, horizon: int, season_periods: int) -> Floats:
    """Return demand of the same period one year before; the last known value where there is none.

    Examples
    --------
    >>> seasonal_naive(np.array([[1.0, 2.0, 3.0]]), 2, season_periods=3).tolist()
    [[1.0, 2.0]]
    >>> seasonal_naive(np.array([[1.0, 2.0, np.nan]]), 2, season_periods=52).tolist()
    [[2.0, 2.0]]
    """
    forecast = _flat(last_known(history)[:, -1], horizon)
    length = history.shape[1]
    source = length + np.arange(horizon) % season_periods - season_periods
    there = source >= 0
    year_ago = np.full_like(forecast, np.nan)
    year_ago[:, there] = history[:, source[there]]
    return np.where(np.isnan(year_ago), forecast, year_ago)


def moving_average(history: Floats, horizon: int, season_periods: int) -> Floats:
    """Return the mean of the last eight periods; of all known ones where none of the eight is known.

    Examples
    --------
    >>> moving_average(np.array([[9.0, 1, 1, 1, 1, 1, 1, 1, 1]]), 1, season_periods=52).tolist()
    [[1.0]]
    """
    recent = window_mean(history, MOVING_AVERAGE_PERIODS)[:, -1]
    return _flat(
        np.where(np.isnan(recent), window_mean(history, history.shape[1] + 1)[:, -1], recent), horizon
    )


def exponential_smoothing(history: Floats, horizon: int, season_periods: int) -> Floats:
    """Return simple exponential smoothing's level, its rate chosen per product.

    The level starts as a running mean: the weight of the k-th known period is max(rate, 1 / k).

    Source: Brown (1959), "Statistical Forecasting for Inventory Control".

    Examples
    --------
    >>> exponential_smoothing(np.array([[4.0, 4.0, np.nan, 4.0]]), 2, season_periods=52).tolist()
    [[4.0, 4.0]]
    """
    return _flat(_best(history, smoothed(history, _RATES)), horizon)


def croston_sba(history: Floats, horizon: int, season_periods: int) -> Floats:
    """Return Croston's size over interval with the Syntetos-Boylan correction, its rate chosen per product.

    Source: Croston (1972), Operational Research Quarterly 23; Syntetos & Boylan (2005), "The accuracy of
    intermittent demand estimates", International Journal of Forecasting 21: forecast (1 - rate / 2) size /
    interval.

    Examples
    --------
    >>> croston_sba(np.array([[0.0, 4.0, 0.0, 4.0]]), 1, season_periods=52).round(3).tolist()
    [[1.95]]
    """
    return _flat(_best(history, _croston(history, _RATES)), horizon)


def tsb(history: Floats, horizon: int, season_periods: int) -> Floats:
    """Return the Teunter-Syntetos-Babai forecast: smoothed chance of demand times smoothed size.

    The chance falls in every period without demand, so that a product that stopped selling fades out.

    Source: Teunter, Syntetos & Babai (2011), "Intermittent demand: linking forecasting to inventory
    obsolescence", European Journal of Operational Research 214.

    Examples
    --------
    >>> tsb(np.array([[2.0, 2.0, 2.0]]), 1, season_periods=52).tolist()
    [[2.0]]
    """
    return _flat(_best(history, _tsb(history, _RATES)), horizon)


def _croston(history: Floats, rate: float | Floats) -> Floats:
    n, length = history.shape
    shape = np.broadcast_shapes(np.shape(rate), (n,))
    result = np.full((length + 1, *shape), np.nan)
    size, interval, since, sales, seen = np.zeros(shape), np.zeros(shape), *(np.zeros(n) for _ in range(3))
    for t, y in enumerate(np.ascontiguousarray(history.T)):
        known, units = ~np.isnan(y), np.nan_to_num(y)
        sold = units > 0
        seen += known
        since += known
        sales += sold
        weight = np.where(sold, np.maximum(rate, 1 / np.maximum(sales, 1)), 0.0)
        size = size + weight * (units - size)
        interval = interval + weight * (since - interval)
        since = np.where(sold, 0.0, since)
        # Before the first sale the interval is at least as long as what has passed: no demand is expected.
        rate_now = np.where(sales > 0, (1 - rate / 2) * size / np.maximum(interval, 1.0), 0.0)
        result[t + 1] = np.where(seen > 0, rate_now, np.nan)
    return np.ascontiguousarray(np.moveaxis(result, 0, -1))


def _tsb(history: Floats, rate: float | Floats) -> Floats:
    n, length = history.shape
    shape = np.broadcast_shapes(np.shape(rate), (n,))
    result = np.full((length + 1, *shape), np.nan)
    size, chance, sales, seen = np.zeros(shape), np.zeros(shape), np.zeros(n), np.zeros(n)
    for t, y in enumerate(np.ascontiguousarray(history.T)):
        known, units = ~np.isnan(y), np.nan_to_num(y)
        sold = units > 0
        seen += known
        sales += sold
        size_weight = np.where(sold, np.maximum(rate, 1 / np.maximum(sales, 1)), 0.0)
        chance_weight = np.where(known, np.maximum(rate, 1 / np.maximum(seen, 1)), 0.0)
        size = size + size_weight * (units - size)
        chance = chance + chance_weight * (sold - chance)
        result[t + 1] = np.where(seen > 0, chance * size, np.nan)
    return np.ascontiguousarray(np.moveaxis(result, 0, -1))


def _best(history: Floats, paths: Floats) -> Floats:
    """Return, per product, the last forecast of the rate with the least squared one-step error.

    `paths` is (n_rate, n_sku, n_period + 1): what each rate forecasts at the start of every period.
    """
    errors = (paths[:, :, :-1] - history) ** 2
    known = ~np.isnan(errors)
    total = np.where(known, errors, 0.0).sum(axis=2)
    winner = total.argmin(axis=0)  # at a tie the slowest rate, listed first
    return paths[winner, np.arange(history.shape[0]), -1]
