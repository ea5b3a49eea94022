"""What holds for every order plan, plans that cannot be, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult, linprog

from invnb.inventory.plan import InfeasiblePlanError, Limit, Plan, PriceTiers, plan

TOLERANCE = 1e-6  # HiGHS keeps rows and reduced costs to 1e-7; a plan adds a few of them up


# What must hold for every plan


@st.composite
def problems(draw: st.DrawFn) -> dict:
    g = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    P, S, T = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    cost = g.uniform(1, 10, P)
    return {
        "demand": g.poisson(6, (P, S, T)).astype(float),
        "unit_cost": cost,
        "holding_cost": g.uniform(0, 1, P),
        "shortage_cost": g.uniform(0.5, 10, P),
        "lost_share": g.choice([0.0, 0.5, 1.0], P),
        "initial_stock": g.integers(0, 8, P),
        "lead_time_periods": g.integers(0, 3, P),
        "budget": g.uniform(0, 60, T),
        "limits": [Limit("room", g.uniform(0.5, 2, P), 200.0, on="arrival_stock")],
    }


@settings(max_examples=40, deadline=None)
@given(problems(), st.floats(0.1, 50))
def test_more_budget_never_costs_more_and_the_price_bounds_what_it_saves(problem: dict, more: float) -> None:
    best = plan(**problem)
    for t in range(best.orders.shape[1]):
        use = next(limit for limit in best.limits if limit.name == "budget" and limit.period == t)
        step = min(more, use.price_to - use.available) if use.shadow_price > 0 else more
        raised = problem["budget"].copy()
        raised[t] += step
        richer = plan(**{**problem, "budget": raised}, ranges=False)
        scale = 1 + abs(best.objective)
        assert richer.objective <= best.objective + TOLERANCE * scale
        fall = best.objective - richer.objective
        assert fall == pytest.approx(step * use.shadow_price, abs=TOLERANCE * scale)


@settings(max_examples=25, deadline=None)
@given(problems())
def test_the_price_of_demand_bounds_what_more_demand_costs(problem: dict) -> None:
    """The optimal cost is convex in demand, so its slope never promises more than a step costs."""
    best = plan(**problem, ranges=False)
    for i, t in np.ndindex(best.demand_price.shape):
        demand = problem["demand"].copy()
        demand[i, :, t] += 0.5
        changed = plan(**{**problem, "demand": demand}, ranges=False)
        rise = changed.objective - best.objective
        assert rise >= 0.5 * best.demand_price[i, t] - TOLERANCE * (1 + abs(best.objective))


@settings(max_examples=25, deadline=None)
@given(problems())
def test_costs_add_up_and_limits_hold(problem: dict) -> None:
    best = plan(**problem, ranges=False)
    assert sum(vars(best.costs).values()) == pytest.approx(best.objective)
    assert 0 <= best.gap <= TOLERANCE
    spent = problem["unit_cost"] @ best.orders
    assert np.all(spent <= problem["budget"] + TOLERANCE)
    for limit in best.limits:
        assert limit.use <= limit.available + TOLERANCE
        if limit.shadow_price > TOLERANCE:
            assert limit.use == pytest.approx(limit.available, abs=TOLERANCE)


def test_knowing_the_future_never_costs_more_than_deciding_now() -> None:
    g = np.random.default_rng(5)
    problem = {
        "demand": g.poisson(5, (3, 4, 4)),
        "unit_cost": [3, 4, 5],
        "holding_cost": 0.3,
        "shortage_cost": 6,
    }
    now = plan(**problem)
    tree = np.repeat([[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 2, 2], [0, 1, 2, 3]], 1, axis=0)
    later = plan(**problem, order_nodes=tree)
    assert later.objective < now.objective - TOLERANCE
    assert np.ptp(now.orders_by_scenario, axis=1).max() == 0
    assert np.ptp(later.orders_by_scenario[:, :, 0], axis=1).max() == 0


def test_stock_limit_in_every_scenario_is_stricter_than_on_average() -> None:
    demand = np.array([[[2.0, 2.0], [10.0, 10.0]]])
    shared = {"unit_cost": 2, "holding_cost": 0.1, "shortage_cost": 20}
    mean, each = (
        plan(demand, **shared, limits=[Limit("room", 1, 8, on="closing_stock", holds=holds)])
        for holds in ("on_average", "in_every_scenario")
    )
    assert mean.limits[0].use <= 8 + TOLERANCE
    assert each.objective > mean.objective + TOLERANCE


def test_a_solver_without_time_returns_its_plan_with_its_gap() -> None:
    g = np.random.default_rng(0)
    P, T = 40, 12
    cost = g.uniform(2, 9, P)
    best = plan(
        g.poisson(9, (P, T)),
        unit_cost=cost,
        holding_cost=0.2,
        shortage_cost=4,
        order_cost=15,
        pack_units=6,
        budget=9 * cost.sum() * 0.7,
        time_limit_seconds=0.4,
        relative_gap=0,
        ranges=False,
    )
    assert best.status == "time limit"
    assert best.gap > 0
    assert best.bound < best.objective


@pytest.mark.parametrize("seed", range(4))
def test_whole_plans_survive_the_solver_s_presolve(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS 1.12 declares plans optimal that are not when a whole number has a bound that is not whole."""
    g = np.random.default_rng(seed)
    P, T = 8, 4
    mean, cost = g.gamma(2, 6, P), g.uniform(2, 40, P)
    problem = {
        "demand": g.poisson(mean[:, None], (P, T)),
        "unit_cost": cost,
        "holding_cost": cost * 0.005,
        "shortage_cost": cost * g.uniform(0.5, 1.5, P),
        "initial_stock": np.round(mean * g.uniform(0, 4, P)),
        "lead_time_periods": g.integers(0, 4, P),
        "order_cost": 20,
        "min_order_units": g.choice([1.0, 6.0], P),
        "pack_units": g.choice([1.0, 6.0], P),
        "supplier": np.arange(P) % 2,
        "supplier_min_value": 100,
        "whole_periods": 1,
        "relative_gap": 0,
        "budget": 0.7 * float(cost @ mean),
    }
    best = plan(**problem)
    monkeypatch.setattr("invnb.inventory.plan_solve.linprog", without_presolve)
    assert best.objective == pytest.approx(plan(**problem).objective, rel=1e-5)


