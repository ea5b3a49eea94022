"""The order of a review: brute force by a plain simulation, and what a planner must never see."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.decide.first_order import Levels, first_order_costs, order_sizes, round_up
from invnb.decide.limits import Limit, cut_to_limits, review_limits
from invnb.decide.review import review_orders


def economics(n=1, **changes):
    values = {
        "unit_cost": 5.0,
        "holding_cost_per_unit_period": 1.0,
        "shortage_cost_per_unit": 9.0,
        "backorder_cost_per_unit_period": 0.9,
        "lost_share": 1.0,
        "order_cost": 0.0,
        "lead_time_periods": 1,
        "review_period_periods": 1,
        "min_order_units": 1.0,
        "pack_units": 1.0,
        "volume_m3": 0.01,
    } | changes
    return pd.DataFrame({name: np.broadcast_to(value, n) for name, value in values.items()})


def cost_by_hand(path, first, stock, inbound, row, reorder_point, level):
    """One path, one product, plain arithmetic: holding + lost + waiting + order cost, and units lost."""
    lead = int(row["lead_time_periods"])
    arriving = np.concatenate([inbound, np.zeros(lead + 1)])
    net, cost, lost = float(stock), 0.0, 0.0
    for t, demand in enumerate(path):
        position = net + arriving[t:].sum()
        if t == 0:
            order = first
        elif t % int(row["review_period_periods"]) == 0 and position <= reorder_point:
            order = round_up(
                np.array([level - position]),
                np.array([row["pack_units"]]),
                np.array([row["min_order_units"]]),
            )[0]
        else:
            order = 0.0
        arriving[t + lead] += order
        cost += row["order_cost"] * (order > 0)
        net += arriving[t]
        available = max(net, 0.0)
        unmet = max(demand - available, 0.0)
        net -= demand - row["lost_share"] * unmet
        lost += row["lost_share"] * unmet
        cost += row["holding_cost_per_unit_period"] * max(net, 0.0)
        cost += row["shortage_cost_per_unit"] * row["lost_share"] * unmet
        cost += row["backorder_cost_per_unit_period"] * max(-net, 0.0)
    return cost, lost, level - net - arriving[len(path) :].sum()


def end_cost(gap, row, rate):
    """What a position `gap` below the level at the end still costs, by the deterministic lot-size model."""
    cost = row["holding_cost_per_unit_period"] / (2 * rate) * gap**2
    return min(cost, row["order_cost"]) if gap > 0 else cost


def mean_by_hand(paths, *state):
    """Mean over the paths of cost with the end included, and of units lost."""
    runs = [cost_by_hand(path, *state) for path in paths]
    return (
        np.mean([cost + end_cost(gap, state[3], paths.mean()) for cost, _, gap in runs]),
        np.mean([lost for _, lost, _ in runs]),
    )


@pytest.mark.parametrize("lost_share", [1.0, 0.8, 0.0])
@pytest.mark.parametrize("lead", [0, 1, 3])
@pytest.mark.parametrize(("review", "pack", "minimum"), [(1, 1, 1), (2, 6, 12)])
def test_expected_cost_and_lost_units_of_each_first_order(lost_share, lead, review, pack, minimum):
    rng = np.random.default_rng(7)
    demand = rng.poisson(4.0, (2, 5, 6)).astype(float)
    table = economics(
        2, lost_share=lost_share, lead_time_periods=lead, review_period_periods=review, order_cost=3.0,
        pack_units=float(pack), min_order_units=float(minimum),
    )  # fmt: skip
    stock = np.array([6.0, 2.0])
    inbound = np.zeros((2, 6))
    inbound[:, 1] = 5.0
    levels = Levels(np.array([8.0, 9.0]), np.array([14.0, 15.0]), np.zeros(2))
    sizes = np.array([[0.0, 5.0, 12.0], [0.0, 7.0, 24.0]])
    cost, lost = first_order_costs(demand, sizes, stock, inbound, table, levels)
    for i in range(2):
        for j in range(3):
            by_hand = mean_by_hand(
                demand[i], sizes[i, j], stock[i], inbound[i], table.iloc[i],
                levels.reorder_point[i], levels.order_up_to_level[i],
            )  # fmt: skip
            assert (cost[i, j], lost[i, j]) == pytest.approx(by_hand, rel=1e-9)


def test_pack_rounding_up_or_not_at_all_whichever_costs_less():
    demand = np.full((1, 3, 6), 2.0)
    levels = Levels(np.array([4.0]), np.array([4.0]), np.zeros(1))
    state = (np.array([3.0]), np.zeros((1, 6)))  # one unit below the level
    cheap = economics(min_order_units=6.0, pack_units=6.0, holding_cost_per_unit_period=0.1)
    dear = economics(min_order_units=6.0, pack_units=6.0, holding_cost_per_unit_period=20.0)
    up = review_orders(demand, *state, cheap, levels)
    none = review_orders(demand, *state, dear, levels)
    assert (up.wanted_units[0], up.order_units[0], none.order_units[0]) == (1.0, 6.0, 0.0)
    for result, table in [(up, cheap), (none, dear)]:
        cost, _ = first_order_costs(demand, np.array([[0.0, 6.0]]), *state, table, levels)
        assert result.order_units[0] == [0.0, 6.0][int(np.argmin(cost[0]))]


def test_marginal_value_of_the_last_unit_is_the_difference_of_two_simulations():
    rng = np.random.default_rng(3)
    demand = rng.poisson(3.0, (1, 40, 8)).astype(float)
    table, stock, inbound = economics(order_cost=1.0), np.array([2.0]), np.zeros((1, 8))
    levels = Levels(np.array([7.0]), np.array([9.0]), np.zeros(1))
    result = review_orders(demand, stock, inbound, table, levels)
    mean = {
        q: np.mean([cost_by_hand(p, q, 2.0, inbound[0], table.iloc[0], 7.0, 9.0)[0] for p in demand[0]])
        for q in (0.0, 6.0, 7.0)
    }
    assert result.order_units[0] == 7.0
    assert result.marginal_value_last_unit[0] == pytest.approx(mean[6.0] - mean[7.0])
    assert result.expected_cost_without[0] - result.expected_cost[0] == pytest.approx(mean[0.0] - mean[7.0])


def test_an_order_that_arrives_after_the_horizon_is_still_worth_placing():
    """The level asks for seven periods' demand; six of them are lost before the order comes, so for one."""
    demand = np.full((1, 2, 3), 4.0)
    table = economics(lead_time_periods=6, shortage_cost_per_unit=50.0)
    level = np.array([28.0])
    result = review_orders(
        demand, np.array([2.0]), np.zeros((1, 3)), table, Levels(level, level, np.zeros(1))
    )
    assert result.order_units[0] == 4.0
    assert result.expected_cost[0] < result.expected_cost_without[0]


