"""Rules for order lines: what is demand, what came back, what never was.

The first rule that fits names the line, in this order: broken record, not a product, sku (blank, unknown,
another category), blank or unreadable cells, stray dates, after `data_through`, duplicates, status, an
order and its cancellation (both leave), returns (they move to the table `returns`), write-offs, zero units,
nothing paid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.data.cells import Cells, typed
from invnb.data.cleaning import cell_rules, sku_rules
from invnb.data.ledger import LineLedger
from invnb.data.privacy import hashed
from invnb.data.source_params import SalesSource
from invnb.data.sources import RawTable
from invnb.data.tables import TABLES, Column, complete, validate

PAIR_HOURS = 24
"""An order taken back in full within this time never was demand; later it is a return."""

STRAY_GAP_DAYS, STRAY_SHARE = 60, 0.001
"""A few lines (up to this share) that lie further than this from all others have a mistyped date."""

BULK_TIMES_MEDIAN, BULK_QUANTILE = 20, 0.999
"""A line above this multiple of its product's median and above this quantile of all is named bulk."""

CARTON_TIMES_PRICE = 4
"""A line paid above this multiple of its product's median unit price may be a carton booked as a piece."""

STATUS_WORDS: dict[str, tuple[str, ...]] = {
    "paid": (
        "paid", "complete", "completed", "done", "sale", "shipped", "delivered", "fulfilled", "processing",
        "closed",
        "authorized", "authorised", "partially_paid", "partially_refunded", "partially refunded", "unshipped",
        "已付款", "已支付", "已发货", "已完成", "交易成功", "已签收",
    ),
    "pending": ("pending", "on-hold", "on hold", "draft", "sent", "待付款", "待发货", "pending payment"),
    "cancelled": ("cancelled", "canceled", "cancel", "failed", "expired", "已取消", "交易关闭", "已关闭"),
    "cancelled_no_stock": ("cancelled_no_stock", "out of stock", "out_of_stock", "缺货取消"),
    "refunded": ("refunded", "已退款"),
    "voided": ("voided", "void", "作废"),
    "test": ("test", "测试"),
}  # fmt: skip
"""Words of shop systems. What was cancelled for lack of stock is demand; an unknown word counts as paid."""

_NO_DEMAND = ("cancelled", "refunded", "voided", "test")
_HELPERS = (
    Column("unit_price", "number"),
    Column("gross_value", "number"),
    Column("cancelled_at", "text"),
    Column("name", "text"),
)


@dataclass(frozen=True)
class CleanedSales:
    """Canonical `sales` and `returns` of one category, the verdicts, and the whole shop's orders by day."""

    sales: pd.DataFrame
    returns: pd.DataFrame
    ledger: LineLedger
    shop_orders: pd.Series


def read_cells_of_sales(raw: RawTable, source: SalesSource) -> dict[str, Cells]:
    """The mapped columns as their kinds, order-level cells carried to all lines of an order."""
    cells = typed(raw, source, _HELPERS)
    for heading in source.fill_forward:
        column = next(name for name, mapped in source.columns.items() if mapped == heading)
        values = cells[column].read
        of_order = values.groupby(raw.cells["order_id"].to_numpy()).transform("first")
        cells[column] = replace(cells[column], read=values.fillna(of_order))
    return cells


def not_a_product(sku: pd.Series, codes: list[str]) -> pd.Series:
    """Whether a sku is one of the codes for postage, fees and the like (any case; `gift_*` for a prefix).

    >>> not_a_product(pd.Series(["POST", "m", "GIFT_0001_10", "22423"]), ["POST", "M", "gift_*"]).tolist()
    [True, True, True, False]
    """
    plain = sku.str.casefold()
    whole = [code.casefold() for code in codes if not code.endswith("*")]
    prefixes = tuple(code[:-1].casefold() for code in codes if code.endswith("*"))
    return plain.isin(whole) | (plain.str.startswith(prefixes, na=False) if prefixes else False)


