"""The project's own files agree with one another."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml


def names(requirements: list[str]) -> dict[str, str]:
    """Package name -> its range."""
    found = (re.match(r"([A-Za-z0-9._-]+)\s*(.*)", text) for text in requirements)
    return {match[1].lower(): match[2] for match in found if match}


@pytest.fixture(scope="module")
def declared(root: Path) -> dict[str, dict[str, str]]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    run = names(project["dependencies"])
    return {"run": run, "dev": run | names(extras["dev"]), "lab": run | names(extras["lab"])}


def locked(root: Path, lock: str) -> dict[str, str]:
    text = (root / "requirements" / f"{lock}.lock").read_text()
    return {
        name.lower(): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.M)
    }


@pytest.mark.parametrize("lock", ["run", "dev", "lab"])
def test_locks_hold_what_is_declared(root: Path, declared: dict[str, dict[str, str]], lock: str) -> None:
    from packaging.specifiers import SpecifierSet

    versions = locked(root, lock)
    for name, allowed in declared[lock].items():
        assert name in versions, f"{name} is not in requirements/{lock}.lock: run `make lock`"
        assert versions[name] in SpecifierSet(allowed), f"{name} {versions[name]} is outside {allowed}"


@pytest.mark.parametrize("lock", ["run", "dev", "lab"])
def test_locks_have_hashes_and_no_addresses(root: Path, lock: str) -> None:
    text = (root / "requirements" / f"{lock}.lock").read_text()
    assert not re.search(r"https?://|--index|--extra-index|--find-links|file:", text)
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if "==" in block.split("\n")[0]:
            assert "--hash=sha256:" in block, block.split("\n")[0]


def test_extras_are_locked_to_the_same_versions(root: Path) -> None:
    run = locked(root, "run")
    for lock in ("dev", "lab"):
        other = locked(root, lock)
        assert {name: other.get(name) for name in run} == run


def test_conda_environment_has_the_same_packages(root: Path, declared: dict[str, dict[str, str]]) -> None:
    listed = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    pip = next(item["pip"] for item in listed if isinstance(item, dict))
    conda = names([item for item in listed if isinstance(item, str)] + pip)
    assert {name: conda[name] for name in conda if name not in ("python", "pip")} == declared[
        "dev"
    ] | declared["lab"]


def test_every_dependency_has_its_reason(root: Path) -> None:
    text = (root / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.M | re.S)
    assert block
    for line in block[1].splitlines():
        assert re.search(r'",\s+# \S', line), f"no reason beside {line.strip()}"


def test_make_help_lists_every_target(root: Path) -> None:
    shown = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(), re.M)
    assert phony
    for target in phony[1].split():
        assert f"make {target} " in shown
