"""Large order plans: prices on the few shared limits split the plan into one small problem per product.

With a price lambda >= 0 on each limit and period, the plan falls apart into products, each solved exactly by
`decomposition_kernels`. For any prices

    D(lambda) = sum over products of their least cost at these prices - sum of lambda * available

is a lower bound (Lagrangian duality). The gradient of D is use - available, so that L-BFGS-B climbs it:
with many products D is almost smooth. What remains is a linear programme over mixtures: products are put
in groups, and each group mixes the plans it had at the prices seen (Dantzig and Wolfe's master). Its
optimum is a plan that keeps all limits, an upper bound, and its prices are the next ones to try. The loop
stops when

    (cost of the mixed plan - best D) <= relative_gap * |cost of the mixed plan|.

Mixtures of feasible product plans are feasible, because nothing here must be whole.

Source: Geoffrion (1974), Lagrangean relaxation for integer programming; Dantzig and Wolfe (1960),
Decomposition principle for linear programs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog, minimize

from invnb.inventory import checks
from invnb.inventory.checks import Floats
from invnb.inventory.decomposition_search import KIND, Search
from invnb.inventory.plan_data import Limit, check_lead_time, check_limits, check_salvage, spread
from invnb.inventory.plan_diagnosis import Clash, InfeasiblePlanError
from invnb.inventory.plan_result import LimitUse, Plan, PlanCosts

GROUPS = 50
"""Groups of products in the mixture: more make each master better and slower."""

FIRST_MASTER, MASTER_EVERY = 25, 10
"""Steps of the climb before the first master, and between masters."""

CLIMB = 60
"""Most looks of the climb; where D has few products and many kinks, the masters go on better alone."""

STEPS = (0.1, 0.4, 1.0)
"""Where to look between the best prices so far and those a master asks for: its own jump about."""

ROUNDING = 1e-9
"""Share of a limit by which sums of float64 may pass it: below this nothing is to be mended."""


@dataclass(frozen=True)
class _Mixture:
    """The best mixture of the plans seen: cost, weights (price point, group) and the prices it asks for."""

    cost: float
    weight: Floats
    prices: list[Floats]
    next_prices: Floats


def plan_by_prices(
    demand: ArrayLike,
    *,
    unit_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    initial_stock: ArrayLike = 0.0,
    pipeline: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    salvage_value: ArrayLike | None = None,
    budget: ArrayLike | None = None,
    unit_volume: ArrayLike | None = None,
    storage: ArrayLike | None = None,
    limits: Sequence[Limit] = (),
    supplier: ArrayLike | None = None,
    supplier_capacity_units: ArrayLike = float("inf"),
    relative_gap: float = 1e-5,
    time_limit_seconds: float = 60.0,
) -> Plan:
    """Plan orders of many thousands of products under a few shared limits, with a certified bound.

    The model is that of `plan` with one forecast, lost sales and no whole numbers.

    Parameters
    ----------
    demand : (n_product, n_period) units.
    unit_cost, holding_cost : (n_product,) or (n_product, n_period); currency per unit, per unit and period.
    shortage_cost : per lost unit beyond the purchase it saves, (n_product,), finite.
    initial_stock : units, (n_product,), zero or more.
    pipeline, lead_time_periods, salvage_value, budget, unit_volume, storage, limits, supplier,
        supplier_capacity_units : as in `plan`.
    relative_gap : largest (objective - bound) / |objective| to stop at.
    time_limit_seconds : after this the best plan so far is returned, with its gap.

    Returns
    -------
    Plan : with the limits' prices; their ranges and the prices of demand are NaN (not computed here).

    Raises
    ------
    ValueError : a bad argument, named with its value.
    InfeasiblePlanError : a limit is broken even by ordering nothing (too much stock on hand or on its way).

    Examples
    --------
    Two products share 30 a period; the first earns more per unit of money:

    >>> best = plan_by_prices([[4, 4], [4, 4]], unit_cost=[5, 10], holding_cost=1,
    ...                       shortage_cost=[5, 4], budget=30)
    >>> best.orders.round(6).tolist(), round(best.limits[0].shadow_price, 4), best.gap < 1e-5
    ([[4.0, 4.0], [1.0, 1.0]], 0.4, True)
    """
    started = time.perf_counter()
    deadline = started + float(checks.positive("time_limit_seconds", time_limit_seconds))
    target = float(checks.nonnegative("relative_gap", relative_gap))
    units = checks.nonnegative("demand", checks.not_empty("demand", demand))
    if units.ndim != 2:
        raise ValueError(f"demand must have shape (n_product, n_period), got {units.shape}")
    P, T = units.shape
    cost = spread("unit_cost", checks.nonnegative("unit_cost", unit_cost), P, T)
    holding = spread("holding_cost", checks.nonnegative("holding_cost", holding_cost), P, T)
    shortage = checks.nonnegative("shortage_cost", shortage_cost)
    shortage = checks.broadcast_to("shortage_cost", shortage, (P,))
    lead = check_lead_time(lead_time_periods, P)
    shared = check_limits(P, T, unit_volume, storage, limits, supplier, supplier_capacity_units)
    use, kind = [limit.use for limit in shared], [KIND[limit.on] for limit in shared]
    names, available = [limit.name for limit in shared], [limit.available for limit in shared]
    if budget is not None:
        money = checks.broadcast_to("budget", checks.nonnegative_or_infinite("budget", budget), (T,))
        use, kind = [np.ones(P), *use], [KIND["value"], *kind]
        names, available = ["budget", *names], [money, *available]
    initial = checks.broadcast_to("initial_stock", checks.nonnegative("initial_stock", initial_stock), (P,))
    coming = checks.broadcast_to("pipeline", checks.nonnegative("pipeline", pipeline), (P, T))
    search = Search(
        demand=np.ascontiguousarray(units),
        unit_cost=np.ascontiguousarray(cost),
        holding=np.ascontiguousarray(holding),
        lost_cost=shortage[:, None] + cost,
        pipeline=np.ascontiguousarray(coming),
        salvage=np.ascontiguousarray(check_salvage(salvage_value, cost, holding, lead)),
        initial=np.ascontiguousarray(initial),
        lead=lead,
        use=np.array(use).reshape(-1, P),
        kind=np.array(kind, dtype=np.int64),
        available=np.array(available).reshape(-1, T),
        group=np.arange(P) % min(P, GROUPS),
    )
    nothing = _order_nothing(search, names)
    mixture = _mix(search, nothing, target, deadline)
    orders, unmet = np.zeros((P, T)), np.zeros((P, T))
    for prices, weight in zip(mixture.prices[1:], mixture.weight[1:], strict=True):
        if weight.any():
            search.plans(prices, weight, orders, unmet)
    unmet += mixture.weight[0][search.group][:, None] * nothing
    return _result(search, shortage, orders, unmet, names, target, started)


def _order_nothing(s: Search, names: list[str]) -> Floats:
    """Return unmet demand (P, T) without any order: the plan with least use of every limit.

    Remembers it as the first price point, and refuses limits that even it breaks.
    """
    unmet, stock = np.empty_like(s.demand), s.initial
    n_group = int(s.group.max()) + 1
    cost, used = np.zeros(n_group), np.zeros((n_group, *s.available.shape))
    for t in range(s.demand.shape[1]):
        stock = stock + s.pipeline[:, t]
        unmet[:, t] = np.maximum(s.demand[:, t] - stock, 0.0)
        after, stock = stock, np.maximum(stock - s.demand[:, t], 0.0)
        cost += np.bincount(s.group, s.lost_cost[:, t] * unmet[:, t] + s.holding[:, t] * stock)
        for k, kind in enumerate(s.kind):
            if kind >= KIND["arrival_stock"]:
                counted = after if kind == KIND["arrival_stock"] else stock
                used[:, k, t] = np.bincount(s.group, s.use[k] * counted)
    cost -= np.bincount(s.group, s.salvage * stock)
    excess = s.excess(used.sum(axis=0))
    broken = np.argwhere(excess > ROUNDING * (1 + used.sum(axis=0)))
    if len(broken):
        clash = tuple(Clash(names[k], int(t), None, float(excess[k, t])) for k, t in broken)
        raise InfeasiblePlanError(clash, clash)
    s.remember(np.full(s.available.shape, np.inf), cost, used)
    return unmet


def _mix(s: Search, nothing: Floats, target: float, deadline: float) -> _Mixture:
    """Climb D, mix the plans seen, and go on until the gap is small enough or time is up."""
    limited = np.isfinite(s.available)
    free, gradient = s.look(np.zeros(s.available.shape))
    if np.all(gradient <= 0):  # no limit binds
        weight = np.zeros((2, s.costs[0].size))
        weight[1] = 1.0
        return _Mixture(free, weight, s.prices, s.prices[1])
    # in these units a price and a use are both of order one
    used = s.uses[-1].sum(axis=0)
    room = np.where(limited & (s.available > 0), s.available, np.maximum(used, 1.0))
    money = float((s.lost_cost * s.demand).sum()) / s.available.size
    best: _Mixture | None = None
    steps = 0

    def done() -> bool:
        assert best is not None
        return best.cost - s.bound <= target * abs(best.cost) or time.perf_counter() > deadline

    def descend(x: Floats) -> tuple[float, Floats]:
        value, slope = s.look(x.reshape(room.shape) * money / room)
        return -value / money, -(slope / room).ravel()

    def check(intermediate_result: OptimizeResult) -> None:
        nonlocal best, steps
        steps += 1
        late = time.perf_counter() > deadline
        if late or (steps >= FIRST_MASTER and (steps - FIRST_MASTER) % MASTER_EVERY == 0):
            best = _master(s, room, money)
            if done():
                raise StopIteration

    ends = [(0.0, None if has else 0.0) for has in limited.ravel()]
    minimize(
        descend,
        np.zeros(room.size),
        jac=True,
        bounds=ends,
        method="L-BFGS-B",
        callback=check,
        options={"maxcor": 20, "maxfun": CLIMB, "ftol": 1e-14, "gtol": 1e-12},
    )
    while best is None or not done():
        best = _master(s, room, money)
        if done():
            break
        start = s.best_prices
        for step in STEPS:
            s.look(start + step * (best.next_prices - start))
    return best


def _master(s: Search, room: Floats, money: float) -> _Mixture:
    """Return the cheapest mixture of the plans seen, group by group, that keeps all limits."""
    n_group, n_seen = s.costs[0].size, len(s.costs)
    limited = np.isfinite(s.available).ravel()
    cost = np.concatenate(s.costs) * n_group / money
    used = (np.concatenate(s.uses).reshape(n_seen * n_group, -1) / room.ravel())[:, limited]
    group = np.tile(np.arange(n_group), n_seen)
    one = sparse.csr_array((np.ones(group.size), (group, np.arange(group.size))))
    found = linprog(
        cost,
        A_ub=sparse.csr_array(used.T),
        b_ub=(s.available / room).ravel()[limited],
        A_eq=one,
        b_eq=np.ones(n_group),
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.x is None:  # cannot be: ordering nothing keeps all limits
        raise RuntimeError(f"the mixture of plans was not found: {found.message}")
    weight = np.maximum(found.x, 0.0).reshape(n_seen, n_group)
    weight /= weight.sum(axis=0)
    s.idle = [0 if mixed else idle + 1 for mixed, idle in zip(weight.any(axis=1), s.idle, strict=True)]
    weight = _within_limits(s, weight)
    prices = np.zeros(limited.size)
    prices[limited] = np.maximum(-found.ineqlin.marginals, 0.0) / n_group
    total = float((weight * np.array(s.costs)).sum())
    return _Mixture(total, weight, list(s.prices), prices.reshape(room.shape) * money / room)


def _within_limits(s: Search, weight: Floats) -> Floats:
    """Mix in as much of ordering nothing as takes the solver's rounding out of every limit."""
    nothing = s.uses[0].sum(axis=0)
    used = np.einsum("jg,jgkt->kt", weight, np.array(s.uses))
    over = s.excess(used)
    room = used - nothing
    broken = over > ROUNDING * used
    share = np.divide(over, room, out=np.zeros_like(over), where=broken & (room > over))
    part = float(share.max())
    mixed = weight * (1 - part)
    mixed[0] += part
    return mixed


