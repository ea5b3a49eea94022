"""Limits that couple products: what one unit uses of each, and what is available at this review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Limit:
    """One thing all products share.

    Parameters
    ----------
    name : "budget" or "storage".
    available : what this review's orders may use, in `unit`.
    use_per_unit : array (n_sku,), what one unit ordered uses.
    unit : unit of measure, e.g. "CNY" or "m³".
    """

    name: str
    available: float
    use_per_unit: np.ndarray
    unit: str


def review_limits(
    economics: pd.DataFrame,
    expected_stock_units: np.ndarray,
    *,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
) -> list[Limit]:
    """Limits of the order placed now: money, and room for it on the day it arrives.

    Parameters
    ----------
    economics : table `economics`, one row per product in the order of the arrays.
    expected_stock_units : (n_sku,), stock expected on hand when the order arrives, without it.
    budget : currency per review, or None.
    storage_m3 : m³ in all, or None; the stock expected to be there already takes its share first.
    currency : for the unit of the budget.

    Examples
    --------
    >>> economics = pd.DataFrame({"unit_cost": [2.0, 5.0], "volume_m3": [0.1, 0.2]})
    >>> found = review_limits(economics, np.array([10.0, 0.0]), budget=100.0, storage_m3=4.0, currency="CNY")
    >>> [(limit.name, limit.available) for limit in found]
    [('budget', 100.0), ('storage', 3.0)]
    """
    found = []
    if budget is not None:
        found.append(Limit("budget", float(budget), economics["unit_cost"].to_numpy(float), currency))
    if storage_m3 is not None:
        volume = economics["volume_m3"].to_numpy(float)
        free = max(float(storage_m3) - float(volume @ np.maximum(expected_stock_units, 0.0)), 0.0)
        found.append(Limit("storage", free, volume, "m³"))
    return found


@dataclass(frozen=True)
class Allocation:
    """Which candidate each product gets, and what the limits cost.

    Parameters
    ----------
    choice : (n_sku,), column of the candidate chosen.
    binding_limit : (n_sku,), name of the limit that cut the product, or "".
    price : by limit, the value given up per unit of it at the last cut, currency; 0 where it does not bind.
    """

    choice: np.ndarray
    binding_limit: np.ndarray
    price: dict[str, float]


def cut_to_limits(
    quantity_units: np.ndarray, expected_cost: np.ndarray, choice: np.ndarray, limits: list[Limit]
) -> Allocation:
    """Cut the orders that earn least per unit of a scarce limit until every limit holds.

    For each product the steps down along the lower convex hull of cost over use are the whole packs that earn
    least; over all products they are taken in order of cost per unit freed. That is the solution at the price
    which clears the limit; room left by the last step is given back to the best orders that still fit.

    Parameters
    ----------
    quantity_units : (n_sku, n_candidate), increasing along a row, first column 0.
    expected_cost : (n_sku, n_candidate), currency.
    choice : (n_sku,), the candidate each product would take without limits.
    limits : what products share.

    Returns
    -------
    Allocation; the use of every limit is at most what is available.

    Source
    ------
    Zemel, E. (1980), The linear multiple choice knapsack problem, Operations Research 28(6).

    Examples
    --------
    >>> limit = Limit("budget", 10.0, np.array([1.0, 1.0]), "CNY")
    >>> quantity = np.array([[0.0, 10.0], [0.0, 10.0]])
    >>> found = cut_to_limits(quantity, np.array([[50.0, 0.0], [20.0, 0.0]]), np.array([1, 1]), [limit])
    >>> found.choice.tolist(), found.binding_limit.tolist(), found.price
    ([1, 0], ['', 'budget'], {'budget': 2.0})
    """
    wanted = np.asarray(choice).copy()
    chosen = wanted.copy()
    binding = np.full(len(chosen), "", dtype=object)
    price = dict.fromkeys((limit.name for limit in limits), 0.0)
    rows = np.arange(len(chosen))
    for limit in limits:
        excess = float(limit.use_per_unit @ quantity_units[rows, chosen]) - limit.available
        if excess <= _slack(limit):
            continue
        steps = sorted(
            step
            for i in map(int, np.flatnonzero(chosen > 0))
            for step in _steps_down(i, quantity_units[i] * limit.use_per_unit[i], expected_cost[i], chosen[i])
        )
        for cost_per_use, i, candidate, freed in steps:
            if excess <= _slack(limit):
                break
            chosen[i], binding[i], price[limit.name] = candidate, limit.name, cost_per_use
            excess -= freed
    _give_back(quantity_units, expected_cost, wanted, chosen, limits)
    binding[chosen == wanted] = ""
    return Allocation(chosen, binding, price)


def _slack(limit: Limit) -> float:
    """What rounding may add to a sum of money or volume."""
    return 1e-9 * max(1.0, abs(limit.available))


def _steps_down(i: int, use: np.ndarray, cost: np.ndarray, start: int) -> list[tuple[float, int, int, float]]:
    """Steps (cost per unit freed, product, candidate, unit freed) from `start` to 0 on the lower hull."""
    steps = []
    now = start
    while now > 0:
        freed = use[now] - use[:now]
        ratio = (cost[:now] - cost[now]) / np.where(freed > 0, freed, np.nan)
        if np.isnan(ratio).all():  # the product does not use this limit
            break
        candidate = int(np.nanargmin(ratio))
        steps.append((float(ratio[candidate]), int(i), candidate, float(freed[candidate])))
        now = candidate
    return steps


def _give_back(
    quantity_units: np.ndarray,
    expected_cost: np.ndarray,
    wanted: np.ndarray,
    chosen: np.ndarray,
    limits: list[Limit],
) -> None:
    """Raise cut products to the best candidate that still fits, those that gain most first (in place)."""
    rows = np.arange(len(chosen))
    free = np.array([limit.available - limit.use_per_unit @ quantity_units[rows, chosen] for limit in limits])
    gain = expected_cost[rows, chosen] - expected_cost[rows, wanted]
    for i in sorted(np.flatnonzero(chosen < wanted), key=lambda i: (-gain[i], i)):
        for candidate in sorted(range(chosen[i] + 1, wanted[i] + 1), key=lambda j: (expected_cost[i, j], j)):
            more = quantity_units[i, candidate] - quantity_units[i, chosen[i]]
            need = np.array([limit.use_per_unit[i] for limit in limits]) * more
            if expected_cost[i, candidate] < expected_cost[i, chosen[i]] and (need <= free).all():
                free -= need
                chosen[i] = candidate
                break