def test_probability_of_stock_out_counts_paths():
    demand = np.array([[[3.0, 3.0, 9.0], [1.0, 1.0, 1.0], [6.0, 0.0, 0.0], [2.0, 2.0, 0.0]]])
    result = review_orders(
        demand, np.array([4.0]), np.zeros((1, 3)), economics(lead_time_periods=2),
        Levels(np.array([0.0]), np.array([0.0]), np.zeros(1)),
    )  # fmt: skip
    assert result.stockout_probability[0] == pytest.approx(2 / 4)  # paths 1 and 3, before period 2
    assert result.stockout_by_period[0].tolist() == [1 / 4, 1 / 4, 1 / 4]


def test_backorders_at_the_start_are_not_a_new_stock_out():
    demand = np.array([[[0.0, 2.0]]])
    result = review_orders(
        demand, np.array([-3.0]), np.array([[4.0, 0.0]]), economics(lost_share=0.5),
        Levels(np.array([0.0]), np.array([0.0]), np.zeros(1)),
    )  # fmt: skip
    assert result.stockout_by_period[0].tolist() == [0.0, 1.0]


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"inbound_units must have the shape \(1, 4\)"):
        review_orders(np.ones((1, 2, 4)), np.ones(1), np.ones((1, 3)), economics(), Levels(*np.zeros((3, 1))))


