"""Cells as numbers, dates and flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.data.cells import EARLIEST, read_cells, typed
from invnb.data.source_params import TableSource
from invnb.data.sources import RawTable
from invnb.data.tables import Column
from invnb.errors import InputError

NUMBER, DATE, TIME, FLAG = (Column("c", kind) for kind in ("number", "date", "timestamp", "flag"))  # type: ignore[arg-type]


def source(**options: object) -> TableSource:
    return TableSource.model_validate(
        {"file": "f.csv", "columns": {"sku": "S", "date": "D", "views": "V"}} | options
    )


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("12.50", ".", 12.5),
        ("12,50", ".", 12.5),  # no group of thousands has two digits
        ("1,250", ".", 1250.0),
        ("1,250,000.5", ".", 1250000.5),
        ("-3", ".", -3.0),
        ("¥ 12.5", ".", 12.5),
        ("$1,000", ".", 1000.0),
        ("1 250", ".", 1250.0),
        ("12,50", ",", 12.5),
        ("1.234,50", ".", 1234.5),
        ("1.250,5", ",", 1250.5),
        ("1e3", ".", 1000.0),
        ("n/a", ".", None),
        ("inf", ".", None),
        ("12,5000", ".", None),
        ("1,2,3", ".", None),
        ("3 pcs", ".", None),
    ],
)
def test_numbers(text: str, decimal: str, value: float | None) -> None:
    cells = read_cells(pd.Series([text]), NUMBER, source(decimal=decimal))
    assert cells.read.tolist() == [value] if value is not None else cells.read.isna().all()
    assert cells.unreadable.tolist() == [value is None and text != "n/a"]


def test_another_decimal_sign_is_noted() -> None:
    assert read_cells(pd.Series(["12,50", "12.50"]), NUMBER, source()).mended.tolist() == [True, False]


@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 4)), min_size=1, max_size=20), st.sampled_from(".,")
)
def test_a_number_written_plainly_is_read_as_it_is(numbers: list[float], decimal: str) -> None:
    text = pd.Series([f"{x:.4f}".replace(".", decimal) for x in numbers])
    np.testing.assert_array_equal(read_cells(text, NUMBER, source(decimal=decimal)).read, numbers)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("2025-03-04", {}, "2025-03-04"),
        ("2025-03-04 10:05", {}, "2025-03-04 10:05"),
        ("2025-03-04T10:05:06.5Z", {}, "2025-03-04 10:05:06.5"),
        ("2025/3/4", {}, "2025-03-04"),
        ("2025年3月4日", {}, "2025-03-04"),
        ("20250304", {}, "2025-03-04"),
        ("2025-03-04 23:05:06 +0800", {}, "2025-03-04 23:05:06"),
        ("2025-03-04 23:05:06 +08:00", {"time_zone": "UTC"}, "2025-03-04 15:05:06"),
        ("2025-03-04T23:05:06Z", {"time_zone": "Asia/Shanghai"}, "2025-03-05 07:05:06"),
        ("04/03/2025", {"dayfirst": True}, "2025-03-04"),
        ("04/03/2025", {"dayfirst": False}, "2025-04-03"),
        ("4.3.2025 9:05", {"dayfirst": True}, "2025-03-04 09:05"),
        ("Mar 04, 2025", {"date_format": "%b %d, %Y"}, "2025-03-04"),
        ("2025-03-04 23:05 +0800", {"date_format": "%Y-%m-%d %H:%M %z"}, "2025-03-04 15:05"),
        ("04/03/2025", {}, None),
        ("31.02.2025", {"dayfirst": True}, None),
        ("0000-00-00", {}, None),
        ("yesterday", {}, None),
        ("1970-01-01", {}, None),
        ("2925-01-01", {}, None),
    ],
)
def test_times(text: str, options: dict[str, object], expected: str | None) -> None:
    cells = read_cells(pd.Series([text]), TIME, source(**options))
    if expected is None:
        assert cells.unreadable.tolist() == [True]
    else:
        assert cells.read.tolist() == [pd.Timestamp(expected)]


def test_a_date_has_no_time_of_day_and_blank_is_not_unreadable() -> None:
    cells = read_cells(pd.Series(["2025-03-04 23:59", None, "-"]), DATE, source())
    assert cells.read[0] == pd.Timestamp("2025-03-04")
    assert not cells.unreadable.any()
    assert pd.Timestamp("2025-03-04") > EARLIEST


def test_flags_in_both_languages() -> None:
    cells = read_cells(pd.Series(["TRUE", "否", "1", "archived", "maybe", None]), FLAG, source())
    assert cells.read.tolist()[:4] == [True, False, True, False]
    assert cells.unreadable.tolist() == [False, False, False, False, True, False]


def raw(days: list[str]) -> RawTable:
    cells = pd.DataFrame({"date": days, "sku": "a", "views": "1"})
    return RawTable("page_views", cells, np.array(["f.csv"] * len(days)), np.arange(2, 2 + len(days)))


def test_few_unreadable_cells_are_single_lines_many_are_an_error() -> None:
    good = ["2025-01-01"] * 9
    assert typed(raw([*good, "x"]), source())["date"].unreadable.sum() == 1
    with pytest.raises(InputError) as error:
        typed(raw([*good, "x", "x"]), source())
    assert str(error.value).startswith(
        'f.csv, line 11: "x" in the column "D" (for date) cannot be read as a date, as are 2'
    )
    assert "dayfirst" in str(error.value)


def test_percentages_for_shares_are_explained() -> None:
    cells = pd.DataFrame({"promo_id": ["p"], "sku": ["a"], "discount_share": ["20"]})
    table = RawTable("promotions", cells, np.array(["p.csv"]), np.array([2]))
    mapped = TableSource(file="p.csv", columns={"promo_id": "P", "sku": "S", "discount_share": "Off"})
    with pytest.raises(InputError, match=r"outside 0 to 1.*0\.2, not 20 %"):
        typed(table, mapped)


def test_a_column_with_another_decimal_sign_is_an_error_of_the_map() -> None:
    """A few such cells are typing; where all are, 1.234 beside them means 1234, so nothing is guessed."""
    column = pd.DataFrame({"units": ["1,5"] * 9 + ["1.234"]})
    raw = RawTable("returns", column, np.full(10, "r.csv", dtype=object), np.arange(2, 12))
    with pytest.raises(InputError, match=r'another decimal sign than the map says.*say decimal: ","'):
        typed(raw, source(columns={"units": "Menge"}))
    assert typed(raw, source(columns={"units": "Menge"}, decimal=","))["units"].read.iloc[-1] == 1234
