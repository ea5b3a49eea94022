"""The one door: from files to tables, ledger, panel and data card, or to one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invnb.data.ingest import Ingested, ingest
from invnb.data.tables import TABLES, validate
from invnb.errors import InputError

ORDERS = "order,time,sku,units,value,customer,Email\n" + "".join(
    f"{i},2025-03-{i % 28 + 1:02d} 10:00,{sku},{units},{units * 5},{i % 7},x@y.example\n"
    for i, sku, units in ((i, "A1" if i % 3 else "K9", i % 4 + 1) for i in range(560))
)
PRODUCTS = "sku,name,category,cost\nA1,Duck,toys,2\nB2,Cat,toys,3\nK9,Mug,kitchen,4\n"
SALES = {
    "file": "orders.csv",
    "columns": {
        "order_id": "order",
        "order_ts": "time",
        "sku": "sku",
        "units": "units",
        "net_value": "value",
    },
}


def mapped(**columns: str) -> dict[str, Any]:
    """The sales source with other or more columns."""
    return SALES | {"columns": SALES["columns"] | columns}


def sources(**changes: Any) -> dict[str, Any]:
    columns = {"sku": "sku", "name": "name", "category": "category", "unit_cost": "cost"}
    return {"sales": SALES, "products": {"file": "products.csv", "columns": columns}} | changes


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "products.csv").write_text(PRODUCTS)
    return tmp_path


def card(result: Ingested) -> dict[str, str]:
    return dict(zip(result.data_card["name"], result.data_card["value"], strict=True))


def test_sales_and_products_are_enough(shop: Path) -> None:
    result = ingest(sources(), shop, "toys", "day")
    assert set(result.tables) == set(TABLES)
    for name, table in result.tables.items():
        validate(name, table)
    lines = pd.read_csv(shop / "orders.csv")
    own = lines[lines["sku"] == "A1"]
    assert result.tables["sales"]["units"].sum() == result.panel["units"].sum() == own["units"].sum()
    by_file = result.ledger.groupby("file")["lines"].sum()
    assert by_file.to_dict() == {"orders.csv": len(lines), "products.csv": 3}
    assert [path.name for path in result.files] == ["orders.csv", "products.csv"]
    facts = card(result)
    assert facts["data_level"].startswith("0: sales and products")
    assert "stock_history" in facts["missing_tables"]
    assert "understated" in facts["without_stock_history"]
    assert facts["not_loaded"] == 'column "Email" looks like personal data'
    assert "x@y.example" not in "".join(table.to_csv() for table in result.tables.values())
    assert result.panel.groupby("sku")["status"].first().to_dict() == {"A1": "sold", "B2": "not_launched"}


def test_everything_given_can_be_written_as_parquet_and_read_back(shop: Path) -> None:
    result = ingest(sources(), shop, "toys", "week")
    frames = result.tables | {"panel": result.panel, "ledger": result.ledger, "rejected": result.rejected}
    for name, frame in (frames | {"data_card": result.data_card}).items():
        frame.to_parquet(shop / f"{name}.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(shop / f"{name}.parquet"), frame)


def test_same_files_same_numbers_and_the_salt_only_changes_hashes(shop: Path) -> None:
    hashing = sources(sales=mapped(customer_hash="customer"))
    one, two = (ingest(hashing, shop, "toys", "week", "", salt) for salt in ("s", "t"))
    pd.testing.assert_frame_equal(one.panel, two.panel)
    assert not set(one.tables["sales"]["customer_hash"]) & set(two.tables["sales"]["customer_hash"])
    with pytest.raises(InputError, match="there is no salt"):
        ingest(hashing, shop, "toys", "week")


def test_data_through_ends_everything(shop: Path) -> None:
    result = ingest(sources(), shop, "toys", "day", "2025-03-10")
    assert result.panel["period"].max() == pd.Timestamp("2025-03-10")
    assert result.tables["sales"]["order_ts"].max() < pd.Timestamp("2025-03-11")
    assert "after data_through" in result.rejected["reason"].tolist()


def test_stock_of_several_places_is_added_up_where_sales_name_none(shop: Path) -> None:
    rows = "".join(
        f"2025-03-{d:02d},A1,{place},{units},{units}\n"
        for d in range(1, 29)
        for place, units in (("north", 0), ("south", 4))
    )
    (shop / "ledger.csv").write_text("date,sku,place,open,close\n" + rows)
    columns = {
        "date": "date",
        "sku": "sku",
        "location": "place",
        "open_units": "open",
        "close_units": "close",
    }
    result = ingest(sources(stock_history={"file": "ledger.csv", "columns": columns}), shop, "toys", "day")
    history = result.tables["stock_history"]
    assert history[["location", "open_units"]].drop_duplicates().to_numpy().tolist() == [["main", 4.0]]
    assert "north, south" in card(result)["location_note"]
    assert result.tables["stock"][["sku", "on_hand_units"]].to_numpy().tolist() == [["A1", 4.0]]
    assert "last day of the stock history" in card(result)["stock"]
    assert result.panel.query("sku == 'A1'")["start_units"].eq(4).all()


def test_a_missing_category_is_answered_with_those_there_are(shop: Path) -> None:
    with pytest.raises(InputError, match=r'no product has the category "toy"; did you mean "toys"\?'):
        ingest(sources(), shop, "toy")
    with pytest.raises(InputError, match=r"there are toys \(2\), kitchen \(1\)"):
        ingest(sources(), shop, "beauty")


def test_a_category_without_sales_says_why(shop: Path) -> None:
    (shop / "products.csv").write_text(PRODUCTS + "N1,New,books,1\n")
    with pytest.raises(
        InputError, match=r'no line of demand is left of category "books": .*560 lines other_category'
    ):
        ingest(sources(), shop, "books")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sales": SALES | {"file": "order.csv"}}, 'no such file; did you mean "orders.csv"?'),
        ({"sales": mapped(sku="SKUs")}, 'no column "SKUs" (for sku); did you mean "sku"?'),
        ({"sales": SALES | {"columns": {"sku": "sku"}}}, "units, net_value must be mapped"),
        ({"sales": SALES | {"status_words": {"canceled": ["Weg"]}}}, "sales.status_words.canceled"),
        ({"products": {"file": "p.csv", "columns": {"sku": "a", "name": "b"}}}, 'category: "=all"'),
        ({"sales": mapped(segment="Email")}, "looks like personal data"),
        ({"sales": mapped(order_ts="sku")}, "cannot be read as a timestamp"),
        ({"stok": {}}, 'unknown entry "stok"; did you mean "stock"?'),
        ({"stock": {"file": "s.csv", "columns": {"on_hand": "b"}}}, 'did you mean "on_hand_units"?'),
        ({"sales": SALES | {"decimal": "x"}}, "sources.sales.decimal"),
        ({"sales": SALES | {"fill_forward": ["State"]}}, '"State" is not a heading'),
        ({"products": {"name_column": "value"}}, "sources.products.category_rules: it must be there"),
    ],
)  # fmt: skip
def test_one_sentence_each(shop: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        ingest(sources(**change), shop, "toys")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_of_which_no_line_can_be_used_is_a_fault_of_its_map(shop: Path) -> None:
    (shop / "stock.csv").write_text("code,left\n690123,7\n690124,3\n")
    stock = {"file": "stock.csv", "columns": {"sku": "code", "on_hand_units": "left"}}
    with pytest.raises(InputError, match=r'of the table stock can be used: 2 lines unknown sku .*"690123"'):
        ingest(sources(stock=stock), shop, "toys")


def test_wrong_days_and_too_little_data(shop: Path) -> None:
    with pytest.raises(InputError, match=r'data_through = "31.3.2025" is not a date; write it as 2025-12-28'):
        ingest(sources(), shop, "toys", "week", "31.3.2025")
    with pytest.raises(InputError, match="not one complete week"):
        ingest(sources(), shop, "toys", "week", "2025-03-05")


def test_products_can_be_made_from_the_order_lines(shop: Path) -> None:
    text = ORDERS.replace("Email", "Text").replace("x@y.example", "RED MUG")
    (shop / "orders.csv").write_text(text.replace("3,15,2,RED MUG", "3,15,2,BLUE MUG"))
    derived = {"name_column": "Text", "category_rules": {"kitchen": ["mug"]}}
    result = ingest(sources(products=derived), shop, "kitchen", "week")
    assert result.tables["products"][["sku", "name"]].to_numpy().tolist() == [
        ["A1", "RED MUG"],
        ["K9", "RED MUG"],
    ]
