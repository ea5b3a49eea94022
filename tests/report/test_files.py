"""The files beside the page: CSV, workbook, summary, index."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from invnb.report import write_index, write_report
from invnb.report.alerts_file import ALERT_COLUMNS
from invnb.report.orders_file import ORDER_COLUMNS, orders_csv, orders_xlsx, plain_text, sheet_names
from invnb.report.wording import Wording

EN = Wording("en", "CNY")
Tables = Callable[..., dict[str, pd.DataFrame]]
FORMULAS = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1"]


def workbook(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@pytest.mark.parametrize("text", FORMULAS)
def test_text_never_becomes_a_formula_in_csv(text: str, make_tables: Tables) -> None:
    orders = make_tables(5)["orders"]
    orders["name"], orders["supplier_name"] = text, text
    rows = list(csv.DictReader(io.StringIO(orders_csv(orders).decode("utf-8-sig"), newline="")))
    assert {row["name"] for row in rows} == {f"'{text}"}
    assert plain_text(text).startswith("'")


def test_text_never_becomes_a_formula_in_the_workbook(make_tables: Tables) -> None:
    import zipfile

    orders = make_tables(30)["orders"].head(len(FORMULAS)).copy()
    orders["name"], orders["supplier_name"] = FORMULAS, FORMULAS
    content = orders_xlsx(orders, pd.DataFrame(columns=["supplier_id", "order_min_value"]), EN)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheets = [
            book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")
        ]
        links = [book.read(name).decode() for name in book.namelist() if "sheets/_rels" in name]
    external = [text for text in links if 'TargetMode="External"' in text]
    formulas = [part.split("</f>")[0] for sheet in sheets for part in sheet.split("<f>")[1:]]
    assert formulas
    assert all(formula.startswith("SUM(") for formula in formulas)
    assert external == []


def test_csv_opens_with_chinese_and_has_the_agreed_columns(make_tables: Tables) -> None:
    content = orders_csv(make_tables(8)["orders"])
    assert content.startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(io.BytesIO(content))
    assert list(frame.columns) == list(ORDER_COLUMNS)
    assert frame["name_zh"].str.contains("[一-鿿]").all()
    assert frame[["planner_units", "planner_reason"]].isna().all(axis=None)


def test_workbook_has_one_sheet_for_each_supplier_and_true_totals(make_tables: Tables) -> None:
    orders = make_tables(60)["orders"]
    kept = orders[orders["reason_code"] != "NONE_BUDGET"].groupby("supplier_name")["line_value"].sum()
    minimum = kept["Sunrise Toys Ltd"] + 100
    suppliers = pd.DataFrame({"supplier_id": ["S1", "S2"], "order_min_value": [minimum, 1.0]})
    sheets = workbook(orders_xlsx(orders, suppliers, EN))
    assert list(sheets) == ["Summary", "Sunrise Toys Ltd", "宏达玩具厂", "Nordic Play", "Definitions"]
    summary = {row[0]: row for row in sheets["Summary"][1:] if row and row[0]}
    for name, value in kept.items():
        assert summary[name][2] == pytest.approx(value)
    assert summary["Total"][2] == pytest.approx(kept.sum())
    assert summary["Sunrise Toys Ltd"][4] == "¥100 short of the minimum"
    assert summary["宏达玩具厂"][4] == "minimum met"
    assert summary["Nordic Play"][4] == "no minimum known"
    column = ORDER_COLUMNS.index("line_value")
    total = next(row[column] for row in sheets["Nordic Play"] if "Total" in row)
    assert total == pytest.approx(kept["Nordic Play"])


def test_lines_cut_by_a_limit_stand_below_the_total(make_tables: Tables) -> None:
    orders = make_tables(60)["orders"].assign(supplier_id="S", supplier_name="One")
    rows = workbook(orders_xlsx(orders, pd.DataFrame(columns=["supplier_id", "order_min_value"]), EN))["One"]
    first = [str(row[0]) for row in rows]
    line = next(i for i, text in enumerate(first) if text.startswith("Wanted, cut by a limit"))
    names, cut = ORDER_COLUMNS.index("sku"), set(orders.loc[orders["reason_code"] == "NONE_BUDGET", "sku"])
    assert {row[names] for row in rows[line + 1 :]} == cut
    assert not cut & {row[names] for row in rows[:line]}


def test_sheet_names_are_valid_and_unique() -> None:
    names = sheet_names(["x" * 40, "X" * 40, "a:b", "History", "", "'", "Summary"], ["Summary"])
    assert len({name.lower() for name in names}) == len(names)
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
    assert not {"summary", "history"} & {name.lower() for name in names}


def test_summary_holds_what_index_and_next_run_need(
    undrawn: None, tmp_path: Path, make_tables: Tables, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(40)
    files = write_report(tmp_path / "toys", tables, parameters, run_info, "en")
    summary = json.loads(files.summary.read_text(encoding="utf-8"))
    kept = tables["orders"][tables["orders"]["reason_code"] != "NONE_BUDGET"]
    assert summary["order_lines"] == len(kept)
    assert summary["order_value"] == pytest.approx(kept["line_value"].sum(), abs=0.01)
    assert (summary["saving"], summary["saving_low"], summary["saving_high"]) == (2800, 1300, 4300)
    assert sum(summary["alerts"].values()) == len(tables["alerts"])
    assert (summary["fill_rate"], summary["fill_rate_target"]) == (0.941, 0.95)
    assert summary["state"] == "ok"
    alerts = pd.read_csv(files.alerts_csv)
    assert list(alerts.columns) == list(ALERT_COLUMNS)
    again = write_report(tmp_path / "toys", tables, parameters, {**run_info, "previous": summary}, "en")
    assert "before ¥2,800" in again.report.read_text(encoding="utf-8")


def test_a_failure_leaves_the_last_good_report(
    undrawn: None,
    tmp_path: Path,
    make_tables: Tables,
    parameters: dict[str, Any],
    run_info: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = write_report(tmp_path, make_tables(5), parameters, run_info, "en")
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full_disk(self: Path, content: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_report(tmp_path, make_tables(6), parameters, run_info, "en")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == good
    assert files.report.name in good


def test_index_sorts_by_money_and_shows_failures(
    undrawn: None, tmp_path: Path, make_tables: Tables, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    for name, n in (("small", 4), ("large", 30)):
        write_report(
            tmp_path / name, make_tables(n), {**parameters, "product_category": name}, run_info, "both"
        )
    status = {
        "broken": {"state": "failed", "stage": "01_ingest", "message": "data/x.csv is <empty>", "seconds": 2},
        "small": {"state": "stale"},
    }
    page = write_index(tmp_path, status).read_text(encoding="utf-8")
    assert page.index("<b>Large</b>") < page.index("<b>Small</b>") < page.index("<b>broken</b>")
    assert "failed at 01_ingest" in page
    assert "data/x.csv is &lt;empty&gt;" in page
    assert "out of date" in page
    assert 'href="large/report.zh.html"' in page
    values = [
        json.loads((tmp_path / n / "summary.json").read_text())["order_value"] for n in ("small", "large")
    ]
    assert f"¥{sum(values):,.0f}" in page
    assert "尚未生成报告" in write_index(tmp_path / "empty", {}, "zh").read_text(encoding="utf-8")
