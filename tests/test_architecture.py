"""The house rules of docs/architecture.md, as far as a machine can see them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from invnb.dependencies import imported_modules

FLOORS = {
    "inventory": {"inventory"},
    "data": {"data"},
    "features": {"features", "data"},
    "forecast": {"forecast", "features", "data"},
    "decide": {"decide", "forecast", "features", "data", "inventory"},
    "report": {"report"},
}
HEAVY = {
    "sklearn",
    "statsmodels",
    "seaborn",
    "papermill",
    "matplotlib",
    "numba",
    "holidays",
    "nbconvert",
    "skops",
}


def modules(root: Path) -> list[Path]:
    return sorted((root / "invnb").rglob("*.py"))


def test_imports_point_down(root: Path) -> None:
    for file in modules(root):
        floor = file.relative_to(root / "invnb").parts[0]
        if floor in FLOORS:
            used = {name.split(".")[1] for name in imported_modules(file.read_text()) if "." in name}
            assert used <= FLOORS[floor] | {"errors"}, f"{file} imports {used - FLOORS[floor]}"


def test_no_circles(root: Path) -> None:
    graph: dict[str, set[str]] = {}
    for file in modules(root):
        name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        tops = "\n".join(
            ast.unparse(node)
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.Import | ast.ImportFrom)
        )
        direct = {node for node in imported_modules(tops) if node != name and not name.startswith(f"{node}.")}
        graph[name] = direct
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name not in done:
            for other in graph.get(name, ()):
                visit(other, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_files_stay_short(root: Path) -> None:
    long = {str(file): n for file in modules(root) if (n := len(file.read_text().splitlines())) > 450}
    assert not long


@pytest.mark.parametrize(
    "package", ["invnb", "invnb.inventory", "invnb.data", "invnb.run", "invnb.params", "invnb.pipeline"]
)
def test_importing_costs_no_heavy_package(root: Path, package: str) -> None:
    code = f"import sys, {package}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert not HEAVY & set(loaded.split())
