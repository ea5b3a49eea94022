"""From forecasts to joint paths: past surprises, as ranks, carried over to the coming periods.

The demand of product i in period t is described as negative binomial with the champion's forecast as mean m
and variance m + c m², c per product. At a past origin each demand y that came has a rank u = F(y - 1) + v
P(y), v uniform (randomised probability integral transform). If the law were right, ranks would be uniform and
independent; they are not, and that is what is used: a scenario draws one past origin for all products (common
shocks stay common), for each product a look-alike of its demand class and level, and takes that product's
ranks over the whole horizon (runs of good and bad periods stay together). The quantile of the coming law at
these ranks is demand in whole units, zero as often as it should be, and right on average even if the model
is biased.

Source: Dawid (1984), "Statistical theory: the prequential approach", JRSS A 147, for ranks of forecasts;
Czado, Gneiting & Held (2009), "Predictive model assessment for count data", Biometrics 65, for the randomised
transform; Vovk, Shen, Manokhin & Xie (2017), "Nonparametric predictive distributions", for using past ranks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VARIATIONS = np.geomspace(0.01, 3.0, 16)
"""Values of c tried: a mean is never forecast surer than to 10 %, and 3 is a few large orders a year."""
PRIOR_PERIODS = 30.0
"""Weight of the demand class in a product's variation, in forecast periods."""
LOOK_ALIKES = 20
"""Products of the nearest level from which a product borrows its ranks, itself among them."""
EXTREME_RANK = 5e-3
"""Ranks are kept this far from 0 and 1: a few hundred past surprises say nothing about rarer ones."""
LEAST_MEAN = 1e-6
LONGEST_TABLE = 20_000
"""Largest number of units for which a distribution is tabulated."""


def variation(forecast: Floats, demand: Floats, group: NDArray[np.object_], unit: float = 1.0) -> Floats:
    """Return c of each product: the one under which its past demand was likeliest given the forecasts.

    Parameters
    ----------
    forecast, demand : (n_origin, n_sku, horizon) in units, NaN unknown.
    group : (n_sku,) demand class.
    unit : smallest step of demand.

    Returns
    -------
    (n_sku,) values of `VARIATIONS`. The log-likelihood of a product is joined by the mean one of its demand
    class, as if that were `PRIOR_PERIODS` more periods. Likelihood, unlike squares, does not let one wild
    order make all other periods look calm.
    """
    known = ~np.isnan(forecast) & ~np.isnan(demand) & (forecast > LEAST_MEAN)
    mean = np.where(known, forecast / unit, 1.0)
    y = np.where(known, np.round(np.nan_to_num(demand) / unit), 0.0)
    likelihood = np.empty((VARIATIONS.size, group.size))
    for k, c in enumerate(VARIATIONS):
        likelihood[k] = np.where(known, _log_mass(y, mean, c), 0.0).sum(axis=(0, 2))
    count = known.sum(axis=(0, 2))
    overall = likelihood.sum(axis=1) / max(count.sum(), 1)
    for label in np.unique(group):
        members = group == label
        pooled = likelihood[:, members].sum(axis=1) + PRIOR_PERIODS * overall
        pooled /= count[members].sum() + PRIOR_PERIODS
        likelihood[:, members] += PRIOR_PERIODS * pooled[:, None]
    return VARIATIONS[likelihood.argmax(axis=0)]


def _log_mass(y: Floats, mean: Floats, c: float) -> Floats:
    """Return log P(D = y) of the negative binomial, without the term in y alone (the same for every c)."""
    from scipy.special import gammaln

    r = 1 / c
    return gammaln(y + r) - gammaln(r) - (y + r) * np.log1p(c * mean) + y * np.log(c * mean)


def ranks(
    forecast: Floats,
    demand: Floats,
    lower_bound: NDArray[np.bool_],
    variations: Floats,
    unit: float,
    rng: np.random.Generator,
) -> Floats:
    """Return the randomised ranks of past demand in its forecast law, (n_origin, n_sku, horizon).

    Parameters
    ----------
    forecast : (n_origin, n_sku, horizon) expected demand in units.
    demand : the demand that came (sales where `lower_bound`), NaN unknown.
    lower_bound : true where demand was at least this; its rank is drawn between F(y - 1) and 1.
    variations : (n_sku,) c.
    unit : smallest step of demand.
    rng : for the randomisation.

    Returns
    -------
    Ranks in (0, 1). An unknown period takes a rank of its own path; a path with less than half its periods
    known is NaN throughout.
    """
    from scipy.stats import nbinom

    c = variations[None, :, None]
    known = ~np.isnan(demand) & ~np.isnan(forecast)
    mean = np.where(known, np.maximum(forecast / unit, LEAST_MEAN), 1.0)
    y = np.where(known, np.round(np.nan_to_num(demand) / unit), 0.0)
    size, chance = 1 / c, 1 / (1 + c * mean)
    below = nbinom.cdf(y - 1, size, chance)
    upto = np.where(lower_bound, 1.0, nbinom.cdf(y, size, chance))
    rank = below + rng.random(y.shape) * (upto - below)
    rank = np.clip(rank, EXTREME_RANK, 1 - EXTREME_RANK)
    horizon = y.shape[2]
    # Fill unknown periods from known ones of the same path, chosen at random.
    order = np.argsort(np.where(known, rng.random(y.shape), 2.0), axis=2)
    count = known.sum(axis=2, keepdims=True)
    pick = np.take_along_axis(order, np.arange(horizon) % np.maximum(count, 1), axis=2)
    rank = np.where(known, rank, np.take_along_axis(rank, pick, axis=2))
    return np.where(count * 2 >= horizon, rank, np.nan)


