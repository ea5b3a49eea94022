"""Lot sizing: known demand per period, a fixed cost per order, and the plan of least cost, exactly.

In every period the order arrives, demand is met or waits, and then the period is charged: h_t per unit left,
b_t per unit waiting. With order x_t and net stock I_t = I_{t-1} + x_t - d_t,

    minimise sum_t K_t [x_t > 0] + c_t x_t + h_t I_t^+ + b_t I_t^-,     I_T >= 0

`wagner_whitin` takes any order size. Then an order fills a run of whole periods around it, and with F_j the
least cost of the first j periods, W_k the least cost before an order in period k (counted from 0),

    W_k     = min over i <= k of  F_i + sum_{t=i}^{k-1} d_t (c_k + b_t + ... + b_{k-1})
    F_{j+1} = min over k <= j of  W_k + K_k + sum_{t=k}^{j} d_t (c_k + h_k + ... + h_{t-1})

in O(n_periods^2) for costs of any shape over time (Wagner & Whitin 1958; backorders: Zangwill 1966, 1969).

`restricted_lot_sizing` adds capacity, minimum orders and pack multiples for whole units. With u the units
ordered before period t, and net stock I(u) = I_0 + u - d_0 - ... - d_t after its demand,

    V_t(u) = min over allowed q of  K_t [q > 0] + c_t q + h_t I(u+q)^+ + b_t I(u+q)^- + V_{t+1}(u+q)

exactly, in time linear in periods times units, because the allowed q > 0 are a window that slides with u.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import (
    Floats,
    broadcast_to,
    nonnegative,
    nonnegative_or_infinite,
    not_empty,
    plain,
    whole,
)


@dataclass(frozen=True)
class LotSizing:
    """An order plan with its cost; arrays over (..., periods), costs over (...) or numbers for one product.

    Attributes
    ----------
    order_quantities : units ordered (and received) per period.
    net_stock : units left at the end of each period, negative where demand waits.
    setup_cost, purchase_cost, stock_cost, waiting_cost : the parts of `cost` over the horizon.
    cost : their sum; infinite for a plan that leaves demand waiting where it must not.
    """

    order_quantities: Floats
    net_stock: Floats
    setup_cost: Floats
    purchase_cost: Floats
    stock_cost: Floats
    waiting_cost: Floats
    cost: Floats


def wagner_whitin(
    demand: ArrayLike,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    backorder_cost: ArrayLike = np.inf,
    initial_stock: ArrayLike = 0.0,
) -> LotSizing:
    """Return the order plan of least cost, order sizes free; all products at once.

    Parameters
    ----------
    demand : shape (..., n_periods), units per period, zero or more, fractions allowed.
    fixed_cost : currency per order; a scalar or any shape that broadcasts to `demand`, as the next three
        (shape (n_periods,) varies by period, (n_products, 1) by product).
    holding_cost : currency per unit left at the end of a period.
    unit_cost : currency per unit ordered in a period.
    backorder_cost : currency per unit waiting at the end of a period; infinite: demand must not wait.
    initial_stock : units on hand at the start, scalar or shape (...).

    Returns
    -------
    LotSizing, optimal.

    Raises
    ------
    ValueError : for an empty horizon, negative values, NaN, or shapes that do not combine.

    Source: Wagner & Whitin (1958), Management Science 5(1):89-96; Zangwill (1966), Management Science
    13(1):105-119; Snyder & Shen (2019), equation 3.39.

    Examples
    --------
    >>> plan = wagner_whitin([90, 120, 80, 70], fixed_cost=500, holding_cost=2)
    >>> plan.order_quantities, plan.cost
    (array([210.,   0., 150.,   0.]), 1380.0)
    """
    d = nonnegative("demand", not_empty("demand", demand))
    K, h, c, b = _costs(d.shape, fixed_cost, holding_cost, unit_cost, backorder_cost)
    stock = broadcast_to("initial_stock", nonnegative("initial_stock", initial_stock), d.shape[:-1])
    # stock on hand serves the first demands; what it costs to hold does not depend on the plan
    uncovered = np.maximum(np.cumsum(d, axis=-1) - stock[..., None], 0.0)
    # a demand that the stock just covers must not leave an order of one rounding error
    uncovered[uncovered <= _NO_UNITS * stock[..., None]] = 0.0
    net_demand = np.diff(uncovered, axis=-1, prepend=0.0)

    from invnb.inventory import lot_sizing_kernels

    compiled: Any = lot_sizing_kernels.wagner_whitin
    orders = np.empty((d[..., 0].size, d.shape[-1]))
    compiled(*(_rows(a) for a in (net_demand, K, h, c, b)), orders)
    return _evaluate(orders.reshape(d.shape), d, K, h, c, b, stock)


def restricted_lot_sizing(
    demand: ArrayLike,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    backorder_cost: ArrayLike = np.inf,
    capacity: ArrayLike = np.inf,
    min_order_units: ArrayLike = 1,
    pack_units: ArrayLike = 1,
    initial_stock: ArrayLike = 0,
) -> LotSizing:
    """Return the order plan of least cost with capacity, minimum order and pack multiples; whole units.

    What minimum orders and packs leave over at the end of the horizon is worth nothing.

    Parameters
    ----------
    demand : shape (..., n_periods), whole units per period.
    fixed_cost, holding_cost, unit_cost, backorder_cost : as in `wagner_whitin`.
    capacity : most units per order, whole or infinite; broadcasts to `demand`.
    min_order_units : fewest units per order, scalar or shape (...).
    pack_units : an order is a multiple of this, scalar or shape (...).
    initial_stock : whole units on hand at the start, scalar or shape (...).

    Returns
    -------
    LotSizing, optimal over whole orders (and over all orders when the pack is 1: then the corner points of
    the continuous problem are whole).

    Raises
    ------
    ValueError : as `wagner_whitin`; for fractions of units; when the limits leave demand unmet, naming the
        product; for more than `MOST_CELLS` states.

    Source: Florian, Lenstra & Rinnooy Kan (1980), Management Science 26(7):669-679, for the recursion.

    Examples
    --------
    >>> plan = restricted_lot_sizing([10, 20, 30, 40], 40, holding_cost=1, unit_cost=1, capacity=30)
    >>> plan.order_quantities, plan.cost
    (array([10., 30., 30., 30.]), 280.0)
    """
    d = whole("demand", not_empty("demand", demand))
    K, h, c, b = _costs(d.shape, fixed_cost, holding_cost, unit_cost, backorder_cost)
    products = d.shape[:-1]
    stock, pack, least = (
        np.array(broadcast_to(name, whole(name, value, lowest), products), dtype=np.int64).ravel()
        for name, value, lowest in (
            ("initial_stock", initial_stock, 0),
            ("pack_units", pack_units, 1),
            ("min_order_units", min_order_units, 1),
        )
    )
    smallest = -(-least // pack) * pack
    total = _rows(d, np.int64).sum(axis=1)
    # once the rest of demand is covered a pack less never costs more, so no plan orders more in all than this
    most = np.maximum(total - stock + smallest - 1, 0)
    cells = d.shape[-1] * (int(most.max()) + 1)
    if cells > MOST_CELLS:
        raise ValueError(
            f"demand spans {cells} states, {MOST_CELLS} are allowed: state it in packs or thousands"
        )
    limit = nonnegative_or_infinite("capacity", capacity)
    whole("capacity", limit[np.isfinite(limit)])
    room = np.minimum(_rows(broadcast_to("capacity", limit, d.shape)), most[:, None])
    orders, feasible = np.empty(room.shape), np.empty(len(room), dtype=bool)

    from invnb.inventory import lot_sizing_kernels

    compiled: Any = lot_sizing_kernels.on_grid
    compiled(
        _rows(d, np.int64),
        *(_rows(a) for a in (K, h, c, b)),
        room.astype(np.int64),
        *(smallest, pack, stock, most, orders, feasible),
    )
    if not feasible.all():
        product = int(np.flatnonzero(~feasible)[0])
        raise ValueError(
            f"capacity is too small: product {product} cannot meet its demand of {total[product]} units with "
            f"orders of {smallest[product]} units or more in packs of {pack[product]}"
        )
    return _evaluate(
        orders.reshape(d.shape), d.astype(float), K, h, c, b, stock.astype(float).reshape(products)
    )


def evaluate_lot_sizing(
    order_quantities: ArrayLike,
    demand: ArrayLike,
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike = 0.0,
    backorder_cost: ArrayLike = np.inf,
    initial_stock: ArrayLike = 0.0,
) -> LotSizing:
    """Return stocks and costs of any order plan.

    Parameters
    ----------
    order_quantities : shape of `demand`, units per period, zero or more.
    demand, fixed_cost, holding_cost, unit_cost, backorder_cost, initial_stock : as in `wagner_whitin`.

    Returns
    -------
    LotSizing of the given plan.

    Raises
    ------
    ValueError : for negative values, NaN, or shapes that do not combine.

    Examples
    --------
    >>> evaluate_lot_sizing([90, 120, 80, 70], [90, 120, 80, 70], fixed_cost=500, holding_cost=2).cost
    2000.0
    """
    d = nonnegative("demand", not_empty("demand", demand))
    orders = broadcast_to("order_quantities", nonnegative("order_quantities", order_quantities), d.shape)
    K, h, c, b = _costs(d.shape, fixed_cost, holding_cost, unit_cost, backorder_cost)
    stock = broadcast_to("initial_stock", nonnegative("initial_stock", initial_stock), d.shape[:-1])
    return _evaluate(orders, d, K, h, c, b, stock)


MOST_CELLS = 100_000_000
"""Largest grid of `restricted_lot_sizing`: units of one product times periods (four bytes each)."""

_NO_UNITS = 1e-9  # share of the units in play below which a stock is rounding, not stock


def _costs(
    shape: tuple[int, ...],
    fixed_cost: ArrayLike,
    holding_cost: ArrayLike,
    unit_cost: ArrayLike,
    backorder_cost: ArrayLike,
) -> tuple[Floats, ...]:
    return (
        broadcast_to("fixed_cost", nonnegative("fixed_cost", fixed_cost), shape),
        broadcast_to("holding_cost", nonnegative("holding_cost", holding_cost), shape),
        broadcast_to("unit_cost", nonnegative("unit_cost", unit_cost), shape),
        broadcast_to("backorder_cost", nonnegative_or_infinite("backorder_cost", backorder_cost), shape),
    )


def _rows(array: np.ndarray, kind: type = np.float64) -> np.ndarray:
    """Return a contiguous copy of shape (n_products, n_periods), as the compiled loops want it."""
    return np.array(array, dtype=kind, order="C").reshape(-1, array.shape[-1])


def _evaluate(
    orders: Floats, d: Floats, K: Floats, h: Floats, c: Floats, b: Floats, stock: Floats
) -> LotSizing:
    net = stock[..., None] + np.cumsum(orders - d, axis=-1)
    net = np.where(np.abs(net) <= _NO_UNITS * (stock + d.sum(axis=-1))[..., None], 0.0, net)
    setup = np.where(orders > 0, K, 0.0).sum(axis=-1)
    purchase, held = (c * orders).sum(axis=-1), (h * np.maximum(net, 0.0)).sum(axis=-1)
    waiting = np.multiply(b, -net, out=np.zeros_like(net), where=net < 0).sum(axis=-1)
    waiting = np.where(net[..., -1] < 0, np.inf, waiting)
    return LotSizing(
        orders,
        net,
        plain(setup),
        plain(purchase),
        plain(held),
        plain(waiting),
        plain(setup + purchase + held + waiting),
    )
