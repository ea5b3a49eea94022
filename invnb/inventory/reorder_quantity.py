"""Continuous-review (r, Q) policies: when the stock position reaches r, order Q. Exact, and approximations.

The stock position is uniform over (r, r + Q]. With G(y) the expected cost rate of stock and backorders at
position y, D the demand in the lead time, K the fixed cost per order and lambda the demand rate,

    C(r, Q) = (K lambda + integral from r to r + Q of G(y) dy) / Q,   G(y) = h E (y - D)^+ + p E (D - y)^+

(a sum over r + 1, ..., r + Q for whole units). G is convex, and at the optimum G(r) = G(r + Q) = C(r, Q):
the band in which G lies below the best cost (Zheng 1992).

`rq_normal` starts from a cost c above the optimum and repeats c <- C(r(c), Q(c)), where r(c) and r(c) + Q(c)
are the two roots of G = c. This is Newton's method on a convex increasing function, so c falls monotonically
to the optimum; it stops when c no longer falls by more than 1e-12 of itself.

Sources: Zheng (1992), Management Science 38(1):87-103; Federgruen & Zheng (1992), Operations Research
40(4):808-813; Hadley & Whitin (1963), chapter 4; Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed.
(2019), chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, Whole, broadcast, nonnegative, plain, positive
from invnb.inventory.laws import Normal, Poisson, SmoothLaw


@dataclass(frozen=True)
class ReorderQuantity:
    """An (r, Q) policy; fields are numbers, or arrays over products.

    Attributes
    ----------
    reorder_point : r, units of stock position at which the order is placed.
    order_quantity : Q, units per order.
    cost : expected cost per unit of time as the method sees it (exact for an exact method; see `rq_cost`).
    iterations : steps until nothing moved.
    """

    reorder_point: Floats
    order_quantity: Floats
    cost: Floats
    iterations: Whole | int


def rq_normal(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> ReorderQuantity:
    """Return the exact best (r, Q) for normal lead-time demand and a backorder cost per unit and time.

    Parameters
    ----------
    holding_cost : currency per unit and unit of time, above zero; as all, scalar or array over products.
    stockout_cost : currency per unit backordered and unit of time, above zero.
    fixed_cost : currency per order, above zero.
    demand_mean, demand_sd : per unit of time, units; the mean above zero, the deviation zero or more.
    lead_time : units of time, zero or more.

    Returns
    -------
    ReorderQuantity, the minimum of C(r, Q) above.

    Raises
    ------
    ValueError : for values out of range or shapes that do not combine.

    Source: Zheng (1992); Snyder & Shen (2019), equations 5.7 and 5.9.

    Examples
    --------
    >>> best = rq_normal(0.225, 7.5, 8, demand_mean=1300, demand_sd=150, lead_time=1 / 12)
    >>> round(best.reorder_point, 2), round(best.order_quantity, 2), round(best.cost, 2)
    (126.87, 328.45, 78.07)
    """
    h, p, K, mean, sd, L = rq_arguments(
        holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time
    )
    D = Normal(mean * L, sd * np.sqrt(L))
    # a cost above the optimum: that of the quantity which is best without spread, around the mean
    Q = np.sqrt(2 * K * mean * (h + p) / (h * p))
    r = D.mean - Q * h / (h + p)
    cost = policy_cost(r, Q, h, p, K * mean, D)

    def improve(cost: Floats) -> Floats:
        low = _root(-1, cost, h, p, D)
        return np.minimum(cost, policy_cost(low, _root(+1, cost, h, p, D) - low, h, p, K * mean, D))

    cost, iterations = until_still(improve, cost)
    r, top = _root(-1, cost, h, p, D), _root(+1, cost, h, p, D)
    return ReorderQuantity(plain(r), plain(top - r), plain(cost), iterations)


def rq_poisson(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    lead_time: ArrayLike,
) -> ReorderQuantity:
    """Return the exact best (r, Q) for Poisson demand and a backorder cost per unit and unit of time.

    The band starts at the y of least G and takes in the cheaper neighbour as long as that is below the
    band's own cost: each step lowers the cost, and the first that does not is the end.

    Parameters
    ----------
    holding_cost : currency per unit and unit of time, above zero; as all, scalar or array over products.
    stockout_cost : currency per unit backordered and unit of time, above zero.
    fixed_cost : currency per order, zero or more.
    demand_mean : units per unit of time, above zero.
    lead_time : units of time, zero or more.

    Returns
    -------
    ReorderQuantity with whole r and Q; iterations are the units of the widest band.

    Raises
    ------
    ValueError : for values out of range or shapes that do not combine.

    Source: Federgruen & Zheng (1992); Snyder & Shen (2019), equation 5.48.

    Examples
    --------
    >>> best = rq_poisson(20, 150, 100, demand_mean=1.5, lead_time=2)
    >>> best.reorder_point, best.order_quantity, round(best.cost, 4)
    (3.0, 5.0, 107.9236)
    """
    h, p, K, mean, L = broadcast(
        holding_cost=positive("holding_cost", holding_cost),
        stockout_cost=positive("stockout_cost", stockout_cost),
        fixed_cost=nonnegative("fixed_cost", fixed_cost),
        demand_mean=positive("demand_mean", demand_mean),
        lead_time=nonnegative("lead_time", lead_time),
    )
    shape = mean.shape
    h, p, setup_rate, mean = (a.ravel() for a in (h, p, K * mean, mean * L))
    high = Poisson(mean).quantile(p / (h + p))
    low, Q, iterations = high - 1, np.ones_like(high), 1  # the band (low, high], at first its best position
    total = setup_rate + _rate(high, h, p, Poisson(mean))
    below, above = _rate(low, h, p, Poisson(mean)), _rate(high + 1, h, p, Poisson(mean))
    while (grows := np.flatnonzero(np.minimum(below, above) < total / Q)).size:
        down, up = (side[grows] for side in ((below <= above), (below > above)))
        total[grows] += np.minimum(below, above)[grows]
        low[grows] -= down
        high[grows] += up
        Q[grows] += 1
        # one neighbour is new
        fresh = _rate(np.where(down, low[grows], high[grows] + 1), h[grows], p[grows], Poisson(mean[grows]))
        below[grows[down]], above[grows[up]] = fresh[down], fresh[up]
        iterations += 1
    r, Q, cost = (a.reshape(shape) for a in (low, Q, total / Q))
    return ReorderQuantity(plain(r), plain(Q), plain(cost), iterations)


def rq_cost(
    reorder_point: ArrayLike,
    order_quantity: ArrayLike,
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> Floats:
    """Return the exact cost per unit of time of any (r, Q), normal lead-time demand.

    Parameters
    ----------
    reorder_point, order_quantity : units; the quantity above zero.
    holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time : as in `rq_normal`.

    Returns
    -------
    C(r, Q), currency per unit of time, of the arguments' common shape.

    Raises
    ------
    ValueError : for values out of range or shapes that do not combine.

    Examples
    --------
    What the rule of thumb, EOQ plus safety stock, loses:

    >>> from invnb.inventory.reorder_quantity_rules import rq_eoq_safety_stock
    >>> data = (0.225, 7.5, 8, 1300, 150, 1 / 12)
    >>> rule, best = rq_eoq_safety_stock(*data), rq_normal(*data)
    >>> round(rq_cost(rule.reorder_point, rule.order_quantity, *data) / best.cost - 1, 3)
    0.115
    """
    h, p, K, mean, sd, L = rq_arguments(
        holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time
    )
    Q = positive("order_quantity", order_quantity)
    D = Normal(mean * L, sd * np.sqrt(L))
    return plain(policy_cost(np.asarray(reorder_point, dtype=float), Q, h, p, K * mean, D))


_STILL = 1e-12  # relative change that counts as none: some thousand roundings of float64
_MOST_STEPS = 10_000  # Newton needs about ten; the two fixed points may take hundreds near their limits


def until_still(
    step: Callable[[Floats], Floats], x: Floats, scale: Floats | float = 0.0
) -> tuple[Floats, int]:
    """Repeat x <- step(x) until all moves are within `_STILL` of |x| + scale; return x and the steps."""
    for iterations in range(1, _MOST_STEPS + 1):
        before, x = x, step(x)
        if np.all(np.abs(x - before) <= _STILL * (np.abs(x) + scale)):
            return x, iterations
    raise ValueError(f"the rule did not settle in {_MOST_STEPS} steps; rq_normal is exact and does")


def rq_arguments(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> tuple[Floats, ...]:
    return broadcast(
        holding_cost=positive("holding_cost", holding_cost),
        stockout_cost=positive("stockout_cost", stockout_cost),
        fixed_cost=positive("fixed_cost", fixed_cost),
        demand_mean=positive("demand_mean", demand_mean),
        demand_sd=nonnegative("demand_sd", demand_sd),
        lead_time=nonnegative("lead_time", lead_time),
    )


def _rate(y: Floats, h: Floats, p: Floats, D: Normal | Poisson) -> Floats:
    """G(y), the expected cost rate at stock position y."""
    return h * (y - D.mean) + (h + p) * D.loss(y)


def policy_cost(r: Floats, Q: Floats, h: Floats, p: Floats, setup_rate: Floats, D: SmoothLaw) -> Floats:
    """C(r, Q); the integral of G is elementary in the second-order loss."""
    shortage = D.loss2(r) - D.loss2(r + Q)
    return setup_rate / Q + h * (r + Q / 2 - D.mean) + (h + p) * shortage / Q


def _root(side: int, cost: Floats, h: Floats, p: Floats, D: Normal) -> Floats:
    """Return the root of G(y) = cost left (-1) or right (+1) of its minimum.

    G is convex and above its asymptotes, so Newton from the asymptote's root falls to it from outside.
    """

    def step(gap: Floats) -> Floats:
        y = D.mean + side * gap
        slope = side * (h - (h + p) * D.sf(y))
        # inside the root, where only rounding leads, there may be no slope; the fall from outside ends there
        fall = (_rate(y, h, p, D) - cost) / np.where(slope > 0, slope, np.inf)
        return np.minimum(gap, gap - fall)

    return D.mean + side * until_still(step, cost / (h if side > 0 else p), D.mean + D.sd)[0]