def clean_sales(
    raw: RawTable,
    cells: dict[str, Cells],
    source: SalesSource,
    master: pd.DataFrame,
    category: str,
    data_through: pd.Timestamp | None,
    salt: str,
) -> CleanedSales:
    """Clean the order lines.

    Parameters
    ----------
    raw, cells : lines as read, and as their kinds (`read_cells_of_sales`).
    source : the sales source: codes that are no products, words for a status.
    master : products of all categories (`sku`, `category`).
    category : the one to keep.
    data_through : last day to use, or None.
    salt : for the hash of customer numbers.
    """
    ledger = LineLedger(raw)
    ledger.reject(not_a_product(raw.cells["sku"], source.not_products), "not a product", raw.cells["sku"])
    sku = sku_rules(ledger, raw.cells["sku"], master, category)
    cells = cells | {"sku": replace(cells["sku"], read=sku)}
    frame = cell_rules(ledger, _with_net_value(cells), TABLES["sales"].columns)
    day = frame["order_ts"].dt.normalize()
    stray = _stray(day)
    ledger.reject(stray, "stray order_ts, far from all others", raw.cells["order_ts"])
    if data_through is not None:
        ledger.reject(day > data_through, "after data_through", raw.cells["order_ts"])
        day = day.where(day <= data_through)
    shop_orders = _orders_by_day(day[(frame["units"] > 0) & ~stray], raw.cells["order_id"])
    frame = frame[ledger.kept]  # the rules below look at one category's lines only
    frame = frame.assign(status=_status(ledger, frame, cells, source))
    _duplicates(ledger, frame)
    for status in _NO_DEMAND:
        ledger.reject(_all_lines(ledger, frame["status"] == status), f"{status} order")
    if "customer_hash" in frame and frame["customer_hash"].notna().any():
        frame = frame.assign(customer_hash=hashed(frame["customer_hash"], salt))
    frame = complete("sales", frame)
    _pairs(ledger, frame)
    returns = _returns(ledger, frame)
    units = frame["units"]
    ledger.reject(_all_lines(ledger, units == 0), "zero units")
    ledger.reject(
        _all_lines(ledger, (units > 0) & (frame["net_value"] == 0)), "nothing paid (gift or sample)"
    )
    ledger.reject(
        _all_lines(ledger, (units > 0) & (frame["net_value"] < 0)),
        "negative value",
        raw.cells.get("net_value"),
    )
    sold = frame[_mine(ledger, frame) & (units > 0)]
    _remarks(ledger, sold)
    sales = sold.sort_values(["order_ts", "order_id"], kind="stable", ignore_index=True)
    return CleanedSales(validate("sales", sales), validate("returns", returns), ledger, shop_orders)


def _all_lines(ledger: LineLedger, where: pd.Series) -> np.ndarray:
    """A mask on some lines as a mask on all."""
    return where.reindex(ledger.raw.cells.index, fill_value=False).to_numpy(dtype=bool)


def _mine(ledger: LineLedger, frame: pd.DataFrame) -> np.ndarray:
    return ledger.kept[frame.index.to_numpy()]


def _with_net_value(cells: dict[str, Cells]) -> dict[str, Cells]:
    """`net_value` from price x units or gross value less discount, where it is not mapped."""
    if "net_value" in cells:
        return cells
    if "unit_price" in cells:
        paid, origin = cells["unit_price"].read * cells["units"].read, cells["unit_price"]
    else:
        paid, origin = cells["gross_value"].read, cells["gross_value"]
    if "discount_value" in cells:
        paid = paid - cells["discount_value"].read.fillna(0.0)
    return cells | {"net_value": replace(origin, read=paid)}


def _stray(day: pd.Series) -> pd.Series:
    """(n_line,) whether a day lies far from all others and holds next to no lines."""
    lines = day.value_counts().sort_index()
    run = (
        lines.index.to_series().diff().dt.days > STRAY_GAP_DAYS
    ).cumsum()  # days without a long gap between
    share = lines.groupby(run.to_numpy()).transform("sum") / max(lines.sum(), 1)
    return day.isin(lines.index[share <= STRAY_SHARE])


def _orders_by_day(day: pd.Series, order_id: pd.Series) -> pd.Series:
    """Orders of the whole shop by day."""
    orders = pd.DataFrame({"day": day, "order": order_id.reindex(day.index)}).dropna(subset="day")
    return orders.drop_duplicates()["day"].value_counts().sort_index()


def _status(
    ledger: LineLedger, frame: pd.DataFrame, cells: dict[str, Cells], source: SalesSource
) -> pd.Series:
    words = {word: status for status, known in STATUS_WORDS.items() for word in known}
    words |= {word.casefold(): status for status, known in source.status_words.items() for word in known}
    if "status" in frame:
        written = frame["status"].str.casefold()
        status = written.map(words)
        unknown = written.notna() & status.isna()
        for word in written[unknown].unique():
            ledger.change(
                _all_lines(ledger, unknown & (written == word)), f'unknown status "{word}", taken as paid'
            )
        status = status.fillna("paid")
    else:
        status = pd.Series("paid", index=frame.index)
    if "cancelled_at" in cells:
        filled = cells["cancelled_at"].read.reindex(frame.index).notna()
        status = status.mask(filled & (status != "cancelled_no_stock"), "cancelled")
    return status.astype("str")


