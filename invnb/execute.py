"""Run one notebook in a kernel of its own, and make a page of it.

Kernels talk over `ipc`: two TCP kernels started at once can be given the same port.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invnb.run import PROJECT, STAGES

KERNEL_PATHS = [str(PROJECT)]
"""Where a kernel finds the project, whatever folder it is started in."""


class NotebookFailed(Exception):  # noqa: N818 (it names what happened)
    """A cell raised.

    Parameters
    ----------
    sentence : what the person should read (an `InputError`'s own sentence, or error type and message).
    heading : the heading above the failing cell.
    cell, cells : the failing code cell's number and how many there are.
    notebook : the partial notebook, kept as evidence.
    """

    def __init__(self, sentence: str, heading: str, cell: int, cells: int, notebook: Path) -> None:
        self.sentence, self.heading, self.cell, self.cells = sentence, heading, cell, cells
        self.notebook = notebook
        super().__init__(sentence)


@dataclass(frozen=True)
class Executed:
    """An executed notebook.

    Parameters
    ----------
    notebook : the executed file.
    cell_seconds : time spent inside its cells.
    warnings : warnings its cells gave; the report prints them.
    """

    notebook: Path
    cell_seconds: float
    warnings: list[str]


def execute(source: Path, target: Path, parameters: Mapping[str, Any], home: Path) -> Executed:
    """Execute a notebook through Papermill.

    Parameters
    ----------
    source, target : the notebook and its executed copy; the copy appears only if every cell passed,
        otherwise the partial notebook goes to the folder `failed` beside the target's folder.
    parameters : values for its `parameters` cell.
    home : folder of `params/`, `data/`, `build/` and `reports/`.

    Raises
    ------
    NotebookFailed : with the sentence to show, the cell, and where the partial notebook lies.
    """
    import papermill
    from jupyter_client.manager import KernelManager

    failed = target.parent.parent / "failed" / target.name
    for folder in (target.parent, failed.parent, progress_file(target).parent):
        folder.mkdir(parents=True, exist_ok=True)
    # A socket's path may have at most about 100 characters: not below the project, wherever that is.
    sockets = Path(tempfile.mkdtemp(prefix="invnb-"))
    progress_file(target).write_text("", encoding="utf-8")
    local = {"transport": "ipc", "ip": str(sockets / "kernel")} if os.name == "posix" else {}
    manager = KernelManager(kernel_name="python3", connection_file=str(sockets / "kernel.json"), **local)
    environment = {
        **os.environ,
        "INVNB_HOME": str(home),
        "PYTHONPATH": os.pathsep.join(KERNEL_PATHS),
        "PYTHONHASHSEED": "0",
        # The scheduler keeps the cores busy with notebooks; threads on top of them only spin.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    try:
        manager.start_kernel(
            env=environment, cwd=str(PROJECT), extra_arguments=[_logging_to(progress_file(target))]
        )
        papermill.execute_notebook(
            str(source),
            str(failed),
            dict(parameters),
            progress_bar=False,
            km=manager,
            start_timeout=120,
        )
    except papermill.PapermillExecutionError as error:
        raise _failure(error, failed) from None
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        shutil.rmtree(sockets, ignore_errors=True)
    failed.replace(target)
    cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
    seconds = sum(cell["metadata"].get("papermill", {}).get("duration") or 0.0 for cell in cells)
    errors = (
        output for cell in cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    )
    lines = (line for output in errors for line in "".join(output["text"]).splitlines())
    return Executed(target, float(seconds), [line.strip() for line in lines if "Warning" in line])


def progress_file(target: Path) -> Path:
    """Return the file to which a notebook's kernel writes what it has done so far, line by line."""
    return target.parent.parent / "progress" / f"{target.stem}.log"


def _logging_to(file: Path) -> str:
    """Return the kernel's argument that sends the log of `invnb` to a file, before the first cell runs."""
    log = "logging.getLogger('invnb')"
    line = f"import logging; {log}.setLevel('INFO'); {log}.addHandler(logging.FileHandler({str(file)!r}))"
    return f"--IPKernelApp.exec_lines={line}"


def _failure(error: Any, notebook: Path) -> NotebookFailed:
    import nbformat

    cells = nbformat.read(notebook, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    number, heading = 0, ""
    for cell in cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#+\s+(.*)$", cell.source, flags=re.MULTILINE)
            heading = found[-1] if found and "papermill" not in cell.source else heading
        else:
            number += 1
            if any(output.output_type == "error" for output in cell.get("outputs", [])):
                break
    if error.ename == "InputError":
        sentence = str(error.evalue)
    elif error.ename == "AssertionError" and not error.evalue:
        traceback = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
        line = cell.source.splitlines()[int(re.findall(r"line (\d+)", traceback)[0]) - 1]
        sentence = f"the check `{line.strip()}` does not hold"
    else:
        sentence = f"{error.ename}: {error.evalue}"
    return NotebookFailed(sentence, heading, number, len(code), notebook)


def to_html(notebook: Path) -> Path:
    """Make a page of an executed notebook beside it: self-contained, with the code folded."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="invnb",
        extra_template_basedirs=[str(PROJECT / "invnb" / "report" / "notebook_page")],
        anchor_link_text="",
    )
    body, _ = exporter.from_filename(
        str(notebook),
        resources={"metadata": {"name": notebook.stem}, "stages": [stage.name for stage in STAGES]},
    )
    page = notebook.with_suffix(".html")
    page.write_text(body, encoding="utf-8")
    return page
