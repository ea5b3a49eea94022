"""Early warnings from the demand distribution: money at risk, the date to act by, and what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide import alert_rules as rules
from invnb.decide import alert_signals as signals
from invnb.decide.kpi_formulas import days_of_supply
from invnb.decide.policy import align
from invnb.decide.review_state import ReviewState

ALERT_COLUMNS = [
    "alert_id",
    "type",
    "severity",
    "sku",
    "name",
    "name_zh",
    "money_at_risk",
    "money_at_risk_p10",
    "money_at_risk_p90",
    "act_by",
    "late_by_days",
    "action_code",
    "action_units",
    "alternative_code",
    "cause",
    "on_hand_units",
    "cover_days",
]
FLOOR_SHARE = 0.001  # of the category's expected margin per period: less than that never shouts
SHOUT_SHARE = 0.01  # from this share on, what is due now is S1
SOON_DAYS = 7
NOW_DAYS = 1


def find_alerts(
    state: ReviewState,
    orders: pd.DataFrame,
    *,
    fill_rate_target: float,
    money_floor: float | None = None,
    promotions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `alerts`, the most urgent and dearest first; at most one stock-out alert per product.

    | type | raised when | money at risk |
    |---|---|---|
    | OUT_NOW | no free stock and demand expected | margin lost until an order placed now arrives |
    | OUT_BEFORE_RECEIPT | P(stock-out before an order placed now arrives) above 1 in 8 | the same |
    | ORDER_BY_SOON | P(same before the order of the review after next) above 1 in 8 | lost by waiting one |
    | LATE_PO | an open order is overdue | margin lost until the next order arrives, if it never comes |
    | PROMO_UNCOVERED | P(stock-out in a planned promotion with this order) above 1 in 8 | lost in it |
    | SURPLUS_ON_ORDER | on order beyond level and P90 of demand over the horizon | carrying it that long |
    | EXCESS | on hand beyond the same | carrying it over the horizon |
    | DEAD | no sale in 180 days and less than one unit expected over the horizon | carrying it, at cost |
    | DATA_FAULT | stock unknown or negative, orders without a date or forgotten | nothing: for information |

    Severity: S1 money above 1 % of the category's expected margin per period and to be done by tomorrow; S2
    within 7 days; S3 within one review; S4 information, and everything under the floor (0.1 %).

    Parameters
    ----------
    state : the shop on the day of the review. `orders` : the table proposed.
    fill_rate_target : share of demand to serve; 1 - target is the tolerated probability of a stock-out.
    money_floor : currency under which nothing is more than S4; None: 0.1 % of the margin per period.
    promotions : canonical table; None: promotions are not looked at.
    """
    view, period_days, sku = _view(state), state.period_days, state.scenarios.sku
    proposed = align(orders[["sku", "order_units"]], sku)["order_units"]
    proposed_units = proposed.fillna(0.0).to_numpy(float)
    found = [
        rules.stock_outs(view, proposed_units, 1 - fill_rate_target, period_days),
        rules.late_orders(view),
        rules.too_much(view, align(state.policy, sku)["order_up_to_level"].to_numpy(float), state.products),
        rules.data_faults(view),
    ]
    if promotions is not None and len(promotions):
        found.append(rules.uncovered_promotions(view, promotions, proposed_units, period_days))
    return _dressed(pd.concat(found, ignore_index=True), view, state.products, period_days, money_floor)


def find_signals(
    state: ReviewState,
    *,
    drift: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    override_value: pd.DataFrame,
    money_floor: float | None = None,
) -> pd.DataFrame:
    """Alerts from the record of forecasts, suppliers and planners, in the columns of table `alerts`.

    | type | raised when | money at risk |
    |---|---|---|
    | DEMAND_SHIFT | demand left its forecast inside the window of `drift` | margin lost, or carrying |
    | BIAS | the forecast leaned to one side over the whole window | the same |
    | LEADTIME_SHIFT | a supplier's last receipts took another time than those before | margin, or carrying |
    | OVERRIDE_HARM | planners' changes to a product have cost money | as much again |

    Parameters
    ----------
    state, money_floor : as in `find_alerts`.
    drift : table of `invnb.decide.drift.forecast_drift`.
    purchase_orders, receipts : canonical tables; may be empty.
    override_value : table of `invnb.decide.feedback.override_value`; may be empty.
    """
    view, period_days = _view(state), state.period_days
    found = [
        signals.forecast_shifts(view, drift, period_days),
        signals.lead_time_shifts(view, purchase_orders, receipts, period_days),
        signals.harmful_overrides(view, override_value, period_days),
    ]
    return _dressed(pd.concat(found, ignore_index=True), view, state.products, period_days, money_floor)


def join_alerts(*tables: pd.DataFrame) -> pd.DataFrame:
    """Several tables of alerts as one, the most urgent and dearest first.

    Examples
    --------
    >>> columns = ["severity", "money_at_risk", "alert_id"]
    >>> stock = pd.DataFrame([["S2", 5.0, "DEAD:A"]], columns=columns)
    >>> record = pd.DataFrame([["S1", 5.0, "BIAS:A"]], columns=columns)
    >>> join_alerts(stock, record)["alert_id"].tolist()
    ['BIAS:A', 'DEAD:A']
    """
    filled = [table for table in tables if len(table)] or [tables[0]]
    order = ["severity", "money_at_risk", "alert_id"]
    return pd.concat(filled).sort_values(order, ascending=[True, False, True], ignore_index=True)


def floors(view: rules.View, money_floor: float | None = None) -> tuple[float, float]:
    """Money below which nothing is more than information, and from which it is S1; in currency."""
    per_period = float(view.scenarios.mean().mean(axis=1) @ view.margin)
    floor = FLOOR_SHARE * per_period if money_floor is None else money_floor
    return floor, max(floor, SHOUT_SHARE * per_period)


def _view(state: ReviewState) -> rules.View:
    return rules.make_view(state.scenarios, state.economics, state.position, state.inbound, state.today)


def _dressed(
    found: pd.DataFrame,
    view: rules.View,
    products: pd.DataFrame,
    period_days: int,
    money_floor: float | None,
) -> pd.DataFrame:
    """Names, stock, lateness and severity for what the rules found."""
    floor, shout = floors(view, money_floor)
    sku = view.scenarios.sku
    row = pd.Index(sku).get_indexer(pd.Index(found["sku"]))
    catalogue = align(products.drop_duplicates("sku").reindex(columns=["sku", "name_zh"]), sku)
    found["name"] = view.terms["name"].to_numpy()[row]
    found["name_zh"] = catalogue["name_zh"].to_numpy()[row]
    found["on_hand_units"] = view.state["on_hand_units"].to_numpy()[row]
    found["cover_days"] = days_of_supply(view.net_units, view.scenarios.mean(), period_days)[row]
    days = (found["act_by"] - view.today).dt.days
    found["late_by_days"] = (-days).clip(lower=0).fillna(0).astype(int)
    review_days = (view.until - view.lead)[row] * period_days
    money = found["money_at_risk"]
    found["severity"] = np.select(
        [
            (money < floor) | days.isna(),
            (money >= shout) & (days <= NOW_DAYS),
            days <= SOON_DAYS,
            days <= review_days,
        ],
        ["S4", "S1", "S2", "S3"],
        default="S4",
    )
    found["alert_id"] = found["type"] + ":" + found["sku"]
    return join_alerts(found)[ALERT_COLUMNS]
