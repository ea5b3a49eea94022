"""Measure invnb beside its peers in one run and print one table.

python bench/run.py              all of it
python bench/run.py plan dp      only these modules

Peers live in bench/.venv, made here from bench/requirements.txt when it is missing. Times are wall clock;
"first call" is a fresh process, imports and the reading of compiled code included.
"""

from __future__ import annotations

import datetime
import importlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent
MODULES = ("dp", "lot_sizing", "plan", "simulation", "orders")
COLUMNS = ("work", "ours", "peer", "peer takes", "ratio", "first call")


def peers_ready() -> None:
    """Make the peers' environment when it is missing; without it their columns stay empty."""
    python = BENCH / ".venv" / "bin" / "python"
    if python.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(BENCH / ".venv")], check=False)
    wanted = ["-m", "pip", "install", "--quiet", "-r", str(BENCH / "requirements.txt")]
    if subprocess.run([str(python), *wanted], check=False).returncode:
        print("The peers could not be installed; their columns stay empty.", file=sys.stderr)


def seconds(value: float | None) -> str:
    """A time a person reads: 12 s, 340 ms, 5.1 µs."""
    if value is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} s"


def processor() -> str:
    """The processor's own name where the system tells it."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def compile_seconds(name: str) -> float:
    """Wall time of a module's first calls in a fresh process that finds no compiled code on disk."""
    with tempfile.TemporaryDirectory() as empty:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, str(BENCH / f"{name}.py"), "first"],
            env={**os.environ, "NUMBA_CACHE_DIR": empty},
            cwd=BENCH.parent,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - started


def main(names: list[str]) -> None:
    """Run the modules' rows and print the table as Markdown."""
    unknown = sorted(set(names) - set(MODULES))
    if unknown:
        sys.exit(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(MODULES)}")
    sys.path.insert(0, str(BENCH))
    peers_ready()
    today = datetime.date.today().isoformat()
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {today}\n")
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---|---:|---|---:|---:|---:|")
    for name in names or MODULES:
        for row in importlib.import_module(name).rows():
            ratio = "-" if row["ratio"] is None else f"{row['ratio']:,.0f} x"
            cells = (
                row["work"],
                seconds(row["ours_seconds"]),
                row["peer"] or "none",
                seconds(row["peer_seconds"]),
                ratio,
                seconds(row["first_call_seconds"]),
            )
            print("| " + " | ".join(cells) + " |", flush=True)
    cold = ", ".join(f"{name} {seconds(compile_seconds(name))}" for name in names or MODULES)
    print(f"\nFirst calls where nothing is compiled yet, once on each machine: {cold}.")


if __name__ == "__main__":
    main(sys.argv[1:])
