"""Joint replenishment against the printed example and all multiples of small cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.inventory import instances
from invnb.inventory.joint_replenishment import joint_replenishment, joint_replenishment_silver


def test_silver_rule_is_the_printed_one() -> None:
    instance = instances.load("jrp_silver_1976")
    cycle = joint_replenishment_silver(**instance.inputs)
    assert instance.agrees("base_cycle_time", cycle.base_cycle_time)
    assert instance.agrees("multiples", cycle.multiples)
    assert instance.agrees("cost", cycle.cost)
    assert joint_replenishment(**instance.inputs).cost < cycle.cost  # the rule is not the optimum here


def cycle_cost(T: float, m: np.ndarray, K: float, k: np.ndarray, h: np.ndarray, D: np.ndarray) -> float:
    return (K + (k / m).sum()) / T + T * (m * h * D).sum() / 2


costs = st.floats(0.5, 50)


@given(
    K=st.floats(0.1, 5000),
    k=st.lists(costs, min_size=3, max_size=3),
    D=st.lists(st.floats(1, 500), min_size=3, max_size=3),
)
def test_exact_multiples_beat_all_others(K: float, k: list[float], D: list[float]) -> None:
    h, fixed, demand = np.array([0.2, 1.0, 0.7]), np.array(k), np.array(D)
    best, rule = joint_replenishment(K, fixed, h, demand), joint_replenishment_silver(K, fixed, h, demand)
    for cycle in (best, rule):
        priced = cycle_cost(cycle.base_cycle_time, cycle.multiples, K, fixed, h, demand)
        assert cycle.cost == pytest.approx(priced, rel=1e-12)
        assert np.allclose(cycle.order_quantities, cycle.multiples * cycle.base_cycle_time * demand)
    least = min(
        2 * np.sqrt((K + (fixed / m).sum()) * (m * h * demand).sum() / 2)
        for m in map(np.array, itertools.product(range(1, 13), repeat=3))
    )
    assert best.cost <= least * (1 + 1e-12)
    assert best.cost <= rule.cost * (1 + 1e-12)
    assert best.cost >= np.sqrt(2 * fixed * h * demand).sum()  # each product's own EOQ cost
    if best.multiples.max() <= 12:
        assert best.cost == pytest.approx(least, rel=1e-12)


def test_a_small_shared_cost_leaves_each_product_its_own_eoq() -> None:
    """With next to nothing to share, the cost tends to the sum of the products' own."""
    k, h, D = np.array([20.0, 35.0, 8.0]), np.array([0.4, 1.0, 0.7]), np.array([300.0, 20.0, 90.0])
    own = np.sqrt(2 * k * h * D).sum()
    gaps = [joint_replenishment(K, k, h, D).cost / own - 1 for K in (10.0, 1.0, 1e-2, 1e-5)]
    assert np.all(np.diff(gaps) < 0)
    assert 0 < gaps[-1] < 1e-3


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="shared_fixed_cost must be above zero and finite, got 0"):
        joint_replenishment(0, [1.0], 1.0, [1.0])
    with pytest.raises(ValueError, match=r"shared_fixed_cost must be one number, got shape \(2,\)"):
        joint_replenishment([1, 2], [1.0], 1.0, [1.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="item_fixed_costs must hold at least one element"):
        joint_replenishment(1, [], 1.0, [])
    with pytest.raises(ValueError, match="demand_rates must be above zero and finite, got nan at index 1"):
        joint_replenishment_silver(1, [1.0, 1.0], 1.0, [1.0, float("nan")])
