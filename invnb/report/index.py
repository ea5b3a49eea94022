"""The page over all categories: what to approve, what is at stake, and what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_index(reports: Path, status: dict[str, dict[str, Any]] | None = None, language: str = "en") -> Path:
    """Write `index.html` from every category's `summary.json`.

    Parameters
    ----------
    reports : the folder that holds one folder for each category.
    status : state of the latest try of each category: `state` ("ok", "failed" or "stale"), and where known `stage`,
        `message` and `seconds`. A category with neither status nor summary is left out.
    language : "en", "zh" or "both" (English).

    Returns
    -------
    The path of `index.html`, written under a temporary name and renamed.
    """
    raise NotImplementedError
