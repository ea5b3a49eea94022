"""Why an order has the size it has, as one word of a closed list, and how sure its grounds are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.review import Review

NEW_ITEM_DAYS = 91
SEASON_RISE = (
    1.25  # demand after the receipt is a quarter above demand before it: stock is built for a season
)
WIDE_SPREAD = 1.5  # (P90 - P10) / P50 of the demand the order has to cover


def reason_codes(
    review: Review,
    economics: pd.DataFrame,
    mean_demand: np.ndarray,
    *,
    late: np.ndarray,
    promoted: np.ndarray,
    new_item: np.ndarray,
) -> np.ndarray:
    """The first reason that holds, in this order, (n_sku,).

    - NONE_BUDGET: wanted, cut to nothing by a limit.
    - CONTAINER_FILL: raised to reach the supplier's least order value.
    - MOQ_FORCED: packs or the minimum order more than double what was wanted.
    - NEW_ITEM: launched lately.
    - PROMO_BUILD: a promotion runs while the order is meant to last.
    - SEASON_BUILD: demand in the periods it serves is a quarter above demand before.
    - LEADTIME_RISK: too late to keep the stock-out target before it arrives.
    - BELOW_TARGET: else.

    PRICE_BREAK and SUPPLIER_SHUTDOWN are never given: no canonical table holds quantity prices or a
    supplier's closing days.

    Parameters
    ----------
    review : the orders. `economics` : one row per product, in the same order.
    mean_demand : (n_sku, n_period), expected units.
    late : (n_sku,), too late to keep the stock-out target.
    promoted, new_item : (n_sku,), see `promoted_products` and `new_products`.
    """
    lead = economics["lead_time_periods"].to_numpy(int)
    until = lead + economics["review_period_periods"].to_numpy(int)
    step = np.arange(mean_demand.shape[1])
    before = _mean_over(mean_demand, step < np.maximum(lead, 1)[:, None])
    served = _mean_over(mean_demand, (step >= lead[:, None]) & (step < until[:, None]))
    conditions = {
        "NONE_BUDGET": (review.order_units == 0) & (review.full_units > 0),
        "CONTAINER_FILL": review.order_units > review.full_units,
        "MOQ_FORCED": review.order_units > 2 * review.wanted_units,
        "NEW_ITEM": new_item,
        "PROMO_BUILD": promoted,
        "SEASON_BUILD": served > SEASON_RISE * np.maximum(before, 1e-9),
        "LEADTIME_RISK": late,
    }
    return np.select(list(conditions.values()), list(conditions), default="BELOW_TARGET")


def new_products(catalogue: pd.DataFrame, today: pd.Timestamp) -> np.ndarray:
    """Whether a product of `catalogue` (table `products`) was launched in the last 91 days, (n_sku,)."""
    launched = pd.to_datetime(catalogue.get("launch_date", pd.Series(pd.NaT, index=catalogue.index)))
    return (launched > today - pd.Timedelta(days=NEW_ITEM_DAYS)).to_numpy(bool)


def confidence_words(
    economics: pd.DataFrame, position: pd.DataFrame, p10: np.ndarray, p50: np.ndarray, p90: np.ndarray
) -> np.ndarray:
    """Confidence in an order: "low", "medium" or "high", (n_sku,).

    Low where stock, unit cost, price or lead time are assumed; medium where the demand to cover is wide:
    (P90 - P10) / P50 above 1.5; else high.
    """
    shaky = {"unit_cost", "price", "lead_time_days"}
    guessed = np.array([bool(shaky & set(str(words).split())) for words in economics["assumed"]])
    guessed |= position["assumed"].astype(bool).to_numpy()
    wide = (p90 - p10) > WIDE_SPREAD * np.maximum(p50, 1.0)
    return np.select([guessed, wide], ["low", "medium"], default="high")


def _mean_over(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    return (values * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1)


def promoted_products(
    economics: pd.DataFrame, promotions: pd.DataFrame | None, *, today: pd.Timestamp, period_days: int
) -> np.ndarray:
    """Whether a promotion runs in the periods the order of today serves, (n_sku,).

    Parameters
    ----------
    economics : one row per product. `promotions` : canonical table, or None.
    """
    sku = economics["sku"]
    if promotions is None or promotions.empty:
        return np.zeros(len(sku), dtype=bool)
    lead = economics["lead_time_periods"].fillna(0).to_numpy(int)
    until = lead + economics["review_period_periods"].fillna(1).to_numpy(int)
    start = today + pd.to_timedelta(1 + lead * period_days, unit="D")
    end = today + pd.to_timedelta(until * period_days, unit="D")
    window = pd.DataFrame({"sku": sku.to_numpy(), "from": start, "to": end})
    runs = promotions[["sku", "start_date", "end_date"]].merge(window, on="sku")
    hit = runs[(runs["start_date"] <= runs["to"]) & (runs["end_date"] >= runs["from"])]
    return sku.isin(hit["sku"]).to_numpy()
