"""Every sentence the package writes into a table has its Chinese; other people's words stay theirs."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import invnb
from invnb.data.ledger import BROKEN_LINE
from invnb.decide.order_now import NEEDED
from invnb.report import write_report
from invnb.report.gaps import gap
from invnb.report.reasons import in_chinese
from invnb.report.wording import Wording

PACKAGE = Path(invnb.__file__).parent
# Where sentences are made, and how many at least; beside these, all that a rule of cleaning says of a line.
REASONS = [
    ("data/ledger.py", "summary", 1),
    ("data/ingest.py", "_one_location", 1),
    ("data/ingest.py", "ingest", 1),
    ("forecast/fallback.py", "reasons", 10),
    ("forecast/champions.py", "choose_champions", 5),
    ("decide/forecast_value.py", "choose_by_cost", 1),
]
NOTES = [
    ("decide/position.py", "_notes"),
    ("decide/order_now.py", "_missing"),
    ("decide/order_now.py", "_notes"),
]
# What stands in a sentence where the source has this expression; a number where it is not named.
VALUES = {
    "bounds(column)": ["at least 0", "0 to 1"],
    "column.default": ["0", "main", "True"],
    "status": ["cancelled", "refunded", "voided", "test"],
    "order[best]": ["tsb"],
    "champions['model']": ["tsb"],
    "day": ["2025-06-02"],
    "words": [words for _, words in NEEDED.values()],
    "limit.name": ["budget"],
}


def texts(node: ast.AST, named: dict[str, ast.AST]) -> list[str]:
    """All texts an expression can become."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = ast.iter_child_nodes(node)
        return ["".join(p) for p in itertools.product(*(texts(part, named) for part in parts))]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ["".join(p) for p in itertools.product(texts(node.left, named), texts(node.right, named))]
    if isinstance(node, ast.IfExp):
        return texts(node.body, named) + texts(node.orelse, named)
    if isinstance(node, ast.FormattedValue):
        form = "".join(texts(node.format_spec, named)) if node.format_spec else ""
        return texts(node.value, named) if not form else [format(1234.5, form)]
    known = VALUES.get(ast.unparse(node))
    if known is None and isinstance(node, ast.Name) and node.id in named:
        return texts(named[node.id], named)
    return known or ["7"]


def assigned(function: ast.AST) -> dict[str, ast.AST]:
    """The text each local name stands for."""
    found: dict[str, ast.AST] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=True) if both else [(target, value)]
            found |= {t.id: v for t, v in pairs if isinstance(t, ast.Name) and holds_text(v)}
    return found


def holds_text(node: ast.AST) -> bool:
    if isinstance(node, ast.IfExp):
        return holds_text(node.body)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def of_rules() -> list[str]:
    """What the rules of cleaning say of a line."""
    found = [BROKEN_LINE]
    for file in sorted((PACKAGE / "data").glob("*.py")):
        for function in functions(file):
            named = assigned(function)
            for call in ast.walk(function):
                verdict = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
                if verdict and call.func.attr in ("reject", "change", "remark") and len(call.args) > 1:
                    found += texts(call.args[1], named)
    return found


def of_function(place: str, name: str) -> list[str]:
    """Every sentence written in one function: a text with a space that is no part of another."""
    function = next(f for f in functions(PACKAGE / place) if f.name == name)
    named, found = assigned(function), []
    written = [part for part in ast.walk(function) if isinstance(part, ast.JoinedStr)]
    inside = {name.id for part in written for name in ast.walk(part) if isinstance(name, ast.Name)}

    def look(node: ast.AST) -> None:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        part = isinstance(target, ast.Name) and target.id in inside
        if part or isinstance(node, ast.Assert | ast.Raise):
            return
        if isinstance(node, ast.BinOp) or holds_text(node):
            found.extend(text.removeprefix("; ") for text in texts(node, named) if " " in text.strip())
        else:
            for child in ast.iter_child_nodes(node):
                look(child)

    for statement in function.body[1:]:  # behind the docstring
        look(statement)
    return found


