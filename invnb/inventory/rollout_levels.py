"""Compiled search behind `rollout`: the levels of the rule that follows the first order."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from invnb.inventory.policy_kernels import GOLDEN
from invnb.inventory.rollout_kernels import DUE, MINIMUM, PACK, Floats, Whole, run, transposed


@njit(cache=True)
def windows(paths: Floats, n_window: int, mean: Floats, sd: Floats) -> None:
    """Mean and standard deviation of the demand of `n_window` periods from each one on, paths repeated."""
    n_period, n_path = paths.shape
    for t in range(n_period):
        window = np.zeros(n_path)
        for k in range(n_window):
            window += paths[(t + k) % n_period]
        mean[t], sd[t] = window.mean(), window.std()


@njit(cache=True)
def set_levels(z: float, gap: float, mean: Floats, sd: Floats, s: Floats, S: Floats) -> None:
    for t in range(len(mean)):
        s[t] = np.round(mean[t] + z * sd[t])
        S[t] = s[t] + gap


@njit(cache=True)
def cost_at(
    z: float, gap: float, paths: Floats, lead: int, review: int, terms: Floats, mean: Floats, sd: Floats,
    s: Floats, S: Floats, work: Floats,
) -> float:  # fmt: skip
    """Set the levels at safety factor z; return their mean cost in a second round of the paths."""
    set_levels(z, gap, mean, sd, s, S)
    n, nothing = len(paths), np.zeros(len(paths))
    return run(paths, nothing, S[0], -1.0, s, S, lead, review, terms, 2 * n, n, 0.0, False, work)


@njit(cache=True)
def levels_of_product(
    paths: Floats,
    few: Floats,
    lead: int,
    review: int,
    terms: Floats,
    low: float,
    high: float,
    n_search: int,
    s: Floats,
    S: Floats,
) -> tuple[float, float, float]:
    """Fill s and S; return safety factor, order-size gap, mean cost per period on all paths."""
    n_period = len(paths)
    holding, shortage, _, fixed, lost_share, _, _ = terms
    rate = paths.mean()
    s[:], S[:] = -np.inf, 0.0
    if rate == 0.0:
        return -np.inf, 0.0, 0.0
    mean, sd = np.empty(n_period), np.empty(n_period)
    windows(paths, lead + review, mean, sd)
    gap = 0.0
    if fixed > 0.0:
        gap = (
            max(1.0, np.round(math.sqrt(2.0 * fixed * rate / holding))) if holding > 0.0 else rate * n_period
        )
    free = terms.copy()
    free[PACK], free[MINIMUM] = 1.0, 0.0
    work = np.empty((DUE + lead + 1, few.shape[1]))
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    f_left = f_right = -1.0  # a cost not computed yet
    z, cheapest = 0.0, np.inf
    for _ in range(n_search):
        if f_left < 0.0:
            f_left = cost_at(left, gap, few, lead, review, free, mean, sd, s, S, work)
            if f_left < cheapest:
                z, cheapest = left, f_left
        if f_right < 0.0:
            f_right = cost_at(right, gap, few, lead, review, free, mean, sd, s, S, work)
            if f_right < cheapest:
                z, cheapest = right, f_right
        if f_left <= f_right:
            high, right, f_right, f_left = right, left, f_left, -1.0
            left = high - GOLDEN * (high - low)
        else:
            low, left, f_left, f_right = left, right, f_right, -1.0
            right = low + GOLDEN * (high - low)
    work = np.empty((DUE + lead + 1, paths.shape[1]))
    cost = cost_at(z, gap, paths, lead, review, free, mean, sd, s, S, work)
    never = shortage * rate
    if lost_share == 1.0 and never <= cost / n_period:
        s[:], S[:] = -np.inf, 0.0
        return -np.inf, 0.0, never
    return z, gap, cost / n_period


@njit(cache=True, nogil=True)
def levels(
    demand: NDArray,  # (n_product, n_scenario, n_period)
    lead: Whole,
    review: Whole,
    terms: Floats,
    low: float,
    high: float,
    n_search: int,
    n_few: int,
    s: Floats,  # (n_product, n_period), filled
    S: Floats,  # (n_product, n_period), filled
    out: Floats,  # (n_product, 3), filled: safety factor, gap, cost per period
) -> None:
    step = max(1, demand.shape[1] // n_few)
    for i in range(len(demand)):
        paths = transposed(demand[i], 1)
        few = transposed(demand[i], step)
        out[i] = levels_of_product(paths, few, lead[i], review[i], terms[i], low, high, n_search, s[i], S[i])


@njit(cache=True, nogil=True)
def rises(demand: NDArray, window: Whole, z: Floats, out: Floats) -> None:
    """Level of each period minus that of the first, (n_product, n_period), filled where z is finite."""
    n_period = demand.shape[2]
    mean, sd = np.empty(n_period), np.empty(n_period)
    for i in range(len(demand)):
        if np.isfinite(z[i]):
            windows(transposed(demand[i], 1), window[i], mean, sd)
            for t in range(n_period):
                out[i, t] = np.round(mean[t] + z[i] * sd[t]) - np.round(mean[0] + z[i] * sd[0])
