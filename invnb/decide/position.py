"""What is in stock, what is owed and what is on its way, as the review of `today` sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.economics import lead_time_sample

ZOMBIE_LEAD_TIMES = 3.0  # an open order older than three lead times will not come unless somebody asks
CLOSED = {"closed", "completed", "received", "cancelled", "canceled", "void"}


@dataclass(frozen=True)
class StockPosition:
    """Stock and pipeline of every product.

    Parameters
    ----------
    position : one row per sku: `location`, `on_hand_units` (on the shelf, never negative), `reserved_units`,
        `backorder_units` (promised beyond the shelf), `net_units` (free stock; negative: backorders),
        `inbound_units`, `position_units` (net + inbound), `next_receipt_date`, `recent_units_per_period`,
        `last_sale_period`, `assumed` (stock was unknown), `note` (what is wrong with the data, in words).
    inbound : one row per open order line: `po_id`, `line_id`, `sku`, `supplier_id`, `order_date`, `units`,
        `expected_date`, `period` (first day of the period it arrives in), `late_by_days`,
        `status` (on_time, overdue, no_date, zombie), `counted` (false: left out of the plan).
    """

    position: pd.DataFrame
    inbound: pd.DataFrame


def stock_position(
    stock: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    panel: pd.DataFrame,
    economics: pd.DataFrame,
    *,
    today: pd.Timestamp,
    period_days: int,
    stock_cover_periods: float,
) -> StockPosition:
    """Stock on hand minus reserved, and open orders by the period they arrive in.

    An overdue order is expected after the mean remaining wait of its supplier's lead times that were longer
    than it has already taken. An order older than three lead times is a zombie: listed, not counted. A
    product whose stock nobody knows is assumed to hold `stock_cover_periods` of recent sales, and says so.

    Parameters
    ----------
    stock : canonical table; several snapshots: the last one up to `today` counts; locations are added up.
    purchase_orders, receipts : canonical tables; may be empty.
    panel : demand panel (recent sales of products without stock data).
    economics : table `economics`; its skus are the products asked about.
    today : the day of the review; the first period of the plan starts the day after.
    period_days : days in a period.
    stock_cover_periods : assumed stock where unknown, in periods of recent sales.

    Returns
    -------
    StockPosition.

    Examples
    --------
    >>> economics = pd.DataFrame({"sku": ["A"], "supplier_id": ["S"], "lead_time_days": [10.0],
    ...                           "lead_time_sd_days": [0.0]})
    >>> stock = pd.DataFrame({"sku": ["A"], "on_hand_units": [9.0], "reserved_units": [2.0]})
    >>> orders = pd.DataFrame({"po_id": ["1"], "line_id": ["1"], "sku": ["A"], "supplier_id": ["S"],
    ...     "order_date": [pd.Timestamp("2025-06-01")], "promised_date": [pd.Timestamp("2025-06-12")],
    ...     "units_open": [30.0]})
    >>> found = stock_position(stock, orders, pd.DataFrame(), pd.DataFrame(), economics,
    ...     today=pd.Timestamp("2025-06-08"), period_days=7, stock_cover_periods=4.0)
    >>> found.position[["net_units", "position_units"]].iloc[0].tolist()
    [7.0, 37.0]
    >>> found.inbound[["status", "period"]].iloc[0].tolist()
    ['on_time', Timestamp('2025-06-09 00:00:00')]
    """
    inbound = open_orders(purchase_orders, receipts, economics, today=today, period_days=period_days)
    position = _on_hand(stock, economics["sku"], today)
    unknown = position["on_hand_units"].isna()
    position["assumed"] = unknown
    recent = recent_sales_per_period(panel).reindex(position.index).fillna(0.0)
    position["recent_units_per_period"] = recent
    position["last_sale_period"] = _last_sale(panel).reindex(position.index)
    position["on_hand_units"] = position["on_hand_units"].fillna((stock_cover_periods * recent).round())
    position["reserved_units"] = position["reserved_units"].fillna(0.0)
    negative = position["on_hand_units"] < 0
    position["net_units"] = position["on_hand_units"] - position["reserved_units"]
    position["on_hand_units"] = position["on_hand_units"].clip(lower=0)
    position["backorder_units"] = (-position["net_units"]).clip(lower=0)
    counted = inbound[inbound["counted"]]
    coming = counted.groupby("sku")["units"].sum()
    position["inbound_units"] = coming.reindex(position.index).fillna(0.0)
    position["position_units"] = position["net_units"] + position["inbound_units"]
    position["next_receipt_date"] = counted.groupby("sku")["expected_date"].min().reindex(position.index)
    position["note"] = _notes(position.index, unknown, negative, inbound, stock_cover_periods)
    columns = [
        "location",
        "on_hand_units",
        "reserved_units",
        "backorder_units",
        "net_units",
        "inbound_units",
        "position_units",
        "next_receipt_date",
        "recent_units_per_period",
        "last_sale_period",
        "assumed",
        "note",
    ]
    return StockPosition(position[columns].reset_index(names="sku"), inbound)


def open_orders(
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    economics: pd.DataFrame,
    *,
    today: pd.Timestamp,
    period_days: int,
) -> pd.DataFrame:
    """Order lines still open at `today`, with the day each is expected; see `StockPosition.inbound`.

    Parameters as in `stock_position`.

    Examples
    --------
    >>> economics = pd.DataFrame({"sku": ["A"], "supplier_id": ["S"], "lead_time_days": [10.0],
    ...                           "lead_time_sd_days": [0.0]})
    >>> orders = pd.DataFrame({"po_id": ["1"], "line_id": ["1"], "sku": ["A"], "supplier_id": ["S"],
    ...     "order_date": [pd.Timestamp("2024-01-01")], "units_open": [30.0]})
    >>> open_orders(orders, pd.DataFrame(), economics, today=pd.Timestamp("2025-06-08"),
    ...             period_days=7)["status"].tolist()
    ['zombie']
    """
    lines = purchase_orders.reindex(
        columns=[
            "po_id",
            "line_id",
            "sku",
            "supplier_id",
            "order_date",
            "promised_date",
            "units_open",
            "status",
        ]
    )
    closed = lines["status"].astype(object).fillna("").astype(str).str.strip().str.lower().isin(CLOSED)
    lines = lines[(lines["units_open"] > 0) & lines["sku"].isin(economics["sku"]) & ~closed]
    for column in ["order_date", "promised_date"]:
        lines[column] = pd.to_datetime(lines[column])
    lines = lines[~(lines["order_date"] > today)].reset_index(
        drop=True
    )  # the review does not know the future
    terms = economics.set_index("sku")[["supplier_id", "lead_time_days", "lead_time_sd_days"]]
    usual = lines["sku"].map(terms["lead_time_days"]).astype(float)
    supplier = lines["supplier_id"].fillna(lines["sku"].map(terms["supplier_id"]))

    promised = lines["promised_date"].fillna(lines["order_date"] + pd.to_timedelta(usual, unit="D"))
    age = (today - lines["order_date"]).dt.days.astype(float)
    # An open order cannot have come: one that is promised for today or earlier is overdue.
    overdue = promised <= today
    zombie = (age > ZOMBIE_LEAD_TIMES * usual.clip(lower=period_days)) & ~(promised > today)
    undated = promised.isna()

    wait = _remaining_days(
        age, supplier, lines["sku"].map(terms["lead_time_sd_days"]).astype(float), receipts, purchase_orders
    )
    expected = promised.where(~overdue, today + pd.to_timedelta(wait, unit="D"))
    expected = expected.where(~undated, today + pd.to_timedelta(usual, unit="D"))
    counted = ~zombie
    periods_ahead = ((expected - today).dt.days - 1) // period_days
    start = today + pd.Timedelta(days=1) + pd.to_timedelta(periods_ahead * period_days, unit="D")
    return pd.DataFrame(
        {
            "po_id": lines["po_id"],
            "line_id": lines["line_id"],
            "sku": lines["sku"],
            "supplier_id": supplier,
            "order_date": lines["order_date"],
            "units": lines["units_open"].astype(float),
            "expected_date": expected.where(counted),
            "period": start.where(counted),
            "late_by_days": (today - promised).dt.days.clip(lower=0).fillna(0).astype(int),
            "status": np.select([zombie, undated, overdue], ["zombie", "no_date", "overdue"], "on_time"),
            "counted": counted,
        }
    )


def inbound_array(inbound: pd.DataFrame, sku: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Counted open orders as units (n_sku, n_period) by arrival, without what comes after the last period.

    Examples
    --------
    >>> inbound = pd.DataFrame({"sku": ["B"], "period": [pd.Timestamp("2025-06-16")], "units": [5.0],
    ...                         "counted": [True]})
    >>> inbound_array(inbound, np.array(["A", "B"]), np.array(["2025-06-09", "2025-06-16"], "datetime64[D]"))
    array([[0., 0.],
           [0., 5.]])
    """
    units = np.zeros((len(sku), len(period)))
    coming = inbound[inbound["counted"]]
    row = pd.Index(sku).get_indexer(coming["sku"])
    starts = pd.DatetimeIndex(period)
    column = starts.searchsorted(pd.DatetimeIndex(coming["period"]), side="right") - 1
    beyond = pd.DatetimeIndex(coming["period"]) > starts[-1]
    known = (row >= 0) & ~beyond
    np.add.at(units, (row[known], np.maximum(column[known], 0)), coming["units"].to_numpy(float)[known])
    return units


