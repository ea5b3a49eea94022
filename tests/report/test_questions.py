"""The ten questions are answered from the record where there is one, and say so where there is none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from invnb.report import say
from invnb.report.decision_evidence import lost_unit_price
from invnb.report.evidence import exhibits
from invnb.report.first_screen import tiles
from invnb.report.inputs import Inputs
from invnb.report.known import only_known
from invnb.report.orders_file import ORDER_COLUMNS
from invnb.report.page import banners
from invnb.report.questions import ten_questions
from invnb.report.wording import Wording, catalogue

RECORD = ("one_more_unit", "cash_actions", "override_value", "plan_actual")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_record_answers_budget_cash_overrides_and_the_last_plan(
    undrawn: None, make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any], language: str
) -> None:
    tables = make_tables(12)
    given = Inputs(tables, parameters, run_info, Wording(language, "CNY"))
    known = ten_questions(given)
    without = {name: table for name, table in tables.items() if name not in RECORD}
    unknown = ten_questions(Inputs(without, parameters, run_info, given.w))
    assert [q.href for q in (known[2], known[4], known[9])] == [
        "#cash_actions",
        "#one_more_unit",
        "#plan_actual",
    ]
    assert unknown[9].href == "#changes"
    value = tables["override_value"].set_index("by").loc["all", "value"]
    assert given.w.money(abs(value)) in known[6].answer
    assert given.w.money(tables["cash_actions"]["cash_freed"].sum()) in known[2].answer
    assert given.w.money(tables["one_more_unit"]["gain_ten_percent"].max()) in known[4].answer
    for k in (2, 4, 6, 9):
        assert known[k].answer != unknown[k].answer
    empty = {name: table.head(0) if name in RECORD else table for name, table in tables.items()}
    assert [q.answer for q in ten_questions(Inputs(empty, parameters, run_info, given.w))] == [
        q.answer for q in unknown
    ]


def test_a_shop_that_names_no_supplier_and_no_limit_is_told_so(
    undrawn: None, make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(12)
    tables["orders"] = tables["orders"].assign(supplier_id=None)
    tables["limits"] = tables["limits"].head(0)
    given = Inputs(tables, parameters, run_info, Wording("en", "CNY"))
    assert "By supplier" not in ten_questions(given)[0].answer
    shown = {exhibit.key: exhibit for _, group in exhibits(given) for exhibit in group}
    assert shown["limits"].sentence.startswith("No limit was given")


def answers(
    tables: dict[str, pd.DataFrame], parameters: dict[str, Any], run_info: dict[str, Any]
) -> list[str]:
    return [q.answer for q in ten_questions(Inputs(tables, parameters, run_info, Wording("en", "CNY")))]


def test_one_unit_of_budget_has_one_worth_on_the_page(
    undrawn: None, make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(30)
    assert say.cut(tables["orders"]).shape[0] > 0
    given = Inputs(tables, parameters, run_info, Wording("en", "CNY"))
    tile = next(tile for tile in tiles(given) if "cut by the budget" in tile.label)
    assert f"earns {tile.value} for ¥1 spent" in answers(tables, parameters, run_info)[4]
    tables["limits"] = tables["limits"].assign(binding=False, shadow_price=0.0)
    tables["one_more_unit"] = tables["one_more_unit"].assign(gain_ten_percent=0.0)
    budget = answers(tables, parameters, run_info)[4]
    assert "Lines cut by a limit" in budget
    assert "No limit" not in budget
    shown = {exhibit.key: exhibit for _, group in exhibits(given) for exhibit in group}
    assert "In the plan over all periods" in shown["limits"].sentence


def test_alerts_of_one_product_are_counted_in_the_singular_and_as_part_of_all(
    make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(30)
    alerts = tables["alerts"].head(2).assign(type=["OUT_NOW", "DEAD"], money_at_risk=[200.0, 100.0])
    found = answers(tables | {"alerts": alerts}, parameters, run_info)
    assert "1 product that runs out" in found[1]
    assert "¥200 is at risk, part of the ¥300 of all alerts" in found[1]
    assert found[2].startswith("1 product holds more")


def test_a_shop_without_suppliers_reads_which_files_would_tell(
    undrawn: None, make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(12)
    tables["economics"] = tables["economics"].assign(supplier_id=None)
    given = Inputs(tables, parameters, run_info, Wording("en", "CNY"))
    assert "give the file suppliers" in answers(tables, parameters, run_info)[7]
    shown = {exhibit.key: exhibit for _, group in exhibits(given) for exhibit in group}
    assert "give the file suppliers" in shown["suppliers"].sentence


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_short_history_is_said_first_and_saves_nothing(
    make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any], language: str
) -> None:
    tables, w = make_tables(12), Wording(language, "CNY")
    saved = w("kpi.saving_over", n="26", period=w("period.week"))
    zero = dict.fromkeys(("saving", "low", "high", "policy_cost", "rule_cost"), 0.0)
    for periods, short in (("4", True), ("26", False)):
        tables["data_card"] = pd.DataFrame({"name": ["periods"], "value": [periods]})
        given = Inputs(tables, parameters, run_info, w)
        assert any("26" in text for _, text in banners(given)) is short
    assert saved in [tile.label for tile in tiles(given)]
    tables["savings"] = tables["savings"].assign(**zero)
    given = Inputs(tables, parameters, run_info, w)
    assert saved not in [tile.label for tile in tiles(given)]


def test_a_price_of_a_lost_unit_needs_evidence(
    make_tables: Any, parameters: dict[str, Any], run_info: dict[str, Any]
) -> None:
    tables = make_tables(6)
    price = tables["lost_unit_price"]
    for past, noise, text in (
        ([0.0, 0.0, 0.0], np.inf, "not yet enough evidence"),
        ([900.0, 940.0, 990.0], np.inf, "not yet enough evidence"),
        ([990.0, 940.0, 950.0], 0.0, "also cost least"),
        ([900.0, 940.0, 990.0], 70.0, "must exceed the noise of ¥70"),
    ):
        tables["lost_unit_price"] = price.assign(past_cost=past, noise=noise)
        found = lost_unit_price(Inputs(tables, parameters, run_info, Wording("en", "CNY")))
        assert found is not None
        assert text in found.sentence


def test_nothing_is_late_on_assumed_stock_and_no_substitute_is_made_up(make_tables: Any) -> None:
    tables = make_tables(30)
    alerts, orders = tables["alerts"].assign(alternative_code="SUBSTITUTE"), tables["orders"]
    skus = list(dict.fromkeys(alerts["sku"]))[:3]
    tables["alerts"] = alerts
    tables["position"] = tables["position"].assign(assumed=tables["position"]["sku"].isin(orders["sku"]))
    tables["products"] = pd.DataFrame({"sku": skus, "substitute_group": ["x", "x", "y"]})
    known = only_known(tables)
    assert known["orders"]["late_by_days"].isna().all()
    offered = known["alerts"].loc[known["alerts"]["alternative_code"].notna(), "sku"]
    assert set(offered) == set(skus[:2])
    assert (tables["alerts"]["alternative_code"] == "SUBSTITUTE").all()


def test_a_name_that_was_cut_ends_its_sentence() -> None:
    w = Wording("en", "CNY")
    assert w("say.more_first", name="Wooden jigsaw puzzle, Dinos…").endswith("Dinos…")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_columns_of_the_order_file_have_one_heading(language: str) -> None:
    heads = [catalogue(language)[f"column.{key}"] for key in ORDER_COLUMNS]
    assert len(set(heads)) == len(heads)
