"""Compiled kernels of `lost_sales`: imported when a policy is asked for, cached on disk.

A state is the stock `x` at hand (after receipts, before demand) and the L - 1 orders that arrive after this
period's, oldest first. These are the digits, base `n_digit`, of one number, the pipe; all tables are
(n_pipe, n_level) with column x. Ordering z units turns the pipe (x1, x2, ...) into (x2, ..., z) and the
stock into (x - D)^+ + x1; with L = 1 there is no pipe and the order itself plays x1.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Orders = NDArray[np.int16]
Whole = NDArray[np.int64]

NEVER = -1
"""Order in a state that cannot occur."""


@njit(cache=True)
def next_pipe(pipe: int, z: int, n_digit: int, lead_time: int) -> tuple[int, int]:
    """The pipe after ordering z, and the order x1 that arrives next."""
    if lead_time == 1:
        return 0, z
    weight = n_digit ** (lead_time - 2)
    return (pipe % weight) * n_digit + z, pipe // weight


@njit(cache=True)
def pipe_limits(caps: Whole, lead_time: int) -> tuple[Whole, Whole]:
    """For each pipe: the largest stock (-1 where the pipe cannot occur) and the largest order.

    `caps[k]` bounds the sum of any k + 1 orders in a row, `caps[lead_time]` that of stock and all orders.
    """
    n_digit, n_pipe = caps[0] + 1, (caps[0] + 1) ** (lead_time - 1)
    largest_stock = np.full(n_pipe, -1)
    largest_order = np.zeros(n_pipe, dtype=np.int64)
    digits = np.zeros(lead_time, dtype=np.int64)
    for pipe in range(n_pipe):
        rest = pipe
        for k in range(lead_time - 1):  # digits[0] is the newest order
            digits[k] = rest % n_digit
            rest //= n_digit
        fits = True
        for k in range(lead_time - 1):
            window = 0
            for m in range(k, lead_time - 1):
                window += digits[m]
                fits = fits and window <= caps[m - k]
        if not fits:
            continue
        limit, window = caps[0], 0
        for k in range(lead_time - 1):
            window += digits[k]
            limit = min(limit, caps[k + 1] - window)
        largest_stock[pipe] = caps[lead_time] - window
        largest_order[pipe] = max(limit, 0)
    return largest_stock, largest_order


@njit(cache=True)
def expect_next(law: Floats, beyond: Floats, value: Floats, offset: int, n: int, out: Floats) -> None:
    """out[x] = E value[offset + (x - D)^+] for x = 0 .. n - 1; beyond[x] = P(D >= x)."""
    for x in range(n):
        out[x] = beyond[x] * value[offset]
    for d in range(min(len(law), n - 1)):
        p = law[d]
        tail = out[d + 1 : n]
        later = value[offset + 1 : offset + n - d]
        for x in range(len(tail)):
            tail[x] += p * later[x]


@njit(cache=True)
def improve(
    value: Floats,
    new_value: Floats,
    orders: Orders,
    period_cost: Floats,
    law: Floats,
    beyond: Floats,
    largest_stock: Whole,
    largest_order: Whole,
    n_digit: int,
    lead_time: int,
) -> tuple[float, float]:
    """One step of value iteration, new_value = T value; smallest and largest change over all states."""
    best = np.empty(value.shape[1])
    trial = np.empty(value.shape[1])
    low, high = np.inf, -np.inf
    for pipe in range(len(value)):
        n = largest_stock[pipe] + 1
        best[:n] = np.inf
        for z in range(min(largest_order[pipe], n - 1) + 1):
            after, arriving = next_pipe(pipe, z, n_digit, lead_time)
            expect_next(law, beyond, value[after], arriving, n - z, trial)
            for x in range(n - z):
                if trial[x] < best[x]:
                    best[x] = trial[x]
                    orders[pipe, x] = z
        for x in range(n):
            new = period_cost[x] + best[x]
            low = min(low, new - value[pipe, x])
            high = max(high, new - value[pipe, x])
            new_value[pipe, x] = new
    return low, high


@njit(cache=True, fastmath={"reassoc", "contract"})
def follow(
    value: Floats,
    new_value: Floats,
    orders: Orders,
    period_cost: Floats,
    law: Floats,
    beyond: Floats,
    n_digit: int,
    lead_time: int,
) -> tuple[float, float]:
    """One step of a fixed policy, new_value = T_orders value; smallest and largest change over its states."""
    low, high = np.inf, -np.inf
    for pipe in range(len(value)):
        for x in range(value.shape[1]):
            if orders[pipe, x] == NEVER:
                continue
            after, arriving = next_pipe(pipe, orders[pipe, x], n_digit, lead_time)
            row = value[after]
            new = period_cost[x] + beyond[x] * row[arriving]
            n = min(len(law), x)
            later = row[arriving + x - n + 1 : arriving + x + 1]
            for d in range(n):
                new += law[d] * later[n - 1 - d]
            low = min(low, new - value[pipe, x])
            high = max(high, new - value[pipe, x])
            new_value[pipe, x] = new
    return low, high


@njit(cache=True)
def solve(
    period_cost: Floats,
    law: Floats,
    beyond: Floats,
    caps: Whole,
    lead_time: int,
    tolerance: float,
    n_follow: int,
    max_iterations: int,
) -> tuple[Orders, Floats, float, float, int]:
    """Modified policy iteration: orders, relative values, bounds on the optimal cost, improvement steps."""
    largest_stock, largest_order = pipe_limits(caps, lead_time)
    n_digit = caps[0] + 1
    value = np.zeros((len(largest_stock), caps[lead_time] + 1))
    new_value = np.zeros_like(value)
    orders = np.full(value.shape, NEVER, dtype=np.int16)
    low, high, n = -np.inf, np.inf, 0
    while n < max_iterations and high - low > tolerance:
        low, high = improve(
            value,
            new_value,
            orders,
            period_cost,
            law,
            beyond,
            largest_stock,
            largest_order,
            n_digit,
            lead_time,
        )
        value, new_value = new_value, value
        n += 1
        if high - low > tolerance:
            for _ in range(n_follow):
                follow(value, new_value, orders, period_cost, law, beyond, n_digit, lead_time)
                value, new_value = new_value, value
    return orders, value - value[0, 0], low, high, n


@njit(cache=True)
def evaluate(
    orders: Orders,
    period_cost: Floats,
    law: Floats,
    beyond: Floats,
    n_digit: int,
    lead_time: int,
    tolerance: float,
    max_iterations: int,
) -> tuple[float, float, int]:
    """Bounds on the average cost of a fixed policy, and the steps taken."""
    value = np.zeros(orders.shape)
    new_value = np.zeros(orders.shape)
    low, high, n = -np.inf, np.inf, 0
    while n < max_iterations and high - low > tolerance:
        low, high = follow(value, new_value, orders, period_cost, law, beyond, n_digit, lead_time)
        value, new_value = new_value, value
        n += 1
    return low, high, n


@njit(cache=True)
def base_stock_orders(level: int, cap: int, lead_time: int) -> Orders:
    """Orders min(level - stock - pipe, cap) in every state whose total is at most `level`."""
    caps = np.full(lead_time + 1, level)
    caps[0] = cap
    largest_stock, _ = pipe_limits(caps, lead_time)
    orders = np.full((len(largest_stock), level + 1), NEVER, dtype=np.int16)
    for pipe in range(len(largest_stock)):
        for x in range(largest_stock[pipe] + 1):
            orders[pipe, x] = min(largest_stock[pipe] - x, cap)
    return orders


@njit(cache=True)
def myopic_orders(
    period_cost: Floats, law: Floats, beyond: Floats, caps: Whole, lead_time: int, n_horizon: int
) -> Orders:
    """Orders that minimise the cost of the first `n_horizon` periods in which an order can still be felt."""
    largest_stock, largest_order = pipe_limits(caps, lead_time)
    n_digit, n_level = caps[0] + 1, caps[lead_time] + 1
    n_pipe = len(largest_stock)
    value = np.zeros((n_pipe, n_level))
    best = np.zeros((n_pipe, n_level))
    orders = np.full((n_pipe, n_level), NEVER, dtype=np.int16)
    trial = np.empty(n_level)
    for _ in range(n_horizon):
        best[:] = np.inf
        for z in range(n_digit):
            felt = cost_when_felt(z, period_cost, law, beyond, n_digit, n_level, lead_time)
            for pipe in range(n_pipe):
                n = largest_stock[pipe] + 1 - z
                if z > largest_order[pipe] or n < 1:
                    continue
                after, arriving = next_pipe(pipe, z, n_digit, lead_time)
                expect_next(law, beyond, value[after], arriving, n, trial)
                for x in range(n):
                    total = felt[pipe, x] + trial[x]
                    if total < best[pipe, x]:
                        best[pipe, x] = total
                        orders[pipe, x] = z
        for pipe in range(n_pipe):
            for x in range(largest_stock[pipe] + 1):
                value[pipe, x] = best[pipe, x]
    return orders


@njit(cache=True)
def cost_when_felt(
    z: int, period_cost: Floats, law: Floats, beyond: Floats, n_digit: int, n_level: int, lead_time: int
) -> Floats:
    """Expected cost, by state, of the period in which an order of z units arrives."""
    # With one period to go the order arrives next; each step back puts one more order before it.
    felt = np.zeros((1, n_level))
    n = n_level - z
    expect_next(law, beyond, period_cost, z, n, felt[0])
    for steps in range(1, lead_time):
        older = n_digit ** (steps - 1)
        back = np.zeros((n_digit * older, n_level))
        for arriving in range(n_digit):
            m = n_level - z - arriving
            if m < 1:
                break
            for rest in range(older):
                expect_next(law, beyond, felt[rest], arriving, m, back[arriving * older + rest])
        felt = back
    return felt


@njit(cache=True)
def path_costs(
    orders: Orders,
    demand: Floats,  # (n_path, n_period)
    n_digit: int,
    lead_time: int,
    holding: float,
    shortage: float,
) -> Floats:
    """Mean cost per period of a policy on each path, started with nothing in stock or on order."""
    out = np.zeros(len(demand))
    for n in range(len(demand)):
        x, pipe = 0, 0
        for wanted in demand[n]:
            pipe, arriving = next_pipe(pipe, orders[pipe, x], n_digit, lead_time)
            left = max(x - int(wanted), 0)
            out[n] += holding * left + shortage * max(int(wanted) - x, 0)
            x = left + arriving
    return out / demand.shape[1]
