"""The canonical tables: names, kinds, defaults and rules of every column, as data.

A file enters through a column map (`invnb.data.sources`), is cleaned (`invnb.data.cleaning`) and validated
here; after that it is trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Kind = Literal["text", "date", "timestamp", "number", "flag"]

_DTYPE = {
    "text": "str",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us]",
    "number": "float64",
    "flag": "bool",
}


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    `required` columns must be mapped and filled on every line; others take `default` where they are missing
    (None stays missing). `low` and `high` bound a number (inclusive); `unit` says what is counted.
    """

    name: str
    kind: Kind
    required: bool = False
    default: Any = None
    unit: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Table:
    """A canonical table: its columns, the columns that together name a row, and what it makes possible."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    unlocks: str = ""

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


def _text(name: str, required: bool = False, default: Any = None) -> Column:
    return Column(name, "text", required, default)


def _date(name: str, required: bool = False) -> Column:
    return Column(name, "date", required)


def _number(
    name: str,
    unit: str,
    *,
    required: bool = False,
    default: Any = None,
    low: float | None = 0.0,
    high: float | None = None,
) -> Column:
    return Column(name, "number", required, default, unit, low, high)


def _flag(name: str, default: bool = True) -> Column:
    return Column(name, "flag", False, default)


_SKU = _text("sku", required=True)
_LOCATION = _text("location", default="main")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "sales",
            (
                _text("order_id", required=True),
                _text("line_id"),
                Column("order_ts", "timestamp", required=True),
                _SKU,
                _LOCATION,
                _text("channel", default="shop"),
                _number("units", "units", required=True, low=None),
                _number("net_value", "currency", required=True, low=None),
                _number("discount_value", "currency", default=0.0, low=None),
                _text("status", default="paid"),
                _text("customer_hash"),
                _text("segment"),
            ),
            (),  # exact duplicates are found on all columns: an order may name a product twice
            "everything",
        ),
        Table(
            "products",
            (
                _SKU,
                _text("name", required=True),
                _text("name_zh"),
                _text("category", required=True),
                _number("unit_cost", "currency per unit"),
                _number("list_price", "currency per unit"),
                _number("volume_m3", "m3 per unit"),
                _number("shelf_life_days", "days"),
                _date("launch_date"),
                _date("end_date"),
                _flag("active"),
                _text("substitute_group"),
            ),
            ("sku",),
            "reports by category",
        ),
        Table(
            "stock",
            (
                _date("snapshot_date"),
                _SKU,
                _LOCATION,
                _number("on_hand_units", "units", required=True, low=None),  # negative: owed to customers
                _number("reserved_units", "units", default=0.0),
            ),
            ("sku", "location"),
            "order proposals from the stock there is",
        ),
        Table(
            "stock_history",
            (
                _date("date", required=True),
                _SKU,
                _LOCATION,
                _number("open_units", "units", required=True, low=None),
                _number("received_units", "units", default=0.0),
                _number("close_units", "units", low=None),
                _flag("listed"),
            ),
            ("date", "sku", "location"),
            "demand beyond sales when stock ran out, and the true service level",
        ),
        Table(
            "suppliers",
            (
                _text("supplier_id", required=True),
                _text("name"),
                _number("lead_time_days", "days", required=True),
                _number("order_min_value", "currency", default=0.0),
                _number("review_period_days", "days"),
            ),
            ("supplier_id",),
            "lead times and order minimums",
        ),
        Table(
            "item_supplier",
            (
                _SKU,
                _text("supplier_id", required=True),
                _number("unit_cost", "currency per unit"),
                _number("min_order_units", "units", default=1.0),
                _number("pack_units", "units", default=1.0, low=1.0),
                _number("lead_time_days", "days"),
                _text("supplier_sku"),
                _number("priority", "rank", default=1.0),
            ),
            ("sku", "supplier_id"),
            "minimum orders and packs",
        ),
        Table(
            "purchase_orders",
            (
                _text("po_id", required=True),
                _text("line_id", required=True),
                _SKU,
                _text("supplier_id"),
                _LOCATION,
                _date("order_date", required=True),
                _number("units_ordered", "units", required=True),
                _date("promised_date"),
                _date("first_promised_date"),
                _number("units_open", "units", required=True),
                _text("status"),
                _text("urgency"),
                _number("unit_cost", "currency per unit"),
            ),
            ("po_id", "line_id"),
            "what is on its way",
        ),
        Table(
            "receipts",
            (
                _text("po_id", required=True),
                _text("line_id", required=True),
                _date("receipt_date", required=True),
                _number("units_received", "units", required=True),
                _number("units_rejected", "units", default=0.0),
            ),
            (),  # an order line may be received twice on a day
            "measured lead times instead of promised ones",
        ),
        Table(
            "promotions",
            (
                _text("promo_id", required=True),
                _SKU,
                _date("start_date", required=True),
                _date("end_date", required=True),
                _text("mechanic"),
                _number("discount_share", "share", required=True, high=1.0),
                _date("announced_date"),
            ),
            ("promo_id", "sku", "start_date"),
            "the uplift of promotions, planned ones included",
        ),
        Table(
            "prices",
            (
                _SKU,
                _date("date_from", required=True),
                _number("list_price", "currency per unit", required=True),
                _number("net_price", "currency per unit"),
            ),
            ("sku", "date_from"),
            "the effect of prices on demand",
        ),
        Table(
            "returns",
            (
                _text("return_id", required=True),
                _text("order_id", required=True),
                _text("line_id"),
                _SKU,
                _date("returned_date", required=True),
                _number("units", "units", required=True),
                _flag("resellable"),
            ),
            (),
            "units that come back",
        ),
        Table(
            "page_views",
            (_date("date", required=True), _SKU, _number("views", "views", required=True)),
            ("date", "sku"),
            "an early sign of demand",
        ),
        Table(
            "segments",
            (
                _text("segment", required=True),
                _number("priority", "rank"),
                _number("wait_tolerance_days", "days"),
                _number("margin_share", "share", low=None),
            ),
            ("segment",),
            "customer groups served differently",
        ),
        Table(
            "overrides",
            (
                _date("review_date", required=True),
                _SKU,
                _text("calc_id"),
                _number("proposed_units", "units", required=True),
                _number("planner_units", "units"),
                _text("planner_reason"),
            ),
            ("review_date", "sku"),
            "what planners' changes to proposed orders were worth",
        ),
    )
}
"""Every canonical table by name."""


def dtype(column: Column) -> str:
    """The pandas dtype of a canonical column.

    >>> dtype(TABLES["sales"].column("units"))
    'float64'
    """
    return _DTYPE[column.kind]


def empty(table_name: str) -> pd.DataFrame:
    """A canonical table without rows: what an optional table is when it was not given.

    >>> list(empty("page_views").columns)
    ['date', 'sku', 'views']
    """
    return pd.DataFrame({c.name: pd.Series(dtype=dtype(c)) for c in TABLES[table_name].columns})


def complete(table_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with all canonical columns in order, of their kinds, and defaults where values are missing.

    Parameters
    ----------
    table_name : name of a canonical table.
    frame : columns already read as their kinds; unknown columns are left out.

    Examples
    --------
    >>> stock = complete("stock", pd.DataFrame({"sku": ["007"], "on_hand_units": [3]}))
    >>> stock[["sku", "location", "reserved_units"]]
       sku location  reserved_units
    0  007     main             0.0
    """
    out = {}
    for column in TABLES[table_name].columns:
        values = frame.get(column.name)
        if values is None:
            values = pd.Series(column.default, index=frame.index, dtype="object")
        if column.default is not None:
            values = values.where(values.notna(), column.default)
        out[column.name] = values.astype(pd.api.types.pandas_dtype(dtype(column)))
    return pd.DataFrame(out, index=frame.index)


