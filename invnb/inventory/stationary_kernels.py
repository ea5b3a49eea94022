"""Compiled kernel of `stationary`: imported when a policy is asked for, cached on disk."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@njit(cache=True)
def expected_leftover(law: Floats) -> Floats:
    """E (y - D)^+ for y = 0, 1, ..., len(law) - 1: the running sum of the distribution function."""
    leftover = np.zeros(len(law))
    below = 0.0
    for y in range(1, len(law)):
        below += law[y - 1]
        leftover[y] = leftover[y - 1] + below
    return leftover


@njit(cache=True)
def one_period_cost(y: int, leftover: Floats, mean: float, holding: float, backorder: float) -> float:
    """G(y) = h E (y - D)^+ + b E (D - y)^+ with D the demand that an order has to cover."""
    if y < 0:
        return backorder * (mean - y)
    left = leftover[y] if y < len(leftover) else y - mean
    return holding * left + backorder * (mean - y + left)


@njit(cache=True)
def extend_visits(visits: Floats, known: int, needed: int, law: Floats) -> Floats:
    """Grow the renewal densities m(0), m(1), ... so that `needed` of them are known."""
    if needed > len(visits):
        longer = np.empty(max(needed, 2 * len(visits)))
        longer[:known] = visits[:known]
        visits = longer
    for j in range(known, needed):
        total = 1.0 if j == 0 else 0.0
        for k in range(1, min(j, len(law) - 1) + 1):
            total += law[k] * visits[j - k]
        visits[j] = total / (1.0 - law[0])
    return visits


@njit(cache=True)
def cycle_cost(
    s: int,
    S: int,
    visits: Floats,
    leftover: Floats,
    mean: float,
    holding: float,
    backorder: float,
    fixed: float,
) -> float:
    """c(s, S) = (K + sum_j m(j) G(S - j)) / sum_j m(j), j = 0 .. S - s - 1."""
    cost, periods = fixed, 0.0
    for j in range(S - s):
        periods += visits[j]
        cost += visits[j] * one_period_cost(S - j, leftover, mean, holding, backorder)
    return cost / periods


@njit(cache=True)
def policy_costs(
    laws: Floats,  # (n_product, n_atom), one period
    covers: Floats,  # (n_product, n_cover), lead time + 1 periods
    cost: Floats,  # (n_product, 3): holding, backorder, fixed
    s: Whole,
    S: Whole,
) -> Floats:
    """Exact cost per period of a given (s, S) for each product."""
    out = np.zeros(len(laws))
    for i in range(len(laws)):
        law, (holding, backorder, fixed) = laws[i], cost[i]
        if law[0] == 1.0:
            continue
        leftover = expected_leftover(covers[i])
        mean = len(leftover) - 1 - leftover[-1]
        visits = extend_visits(np.empty(S[i] - s[i]), 0, S[i] - s[i], law)
        out[i] = cycle_cost(s[i], S[i], visits, leftover, mean, holding, backorder, fixed)
    return out


@njit(cache=True)
def best_policies(laws: Floats, covers: Floats, cost: Floats) -> Floats:
    """Columns s, S, cost per period for each product, by Zheng and Federgruen (1991)."""
    out = np.zeros((len(laws), 3))
    visits = np.empty(64)
    for i in range(len(laws)):
        law, (holding, backorder, fixed) = laws[i], cost[i]
        if law[0] == 1.0:  # nothing is ever wanted
            out[i, 0] = -1.0
            continue
        leftover = expected_leftover(covers[i])
        mean = len(leftover) - 1 - leftover[-1]
        y = 0
        while one_period_cost(y + 1, leftover, mean, holding, backorder) < one_period_cost(
            y, leftover, mean, holding, backorder
        ):
            y += 1
        s, best_S, best, known = y, y, np.inf, 0
        while True:
            s -= 1
            visits, known = extend_visits(visits, known, best_S - s, law), best_S - s
            best = cycle_cost(s, best_S, visits, leftover, mean, holding, backorder, fixed)
            if best <= one_period_cost(s, leftover, mean, holding, backorder):
                break
        S = best_S + 1
        while one_period_cost(S, leftover, mean, holding, backorder) <= best:
            if S - s > known:
                visits, known = extend_visits(visits, known, S - s, law), S - s
            candidate = cycle_cost(s, S, visits, leftover, mean, holding, backorder, fixed)
            if candidate < best:
                best, best_S = candidate, S
                while s + 1 < best_S and best <= one_period_cost(s + 1, leftover, mean, holding, backorder):
                    s += 1
                    best = cycle_cost(s, best_S, visits, leftover, mean, holding, backorder, fixed)
            S += 1
        out[i, 0], out[i, 1], out[i, 2] = s, best_S, best
    return out
