"""The environment is the simulator, a learned policy stands in the comparison, training repeats itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("gymnasium", reason="extra learned-policy not installed")

from invnb.decide.case import Case
from invnb.decide.learned_policy import (
    lost_sales_task,
    replay_learned,
    scenarios_task,
    tabulated,
    train_policy,
)
from invnb.decide.ordering_env import OrderingEnv, OrderingTask
from invnb.inventory.demand import geometric_pmf, poisson_pmf
from invnb.inventory.lost_sales import lost_sales_problem, optimal_policy, path_costs
from invnb.inventory.lost_sales_rules import base_stock_policy
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.simulation import simulate

PROBLEM = lost_sales_problem(
    poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1, shortage_cost_per_unit=4
)


def shop(n_sku: int = 5, n_scenario: int = 20, n_period: int = 8) -> tuple[np.ndarray, pd.DataFrame]:
    """Demand paths and economics of products with packs, reviews, order cost and waiting customers."""
    rng = np.random.default_rng(3)
    paths = rng.poisson(rng.gamma(4, 2, (n_sku, 1, 1)), (n_sku, n_scenario, n_period)).astype(float)
    economics = pd.DataFrame(
        {
            "sku": [f"S{i}" for i in range(n_sku)],
            "unit_cost": 10.0,
            "holding_cost_per_unit_period": rng.uniform(0.1, 1.0, n_sku),
            "shortage_cost_per_unit": rng.uniform(5.0, 20.0, n_sku),
            "backorder_cost_per_unit_period": rng.uniform(0.5, 2.0, n_sku),
            "lost_share": rng.uniform(0.0, 1.0, n_sku),
            "order_cost": 6.0,
            "lead_time_periods": [1, 2, 3, 2, 1],
            "review_period_periods": [1, 2, 1, 3, 1],
            "min_order_units": [1.0, 8.0, 1.0, 5.0, 1.0],
            "pack_units": [1.0, 4.0, 6.0, 1.0, 3.0],
        }
    )
    return paths, economics


@pytest.fixture(scope="module")
def task() -> OrderingTask:
    paths, economics = shop()
    return scenarios_task([paths, 2 * paths], economics, seed=1)


@pytest.mark.filterwarnings("ignore:.*A Box observation space")  # stock has no bound
@pytest.mark.parametrize("which", ["published", "shop"])
def test_gymnasium_accepts_the_environment(which: str, task: OrderingTask) -> None:
    from gymnasium.utils.env_checker import check_env

    check_env(
        OrderingEnv(lost_sales_task(PROBLEM, 1) if which == "published" else task), skip_render_check=True
    )


@pytest.mark.parametrize("product", range(10))
def test_same_orders_same_demand_same_cost_as_the_simulator(task: OrderingTask, product: int) -> None:
    rng = np.random.default_rng(product)
    env, path = OrderingEnv(task), int(rng.integers(task.demand.shape[1]))
    lead, n_period = int(task.lead_time_periods[product]), task.demand.shape[2]
    on_hand, on_way = float(rng.integers(0, 9)), rng.integers(0, 9, lead).astype(float)
    env.reset(
        seed=0, options={"product": product, "path": path, "on_hand": on_hand, "on_way": on_way.tolist()}
    )
    cost, orders, over = 0.0, [], False
    while not over:
        _, reward, terminated, over, info = env.step(int(rng.choice([0, 0, 1, 3, task.n_lots])))
        assert not terminated
        assert reward == pytest.approx(1 - info["cost"] / task.reference_cost_per_period[product])
        cost += info["cost"]
        orders.append(info["ordered_units"])
    ordered = np.array(orders)
    assert len(orders) == n_period
    assert ordered.sum() > 0
    assert (ordered % task.pack_units[product] == 0).all()
    assert (ordered[ordered > 0] >= task.min_order_units[product]).all()
    between = np.arange(n_period) % task.review_period_periods[product] > 0
    assert (ordered[between] == 0).all()
    run = simulate(
        fixed_orders(ordered[None]),
        task.demand[product, path][None, None],
        lead_time_periods=lead,
        initial_on_hand=on_hand,
        pipeline=np.pad(on_way, (0, n_period - lead))[None],
        holding_cost_per_unit_period=task.holding_cost_per_unit_period[product],
        shortage_cost_per_unit=task.shortage_cost_per_unit[product],
        backorder_cost_per_unit_period=task.backorder_cost_per_unit_period[product],
        fixed_cost_per_order=task.order_cost[product],
        lost_share=task.lost_share[product],
    )
    assert cost == pytest.approx(run.total_cost.item(), abs=1e-9, rel=1e-12)


def test_the_environment_agrees_with_the_exact_policys_own_paths() -> None:
    """Optimal orders, played step by step through observations, cost what `path_costs` says."""
    task, best = lost_sales_task(PROBLEM, 1), optimal_policy(PROBLEM)
    env, scale, cost, over = OrderingEnv(task), task.scale_units[0], 0.0, False
    seen, _ = env.reset(seed=0, options={"path": 7, "on_hand": 0, "on_way": [0, 0]})
    while not over:
        on_hand, on_way = np.round(seen * scale)
        seen, _, _, over, info = env.step(int(best.order_units(on_hand, [on_way])))
        cost += info["cost"]
    expected = path_costs(PROBLEM, best, task.demand[0, 7][None]).item() * task.demand.shape[2]
    assert cost == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("law", [poisson_pmf(3), geometric_pmf(3)])
@pytest.mark.parametrize("lead_time", [1, 2, 3])
def test_a_table_of_a_known_rule_costs_what_the_rule_costs(law: np.ndarray, lead_time: int) -> None:
    problem = lost_sales_problem(
        law, lead_time_periods=lead_time, holding_cost_per_unit_period=1, shortage_cost_per_unit=6
    )
    task = lost_sales_task(problem, 1)
    level, cap = int(problem.limits[-1]) - 2, int(problem.limits[0])

    def capped_base_stock(seen: np.ndarray) -> np.ndarray:
        position = np.round(seen.astype(float) * task.scale_units[0]).sum(axis=1)
        return np.clip(level - position, 0, cap).astype(int)

    found = tabulated(problem, task, capped_base_stock)
    rule = base_stock_policy(problem, level, cap)
    assert found.cost_per_period == pytest.approx(rule.cost_per_period, abs=1e-5)
    assert found.cost_per_period > optimal_policy(problem).cost_per_period - 1e-6


def test_an_actor_on_the_ground_of_the_backtest_orders_lots_of_its_forecast() -> None:
    paths, economics = shop()
    n_sku, n_period = len(economics), 12
    demand = np.random.default_rng(1).poisson(6, (n_sku, n_period)).astype(float)
    on_sale = np.ones((n_sku, n_period), bool)
    on_sale[0, 6:] = False
    case = Case(
        np.where(on_sale, demand, 0.0), demand, on_sale, np.full(n_sku, 9.0), np.zeros((n_sku, n_period)),
        economics, period_days=7,
    )  # fmt: skip
    observed = []

    def two_lots(seen: np.ndarray) -> np.ndarray:
        observed.append(seen)
        return np.full(len(seen), 2)

    run = replay_learned(case, [paths] * n_period, two_lots)
    mean = paths.mean(axis=(1, 2))  # two lots are a mean period
    pack = economics["pack_units"].to_numpy()
    due = np.arange(n_period) % economics["review_period_periods"].to_numpy()[:, None] == 0
    due[0, 5:] = False  # would arrive after the end
    least = np.maximum(mean, economics["min_order_units"].to_numpy())
    expected = np.where(due, (np.ceil(least / pack) * pack)[:, None], 0.0)
    assert np.array_equal(run.ordered_units, expected)
    cover = (economics["lead_time_periods"] + economics["review_period_periods"]).to_numpy()
    assert observed[0][:, 0] == pytest.approx(9.0 / (mean * cover), rel=1e-6)
    assert np.isfinite(observed[0]).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lead_time_periods": np.zeros(10, int)}, "lead_time_periods"),
        ({"lot_units": np.zeros(10)}, "lot_units must be above zero"),
        ({"order_cost": np.zeros(3)}, r"order_cost must have shape \(10,\)"),
        ({"demand": np.zeros((10, 4))}, "demand must have shape"),
        ({"features": np.zeros((10, 4, 2))}, "features must have shape"),
    ],
)
def test_a_wrong_task_is_refused(task: OrderingTask, wrong: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(task, **wrong)


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(ImportError, match="make learned"):
        train_policy(lost_sales_task(PROBLEM, 1), seed=1)


def test_training_repeats_itself_and_beats_ordering_the_mean() -> None:
    pytest.importorskip("stable_baselines3", reason="extra learned-policy not installed")
    task = lost_sales_task(PROBLEM, 1)
    first, second = (train_policy(task, seed=1, n_steps=20_000) for _ in range(2))
    learned, again = (tabulated(PROBLEM, task, actor) for actor in (first, second))
    assert np.array_equal(learned.orders, again.orders)
    nothing = tabulated(PROBLEM, task, lambda seen: np.zeros(len(seen), int))
    optimum = optimal_policy(PROBLEM).cost_per_period
    assert optimum <= learned.cost_per_period + 1e-6 < (optimum + nothing.cost_per_period) / 2
