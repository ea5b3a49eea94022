"""The key figures of a run, each with its range, what it was before, and its target: table `kpis`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.cash_actions import dead_stock, needed_units
from invnb.decide.demand_path import demand_path
from invnb.decide.first_order import column
from invnb.decide.kpi_formulas import (
    cycle_service,
    days_of_supply,
    excess_units,
    fill_rate,
    gmroi,
    ready_rate,
    surplus_on_order_units,
    turnover,
)
from invnb.decide.policy import align
from invnb.decide.position import inbound_array
from invnb.features.wide import to_wide
from invnb.forecast.metrics import relative_bias, weighted_absolute_percentage_error
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.simulation import trajectories

WINDOW_DAYS = 91
N_DRAWS = 400  # of hidden demand, for the 90 % range of the fill rate
KPI_COLUMNS = ["kpi", "value", "low", "high", "unit", "previous", "target", "better", "table"]


def kpi_table(
    scenarios: Scenarios,
    panel: pd.DataFrame,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    stock_history: pd.DataFrame,
    policy: pd.DataFrame,
    orders: pd.DataFrame,
    forecast_history: pd.DataFrame,
    *,
    fill_rate_target: float,
    budget: float | None,
    currency: str,
    period_days: int,
    seed: int,
    products: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `kpis`: one row per key figure; what cannot be known from the tables given is left out.

    Windows are the last 91 days and, for `previous`, the 91 days before. Needed stock, beyond which stock is
    excess, is the larger of the order-up-to level and the 90 % quantile of demand over lead time and review.

    Parameters
    ----------
    scenarios, panel, economics, position, inbound, policy, orders : of the run.
    stock_history : canonical table; without it service and turnover of the past are left out.
    forecast_history : `origin`, `sku`, `period`, `units`, `forecast` of the champions.
    fill_rate_target : target of the fill rate. `budget` : target of the order value, or None.
    currency : unit of all money. `period_days` : days in a period. `seed` : of the draws of hidden demand.
    products : canonical table; with it dead stock is counted.

    Returns
    -------
    DataFrame with `kpi`, `value`, `low`, `high`, `unit`, `previous`, `target`, `better` ("up" or "down"),
    `table` (where the figure can be followed up).
    """
    terms, state = align(economics, scenarios.sku), align(position, scenarios.sku)
    rows = [
        *_stock_now(scenarios, terms, state, inbound, policy, stock_history, currency, period_days),
        *_dead(scenarios, terms, state, products, currency),
        *_past(panel, terms, stock_history, fill_rate_target, seed),
        *_orders(orders, budget, currency),
        *_forecast(forecast_history, terms, panel),
    ]
    return pd.DataFrame(rows).reindex(columns=KPI_COLUMNS)


def expected_lost_margin(
    scenarios: Scenarios, economics: pd.DataFrame, position: pd.DataFrame, inbound: pd.DataFrame
) -> np.ndarray:
    """Margin lost on each path until an order of the next review could arrive, (n_scenario,).

    Parameters
    ----------
    scenarios, economics, position, inbound : of the run; lead time + review period is the window.
    """
    terms = align(economics, scenarios.sku)
    run = trajectories(
        fixed_orders(0.0),
        scenarios.units,
        initial_on_hand=align(position, scenarios.sku)["net_units"].to_numpy(float),
        pipeline=inbound_array(inbound, scenarios.sku, scenarios.period),
        lost_share=column(terms, "lost_share"),
    )
    until = (terms["lead_time_periods"] + terms["review_period_periods"]).to_numpy(int)
    inside = np.arange(scenarios.n_period) < until[:, None]
    lost = (run.lost_units * inside[:, None, :]).sum(axis=2)
    return lost.T @ column(terms, "shortage_cost_per_unit")


def _row(kpi: str, value: float, unit: str, better: str, table: str, **more: float) -> dict[str, object]:
    return {"kpi": kpi, "value": value, "unit": unit, "better": better, "table": table} | more


