"""Rules for all tables but sales."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invnb.data.cleaning import (
    Cleaned,
    clean_table,
    kept_rows,
    mark_zombies,
    match_sku,
    receipt_rules,
    verify_promotions,
)
from invnb.data.source_params import TableSource
from invnb.data.sources import read_table
from invnb.data.tables import TABLES, complete

MASTER = pd.DataFrame({"sku": ["A1", "B2", "K9"], "category": ["toys", "toys", "kitchen"]})


def clean(folder: Path, table: str, text: str, through: str | None = None) -> Cleaned:
    """Clean a file whose headings are the canonical names."""
    (folder / f"{table}.csv").write_text(text)
    source = TableSource(
        file=f"{table}.csv", columns={name: name for name in text.splitlines()[0].split(",")}
    )
    master = None if table == "products" else MASTER
    return clean_table(
        read_table(table, source, folder), source, master, "toys", through and pd.Timestamp(through)
    )


def verdicts(cleaned: Cleaned) -> list[tuple[str, str, int]]:
    rows = cleaned.ledger.summary()
    return [(str(r.outcome), str(r.reason), int(r.lines)) for r in rows.itertuples()]


def test_negative_stock_is_owed_and_old_or_double_snapshots_leave(tmp_path: Path) -> None:
    text = """snapshot_date,sku,on_hand_units
2025-03-02,A1,9
2025-03-03,A1,-4
2025-03-03,B2,5
2025-03-03,B2,6
2025-03-03,K9,1
2025-03-03,Z9,1
2025-03-03,A1,not stocked
"""
    cleaned = clean(tmp_path, "stock", text)
    stock = kept_rows(cleaned)
    assert stock[["sku", "on_hand_units"]].to_numpy().tolist() == [["A1", -4.0], ["B2", 5.0]]
    assert verdicts(cleaned) == [
        ("accepted", "", 1),
        ("changed", "negative stock, read as units owed to customers", 1),
        ("other_category", "", 1),
        ("rejected", "blank on_hand_units", 1),
        ("rejected", "older snapshot", 1),
        ("rejected", "second line for the same sku, location", 1),
        ("rejected", "unknown sku", 1),
    ]


def test_products_without_name_backwards_dates_and_doubles(tmp_path: Path) -> None:
    text = """sku,name,category,unit_cost,list_price,launch_date,end_date,active,volume_m3
00123,Duck,toys,3,9,2025-01-01,,yes,0.001
B,,toys,3,9,2025-01-01,2024-01-01,no,
C,Cat,,3,9,,,,
D,Dog,toys,9,3,,,,
00123,Duck,toys,3,9,2025-01-01,,yes,0.001
00123,Drake,toys,4,9,2025-01-01,,yes,0.001
"""
    cleaned = clean(tmp_path, "products", text)
    products = kept_rows(cleaned)
    assert products["sku"].tolist() == ["00123", "B", "D"]
    assert products["name"].tolist() == ["Duck", "B", "Dog"]
    assert products["end_date"].isna().all()
    assert products["active"].tolist() == [True, False, True]
    reasons = cleaned.ledger.rejected()[["line", "reason"]].to_numpy().tolist()
    assert reasons == [[4, "blank category"], [6, "exact duplicate"], [7, "second line for the same sku"]]


def test_optional_cells_become_missing_required_ones_refuse_the_line(tmp_path: Path) -> None:
    rows = "".join(f"A1,s{i},{i % 3 + 1},7\n" for i in range(30))
    text = f"sku,supplier_id,min_order_units,unit_cost\n{rows}B2,s1,-5,7\nB2,s2,5,cheap\nB2,,5,7\n"
    cleaned = clean(tmp_path, "item_supplier", text)
    table = kept_rows(cleaned)
    assert table.iloc[30]["min_order_units"] == 1.0
    assert np.isnan(table.iloc[31]["unit_cost"])
    assert verdicts(cleaned)[1:] == [
        ("changed", "min_order_units not at least 0, set to 1.0", 1),
        ("changed", "unreadable unit_cost, set to missing", 1),
        ("rejected", "blank supplier_id", 1),
    ]


def test_what_happened_after_data_through_is_not_known_yet(tmp_path: Path) -> None:
    text = "date,sku,open_units\n2025-03-03,A1,5\n2025-03-04,A1,4\n"
    assert len(kept_rows(clean(tmp_path, "stock_history", text, "2025-03-03"))) == 1
    plan = "promo_id,sku,start_date,end_date,discount_share\np,A1,2025-04-01,2025-04-07,0.2\n"
    assert len(kept_rows(clean(tmp_path, "promotions", plan, "2025-03-03"))) == 1


def test_receipts_follow_their_orders(tmp_path: Path) -> None:
    orders = clean(
        tmp_path,
        "purchase_orders",
        "po_id,line_id,sku,order_date,units_ordered,units_open\n"
        "1,1,A1,2025-01-01,5,0\n1,2,K9,2025-01-01,5,0\n2,1,Z9,2025-01-01,5,0\n",
    )
    text = "po_id,line_id,receipt_date,units_received\n" + "".join(
        f"{key},2025-01-09,5\n" for key in ("1,1", "1,2", "2,1", "3,1")
    )
    receipts = clean(tmp_path, "receipts", text)
    receipt_rules(receipts.ledger.raw, orders, receipts.ledger)
    assert verdicts(receipts) == [
        ("accepted", "", 1),
        ("other_category", "", 1),
        ("rejected", "receipt without its order", 2),
    ]
    alone = clean(tmp_path, "receipts", text)
    receipt_rules(alone.ledger.raw, None, alone.ledger)
    assert kept_rows(alone).empty


def test_zombies_are_open_for_more_than_three_lead_times(tmp_path: Path) -> None:
    text = "po_id,line_id,sku,order_date,units_ordered,units_open\n"
    text += "1,1,A1,2025-01-01,5,5\n2,1,A1,2025-01-02,5,5\n3,1,A1,2025-01-01,5,0\n4,1,B2,2025-01-01,5,5\n"
    orders = clean(tmp_path, "purchase_orders", text)
    lead_time_days = pd.Series([10.0, 10.0, 10.0, np.nan])
    marked = mark_zombies(orders, lead_time_days, pd.Timestamp("2025-02-01"))  # day 31 and day 30
    assert marked.frame["status"].eq("zombie").tolist() == [True, False, False, False]


def test_promotions_that_never_ran(tmp_path: Path) -> None:
    plan = """promo_id,sku,start_date,end_date,discount_share
