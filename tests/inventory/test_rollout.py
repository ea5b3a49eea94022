"""Levels that follow demand, and the order by rollout: brute force, the exact optimum, and conservation."""

from __future__ import annotations

import numpy as np
import pytest

from invnb.inventory import instances
from invnb.inventory.demand import poisson_pmf
from invnb.inventory.lost_sales import lost_sales_problem, optimal_policy
from invnb.inventory.order_policies import s_S_policy
from invnb.inventory.order_terms import order_terms
from invnb.inventory.policy import policy_levels
from invnb.inventory.rollout import first_order_values, first_orders, idle_stockouts, period_levels
from invnb.inventory.simulation import trajectories


def terms_of(n, **changes):
    values = {
        "lead_time_periods": 2,
        "holding_cost_per_unit_period": 1.0,
        "shortage_cost_per_unit": 5.0,
        "lost_share": 1.0,
    } | changes
    return order_terms(n, **values)


@pytest.mark.parametrize("shortage", [4, 9])
def test_default_orders_cost_within_a_few_percent_of_the_exact_optimum(shortage: int) -> None:
    exact = instances.load(f"lost_sales_zipkin_poisson_L2_p{shortage}")
    law = poisson_pmf(5)
    best = optimal_policy(
        lost_sales_problem(
            law, lead_time_periods=2, holding_cost_per_unit_period=1, shortage_cost_per_unit=shortage
        )
    )
    n_path, n_period, warm_up = 40, 120, 12
    rng = np.random.default_rng(31)
    demand = rng.poisson(5, (n_path, n_period)).astype(float)
    newsvendor = float(np.searchsorted(np.cumsum(poisson_pmf(15)), shortage / (shortage + 1)))
    terms = terms_of(n_path, shortage_cost_per_unit=shortage)
    cost = {}
    for rule in ("optimum", "default", "newsvendor"):
        net, due = np.full(n_path, 3.0), np.zeros((n_path, n_period + 2))
        due[:, :2] = 5.0
        total = np.zeros((n_path, n_period))
        for t in range(n_period):
            coming = np.zeros((n_path, 8))
            coming[:, :2] = due[:, t : t + 2]
            if rule == "optimum":
                order = best.order_units(net + coming[:, 0], coming[:, 1:2])
            elif rule == "newsvendor":
                order = np.maximum(newsvendor - net - coming.sum(axis=1), 0.0)
            else:
                paths = rng.poisson(5, (n_path, 200, 8)).astype(float)
                levels = period_levels(paths, terms)
                order = first_orders(
                    paths, net, coming, levels.reorder_point, levels.order_up_to_level, terms
                )
            due[:, t + 2] += order
            net = net + due[:, t]
            total[:, t] = shortage * np.maximum(demand[:, t] - net, 0) + np.maximum(net - demand[:, t], 0)
            net = np.maximum(net - demand[:, t], 0.0)
        cost[rule] = total[:, warm_up:].mean(axis=1)
    excess = cost["default"] - cost["optimum"]  # the same demand: common random numbers
    error = excess.std(ddof=1) / np.sqrt(n_path)
    optimum = exact.recomputed["optimal_cost"]
    assert excess.mean() - 3 * error <= 0.03 * optimum
    assert excess.mean() + 3 * error < exact.recomputed["best_base_stock_cost"] - optimum + 3 * error
    saved = cost["newsvendor"] - cost["default"]
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(n_path)


def test_on_independent_demand_the_level_is_the_best_base_stock() -> None:
    demand = np.random.default_rng(8).poisson(5, (1, 300, 60)).astype(float)
    constant = policy_levels(
        demand, 2, holding_cost_per_unit_period=1, shortage_cost_per_unit=5, lost_share=1
    )
    ours = period_levels(demand, terms_of(1), search_scenarios=300)
    assert np.abs(ours.order_up_to_level - constant.order_up_to_level).max() <= 1
    assert ours.expected_cost[0] == pytest.approx(constant.expected_cost[0], rel=0.01)


@pytest.mark.parametrize("lost_share", [0.8, 1.0])
@pytest.mark.parametrize("fixed", [0.0, 20.0])
def test_levels_that_follow_the_season_cost_less_than_constant_ones(lost_share: float, fixed: float) -> None:
    rng = np.random.default_rng(4)
    season = 6 * (1 + 0.8 * np.sin(np.arange(13) * 2 * np.pi / 13))
    demand = rng.poisson(season, (20, 200, 13)).astype(float)
    costs = {"holding_cost_per_unit_period": 0.2, "shortage_cost_per_unit": 8.0, "lost_share": lost_share}
    constant = policy_levels(demand, 2, fixed_cost_per_order=fixed, **costs)
    ours = period_levels(demand, terms_of(20, fixed_cost_per_order=fixed, **costs))
    assert ours.expected_cost.mean() < 0.95 * constant.expected_cost.mean()


