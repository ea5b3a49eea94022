"""A policy replayed period by period on demand that really came, and the least any policy could have cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.first_order import column

Decide = Callable[[int, np.ndarray, np.ndarray], np.ndarray]
"""Function of period, net stock (n_sku,) and units on order by arrival (n_sku, n): the units to order."""


@dataclass(frozen=True)
class Replay:
    """What happened, (n_sku, n_period); units are pieces, costs currency.

    Parameters
    ----------
    start_units, close_units : stock after the receipts of the period, and at its end.
    demand_units, served_units : wanted, and of it served from stock in the same period.
    delivered_units : handed to customers, those who waited included.
    lost_units, backlog_units : lost in the period, and waiting at its end.
    received_units, ordered_units : `ordered_units` at the review before the period.
    holding, lost_sales, backorder, ordering : cost by kind; an order is charged in the period it arrives, and
        not where it arrives after the last one.
    """

    start_units: np.ndarray
    close_units: np.ndarray
    demand_units: np.ndarray
    served_units: np.ndarray
    delivered_units: np.ndarray
    lost_units: np.ndarray
    backlog_units: np.ndarray
    received_units: np.ndarray
    ordered_units: np.ndarray
    holding: np.ndarray
    lost_sales: np.ndarray
    backorder: np.ndarray
    ordering: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """All kinds of cost together, (n_sku, n_period)."""
        return self.holding + self.lost_sales + self.backorder + self.ordering


def replay(
    demand: np.ndarray,
    decide: Decide,
    initial_stock: np.ndarray,
    initial_pipeline: np.ndarray,
    economics: pd.DataFrame,
) -> Replay:
    """Run one policy over the periods of `demand`, every product at once.

    Order of events: the review before period t orders, to arrive in period t + lead time; receipts; demand;
    unmet units are lost (`lost_share`) or wait; what is left in stock or waiting is charged.

    Parameters
    ----------
    demand : (n_sku, n_period), units.
    decide : see `Decide`; between the reviews of a product its answer is ignored.
    initial_stock : (n_sku,), units; negative: waiting customers.
    initial_pipeline : (n_sku, n_period), units on order by arrival.
    economics : table `economics`, one row per product.

    Raises
    ------
    RuntimeError : units or money were created or destroyed (checked on every run, see `check_conserved`).

    Examples
    --------
    >>> economics = pd.DataFrame({"lead_time_periods": [1], "review_period_periods": [1], "lost_share": [1.0],
    ...     "holding_cost_per_unit_period": [2.0], "shortage_cost_per_unit": [9.0],
    ...     "backorder_cost_per_unit_period": [1.0], "order_cost": [5.0]})
    >>> run = replay(np.array([[3.0, 3.0]]), lambda t, net, coming: np.array([4.0 if t == 0 else 0.0]),
    ...              np.array([2.0]), np.zeros((1, 2)), economics)
    >>> run.served_units.tolist(), run.lost_units.tolist(), run.total.tolist()
    ([[2.0, 3.0]], [[1.0, 0.0]], [[9.0, 7.0]])
    """
    n_sku, n_period = demand.shape
    lead = economics["lead_time_periods"].to_numpy(int)
    every = economics["review_period_periods"].to_numpy(int)
    lost_share = column(economics, "lost_share")
    pipeline = np.concatenate([initial_pipeline, np.zeros((n_sku, int(lead.max(initial=0)) + 1))], axis=1)
    rows = np.arange(n_sku)
    net = initial_stock.astype(float)
    units = {name: np.zeros((n_sku, n_period)) for name in _UNITS}
    for t in range(n_period):
        order = np.where(t % every == 0, decide(t, net, pipeline[:, t:]), 0.0)
        pipeline[rows, t + lead] += order
        received = pipeline[:, t].copy()
        to_waiting = np.minimum(np.maximum(-net, 0.0), received)
        start = net + received
        served = np.minimum(np.maximum(start, 0.0), demand[:, t])
        lost = lost_share * (demand[:, t] - served)
        net = start - demand[:, t] + lost
        happened = (
            np.maximum(start, 0.0),
            np.maximum(net, 0.0),
            served,
            served + to_waiting,
            lost,
            np.maximum(-net, 0.0),
            received,
            order,
        )
        for name, value in zip(_UNITS, happened, strict=True):
            units[name][:, t] = value
    run = Replay(
        **units,
        demand_units=demand,
        holding=units["close_units"] * _cost(economics, "holding_cost_per_unit_period"),
        lost_sales=units["lost_units"] * _cost(economics, "shortage_cost_per_unit"),
        backorder=units["backlog_units"] * _cost(economics, "backorder_cost_per_unit_period"),
        ordering=_arrivals(units["ordered_units"] > 0, lead) * _cost(economics, "order_cost"),
    )
    check_conserved(run, initial_stock, initial_pipeline, pipeline[:, n_period:], economics)
    return run


def check_conserved(
    run: Replay,
    initial_stock: np.ndarray,
    initial_pipeline: np.ndarray,
    open_orders: np.ndarray,
    economics: pd.DataFrame,
) -> None:
    """Units and money add up, for every product and period.

    On the shelf: opening + received = delivered + closing. Customers: waiting before + wanted = delivered +
    lost + waiting after. Orders: on the way before + ordered = received + still on the way. Money, where
    `unit_cost` is known: stock at cost before + purchases = goods sold at cost + stock at cost after.

    Parameters
    ----------
    run : what happened. `initial_stock`, `initial_pipeline`, `economics` : as in `replay`.
    open_orders : (n_sku, n), units that arrive after the last period.

    Raises
    ------
    RuntimeError : naming what does not add up, and by how much.
    """
    opening = np.concatenate([np.maximum(initial_stock, 0.0)[:, None], run.close_units[:, :-1]], axis=1)
    waited = np.concatenate([np.maximum(-initial_stock, 0.0)[:, None], run.backlog_units[:, :-1]], axis=1)
    gaps = {
        "stock": opening + run.received_units - run.delivered_units - run.close_units,
        "demand": waited + run.demand_units - run.delivered_units - run.lost_units - run.backlog_units,
        "orders": (initial_pipeline.sum(1) + run.ordered_units.sum(1))
        - (run.received_units.sum(1) + open_orders.sum(1)),
    }
    if "unit_cost" in economics:
        cost = column(economics, "unit_cost")
        before = cost * opening[:, 0] + (cost[:, None] * run.received_units).sum(axis=1)
        after = (cost[:, None] * run.delivered_units).sum(axis=1) + cost * run.close_units[:, -1]
        gaps["money"] = (before - after) / np.maximum(before, 1.0)
    for name, gap in gaps.items():
        worst = np.abs(gap).max(initial=0.0)
        if not worst <= 1e-6:
            raise RuntimeError(f"{name} was not conserved in the replay: {worst:g} appeared or vanished")


_UNITS = [
    "start_units",
    "close_units",
    "served_units",
    "delivered_units",
    "lost_units",
    "backlog_units",
    "received_units",
    "ordered_units",
]


def perfect_information_cost(
    demand: np.ndarray,
    initial_stock: np.ndarray,
    initial_pipeline: np.ndarray,
    economics: pd.DataFrame,
    counted: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Least cost of somebody who knew all demand beforehand: a bound below every policy, by kind and period.

    What the initial stock and pipeline do not serve is either ordered, to arrive in a period j and be carried
    to period k, or not served: the recursion over order periods of Wagner and Whitin, with lost sales,

    .. math:: f_t = \\min\\Bigl(f_{t-1} + \\lambda p\\,u_{t-1},\\;
              \\min_{j<t} f_j + K + \\sum_{k=j}^{t-1} u_k \\min\\{h (k-j),\\, \\lambda p\\} \\Bigr)

    with u the demand not served from what is there already. It is a bound because packs, minimum orders and
    waiting customers (their cost, and the units they take) are left out.

    Parameters
    ----------
    demand, initial_stock, initial_pipeline, economics : as in `replay`.
    counted : (n_sku, n_period) of bool, the periods whose cost counts; None: all. What is least over all
        periods is no bound for some of them: a policy may have paid for its stock before.

    Returns
    -------
    `holding`, `lost_sales`, `backorder` (zero), `ordering`: (n_sku, n_period); their sum is the bound.

    Source
    ------
    Wagner, H. M. and Whitin, T. M. (1958), Management Science 5(1), extended by lost sales as in Aksen, D.,
    Altinkemer, K. and Chand, S. (2003), European Journal of Operational Research 145(2).

    Examples
    --------
    >>> economics = pd.DataFrame({"lead_time_periods": [1], "review_period_periods": [1], "lost_share": [1.0],
    ...     "holding_cost_per_unit_period": [2.0], "shortage_cost_per_unit": [9.0],
    ...     "backorder_cost_per_unit_period": [1.0], "order_cost": [5.0]})
    >>> bound = perfect_information_cost(np.array([[3.0, 3.0, 3.0]]), np.array([2.0]), np.zeros((1, 3)),
    ...                                  economics)
    >>> {kind: cost.sum().item() for kind, cost in bound.items()}
    {'holding': 0.0, 'lost_sales': 9.0, 'backorder': 0.0, 'ordering': 10.0}
    """

    def nothing(t: int, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
        return np.zeros(len(net))

    # Whatever is ordered, stock is never below that of ordering nothing, and never serves more of the demand
    # than where nobody waits: the two ways to be idle bound holding and unserved demand from below.
    idle = replay(demand, nothing, initial_stock, initial_pipeline, economics)
    nobody_waits = economics.assign(lost_share=1.0)
    served = replay(
        demand, nothing, np.maximum(initial_stock, 0.0), initial_pipeline, nobody_waits
    ).served_units
    unserved = demand - served
    n_sku, n_period = demand.shape
    h = _cost(economics, "holding_cost_per_unit_period")[:, 0]
    penalty = column(economics, "lost_share") * column(economics, "shortage_cost_per_unit")
    fixed = column(economics, "order_cost")
    lead = economics["lead_time_periods"].to_numpy(int)
    weight = np.ones((n_sku, n_period)) if counted is None else counted.astype(float)
    held_until = np.cumsum(weight, axis=1) - weight  # counted periods before each one

    best = np.full((n_sku, n_period + 1), np.inf)
    best[:, 0] = 0.0
    choice = np.full((n_sku, n_period + 1), -1)  # -1: period not served; j: served by the order arriving in j
    for t in range(1, n_period + 1):
        best[:, t] = best[:, t - 1] + penalty * weight[:, t - 1] * unserved[:, t - 1]
        for j in range(t):
            age = held_until[:, j:t] - held_until[:, j, None]
            block = unserved[:, j:t] * np.minimum(h[:, None] * age, penalty[:, None] * weight[:, j:t])
            cost = np.where(j >= lead, best[:, j] + fixed * weight[:, j] + block.sum(axis=1), np.inf)
            better = cost < best[:, t] - 1e-12
            best[better, t], choice[better, t] = cost[better], j
    found = {kind: np.zeros((n_sku, n_period)) for kind in ("holding", "lost_sales", "backorder", "ordering")}
    found["holding"] += idle.holding * weight
    for i in range(n_sku):
        t = n_period
        while t > 0:
            j = int(choice[i, t])
            if j < 0:
                found["lost_sales"][i, t - 1] += penalty[i] * weight[i, t - 1] * unserved[i, t - 1]
                t -= 1
                continue
            found["ordering"][i, j] += fixed[i] * weight[i, j]
            for k in range(j, t):
                carrying, losing = h[i] * (held_until[i, k] - held_until[i, j]), penalty[i] * weight[i, k]
                kind = "holding" if carrying <= losing else "lost_sales"
                found[kind][i, k] += unserved[i, k] * min(carrying, losing)
            t = j
    return found


def _arrivals(ordered: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """1 in the period in which the order of a review arrives, (n_sku, n_period)."""
    arrived = np.zeros(ordered.shape)
    i, t = np.nonzero(ordered)
    inside = t + lead[i] < ordered.shape[1]
    arrived[i[inside], (t + lead[i])[inside]] = 1.0
    return arrived


def _cost(economics: pd.DataFrame, name: str) -> np.ndarray:
    return column(economics, name)[:, None]
