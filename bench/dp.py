"""Dynamic programmes beside stockpyl: finite horizon, exact (s, S), exact lost sales; and levels from paths.

python bench/dp.py          the rows
python bench/dp.py peer     the peer's seconds alone (runs where stockpyl is installed)
python bench/dp.py first    the first calls in a fresh process, from the compiled code on disk
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from timing import median_seconds

BENCH = Path(__file__).resolve().parent
HORIZON = "finite-horizon DP, 5 periods, normal (100, 20), fixed cost 50"
STATIONARY = "exact (s, S), Poisson mean 60"
ALL_STATIONARY = "exact (s, S), all 12 Zheng-Federgruen rows"
LOST_SALES = "exact lost sales, all 32 Zipkin rows, lead times 1 to 4"
LEVELS = "policy levels, 60 products x 200 scenarios x 13 periods, fixed cost"
MANY_LEVELS = "base stocks, 10,000 products x 500 scenarios x 8 periods"
MEANS = [10, 20, 22, 24, 30, 40, 50, 52, 59, 61, 64, 70]


def horizon() -> object:
    from invnb.inventory.demand import normal_pmf
    from invnb.inventory.finite_horizon import finite_horizon_policy

    return finite_horizon_policy(
        [normal_pmf(100, 20)] * 5,
        holding_cost_per_unit_period=1,
        shortage_cost_per_unit=10,
        fixed_cost_per_order=50,
    )


def stationary(mean: float | list[int] = 60) -> object:
    from invnb.inventory.demand import poisson_pmf
    from invnb.inventory.stationary import stationary_s_S

    return stationary_s_S(
        poisson_pmf(mean),
        holding_cost_per_unit_period=1,
        backorder_cost_per_unit_period=9,
        fixed_cost_per_order=64,
    )


def lost_sales() -> object:
    from invnb.inventory.demand import geometric_pmf, poisson_pmf
    from invnb.inventory.lost_sales import lost_sales_problem, optimal_policy

    return [
        optimal_policy(
            lost_sales_problem(
                law,
                lead_time_periods=lead_time,
                holding_cost_per_unit_period=1,
                shortage_cost_per_unit=shortage,
            )
        )
        for law in (poisson_pmf(5), geometric_pmf(5))
        for lead_time in (1, 2, 3, 4)
        for shortage in (4, 9, 19, 39)
    ]


def levels(n_product: int, n_scenario: int, n_period: int, fixed_cost: float) -> Callable[[], object]:
    from invnb.inventory.policy import policy_levels

    rng = np.random.default_rng(1)
    rate = rng.gamma(4, rng.gamma(1, 2, (n_product, 1, 1)), (n_product, n_scenario, 1))
    demand = rng.poisson(rate, (n_product, n_scenario, n_period)).astype(float)
    return lambda: policy_levels(
        demand,
        2,
        holding_cost_per_unit_period=0.05,
        shortage_cost_per_unit=4,
        lost_share=0.8,
        fixed_cost_per_order=fixed_cost,
    )


def first() -> dict[str, float]:
    """Seconds of the first call of each work, imports included, with nothing called before."""
    works = {
        HORIZON: horizon,
        STATIONARY: stationary,
        LOST_SALES: lost_sales,
        LEVELS: lambda: levels(60, 200, 13, 20.0)(),
    }
    seconds = {}
    for name, work in works.items():
        start = time.perf_counter()
        work()
        seconds[name] = time.perf_counter() - start
    return seconds


def peer() -> dict[str, float]:
    """Seconds of one call of stockpyl for each work it has."""
    from stockpyl.finite_horizon import finite_horizon_dp
    from stockpyl.ss import s_s_discrete_exact

    return {
        HORIZON: median_seconds(lambda: finite_horizon_dp(5, 1, 10, 0, 0, 0, 50, 100, 20), 2),
        STATIONARY: median_seconds(lambda: s_s_discrete_exact(1, 9, 64, True, 60), 2),
    }


def in_fresh_process(part: str, python: Path) -> dict[str, float]:
    """Run a part of this file with another Python; empty when that is not there or lacks the peer."""
    if not python.exists():
        return {}
    done = subprocess.run([str(python), __file__, part], capture_output=True, text=True, cwd=BENCH.parent)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def rows() -> list[dict[str, Any]]:
    """One row per work: our seconds, the peer's, their ratio, and our first call in a fresh process."""
    in_process = importlib.util.find_spec("stockpyl") is not None
    theirs = peer() if in_process else in_fresh_process("peer", BENCH / ".venv" / "bin" / "python")
    first_call = in_fresh_process("first", Path(sys.executable))
    ours = {
        HORIZON: median_seconds(horizon, 50),
        STATIONARY: median_seconds(stationary, 50),
        ALL_STATIONARY: median_seconds(lambda: stationary(MEANS), 20),
        LOST_SALES: median_seconds(lost_sales, 3),
        LEVELS: median_seconds(levels(60, 200, 13, 20.0), 3),
        MANY_LEVELS: median_seconds(levels(10_000, 500, 8, 0.0), 1),
    }
    return [
        {
            "work": work,
            "ours_seconds": seconds,
            "peer": "stockpyl" if work in (HORIZON, STATIONARY) else None,
            "peer_seconds": theirs.get(work),
            "ratio": theirs[work] / seconds if work in theirs else None,
            "first_call_seconds": first_call.get(work),
        }
        for work, seconds in ours.items()
    ]


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else "rows"
    print(json.dumps({"peer": peer, "first": first, "rows": rows}[part](), indent=1))
