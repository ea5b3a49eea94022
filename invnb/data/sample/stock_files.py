"""Stock, purchase orders and receipts of the sample shop as its warehouse system exports them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import Catalogue
from invnb.data.sample.exports import as_table
from invnb.data.sample.replenish import History
from invnb.data.sample.timeline import END, FIRST, LAST

LOCATION = "main"
PACKED_LATER_SHARE = 0.6  # of the last day's sales still stand in the warehouse, committed to their orders
NEGATIVE_EVENTS, NEGATIVE_NOW, BLANK_NOW = 20, 2, 1
LEFT_OUT_PRODUCTS, LEFT_OUT_DAYS = 5, 7
ZOMBIES, ZOMBIE_AGE_DAYS = 4, (300, 700)
EMERGENCY_PROMISE_DAYS = 4
FIRST_PO_NUMBER = 5001

Soiled = tuple[pd.DataFrame, dict[str, int]]
"""A file's table and its dirt: kind -> number of lines."""


def stock_ledger(
    history: History, products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator
) -> Soiled:
    """One row per day and product from its first stock or listing on; some oversold, some left out."""
    opening, received = history.opening, history.received
    closing = opening + received - history.sold
    known = np.maximum.accumulate(history.listed | (opening + received > 0), axis=0)
    quiet = (closing[FIRST:LAST] == 0) & (opening[FIRST + 1 :] == 0) & (received[FIRST + 1 :] == 0)
    day, place = np.nonzero(quiet & known[FIRST:LAST] & (history.sold[FIRST:LAST] > 0))
    event = rng.choice(len(day), NEGATIVE_EVENTS, replace=False)
    oversold = rng.integers(1, 4, NEGATIVE_EVENTS)
    opening = opening.copy()
    closing[FIRST + day[event], place[event]] = -oversold
    opening[FIRST + day[event] + 1, place[event]] = -oversold
    keep = known.copy()
    for product in rng.choice(np.flatnonzero(known[FIRST]), LEFT_OUT_PRODUCTS, replace=False):
        first = FIRST + 7 * rng.integers(4, 120)
        keep[first : first + LEFT_OUT_DAYS, product] = False
    keep[:FIRST] = False
    day, place = np.nonzero(keep)
    table = as_table(
        "stock_history",
        {
            "date": days[day],
            "sku": products["sku"].to_numpy()[place],
            "location": LOCATION,
            "open_units": opening[day, place],
            "received_units": received[day, place],
            "close_units": closing[day, place],
            "listed": history.listed[day, place],
        },
    )
    negative = (opening[day, place] < 0) | (closing[day, place] < 0)
    return table, {"negative stock": int(negative.sum()), "day left out": LEFT_OUT_PRODUCTS * LEFT_OUT_DAYS}


def stock_now(history: History, products: pd.DataFrame, rng: np.random.Generator) -> Soiled:
    """The shelf in the evening of the last day; what is sold but not yet sent is committed."""
    evening = history.opening[LAST] + history.received[LAST] - history.sold[LAST]
    committed = rng.binomial(history.sold[LAST], PACKED_LATER_SHARE)
    on_hand = pd.array(evening + committed, dtype="Int64")
    empty = np.flatnonzero((evening + committed == 0) & history.listed[LAST])
    on_hand[rng.choice(empty, NEGATIVE_NOW, replace=False)] = -3
    slow = np.flatnonzero((products["demand_class"] == "intermittent") & (evening > 0) & (committed == 0))
    on_hand[rng.choice(slow, BLANK_NOW, replace=False)] = pd.NA
    table = as_table(
        "stock",
        {
            "snapshot_date": END,
            "sku": products["sku"],
            "location": LOCATION,
            "on_hand_units": on_hand,
            "reserved_units": committed,
        },
    )
    return table, {"negative stock": NEGATIVE_NOW, "blank on_hand_units": BLANK_NOW}


