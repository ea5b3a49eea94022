"""The one entry point: tables in, a report and its files out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class ReportFiles:
    """The files one report consists of."""

    report: Path
    report_other: Path | None
    orders_csv: Path
    orders_xlsx: Path
    alerts_csv: Path
    summary: Path


def write_report(
    folder: Path,
    tables: dict[str, pd.DataFrame],
    parameters: dict[str, Any],
    run_info: dict[str, Any],
    language: str,
) -> ReportFiles:
    """Write report.html, orders.csv, orders.xlsx, alerts.csv and summary.json into a folder.

    Each file is written under a temporary name and renamed when all are done, so that a failure leaves the
    last good
    report as it was. The same arguments give the same bytes.

    Parameters
    ----------
    folder : `reports/<category>/`, made where it is missing.
    tables : any of the tables of docs/architecture.md by name; a missing or empty one is said to be so on
        the page.
    parameters : name and value of every parameter of the run (`category`, `product_category`, `currency`,
        `period`,
        `horizon_periods`, `budget` and `fill_rate_target` are used; all are printed).
    run_info : all optional. `generated_at` (text), `data_through` (date), `code_version`, `seconds`
        {stage: s},
        `status` {stage: "ok", "failed", "stale" or "missing"}, `errors` {stage: sentence}, `stale_because` (text),
        `versions` {package: version}, `hashes` {file: SHA-256}, `parameter_origin` {parameter: where from},
        `sources` {table: (stage, anchor)}, `warnings` [text], `previous` (the summary of the run before).
    language : "en", "zh" or "both" (then report.html is English and report.zh.html Chinese).

    Raises
    ------
    ValueError : for an unknown language.
    """
    raise NotImplementedError
