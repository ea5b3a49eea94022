"""Compiled kernel of `finite_horizon`: imported when a policy is asked for, cached on disk."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@njit(cache=True)
def value_at(value: Floats, low: int, x: float) -> float:
    """Value at a net stock that may lie between two whole units or below the grid (straight lines)."""
    i = int(np.floor(x)) - low
    if i < 0:
        return value[0] + (x - low) * (value[1] - value[0])
    if i >= len(value) - 1:
        return value[-1]
    return value[i] + (x - low - i) * (value[i + 1] - value[i])


@njit(cache=True)
def expect_next(law: Floats, value: Floats, low: int, lost_share: float, out: Floats) -> None:
    """out[y] = E value(y - D + lost_share (D - y^+)^+) for every y of the grid low, low + 1, ..."""
    n, n_atom = len(value), len(law)
    kept = 1.0 - lost_share
    # reach[j] is where y - D = first + j leads: a shortage of u units leaves a backlog of kept * u
    first = low if lost_share == 0.0 else 0
    reach = np.empty(n_atom - 1 + n + low - first)
    for j in range(len(reach)):
        x = first - (n_atom - 1) + j
        if x >= first:
            reach[j] = value[x - low]
        else:
            reach[j] = value_at(value, low, kept * x)
    ahead = out[first - low :]
    ahead[:] = 0.0
    for d in range(n_atom):
        p = law[d]
        from_here = reach[n_atom - 1 - d : n_atom - 1 - d + len(ahead)]
        for y in range(len(ahead)):
            ahead[y] += p * from_here[y]
    # from a backlog, when some demand is lost: old backlog stays, all new demand is unmet
    for i in range(first - low):
        out[i] = 0.0
        for d in range(n_atom):
            out[i] += law[d] * value_at(value, low, i + low - kept * d)


@njit(cache=True)
def solve(
    laws: Floats,  # (n_decision, n_atom)
    expected_cost: Floats,  # (n_decision, n_grid), of the period an order decides, by position after ordering
    terminal: Floats,  # (n_grid,)
    fixed: Floats,  # (n_decision,)
    unit: Floats,  # (n_decision,)
    discount: float,
    lost_share: float,
    low: int,
) -> tuple[Floats, Floats, Whole]:
    """Values (n_decision + 1, n_grid), G and positions after ordering, both (n_decision, n_grid)."""
    n_decision, n = expected_cost.shape
    value = np.empty((n_decision + 1, n))
    value[n_decision] = terminal
    G = np.empty((n_decision, n))
    up_to = np.empty((n_decision, n), dtype=np.int64)
    for t in range(n_decision - 1, -1, -1):
        expect_next(laws[t], value[t + 1], low, lost_share, G[t])
        for i in range(n):
            G[t, i] = expected_cost[t, i] + unit[t] * (i + low) + discount * G[t, i]
        best = n - 1
        for i in range(n - 1, -1, -1):
            if G[t, i] <= G[t, best]:
                best = i
            if G[t, i] <= fixed[t] + G[t, best]:
                up_to[t, i] = i + low
                value[t, i] = G[t, i] - unit[t] * (i + low)
            else:
                up_to[t, i] = best + low
                value[t, i] = fixed[t] + G[t, best] - unit[t] * (i + low)
    return value, G, up_to
