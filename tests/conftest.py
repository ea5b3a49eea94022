"""Where tests find public data and published answers that are not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with `data/` and `known_answers/`; a test that needs it skips where it is absent."""
    folder = Path(os.environ.get("INVNB_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder of public data and published answers at {folder} (set INVNB_SHARED)")
    return folder