def _stock_now(
    scenarios: Scenarios,
    terms: pd.DataFrame,
    state: pd.DataFrame,
    inbound: pd.DataFrame,
    policy: pd.DataFrame,
    stock_history: pd.DataFrame,
    currency: str,
    period_days: int,
) -> list[dict[str, object]]:
    cost = column(terms, "unit_cost")
    on_hand, net = state["on_hand_units"].to_numpy(float), state["net_units"].to_numpy(float)
    needed = needed_units(scenarios, terms, policy)
    excess = excess_units(net + state["inbound_units"].to_numpy(float), needed)
    surplus = surplus_on_order_units(state["inbound_units"].to_numpy(float), net, needed)
    stock_value = float(on_hand @ cost)
    # Cover of the group: value of stock against value of forecast demand, period by period.
    cover = days_of_supply(stock_value, scenarios.mean().T @ cost, period_days)[0] / 7
    lost = expected_lost_margin(scenarios, terms, state, inbound)
    before = _closing_value(stock_history, terms, WINDOW_DAYS)
    return [
        _row("stock_value", stock_value, currency, "down", "position", previous=before),
        _row("weeks_of_cover", float(cover), "weeks", "down", "position"),
        _row(
            "expected_lost_margin", float(lost.mean()), currency, "down", "alerts",
            low=float(np.quantile(lost, 0.1)), high=float(np.quantile(lost, 0.9)),
        ),
        _row("excess_value", float(excess @ cost), currency, "down", "position", target=0.0),
        _row("surplus_on_order_value", float(surplus @ cost), currency, "down", "inbound", target=0.0),
    ]  # fmt: skip


def _dead(
    scenarios: Scenarios,
    terms: pd.DataFrame,
    state: pd.DataFrame,
    products: pd.DataFrame | None,
    currency: str,
) -> list[dict[str, object]]:
    """Stock at cost of products without a sale in 180 days and with none expected."""
    if products is None:
        return []
    dead = dead_stock(state, scenarios, products, pd.Timestamp(scenarios.period[0]) - pd.Timedelta(days=1))
    value = float((state["on_hand_units"].to_numpy(float) * column(terms, "unit_cost"))[dead].sum())
    return [_row("dead_value", value, currency, "down", "cash_actions", target=0.0)]


def _closing_value(stock_history: pd.DataFrame, terms: pd.DataFrame, days_ago: int) -> float:
    """Stock at cost at the close of the day `days_ago` days before the last one; NaN without a history."""
    if stock_history.empty:
        return float("nan")
    day = stock_history["date"].max() - pd.Timedelta(days=days_ago)
    rows = stock_history[stock_history["date"] == day]
    cost = rows["sku"].map(terms.set_index("sku")["unit_cost"])
    return float((rows["close_units"].clip(lower=0) * cost).sum()) if len(rows) else float("nan")


def _past(
    panel: pd.DataFrame, terms: pd.DataFrame, stock_history: pd.DataFrame, fill_rate_target: float, seed: int
) -> list[dict[str, object]]:
    """Service and money of the last window, and of the one before."""
    if stock_history.empty:
        return []
    last = stock_history["date"].max()
    length = pd.Timedelta(days=WINDOW_DAYS)
    now = _window(panel, terms, stock_history, last - length, last, seed)
    before = _window(panel, terms, stock_history, last - 2 * length, last - length, seed)
    units = {
        "ready_rate": "share",
        "fill_rate": "share",
        "cycle_service_level": "share",
        "turnover": "turns_per_year",
        "gmroi": "per_year",
    }
    rows = []
    for name, unit in units.items():
        more = {"previous": before[name]}
        if name == "fill_rate":
            more |= {"low": now["fill_rate_low"], "high": now["fill_rate_high"], "target": fill_rate_target}
        rows.append(_row(name, now[name], unit, "up", "panel", **more))
    return rows


def _window(
    panel: pd.DataFrame,
    terms: pd.DataFrame,
    stock_history: pd.DataFrame,
    after: pd.Timestamp,
    until: pd.Timestamp,
    seed: int,
) -> dict[str, float]:
    """Key figures of the days after `after` up to `until`; stock from daily closing values."""
    figures = terms.set_index("sku")
    days = stock_history[(stock_history["date"] > after) & (stock_history["date"] <= until)]
    if "listed" in days:
        days = days[days["listed"].fillna(True).astype(bool)]
    n_days = max(days["date"].nunique(), 1)
    cost = days["sku"].map(figures["unit_cost"])
    stock_value = float((days["close_units"].clip(lower=0) * cost).sum()) / n_days
    rows = panel[(panel["period"] > after) & (panel["period"] <= until) & panel["units"].notna()]
    unit_cost = rows["sku"].map(figures["unit_cost"])
    margin = rows["net_price"].fillna(rows["sku"].map(figures["price"])) - unit_cost
    served, hidden = _served_and_hidden(panel, after, until, seed)
    return {
        "ready_rate": ready_rate(days["open_units"]),
        "fill_rate": fill_rate(served, served + hidden.mean()),
        "fill_rate_low": fill_rate(served, served + np.quantile(hidden, 0.95)),
        "fill_rate_high": fill_rate(served, served + np.quantile(hidden, 0.05)),
        "cycle_service_level": _cycle_service(days),
        "turnover": turnover(float((rows["units"] * unit_cost).sum()), stock_value, n_days),
        "gmroi": gmroi(float((rows["units"] * margin).sum()), stock_value, n_days),
    }


