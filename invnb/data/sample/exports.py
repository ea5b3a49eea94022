"""The sample shop's files, with the headings of `COLUMN_MAPS` and what else such exports carry."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import Catalogue
from invnb.data.sample.columns import COLUMN_MAPS

GZIP_LEVEL = 3  # nearly as small as 9, in a fraction of the time
BYTE_ORDER_MARK = "\ufeff"
CUSTOMER_SEGMENTS = (
    ("new", 3, 0, 0.42),
    ("regular", 2, 2, 0.45),
    ("member", 1, 5, 0.47),
    ("wholesale", 4, 10, 0.30),
)


def as_table(
    table: str, columns: Mapping[str, Any] | pd.DataFrame, extra: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """A canonical table under the headings of its file; `extra` columns are in no map."""
    headings = COLUMN_MAPS[table]["columns"]
    frame = pd.DataFrame({headings[name]: values for name, values in columns.items()})
    return frame.assign(**(extra or {}))


def write_csv(path: Path, frame: pd.DataFrame, byte_order_mark: bool = False) -> None:
    """Write a table as CSV (UTF-8, comma), gzipped if the name says so; equal tables give equal bytes.

    Dates are written as 2025-12-28, flags as true and false, missing cells as nothing.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(zip(*(_cells(frame[name]) for name in frame.columns), strict=True))
    content = ((BYTE_ORDER_MARK if byte_order_mark else "") + text.getvalue()).encode()
    path.write_bytes(gzip.compress(content, GZIP_LEVEL, mtime=0) if path.suffix == ".gz" else content)


def _cells(column: pd.Series) -> Sequence[object]:
    missing = column.isna()
    if pd.api.types.is_datetime64_any_dtype(column):
        text = np.datetime_as_string(column.to_numpy().astype("datetime64[D]"), unit="D").astype(object)
        return list(np.where(missing, "", text))
    if pd.api.types.is_bool_dtype(column):
        return ["true" if value else "false" for value in column.tolist()]
    cells = column.tolist()
    if missing.any():
        cells = ["" if gone else value for value, gone in zip(cells, missing.tolist(), strict=True)]
    return cells


def orders_table(lines: pd.DataFrame) -> pd.DataFrame:
    """Order lines as the shop exports them: order-level cells on the first row of an order only."""
    first = lines["line"].eq(1).to_numpy()

    def on_first_row(values: pd.Series) -> np.ndarray:
        return np.where(first, values.astype(object), "")

    cancelled = lines["cancelled"].dt.strftime("%Y-%m-%d %H:%M:%S +0800").fillna("")
    return as_table(
        "sales",
        {
            "order_id": [f"#{order}" for order in lines["order"].tolist()],
            "order_ts": lines["created_at"],
            "status": on_first_row(lines["status"]),
            "channel": on_first_row(lines["channel"]),
            "customer_hash": on_first_row("C" + lines["customer"].astype(str)),
            "segment": on_first_row(lines["segment"]),
            "line_id": lines["line"],
            "sku": lines["sku"],
            "units": lines["units"],
            "net_value": lines["total"],
            "discount_value": [f"{value:.2f}" for value in lines["discount_value"].tolist()],
        },
        {"Cancelled at": on_first_row(cancelled), "Currency": on_first_row(pd.Series("CNY", lines.index))},
    )


def products_table(catalogue: Catalogue, end: pd.Timestamp) -> pd.DataFrame:
    """Products as the shop lists them; the true parameters stay out."""
    products = catalogue.products
    table = as_table(
        "products",
        {
            "sku": products["sku"],
            "name": products["name"],
            "name_zh": products["name_zh"],
            "category": products["category"],
            "substitute_group": products["collection"],
            "unit_cost": products["unit_cost"],
            "list_price": products["list_price"],
            "volume_m3": products["volume_m3"],
            "shelf_life_days": products["shelf_life_days"]
            .astype("Int64")
            .mask(products["shelf_life_days"] == 0),
            "launch_date": products["launch_date"],
            "end_date": products["end_date"],
            "active": ~(products["end_date"] <= end),
        },
    )
    return table.rename(columns={"Variant Price": " Variant Price "})  # headings drift


def supplier_tables(catalogue: Catalogue) -> dict[str, pd.DataFrame]:
    """Suppliers with what they promise, their terms per product, and the customer segments."""
    suppliers, terms = catalogue.suppliers, catalogue.item_supplier
    segment = pd.DataFrame(
        CUSTOMER_SEGMENTS, columns=["segment", "priority", "wait_tolerance_days", "margin_share"]
    )
    return {
        "suppliers": as_table(
            "suppliers",
            {
                "supplier_id": suppliers["supplier_id"],
                "name": suppliers["name"],
                "lead_time_days": suppliers["stated_lead_time_days"],
                "order_min_value": suppliers["order_min_value"],
                "review_period_days": suppliers["review_period_days"],
            },
        ),
        "item_supplier": as_table(
            "item_supplier",
            {name: terms[name] for name in ("sku", "supplier_id", "supplier_sku", "unit_cost")}
            | {
                "min_order_units": terms["min_order_units"],
                "pack_units": terms["pack_units"],
                "lead_time_days": np.full(len(terms), ""),  # the supplier's word holds
                "priority": terms["priority"],
            },
        ),
        "segments": as_table("segments", segment),
    }
