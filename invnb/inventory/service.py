"""Safety stock, reorder points and order-up-to levels: service target in, policy out, and back.

Two services, always named in full:

    cycle service   P(no stockout in an order cycle)
    fill rate       share of demand met from stock at once (unmet demand waits)

Continuous review, (r, Q): when the stock position falls to r, order Q. With X the demand in the lead time,

    cycle service = P(X <= r),    fill rate = 1 - (n(r) - n(r + Q)) / Q,    n(x) = E (X - x)^+

Periodic review, (R, S): every R, raise the position to S. An order must last lead time plus review period, so
with X the demand over the lead time and Y over lead time plus review period,

    cycle service = P(Y <= S),    fill rate = 1 - (E (Y - S)^+ - E (X - S)^+) / E demand per review period

The second loss takes out what was already waiting when the order came, without which both are too low.

Sources: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains (2017), chapter 6;
Zipkin, Foundations of Inventory Management (2000), chapter 6; Axsäter, Inventory Control (2015), chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, broadcast, finite, nonnegative, open_share, plain, positive
from invnb.inventory.laws import Law


@dataclass(frozen=True)
class IntervalDemand:
    """Mean and standard deviation of demand over an interval; numbers, or arrays over products."""

    mean: Floats
    sd: Floats


@dataclass(frozen=True)
class ServicePolicy:
    """A stock level with its service; fields are numbers, or arrays over products.

    Attributes
    ----------
    level : reorder point r (continuous review) or order-up-to level S (periodic), units of stock position.
    safety_stock : level minus the mean demand it must last for, units.
    cycle_service : P(no stockout in an order cycle).
    fill_rate : share of demand met from stock at once.
    """

    level: Floats
    safety_stock: Floats
    cycle_service: Floats
    fill_rate: Floats


def interval_demand(
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time_periods: ArrayLike,
    lead_time_sd_periods: ArrayLike = 0.0,
    review_period_periods: ArrayLike = 0.0,
) -> IntervalDemand:
    """Return mean and standard deviation of the demand an order must last for.

    The interval is T = L + R with L random: the mean is mu E T, the variance sigma^2 E T + mu^2 Var L
    (demand independent between periods and of the lead time).

    Parameters
    ----------
    demand_mean, demand_sd : per period, units; scalars or arrays over products, as all arguments.
    lead_time_periods : mean lead time, zero or more.
    lead_time_sd_periods : its standard deviation, zero or more.
    review_period_periods : time between reviews; 0 is continuous review.

    Returns
    -------
    IntervalDemand, to be given to a law: `Normal(d.mean, d.sd)`, `Gamma(d.mean, d.sd)`.

    Raises
    ------
    ValueError : for negative values, NaN, or shapes that do not combine.

    Source: Silver, Pyke & Thomas (2017), chapter 6.

    Examples
    --------
    A lead time that varies by a period costs as much as demand that varies by its mean:

    >>> d = interval_demand(demand_mean=50, demand_sd=8, lead_time_periods=4, lead_time_sd_periods=1)
    >>> d.mean, round(d.sd, 2)
    (200.0, 52.5)
    """
    mean, sd, L, L_sd, R = broadcast(
        demand_mean=nonnegative("demand_mean", demand_mean),
        demand_sd=nonnegative("demand_sd", demand_sd),
        lead_time_periods=nonnegative("lead_time_periods", lead_time_periods),
        lead_time_sd_periods=nonnegative("lead_time_sd_periods", lead_time_sd_periods),
        review_period_periods=nonnegative("review_period_periods", review_period_periods),
    )
    interval = L + R
    return IntervalDemand(plain(mean * interval), plain(np.sqrt(sd**2 * interval + (mean * L_sd) ** 2)))


def service_of_reorder_point(
    reorder_point: ArrayLike, order_quantity: ArrayLike, lead_time_demand: Law
) -> ServicePolicy:
    """Return both services of an (r, Q) policy: policy in, service out.

    Exact for Poisson demand and for continuous demand that runs through every stock position; an
    approximation where customers buy many units at once.

    Parameters
    ----------
    reorder_point : r, units of stock position.
    order_quantity : Q, units, above zero.
    lead_time_demand : a law of `invnb.inventory.laws`.

    Returns
    -------
    ServicePolicy.

    Raises
    ------
    ValueError : for an order quantity not above zero, or NaN.

    Examples
    --------
    >>> from invnb.inventory.laws import Normal
    >>> policy = service_of_reorder_point(220, order_quantity=100, lead_time_demand=Normal(200, 20))
    >>> round(policy.cycle_service, 4), round(policy.fill_rate, 4)
    (0.8413, 0.9833)
    """
    r, Q, _ = broadcast(
        reorder_point=finite("reorder_point", reorder_point),
        order_quantity=positive("order_quantity", order_quantity),
        lead_time_demand=lead_time_demand.mean,
    )
    return _policy(r, lead_time_demand, _cycle_fill_rate(lead_time_demand, Q)(r))


def reorder_point_for_cycle_service(
    cycle_service: ArrayLike, order_quantity: ArrayLike, lead_time_demand: Law
) -> ServicePolicy:
    """Return the smallest reorder point that reaches a cycle service.

    Parameters
    ----------
    cycle_service : target, strictly between 0 and 1.
    order_quantity, lead_time_demand : as in `service_of_reorder_point`; Q only sets the fill rate.

    Returns
    -------
    ServicePolicy whose cycle_service is at least the target (equal to it for a law with a density).

    Raises
    ------
    ValueError : for a target or quantity out of range.

    Examples
    --------
    >>> from invnb.inventory.laws import Normal
    >>> round(reorder_point_for_cycle_service(0.95, 100, Normal(200, 20)).safety_stock, 2)
    32.9
    """
    target, _ = broadcast(
        cycle_service=open_share("cycle_service", cycle_service), lead_time_demand=lead_time_demand.mean
    )
    return service_of_reorder_point(lead_time_demand.quantile(target), order_quantity, lead_time_demand)


def reorder_point_for_fill_rate(
    fill_rate: ArrayLike, order_quantity: ArrayLike, lead_time_demand: Law
) -> ServicePolicy:
    """Return the smallest reorder point that reaches a fill rate.

    Parameters
    ----------
    fill_rate : target, strictly between 0 and 1.
    order_quantity, lead_time_demand : as in `service_of_reorder_point`.

    Returns
    -------
    ServicePolicy whose fill_rate is at least the target (equal to it within 1e-9 for a law with a density).
    A large order quantity may need no safety stock at all: then safety_stock is negative.

    Raises
    ------
    ValueError : for a target or quantity out of range.

    Examples
    --------
    >>> from invnb.inventory.laws import Normal
    >>> round(reorder_point_for_fill_rate(0.95, 100, Normal(200, 20)).safety_stock, 2)
    6.9
    """
    target, Q, _ = broadcast(
        fill_rate=open_share("fill_rate", fill_rate),
        order_quantity=positive("order_quantity", order_quantity),
        lead_time_demand=lead_time_demand.mean,
    )
    r = _smallest(_cycle_fill_rate(lead_time_demand, Q), target, lead_time_demand, -Q)
    return service_of_reorder_point(r, Q, lead_time_demand)


def service_of_order_up_to(
    order_up_to_level: ArrayLike, lead_time_demand: Law, protection_demand: Law
) -> ServicePolicy:
    """Return both services of a periodic (R, S) policy: policy in, service out.

    Parameters
    ----------
    order_up_to_level : S, units of stock position.
    lead_time_demand : law of the demand over the lead time.
    protection_demand : law of the demand over lead time plus review period; its mean is the larger.

    Returns
    -------
    ServicePolicy.

    Raises
    ------
    ValueError : for NaN, or a protection demand whose mean is not above the lead time's.

    Examples
    --------
    >>> from invnb.inventory.laws import Poisson
    >>> policy = service_of_order_up_to(20, lead_time_demand=Poisson(10), protection_demand=Poisson(15))
    >>> round(policy.cycle_service, 4), round(policy.fill_rate, 4)
    (0.917, 0.9581)
    """
    S, _ = broadcast(
        order_up_to_level=finite("order_up_to_level", order_up_to_level),
        protection_demand=protection_demand.mean,
    )
    return _policy(S, protection_demand, _review_fill_rate(lead_time_demand, protection_demand)(S))


def order_up_to_for_cycle_service(
    cycle_service: ArrayLike, lead_time_demand: Law, protection_demand: Law
) -> ServicePolicy:
    """Return the smallest order-up-to level that reaches a cycle service.

    Parameters
    ----------
    cycle_service : target, strictly between 0 and 1.
    lead_time_demand, protection_demand : as in `service_of_order_up_to`.

    Returns
    -------
    ServicePolicy whose cycle_service is at least the target (equal to it for a law with a density).

    Raises
    ------
    ValueError : for a target out of range.

    Examples
    --------
    >>> from invnb.inventory.laws import Poisson
    >>> order_up_to_for_cycle_service(0.9, Poisson(10), Poisson(15)).level
    20.0
    """
    target, _ = broadcast(
        cycle_service=open_share("cycle_service", cycle_service), protection_demand=protection_demand.mean
    )
    return service_of_order_up_to(protection_demand.quantile(target), lead_time_demand, protection_demand)


def order_up_to_for_fill_rate(
    fill_rate: ArrayLike, lead_time_demand: Law, protection_demand: Law
) -> ServicePolicy:
    """Return the smallest order-up-to level that reaches a fill rate.

    Parameters
    ----------
    fill_rate : target, strictly between 0 and 1.
    lead_time_demand, protection_demand : as in `service_of_order_up_to`.

    Returns
    -------
    ServicePolicy whose fill_rate is at least the target (equal to it within 1e-9 for a law with a density).

    Raises
    ------
    ValueError : for a target out of range.

    Examples
    --------
    >>> from invnb.inventory.laws import Normal
    >>> policy = order_up_to_for_fill_rate(0.98, Normal(200, 16), Normal(250, 18))
    >>> round(policy.level, 2), round(policy.cycle_service, 4)
    (271.69, 0.8859)
    """
    target, _ = broadcast(
        fill_rate=open_share("fill_rate", fill_rate), protection_demand=protection_demand.mean
    )
    service = _review_fill_rate(lead_time_demand, protection_demand)
    S = _smallest(service, target, protection_demand, np.zeros(target.shape))
    return service_of_order_up_to(S, lead_time_demand, protection_demand)


def _cycle_fill_rate(X: Law, Q: Floats) -> Callable[[Floats], Floats]:
    return lambda r: 1 - (X.loss(r) - X.loss(r + Q)) / Q


def _review_fill_rate(X: Law, Y: Law) -> Callable[[Floats], Floats]:
    per_review = Y.mean - X.mean
    if np.any(per_review <= 0):
        raise ValueError(
            "protection_demand must have a mean above that of lead_time_demand (the review period counts), "
            f"got {np.ravel(Y.mean)[0]:g} against {np.ravel(X.mean)[0]:g}"
        )
    return lambda S: 1 - (Y.loss(S) - X.loss(S)) / per_review


def _policy(level: Floats, demand: Law, fill_rate: Floats) -> ServicePolicy:
    return ServicePolicy(
        plain(level), plain(level - demand.mean), plain(1 - demand.sf(level)), plain(fill_rate)
    )


def _smallest(service: Callable[[Floats], Floats], target: Floats, demand: Law, low: Floats) -> Floats:
    """Return the smallest level with service(level) >= target, for a service that rises to one.

    The bracket doubles until it holds the answer, then halves: to neighbouring whole numbers for a law on
    whole units, else until it is as narrow as float64 resolves.
    """
    scale = np.broadcast_to(np.ceil(1 + np.abs(demand.mean)), target.shape)
    low, high = np.floor(low), scale
    while np.any(service(low) >= target):
        low = np.where(service(low) >= target, low - scale, low)
        scale = 2 * scale
    while np.any(service(high) < target):
        high = np.where(service(high) < target, 2 * high, high)
    while True:
        middle = np.floor((low + high) / 2) if demand.whole else (low + high) / 2
        if not np.any((low < middle) & (middle < high)):
            return high
        reached = service(middle) >= target
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
