"""The compiled simulator against a slow one written from the rules, and its promises as properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.inventory.order_policies import (
    OrderPolicy,
    base_stock_policy,
    fixed_orders,
    r_nQ_policy,
    s_S_policy,
)
from invnb.inventory.simulation import draw_lead_times, simulate, trajectories


def slow(demand, lead_time, on_hand, pipeline, planned, s, S, cap, least, pack, review, lost_share):
    """One product on one path, from the rules: lists of what happened in each period."""
    outstanding = [(t, units) for t, units in enumerate(pipeline) if units > 0]  # (arrival, units)
    net, newest, out = on_hand, 0, []
    for t, wanted in enumerate(demand):
        units = planned[t]
        if t % review == 0:
            position = net + sum(u for _, u in outstanding) + units
            if position <= s[t] and position < S[t]:
                more = max(min(S[t] - position, cap), least)
                units += math.ceil(more / pack - 1e-9) * pack if pack else more
        if units > 0:
            newest = max(newest, t + lead_time[t])
            outstanding.append((newest, units))
        received = sum(u for arrival, u in outstanding if arrival == t)
        outstanding = [(arrival, u) for arrival, u in outstanding if arrival != t]
        net += received
        served = min(wanted, max(net, 0))
        lost = lost_share * (wanted - served)
        net -= wanted - lost
        out.append((max(net, 0), max(-net, 0), units, received, lost, served))
    return np.array(out, dtype=float).T


@pytest.mark.parametrize("seed", range(25))
def test_every_rule_together_is_the_slow_simulator(seed: int) -> None:
    rng = np.random.default_rng(seed)
    P, N, T = 3, 2, 12
    demand = rng.poisson(3, (P, N, T)).astype(float)
    lead_time = rng.integers(0, 5, (P, N, T))
    on_hand = rng.integers(-4, 10, P)
    pipeline = rng.integers(0, 3, (P, T)) * (rng.random((P, T)) < 0.3)
    planned = rng.integers(0, 5, (P, T)) * (rng.random((P, T)) < 0.2)
    s = rng.integers(0, 8, (P, T))
    S = s + rng.integers(0, 10, (P, T))
    cap = rng.choice([4.0, np.inf], P)
    least, pack, review = rng.integers(0, 4, P), rng.integers(0, 4, P), rng.integers(1, 4, P)
    lost_share = rng.choice([0.0, 0.5, 1.0], P)
    policy = OrderPolicy(s, S, cap, least, pack, planned)
    state = {
        "lead_time_periods": lead_time,
        "initial_on_hand": on_hand,
        "pipeline": pipeline,
        "lost_share": lost_share,
        "review_period_periods": review,
    }
    path = trajectories(policy, demand, **state)
    h, p, b, K, c, discount = 1.5, 7.0, 2.0, 11.0, 3.0, 0.97
    run = simulate(
        policy, demand, **state, holding_cost_per_unit_period=h, shortage_cost_per_unit=p,
        backorder_cost_per_unit_period=b, fixed_cost_per_order=K, unit_cost=c, discount=discount,
    )  # fmt: skip
    value = discount ** np.arange(T)
    for i in range(P):
        for j in range(N):
            stock, backlog, ordered, received, lost, served = slow(
                demand[i, j], lead_time[i, j], on_hand[i], pipeline[i], planned[i], s[i], S[i],
                cap[i], least[i], pack[i], review[i], lost_share[i],
            )  # fmt: skip
            assert path.end_stock_units[i, j] == pytest.approx(stock)
            assert path.end_backlog_units[i, j] == pytest.approx(backlog)
            assert path.ordered_units[i, j] == pytest.approx(ordered)
            assert path.received_units[i, j] == pytest.approx(received)
            assert path.lost_units[i, j] == pytest.approx(lost)
            assert run.holding_cost[i, j] == pytest.approx(h * value @ stock)
            assert run.shortage_cost[i, j] == pytest.approx(value @ (p * lost + b * backlog))
            assert run.fixed_cost[i, j] == pytest.approx(K * value @ (ordered > 0))
            assert run.purchase_cost[i, j] == pytest.approx(c * value @ ordered)
            assert run.served_units[i, j] == pytest.approx(served.sum())
            assert run.n_orders[i, j] == (ordered > 0).sum()
            assert run.average_stock_units[i, j] == pytest.approx(stock.mean())
            short = served < demand[i, j]
            assert run.stockout_periods[i, j] == short.sum()
            starts = np.flatnonzero((received > 0) & (np.arange(T) > 0))
            cycles = np.split(short, starts)
            assert run.cycle_service[i, j] == pytest.approx(1 - np.mean([cycle.any() for cycle in cycles]))
    assert run.fill_rate == pytest.approx(run.served_units / run.demand_units)
    assert run.total_cost == pytest.approx(
        run.holding_cost + run.shortage_cost + run.fixed_cost + run.purchase_cost
    )


@settings(max_examples=50)
@given(
    st.integers(0, 2**32),
    st.floats(0, 1),
    st.integers(0, 4),
    st.floats(0, 30),
    st.floats(0, 20),
    st.floats(-20, 20),
)
def test_units_are_conserved(
    seed: int, lost_share: float, lead_time: int, s: float, gap: float, start: float
) -> None:
    demand = np.random.default_rng(seed).gamma(0.5, 8, (2, 3, 15))
    run = simulate(
        s_S_policy(s, s + gap, pack_units=1.5),
        demand,
        lead_time_periods=lead_time,
        initial_on_hand=start,
        lost_share=lost_share,
    )
    net = run.end_stock_units - run.end_backlog_units
    assert start + run.received_units - (run.demand_units - run.lost_units) == pytest.approx(net, abs=1e-9)
    assert run.ordered_units == pytest.approx(run.received_units + run.end_pipeline_units, abs=1e-9)
    assert run.conservation_error_units < 1e-9 * (1 + run.demand_units.max())


def test_an_order_of_the_review_of_period_t_is_available_in_t_plus_lead_time_plus_1() -> None:
    for lead_time in range(4):
        # period 0 wants one unit; the review that closes it orders one back
        demand = np.zeros((1, 1, 8))
        demand[0, 0, 0] = 1
        path = trajectories(base_stock_policy(1), demand, lead_time_periods=lead_time, initial_on_hand=1)
        assert np.flatnonzero(path.received_units).tolist() == [0 + lead_time + 1]


def test_orders_never_cross() -> None:
    rng = np.random.default_rng(3)
    demand = rng.poisson(2, (1, 50, 40)).astype(float)
    lead_time = draw_lead_times([0.2, 0.2, 0.2, 0.2, 0.2], 50, 40, rng)
    path = trajectories(base_stock_policy(10), demand, lead_time_periods=lead_time, initial_on_hand=10)
    placed, arrived = path.ordered_units.cumsum(axis=2), path.received_units.cumsum(axis=2)
    crossed_somewhere = False
    for j in range(50):
        due = np.arange(40) + lead_time[0, j]
        no_cross = np.maximum.accumulate(np.where(path.ordered_units[0, j] > 0, due, 0))
        crossed_somewhere |= bool(np.any((due < no_cross) & (path.ordered_units[0, j] > 0)))
        for t in range(40):
            assert arrived[0, j, t] == path.ordered_units[0, j, no_cross <= t].sum()
    assert crossed_somewhere
    assert np.all(arrived <= placed)


def test_lead_times_are_drawn_from_their_law() -> None:
    law = np.array([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]])
    drawn = draw_lead_times(law, 400, 100, np.random.default_rng(1))
    shares = np.stack([(drawn == lead).mean(axis=(1, 2)) for lead in range(3)], axis=1)
    assert shares == pytest.approx(law, abs=4 * np.sqrt(0.25 / 40_000))


@given(st.integers(-3, 12), st.integers(1, 9), st.integers(0, 2**32))
def test_r_nQ_position_stays_in_its_band(r: int, Q: int, seed: int) -> None:  # noqa: N802
    demand = np.random.default_rng(seed).poisson(4, (1, 1, 30)).astype(float)
    path = trajectories(r_nQ_policy(r, Q), demand, lead_time_periods=2, initial_on_hand=r + Q)
    net = r + Q + (path.received_units - demand).cumsum(axis=2)
    on_order = (path.ordered_units - path.received_units).cumsum(axis=2)
    after_review = net[..., :-1] + on_order[..., :-1] + path.ordered_units[..., 1:]
    assert np.all((after_review > r) & (after_review <= r + Q))
    assert np.all(path.ordered_units % Q == 0)


def test_a_plan_is_placed_as_it_stands() -> None:
    plan = np.array([[5.0, 0, 2], [0, 1, 0]])
    path = trajectories(fixed_orders(plan), np.ones((2, 4, 3)), lead_time_periods=1)
    assert path.ordered_units == pytest.approx(np.repeat(plan[:, None], 4, axis=1))


def test_service_where_nothing_is_wanted() -> None:
    run = simulate(base_stock_policy(0), np.zeros((1, 1, 4)))
    assert (run.fill_rate.item(), run.cycle_service.item(), run.total_cost.item()) == (1, 1, 0)


def test_common_random_numbers_compare_two_policies() -> None:
    demand = np.random.default_rng(4).poisson(5, (1, 400, 60)).astype(float)
    cost = {"lead_time_periods": 1, "holding_cost_per_unit_period": 1, "shortage_cost_per_unit": 9}
    low, high = (
        simulate(base_stock_policy(S), demand, initial_on_hand=S, lost_share=1, **cost).total_cost[0]
        for S in (13, 14)
    )
    assert np.std(low - high) < 0.6 * np.hypot(low.std(), high.std())
    assert low.mean() < high.mean()  # 13 is the best level, as printed


GOOD = {"policy": base_stock_policy(5), "demand": np.ones((2, 3, 4))}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demand": np.ones((3, 4))}, r"demand must have shape .*,? got \(3, 4\)"),
        ({"demand": np.ones((2, 3, 0))}, "demand must have shape"),
        ({"demand": -np.ones((2, 3, 4))}, "demand must be zero or more and finite, got -1"),
        ({"demand": np.full((1, 1, 1), np.nan)}, "demand .* nan"),
        ({"lead_time_periods": -1}, "lead_time_periods must be whole and at least 0, got -1"),
        ({"lead_time_periods": [1, 2, 3]}, r"lead_time_periods must be a scalar, \(2,\)"),
        ({"initial_on_hand": [1.0, 2, 3]}, "initial_on_hand"),
        ({"pipeline": np.ones((2, 3))}, r"pipeline must have shape .* \(2, 4\), got \(2, 3\)"),
        ({"pipeline": -np.ones((2, 4))}, "pipeline must be zero or more"),
        ({"holding_cost_per_unit_period": -1}, "holding_cost_per_unit_period must be zero or more"),
        ({"shortage_cost_per_unit": np.inf}, "shortage_cost_per_unit"),
        ({"lost_share": 1.5}, "lost_share must be between 0 and 1"),
        ({"review_period_periods": 0}, "review_period_periods must be whole and at least 1"),
        ({"discount": 0.0}, "discount must be above 0 and at most 1"),
        ({"policy": s_S_policy(np.nan, 5)}, "reorder_point must not be NaN"),
        ({"policy": fixed_orders([[1.0, 2.0]])}, "planned_orders must fit the shape"),
        ({"policy": base_stock_policy(5, order_cap=-1)}, "order_cap must be zero or more"),
        ({"policy": base_stock_policy(5, pack_units=-1)}, "pack_units must be zero or more"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    arguments = {**GOOD, **change}
    with pytest.raises(ValueError, match=message):
        simulate(arguments.pop("policy"), arguments.pop("demand"), **arguments)


def test_r_nQ_wants_whole_levels() -> None:  # noqa: N802
    with pytest.raises(ValueError, match="order_quantity must be above zero"):
        r_nQ_policy(3, 0)
    with pytest.raises(ValueError, match="reorder_point must be whole"):
        r_nQ_policy(3.5, 2)
