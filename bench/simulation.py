"""Simulation of a base stock with lead time 2 beside stockpyl's simulator, per product and period.

python bench/simulation.py          the rows
python bench/simulation.py peer     the peer's seconds alone (runs where stockpyl is installed)
python bench/simulation.py first    the first call in a fresh process, from the compiled code on disk
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from timing import median_seconds

BENCH = Path(__file__).resolve().parent
PRODUCTS, PATHS, PERIODS, PEER_PERIODS = 1000, 20, 100, 1000
LEAD_TIME, LEVEL, MEAN = 2, 18, 5
WORK = "simulation, base stock, lead time 2, per product and period"


def ours(n_product: int = PRODUCTS) -> float:
    """Seconds per product, path and period, costs and service included."""
    from invnb.inventory.order_policies import base_stock_policy
    from invnb.inventory.simulation import simulate

    demand = np.random.default_rng(1).poisson(MEAN, (n_product, PATHS, PERIODS)).astype(float)

    def work() -> object:
        return simulate(
            base_stock_policy(LEVEL),
            demand,
            lead_time_periods=LEAD_TIME,
            initial_on_hand=LEVEL,
            holding_cost_per_unit_period=1,
            shortage_cost_per_unit=4,
        )

    return median_seconds(work, 5) / demand.size


def first() -> float:
    """Seconds from nothing imported to the first simulated product, compiled code read from disk."""
    start = time.perf_counter()
    from invnb.inventory.order_policies import base_stock_policy
    from invnb.inventory.simulation import simulate

    simulate(base_stock_policy(LEVEL), np.full((1, 1, PERIODS), 5.0), lead_time_periods=LEAD_TIME)
    return time.perf_counter() - start


def peer() -> float:
    """Seconds per period of one product in stockpyl's simulator."""
    from stockpyl.sim import simulation
    from stockpyl.supply_chain_network import single_stage_system

    def work() -> object:
        network = single_stage_system(
            holding_cost=1,
            stockout_cost=4,
            demand_type="P",
            mean=MEAN,
            shipment_lead_time=LEAD_TIME,
            policy_type="BS",
            base_stock_level=LEVEL,
        )
        return simulation(network, PEER_PERIODS, rand_seed=1, progress_bar=False)

    return median_seconds(work, 2) / PEER_PERIODS


def in_fresh_process(part: str, python: Path) -> float | None:
    """Run a part of this file with another Python; None when that is not there or lacks the peer."""
    if not python.exists():
        return None
    done = subprocess.run([str(python), __file__, part], capture_output=True, text=True, cwd=BENCH.parent)
    return float(json.loads(done.stdout)) if done.returncode == 0 else None


def rows() -> list[dict[str, Any]]:
    """One row: our seconds, the peer's, their ratio, and our first call in a fresh process."""
    in_process = importlib.util.find_spec("stockpyl") is not None
    theirs = peer() if in_process else in_fresh_process("peer", BENCH / ".venv" / "bin" / "python")
    seconds = ours()
    return [
        {
            "work": WORK,
            "ours_seconds": seconds,
            "peer": "stockpyl",
            "peer_seconds": theirs,
            "ratio": None if theirs is None else theirs / seconds,
            "first_call_seconds": in_fresh_process("first", Path(sys.executable)),
        }
    ]


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else "rows"
    print(json.dumps({"peer": peer, "first": first, "rows": rows}[part](), indent=1))
