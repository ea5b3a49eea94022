"""From a parameter file to a published report: which stages must run, in which order, and what if one fails.

A stage runs again only if one of these changed, by content: its notebook, the parameters it declares, the
code it imports, the tables it reads, the raw files (first stage), the locked packages. A what-if takes a
stage over from its base where all these are the same. Stages work in
`build/<category>`; a complete run is published to `reports/<category>` in one step, so a failed run leaves
the last good report untouched.
"""

from __future__ import annotations

import ast
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invnb.dependencies import code_digest, digest, notebook_code, notebook_source, sha256
from invnb.errors import InputError
from invnb.execute import NotebookFailed, execute, progress_file, to_html
from invnb.inputs import NotFetched, input_files, input_folder
from invnb.params import is_scenario, load_params
from invnb.publish import Job, now, publish, read_json, run_info, short, write_json
from invnb.run import PROJECT, STAGES, Stage, home, table_file

Say = Callable[[str], None]

PROGRESS_SECONDS = 10.0
"""Where nothing ends for so long, a line says what is at work and what it did last."""


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
    """The runs there are: every `params/<category>.yml` that is no what-if of another."""
    files = [file for file in (home() / "params").glob("*.yml") if not file.name.startswith("_")]
    return sorted(file.stem for file in files if not is_scenario(file))


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
            write_json(
                reports / "status.json", {"status": status, "stage": stage, "message": message, "at": now()}
            )
        report = reports / "report.html"
        return Outcome(
            category,
            status,
            stage,
            message,
            report if report.is_file() else None,
            tuple(ran),
            time.monotonic() - started,
        )

    try:
        loaded = load_params(home() / "params" / f"{category}.yml", overrides)
        input_folder(loaded.values.data_folder, say)
        inputs = {short(path): sha256(path) for path in input_files(loaded)}
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
            f"  partial notebook: {short(failure.notebook)}",
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
    record: dict[str, Any] = read_json(kept) or {}
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
            if entry := _taken_over(job, stage, key):
                record[stage.name] = entry
                write_json(kept, record)
                done.add(stage.name)
                say(f"{job.category}  {stage.name}  as in {job.loaded.base}")
                continue
            write_json(job.folder / "run.json", run_info(job, record))
            running[pool.submit(_run_stage, job, stage, key)] = stage
        if not running:
            continue
        finished, _ = wait(running, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
        if not finished:
            for future, stage in running.items():
                if future.running():
                    say(f"{job.category}  {stage.name}  at work{_last_step(job, stage)}")
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
            write_json(kept, record)
    if failure:
        raise failure
    return record


def _last_step(job: Job, stage: Stage) -> str:
    """Return the last line a stage logged, as ": line"; empty text where it said nothing yet."""
    file = progress_file(job.folder / "notebooks" / notebook_of(stage).name)
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return f": {lines[-1]}" if lines else ""


def stage_key(job: Job, stage: Stage, record: Mapping[str, Any], packages: str) -> str:
    """One digest of all that a stage depends on; only the last one, the report, shows the run's name."""
    notebook = notebook_of(stage)
    declared = [name for name in declared_parameters(notebook) if name != "category" or stage == STAGES[-1]]
    outputs = {name: sha for entry in record.values() for name, sha in entry["outputs"].items()}
    return digest(
        {
            "notebook": notebook_source(notebook),
            "parameters": job.loaded.slice(declared),
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


def _taken_over(job: Job, stage: Stage, key: str) -> dict[str, Any] | None:
    """Copy a stage's tables and notebook from the base of a what-if; None where the base lacks just these."""
    if not job.loaded.base:
        return None
    base = job.folder.with_name(job.loaded.base)
    entry: dict[str, Any] | None = (read_json(base / "record.json") or {}).get(stage.name)
    if entry is None or entry["key"] != key:
        return None
    pages = [Path("notebooks", f"{stage.name}{ending}") for ending in (".ipynb", ".html")]
    tables = [table_file(Path(), name) for name in stage.writes]
    try:
        for file in (*tables, *pages):
            (job.folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(base / file, job.folder / file)
    except FileNotFoundError:
        return None
    return entry if _is_fresh(job, stage, entry, key) else None


def _run_stage(job: Job, stage: Stage, key: str) -> dict[str, Any]:
    started = time.monotonic()
    notebook = notebook_of(stage)
    for name in stage.writes:
        table_file(job.folder, name).unlink(missing_ok=True)
    parameters = job.loaded.slice(declared_parameters(notebook))
    executed = execute(notebook, job.folder / "notebooks" / notebook.name, parameters, home())
    missing = [name for name in stage.writes if not table_file(job.folder, name).is_file()]
    if missing:
        sentence = f"the notebook ended without writing {', '.join(missing)}"
        raise NotebookFailed(sentence, "What was written", 0, 0, executed.notebook)
    to_html(executed.notebook)
    return {
        "key": key,
        "outputs": {name: sha256(table_file(job.folder, name)) for name in stage.writes},
        "seconds": round(time.monotonic() - started, 3),
        "cell_seconds": round(executed.cell_seconds, 3),
        "warnings": executed.warnings,
    }


def run_all(names: Sequence[str], overrides: Mapping[str, str], *, jobs: int, say: Say) -> list[Outcome]:
    """Bring several reports up to date, `jobs` notebooks at a time; a failure does not stop the others."""
    with ThreadPoolExecutor(jobs) as pool, ThreadPoolExecutor(max(1, min(jobs, len(names)))) as coordinators:
        return list(coordinators.map(lambda name: run_category(name, overrides, pool, say), names))
