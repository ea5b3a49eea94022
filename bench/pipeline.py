"""What a report costs: seconds and memory of a first and a second run, and the notebook machinery's share.

python bench/pipeline.py            all of it, in a folder of its own
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from run import processor

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    """One command: wall seconds, and the most memory its processes held together, in MB."""

    seconds: float
    peak_mb: float


def measure(arguments: list[str], home: Path) -> Measured:
    """Run the command line on a folder and watch its processes' memory, ten times a second."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "invnb", *arguments],
        cwd=PROJECT,
        env={**os.environ, "INVNB_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    peak = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            tree = [watched, *watched.children(recursive=True)]
            peak = max(peak, sum(_memory(one) for one in tree))
        except psutil.NoSuchProcess:
            break
        time.sleep(0.1)
    if process.wait() != 0:
        raise SystemExit(f"`invnb {' '.join(arguments)}` failed")
    return Measured(time.monotonic() - started, peak / 1e6)


def _memory(process: psutil.Process) -> int:
    """Memory of one process, shared pages counted once between its holders where the system tells."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def report_rows(category: str, home: Path) -> list[str]:
    """A first run, a second one, and the first run's stages."""
    first = measure(["report", category, "--jobs", "2"], home)
    made = json.loads((home / "reports" / category / "run.json").read_text())
    second = measure(["report", category], home)
    wall, work = first.seconds, sum(made["cell_seconds"].values())
    rows = [
        f"| `{category}`, first run | {first.seconds:.1f} s | {first.peak_mb:,.0f} MB |",
        f"| `{category}`, second run, nothing changed | {second.seconds:.1f} s | {second.peak_mb:,.0f} MB |",
        f"| `{category}`, notebook machinery (wall time less the work in cells) | {wall - work:.1f} s | |",
    ]
    return rows + [
        f"| `{category}`, stage {name} | {seconds:.1f} s | |" for name, seconds in made["seconds"].items()
    ]


def main() -> None:
    """Measure the sample's default category, and one of Online Retail where its file is there."""
    home = Path(tempfile.mkdtemp(prefix="invnb-bench-"))
    try:
        shutil.copytree(PROJECT / "params", home / "params")
        measure(
            ["check", "toys"], home
        )  # writes the sample's files, which a first run would otherwise pay for
        rows = report_rows("toys", home)
        places = [PROJECT / "data" / "online_retail", Path(os.environ.get("INVNB_DATA", "/nowhere"))]
        found = next((place for place in places if (place / "online_retail.csv.gz").is_file()), None)
        if found:
            os.environ["INVNB_DATA"] = str(found.resolve())
            rows += report_rows("online_retail_bags", home)
        today = datetime.date.today().isoformat()
        print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {today}\n")
        print("| run | wall time | peak memory |\n|---|---:|---:|")
        print("\n".join(rows))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
