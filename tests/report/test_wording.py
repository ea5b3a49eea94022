"""Both languages hold the same texts, and write numbers the way their readers do."""

from __future__ import annotations

import string

import pytest

from invnb.data.data_card import COST_OF_MISSING, LEVELS, data_level
from invnb.report.wording import LANGUAGES, MISSING, Wording, catalogue


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_languages_hold_equal_keys_and_placeholders() -> None:
    english, chinese = (catalogue(language) for language in LANGUAGES)
    assert set(english) == set(chinese)
    different = [key for key in english if placeholders(english[key]) != placeholders(chinese[key])]
    assert different == []
    assert all(text.strip() or key == "format.sentence_space" for key, text in chinese.items())


def test_glossary_is_the_agreed_one() -> None:
    chinese = catalogue("zh")
    agreed = {
        "lead_time": "提前期",
        "reorder_point": "再订货点",
        "shadow_price": "影子价格",
        "stock_out": "缺货",
    }
    assert {key: chinese[f"glossary.{key}"] for key in agreed} == agreed


@pytest.mark.parametrize(
    ("language", "value", "expected"),
    [
        ("en", 0.0, "¥0"),
        ("en", -0.004, "¥0.00"),
        ("en", 9.5, "¥9.50"),
        ("en", 182_400, "¥182,400"),
        ("en", 25_000_000, "¥25.0m"),
        ("zh", 9_999, "¥9,999"),
        ("zh", 182_000, "¥18.2万"),
        ("zh", -250_000_000, "−¥2.5亿"),
        ("zh", float("nan"), MISSING),
    ],
)
def test_money(language: str, value: float, expected: str) -> None:
    assert Wording(language, "CNY").money(value) == expected


def test_unknown_language_and_missing_text_are_refused() -> None:
    with pytest.raises(ValueError, match="'fr'; choose one of en, zh"):
        Wording("fr", "CNY")
    with pytest.raises(KeyError):
        Wording("en", "CNY")("say.no_such_text")


@pytest.mark.parametrize("value", [None, float("nan"), "", "not a date", "NaT"])
def test_what_is_no_date_is_a_dash(value: object) -> None:
    assert Wording("en", "EUR").date(value) == MISSING


def test_a_name_from_right_to_left_is_isolated() -> None:
    w = Wording("en", "EUR")
    assert w.name({"sku": "1", "name": "غلاية"}) == "\u2068غلاية\u2069"
    assert w.name({"sku": "1", "name": "Kettle"}) == "Kettle"


def test_braces_in_data_stay_text() -> None:
    w = Wording("en", "EUR")
    assert w("alert.OUT_NOW", name="{cover} {0}") == "{cover} {0} is out of stock"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_shop_with_few_files_reads_has_a_text(language: str) -> None:
    """The sample lacks nothing, so only this test sees the words for what is missing."""
    texts = catalogue(language)
    levels = [data_level(set(given)) for given in ((), ("stock",), ("suppliers",))]
    for value in (*COST_OF_MISSING.values(), *(name for name, _ in LEVELS), *levels):
        assert f"data_value.{value}" in texts
    assert all({f"data.without_{table}", f"table.{table}"} <= set(texts) for table in COST_OF_MISSING)
    assert "kpi.dead_value" in texts
