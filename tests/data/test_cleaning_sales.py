"""Order lines: every trap, one verdict per line, units conserved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.data.cleaning_sales import CleanedSales, clean_sales, read_cells_of_sales
from invnb.data.source_params import SalesSource
from invnb.data.sources import read_table

HEAD = "order,time,sku,units,value,status,customer,channel\n"
COLUMNS = {
    "order_id": "order",
    "order_ts": "time",
    "sku": "sku",
    "units": "units",
    "net_value": "value",
    "status": "status",
    "customer_hash": "customer",
    "channel": "channel",
}
MASTER = pd.DataFrame({"sku": ["A1", "B2", "K9"], "category": ["toys", "toys", "kitchen"]})


def clean(folder: Path, lines: str, through: str | None = None, **options: Any) -> CleanedSales:
    (folder / "orders.csv").write_text(HEAD + lines)
    source = SalesSource.model_validate({"file": "orders.csv", "columns": COLUMNS} | options)
    raw = read_table("sales", source, folder)
    cells = read_cells_of_sales(raw, source)
    return clean_sales(raw, cells, source, MASTER, "toys", through and pd.Timestamp(through), "salt")


def reasons(cleaned: CleanedSales) -> list[str]:
    """The reason for which each line left, in order; empty for those that stay."""
    ledger = cleaned.ledger
    verdicts = pd.Series("", index=ledger.raw.cells.index, dtype="object")
    refused = ledger.rejected()
    verdicts[refused["line"] - 2] = refused["reason"].to_numpy()
    verdicts[ledger.is_other_category] = "other"
    return verdicts.tolist()


T = "2025-03-03 10:00"
TRAPS = {
    "not a product": f"1,{T},post,1,5,paid,7,web",
    "blank sku": f"1,{T},,1,5,paid,7,web",
    "unknown sku": f"1,{T},Z9,1,5,paid,7,web",
    "other": f"1,{T},K9,1,5,paid,7,web",
    "blank order_ts": "1,,A1,1,5,paid,7,web",
    "blank units": f"1,{T},A1,,5,paid,7,web",
    "zero units": f"1,{T},A1,0,0,paid,7,web",
    "nothing paid (gift or sample)": f"1,{T},A1,1,0,paid,7,web",
    "negative value": f"1,{T},A1,1,-5,paid,7,web",
    "voided order": f"1,{T},A1,1,5,voided,7,web",
    "cancelled order": f"1,{T},A1,1,5,交易关闭,7,web",
    "refunded order": f"1,{T},A1,1,5,Refunded,7,web",
    "test order": f"1,{T},A1,1,5,test,7,web",
    "stock write-off": f"1,{T},A1,-4,0,,,web",
    "after data_through": "1,2025-03-09 00:00,A1,1,5,paid,7,web",
}


@pytest.mark.parametrize("reason", TRAPS)
def test_a_trap_is_named(tmp_path: Path, reason: str) -> None:
    good = f"0,{T},A1,2,10,paid,7,web"
    cleaned = clean(tmp_path, f"{good}\n{TRAPS[reason]}\n", "2025-03-08", not_products=["POST", "gift_*"])
    assert reasons(cleaned) == ["", reason]
    assert cleaned.sales["units"].tolist() == [2.0]


def test_unreadable_cells_are_refused_with_their_value(tmp_path: Path) -> None:
    good = "".join(f"{i},{T},A1,1,5,paid,7,web\n" for i in range(30))
    cleaned = clean(tmp_path, good + f"1,31.02.2025,A1,1,5,paid,7,web\n2,{T},A1,few,5,paid,7,web\n")
    refused = cleaned.ledger.rejected()
    assert refused[["line", "reason", "value"]].to_numpy().tolist() == [
        [32, "unreadable order_ts", "31.02.2025"],
        [33, "unreadable units", "few"],
    ]


def test_exact_duplicates_and_the_same_line_from_another_channel(tmp_path: Path) -> None:
    line = f"1,{T},A1,2,10,paid,7,"
    cleaned = clean(tmp_path, f"{line}web\n{line}web\n{line}market\n2,{T},A1,2,10,paid,7,web\n")
    assert reasons(cleaned) == ["", "exact duplicate", "same order line from another channel", ""]


def test_an_order_and_its_cancellation_leave_together(tmp_path: Path) -> None:
    lines = (
        f"1,{T},A1,80995,9999,paid,7,web\n"
        "C2,2025-03-03 10:12,A1,-80995,-9999,paid,7,web\n"
        f"3,{T},A1,5,10,paid,8,web\n"
        "C4,2025-03-04 10:01,A1,-5,-10,paid,8,web\n"  # a day and a minute later: a return
        f"5,{T},A1,6,12,paid,9,web\n"
        "C6,2025-03-03 10:30,A1,-6,-12,paid,10,web\n"  # another customer
    )
    cleaned = clean(tmp_path, lines)
    assert reasons(cleaned) == ["order and its cancellation"] * 2 + [""] * 4
    assert cleaned.sales["units"].tolist() == [5.0, 6.0]
    assert cleaned.returns[["return_id", "order_id", "units"]].to_numpy().tolist() == [
        ["C6", "C6", 6.0],
        ["C4", "3", 5.0],
    ]
    assert sorted(cleaned.ledger.summary().query("outcome == 'changed'")["reason"]) == [
        "return without its order, moved to the table returns",
        "return, moved to the table returns",
    ]


def test_each_cancellation_takes_one_order_the_latest_before_it(tmp_path: Path) -> None:
    lines = (
        "1,2025-03-03 10:00,A1,5,10,paid,7,web\n2,2025-03-03 11:00,A1,5,10,paid,7,web\n"
        "C3,2025-03-03 11:05,A1,-5,-10,paid,7,web\n4,2025-03-03 12:00,A1,5,10,paid,7,web\n"
    )
    assert clean(tmp_path, lines).sales["order_id"].tolist() == ["1", "4"]


def test_status_words_fill_forward_and_cancelled_at(tmp_path: Path) -> None:
    lines = (
        f"1,{T},A1,1,5,paid,7,web\n1,{T},B2,1,5,,,\n"
        f"2,{T},A1,1,5,weg,7,web\n2,{T},B2,1,5,,,\n"
        f"3,{T},A1,1,5,缺货取消,7,web\n4,{T},A1,1,5,strange,7,web\n"
    )
    cleaned = clean(
        tmp_path, lines, fill_forward=["status", "customer", "channel"], status_words={"voided": ["Weg"]}
    )
    assert reasons(cleaned) == ["", "", "voided order", "voided order", "", ""]
    assert cleaned.sales["status"].tolist() == ["paid", "paid", "cancelled_no_stock", "paid"]
    assert cleaned.sales["channel"].tolist() == ["web"] * 4
    assert len(set(cleaned.sales["customer_hash"])) == 1
    assert 'unknown status "strange", taken as paid' in cleaned.ledger.summary()["reason"].tolist()


def test_net_value_from_price_and_discount_and_cancelled_at(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        f"o,t,s,q,p,off,gone\n1,{T},A1,3,5.00,1.50,\n2,{T},A1,1,5.00,,2025-03-03 11:00\n"
    )
    columns = {"order_id": "o", "order_ts": "t", "sku": "s", "units": "q", "unit_price": "p"}
    source = SalesSource(file="o.csv", columns={**columns, "discount_value": "off", "cancelled_at": "gone"})
    raw = read_table("sales", source, tmp_path)
    cleaned = clean_sales(raw, read_cells_of_sales(raw, source), source, MASTER, "toys", None, "")
    assert cleaned.sales["net_value"].tolist() == [13.5]
    assert reasons(cleaned) == ["", "cancelled order"]


def test_sku_is_matched_but_for_case_and_leading_zeros(tmp_path: Path) -> None:
    cleaned = clean(
        tmp_path, f"1,{T},a1,1,5,paid,7,web\n2,{T},00B2,1,5,paid,7,web\n3,{T},A1,1,5,paid,7,web\n"
    )
    assert cleaned.sales["sku"].tolist() == ["A1", "B2", "A1"]
    assert cleaned.ledger.summary().query("outcome == 'changed'")["lines"].tolist() == [2]


def test_a_date_far_from_all_others_is_a_typing_error(tmp_path: Path) -> None:
    lines = "".join(f"{i},2025-03-{i % 28 + 1:02d} 10:00,A1,{i},5,paid,7,web\n" for i in range(1, 1500))
    cleaned = clean(tmp_path, lines + "x,2052-03-03 10:00,A1,1,5,paid,7,web\n")
    assert cleaned.ledger.rejected()["reason"].tolist() == ["stray order_ts, far from all others"]
    assert cleaned.shop_orders.index.max() == pd.Timestamp("2025-03-28")


def test_bulk_and_cartons_are_named_and_kept(tmp_path: Path) -> None:
    lines = "".join(f"{i},{T},A1,{i % 3 + 1},{(i % 3 + 1) * 5},paid,{i},web\n" for i in range(2000))
    lines += f"b,{T},A1,500,2500,paid,b,web\nc,{T},A1,1,60,paid,c,web\n"
    cleaned = clean(tmp_path, lines)
    assert len(cleaned.sales) == 2002
    summary = cleaned.ledger.summary().set_index("reason")["lines"]
    assert summary["bulk order, kept"] == 1
    assert summary["price of several units, maybe a carton, kept"] == 1


def test_no_customer_number_passes(tmp_path: Path) -> None:
    cleaned = clean(tmp_path, f"1,{T},A1,1,5,paid,4711,web\n")
    assert cleaned.sales["customer_hash"].str.fullmatch("[0-9a-f]{16}").all()
    assert "4711" not in cleaned.sales.to_csv() + cleaned.ledger.rejected().to_csv()


cell = st.sampled_from
line = st.tuples(
    cell(["1", "2", "3"]),
    cell(["2025-03-03 10:00", "2025-03-03 11:00", "2025-03-07 09:00", "", "2025-03-05 10:00"]),
    cell(["A1", "B2", "a1", "K9", "Z9", "POST", ""]),
    cell(["1", "2", "-1", "-2", "0", "", "1", "2"]),
    cell(["5", "-5", "0", "5", "5"]),
    cell(["paid", "", "voided", "test", "odd"]),
    cell(["7", "8", ""]),
    cell(["web", "market"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(line, min_size=1, max_size=30))
def test_the_ledger_adds_up_and_units_are_conserved(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    cleaned = clean(folder, "".join(",".join(row) + "\n" for row in lines), not_products=["POST"])
    summary = cleaned.ledger.summary()
    assert summary["lines"].sum() == len(lines)
    kept = pd.to_numeric(cleaned.ledger.raw.cells["units"])[cleaned.ledger.kept]
    assert cleaned.sales["units"].sum() == kept[kept > 0].sum()
    assert cleaned.returns["units"].sum() == -kept[kept < 0].sum()
    assert (cleaned.sales["units"] > 0).all()
    assert (cleaned.sales["net_value"] > 0).all()
    pairs = cleaned.ledger.rejected().query("reason == 'order and its cancellation'")["value"].astype(float)
    assert pairs.sum() == 0
    assert len(pairs) % 2 == 0
