"""Stock and pipeline with every kind of trouble: unknown, negative, overdue, undated, forgotten."""

import numpy as np
import pandas as pd
import pytest

from invnb.data.tables import empty
from invnb.decide.position import inbound_array, stock_position

TODAY = pd.Timestamp("2025-06-08")  # a Sunday: the plan starts on Monday the 9th
ECONOMICS = pd.DataFrame(
    {
        "sku": ["A", "B", "C"],
        "supplier_id": ["S", "S", "S"],
        "lead_time_days": [10.0, 10.0, 10.0],
        "lead_time_sd_days": [3.0, 3.0, 3.0],
    }
)
PANEL = pd.DataFrame(
    {"sku": ["C", "C"], "period": pd.to_datetime(["2025-05-26", "2025-06-02"]), "units": [4.0, 7.0]}
)


def order(po, sku, ordered, promised, units=10.0, **more):
    return {
        "po_id": po,
        "line_id": "1",
        "sku": sku,
        "supplier_id": "S",
        "order_date": pd.Timestamp(ordered),
        "promised_date": pd.Timestamp(promised) if promised else pd.NaT,
        "units_open": units,
        **more,
    }


def found(stock, orders, receipts=None):
    stock = pd.DataFrame(
        stock, columns=["snapshot_date", "sku", "location", "on_hand_units", "reserved_units"]
    )
    return stock_position(
        stock,
        pd.DataFrame(orders),
        pd.DataFrame() if receipts is None else receipts,
        PANEL,
        ECONOMICS,
        today=TODAY,
        period_days=7,
        stock_cover_periods=4.0,
    )


def test_last_snapshot_counts_and_locations_add_up():
    day = pd.Timestamp
    table = found(
        [
            (day("2025-06-01"), "A", "main", 99.0, 0.0),
            (day("2025-06-08"), "A", "main", 5.0, 2.0),
            (day("2025-06-07"), "A", "shop", 3.0, 0.0),
            (day("2025-06-09"), "A", "main", 1000.0, 0.0),  # tomorrow is not known today
        ],
        [],
    ).position.set_index("sku")
    row = table.loc["A"]
    assert (row["on_hand_units"], row["reserved_units"], row["net_units"]) == (8.0, 2.0, 6.0)
    assert row["location"] == "main shop"


def test_negative_stock_is_backorders_and_unknown_stock_is_assumed_and_both_are_said():
    table = found([(TODAY, "A", "main", 10.0, 0.0), (TODAY, "B", "main", -3.0, 2.0)], []).position.set_index(
        "sku"
    )
    assert table.loc["B", ["on_hand_units", "backorder_units", "net_units"]].tolist() == [0.0, 5.0, -5.0]
    assert table.loc["B", "note"] == "negative stock counted as backorders"
    assert table.loc["C", ["on_hand_units", "assumed"]].tolist() == [22.0, True]  # 4 periods of 5.5
    assert table.loc["C", "note"] == "stock unknown: assumed 4 periods of recent sales"
    assert table.loc["A", "note"] == ""


def test_open_orders_by_arrival():
    result = found(
        [(TODAY, "A", "main", 1.0, 0.0)],
        [
            order("on time", "A", "2025-06-05", "2025-06-15"),  # Sunday: still in the first week
            order("next week", "A", "2025-06-05", "2025-06-16"),
            order("no promise", "A", "2025-06-05", None),  # 5 June + 10 days
            order("no date", "B", None, None),
            order("overdue", "B", "2025-05-28", "2025-06-06"),  # 11 days old, nothing known: spread of 3 days
            order("zombie", "B", "2025-01-01", "2025-01-11"),
            order("done", "B", "2025-06-05", "2025-06-15", status="closed"),
            order("complete", "B", "2025-06-05", "2025-06-15", units=0.0),
            order("other", "Z", "2025-06-05", "2025-06-15"),
            order("future", "A", "2025-06-10", "2025-06-15"),
        ],
    )
    lines = result.inbound.set_index("po_id")
    assert lines["status"].to_dict() == {
        "on time": "on_time",
        "next week": "on_time",
        "no promise": "on_time",
        "no date": "no_date",
        "overdue": "overdue",
        "zombie": "zombie",
    }
    day = pd.Timestamp
    assert lines["period"].to_dict() == {
        "on time": day("2025-06-09"),
        "next week": day("2025-06-16"),
        "no promise": day("2025-06-09"),
        "no date": day("2025-06-16"),  # today + 10 days
        "overdue": day("2025-06-09"),  # today + 3 days
        "zombie": pd.NaT,
    }
    assert lines.loc["overdue", "late_by_days"] == 2
    position = result.position.set_index("sku")
    assert position["inbound_units"].to_dict() == {"A": 30.0, "B": 20.0, "C": 0.0}
    assert position.loc["A", "position_units"] == 31.0
    assert "no date" in position.loc["B", "note"]
    assert "zombie" in position.loc["B", "note"]

    periods = np.array(["2025-06-09", "2025-06-16"], dtype="datetime64[D]")
    units = inbound_array(result.inbound, np.array(["A", "B", "C"]), periods)
    assert units.tolist() == [[20.0, 10.0], [10.0, 10.0], [0.0, 0.0]]
    assert units.sum() == position["inbound_units"].sum()


def test_an_overdue_order_waits_as_long_as_late_ones_did():
    past = [order(f"R{i}", "A", "2025-03-01", "2025-03-11", units=0.0) for i in range(4)]
    receipts = pd.DataFrame(
        {
            "po_id": [f"R{i}" for i in range(4)],
            "line_id": "1",
            "receipt_date": pd.Timestamp("2025-03-01") + pd.to_timedelta([8, 10, 17, 21], unit="D"),
        }
    )
    lines = found([], [*past, order("late", "A", "2025-05-27", "2025-06-06")], receipts).inbound
    # 12 days old: of 17 and 21 days there remain 5 and 9, on average 7
    assert lines["expected_date"].tolist() == [TODAY + pd.Timedelta(days=7)]


def test_arrivals_beyond_the_horizon_are_left_out():
    inbound = pd.DataFrame(
        {"sku": ["A", "A"], "period": pd.to_datetime(["2025-06-09", "2025-09-01"]), "units": [5.0, 7.0],
         "counted": [True, True]}
    )  # fmt: skip
    periods = np.array(["2025-06-09", "2025-06-16"], dtype="datetime64[D]")
    assert inbound_array(inbound, np.array(["A"]), periods).tolist() == [[5.0, 0.0]]


def test_canonical_tables_without_a_row():
    result = stock_position(
        empty("stock"), empty("purchase_orders"), empty("receipts"), PANEL, ECONOMICS,
        today=TODAY, period_days=7, stock_cover_periods=2.0,
    )  # fmt: skip
    assert result.position["assumed"].all()
    assert result.inbound.empty
    assert (
        inbound_array(result.inbound, np.array(["A"]), np.array(["2025-06-09"], "datetime64[D]")).sum() == 0
    )


@pytest.mark.parametrize("orders", [[], [order("only", "A", "2025-06-05", None)]])
def test_tables_that_are_not_there(orders):
    result = stock_position(
        pd.DataFrame(), pd.DataFrame(orders), pd.DataFrame(), PANEL, ECONOMICS,
        today=TODAY, period_days=7, stock_cover_periods=2.0,
    )  # fmt: skip
    assert result.position["assumed"].all()
    assert result.position.set_index("sku")["on_hand_units"].to_dict() == {"A": 0.0, "B": 0.0, "C": 11.0}
    assert len(result.inbound) == len(orders)