def _duplicates(ledger: LineLedger, frame: pd.DataFrame) -> None:
    """Exact duplicates, and lines that only differ in the channel that exported them."""
    cells = ledger.raw.cells.loc[frame.index]
    ledger.reject(_all_lines(ledger, cells.duplicated()), "exact duplicate")
    if "channel" in cells:
        again = cells.drop(columns="channel").duplicated()
        ledger.reject(_all_lines(ledger, again), "same order line from another channel")


def _pairs(ledger: LineLedger, frame: pd.DataFrame) -> None:
    """An order line and its full cancellation within `PAIR_HOURS`: both leave, or each half would wreck the
    mean.

    The halves share product, customer and units; each cancellation takes the latest such order before it.
    """
    lines = frame.loc[
        _mine(ledger, frame) & (frame["units"] != 0), ["sku", "customer_hash", "units", "order_ts"]
    ]
    lines = lines.assign(customer_hash=lines["customer_hash"].fillna(""), size=lines["units"].abs())
    key = ["sku", "customer_hash", "size"]
    taken_back = pd.MultiIndex.from_frame(lines.loc[lines["units"] < 0, key].drop_duplicates())
    lines = lines[pd.MultiIndex.from_frame(lines[key]).isin(taken_back)].sort_values(
        "order_ts", kind="stable"
    )
    both: list[int] = []
    within = pd.Timedelta(hours=PAIR_HOURS)
    for _, group in lines.groupby(key, sort=False):
        waiting: list[tuple[pd.Timestamp, int]] = []
        for line, units, time in zip(group.index, group["units"], group["order_ts"], strict=True):
            if units > 0:
                waiting.append((time, line))
            elif waiting and time - waiting[-1][0] <= within:
                both += [waiting.pop()[1], line]
    where = pd.Series(frame.index.isin(both), index=frame.index)
    ledger.reject(_all_lines(ledger, where), "order and its cancellation", ledger.raw.cells["units"])


def _returns(ledger: LineLedger, frame: pd.DataFrame) -> pd.DataFrame:
    """Move negative lines to `returns`, with the order they came from where it is known.

    The order is the one of the same number, else the latest earlier one of the customer with that product.
    Negative lines without a value are stock write-offs.
    """
    mine = frame[_mine(ledger, frame)]
    back = mine[mine["units"] < 0]
    ledger.reject(
        _all_lines(ledger, pd.Series(True, index=back.index[back["net_value"] == 0])),
        "stock write-off",
        ledger.raw.cells["units"],
    )
    back = back[back["net_value"] != 0].sort_values("order_ts", kind="stable")
    sold = mine[mine["units"] > 0].sort_values("order_ts", kind="stable")
    same_order = pd.MultiIndex.from_frame(back[["order_id", "sku"]]).isin(
        pd.MultiIndex.from_frame(sold[["order_id", "sku"]])
    )
    known = back["customer_hash"].notna()
    earlier = pd.merge_asof(
        back[["order_ts", "sku", "customer_hash"]],
        sold.loc[sold["customer_hash"].notna(), ["order_ts", "sku", "customer_hash", "order_id"]],
        on="order_ts",
        by=["sku", "customer_hash"],
    )["order_id"].set_axis(back.index)
    order = back["order_id"].where(same_order, earlier.where(known))
    ledger.change(_all_lines(ledger, order.notna()), "return, moved to the table returns")
    ledger.change(_all_lines(ledger, order.isna()), "return without its order, moved to the table returns")
    table = pd.DataFrame(
        {
            "return_id": back["order_id"],
            "order_id": order.fillna(back["order_id"]),
            "line_id": back["line_id"],
            "sku": back["sku"],
            "returned_date": back["order_ts"].dt.normalize(),
            "units": -back["units"],
        }
    )
    return complete("returns", table).reset_index(drop=True)


def _remarks(ledger: LineLedger, sold: pd.DataFrame) -> None:
    """Name lines that are likely wholesale, or a carton booked as a piece; they stay as they are."""
    if sold.empty:
        return
    units, price = sold["units"], sold["net_value"] / sold["units"]
    usual_units, usual_price = (column.groupby(sold["sku"]).transform("median") for column in (units, price))
    bulk = (units > BULK_TIMES_MEDIAN * usual_units) & (units > units.quantile(BULK_QUANTILE))
    ledger.remark(_all_lines(ledger, bulk), "bulk order, kept")
    carton = price > CARTON_TIMES_PRICE * usual_price
    ledger.remark(_all_lines(ledger, carton), "price of several units, maybe a carton, kept")
