"""Lessons: stored without results, short cells, and they run where what they need is installed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from invnb.run import PROJECT

LESSONS = sorted((PROJECT / "notebooks" / "lessons").glob("*.ipynb"))
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def cells(lesson: Path) -> list[dict[str, Any]]:
    return json.loads(lesson.read_text(encoding="utf-8"))["cells"]


def test_there_are_lessons() -> None:
    assert LESSONS


@each_lesson
def test_stored_without_results(lesson: Path) -> None:
    for cell in cells(lesson):
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@each_lesson
def test_begins_with_its_question_and_keeps_cells_short(lesson: Path) -> None:
    everything = cells(lesson)
    opening = "".join(everything[0]["source"])
    assert re.match(r"# Lesson · .*\?\n", opening)
    assert "**Question.**" in opening
    for cell in everything:
        if cell["cell_type"] == "code":
            assert len(cell["source"]) <= 20, "".join(cell["source"])
            assert not re.search(r"^\s*(def|class|%|!)", "".join(cell["source"]), re.M)
        else:
            assert not re.search(r"\d", "".join(cell["source"])), "a number in prose follows no parameter"


def test_the_lesson_on_a_learned_policy_runs() -> None:
    pytest.importorskip("stable_baselines3", reason="extra learned-policy not installed")
    import nbformat
    from nbclient import NotebookClient

    lesson = nbformat.read(PROJECT / "notebooks" / "lessons" / "learned_policy.ipynb", as_version=4)
    settings = next(cell for cell in lesson.cells if "parameters" in cell.metadata.get("tags", []))
    settings.source += "\nn_steps = 8192"
    NotebookClient(lesson, timeout=120, resources={"metadata": {"path": str(PROJECT)}}).execute()
    pictures = [str(cell.get("outputs")) for cell in lesson.cells if "show(" in cell.source]
    assert len(pictures) == 2
    assert all("<svg" in picture or "<img" in picture for picture in pictures)