def _result(
    s: Search,
    shortage: Floats,
    orders: Floats,
    unmet: Floats,
    names: list[str],
    target: float,
    started: float,
) -> Plan:
    """Return the mixed plan, with costs, use and stock computed from its units alone."""
    P, T = s.demand.shape
    arrived = s.pipeline.copy()
    for lead in np.unique(s.lead[s.lead < T]):
        same = s.lead == lead
        arrived[same, lead:] += orders[same, : T - lead]
    stock = s.initial[:, None] + np.cumsum(arrived - s.demand + unmet, axis=1)
    size = 1 + s.initial.max() + s.demand.sum(axis=1).max() + arrived.sum(axis=1).max()
    if stock.min() < -1e-9 * size or np.any(unmet > s.demand + 1e-9 * size):
        raise AssertionError(f"units are not conserved: stock of {stock.min():.3g}")
    stock = np.maximum(stock, 0.0)
    costs = PlanCosts(
        purchase=float((s.unit_cost * orders).sum()),
        ordering=0.0,
        holding=float((s.holding * stock).sum()),
        lost_margin=float((shortage[:, None] * unmet).sum()),
        lost_units_at_cost=float((s.unit_cost * unmet).sum()),
        backorder=0.0,
        waiting_at_end=0.0,
        stock_at_end=-float((s.salvage * stock[:, -1]).sum()),
    )
    objective = sum(vars(costs).values())
    bound = min(s.bound, objective)
    gap = (objective - bound) / max(abs(objective), 1e-12)
    counted = {0: orders * s.unit_cost, 1: orders, 2: stock + s.demand - unmet, 3: stock}
    uses = tuple(
        LimitUse(name, t, float(use), float(s.available[k, t]), float(price), np.nan, np.nan)
        for k, name in enumerate(names)
        for t, (use, price) in enumerate(
            zip(s.use[k] @ counted[int(s.kind[k])], s.best_prices[k], strict=True)
        )
    )
    total = s.demand.sum(axis=1)
    return Plan(
        orders=orders,
        orders_by_scenario=orders[:, None, :],
        stock=stock,
        lost=unmet,
        waiting=np.zeros((P, T)),
        fill_rate=1 - np.divide(unmet.sum(axis=1), total, out=np.zeros(P), where=total > 0),
        costs=costs,
        objective=objective,
        bound=bound,
        gap=gap,
        status="optimal" if gap <= target else "time limit",
        seconds=time.perf_counter() - started,
        limits=uses,
        demand_price=np.full((P, T), np.nan),
        relaxed_prices=False,
    )
