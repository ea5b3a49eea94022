"""The newsvendor: one order against one uncertain demand, for any law of demand, arrays over products.

With holding (overage) cost h per unit left and stockout (underage) cost p per unit short, a stock of y costs

    C(y) = h E (y - D)^+ + p E (D - y)^+ = h (y - E D) + (h + p) n(y),    n(y) = E (D - y)^+

and is least at the smallest y with P(D <= y) >= p / (h + p), the critical ratio.

Sources: Arrow, Harris & Marschak (1951); Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed. (2019),
section 4.3; Zipkin, Foundations of Inventory Management (2000), chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, broadcast, finite, nonnegative, plain, positive
from invnb.inventory.laws import Discrete, Law, LogNormal, Normal, Poisson


@dataclass(frozen=True)
class Newsvendor:
    """A stock level before demand and what it leads to; fields are numbers, or arrays over products.

    Attributes
    ----------
    base_stock : units on hand before demand.
    cost : expected holding and stockout cost.
    cycle_service : P(demand is met in full).
    fill_rate : share of the mean demand met from stock (1 where no demand is expected).
    """

    base_stock: Floats
    cost: Floats
    cycle_service: Floats
    fill_rate: Floats


def newsvendor(holding_cost: ArrayLike, stockout_cost: ArrayLike, demand: Law) -> Newsvendor:
    """Return the stock level of least expected cost for any law of demand.

    Parameters
    ----------
    holding_cost : currency per unit left over, zero or more; scalar or array over products.
    stockout_cost : currency per unit short, above zero.
    demand : a law of `invnb.inventory.laws` over the interval one order must last.

    Returns
    -------
    Newsvendor of the common shape of costs and demand. With a holding cost of zero and unbounded demand the
    base stock is infinite, and so is its cost.

    Raises
    ------
    ValueError : for costs out of range or shapes that do not combine.

    Examples
    --------
    >>> best = newsvendor(0.18, 0.70, Normal(mean=50, sd=8))
    >>> round(best.base_stock, 2), round(best.cost, 4)
    (56.6, 1.9976)
    """
    h, p, _ = broadcast(
        holding_cost=nonnegative("holding_cost", holding_cost),
        stockout_cost=positive("stockout_cost", stockout_cost),
        demand=demand.mean,
    )
    return evaluate_base_stock(demand.quantile(p / (h + p)), h, p, demand)


def evaluate_base_stock(
    base_stock: ArrayLike, holding_cost: ArrayLike, stockout_cost: ArrayLike, demand: Law
) -> Newsvendor:
    """Return cost and both services of any stock level: policy in, consequences out.

    Parameters
    ----------
    base_stock : units on hand before demand.
    holding_cost, stockout_cost, demand : as in `newsvendor`.

    Returns
    -------
    Newsvendor with the given base stock.

    Raises
    ------
    ValueError : for costs out of range or shapes that do not combine.

    Examples
    --------
    >>> half = evaluate_base_stock(50, 0.18, 0.70, Normal(mean=50, sd=8))
    >>> half.cycle_service, round(half.fill_rate, 4)
    (0.5, 0.9362)
    """
    y, h, p, mean = broadcast(
        base_stock=base_stock,
        holding_cost=nonnegative("holding_cost", holding_cost),
        stockout_cost=positive("stockout_cost", stockout_cost),
        demand=demand.mean,
    )
    if np.any(np.isnan(y)):
        raise ValueError("base_stock must be a number (infinity allowed), got nan")
    short = demand.loss(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        fill = np.where(mean > 0, 1 - short / mean, 1.0)
        cost = np.where(np.isinf(y), np.where(h > 0, np.inf, 0.0), h * (y - mean) + (h + p) * short)
    return Newsvendor(plain(y), plain(cost), plain(1 - demand.sf(y)), plain(fill))


def newsvendor_normal(
    holding_cost: ArrayLike, stockout_cost: ArrayLike, mean: ArrayLike, sd: ArrayLike
) -> Newsvendor:
    """Return the best stock for normal demand: mean + sd z, z the standard normal quantile of p / (h + p).

    Parameters
    ----------
    holding_cost, stockout_cost : as in `newsvendor`.
    mean, sd : units; scalars or arrays over products.

    Returns
    -------
    Newsvendor.

    Raises
    ------
    ValueError : for costs or a standard deviation out of range.

    Examples
    --------
    >>> newsvendor_normal(1, 9, mean=[100, 100], sd=[0, 20]).base_stock.round(2)
    array([100.  , 125.63])
    """
    return newsvendor(holding_cost, stockout_cost, Normal(mean, sd))


def newsvendor_poisson(holding_cost: ArrayLike, stockout_cost: ArrayLike, mean: ArrayLike) -> Newsvendor:
    """Return the best whole stock for Poisson demand.

    Parameters
    ----------
    holding_cost, stockout_cost : as in `newsvendor`.
    mean : units; scalar or array over products.

    Returns
    -------
    Newsvendor.

    Raises
    ------
    ValueError : for costs or a mean out of range.

    Examples
    --------
    >>> best = newsvendor_poisson(1, 4, mean=6)
    >>> best.base_stock, round(best.cost, 4)
    (8.0, 3.5701)
    """
    return newsvendor(holding_cost, stockout_cost, Poisson(mean))


def newsvendor_lognormal(
    holding_cost: ArrayLike, stockout_cost: ArrayLike, log_mean: ArrayLike, log_sd: ArrayLike
) -> Newsvendor:
    """Return the best stock for lognormal demand.

    Parameters
    ----------
    holding_cost, stockout_cost : as in `newsvendor`.
    log_mean, log_sd : mean and standard deviation of the logarithm of demand.

    Returns
    -------
    Newsvendor.

    Raises
    ------
    ValueError : for costs or a standard deviation out of range.

    Examples
    --------
    >>> round(newsvendor_lognormal(1, 0.1765, log_mean=6, log_sd=0.3).base_stock, 2)
    295.63
    """
    return newsvendor(holding_cost, stockout_cost, LogNormal(log_mean, log_sd))


def newsvendor_pmf(
    holding_cost: ArrayLike, stockout_cost: ArrayLike, pmf: ArrayLike, points: ArrayLike | None = None
) -> Newsvendor:
    """Return the best stock for demand with any probabilities.

    Parameters
    ----------
    holding_cost, stockout_cost : as in `newsvendor`.
    pmf : shape (..., n_points), probabilities summing to one along the last axis.
    points : shape (..., n_points), demand of each probability, not decreasing; 0, 1, 2, ... when not given.

    Returns
    -------
    Newsvendor of the shape of the products.

    Raises
    ------
    ValueError : for probabilities that do not sum to one, points that decrease, costs out of range.

    Examples
    --------
    >>> newsvendor_pmf(1, 3, [0.2, 0.5, 0.3], points=[0, 10, 20]).base_stock
    20.0
    """
    return newsvendor(holding_cost, stockout_cost, Discrete(pmf, points))


def newsvendor_sample(holding_cost: ArrayLike, stockout_cost: ArrayLike, sample: ArrayLike) -> Newsvendor:
    """Return the best stock against a sample, each draw equally likely (sample average approximation).

    Parameters
    ----------
    holding_cost, stockout_cost : as in `newsvendor`.
    sample : shape (..., n_draws), demand in units.

    Returns
    -------
    Newsvendor of the shape of the products; cost and services are averages over the sample.

    Raises
    ------
    ValueError : for an empty sample, NaN, or costs out of range.

    Examples
    --------
    >>> newsvendor_sample(1, 3, [[8, 3, 5, 9], [0, 0, 0, 4]]).base_stock
    array([8., 0.])
    """
    return newsvendor(holding_cost, stockout_cost, Discrete.from_sample(sample))


def base_stock_normal(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    mean: ArrayLike,
    sd: ArrayLike,
    lead_time_periods: ArrayLike,
) -> Newsvendor:
    """Return the best base stock when every period is reviewed and unmet demand waits, normal demand.

    An order placed now arrives after `lead_time_periods` whole periods have passed and then meets the demand
    of one period more, so the stock position must last lead time plus the review period of one.

    Parameters
    ----------
    holding_cost, stockout_cost : currency per unit left or waiting at the end of a period.
    mean, sd : demand per period in units, independent between periods.
    lead_time_periods : zero or more.

    Returns
    -------
    Newsvendor: base_stock is the order-up-to level of the stock position, cost is per period. Its fill_rate
    relates to the demand of the whole interval; `invnb.inventory.service` gives the one per period.

    Raises
    ------
    ValueError : for a negative lead time, or values out of range.

    Source: Snyder & Shen (2019), Example 4.4.

    Examples
    --------
    >>> best = base_stock_normal(0.18, 0.70, mean=50, sd=8, lead_time_periods=4)
    >>> round(best.base_stock, 2), round(best.cost, 4)
    (264.77, 4.4668)
    """
    interval = nonnegative("lead_time_periods", lead_time_periods) + 1
    mean, sd = finite("mean", mean), nonnegative("sd", sd)
    return newsvendor_normal(holding_cost, stockout_cost, mean * interval, sd * np.sqrt(interval))
