"""Plans made without waiting for the solver: the relaxation rounded, or orders for a few scenarios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from invnb.inventory.checks import Floats
from invnb.inventory.plan_data import Problem
from invnb.inventory.plan_model import Programme, build
from invnb.inventory.plan_solve import OPTIMAL, solve

ROUNDING = 1e-6
"""What a solver's whole number may be off by."""

FEW = 4
"""Scenarios the orders are computed for."""

SECONDS = 30.0
"""What each of the smaller programmes may take once the time limit has passed."""


def plan_of_few_scenarios(p: Problem, m: Programme, relative_gap: float) -> Floats | None:
    """Return a solution of the whole programme whose orders are best for a few scenarios.

    The scenarios are spread evenly over total demand, the lowest and the highest half-steps inside. With
    the orders fixed, what follows from them is planned for all scenarios. None where that breaks a limit,
    or where scenarios may order differently (a tree).

    Parameters
    ----------
    p, m : the plan and its programme.
    relative_gap : for the smaller programme in whole numbers.
    """
    n_scenario, n_period = p.node.shape
    if p.node.max() + 1 != n_period:
        return None
    rank = np.argsort(p.demand.sum(axis=(0, 2)))
    count = min(FEW, n_scenario)
    chosen = np.sort(rank[((np.arange(count) + 0.5) * n_scenario / count).astype(int)])
    few = replace(p, demand=p.demand[:, chosen], probability=np.full(count, 1 / count), node=p.node[chosen])
    small = build(few)
    whole = bool(small.integrality.any())
    found = solve(small, whole=whole, time_limit_seconds=SECONDS, relative_gap=relative_gap)
    if found.x is None:
        return None
    n_order = int(m.s.min())  # the columns of orders come first, the same in both programmes
    orders = np.where(small.integrality > 0, np.round(found.x), found.x)[:n_order]
    low, high = m.low.copy(), m.high.copy()
    low[:n_order] = high[:n_order] = np.clip(orders, m.low[:n_order], m.high[:n_order])
    followed = solve(replace(m, low=low, high=high), whole=False, time_limit_seconds=SECONDS)
    return followed.x if followed.status == OPTIMAL else None


def round_orders(p: Problem, m: Programme, x: Floats) -> Floats | None:
    """Return a solution in whole numbers near the relaxation's `x`, or None where that breaks a limit.

    Orders that must be whole are rounded down; then packs are added, those the relaxation wanted most of
    first, while no limit on orders is passed. An order below its minimum is raised to it or left out; a
    supplier's below its minimum is left out. All else is planned anew around them.
    """
    soon = p.node_period < p.whole_periods
    whole = np.broadcast_to(soon, m.q.shape) & ((m.y >= 0) | (p.pack > 0)[:, None, None])
    step = np.where(p.pack > 0, 1.0, 0.0)[:, None, None]  # counts of packs; 0: any quantity
    tier = m.tier_least / m.scale[:, None, None]
    least = np.where(step > 0, np.ceil(tier - ROUNDING), tier)
    wanted = x[m.q]
    down = np.where(step > 0, np.floor(wanted + ROUNDING), wanted)
    down = np.where(down < least, np.where(wanted >= least / 2, least, 0.0), down)
    down = np.where(whole, np.minimum(down, m.high[m.q]), wanted)
    rest = np.where(whole & (step > 0), wanted - down, 0.0)

    fixed = x.copy()
    fixed[m.q] = down
    limits = [g.rows for g in m.groups if g.shared]
    n_order = int(m.s.min())
    rows = np.concatenate([np.arange(r.start, r.stop) for r in limits]) if limits else np.zeros(0, int)
    alone = rows[np.diff(m.a_ub[rows][:, n_order:].indptr) == 0] if rows.size else rows
    a, b = m.a_ub[alone][:, :n_order].tocsc(), m.b_ub[alone] * (1 + ROUNDING)
    used = a @ fixed[:n_order]
    by_rest = np.argsort(-rest, axis=None)[: int((rest > 0).sum())]
    for column in m.q.ravel()[by_rest]:
        mine = slice(a.indptr[column], a.indptr[column + 1])
        after = used[a.indices[mine]] + a.data[mine]
        if np.all(after <= b[a.indices[mine]]) and fixed[column] + 1 <= m.high[column]:
            fixed[column] += 1
            used[a.indices[mine]] = after
    return _plan_around(p, m, fixed, whole)


def _plan_around(p: Problem, m: Programme, x: Floats, whole: NDArray[np.bool_]) -> Floats | None:
    """Fix the whole-number columns at `x`, suppliers below their minimum at nothing, and plan the rest."""
    units = np.where(whole, x[m.q] * m.scale[:, None, None], 0.0)
    for j, column in enumerate(m.z):
        if p.supplier is None or column.max(initial=-1) < 0:
            continue
        mine = p.supplier == j
        value = (units[mine] * m.option_price[mine][:, :, p.node_period]).sum(axis=(0, 1))
        small = value < p.supplier_min[j] * (1 - ROUNDING)
        units[mine] = np.where(small, 0.0, units[mine])
        x[column] = np.where(small, 0.0, 1.0)
    x[m.q] = np.where(whole, units / m.scale[:, None, None], x[m.q])
    chosen = m.y >= 0
    x[m.y[chosen]] = (units > 0)[chosen]
    number = m.integrality > 0
    low, high = np.where(number, x, m.low), np.where(number, x, m.high)
    found = solve(replace(m, low=low, high=high), whole=False, time_limit_seconds=SECONDS)
    return found.x if found.status == OPTIMAL else None
