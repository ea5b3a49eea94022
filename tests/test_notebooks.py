"""The contract of the numbered notebooks: their form, their parameters, and that they run in order."""

import ast
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from invnb.dependencies import notebook_code
from invnb.params import Params
from invnb.pipeline import declared_parameters
from invnb.run import PROJECT, STAGES

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
MOST_LINES = 20  # one call with many named arguments, one on a line
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def cells(notebook: Path, kind: str = "") -> list[dict[str, Any]]:
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if not kind or cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_every_stage_has_its_notebook() -> None:
    assert [path.stem for path in NOTEBOOKS] == [stage.name for stage in STAGES]


@each_notebook
def test_stored_without_results(notebook: Path) -> None:
    for cell in cells(notebook, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@each_notebook
def test_cells_are_short_and_each_has_a_sentence_before_it(notebook: Path) -> None:
    everything = cells(notebook)
    assert everything[0]["cell_type"] == "markdown"
    opening = source(everything[0])
    assert re.match(r"# \d\d · .*\?\n", opening)
    for word in ("**Question.**", "**Reads**", "**Writes**"):
        assert word in opening
    lengths = []
    for before, cell in itertools.pairwise(everything):
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
            lines = [line for line in source(cell).splitlines() if line.strip()]
            assert len(lines) <= MOST_LINES, source(cell)
            lengths.append(len(lines))
            if before["cell_type"] == "code":
                # A second code cell under one sentence shows or reads more of the same; it stays small.
                assert len(lines) <= 7, source(cell)
    assert sorted(lengths)[len(lengths) // 2] <= 6


@each_notebook
def test_notebooks_define_nothing(notebook: Path) -> None:
    for node in ast.walk(ast.parse(notebook_code(notebook))):
        assert not isinstance(node, ast.FunctionDef | ast.ClassDef), "what deserves a test lives in invnb"
    assert not re.search(r"^\s*[%!]", notebook_code(notebook), re.M)


@each_notebook
def test_no_result_stands_in_the_prose(notebook: Path) -> None:
    for cell in cells(notebook, "markdown"):
        text = re.sub(r"^#+ \d\d · ", "", source(cell), flags=re.M)
        numbers = re.findall(r"(?<![\w.])\d+(?:[.,]\d+)?(?: ?%)?(?![\w.])", text)
        allowed = [*re.findall(r"notebooks? (\d\d)", text), "10 %"]
        assert set(numbers) <= {*allowed, "10"}, f"{set(numbers)} in: {text}"


@each_notebook
def test_headings_never_jump(notebook: Path) -> None:
    levels = [
        len(mark)
        for cell in cells(notebook, "markdown")
        for mark in re.findall(r"^(#+) ", source(cell), re.M)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


@each_notebook
def test_parameters_are_the_schemas_with_its_defaults(notebook: Path) -> None:
    tagged = [cell for cell in cells(notebook, "code") if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for line in source(tagged[0]).splitlines():
        assert re.match(r"\w+ = .+  # \w", line), f"not typed and commented: {line}"
    given = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source(tagged[0])).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    defaults = Params().model_dump()
    assert given == {name: defaults.get(name, "not a parameter") for name in given}
    assert {name: type(value) for name, value in given.items()} == {
        name: type(defaults[name]) for name in given
    }


@each_notebook
def test_every_declared_parameter_is_used(notebook: Path) -> None:
    code = "\n".join(
        source(c) for c in cells(notebook, "code") if "parameters" not in c["metadata"].get("tags", [])
    )
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)} | {"category"}
    assert set(declared_parameters(notebook)) <= used


def test_no_parameter_is_dead() -> None:
    declared = {name for notebook in NOTEBOOKS for name in declared_parameters(notebook)}
    assert declared == set(Params.model_fields)


@each_notebook
def test_reads_and_writes_what_its_stage_lists(notebook: Path) -> None:
    stage = next(stage for stage in STAGES if stage.name == notebook.stem)
    code = notebook_code(notebook)
    read = {
        name
        for call in re.findall(r"run\.(?:read|input)\(([^)]*)\)", code)
        for name in re.findall(r'"([\w.]+)"', call)
    }
    assert read == set(stage.reads) or "stage.reads" in code
