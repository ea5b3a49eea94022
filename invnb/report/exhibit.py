"""One piece of evidence: what the page shows of a question, and where it was made."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from invnb.report.style import Html


@dataclass(frozen=True)
class Exhibit:
    """One piece of evidence on the page."""

    key: str
    title: str
    sentence: str
    figures: tuple[tuple[str, Html], ...] = ()
    numbers: Markup | str = ""
    body: Markup | str = ""
    href: str = ""
    wide: bool = False
