"""Compiled search behind `policy.policy_levels`: imported when levels are asked for, cached on disk.

A candidate (s, S) is simulated on all paths side by side: the loops over paths are short and free of
branches, so
that they become vector instructions. Each touches few arrays, because the compiler gives up where it would
have
to check many pairs of them for overlap.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@njit(cache=True)
def place_orders(
    position: Floats, due_last: Floats, total: Floats, s: float, S: float, fixed: float, unit: float
) -> None:
    for n in range(len(position)):
        units = S - position[n] if position[n] <= s else 0.0
        due_last[n] = units
        position[n] += units
        total[n] += (fixed if units > 0.0 else 0.0) + unit * units


@njit(cache=True)
def receive(net: Floats, due_now: Floats) -> None:
    for n in range(len(net)):
        net[n] += due_now[n]
        due_now[n] = 0.0


@njit(cache=True)
def meet_demand(
    wanted: Floats,
    net: Floats,
    position: Floats,
    total: Floats,
    holding: float,
    shortage: float,
    backorder: float,
    lost_share: float,
) -> None:
    for n in range(len(net)):
        unmet = wanted[n] - max(net[n], 0.0)
        lost = lost_share * max(unmet, 0.0)
        left = net[n] - wanted[n] + lost
        net[n] = left
        position[n] += lost - wanted[n]
        total[n] += shortage * lost + (holding * left if left > 0.0 else -backorder * left)


@njit(cache=True)
def mean_cost(
    paths: Floats,  # (n_period, n_path)
    s: float,
    S: float,
    lead_time: int,
    review_period: int,
    cost: Floats,  # holding, shortage, backorder, fixed, unit
    lost_share: float,
    work: Floats,  # (lead_time + 4, n_path): net stock, position, cost of each path, then orders by arrival
) -> float:
    """Mean cost per period of (s, S), s <= S, after a first run along the same paths that sets the state."""
    n_period = len(paths)
    holding, shortage, backorder, fixed, unit = cost
    net, position, total, due = work[0], work[1], work[2], work[3:]
    net[:] = S
    position[:] = S
    due[:] = 0.0
    slot = 0  # of the orders due now; an order placed now is due when the slot before comes round again
    until_review = 0
    for _ in range(2):
        total[:] = 0.0
        for t in range(n_period):
            if until_review == 0:
                until_review = review_period
                last = slot - 1 if slot > 0 else lead_time
                place_orders(position, due[last], total, s, S, fixed, unit)
            until_review -= 1
            receive(net, due[slot])
            slot = slot + 1 if slot < lead_time else 0
            meet_demand(paths[t], net, position, total, holding, shortage, backorder, lost_share)
    return total.mean() / n_period


@njit(cache=True)
def largest_window(paths: Floats, n_window: int) -> float:
    """Largest demand of `n_window` periods in a row on any path, each path repeated without end."""
    n_period, n_path = paths.shape
    largest = 0.0
    for n in range(n_path):
        window = 0.0
        for k in range(n_window):
            window += paths[k % n_period, n]
        largest = max(largest, window)
        for t in range(n_period - 1):
            window += paths[(t + n_window) % n_period, n] - paths[t, n]
            largest = max(largest, window)
    return largest


@njit(cache=True)
def best_level(
    paths: Floats,
    low: int,
    high: int,
    gap: int,
    lead_time: int,
    review_period: int,
    cost: Floats,
    lost_share: float,
    work: Floats,
) -> tuple[int, float, int]:
    """Golden-section search over whole S in [low, high], with s = S - gap: S, its cost, candidates tried."""
    n = 0
    left, right = 0, 0
    f_left = f_right = -1.0  # a cost not computed yet
    while high - low > 3:
        if f_left < 0.0:
            left = high - round(GOLDEN * (high - low))
            f_left = mean_cost(paths, left - gap, left, lead_time, review_period, cost, lost_share, work)
            n += 1
        if f_right < 0.0 or right <= left:
            right = max(low + round(GOLDEN * (high - low)), left + 1)
            f_right = mean_cost(paths, right - gap, right, lead_time, review_period, cost, lost_share, work)
            n += 1
        if f_left <= f_right:
            high, right, f_right, f_left = right, left, f_left, -1.0
        else:
            low, left, f_left, f_right = left, right, f_right, -1.0
    best, best_cost = low, np.inf
    for S in range(low, high + 1):
        f = mean_cost(paths, S - gap, S, lead_time, review_period, cost, lost_share, work)
        n += 1
        if f < best_cost:
            best, best_cost = S, f
    return best, best_cost, n


@njit(cache=True)
def descend(
    paths: Floats,
    s: int,
    S: int,
    gap_moves: bool,
    stride: int,
    reach: int,
    lead_time: int,
    review_period: int,
    cost: Floats,
    lost_share: float,
    work: Floats,
) -> tuple[int, int, float, int]:
    """Walk to whole (s, S) none of whose neighbours within `reach` strides is cheaper; strides halve.

    Without gap moves s = S: a base stock.
    """
    best = mean_cost(paths, s, S, lead_time, review_period, cost, lost_share, work)
    n = 1
    while stride >= 1:
        from_s, from_S = s, S
        for ds in range(-reach * stride, reach * stride + 1, stride):
            for dS in range(-reach * stride, reach * stride + 1, stride):
                new_s, new_S = from_s + ds, from_S + dS
                if (ds == 0 and dS == 0) or (not gap_moves and ds != dS) or new_s > new_S or new_S < 0:
                    continue
                f = mean_cost(paths, new_s, new_S, lead_time, review_period, cost, lost_share, work)
                n += 1
                if f < best:
                    s, S, best = new_s, new_S, f
        if (s, S) == (from_s, from_S):
            stride //= 2
    return s, S, best, n


@njit(cache=True)
def levels(
    demand: Floats,  # (n_product, n_scenario, n_period)
    lead_time: Whole,  # (n_product,)
    review_period: Whole,  # (n_product,)
    cost: Floats,  # (n_product, 5): holding, shortage, backorder, fixed, unit
    lost_share: Floats,  # (n_product,)
    gap_factors: Floats,  # S - s to try, as multiples of the economic order quantity
    n_search: int,  # scenarios of the first search
) -> Floats:
    """Columns s, S, mean cost per period, its standard error, candidates tried."""
    n_product, n_path, n_period = demand.shape
    step = max(1, n_path // n_search)
    out = np.empty((n_product, 5))
    for i in range(n_product):
        L, R, economics, lost = lead_time[i], review_period[i], cost[i], lost_share[i]
        paths = np.ascontiguousarray(demand[i].T)
        few = np.ascontiguousarray(demand[i, ::step].T)
        work, work_few = np.empty((L + 4, n_path)), np.empty((L + 4, few.shape[1]))
        high = math.ceil(largest_window(paths, L + R))
        holding, fixed = economics[0], economics[3]
        n_tried, m = 0, 0
        s, S, cheapest = 0, 0, np.inf
        if fixed == 0.0:
            S, _, n_tried = best_level(few, 0, high, 0, L, R, economics, lost, work_few)
            s = S
        else:
            mean_demand = few.mean()
            quantity = math.sqrt(2.0 * fixed * mean_demand / holding) if holding > 0.0 else np.inf
            quantity = min(quantity, mean_demand * n_period)
            for factor in gap_factors:
                gap = max(1, round(factor * quantity))
                low = gap - 1 if lost == 1.0 else 0
                level, f, n = best_level(few, low, high + gap, gap, L, R, economics, lost, work_few)
                n_tried += n
                if f < cheapest:
                    s, S, cheapest = level - gap, level, f
            # costs on a sample are rough at the scale of one unit: look two strides ahead
            s, S, cheapest, m = descend(
                few, s, S, True, max(1, (S - s) // 5), 2, L, R, economics, lost, work_few
            )
        s, S, mean, n = descend(paths, s, S, fixed > 0.0, 1, 1, L, R, economics, lost, work)
        mean_cost(paths, s, S, L, R, economics, lost, work)  # leaves each path's cost in its work space
        out[i, 0], out[i, 1], out[i, 2] = s, S, mean
        out[i, 3] = work[2].std() / n_period / math.sqrt(max(1, n_path - 1))
        out[i, 4] = n_tried + m + n
    return out
