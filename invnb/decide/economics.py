"""What a unit costs, earns and waits for: one row of economics per product, every assumption named."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.errors import InputError

ECONOMICS_COLUMNS = [
    "sku",
    "name",
    "supplier_id",
    "unit_cost",
    "price",
    "holding_cost_per_unit_period",
    "shortage_cost_per_unit",
    "backorder_cost_per_unit_period",
    "lost_share",
    "order_cost",
    "lead_time_days",
    "lead_time_sd_days",
    "lead_time_periods",
    "review_period_periods",
    "min_order_units",
    "pack_units",
    "volume_m3",
    "assumed",
]
DAYS_PER_YEAR = 365.0
RECENT_DAYS = 91  # a quarter: long enough to see a slow mover sell, short enough to forget last year's prices
MIN_RECEIPTS = 5  # fewer first receipts say less about a lead time than the supplier's own word
WAITING_COST_SHARE = 0.1  # assumed: a customer who waits a period costs a tenth of one who is lost
EMERGENCY = {"em", "emergency", "express", "urgent", "rush", "air"}


def lead_time_sample(purchase_orders: pd.DataFrame, receipts: pd.DataFrame) -> pd.DataFrame:
    """Observed lead times: days from order to first receipt, one row per order line.

    Emergency orders are left out (they would make the ordinary lead time look short), and so are lines
    whose receipt stands before their order (a date was mistyped).

    Parameters
    ----------
    purchase_orders : canonical table; `urgency` may be missing.
    receipts : canonical table; a line received in parts counts by its first part.

    Returns
    -------
    DataFrame with `sku`, `supplier_id`, `lead_time_days`, `order_date`, `receipt_date`.

    Examples
    --------
    >>> orders = pd.DataFrame({"po_id": ["1", "2"], "line_id": ["1", "1"], "sku": ["A", "A"],
    ...     "supplier_id": ["S", "S"], "order_date": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...     "urgency": ["", "emergency"]})
    >>> got = pd.DataFrame({"po_id": ["1", "1", "2"], "line_id": ["1", "1", "1"],
    ...     "receipt_date": pd.to_datetime(["2025-01-20", "2025-01-11", "2025-02-03"])})
    >>> lead_time_sample(orders, got)[["sku", "supplier_id", "lead_time_days"]]
      sku supplier_id  lead_time_days
    0   A           S            10.0
    """
    columns = ["sku", "supplier_id", "lead_time_days", "order_date", "receipt_date"]
    if purchase_orders.empty or receipts.empty:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in columns})
    first = receipts.groupby(["po_id", "line_id"], as_index=False)["receipt_date"].min()
    lines = purchase_orders.merge(first, on=["po_id", "line_id"])
    if "urgency" in lines:
        lines = lines[~lines["urgency"].fillna("").astype(str).str.strip().str.lower().isin(EMERGENCY)]
    days = (lines["receipt_date"] - lines["order_date"]).dt.days.astype(float)
    return lines.assign(lead_time_days=days).loc[days >= 0, columns].reset_index(drop=True)


def recent_price(panel: pd.DataFrame, recent_days: int = RECENT_DAYS) -> pd.Series:
    """Net price per unit customers really paid lately, by sku: money over units, not a mean of prices.

    Products without a sale in the last `recent_days` of the panel keep the price of their last sale.

    Parameters
    ----------
    panel : demand panel (`sku`, `period`, `units`, `net_price` per unit).
    recent_days : length of the window before the panel's last period, in days.

    Examples
    --------
    >>> panel = pd.DataFrame({"sku": ["A", "A", "B"], "units": [1.0, 3.0, 2.0], "net_price": [8.0, 4.0, 7.0],
    ...     "period": pd.to_datetime(["2025-06-02", "2025-06-09", "2024-01-01"])})
    >>> recent_price(panel).to_dict()
    {'A': 5.0, 'B': 7.0}
    """
    sold = panel[(panel["units"] > 0) & (panel["net_price"] > 0)]
    if sold.empty:
        return pd.Series(dtype=float)
    last = sold.sort_values("period").groupby("sku")["net_price"].last()
    recent = sold[sold["period"] > panel["period"].max() - pd.Timedelta(days=recent_days)]
    money = (recent["net_price"] * recent["units"]).groupby(recent["sku"]).sum()
    paid = money / recent.groupby("sku")["units"].sum()
    return paid.reindex(last.index).fillna(last)


def build_economics(
    products: pd.DataFrame,
    item_supplier: pd.DataFrame,
    suppliers: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    panel: pd.DataFrame,
    *,
    holding_rate_per_year: float,
    lost_share: float,
    order_cost: float,
    goodwill_cost_share: float,
    lead_time_days: float,
    unit_cost_share: float,
    volume_m3_per_unit: float,
    min_order_units: float,
    pack_units: float,
    period_days: int,
) -> pd.DataFrame:
    """Economics of every product: the table that joins forecasts to money.

    - supplier: the one with the smallest `priority` number.
    - lead time: median and spread of observed first receipts where there are at least five for the product,
      else for its supplier; else the supplier's word; else assumed.
    - price: money over units of the last quarter; else the list price; else unit cost / `unit_cost_share`.
    - unit cost: what the supplier charges; else the product's own; else `unit_cost_share` x price.
    - holding cost per unit and period: rate x unit cost x days of the period / 365.
    - shortage cost per lost unit: price - unit cost (never below zero) + goodwill share x price.
    - backorder cost per waiting unit and period: a tenth of the shortage cost (an assumption).

    Parameters
    ----------
    products, item_supplier, suppliers, purchase_orders, receipts : canonical tables; all but `products` may
        be empty.
    panel : demand panel with `net_price`.
    holding_rate_per_year : share of a unit's cost per year (capital, space, insurance, shrinkage).
    lost_share : share of unmet demand that is lost; the rest waits, 0 to 1.
    order_cost : currency per order line.
    goodwill_cost_share : extra cost of a lost unit, as a share of its price.
    lead_time_days, unit_cost_share, volume_m3_per_unit, min_order_units, pack_units : assumed where unknown.
    period_days : days in a period (7 for weeks).

    Returns
    -------
    Table `economics`, one row per sku; `assumed` names the columns that rest on an assumption.

    Raises
    ------
    InputError : no product has a price or a cost from which the rest could be estimated.

    Examples
    --------
    >>> products = pd.DataFrame({"sku": ["A"], "name": ["Kite"], "unit_cost": [4.0]})
    >>> panel = pd.DataFrame({"sku": ["A"], "period": pd.to_datetime(["2025-06-02"]), "units": [3.0],
    ...                       "net_price": [10.0]})
    >>> none = pd.DataFrame()
    >>> table = build_economics(products, none, none, none, none, panel, holding_rate_per_year=0.25,
    ...     lost_share=0.8, order_cost=20.0, goodwill_cost_share=0.0, lead_time_days=10.0,
    ...     unit_cost_share=0.5, volume_m3_per_unit=0.002, min_order_units=1, pack_units=1, period_days=7)
    >>> table[["unit_cost", "price", "shortage_cost_per_unit", "lead_time_periods"]].iloc[0].tolist()
    [4.0, 10.0, 6.0, 2.0]
    >>> table["assumed"].iloc[0]
    'lead_time_days volume_m3 min_order_units pack_units'
    """
    table = _with_terms(products, item_supplier, suppliers)
    assumed: dict[str, pd.Series] = {}

    def fill(column: str, *better: pd.Series | float, otherwise: pd.Series | float) -> pd.Series:
        values = pd.Series(np.nan, index=table.index)
        for source in better:
            values = values.fillna(source)
        assumed[column] = values.isna()
        return values.fillna(otherwise)

    paid = table["sku"].map(recent_price(panel))
    cost = _positive(table["terms_unit_cost"]).fillna(_positive(table["unit_cost"]))
    known_price = paid.fillna(_positive(table["list_price"]))
    price = fill("price", known_price, otherwise=cost / unit_cost_share)
    unit_cost = fill("unit_cost", cost, otherwise=unit_cost_share * price)
    if price.isna().all():
        raise InputError(
            f"none of the {len(table)} products has a price or a unit cost",
            remedy="give net_value in sales, or list_price or unit_cost in products",
        )
    assumed["price"] |= price.isna()
    assumed["unit_cost"] |= unit_cost.isna()
    price = price.fillna(price.median())  # a product nobody bought and nobody priced: named in `assumed`
    unit_cost = unit_cost.fillna(unit_cost_share * price)

    observed, spread = _observed_lead_times(table, lead_time_sample(purchase_orders, receipts))
    days = fill(
        "lead_time_days",
        observed,
        _positive(table["terms_lead_time_days"], zero=True),
        _positive(table["supplier_lead_time_days"], zero=True),
        otherwise=lead_time_days,
    )
    volume = fill("volume_m3", _positive(table["volume_m3"]), otherwise=volume_m3_per_unit)
    minimum = fill("min_order_units", _positive(table["min_order_units"]), otherwise=min_order_units)
    pack = fill("pack_units", _positive(table["pack_units"]), otherwise=pack_units)
    review_days = table["review_period_days"].fillna(period_days)

    marks = pd.DataFrame(assumed)[
        ["price", "unit_cost", "lead_time_days", "volume_m3", "min_order_units", "pack_units"]
    ]
    shortage_cost = (price - unit_cost).clip(lower=0) + goodwill_cost_share * price
    return pd.DataFrame(
        {
            "sku": table["sku"],
            "name": table["name"],
            "supplier_id": table["supplier_id"],
            "unit_cost": unit_cost,
            "price": price,
            "holding_cost_per_unit_period": holding_rate_per_year * unit_cost * period_days / DAYS_PER_YEAR,
            "shortage_cost_per_unit": shortage_cost,
            "backorder_cost_per_unit_period": WAITING_COST_SHARE * shortage_cost,
            "lost_share": float(lost_share),
            "order_cost": float(order_cost),
            "lead_time_days": days,
            "lead_time_sd_days": spread.fillna(0.0),
            "lead_time_periods": np.ceil(days / period_days).astype(int),
            "review_period_periods": np.maximum(np.ceil(review_days / period_days), 1).astype(int),
            "min_order_units": minimum,
            "pack_units": pack,
            "volume_m3": volume,
            "assumed": [" ".join(marks.columns[row]) for row in marks.to_numpy()],
        }
    )[ECONOMICS_COLUMNS]


def _with_terms(products: pd.DataFrame, item_supplier: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Products with the terms of their first supplier, every column present (NaN where unknown)."""
    table = products.drop_duplicates("sku").reset_index(drop=True)
    numbers = ["unit_cost", "min_order_units", "pack_units", "lead_time_days"]
    terms = item_supplier.reindex(columns=["sku", "supplier_id", *numbers, "priority"])
    terms = terms.sort_values("priority", kind="stable").drop_duplicates("sku").drop(columns="priority")
    terms = terms.rename(columns={"unit_cost": "terms_unit_cost", "lead_time_days": "terms_lead_time_days"})
    words = suppliers.reindex(columns=["supplier_id", "lead_time_days", "review_period_days"])
    words = words.drop_duplicates("supplier_id").rename(columns={"lead_time_days": "supplier_lead_time_days"})
    table = table.reindex(columns=["sku", "name", "unit_cost", "list_price", "volume_m3"])
    table = _join(_join(table, terms, "sku"), words, "supplier_id")
    figures = table.columns.difference(["sku", "name", "supplier_id"])
    table[figures] = table[figures].apply(pd.to_numeric)
    return table


def _join(left: pd.DataFrame, right: pd.DataFrame, key: str) -> pd.DataFrame:
    right = right.dropna(subset=[key])
    return left.join(right.set_index(key), on=key)


def _positive(values: pd.Series, *, zero: bool = False) -> pd.Series:
    """`values` with what cannot be true (negative, and zero unless allowed) made unknown."""
    return values.where((values >= 0) if zero else (values > 0))


def _observed_lead_times(table: pd.DataFrame, sample: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Median and spread in days: the product's own where it has enough receipts, else its supplier's."""
    middle = pd.Series(np.nan, index=table.index)
    spread = middle.copy()
    for key in ["sku", "supplier_id"]:
        days = sample.groupby(key)["lead_time_days"].agg(["median", "std", "count"])
        days = days[days["count"] >= MIN_RECEIPTS]
        middle = middle.fillna(table[key].map(days["median"]))
        spread = spread.fillna(table[key].map(days["std"]))
    return middle, spread
