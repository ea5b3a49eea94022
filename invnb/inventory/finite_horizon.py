r"""Finite-horizon stochastic dynamic programme: demand that changes by period, fixed cost, backorders or
lost sales.

With ``x`` the inventory position before and ``y`` after ordering at the review before period ``t``,

.. math:: G_t(y) = c_t y + C_t(y) + \alpha\,E\,V_{t+1}(y - D_t), \qquad
          V_t(x) = \min\bigl(G_t(x),\; K_t + \min_{y \ge x} G_t(y)\bigr) - c_t x ,

with :math:`C_t` the expected holding and shortage cost of the period in which that order is available,
discounted to ``t``, and :math:`V_{T+1}` the terminal cost.

What is exact. Backorders with any lead time ``L``: the position suffices, :math:`C_t(y) = \alpha^L (h E (y
- D)^+ + b E (D - y)^+)` with ``D`` the demand of periods ``t`` to ``t + L``. Lost sales, or a share of
unmet demand lost, without lead time: the stock suffices, and :math:`V_{t+1}` is read at ``y - D +
lost_share (D - y^+)^+``, by a straight line between whole units (as if the fraction of a unit were lost by
chance). Lost sales with a lead time need the orders on the way as state: see `invnb.inventory.lost_sales`
(stationary) and `policy_levels`.

Grid. Positions move down by demand alone, so only orders need room above: the first grid ends where, for
convex costs, no order-up-to level can lie beyond, :math:`W_t(y) - \min W_t \ge \alpha K` with :math:`W_t(y)
= C_t(y) + (c_t - \alpha c_{t+1}) y` (Veinott 1966), and never above the most that can still be wanted.
Below the grid the value continues as a straight line, which is exact where one orders, or never orders. The
grid grows at both ends until

.. math:: \max_{t, x} |V_t^{\text{new}}(x) - V_t(x)| \le \varepsilon\,(1 + \max |V|)

on the old grid and no order there changes; the left side is the `bound` in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks
from invnb.inventory.finite_horizon_problem import Costs, FiniteHorizonProblem

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

VALUE_TOLERANCE = 1e-10
"""Largest change of a value, relative to the largest value, that a larger grid may still bring."""

MAX_GROWTHS = 20
"""Grid growths after which the search ends in any case; the result carries the change of the last one."""


@dataclass(frozen=True)
class FiniteHorizonPolicy:
    """The optimal policy and its value on a grid of whole units.

    Row t belongs to the review before period t. Order up to `order_up_to_level[t]` when the inventory
    position is at or below `reorder_point[t]`, where `is_s_S[t]` says that this is optimal;
    `position_after_order` always is.
    """

    reorder_point: Floats  # (n_decision,) units; -inf where it is never worth ordering on the grid
    order_up_to_level: Floats  # (n_decision,) units
    is_s_S: NDArray[np.bool_]  # noqa: N815 - (n_decision,)
    position_after_order: Whole  # (n_decision, n_grid) units
    value: Floats  # (n_decision + 1, n_grid) currency, expected discounted cost to go
    grid: Whole  # (n_grid,) inventory positions, units
    bound: float  # currency, the largest change that the last growth of the grid brought
    n_growths: int

    def expected_cost(self, position: ArrayLike = 0) -> Floats:
        """Return the expected cost from the first review on, given the inventory position before it.

        Parameters
        ----------
        position : whole units, at most the grid's largest; any shape.

        Returns
        -------
        Currency, in the shape of `position`.

        Raises
        ------
        ValueError : for a position above the grid.
        """
        x = checks.whole("position", position, least=np.iinfo(np.int64).min)
        if np.any(x > self.grid[-1]):
            raise ValueError(f"position must be at most {self.grid[-1]}, got {x.max()}")
        first = self.value[0]
        inside = first[np.maximum(x - self.grid[0], 0)]
        return inside + np.minimum(x - self.grid[0], 0) * (first[1] - first[0])


def finite_horizon_policy(
    demand: ArrayLike | Sequence[ArrayLike],
    *,
    holding_cost_per_unit_period: ArrayLike,
    shortage_cost_per_unit: ArrayLike,
    backorder_cost_per_unit_period: ArrayLike | None = None,
    fixed_cost_per_order: ArrayLike = 0.0,
    unit_cost: ArrayLike = 0.0,
    lost_share: float = 0.0,
    lead_time_periods: int = 0,
    discount: float = 1.0,
    terminal_cost: Callable[[Floats], Floats] | None = None,
    period_cost: Callable[[int, Floats], Floats] | None = None,
    max_position: int | None = None,
) -> FiniteHorizonPolicy:
    """Return the policy of least expected discounted cost over the horizon.

    Parameters
    ----------
    demand : (n_period, n_atom), or a sequence of n_period laws of different length: the law of each period's
        demand, independent between periods.
    holding_cost_per_unit_period : currency per unit in stock at the end of a period.
    shortage_cost_per_unit : currency per unit lost.
    backorder_cost_per_unit_period : currency per unit waiting at the end of a period; None takes
        `shortage_cost_per_unit`.
    fixed_cost_per_order, unit_cost : currency per order and per unit, paid when ordering.
        The five are scalars or (n_period,).
    lost_share : share of unmet demand that is lost, 0 to 1; above 0 only without lead time.
    lead_time_periods : L, whole periods; the last L periods then have no review of their own, and the cost of
        the first L, which no order can change, is left out.
    discount : value of one currency unit a period later, 0 < discount <= 1.
    terminal_cost : cost of the net stock (negative: backlog) after the last period, an array function; None
    for 0.
    period_cost : expected cost of period t by position after ordering, `period_cost(t, y)`, in place of the
    one
        from the costs above; an array function.
    max_position : largest inventory position an order may reach, units; None for no limit.

    Returns
    -------
    `FiniteHorizonPolicy`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    Scarf, H. (1960), The optimality of (S, s) policies in the dynamic inventory problem; Veinott, A.
    (1966), On the optimality of (s, S) inventory policies: new conditions and a new proof, SIAM J. Appl.
    Math. 14(5).

    Examples
    --------
    Rossi (2021), after Scarf (1960).

    >>> from invnb.inventory.demand import poisson_pmf
    >>> best = finite_horizon_policy(poisson_pmf([20, 40, 60, 40]), holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=10, fixed_cost_per_order=100)
    >>> best.reorder_point.tolist(), best.order_up_to_level.tolist()
    ([15.0, 28.0, 55.0, 28.0], [67.0, 49.0, 109.0, 49.0])
    >>> round(float(best.expected_cost(0)), 4)
    332.1767
    """
    laws = _laws(demand)
    n_period = len(laws)
    lost = float(checks.share("lost_share", lost_share))
    lead_time = checks.count("lead_time_periods", lead_time_periods, least=0)
    if lead_time >= n_period:
        raise ValueError(f"lead_time_periods must be below the {n_period} periods of demand, got {lead_time}")
    if lost > 0 and lead_time > 0:
        raise ValueError(
            f"lost_share must be 0 with a lead time, got {lost:g}; "
            "use lost_sales.optimal_policy or policy_levels"
        )
    if not 0 < discount <= 1:
        raise ValueError(f"discount must be above 0 and at most 1, got {discount}")
    if backorder_cost_per_unit_period is None:
        backorder_cost_per_unit_period = shortage_cost_per_unit

    def by_period(name: str, value: ArrayLike) -> Floats:
        return np.array(checks.broadcast_to(name, checks.nonnegative(name, value), (n_period,)))

    costs = Costs(
        by_period("holding_cost_per_unit_period", holding_cost_per_unit_period),
        by_period("shortage_cost_per_unit", shortage_cost_per_unit),
        by_period("backorder_cost_per_unit_period", backorder_cost_per_unit_period),
        by_period("fixed_cost_per_order", fixed_cost_per_order),
        by_period("unit_cost", unit_cost),
    )
    problem = FiniteHorizonProblem(laws, costs, lost, lead_time, discount, terminal_cost, period_cost)
    low, high = problem.first_grid()
    if max_position is not None:
        high = checks.count("max_position", max_position, least=0)
    return _grow(problem, low, high, grows_down=lost < 1, grows_up=max_position is None)


def finite_horizon_policies(
    demand: ArrayLike,
    *,
    holding_cost_per_unit_period: ArrayLike,
    shortage_cost_per_unit: ArrayLike,
    fixed_cost_per_order: ArrayLike = 0.0,
    unit_cost: ArrayLike = 0.0,
    lost_share: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    discount: float = 1.0,
) -> tuple[FiniteHorizonPolicy, ...]:
    """Return the optimal policy of each of many products; each has a grid of its own.

    Parameters
    ----------
    demand : (n_product, n_period, n_atom), laws as in `finite_horizon_policy`, padded with zeros.
    holding_cost_per_unit_period, shortage_cost_per_unit, fixed_cost_per_order, unit_cost : as there; scalars,
        or with a first axis of n_product.
    lost_share, lead_time_periods : as there; scalars or (n_product,).
    discount : as there, the same for all.

    Returns
    -------
    One `FiniteHorizonPolicy` per product.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    As `finite_horizon_policy`.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> two = poisson_pmf([20, 40, 60, 40]) * np.ones((2, 1, 1))
    >>> policies = finite_horizon_policies(two, holding_cost_per_unit_period=1, shortage_cost_per_unit=10,
    ...                                    fixed_cost_per_order=[100, 0])
    >>> [policy.order_up_to_level.tolist() for policy in policies]
    [[67.0, 49.0, 109.0, 49.0], [26.0, 49.0, 70.0, 49.0]]
    """
    laws = checks.probabilities("demand", demand)
    if laws.ndim != 3:
        raise ValueError(f"demand must have shape (n_product, n_period, n_atom), got {laws.shape}")
    n = len(laws)
    by_product = {
        "holding_cost_per_unit_period": holding_cost_per_unit_period,
        "shortage_cost_per_unit": shortage_cost_per_unit,
        "fixed_cost_per_order": fixed_cost_per_order,
        "unit_cost": unit_cost,
        "lost_share": lost_share,
        "lead_time_periods": lead_time_periods,
    }
    spread = {}
    for name, value in by_product.items():
        array = np.asarray(value)
        if array.ndim and len(array) != n:
            raise ValueError(f"{name} must be a scalar or have a first axis of {n}, got {array.shape}")
        spread[name] = array if array.ndim else np.repeat(array, n)
    return tuple(
        finite_horizon_policy(
            laws[i], discount=discount, **{name: value[i] for name, value in spread.items()}
        )
        for i in range(n)
    )


def _laws(demand: ArrayLike | Sequence[ArrayLike]) -> Floats:
    """The laws of the periods as rows of one array."""
    if not isinstance(demand, np.ndarray):
        rows = [np.asarray(row, dtype=np.float64) for row in demand]  # type: ignore[union-attr]
        if not rows or any(row.ndim != 1 for row in rows):
            raise ValueError("demand must hold one law, (n_atom,), for each of at least one period")
        width = max(len(row) for row in rows)
        demand = np.stack([np.pad(row, (0, width - len(row))) for row in rows])
    laws = checks.probabilities("demand", demand)
    if laws.ndim != 2:
        raise ValueError(f"demand must have shape (n_period, n_atom), got {laws.shape}")
    return laws


def _grow(
    problem: FiniteHorizonProblem, low: int, high: int, *, grows_down: bool, grows_up: bool
) -> FiniteHorizonPolicy:
    """Solve on larger and larger grids until the answer no longer moves."""
    value, G, up_to = problem.solve(low, high)
    bound, n_growths, settled = 0.0, 0, not (grows_down or grows_up)
    while not settled and n_growths < MAX_GROWTHS:
        n_growths += 1
        room = (high - low) // 4 + 1
        new_low, new_high = low - room * grows_down, high + room * grows_up
        new_value, new_G, new_up_to = problem.solve(new_low, new_high)
        old = slice(low - new_low, low - new_low + high - low + 1)
        bound = float(np.abs(new_value[:, old] - value).max())
        settled = bound <= VALUE_TOLERANCE * (1.0 + np.abs(value).max()) and np.array_equal(
            new_up_to[:, old], up_to
        )
        low, high, value, G, up_to = new_low, new_high, new_value, new_G, new_up_to
        bend = _next_bend(problem, low, value, G, up_to) if grows_down else low
        if bend < low:
            # ordering pays only further down than the grid shows: go there and start anew
            low, settled = bend, False
            value, G, up_to = problem.solve(low, high)
    return _result(problem, low, high, value, G, up_to, bound, n_growths)


def _next_bend(problem: FiniteHorizonProblem, low: int, value: Floats, G: Floats, up_to: Whole) -> int:
    """Position below the grid at which ordering begins to pay, where the value is no straight line; or `low`.

    At most as far down as demand can lead from an empty stock.
    """
    bend = low
    for t in range(len(G)):
        saved = value[t, 0] - value[t, 1] - problem.costs.unit[t]  # by ordering, per unit further down
        if up_to[t, 0] == low and saved > VALUE_TOLERANCE * (1.0 + np.abs(value[t, :2]).max()):
            order = problem.costs.fixed[t] + G[t].min() - problem.costs.unit[t] * low
            bend = min(bend, low - int(np.ceil((order - value[t, 0]) / saved)) - 2)
    return max(bend, min(low, -problem.most_wanted - 2))


def _result(
    problem: FiniteHorizonProblem,
    low: int,
    high: int,
    value: Floats,
    G: Floats,
    up_to: Whole,
    bound: float,
    n_growths: int,
) -> FiniteHorizonPolicy:
    grid = np.arange(low, high + 1)
    n = len(G)
    s, S, is_s_S = np.empty(n), np.empty(n), np.empty(n, dtype=bool)
    for t in range(n):
        best = int(G[t].argmin())
        fixed = problem.costs.fixed[t]
        below = np.flatnonzero(G[t, : best + 1] >= fixed + G[t, best])
        S[t] = grid[best]
        s[t] = grid[below[-1]] if len(below) else -np.inf
        wanted = np.where(grid <= s[t], grid[best], grid)
        cost = G[t, wanted - low] + fixed * (wanted > grid)
        optimal = G[t, up_to[t] - low] + fixed * (up_to[t] > grid)
        is_s_S[t] = bool(np.all(cost - optimal <= VALUE_TOLERANCE * (1.0 + np.abs(optimal))))
    return FiniteHorizonPolicy(s, S, is_s_S, up_to, value, grid, bound, n_growths)
