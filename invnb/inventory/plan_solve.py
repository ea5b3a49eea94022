"""Solve a plan's programme with HiGHS, and say how far each price of a limit holds."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import OptimizeResult, linprog

from invnb.inventory.checks import Floats, Whole
from invnb.inventory.plan_model import Programme

OPTIMAL, STOPPED, INFEASIBLE = 0, 1, 2
"""Status numbers of scipy.optimize.linprog."""

INTERIOR_POINT_FROM_COLUMNS = 10_000
"""From here on HiGHS's interior point with crossover beats its simplex on plans (3 times at 50,000)."""

PRICE_TOLERANCE = 1e-9
"""Prices below this share of the dearest column are rounding."""


def solve(
    m: Programme, *, whole: bool, time_limit_seconds: float, relative_gap: float = 0.0
) -> OptimizeResult:
    """Solve the programme, with or without its whole numbers, by HiGHS through scipy.

    The result is scipy's: `x` is None where the solver stopped before it had any solution.
    """
    options: dict[str, Any] = {"time_limit": max(time_limit_seconds, 0.01)}
    if whole:
        options["mip_rel_gap"] = relative_gap
    large = m.cost.size >= INTERIOR_POINT_FROM_COLUMNS and not whole
    return linprog(
        m.cost,
        A_ub=m.a_ub,
        b_ub=m.b_ub,
        A_eq=m.a_eq,
        b_eq=m.b_eq,
        bounds=np.column_stack([m.low, m.high]),
        method="highs-ipm" if large else "highs",
        integrality=m.integrality if whole else None,
        options=options,
    )


def reduced_costs(solution: OptimizeResult) -> Floats:
    """Return each column's reduced cost: above zero at its lower bound, below zero at its upper.

    scipy files it under a bound by the basis, which for a column at zero can be the wrong one of the two.
    """
    return solution.lower.marginals + solution.upper.marginals


def price_range(m: Programme, solution: OptimizeResult, rows: Whole, deadline: float) -> tuple[float, float]:
    """Return by how much the right-hand side of `rows` may fall and rise together until their price changes.

    The prices of a linear programme stay optimal exactly as long as some plan satisfies complementary
    slackness with them: rows with a price stay tight, columns with a reduced cost stay at their bound. So
    the range is the least and greatest shift for which such a plan exists: two linear programmes over what
    is left free. Unlike the ranging of one basis this is not cut short by degeneracy.

    Parameters
    ----------
    m, solution : a programme and its optimal solution, with marginals.
    rows : numbers of the rows of A_ub that shift together.
    deadline : time.perf_counter() after which NaN is returned instead.

    Returns
    -------
    (fall, rise) : fall <= 0 <= rise, infinite where nothing ends the range, NaN where time ran out.

    Source: Jansen, de Jong, Roos, Terlaky (1997), Sensitivity analysis in linear programming: just be
    careful!, European Journal of Operational Research 101, section 4 (optimal partitions instead of bases).
    """
    small = PRICE_TOLERANCE * (1 + np.abs(m.cost).max())
    reduced = reduced_costs(solution)
    at_low, at_high = reduced > small, reduced < -small
    fixed = at_low | at_high | (m.low == m.high)
    value = np.where(at_high, m.high, m.low)[fixed]
    tight = np.abs(solution.ineqlin.marginals) > small
    tight[rows] = True  # at the ends of the range the limit is used up
    shift = np.zeros(m.b_ub.size)
    shift[rows] = -1.0
    a = sparse.hstack([m.a_ub[:, ~fixed], sparse.csr_array(shift[:, None])], format="csr")
    a_eq = sparse.hstack([m.a_eq[:, ~fixed], sparse.csr_array((m.b_eq.size, 1))], format="csr")
    b = m.b_ub - m.a_ub[:, fixed] @ value
    b_eq = m.b_eq - m.a_eq[:, fixed] @ value
    bounds = np.append(np.column_stack([m.low, m.high])[~fixed], [[-np.inf, np.inf]], axis=0)
    ends = []
    for sign in (1.0, -1.0):  # least shift, greatest shift
        left = deadline - time.perf_counter()
        if left <= 0:
            return np.nan, np.nan
        goal = np.zeros(len(bounds))
        goal[-1] = sign
        found = linprog(
            goal,
            A_ub=a[~tight],
            b_ub=b[~tight],
            A_eq=sparse.vstack([a_eq, a[tight]], format="csr"),
            b_eq=np.append(b_eq, b[tight]),
            bounds=bounds,
            method="highs",
            options={"time_limit": left},
        )
        unbounded = found.status == 3
        ends.append(-sign * np.inf if unbounded else np.nan if found.x is None else float(found.x[-1]))
    return min(ends[0], 0.0), max(ends[1], 0.0)
