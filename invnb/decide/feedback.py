"""What planners' changes were worth, and the plan beside what happened."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.first_order import column, first_order_policy, round_up
from invnb.decide.past_review import later_receipts, past_position
from invnb.decide.policy import align, levels_of
from invnb.decide.position import inbound_array
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.simulation import simulate, trajectories

MOST_PERIODS = 13  # a change is followed for at most a quarter
JUDGED_COLUMNS = ["review_date", "sku", "proposed_units", "ordered_units", "planner_reason", "value", "state"]
VALUE_COLUMNS = ["by", "name", "n", "changed_units", "value", "low", "high", "verdict"]


def judge_overrides(
    overrides: pd.DataFrame,
    demand: pd.DataFrame,
    economics: pd.DataFrame,
    policy: pd.DataFrame,
    panel: pd.DataFrame,
    stock_history: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    *,
    period_days: int,
) -> pd.DataFrame:
    """What each change of a proposed quantity was worth on the demand that came.

    Proposal and change start from the same stock and the same receipts of older orders on the eve of the next
    period, meet the same demand, and the same policy orders at every later review. The value is the cost of
    the proposal less that of the change: holding, lost and waiting units, and orders, over what is known of
    the next 13 periods. Stock left at the end is worth what it cost.

    Parameters
    ----------
    overrides : canonical table; `planner_units` missing where the proposal was accepted.
    demand : `sku`, `period`, `units`: the truth where it is known, else `alert_quality.estimated_demand`.
    economics, policy, panel : tables of the run.
    stock_history, purchase_orders, receipts : canonical tables.
    period_days : days in a period.

    Returns
    -------
    One row per override with `review_date`, `sku`, `proposed_units`, `ordered_units`, `planner_reason`,
    `value` (currency; positive: the change earned money), `state` (judged, agreed, open: too recent to judge,
    unknown: not a product of this run).
    """
    ordered = overrides["planner_units"].fillna(overrides["proposed_units"])
    table = overrides.assign(
        ordered_units=ordered,
        value=np.nan,
        state=np.where(np.isclose(ordered, overrides["proposed_units"]), "agreed", "open"),
    )
    table.loc[table["state"] == "agreed", "value"] = 0.0
    wide = demand.pivot_table(index="sku", columns="period", values="units", aggfunc="sum")
    products = set(economics["sku"]) & set(policy["sku"]) & set(wide.index)
    unknown = ~table["sku"].isin(products)
    table["state"] = table["state"].mask(unknown, "unknown")
    table["value"] = table["value"].mask(unknown)
    period = pd.DatetimeIndex(wide.columns)
    for today in sorted(set(table.loc[table["state"] == "open", "review_date"])):
        rows = table[(table["state"] == "open") & (table["review_date"] == today)]
        periods = period[period > today][:MOST_PERIODS]
        sku = rows["sku"].to_numpy()
        terms = align(economics, sku)
        needed = (terms["lead_time_periods"] + terms["review_period_periods"]).to_numpy(int)
        judged = needed < len(periods)
        if not judged.any():
            continue
        sku, terms = sku[judged], terms[judged].reset_index(drop=True)
        older = purchase_orders[purchase_orders["order_date"] < today]
        eve = periods[0] - pd.Timedelta(days=1)
        then = past_position(
            stock_history, older, receipts, panel, economics, today=eve, period_days=period_days
        )
        came = later_receipts(older, receipts, sku, periods.to_numpy(), today=eve, period_days=period_days)
        units = np.nan_to_num(wide.loc[sku, periods].to_numpy(float))
        net = align(then.position, sku)["net_units"].to_numpy(float)
        costs = [
            _cost(rows[name].to_numpy(float)[judged], units, net, came, terms, align(policy, sku))
            for name in ["proposed_units", "ordered_units"]
        ]
        table.loc[rows.index[judged], "value"] = costs[0] - costs[1]
        table.loc[rows.index[judged], "state"] = "judged"
    return table[JUDGED_COLUMNS].reset_index(drop=True)


def _cost(
    ordered: np.ndarray,
    demand: np.ndarray,
    net: np.ndarray,
    came: np.ndarray,
    terms: pd.DataFrame,
    policy: pd.DataFrame,
) -> np.ndarray:
    """Cost of an order placed now and the policy later, on the demand that came, (n,)."""
    run = simulate(
        first_order_policy(ordered, terms, levels_of(policy), demand.shape[1]),
        demand[:, None, :],
        lead_time_periods=terms["lead_time_periods"].to_numpy(int),
        initial_on_hand=net,
        pipeline=came,
        holding_cost_per_unit_period=column(terms, "holding_cost_per_unit_period"),
        shortage_cost_per_unit=column(terms, "shortage_cost_per_unit"),
        backorder_cost_per_unit_period=column(terms, "backorder_cost_per_unit_period"),
        fixed_cost_per_order=column(terms, "order_cost"),
        lost_share=column(terms, "lost_share"),
        review_period_periods=terms["review_period_periods"].to_numpy(int),
    )
    return run.total_cost[:, 0]


def override_value(judged: pd.DataFrame) -> pd.DataFrame:
    """Table `override_value`: the worth of planners' changes, in all, by reason and by product.

    Parameters
    ----------
    judged : table of `judge_overrides`.

    Returns
    -------
    DataFrame with `by` (all, reason, sku), `name`, `n` (changes judged), `changed_units` (the sum of their
    sizes), `value` (currency, the sum), `low`, `high` (95 % interval of the sum from the spread between
    changes; NaN for fewer than three), `verdict` (helps, harms, unclear).

    Examples
    --------
    >>> judged = pd.DataFrame({"sku": ["A", "A", "A", "B"], "planner_reason": "gut feeling",
    ...     "state": "judged", "proposed_units": 10.0, "ordered_units": 20.0,
    ...     "value": [-5.0, -6.0, -4.0, 1.0]})
    >>> override_value(judged)[["by", "name", "n", "value", "verdict"]].to_numpy().tolist()[2]
    ['sku', 'A', 3, -15.0, 'harms']
    """
    known = judged[judged["state"] == "judged"]
    keys = {
        "all": pd.Series("all", index=known.index),
        "reason": known["planner_reason"].fillna("").astype(str),
        "sku": known["sku"].astype(str),
    }
    rows = [_summed(by, str(name), group) for by, key in keys.items() for name, group in known.groupby(key)]
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


def _summed(by: str, name: str, group: pd.DataFrame) -> tuple[object, ...]:
    from scipy.stats import t as student

    n, value = len(group), float(group["value"].sum())
    changed = float((group["ordered_units"] - group["proposed_units"]).abs().sum())
    low = high = np.nan
    if n >= 3:
        half = float(student.ppf(0.975, n - 1) * group["value"].std(ddof=1) * np.sqrt(n))
        low, high = value - half, value + half
    verdict = "helps" if low > 0 else "harms" if high < 0 else "unclear"
    return (by, name, n, changed, value, low, high, verdict)


def plan_adherence(overrides: pd.DataFrame) -> float:
    """Share of the proposed units that was ordered as proposed: 1 - sum |ordered - proposed| / sum proposed.

    Examples
    --------
    >>> plan_adherence(pd.DataFrame({"proposed_units": [80.0, 20.0], "planner_units": [70.0, None]}))
    0.9
    """
    proposed = float(overrides["proposed_units"].sum())
    ordered = overrides["planner_units"].fillna(overrides["proposed_units"])
    moved = float((ordered - overrides["proposed_units"]).abs().sum())
    return 1 - moved / proposed if proposed else float("nan")


def planned_against_actual(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    policy: pd.DataFrame,
    panel: pd.DataFrame,
    stock_history: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    *,
    period_days: int,
) -> pd.DataFrame:
    """Table `plan_actual`: what a past review would have planned, beside what the shop then did.

    The plan starts from the stock and open orders of that day and follows the policy; its range is that of
    the sums over all products along the scenarios.

    Parameters
    ----------
    scenarios : made at the past review (`replay_scenarios`).
    economics, policy, panel : tables of the run; the policy is the present one.
    stock_history, purchase_orders, receipts : canonical tables.
    period_days : days in a period.

    Returns
    -------
    DataFrame with `period`, `measure` (sales_units, receipt_units, stock_units), `planned`, `low`, `high`
    (P10 and P90), `actual`, `inside`; periods whose actual is not known are left out.
    """
    sku = scenarios.sku
    today = pd.Timestamp(scenarios.period[0]) - pd.Timedelta(days=1)
    then = past_position(
        stock_history, purchase_orders, receipts, panel, economics, today=today, period_days=period_days
    )
    terms, levels = align(economics, sku), levels_of(align(policy, sku))
    net = align(then.position, sku)["net_units"].to_numpy(float)
    coming = inbound_array(then.inbound, sku, scenarios.period)
    position = net + coming.sum(axis=1)
    below = position <= levels.reorder_point
    first = np.where(below, np.maximum(levels.order_up_to_level - position, 0.0), 0.0)
    first = round_up(first, column(terms, "pack_units"), column(terms, "min_order_units"))
    run = trajectories(
        first_order_policy(first, terms, levels, scenarios.n_period),
        scenarios.units,
        lead_time_periods=terms["lead_time_periods"].to_numpy(int),
        initial_on_hand=net,
        pipeline=coming,
        lost_share=column(terms, "lost_share"),
        review_period_periods=terms["review_period_periods"].to_numpy(int),
    )
    end = run.end_stock_units - run.end_backlog_units
    start = np.concatenate([np.broadcast_to(net[:, None, None], (*end.shape[:2], 1)), end[:, :, :-1]], axis=2)
    planned = {
        "sales_units": start + run.received_units - end,  # what customers were promised: demand less lost
        "receipt_units": run.received_units,
        "stock_units": run.end_stock_units,
    }
    actual = _actual(sku, scenarios.period, panel, stock_history, period_days)
    rows = []
    for measure, paths in planned.items():
        total = paths.sum(axis=0)
        low, high = np.quantile(total, [0.1, 0.9], axis=0)
        for t, day in enumerate(pd.DatetimeIndex(scenarios.period)):
            value = actual[measure][t]
            if np.isfinite(value):
                inside = bool(low[t] <= value <= high[t])
                rows.append((day, measure, float(total[:, t].mean()), low[t], high[t], value, inside))
    columns = ["period", "measure", "planned", "low", "high", "actual", "inside"]
    return pd.DataFrame(rows, columns=columns)


def _actual(
    sku: np.ndarray, period: np.ndarray, panel: pd.DataFrame, stock_history: pd.DataFrame, period_days: int
) -> dict[str, np.ndarray]:
    """Sums over the products by period, NaN where a period is not over or not recorded."""
    starts = pd.DatetimeIndex(period)
    sales = panel[panel["sku"].isin(sku)].groupby("period")["units"].sum(min_count=1).reindex(starts)
    days = stock_history[stock_history["sku"].isin(sku)]
    last = days["date"].max() if len(days) else starts[0]
    over = starts + pd.Timedelta(days=period_days - 1) <= last
    place = (days["date"] - starts[0]).dt.days // period_days
    received = days.groupby(place)["received_units"].sum().reindex(range(len(starts))).to_numpy(float)
    evening = days[days["date"].isin(starts + pd.Timedelta(days=period_days - 1))]
    left = evening["close_units"].clip(lower=0).groupby(evening["date"]).sum()
    stock = left.reindex(starts + pd.Timedelta(days=period_days - 1)).to_numpy(float)
    return {
        "sales_units": sales.to_numpy(float),
        "receipt_units": np.where(over, received, np.nan),
        "stock_units": np.where(over, stock, np.nan),
    }
