"""Orders below a supplier's least order value: topped up or dropped, whichever costs less."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from invnb.decide.first_order import MAX_CANDIDATES, round_up
from invnb.decide.limits import Limit

NAME = "supplier_minimum"


def meet_supplier_minimums(
    order_units: np.ndarray,
    supplier: np.ndarray,
    min_value: dict[str, float],
    unit_cost: np.ndarray,
    pack_units: np.ndarray,
    min_order_units: np.ndarray,
    costs: Callable[[np.ndarray, np.ndarray], np.ndarray],
    limits: list[Limit],
) -> tuple[np.ndarray, np.ndarray]:
    """Top up or drop the orders of every supplier whose total is under its minimum.

    A supplier's order is topped up in whole packs where they cost least per unit of money added (products not
    due yet included), until the minimum is reached; it is dropped where that costs less, or where the top-up
    would break a limit.

    Parameters
    ----------
    order_units : (n_sku,), units ordered.
    supplier : (n_sku,), supplier of each product.
    min_value : least order value by supplier, currency.
    unit_cost, pack_units, min_order_units : (n_sku,).
    costs : function of products (k,) and order sizes (k, n_candidate) that returns their expected cost.
    limits : limits the result has to keep.

    Returns
    -------
    Units ordered, (n_sku,), and (n_sku,) the word "supplier_minimum" where it changed them, else "".

    Examples
    --------
    >>> def costs(rows, sizes):  # each unit saves 3 up to ten units, then costs 1
    ...     return 3 * np.maximum(10 - sizes, 0) + np.maximum(sizes - 10, 0)
    >>> units, changed = meet_supplier_minimums(np.array([10.0]), np.array(["S"]), {"S": 24.0},
    ...     np.array([2.0]), np.array([1.0]), np.array([1.0]), costs, [])
    >>> units.tolist(), changed.tolist()
    ([12.0], ['supplier_minimum'])
    """
    units = order_units.copy()
    changed = np.full(len(units), "", dtype=object)
    for name in sorted({str(s) for s in supplier[units > 0]} & set(min_value)):
        rows = np.flatnonzero(supplier == name)
        missing = min_value[name] - float(unit_cost[rows] @ units[rows])
        if missing <= 1e-9 * min_value[name]:
            continue
        sizes = _sizes_above(units[rows], missing, unit_cost[rows], pack_units[rows], min_order_units[rows])
        cost = costs(rows, np.concatenate([np.zeros((len(rows), 1)), sizes], axis=1))
        drop_cost = float((cost[:, 0] - cost[:, 1]).sum())
        topped, top_up_cost = _top_up(sizes, cost[:, 1:], unit_cost[rows], missing)
        after = units.copy()
        after[rows] = topped
        fits = all(float(limit.use_per_unit @ after) <= limit.available for limit in limits)
        if not (fits and top_up_cost <= drop_cost):
            after[rows] = 0.0
        changed[after != units] = NAME
        units = after
    return units, changed


def _sizes_above(
    units: np.ndarray, missing: float, unit_cost: np.ndarray, pack: np.ndarray, minimum: np.ndarray
) -> np.ndarray:
    """Order sizes from the present one to what would fill the gap alone, (k, n_candidate), whole packs."""
    enough = round_up(units + missing / unit_cost, pack, minimum)
    share = np.linspace(0.0, 1.0, MAX_CANDIDATES)
    packs = np.ceil((units[:, None] + share * (enough - units)[:, None]) / pack[:, None] - 1e-9)
    least = round_up(np.ones_like(pack), pack, minimum)
    sizes = np.where(packs > 0, np.maximum(packs * pack[:, None], least[:, None]), 0.0)
    sizes[:, 0] = units
    return sizes


def _top_up(
    sizes: np.ndarray, cost: np.ndarray, unit_cost: np.ndarray, missing: float
) -> tuple[np.ndarray, float]:
    """Cheapest steps up, per unit of money added, until `missing` is filled; and what they cost."""
    at = np.zeros(len(sizes), dtype=int)
    rows = np.arange(len(sizes))
    filled = 0.0
    while filled < missing - 1e-9 * abs(missing):
        value = (sizes - sizes[rows, at][:, None]) * unit_cost[:, None]
        rise = cost - cost[rows, at][:, None]
        rate = np.where(
            value > 0, rise / np.where(value > 0, np.minimum(value, missing - filled), 1.0), np.inf
        )
        i, j = np.unravel_index(int(np.argmin(rate)), rate.shape)
        filled += float(value[i, j])
        at[i] = j
    return sizes[rows, at], float((cost[rows, at] - cost[:, 0]).sum())
