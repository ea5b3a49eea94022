"""The data card: what must be known about the data before any number made from them is believed."""

from __future__ import annotations

import pandas as pd

from invnb.data.days import Days
from invnb.data.tables import TABLES

LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("1: sales, products, stock and lead times", ("sales", "products", "stock", "suppliers")),
    ("2: open orders and order minimums too", ("purchase_orders", "item_supplier")),
    ("3: daily stock too", ("stock_history",)),
    ("4: receipts too", ("receipts",)),
    ("5: promotions and prices too", ("promotions", "prices")),
    ("6: customer segments too", ("segments",)),
)
"""Levels of data, each on top of the one before, and the tables that make them."""

_NEEDED_FOR_1 = {"stock": "stock", "suppliers": "lead times"}

COST_OF_MISSING = {
    "stock": "stock is assumed, so orders are a level to reach, not a quantity to buy",
    "stock_history": "sales on days without stock count as full demand, so demand is understated",
    "suppliers": "lead times are assumed",
    "item_supplier": "minimum orders and packs are assumed",
    "purchase_orders": "what is on its way is not known, so orders may be too large",
    "receipts": "lead times are as promised, their spread is unknown, so safety stock may be too small",
    "promotions": "promotion peaks look like demand, and planned promotions are not covered",
    "prices": "the effect of prices cannot be told",
    "returns": "units that come back are not counted",
    "page_views": "no early sign of a change in demand",
    "segments": "all customers are served alike",
    "overrides": "what planners' changes were worth cannot be told",
}
"""What a run loses where a table is not there."""


def data_level(given: set[str]) -> str:
    """The level of data: the highest whose tables, and those of all levels below, are given.

    >>> data_level({"sales", "products", "stock"})
    '0: sales and products; lead times are assumed'
    >>> data_level({"sales", "products", "stock", "suppliers", "stock_history"})
    '1: sales, products, stock and lead times'
    """
    lacking = [word for name, word in _NEEDED_FOR_1.items() if name not in given]
    level = (
        f"0: sales and products; {' and '.join(lacking)} {'is' if lacking == ['stock'] else 'are'} assumed"
    )
    for name, tables in LEVELS:
        if not given.issuperset(tables):
            break
        level = name
    return level


def make_data_card(
    tables: dict[str, pd.DataFrame],
    ledger: pd.DataFrame,
    panel: pd.DataFrame,
    days: Days,
    product_category: str,
    notes: dict[str, str] | None = None,
) -> pd.DataFrame:
    """What must be known about the data, one fact a row (`name`, `value`, both text).

    Parameters
    ----------
    tables : canonical tables of the category.
    ledger : lines by table, file, outcome and reason.
    panel : the demand panel.
    days : the days of the panel.
    product_category : the category that was kept.
    notes : further facts.
    """
    lines = ledger.groupby("outcome")["lines"].sum()
    given = {name for name, table in tables.items() if len(table)}
    lacking = [name for name in COST_OF_MISSING if name not in given]
    alive = panel[panel["status"].isin(["sold", "zero", "out_of_stock"])]
    sold = tables["sales"]["units"].sum()
    in_panel = panel["units"].sum()
    known = panel["start_units"].notna() & panel["status"].isin(["sold", "zero", "out_of_stock"])
    facts: dict[str, object] = {
        "product_category": product_category,
        "data_level": data_level(given),
        "lines_read": int(ledger["lines"].sum()),
        **{
            f"lines_{name}": int(lines.get(name, 0))
            for name in ("accepted", "changed", "rejected", "other_category")
        },
        "products": len(tables["products"]),
        "products_sold": tables["sales"]["sku"].nunique(),
        "locations": panel["location"].nunique(),
        "period": "week" if days.days_per_period == 7 else "day",
        "periods": len(days.period),
        "first_period": str(days.period[0].date()),
        "last_period": str(days.period[-1].date()),
        "last_day": str(days.day[-1].date()),
        "days_cut_before": days.cut_before,
        "days_cut_after": days.cut_after,
        "closed_weekdays": " ".join(days.closed_weekdays) or "none",
        "closed_days": int(days.closed.sum()),
        "missing_days": int(days.missing.sum()),
        "units_sold": f"{sold:.10g}",
        "units_in_panel": f"{in_panel:.10g}",
        "units_in_cut_days": f"{sold - in_panel:.10g}",
        "units_returned": f"{tables['returns']['units'].sum():.10g}",
        **{
            f"share_{name}": _share((panel["status"] == name).mean())
            for name in sorted(panel["status"].unique())
        },
        "share_censored": _share(alive["censored"].mean()),
        "share_stock_known": _share(known.sum() / max(len(alive), 1)),
        "launch_dates": "given"
        if tables["products"]["launch_date"].notna().any()
        else "first sale or first stock",
        "not_loaded": "; ".join(ledger.loc[ledger["outcome"] == "not_loaded", "reason"]) or "none",
        "missing_tables": " ".join(lacking) or "none",
        **{f"without_{name}": COST_OF_MISSING[name] for name in lacking},
        **(notes or {}),
    }
    return pd.DataFrame({"name": list(facts), "value": [str(value) for value in facts.values()]}, dtype="str")


def _share(value: float) -> str:
    return "unknown" if pd.isna(value) else f"{value:.4f}"


assert set(COST_OF_MISSING) | {"sales", "products"} == set(TABLES), (
    "every table that may be missing has its cost"
)
