"""Stock and open orders as they stood at a past review: only what was known on its evening."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.position import StockPosition, stock_position


def past_position(
    stock_history: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    panel: pd.DataFrame,
    economics: pd.DataFrame,
    *,
    today: pd.Timestamp,
    period_days: int,
    stock_cover_periods: float = 4.0,
) -> StockPosition:
    """The stock position of a past day, from stock history, orders and receipts up to that day.

    The shelf is what stood there the next morning before receipts, or the last evening known. An order's
    date is the supplier's first word: later ones were not spoken yet, or nobody wrote down when.

    Parameters
    ----------
    stock_history, purchase_orders, receipts : canonical tables; each may be empty.
    panel : demand panel.
    economics : table `economics`.
    today : the day of the review; the next period starts the day after.
    period_days : days in a period.
    stock_cover_periods : assumed stock where unknown, in periods of recent sales.

    Examples
    --------
    Ten were ordered and four have come: six are on their way, and nobody knew yet that they would be late.

    >>> day = pd.Timestamp
    >>> history = pd.DataFrame({"sku": ["A"], "location": "main", "date": [day("2025-06-09")],
    ...     "open_units": [7.0], "received_units": 0.0, "close_units": 3.0})
    >>> orders = pd.DataFrame({"po_id": ["1"], "line_id": ["1"], "sku": ["A"], "supplier_id": ["S"],
    ...     "order_date": [day("2025-06-01")], "units_ordered": [10.0], "units_open": [0.0],
    ...     "first_promised_date": [day("2025-06-15")], "promised_date": [day("2025-06-30")]})
    >>> receipts = pd.DataFrame({"po_id": ["1", "1"], "line_id": ["1", "1"], "units_received": [4.0, 6.0],
    ...     "receipt_date": [day("2025-06-05"), day("2025-06-29")]})
    >>> economics = pd.DataFrame({"sku": ["A"], "supplier_id": ["S"], "lead_time_days": [14.0],
    ...                           "lead_time_sd_days": [0.0]})
    >>> panel = pd.DataFrame({"sku": [], "period": pd.to_datetime([]), "units": []})
    >>> then = past_position(history, orders, receipts, panel, economics, today=day("2025-06-08"),
    ...                      period_days=7)
    >>> then.position[["net_units", "inbound_units"]].iloc[0].tolist()
    [7.0, 6.0]
    >>> then.inbound["expected_date"].iloc[0]
    Timestamp('2025-06-15 00:00:00')
    """
    came = receipts[receipts["receipt_date"] <= today] if len(receipts) else receipts
    return stock_position(
        _stock_on(stock_history, today),
        _orders_on(purchase_orders, came, today),
        came,
        panel.loc[panel["period"] <= today, ["sku", "period", "units"]],
        economics,
        today=today,
        period_days=period_days,
        stock_cover_periods=stock_cover_periods,
    )


def later_receipts(
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    sku: np.ndarray,
    period: np.ndarray,
    *,
    today: pd.Timestamp,
    period_days: int,
) -> np.ndarray:
    """Sellable units that came after `today` of orders placed until then, (n_sku, n_period) by period.

    Parameters
    ----------
    purchase_orders, receipts : canonical tables.
    sku : (n_sku,). period : (n_period,), first days; the first one follows `today`.
    """
    units = np.zeros((len(sku), len(period)))
    if purchase_orders.empty or receipts.empty:
        return units
    placed = purchase_orders.loc[purchase_orders["order_date"] <= today, ["po_id", "line_id", "sku"]]
    lines = receipts[receipts["receipt_date"] > today].merge(placed, on=["po_id", "line_id"])
    row = pd.Index(sku).get_indexer(pd.Index(lines["sku"]))
    place = ((lines["receipt_date"] - today).dt.days - 1).to_numpy() // period_days
    inside = (row >= 0) & (place < len(period))
    sellable = (lines["units_received"] - lines["units_rejected"].fillna(0.0)).to_numpy(float)
    np.add.at(units, (row[inside], place[inside]), sellable[inside])
    return units


def _stock_on(stock_history: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """One snapshot per product and location."""
    morning = today + pd.Timedelta(days=1)
    needed = ["date", "sku", "location", "open_units", "close_units"]
    known = stock_history.loc[stock_history["date"] <= morning, needed].sort_values("date", kind="stable")
    last = known.drop_duplicates(["sku", "location"], keep="last")
    evening = last["close_units"].fillna(last["open_units"])
    units = last["open_units"].where(last["date"] == morning, evening)
    return pd.DataFrame(
        {
            "snapshot_date": last["date"].where(last["date"] <= today, today),
            "sku": last["sku"],
            "location": last["location"],
            "on_hand_units": units,
            "reserved_units": 0.0,
        }
    )


def _orders_on(purchase_orders: pd.DataFrame, came: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Order lines placed until `today`, with what was open of them then."""
    placed = purchase_orders[purchase_orders["order_date"] <= today]
    if placed.empty:
        return placed
    key = ["po_id", "line_id"]
    received = came.groupby(key)["units_received"].sum() if len(came) else pd.Series(dtype=float)
    got = received.reindex(pd.MultiIndex.from_frame(placed[key])).fillna(0.0).to_numpy(float)
    first_word = placed["first_promised_date"].fillna(placed["promised_date"])
    return placed.assign(
        units_open=np.maximum(placed["units_ordered"] - got, 0.0), promised_date=first_word, status=None
    )
