"""Why no plan exists: the limits that clash, and the least relaxation that would let one exist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from invnb.inventory.checks import Floats
from invnb.inventory.plan_model import Programme
from invnb.inventory.plan_solve import INFEASIBLE

MOST_NAMED = 6
"""Limits named in the sentence; all stand in the fields."""

ZERO = 1e-7
"""HiGHS's feasibility tolerance."""

MOST_FILTERED = 40
"""Above so many candidates the clashing set is not thinned out one by one."""

DIAGNOSIS_SECONDS = 20.0
"""What each programme of a diagnosis may take."""


@dataclass(frozen=True)
class Clash:
    """One limit of an infeasible plan; `relax_by` is what it gives in the least relaxation (0: nothing)."""

    name: str
    period: int | None
    product: int | None
    relax_by: float

    def __str__(self) -> str:
        """Return the limit as a person names it."""
        place = "" if self.product is None else f" of product {self.product}"
        return f"{self.name}{place}" + ("" if self.period is None else f" in period {self.period}")


class InfeasiblePlanError(ValueError):
    """No plan keeps all limits.

    Attributes
    ----------
    clashing : a set of limits that cannot be kept together; without any one of them the others could.
    relaxations : the least relaxation that makes a plan possible, each as a share of its limit.
    """

    def __init__(self, clashing: tuple[Clash, ...], relaxations: tuple[Clash, ...]) -> None:
        self.clashing, self.relaxations = clashing, relaxations
        names = "; ".join(str(c) for c in clashing[:MOST_NAMED])
        more = f" and {len(clashing) - MOST_NAMED} more" if len(clashing) > MOST_NAMED else ""
        easing = "; ".join(f"{c} by {c.relax_by:.6g}" for c in relaxations[:MOST_NAMED])
        super().__init__(
            f"no plan keeps these limits together: {names}{more}; a plan would exist with {easing} more room"
        )


def diagnose(m: Programme) -> InfeasiblePlanError:
    """Return the error that explains why a programme has no solution.

    The least relaxation solves the elastic programme: every limit and floor may give, at a price of one
    over its own size, and the sum of shares is least. The clashing set starts from the rows that hold the
    elastic optimum up (those with a price; with whole numbers: those used up) and a deletion filter drops
    each row without which the others still clash.

    Source: Chinneck (2008), Feasibility and Infeasibility in Optimization, chapters 6 (elastic programmes)
    and 6.2.1 (deletion filter).
    """
    none = np.zeros(0, dtype=np.int64)
    groups = [g for g in m.groups if g.relaxable]
    rows = np.concatenate([np.arange(g.rows.start, g.rows.stop) for g in groups]) if groups else none
    integrality = m.integrality if m.integrality.any() and _solves(m, none, whole=False) else None
    size = _size(m)[rows]
    slack = sparse.csr_array(
        (-np.ones(rows.size), (rows, np.arange(rows.size))), shape=(m.b_ub.size, rows.size)
    )
    elastic = linprog(
        np.append(np.zeros(m.cost.size), 1 / size),
        A_ub=sparse.hstack([m.a_ub, slack], format="csr"),
        b_ub=m.b_ub,
        A_eq=sparse.hstack([m.a_eq, sparse.csr_array((m.b_eq.size, rows.size))], format="csr"),
        b_eq=m.b_eq,
        bounds=np.column_stack(
            [np.append(m.low, np.zeros(rows.size)), np.append(m.high, np.full(rows.size, np.inf))]
        ),
        integrality=None if integrality is None else np.append(integrality, np.zeros(rows.size)),
        options={"time_limit": DIAGNOSIS_SECONDS},
    )
    if elastic.x is None:
        return InfeasiblePlanError((), ())
    give = elastic.x[m.cost.size :]
    if integrality is None:
        holds = np.abs(elastic.ineqlin.marginals[rows]) > ZERO / size
    else:
        holds = elastic.slack[rows] < ZERO * size
    clashing = _thin_out(m, rows, rows[holds], whole=integrality is not None)
    label = {
        int(r): (g.name, int(t), int(i))
        for g in groups
        for r, t, i in zip(range(g.rows.start, g.rows.stop), g.period, g.product, strict=True)
    }
    eased: dict[tuple[str, int, int], float] = {}
    for row, by in zip(rows, give, strict=True):
        key = label[int(row)]
        eased[key] = max(eased.get(key, 0.0), float(by))
    least = ZERO * (1 + float(np.abs(give).max()))
    clash = tuple(_clash(key, eased[key], least) for key in dict.fromkeys(label[int(r)] for r in clashing))
    return InfeasiblePlanError(clash, tuple(_clash(k, by, least) for k, by in eased.items() if by > least))


def _clash(key: tuple[str, int, int], by: float, least: float) -> Clash:
    name, period, product = key
    return Clash(
        name, None if period < 0 else period, None if product < 0 else product, by if by > least else 0.0
    )


def _size(m: Programme) -> Floats:
    """Return the size of each row: its right-hand side, or where that is zero what it could reach."""
    high = np.where(np.isfinite(m.high), m.high, 0.0)
    reach = abs(m.a_ub) @ high
    size = np.where(m.b_ub != 0, np.abs(m.b_ub), reach)
    return np.where(size > 0, size, 1.0)


def _solves(m: Programme, dropped: NDArray[np.int64], *, whole: bool) -> bool:
    """Return whether some solution keeps all rows but the dropped ones."""
    keep = np.ones(m.b_ub.size, dtype=bool)
    keep[dropped] = False
    found = linprog(
        np.zeros(m.cost.size),
        A_ub=m.a_ub[keep],
        b_ub=m.b_ub[keep],
        A_eq=m.a_eq,
        b_eq=m.b_eq,
        bounds=np.column_stack([m.low, m.high]),
        integrality=m.integrality if whole else None,
        options={"time_limit": DIAGNOSIS_SECONDS},
    )
    return found.status != INFEASIBLE


def _thin_out(
    m: Programme, rows: NDArray[np.int64], candidates: NDArray[np.int64], *, whole: bool
) -> NDArray[np.int64]:
    """Return candidates of which none can be dropped without the rest being possible together."""
    others = np.setdiff1d(rows, candidates)
    if candidates.size > MOST_FILTERED or _solves(m, others, whole=whole):
        return candidates
    needed = list(candidates)
    for row in candidates:
        without = [r for r in needed if r != row]
        if not _solves(m, np.setdiff1d(rows, without), whole=whole):
            needed = without
    return np.array(needed, dtype=np.int64)
