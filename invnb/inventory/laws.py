"""Laws of demand over an interval, each for arrays of products: normal, gamma, lognormal, Poisson, ...

Every law offers the same few functions, and newsvendor, service and reorder points need nothing else:

    sf(x)        P(D > x)
    quantile(p)  smallest x with P(D <= x) >= p
    loss(x)      E (D - x)^+                     the first-order loss function
    loss2(x)     E ((D - x)^+)^2 / 2             the second-order loss function, the integral of `loss` from x
                                                 to infinity (normal and gamma)

A law with `whole = True` lives on whole units, and so do the levels chosen for it.

Source for the loss functions: Zipkin, Foundations of Inventory Management (2000), appendix C.3; Snyder and
Shen, Fundamentals of Supply Chain Theory, 2nd ed. (2019), appendix C.3.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from invnb.inventory.checks import (
    Floats,
    broadcast,
    finite,
    nonnegative,
    not_empty,
    positive,
    probabilities,
)


class Law(Protocol):
    """What every law of demand offers; levels `x` and results are scalars or arrays over products."""

    whole: bool

    @property
    def mean(self) -> Floats:
        """Expected demand, units."""

    def sf(self, x: ArrayLike) -> Floats:
        """P(D > x)."""

    def quantile(self, p: ArrayLike) -> Floats:
        """Smallest x with P(D <= x) >= p."""

    def loss(self, x: ArrayLike) -> Floats:
        """E (D - x)^+, units short of demand on average at level x."""


class SmoothLaw(Law, Protocol):
    """A law with a density, which also offers the second-order loss."""

    def loss2(self, x: ArrayLike) -> Floats:
        """E ((D - x)^+)^2 / 2, the integral of `loss` from x to infinity."""


class Normal:
    """Normal demand with `mean` and `sd` (units, sd may be 0); scalars or arrays over products.

    Examples
    --------
    >>> demand = Normal(mean=50, sd=8)
    >>> round(float(demand.loss(50)), 4), round(float(demand.sf(50)), 2)
    (3.1915, 0.5)
    """

    whole = False

    def __init__(self, mean: ArrayLike, sd: ArrayLike) -> None:
        self.mean, self.sd = broadcast(mean=finite("mean", mean), sd=nonnegative("sd", sd))

    def _z(self, x: ArrayLike) -> Floats:
        gap = np.asarray(x, dtype=float) - self.mean
        # without spread the law is a point: at or above it nothing is short
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(self.sd > 0, gap / self.sd, np.where(gap >= 0, np.inf, -np.inf))

    def sf(self, x: ArrayLike) -> Floats:
        return special.ndtr(-self._z(x))

    def quantile(self, p: ArrayLike) -> Floats:
        return self.mean + self.sd * special.ndtri(p)

    def loss(self, x: ArrayLike) -> Floats:
        z = np.clip(self._z(x), -_FAR, _FAR)
        above = np.maximum(self.mean - np.asarray(x, dtype=float), 0.0)
        # E(D - x)^+ = (mean - x)^+ + sd L(|z|): no cancellation on either side
        return above + self.sd * _standard_loss(np.abs(z))

    def loss2(self, x: ArrayLike) -> Floats:
        z = np.clip(self._z(x), -_FAR, _FAR)
        gap = self.mean - np.asarray(x, dtype=float)
        tail = self.sd**2 * _standard_loss2(np.abs(z))
        return np.where(gap > 0, (gap**2 + self.sd**2) / 2 - tail, tail)


class Gamma:
    """Gamma demand with `mean` and `sd` (units, both above 0): never negative, skewed to the right.

    Examples
    --------
    >>> demand = Gamma(mean=50, sd=50)
    >>> round(float(demand.loss(50)), 6) == round(50 * 2.718281828459045 ** -1, 6)
    True
    """

    whole = False

    def __init__(self, mean: ArrayLike, sd: ArrayLike) -> None:
        self.mean, self.sd = broadcast(mean=positive("mean", mean), sd=positive("sd", sd))

    @property
    def _shape(self) -> Floats:
        return (self.mean / self.sd) ** 2

    def _tail(self, x: ArrayLike, order: int) -> Floats:
        """P(D' > x) with D' gamma of the same scale and shape + order."""
        scale = self.sd**2 / self.mean
        return special.gammaincc(self._shape + order, np.maximum(x, 0.0) / scale)

    def sf(self, x: ArrayLike) -> Floats:
        return self._tail(x, 0)

    def quantile(self, p: ArrayLike) -> Floats:
        return special.gammaincinv(self._shape, p) * self.sd**2 / self.mean

    def loss(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=float)
        return np.maximum(self.mean * self._tail(x, 1) - x * self._tail(x, 0), 0.0)

    def loss2(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=float)
        second_moment = self.mean**2 + self.sd**2
        square = (
            second_moment * self._tail(x, 2) - 2 * x * self.mean * self._tail(x, 1) + x**2 * self._tail(x, 0)
        )
        return np.maximum(square, 0.0) / 2


class LogNormal:
    """Lognormal demand: its logarithm is normal with `log_mean` and `log_sd` (above 0).

    Examples
    --------
    >>> demand = LogNormal(log_mean=6, log_sd=0.3)
    >>> round(float(demand.mean), 2)
    422.0
    """

    whole = False

    def __init__(self, log_mean: ArrayLike, log_sd: ArrayLike) -> None:
        self.log_mean, self.log_sd = broadcast(
            log_mean=finite("log_mean", log_mean), log_sd=positive("log_sd", log_sd)
        )

    @property
    def mean(self) -> Floats:
        return np.exp(self.log_mean + self.log_sd**2 / 2)

    def _z(self, x: ArrayLike) -> Floats:
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(x, 0.0)) - self.log_mean) / self.log_sd

    def sf(self, x: ArrayLike) -> Floats:
        return special.ndtr(-self._z(x))

    def quantile(self, p: ArrayLike) -> Floats:
        return np.exp(self.log_mean + self.log_sd * special.ndtri(p))

    def loss(self, x: ArrayLike) -> Floats:
        x, z = np.asarray(x, dtype=float), self._z(x)
        return np.maximum(self.mean * special.ndtr(self.log_sd - z) - x * special.ndtr(-z), 0.0)


class Poisson:
    """Poisson demand with `mean` (units, may be 0).

    Examples
    --------
    >>> demand = Poisson(mean=6)
    >>> float(demand.quantile(0.8)), round(float(demand.loss(8)), 4)
    (8.0, 0.314)
    """

    whole = True

    def __init__(self, mean: ArrayLike) -> None:
        self.mean = nonnegative("mean", mean)

    def sf(self, x: ArrayLike) -> Floats:
        at = np.floor(np.asarray(x, dtype=float))
        return np.where(at < 0, 1.0, special.gammainc(np.maximum(at, 0.0) + 1, self.mean))

    def quantile(self, p: ArrayLike) -> Floats:
        from scipy.stats import poisson

        return np.maximum(poisson.ppf(p, self.mean), 0.0)

    def loss(self, x: ArrayLike) -> Floats:
        # for a fractional x too: D exceeds x exactly when it exceeds floor(x)
        at = np.asarray(x, dtype=float)
        return np.maximum(self.mean * self.sf(at - 1) - at * self.sf(at), 0.0)


class NegativeBinomial:
    """Whole demand with more spread than Poisson: `mean` and `sd` (units), sd squared above the mean.

    Examples
    --------
    >>> demand = NegativeBinomial(mean=6, sd=4)
    >>> float(demand.quantile(0.8)), round(float(demand.loss(9)), 4)
    (9.0, 0.6445)
    """

    whole = True

    def __init__(self, mean: ArrayLike, sd: ArrayLike) -> None:
        self.mean, self.sd = broadcast(mean=positive("mean", mean), sd=positive("sd", sd))
        if np.any(self.sd**2 <= self.mean):
            tight = np.flatnonzero(self.sd**2 <= self.mean)[0]
            raise ValueError(
                f"sd must be above the square root of the mean, got {self.sd.flat[tight]:g} at mean "
                f"{self.mean.flat[tight]:g}; Poisson has that much spread"
            )

    @property
    def _size(self) -> Floats:
        return self.mean**2 / (self.sd**2 - self.mean)

    def _tail(self, x: ArrayLike, order: int) -> Floats:
        """P(D' > x) with D' of the same success probability and size + order."""
        at = np.floor(np.asarray(x, dtype=float))
        tail = special.betainc(np.maximum(at, 0.0) + 1, self._size + order, 1 - self.mean / self.sd**2)
        return np.where(at < 0, 1.0, tail)

    def sf(self, x: ArrayLike) -> Floats:
        return self._tail(x, 0)

    def quantile(self, p: ArrayLike) -> Floats:
        from scipy.stats import nbinom

        return np.maximum(nbinom.ppf(p, self._size, self.mean / self.sd**2), 0.0)

    def loss(self, x: ArrayLike) -> Floats:
        at = np.asarray(x, dtype=float)
        return np.maximum(self.mean * self._tail(at - 1, 1) - at * self._tail(at, 0), 0.0)


class Discrete:
    """Demand with any probabilities on any points: a pmf, or a sample.

    Attributes
    ----------
    points : shape (..., n_points), demand in units, not decreasing along the last axis.
    pmf : shape (..., n_points), probability of each point, summing to one along the last axis.

    Examples
    --------
    >>> demand = Discrete([0.25, 0.5, 0.25])
    >>> float(demand.mean), float(demand.loss(1)), float(demand.quantile(0.8))
    (1.0, 0.25, 2.0)
    >>> float(Discrete.from_sample([3, 1, 2, 2]).quantile(0.5))
    2.0
    """

    def __init__(self, pmf: ArrayLike, points: ArrayLike | None = None) -> None:
        p = probabilities("pmf", pmf)
        at = np.arange(p.shape[-1], dtype=float) if points is None else finite("points", points)
        if np.any(np.diff(at, axis=-1) < 0):
            raise ValueError(f"points must not decrease along their last axis, got {at.tolist()}")
        self.points, self.pmf = broadcast(points=at, pmf=p)
        self.whole = bool(np.all(self.points == np.floor(self.points)))

    @classmethod
    def from_sample(cls, sample: ArrayLike) -> Discrete:
        """Return the law that gives every element of `sample` (..., n_draws) the same probability."""
        ordered = np.sort(finite("sample", not_empty("sample", sample)), axis=-1)
        return cls(np.full(ordered.shape[-1], 1 / ordered.shape[-1]), ordered)

    @property
    def mean(self) -> Floats:
        return (self.points * self.pmf).sum(axis=-1)

    def sf(self, x: ArrayLike) -> Floats:
        return np.where(self.points > np.asarray(x, dtype=float)[..., None], self.pmf, 0.0).sum(axis=-1)

    def quantile(self, p: ArrayLike) -> Floats:
        short = np.cumsum(self.pmf, axis=-1) < np.asarray(p, dtype=float)[..., None] - _ROUNDING
        index = np.minimum(short.sum(axis=-1), self.points.shape[-1] - 1)
        points = np.broadcast_to(self.points, (*index.shape, self.points.shape[-1]))
        return np.take_along_axis(points, index[..., None], axis=-1)[..., 0]

    def loss(self, x: ArrayLike) -> Floats:
        short = np.maximum(self.points - np.asarray(x, dtype=float)[..., None], 0.0)
        return (short * self.pmf).sum(axis=-1)


_FAR = 40.0  # beyond 40 standard deviations a normal tail is below the smallest float64
_ROUNDING = 1e-12  # a cumulative sum of probabilities this close to p has reached p


def _standard_loss(z: Floats) -> Floats:
    """E (Z - z)^+ for standard normal Z."""
    return np.maximum(_density(z) - z * special.ndtr(-z), 0.0)


def _standard_loss2(z: Floats) -> Floats:
    """E ((Z - z)^+)^2 / 2 for standard normal Z."""
    return np.maximum((z**2 + 1) * special.ndtr(-z) - z * _density(z), 0.0) / 2


def _density(z: Floats) -> Floats:
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
