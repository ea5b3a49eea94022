"""Order policies for `invnb.inventory.simulation`: what to order, given the inventory position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory import checks


@dataclass(frozen=True)
class OrderPolicy:
    """A rule that turns an inventory position into an order; build it with one of the functions below.

    At a review with inventory position ``x`` (stock - backlog + on order): if ``x <= reorder_point`` order
    ``order_up_to_level - x`` units, at most ``order_cap``, then at least ``min_order_units``, then rounded
    up to whole ``pack_units`` (0: any quantity). ``planned_orders`` are placed besides, before the rule
    looks.

    Attributes are scalars, (n_product,), or where said (n_product, n_period); units are pieces.
    """

    reorder_point: ArrayLike = -np.inf  # also (n_product, n_period)
    order_up_to_level: ArrayLike = 0.0  # also (n_product, n_period)
    order_cap: ArrayLike = np.inf
    min_order_units: ArrayLike = 0.0
    pack_units: ArrayLike = 0.0
    planned_orders: ArrayLike = 0.0  # also (n_product, n_period)


def s_S_policy(  # noqa: N802 - the field's own name
    reorder_point: ArrayLike,
    order_up_to_level: ArrayLike,
    *,
    min_order_units: ArrayLike = 0.0,
    pack_units: ArrayLike = 0.0,
) -> OrderPolicy:
    """Order up to S when the inventory position is at or below s.

    Parameters
    ----------
    reorder_point : s, units; scalar, (n_product,) or (n_product, n_period).
    order_up_to_level : S, units; the same shapes.
    min_order_units, pack_units : smallest order and pack multiple, units; 0 for none.

    Returns
    -------
    The policy, for `simulate`.

    Examples
    --------
    >>> s_S_policy(4, 10).order_up_to_level
    10
    """
    return OrderPolicy(
        reorder_point, order_up_to_level, min_order_units=min_order_units, pack_units=pack_units
    )


def base_stock_policy(
    order_up_to_level: ArrayLike,
    *,
    order_cap: ArrayLike = np.inf,
    min_order_units: ArrayLike = 0.0,
    pack_units: ArrayLike = 0.0,
) -> OrderPolicy:
    """Order up to S at every review; with a cap, at most `order_cap` units (capped base stock).

    Parameters
    ----------
    order_up_to_level : S, units; scalar, (n_product,) or (n_product, n_period).
    order_cap : largest order by the rule, units (rounding to packs may exceed it); infinity for none.
    min_order_units, pack_units : smallest order and pack multiple, units; 0 for none.

    Returns
    -------
    The policy, for `simulate`.

    Source
    ------
    Capped: Xin, L. (2021), Understanding the performance of capped base-stock policies in lost-sales
    inventory models, Operations Research 69(1).

    Examples
    --------
    >>> base_stock_policy(13, order_cap=7).order_cap
    7
    """
    return OrderPolicy(order_up_to_level, order_up_to_level, order_cap, min_order_units, pack_units)


def r_nQ_policy(reorder_point: ArrayLike, order_quantity: ArrayLike) -> OrderPolicy:  # noqa: N802
    """Order the fewest multiples of Q that lift the inventory position above r, when it is at or below r.

    Parameters
    ----------
    reorder_point : r, whole units; scalar or (n_product,).
    order_quantity : Q, units; scalar or (n_product,).

    Returns
    -------
    The policy, for `simulate`.

    Examples
    --------
    >>> r_nQ_policy(5, 12).pack_units
    12
    """
    checks.positive("order_quantity", order_quantity)
    r = checks.whole("reorder_point", reorder_point, least=np.iinfo(np.int64).min)
    return OrderPolicy(r, r + 1, pack_units=order_quantity)


def fixed_orders(planned_orders: ArrayLike) -> OrderPolicy:
    """Place the orders of a plan whatever happens.

    Parameters
    ----------
    planned_orders : (n_product, n_period), units; column t is placed at the review that closes period t - 1.

    Returns
    -------
    The policy, for `simulate`.

    Examples
    --------
    >>> fixed_orders([[5, 0, 5]]).planned_orders
    [[5, 0, 5]]
    """
    return OrderPolicy(planned_orders=planned_orders)
