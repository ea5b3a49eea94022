"""The order proposal: what to order at this review, from whom, why, by when, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from invnb.forecast.scenarios import Scenarios


def policy_table(
    scenarios: Scenarios, economics: pd.DataFrame, position: pd.DataFrame, limits: pd.DataFrame
) -> pd.DataFrame:
    """Policy per product under its scenarios: table `policy`.

    Columns: `sku`, `policy` ("(s,S)" or "base stock"), `reorder_point`, `order_up_to_level`,
    `expected_cost_per_period`, `lead_time_periods`, `review_period_periods`, `limit_price_per_unit` (what the
    shadow prices of the limits add to the cost of a unit).
    """
    raise NotImplementedError


def propose_orders(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    policy: pd.DataFrame,
    products: pd.DataFrame,
    suppliers: pd.DataFrame,
    sku_segments: pd.DataFrame,
    *,
    today: pd.Timestamp,
    budget: float | None,
    storage_m3: float | None,
    fill_rate_target: float,
    currency: str,
    item_supplier: pd.DataFrame | None = None,
    promotions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `orders`: one row per product that wants an order, also those a limit cut (reason NONE_BUDGET)."""
    raise NotImplementedError


def project_stock(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    policy: pd.DataFrame,
    orders: pd.DataFrame,
) -> pd.DataFrame:
    """Table `projection`: `sku`, `period`, `stock_p10`, `stock_p50`, `stock_p90`, `without_order_p50`,
    `inbound_units`, `order_units`, `stockout_probability`.
    """
    raise NotImplementedError
