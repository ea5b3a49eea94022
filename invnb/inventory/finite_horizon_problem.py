"""The pieces of a finite-horizon programme on a grid: expected costs, terminal values, first grid, one
solution.

The mathematics stands at the head of `invnb.inventory.finite_horizon`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from invnb.inventory import checks
from invnb.inventory.demand import convolve

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def _expected_leftover(law: Floats, stock: Floats) -> Floats:
    """E (y - D)^+ for whole y >= 0."""
    leftover = np.append(0.0, np.cumsum(np.cumsum(law)))
    y = stock.astype(np.int64)
    return leftover[np.minimum(y, len(law))] + np.maximum(y - len(law), 0)


@dataclass(frozen=True)
class Costs:
    """Currency, each (n_period,)."""

    holding: Floats
    shortage: Floats
    backorder: Floats
    fixed: Floats
    unit: Floats


@dataclass(frozen=True)
class FiniteHorizonProblem:
    """What the recursion needs, on any grid."""

    laws: Floats  # (n_period, n_atom)
    costs: Costs
    lost_share: float
    lead_time: int
    discount: float
    terminal_cost: Callable[[Floats], Floats] | None
    period_cost: Callable[[int, Floats], Floats] | None

    @property
    def n_decision(self) -> int:
        """Reviews whose order arrives within the horizon."""
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
        """Smallest and largest position of the first grid; see the head of `finite_horizon`."""
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
