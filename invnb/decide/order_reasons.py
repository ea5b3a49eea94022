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
    catalogue: pd.DataFrame,
    mean_demand: np.ndarray,
    late_by_days: np.ndarray,
    promotions: pd.DataFrame | None,
    *,
    today: pd.Timestamp,
    period_days: int,
) -> np.ndarray:
    """The first reason that holds, in this order, (n_sku,).

    - NONE_BUDGET: wanted, cut to nothing by a limit.
    - MOQ_FORCED: packs, the minimum order or the supplier's least value more than double what was wanted.
    - NEW_ITEM: launched in the last 91 days.
    - PROMO_BUILD: a promotion runs while the order is meant to last.
    - SEASON_BUILD: demand in the periods it serves is a quarter above demand before.
    - LEADTIME_RISK: too late to keep the stock-out target before it arrives.
    - BELOW_TARGET: else.

    Parameters
    ----------
    review : the orders. `economics`, `catalogue` (products) : one row per product, in the same order.
    mean_demand : (n_sku, n_period), expected units.
    late_by_days : (n_sku,), see `order_by_dates`.
    promotions : canonical table, or None.
    """
    lead = economics["lead_time_periods"].to_numpy(int)
    until = lead + economics["review_period_periods"].to_numpy(int)
    step = np.arange(mean_demand.shape[1])
    before = _mean_over(mean_demand, step < np.maximum(lead, 1)[:, None])
    served = _mean_over(mean_demand, (step >= lead[:, None]) & (step < until[:, None]))
    launched = pd.to_datetime(catalogue.get("launch_date", pd.Series(pd.NaT, index=catalogue.index)))
    conditions = {
        "NONE_BUDGET": (review.order_units == 0) & (review.full_units > 0),
        "MOQ_FORCED": review.order_units > 2 * review.wanted_units,
        "NEW_ITEM": (launched > today - pd.Timedelta(days=NEW_ITEM_DAYS)).to_numpy(bool),
        "PROMO_BUILD": _promoted(economics["sku"], promotions, lead, until, today, period_days),
        "SEASON_BUILD": served > SEASON_RISE * np.maximum(before, 1e-9),
        "LEADTIME_RISK": late_by_days > 0,
    }
    return np.select(list(conditions.values()), list(conditions), default="BELOW_TARGET")


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


def _promoted(
    sku: pd.Series,
    promotions: pd.DataFrame | None,
    lead: np.ndarray,
    until: np.ndarray,
    today: pd.Timestamp,
    period_days: int,
) -> np.ndarray:
    """Whether a promotion runs in the periods the order serves."""
    if promotions is None or promotions.empty:
        return np.zeros(len(sku), dtype=bool)
    start = today + pd.to_timedelta(1 + lead * period_days, unit="D")
    end = today + pd.to_timedelta(until * period_days, unit="D")
    window = pd.DataFrame({"sku": sku.to_numpy(), "from": start, "to": end})
    runs = promotions[["sku", "start_date", "end_date"]].merge(window, on="sku")
    hit = runs[(runs["start_date"] <= runs["to"]) & (runs["end_date"] >= runs["from"])]
    return sku.isin(hit["sku"]).to_numpy()
