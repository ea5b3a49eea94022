"""How forecasts of lead-time demand are judged: sums over masked windows, scaled pinball, coverage, RMSSE.

Arrays have the axes (origin, product, window) and, for quantiles, the level behind them. A window is the sum
of the judged periods among the first w after an origin; every method is judged on the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from invnb.forecast.metrics import naive_scale, pinball_losses

Floats = NDArray[np.float64]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
COVERED = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Folds:
    """What all methods forecast and are judged on.

    Parameters
    ----------
    origins : (n_origin,) index of the first period forecast.
    windows : (n_window,) periods summed.
    judged : (n_origin, n_sku, horizon) demand in units after each origin, NaN not judged.
    actual : (n_origin, n_sku, n_window) its sums, NaN where too few periods of the window are judged.
    scale : (n_origin, n_sku) mean absolute step of the demand seen before the origin; NaN where constant.
    square_scale : (n_origin, n_sku) the same of squared steps.
    """

    origins: NDArray[np.int64]
    windows: tuple[int, ...]
    judged: Floats
    actual: Floats
    scale: Floats
    square_scale: Floats

    def sums(self, values: Floats) -> Floats:
        """Return sums of (n_origin, n_sku, ..., horizon) values over each window's judged periods."""
        known = ~np.isnan(self.judged)
        known = known.reshape(*known.shape[:2], *(1,) * (values.ndim - 3), known.shape[2])
        return np.where(known, values, 0.0).cumsum(axis=-1)[..., np.array(self.windows) - 1]


def make_folds(
    judged: Floats,
    seen: Floats,
    origins: NDArray[np.int64],
    horizon: int,
    least: int,
    windows: tuple[int, ...],
) -> Folds:
    """Return folds.

    Parameters
    ----------
    judged : (n_sku, n_period) demand on which forecasts are judged, NaN not judged.
    seen : (n_sku, n_period) demand the shop saw whole, NaN else: it gives the scales.
    origins, horizon, windows : see `Folds`.
    least : of the horizon's periods that must be judged; of a shorter window the same share, rounded up.
    """
    after = judged[:, origins[:, None] + np.arange(horizon)].transpose(1, 0, 2)
    known = (~np.isnan(after)).cumsum(axis=2)[:, :, np.array(windows) - 1]
    total = np.nan_to_num(after).cumsum(axis=2)[:, :, np.array(windows) - 1]
    needed = np.ceil(np.array(windows) * least / horizon)
    scales = [np.stack([naive_scale(seen[:, :o], power=power) for o in origins]) for power in (1, 2)]
    return Folds(origins, windows, after, np.where(known >= needed, total, np.nan), *scales)


def scaled_losses(folds: Folds, quantile: Floats) -> Floats:
    """Return pinball loss, mean over `LEVELS`, over scale and periods of the window: (origin, sku, window).

    NaN where the window is not judged or the product's scale is undefined (its history is constant).
    """
    loss = pinball_losses(folds.actual[..., None], quantile, np.array(LEVELS)).mean(axis=-1)
    return loss / (folds.scale[:, :, None] * np.array(folds.windows))


def squared_scaled_errors(folds: Folds, mean: Floats) -> Floats:
    """Return each product's RMSSE over the horizon of each origin, (n_origin, n_sku); NaN where undefined."""
    square = (mean - folds.judged) ** 2
    known = ~np.isnan(square)
    count = known.sum(axis=2)
    total = np.where(known, square, 0.0).sum(axis=2)
    mean_square = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.sqrt(mean_square / folds.square_scale)


def by_origin(values: Floats) -> Floats:
    """Return the mean of known values at each origin, (n_origin,)."""
    return np.array([v[~np.isnan(v)].mean() for v in values])


def paired_difference(ours: Floats, theirs: Floats) -> tuple[float, float]:
    """Return the mean difference of losses and its standard error with origins as the independent units."""
    difference = by_origin(ours) - by_origin(theirs)
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(difference.size))


def drawn_coverage(actual: Floats, drawn: Floats, level: float) -> Floats:
    """Return how far demand lies at or below the drawn law's quantile, randomised where they are equal.

    Demand in whole units cannot be covered exactly: P(D <= q) is above the level and P(D < q) below it even
    for the true law. So demand equal to the quantile q counts with u = (level - F(q-)) / (F(q) - F(q-)), the
    share of the step at q that lies below the level; under the true law the mean is then the level itself.

    Parameters
    ----------
    actual : (...) demand, NaN unknown.
    drawn : (..., n_scenario) draws of its law.
    level : of the quantile.

    Source: Czado, Gneiting & Held (2009), "Predictive model assessment for count data", Biometrics 65.

    Examples
    --------
    >>> drawn_coverage(np.array([0.0, 1.0]), np.array([[0.0, 0, 0, 1], [0, 0, 0, 1]]), 0.5).round(3).tolist()
    [0.667, 0.0]
    """
    below = (drawn < actual[..., None]).mean(axis=-1)
    up_to = (drawn <= actual[..., None]).mean(axis=-1)
    step = up_to - below
    inside = np.divide(level - below, step, out=np.where(below < level, 1.0, 0.0), where=step > 0)
    return np.where(np.isnan(actual), np.nan, np.clip(inside, 0.0, 1.0))


def quantile_coverage(actual: Floats, quantile: Floats) -> tuple[Floats, Floats]:
    """Return P(D <= q) and P(D < q) element by element, NaN where demand is unknown."""
    unknown = np.isnan(actual)
    return np.where(unknown, np.nan, actual <= quantile), np.where(unknown, np.nan, actual < quantile)


def known_mean(values: Floats) -> float:
    """Return the mean of what is known, NaN if nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
