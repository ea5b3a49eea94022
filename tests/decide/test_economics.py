"""Economics of small hand-made tables, every number worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from invnb.data.tables import empty
from invnb.decide.economics import ECONOMICS_COLUMNS, build_economics, lead_time_sample, recent_price
from invnb.errors import InputError

SETTINGS = {
    "holding_rate_per_year": 0.365,
    "lost_share": 0.8,
    "order_cost": 20.0,
    "goodwill_cost_share": 0.1,
    "lead_time_days": 14.0,
    "unit_cost_share": 0.5,
    "volume_m3_per_unit": 0.002,
    "min_order_units": 1,
    "pack_units": 1,
    "period_days": 7,
}
NONE = pd.DataFrame()


def tables(n_receipts=6):
    products = pd.DataFrame(
        {
            "sku": ["A", "B", "C"],
            "name": ["Kite", "Ball", "Drum"],
            "unit_cost": [5.0, np.nan, np.nan],
            "list_price": [12.0, 9.0, np.nan],
            "volume_m3": [0.01, np.nan, np.nan],
        }
    )
    terms = pd.DataFrame(
        {
            "sku": ["A", "A", "B"],
            "supplier_id": ["S2", "S1", "S2"],
            "unit_cost": [3.0, 4.0, np.nan],
            "min_order_units": [10, 20, np.nan],
            "pack_units": [5, 6, 12],
            "lead_time_days": [np.nan, np.nan, 30],
            "priority": [2, 1, 1],
        }
    )
    suppliers = pd.DataFrame(
        {"supplier_id": ["S1", "S2"], "lead_time_days": [21.0, 25.0], "review_period_days": [14.0, np.nan]}
    )
    ordered = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(n_receipts) * 20, unit="D")
    orders = pd.DataFrame(
        {
            "po_id": [f"P{i}" for i in range(n_receipts)],
            "line_id": "1",
            "sku": "A",
            "supplier_id": "S1",
            "order_date": ordered,
            "urgency": ["ST"] * (n_receipts - 1) + ["EM"],
        }
    )
    days = [8, 9, 10, 11, 12, 1][-n_receipts:]
    receipts = pd.DataFrame(
        {
            "po_id": orders["po_id"],
            "line_id": "1",
            "receipt_date": ordered + pd.to_timedelta(days, unit="D"),
        }
    )
    panel = pd.DataFrame(
        {
            "sku": ["A", "A", "A"],
            "period": pd.to_datetime(["2024-01-01", "2025-06-02", "2025-06-09"]),
            "units": [100.0, 1.0, 3.0],
            "net_price": [99.0, 12.0, 8.0],
        }
    )
    return products, terms, suppliers, orders, receipts, panel


def test_every_number_of_a_well_known_product():
    row = build_economics(*tables(), **SETTINGS).set_index("sku").loc["A"]
    assert row["supplier_id"] == "S1"  # priority 1
    assert row["unit_cost"] == 4.0  # what the supplier charges, before the product's own 5
    assert row["price"] == pytest.approx((12 + 3 * 8) / 4)  # money over units of the last quarter
    assert row["holding_cost_per_unit_period"] == pytest.approx(0.365 * 4 * 7 / 365)
    assert row["shortage_cost_per_unit"] == pytest.approx(9 - 4 + 0.1 * 9)
    assert row["lead_time_days"] == 10.0  # median of five first receipts, the emergency one left out
    assert row["lead_time_sd_days"] == pytest.approx(np.std([8, 9, 10, 11, 12], ddof=1))
    assert row["lead_time_periods"] == 2  # 10 days reach into the second week
    assert row["review_period_periods"] == 2
    assert (row["min_order_units"], row["pack_units"], row["volume_m3"]) == (20, 6, 0.01)
    assert row["assumed"] == ""


def test_what_is_unknown_is_assumed_and_named():
    table = build_economics(*tables(), **SETTINGS).set_index("sku")
    ball, drum = table.loc["B"], table.loc["C"]
    assert (ball["price"], ball["unit_cost"], ball["lead_time_days"]) == (9.0, 4.5, 30.0)
    assert ball["assumed"].split() == ["unit_cost", "volume_m3", "min_order_units"]
    # nobody bought, priced or supplied it: the middle price, and everything named
    assert drum["price"] == 9.0
    assert drum["lead_time_days"] == 14.0
    assert set(drum["assumed"].split()) == {
        "price", "unit_cost", "lead_time_days", "volume_m3", "min_order_units", "pack_units",
    }  # fmt: skip
    assert list(table.reset_index().columns) == ECONOMICS_COLUMNS


def test_few_receipts_leave_the_supplier_its_word():
    row = build_economics(*tables(n_receipts=4), **SETTINGS).set_index("sku").loc["A"]
    assert row["lead_time_days"] == 21.0
    assert row["lead_time_sd_days"] == 0.0


def test_without_any_optional_table_all_columns_are_there():
    products, *_, panel = tables()
    table = build_economics(products[["sku", "name"]], NONE, NONE, NONE, NONE, panel, **SETTINGS)
    assert list(table.columns) == ECONOMICS_COLUMNS
    assert not table.drop(columns="supplier_id").isna().any().any()


def test_canonical_tables_without_a_row():
    products, *_, panel = tables()
    none = [empty(name) for name in ["item_supplier", "suppliers", "purchase_orders", "receipts"]]
    table = build_economics(products, *none, panel, **SETTINGS)
    assert table["lead_time_days"].tolist() == [14.0] * 3
    assert table["unit_cost"].tolist() == [5.0, 4.5, table["price"].iloc[2] / 2]


def test_a_price_below_cost_costs_nothing_to_miss_but_goodwill():
    products, *_, panel = tables()
    products["unit_cost"] = 50.0
    row = build_economics(products, NONE, NONE, NONE, NONE, panel, **SETTINGS).iloc[0]
    assert row["shortage_cost_per_unit"] == pytest.approx(0.1 * 9)


def test_no_price_and_no_cost_at_all_is_refused():
    products = pd.DataFrame({"sku": ["A", "B"], "name": ["Kite", "Ball"]})
    empty = pd.DataFrame({"sku": [], "period": pd.to_datetime([]), "units": [], "net_price": []})
    with pytest.raises(
        InputError, match=r"none of the 2 products has a price or a unit cost; give net_value"
    ):
        build_economics(products, NONE, NONE, NONE, NONE, empty, **SETTINGS)


def test_lead_times_count_first_receipts_and_no_mistyped_dates():
    orders = pd.DataFrame(
        {"po_id": ["1", "2"], "line_id": ["1", "1"], "sku": "A", "supplier_id": "S",
         "order_date": pd.to_datetime(["2025-01-10", "2025-02-01"])}
    )  # fmt: skip
    receipts = pd.DataFrame(
        {"po_id": ["1", "1", "2"], "line_id": "1",
         "receipt_date": pd.to_datetime(["2025-01-30", "2025-01-15", "2025-01-20"])}
    )  # fmt: skip
    assert lead_time_sample(orders, receipts)["lead_time_days"].tolist() == [5.0]


def test_a_product_not_sold_lately_keeps_its_last_price():
    _, *_, panel = tables()
    old = pd.DataFrame(
        {"sku": ["Z"], "period": pd.to_datetime(["2023-01-02"]), "units": [1.0], "net_price": [3.0]}
    )
    assert recent_price(pd.concat([panel, old])).to_dict() == {"A": 9.0, "Z": 3.0}
