"""Compiled loops behind `rollout`: imported when orders are asked for, cached on disk.

All paths of a product run side by side: the loops over paths are short and free of branches, so that they
become vector instructions. Nothing larger than one product's paths is ever copied.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from invnb.inventory.policy_kernels import GOLDEN, meet_demand, receive

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# columns of `terms`, one row per product
HOLDING, SHORTAGE, BACKORDER, FIXED, LOST_SHARE, PACK, MINIMUM = 0, 1, 2, 3, 4, 5, 6
# rows of the work space, one column per path; orders by arrival follow
NET, POSITION, TOTAL, LOST, COVER_UNMET, COVER_SHORT, DUE = 0, 1, 2, 3, 4, 5, 6
PACK_SLACK = 1e-9  # a quantity this close above a pack multiple (in packs) is that multiple


@njit(cache=True)
def whole_packs(units: float, pack: float, minimum: float) -> float:
    return math.ceil(max(units, minimum) / pack - PACK_SLACK) * pack


@njit(cache=True, error_model="numpy")
def place_orders(
    position: Floats,
    due_last: Floats,
    total: Floats,
    s: float,
    S: float,
    fixed: float,
    pack: float,
    least: float,
) -> None:
    for n in range(len(position)):
        units = math.ceil(max(S - position[n], least) / pack - PACK_SLACK) * pack
        units = units if (position[n] <= s) & (position[n] < S) else 0.0
        due_last[n] = units
        position[n] += units
        total[n] += fixed if units > 0.0 else 0.0


@njit(cache=True)
def count_unmet(wanted: Floats, net: Floats, lost_share: float, work: Floats, covered: bool) -> None:
    lost, unmet_units, short = work[LOST], work[COVER_UNMET], work[COVER_SHORT]
    for n in range(len(wanted)):
        unmet = max(wanted[n] - max(net[n], 0.0), 0.0)
        lost[n] += lost_share * unmet
        if covered:
            unmet_units[n] += unmet
            short[n] = 1.0 if unmet > 1e-9 else short[n]


@njit(cache=True)
def charge_end(
    position: Floats, total: Floats, level: float, holding: float, fixed: float, rate: float
) -> None:
    """What the position at the end still costs, at a steady demand of `rate` a period (see `rollout`)."""
    slope = holding / (2.0 * rate)
    for n in range(len(position)):
        gap = level - position[n]
        cost = slope * gap * gap
        total[n] += cost if gap < 0.0 else min(cost, fixed)


@njit(cache=True)
def run(
    paths: Floats,  # (n_period, n_path); they start again where the run is longer
    inbound: Floats,  # (n_period,) units arriving, in the first n_period periods of the run only
    net_stock: float,
    first_order: float,  # units ordered at the first review; below 0: by the rule
    s: Floats,  # (n_period,)
    S: Floats,  # (n_period,)
    lead: int,
    review: int,
    terms: Floats,
    n_run: int,
    charged_from: int,
    end_rate: float,  # demand per period for the cost of the end; 0: the end costs nothing
    measured: bool,  # whether lost and unmet units are counted too
    work: Floats,  # (DUE + lead + 1, n_path)
) -> float:
    """Mean cost over the paths from period `charged_from` on; each path's cost is left in the work space."""
    n_period = len(paths)
    holding, shortage, backorder, fixed, lost_share, pack, minimum = terms
    net, position, total, due = work[NET], work[POSITION], work[TOTAL], work[DUE:]
    net[:] = net_stock
    position[:] = net_stock + inbound.sum()
    work[LOST : DUE + lead + 1] = 0.0
    total[:] = 0.0
    slot = 0  # of the orders due now; an order placed now is due when the slot before comes round again
    for t in range(n_run):
        k = t % n_period
        if t == charged_from:
            total[:] = 0.0
        if t % review == 0:
            last = slot - 1 if slot > 0 else lead
            if t == 0 and first_order >= 0.0:
                due[last] += first_order
                position += first_order
                total += fixed if first_order > 0.0 else 0.0
            else:
                place_orders(position, due[last], total, s[k], S[k], fixed, pack, minimum)
        receive(net, due[slot])
        if t < n_period and inbound[t] > 0.0:
            net += inbound[t]
        slot = slot + 1 if slot < lead else 0
        if measured:
            count_unmet(paths[k], net, lost_share, work, lead <= t < lead + review)
        meet_demand(paths[k], net, position, total, holding, shortage, backorder, lost_share)
    if end_rate > 0.0:
        charge_end(position, total, S[(n_run - 1) % n_period], holding, fixed, end_rate)
    return total.mean()


