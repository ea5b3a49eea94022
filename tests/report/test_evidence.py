"""Evidence of decisions: sentences against their tables, numbers behind pictures, and where each was made."""

# ruff: noqa: E501 - a case is easier to check on one line
from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from invnb.report import decision_evidence, say, write_report
from invnb.report.evidence import MAKERS
from invnb.report.inputs import Inputs
from invnb.report.page import report_page
from invnb.report.product_list import LINES
from invnb.report.questions import ten_questions
from invnb.report.supplier_evidence import on_time_in_full, supplier_table
from invnb.report.what_if import what_if
from invnb.report.wording import Wording

Tables = Callable[..., dict[str, pd.DataFrame]]
EN, ZH = Wording("en", "CNY"), Wording("zh", "CNY")


def parsed(tables: dict[str, pd.DataFrame], run: dict[str, Any], w: Wording = EN) -> BeautifulSoup:
    return BeautifulSoup(report_page(Inputs(tables, {"budget": 36000.0}, run, w), b""), "html.parser")


def said(page: BeautifulSoup, key: str) -> str:
    return page.select_one(f"#{key} .say").get_text()


def test_what_the_loop_learned_is_said_with_its_numbers(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(20)
    page = parsed(tables, run_info)
    freed = EN.money(tables["cash_actions"]["cash_freed"].sum())
    expected = {
        "model_value": "By money: gradient boosting; by error where the order is decided: seasonal naive; by the honesty of its ranges: support vectors. Chosen is seasonal naive, ¥310 dearer",
        "one_more_unit": "A tenth more room at Budget would save ¥512 over the horizon: 90 more pieces, 4 lines changed.",
        "cash_actions": f"14 actions would free {freed}",
        "override_value": "Planners changed 9 judged quantities; together that cost ¥800 (95% range −¥1,200 to −¥400).",
        "alert_quality": "82% of 55 stock-outs were flagged at least a lead time ahead, and 64% of 70 alerts were right.",
        "drift": "2 of 20 products have drifted from their forecast; chance alone would show about 0.2.",
        "lost_unit_price": "A lost piece is priced at its plain cost. ×0.5 would have cost least in the past; its gain of ¥40",
        "recalibrations": "2 settings were made anew",
    }
    for key, text in expected.items():
        assert text in said(page, key), key
    heads = [head.get_text() for head in page.select("#model_value thead th")]
    assert len(heads) == len(set(heads)) == 10
    assert [cell.get_text() for cell in page.select("#model_value tbody tr:nth-child(2) td")[-3:]] == [
        "2",
        "1",
        "3",
    ]
    chinese = parsed(tables, run_info, ZH)
    for key in decision_evidence.OPTIONAL:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in said(chinese, key)), key


def test_models_that_agree_and_limits_that_hold_nothing_back(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(6)
    for key in decision_evidence.RANKINGS:
        tables["model_value"][key] = [1, 2, 3]
    tables["one_more_unit"] = tables["one_more_unit"].assign(gain_ten_percent=np.nan, binds=False)
    tables["override_value"] = tables["override_value"].assign(low=np.nan, high=np.nan, verdict="unclear")
    page = parsed(tables, run_info)
    assert said(page, "model_value").startswith("Gradient boosting costs least, and also leads")
    assert "though lines were cut" in said(page, "one_more_unit")
    assert "chance alone could explain" in said(page, "override_value")
    tables["orders"] = say.ordered(tables["orders"])
    page = parsed(tables, run_info)
    assert said(page, "one_more_unit") == "No limit holds this review back: more room would buy nothing."


@pytest.mark.parametrize("empty", [False, True])
def test_what_only_some_runs_have_is_left_out_and_named(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any], empty: bool
) -> None:
    tables = make_tables(6)
    for key in decision_evidence.OPTIONAL:
        if empty:
            tables[key] = tables[key].head(0)
        else:
            del tables[key]
    page = parsed(tables, run_info)
    assert all(page.find(id=key) is None for key in decision_evidence.OPTIONAL)
    text = page.select_one("#unknown").get_text()
    named = [EN(f"figure.{key}") in text for key in decision_evidence.OPTIONAL]
    assert named == [not empty] * len(named)


