"""The sample shop's files and how their columns map to the canonical tables.

The headers are the shop's own, as its systems would export them, so that the column map of a parameter file
is really used. Everything outside `COLUMN_MAPS` (`truth*.parquet`, `dirt.json`) is no input of a run.
"""

from __future__ import annotations

from typing import Any

COLUMN_MAPS: dict[str, dict[str, Any]] = {
    # One row per order line; order-level columns stand on the first row of an order only.
    "sales": {
        "file": "orders.csv.gz",
        "columns": {
            "order_id": "Name",
            "line_id": "Lineitem no",
            "order_ts": "Created at",  # 2025-12-28 21:43:02 +0800
            "sku": "Lineitem sku",
            "channel": "Source",
            "units": "Lineitem quantity",
            "net_value": "Lineitem total",
            "discount_value": "Lineitem discount",
            "status": "Financial Status",  # paid, refunded, voided, test
            "customer_hash": "Customer no",
            "segment": "Customer segment",
        },
        "fill_forward": ["Financial Status", "Source", "Customer no", "Customer segment"],  # within `Name`
    },
    "products": {
        "file": "products.csv",
        "columns": {
            "sku": "Variant SKU",
            "name": "Title",
            "name_zh": "Title (zh)",
            "category": "Type",  # toys, kitchen, beauty
            "unit_cost": "Cost per item",
            "list_price": "Variant Price",
            "volume_m3": "Volume (m3)",
            "shelf_life_days": "Shelf life (days)",
            "launch_date": "Published on",
            "end_date": "Discontinued on",
            "active": "Active",  # true, false
            "substitute_group": "Collection",
        },
    },
    "stock": {
        "file": "inventory.csv",
        "columns": {
            "snapshot_date": "Snapshot date",
            "sku": "SKU",
            "location": "Location",
            "on_hand_units": "On hand",
            "reserved_units": "Committed",
        },
    },
    "stock_history": {
        "file": "stock_ledger.csv.gz",
        "columns": {
            "date": "Date",
            "sku": "MSKU",
            "location": "Location",
            "open_units": "Starting balance",
            "received_units": "Receipts",
            "close_units": "Ending balance",  # start + receipts - shipments; returns are put back overnight
            "listed": "Listed",
        },
    },
    "suppliers": {
        "file": "suppliers.csv",
        "columns": {
            "supplier_id": "Supplier no",
            "name": "Supplier",
            "lead_time_days": "Lead time (days)",
            "order_min_value": "Minimum order value",
            "review_period_days": "Order every (days)",
        },
    },
    "item_supplier": {
        "file": "supplier_prices.csv",
        "columns": {
            "sku": "Item",
            "supplier_id": "Supplier no",
            "unit_cost": "Purchase price",
            "min_order_units": "MOQ",
            "pack_units": "Carton qty",
            "lead_time_days": "Delay (days)",
            "supplier_sku": "Supplier item",
            "priority": "Priority",
        },
    },
    "purchase_orders": {
        "file": "purchase_orders.csv",
        "columns": {
            "po_id": "PO",
            "line_id": "PO line",
            "sku": "Item",
            "supplier_id": "Supplier no",
            "location": "Location",
            "order_date": "Ordered on",
            "units_ordered": "Qty ordered",
            "promised_date": "Expected on",
            "first_promised_date": "First expected on",
            "units_open": "Qty open",
            "status": "State",  # confirmed, completed
            "urgency": "Urgency",  # ST standard, EM emergency
            "unit_cost": "Unit price",
        },
    },
    "receipts": {
        "file": "receipts.csv",
        "columns": {
            "po_id": "PO",
            "line_id": "PO line",
            "receipt_date": "Received on",
            "units_received": "Qty received",  # counted in, damaged units included
            "units_rejected": "Qty rejected",
        },
    },
    "promotions": {
        "file": "promotions.csv",
        "columns": {
            "promo_id": "Campaign",
            "sku": "SKU",
            "start_date": "Starts",
            "end_date": "Ends",
            "mechanic": "Kind",
            "discount_share": "Discount",
            "announced_date": "Announced",
        },
    },
    "prices": {
        "file": "prices.csv",
        "columns": {
            "sku": "SKU",
            "date_from": "Valid from",
            "list_price": "List price",
            "net_price": "Net price",
        },
    },
    "returns": {
        "file": "returns.csv",
        "columns": {
            "return_id": "RMA",
            "order_id": "Order",
            "line_id": "Order line",
            "sku": "SKU",
            "returned_date": "Returned on",
            "units": "Qty",
            "resellable": "Resellable",  # true, false
        },
    },
    "page_views": {
        "file": "page_views.csv.gz",
        "columns": {"date": "Day", "sku": "SKU", "views": "Sessions"},
    },
    "segments": {
        "file": "segments.csv",
        "columns": {
            "segment": "Customer segment",
            "priority": "Priority",
            "wait_tolerance_days": "Wait tolerance (days)",
            "margin_share": "Margin share",
        },
    },
    # The order proposals as they came back from the planner; an empty quantity means agreed.
    "overrides": {
        "file": "planner_answers.csv",
        "columns": {
            "review_date": "Review",
            "sku": "SKU",
            "calc_id": "Calculation",
            "proposed_units": "Proposed",
            "planner_units": "Planner quantity",
            "planner_reason": "Planner reason",
        },
    },
}
