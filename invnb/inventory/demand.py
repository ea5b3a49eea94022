"""Laws of whole-unit demand as arrays of probabilities, for the dynamic programmes.

A law is an array whose last axis holds P(D = 0), P(D = 1), ...; the last atom n holds P(D >= n): what lies
beyond is lumped into it, never dropped, so that every law sums to one. Scalar parameters give (n_atom,),
arrays
over products give (n_product, n_atom), padded with zeros to a common width.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks

Floats = NDArray[np.float64]

TAIL = 1e-12
"""Largest probability that is lumped into the last atom unless said otherwise."""


def _lumped(survival: Callable[[Floats], Floats], tail: float) -> Floats:
    """Turn P(D > k), a function of an array of k, into a law that ends where P(D > k) <= `tail`."""
    checks.open_share("tail", tail)
    n_atom = 16
    while np.any(survival(np.array([n_atom - 1.0])) > tail):
        n_atom *= 2
    beyond = survival(np.arange(n_atom, dtype=np.float64))
    end = int(np.argmax(np.all(beyond.reshape(-1, n_atom) <= tail, axis=0)))
    edges = np.ones((*beyond.shape[:-1], end + 2))
    edges[..., 1:-1] = beyond[..., :end]
    edges[..., -1] = 0.0
    return np.maximum(edges[..., :-1] - edges[..., 1:], 0.0)


def poisson_pmf(mean: ArrayLike, tail: float = TAIL) -> Floats:
    """Return the law of Poisson demand.

    Parameters
    ----------
    mean : units, zero or more; scalar or (n_product,).
    tail : probability that may be lumped into the last atom.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Examples
    --------
    >>> poisson_pmf([0.5, 2.0], tail=0.4).round(4).tolist()
    [[0.6065, 0.3033, 0.0902], [0.1353, 0.2707, 0.594]]
    """
    from scipy import special

    mu = checks.nonnegative("mean", mean)[..., None]
    return _lumped(lambda k: special.pdtrc(k, mu), tail)


def normal_pmf(mean: ArrayLike, sd: ArrayLike, tail: float = TAIL) -> Floats:
    """Return the law of normal demand rounded to whole units, with what is below zero lumped at zero.

    Parameters
    ----------
    mean, sd : units, `sd` above zero; scalars or (n_product,).
    tail : probability that may be lumped into the last atom.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Examples
    --------
    >>> pmf = normal_pmf(100, 20)
    >>> len(pmf), round(float(pmf @ np.arange(len(pmf))), 5)
    (242, 100.0)
    """
    from scipy import special

    mu, sigma = checks.broadcast(mean=checks.finite("mean", mean), sd=checks.positive("sd", sd))
    mu, sigma = mu[..., None], sigma[..., None]
    return _lumped(lambda k: special.ndtr((mu - k - 0.5) / sigma), tail)


def negative_binomial_pmf(mean: ArrayLike, variance: ArrayLike, tail: float = TAIL) -> Floats:
    """Return the law of negative binomial demand with the given mean and variance.

    Parameters
    ----------
    mean : units, above zero; scalar or (n_product,).
    variance : units squared, above the mean; scalar or (n_product,).
    tail : probability that may be lumped into the last atom.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Examples
    --------
    With variance = mean + mean^2 it is geometric.

    >>> bool(np.allclose(negative_binomial_pmf(5, 30), geometric_pmf(5)))
    True
    """
    from scipy import special

    mu, var = checks.broadcast(
        mean=checks.positive("mean", mean), variance=checks.positive("variance", variance)
    )
    if np.any(var <= mu):
        raise ValueError(
            f"variance must be above the mean, got {var[var <= mu][0]:.6g} for {mu[var <= mu][0]:.6g}"
        )
    mu, var = mu[..., None], var[..., None]
    return _lumped(lambda k: special.betainc(k + 1.0, mu**2 / (var - mu), 1.0 - mu / var), tail)


def geometric_pmf(mean: ArrayLike, tail: float = TAIL) -> Floats:
    """Return the law P(D = k) = (1 - q) q^k, k = 0, 1, ..., with q = mean / (1 + mean).

    Parameters
    ----------
    mean : units, zero or more; scalar or (n_product,).
    tail : probability that may be lumped into the last atom.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Examples
    --------
    >>> geometric_pmf(1, tail=0.1).tolist()
    [0.5, 0.25, 0.125, 0.125]
    """
    mu = checks.nonnegative("mean", mean)[..., None]
    return _lumped(lambda k: (mu / (1.0 + mu)) ** (k + 1.0), tail)


def empirical_pmf(samples: ArrayLike) -> Floats:
    """Return the law of a sample, each value rounded to whole units and equally likely.

    Parameters
    ----------
    samples : (n_sample,) or (n_product, n_sample), units, zero or more.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Examples
    --------
    >>> empirical_pmf([0, 2, 2, 1]).tolist()
    [0.25, 0.25, 0.5]
    """
    units = np.rint(checks.nonnegative("samples", checks.not_empty("samples", samples))).astype(np.int64)
    rows = units.reshape(-1, units.shape[-1])
    n_atom = int(rows.max()) + 1
    flat = (rows + n_atom * np.arange(len(rows))[:, None]).ravel()
    counts = np.bincount(flat, minlength=len(rows) * n_atom).reshape(*units.shape[:-1], n_atom)
    return counts / units.shape[-1]


def convolve(first: ArrayLike, second: ArrayLike) -> Floats:
    """Return the law of the sum of two independent demands, product by product.

    Parameters
    ----------
    first, second : (n_atom,) or (n_product, n_atom), each summing to one.

    Returns
    -------
    (n_atom,) or (n_product, n_atom); all terms are positive sums, so no probability turns negative.

    Raises
    ------
    ValueError : where a law does not sum to one, or the numbers of products differ.

    Examples
    --------
    >>> convolve([0.5, 0.5], [0.5, 0.5]).tolist()
    [0.25, 0.5, 0.25]
    """
    a, b = checks.probabilities("first", first), checks.probabilities("second", second)
    if a.shape[-1] < b.shape[-1]:
        a, b = b, a
    if a.ndim == b.ndim == 1:
        return np.convolve(a, b)
    n_a, n_b = a.shape[-1], b.shape[-1]
    rows = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    total = np.zeros((*rows, n_a + n_b - 1))
    for k in range(n_b):
        total[..., k : k + n_a] += b[..., k : k + 1] * a
    return total


def lead_time_demand_pmf(pmf: ArrayLike, lead_time_periods: ArrayLike) -> Floats:
    """Return the law of demand over the `lead_time_periods` + 1 periods that an order has to cover.

    Parameters
    ----------
    pmf : (n_atom,) or (n_product, n_atom), law of one period's demand, independent between periods.
    lead_time_periods : whole periods, 0 or more; scalar or (n_product,). An order placed at the review of
        period
        t is available in period t + lead time + 1.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Examples
    --------
    >>> lead_time_demand_pmf([0.5, 0.5], 1).tolist()
    [0.25, 0.5, 0.25]
    """
    lead_time = checks.whole("lead_time_periods", lead_time_periods)
    longest = int(lead_time.max())
    weight = (np.arange(longest + 1) == lead_time[..., None]).astype(np.float64)
    return random_lead_time_demand_pmf(pmf, weight)


def random_lead_time_demand_pmf(pmf: ArrayLike, lead_time_probabilities: ArrayLike) -> Floats:
    """Return the law of demand over an independent random lead time plus one period.

    Parameters
    ----------
    pmf : (n_atom,) or (n_product, n_atom), law of one period's demand, independent between periods.
    lead_time_probabilities : (n_lead,) or (n_product, n_lead), probability of a lead time of 0, 1, 2, ...
        periods.

    Returns
    -------
    (n_atom,) or (n_product, n_atom), summing to one.

    Raises
    ------
    ValueError : naming argument and value.

    Source
    ------
    Zipkin, Foundations of Inventory Management (2000), section 7.4 (sequential supply: orders do not cross).

    Examples
    --------
    >>> random_lead_time_demand_pmf([0.5, 0.5], [0.5, 0.5]).tolist()
    [0.375, 0.5, 0.125]
    """
    period = checks.probabilities("pmf", pmf)
    weight = checks.probabilities("lead_time_probabilities", lead_time_probabilities)
    rows = np.broadcast_shapes(period.shape[:-1], weight.shape[:-1])
    n_lead = weight.shape[-1]
    total = np.zeros((*rows, n_lead * (period.shape[-1] - 1) + 1))
    power = period
    for lead in range(n_lead):
        total[..., : power.shape[-1]] += weight[..., lead : lead + 1] * power
        if lead + 1 < n_lead:
            power = convolve(power, period)
    return total
