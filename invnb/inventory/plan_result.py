"""The result of an order plan, in units and money."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from invnb.inventory.checks import Floats
from invnb.inventory.plan_data import Problem
from invnb.inventory.plan_model import Programme


@dataclass(frozen=True)
class LimitUse:
    """One limit in one period: how much is used, and what one unit more would be worth.

    `shadow_price` is the fall of the optimal expected cost per unit of `available` added; it holds while the
    availability lies between `price_from` and `price_to`. NaN where it was not asked for.
    """

    name: str
    period: int
    use: float
    available: float
    shadow_price: float
    price_from: float
    price_to: float


@dataclass(frozen=True)
class PlanCosts:
    """Expected cost over the horizon by kind, in currency; the kinds add up to the objective."""

    purchase: float
    ordering: float
    holding: float
    lost_margin: float
    lost_units_at_cost: float
    backorder: float
    waiting_at_end: float
    stock_at_end: float


@dataclass(frozen=True)
class Plan:
    """An order plan with its diagnostics; arrays are (n_product, n_period), in units, expected over
    scenarios.

    `orders[i, t]` is placed at review t and available in period t + lead time. `orders_by_scenario` is
    (n_product, n_scenario, n_period): all scenarios alike unless `order_nodes` says otherwise.
    `demand_price[i, t]` is the rise of the optimal cost for one unit more of demand in every scenario.
    `gap` is (objective - bound) / |objective|, infinite where there was no time for a bound; `status` is
    "optimal" (within the gap asked for) or "time limit". `relaxed_prices` says that prices belong to the
    linear relaxation, because the plan has whole
    numbers in it.
    """

    orders: Floats
    orders_by_scenario: Floats
    stock: Floats
    lost: Floats
    waiting: Floats
    fill_rate: Floats
    costs: PlanCosts
    objective: float
    bound: float
    gap: float
    status: Literal["optimal", "time limit"]
    seconds: float
    limits: tuple[LimitUse, ...]
    demand_price: Floats
    relaxed_prices: bool


def plan_result(
    p: Problem,
    m: Programme,
    x: Floats,
    bound: float,
    status: str,
    limits: tuple[LimitUse, ...],
    demand_price: Floats,
    has_whole: bool,
    started: float,
) -> Plan:
    """Return the plan a solution stands for, with costs by kind and conservation of units asserted.

    `x` is in the programme's columns; `bound` below its cost; `started` of time.perf_counter().
    """
    weight = p.probability[:, None]
    units = (x[m.q] * m.scale[:, None, None]).sum(axis=1)  # (P, V)
    orders = units[:, p.node]  # (P, S, T)
    stock, unmet = x[m.s], x[m.u]
    late = np.where(m.r >= 0, x[np.maximum(m.r, 0)], 0.0)
    share = p.lost_share[:, None, None]
    waiting, lost = late + (1 - share) * unmet, share * unmet
    _assert_conservation(p, orders, stock, waiting, lost)

    price = (m.option_price[:, :, p.node_period] * m.scale[:, None, None]) * x[m.q]
    intercept = 0.0 if p.tiers is None else p.tiers.intercept[:, :, None]
    chosen = np.where(m.y >= 0, x[np.maximum(m.y, 0)], 0.0)
    expected = (weight * stock).sum(axis=1), (weight * lost).sum(axis=1), (weight * waiting).sum(axis=1)
    finite = (
        np.where(np.isinf(p.shortage), 0.0, p.shortage),
        np.where(np.isinf(p.backorder), 0.0, p.backorder),
    )
    costs = PlanCosts(
        purchase=float((p.node_probability * (price + chosen * intercept)).sum()),
        ordering=float((p.node_probability * chosen * p.order_cost[:, None, None]).sum()),
        holding=float((p.holding * expected[0]).sum()),
        lost_margin=float((finite[0][:, None] * expected[1]).sum()),
        lost_units_at_cost=float((p.unit_cost * expected[1]).sum()),
        backorder=float((finite[1][:, None] * expected[2]).sum()),
        waiting_at_end=float((p.unit_cost[:, -1] * expected[2][:, -1]).sum()),
        stock_at_end=-float((p.salvage * expected[0][:, -1]).sum()),
    )
    objective = sum(vars(costs).values())
    bound = min(bound, objective)
    total = (weight * p.demand).sum(axis=(1, 2))
    missed = (weight * unmet).sum(axis=(1, 2))
    return Plan(
        orders=(weight * orders).sum(axis=1),
        orders_by_scenario=orders,
        stock=expected[0],
        lost=expected[1],
        waiting=expected[2],
        fill_rate=1 - np.divide(missed, total, out=np.zeros_like(total), where=total > 0),
        costs=costs,
        objective=objective,
        bound=bound,
        gap=(objective - bound) / max(abs(objective), 1e-12),
        status="optimal" if status == "optimal" else "time limit",
        seconds=time.perf_counter() - started,
        limits=limits,
        demand_price=demand_price,
        relaxed_prices=has_whole,
    )


def _assert_conservation(p: Problem, orders: Floats, stock: Floats, waiting: Floats, lost: Floats) -> None:
    """What came in is sold, lost, owed or still there, in every scenario up to every period."""
    arrived = np.zeros(p.demand.shape)
    n_period = p.demand.shape[2]
    for lead in np.unique(p.lead[p.lead < n_period]):
        same = p.lead == lead
        arrived[same, :, lead:] = orders[same, :, : n_period - lead]
    came = np.cumsum(arrived + p.pipeline[:, None, :] - p.demand + lost, axis=2) + p.initial[:, None, None]
    error = np.abs(came - (stock - waiting)).max()
    scale = 1 + np.abs(p.initial).max() + p.demand.sum(axis=2).max() + arrived.sum(axis=2).max()
    if error > 1e-6 * scale:  # HiGHS keeps rows to 1e-7; a horizon adds a few up
        raise AssertionError(f"units are not conserved: {error:.3g} units are missing")
