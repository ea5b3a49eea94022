"""The finite-horizon programme against print, a programme over full states, and simulation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from invnb.inventory import instances
from invnb.inventory.demand import normal_pmf, poisson_pmf
from invnb.inventory.finite_horizon import finite_horizon_policies, finite_horizon_policy
from invnb.inventory.order_policies import s_S_policy
from invnb.inventory.simulation import simulate
from invnb.inventory.stationary import stationary_s_S


def levels(policy) -> np.ndarray:
    return np.stack([policy.reorder_point, policy.order_up_to_level], axis=1)


def test_normal_demand_is_as_printed() -> None:
    instance = instances.load("fh_ss_p4_29")
    data = instance.inputs
    mean, sd, h, b = data["mean"], data["sd"], data["holding_cost"], data["stockout_cost"]

    def continuous_cost(_: int, y: np.ndarray) -> np.ndarray:
        z = (y - mean) / sd
        loss = sd * (stats.norm.pdf(z) - z * stats.norm.sf(z))
        return h * (y - mean + loss) + b * loss

    def terminal(x: np.ndarray) -> np.ndarray:
        return data["terminal_holding_cost"] * np.maximum(x, 0) + data["terminal_stockout_cost"] * np.maximum(
            -x, 0
        )

    policy = finite_horizon_policy(
        [normal_pmf(mean, sd)] * data["periods"],
        holding_cost_per_unit_period=h,
        shortage_cost_per_unit=b,
        unit_cost=data["unit_cost"],
        fixed_cost_per_order=data["fixed_cost"],
        discount=data["discount"],
        terminal_cost=terminal,
        period_cost=continuous_cost,
    )
    assert instance.agrees("policy_s_S", levels(policy))
    cost = float(policy.expected_cost(data["initial_stock"]))
    assert instance.agrees("cost_stockpyl", cost)
    assert cost == pytest.approx(instance.recomputed["cost_stockpyl"], abs=1e-8)


def test_poisson_demand_is_as_printed() -> None:
    instance = instances.load("fh_scarf_rossi")
    data = instance.inputs
    policy = finite_horizon_policy(
        poisson_pmf(data["poisson_means"]),
        holding_cost_per_unit_period=data["holding_cost"],
        shortage_cost_per_unit=data["stockout_cost"],
        fixed_cost_per_order=data["fixed_cost"],
    )
    assert instance.agrees("policy_s_S", levels(policy))
    assert policy.is_s_S.all()
    cost = float(policy.expected_cost(data["initial_stock"]))
    assert instance.agrees("cost_published", cost)
    assert cost == pytest.approx(instance.recomputed["cost_published"], abs=1e-8)
    assert policy.bound < 1e-8
    assert policy.n_growths >= 1


def test_lost_sales_with_capacity_is_as_printed() -> None:
    instance = instances.load("fh_puterman_3_2_2")
    data = instance.inputs
    law = np.array(data["demand_pmf"])

    def cost(_: int, y: np.ndarray) -> np.ndarray:
        sold = np.minimum(y[:, None], np.arange(len(law))) @ law
        return data["holding_cost_per_unit_after_ordering"] * y - data["price"] * sold

    policy = finite_horizon_policy(
        [law] * data["periods"],
        holding_cost_per_unit_period=0,
        shortage_cost_per_unit=0,
        lost_share=1,
        fixed_cost_per_order=data["fixed_cost"],
        unit_cost=data["unit_cost"],
        max_position=data["capacity"],
        period_cost=cost,
    )
    assert policy.grid.tolist() == data["states"]
    for to_go in (1, 2, 3):
        row = data["periods"] - to_go
        assert instance.agrees(f"value_{to_go}_to_go", -policy.value[row])
        assert instance.agrees(f"order_{to_go}_to_go", policy.position_after_order[row] - policy.grid)


def full_state_cost(laws, h, p, b, K, c, lead_time, discount, lost_share, most, terminal) -> float:
    """Least expected discounted cost from nothing, over net stock and every order on its way."""
    T = len(laws)

    @cache
    def value(t: int, net: float, coming: tuple[int, ...]) -> float:
        if t == T:
            return terminal(net)
        best = np.inf
        for z in range(most + 1 if t < T - lead_time else 1):
            pipe = (*coming, z)
            stock = net + pipe[0]
            cost = K * (z > 0) + c * z
            for d, prob in enumerate(laws[t]):
                if prob == 0:
                    continue
                short = max(d - max(stock, 0), 0)
                lost = lost_share * short
                left = stock - d + lost
                now = h * max(left, 0) + b * max(-left, 0) + p * lost
                # a fraction of a unit is lost by chance, so that states stay whole
                low = np.floor(left)
                later = (1 - (left - low)) * value(t + 1, low, pipe[1:])
                if left > low:
                    later += (left - low) * value(t + 1, low + 1, pipe[1:])
                cost += prob * (now + discount * later)
            best = min(best, cost)
        return best

    return value(0, 0.0, (0,) * lead_time)


def sunk_cost(laws, h, b, lead_time, discount) -> float:
    """Expected cost of the first periods, which no order reaches, from nothing in stock."""
    total, sums = 0.0, np.ones(1)
    for t in range(lead_time):
        sums = np.convolve(sums, laws[t])
        total += discount**t * b * (sums @ np.arange(len(sums)))
    return total


random_laws = st.lists(
    st.lists(st.integers(0, 5), min_size=3, max_size=3).filter(lambda w: sum(w) > 0), min_size=3, max_size=4
)


@settings(max_examples=25)
@given(
    random_laws,
    st.floats(0.1, 3),
    st.floats(0.5, 9),
    st.floats(0, 6),
    st.floats(0, 2),
    st.integers(0, 2),
    st.sampled_from([1.0, 0.9]),
)
def test_backorders_with_a_lead_time_need_the_position_alone(
    weights, h: float, b: float, K: float, c: float, lead_time: int, discount: float
) -> None:
    laws = [np.array(w) / sum(w) for w in weights]

    def terminal(net):
        return 0.5 * np.maximum(net, 0) + 4.0 * np.maximum(-np.asarray(net), 0)

    policy = finite_horizon_policy(
        laws,
        holding_cost_per_unit_period=h,
        shortage_cost_per_unit=b,
        fixed_cost_per_order=K,
        unit_cost=c,
        lead_time_periods=lead_time,
        discount=discount,
        terminal_cost=terminal,
    )
    expected = full_state_cost(laws, h, b, b, K, c, lead_time, discount, 0.0, 8, terminal)
    sunk = sunk_cost(laws, h, b, lead_time, discount)
    assert float(policy.expected_cost(0)) + sunk == pytest.approx(expected, abs=1e-9)
    assert policy.is_s_S.all()


@settings(max_examples=25)
@given(
    random_laws,
    st.floats(0.1, 3),
    st.floats(0.5, 9),
    st.floats(0.5, 9),
    st.floats(0, 6),
    st.sampled_from([0.25, 0.5, 1.0]),
    st.sampled_from([1.0, 0.9]),
)
def test_lost_sales_and_mixes(
    weights, h: float, p: float, b: float, K: float, lost_share: float, discount: float
) -> None:
    laws = [np.array(w) / sum(w) for w in weights]
    policy = finite_horizon_policy(
        laws,
        holding_cost_per_unit_period=h,
        shortage_cost_per_unit=p,
        backorder_cost_per_unit_period=b,
        fixed_cost_per_order=K,
        lost_share=lost_share,
        discount=discount,
    )
    expected = full_state_cost(laws, h, p, b, K, 0.0, 0, discount, lost_share, 8, lambda net: 0.0)
    assert float(policy.expected_cost(0)) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25)
@given(random_laws, st.floats(0.1, 3), st.floats(0.5, 9), st.floats(1, 5), st.sampled_from([0.0, 1.0]))
def test_without_fixed_cost_it_is_a_base_stock_that_dearer_shortage_never_lowers(
    weights, h: float, p: float, dearer: float, lost_share: float
) -> None:
    laws = [np.array(w) / sum(w) for w in weights]
    cheap, dear = (
        finite_horizon_policy(
            laws, holding_cost_per_unit_period=h, shortage_cost_per_unit=cost, lost_share=lost_share
        )
        for cost in (p, p * dearer)
    )
    assert np.array_equal(cheap.reorder_point, cheap.order_up_to_level)
    assert cheap.is_s_S.all()
    assert np.all(dear.order_up_to_level >= cheap.order_up_to_level)
    assert dear.expected_cost(0) >= cheap.expected_cost(0) - 1e-9


@pytest.mark.parametrize(("lead_time", "lost_share"), [(0, 0.0), (2, 0.0), (0, 1.0)])
def test_simulation_agrees(lead_time: int, lost_share: float) -> None:
    means = [6, 3, 9, 5, 7, 4, 8]
    costs = {
        "holding_cost_per_unit_period": 1.0,
        "shortage_cost_per_unit": 8.0,
        "fixed_cost_per_order": 15.0,
        "unit_cost": 0.5,
        "lead_time_periods": lead_time,
        "lost_share": lost_share,
        "discount": 0.98,
    }
    best = finite_horizon_policy(poisson_pmf(means), **costs)
    n = len(best.reorder_point)
    demand = np.random.default_rng(11).poisson(means, (1, 40_000, len(means))).astype(float)
    # no review after the last one whose order arrives in time
    s = np.append(best.reorder_point, np.full(len(means) - n, -np.inf))
    S = np.append(best.order_up_to_level, np.zeros(len(means) - n))
    run = simulate(s_S_policy(s[None], S[None]), demand, **costs)
    sunk = sum(0.98**t * 8.0 * sum(means[: t + 1]) for t in range(lead_time))
    cost = run.total_cost[0]
    assert cost.mean() == pytest.approx(
        float(best.expected_cost(0)) + sunk, abs=4 * cost.std() / np.sqrt(len(cost))
    )


def test_a_long_horizon_tends_to_the_stationary_policy() -> None:
    costs = {"holding_cost_per_unit_period": 1, "fixed_cost_per_order": 5}
    long = finite_horizon_policy([poisson_pmf(6)] * 80, shortage_cost_per_unit=4, **costs)
    forever = stationary_s_S(poisson_pmf(6), backorder_cost_per_unit_period=4, **costs)
    assert long.reorder_point[0] == forever.reorder_point
    assert long.order_up_to_level[0] == forever.order_up_to_level
    zero = -long.grid[0]
    assert long.value[0, zero] - long.value[1, zero] == pytest.approx(
        float(forever.cost_per_period), abs=1e-6
    )


def test_the_grid_grows_to_where_ordering_begins_to_pay() -> None:
    # with five periods to go a unit ordered saves 5 - 4.9: worth the fixed cost of 1 from 10 units on
    law, c = np.array([0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]), 4.9
    policy = finite_horizon_policy(
        [law] * 5,
        holding_cost_per_unit_period=9,
        shortage_cost_per_unit=1,
        unit_cost=c,
        fixed_cost_per_order=1,
    )
    assert policy.n_growths > 1
    assert policy.reorder_point[0] == -10
    assert policy.reorder_point[1] == -np.inf  # four periods of waiting are cheaper than the unit
    assert policy.bound <= 1e-10 * (1 + np.abs(policy.value).max())
    below = policy.grid[0] - 5
    slope = policy.value[0, 1] - policy.value[0, 0]
    assert slope == pytest.approx(-c)
    assert float(policy.expected_cost(below)) == pytest.approx(policy.value[0, 0] - 5 * slope)


GOOD = {"demand": [[0.5, 0.5]] * 3, "holding_cost_per_unit_period": 1, "shortage_cost_per_unit": 4}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demand": []}, "demand must hold one law"),
        ({"demand": [[0.5, 0.4]]}, "demand must sum to 1"),
        ({"demand": [[0.5, np.nan]]}, "demand .* nan"),
        ({"demand": np.full((2, 2, 2), 0.5)}, r"demand must have shape \(n_period, n_atom\)"),
        ({"holding_cost_per_unit_period": -1}, "holding_cost_per_unit_period must be zero or more"),
        ({"fixed_cost_per_order": [1, 2]}, r"fixed_cost_per_order must fit the shape \(3,\)"),
        ({"lost_share": 2}, "lost_share must be between 0 and 1"),
        ({"lost_share": 0.5, "lead_time_periods": 1}, "lost_share must be 0 with a lead time"),
        ({"lead_time_periods": -1}, "lead_time_periods must be whole and at least 0"),
        ({"lead_time_periods": 3}, "lead_time_periods must be below the 3 periods of demand, got 3"),
        ({"discount": 1.2}, "discount must be above 0 and at most 1"),
        ({"max_position": -1}, "max_position must be whole and at least 0"),
        ({"period_cost": lambda t, y: y[:1]}, "period_cost must return shape"),
        ({"terminal_cost": lambda x: x * np.nan}, "terminal_cost must be finite"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        finite_horizon_policy(**{**GOOD, **change})


def test_a_position_above_the_grid_is_named() -> None:
    policy = finite_horizon_policy(**GOOD)
    with pytest.raises(ValueError, match="position must be at most"):
        policy.expected_cost(10_000)


def test_many_products_are_the_products_one_by_one() -> None:
    laws = poisson_pmf([2, 5, 3, 4]) * np.ones((3, 1, 1))
    costs = {"holding_cost_per_unit_period": 1, "shortage_cost_per_unit": [4, 9, 9]}
    lost_share, lead_time, K = [0.0, 1.0, 0.0], [0, 0, 2], [[1, 2, 3, 4], [5, 5, 5, 5], [0, 0, 0, 0]]
    many = finite_horizon_policies(
        laws, lost_share=lost_share, lead_time_periods=lead_time, fixed_cost_per_order=K, **costs
    )
    for i, policy in enumerate(many):
        alone = finite_horizon_policy(
            laws[i],
            holding_cost_per_unit_period=1,
            shortage_cost_per_unit=costs["shortage_cost_per_unit"][i],
            fixed_cost_per_order=K[i],
            lost_share=lost_share[i],
            lead_time_periods=lead_time[i],
        )
        assert policy.value == pytest.approx(alone.value, rel=1e-12)
        assert np.array_equal(policy.position_after_order, alone.position_after_order)
    with pytest.raises(ValueError, match="lost_share must be a scalar or have a first axis of 3"):
        finite_horizon_policies(laws, lost_share=[0, 1], **costs)
    with pytest.raises(ValueError, match=r"demand must have shape \(n_product, n_period, n_atom\)"):
        finite_horizon_policies(laws[0], **costs)
