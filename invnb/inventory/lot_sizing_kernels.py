"""Compiled loops of `lot_sizing`, which states the recursions and imports this when first needed."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@numba.njit(cache=True)
def wagner_whitin(
    demand: Floats, fixed: Floats, holding: Floats, unit: Floats, backorder: Floats, orders: Floats
) -> None:
    """Fill `orders`; every argument has shape (n_products, n_periods), `backorder` infinite for none allowed.

    value[j] is the least cost of periods 0..j-1 with nothing on hand or owed after them; waiting[k] is the
    least cost before an order in k that also fills the demand owed since period opened[k].
    """
    n_products, n_periods = demand.shape
    value = np.empty(n_periods + 1)
    last_order = np.empty(n_periods + 1, np.int64)
    waiting = np.empty(n_periods)
    opened = np.empty(n_periods, np.int64)
    for product in range(n_products):
        d, K, h, c, b = demand[product], fixed[product], holding[product], unit[product], backorder[product]
        value[:] = np.inf
        value[0] = 0.0
        for k in range(n_periods):
            waiting[k] = value[k]
            opened[k] = k
            owed_cost = 0.0
            per_unit = c[k]  # a unit of demand of period i < k, ordered in k and owed since i
            for i in range(k - 1, -1, -1):
                per_unit += b[i]
                if d[i] > 0:
                    owed_cost += d[i] * per_unit
                if not owed_cost < np.inf:
                    break
                if value[i] + owed_cost < waiting[k]:
                    waiting[k] = value[i] + owed_cost
                    opened[k] = i
            # nothing to order for: the period passes at no cost
            if d[k] == 0.0 and value[k] < value[k + 1]:
                value[k + 1] = value[k]
                last_order[k + 1] = -1
            cost = waiting[k] + K[k]
            per_unit = c[k]
            for j in range(k, n_periods):
                cost += d[j] * per_unit
                if cost < value[j + 1]:
                    value[j + 1] = cost
                    last_order[j + 1] = k
                per_unit += h[j]
        orders[product, :] = 0.0
        end = n_periods
        while end > 0:
            ordered = last_order[end]
            if ordered < 0:
                end -= 1
                continue
            start = opened[ordered]
            for i in range(start, end):
                orders[product, ordered] += d[i]
            end = start


@numba.njit(cache=True)
def on_grid(
    demand: Whole,
    fixed: Floats,
    holding: Floats,
    unit: Floats,
    backorder: Floats,
    capacity: Whole,
    smallest: Whole,
    pack: Whole,
    initial: Whole,
    most: Whole,
    orders: Floats,
    feasible: NDArray[np.bool_],
) -> None:
    """Fill `orders` and `feasible`.

    `smallest` to `most` and `feasible` have shape (n_products,), all others (n_products, n_periods).
    Backward over periods, value[u] is the least cost from here on when u units have been ordered so far, and
    price[u] the unit costs of u plus the cost of the period and what follows with u ordered up to now. The
    best order is the least price over u + smallest, u + smallest + pack, ..., u + largest: a window that
    slides with u, one per residue of u modulo the pack. A queue of candidates finds all in linear time.
    """
    n_products, n_periods = demand.shape
    for product in range(n_products):
        size, step, first = most[product] + 1, pack[product], smallest[product]
        value, price = np.empty(size), np.empty(size)
        chosen = np.zeros((n_periods, size), np.int32)
        queue = np.empty(size, np.int64)
        uncovered = demand[product].sum() - initial[product]  # net stock is u less this
        for u in range(size):
            value[u] = 0.0 if u >= uncovered else np.inf
        for t in range(n_periods - 1, -1, -1):
            K, h, c, b = fixed[product, t], holding[product, t], unit[product, t], backorder[product, t]
            for u in range(size):
                if u > uncovered:
                    value[u] += h * (u - uncovered)
                elif u < uncovered:
                    value[u] += b * (uncovered - u)
                price[u] = value[u] + c * u
            uncovered -= demand[product, t]
            largest = (capacity[product, t] // step) * step
            if largest < first:
                continue
            # fewer units than this would have left demand waiting in the period before, at infinite cost
            low = max(0, uncovered) if t > 0 and backorder[product, t - 1] == np.inf else 0
            for residue in range(min(step, size)):
                # queue[head:tail]: candidates in the window, falling, their prices rising towards the tail
                head, tail = 0, 0
                for u in range(residue + ((size - 1 - residue) // step) * step, low - 1, -step):
                    candidate = u + first
                    if candidate < size:
                        while tail > head and price[queue[tail - 1]] >= price[candidate]:
                            tail -= 1
                        queue[tail] = candidate
                        tail += 1
                    while tail > head and queue[head] > u + largest:
                        head += 1
                    if tail > head:
                        cost = K + price[queue[head]] - c * u
                        if cost < value[u]:
                            value[u] = cost
                            chosen[t, u] = queue[head] - u
        orders[product, :] = 0.0
        feasible[product] = value[0] < np.inf
        if feasible[product]:
            u = 0
            for t in range(n_periods):
                orders[product, t] = chosen[t, u]
                u += chosen[t, u]
