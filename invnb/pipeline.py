"""From a parameter file to a published report: which stages must run, in which order, and what if one fails.

A stage runs again only if one of these changed, by content: its notebook, the parameters it declares, the
code it imports, the tables it reads, the raw files (first stage), the locked packages. Stages work in
`build/<category>`; a complete run is published to `reports/<category>` in one step, so a failed run leaves
the last good report untouched.
"""

from __future__ import annotations

import ast
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from invnb.dependencies import code_digest, digest, notebook_code, notebook_source, sha256
from invnb.errors import InputError
from invnb.execute import NotebookFailed, execute, to_html
from invnb.inputs import NotFetched, input_files, prepare_data
from invnb.params import LoadedParams, load_params
from invnb.run import PROJECT, STAGES, Stage, home, table_file

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a category's run ended.

    Parameters
    ----------
    category : its name.
    status : "ok", "failed" or "skipped" (a public data set that was not fetched).
    stage, message : where it ended and the sentence to show when it is not "ok".
    report : the report, if there is one (of this run or the last good one).
    stages_run : names of the stages that ran.
    seconds : wall time.
    """

    category: str
    status: str
    stage: str
    message: str
    report: Path | None
    stages_run: tuple[str, ...]
    seconds: float


def categories() -> list[str]:
    """The runs there are: every `params/<category>.yml`."""
    return sorted(file.stem for file in (home() / "params").glob("*.yml") if not file.name.startswith("_"))


def declared_parameters(notebook: Path) -> list[str]:
    """Names assigned in the notebook's `parameters` cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if "parameters" in cell["metadata"].get("tags", []):
            body = ast.parse("".join(cell["source"])).body
            targets = [
                node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
                for node in body
            ]
            return [target.id for target in targets if isinstance(target, ast.Name)]
    raise InputError("no cell is tagged `parameters`", file=notebook)


def notebook_of(stage: Stage) -> Path:
    """The notebook of a stage."""
    return PROJECT / "notebooks" / f"{stage.name}.ipynb"


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


def run_category(category: str, overrides: Mapping[str, str], pool: ThreadPoolExecutor, say: Say) -> Outcome:
    """Bring one category's report up to date.

    Parameters
    ----------
    category : name of the parameter file.
    overrides : parameters given on the command line, as text.
    pool : where notebooks run; its size is how many run at once.
    say : receives one line per stage.
    """
    started = time.monotonic()
    reports = home() / "reports" / category
    ran: list[str] = []

    def ended(status: str, stage: str = "", message: str = "") -> Outcome:
        if (home() / "params" / f"{category}.yml").is_file():
            _write_json(
                reports / "status.json", {"status": status, "stage": stage, "message": message, "at": _now()}
            )
        report = reports / "report.html"
        return Outcome(
            category,
            status,
            message,
            report if report.is_file() else None,
            tuple(ran),
            time.monotonic() - started,
        )

    try:
        loaded = load_params(home() / "params" / f"{category}.yml", overrides)
        prepare_data(loaded, say)
        inputs = {_short(path): sha256(path) for path in input_files(loaded)}
    except NotFetched as missing:
        return ended("skipped", "input files", str(missing))
    except InputError as error:
        return ended("failed", "parameters and input files", str(error))
    job = Job(category, loaded, inputs, home() / "build" / category)
    try:
        record = run_stages(job, pool, say, ran)
    except NotebookFailed as failure:
        return ended(
            "failed",
            failure.notebook.stem,
            f"“{failure.heading}” (code cell {failure.cell} of {failure.cells}): {failure.sentence}\n"
            f"  partial notebook: {_short(failure.notebook)}",
        )
    publish(job, record)
    return ended("ok")


def run_stages(job: Job, pool: ThreadPoolExecutor, say: Say, ran: list[str]) -> dict[str, Any]:
    """Run the stages whose dependencies changed, each as soon as those it reads from are there.

    Returns
    -------
    What is recorded of each stage: its key, the SHA-256 of its outputs, its seconds.

    Raises
    ------
    NotebookFailed : the first failure, after the stages already running have ended.
    """
    kept = job.folder / "record.json"
    record: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    packages = sha256(PROJECT / "requirements" / "run.lock")
    writer = {name: stage.name for stage in STAGES for name in stage.writes}
    todo, done = list(STAGES), set[str]()
    running: dict[Future[dict[str, Any]], Stage] = {}
    failure: NotebookFailed | None = None
    while todo or running:
        ready = [stage for stage in todo if {writer[name] for name in stage.reads} <= done]
        for stage in ready:
            todo.remove(stage)
            key = stage_key(job, stage, record, packages)
            if _is_fresh(job, stage, record.get(stage.name), key):
                done.add(stage.name)
                say(f"{job.category}  {stage.name}  unchanged")
                continue
            _write_json(job.folder / "run.json", run_info(job, record))
            running[pool.submit(_run_stage, job, stage, key)] = stage
        if not running:
            continue
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            stage = running.pop(future)
            try:
                record[stage.name] = future.result()
            except NotebookFailed as error:
                failure, todo = error, []
                record.pop(stage.name, None)
                say(f"{job.category}  {stage.name}  FAILED")
            else:
                done.add(stage.name)
                ran.append(stage.name)
                say(f"{job.category}  {stage.name}  {record[stage.name]['seconds']:.1f} s")
            _write_json(kept, record)
    if failure:
        raise failure
    return record


