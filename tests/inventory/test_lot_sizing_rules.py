"""The teaching rules: a printed plan, their definitions step by step, and never below the optimum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.inventory import instances
from invnb.inventory.lot_sizing import wagner_whitin
from invnb.inventory.lot_sizing_rules import least_unit_cost, part_period_balancing, silver_meal

RULES = (silver_meal, least_unit_cost, part_period_balancing)


def test_silver_meal_is_the_printed_one() -> None:
    instance = instances.load("ww_silver_pyke_peterson_12")
    plan = silver_meal(
        instance.inputs["demand"], instance.inputs["fixed_cost"], instance.inputs["holding_cost"]
    )
    assert instance.agrees("silver_meal_cost", plan.cost)
    assert instance.agrees("order_quantities", plan.order_quantities)


@pytest.mark.parametrize("rule", RULES)
@given(
    demand=st.lists(st.integers(0, 50), min_size=1, max_size=15),
    fixed=st.floats(1, 300),
    holding=st.floats(0.01, 5),
)
def test_rule_meets_demand_and_never_beats_the_optimum(rule, demand, fixed, holding) -> None:
    plan = rule(demand, fixed, holding)
    assert np.all(plan.net_stock >= 0)
    assert plan.net_stock[-1] == 0
    assert np.all((plan.order_quantities > 0) <= (np.array(demand) > 0))
    assert plan.cost >= wagner_whitin(demand, fixed, holding).cost - 1e-9


def test_first_order_follows_the_definitions() -> None:
    """K = 54, h = 0.4: costs of covering 1, 2, 3, ... periods, written out by hand."""
    demand = np.array([10, 62, 12, 130, 154.0])
    cost = 54 + 0.4 * np.cumsum(demand * np.arange(5))  # 54, 78.8, 88.4, 244.4, 490.8
    per_period = cost / np.arange(1, 6)  # 54, 39.4, 29.47, 61.1: three periods
    per_unit = cost / np.cumsum(demand)  # 5.4, 1.094, 1.052, 1.142: three periods
    assert per_period.argmin() == per_unit.argmin() == 2
    assert np.abs(cost - 54 - 54).argmin() == 2  # held 0, 24.8, 34.4, 190.4 against 54
    for rule in RULES:
        assert rule(demand, 54, 0.4).order_quantities[0] == 84


def test_the_three_rules_differ_where_they_should() -> None:
    """By hand from period 3: per period 80, 45, 56.7; per unit 1.905, 1.915; held 0, 10, 90 against 80."""
    demand = [18, 30, 42, 5, 20]
    assert silver_meal(demand, 80, 2).order_quantities.tolist() == [48, 0, 47, 0, 20]
    assert least_unit_cost(demand, 80, 2).order_quantities.tolist() == [48, 0, 42, 25, 0]
    assert part_period_balancing(demand, 80, 2).order_quantities.tolist() == [48, 0, 67, 0, 0]


def test_costs_by_period_and_many_products() -> None:
    rng = np.random.default_rng(4)
    demand, fixed, holding = (
        rng.integers(0, 40, (5, 12)),
        rng.uniform(20, 90, 12),
        rng.uniform(0.1, 1, (5, 12)),
    )
    for rule in RULES:
        together = rule(demand, fixed, holding)
        for n in range(5):
            one = rule(demand[n], fixed, holding[n])
            assert np.array_equal(together.order_quantities[n], one.order_quantities)
        assert np.all(together.cost >= wagner_whitin(demand, fixed, holding).cost - 1e-9)


def test_bad_input_is_named() -> None:
    for rule in RULES:
        with pytest.raises(ValueError, match="demand must hold at least one element"):
            rule([], 1, 1)
        with pytest.raises(ValueError, match="holding_cost must be zero or more and finite, got -1"):
            rule([1], 1, -1)