def recent_sales_per_period(panel: pd.DataFrame, n_periods: int = 13) -> pd.Series:
    """Mean units per period over the last periods in which demand could be seen, by sku.

    Examples
    --------
    >>> recent_sales_per_period(pd.DataFrame({"sku": ["A", "A"], "units": [2.0, 4.0],
    ...     "period": pd.to_datetime(["2025-06-02", "2025-06-09"])})).to_dict()
    {'A': 3.0}
    """
    if panel.empty:
        return pd.Series(dtype=float)
    seen = panel[panel["units"].notna()].sort_values("period")
    return seen.groupby("sku").tail(n_periods).groupby("sku")["units"].mean()


def _last_sale(panel: pd.DataFrame) -> pd.Series:
    """First day of the last period with a sale, by sku."""
    if panel.empty:
        return pd.Series(dtype="datetime64[ns]")
    return panel[panel["units"] > 0].groupby("sku")["period"].max()


def _on_hand(stock: pd.DataFrame, sku: pd.Series, today: pd.Timestamp) -> pd.DataFrame:
    """Last snapshot up to today, added up over locations; NaN where there is none."""
    table = stock.reindex(columns=["snapshot_date", "sku", "location", "on_hand_units", "reserved_units"])
    table = table[~(pd.to_datetime(table["snapshot_date"]) > today)]
    table["location"] = table["location"].astype(object).fillna("main").astype(str)
    table = table.sort_values("snapshot_date", kind="stable").drop_duplicates(
        ["sku", "location"], keep="last"
    )
    by_sku = table.groupby("sku").agg(
        location=("location", lambda names: " ".join(sorted(set(names)))),
        on_hand_units=("on_hand_units", lambda units: units.sum(min_count=1)),
        reserved_units=("reserved_units", "sum"),
    )
    by_sku = by_sku.reindex(pd.Index(sku, name="sku"))
    by_sku["location"] = by_sku["location"].fillna("main")
    return by_sku.astype({"on_hand_units": float, "reserved_units": float})


