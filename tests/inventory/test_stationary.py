"""(s, S) against print, against all policies of small cases, and against a Markov chain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.inventory import instances
from invnb.inventory.demand import empirical_pmf, lead_time_demand_pmf, poisson_pmf
from invnb.inventory.order_policies import s_S_policy
from invnb.inventory.simulation import simulate
from invnb.inventory.stationary import power_approximation, s_S_cost, stationary_s_S

PRINTED = [*instances.all_ids("sS_zheng_federgruen_"), "sS_ss_4_7"]

laws = st.lists(st.integers(0, 9), min_size=2, max_size=6).filter(lambda w: sum(w[1:]) > 0)


def solve(instance: instances.Instance, pmf: np.ndarray):
    data = instance.inputs
    return stationary_s_S(
        pmf,
        holding_cost_per_unit_period=data["holding_cost"],
        backorder_cost_per_unit_period=data["stockout_cost"],
        fixed_cost_per_order=data["fixed_cost"],
    )


@pytest.mark.parametrize("instance_id", PRINTED)
def test_policy_and_cost_are_the_printed_ones(instance_id: str) -> None:
    instance = instances.load(instance_id)
    best = solve(instance, poisson_pmf(instance.inputs["mean"]))
    assert instance.agrees("s", best.reorder_point)
    assert instance.agrees("S", best.order_up_to_level)
    assert instance.agrees("cost", best.cost_per_period)
    # the recomputed figures carry nine decimals
    assert best.cost_per_period == pytest.approx(instance.recomputed["cost"], abs=1e-8)


def test_products_at_once_are_the_products_one_by_one() -> None:
    rows = [instances.load(name) for name in PRINTED]
    inputs = {k: np.array([row.inputs[k] for row in rows], float) for k in rows[0].inputs}
    together = stationary_s_S(
        poisson_pmf(inputs["mean"]),
        holding_cost_per_unit_period=inputs["holding_cost"],
        backorder_cost_per_unit_period=inputs["stockout_cost"],
        fixed_cost_per_order=inputs["fixed_cost"],
    )
    for i, row in enumerate(rows):
        alone = solve(row, poisson_pmf(row.inputs["mean"]))
        assert together.reorder_point[i] == alone.reorder_point
        assert together.order_up_to_level[i] == alone.order_up_to_level
        assert together.cost_per_period[i] == pytest.approx(alone.cost_per_period, abs=1e-8)


@settings(max_examples=40)
@given(laws, st.floats(0.1, 5), st.floats(0.1, 20), st.floats(0, 30), st.integers(0, 2))
def test_no_policy_is_cheaper(weights: list[int], h: float, b: float, K: float, lead_time: int) -> None:
    pmf = np.array(weights) / sum(weights)
    costs = {
        "holding_cost_per_unit_period": h,
        "backorder_cost_per_unit_period": b,
        "fixed_cost_per_order": K,
        "lead_time_periods": lead_time,
    }
    best = stationary_s_S(pmf, **costs)
    assert s_S_cost(best.reorder_point, best.order_up_to_level, pmf, **costs) == pytest.approx(
        float(best.cost_per_period)
    )
    s, S = np.meshgrid(
        np.arange(best.reorder_point - 8, best.order_up_to_level + 8),
        np.arange(best.reorder_point - 7, best.order_up_to_level + 15),
    )
    some = s < S
    others = s_S_cost(s[some], S[some], pmf, **costs)
    assert np.all(others >= best.cost_per_period - 1e-9 * (1 + best.cost_per_period))


def test_cost_of_a_policy_is_that_of_its_markov_chain() -> None:
    pmf, s, S, h, b, K, L = np.array([0.2, 0.1, 0.4, 0.3]), 2, 7, 1.5, 6.0, 11.0, 1
    # positions after the review: s + 1 .. S
    chain, orders = np.zeros((S - s, S - s)), np.zeros(S - s)
    for i in range(S - s):
        for d, p in enumerate(pmf):
            after = s + 1 + i - d
            chain[i, (S if after <= s else after) - s - 1] += p
            orders[i] += p * (after <= s)
    equations = np.vstack([chain.T - np.eye(S - s), np.ones(S - s)])
    stationary = np.linalg.lstsq(equations, np.append(np.zeros(S - s), 1.0), rcond=None)[0]
    cover = lead_time_demand_pmf(pmf, L)
    d = np.arange(len(cover))
    net = np.arange(s + 1, S + 1)[:, None] - d
    G = (h * np.maximum(net, 0) + b * np.maximum(-net, 0)) @ cover
    expected = stationary @ (G + K * orders)
    got = s_S_cost(
        s, S, pmf,
        holding_cost_per_unit_period=h, backorder_cost_per_unit_period=b,
        fixed_cost_per_order=K, lead_time_periods=L,
    )  # fmt: skip
    assert got == pytest.approx(expected, rel=1e-12)


@given(laws, st.floats(0.1, 5), st.floats(0.1, 20), st.floats(1, 4), st.integers(0, 3))
def test_without_fixed_cost_it_is_the_base_stock(
    weights: list[int], h: float, b: float, dearer: float, lead_time: int
) -> None:
    pmf = np.array(weights) / sum(weights)
    best = stationary_s_S(
        pmf, holding_cost_per_unit_period=h, backorder_cost_per_unit_period=b, lead_time_periods=lead_time
    )
    cdf = np.cumsum(lead_time_demand_pmf(pmf, lead_time))
    level = int(best.order_up_to_level)
    assert best.reorder_point == level - 1
    assert cdf[level] >= b / (b + h) - 1e-9
    assert level == 0 or cdf[level - 1] <= b / (b + h) + 1e-9
    more = stationary_s_S(
        pmf,
        holding_cost_per_unit_period=h,
        backorder_cost_per_unit_period=b * dearer,
        lead_time_periods=lead_time,
    )
    assert more.order_up_to_level >= level
    assert more.cost_per_period >= best.cost_per_period - 1e-9


@pytest.mark.parametrize("lead_time", [0, 2])
def test_simulation_agrees(lead_time: int) -> None:
    pmf = poisson_pmf(4.0)
    costs = {
        "holding_cost_per_unit_period": 1.0,
        "backorder_cost_per_unit_period": 9.0,
        "fixed_cost_per_order": 20.0,
        "lead_time_periods": lead_time,
    }
    best = stationary_s_S(pmf, **costs)
    demand = np.random.default_rng(5).poisson(4, (1, 200, 2000)).astype(float)
    run = simulate(
        s_S_policy(best.reorder_point, best.order_up_to_level),
        demand,
        initial_on_hand=best.order_up_to_level,
        **costs,
    )
    cost = run.total_cost[0] / run.n_period
    # four standard errors, and the start from a full stock: less than one order spread over the path
    error = 4 * cost.std() / np.sqrt(len(cost)) + 2 * (20 + 9 * 4 * (lead_time + 1)) / run.n_period
    assert cost.mean() == pytest.approx(float(best.cost_per_period), abs=error)
    assert error < 0.02 * best.cost_per_period + 0.1


def test_random_lead_time_and_sample_law() -> None:
    sample = np.random.default_rng(2).negative_binomial(2, 0.2, 400)
    pmf = empirical_pmf(sample)
    cover = 0.5 * np.pad(lead_time_demand_pmf(pmf, 0), (0, len(pmf) - 1)) + 0.5 * lead_time_demand_pmf(pmf, 1)
    mixed = stationary_s_S(
        pmf, holding_cost_per_unit_period=1, backorder_cost_per_unit_period=9, lead_time_demand=cover
    )
    # the newsvendor level of the cover's law
    assert mixed.order_up_to_level == int(np.searchsorted(np.cumsum(cover), 0.9))


def test_nothing_wanted_costs_nothing() -> None:
    best = stationary_s_S([1.0], holding_cost_per_unit_period=1, backorder_cost_per_unit_period=9)
    assert (best.order_up_to_level, best.cost_per_period) == (0, 0)


def test_power_approximation_is_the_printed_one_and_its_cap_pays() -> None:
    instance = instances.load("sS_power_ss_4_8")
    data = instance.inputs
    costs = {
        "holding_cost_per_unit_period": data["holding_cost"],
        "backorder_cost_per_unit_period": data["stockout_cost"],
        "fixed_cost_per_order": data["fixed_cost"],
    }
    near = power_approximation(data["mean"], data["sd"], **costs)
    assert instance.agrees("s", near.reorder_point)
    assert instance.agrees("S", near.order_up_to_level)
    assert near.capped_order_up_to_level < near.order_up_to_level
    from invnb.inventory.demand import normal_pmf

    pmf = normal_pmf(data["mean"], data["sd"])
    best = stationary_s_S(pmf, **costs).cost_per_period
    plain, capped = (
        s_S_cost(round(float(s)), round(float(S)), pmf, **costs)
        for s, S in (
            (near.reorder_point, near.order_up_to_level),
            (near.capped_reorder_point, near.capped_order_up_to_level),
        )
    )
    assert best <= capped < plain


GOOD = {"holding_cost_per_unit_period": 1, "backorder_cost_per_unit_period": 9}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pmf": [0.5, 0.4]}, "pmf must sum to 1"),
        ({"pmf": [0.5, np.nan]}, "pmf .* nan"),
        ({"holding_cost_per_unit_period": 0}, "holding_cost_per_unit_period must be above zero"),
        ({"backorder_cost_per_unit_period": -1}, "backorder_cost_per_unit_period must be above zero"),
        ({"fixed_cost_per_order": -1}, "fixed_cost_per_order must be zero or more"),
        ({"lead_time_periods": -1}, "lead_time_periods must be whole and at least 0, got -1"),
        ({"lead_time_periods": 0.5}, "lead_time_periods must be whole"),
        ({"fixed_cost_per_order": [1, 2], "holding_cost_per_unit_period": [1, 2, 3]}, "shapes"),
        ({"pmf": np.full((3, 2), 0.5), "fixed_cost_per_order": [1, 2]}, "the same products"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stationary_s_S(**{"pmf": [0.5, 0.5], **GOOD, **change})


def test_reorder_point_above_the_level_is_named() -> None:
    with pytest.raises(ValueError, match="reorder_point must be below order_up_to_level, got 5 and 5"):
        s_S_cost(5, 5, [0.5, 0.5], **GOOD)