def _served_and_hidden(
    panel: pd.DataFrame, after: pd.Timestamp, until: pd.Timestamp, seed: int
) -> tuple[float, np.ndarray]:
    """Units sold, and draws of the units wanted but not sold, (n_draw,).

    What is hidden in a period that sold out has the estimated mean and a geometric law, that of tails which
    fall off at a constant rate.
    """
    wide = to_wide(panel)
    days = pd.DatetimeIndex(wide.period)
    inside = (days > after) & (days <= until)
    served = np.nan_to_num(wide.units[:, inside])
    mean = np.maximum(demand_path(panel, seed).mean[:, inside] - served, 0.0)
    mean = mean[mean > 0]
    draws = np.random.default_rng(seed).geometric(1 / (1 + mean), (N_DRAWS, mean.size)) - 1
    return float(served.sum()), draws.sum(axis=1)


def _cycle_service(days: pd.DataFrame) -> float:
    """Cycle service of the days: a cycle runs from receipt to receipt and fails where a day closes empty."""
    if days.empty:
        return float("nan")
    grid = days.pivot_table(
        index="sku", columns="date", values=["received_units", "close_units"], aggfunc="sum"
    )
    received = grid["received_units"].fillna(0.0).to_numpy()
    empty = (grid["close_units"].fillna(1.0) <= 0).to_numpy()
    return cycle_service(received, empty)


def _orders(orders: pd.DataFrame, budget: float | None, currency: str) -> list[dict[str, object]]:
    placed = orders[orders["order_units"] > 0]
    rows = [
        _row("order_lines", float(len(placed)), "lines", "down", "orders"),
        _row(
            "order_value", float(placed["line_value"].sum()), currency, "down", "orders",
            target=float("nan") if budget is None else budget,
        ),
    ]  # fmt: skip
    if budget is not None:
        # From the lines this review's budget cut; the plan's shadow price speaks of a whole season.
        cut = orders[(orders["reason_code"] == "NONE_BUDGET") & (orders["binding_limit"] == "budget")]
        best = float(cut["value_per_money"].max()) if len(cut) else 0.0
        rows.append(_row("marginal_value_of_budget", best, currency, "down", "orders"))
    return rows


def _forecast(
    forecast_history: pd.DataFrame, terms: pd.DataFrame, panel: pd.DataFrame
) -> list[dict[str, object]]:
    """Bias, WAPE and forecast value added at the lag that decides: lead time + review."""
    if forecast_history.empty:
        return []
    step = forecast_history.groupby(["origin", "sku"])["period"].rank().to_numpy()
    lag = (terms["lead_time_periods"] + terms["review_period_periods"]).set_axis(terms["sku"])
    decided = forecast_history[step == forecast_history["sku"].map(lag).to_numpy()]
    decided = decided.dropna(subset=["units", "forecast"])
    if decided.empty:
        return []
    known = panel[panel["units"].notna()].sort_values("period")
    known = known[["sku", "period", "units"]].rename(columns={"period": "seen", "units": "naive"})
    last_known = pd.merge_asof(
        decided.sort_values("origin").astype({"origin": "datetime64[ns]", "sku": object}),
        known.astype({"seen": "datetime64[ns]", "sku": object}),
        left_on="origin",
        right_on="seen",
        by="sku",
        allow_exact_matches=False,  # what is sold in the first period forecast is not known yet
    ).dropna(subset=["naive"])
    actual, forecast = last_known["units"].to_numpy(float), last_known["forecast"].to_numpy(float)
    error = weighted_absolute_percentage_error(actual, forecast)
    naive_error = weighted_absolute_percentage_error(actual, last_known["naive"].to_numpy(float))
    return [
        _row(
            "forecast_bias", relative_bias(actual, forecast), "share", "down", "forecast_history", target=0.0
        ),
        _row("forecast_wape", error, "share", "down", "forecast_history"),
        _row(
            "forecast_value_added",
            100 * (naive_error - error),
            "points",
            "up",
            "forecast_history",
            target=0.0,
        ),
    ]