def validate(table_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Check that a frame is the canonical table it claims to be, and return it.

    Parameters
    ----------
    table_name : name of a canonical table.
    frame : the table.

    Raises
    ------
    ValueError : a column is missing or of another kind, a required value is missing, a number is out of its
        bounds, or two rows share a key. The sentence names table, column and the first offending value.

    Examples
    --------
    >>> validate("segments", pd.DataFrame({"segment": ["vip"]}))
    Traceback (most recent call last):
    ...
    ValueError: table segments: no column priority, wait_tolerance_days, margin_share
    """
    table = TABLES[table_name]
    missing = [name for name in table.column_names if name not in frame]
    if missing:
        raise ValueError(f"table {table_name}: no column {', '.join(missing)}")
    for column in table.columns:
        values = frame[column.name]
        if not _is_kind(values, column.kind):
            raise ValueError(
                f"table {table_name}: column {column.name} holds {values.dtype}, not a {column.kind}"
            )
        if column.required and values.isna().any():
            raise ValueError(
                f"table {table_name}: {column.name} is missing in {int(values.isna().sum())} rows"
            )
        if column.kind == "number":
            bad = values.lt(-float("inf") if column.low is None else column.low)
            if column.high is not None:
                bad |= values.gt(column.high)
            if bad.any():
                raise ValueError(
                    f"table {table_name}: {column.name} = {values[bad].iloc[0]} is outside {bounds(column)}"
                )
    if table.key and frame.duplicated(list(table.key)).any():
        first = frame.loc[frame.duplicated(list(table.key)), list(table.key)].iloc[0]
        raise ValueError(
            f"table {table_name}: two rows for {', '.join(f'{k} {v}' for k, v in first.items())}"
        )
    return frame


def bounds(column: Column) -> str:
    """The bounds of a number in words.

    >>> bounds(TABLES["promotions"].column("discount_share"))
    '0 to 1'
    """
    if column.high is None:
        return f"at least {column.low:g}" if column.low is not None else "any number"
    return f"{column.low:g} to {column.high:g}"


def _is_kind(values: pd.Series, kind: Kind) -> bool:
    if kind == "text":
        return pd.api.types.is_string_dtype(values)
    if kind == "flag":
        return pd.api.types.is_bool_dtype(values)
    if kind == "number":
        return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return pd.api.types.is_datetime64_dtype(values)
