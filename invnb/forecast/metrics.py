"""Forecast metrics: pure functions on masked arrays.

Demand and forecast have the same shape; a NaN in demand (unknown: closed, out of stock, not launched) takes
the element out of the metric. Errors are forecast minus demand, so that a plus means too much. A scaled
metric divides by what a naive forecast misses in the training series of the same product; where that series
is constant or too short the scale is NaN and the product is left out of a mean and counted, never an
infinity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def _errors(demand: ArrayLike, forecast: ArrayLike) -> tuple[Floats, Floats]:
    """Return known demand and the errors there, both flat."""
    d, f = np.broadcast_arrays(np.asarray(demand, dtype=np.float64), np.asarray(forecast, dtype=np.float64))
    known = ~np.isnan(d)
    wrong = known & ~np.isfinite(f)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"forecast must be finite where demand is known, got {f[wrong][0]} at index {place}")
    return d[known], f[known] - d[known]


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")


def mean_squared_error(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return mean e², in units². Rewards the mean; one large miss outweighs many small ones.

    Examples
    --------
    >>> mean_squared_error([1, 3, np.nan], [2, 1, 9])
    2.5
    """
    return _mean(_errors(demand, forecast)[1] ** 2)


def mean_absolute_error(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return mean |e|, in units. Rewards the median: for a slow mover a forecast of zero.

    Examples
    --------
    >>> mean_absolute_error([1, 3, np.nan], [2, 1, 9])
    1.5
    """
    return _mean(np.abs(_errors(demand, forecast)[1]))


def bias(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return mean e, in units; plus means too much. Zero for the mean, not for the median of skewed demand.

    Examples
    --------
    >>> bias([1, 3], [2, 1])
    -0.5
    """
    return _mean(_errors(demand, forecast)[1])


def relative_bias(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return sum e / sum demand, as a share; a ratio of sums, not a mean of ratios. NaN without demand.

    Examples
    --------
    >>> relative_bias([1, 3], [2, 1])
    -0.25
    """
    d, e = _errors(demand, forecast)
    return _ratio(float(e.sum()), float(d.sum()))


def weighted_absolute_percentage_error(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return WAPE = sum |e| / sum demand, as a share. Rewards the median, weighs by volume, hides bias.

    Examples
    --------
    >>> weighted_absolute_percentage_error([1, 3], [2, 1])
    0.75
    """
    d, e = _errors(demand, forecast)
    return _ratio(float(np.abs(e).sum()), float(d.sum()))


def mean_absolute_percentage_error(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return MAPE = mean |e| / demand over demand above zero, as a share. Punishes too much more than too
    little.

    Examples
    --------
    >>> mean_absolute_percentage_error([1, 4, 0], [2, 3, 5])
    0.625
    """
    d, e = _errors(demand, forecast)
    return _mean(np.abs(e[d > 0]) / d[d > 0])


def symmetric_absolute_percentage_error(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return sMAPE = mean 2 |e| / (forecast + demand), from 0 to 2; zero against zero counts as no error.

    Examples
    --------
    >>> symmetric_absolute_percentage_error([1, 0], [3, 0])
    0.5
    """
    d, e = _errors(demand, forecast)
    total = np.abs(e + d) + d
    return _mean(np.divide(2 * np.abs(e), total, out=np.zeros_like(total), where=total > 0))


def naive_scale(training: ArrayLike, *, power: int, season_periods: int = 1) -> Floats:
    """Return what a naive forecast misses in training: mean |y_t - y_(t-m)|^power per product.

    Parameters
    ----------
    training : (..., n_period) demand before the forecast, NaN unknown. Begins at the first demand above zero.
    power : 1 for MASE and scaled pinball, 2 for RMSSE.
    season_periods : m.

    Returns
    -------
    (...) scale in units^power; NaN where the series is constant or has no pair of known periods: there a
    scaled metric is undefined, the product is left out and counted.

    Source: Hyndman & Koehler (2006), "Another look at measures of forecast accuracy", International Journal
    of Forecasting 22; M5 competitors' guide (2020) for the start at the first sale.

    Examples
    --------
    >>> naive_scale([[0.0, 0.0, 1.0, 3.0, 3.0], [2.0, 2.0, 2.0, 2.0, 2.0]], power=1).tolist()
    [1.0, nan]
    """
    y = np.asarray(training, dtype=np.float64)
    if power not in (1, 2):
        raise ValueError(f"power must be 1 or 2, got {power}")
    started = np.maximum.accumulate(np.nan_to_num(y) > 0, axis=-1)
    y = np.where(started, y, np.nan)
    m = season_periods
    if y.shape[-1] <= m:
        return np.full(y.shape[:-1], np.nan)
    step = np.abs(y[..., m:] - y[..., :-m]) ** power
    known = ~np.isnan(step)
    count = known.sum(axis=-1)
    total = np.where(known, step, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=(count > 0) & (total > 0))


def root_mean_squared_scaled_error(demand: ArrayLike, forecast: ArrayLike, training: ArrayLike) -> float:
    """Return RMSSE: sqrt(mean e² / naive scale) per product, averaged over products. Rewards the mean.

    Parameters
    ----------
    demand, forecast : (n_sku, n_period) or (n_period,) in units.
    training : (n_sku, n_before) or (n_before,) demand before the forecast, in units.

    Returns
    -------
    A number without unit; below 1 beats the one-step naive forecast in training. Products with an undefined
    scale (`naive_scale`) or without known demand are left out; NaN if none is left.

    Source: M5 competitors' guide (2020).

    Examples
    --------
    >>> root_mean_squared_scaled_error([3.0, 5.0], [4.0, 4.0], [1.0, 3.0, 1.0, 3.0])
    0.5
    """
    square = _per_product(demand, forecast, 2) / naive_scale(training, power=2)
    return _mean(np.sqrt(np.atleast_1d(square)[~np.isnan(np.atleast_1d(square))]))


def mean_absolute_scaled_error(
    demand: ArrayLike, forecast: ArrayLike, training: ArrayLike, season_periods: int = 1
) -> float:
    """Return MASE: mean |e| / naive scale per product, averaged over products. Rewards the median.

    Parameters and rule for constant series as in `root_mean_squared_scaled_error`.

    Source: Hyndman & Koehler (2006), International Journal of Forecasting 22.

    Examples
    --------
    >>> mean_absolute_scaled_error([3.0, 5.0], [4.0, 4.0], [1.0, 3.0, 1.0, 3.0])
    0.5
    """
    absolute = _per_product(demand, forecast, 1) / naive_scale(
        training, power=1, season_periods=season_periods
    )
    return _mean(np.atleast_1d(absolute)[~np.isnan(np.atleast_1d(absolute))])


def _per_product(demand: ArrayLike, forecast: ArrayLike, power: int) -> Floats:
    """Return the mean of |e|^power over the last axis, NaN where no demand is known."""
    e = np.abs(np.asarray(forecast, dtype=np.float64) - np.asarray(demand, dtype=np.float64)) ** power
    known = ~np.isnan(e)
    count = known.sum(axis=-1)
    total = np.where(known, e, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def pinball_losses(demand: ArrayLike, quantile: ArrayLike, level: ArrayLike) -> Floats:
    """Return the pinball loss of each element: level (d - q) if d >= q, else (1 - level)(q - d). NaN unknown.

    Rewards the quantile at `level`. With the critical ratio as level it is proportional to the newsvendor's
    regret in money.

    Source: Koenker & Bassett (1978), "Regression quantiles", Econometrica 46.

    Examples
    --------
    >>> pinball_losses([10.0, 2.0], [4.0, 4.0], 0.9).round(2).tolist()
    [5.4, 0.2]
    """
    d, q = np.asarray(demand, dtype=np.float64), np.asarray(quantile, dtype=np.float64)
    level = np.asarray(level, dtype=np.float64)
    if np.any((level <= 0) | (level >= 1)):
        raise ValueError(f"level must be strictly between 0 and 1, got {level.ravel()[0]}")
    return np.maximum(level * (d - q), (level - 1) * (d - q))


def pinball(demand: ArrayLike, quantile: ArrayLike, level: float) -> float:
    """Return the mean pinball loss over known demand, in units.

    Examples
    --------
    >>> round(pinball([10.0, 2.0, np.nan], [4.0, 4.0, 4.0], 0.9), 2)
    2.8
    """
    losses = pinball_losses(demand, quantile, level)
    return _mean(losses[~np.isnan(losses)])


def scaled_pinball(demand: ArrayLike, quantile: ArrayLike, level: float, training: ArrayLike) -> float:
    """Return the mean pinball loss per product over its naive scale, averaged over products.

    Parameters and rule for constant series as in `root_mean_squared_scaled_error`.

    Source: M5 Uncertainty competitors' guide (2020).

    Examples
    --------
    >>> scaled_pinball([3.0, 5.0], [4.0, 4.0], 0.5, [1.0, 3.0, 1.0, 3.0])
    0.25
    """
    losses = pinball_losses(demand, quantile, level)
    known = ~np.isnan(losses)
    count = known.sum(axis=-1)
    total = np.where(known, losses, 0.0).sum(axis=-1)
    mean = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
    scaled = np.atleast_1d(mean / naive_scale(training, power=1))
    return _mean(scaled[~np.isnan(scaled)])


def coverage(demand: ArrayLike, quantile: ArrayLike) -> float:
    """Return the share of known demand at or below the quantile: to be compared with the quantile's level.

    Examples
    --------
    >>> round(coverage([1.0, 2.0, 3.0, np.nan], [2.0, 2.0, 2.0, 2.0]), 3)
    0.667
    """
    d, q = np.broadcast_arrays(np.asarray(demand, dtype=np.float64), np.asarray(quantile, dtype=np.float64))
    known = ~np.isnan(d)
    return _mean((d[known] <= q[known]).astype(np.float64))


def binomial_interval(hits: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share: where the true one lies if the `n` trials were independent.

    Source: Wilson (1927), Journal of the American Statistical Association 22.

    Examples
    --------
    >>> low, high = binomial_interval(90, 100)
    >>> round(low, 3), round(high, 3)
    (0.826, 0.945)
    """
    from statistics import NormalDist

    if n <= 0:
        return float("nan"), float("nan")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return float(middle - half), float(middle + half)


def tracking_signal(demand: ArrayLike, forecast: ArrayLike) -> float:
    """Return sum e / MAE; beyond plus or minus 4 a forecast is called biased.

    Source: Trigg (1964), "Monitoring a forecasting system", Operational Research Quarterly 15.

    Examples
    --------
    >>> tracking_signal([1.0, 3.0], [2.0, 4.0])
    2.0
    """
    e = _errors(demand, forecast)[1]
    return float(e.sum()) / _mean(np.abs(e)) if np.any(e) else 0.0 if e.size else float("nan")
