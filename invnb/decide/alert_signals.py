"""Alerts from the record: forecasts that drift or lean, suppliers that change, overrides that cost money."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.alert_rules import View, alert_rows
from invnb.decide.economics import lead_time_sample
from invnb.decide.first_order import column

RECENT_RECEIPTS = 8  # a supplier's last order lines, held against those before
LEAST_BEFORE = 8
SHIFT_P_VALUE = 0.001  # two-sided; a supplier is looked at in every run
N_DRAWS = 200


def forecast_shifts(view: View, drift: pd.DataFrame, period_days: int) -> pd.DataFrame:
    """DEMAND_SHIFT and BIAS: what a forecast that is off costs until an order placed now is there.

    Demand above the forecast loses margin on what stock does not cover; demand below it leaves units to carry
    over the horizon. The spread is that of the estimated shift.
    """
    products = drift[(drift["level"] == "product") & (drift["measure"] == "mean") & drift["stands"]]
    row = pd.Index(view.scenarios.sku).get_indexer(pd.Index(products["name"].astype(str)))
    products, row = products[row >= 0], row[row >= 0]
    per_period = np.zeros((len(view.lead), N_DRAWS))
    quantile = _normal_scores(N_DRAWS)
    kind = np.full(len(view.lead), "", dtype=object)
    per_period[row] = (
        products["shift_units"].to_numpy(float)[:, None]
        + products["shift_se_units"].to_numpy(float)[:, None] * quantile
    )
    kind[row] = np.where(products["whole_window"], "BIAS", "DEMAND_SHIFT")
    units = per_period * view.until[:, None]
    carrying = (column(view.terms, "holding_cost_per_unit_period") * view.scenarios.n_period)[:, None]
    money = np.where(units > 0, units * view.margin[:, None], -units * carrying)
    up = per_period.mean(axis=1) > 0
    next_review = view.today + pd.to_timedelta((view.until - view.lead) * period_days, unit="D")
    return pd.concat(
        [
            alert_rows(
                view, name, kind == name, money, act_by=next_review, action="REVIEW_FORECAST",
                units=np.abs(units.mean(axis=1)), alternative=np.where(up, "ORDER", "DEFER_PO"), cause=cause,
            )
            for name, cause in [("DEMAND_SHIFT", "demand"), ("BIAS", "forecast")]
        ],
        ignore_index=True,
    )  # fmt: skip


def lead_time_shifts(
    view: View, purchase_orders: pd.DataFrame, receipts: pd.DataFrame, period_days: int
) -> pd.DataFrame:
    """LEADTIME_SHIFT: the last eight lines of a supplier took longer or shorter than those before.

    Held against each other by the rank test of Mann and Whitney at 0.1 %, two-sided. Money: the margin of
    the demand in the days an order comes later, or the cost of carrying the units that come too early.
    """
    from scipy.stats import mannwhitneyu

    n_sku = len(view.lead)
    days = np.zeros(n_sku)
    sample = lead_time_sample(purchase_orders, receipts)
    if len(sample):
        sample = sample[sample["receipt_date"] <= view.today].sort_values("order_date", kind="stable")
    for supplier, lines in sample.groupby("supplier_id") if len(sample) else []:
        took = lines["lead_time_days"].to_numpy(float)
        before, recent = took[:-RECENT_RECEIPTS], took[-RECENT_RECEIPTS:]
        if len(before) >= LEAST_BEFORE and mannwhitneyu(before, recent).pvalue < SHIFT_P_VALUE:
            days[(view.terms["supplier_id"] == supplier).to_numpy()] = np.median(recent) - np.median(before)
    at = np.minimum(view.lead, view.scenarios.n_period - 1)
    demand = np.take_along_axis(view.scenarios.units, at[:, None, None], axis=2)[:, :, 0]
    units = demand * (days / period_days)[:, None]
    carrying = (column(view.terms, "holding_cost_per_unit_period") * np.abs(days) / period_days)[:, None]
    money = np.where(units > 0, units * view.margin[:, None], -units * carrying)
    next_review = view.today + pd.to_timedelta((view.until - view.lead) * period_days, unit="D")
    return alert_rows(
        view, "LEADTIME_SHIFT", days != 0, money, act_by=next_review, action="CHASE_SUPPLIER",
        units=np.abs(units.mean(axis=1)), alternative="ORDER", cause="lead_time",
    )  # fmt: skip


def harmful_overrides(view: View, override_value: pd.DataFrame, period_days: int) -> pd.DataFrame:
    """OVERRIDE_HARM: what planners' changes to a product have cost so far, where that is beyond chance."""
    by_sku = override_value[(override_value["by"] == "sku") & (override_value["high"] < 0)]
    row = pd.Index(view.scenarios.sku).get_indexer(pd.Index(by_sku["name"].astype(str)))
    by_sku, row = by_sku[row >= 0], row[row >= 0]
    cost = np.zeros((len(view.lead), N_DRAWS))
    value = by_sku["value"].to_numpy(float)[:, None]
    half = (by_sku["high"] - by_sku["low"]).to_numpy(float)[:, None] / 2
    cost[row] = np.maximum(-value + half / 1.96 * _normal_scores(N_DRAWS), 0.0)
    harmed = np.zeros(len(view.lead), dtype=bool)
    harmed[row] = True
    next_review = view.today + pd.to_timedelta((view.until - view.lead) * period_days, unit="D")
    return alert_rows(
        view, "OVERRIDE_HARM", harmed, cost, act_by=next_review, action="FOLLOW_PROPOSAL",
        units=np.zeros(len(view.lead)), alternative="REVIEW_FORECAST", cause="override",
    )  # fmt: skip


def _normal_scores(n: int) -> np.ndarray:
    """`n` evenly spread quantiles of the standard normal law."""
    from scipy.special import ndtri

    scores: np.ndarray = ndtri((np.arange(n) + 0.5) / n)
    return scores