def test_every_exhibit_and_list_leads_to_the_cell_that_made_it(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(12)
    run = run_info | {"sources": {name: ("05_stage", f"table-{name}") for name in [*tables, "panel"]}}
    page = parsed(tables, run)
    keys = [key for group in MAKERS.values() for key in group if key != "changes"]
    for key in [
        *keys,
        "orders",
        "alerts",
        "products-list",
        "ledger",
        "data_card",
        "accuracy",
        "policy",
        "assumptions",
    ]:
        link = page.select_one(f"#{key} a.source")
        assert link is not None, key
        assert link["href"] == "#assumptions" or link["href"].startswith("notebooks/05_stage.html#table-"), (
            key
        )
    assert all(cell.a for cell in page.select("#key-figures tbody td:nth-child(2)"))


def test_on_time_in_full_is_counted_against_the_first_promise() -> None:
    day = pd.Timestamp("2024-03-01")
    lines = pd.DataFrame(
        {"po_id": list("ABCDEF"), "line_id": "1", "supplier_id": "S", "units_ordered": 10.0, "promised_date": day + pd.Timedelta(days=9),
         "first_promised_date": [day, day, day, day, day + pd.Timedelta(days=1), day - pd.Timedelta(days=365)]}
    )  # fmt: skip
    receipts = pd.DataFrame(
        [("A", 0, 10, 0), ("B", -2, 6, 0), ("B", 0, 4, 0), ("C", 1, 10, 0), ("D", 0, 10, 1), ("E", 0, 10, 0)],
        columns=["po_id", "days", "units_received", "units_rejected"],
    )
    receipts = receipts.assign(line_id="1", receipt_date=day + pd.to_timedelta(receipts["days"], "D"))
    found = on_time_in_full(lines, receipts.drop(columns="days"), day)
    assert found.to_numpy().tolist() == [["S", 4, 0.5]]  # A and B; C is late, D damaged; E not due, F too old


def test_suppliers_without_order_lines_say_what_is_known(
    make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(12)
    whole = supplier_table(Inputs(tables, {}, run_info, EN))
    assert {"otif", "spread_stock_value", "risk_value"} <= set(whole)
    assert whole["spread_stock_value"].is_monotonic_decreasing
    bare = {name: tables[name] for name in ("economics", "suppliers")}
    table = supplier_table(Inputs(bare, {}, run_info, EN))
    assert "otif" not in table
    assert set(table["supplier_name"]) <= {"Sunrise Toys Ltd", "宏达玩具厂", "Nordic Play"}


def test_the_numbers_of_a_fold_are_those_of_the_tables(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(9)
    page = parsed(tables, run_info)
    for row in page.select("#products-list tbody tr"):
        sku = row.select_one("small").get_text()
        lines = [p.get_text().split() for p in row.select("details p")]
        assert len(lines) == len(LINES)
        sources = {"forecast_mean": ("forecast", "mean"), "forecast_p90": ("forecast", "p90"), "stock_p50": ("projection", "stock_p50"),
                   "without_order_p50": ("projection", "without_order_p50")}  # fmt: skip
        for line, (table, column) in sources.items():
            frame = tables[table]
            truth = frame.loc[frame["sku"] == sku].sort_values("period")[column].to_numpy(float)
            shown = np.array(lines[LINES.index(line)], dtype=float)
            assert np.abs(shown - truth).max() <= (0.0501 if truth.max() < 10 else 0.501)
        past = tables["forecast_history"].query("sku == @sku").sort_values("period")["units"]
        assert [float(x) for x in lines[0]] == past.tolist()


def test_a_page_is_made_within_three_seconds(
    tmp_path: Path, make_tables: Tables, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(60)
    write_report(tmp_path, {}, parameters, run_info, "en")  # imports and templates
    start = time.process_time()
    write_report(tmp_path, tables, parameters, run_info, "en")
    assert time.process_time() - start < 3.0


def test_gaps_in_the_data_are_named_with_their_products(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(9)
    notes = ["stock unknown: assumed 4 periods of recent sales", "order without a date: PO-7, PO-9", "",
             "no valid lead time; negative stock counted as waiting customers", "<b>new kind</b>"]  # fmt: skip
    position = tables["position"].assign(note=[notes[i] if i < 5 else "" for i in range(9)])
    tables |= {"position": position, "economics": tables["economics"].assign(assumed="")}
    points = [point.get_text() for point in parsed(tables, run_info).select("#unknown li")]
    names = (
        tables["orders"].set_index("sku")["name"].to_dict()
        | tables["economics"].set_index("sku")["name"].to_dict()
    )
    assert points[0].startswith(
        "Stock not known, so 4 periods of recent sales are assumed: " + names["T0000"]
    )
    assert f"Orders on the way without a date: {names['T0001']} (PO-7, PO-9)" in points
    assert f"Not planned, no valid lead time: {names['T0003']}" in points
    assert f"Stock below zero, read as pieces owed to customers: {names['T0003']}" in points
    assert f"<b>new kind</b>: {names['T0004']}" in points
    chinese = parsed(tables, run_info, ZH).select_one("#unknown").get_text()
    assert "库存为负" in chinese
    assert "5处" in chinese


def test_what_if_counts_products_that_run_out(make_tables: Tables, run_info: dict[str, Any]) -> None:
    periods = pd.date_range("2024-03-04", periods=5, freq="7D")
    stock = {"a": [5, 9, 8, 7, 6], "b": [4, 3, 2, 1, 1], "c": [0, 0, 0, 0, 0]}
    low = {"a": [5, 9, 8, 7, 6], "b": [4, 3, 2, 1, 0], "c": [0, 0, 0, 0, 0]}
    ahead = pd.concat(
        pd.DataFrame(
            {
                "sku": sku,
                "period": periods,
                "stock_p50": stock[sku],
                "stock_p10": low[sku],
                "inbound_units": 0.0,
            }
        )
        for sku in stock
    )
    ahead.loc[(ahead["sku"] == "a") & (ahead["period"] == periods[1]), "inbound_units"] = 10.0
    orders = pd.DataFrame(
        {"sku": ["a"], "order_units": [5], "line_value": [1000.0], "reason_code": ["BELOW_TARGET"]}
    )
    given = Inputs({"projection": ahead, "orders": orders}, {"budget": 1020.0}, run_info, EN)
    found = what_if(given)
    assert found is not None
    assert found.sentence == (
        "With demand as high as in one case of ten 2 products run out within the horizon instead of 1. "
        "With every open order 3 weeks late it is 2. Costs 5% higher add ¥50 to these orders, ¥30 more than the budget holds."
    )
    assert what_if(Inputs({}, {}, run_info, EN)) is None
    whole = what_if(Inputs(make_tables(9), {"budget": None}, run_info, ZH))
    assert whole is not None
    assert "成本上涨5%" in whole.sentence


def test_numbers_behind_pictures_have_the_unit_of_their_column(
    undrawn: None, make_tables: Tables, run_info: dict[str, Any]
) -> None:
    page = parsed(make_tables(9), run_info)
    expected = {  # column: the shape of its cells
        "savings": {"Saved": r"−?¥[\d,.]+", "Low": r"−?¥[\d,.]+"},
        "calibration": {"Promised": r"[\d.]+%", "Low": r"[\d.]+%"},
        "models": {"Model": r"[a-z ]+", "Value": r"\d\.\d+"},
        "model_value": {"Beyond the cheapest": r"¥[\d,.]+", "Rank by money": r"\d"},
        "suppliers": {"On time in full, last year": r"[\d.]+%|–", "Safety stock for the spread": r"¥[\d,.]+"},
        "cash_actions": {"Cash freed": r"¥[\d,.]+"},
        "value_added": {"Error (WAPE)": r"[\d.]+%"},
    }
    for key, columns in expected.items():
        table = page.select_one(f"#{key} table")
        heads = [head.get_text() for head in table.select("thead th")]
        for column, shape in columns.items():
            cells = [row.select("th, td")[heads.index(column)].get_text() for row in table.select("tbody tr")]
            assert cells, key
            assert all(re.fullmatch(shape, cell) for cell in cells), (key, column, cells[:3])


def test_the_first_question_names_the_suppliers_with_their_money(
    make_tables: Tables, run_info: dict[str, Any]
) -> None:
    tables = make_tables(40)
    answer = ten_questions(Inputs(tables, {"budget": 36000.0}, run_info, EN))[0].answer
    kept = tables["orders"].query("reason_code != 'NONE_BUDGET'").groupby("supplier_name")["line_value"].sum()
    for name, money in kept.items():
        assert f"{name} {EN.money(money)}" in answer
    many = tables["orders"].assign(supplier_id=[f"Z{i % 7}" for i in range(len(tables["orders"]))])
    answer = ten_questions(Inputs(tables | {"orders": many}, {}, run_info, EN))[0].answer
    assert "; 3 more ¥" in answer
