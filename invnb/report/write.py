"""The one entry point: tables in, a report and its files out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from invnb.report import say
from invnb.report.alerts_file import alerts_csv
from invnb.report.first_screen import key_figures
from invnb.report.inputs import Inputs
from invnb.report.known import only_known
from invnb.report.orders_file import orders_csv, orders_xlsx
from invnb.report.page import report_page, title_of, wording_for
from invnb.report.wording import is_missing

OTHER_PAGE = "report.zh.html"


@dataclass(frozen=True)
class ReportFiles:
    """The files of one report; `report_other` is the Chinese page beside an English one, else None."""

    report: Path
    report_other: Path | None
    orders_csv: Path
    orders_xlsx: Path
    alerts_csv: Path
    summary: Path


def write_report(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    parameters: Mapping[str, Any],
    run_info: Mapping[str, Any],
    language: str,
) -> ReportFiles:
    """Write report.html, orders.csv, orders.xlsx, alerts.csv and summary.json into a folder.

    All files are written under temporary names and renamed when the last is done, so that a failure leaves
    the last good report as it was. The same arguments give the same bytes.

    Parameters
    ----------
    folder : `reports/<category>/`, made where it is missing.
    tables : any of the tables of docs/architecture.md by name; the page says where one is missing or empty.
        `suppliers` (minimum order value), `products` (names) and `forecast_total` (period, p10, p90: the
        range of the sum of all products) are used where given.
    parameters : name and value of every parameter of the run, all printed; `category`, `product_category`,
        `currency`, `period`, `budget`, `backtest_periods` and `fill_rate_target` are used.
    run_info : all optional. `generated_at` (text), `data_through` (date), `code_version`,
        `seconds` {stage: s}, `status` {stage: "ok", "failed", "stale" or "missing"},
        `errors` {stage: sentence}, `stale_because` (text),
        `versions` {package: version}, `hashes` {file: SHA-256},
        `parameter_origin` {parameter: where from}, `sources` {table: (stage, anchor)}, `warnings` [text],
        `previous` (the summary of the run before).
    language : "en", "zh" or "both" (then report.html is English and report.zh.html Chinese).

    Raises
    ------
    ValueError : for an unknown language.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     files = write_report(Path(place), {}, {"category": "toys", "currency": "EUR"}, {}, "en")
    ...     "No order proposal could be made" in files.report.read_text(encoding="utf-8")
    True
    """
    wordings = wording_for(language, str(parameters.get("currency") or ""))
    pages = ["report.html", OTHER_PAGE][: len(wordings)]
    tables = only_known(tables)
    main = Inputs(tables, parameters, run_info, wordings[0])
    orders = main.table("orders", "sku", "order_units", "line_value")
    csv = orders_csv(orders)
    contents: dict[str, bytes] = {}
    for page, w in zip(pages, wordings, strict=True):
        given = Inputs(tables, parameters, run_info, w)
        other = next((name for name in pages if name != page), "")
        contents[page] = report_page(given, csv, other).encode("utf-8")
    suppliers = main.table("suppliers", "supplier_id", "order_min_value")
    contents["orders.csv"] = csv
    contents["orders.xlsx"] = orders_xlsx(
        orders, suppliers, wordings[0], str(run_info.get("generated_at") or "")
    )
    contents["alerts.csv"] = alerts_csv(main.table("alerts"))
    contents["summary.json"] = (json.dumps(summary(main, pages), ensure_ascii=False, indent=1) + "\n").encode(
        "utf-8"
    )
    paths = replace_together(folder, contents)
    if OTHER_PAGE not in contents:
        (folder / OTHER_PAGE).unlink(missing_ok=True)  # of an earlier run in both languages
    return ReportFiles(
        paths["report.html"],
        paths.get(OTHER_PAGE),
        paths["orders.csv"],
        paths["orders.xlsx"],
        paths["alerts.csv"],
        paths["summary.json"],
    )


def replace_together(folder: Path, contents: Mapping[str, bytes]) -> dict[str, Path]:
    """Write files under temporary names, and rename them only when all are written."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = {name: folder / f".{name}.new" for name in contents}
    try:
        for name, content in contents.items():
            waiting[name].write_bytes(content)
    except OSError:
        for path in waiting.values():
            path.unlink(missing_ok=True)
        raise
    for name, path in waiting.items():
        os.replace(path, folder / name)
    return {name: folder / name for name in contents}


def _number(value: Any) -> float | None:
    return None if is_missing(value) else round(float(value), 6)


def summary(given: Inputs, pages: list[str]) -> dict[str, Any]:
    """What the index and the next run need to know of this one.

    Returns
    -------
    `category`, `title`, `currency`, `pages`, `state` ("ok", "failed" or "stale"), `failed_stage`,
    `generated_at`, `data_through`, `order_lines`, `order_value`, `budget`, `saving`, `saving_low`,
    `saving_high`, `alerts` {severity: n}, `money_at_risk`, `money_at_stake` (orders plus money at risk),
    `fill_rate`, `fill_rate_target`, `seconds`, `kpis` {kpi: value}, `orders` {sku: units}.
    """
    run, parameters = given.run, given.parameters
    kept = say.ordered(given.table("orders", "sku", "order_units", "line_value"))
    alerts = given.table("alerts", "sku", "severity", "money_at_risk")
    figures = key_figures(given).dropna(subset=["value"])
    kpis = {str(row.kpi): _number(row.value) for row in figures.itertuples()}
    saving, low, high = say.total_saving(given.table("savings", "source", "saving"))
    status = run.get("status") or {}
    failed = next((stage for stage, state in status.items() if state == "failed"), None)
    stale = bool(run.get("stale_because")) or "stale" in status.values()
    ordered, risk = float(kept["line_value"].sum()), float(alerts["money_at_risk"].sum())
    return {
        "category": str(parameters.get("category") or ""),
        "title": title_of(given),
        "currency": given.w.currency,
        "pages": pages,
        "state": "failed" if failed else "stale" if stale else "ok",
        "failed_stage": failed,
        "generated_at": str(run.get("generated_at") or ""),
        "data_through": str(run.get("data_through") or ""),
        "order_lines": len(kept),
        "order_value": round(ordered, 2),
        "budget": given.budget,
        "saving": _number(saving),
        "saving_low": _number(low),
        "saving_high": _number(high),
        "alerts": {str(key): int(n) for key, n in alerts["severity"].value_counts().sort_index().items()},
        "money_at_risk": round(risk, 2),
        "money_at_stake": round(ordered + risk, 2),
        "fill_rate": kpis.get("fill_rate"),
        "fill_rate_target": _number(parameters.get("fill_rate_target")),
        "seconds": round(sum(float(s) for s in (run.get("seconds") or {}).values() if not is_missing(s)), 1),
        "kpis": kpis,
        "orders": {
            str(sku): _number(units) for sku, units in zip(kept["sku"], kept["order_units"], strict=True)
        },
    }