def without_presolve(*args: object, options: dict, **kwargs: object) -> OptimizeResult:
    return linprog(*args, options={**options, "presolve": False}, **kwargs)  # type: ignore[call-overload]


def test_a_relaxation_out_of_time_leaves_the_plan_of_a_few_scenarios_judged_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    g = np.random.default_rng(0)
    P, S, T = 6, 12, 5
    demand = g.poisson(9, (P, S, T)) * g.uniform(0.5, 1.5, (1, S, 1))
    problem = {
        "unit_cost": g.uniform(2, 9, P),
        "holding_cost": 0.2,
        "shortage_cost": 4,
        "lost_share": 0.8,
        "pack_units": 6,
        "budget": 230.0,
        "whole_periods": 1,
    }
    exact = plan(demand, **problem)
    stopped = OptimizeResult(status=1, x=None, message="time limit")
    monkeypatch.setattr("invnb.inventory.plan.solve", lambda *args, **kwargs: stopped)
    best = plan(demand, **problem)
    assert best.status == "time limit"
    assert best.gap == np.inf
    assert exact.objective <= best.objective <= 1.2 * exact.objective
    assert np.all(problem["unit_cost"] @ best.orders <= 230 + TOLERANCE)
    assert all(np.isnan(limit.shadow_price) and limit.use <= 230 + TOLERANCE for limit in best.limits)
    packs = best.orders[:, 0] / 6
    assert packs == pytest.approx(packs.round(), abs=TOLERANCE)
    assert sum(vars(best.costs).values()) == pytest.approx(best.objective)


# Infeasible plans