@pytest.mark.parametrize("lost_share", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(("lead", "review"), [(0, 1), (2, 1), (1, 3)])
def test_cost_of_the_levels_is_the_simulators(lost_share: float, lead: int, review: int) -> None:
    demand = np.random.default_rng(6).poisson(4, (2, 30, 9)).astype(float)
    terms = terms_of(
        2, lost_share=lost_share, lead_time_periods=lead, review_period_periods=review,
        fixed_cost_per_order=[0.0, 12.0], backorder_cost_per_unit_period=3.0,
    )  # fmt: skip
    found = period_levels(demand, terms)
    twice = np.concatenate([demand, demand], axis=2)
    run = trajectories(
        s_S_policy(np.tile(found.reorder_point, 2), np.tile(found.order_up_to_level, 2), pack_units=1),
        twice, lead_time_periods=lead, initial_on_hand=found.order_up_to_level[:, 0],
        lost_share=lost_share, review_period_periods=review,
    )  # fmt: skip
    cost = (
        run.end_stock_units
        + 5.0 * run.lost_units
        + 3.0 * run.end_backlog_units
        + np.array([0.0, 12.0])[:, None, None] * (run.ordered_units > 0)
    )
    assert found.expected_cost == pytest.approx(cost[:, :, 9:].mean(axis=(1, 2)), rel=1e-9)


def test_an_order_is_never_dearer_on_the_paths_than_the_rules_own_or_none() -> None:
    rng = np.random.default_rng(12)
    n = 60
    demand = rng.poisson(rng.gamma(1, 4, (n, 1, 1)), (n, 80, 10)).astype(np.float32)
    pack, minimum = rng.choice([1.0, 6.0, 12.0], n), rng.choice([1.0, 10.0], n)
    terms = terms_of(
        n, lead_time_periods=rng.integers(0, 4, n), lost_share=rng.choice([0.0, 0.8, 1.0], n),
        fixed_cost_per_order=rng.choice([0.0, 15.0], n), pack_units=pack, min_order_units=minimum,
    )  # fmt: skip
    stock, coming = rng.integers(-3, 12, n).astype(float), np.zeros((n, 10))
    levels = period_levels(demand, terms)
    s, S = levels.reorder_point, levels.order_up_to_level
    units = first_orders(demand, stock, coming, s, S, terms, beyond_noise=0.0)
    assert np.all((units % pack == 0) & ((units == 0) | (units >= minimum)))
    rule = np.where(stock <= s[:, 0], np.ceil(np.maximum(S[:, 0] - stock, minimum) / pack) * pack, 0.0)
    rule[(stock >= S[:, 0]) | np.isinf(s[:, 0])] = 0.0
    cost = first_order_values(demand, np.stack([rule, units], axis=1), stock, coming, s, S, terms).cost
    assert (cost[:, 1] <= cost[:, 0] + 1e-9).all()
    careful = first_orders(demand, stock, coming, s, S, terms, beyond_noise=3.0)
    assert (careful == rule).sum() > (units == rule).sum()


def test_float32_scenarios_give_the_orders_of_float64() -> None:
    demand = np.random.default_rng(5).poisson(3, (10, 50, 8)).astype(float)
    terms, stock, coming = terms_of(10), np.arange(10.0), np.zeros((10, 8))
    found = [
        first_orders(paths, stock, coming, levels.reorder_point, levels.order_up_to_level, terms)
        for paths in (demand, demand.astype(np.float32))
        for levels in [period_levels(paths, terms)]
    ]
    assert found[0].tolist() == found[1].tolist()


def test_a_product_not_worth_stocking_or_never_sold_is_not_ordered() -> None:
    demand = np.random.default_rng(1).poisson(0.1, (2, 50, 10)).astype(float)
    demand[1] = 0.0
    levels = period_levels(demand, terms_of(2, holding_cost_per_unit_period=5.0, shortage_cost_per_unit=1.0))
    assert np.isinf(levels.reorder_point).all()
    assert levels.expected_cost == pytest.approx(demand.mean(axis=(1, 2)))


def test_probabilities_without_orders_count_paths() -> None:
    demand = np.array([[[3.0, 3.0, 9.0], [1.0, 1.0, 1.0], [6.0, 0.0, 0.0], [2.0, 2.0, 0.0]]])
    by_period, before = idle_stockouts(demand, [4.0], np.zeros((1, 3)), terms_of(1))
    assert by_period.tolist() == [[1 / 4, 1 / 4, 1 / 4]]
    assert before.tolist() == [2 / 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lead_time_periods": 1.5}, "lead_time_periods must be whole"),
        ({"pack_units": 0.0}, "pack_units must be"),
        ({"lost_share": 2.0}, "lost_share must be between 0 and 1"),
        ({"shortage_cost_per_unit": [1.0, 2.0, 3.0]}, r"shortage_cost_per_unit must fit the shape \(2,\)"),
    ],
)
def test_bad_terms_are_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        terms_of(2, **change)


def test_bad_paths_are_named() -> None:
    with pytest.raises(ValueError, match=r"demand must be .* got -1 at index \(0, 0, 1\)"):
        period_levels([[[1.0, -1.0]]], terms_of(1))
    with pytest.raises(ValueError, match=r"inbound must have shape .*\(1, 2\), got \(1, 3\)"):
        idle_stockouts(np.ones((1, 4, 2)), [1.0], np.zeros((1, 3)), terms_of(1))
