"""The order of a review: seconds from scenarios to orders, and its long-run cost beside the exact optimum.

python bench/orders.py          seconds against what is asked
python bench/orders.py cost     long-run cost on lost-sales problems with a known optimum, lead time 2
python bench/orders.py first    first calls in a fresh process

Seconds for `run.py` are wall clock; here the processor's are printed too, which a busy machine does not
change. The loops run one product after another, on one core.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

N_PRODUCT, N_SCENARIO, N_PERIOD = 10_000, 500, 8
ASKED_SECONDS = (5.0, 20.0)  # without shared limits, with two
FREE = "orders of a review, 10,000 products x 500 scenarios x 8 periods, no shared limit"
LIMITED = "the same with a budget and storage, both at half of what is wanted"


def state(n_product: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """Scenarios (float32), stock, orders on the way and economics of a made-up shop."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(4, rng.gamma(1, 2, (n_product, 1, 1)), (n_product, N_SCENARIO, 1))
    demand = rng.poisson(rate, (n_product, N_SCENARIO, N_PERIOD)).astype(np.float32)
    mean = demand.mean(axis=(1, 2))
    inbound = np.zeros((n_product, N_PERIOD))
    inbound[:, 0] = np.round(mean)
    cost = rng.gamma(2, 10, n_product) + 1
    economics = pd.DataFrame(
        {
            "unit_cost": cost,
            "holding_cost_per_unit_period": 0.005 * cost,
            "shortage_cost_per_unit": 0.6 * cost,
            "backorder_cost_per_unit_period": 0.06 * cost,
            "lost_share": 0.8,
            "order_cost": rng.choice([0.0, 20.0], n_product),
            "lead_time_periods": rng.integers(1, 4, n_product),
            "review_period_periods": 1,
            "min_order_units": 1.0,
            "pack_units": rng.choice([1.0, 6.0], n_product),
            "volume_m3": rng.gamma(2, 0.005, n_product),
        }
    )
    return demand, np.round(rng.uniform(0, 3, n_product) * mean), inbound, economics


def seconds(n_product: int) -> dict[str, tuple[float, float]]:
    """Wall and CPU time without and with two shared limits; levels at later reviews are found in the call."""
    from invnb.decide.limits import Limit
    from invnb.decide.order_now import order_now

    demand, stock, inbound, economics = state(n_product)
    started = time.perf_counter(), time.process_time()
    free = order_now(demand, stock, inbound, economics)
    middle = time.perf_counter(), time.process_time()
    units = free.orders["order_units"].to_numpy()
    limits = [
        Limit(name, 0.5 * float(economics[column] @ units), economics[column].to_numpy(float), unit)
        for name, column, unit in [("budget", "unit_cost", "CNY"), ("storage", "volume_m3", "m³")]
    ]
    restarted = time.perf_counter(), time.process_time()
    cut = order_now(demand, stock, inbound, economics, limits=limits)
    ended = time.perf_counter(), time.process_time()
    used = cut.limits["used"] / cut.limits["available"]
    assert (used <= 1 + 1e-9).all(), "a limit is broken"
    assert used.max() > 0.999, "much is left of every limit"
    return {
        FREE: (middle[0] - started[0], middle[1] - started[1]),
        LIMITED: (ended[0] - restarted[0], ended[1] - restarted[1]),
    }


