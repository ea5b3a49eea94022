"""Rules for every table but sales: which lines stay, which are changed, which are refused, and why.

Order of the rules, the first that fits names the line: sku (blank, unknown, of another category), required
cells (blank, unreadable, out of bounds), dates after `data_through`, duplicates, then the table's own rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.data.cells import Cells, out_of_bounds, typed
from invnb.data.ledger import LineLedger
from invnb.data.source_params import TableSource
from invnb.data.sources import RawTable
from invnb.data.tables import TABLES, Column, bounds, complete, validate

ZOMBIE_LEAD_TIMES = 3
"""An order line still open after this many lead times will not come; it is marked `zombie`."""

_PAST_DATE = {  # tables that record what happened, and by which date
    "sales": "order_ts",
    "stock": "snapshot_date",
    "stock_history": "date",
    "page_views": "date",
    "returns": "returned_date",
    "purchase_orders": "order_date",
    "receipts": "receipt_date",
    "overrides": "review_date",
}


@dataclass(frozen=True)
class Cleaned:
    """A canonical table and the verdicts on the lines it came from."""

    frame: pd.DataFrame
    ledger: LineLedger


def match_sku(sku: pd.Series, master: pd.Series) -> pd.Series:
    """Each sku as the product list spells it; missing where it is not in the list.

    Spelled alike but for case, or but for zeros in front (a spreadsheet drops them), counts as the same
    unless the list has two such products.

    Examples
    --------
    >>> match_sku(pd.Series(["A1", "a1", "7", "x"]), pd.Series(["A1", "007"])).tolist()
    ['A1', 'A1', '007', nan]
    """
    unique = pd.Series(sku.dropna().unique(), dtype="str")
    found = unique.where(unique.isin(master))
    for plain in (_folded, _unpadded):
        spelled = pd.Series(master.to_numpy(), index=plain(master)).loc[
            lambda s: ~s.index.duplicated(keep=False)
        ]
        found = found.fillna(plain(unique).map(spelled))
    return sku.map(pd.Series(found.to_numpy(), index=unique.to_numpy())).astype("str")


def _folded(sku: pd.Series) -> pd.Series:
    return sku.str.casefold()


def _unpadded(sku: pd.Series) -> pd.Series:
    return sku.str.casefold().str.lstrip("0")


def sku_rules(ledger: LineLedger, sku: pd.Series, master: pd.DataFrame, category: str) -> pd.Series:
    """Refuse blank and unknown skus, lay other categories aside, and return the skus as the product list
    spells them.

    Parameters
    ----------
    ledger : verdicts so far.
    sku : (n_line,) as read.
    master : the shop's products of all categories (`sku`, `category`).
    category : the one to keep.
    """
    found = match_sku(sku, master["sku"])
    ledger.reject(sku.isna(), "blank sku")
    ledger.reject(found.isna(), "unknown sku", sku)
    own = master.loc[master["category"] == category, "sku"]
    ledger.other_category(~found.isin(own))
    ledger.change(found.ne(sku), "sku spelled as in the product list")
    return found


def cell_rules(ledger: LineLedger, cells: dict[str, Cells], columns: tuple[Column, ...]) -> pd.DataFrame:
    """Refuse lines whose required cells are blank, unreadable or out of bounds; others become missing."""
    frame = {}
    for column in columns:
        if column.name not in cells:
            continue
        cell, text = cells[column.name], cells[column.name].text
        outside = out_of_bounds(cell.read, column)
        unreadable, beyond = f"unreadable {column.name}", f"{column.name} not {bounds(column)}"
        if column.required:
            ledger.reject(cell.unreadable, unreadable, text)
            ledger.reject(cell.read.isna(), f"blank {column.name}")
            ledger.reject(outside, beyond, text)
        else:
            filled = "set to missing" if column.default is None else f"set to {column.default}"
            ledger.change(cell.unreadable, f"{unreadable}, {filled}")
            ledger.change(outside, f"{beyond}, {filled}")
        ledger.change(cell.mended, f"{column.name} with another decimal sign")
        frame[column.name] = cell.read.mask(outside)
    return pd.DataFrame(frame, index=ledger.raw.cells.index)


def duplicate_rules(ledger: LineLedger, frame: pd.DataFrame, key: tuple[str, ...]) -> None:
    """Refuse exact duplicates of an earlier line, and second lines for the same key."""
    kept = frame[ledger.kept]
    ledger.reject(kept.duplicated().reindex(frame.index, fill_value=False), "exact duplicate")
    if key:
        kept = frame.loc[ledger.kept, [name for name in key if name in frame]]
        again = kept[kept.duplicated()].astype("str")
        value = pd.Series([" ".join(row) for row in again.to_numpy()], again.index, dtype="str")
        where = frame.index.isin(again.index)
        ledger.reject(
            where, f"second line for the same {', '.join(kept.columns)}", value.reindex(frame.index)
        )


def clean_table(
    raw: RawTable,
    source: TableSource,
    master: pd.DataFrame | None,
    category: str,
    data_through: pd.Timestamp | None,
) -> Cleaned:
    """Clean any table but sales.

    Parameters
    ----------
    raw : lines as read.
    source : how their cells are written.
    master : products of all categories; None while the products themselves are cleaned.
    category : the product category to keep.
    data_through : last day to use, or None.

    Raises
    ------
    InputError : a whole column is unreadable (`invnb.data.cells.UNREADABLE_SHARE`).

    Examples
    --------
    >>> cells = pd.DataFrame({"segment": ["vip", "vip"]})
    >>> raw = RawTable("segments", cells, np.array(["f", "f"]), np.array([2, 3]))
    >>> source = TableSource(file="f", columns={"segment": "Group"})
    >>> clean_table(raw, source, None, "toys", None).ledger.rejected()["reason"].tolist()
    ['exact duplicate']
    """
    table = TABLES[raw.table]
    ledger = LineLedger(raw)
    cells = typed(raw, source)
    if master is not None and "sku" in cells:
        sku = sku_rules(ledger, raw.cells["sku"], master, category)
        cells["sku"] = replace(cells["sku"], read=sku)
    if raw.table == "products":
        cells = _named(ledger, cells)
    frame = cell_rules(ledger, cells, table.columns)
    past = _PAST_DATE.get(raw.table)
    if data_through is not None and past in frame:
        ledger.reject(
            frame[past] >= data_through + pd.Timedelta(days=1), "after data_through", raw.cells[past]
        )
    duplicate_rules(ledger, frame, table.key if raw.table != "stock" else ())
    frame = complete(raw.table, frame.astype({"sku": "str"}) if "sku" in frame else frame)
    if raw.table in _OWN_RULES:
        frame = _OWN_RULES[raw.table](ledger, frame)
    return Cleaned(frame, ledger)


def kept_rows(cleaned: Cleaned) -> pd.DataFrame:
    """The rows that stay, validated."""
    return validate(cleaned.ledger.raw.table, cleaned.frame[cleaned.ledger.kept].reset_index(drop=True))


def _named(ledger: LineLedger, cells: dict[str, Cells]) -> dict[str, Cells]:
    """A product without a name is called by its sku."""
    name = cells["name"].read
    ledger.change(name.isna() & cells["sku"].read.notna(), "blank name, called by its sku")
    return cells | {"name": replace(cells["name"], read=name.fillna(cells["sku"].read))}


def _products(ledger: LineLedger, frame: pd.DataFrame) -> pd.DataFrame:
    backwards = frame["end_date"] < frame["launch_date"]
    ledger.change(backwards, "end_date before launch_date, set to missing")
    ledger.remark(frame["unit_cost"] > frame["list_price"], "unit cost above list price, kept")
    return frame.assign(end_date=frame["end_date"].mask(backwards))


def _stock(ledger: LineLedger, frame: pd.DataFrame) -> pd.DataFrame:
    latest = frame.loc[ledger.kept, "snapshot_date"].max()
    ledger.reject(
        frame["snapshot_date"] < latest, "older snapshot", frame["snapshot_date"].dt.date.astype("str")
    )
    duplicate_rules(ledger, frame, TABLES["stock"].key)
    ledger.change(frame["on_hand_units"] < 0, "negative stock, read as units owed to customers")
    return frame


def _stock_history(ledger: LineLedger, frame: pd.DataFrame) -> pd.DataFrame:
    negative = (frame["open_units"] < 0) | (frame["close_units"] < 0)
    ledger.remark(negative, "negative stock, read as units owed to customers")
    return frame


def _promotions(ledger: LineLedger, frame: pd.DataFrame) -> pd.DataFrame:
    ledger.reject(frame["end_date"] < frame["start_date"], "end_date before start_date")
    return frame


_OWN_RULES: dict[str, Callable[[LineLedger, pd.DataFrame], pd.DataFrame]] = {
    "products": _products,
    "stock": _stock,
    "stock_history": _stock_history,
    "promotions": _promotions,
}


def receipt_rules(receipts: RawTable, orders: Cleaned | None, ledger: LineLedger) -> None:
    """Receipts go with their order lines: of another category where those are, refused where there is none.

    Parameters
    ----------
    receipts : lines as read.
    orders : the cleaned purchase orders, or None where there are none.
    ledger : the verdicts on the receipts.
    """
    key = ["po_id", "line_id"]
    cells = receipts.cells[key].astype("str")
    named = cells["po_id"].str.cat(cells["line_id"], sep=" ")
    if orders is None:
        ledger.reject(np.ones(len(cells), dtype=bool), "receipt without its order", named)
        return
    known = pd.MultiIndex.from_frame(orders.ledger.raw.cells[key].astype("str"))
    lines = pd.MultiIndex.from_frame(cells)
    other = known[orders.ledger.is_other_category]
    ledger.other_category(lines.isin(other))
    ledger.reject(~lines.isin(known[orders.ledger.kept]), "receipt without its order", named)


def verify_promotions(promotions: Cleaned, prices: pd.DataFrame, today: pd.Timestamp) -> None:
    """Refuse past promotions that never ran: the posted price did not fall by half their discount.

    Nothing is refused where most promotions look like that: then posted prices do not show promotions.

    Parameters
    ----------
    promotions : cleaned promotions.
    prices : the table `prices`, with the net prices in force.
    today : the day the data reach; promotions that begin later are still to come.
    """
    plan = promotions.frame[promotions.ledger.kept]
    plan = plan[(plan["start_date"] <= today) & plan["sku"].isin(prices["sku"])].sort_values("start_date")
    posted = prices.assign(cut=1 - prices["net_price"] / prices["list_price"]).dropna(subset="cut")
    posted = posted.sort_values("date_from")[["sku", "date_from", "cut"]]
    at_start = pd.merge_asof(plan, posted, left_on="start_date", right_on="date_from", by="sku")[
        "cut"
    ].to_numpy()
    during = plan.reset_index()[["index", "sku", "start_date", "end_date"]].merge(posted, on="sku")
    during = during[during["date_from"].between(during["start_date"], during["end_date"])]
    deepest = during.groupby("index")["cut"].max().reindex(plan.index)
    cut = pd.Series(at_start, index=plan.index).combine(deepest, np.fmax)
    not_run = cut < plan["discount_share"] / 2
    if len(plan) and not_run.mean() <= 0.5:
        where = not_run.reindex(promotions.frame.index, fill_value=False)
        promotions.ledger.reject(where, "planned but not run", promotions.ledger.raw.cells["promo_id"])


def mark_zombies(orders: Cleaned, lead_time_days: pd.Series, today: pd.Timestamp) -> Cleaned:
    """Mark open order lines older than `ZOMBIE_LEAD_TIMES` lead times.

    Parameters
    ----------
    orders : cleaned purchase orders.
    lead_time_days : (n_line,) lead time of each line's supplier or product; missing where unknown.
    today : the day the data reach.
    """
    age = (today - orders.frame["order_date"]).dt.days
    old = (orders.frame["units_open"] > 0) & (age > ZOMBIE_LEAD_TIMES * lead_time_days)
    orders.ledger.change(old, f"open for more than {ZOMBIE_LEAD_TIMES} lead times, marked zombie")
    return Cleaned(orders.frame.assign(status=orders.frame["status"].mask(old, "zombie")), orders.ledger)