def test_the_best_use_of_a_budget_by_brute_force():
    """Greedy cuts stay within one step of the best of all combinations."""
    rng = np.random.default_rng(11)
    for _ in range(30):
        sizes = np.array([[0.0, 1.0, 2.0, 3.0]] * 4)
        gain = np.sort(rng.uniform(0, 10, (4, 3)), axis=1)[:, ::-1].cumsum(axis=1)  # concave
        cost = 100 - np.concatenate([np.zeros((4, 1)), gain], axis=1)
        use = rng.uniform(1, 3, 4)
        limit = Limit("budget", 0.6 * 3 * use.sum(), use, "CNY")
        chosen = cut_to_limits(sizes, cost, np.full(4, 3), [limit]).choice
        have = cost[np.arange(4), chosen].sum()
        grid = np.stack(np.meshgrid(*[range(4)] * 4), axis=-1).reshape(-1, 4)
        fits = (grid * use).sum(axis=1) <= limit.available
        best = cost[np.arange(4), grid[fits]].sum(axis=1).min()
        biggest_step = np.diff(-cost, axis=1).max()
        assert best - 1e-9 <= have <= best + biggest_step


def test_two_limits_both_hold_and_what_does_not_use_one_is_left_alone():
    sizes = np.array([[0.0, 10.0], [0.0, 10.0], [0.0, 10.0]])
    cost = np.array([[30.0, 0.0], [20.0, 0.0], [10.0, 0.0]])
    money = Limit("budget", 20.0, np.array([1.0, 1.0, 1.0]), "CNY")
    room = Limit("storage", 5.0, np.array([1.0, 0.0, 0.0]), "m³")
    found = cut_to_limits(sizes, cost, np.array([1, 1, 1]), [money, room])
    # the third is cut by money; the first by room, which leaves money for the third again
    assert found.choice.tolist() == [0, 1, 1]
    assert found.binding_limit.tolist() == ["storage", "", ""]


problem = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.integers(0, 2**31),
        st.floats(0, 400),
        st.floats(0, 1.0),
        st.lists(st.sampled_from([1.0, 2.0, 6.0, 12.0]), min_size=n, max_size=n),
        st.lists(st.integers(1, 30), min_size=n, max_size=n),
    )
)


@settings(max_examples=60, deadline=None)
@given(problem)
def test_orders_never_exceed_a_limit_nor_split_a_pack(given_problem):
    n, seed, budget, storage, packs, minimum = given_problem
    rng = np.random.default_rng(seed)
    demand = rng.poisson(rng.uniform(0.2, 8, (n, 1, 1)), (n, 12, 6)).astype(float)
    table = economics(
        n, pack_units=packs, min_order_units=np.array(minimum, float), unit_cost=rng.uniform(1, 9, n),
        lead_time_periods=rng.integers(0, 4, n), lost_share=rng.uniform(0, 1, n), order_cost=2.0,
    )  # fmt: skip
    level = rng.integers(0, 40, n).astype(float)
    stock = rng.integers(-5, 20, n).astype(float)
    limits = review_limits(table, stock, budget=budget, storage_m3=storage, currency="CNY")
    result = review_orders(
        demand, stock, np.zeros((n, 6)), table, Levels(level, level + 5, np.zeros(n)), limits
    )
    units = result.order_units
    for limit in limits:
        assert limit.use_per_unit @ units <= limit.available * (1 + 1e-9) + 1e-9
    assert (units % packs == 0).all()
    assert ((units == 0) | (units >= minimum)).all()
    assert (units <= result.full_units).all()
    cut = units < result.full_units
    assert (result.binding_limit[cut] != "").all()
    assert (result.binding_limit[~cut] == "").all()


def test_order_sizes_are_whole_packs_from_nothing_to_all():
    sizes = order_sizes(np.array([120.0, 0.0]), np.array([12.0, 5.0]), np.array([24.0, 5.0]))
    assert sizes[0].tolist() == [0.0, *range(24, 121, 12)]
    assert (sizes[1] == 0).all()
