"""Joint replenishment: several products share one fixed cost per order (a supplier, a container).

Every T units of time an order is placed; product i joins every m_i-th order. The cost per unit of time is

    C(T, m) = (K + sum_i k_i / m_i) / T + T sum_i m_i h_i D_i / 2

with the shared cost K charged at every order moment. For given multiples the best T is closed-form,
T(m) = sqrt(2 (K + sum k_i / m_i) / sum m_i h_i D_i), so the problem is to choose whole m_i >= 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, Whole, broadcast, not_empty, positive


@dataclass(frozen=True)
class JointReplenishment:
    """A joint order cycle.

    Attributes
    ----------
    base_cycle_time : time between orders.
    multiples : shape (n_products,), product i joins every multiples[i]-th order.
    order_quantities : shape (n_products,), units of product i when it joins.
    cost : shared and own setup cost and holding cost per unit of time.
    """

    base_cycle_time: float
    multiples: Whole
    order_quantities: Floats
    cost: float


def joint_replenishment_silver(
    shared_fixed_cost: float, item_fixed_costs: ArrayLike, holding_costs: ArrayLike, demand_rates: ArrayLike
) -> JointReplenishment:
    """Return Silver's one-pass rule: the product that wants the shortest cycle joins every order.

    With product 1 the one of least k / (h D), product i joins every m_i-th order,
    m_i = round(sqrt(k_i / (h_i D_i) * h_1 D_1 / (K + k_1))), at least 1.

    Parameters
    ----------
    shared_fixed_cost : currency per order, whatever it holds, above zero.
    item_fixed_costs : shape (n_products,), currency per product in an order, above zero.
    holding_costs : shape (n_products,) or scalar, currency per unit and unit of time, above zero.
    demand_rates : shape (n_products,), units per unit of time, above zero.

    Returns
    -------
    JointReplenishment with the best base cycle time for the rule's multiples.

    Raises
    ------
    ValueError : for values that are not above zero and finite, or shapes that do not combine.

    Source: Silver (1976), Management Science 22(12):1351-1361.

    Examples
    --------
    >>> k, D = [1.87, 5.27, 7.94, 8.19, 8.87], [1736, 656, 558, 170, 142]
    >>> cycle = joint_replenishment_silver(10, k, 0.2, D)
    >>> cycle.multiples, round(cycle.cost, 4)
    (array([1, 1, 1, 3, 3]), 218.6863)
    """
    K, k, h, D = _arguments(shared_fixed_cost, item_fixed_costs, holding_costs, demand_rates)
    wish = k / (h * D)
    first = int(np.argmin(wish))
    ratio = np.sqrt(wish * (h * D)[first] / (K + k[first]))
    multiples = np.maximum(1, np.floor(ratio + 0.5)).astype(np.int64)
    multiples[first] = 1
    return _cycle(K, k, h, D, multiples)


def joint_replenishment(
    shared_fixed_cost: float, item_fixed_costs: ArrayLike, holding_costs: ArrayLike, demand_rates: ArrayLike
) -> JointReplenishment:
    """Return the exact best whole multiples and base cycle time.

    For a given T the best m_i has m_i (m_i - 1) <= 2 k_i / (h_i D_i T^2) <= m_i (m_i + 1): from long to
    short T, product i steps from m to m + 1 at T = sqrt(2 k_i / (h_i D_i m (m + 1))). Between steps the
    multiples stand still and the best cost is 2 sqrt(A B), A = K + sum k_i / m_i, B = sum m_i h_i D_i / 2.
    All vectors met from the longest step down to T are compared, and T is halved until K / T exceeds the best
    cost found less sum_i sqrt(2 k_i h_i D_i): each product costs at least its own EOQ cost, so no shorter T
    can win.

    Parameters
    ----------
    shared_fixed_cost, item_fixed_costs, holding_costs, demand_rates : as in `joint_replenishment_silver`.

    Returns
    -------
    JointReplenishment, the optimum over all base cycle times and whole multiples.

    Raises
    ------
    ValueError : as in `joint_replenishment_silver`.

    Source: Goyal (1974), Management Science 20(10); Wildeman, Frenk & Dekker (1997), EJOR 99:433-444.

    Examples
    --------
    >>> best = joint_replenishment(10, [1.87, 5.27, 7.94, 8.19, 8.87], 0.2, [1736, 656, 558, 170, 142])
    >>> best.multiples, round(best.cost, 4)
    (array([1, 1, 2, 3, 3]), 218.2516)
    """
    K, k, h, D = _arguments(shared_fixed_cost, item_fixed_costs, holding_costs, demand_rates)
    least = np.sqrt(2 * k * h * D).sum()
    best = joint_replenishment_silver(K, k, h, D)
    shortest = best.base_cycle_time
    while True:
        met = _cycle(K, k, h, D, _best_multiples(shortest, K, k, h, D))
        best = min(best, met, key=lambda cycle: cycle.cost)
        if K / shortest > best.cost - least:
            return best
        shortest /= 2


def _best_multiples(shortest: float, K: float, k: Floats, h: Floats, D: Floats) -> Whole:
    """Return the cheapest of the multiples that are best for some T from `shortest` up."""
    wish = 2 * k / (h * D)
    # the largest m that product i steps from: m (m + 1) <= wish / shortest^2
    steps = np.floor((np.sqrt(1 + 4 * wish / shortest**2) - 1) / 2).astype(np.int64)
    product = np.repeat(np.arange(k.size), steps)
    m = np.concatenate([np.arange(1, n + 1) for n in steps])
    order = np.argsort(m * (m + 1) / wish[product], kind="stable")  # longest T first
    product, m = product[order], m[order]
    A = K + k.sum() - np.concatenate([[0.0], np.cumsum(k[product] / (m * (m + 1)))])
    B = ((h * D).sum() + np.concatenate([[0.0], np.cumsum((h * D)[product])])) / 2
    taken = int(np.argmin(A * B))
    return 1 + np.bincount(product[:taken], minlength=k.size)


def _arguments(
    shared_fixed_cost: float, item_fixed_costs: ArrayLike, holding_costs: ArrayLike, demand_rates: ArrayLike
) -> tuple[float, Floats, Floats, Floats]:
    K = positive("shared_fixed_cost", shared_fixed_cost)
    if K.ndim:
        raise ValueError(f"shared_fixed_cost must be one number, got shape {K.shape}")
    k, h, D = broadcast(
        item_fixed_costs=positive("item_fixed_costs", not_empty("item_fixed_costs", item_fixed_costs)),
        holding_costs=positive("holding_costs", holding_costs),
        demand_rates=positive("demand_rates", demand_rates),
    )
    if k.ndim != 1:
        raise ValueError(f"item_fixed_costs must have one axis, products, got shape {k.shape}")
    return float(K), k, h, D


def _cycle(K: float, k: Floats, h: Floats, D: Floats, multiples: Whole) -> JointReplenishment:
    """Return the cycle with these multiples at its best base cycle time."""
    A, B = K + (k / multiples).sum(), (multiples * h * D).sum() / 2
    T = float(np.sqrt(A / B))
    return JointReplenishment(T, multiples, multiples * T * D, float(2 * np.sqrt(A * B)))