def purchase_files(
    history: History, catalogue: Catalogue, days: pd.DatetimeIndex, rng: np.random.Generator
) -> tuple[Soiled, pd.DataFrame]:
    """Purchase orders (with zombies: old orders nobody closed) and receipts.

    Lines are exported if something of them arrived from `START` on or is still to come. A late order's
    expected date was overwritten by the supplier's next word; the first promise is kept beside it.
    """
    orders = history.orders.rename_axis("line").reset_index()
    received = history.receipts.groupby("line").agg(last=("day", "max"), units_received=("units", "sum"))
    orders = orders.join(received, on="line").fillna({"units_received": 0})
    orders["units_open"] = (orders["units"] - orders["units_received"]).astype(int)
    orders = orders[(orders["last"] >= FIRST) | (orders["units_open"] > 0)]
    zombies = orders.sample(ZOMBIES, random_state=rng).assign(
        order_day=LAST - rng.integers(*ZOMBIE_AGE_DAYS, ZOMBIES), emergency=False, line=-1, last=np.nan
    )
    zombies["units_open"] = zombies["units"]
    orders = pd.concat([orders, zombies]).sort_values(["order_day", "line"], kind="stable", ignore_index=True)
    orders = _with_supplier(orders, catalogue)
    first_promised = orders["order_day"] + orders["promise_days"]
    late = orders["arrival_day"] > first_promised
    asked_again = late & (orders["line"] >= 0) & (first_promised <= LAST)
    promised = first_promised.where(~asked_again, orders["arrival_day"] + rng.integers(-2, 3, len(orders)))
    promised = promised.clip(lower=first_promised)
    number = orders.groupby(["order_day", "supplier_id", "emergency"], sort=False).ngroup()
    orders["po_id"] = [f"PO-{n}" for n in number + FIRST_PO_NUMBER]
    orders["line_id"] = orders.groupby("po_id").cumcount() + 1
    table = as_table(
        "purchase_orders",
        {
            "po_id": orders["po_id"],
            "line_id": orders["line_id"],
            "sku": catalogue.products["sku"].to_numpy()[orders["place"]],
            "supplier_id": orders["supplier_id"],
            "location": LOCATION,
            "order_date": days[orders["order_day"]],
            "units_ordered": orders["units"],
            "first_promised_date": _date(days, first_promised),
            "promised_date": _date(days, promised),
            "units_open": orders["units_open"],
            "status": np.where(orders["units_open"] > 0, "confirmed", "completed"),
            "urgency": np.where(orders["emergency"], "EM", "ST"),
            "unit_cost": orders["unit_cost"],
        },
    )
    lines = orders.set_index("line")[["po_id", "line_id"]]
    receipts = history.receipts.join(lines, on="line", how="inner").sort_values(
        ["day", "line"], kind="stable"
    )
    receipt_table = as_table(
        "receipts",
        {
            "po_id": receipts["po_id"],
            "line_id": receipts["line_id"],
            "receipt_date": days[receipts["day"]],
            "units_received": receipts["units"],
            "units_rejected": receipts["rejected"],
        },
    )
    return (table, {"zombie order": ZOMBIES}), receipt_table


def _with_supplier(orders: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Supplier, price and promise of each order line; emergencies go to the dearer second source."""
    terms = catalogue.item_supplier.merge(catalogue.suppliers[["supplier_id", "stated_lead_time_days"]])
    place = pd.Series(np.arange(len(catalogue.products)), index=catalogue.products["sku"])
    terms = terms.assign(place=terms["sku"].map(place), emergency=terms["priority"] == 2)
    terms["promise_days"] = np.where(
        terms["emergency"], EMERGENCY_PROMISE_DAYS, terms["stated_lead_time_days"]
    )
    columns = ["place", "emergency", "supplier_id", "unit_cost", "promise_days"]
    return orders.merge(terms[columns], on=["place", "emergency"], how="left", validate="many_to_one")


def _date(days: pd.DatetimeIndex, day: pd.Series) -> pd.DatetimeIndex:
    return days[0] + pd.to_timedelta(np.asarray(day), unit="D")
