"""Where cash is stuck beyond need, how to free it, what that costs and by when: table `cash_actions`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.first_order import column
from invnb.decide.kpi_formulas import days_of_supply, excess_units, surplus_on_order_units
from invnb.decide.policy import align
from invnb.decide.review_state import ReviewState
from invnb.forecast.scenarios import Scenarios

DEAD_DAYS = 180  # without a sale
COLUMNS = [
    "sku",
    "name",
    "action",
    "alternative",
    "po_id",
    "units",
    "cash_freed",
    "cost",
    "act_by",
    "freed_by",
]


def needed_units(scenarios: Scenarios, economics: pd.DataFrame, policy: pd.DataFrame) -> np.ndarray:
    """Stock beyond which there is excess, (n_sku,): the larger of the order-up-to level and P90 of demand.

    The demand is that over lead time and review.

    Parameters
    ----------
    scenarios, economics, policy : of the run.

    Examples
    --------
    Two units a week, to last for lead time and review of three weeks; the level of the policy is lower.

    >>> weeks = np.datetime64("2025-01-06") + 7 * np.arange(4)
    >>> paths = Scenarios(np.array(["A"]), weeks, np.full((1, 5, 4), 2.0), seed=1)
    >>> terms = pd.DataFrame({"sku": ["A"], "lead_time_periods": [2], "review_period_periods": [1]})
    >>> needed_units(paths, terms, pd.DataFrame({"sku": ["A"], "order_up_to_level": [5.0]}))
    array([6.])
    """
    terms = align(economics, scenarios.sku)
    cover = terms["lead_time_periods"] + terms["review_period_periods"]
    demand = scenarios.lead_time_sum(np.clip(cover.fillna(0), 0, scenarios.n_period))
    level = align(policy, scenarios.sku)["order_up_to_level"].to_numpy(float)
    return np.maximum(level, np.quantile(demand, 0.9, axis=1))


def dead_stock(
    position: pd.DataFrame, scenarios: Scenarios, products: pd.DataFrame, today: pd.Timestamp
) -> np.ndarray:
    """Products in stock without a sale in 180 days and with less than one unit expected, (n_sku,) of bool.

    A product launched in these days is exempt.

    Parameters
    ----------
    position : table `position`. `scenarios`, `products` : of the run. `today` : day of the review.

    Examples
    --------
    >>> day = pd.Timestamp
    >>> week = np.array(["2025-09-01"], dtype="datetime64[D]")
    >>> never = Scenarios(np.array(["A", "B"]), week, np.zeros((2, 5, 1)), seed=1)
    >>> position = pd.DataFrame({"sku": ["A", "B"], "net_units": [7.0, 7.0],
    ...                          "last_sale_period": [day("2025-01-06"), day("2025-08-04")]})
    >>> dead_stock(position, never, pd.DataFrame({"sku": ["A", "B"]}), day("2025-08-31"))
    array([ True, False])
    """
    state = align(position, scenarios.sku)
    since = today - pd.Timedelta(days=DEAD_DAYS)
    known = products.drop_duplicates("sku").reindex(columns=["sku", "launch_date"])
    launched = pd.to_datetime(align(known, scenarios.sku)["launch_date"]) > since
    quiet = ~(pd.to_datetime(state["last_sale_period"]) > since) & ~launched
    expected = scenarios.units.sum(axis=2).mean(axis=1)
    return (state["net_units"] > 0).to_numpy() & quiet.to_numpy() & (expected < 1)


def cash_actions(state: ReviewState) -> pd.DataFrame:
    """Table `cash_actions`: what to do with every unit beyond need, whole units, the most cash first.

    Units beyond need are those of the key figures excess and surplus on order; every one gets one action:

    | action | units | cash is free |
    |---|---|---|
    | CANCEL_PO | on order, beyond P90 of demand over the horizon; the last to arrive first | when it is due |
    | DEFER_PO | the rest of what is on order beyond need | when it is due |
    | SELL_OFF | in stock, beyond P90 of demand over the horizon | when sold |
    | RETURN | the same, where nothing was sold in 180 days | when returned |
    | STOP_REORDER | the rest: it sells by itself if nothing is ordered | when it is used up |

    Cash stands at unit cost: what a cancelled order, or a sale or return at cost, sets free. A clearance
    below cost sets free so much less.

    Parameters
    ----------
    state : the shop on the day of the review.

    Returns
    -------
    DataFrame with `sku`, `name`, `action`, `alternative`, `po_id` (of the open order), `units`, `cash_freed`
    (currency), `cost` (margin expected to be lost before a new order could arrive, currency), `act_by`,
    `freed_by`.
    """
    scenarios, today, period_days = state.scenarios, state.today, state.period_days
    terms, stock = align(state.economics, scenarios.sku), align(state.position, scenarios.sku)
    net, coming = stock["net_units"].to_numpy(float), stock["inbound_units"].to_numpy(float)
    needed = needed_units(scenarios, state.economics, state.policy)
    surplus = np.floor(np.nan_to_num(surplus_on_order_units(coming, net, needed)) + 1e-9)
    excess = np.floor(np.nan_to_num(excess_units(net, needed)) + 1e-9)
    most = np.quantile(scenarios.units.sum(axis=2), 0.9, axis=1)
    cancel = np.minimum(surplus, np.floor(np.maximum(net + coming - most, 0.0)))
    sell = np.minimum(excess, np.floor(np.maximum(net - most, 0.0)))
    dead = dead_stock(state.position, scenarios, state.products, today)
    rest = excess - sell
    days = days_of_supply(net, scenarios.mean(), period_days) - days_of_supply(
        np.where(rest > 0, net - rest, 0.0), scenarios.mean(), period_days
    )
    rows = [
        *_on_order(state.inbound, scenarios.sku, cancel, surplus - cancel, today),
        *_in_stock(scenarios.sku, "RETURN", "SELL_OFF", np.where(dead, sell, 0.0), today),
        *_in_stock(scenarios.sku, "SELL_OFF", "RETURN", np.where(dead, 0.0, sell), today),
        *_in_stock(scenarios.sku, "STOP_REORDER", "SELL_OFF", rest, today, days),
    ]
    table = pd.DataFrame(
        rows, columns=["sku", "action", "alternative", "po_id", "units", "act_by", "freed_by"]
    )
    row = pd.Index(scenarios.sku).get_indexer(pd.Index(table["sku"]))
    table["name"] = terms["name"].to_numpy()[row]
    table["cash_freed"] = table["units"] * column(terms, "unit_cost")[row]
    table["cost"] = _margin_lost(table, row, net + coming, scenarios, terms)
    for day in ("act_by", "freed_by"):
        table[day] = pd.to_datetime(table[day]).astype("datetime64[ns]")
    table = table.sort_values(["cash_freed", "sku"], ascending=[False, True], kind="stable")
    return table[COLUMNS].reset_index(drop=True)


def _on_order(
    inbound: pd.DataFrame, sku: np.ndarray, cancel: np.ndarray, defer: np.ndarray, today: pd.Timestamp
) -> list[tuple[object, ...]]:
    """Open order lines to cancel and to put off, the last to arrive first; what is overdue, today."""
    rows: list[tuple[object, ...]] = []
    lines = inbound[inbound["counted"]].sort_values("expected_date", ascending=False, kind="stable")
    left = {"CANCEL_PO": dict(zip(sku, cancel, strict=True)), "DEFER_PO": dict(zip(sku, defer, strict=True))}
    expected = pd.DatetimeIndex(lines["expected_date"].fillna(today))
    for name, po_id, open_units, day in zip(
        lines["sku"].astype(str), lines["po_id"], lines["units"].astype(float), expected, strict=True
    ):
        due = max(day, today)
        for action, other in (("CANCEL_PO", "DEFER_PO"), ("DEFER_PO", "CANCEL_PO")):
            units = min(open_units, left[action].get(name, 0.0))
            if units > 0:
                eve = max(due - pd.Timedelta(days=1), today)
                rows.append((name, action, other, po_id, units, eve, due))
                left[action][name] -= units
                open_units -= units
    return rows


def _in_stock(
    sku: np.ndarray,
    action: str,
    alternative: str,
    units: np.ndarray,
    today: pd.Timestamp,
    days: np.ndarray | None = None,
) -> list[tuple[object, ...]]:
    """One row per product with units to act on; `days` until they are used up, None: at once."""
    rows: list[tuple[object, ...]] = []
    for i in np.flatnonzero(units > 0):
        wait = 0.0 if days is None else float(days[i])
        freed = today + pd.Timedelta(days=int(np.ceil(wait))) if np.isfinite(wait) else pd.NaT
        rows.append((str(sku[i]), action, alternative, None, float(units[i]), today, freed))
    return rows


def _margin_lost(
    table: pd.DataFrame, row: np.ndarray, position: np.ndarray, scenarios: Scenarios, terms: pd.DataFrame
) -> np.ndarray:
    """Margin expected to be lost by each action before a new order could arrive, one after another.

    What stops reordering takes nothing away.
    """
    cover = (terms["lead_time_periods"] + terms["review_period_periods"]).fillna(0)
    demand = scenarios.lead_time_sum(cover.clip(upper=scenarios.n_period))
    gone = table["units"].where(table["action"] != "STOP_REORDER", 0.0).to_numpy(float)
    before = position[row] - (pd.Series(gone).groupby(row).cumsum().to_numpy() - gone)

    def unmet(stock: np.ndarray) -> np.ndarray:
        return np.maximum(demand[row] - np.maximum(stock, 0.0)[:, None], 0.0).mean(axis=1)

    lost = (unmet(before - gone) - unmet(before)) * column(terms, "shortage_cost_per_unit")[row]
    return lost * column(terms, "lost_share")[row] if len(table) else np.empty(0)
