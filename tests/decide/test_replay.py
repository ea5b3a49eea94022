"""The replay against a plain loop, the bound against brute force, the rules by hand."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.decide.replay import perfect_information_cost, replay
from invnb.decide.rules import RULES, days_of_cover, min_max, z_sigma


def economics(n=1, **changes):
    values = {
        "holding_cost_per_unit_period": 1.0,
        "shortage_cost_per_unit": 9.0,
        "backorder_cost_per_unit_period": 0.9,
        "lost_share": 1.0,
        "order_cost": 4.0,
        "lead_time_periods": 1,
        "review_period_periods": 1,
    } | changes
    return pd.DataFrame({name: np.broadcast_to(value, n) for name, value in values.items()})


def fixed(plan):
    return lambda t, net, coming: np.asarray(plan, float)[:, t]


def test_two_periods_by_hand_with_backorders():
    table = economics(lost_share=0.5, lead_time_periods=0)
    run = replay(np.array([[6.0, 1.0]]), fixed([[0.0, 5.0]]), np.array([4.0]), np.zeros((1, 2)), table)
    # 4 of 6 served, 1 lost, 1 waits; then 5 come, 1 goes to who waited, 1 is sold, 3 are left
    assert run.served_units.tolist() == [[4.0, 1.0]]
    assert run.lost_units.tolist() == [[1.0, 0.0]]
    assert run.backlog_units.tolist() == [[1.0, 0.0]]
    assert run.close_units.tolist() == [[0.0, 3.0]]
    assert run.start_units.tolist() == [[4.0, 4.0]]
    kinds = [run.holding, run.lost_sales, run.backorder, run.ordering]
    assert [kind.sum() for kind in kinds] == [3.0, 9.0, 0.9, 4.0]


def test_between_reviews_nothing_is_ordered():
    run = replay(
        np.ones((1, 5)),
        fixed(np.ones((1, 5))),
        np.zeros(1),
        np.zeros((1, 5)),
        economics(review_period_periods=2),
    )
    assert run.ordered_units.tolist() == [[1.0, 0.0, 1.0, 0.0, 1.0]]


@pytest.mark.parametrize("lost_share", [1.0, 0.6])
@pytest.mark.parametrize("lead", [0, 1])
def test_no_order_plan_costs_less_than_perfect_information(lost_share, lead):
    """Every plan of up to 3 units a period, tried out: the bound is below all, and met when all is lost."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        n_period = 4
        demand = rng.integers(0, 4, (1, n_period)).astype(float)
        stock = np.array([float(rng.integers(-1, 3))])
        pipeline = rng.integers(0, 2, (1, n_period)).astype(float)
        table = economics(
            lost_share=lost_share, lead_time_periods=lead, order_cost=float(rng.choice([0.0, 1.0, 4.0])),
            shortage_cost_per_unit=float(rng.choice([2.0, 9.0])),
        )  # fmt: skip
        bound = sum(perfect_information_cost(demand, stock, pipeline, table).values()).sum()
        plans = np.array(list(itertools.product(range(int(demand.sum()) + 1), repeat=n_period)), float)
        n = len(plans)
        every = pd.concat([table] * n, ignore_index=True)
        runs = replay(demand.repeat(n, 0), fixed(plans), stock.repeat(n), pipeline.repeat(n, 0), every)
        best = runs.total.sum(axis=1).min()
        assert bound <= best + 1e-9
        if lost_share == 1.0 and stock[0] >= 0:
            assert bound == pytest.approx(best)
        counted = np.arange(n_period)[None] >= rng.integers(1, n_period)
        some = perfect_information_cost(demand, stock, pipeline, table, counted)
        assert sum(some.values()).sum() <= (runs.total * counted).sum(axis=1).min() + 1e-9
        assert not sum(some.values())[~counted].any()


def test_stock_paid_for_before_the_counted_periods_is_not_charged_to_perfect_information():
    """Ordering costs 4 and holding next to nothing: who stocked up in the warm-up pays less than the least
    of all periods together, cut to the counted ones."""
    table = economics(holding_cost_per_unit_period=0.01, lead_time_periods=0)
    demand, counted = np.full((1, 4), 3.0), np.array([[False, False, True, True]])
    bound = perfect_information_cost(demand, np.array([6.0]), np.zeros((1, 4)), table)
    assert (sum(bound.values()) * counted).sum() == pytest.approx(4.03)
    early = replay(demand, fixed([[6.0, 0, 0, 0]]), np.array([6.0]), np.zeros((1, 4)), table)
    assert (early.total * counted).sum() == pytest.approx(0.03)
    right = perfect_information_cost(demand, np.array([6.0]), np.zeros((1, 4)), table, counted)
    assert sum(right.values()).sum() == pytest.approx(0.03)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1), st.integers(0, 3))
def test_units_are_conserved_whatever_is_ordered(seed, lost_share, lead):
    rng = np.random.default_rng(seed)
    demand = rng.poisson(3.0, (4, 12)).astype(float)
    orders = rng.poisson(3.0, (4, 12)).astype(float)
    stock, pipeline = rng.integers(-4, 9, 4).astype(float), rng.poisson(1.0, (4, 12)).astype(float)
    run = replay(
        demand, fixed(orders), stock, pipeline, economics(4, lost_share=lost_share, lead_time_periods=lead)
    )
    net_end = run.close_units[:, -1] - run.backlog_units[:, -1]
    assert np.allclose(stock + run.received_units.sum(1) - (demand - run.lost_units).sum(1), net_end)
    assert (run.close_units * run.backlog_units == 0).all()
    assert (run.served_units <= demand).all()


def test_rules_by_hand():
    history = np.array([[np.nan, 2.0, 4.0], [np.nan, np.nan, np.nan]])
    cover = np.array([3, 3])
    fixed_levels = min_max(history, cover)
    assert fixed_levels.reorder_point.tolist() == [12.0, -1.0]  # 3 x (3 + 1); never sold: never ordered
    assert fixed_levels.order_up_to_level.tolist() == [24.0, 0.0]  # and 4 periods more
    assert days_of_cover(history, cover).order_up_to_level.tolist() == [15.0, 0.0]  # 3 x (3 + 2)
    sigma = np.std([2.0, 4.0], ddof=1)
    assert z_sigma(history, cover).order_up_to_level[0] == np.ceil(9 + 1.645 * sigma * np.sqrt(3))


@pytest.mark.parametrize("rule", RULES.values())
def test_rules_look_only_at_history_and_give_levels_that_order(rule):
    rng = np.random.default_rng(1)
    history = rng.poisson(5.0, (6, 40)).astype(float)
    levels = rule(history, np.full(6, 2))
    assert (levels.order_up_to_level > levels.reorder_point).all()
    assert (rule(history * 10, np.full(6, 2)).order_up_to_level > levels.order_up_to_level).all()
