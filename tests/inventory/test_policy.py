"""Levels from demand paths against the simulator, all candidates of small cases, and the exact answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.inventory import instances
from invnb.inventory.order_policies import s_S_policy
from invnb.inventory.policy import policy_levels
from invnb.inventory.simulation import trajectories


def second_run_costs(demand, s, S, lead_time, review, h, p, b, K, c, lost_share):
    """Mean cost per period on each path, by the simulator: every path twice, the second time charged."""
    T = demand.shape[2]
    twice = np.concatenate([demand, demand], axis=2)
    path = trajectories(
        s_S_policy(s, S), twice, lead_time_periods=lead_time, initial_on_hand=S,
        lost_share=lost_share, review_period_periods=review,
    )  # fmt: skip
    cost = (
        h * path.end_stock_units
        + p * path.lost_units
        + b * path.end_backlog_units
        + K * (path.ordered_units > 0)
        + c * path.ordered_units
    )
    return cost[..., T:].mean(axis=2)


@pytest.mark.parametrize("seed", range(12))
def test_cost_is_the_simulators(seed: int) -> None:
    rng = np.random.default_rng(seed)
    demand = rng.poisson(rng.gamma(2, 2, (3, 1, 1)), (3, 20, 7)).astype(float)
    lead_time, review = rng.integers(0, 5, 3), rng.integers(1, 4, 3)
    h, p, b, c = 1.0, 9.0, 4.0, 0.3
    K = rng.choice([0.0, 15.0])
    lost_share = rng.choice([0.0, 0.6, 1.0])
    best = policy_levels(
        demand, lead_time, holding_cost_per_unit_period=h, shortage_cost_per_unit=p,
        backorder_cost_per_unit_period=b, fixed_cost_per_order=K, unit_cost=c,
        lost_share=lost_share, review_period_periods=review,
    )  # fmt: skip
    again = second_run_costs(
        demand, best.reorder_point, best.order_up_to_level, lead_time, review, h, p, b, K, c, lost_share
    )
    assert best.expected_cost == pytest.approx(again.mean(axis=1))
    assert best.cost_standard_error == pytest.approx(again.std(axis=1, ddof=1) / np.sqrt(20))


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 3), st.integers(1, 2))
def test_no_base_stock_is_cheaper(seed: int, lost_share: float, lead_time: int, review: int) -> None:
    demand = np.random.default_rng(seed).poisson(2, (1, 30, 6)).astype(float)
    costs = {"holding_cost_per_unit_period": 1, "shortage_cost_per_unit": 6}
    best = policy_levels(demand, lead_time, lost_share=lost_share, review_period_periods=review, **costs)
    assert best.reorder_point == best.order_up_to_level
    every = [
        second_run_costs(demand, S, S, lead_time, review, 1, 6, 6, 0, 0, lost_share).mean() for S in range(60)
    ]
    assert best.expected_cost.item() == pytest.approx(min(every))


@pytest.fixture(scope="module")
def fixed_cost_cases() -> list[tuple[dict[tuple[int, int], float], int, int, float]]:
    """Costs of all (s, S) on small problems with a fixed cost, and the levels and cost found."""
    cases = []
    for seed in range(12):
        lost_share = (0.0, 0.8, 1.0)[seed % 3]
        demand = np.random.default_rng(seed).poisson(3, (1, 40, 12)).astype(float)
        best = policy_levels(
            demand, 1, holding_cost_per_unit_period=1, shortage_cost_per_unit=9,
            fixed_cost_per_order=12, lost_share=lost_share,
        )  # fmt: skip
        costs = {
            (s, S): second_run_costs(demand, s, S, 1, 1, 1, 9, 9, 12, 0, lost_share).mean()
            for S in range(1, 30)
            for s in range(-1, S + 1)
        }
        cases.append(
            (costs, int(best.reorder_point[0]), int(best.order_up_to_level[0]), best.expected_cost.item())
        )
    return cases


def test_with_a_fixed_cost_no_neighbour_is_cheaper(fixed_cost_cases) -> None:
    for costs, s, S, cost in fixed_cost_cases:
        near = [costs[s + i, S + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if (s + i, S + j) in costs]
        assert cost <= min(near) + 1e-9


def test_with_a_fixed_cost_few_policies_are_cheaper(fixed_cost_cases) -> None:
    # the search is local in (s, S): on 450 such problems it missed the best in 13, by 2 percent at most
    excess = np.array([cost / min(costs.values()) - 1 for costs, _, _, cost in fixed_cost_cases])
    assert excess.max() <= 0.03
    assert excess.mean() <= 0.003


def test_long_independent_paths_give_the_exact_levels() -> None:
    rng = np.random.default_rng(7)
    demand = rng.poisson(40, (1, 200, 500)).astype(float)
    exact = instances.load("sS_zheng_federgruen_40")
    best = policy_levels(
        demand, 0, holding_cost_per_unit_period=1, shortage_cost_per_unit=9,
        fixed_cost_per_order=64, lost_share=0,
    )  # fmt: skip
    assert abs(best.reorder_point.item() - exact.expected["s"]) <= 1
    assert abs(best.order_up_to_level.item() - exact.expected["S"]) <= 2
    assert best.expected_cost.item() == pytest.approx(
        exact.recomputed["cost"], abs=4 * best.cost_standard_error.item()
    )


@pytest.mark.parametrize("lead_time", [1, 2])
def test_lost_sales_level_is_the_best_base_stock_not_the_newsvendors(lead_time: int) -> None:
    exact = instances.load(f"lost_sales_zipkin_poisson_L{lead_time}_p4")
    demand = np.random.default_rng(8).poisson(5, (1, 200, 500)).astype(float)
    best = policy_levels(
        demand, lead_time, holding_cost_per_unit_period=1, shortage_cost_per_unit=4, lost_share=1
    )
    assert best.order_up_to_level.item() == exact.expected["best_base_stock_level"]
    assert best.order_up_to_level.item() < exact.expected["standard_base_stock_level"]
    assert best.expected_cost.item() == pytest.approx(
        exact.recomputed["best_base_stock_cost"], abs=4 * best.cost_standard_error.item()
    )


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.5, 1.0]), st.floats(1, 10))
def test_dearer_shortage_never_lowers_the_base_stock(seed: int, lost_share: float, dearer: float) -> None:
    demand = np.random.default_rng(seed).poisson(3, (1, 30, 8)).astype(float)
    levels = [
        policy_levels(
            demand, 1, holding_cost_per_unit_period=1, shortage_cost_per_unit=p, lost_share=lost_share
        )
        for p in (2, 2 * dearer)
    ]
    assert levels[1].order_up_to_level >= levels[0].order_up_to_level
    assert levels[1].expected_cost >= levels[0].expected_cost - 1e-9


def test_a_product_not_worth_stocking_is_not_stocked() -> None:
    demand = np.random.default_rng(1).poisson(0.1, (1, 50, 10)).astype(float)
    never = policy_levels(demand, 1, holding_cost_per_unit_period=5, shortage_cost_per_unit=1, lost_share=1)
    assert never.order_up_to_level.item() == 0
    assert never.expected_cost.item() == pytest.approx(demand.mean())
    dear = policy_levels(
        demand, 1, holding_cost_per_unit_period=5, shortage_cost_per_unit=1, lost_share=1,
        fixed_cost_per_order=100,
    )  # fmt: skip
    assert dear.expected_cost.item() == pytest.approx(demand.mean())


def test_products_do_not_touch_one_another() -> None:
    rng = np.random.default_rng(9)
    demand = rng.poisson(rng.gamma(1, 5, (6, 1, 1)), (6, 50, 8)).astype(float)
    costs = {"holding_cost_per_unit_period": 0.2, "shortage_cost_per_unit": 5, "lost_share": 0.8}
    lead_time, K = np.array([0, 1, 2, 3, 4, 5]), np.array([0.0, 5, 0, 20, 1, 0])
    together = policy_levels(demand, lead_time, fixed_cost_per_order=K, **costs)
    for i in range(6):
        alone = policy_levels(demand[i : i + 1], lead_time[i], fixed_cost_per_order=K[i], **costs)
        assert together.order_up_to_level[i] == alone.order_up_to_level.item()
        assert together.expected_cost[i] == alone.expected_cost.item()


GOOD = {
    "demand": np.ones((2, 3, 4)),
    "lead_time_periods": 1,
    "holding_cost_per_unit_period": 1,
    "shortage_cost_per_unit": 4,
    "lost_share": 1,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demand": np.ones(3)}, r"demand must have shape \(n_product, n_scenario, n_period\).* got \(3,\)"),
        ({"demand": np.ones((0, 3, 4))}, "with at least one of each"),
        ({"demand": -np.ones((2, 3, 4))}, "demand must be zero or more"),
        ({"lead_time_periods": [1, 2, 3]}, r"lead_time_periods must fit the shape \(2,\), got \(3,\)"),
        ({"lead_time_periods": -1}, "lead_time_periods must be whole and at least 0"),
        ({"shortage_cost_per_unit": [1, np.nan]}, "shortage_cost_per_unit .* nan at index 1"),
        ({"lost_share": -0.1}, "lost_share must be between 0 and 1"),
        ({"fixed_cost_per_order": -1}, "fixed_cost_per_order must be zero or more"),
        ({"review_period_periods": 0}, "review_period_periods must be whole and at least 1"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    arguments = {**GOOD, **change}
    with pytest.raises(ValueError, match=message):
        policy_levels(arguments.pop("demand"), arguments.pop("lead_time_periods"), **arguments)
