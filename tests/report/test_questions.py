"""The ten questions are answered from the record where there is one, and say so where there is none."""

from typing import Any

import pytest

from invnb.report.evidence import exhibits
from invnb.report.inputs import Inputs
from invnb.report.questions import ten_questions
from invnb.report.wording import Wording

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