def long_run_cost(n_path: int = 30, n_period: int = 215, warm_up: int = 15) -> list[dict[str, Any]]:
    """Cost per period above the exact optimum: default order, constant base stock, critical ratio.

    Zipkin's lost-sales problems with lead time 2 (Poisson and geometric demand, mean 5) and one at a ratio of
    five to one: what the order function sees is 500 drawn paths a review, not the law.
    """
    from invnb.decide.review import best_orders, levels_from_scenarios
    from invnb.inventory.demand import geometric_pmf, poisson_pmf
    from invnb.inventory.lost_sales import lost_sales_problem, optimal_policy
    from invnb.inventory.lost_sales_rules import best_base_stock

    rows = []
    for name, law, shortage in [
        ("Poisson", poisson_pmf(5), 4), ("Poisson", poisson_pmf(5), 5), ("Poisson", poisson_pmf(5), 9),
        ("geometric", geometric_pmf(5), 5), ("geometric", geometric_pmf(5), 19),
    ]:  # fmt: skip
        problem = lost_sales_problem(
            law, lead_time_periods=2, holding_cost_per_unit_period=1, shortage_cost_per_unit=shortage
        )
        best = optimal_policy(problem)
        base = best_base_stock(problem)
        rng = np.random.default_rng(97)
        demand = rng.choice(len(law), (n_path, n_period), p=law / law.sum()).astype(float)
        terms = pd.DataFrame(
            {
                "holding_cost_per_unit_period": np.ones(n_path), "shortage_cost_per_unit": float(shortage),
                "backorder_cost_per_unit_period": 0.0, "lost_share": 1.0, "order_cost": 0.0,
                "lead_time_periods": 2, "review_period_periods": 1, "min_order_units": 1.0,
                "pack_units": 1.0,
            }
        )  # fmt: skip
        window = np.convolve(np.convolve(law, law), law)
        ratio = float(np.searchsorted(np.cumsum(window), shortage / (shortage + 1)))
        costs = {}
        for rule in ("optimum", "default", "critical ratio"):
            net, due = np.full(n_path, 3.0), np.zeros((n_path, n_period + 2))
            due[:, :2] = 5.0
            cost = np.zeros((n_path, n_period))
            for t in range(n_period):
                coming = np.zeros((n_path, 8))
                coming[:, :2] = due[:, t : t + 2]
                if rule == "optimum":
                    order = best.order_units(net + coming[:, 0], coming[:, 1:2]).astype(float)
                elif rule == "default":
                    paths = rng.choice(len(law), (n_path, 500, 8), p=law / law.sum()).astype(np.float32)
                    levels = levels_from_scenarios(paths, terms)
                    order = best_orders(paths, net, coming, terms, levels)
                else:
                    order = np.maximum(ratio - net - coming.sum(axis=1), 0.0)
                due[:, t + 2] += order
                net = net + due[:, t]
                lost = np.maximum(demand[:, t] - net, 0.0)
                net = np.maximum(net - demand[:, t], 0.0)
                cost[:, t] = net + shortage * lost
            costs[rule] = cost[:, warm_up:].mean(axis=1)
        same = costs["optimum"]  # on the same demand: compared by common random numbers
        excess = costs["default"] - same
        rows.append(
            {
                "problem": f"{name} mean 5, {shortage} to 1",
                "optimum": best.cost_per_period,
                "default above the optimum": float(excess.mean() / best.cost_per_period),
                "standard error": float(excess.std(ddof=1) / np.sqrt(n_path) / best.cost_per_period),
                "best base stock above it": base.cost_per_period / best.cost_per_period - 1,
                "critical ratio above it": float((costs["critical ratio"] - same).mean())
                / best.cost_per_period,
            }
        )
    return rows


def rows() -> list[dict[str, Any]]:
    """One row per work; there is no peer that takes scenarios."""
    seconds(20)
    return [
        {"work": work, "ours_seconds": wall, "peer": None, "peer_seconds": None, "ratio": None,
         "first_call_seconds": None}
        for work, (wall, _) in seconds(N_PRODUCT).items()
    ]  # fmt: skip


def against_the_bar() -> None:
    """Print wall and CPU seconds beside what is asked; compiled code is read first."""
    seconds(20)
    for asked, (work, (wall, cpu)) in zip(ASKED_SECONDS, seconds(N_PRODUCT).items(), strict=True):
        kept = "holds" if min(wall, cpu) < asked else "does not hold"
        print(f"{work}: {wall:.1f} s, {cpu:.1f} CPU s; below {asked:g} s asked: {kept}")


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else "rows"
    started = time.process_time()
    if part == "rows":
        against_the_bar()
    else:
        print(json.dumps({"cost": long_run_cost, "first": lambda: seconds(20)}[part](), indent=1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{time.process_time() - started:.1f} s of processor time, {peak:.2f} GB at most", file=sys.stderr)
