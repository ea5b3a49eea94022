"""Teaching rules for lot sizing: Silver-Meal, least unit cost, part-period balancing.

Each rule looks only ahead: an order in period k covers periods k..j, and j moves on as long as the rule likes
it; the next order is placed in the first later period with demand. `lot_sizing.wagner_whitin` shows what they
lose. With fixed cost K_k and holding cost h_t per unit left at the end of period t, such an order costs

    C(k, j) = K_k + sum_{t=k}^{j} d_t (h_k + ... + h_{t-1})

Source: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains (2017), chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, broadcast_to, nonnegative, not_empty
from invnb.inventory.lot_sizing import LotSizing, evaluate_lot_sizing


def silver_meal(demand: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike) -> LotSizing:
    """Return the plan of the rule: cover one more period while the cost per period does not rise.

    Parameters
    ----------
    demand : shape (..., n_periods), units per period, zero or more.
    fixed_cost : currency per order; a scalar or any shape that broadcasts to `demand`.
    holding_cost : currency per unit left at the end of a period; likewise.

    Returns
    -------
    LotSizing.

    Raises
    ------
    ValueError : for an empty horizon, negative values, NaN, or shapes that do not combine.

    Source: Silver & Meal (1973), Production and Inventory Management 14(2):64-74.

    Examples
    --------
    >>> silver_meal([90, 120, 80, 70], fixed_cost=500, holding_cost=2).order_quantities
    array([290.,   0.,   0.,  70.])
    """
    return _plan(demand, fixed_cost, holding_cost, lambda cost, units, K: _first_rise(cost / _counts(cost)))


def least_unit_cost(demand: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike) -> LotSizing:
    """Return the plan of the rule: cover one more period while the cost per unit does not rise.

    Parameters
    ----------
    demand, fixed_cost, holding_cost : as in `silver_meal`.

    Returns
    -------
    LotSizing.

    Raises
    ------
    ValueError : as `silver_meal`.

    Examples
    --------
    >>> least_unit_cost([90, 120, 80, 70], fixed_cost=500, holding_cost=2).order_quantities
    array([210.,   0., 150.,   0.])
    """
    return _plan(demand, fixed_cost, holding_cost, lambda cost, units, K: _first_rise(cost / units))


def part_period_balancing(demand: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike) -> LotSizing:
    """Return the plan of the rule: cover the periods whose holding cost comes closest to the fixed cost.

    Parameters
    ----------
    demand, fixed_cost, holding_cost : as in `silver_meal`.

    Returns
    -------
    LotSizing.

    Raises
    ------
    ValueError : as `silver_meal`.

    Source: DeMatteis (1968), IBM Systems Journal 7(1):30-38.

    Examples
    --------
    >>> part_period_balancing([90, 120, 80, 70], fixed_cost=500, holding_cost=2).order_quantities
    array([290.,   0.,   0.,  70.])
    """
    return _plan(demand, fixed_cost, holding_cost, lambda cost, units, K: _closest(cost - K, K))


Rule = Callable[[Floats, Floats, float], int]
"""From C(k, k..T-1), the units covered so far and K_k: how many periods after k the order covers."""


def _plan(demand: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike, rule: Rule) -> LotSizing:
    d = nonnegative("demand", not_empty("demand", demand))
    K = broadcast_to("fixed_cost", nonnegative("fixed_cost", fixed_cost), d.shape)
    h = broadcast_to("holding_cost", nonnegative("holding_cost", holding_cost), d.shape)
    orders = np.zeros(d.shape)
    for product in np.ndindex(d.shape[:-1]):
        k = 0
        while k < d.shape[-1]:
            if d[product][k] == 0:
                k += 1
                continue
            units = d[product][k:]
            carried = np.concatenate([[0.0], np.cumsum(h[product][k:-1])])
            cost = K[product][k] + np.cumsum(units * carried)
            end = k + 1 + rule(cost, np.cumsum(units), float(K[product][k]))
            orders[product][k] = d[product][k:end].sum()
            k = end
    return evaluate_lot_sizing(orders, d, K, h)


def _counts(cost: Floats) -> Floats:
    return np.arange(1.0, cost.size + 1)


def _first_rise(criterion: Floats) -> int:
    """Return the last index before the criterion rises for the first time."""
    rises = np.flatnonzero(np.diff(criterion) > 0)
    return int(rises[0]) if rises.size else criterion.size - 1


def _closest(held: Floats, K: float) -> int:
    """Return the index whose holding cost is closest to K; the later one where two are as close."""
    return int(held.size - 1 - np.argmin(np.abs(held - K)[::-1]))