ran,A1,2025-03-01,2025-03-07,0.2
late,A1,2025-03-20,2025-03-25,0.2
never,B2,2025-03-01,2025-03-07,0.2
future,B2,2025-06-01,2025-06-07,0.2
backwards,B2,2025-03-07,2025-03-01,0.2
"""
    prices = pd.DataFrame(
        {
            "sku": ["A1", "A1", "A1", "A1", "B2"],
            "date_from": pd.to_datetime(
                ["2025-01-01", "2025-03-01", "2025-03-08", "2025-03-21", "2025-01-01"]
            ),
            "list_price": 10.0,
            "net_price": [10.0, 8.0, 10.0, 8.0, 10.0],
        }
    )
    promotions = clean(tmp_path, "promotions", plan)
    verify_promotions(promotions, prices, pd.Timestamp("2025-03-31"))
    assert kept_rows(promotions)["promo_id"].tolist() == ["ran", "late", "future"]
    assert promotions.ledger.rejected()["reason"].tolist() == [
        "planned but not run",
        "end_date before start_date",
    ]
    unposted = clean(tmp_path, "promotions", plan)
    verify_promotions(unposted, prices.assign(net_price=10.0), pd.Timestamp("2025-03-31"))
    assert len(kept_rows(unposted)) == 4  # prices that show no promotion at all prove nothing


def test_matching_of_skus_is_never_ambiguous() -> None:
    master = pd.Series(["ab", "AB", "007", "07", "9"])
    assert match_sku(pd.Series(["ab", "Ab", "7", "09", None]), master).fillna("").tolist() == [
        "ab",
        "",
        "",
        "9",
        "",
    ]


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("sales", "products")])
def test_every_table_of_required_columns_alone_is_valid(tmp_path: Path, table: str) -> None:
    values = {"sku": "A1", "discount_share": "0.2"}
    kinds = {"text": "x", "number": "1", "date": "2025-03-03", "timestamp": "2025-03-03 10:00", "flag": "yes"}
    needed = [c for c in TABLES[table].columns if c.required]
    text = (
        ",".join(c.name for c in needed) + "\n" + ",".join(values.get(c.name, kinds[c.kind]) for c in needed)
    )
    rows = kept_rows(clean(tmp_path, table, text + "\n"))
    assert list(rows.columns) == TABLES[table].column_names
    assert len(rows) == 1
    assert complete(table, rows).equals(rows)
