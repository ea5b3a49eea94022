"""The sample shop's supply: orders, receipts and stock agree with one another, line by line."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from invnb.data.sample import END, START, SampleFiles


def test_receipts_are_what_the_shelves_received(
    sample: SampleFiles, ledger: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    receipts = table(sample, "receipts").astype({"units_received": int, "units_rejected": int})
    lines = table(sample, "purchase_orders").astype({"units_ordered": int, "units_open": int})
    rows = receipts.merge(lines, on=["po_id", "line_id"], validate="many_to_one")
    rows["stocked"] = rows["units_received"] - rows["units_rejected"]
    by_day = rows[rows["receipt_date"] >= str(START.date())].groupby(["receipt_date", "sku"])["stocked"].sum()
    shelf = ledger.assign(date=ledger["date"].dt.strftime("%Y-%m-%d")).set_index(["date", "sku"])[
        "received_units"
    ]
    kept = by_day[by_day.index.isin(shelf.index)]  # some ledger days were left out
    assert (shelf[kept.index] == kept).all()
    assert shelf.sum() == kept.sum()
    assert len(by_day) - len(kept) <= sample.dirt["stock_ledger.csv.gz"]["day left out"]
    received = receipts.groupby(["po_id", "line_id"])["units_received"].sum()
    booked = lines.set_index(["po_id", "line_id"])
    assert booked.index.is_unique
    rest = booked["units_ordered"] - received.reindex(booked.index).fillna(0)
    assert (rest == booked["units_open"]).all()
    assert (receipts.groupby(["po_id", "line_id"]).size() > 1).sum() > 100  # partial receipts
    assert (receipts["units_rejected"] > 0).any()


def test_purchase_orders_late_open_and_never_crossing(
    sample: SampleFiles, table: Callable[..., pd.DataFrame]
) -> None:
    lines = table(sample, "purchase_orders")
    receipts = table(sample, "receipts")
    open_lines = lines[lines["units_open"].astype(int) > 0]
    zombie = open_lines["order_date"] < str((END - pd.Timedelta(days=250)).date())
    assert zombie.sum() == sample.dirt["purchase_orders.csv"]["zombie order"]
    assert (~zombie).sum() > 50  # goods are on their way
    overdue = open_lines["promised_date"] <= str(END.date())
    assert (overdue[~zombie]).mean() < 0.5
    arrival = receipts.groupby(["po_id", "line_id"])["receipt_date"].agg(["min", "max"]).reset_index()
    done = lines.merge(arrival, on=["po_id", "line_id"])
    assert 0.3 < (done["min"] > done["first_promised_date"]).mean() < 0.9
    regular = done[done["urgency"] == "ST"].sort_values(["sku", "order_date", "min"])
    previous = regular.groupby("sku")["max"].shift()
    assert (regular["min"] >= previous)[previous.notna()].all()
    assert (done["urgency"] == "EM").sum() > 5


def test_lead_times_follow_their_law(
    sample: SampleFiles, parameters: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    """First receipts against the true mean; holidays and waiting for earlier orders add to it."""
    lines = table(sample, "purchase_orders").query("urgency == 'ST'")
    first = table(sample, "receipts").groupby(["po_id", "line_id"])["receipt_date"].min()
    done = lines.join(first, on=["po_id", "line_id"], how="inner")
    days = (pd.to_datetime(done["receipt_date"]) - pd.to_datetime(done["order_date"])).dt.days
    ratio = days / done["sku"].map(parameters["true_lead_time_days"])
    by_supplier = ratio.groupby(done["supplier_id"]).mean()
    assert len(by_supplier) == 12
    assert by_supplier.between(0.85, 1.45).all()
    assert days.min() >= 1


def test_terms_are_kept_by_every_order(sample: SampleFiles, table: Callable[..., pd.DataFrame]) -> None:
    lines = table(sample, "purchase_orders")
    terms = table(sample, "item_supplier")
    rows = lines[lines["urgency"] == "ST"].merge(terms, on=["sku", "supplier_id"], validate="many_to_one")
    ordered, pack, least = (
        rows[name].astype(int) for name in ("units_ordered", "pack_units", "min_order_units")
    )
    assert len(rows) == (lines["urgency"] == "ST").sum()
    assert (ordered % pack == 0).all()
    assert (ordered >= least).all()


def test_stock_now_is_the_last_evening(
    sample: SampleFiles, ledger: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    now = table(sample, "stock").set_index("sku")
    dirt = sample.dirt["inventory.csv"]
    assert (now["on_hand_units"] == "").sum() == dirt["blank on_hand_units"]
    assert now["on_hand_units"].str.startswith("-").sum() == dirt["negative stock"]
    good = now[~now["on_hand_units"].isin(["", "-3"])]
    evening = ledger[ledger["date"] == END].set_index("sku")["close_units"]
    assert (
        good["on_hand_units"].astype(int) - good["reserved_units"].astype(int) == evening[good.index]
    ).all()
