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
from invnb.inventory.demand import convolve

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

    costs = _Costs(
        by_period("holding_cost_per_unit_period", holding_cost_per_unit_period),
        by_period("shortage_cost_per_unit", shortage_cost_per_unit),
        by_period("backorder_cost_per_unit_period", backorder_cost_per_unit_period),
        by_period("fixed_cost_per_order", fixed_cost_per_order),
        by_period("unit_cost", unit_cost),
    )
    problem = _Problem(laws, costs, lost, lead_time, discount, terminal_cost, period_cost)
    low, high = problem.first_grid()
    if max_position is not None:
        high = checks.count("max_position", max_position, least=0)
    return _grow(problem, low, high, grows_down=lost < 1, grows_up=max_position is None)


@dataclass(frozen=True)
class _Costs:
    """Currency, each (n_period,)."""

    holding: Floats
    shortage: Floats
    backorder: Floats
    fixed: Floats
    unit: Floats


@dataclass(frozen=True)
class _Problem:
    laws: Floats  # (n_period, n_atom)
    costs: _Costs
    lost_share: float
    lead_time: int
    discount: float
    terminal_cost: Callable[[Floats], Floats] | None
    period_cost: Callable[[int, Floats], Floats] | None

    @property
    def n_decision(self) -> int:
        return len(self.laws) - self.lead_time

    @property
    def most_wanted(self) -> int:
        """Largest demand over the horizon, units, at least 1."""
        return max(sum(int(np.flatnonzero(law)[-1]) for law in self.laws), 1)

    def covers(self) -> list[Floats]:
        """For each review, the law of demand up to the end of the period its order is available in."""
        covers = list(self.laws)
        for ahead in range(1, self.lead_time + 1):
            covers = [convolve(covers[t], self.laws[t + ahead]) for t in range(len(self.laws) - ahead)]
        return covers

    def expected_costs(self, grid: Floats) -> Floats:
        """Expected holding and shortage cost, (n_decision, n_grid), by position after ordering."""
        if self.period_cost is not None:
            given = [checks.finite("period_cost", self.period_cost(t, grid)) for t in range(self.n_decision)]
            if any(row.shape != grid.shape for row in given):
                raise ValueError(f"period_cost must return shape {grid.shape}, got {given[0].shape}")
            return np.stack(given)
        stock = np.maximum(grid, 0.0)
        out = np.empty((self.n_decision, len(grid)))
        for t, cover in enumerate(self.covers()):
            when = t + self.lead_time
            left = _expected_leftover(cover, stock)
            short = cover @ np.arange(len(cover)) - stock + left
            waiting = np.maximum(-grid, 0.0) + (1.0 - self.lost_share) * short
            out[t] = (
                self.costs.holding[when] * left
                + self.costs.shortage[when] * self.lost_share * short
                + self.costs.backorder[when] * waiting
            )
        return self.discount**self.lead_time * out

    def terminal_values(self, grid: Floats) -> Floats:
        """Discounted expected terminal cost by position when the last order is on its way."""
        if self.terminal_cost is None:
            return np.zeros(len(grid))
        rest = np.ones(1)
        for law in self.laws[self.n_decision :]:
            rest = convolve(rest, law)
        reach = np.arange(grid[0] - len(rest) + 1, grid[-1] + 1)
        cost = checks.finite("terminal_cost", self.terminal_cost(reach))
        if cost.shape != reach.shape:
            raise ValueError(f"terminal_cost must return shape {reach.shape}, got {cost.shape}")
        return self.discount**self.lead_time * np.convolve(cost, rest, mode="valid")

    def first_grid(self) -> tuple[int, int]:
        """Smallest and largest position of the first grid; see the module's head."""
        most = self.most_wanted
        grid = np.arange(most + 1.0)
        unit = self.costs.unit[: self.n_decision]
        later = np.append(unit[1:], 0.0)
        W = self.expected_costs(grid) + (unit - self.discount * later)[:, None] * grid
        beyond = W - W.min(axis=1, keepdims=True) >= self.discount * self.costs.fixed[: self.n_decision, None]
        beyond &= grid > W.argmin(axis=1)[:, None]
        high = int(np.where(beyond.any(axis=1), beyond.argmax(axis=1), most).max())
        if self.lost_share == 1.0:
            return 0, max(high, 1)
        dearest = self.costs.backorder.min()
        room = self.costs.fixed.max() / dearest if dearest > 0 else most
        return -int(min(np.ceil(room), most)) - 2, max(high, 1)

    def solve(self, low: int, high: int) -> tuple[Floats, Floats, Whole]:
        """Values, G and positions after ordering on the grid low .. high."""
        from invnb.inventory import finite_horizon_kernels as kernels

        grid = np.arange(low, high + 1.0)
        n = self.n_decision
        return kernels.solve(
            self.laws[:n],
            self.expected_costs(grid),
            self.terminal_values(grid),
            self.costs.fixed[:n],
            self.costs.unit[:n],
            self.discount,
            self.lost_share,
            low,
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


def _expected_leftover(law: Floats, stock: Floats) -> Floats:
    """E (y - D)^+ for whole y >= 0."""
    leftover = np.append(0.0, np.cumsum(np.cumsum(law)))
    y = stock.astype(np.int64)
    return leftover[np.minimum(y, len(law))] + np.maximum(y - len(law), 0)


def _grow(problem: _Problem, low: int, high: int, *, grows_down: bool, grows_up: bool) -> FiniteHorizonPolicy:
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


def _next_bend(problem: _Problem, low: int, value: Floats, G: Floats, up_to: Whole) -> int:
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
    problem: _Problem,
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
