"""Simple rules for lost sales with a lead time, each with its exact cost and its gap to the optimum.

Problem, timing and stopping rule are those of `invnb.inventory.lost_sales`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

from invnb.inventory import checks
from invnb.inventory.lost_sales import (
    MAX_ITERATIONS,
    TOLERANCE,
    LostSalesPolicy,
    LostSalesProblem,
    Orders,
    check_cells,
    optimal_policy,
)


@dataclass(frozen=True)
class LostSalesComparison:
    """The optimal policy and the simple rules on one problem, the cheapest first after the optimum."""

    optimal: LostSalesPolicy
    rules: tuple[LostSalesPolicy, ...]

    @property
    def gap(self) -> dict[str, float]:
        """Cost of each rule above the optimum, as a share of it; against `TOLERANCE` where that is less."""
        optimum = self.optimal.cost_per_period
        share_of = max(optimum, TOLERANCE)
        return {rule.name: (rule.cost_per_period - optimum) / share_of for rule in self.rules}


def base_stock_policy(
    problem: LostSalesProblem,
    order_up_to_level: int,
    order_cap: int | None = None,
    tolerance: float = TOLERANCE,
) -> LostSalesPolicy:
    """Return the base-stock policy with a given level (and cap on the order) with its exact cost.

    Parameters
    ----------
    problem : from `lost_sales_problem`.
    order_up_to_level : S, units, 0 or more; an order lifts stock and orders on the way to S.
    order_cap : largest order, units, 0 or more; None for none.
    tolerance : as in `optimal_policy`.

    Returns
    -------
    `LostSalesPolicy` named "base stock" or "capped base stock".

    Raises
    ------
    ValueError : naming argument and value.

    Source
    ------
    Zipkin (2008), section 4; capped: Xin, L. (2021), Operations Research 69(1).

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> round(base_stock_policy(problem, 18).cost_per_period, 4)
    4.9434
    """
    from invnb.inventory import lost_sales_kernels as kernels

    level = checks.count("order_up_to_level", order_up_to_level, least=0)
    cap = level if order_cap is None else min(checks.count("order_cap", order_cap, least=0), level)
    check_cells(cap, level, problem.lead_time_periods)
    orders = kernels.base_stock_orders(level, cap, problem.lead_time_periods)
    name = "base stock" if order_cap is None else "capped base stock"
    return evaluated_policy(
        name, problem, orders, cap, tolerance,
        order_up_to_level=level, order_cap=None if order_cap is None else cap,
    )  # fmt: skip


def best_base_stock(problem: LostSalesProblem, tolerance: float = TOLERANCE) -> LostSalesPolicy:
    """Return the best base-stock policy: the cost is convex in the level, so its lowest point is found.

    Parameters
    ----------
    problem : from `lost_sales_problem`.
    tolerance : as in `optimal_policy`.

    Returns
    -------
    `LostSalesPolicy` named "best base stock".

    Raises
    ------
    ValueError : where `tolerance` is not above zero.

    Source
    ------
    Convexity: Janakiraman, G. and Roundy, R. (2004), Operations Research 52(5).

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> best_base_stock(problem).order_up_to_level
    16
    """
    start = int(problem.limits[-1])
    return _descend(
        "best base stock",
        lambda level: base_stock_policy(problem, level[0], tolerance=tolerance),
        (start,),
        max(1, start // 8),
    )


def best_capped_base_stock(problem: LostSalesProblem, tolerance: float = TOLERANCE) -> LostSalesPolicy:
    """Return a capped base-stock policy that no change of level and cap by one unit improves.

    Parameters
    ----------
    problem : from `lost_sales_problem`.
    tolerance : as in `optimal_policy`.

    Returns
    -------
    `LostSalesPolicy` named "best capped base stock".

    Raises
    ------
    ValueError : where `tolerance` is not above zero.

    Source
    ------
    Xin, L. (2021), Understanding the performance of capped base-stock policies in lost-sales inventory
    models, Operations Research 69(1).

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> capped = best_capped_base_stock(problem)
    >>> capped.order_up_to_level, capped.order_cap, round(capped.cost_per_period, 3)
    (17, 5, 4.406)
    """
    # an order never needs to lift the stock above the first limit, nor all above the last
    start = (int(problem.limits[-1]), int(problem.limits[0]))
    return _descend(
        "best capped base stock",
        lambda levels: base_stock_policy(problem, levels[0], levels[1], tolerance),
        start,
        max(1, start[1] // 3),
    )


def myopic_policy(
    problem: LostSalesProblem, horizon_periods: int = 1, tolerance: float = TOLERANCE
) -> LostSalesPolicy:
    """Return the rule that looks at no more than the first periods in which its order can be felt.

    Parameters
    ----------
    problem : from `lost_sales_problem`.
    horizon_periods : 1 minimises the expected cost of the period in which the order arrives (Zipkin's myopic
        policy), 2 that of two periods with the next order chosen myopically (his myopic2), and so on.
    tolerance : as in `optimal_policy`.

    Returns
    -------
    `LostSalesPolicy` named "myopic" or "myopic over n periods".

    Raises
    ------
    ValueError : naming argument and value.

    Source
    ------
    Zipkin (2008), section 5; Morton, T. (1971), The near-myopic nature of the lagged-proportional-cost
    inventory problem with lost sales, Operations Research 19(7).

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> round(myopic_policy(problem).cost_per_period, 2), round(myopic_policy(problem, 2).cost_per_period, 2)
    (4.56, 4.41)
    """
    from invnb.inventory import lost_sales_kernels as kernels

    horizon = checks.count("horizon_periods", horizon_periods)
    cost, beyond = problem.tables(int(problem.limits[-1]) + 1)
    orders = kernels.myopic_orders(
        cost, problem.law, beyond, problem.limits, problem.lead_time_periods, horizon
    )
    name = "myopic" if horizon == 1 else f"myopic over {horizon} periods"
    return evaluated_policy(name, problem, orders, int(problem.limits[0]), tolerance)


def compare_policies(problem: LostSalesProblem, tolerance: float = TOLERANCE) -> LostSalesComparison:
    """Return the optimal policy with five simple rules beside it.

    Parameters
    ----------
    problem : from `lost_sales_problem`.
    tolerance : as in `optimal_policy`.

    Returns
    -------
    `LostSalesComparison`; its rules are the standard base stock (the level that would be right if demand
    waited), the best base stock, the best capped base stock, and the myopic rules over one and two periods.

    Raises
    ------
    ValueError : where `tolerance` is not above zero.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=1, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> gap = compare_policies(problem).gap
    >>> round(gap["standard base stock"], 3), round(gap["best base stock"], 3)
    (0.086, 0.03)
    """
    standard = base_stock_policy(problem, int(problem.limits[-1]), tolerance=tolerance)
    rules = [
        replace(standard, name="standard base stock"),
        best_base_stock(problem, tolerance),
        best_capped_base_stock(problem, tolerance),
        myopic_policy(problem, 1, tolerance),
        myopic_policy(problem, 2, tolerance),
    ]
    rules.sort(key=lambda rule: rule.cost_per_period)
    return LostSalesComparison(optimal_policy(problem, tolerance), tuple(rules))


def evaluated_policy(
    name: str,
    problem: LostSalesProblem,
    orders: Orders,
    largest_order: int,
    tolerance: float = TOLERANCE,
    *,
    order_up_to_level: int | None = None,
    order_cap: int | None = None,
) -> LostSalesPolicy:
    """Return the policy that a table of orders is, with its exact cost.

    Parameters
    ----------
    name : of the policy.
    problem : from `lost_sales_problem`.
    orders : (n_pipe, n_stock) units, as in `LostSalesPolicy`; -1 in states no order leads to.
    largest_order : units, the largest in `orders`.
    tolerance : as in `optimal_policy`.
    order_up_to_level, order_cap : of a base-stock rule, units, for the record.

    Returns
    -------
    `LostSalesPolicy`.

    Raises
    ------
    ValueError : where `tolerance` is not above zero.

    Examples
    --------
    Up to eight units, written out:

    >>> import numpy as np
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(
    ...     poisson_pmf(3), lead_time_periods=1, holding_cost_per_unit_period=1, shortage_cost_per_unit=4)
    >>> up_to_eight = np.array([[8, 7, 6, 5, 4, 3, 2, 1, 0]], dtype=np.int16)
    >>> same = evaluated_policy("by hand", problem, up_to_eight, largest_order=8).cost_per_period
    >>> same == base_stock_policy(problem, 8).cost_per_period
    True
    """
    from invnb.inventory import lost_sales_kernels as kernels

    cost, beyond = problem.tables(orders.shape[1])
    low, high, n = kernels.evaluate(
        orders,
        cost,
        problem.law,
        beyond,
        largest_order + 1,
        problem.lead_time_periods,
        float(checks.positive("tolerance", tolerance)),
        MAX_ITERATIONS,
    )
    return LostSalesPolicy(
        name,
        (low + high) / 2,
        (high - low) / 2,
        n,
        problem.lead_time_periods,
        largest_order,
        orders,
        order_up_to_level,
        order_cap,
    )


def _descend(
    name: str,
    policy: Callable[[tuple[int, ...]], LostSalesPolicy],
    start: tuple[int, ...],
    stride: int,
) -> LostSalesPolicy:
    """Walk over whole levels to one without a cheaper neighbour; strides halve down to one unit."""
    known = {start: policy(start)}
    best = start
    while stride >= 1:
        centre = best
        for move in product((-stride, 0, stride), repeat=len(start)):
            levels = tuple(a + b for a, b in zip(centre, move, strict=True))
            if min(levels) < 0 or levels in known:
                continue
            known[levels] = policy(levels)
            if known[levels].cost_per_period < known[best].cost_per_period:
                best = levels
        if best == centre:
            stride //= 2
    return replace(known[best], name=name)