def stage_key(job: Job, stage: Stage, record: Mapping[str, Any], packages: str) -> str:
    """One digest of all that a stage depends on."""
    notebook = notebook_of(stage)
    outputs = {name: sha for entry in record.values() for name, sha in entry["outputs"].items()}
    return digest(
        {
            "notebook": notebook_source(notebook),
            "parameters": job.loaded.slice(declared_parameters(notebook)),
            "code": code_digest(notebook_code(notebook)),
            "tables": {name: outputs[name] for name in stage.reads},
            "inputs": job.inputs if not stage.reads else {},
            "packages": packages,
        }
    )


def _is_fresh(job: Job, stage: Stage, entry: Mapping[str, Any] | None, key: str) -> bool:
    if entry is None or entry["key"] != key:
        return False
    files = {name: table_file(job.folder, name) for name in stage.writes}
    return all(file.is_file() and sha256(file) == entry["outputs"][name] for name, file in files.items())


def _run_stage(job: Job, stage: Stage, key: str) -> dict[str, Any]:
    started = time.monotonic()
    notebook = notebook_of(stage)
    for name in stage.writes:
        table_file(job.folder, name).unlink(missing_ok=True)
    parameters = job.loaded.slice(declared_parameters(notebook))
    executed = execute(notebook, job.folder / "notebooks" / notebook.name, parameters, home())
    missing = [name for name in stage.writes if not table_file(job.folder, name).is_file()]
    if missing:
        raise InputError(f"{stage.name} did not write {', '.join(missing)}", file=_short(notebook))
    to_html(executed.notebook)
    return {
        "key": key,
        "outputs": {name: sha256(table_file(job.folder, name)) for name in stage.writes},
        "seconds": round(time.monotonic() - started, 3),
        "cell_seconds": round(executed.cell_seconds, 3),
    }


def run_info(job: Job, record: Mapping[str, Any]) -> dict[str, Any]:
    """What `run.json` says: parameters and origin, inputs, versions, seed, seconds, makers of tables."""
    from importlib.metadata import version

    packages = ("numpy", "pandas", "scipy", "scikit-learn", "numba", "pyarrow", "papermill")
    previous = job.reports / "summary.json"
    same = digest([job.loaded.values.model_dump(), job.inputs])
    published = job.reports / "run.json"
    last = json.loads(published.read_text(encoding="utf-8")) if published.is_file() else {}
    # A repeated run of the same data compares itself with what the first one compared itself with.
    repeated = last.get("run_id") == same
    before = last.get("previous") if repeated else _read_json(previous)
    return {
        "run_id": same,
        "category": job.category,
        "generated_at": last["generated_at"] if repeated else _now(),
        "parameters": {
            name: {"value": value, "origin": job.loaded.origin[name], "line": job.loaded.lines.get(name)}
            for name, value in job.loaded.values.model_dump().items()
        },
        "parameter_file": _short(job.loaded.file),
        "inputs": job.inputs,
        "code_version": code_version(),
        "versions": {"python": sys.version.split()[0], **{name: version(name) for name in packages}},
        "seed": job.loaded.values.seed,
        "seconds": {name: entry["seconds"] for name, entry in record.items()},
        "cell_seconds": {name: entry["cell_seconds"] for name, entry in record.items()},
        "tables": {
            name: {"stage": stage.name, "anchor": f"table-{name}"}
            for stage in STAGES
            for name in stage.writes
        },
        "previous": before,
    }


def code_version() -> str:
    """The version of the package, and the commit where there is one."""
    import subprocess

    from invnb import __version__

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
    old = _read_json(job.reports / "run.json")
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
    _write_json(new / "run.json", run_info(job, record) | {"outputs": outputs})
    if job.reports.is_dir():
        job.reports.rename(retired)
    new.rename(job.reports)
    shutil.rmtree(retired, ignore_errors=True)


def run_all(names: Sequence[str], overrides: Mapping[str, str], *, jobs: int, say: Say) -> list[Outcome]:
    """Bring several reports up to date, `jobs` notebooks at a time; a failure does not stop the others."""
    with ThreadPoolExecutor(jobs) as pool, ThreadPoolExecutor(max(1, min(jobs, len(names)))) as coordinators:
        return list(coordinators.map(lambda name: run_category(name, overrides, pool, say), names))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _short(path: Path | str) -> str:
    path = Path(path)
    return path.relative_to(home()).as_posix() if path.is_relative_to(home()) else str(path)


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _write_json(file: Path, value: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(
        json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )
    partial.replace(file)
