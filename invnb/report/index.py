"""The page over all categories: what to approve, what is at stake, and what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from invnb.report.page import render, wording_for
from invnb.report.wording import Wording, is_missing
from invnb.report.write import replace_together

Row = dict[str, Any]
_KEYS = (
    "order_lines", "order_value", "money_at_stake", "currency", "saving", "saving_low", "saving_high",
    "alerts", "fill_rate", "fill_rate_target", "data_through", "seconds", "state", "failed_stage", "message",
    "pages",
)  # fmt: skip


def write_index(
    reports: Path, status: Mapping[str, Mapping[str, Any]] | None = None, language: str = "en"
) -> Path:
    """Write `index.html` from every category's `summary.json`.

    Parameters
    ----------
    reports : the folder that holds one folder for each category.
    status : the latest try of each category: `state` ("ok", "failed" or "stale") and, where known, `stage`,
        `message` and `seconds`. It outdoes what the summary says, so that a failed try is seen beside the
        last good report.
    language : "en", "zh" or "both" (English).

    Returns
    -------
    The path of `index.html`, written under a temporary name and renamed.

    Examples
    --------
    >>> import tempfile
    >>> failed = {"toys": {"state": "failed", "stage": "01_ingest"}}
    >>> with tempfile.TemporaryDirectory() as place:
    ...     "failed at 01_ingest" in write_index(Path(place), failed).read_text("utf-8")
    True
    """
    w = wording_for(language, "")[0]
    rows = categories(reports, status or {})
    content = render(
        "index.html",
        w=w,
        lang="zh-CN" if w.language == "zh" else "en",
        intro=w("index.intro", n=len(rows), lines=w.number(sum(row["order_lines"] or 0 for row in rows))),
        rows=[_shown(row, w) for row in rows],
        totals=_totals(rows, w),
    )
    return replace_together(reports, {"index.html": content.encode("utf-8")})["index.html"]


def categories(reports: Path, status: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """One row for every category with a summary or a status, most money at stake first."""
    found: dict[str, Row] = {}
    for file in sorted(reports.glob("*/summary.json")):
        summary = json.loads(file.read_text(encoding="utf-8"))
        found[file.parent.name] = {**summary, "folder": file.parent.name}
    for name, latest in status.items():
        row = found.setdefault(name, {"folder": name, "title": name})
        state = str(latest.get("state", row.get("state", "missing")))
        row |= {"state": state, "message": latest.get("message")}
        row |= {"failed_stage": latest.get("stage") if state == "failed" else None}
        row["seconds"] = latest["seconds"] if not is_missing(latest.get("seconds")) else row.get("seconds")
    rows = [{**dict.fromkeys(_KEYS), **row} for row in found.values()]
    return sorted(rows, key=lambda row: (-(row["money_at_stake"] or 0), row["folder"]))


def _shown(row: Row, w: Wording) -> Row:
    """One category as the text of its cells."""
    money = Wording(w.language, row["currency"] or "")
    state = str(row["state"] or "missing")
    known = state if state in ("ok", "failed", "stale", "running") else "missing"
    text = w("index.failed_at", stage=row["failed_stage"]) if row["failed_stage"] else w(f"status.{known}")
    mark, css = {"ok": ("✓", "good"), "failed": ("✗", "bad"), "stale": ("◷", "warn")}.get(
        known, ("·", "muted")
    )
    spread = money.range(money.money(row["saving_low"]), money.money(row["saving_high"]))
    met = not is_missing(row["fill_rate"]) and not is_missing(row["fill_rate_target"])
    service_mark = ("✓ " if row["fill_rate"] >= row["fill_rate_target"] else "✗ ") if met else ""
    alerts = row["alerts"] or {}
    pages = row["pages"] or []
    links = [(f"{quote(row['folder'])}/{page}", "中文" if page.endswith("zh.html") else "") for page in pages]
    return {
        "title": row.get("title") or row["folder"],
        "links": links,
        "status": Markup('<span class="{}">{} {}</span>').format(css, mark, text),
        "message": row["message"] or "",
        "to_approve": money.money(row["order_value"]) if row["order_value"] is not None else "–",
        "lines": money.number(row["order_lines"]),
        "at_stake": money.money(row["money_at_stake"]),
        "saving": money.money(row["saving"]),
        "range": spread,
        "alerts": f"{sum(alerts.values())} ({alerts.get('S1', 0)})" if row["alerts"] is not None else "–",
        "service": f"{service_mark}{w.share(row['fill_rate'])} / {w.share(row['fill_rate_target'], 0)}",
        "data_through": w.date(row["data_through"]),
        "seconds": w.number(row["seconds"]),
    }


def _totals(rows: list[Row], w: Wording) -> Row:
    """Sums over all categories; money is added up for each currency alone."""

    def money(key: str) -> str:
        sums: dict[str, float] = {}
        for row in rows:
            if row[key] is not None:
                sums[row["currency"] or ""] = sums.get(row["currency"] or "", 0.0) + float(row[key])
        return " + ".join(Wording(w.language, code).money(total) for code, total in sums.items()) or "–"

    every = [row["alerts"] or {} for row in rows]
    return {
        "to_approve": money("order_value"),
        "lines": w.number(sum(row["order_lines"] or 0 for row in rows)),
        "at_stake": money("money_at_stake"),
        "saving": money("saving"),
        "alerts": f"{sum(sum(a.values()) for a in every)} ({sum(a.get('S1', 0) for a in every)})",
        "seconds": w.number(sum(float(row["seconds"] or 0) for row in rows)),
    }
