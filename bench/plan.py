"""The plan with two shared limits per period: by prices, beside HiGHS in one piece and PuLP with CBC.

python bench/plan.py          the rows
python bench/plan.py peer     PuLP's seconds and cost (runs where PuLP is installed)
python bench/plan.py memory N the peak memory of a plan of N products
python bench/plan.py first    the first call in a fresh process, from the compiled code on disk
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

BENCH = Path(__file__).resolve().parent
PERIODS, SMALL, MIDDLE, LARGE = 12, 1_000, 10_000, 100_000
GAP = 1e-5
ONE_PIECE_SECONDS = 300.0


def instance(n_product: int) -> dict[str, Any]:
    """A season's plan whose budget and storage bind where demand is high."""
    rng = np.random.default_rng(3)
    mean = rng.gamma(2, 20, n_product)
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(PERIODS) / PERIODS)
    cost, volume = rng.uniform(2, 50, n_product), rng.uniform(0.001, 0.05, n_product)
    return {
        "demand": rng.poisson(mean[:, None] * season).astype(float),
        "unit_cost": cost,
        "holding_cost": cost * rng.uniform(0.01, 0.03, n_product),
        "shortage_cost": cost * rng.uniform(0.1, 1.0, n_product),
        "initial_stock": np.round(mean),
        "lead_time_periods": rng.integers(0, 3, n_product),
        "budget": 0.9 * float(cost @ mean),
        "unit_volume": volume,
        "storage": 1.2 * float(volume @ mean),
    }


def ours(n_product: int, repeats: int) -> tuple[float, float, float]:
    """Seconds (median), cost and certified gap of the plan by prices."""
    from invnb.inventory.decomposition import plan_by_prices

    data = instance(n_product)
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        best = plan_by_prices(**data, relative_gap=GAP)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:] or times), best.objective, best.gap


def one_piece(n_product: int) -> tuple[float, float]:
    """Seconds and cost of HiGHS through scipy, the sparse matrices built directly."""
    from invnb.inventory.plan import plan

    best = plan(**instance(n_product), ranges=False, time_limit_seconds=ONE_PIECE_SECONDS)
    return best.seconds, best.objective


def peer() -> tuple[float, float]:
    """Seconds and cost of PuLP with CBC on the small plan, the model built in its language."""
    import pulp

    data = instance(SMALL)
    start = time.perf_counter()
    products, periods = range(SMALL), range(PERIODS)
    model = pulp.LpProblem("plan", pulp.LpMinimize)
    order = pulp.LpVariable.dicts("order", (products, periods), lowBound=0)
    stock = pulp.LpVariable.dicts("stock", (products, periods), lowBound=0)
    lost = pulp.LpVariable.dicts("lost", (products, periods), lowBound=0)
    costs = []
    for i in products:
        lead = int(data["lead_time_periods"][i])
        for t in periods:
            demand = float(data["demand"][i, t])
            lost[i][t].upBound = demand
            if t + lead >= PERIODS:
                order[i][t].upBound = 0
            before = stock[i][t - 1] if t else float(data["initial_stock"][i])
            arrived = order[i][t - lead] if t >= lead else 0
            model += stock[i][t] == before + arrived - demand + lost[i][t]
            costs.append(float(data["unit_cost"][i]) * order[i][t])
            costs.append(float(data["holding_cost"][i]) * stock[i][t])
            costs.append(float(data["shortage_cost"][i] + data["unit_cost"][i]) * lost[i][t])
        costs.append(-float(data["unit_cost"][i]) * stock[i][PERIODS - 1])
    for t in periods:
        model += pulp.lpSum(float(data["unit_cost"][i]) * order[i][t] for i in products) <= data["budget"]
        # stock after arrivals is what is left plus what was sold
        after = [
            float(data["unit_volume"][i]) * (stock[i][t] + float(data["demand"][i, t]) - lost[i][t])
            for i in products
        ]
        model += pulp.lpSum(after) <= data["storage"]
    model += pulp.lpSum(costs)
    model.solve(pulp.PULP_CBC_CMD(msg=False, threads=1))
    return time.perf_counter() - start, float(pulp.value(model.objective))


def first() -> float:
    """Seconds from nothing imported to the first plan by prices, compiled code read from disk."""
    data = instance(SMALL)
    start = time.perf_counter()
    from invnb.inventory.decomposition import plan_by_prices

    plan_by_prices(**data, relative_gap=GAP)
    return time.perf_counter() - start


def memory(n_product: int) -> float:
    """Peak memory of this process, in MB, after one plan by prices (Linux)."""
    ours(n_product, repeats=0)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def in_fresh_process(part: str, python: Path, *arguments: str) -> Any:
    """Run a part of this file with another Python; None when that is not there or lacks the peer."""
    if not python.exists():
        return None
    done = subprocess.run(
        [str(python), __file__, part, *arguments], capture_output=True, text=True, cwd=BENCH.parent
    )
    return json.loads(done.stdout) if done.returncode == 0 else None


def same(cost: float, peer_cost: float) -> None:
    """Refuse to compare times of different answers."""
    if abs(cost - peer_cost) > 2 * GAP * abs(peer_cost):
        raise RuntimeError(f"the plans differ: {cost:.6f} and {peer_cost:.6f}")


def rows() -> list[dict[str, Any]]:
    """One row per work: our seconds, the peer's, their ratio, and our first call in a fresh process."""
    first_call = in_fresh_process("first", Path(sys.executable))
    peers = {
        SMALL: ("PuLP with CBC", in_fresh_process("peer", BENCH / ".venv" / "bin" / "python")),
        MIDDLE: ("HiGHS in one piece", one_piece(MIDDLE)),
        LARGE: ("HiGHS: not in minutes", None),
    }
    found = []
    for n_product, (peer_name, measured) in peers.items():
        seconds, cost, gap = ours(n_product, repeats=1 if n_product == LARGE else 5)
        peak = in_fresh_process("memory", Path(sys.executable), str(n_product))
        if measured is not None:
            same(cost, measured[1])
        found.append(
            {
                "work": f"plan, {n_product:,} products x {PERIODS} periods, 2 limits "
                f"(gap {gap:.0e}, {peak:,.0f} MB)",
                "ours_seconds": seconds,
                "peer": peer_name,
                "peer_seconds": None if measured is None else measured[0],
                "ratio": None if measured is None else measured[0] / seconds,
                "first_call_seconds": first_call,
            }
        )
    return found


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else "rows"
    sizes = [int(size) for size in sys.argv[2:]]
    parts = {"peer": peer, "first": first, "memory": memory, "rows": rows}
    print(json.dumps(parts[part](*sizes), indent=1))