def _remaining_days(
    age: pd.Series,
    supplier: pd.Series,
    sd_days: pd.Series,
    receipts: pd.DataFrame,
    purchase_orders: pd.DataFrame,
) -> np.ndarray:
    """Mean days still to wait given the days already waited: E[L - a | L > a] over the supplier's lead times.

    Where no lead time was ever that long, the spread of the lead time is all there is to go by.
    """
    sample = (
        lead_time_sample(purchase_orders, receipts).groupby("supplier_id")["lead_time_days"].apply(np.array)
    )
    wait = np.maximum(sd_days.to_numpy(float), 1.0)
    for i, (days, name) in enumerate(zip(age.to_numpy(float), supplier, strict=True)):
        times = sample.get(name, np.array([]))
        longer = times[times > days]
        if len(longer):
            wait[i] = max((longer - days).mean(), 1.0)
    return np.ceil(wait)


def _notes(
    sku: pd.Index, unknown: pd.Series, negative: pd.Series, inbound: pd.DataFrame, cover: float
) -> list[str]:
    """What is wrong with a product's stock data, in words; empty where nothing is."""
    lines = {
        status: inbound.loc[inbound["status"] == status]
        .groupby("sku")["po_id"]
        .agg(lambda ids: ", ".join(map(str, ids)))
        for status in ["no_date", "zombie"]
    }
    notes = []
    for name, is_unknown, is_negative in zip(sku, unknown, negative, strict=True):
        said = []
        if is_unknown:
            said.append(f"stock unknown: assumed {cover:g} periods of recent sales")
        if is_negative:
            said.append("negative stock counted as backorders")
        if name in lines["no_date"].index:
            said.append(f"order without a date: {lines['no_date'][name]}")
        if name in lines["zombie"].index:
            said.append(f"order older than three lead times left out: {lines['zombie'][name]}")
        notes.append("; ".join(said))
    return notes