@pytest.mark.parametrize(("place", "name", "least"), REASONS)
def test_reasons_of_a_function_are_all_known_in_chinese(place: str, name: str, least: int) -> None:
    found = of_function(place, name)
    assert len(found) >= least, found
    assert [text for text in found if in_chinese(text) == text] == []


def test_what_rules_say_of_a_line_is_all_known_in_chinese() -> None:
    found = of_rules()
    assert len(found) > 40, found
    assert {"blank sku", "test order", "unreadable 7, set to missing", "7 not 0 to 1"} <= set(found)
    assert [text for text in found if in_chinese(text) == text] == []


@pytest.mark.parametrize(("place", "name"), NOTES)
def test_notes_of_a_function_are_all_known_in_chinese(place: str, name: str) -> None:
    found = of_function(place, name)
    assert found
    words = [gap(text, Wording("zh", "CNY"))[0] for text in found]
    assert [said for said in words if any("a" <= sign.lower() <= "z" for sign in said)] == []


@pytest.mark.parametrize(("english", "chinese"), [
    ("units not at least 0, set to missing", "units小于0，视为缺失"),
    ("second line for the same po_id, line_id", "po_id, line_id相同的第二行"),
    ('column "手机号" looks like personal data; column "ship_to" looks like personal data',
     "列“手机号”疑似个人信息；列“ship_to”疑似个人信息"),
    ('unknown status "{0}", taken as paid', "未知状态“{0}”，按已付款处理"),
    ("within noise of linear_regression, and simpler; its bias of +26% is mended by its past surprises",
     "与线性回归之差在噪声之内，且更简单；+26%的偏差由以往的预测误差修正"),
    ("3,000 units from 2025-06-02 are far beyond all before: taken as 120",
     "2025年6月2日起一期的3,000件远超以往：按120件计"),
    ("sold out in 9 of 12 known periods: demand beyond sales is a guess",
     "已知12期中有9期售罄：销售以外的需求只是推测"),
    ("supplier is often late", "supplier is often late"),
    ("blank sku; the boss said so", "blank sku; the boss said so"),
    ("", ""),
])  # fmt: skip
def test_sentences_keep_their_numbers_and_others_stay(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese


def test_the_chinese_page_alone_is_translated(
    tmp_path: Path, undrawn: None, make_tables: Callable[..., Any], parameters: dict[str, Any],
    run_info: dict[str, Any],
) -> None:  # fmt: skip
    tables = make_tables(3)
    tables["ledger"] = pd.DataFrame(
        {"table": "sales", "file": "a.csv", "outcome": ["rejected", "not_loaded"],
         "reason": ["zero units", 'column "Mail" looks like personal data'], "lines": [4, 0]}
    )  # fmt: skip
    tables["champions"] = tables["champions"].assign(reason="least loss")
    tables["data_card"] = pd.DataFrame(
        {"name": ["not_loaded", "missing_tables", "stock"],
         "value": ['column "ship_to" looks like personal data', "stock_history segments",
                   "taken from the last day of the stock history"]}
    )  # fmt: skip
    files = write_report(tmp_path, tables, parameters, run_info, "both")
    assert files.report_other
    pages = [files.report, files.report_other]
    english, chinese = (BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser").get_text() for p in pages)
    for before, after in {
        "zero units": "件数为零", 'column "Mail" looks like personal data': "列“Mail”疑似个人信息",
        "least loss": "损失最小", 'column "ship_to" looks like personal data': "列“ship_to”疑似个人信息",
        "daily stock, customer segments": "每日库存、客户分组", "not loaded": "未载入",
        "taken from the last day of the stock history": "取自每日库存的最后一天",
    }.items():  # fmt: skip
        assert before in english
        assert after in chinese
        assert before not in chinese
        assert after not in english
