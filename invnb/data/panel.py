"""The demand panel: one row per product, location and period on a complete grid, with a status that keeps
zero, closed, not launched, ended, out of stock and missing apart.
"""

from __future__ import annotations

import pandas as pd


def demand_panel(
    sales: pd.DataFrame,
    products: pd.DataFrame,
    stock_history: pd.DataFrame,
    promotions: pd.DataFrame,
    prices: pd.DataFrame,
    returns: pd.DataFrame,
    page_views: pd.DataFrame,
    period: str = "week",
    data_through: str = "",
    shop_orders: pd.Series | None = None,
) -> pd.DataFrame:
    """The demand panel of architecture.md, one row per sku, location and period.

    Parameters
    ----------
    sales, products, stock_history, promotions, prices, returns, page_views : canonical tables, one category.
    period : "day" or "week" (weeks start on Monday; an incomplete first or last week is cut off).
    data_through : last day to use, as 2025-12-28; empty for the last day of the data.
    shop_orders : (n_day,) order lines of the whole shop by day, from which closed days are told; None for
        those of `sales`.
    """
    raise NotImplementedError
