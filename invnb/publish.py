"""What a run leaves for people: the published folder, its `run.json`, and the index over all categories."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from invnb import __version__
from invnb.dependencies import digest, sha256
from invnb.errors import InputError
from invnb.inputs import input_files
from invnb.params import LoadedParams, load_params
from invnb.run import PROJECT, STAGES, home

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "numba", "pyarrow", "papermill")


@dataclass(frozen=True)
class Job:
    """One category's run.

    Parameters
    ----------
    category : its name.
    loaded : its checked parameters.
    inputs : path and SHA-256 of every input file.
    folder : `build/<category>`.
    """

    category: str
    loaded: LoadedParams
    inputs: dict[str, str]
    folder: Path

    @property
    def reports(self) -> Path:
        """Where the complete run is published."""
        return home() / "reports" / self.category


def run_info(job: Job, record: Mapping[str, Any]) -> dict[str, Any]:
    """What `run.json` says: parameters and origin, inputs, versions, seconds, where tables were made."""
    values = job.loaded.values.model_dump()
    run_id = digest([values, job.inputs])
    last = read_json(job.reports / "run.json") or {}
    # A repeated run of the same data compares itself with what the first one compared itself with.
    repeated = last.get("run_id") == run_id
    return {
        "run_id": run_id,
        "category": job.category,
        "generated_at": last["generated_at"] if repeated else now(),
        "parameters": values,
        "parameter_origin": {name: _origin(job.loaded, name) for name in values},
        "hashes": job.inputs,
        "code_version": code_version(),
        "versions": {"python": sys.version.split()[0], **{name: version(name) for name in PACKAGES}},
        "seconds": {name: entry["seconds"] for name, entry in record.items()},
        "cell_seconds": {name: entry["cell_seconds"] for name, entry in record.items()},
        "status": {stage.name: "ok" if stage.name in record else "missing" for stage in STAGES[:-1]},
        "warnings": sorted({line for entry in record.values() for line in entry["warnings"]}),
        "sources": {name: [stage.name, f"table-{name}"] for stage in STAGES for name in stage.writes},
        "previous": last.get("previous") if repeated else read_json(job.reports / "summary.json"),
    }


def _origin(loaded: LoadedParams, name: str) -> str:
    line = f", line {loaded.lines[name]}" if name in loaded.lines else ""
    return {"file": f"{short(loaded.file)}{line}"}.get(loaded.origin[name], loaded.origin[name])


def code_version() -> str:
    """The version of the package, and the commit where there is one."""
    described = subprocess.run(
        ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{__version__} ({described.stdout.strip()})" if described.returncode == 0 else __version__


def publish(job: Job, record: Mapping[str, Any]) -> None:
    """Copy a complete run to `reports/<category>` in one step; nothing is written if nothing changed."""
    outputs = digest({name: entry["outputs"] for name, entry in record.items()})
    old = read_json(job.reports / "run.json")
    if old and old.get("outputs") == outputs and (job.reports / "report.html").is_file():
        return
    new, retired = (job.reports.with_name(f".{job.category}.{word}") for word in ("new", "old"))
    for leftover in (new, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    tables = job.folder / "tables"
    for name in STAGES[-1].writes:
        shutil.copy2(tables / name, new / name)
    shutil.copytree(tables, new / "tables", ignore=shutil.ignore_patterns(*STAGES[-1].writes, "*.partial"))
    shutil.copytree(job.folder / "notebooks", new / "notebooks")
    for extra in tables.glob("report.*.html"):
        shutil.move(new / "tables" / extra.name, new / extra.name)
    write_json(new / "run.json", run_info(job, record) | {"outputs": outputs})
    if job.reports.is_dir():
        job.reports.rename(retired)
    new.rename(job.reports)
    shutil.rmtree(retired, ignore_errors=True)


def write_index() -> Path:
    """Write `reports/index.html` over all categories, with those that failed or whose data changed since."""
    from invnb.report.index import write_index as write

    reports = home() / "reports"
    status = {}
    for file in sorted(reports.glob("*/status.json")):
        entry = read_json(file)
        state = "stale" if entry["status"] == "ok" and _is_stale(file.parent) else entry["status"]
        if state != "skipped":
            status[file.parent.name] = entry | {"state": state}
    return write(reports, status)


def write_comparison(a: str, b: str) -> tuple[list[str], Path]:
    """Hold two published runs against each other: `reports/compare_<a>_<b>.html` and `.csv`.

    The page speaks the language of run a, or both (then there is a `.zh.html` too).

    Returns
    -------
    The comparison as lines of text, and the page.
    """
    from invnb.decide.compare_runs import compare_runs, read_tables
    from invnb.report.compare_page import compare_lines, compare_pages
    from invnb.report.write import replace_together

    reports = home() / "reports"
    tables = [read_tables(reports / run / "tables") for run in (a, b)]
    parameters = [read_json(reports / run / "run.json")["parameters"] for run in (a, b)]
    try:
        found = compare_runs(*tables, *parameters)
    except ValueError as error:
        raise InputError(f"{a} and {b} cannot be compared: {error}") from None
    tables_found = (found.parameters, found.figures, found.orders)
    spoken = {"currency": parameters[0]["currency"], "language": parameters[0].get("language", "en")}
    name = f"compare_{a}_{b}"
    pages = compare_pages(a, b, *tables_found, **spoken)
    contents = {f"{name}{ending}": page.encode() for ending, page in pages.items()}
    contents[f"{name}.csv"] = found.figures.to_csv(index=False).encode()
    written = replace_together(reports, contents)
    return compare_lines(*tables_found), written[f"{name}.html"]


def _is_stale(folder: Path) -> bool:
    """Whether the parameter file or an input changed since the report was made."""
    made = read_json(folder / "run.json") or {}
    try:
        loaded = load_params(home() / "params" / f"{folder.name}.yml")
        inputs = {short(path): sha256(path) for path in input_files(loaded)}
    except InputError:
        return True
    return bool(digest([loaded.values.model_dump(), inputs]) != made.get("run_id"))


def now() -> str:
    """This minute, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def short(path: Path | str) -> str:
    """A path as a person would type it in the project's folder."""
    path = Path(path)
    return path.relative_to(home()).as_posix() if path.is_relative_to(home()) else str(path)


def read_json(file: Path) -> Any:
    """The content of a JSON file, or None where there is none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def write_json(file: Path, value: Any) -> None:
    """Write a JSON file, complete or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(
        json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )
    partial.replace(file)
