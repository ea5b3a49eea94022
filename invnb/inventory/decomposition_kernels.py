"""Compiled single-product plans at given prices: exact, in at most O(n_period^2) steps per product.

For one product with arrival-period order price c_t, price w_t of a unit on the shelf after arrivals,
holding h_t, cost of a lost unit p_t, demand d_t, forced arrivals e_t and salvage value s, the cost-to-go
is convex and piecewise linear in the stock x before the order of period t:

    V_t(x) = min over q >= 0, 0 <= u <= d_t with y = x + q - d_t + u >= 0
             of  c_t q + w_t (x + q) + p_t u + h_t y + V_{t+1}(y + e_{t+1}),          V_T(x) = -s x.

Its slopes, kept in a sorted list, change by four moves: drop the first e_{t+1} units, add h_t, insert d_t
units of slope -p_t (losing demand), add w_t, and raise what lies below -c_t to it (ordering). So the best
order is "up to R_t", R_t the units with a slope below -c_t, and demand is lost only to keep at least L_t
on the shelf, L_t the units with a slope below -p_t before the insertion.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from invnb.inventory.checks import Floats, Whole


@njit(cache=True, nogil=True)
def _thresholds(
    price: Floats,
    shelf: Floats,
    holding: Floats,
    lost: Floats,
    salvage: float,
    demand: Floats,
    coming: Floats,
    order_to: Floats,
    keep: Floats,
    length: Floats,
    slope: Floats,
) -> None:
    """Fill order_to (R) and keep (L), (T,), for one product; length and slope are workspace (T + 2,)."""
    n_period = demand.size
    count = 1
    length[0], slope[0] = np.inf, -salvage
    for t in range(n_period - 1, -1, -1):
        if t + 1 < n_period:
            gone = coming[t + 1]
            first = 0
            while length[first] <= gone:
                gone -= length[first]
                first += 1
            length[first] -= gone
            if first:
                for j in range(first, count):
                    length[j - first], slope[j - first] = length[j], slope[j]
                count -= first
        below = 0.0
        place = 0
        for j in range(count):
            slope[j] += holding[t]
            if slope[j] < -lost[t]:
                below += length[j]
                place = j + 1
        keep[t] = below
        if demand[t] > 0.0 and place < count:
            for j in range(count, place, -1):
                length[j], slope[j] = length[j - 1], slope[j - 1]
            length[place], slope[place] = demand[t], -lost[t]
            count += 1
        cheap = 0.0
        first = 0
        for j in range(count):
            slope[j] += shelf[t]
            if slope[j] < -price[t] and j + 1 < count:  # the last piece has no end
                cheap += length[j]
                first = j + 1
        order_to[t] = cheap
        if first:
            for j in range(first, count):
                length[j - first + 1], slope[j - first + 1] = length[j], slope[j]
            length[0], slope[0] = cheap, -price[t]
            count = count - first + 1


@njit(cache=True, nogil=True)
def best_plans(
    demand: Floats,
    unit_cost: Floats,
    holding: Floats,
    lost_cost: Floats,
    salvage: Floats,
    initial: Floats,
    pipeline: Floats,
    lead: Whole,
    use: Floats,
    kind: Whole,
    prices: Floats,
    group: Whole,
    weight: Floats,
    cost: Floats,
    used: Floats,
    orders: Floats,
    unmet: Floats,
) -> None:
    """Plan every product at the prices of the limits; add up cost and use per group, and plans times weight.

    Parameters
    ----------
    demand, unit_cost, holding, lost_cost, pipeline : (P, T). unit_cost by review, the rest by period.
    salvage, initial, lead, group : (P,).
    use : (K, P) use per unit of the K limits; kind (K,): 0 value of orders (use is multiplied by unit_cost),
        1 orders, 2 stock after arrivals, 3 closing stock.
    prices : (K, T).
    weight : (n_group,) what share of these plans goes into `orders` and `unmet`.
    cost, used : (n_group,) and (n_group, K, T), overwritten: true cost without prices, and use of the limits.
    orders, unmet : (P, T) by review and by period, added to, groups without weight left out; shape (0, 0):
        no plans.
    """
    n_product, n_period = demand.shape
    n_limit = use.shape[0]
    price, shelf, keep_cost = np.empty(n_period), np.empty(n_period), np.empty(n_period)
    order_to, keep = np.empty(n_period), np.empty(n_period)
    length, slope = np.empty(n_period + 2), np.empty(n_period + 2)
    cost[:] = 0.0
    used[:] = 0.0
    write = orders.size > 0
    for i in range(n_product):
        g = group[i]
        if write and weight[g] == 0.0:
            continue
        ahead = lead[i]
        for t in range(n_period):
            price[t] = np.inf
            shelf[t] = 0.0
            keep_cost[t] = holding[i, t]
            if t >= ahead:
                price[t] = unit_cost[i, t - ahead]
        for k in range(n_limit):
            if kind[k] == 0:
                for t in range(ahead, n_period):
                    price[t] += prices[k, t - ahead] * use[k, i] * unit_cost[i, t - ahead]
            elif kind[k] == 1:
                for t in range(ahead, n_period):
                    price[t] += prices[k, t - ahead] * use[k, i]
            elif kind[k] == 2:
                for t in range(n_period):
                    shelf[t] += prices[k, t] * use[k, i]
            else:
                for t in range(n_period):
                    keep_cost[t] += prices[k, t] * use[k, i]
        _thresholds(
            price,
            shelf,
            keep_cost,
            lost_cost[i],
            salvage[i],
            demand[i],
            pipeline[i],
            order_to,
            keep,
            length,
            slope,
        )
        stock = initial[i]
        total = 0.0
        for t in range(n_period):
            stock += pipeline[i, t]
            order = max(order_to[t] - stock, 0.0)
            stock += order
            review = t - ahead
            if review >= 0:
                total += unit_cost[i, review] * order
            after = stock
            lost = min(max(keep[t] - (stock - demand[i, t]), 0.0), demand[i, t])
            stock = max(stock - demand[i, t] + lost, 0.0)
            total += lost_cost[i, t] * lost + holding[i, t] * stock
            for k in range(n_limit):
                if kind[k] == 0:
                    if review >= 0:
                        used[g, k, review] += use[k, i] * unit_cost[i, review] * order
                elif kind[k] == 1:
                    if review >= 0:
                        used[g, k, review] += use[k, i] * order
                elif kind[k] == 2:
                    used[g, k, t] += use[k, i] * after
                else:
                    used[g, k, t] += use[k, i] * stock
            if write:
                if review >= 0:
                    orders[i, review] += weight[g] * order
                unmet[i, t] += weight[g] * lost
        cost[g] += total - salvage[i] * stock
