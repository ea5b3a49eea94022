"""Early warnings from the demand distribution: money at risk, the date to act by, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.first_order import column, unmet
from invnb.decide.kpi_formulas import days_of_supply, excess_units, surplus_on_order_units
from invnb.decide.orders import order_by_dates
from invnb.decide.policy import align
from invnb.decide.position import inbound_array
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.simulation import Trajectories, trajectories

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
DEAD_DAYS = 180
SOON_DAYS = 7
NOW_DAYS = 1


@dataclass(frozen=True)
class _View:
    """What every rule looks at; arrays in the order of the scenarios' products."""

    scenarios: Scenarios
    terms: pd.DataFrame
    state: pd.DataFrame
    inbound: pd.DataFrame
    net_units: np.ndarray
    run: Trajectories  # nothing ordered, now or later
    lead: np.ndarray  # periods until an order placed now is there
    until: np.ndarray  # periods until the order of the next review is there
    margin: np.ndarray  # currency per lost unit
    today: pd.Timestamp

    def lost_margin(self, run: Trajectories, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Margin lost on each path from period `start` to before `end`, (n_sku, n_scenario)."""
        step = np.arange(self.scenarios.n_period)
        inside = (step >= start[:, None]) & (step < end[:, None])
        return (run.lost_units * inside[:, None, :]).sum(axis=2) * self.margin[:, None]


def find_alerts(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    policy: pd.DataFrame,
    orders: pd.DataFrame,
    products: pd.DataFrame,
    *,
    today: pd.Timestamp,
    period_days: int,
    fill_rate_target: float,
    money_floor: float | None = None,
) -> pd.DataFrame:
    """Table `alerts`, the most urgent and dearest first; at most one stock-out alert per product.

    | type | raised when | money at risk |
    |---|---|---|
    | OUT_NOW | no free stock and demand expected | margin lost until an order placed now arrives |
    | OUT_BEFORE_RECEIPT | P(stock-out before an order placed now arrives) above 1 - target | the same |
    | ORDER_BY_SOON | `order_by` falls before the next review | margin the order saves over waiting |
    | LATE_PO | an open order is overdue | margin lost until the next order arrives, if it never comes |
    | SURPLUS_ON_ORDER | on order beyond what would be ordered today | carrying it over the horizon |
    | EXCESS | on hand beyond need | carrying it over the horizon |
    | DEAD | no sale in 180 days and less than one unit expected over the horizon | carrying it, at cost |
    | DATA_FAULT | stock unknown or negative, orders without a date or forgotten | nothing: for information |

    Severity: S1 money above 1 % of the category's expected margin per period and to be done by tomorrow; S2
    within 7 days; S3 within one review; S4 information, and everything under the floor (0.1 %).

    Parameters
    ----------
    scenarios, economics, position, inbound, policy, orders, products : scenarios and tables of the stage.
    today : day of the review.
    period_days : days in a period.
    fill_rate_target : share of demand to serve; 1 - target is the tolerated probability of a stock-out.
    money_floor : currency under which nothing is more than S4; None: 0.1 % of the margin per period.
    """
    view = _view(scenarios, economics, position, inbound, today)
    per_period = float(scenarios.mean().mean(axis=1) @ view.margin)
    floor = FLOOR_SHARE * per_period if money_floor is None else money_floor
    shout = max(floor, SHOUT_SHARE * per_period)
    found = pd.concat(
        [
            _stock_outs(view, orders, 1 - fill_rate_target, period_days),
            _late_orders(view),
            _too_much(view, align(policy, scenarios.sku)["order_up_to_level"].to_numpy(float), products),
            _data_faults(view),
        ],
        ignore_index=True,
    )
    row = pd.Index(scenarios.sku).get_indexer(pd.Index(found["sku"]))
    catalogue = align(products.drop_duplicates("sku").reindex(columns=["sku", "name_zh"]), scenarios.sku)
    found["name"] = view.terms["name"].to_numpy()[row]
    found["name_zh"] = catalogue["name_zh"].to_numpy()[row]
    found["on_hand_units"] = view.state["on_hand_units"].to_numpy()[row]
    found["cover_days"] = days_of_supply(view.net_units, scenarios.mean(), period_days)[row]
    days = (found["act_by"] - today).dt.days
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
    order = ["severity", "money_at_risk", "alert_id"]
    return found.sort_values(order, ascending=[True, False, True])[ALERT_COLUMNS].reset_index(drop=True)


def _view(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    today: pd.Timestamp,
) -> _View:
    terms, state = align(economics, scenarios.sku), align(position, scenarios.sku)
    net = state["net_units"].to_numpy(float)
    lead = terms["lead_time_periods"].to_numpy(int)
    return _View(
        scenarios,
        terms,
        state,
        inbound,
        net,
        _nothing_ordered(scenarios, terms, net, inbound),
        lead,
        lead + terms["review_period_periods"].to_numpy(int),
        column(terms, "shortage_cost_per_unit"),
        today,
    )


def _nothing_ordered(
    scenarios: Scenarios, terms: pd.DataFrame, net_units: np.ndarray, inbound: pd.DataFrame
) -> Trajectories:
    return trajectories(
        fixed_orders(0.0),
        scenarios.units,
        initial_on_hand=net_units,
        pipeline=inbound_array(inbound, scenarios.sku, scenarios.period),
        lost_share=column(terms, "lost_share"),
    )


def _rows(
    view: _View,
    kind: str,
    where: np.ndarray,
    money: np.ndarray,
    *,
    act_by: pd.DatetimeIndex | None = None,
    action: str | np.ndarray,
    units: np.ndarray,
    alternative: str,
    cause: str | np.ndarray,
) -> pd.DataFrame:
    """Alerts of one type for the products in `where`; `money` is (n_sku, n_scenario) or (n_sku, 1)."""
    paths = money[where]
    low, high = np.quantile(paths, [0.1, 0.9], axis=1) if len(paths) else np.empty((2, 0))
    days = pd.DatetimeIndex([pd.NaT] * len(where)) if act_by is None else act_by
    return pd.DataFrame(
        {
            "type": kind,
            "sku": view.scenarios.sku[where].astype(object),
            "money_at_risk": paths.mean(axis=1),
            "money_at_risk_p10": low,
            "money_at_risk_p90": high,
            "act_by": days[where],
            "action_code": np.broadcast_to(action, where.shape)[where],
            "action_units": np.ceil(units[where]),
            "alternative_code": alternative,
            "cause": np.broadcast_to(cause, where.shape)[where],
        }
    )


def _stock_outs(view: _View, orders: pd.DataFrame, tolerated: float, period_days: int) -> pd.DataFrame:
    """OUT_NOW, OUT_BEFORE_RECEIPT and ORDER_BY_SOON: each product in the first of them that holds."""
    sku, net = view.scenarios.sku, view.net_units
    short = unmet(view.run, net)
    step = np.arange(view.scenarios.n_period)
    before = step < np.maximum(view.lead, 1)[:, None]
    order_by, _ = order_by_dates(
        short.mean(axis=1), view.scenarios.period, view.terms, 1 - tolerated, view.today
    )
    risk = (short & before[:, None, :]).any(axis=2).mean(axis=1)
    proposed = align(orders[["sku", "order_units"]], sku)["order_units"]
    next_review = view.today + pd.to_timedelta((view.until - view.lead) * period_days, unit="D")

    out_now = (net <= 0) & (view.scenarios.mean()[:, 0] > 0)
    out_before = ~out_now & (risk > tolerated) & (view.lead > 0)
    soon = ~out_now & ~out_before & (order_by <= next_review) & proposed.notna().to_numpy()

    lost = view.lost_margin(view.run, np.zeros_like(view.lead), np.maximum(view.lead, 1))
    lost_later = view.lost_margin(view.run, view.lead, view.until)
    coming = view.state["inbound_units"].to_numpy(float)
    quantity = proposed.fillna(0.0).to_numpy(float)
    short_units = np.median(lost, axis=1) / np.where(view.margin > 0, view.margin, np.inf)
    # Nothing on its way and no order proposed: what is left is to sell less of it.
    urgent = np.select([coming > 0, quantity > 0], ["EXPEDITE_PO", "ORDER_NOW"], "STOP_ADS")
    urgent_units = np.where(coming > 0, np.minimum(np.maximum(short_units, 1.0), coming), quantity)
    overdue = view.inbound.loc[view.inbound["status"] == "overdue", "sku"]
    cause = np.where(np.isin(sku, overdue.astype(str)), "lead_time", "demand")
    at_once = order_by.where(order_by.notna(), view.today)
    return pd.concat(
        [
            _rows(
                view, "OUT_NOW", out_now, lost, act_by=at_once, action=urgent, units=urgent_units,
                alternative="SUBSTITUTE", cause=cause,
            ),
            _rows(
                view, "OUT_BEFORE_RECEIPT", out_before, lost, act_by=at_once, action=urgent,
                units=urgent_units, alternative="SUBSTITUTE", cause=cause,
            ),
            _rows(
                view, "ORDER_BY_SOON", soon, lost_later, act_by=order_by, action="ORDER", units=quantity,
                alternative="SUBSTITUTE", cause="policy",
            ),
        ],
        ignore_index=True,
    )  # fmt: skip


def _late_orders(view: _View) -> pd.DataFrame:
    """LATE_PO: what is lost until the next order arrives, should the overdue one never come."""
    late = (view.inbound["status"] == "overdue") & view.inbound["counted"]
    units = (
        view.inbound[late].groupby("sku")["units"].sum().reindex(view.scenarios.sku).fillna(0.0).to_numpy()
    )
    never = _nothing_ordered(view.scenarios, view.terms, view.net_units, view.inbound[~late])
    now = np.zeros_like(view.lead)
    money = view.lost_margin(never, now, view.until) - view.lost_margin(view.run, now, view.until)
    return _rows(
        view, "LATE_PO", units > 0, np.maximum(money, 0.0), act_by=_every(view.today, len(units)),
        action="CHASE_SUPPLIER", units=units, alternative="EXPEDITE_PO", cause="lead_time",
    )  # fmt: skip


def _too_much(view: _View, level_units: np.ndarray, products: pd.DataFrame) -> pd.DataFrame:
    """SURPLUS_ON_ORDER, EXCESS and DEAD: money is what carrying the units over the horizon costs."""
    scenarios, net = view.scenarios, view.net_units
    carrying = column(view.terms, "holding_cost_per_unit_period") * scenarios.n_period
    total = scenarios.units.sum(axis=2)
    needed = np.maximum(level_units, np.quantile(total, 0.9, axis=1))
    surplus = surplus_on_order_units(view.state["inbound_units"].to_numpy(float), net, needed)
    excess = excess_units(net, needed)
    last_sale = pd.to_datetime(view.state["last_sale_period"])
    known = products.drop_duplicates("sku").reindex(columns=["sku", "launch_date"])
    launched = pd.to_datetime(align(known, scenarios.sku)["launch_date"])
    since = view.today - pd.Timedelta(days=DEAD_DAYS)
    quiet = ~(last_sale > since) & ~(launched > since)
    dead = (net > 0) & (total.mean(axis=1) < 1) & quiet.to_numpy()

    def carried(units: np.ndarray) -> np.ndarray:
        return (units * carrying)[:, None]

    return pd.concat(
        [
            _rows(
                view, "SURPLUS_ON_ORDER", surplus >= 1, carried(surplus), act_by=_every(view.today, len(net)),
                action="CANCEL_PO", units=surplus, alternative="DEFER_PO", cause="policy",
            ),
            _rows(
                view, "EXCESS", (excess >= 1) & ~dead, carried(excess), action="MARK_DOWN", units=excess,
                alternative="BUNDLE", cause="demand",
            ),
            _rows(
                view, "DEAD", dead, carried(net), action="RETURN_TO_VENDOR", units=net,
                alternative="MARK_DOWN", cause="demand",
            ),
        ],
        ignore_index=True,
    )  # fmt: skip


def _data_faults(view: _View) -> pd.DataFrame:
    """DATA_FAULT: stock unknown or negative, orders without a date or forgotten; see `position.note`.

    Where nobody knows the stock of any product that is said once, with the data, and not for each of them.
    """
    note = view.state["note"].fillna("").astype(str)
    if view.state["assumed"].astype(bool).all():
        note = note.str.replace(r"^stock unknown[^;]*(; )?", "", regex=True)
    faulty = (note != "").to_numpy()
    nothing = np.zeros((len(faulty), 1))
    return _rows(
        view, "DATA_FAULT", faulty, nothing, action="CHECK_DATA", units=np.zeros(len(faulty)),
        alternative="CHECK_STOCK", cause="data",
    )  # fmt: skip


def _every(day: pd.Timestamp, n: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([day] * n)