@njit(cache=True)
def transposed(demand: NDArray, step: int) -> Floats:
    """Every `step`-th path of one product, (n_period, n_path), side by side in memory."""
    n_path, n_period = demand.shape
    paths = np.empty((n_period, (n_path + step - 1) // step))
    for n in range(paths.shape[1]):
        for t in range(n_period):
            paths[t, n] = demand[n * step, t]
    return paths


@njit(cache=True)
def first_cost(
    units: float,
    paths: Floats,
    inbound: Floats,
    net_stock: float,
    s: Floats,
    S: Floats,
    lead: int,
    review: int,
    terms: Floats,
    rate: float,
    measured: bool,
    work: Floats,
) -> float:
    n_run = max(len(paths), lead + review + 1)
    return run(paths, inbound, net_stock, units, s, S, lead, review, terms, n_run, 0, rate, measured, work)


@njit(cache=True)
def best_order(
    paths: Floats,
    inbound: Floats,
    net_stock: float,
    s: Floats,
    S: Floats,
    lead: int,
    review: int,
    terms: Floats,
    beyond_noise: float,
    work: Floats,
) -> float:
    """Units ordered now: the rule's order, or another size where it saves more than noise."""
    pack, minimum = terms[PACK], terms[MINIMUM]
    position = net_stock + inbound.sum()
    rate = paths.mean()
    if rate == 0.0 or s[0] == -np.inf:
        return 0.0
    most = 1.5 * max(S[0], 0.0) + pack - position
    if position > s[0] and most < whole_packs(0.0, pack, minimum):
        return 0.0
    base = whole_packs(S[0] - position, pack, minimum) if position <= s[0] and position < S[0] else 0.0
    base_cost = first_cost(base, paths, inbound, net_stock, s, S, lead, review, terms, rate, False, work)
    by_path = work[TOTAL].copy()
    best, cheapest = base, base_cost
    if base > 0.0:
        cost = first_cost(0.0, paths, inbound, net_stock, s, S, lead, review, terms, rate, False, work)
        if cost < cheapest:
            best, cheapest = 0.0, cost
    low = max(math.ceil(minimum / pack - PACK_SLACK), 1)
    high = max(math.ceil(most / pack), low)
    left, right = 0, 0
    f_left = f_right = -1.0  # a cost not computed yet
    while high - low > 3:
        if f_left < 0.0:
            left = high - round(GOLDEN * (high - low))
            f_left = first_cost(
                left * pack, paths, inbound, net_stock, s, S, lead, review, terms, rate, False, work
            )
        if f_right < 0.0 or right <= left:
            right = max(low + round(GOLDEN * (high - low)), left + 1)
            f_right = first_cost(
                right * pack, paths, inbound, net_stock, s, S, lead, review, terms, rate, False, work
            )
        if f_left <= f_right:
            high, right, f_right, f_left = right, left, f_left, -1.0
        else:
            low, left, f_left, f_right = left, right, f_right, -1.0
    for packs in range(low, high + 1):
        cost = first_cost(
            packs * pack, paths, inbound, net_stock, s, S, lead, review, terms, rate, False, work
        )
        if cost < cheapest:
            best, cheapest = packs * pack, cost
    if best == base:
        return base
    first_cost(best, paths, inbound, net_stock, s, S, lead, review, terms, rate, False, work)
    saved = by_path - work[TOTAL]
    noise = saved.std() / math.sqrt(max(1, len(saved) - 1))
    return best if saved.mean() > beyond_noise * noise else base


@njit(cache=True, nogil=True)
def orders(
    demand: NDArray,
    inbound: Floats,
    net_stock: Floats,
    s: Floats,
    S: Floats,
    lead: Whole,
    review: Whole,
    terms: Floats,
    beyond_noise: float,
    out: Floats,  # (n_product,), filled
) -> None:
    for i in range(len(demand)):
        work = np.empty((DUE + lead[i] + 1, demand.shape[1]))
        out[i] = best_order(
            transposed(demand[i], 1), inbound[i], net_stock[i], s[i], S[i], lead[i], review[i], terms[i],
            beyond_noise, work,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def values(
    demand: NDArray,
    candidates: Floats,  # (n_product, n_candidate) units ordered now
    inbound: Floats,
    net_stock: Floats,
    s: Floats,
    S: Floats,
    lead: Whole,
    review: Whole,
    terms: Floats,
    out: Floats,  # (n_product, n_candidate, 5), filled: cost, lost, unmet, demand and stock-out in the cover
) -> None:
    for i in range(len(demand)):
        paths = transposed(demand[i], 1)
        rate = paths.mean()
        covered = 0.0
        for t in range(lead[i], lead[i] + review[i]):
            covered += paths[t % len(paths)].mean()
        work = np.empty((DUE + lead[i] + 1, demand.shape[1]))
        for j in range(candidates.shape[1]):
            if j > 0 and candidates[i, j] == candidates[i, j - 1]:
                out[i, j] = out[i, j - 1]
                continue
            out[i, j, 0] = first_cost(
                candidates[i, j], paths, inbound[i], net_stock[i], s[i], S[i], lead[i], review[i], terms[i],
                rate, True, work,
            )  # fmt: skip
            out[i, j, 1] = work[LOST].mean()
            out[i, j, 2] = work[COVER_UNMET].mean()
            out[i, j, 3] = covered
            out[i, j, 4] = work[COVER_SHORT].mean()


@njit(cache=True, nogil=True)
def idle_stockouts(
    demand: NDArray,
    inbound: Floats,
    net_stock: Floats,
    lost_share: Floats,
    lead: Whole,
    out: Floats,  # (n_product, n_period + 1), filled: per period, and in any period before `lead`
) -> None:
    """Probability of unmet demand if nothing is ever ordered."""
    n_product, n_path, n_period = demand.shape
    for i in range(n_product):
        paths = transposed(demand[i], 1)
        net, before = np.full(n_path, net_stock[i]), np.zeros(n_path)
        for t in range(n_period):
            n_short = 0
            for n in range(n_path):
                x = net[n] + inbound[i, t]
                unmet = max(paths[t, n] - max(x, 0.0), 0.0)
                net[n] = x - paths[t, n] + lost_share[i] * unmet
                if unmet > 1e-9:
                    n_short += 1
                    if t < lead[i]:
                        before[n] = 1.0
            out[i, t] = n_short / n_path
        out[i, n_period] = before.mean()
