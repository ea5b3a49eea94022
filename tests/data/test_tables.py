"""The canonical tables as data."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from invnb.data.tables import TABLES, complete, empty, validate


def test_tables_and_columns_are_those_of_the_architecture_page(root: Path) -> None:
    page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name, table in TABLES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`") and "★" in line)
        columns = re.findall(r"`(\w+)`", row.split("|")[2])
        assert columns == table.column_names, name
        required = re.findall(r"`(\w+)`★", row.split("|")[2])
        assert required == [column.name for column in table.columns if column.required], name


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_is_valid(name: str) -> None:
    assert validate(name, empty(name)).empty
    assert complete(name, empty(name)).equals(empty(name))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sku": [1, 2]}, "sku holds int64, not a text"),
        ({"sku": ["a", None]}, "sku is missing in 1 rows"),
        ({"views": [-1.0, 2.0]}, "views = -1.0 is outside at least 0"),
        ({"sku": ["a", "a"]}, "two rows for date 2025-01-01 00:00:00, sku a"),
        ({"date": ["2025-01-01", "2025-01-01"]}, "date holds str, not a date"),
    ],
)
def test_what_is_not_the_table_is_refused(change: dict[str, list[object]], sentence: str) -> None:
    good = pd.DataFrame({"date": pd.Timestamp("2025-01-01"), "sku": ["a", "b"], "views": [1.0, 2.0]})
    validate("page_views", good)
    with pytest.raises(ValueError, match=sentence):
        validate("page_views", good.assign(**change))
