"""The multi-product, multi-period order plan as a linear or mixed-integer programme.

The model, for product i, scenario s (probability p_s), period t, in the order of events of a period:

    stock[i,s,t]   = stock[i,s,t-1] + pipeline[i,t] + arrivals[i,s,t]
                     - (demand[i,s,t] - unmet[i,s,t]) - served_late[i,s,t]
    waiting[i,s,t] = waiting[i,s,t-1] - served_late[i,s,t] + (1 - lost_share[i]) * unmet[i,s,t]
    0 <= unmet <= demand,    0 <= served_late[i,s,t] <= waiting[i,s,t-1],    lost = lost_share * unmet

The first review is now, just before period 0 begins: the order of review t reaches the shelf in period
t + lead_time_periods, before that period's demand (what is ordered at the review that closes period t - 1
with lead time L is available in t + L). Orders that would arrive after the horizon are not planned.

Orders are here-and-now: one quantity per product and review for all scenarios. Stock, lost and waiting
units answer to each scenario. `order_nodes` relaxes this to a scenario tree.

What is minimised is the expected sum of

    purchases + order costs + holding_cost * stock + shortage_cost * lost + backorder_cost * waiting
    + unit_cost * lost + unit_cost * waiting at the end - salvage_value * stock at the end.

`shortage_cost` is what a lost unit costs beyond the purchase it saves (margin and goodwill: the
newsvendor's underage cost), so the unit's cost is added back. Stock left at the end is worth its
replacement, because a horizon is only where the calculation stops: without that value the last orders
vanish. Who is served first, a new or a waiting customer, is the plan's choice, and so is holding a unit
back for a dearer one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import OptimizeResult

from invnb.inventory import checks
from invnb.inventory.checks import Floats
from invnb.inventory.plan_data import Limit as Limit
from invnb.inventory.plan_data import PriceTiers as PriceTiers
from invnb.inventory.plan_data import Problem, check_problem
from invnb.inventory.plan_diagnosis import InfeasiblePlanError as InfeasiblePlanError
from invnb.inventory.plan_diagnosis import diagnose
from invnb.inventory.plan_fallback import plan_of_few_scenarios, round_orders
from invnb.inventory.plan_model import Programme, build
from invnb.inventory.plan_result import LimitUse as LimitUse
from invnb.inventory.plan_result import Plan as Plan
from invnb.inventory.plan_result import PlanCosts as PlanCosts
from invnb.inventory.plan_result import plan_result
from invnb.inventory.plan_solve import (
    INFEASIBLE,
    OPTIMAL,
    price_range,
    reduced_costs,
    solve,
)


def plan(
    demand: ArrayLike,
    *,
    unit_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lost_share: ArrayLike = 1.0,
    backorder_cost: ArrayLike | None = None,
    initial_stock: ArrayLike = 0.0,
    pipeline: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    salvage_value: ArrayLike | None = None,
    probability: ArrayLike | None = None,
    order_nodes: ArrayLike | None = None,
    order_cost: ArrayLike = 0.0,
    min_order_units: ArrayLike = 0.0,
    max_order_units: ArrayLike = float("inf"),
    pack_units: ArrayLike = 0.0,
    tiers: PriceTiers | None = None,
    budget: ArrayLike | None = None,
    unit_volume: ArrayLike | None = None,
    storage: ArrayLike | None = None,
    limits: Sequence[Limit] = (),
    supplier: ArrayLike | None = None,
    supplier_min_value: ArrayLike = 0.0,
    supplier_capacity_units: ArrayLike = float("inf"),
    fill_rate_floor: ArrayLike = 0.0,
    final_stock_min: ArrayLike = 0.0,
    max_stock_units: ArrayLike = float("inf"),
    whole_periods: int | None = None,
    time_limit_seconds: float = 60.0,
    relative_gap: float = 1e-4,
    ranges: bool = True,
) -> Plan:
    """Plan orders of many products over many periods at least expected cost.

    Parameters
    ----------
    demand : (n_product, n_scenario, n_period) units; (n_product, n_period) is one forecast, one scenario.
    unit_cost : purchase price per unit, (n_product,) or (n_product, n_period of the review).
    holding_cost : per unit of closing stock and period, (n_product,) or (n_product, n_period).
    shortage_cost : per lost unit beyond the purchase it saves, (n_product,); infinity: all demand must be
        met in time.
    lost_share : share of unmet demand that is lost, the rest waits, (n_product,), 0 to 1.
    backorder_cost : per waiting unit and period, (n_product,); left out: `shortage_cost`.
    initial_stock : units now, before the first review, (n_product,); negative: customers waiting.
    pipeline : units ordered earlier, by period of arrival, (n_product, n_period).
    lead_time_periods : whole periods, (n_product,); 0 is on the shelf for the demand that follows the review.
    salvage_value : worth of a unit left after the last period, (n_product,); left out: the lowest unit cost.
    probability : of each scenario, (n_scenario,); left out: all alike.
    order_nodes : (n_scenario, n_period) labels: scenarios that share a label in a period must order the
        same there (a scenario tree); left out: one label, all orders decided now.
    order_cost : per order line (product and review with an order), (n_product,).
    min_order_units, max_order_units : size of an order, if there is one, (n_product,).
    pack_units : orders are whole multiples of this, (n_product,); 0: any quantity.
    tiers : prices that depend on the order's size; replaces `unit_cost` for purchases.
    budget : currency available for purchases at each review, (n_period,) or one number.
    unit_volume, storage : m3 per unit (n_product,) and m3 available (n_period,), for the expected stock
        after arrivals.
    limits : further limits that products share.
    supplier : index of each product's supplier, (n_product,); with it
        supplier_min_value : least value of an order to a supplier, if there is one, (n_supplier,), and
        supplier_capacity_units : most units a supplier delivers per review, (n_supplier,) or (n_supplier,
            n_period).
    fill_rate_floor : least expected share of demand met at once over the horizon, (n_product,), 0 to 1.
    final_stock_min : least expected stock after the last period, (n_product,).
    max_stock_units : most closing stock in every scenario and period, (n_product,).
    whole_periods : packs, minimum orders, fixed order costs and price breaks hold in the first so many
        reviews, later ones are planned in fractions; left out: all. One plans again before the later ones
        come due.
    time_limit_seconds, relative_gap : when the solver may stop; then the best plan is returned with its
        gap (if it has none: one made for a few scenarios).
    ranges : compute the range of each shadow price (two small linear programmes for each price that is not
        zero).

    Returns
    -------
    Plan

    Raises
    ------
    ValueError : a bad argument, named with its value.
    InfeasiblePlanError : no plan keeps all limits; it names those that clash and the least relaxation.
    TimeoutError : the time limit passed, and no simple plan keeps the limits either.

    Source: multi-period production planning with sourcing, e.g. Winston, Operations Research; two-stage
    and tree form: Birge and Louveaux, Introduction to Stochastic Programming, chapters 1 and 7.

    Examples
    --------
    Demand 40, 60, 75, 25; 40 units a period at 400, more at 450; holding 20 a unit:

    >>> tiers = PriceTiers("incremental", [[0, 40]], [[400, 450]])
    >>> best = plan([[40, 60, 75, 25]], unit_cost=[400], holding_cost=[20], shortage_cost=[np.inf],
    ...             initial_stock=[10], salvage_value=[0], tiers=tiers)
    >>> best.orders.round(6).tolist(), round(best.objective, 6)
    ([[40.0, 50.0, 75.0, 25.0]], 78450.0)
    """
    started = time.perf_counter()
    p = check_problem(
        demand,
        unit_cost=unit_cost,
        holding_cost=holding_cost,
        shortage_cost=shortage_cost,
        lost_share=lost_share,
        backorder_cost=backorder_cost,
        initial_stock=initial_stock,
        pipeline=pipeline,
        lead_time_periods=lead_time_periods,
        salvage_value=salvage_value,
        probability=probability,
        order_nodes=order_nodes,
        order_cost=order_cost,
        min_order_units=min_order_units,
        max_order_units=max_order_units,
        pack_units=pack_units,
        tiers=tiers,
        budget=budget,
        unit_volume=unit_volume,
        storage=storage,
        limits=limits,
        supplier=supplier,
        supplier_min_value=supplier_min_value,
        supplier_capacity_units=supplier_capacity_units,
        fill_rate_floor=fill_rate_floor,
        final_stock_min=final_stock_min,
        max_stock_units=max_stock_units,
        whole_periods=whole_periods,
    )
    deadline = started + float(checks.positive("time_limit_seconds", time_limit_seconds))
    checks.nonnegative("relative_gap", relative_gap)
    m = build(p)

    relaxed = solve(m, whole=False, time_limit_seconds=deadline - time.perf_counter())
    if relaxed.status == INFEASIBLE:
        raise diagnose(m)
    has_whole = bool(m.integrality.any())
    if relaxed.status != OPTIMAL:
        simple = plan_of_few_scenarios(p, m, relative_gap)
        if simple is None:
            raise TimeoutError(
                f"no plan within time_limit_seconds={time_limit_seconds:.3g}: give more, or fewer scenarios"
            )
        unpriced = _limit_uses(p, m, simple, None, 0.0)
        nothing = np.full((p.demand.shape[0], p.demand.shape[2]), np.nan)
        return plan_result(p, m, simple, -np.inf, "time limit", unpriced, nothing, has_whole, started)
    x, bound, status = relaxed.x, float(relaxed.fun), "optimal"
    if has_whole:
        x, bound, status = _whole_plan(p, m, relaxed, deadline, relative_gap)
    used = _limit_uses(p, m, x, relaxed, deadline if ranges else 0.0)
    return plan_result(p, m, x, bound, status, used, _demand_price(p, m, relaxed), has_whole, started)


def _whole_plan(
    p: Problem, m: Programme, relaxed: OptimizeResult, deadline: float, relative_gap: float
) -> tuple[Floats, float, Literal["optimal", "time limit"]]:
    """Return a plan in whole numbers, its lower bound and why the solver stopped.

    The relaxation rounded is often within the gap already; then nothing more is to be solved.
    """
    bound = float(relaxed.fun)
    rounded = round_orders(p, m, relaxed.x)
    best = np.inf if rounded is None else float(m.cost @ rounded)
    if rounded is not None and best - bound <= relative_gap * abs(best):
        return rounded, bound, "optimal"
    left = deadline - time.perf_counter()
    found = solve(m, whole=True, time_limit_seconds=left, relative_gap=relative_gap)
    if found.status == INFEASIBLE:
        raise diagnose(m)
    proven = found.get("mip_dual_bound")  # scipy leaves it out where HiGHS stopped before it began
    if proven is not None and np.isfinite(proven):
        bound = max(bound, float(proven))
    x, status = found.x, found.status
    if x is None or found.fun > best:
        x = plan_of_few_scenarios(p, m, relative_gap) if rounded is None else rounded
    if x is None:
        raise TimeoutError(
            "no plan in whole numbers within time_limit_seconds: give more, or fewer scenarios"
        )
    return x, bound, "optimal" if status == OPTIMAL else "time limit"


def _limit_uses(
    p: Problem, m: Programme, x: Floats, relaxed: OptimizeResult | None, deadline: float
) -> tuple[LimitUse, ...]:
    """Return use, availability, price and its range of every shared limit in every period.

    Without an optimal relaxation there are no prices (NaN).
    """
    available = {limit.name: limit.available for limit in p.limits}
    if p.budget is not None:
        available["budget"] = p.budget
    activity = m.a_ub @ x
    small = 1e-9 * (1 + np.abs(m.cost).max())
    uses = []
    for group in (g for g in m.groups if g.shared):
        marginals = np.full(m.b_ub.size, np.nan) if relaxed is None else relaxed.ineqlin.marginals
        marginal = marginals[group.rows]
        # the part of the use that no decision changes stands in the right-hand side
        constant = available[group.name][group.period] - m.b_ub[group.rows]
        constant = np.where(np.isfinite(constant), constant, 0.0)
        used = activity[group.rows] + constant
        for t in np.unique(group.period):
            mine = group.period == t
            have, use, price = float(available[group.name][t]), float(used[mine].max()), -marginal[mine].sum()
            low, high = use, np.inf  # at a price of zero nothing changes while there is enough
            if relaxed is None:
                low, high = np.nan, np.nan
            elif price > small:
                fall, rise = price_range(m, relaxed, group.first + np.flatnonzero(mine), deadline)
                low, high = have + fall, have + rise
            uses.append(LimitUse(group.name, int(t), use, have, float(np.maximum(price, 0.0)), low, high))
    return tuple(uses)


def _demand_price(p: Problem, m: Programme, relaxed: OptimizeResult) -> Floats:
    """Return what one unit more of demand in every scenario costs, (n_product, n_period): demand stands in
    the balance, in the bound of unmet demand, in the fill rate floor and in stock after arrivals."""
    price = -relaxed.eqlin.marginals.reshape(p.demand.shape) + np.minimum(reduced_costs(relaxed)[m.u], 0.0)
    total = price.sum(axis=1)
    floors = [g for g in m.groups if g.name == "fill rate floor"]
    for group in floors:
        room = 1 - p.fill_floor[group.product]
        total[group.product] += (relaxed.ineqlin.marginals[group.rows] * room)[:, None]
    for limit in p.limits:
        if limit.on == "arrival_stock":
            for group in (g for g in m.groups if g.shared and g.name == limit.name):
                marginal = np.bincount(group.period, relaxed.ineqlin.marginals[group.rows], p.demand.shape[2])
                total -= limit.use[:, None] * marginal
    return total
