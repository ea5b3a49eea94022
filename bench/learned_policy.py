"""A policy learned by trial and error beside the exact optimum and the rules, wherever it lands.

python bench/learned_policy.py published          Zipkin's lost-sales problems, all 16 with a printed optimum
python bench/learned_policy.py published --only poisson_L2_p4 geometric_L2_p39
python bench/learned_policy.py sample             the sample's toys, true demand, seeds nobody tuned on
python bench/learned_policy.py sample --shops 1   another shop (1 is for development)

Needs the extra `learned-policy`. Published: average costs are exact (the learned policy is tabulated and
evaluated as the others are); the last columns compare it with the best base stock on common demand paths.
Sample: one policy for all products of a category, trained on the scenarios of the reviews before the counted
periods. It meets the same true demand as our default and the rules. Seconds are CPU time of training.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from invnb.inventory.demand import geometric_pmf, poisson_pmf
from invnb.inventory.instances import all_ids, load
from invnb.inventory.lost_sales import LostSalesProblem, lost_sales_problem, path_costs
from invnb.inventory.lost_sales_rules import compare_policies

FAMILY = "lost_sales_zipkin_"
LAWS = {"poisson": poisson_pmf, "geometric": geometric_pmf}
TRAINING_SEED = 11  # settings were chosen with 1
N_PATHS, PATH_PERIODS = 200, 2000
SHOPS, CATEGORY, COUNTED = (11, 12, 13), "toys", 26
STEPS = {"published": 1_500_000, "sample": 2_000_000}  # of training: below two minutes on one core


def problem_of(instance_id: str) -> LostSalesProblem:
    """The problem of a published instance."""
    given = load(instance_id).inputs
    return lost_sales_problem(
        LAWS[given["demand"]](given["mean"]),
        lead_time_periods=given["lead_time"],
        holding_cost_per_unit_period=given["holding_cost"],
        shortage_cost_per_unit=given["stockout_cost"],
    )


def published(name: str, seed: int, n_steps: int) -> dict[str, Any]:
    """One published problem: the optimal cost, and by how much each policy is above it."""
    from invnb.decide.learned_policy import lost_sales_task, tabulated, train_policy

    problem = problem_of(FAMILY + name)
    others = compare_policies(problem)
    best = next(rule for rule in others.rules if rule.name == "best base stock")
    started = time.process_time()
    task = lost_sales_task(problem, seed)
    learned = tabulated(problem, task, train_policy(task, seed=seed, n_steps=n_steps))
    taken = time.process_time() - started
    rng = np.random.default_rng(seed)
    demand = rng.choice(len(problem.law), (N_PATHS, PATH_PERIODS), p=problem.law)
    gain = path_costs(problem, best, demand) - path_costs(problem, learned, demand)
    half = 1.96 * gain.std(ddof=1) / np.sqrt(N_PATHS)
    optimum = others.optimal.cost_per_period
    gaps = {"learned": learned.cost_per_period / optimum - 1} | others.gap
    return (
        {"problem": name, "optimal cost": optimum}
        | {rule: 100 * gap for rule, gap in sorted(gaps.items())}
        | {"saves": gain.mean(), "low": gain.mean() - half, "high": gain.mean() + half, "CPU s": taken}
    )


def sample(shop: int, seed: int, n_steps: int) -> dict[str, Any]:
    """One category of one shop: cost of each policy on the true demand over the counted periods."""
    from decisions import WARM_UP_PERIODS, cost, ground

    from invnb.data.sample import write_sample
    from invnb.decide.backtest import costs_by_period, replay_all
    from invnb.decide.bootstrap import block_bootstrap
    from invnb.decide.learned_policy import replay_learned, scenarios_task, train_policy

    with tempfile.TemporaryDirectory() as folder:
        write_sample(Path(folder), shop)
        case, scenarios, safety, multiples = ground(Path(folder), CATEGORY, COUNTED)
    found = replay_all(case, scenarios, safety, chosen=multiples)
    started = time.process_time()
    task = scenarios_task(scenarios[:WARM_UP_PERIODS], case.economics, seed)
    run = replay_learned(case, scenarios, train_policy(task, seed=seed, n_steps=n_steps))
    taken = time.process_time() - started
    costs = {"learned": cost(case, run)} | {name: cost(case, other) for name, other in found.runs.items()}
    low, high = block_bootstrap(costs["learned"] - costs["policy"], np.random.default_rng(seed))
    demand, served = (
        (units * case.counted)[:, WARM_UP_PERIODS:].sum() for units in (run.demand_units, run.served_units)
    )
    return (
        {"shop": shop}
        | {name: values.sum() for name, values in costs.items()}
        | {
            "perfect": costs_by_period(case, found.bound)["total"].sum(),
            "learned - policy": (costs["learned"] - costs["policy"]).sum(),
            "low": low, "high": high, "fill learned": served / demand, "CPU s": taken,
        }
    )  # fmt: skip


def main() -> None:
    """Train, evaluate and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["published", "sample"])
    parser.add_argument("--only", nargs="+", help="names of published problems, such as poisson_L2_p4")
    parser.add_argument("--shops", type=int, nargs="+", default=list(SHOPS))
    parser.add_argument("--seed", type=int, default=TRAINING_SEED, help="of the training")
    parser.add_argument("--steps", type=int, help="periods lived through in training")
    asked = parser.parse_args()
    steps = asked.steps or STEPS[asked.part]
    try:
        import stable_baselines3  # noqa: F401
    except ImportError:
        sys.exit("skipped: the extra learned-policy is not installed")
    if asked.part == "published":
        names = asked.only or [name.removeprefix(FAMILY) for name in all_ids(FAMILY)]
        rows = (published(name, asked.seed, steps) for name in names)
    else:
        rows = (sample(shop, asked.seed, steps) for shop in asked.shops)
    table = []
    for row in rows:
        table.append(row)
        print(
            pd.DataFrame([row]).to_string(index=False, header=len(table) == 1, float_format="%.2f"),
            flush=True,
        )
    print("\nmean\n" + pd.DataFrame(table).mean(numeric_only=True).round(2).to_string())


if __name__ == "__main__":
    main()
