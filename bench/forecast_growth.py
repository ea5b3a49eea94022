"""What forecasting costs at 1,000, 3,000 and 10,000 weekly series of three years, a process for each.

python bench/forecast_growth.py            the table
python bench/forecast_growth.py 1000       one size: its numbers as JSON

"one run" is what stages 02 and 03 do: features, segments, training and comparing all models on six rolling
origins, calibration, and 200 scenarios of 4 weeks. "replay" is what the backtest does: scenarios at six past
origins with the champions chosen before. Seconds are the processor's (both cores added up) and of the wall;
memory is the process's peak. Series: `forecast_sets.synthetic`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

SIZES = (1_000, 3_000, 10_000)
ORIGINS, SCENARIOS, SEED = 6, 200, 42
T = TypeVar("T")


def one_size(n_series: int) -> dict[str, Any]:
    """Run forecasting once on synthetic series and return what it took."""
    from forecast_sets import synthetic, tables_at

    bench = synthetic(n_series)
    spent: dict[str, tuple[float, float]] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        spent[name] = (time.perf_counter() - wall, time.process_time() - cpu)
        return result

    start_mb = peak_mb()
    n_period = bench.judged.shape[1]
    panel, features, segments = timed("features", lambda: tables_at(bench, n_period))
    from invnb.forecast.compare import compare_models, forecast_scenarios, replay_scenarios

    horizon = bench.horizon_periods
    comparison = timed(
        "compare",
        lambda: compare_models(
            panel, features, segments, horizon_periods=horizon, origins=ORIGINS, seed=SEED
        ),
    )
    timed("scenarios", lambda: forecast_scenarios(comparison, n_scenarios=SCENARIOS, seed=SEED))
    one_run_mb = peak_mb()
    champions, period = comparison.champions, comparison.inputs.period
    timed(
        "replay",
        lambda: replay_scenarios(
            panel, features, segments, champions,
            origins=period[bench.origins], horizon_periods=horizon, n_scenarios=SCENARIOS, seed=SEED,
        ),
    )  # fmt: skip
    return {
        "series": n_series,
        "seconds": {name: wall for name, (wall, _) in spent.items()},
        "cpu_seconds": {name: cpu for name, (_, cpu) in spent.items()},
        "before_mb": start_mb,
        "one_run_mb": one_run_mb,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """Peak memory of this process so far, in MB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Measure each size in a fresh process and print one row each."""
    print("\n## Growth: weekly series of three years, features, six origins and 200 scenarios\n")
    print("| series | one run, CPU s | of them features | compare | scenarios | wall s | peak MB "
          "| CPU s per 1,000 | replay of 6 origins, CPU s |")  # fmt: skip
    print("|---:|" + "---:|" * 8)
    found = []
    for size in sizes:
        done = subprocess.run(
            [sys.executable, __file__, str(size)],
            capture_output=True, text=True, cwd=Path(__file__).parents[1], env=dict(os.environ),
        )  # fmt: skip
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            raise RuntimeError(f"{size} series failed")
        found.append(json.loads(done.stdout.splitlines()[-1]))
        row = found[-1]
        parts = [row["cpu_seconds"][name] for name in ("features", "compare", "scenarios")]
        wall = sum(row["seconds"][name] for name in ("features", "compare", "scenarios"))
        print(
            f"| {size:,} | {sum(parts):.0f} | {parts[0]:.1f} | {parts[1]:.0f} | {parts[2]:.1f} | {wall:.0f} "
            f"| {row['one_run_mb']:,.0f} | {1000 * sum(parts) / size:.0f} "
            f"| {row['cpu_seconds']['replay']:.0f} |",
            flush=True,
        )
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(one_size(int(sys.argv[1]))))
    else:
        rows()