def look_alikes(level: Floats, group: NDArray[np.object_], usable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, per product, `LOOK_ALIKES` usable products of its demand class nearest in level, (n_sku, k).

    A class with fewer usable products than that borrows from all classes. `level` is (n_sku,) in units per
    period, NaN unknown (taken as the median). Returns (n_sku, 0) if no product is usable.
    """
    n = level.size
    k = min(LOOK_ALIKES, int(usable.sum()))
    if k == 0:
        return np.empty((n, 0), dtype=np.int64)
    middle = np.nanmedian(level) if not np.isnan(level).all() else 1.0
    log_level = np.log(np.maximum(np.where(np.isnan(level), middle, level), LEAST_MEAN))
    result = np.empty((n, k), dtype=np.int64)
    for label in np.unique(group):
        members = np.flatnonzero(group == label)
        donors = np.flatnonzero(usable & (group == label))
        if donors.size < k:
            donors = np.flatnonzero(usable)
        donors = donors[np.argsort(log_level[donors], kind="stable")]
        # In sorted order the k nearest are neighbours: a window around the own place, found by its middle.
        place = np.searchsorted(log_level[donors], log_level[members])
        first = np.clip(place - k // 2, 0, donors.size - k)
        result[members] = donors[first[:, None] + np.arange(k)]
    return result


def draw_paths(
    forecast: Floats,
    variations: Floats,
    past_ranks: Floats,
    alikes: NDArray[np.int64],
    spread: Floats,
    n_scenarios: int,
    unit: float,
    rng: np.random.Generator,
) -> Floats:
    """Return demand paths (n_sku, n_scenarios, horizon) in units, whole multiples of `unit`.

    Parameters
    ----------
    forecast : (n_sku, horizon) expected demand in units.
    variations : (n_sku,) c.
    past_ranks : (n_origin, n_sku, horizon) ranks, NaN where unknown. None usable: independent uniform ranks.
    alikes : (n_sku, k) products to borrow ranks from.
    spread : (n_sku,) factor on the normal scores of the ranks, above 1 for wider paths.
    n_scenarios : number of paths.
    unit : smallest step of demand.
    rng : random generator.
    """
    from scipy.special import ndtr, ndtri

    n, horizon = forecast.shape
    if past_ranks.shape[0] == 0 or alikes.shape[1] == 0:
        rank = rng.random((n, n_scenarios, horizon))
    else:
        # Origins in turn, shuffled: each is used equally often. One origin for all products of a scenario.
        n_origin = past_ranks.shape[0]
        origin = rng.permutation(np.arange(n_scenarios) % n_origin)
        k = alikes.shape[1]
        turn = np.argsort(rng.random((n, n_scenarios)), axis=1) % k
        donor = np.take_along_axis(alikes, turn, axis=1)
        rank = past_ranks[origin[None, :], donor]
        rank = _fill(rank, past_ranks, donor, rng)
    rank = np.clip(ndtr(spread[:, None, None] * ndtri(rank)), EXTREME_RANK, 1 - EXTREME_RANK)
    units = negative_binomial_quantile(rank, np.maximum(forecast / unit, LEAST_MEAN), variations)
    return np.where(forecast[:, None, :] > 0, units, 0.0) * unit


def negative_binomial_quantile(rank: Floats, mean: Floats, variations: Floats) -> Floats:
    """Return the least whole number whose distribution function reaches the rank.

    Parameters
    ----------
    rank : (n_sku, n_scenario, n_period) in (0, 1).
    mean : (n_sku, n_period) above zero.
    variations : (n_sku,) c; the variance is mean + c mean².

    Returns
    -------
    (n_sku, n_scenario, n_period) whole numbers. One table of the distribution per product and period serves
    all scenarios, which is many times faster than inverting it one rank at a time.

    Examples
    --------
    >>> rank = np.array([[[0.05], [0.5], [0.99]]])
    >>> negative_binomial_quantile(rank, np.array([[3.0]]), np.array([0.1])).tolist()
    [[[0.0], [3.0], [9.0]]]
    """
    from scipy.stats import nbinom

    n, n_period = mean.shape
    size = (1 / variations)[:, None]
    chance = 1 / (1 + variations[:, None] * mean)
    # One more than the quantile of the largest rank, against rounding of the summed table.
    top = nbinom.ppf(rank.max(axis=1), size, chance) + 1
    result = np.empty(rank.shape)
    for i in range(n):
        r = size[i, 0]
        for t in range(n_period):
            p = chance[i, t]
            if not top[i, t] <= LONGEST_TABLE:
                result[i, :, t] = nbinom.ppf(rank[i, :, t], r, p)
                continue
            k = np.arange(1, top[i, t] + 1)
            steps = np.log((k - 1 + r) / k) + np.log1p(-p)
            log_mass = r * np.log(p) + np.concatenate([[0.0], np.cumsum(steps)])
            table = np.cumsum(np.exp(log_mass))
            result[i, :, t] = np.minimum(np.searchsorted(table, rank[i, :, t]), k.size)
    return result


def _fill(rank: Floats, past: Floats, donor: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Replace paths a donor lacks at the drawn origin by its newest other one, else by uniform ranks."""
    lost = np.isnan(rank[:, :, 0])
    if not lost.any():
        return rank
    there = ~np.isnan(past[:, :, 0])
    newest = past.shape[0] - 1 - there[::-1].argmax(axis=0)
    row, column = np.nonzero(lost)
    who = donor[row, column]
    rank[row, column] = past[newest[who], who]
    still = np.isnan(rank)
    rank[still] = rng.random(int(still.sum()))
    return rank
