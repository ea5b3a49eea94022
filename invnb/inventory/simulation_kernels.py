"""Compiled kernel of `simulation`: imported when a simulation runs, cached on disk after the first call."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# Columns of the summary, one row per product and path; `simulation.SimulationResult` gives them names.
HOLDING, SHORTAGE, FIXED, PURCHASE = 0, 1, 2, 3
DEMAND, SERVED, LOST, ORDERED, RECEIVED = 4, 5, 6, 7, 8
STOCK, BACKLOG, ORDERS, STOCKOUTS, CYCLES, CYCLE_STOCKOUTS = 9, 10, 11, 12, 13, 14
END_STOCK, END_BACKLOG, END_PIPELINE = 15, 16, 17
N_SUMMARY = 18

# A quantity this close above a pack multiple (in packs) is that multiple: sums of float64 units, not a need.
PACK_SLACK = 1e-9


@njit(cache=True)
def order_quantity(
    position: float,
    reorder_point: float,
    order_up_to_level: float,
    order_cap: float,
    min_order: float,
    pack: float,
) -> float:
    """Units ordered by an (s, S) rule: capped, then the minimum order, then whole packs (0: any quantity)."""
    if position > reorder_point or position >= order_up_to_level:
        return 0.0
    units = max(min(order_up_to_level - position, order_cap), min_order)
    if pack > 0.0:
        units = math.ceil(units / pack - PACK_SLACK) * pack
    return units


@njit(cache=True)
def run(
    demand: Floats,  # (n_product, n_path, n_period)
    lead_time: Whole,  # (n_product, n_path or 1, n_period or 1), whole periods
    on_hand: Floats,  # (n_product,), negative: backlog
    pipeline: Floats,  # (n_product, n_period), by arrival period
    planned: Floats,  # (n_product, n_period)
    reorder_point: Floats,  # (n_product, n_period)
    order_up_to_level: Floats,  # (n_product, n_period)
    order_cap: Floats,  # (n_product,)
    min_order: Floats,  # (n_product,)
    pack: Floats,  # (n_product,)
    review_period: Whole,  # (n_product,)
    cost: Floats,  # (n_product, 5): holding, shortage, backorder, fixed, unit
    lost_share: Floats,  # (n_product,)
    discount: float,
    trace: Floats,  # (5, n_product, n_path, n_period) to be filled, or (5, 0, 0, 0)
) -> Floats:
    n_product, n_path, n_period = demand.shape
    traced = trace.size > 0
    one_lead_per_path, one_lead_per_period = lead_time.shape[1] == 1, lead_time.shape[2] == 1
    summary = np.zeros((n_product, n_path, N_SUMMARY))
    arriving = np.empty(n_period)
    for i in range(n_product):
        holding, shortage, backorder, fixed, unit = cost[i]
        for j in range(n_path):
            row = summary[i, j]
            net = on_hand[i]
            outstanding = 0.0
            for t in range(n_period):
                arriving[t] = pipeline[i, t]
                outstanding += arriving[t]
            last_arrival = 0
            cycle_short = False
            factor = 1.0
            for t in range(n_period):
                # the review that closes period t - 1
                units = planned[i, t]
                if t % review_period[i] == 0:
                    units += order_quantity(
                        net + outstanding + units,
                        reorder_point[i, t],
                        order_up_to_level[i, t],
                        order_cap[i],
                        min_order[i],
                        pack[i],
                    )
                if units > 0.0:
                    outstanding += units
                    lead = lead_time[i, 0 if one_lead_per_path else j, 0 if one_lead_per_period else t]
                    last_arrival = max(last_arrival, t + lead)  # orders never cross
                    if last_arrival < n_period:
                        arriving[last_arrival] += units
                    row[ORDERS] += 1
                    row[ORDERED] += units
                    row[FIXED] += factor * fixed
                    row[PURCHASE] += factor * unit * units
                # receipts
                received = arriving[t]
                outstanding -= received
                net += received
                row[RECEIVED] += received
                if received > 0.0 and t > 0:
                    row[CYCLES] += 1
                    row[CYCLE_STOCKOUTS] += cycle_short
                    cycle_short = False
                # demand
                wanted = demand[i, j, t]
                served = min(wanted, max(net, 0.0))
                unmet = wanted - served
                lost = lost_share[i] * unmet
                net -= wanted - lost
                row[DEMAND] += wanted
                row[SERVED] += served
                row[LOST] += lost
                if unmet > 0.0:
                    row[STOCKOUTS] += 1
                    cycle_short = True
                # what is left is charged
                stock = max(net, 0.0)
                backlog = max(-net, 0.0)
                row[STOCK] += stock
                row[BACKLOG] += backlog
                row[HOLDING] += factor * holding * stock
                row[SHORTAGE] += factor * (shortage * lost + backorder * backlog)
                factor *= discount
                if traced:
                    trace[0, i, j, t] = stock
                    trace[1, i, j, t] = backlog
                    trace[2, i, j, t] = units
                    trace[3, i, j, t] = received
                    trace[4, i, j, t] = lost
            row[CYCLES] += 1
            row[CYCLE_STOCKOUTS] += cycle_short
            row[END_STOCK] = max(net, 0.0)
            row[END_BACKLOG] = max(-net, 0.0)
            row[END_PIPELINE] = outstanding
    return summary
