"""The page without a browser: one file, complete, escaped, the same bytes, and sense in odd cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from invnb.report import write_report
from invnb.report.decision_evidence import OPTIONAL
from invnb.report.inputs import Inputs
from invnb.report.page import report_page
from invnb.report.wording import Wording

Tables = Callable[..., dict[str, pd.DataFrame]]
HOSTILE = {
    "formula": '=HYPERLINK("http://x")',
    "script": "<script>alert(1)</script>",
    "long": "Very long name " * 20,
    "rtl": "غلاية حمراء للأطفال",
    "emoji": "🎉 Party set 🎈 $x$",
    "attribute": '" onmouseover="alert(1)',
}


@pytest.fixture
def write(
    tmp_path: Path, make_tables: Tables, parameters: dict[str, Any], run_info: dict[str, Any]
) -> Callable[..., BeautifulSoup]:
    """write(tables, language, **changes of run_info): the main page, parsed."""

    def inner(
        tables: dict[str, pd.DataFrame] | None = None, language: str = "en", **changes: Any
    ) -> BeautifulSoup:
        given = make_tables(12) if tables is None else tables
        files = write_report(tmp_path / "r", given, parameters, run_info | changes, language)
        return BeautifulSoup(files.report.read_text(encoding="utf-8"), "html.parser")

    return inner


def text_of(page: BeautifulSoup, selector: str) -> str:
    return " ".join(page.select_one(selector).get_text(" ").split())


def test_same_input_same_bytes_and_nothing_outside(
    tmp_path: Path, make_tables: Tables, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        write_report(folder, make_tables(10), parameters, run_info, "both")
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders)
    assert first == second
    names = {"report.html", "report.zh.html", "orders.csv", "orders.xlsx", "alerts.csv", "summary.json"}
    assert set(first) == names
    page = first["report.html"].decode()
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
    assert "@import" not in page


def test_structure_that_assistive_tools_rely_on(write: Callable[..., BeautifulSoup]) -> None:
    page = write()
    assert page.html["lang"] == "en"
    assert len(page.find_all("h1")) == 1
    levels = [int(h.name[1]) for h in page.find_all(re.compile("^h[1-6]$"))]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(t.caption and t.caption.get_text(strip=True) for t in page.find_all("table"))
    assert all(th.get("scope") in ("col", "row") for th in page.find_all("th"))
    figures = page.select("figure svg[role=img], figure img")
    assert len(figures) >= 9
    assert all(len(f.get("aria-label") or f.get("alt")) > 20 for f in figures)
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert all(page.find(id=a["href"][1:]) for a in page.select('a[href^="#"]'))


def test_first_screen_holds_decision_numbers_alerts_and_orders(
    undrawn: None, write: Callable[..., BeautifulSoup]
) -> None:
    page = write()
    assert re.match(r"Approve \d+ order lines for ¥[\d,]+", text_of(page, "#decision-title"))
    assert "% of the budget of ¥36,000 is used" in text_of(page, ".notes")
    assert len(page.select(".tile")) == 8
    assert "✗ target 95.0% missed · ▲ before 92.7%" in text_of(page, ".tiles")
    assert 1 <= len(page.select(".alerts li")) <= 5
    assert 1 <= len(page.select(".ten tbody tr")) <= 10
    link = page.select_one(".tile .value a")
    assert link["href"] == "notebooks/06_backtest.html#savings"


def test_hostile_names_stay_text(
    undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables
) -> None:
    tables = make_tables(12)
    for name in ("orders", "alerts", "economics", "policy"):
        frame = tables[name]
        frame["name"] = [list(HOSTILE.values())[i % len(HOSTILE)] for i in range(len(frame))]
    tables["orders"]["supplier_name"] = HOSTILE["script"]
    tables["sku_segments"]["demand_class"] = HOSTILE["script"]
    page = write(tables)
    assert len(page.find_all("script")) == 1
    assert not page.find_all(attrs={"onmouseover": True})
    names = [tag.get_text().strip("\u2068\u2069") for tag in page.select("#products bdi")]
    assert set(names) >= {" ".join(text.split()) for text in HOSTILE.values()}


def test_one_product(undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables) -> None:
    page = write(make_tables(1))
    assert "Approve 1 order line" in text_of(page, "#decision-title")
    assert "from one supplier" in text_of(page, ".notes")


def test_nothing_to_order(undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables) -> None:
    tables = make_tables(12)
    tables |= {"orders": tables["orders"].head(0), "alerts": tables["alerts"].head(0)}
    page = write(tables)
    assert text_of(page, "#decision-title") == "Nothing needs ordering in this review"
    assert "Every product is covered" in text_of(page, ".notes")
    assert "No alert: nothing needs attention" in text_of(page, "#decisions")


def test_all_out_of_stock(undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables) -> None:
    tables = make_tables(12)
    for key in ("stock_p10", "stock_p50", "stock_p90", "without_order_p50"):
        tables["projection"][key] = 0.0
    tables["alerts"] = tables["alerts"].assign(type="OUT_NOW", severity="S1")
    tables["orders"] = tables["orders"].assign(on_hand_units=0, cover_days=0.0)
    page = write(tables)
    assert "Without orders 12 of 12 products run out within the horizon, with them 12." in text_of(
        page, "#projection"
    )
    assert text_of(page, ".alerts").count("is out of stock") == 3


def test_a_failed_stage_is_the_first_thing_said(
    write: Callable[..., BeautifulSoup], make_tables: Tables
) -> None:
    tables = {
        k: v for k, v in make_tables(12).items() if k not in ("orders", "alerts", "projection", "policy")
    }
    status = {"01_ingest": "ok", "05_dp_optimization": "failed", "06_backtest": "missing"}
    page = write(
        tables, status=status, errors={"05_dp_optimization": "budget is -5; give an amount above zero."}
    )
    banner = text_of(page, ".banner")
    assert "05_dp_optimization failed" in banner
    assert "budget is -5" in banner
    assert text_of(page, "#decision-title") == "No order proposal could be made"
    assert "Not enough data for this yet." in text_of(page, "#projection")
    assert "¥2,800" in text_of(page, "#savings")


def test_a_stale_report_says_so(undrawn: None, write: Callable[..., BeautifulSoup]) -> None:
    page = write(stale_because="the prices changed on 3 March")
    assert text_of(page, ".banner") == "This report is out of date: the prices changed on 3 March."


def test_any_table_may_be_missing_or_empty(
    undrawn: None, make_tables: Tables, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    whole, english, chinese = make_tables(4), Wording("en", "CNY"), Wording("zh", "CNY")
    silent = {
        "forecast_total", "forecast", "forecast_history", "position", "kpis", "backtest_notes",
        "purchase_orders", "receipts", "suppliers", *OPTIONAL,
    }  # fmt: skip  # others do
    known = parameters, run_info, english
    for name in whole.keys() - silent:
        without = {key: table for key, table in whole.items() if key != name}
        assert "Not enough data" in report_page(Inputs(without, *known), b""), name
    rest = {key: table for key, table in whole.items() if key not in OPTIONAL}
    for name in silent - {*OPTIONAL}:
        without = {key: table for key, table in rest.items() if key != name}
        assert "Not enough data" not in report_page(Inputs(without, *known), b""), name
    empty = {name: table.head(0) for name, table in whole.items()}
    for tables in (empty, {}):
        assert report_page(Inputs(tables, {}, {}, chinese), b"").count("数据不足") > 10


def test_chinese_page_is_chinese(undrawn: None, write: Callable[..., BeautifulSoup]) -> None:
    page = write(language="zh")
    assert page.html["lang"] == "zh-CN"
    assert re.match(r"请批准\d+行订单，共 ?¥", text_of(page, "#decision-title"))
    assert page.select_one(".ten bdi").get_text() in set(pd.read_csv(_csv(page))["name_zh"])
    assert "2024年3月1日" in text_of(page, ".bar")


def _csv(page: BeautifulSoup) -> Any:
    import base64
    import io

    href = page.select_one('a[download="orders.csv"]')["href"]
    return io.BytesIO(base64.b64decode(href.split("base64,")[1]))


def test_every_printed_parameter_stage_and_definition(
    write: Callable[..., BeautifulSoup], parameters: dict[str, Any]
) -> None:
    page = write()
    parameter_rows = {row.th.get_text() for row in page.select("#parameters tbody tr")}
    assert parameter_rows == set(parameters)
    assert "params/toys.yml" in text_of(page, "#parameters")
    assert "available in period t + L + 1" in text_of(page, "#rules")
    assert len(page.select("#stages tbody tr")) == 6
    assert "cycle service level" in text_of(page, "#method").lower()
    assert "41,200" in text_of(page, "#ledger")
    assert "Cost of an order line" in text_of(page, "#assumptions")


@pytest.mark.parametrize(("n", "most"), [(60, 800_000), (1000, 2_000_000)])
def test_pages_stay_small(
    tmp_path: Path,
    make_tables: Tables,
    parameters: dict[str, Any],
    run_info: dict[str, Any],
    n: int,
    most: int,
) -> None:
    tables = make_tables(n)
    for name in ("orders", "alerts", "economics", "policy"):  # names as long as real ones
        tables[name]["name"] = tables[name]["name"].str.pad(42, "right", "x")
    files = write_report(tmp_path, tables, parameters, run_info, "en")
    assert files.report.stat().st_size < most


def test_savings_say_what_they_are_evidence_of(
    undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables
) -> None:
    assert "an illustration, not proof" in text_of(write(), "#savings .say")
    tables = make_tables(12)
    tables["backtest_notes"]["value"] = "proof"
    assert "the figure is proof" in text_of(write(tables), "#savings .say")
    assert "这一数字是确证" in text_of(write(tables, "zh"), "#savings .say")
    del tables["backtest_notes"]
    assert "proof" not in text_of(write(tables), "#savings .say")


def test_drivers_of_a_product_add_up_to_its_forecast(
    undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables
) -> None:
    tables = make_tables(12)
    page = write(tables)
    units = tables["forecast_explanation"].groupby("sku")["units"].sum()
    rows = page.select("#products-list tbody tr")
    assert len(rows) == 12
    for row in rows:
        sku, words = row.select_one("small").get_text(), row.select("td")[-1].get_text().replace(",", "")
        parts = [float(n.replace("−", "-").replace("+", "")) for n in re.findall(r"[+−]?\d+\.\d", words)]
        assert sum(parts) == pytest.approx(units[sku], abs=0.05 * (len(parts) + 2))  # each rounded to 0.1
    assert "21.0 percentage points better" in text_of(page, "#value_added")
    assert "time of the year" in text_of(page, "#drivers .say")


def test_ten_questions_are_answered_or_said_to_be_unknown(
    undrawn: None, write: Callable[..., BeautifulSoup], make_tables: Tables
) -> None:
    tables = make_tables(12)
    page = write(tables)
    questions = page.select("#questions li")
    assert len(questions) == 10
    for link in page.select("#questions a"):
        assert page.find(id=link["href"][1:]) is not None, link["href"]
    kinds = tables["alerts"].set_index("type")
    stuck = kinds.loc[kinds.index.isin(["EXCESS", "DEAD"])]
    assert (f"{stuck['sku'].nunique()} products" in questions[2].get_text()) is bool(len(stuck))
    empty = write({}).select("#questions li")
    assert len(empty) == 10
    assert "do not say" in empty[0].get_text()
    assert not empty[0].select("a")


def test_a_special_forecast_says_why_in_the_reader_s_language(
    write: Callable[..., BeautifulSoup], make_tables: Tables
) -> None:
    tables = make_tables(12)
    sku = tables["forecast"]["sku"].iloc[0]
    reason = "no history: borrowed from how other products started"
    tables["forecast"]["reason"] = tables["forecast"]["sku"].map({sku: reason}).fillna("")
    told = [
        fold.get_text()
        for fold in write(tables).select("details")
        if f"Its forecast: {reason}." in fold.get_text()
    ]
    assert len(told) == 1
    chinese = write(tables, "zh").get_text()
    assert "预测说明：" in chinese
    assert reason not in chinese
