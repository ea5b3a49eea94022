"""Economic order quantities: constant demand, one product at a time, arrays over products by broadcasting.

With order quantity Q, demand rate D, fixed cost K per order and holding cost h per unit and unit of time, the
cost per unit of time is

    C(Q) = K D / Q + h Q / 2        (Harris 1913)

and every variant below changes one term of it. Rates and holding costs share one unit of time.

Sources: Harris (1913); Zipkin, Foundations of Inventory Management (2000), chapter 3; Snyder & Shen,
Fundamentals of Supply Chain Theory, 2nd ed. (2019), chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, Whole, broadcast, increasing, not_empty, plain, positive


@dataclass(frozen=True)
class EOQ:
    """An order quantity under constant demand; fields are numbers, or arrays over products.

    Attributes
    ----------
    order_quantity : units per order.
    cycle_time : time between orders.
    cost : setup and holding cost per unit of time (purchases not included).
    """

    order_quantity: Floats
    cycle_time: Floats
    cost: Floats


@dataclass(frozen=True)
class EOQBackorders:
    """An order quantity with planned backorders; fields are numbers, or arrays over products.

    Attributes
    ----------
    order_quantity : units per order.
    max_backorders : units backordered when the order arrives.
    stockout_fraction : share of demand that is backordered.
    cycle_time : time between orders.
    cost : setup, holding and backorder cost per unit of time.
    """

    order_quantity: Floats
    max_backorders: Floats
    stockout_fraction: Floats
    cycle_time: Floats
    cost: Floats


@dataclass(frozen=True)
class EOQDiscount:
    """An order quantity under a quantity discount; fields are numbers, or arrays over products.

    Attributes
    ----------
    order_quantity : units per order.
    region : index of the price region it lies in (0 is the first).
    average_unit_cost : what one unit costs on average at this quantity.
    cycle_time : time between orders.
    total_cost : purchases, setup and holding cost per unit of time.
    """

    order_quantity: Floats
    region: Whole
    average_unit_cost: Floats
    cycle_time: Floats
    total_cost: Floats


def eoq(fixed_cost: ArrayLike, holding_cost: ArrayLike, demand_rate: ArrayLike) -> EOQ:
    """Return the economic order quantity, Q* = sqrt(2 K D / h), with cost sqrt(2 K D h).

    Parameters
    ----------
    fixed_cost : currency per order, above zero; scalar or array over products, as all arguments.
    holding_cost : currency per unit and unit of time, above zero.
    demand_rate : units per unit of time, above zero.

    Returns
    -------
    EOQ with the arguments' common shape.

    Raises
    ------
    ValueError : for a value that is not above zero and finite, or shapes that do not combine.

    Source: Harris (1913); Snyder & Shen (2019), equations 3.4 and 3.5.

    Examples
    --------
    >>> best = eoq(fixed_cost=8, holding_cost=0.225, demand_rate=1300)
    >>> round(best.order_quantity, 2), round(best.cost, 2)
    (304.05, 68.41)
    """
    K, h, D = _positive(fixed_cost=fixed_cost, holding_cost=holding_cost, demand_rate=demand_rate)
    Q = np.sqrt(2 * K * D / h)
    return EOQ(plain(Q), plain(Q / D), plain(np.sqrt(2 * K * D * h)))


def eoq_cost(
    order_quantity: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike, demand_rate: ArrayLike
) -> Floats:
    """Return the setup and holding cost per unit of time of any order quantity, K D / Q + h Q / 2.

    Parameters
    ----------
    order_quantity : units per order, above zero.
    fixed_cost, holding_cost, demand_rate : as in `eoq`.

    Returns
    -------
    Currency per unit of time, of the arguments' common shape.

    Raises
    ------
    ValueError : for a value that is not above zero and finite.

    Examples
    --------
    Twice the best quantity costs a quarter more, whatever the data:

    >>> best = eoq(8, 0.225, 1300)
    >>> round(eoq_cost(2 * best.order_quantity, 8, 0.225, 1300) / best.cost, 12)
    1.25
    """
    Q, K, h, D = _positive(
        order_quantity=order_quantity,
        fixed_cost=fixed_cost,
        holding_cost=holding_cost,
        demand_rate=demand_rate,
    )
    return plain(K * D / Q + h * Q / 2)


def eoq_packs(
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    demand_rate: ArrayLike,
    pack_units: ArrayLike = 1,
    min_order_units: ArrayLike = 1,
) -> EOQ:
    """Return the best order quantity that is a multiple of the pack and at least the minimum order.

    The cost is convex in Q, so the best multiple is a neighbour of the economic order quantity, or the
    smallest multiple that reaches the minimum order.

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate : as in `eoq`.
    pack_units : units per pack, above zero.
    min_order_units : least units per order, above zero.

    Returns
    -------
    EOQ of the arguments' common shape.

    Raises
    ------
    ValueError : for a value that is not above zero and finite.

    Examples
    --------
    >>> eoq_packs(8, 0.225, 1300, pack_units=24).order_quantity
    312.0
    """
    K, h, D, pack, least = _positive(
        fixed_cost=fixed_cost,
        holding_cost=holding_cost,
        demand_rate=demand_rate,
        pack_units=pack_units,
        min_order_units=min_order_units,
    )
    smallest = np.ceil(least / pack)
    below = np.maximum(np.floor(np.sqrt(2 * K * D / h) / pack), smallest)
    candidates = pack * np.stack([below, below + 1])
    costs = K * D / candidates + h * candidates / 2
    Q = np.where(costs[0] <= costs[1], candidates[0], candidates[1])
    return EOQ(plain(Q), plain(Q / D), plain(costs.min(axis=0)))


def eoq_backorders(
    fixed_cost: ArrayLike, holding_cost: ArrayLike, backorder_cost: ArrayLike, demand_rate: ArrayLike
) -> EOQBackorders:
    """Return the economic order quantity when customers wait at a price.

    With backorder cost p per unit and unit of time, Q* = sqrt(2 K D (h + p) / (h p)), and the share
    h / (h + p) of demand waits.

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate : as in `eoq`.
    backorder_cost : currency per unit backordered and unit of time, above zero.

    Returns
    -------
    EOQBackorders of the arguments' common shape.

    Raises
    ------
    ValueError : for a value that is not above zero and finite.

    Source: Snyder & Shen (2019), equations 3.27 to 3.29; Zipkin (2000), chapter 3.

    Examples
    --------
    >>> best = eoq_backorders(fixed_cost=8, holding_cost=0.225, backorder_cost=5, demand_rate=1300)
    >>> round(best.order_quantity, 2), round(best.stockout_fraction, 4), round(best.cost, 2)
    (310.81, 0.0431, 66.92)
    """
    K, h, p, D = _positive(
        fixed_cost=fixed_cost,
        holding_cost=holding_cost,
        backorder_cost=backorder_cost,
        demand_rate=demand_rate,
    )
    fraction = h / (h + p)
    Q = np.sqrt(2 * K * D / (h * (1 - fraction)))
    cost = np.sqrt(2 * K * D * h * (1 - fraction))
    return EOQBackorders(plain(Q), plain(fraction * Q), plain(fraction), plain(Q / D), plain(cost))


def epq(
    fixed_cost: ArrayLike, holding_cost: ArrayLike, demand_rate: ArrayLike, production_rate: ArrayLike
) -> EOQ:
    """Return the economic production quantity: the lot arrives at a finite rate while demand goes on.

    Stock rises at rate P - D only, so the holding cost in `eoq` becomes h (1 - D / P).

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate : as in `eoq`.
    production_rate : units per unit of time, above `demand_rate`.

    Returns
    -------
    EOQ of the arguments' common shape (order_quantity is the lot).

    Raises
    ------
    ValueError : for a value that is not above zero and finite, or a production rate not above demand.

    Source: Taft (1918); Snyder & Shen (2019), equations 3.31 and 3.32.

    Examples
    --------
    >>> round(epq(8, 0.225, 1300, production_rate=2000).order_quantity, 2)
    513.93
    """
    K, h, D, P = _positive(
        fixed_cost=fixed_cost,
        holding_cost=holding_cost,
        demand_rate=demand_rate,
        production_rate=production_rate,
    )
    if np.any(P <= D):
        slow = np.flatnonzero(P <= D)[0]
        raise ValueError(
            f"production_rate must be above demand_rate, got {P.flat[slow]:g} against {D.flat[slow]:g}"
        )
    return eoq(K, h * (1 - D / P), D)


def eoq_all_units(
    fixed_cost: ArrayLike,
    holding_rate: ArrayLike,
    demand_rate: ArrayLike,
    breakpoints: ArrayLike,
    unit_costs: ArrayLike,
) -> EOQDiscount:
    """Return the best order quantity when reaching a break lowers the price of every unit of the order.

    In region j the price is c_j and the holding cost i c_j. The best quantity is the EOQ of a region that
    holds it, or a break; prices do not rise, so no other quantity can win.

    Parameters
    ----------
    fixed_cost, demand_rate : as in `eoq`.
    holding_rate : holding cost per unit of money in stock and unit of time, above zero.
    breakpoints : shape (..., n_regions), units at which each price starts; the first is 0, increasing.
    unit_costs : shape (..., n_regions), currency per unit in each region, not rising.

    Returns
    -------
    EOQDiscount of the shape of the products.

    Raises
    ------
    ValueError : for breaks that do not start at 0 and increase, prices that rise, or values out of range.

    Source: Snyder & Shen (2019), equations 3.18 and 3.19; Hadley & Whitin (1963), chapter 2.

    Examples
    --------
    >>> best = eoq_all_units(8, 0.3, 1300, breakpoints=[0, 400, 800], unit_costs=[0.75, 0.72, 0.68])
    >>> best.order_quantity, best.region, round(best.total_cost, 1)
    (800.0, 2, 978.6)
    """
    K, i, D, b, c = _discount_arguments(fixed_cost, holding_rate, demand_rate, breakpoints, unit_costs)
    Q = np.maximum(np.sqrt(2 * K * D / (i * c)), b)
    total = c * D + K * D / Q + i * c * Q / 2
    region_end = np.concatenate([b[..., 1:], np.full_like(b[..., :1], np.inf)], axis=-1)
    return _best_region(Q, np.where(region_end > Q, total, np.inf), c, D, b)


def eoq_incremental(
    fixed_cost: ArrayLike,
    holding_rate: ArrayLike,
    demand_rate: ArrayLike,
    breakpoints: ArrayLike,
    unit_costs: ArrayLike,
) -> EOQDiscount:
    """Return the best order quantity when each price applies only to the units beyond its break.

    In region j an order of Q costs s_j + c_j Q, with s_j = sum over i <= j of (c_{i-1} - c_i) b_i: the saving
    forgone acts as a fixed cost K + s_j and adds i s_j / 2 to the holding cost. The cost per unit of time is
    the least of these convex curves, so its minimum is the best of their minima.

    Parameters
    ----------
    fixed_cost, holding_rate, demand_rate, breakpoints, unit_costs : as in `eoq_all_units`.

    Returns
    -------
    EOQDiscount of the shape of the products.

    Raises
    ------
    ValueError : as in `eoq_all_units`.

    Source: Snyder & Shen (2019), equations 3.20 to 3.22; Hadley & Whitin (1963), chapter 2.

    Examples
    --------
    >>> best = eoq_incremental(8, 0.3, 1300, breakpoints=[0, 400, 800], unit_costs=[0.75, 0.72, 0.68])
    >>> round(best.order_quantity, 2), best.region, round(best.total_cost, 2)
    (304.05, 0, 1043.41)
    """
    K, i, D, b, c = _discount_arguments(fixed_cost, holding_rate, demand_rate, breakpoints, unit_costs)
    forgone = np.cumsum(-np.diff(c, axis=-1, prepend=c[..., :1]) * b, axis=-1)
    Q = np.sqrt(2 * (K + forgone) * D / (i * c))
    total = c * D + i * forgone / 2 + np.sqrt(2 * (K + forgone) * D * i * c)
    return _best_region(Q, total, c + forgone / Q, D, b)


def _positive(**arguments: ArrayLike) -> tuple[Floats, ...]:
    return broadcast(**{name: positive(name, value) for name, value in arguments.items()})


def _discount_arguments(
    fixed_cost: ArrayLike,
    holding_rate: ArrayLike,
    demand_rate: ArrayLike,
    breakpoints: ArrayLike,
    unit_costs: ArrayLike,
) -> tuple[Floats, ...]:
    """Return K, i, D (with an axis for regions), breaks and prices, all of one shape (..., n_regions)."""
    b, c = broadcast(
        breakpoints=increasing("breakpoints", breakpoints), unit_costs=not_empty("unit_costs", unit_costs)
    )
    positive("unit_costs", c)
    if np.any(b[..., 0] != 0):
        raise ValueError(f"breakpoints must start at 0, got {b[..., 0][b[..., 0] != 0].flat[0]:g}")
    if np.any(np.diff(c, axis=-1) > 0):
        raise ValueError("unit_costs must not rise from one region to the next, got " + repr(c.tolist()))
    K, i, D = _positive(fixed_cost=fixed_cost, holding_rate=holding_rate, demand_rate=demand_rate)
    return broadcast(
        fixed_cost=K[..., None],
        holding_rate=i[..., None],
        demand_rate=D[..., None],
        breakpoints=b,
        unit_costs=c,
    )


def _best_region(Q: Floats, total: Floats, average_unit_cost: Floats, D: Floats, b: Floats) -> EOQDiscount:
    """Choose the cheapest candidate; arguments (..., n_regions), `total` infinite where not feasible."""
    cheapest = np.argmin(total, axis=-1)[..., None]

    def chosen(values: Floats) -> Any:
        return plain(np.take_along_axis(values, cheapest, axis=-1)[..., 0])

    # where two regions have one price their curves are the same, so the region is read off the quantity
    region = (b <= np.take_along_axis(Q, cheapest, axis=-1)).sum(axis=-1) - 1
    order = chosen(Q)
    return EOQDiscount(order, plain(region), chosen(average_unit_cost), order / chosen(D), chosen(total))
