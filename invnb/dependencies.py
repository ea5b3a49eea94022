"""What a stage depends on, as hashes: the code it imports, its inputs, its parameters."""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from invnb.run import PROJECT

RESOURCES = (".html", ".css", ".js", ".j2", ".json", ".toml", ".yaml", ".txt")


def sha256(file: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value: Any) -> str:
    """SHA-256 of a value that JSON can hold; equal values give equal digests.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def notebook_source(notebook: Path) -> str:
    """The cells of a notebook as text: what matters of it, whatever an editor did to its metadata."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return json.dumps([(c["cell_type"], c["source"], c["metadata"].get("tags", [])) for c in cells])


def notebook_code(notebook: Path) -> str:
    """The code of a notebook as one Python text."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def imported_modules(code: str) -> set[str]:
    """Names of the project's modules that a piece of code imports, at the top or inside functions.

    Examples
    --------
    >>> sorted(imported_modules("from invnb.data import panel\\nimport pandas"))
    ['invnb', 'invnb.data', 'invnb.data.panel']
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    parents = {name.rsplit(".", depth)[0] for name in found for depth in range(1, name.count(".") + 1)}
    return {name for name in found | parents if name == "invnb" or name.startswith("invnb.")}


def _module_file(module: str) -> Path | None:
    base = PROJECT.joinpath(*module.split("."))
    for file in (base / "__init__.py", base.with_suffix(".py")):
        if file.is_file():
            return file
    return None


@cache
def _imports_of(file: Path) -> frozenset[Path]:
    modules = imported_modules(file.read_text(encoding="utf-8"))
    return frozenset(found for name in modules if (found := _module_file(name)))


def code_files(code: str) -> list[Path]:
    """Every file of the project that a piece of code depends on: modules it imports, directly or not,
    and the templates, wording and data that lie in their packages' sub-folders."""
    todo = {found for name in imported_modules(code) if (found := _module_file(name))}
    modules: set[Path] = set()
    while todo:
        file = todo.pop()
        modules.add(file)
        todo |= _imports_of(file) - modules
    folders = {file.parent for file in modules if file.parent != PROJECT / "invnb"}
    resources = {
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in RESOURCES and file.is_file()
    }
    return sorted(modules | resources)


def code_digest(code: str) -> str:
    """One digest for everything `code_files` finds, by content."""
    return digest([(file.relative_to(PROJECT).as_posix(), sha256(file)) for file in code_files(code)])
