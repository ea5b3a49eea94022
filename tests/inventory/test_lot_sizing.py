"""Lot sizing against printed plans, all plans of small cases, and a mixed-integer model."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from invnb.inventory import instances
from invnb.inventory.lot_sizing import LotSizing, evaluate_lot_sizing, restricted_lot_sizing, wagner_whitin


@pytest.mark.parametrize("instance_id", instances.all_ids("ww_"))
def test_plan_is_the_printed_one(instance_id: str) -> None:
    instance = instances.load(instance_id)
    assert instance.inputs["holding_charged"] == "end-of-period stock"
    data = {k: v for k, v in instance.inputs.items() if k != "holding_charged"}
    for solve in (wagner_whitin, restricted_lot_sizing):
        plan = solve(**data)
        assert instance.agrees("cost", plan.cost)
        if "order_quantities" in instance.expected:
            assert instance.agrees("order_quantities", plan.order_quantities)
        else:  # two optimal plans are printed
            assert plan.order_quantities.tolist() in ([5, 0, 5, 0], [10, 0, 0, 0])


def test_capacity_is_the_printed_one() -> None:
    instance = instances.load("lot_capacity_rossi")
    plan = restricted_lot_sizing(**instance.inputs)
    assert instance.agrees("cost", plan.cost)
    assert instance.agrees("order_quantities", plan.order_quantities)


@pytest.mark.parametrize("solve", [wagner_whitin, restricted_lot_sizing])
def test_backorders_is_the_printed_one(solve) -> None:
    instance = instances.load("lot_backorder_rossi")
    plan = solve(**instance.inputs)
    assert instance.agrees("cost", plan.cost)
    assert instance.agrees("order_quantities", plan.order_quantities)


def every_plan(demand: list[int], choices: list[list[int]], **data) -> float:
    """The least cost over all combinations of order quantities."""
    plans = np.array(list(itertools.product(*choices)), dtype=float)
    shape = plans.shape
    costs = {k: np.broadcast_to(v, shape) if k != "initial_stock" else v for k, v in data.items()}
    return float(
        evaluate_lot_sizing(plans, np.broadcast_to(np.array(demand, float), shape), **costs).cost.min()
    )


def four(most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, most), min_size=4, max_size=4)


@settings(max_examples=60)
@given(
    demand=four(3),
    fixed=four(12),
    holding=four(4),
    unit=four(5),
    backorder=st.one_of(st.just([np.inf] * 4), four(6)),
    stock=st.integers(0, 5),
)
def test_free_orders_against_every_plan(demand, fixed, holding, unit, backorder, stock) -> None:
    """Costs that vary by period in any way, also speculative ones, with and without waiting."""
    data = {"fixed_cost": fixed, "holding_cost": holding, "unit_cost": unit, "backorder_cost": backorder}
    plan = wagner_whitin(demand, **data, initial_stock=stock)
    choices = [list(range(sum(demand) + 1))] * 4
    assert plan.cost == pytest.approx(every_plan(demand, choices, **data, initial_stock=stock), abs=1e-9)
    on_grid = restricted_lot_sizing(demand, **data, initial_stock=stock)
    assert on_grid.cost == pytest.approx(plan.cost, abs=1e-9)
    check_conservation(plan, demand, stock)


def check_conservation(plan: LotSizing, demand, stock) -> None:
    ends = stock + np.cumsum(plan.order_quantities - np.asarray(demand), axis=-1)
    assert np.allclose(plan.net_stock, ends, atol=1e-9)
    assert np.all(ends[..., -1] >= -1e-9)
    parts = plan.setup_cost + plan.purchase_cost + plan.stock_cost + plan.waiting_cost
    assert plan.cost == pytest.approx(parts)


@settings(max_examples=60)
@given(
    demand=four(5),
    fixed=four(9),
    holding=four(3),
    unit=four(3),
    backorder=st.one_of(st.just(np.inf), st.integers(0, 5)),
    capacity=four(9),
    least=st.integers(1, 7),
    pack=st.integers(1, 4),
    stock=st.integers(0, 3),
)
def test_restricted_orders_against_every_plan(
    demand, fixed, holding, unit, backorder, capacity, least, pack, stock
) -> None:
    data = {"fixed_cost": fixed, "holding_cost": holding, "unit_cost": unit, "backorder_cost": backorder}
    choices = [[q for q in range(c + 1) if q == 0 or (q >= least and q % pack == 0)] for c in capacity]
    cheapest = every_plan(demand, choices, **data, initial_stock=stock)
    limits = {"capacity": capacity, "min_order_units": least, "pack_units": pack, "initial_stock": stock}
    if cheapest == np.inf:
        with pytest.raises(ValueError, match=r"product 0 cannot meet its demand of \d+ units"):
            restricted_lot_sizing(demand, **data, **limits)
        return
    plan = restricted_lot_sizing(demand, **data, **limits)
    assert plan.cost == pytest.approx(cheapest, abs=1e-9)
    assert all(q in allowed for q, allowed in zip(plan.order_quantities, choices, strict=True))
    check_conservation(plan, demand, stock)


def milp_cost(d, K, h, c, b, capacity, stock: float) -> float:
    """The same problem as a mixed-integer programme: orders, setups, stock, waiting per period."""
    T, n = len(d), 4 * len(d)
    most = np.minimum(capacity, d.sum())
    balance, setup = np.zeros((T, n)), np.zeros((T, n))
    for t in range(T):
        balance[t, [t, 2 * T + t, 3 * T + t]] = 1, -1, 1
        if t:
            balance[t, [2 * T + t - 1, 3 * T + t - 1]] = 1, -1
        setup[t, [t, T + t]] = 1, -most[t]
    target = d.copy()
    target[0] -= stock
    upper = np.concatenate([most, np.ones(T), np.full(T, np.inf), np.full(T, np.inf)])
    upper[-1] = 0.0  # nothing waits at the end
    solved = optimize.milp(
        np.concatenate([c, K, h, b]),
        integrality=np.repeat([0, 1, 0, 0], T),
        bounds=optimize.Bounds(0, upper),
        constraints=[
            optimize.LinearConstraint(balance, target, target),
            optimize.LinearConstraint(setup, ub=0),
        ],
        options={"mip_rel_gap": 0},
    )
    return float(solved.fun)


@pytest.mark.parametrize("seed", range(6))
def test_against_a_mixed_integer_programme(seed: int) -> None:
    rng, T = np.random.default_rng(seed), 12
    d = rng.integers(0, 60, T) * rng.integers(0, 2, T) + 1.0 * rng.integers(0, 20, T)
    K, h, c, b = rng.uniform(20, 200, T), rng.uniform(0.2, 2, T), rng.uniform(1, 4, T), rng.uniform(0.5, 4, T)
    free = wagner_whitin(d, K, h, c, b, initial_stock=15.0)
    assert free.cost == pytest.approx(milp_cost(d, K, h, c, b, np.full(T, np.inf), 15.0), rel=1e-7)
    capacity = np.full(T, np.ceil(1.3 * d.mean()) + 5)
    limited = restricted_lot_sizing(d, K, h, c, b, capacity=capacity, initial_stock=15)
    assert limited.cost == pytest.approx(milp_cost(d, K, h, c, b, capacity, 15.0), rel=1e-7)
    assert limited.cost >= free.cost - 1e-9


def test_holding_cost_that_varies_by_period_is_charged_where_it_stands() -> None:
    """Stock carried over the dear second period only: 1 + 2 units at 5, then 1 unit at 1."""
    plan = wagner_whitin([0, 2, 1], fixed_cost=[0, 100, 100], holding_cost=[5, 1, 9])
    assert plan.order_quantities.tolist() == [3, 0, 0]
    assert (plan.stock_cost, plan.cost) == (3 * 5 + 1 * 1, 16)


def test_fractions_of_units_and_initial_stock() -> None:
    plan = wagner_whitin([0.1, 0.2, 0.3, 0.4], fixed_cost=1e-3, holding_cost=1.0, initial_stock=0.3)
    assert plan.order_quantities == pytest.approx([0, 0, 0.3, 0.4])
    assert plan.order_quantities[:2].tolist() == [0, 0]
    assert plan.cost == pytest.approx(2e-3 + 0.2)
    assert wagner_whitin([1, 2], 5, 1, initial_stock=9).cost == 8 + 6


def test_many_products_equal_one_by_one() -> None:
    rng = np.random.default_rng(1)
    demand, fixed = rng.integers(0, 30, (3, 4, 15)), rng.uniform(5, 90, (3, 4, 1))
    stock, pack = rng.integers(0, 20, (3, 4)), rng.integers(1, 8, (3, 4))
    free = wagner_whitin(demand, fixed, 0.7, backorder_cost=2.0, initial_stock=stock)
    limited = restricted_lot_sizing(demand, fixed, 0.7, capacity=60, pack_units=pack, initial_stock=stock)
    assert free.order_quantities.shape == demand.shape
    for i in np.ndindex(3, 4):
        one = wagner_whitin(demand[i], fixed[i], 0.7, backorder_cost=2.0, initial_stock=stock[i])
        assert np.array_equal(free.order_quantities[i], one.order_quantities)
        assert free.cost[i] == pytest.approx(one.cost)
        one = restricted_lot_sizing(
            demand[i], fixed[i], 0.7, capacity=60, pack_units=pack[i], initial_stock=stock[i]
        )
        assert np.array_equal(limited.order_quantities[i], one.order_quantities)


@settings(max_examples=40)
@given(
    demand=st.lists(st.floats(0, 100), min_size=1, max_size=20),
    fixed=st.floats(0, 300),
    holding=st.floats(0, 5),
    backorder=st.floats(0, 10),
)
def test_more_freedom_never_costs_more(demand, fixed, holding, backorder) -> None:
    waiting = wagner_whitin(demand, fixed, holding, backorder_cost=backorder).cost
    strict = wagner_whitin(demand, fixed, holding).cost
    lot_for_lot = evaluate_lot_sizing(demand, demand, fixed, holding).cost
    once = evaluate_lot_sizing([sum(demand)] + [0.0] * (len(demand) - 1), demand, fixed, holding).cost
    slack = 1e-9 * (1 + strict)
    assert 0 <= waiting <= strict + slack
    assert strict <= min(lot_for_lot, once) + slack


def test_a_thousand_products_in_half_a_second() -> None:
    demand = np.random.default_rng(0).integers(0, 100, (1000, 104))
    wagner_whitin(demand[:1], 500, 1.0)  # compiles, or loads what was compiled before
    start = time.perf_counter()
    wagner_whitin(demand, 500, 1.0)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wagner_whitin([], 1, 1), r"demand must hold at least one element, got shape \(0,\)"),
        (lambda: wagner_whitin([1, -2], 1, 1), "demand must be zero or more and finite, got -2 at index 1"),
        (lambda: wagner_whitin([1, float("nan")], 1, 1), "demand must be zero or more and finite, got nan"),
        (lambda: wagner_whitin([1, 2], -1, 1), "fixed_cost must be zero or more and finite, got -1"),
        (lambda: wagner_whitin([1, 2], 1, [1, 1, 1]), r"holding_cost must fit the shape \(2,\), got \(3,\)"),
        (lambda: wagner_whitin([1, 2], 1, 1, backorder_cost=-1), "backorder_cost must be zero or more"),
        (lambda: wagner_whitin([1, 2], 1, 1, initial_stock=-1), "initial_stock must be zero or more"),
        (
            lambda: restricted_lot_sizing([1, 2.5], 1, 1),
            "demand must be whole and at least 0, got 2.5 at index 1",
        ),
        (
            lambda: restricted_lot_sizing([1], 1, 1, capacity=1.5),
            "capacity must be whole and at least 0, got 1.5",
        ),
        (
            lambda: restricted_lot_sizing([1], 1, 1, pack_units=0),
            "pack_units must be whole and at least 1, got 0",
        ),
        (
            lambda: restricted_lot_sizing([[1], [9]], 1, 1, capacity=8),
            "product 1 cannot meet its demand of 9 units",
        ),
        (lambda: restricted_lot_sizing([10**9], 1, 1), "state it in packs"),
        (lambda: evaluate_lot_sizing([1, 2], [1, 2, 3], 1, 1), r"order_quantities must fit the shape \(3,\)"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    modules = "checks, eoq, instances, joint_replenishment, laws, lot_sizing, lot_sizing_rules, newsvendor"
    code = f"""
import sys
from invnb.inventory import {modules}, reorder_quantity, reorder_quantity_rules, service
print([m for m in ("numba", "scipy.stats", "scipy.optimize", "pandas", "yaml") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
