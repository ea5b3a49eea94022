"""Alerts from the record: forecasts that drift or lean, suppliers that change, overrides that cost money."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.alert_rules import View, alert_rows
from invnb.decide.economics import lead_time_sample
from invnb.decide.first_order import column
from invnb.decide.position import inbound_array

RECENT_RECEIPTS = 8  # a supplier's last order lines, held against those before
LEAST_BEFORE = 8
SHIFT_P_VALUE = 0.001  # two-sided; a supplier is looked at in every run
N_DRAWS = 200


def forecast_shifts(view: View, drift: pd.DataFrame, period_days: int) -> pd.DataFrame:
    """DEMAND_SHIFT and BIAS: what a forecast that is off costs until the order of the next review is there.

    Demand above the forecast loses margin on what neither stock nor orders on the way cover, on the mean of
    the paths; demand below it leaves units to carry over the horizon. The spread is that of the estimated
    shift.
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
    lost = np.zeros_like(units)
    lost[row] = _units_beyond(units[row], _units_left(view, view.until)[row])
    lost_margin = lost * (column(view.terms, "lost_share") * view.margin)[:, None]
    money = np.where(units > 0, lost_margin, -units * carrying)
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


def _units_left(view: View, periods: np.ndarray) -> np.ndarray:
    """Stock and what comes in the first `periods` (n_sku,) less their demand, (n_sku, n_path)."""
    periods = np.minimum(periods, view.scenarios.n_period)
    coming = inbound_array(view.inbound, view.scenarios.sku, view.scenarios.period)
    inside = np.arange(view.scenarios.n_period) < periods[:, None]
    have = view.net_units + (coming * inside).sum(axis=1)
    return np.asarray(have[:, None] - view.scenarios.lead_time_sum(periods))


def _units_beyond(more_units: np.ndarray, left_units: np.ndarray) -> np.ndarray:
    """Mean over the paths of what more demand (n, n_draw) loses beyond what is left (n, n_path): (n, n_draw).

    Examples
    --------
    >>> _units_beyond(np.array([[2.0, 6.0]]), np.array([[4.0, -1.0]])).tolist()
    [[1.0, 4.0]]
    """
    left = np.maximum(left_units, 0.0)[:, None, :]
    lost: np.ndarray = np.maximum(more_units[:, :, None] - left, 0.0).mean(axis=2)
    return lost


def lead_time_shifts(
    view: View, purchase_orders: pd.DataFrame, receipts: pd.DataFrame, period_days: int
) -> pd.DataFrame:
    """LEADTIME_SHIFT: the last eight lines of a supplier took longer or shorter than those before.

    Held against each other by the rank test of Mann and Whitney at 0.1 %, two-sided. Money: the margin lost
    on demand in the days an order comes later, beyond what is left by then; or the cost of carrying the units
    that come too early.
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
    lost = np.maximum(units - np.maximum(_units_left(view, at), 0.0), 0.0)
    lost_margin = lost * (column(view.terms, "lost_share") * view.margin)[:, None]
    money = np.where(units > 0, lost_margin, -units * carrying)
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
