"""The order plan: published instances, brute force, and what must hold for every plan."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from invnb.inventory import instances
from invnb.inventory.plan import Limit, Plan, PriceTiers, plan

TOLERANCE = 1e-6  # HiGHS keeps rows and reduced costs to 1e-7; a plan adds a few of them up


# Published instances


def test_sailco() -> None:
    instance = instances.load("lp_sailco")
    given = instance.inputs
    tiers = PriceTiers(
        "incremental", [[0, given["regular_capacity"]]], [[given["regular_cost"], given["overtime_cost"]]]
    )
    best = plan(
        [given["demand"]],
        unit_cost=given["regular_cost"],
        holding_cost=given["holding_cost"],
        shortage_cost=np.inf,
        initial_stock=given["initial_stock"],
        salvage_value=0,
        tiers=tiers,
    )
    regular = np.minimum(best.orders[0], given["regular_capacity"])
    assert instance.agrees("cost", best.objective)
    assert instance.agrees("regular", regular)
    assert instance.agrees("overtime", best.orders[0] - regular)
    assert instance.agrees("ending_stock", best.stock[0])
    assert instance.agrees("demand_dual", best.demand_price[0])


def williams(given: dict, extra: dict[tuple[str, int], float] | None = None) -> Plan:
    """Factory planning: machines are limits on orders, unsold demand is lost margin."""
    T = given["periods"]
    limits = []
    for machine, installed in given["installed"].items():
        down = np.zeros(T)
        for period, name, count in given["machines_down"]:
            down[period - 1] += count * (name == machine)
        hours = given["hours_per_machine"] * (installed - down)
        hours += [(extra or {}).get((machine, t), 0.0) for t in range(T)]
        limits.append(Limit(machine, given["hours"][machine], hours))
    return plan(
        np.transpose(given["max_sales"]),
        unit_cost=0,
        holding_cost=given["holding_cost"],
        shortage_cost=given["profit"],
        initial_stock=given["initial_stock"],
        max_stock_units=given["storage_cap_per_product"],
        final_stock_min=given["final_stock"],
        salvage_value=0,
        limits=limits,
    )


def test_williams_factory_planning() -> None:
    instance = instances.load("lp_williams_factory_planning_1")
    given = instance.inputs
    best = williams(given)
    most = (np.array(given["profit"]) * given["max_sales"]).sum()
    assert instance.agrees("profit", most - best.objective)
    assert best.stock.max() <= given["storage_cap_per_product"] + TOLERANCE
    assert best.stock[:, -1] == pytest.approx(given["final_stock"], abs=TOLERANCE)


def test_shadow_prices_of_williams_equal_solving_again_up_to_the_ends_of_their_range() -> None:
    given = instances.load("lp_williams_factory_planning_1").inputs
    best = williams(given)
    priced = [limit for limit in best.limits if limit.shadow_price > 0]
    assert {limit.name for limit in priced} == {"grinder", "horizontal_drill", "borer", "planer"}
    for limit in priced:
        inside = limit.price_to - limit.available
        assert inside > 0
        changed = williams(given, {(limit.name, limit.period): inside})
        fall = best.objective - changed.objective
        assert fall == pytest.approx(inside * limit.shadow_price, rel=1e-9, abs=TOLERANCE)
        beyond = williams(given, {(limit.name, limit.period): inside + 10})
        assert best.objective - beyond.objective < (inside + 10) * limit.shadow_price - TOLERANCE


def test_birge_louveaux_air_conditioners() -> None:
    instance = instances.load("sp_birge_louveaux_air_conditioners")
    given = instance.inputs
    branch = [(100, first, second) for first in (100, 300) for second in (100, 300)]
    best = plan(
        [branch],
        unit_cost=given["regular_cost"],
        holding_cost=given["storage_cost"],
        shortage_cost=np.inf,
        salvage_value=0,
        max_stock_units=given["storage_cap"],
        tiers=PriceTiers(
            "incremental", [[0, given["regular_capacity"]]], [[given["regular_cost"], given["overtime_cost"]]]
        ),
        # production answers to what has been seen: the demand of the period is known when its order arrives
        order_nodes=[[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 1, 3]],
    )
    assert instance.agrees("expected_cost", best.objective)
    assert instance.agrees("first_stage_production", best.orders[0, 0])
    assert instance.agrees("first_stage_storage", best.stock[0, 0])


def test_newsvendor_is_the_one_period_plan() -> None:
    demand = np.arange(1, 101, dtype=float)
    best = plan([demand[:, None]], unit_cost=6, holding_cost=0, shortage_cost=3, salvage_value=5)
    assert best.orders[0, 0] == pytest.approx(75)  # critical ratio 3 / (3 + 1)
    over, under = np.maximum(75 - demand, 0).mean(), np.maximum(demand - 75, 0).mean()
    assert best.objective == pytest.approx(6 * demand.mean() + over * 1 + under * 3)


# Brute force


def simulate(orders: np.ndarray, demand: np.ndarray, data: dict) -> float:
    """Cost of whole orders (P, T) with lost sales, every unit served as early as possible."""
    P, S, T = demand.shape
    total = 0.0
    for i in range(P):
        total += sum(data["price"](i, q) + data["order_cost"][i] * (q > 0) for q in orders[i])
        for s in range(S):
            stock = data["initial"][i]
            for t in range(T):
                lead = data["lead"][i]
                stock += orders[i, t - lead] if t >= lead else 0
                lost = max(demand[i, s, t] - stock, 0)
                stock = max(stock - demand[i, s, t], 0)
                total += (lost * (data["short"][i] + data["cost"][i]) + data["hold"][i] * stock) / S
            total -= data["salvage"][i] * stock / S
    return total


@pytest.mark.parametrize("seed", range(16))
def test_whole_number_plans_equal_brute_force(seed: int) -> None:
    g = np.random.default_rng(seed)
    P, S, T = 2, int(g.integers(1, 3)), 2
    demand = g.integers(0, 5, (P, S, T)).astype(float)
    cost = g.integers(2, 8, P).astype(float)
    breaks = np.array([[0.0, 5.0], [0.0, np.inf]])  # 5 is no multiple of a pack of 2
    kind = ["all_units", "incremental", "incremental", None][seed % 4]
    step = 1 if seed % 4 == 2 else -1  # a rising price is overtime
    tier_cost = np.column_stack([cost, cost + step])
    salvage = np.where(np.isfinite(breaks[:, 1]), np.minimum(cost, cost + step), cost) if kind else cost

    def price(i: int, q: float) -> float:
        above = kind is not None and q >= breaks[i, 1]
        if kind == "all_units" or not above:
            return q * (cost[i] + step * above)
        return cost[i] * breaks[i, 1] + (q - breaks[i, 1]) * (cost[i] + step)

    data = {
        "price": price,
        "cost": cost,
        "order_cost": g.integers(0, 6, P).astype(float),
        "initial": g.integers(0, 4, P).astype(float),
        "lead": g.integers(0, 2, P),
        "short": g.integers(1, 9, P).astype(float),
        "hold": g.uniform(0.1, 1.0, P),
        "salvage": salvage,
    }
    least = g.integers(1, 4, P)
    pack = g.integers(1, 3, P)
    budget = g.integers(8, 40, T).astype(float)
    minimum = float(g.integers(0, 20))
    best = np.inf
    sizes = [[q for q in range(0, 13, pack[i]) if q == 0 or q >= least[i]] for i in range(P)]
    for orders in itertools.product(*(sizes[i] for i in range(P) for _ in range(T))):
        q = np.array(orders, dtype=float).reshape(P, T)
        value = np.array([[price(i, x) for x in q[i]] for i in range(P)]).sum(axis=0)
        if np.all(value <= budget) and np.all((value == 0) | (value >= minimum)):
            best = min(best, simulate(q, demand, data))
    found = plan(
        demand,
        unit_cost=cost,
        holding_cost=data["hold"],
        shortage_cost=data["short"],
        initial_stock=data["initial"],
        lead_time_periods=data["lead"],
        order_cost=data["order_cost"],
        min_order_units=least,
        pack_units=pack,
        budget=budget,
        supplier=[0, 0],
        supplier_min_value=[minimum],
        tiers=None if kind is None else PriceTiers(kind, breaks, tier_cost),
        relative_gap=0,
    )
    assert found.objective == pytest.approx(best, abs=TOLERANCE)
    assert simulate(found.orders.round(6), demand, data) == pytest.approx(best, abs=1e-4)
    assert found.relaxed_prices
    assert found.bound <= best + TOLERANCE


def test_two_numbers_of_waiting_and_lost_customers() -> None:
    """Demand 10, nothing in stock, first order arrives in period 1: 8 lost, 2 wait one period."""
    best = plan(
        [[10, 0]],
        unit_cost=4,
        holding_cost=1,
        shortage_cost=3,
        lost_share=0.8,
        backorder_cost=2,
        lead_time_periods=1,
    )
    assert best.lost[0] == pytest.approx([8, 0])
    assert best.waiting[0] == pytest.approx([2, 0])
    assert best.orders[0] == pytest.approx([2, 0])
    assert best.objective == pytest.approx(8 * (3 + 4) + 2 * 2 + 2 * 4)
    assert best.fill_rate[0] == pytest.approx(0)


def test_customers_who_wait_already_are_served_first_by_the_next_arrival() -> None:
    best = plan(
        [[0, 0]],
        unit_cost=4,
        holding_cost=1,
        shortage_cost=3,
        lost_share=0,
        initial_stock=-5,
        lead_time_periods=1,
    )
    assert best.orders[0] == pytest.approx([5, 0])
    assert best.waiting[0] == pytest.approx([5, 0])