def test_an_infeasible_plan_names_the_limits_that_clash_and_the_least_relaxation() -> None:
    with pytest.raises(InfeasiblePlanError, match="demand must be met of product 0 in period 1") as caught:
        plan(
            [[10, 20], [1, 1]],
            unit_cost=[5, 1],
            holding_cost=1,
            shortage_cost=[np.inf, 3],
            budget=[100, 60],
            unit_volume=[1, 0],
            storage=[12, 30],
        )
    clash = {(c.name, c.period) for c in caught.value.clashing}
    # 12 places in period 0 leave 2 for period 1, whose budget buys 12 of the 18 still missing
    assert clash == {("storage", 0), ("budget", 1), ("demand must be met", 0), ("demand must be met", 1)}
    (eased,) = caught.value.relaxations
    assert (eased.name, eased.period, eased.product) == ("demand must be met", 1, 0)
    assert eased.relax_by == pytest.approx(6)


def test_the_least_relaxation_makes_the_plan_possible_and_less_does_not() -> None:
    def floor(budget: float) -> Plan:
        # of 20 units at 5 each, 18 must be there; the floor is dearer to give, as a share, than the budget
        return plan([[20]], unit_cost=5, holding_cost=1, shortage_cost=9, fill_rate_floor=0.9, budget=budget)

    with pytest.raises(InfeasiblePlanError) as caught:
        floor(85.0)
    assert {c.name for c in caught.value.clashing} == {"budget", "fill rate floor"}
    (eased,) = caught.value.relaxations
    assert eased.name == "budget"
    assert eased.relax_by == pytest.approx(5)
    floor(85 + eased.relax_by + 1e-6)
    with pytest.raises(InfeasiblePlanError):
        floor(85 + eased.relax_by - 0.01)


def test_a_minimum_order_that_makes_a_plan_impossible_is_named() -> None:
    with pytest.raises(InfeasiblePlanError) as caught:
        plan(
            [[4]],
            unit_cost=5,
            holding_cost=1,
            shortage_cost=np.inf,
            budget=30,
            supplier=[0],
            supplier_min_value=[50],
        )
    assert {c.name for c in caught.value.clashing} == {
        "budget",
        "demand must be met",
        "minimum of supplier 0",
    }


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demand": [[-1, 2]]}, "demand must be zero or more and finite, got -1"),
        ({"demand": np.zeros((1, 0))}, "demand must hold at least one element"),
        ({"demand": [3.0]}, "demand must have shape"),
        ({"demand": [[np.nan, 1]]}, "demand must be zero or more and finite, got nan"),
        ({"unit_cost": [1, 2, 3]}, "unit_cost must have shape"),
        ({"holding_cost": -1}, "holding_cost must be zero or more"),
        ({"shortage_cost": [np.nan]}, "shortage_cost"),
        ({"lost_share": 1.5}, "lost_share must be between 0 and 1, got 1.5"),
        ({"lead_time_periods": -1}, "lead_time_periods must be whole and at least 0, got -1"),
        ({"lead_time_periods": 1.5}, "lead_time_periods must be whole"),
        ({"probability": [0.5, 0.4]}, "probability must sum to 1"),
        ({"probability": [0.5, 0.5]}, "probability"),
        ({"salvage_value": 50}, "salvage_value must not exceed"),
        ({"budget": [-3, 1]}, "budget must be zero or more"),
        ({"storage": 4}, "unit_volume and storage must be given together"),
        ({"supplier_min_value": 4}, "supplier_min_value needs supplier"),
        ({"limits": [Limit("x", 1, 1, on="shelves")]}, "limit 'x': on must be one of"),  # type: ignore[arg-type]
        ({"tiers": PriceTiers("all_units", [[1, 4]], [[3, 2]])}, "tiers.from_units must rise from 0"),
        ({"order_nodes": [[0]]}, "order_nodes must have shape"),
        ({"time_limit_seconds": 0}, "time_limit_seconds must be above zero"),
        ({"fill_rate_floor": 1.1}, "fill_rate_floor must be between 0 and 1"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    problem = {"demand": [[4, 5]], "unit_cost": 5, "holding_cost": 1, "shortage_cost": 5, **change}
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        plan(**problem)
