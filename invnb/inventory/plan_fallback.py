"""A plan when the solver's time is up: orders for a few scenarios, judged on all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from invnb.inventory.checks import Floats
from invnb.inventory.plan_data import Problem
from invnb.inventory.plan_model import Programme, build
from invnb.inventory.plan_solve import OPTIMAL, solve

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
