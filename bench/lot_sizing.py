"""Wagner-Whitin beside stockpyl: one product over 104 periods, and a thousand products at once.

python bench/lot_sizing.py          the rows
python bench/lot_sizing.py peer     the peer's seconds alone (runs where stockpyl is installed)
python bench/lot_sizing.py first    the first call in a fresh process, from the compiled code on disk
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
PERIODS, PRODUCTS, FIXED_COST, HOLDING_COST = 104, 1000, 500.0, 1.0


def demands(n_products: int) -> np.ndarray:
    """The same random demand for both: whole units below 100, shape (n_products, periods)."""
    return np.random.default_rng(1).integers(0, 100, (n_products, PERIODS))


def ours(n_products: int) -> float:
    """Seconds of one warm call of ours."""
    from invnb.inventory.lot_sizing import wagner_whitin

    demand = demands(n_products)
    return median_seconds(lambda: wagner_whitin(demand, FIXED_COST, HOLDING_COST), 15)


def ours_restricted(n_products: int) -> float:
    """Seconds of one warm call with capacity, minimum orders, packs and backorders."""
    from invnb.inventory.lot_sizing import restricted_lot_sizing

    demand = demands(n_products)
    limits = {"backorder_cost": 3.0, "capacity": 150, "min_order_units": 20, "pack_units": 6}
    return median_seconds(lambda: restricted_lot_sizing(demand, FIXED_COST, HOLDING_COST, **limits), 3)


def first() -> float:
    """Seconds from nothing imported to the first plan."""
    demand = demands(1)
    start = time.perf_counter()
    from invnb.inventory.lot_sizing import wagner_whitin

    wagner_whitin(demand, FIXED_COST, HOLDING_COST)
    return time.perf_counter() - start


def peer() -> float:
    """Seconds of one call of stockpyl on the same 104 periods."""
    from stockpyl.wagner_whitin import wagner_whitin

    demand = [float(d) for d in demands(1)[0]]
    return median_seconds(lambda: wagner_whitin(PERIODS, HOLDING_COST, FIXED_COST, demand), 5)


def in_fresh_process(part: str, python: Path) -> float | None:
    """Run a part of this file with another Python; None when that is not there or lacks the peer."""
    if not python.exists():
        return None
    done = subprocess.run([str(python), __file__, part], capture_output=True, text=True, cwd=BENCH.parent)
    return float(json.loads(done.stdout)) if done.returncode == 0 else None


def rows() -> list[dict[str, Any]]:
    """One row per work: our seconds, the peer's, their ratio, and our first call in a fresh process."""
    here = Path(sys.executable)
    in_process = importlib.util.find_spec("stockpyl") is not None
    peer_seconds = peer() if in_process else in_fresh_process("peer", BENCH / ".venv" / "bin" / "python")
    first_call = in_fresh_process("first", here)
    found = []
    for n_products in (1, PRODUCTS):
        seconds = ours(n_products)
        # the peer takes one product at a time
        theirs = None if peer_seconds is None else peer_seconds * n_products
        found.append(
            {
                "work": f"Wagner-Whitin, {n_products} x {PERIODS} periods",
                "ours_seconds": seconds,
                "peer": "stockpyl" if n_products == 1 else "stockpyl, one product times 1,000",
                "peer_seconds": theirs,
                "ratio": None if theirs is None else theirs / seconds,
                "first_call_seconds": first_call,
            }
        )
    found.append(
        {
            "work": f"Capacity, minimum, packs and backorders, {PRODUCTS // 10} x {PERIODS} periods",
            "ours_seconds": ours_restricted(PRODUCTS // 10),
            "peer": "none",
            "peer_seconds": None,
            "ratio": None,
            "first_call_seconds": first_call,
        }
    )
    return found


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else "rows"
    print(json.dumps({"peer": peer, "first": first, "rows": rows}[part](), indent=1))
