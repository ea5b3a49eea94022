"""Sentences computed from tables, in the language of the wording. Each says what to see, or that nothing
can be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from invnb.report.charts_forecast import (
    choose_metric,
    forecast_totals,
    overall_calibration,
    segment_grid,
)
from invnb.report.wording import Wording, catalogue, is_missing

CUT = "NONE_BUDGET"
Row = Mapping[str, Any]


def _join(w: Wording, *sentences: str) -> str:
    return w("format.sentence_space").join(s for s in sentences if s)


def ordered(orders: pd.DataFrame) -> pd.DataFrame:
    """The order lines to approve: a quantity above zero, not cut by a limit."""
    if orders.empty or "order_units" not in orders:
        return orders.head(0)
    return orders[(orders["order_units"].fillna(0) > 0) & ~_is_cut(orders)]


def cut(orders: pd.DataFrame) -> pd.DataFrame:
    """The lines that were wanted but cut by a limit."""
    return orders[_is_cut(orders)] if not orders.empty else orders


def _is_cut(orders: pd.DataFrame) -> pd.Series:
    return orders.get("reason_code", pd.Series("", index=orders.index)).eq(CUT)


def lines(n: int, w: Wording) -> str:
    """How many order lines, in words."""
    return w("decision.lines_one") if n == 1 else w("decision.lines_many", n=w.number(n))


def decision(orders: pd.DataFrame, budget: float | None, w: Wording) -> tuple[str, list[str]]:
    """What to approve in one sentence, and what one should know about it.

    Parameters
    ----------
    orders : the `orders` table; columns order_units, line_value, reason_code, late_by_days, supplier_id.
    budget : money for one review; None where there is no limit.

    Examples
    --------
    >>> orders = pd.DataFrame({"order_units": [5, 9], "line_value": [200.0, 90.0], "supplier_id": "S",
    ...                        "reason_code": ["BELOW_TARGET", "NONE_BUDGET"], "late_by_days": 0,
    ...                        "expected_lost_margin_if_not_ordered": 12.0})
    >>> headline, notes = decision(orders, 250.0, Wording("en", "EUR"))
    >>> headline
    'Approve 1 order line for €200'
    >>> notes[1]
    '80% of the budget of €250 is used'
    """
    kept, dropped, notes = ordered(orders), cut(orders), []
    if kept.empty:
        headline = w("decision.approve_none")
        notes += [] if len(dropped) else [w("decision.all_well")]
    else:
        money = float(kept["line_value"].sum())
        headline = w("decision.approve", lines=lines(len(kept), w), money=w.money(money, exact=True))
        n = kept["supplier_id"].nunique() if "supplier_id" in kept else 0
        suppliers = w("decision.suppliers_one") if n == 1 else w("decision.suppliers_many", n=n)
        notes += [w("decision.from", suppliers=suppliers)] if n else []
        if is_missing(budget) or not budget:
            notes.append(w("decision.no_budget"))
        else:
            notes.append(
                w("decision.budget", share=w.share(money / budget, 0), budget=w.money(budget, exact=True))
            )
        late = int((kept["late_by_days"].fillna(0) > 0).sum()) if "late_by_days" in kept else 0
        notes += [w("decision.late", n=late)] if late else []
    if len(dropped):
        notes.append(w("decision.cut", lines=lines(len(dropped), w)))
        lost = lost_if_not(dropped)
        notes += [] if is_missing(lost) else [w("decision.cut_gain", money=w.money(lost))]
    return headline, notes


def lost_if_not(orders: pd.DataFrame) -> float:
    """Margin expected to be lost without these lines."""
    key = "expected_lost_margin_if_not_ordered"
    return float(orders[key].sum()) if key in orders else float("nan")


def why(row: Row, w: Wording) -> str:
    """Why a line is ordered, in one phrase."""
    reason = w.of("reason", row.get("reason_code"))
    if is_missing(row.get("cover_days")):
        return reason
    return w("why.cover", reason=reason, cover=w.number(row["cover_days"]))


def why_quantity(row: Row, w: Wording) -> str:
    """Why a line has its quantity: stock, demand, rounding, and what happens without it."""
    demand = {key: w.units(row.get(f"demand_{key}")) for key in ("p10", "p50", "p90")}
    on_hand, inbound = (w.units(row.get(key)) for key in ("on_hand_units", "inbound_units"))
    sentences = [w("why.quantity", on_hand=on_hand, inbound=inbound, **demand)]
    rounded: Any = row.get("rounded_up_by_units")
    if not is_missing(rounded) and float(rounded) > 0:
        pack, least = w.units(row.get("pack_units")), w.units(row.get("min_order_units"))
        sentences.append(w("why.rounded", n=w.units(rounded), pack=pack, minimum=least))
    lost = row.get("expected_lost_margin_if_not_ordered")
    if not is_missing(lost):
        sentences.append(w("why.risk", risk=w.share(row.get("stockout_probability"), 0), money=w.money(lost)))
    if not is_missing(row.get("binding_limit")):
        sentences.append(
            w("why.cut", limit=w.of("limit", row["binding_limit"])) if row.get("reason_code") == CUT else ""
        )
    return _join(w, *sentences)


def alert(row: Row, w: Wording, limit: int = 0) -> tuple[str, str]:
    """An alert in words: what happens, and then money, action and date."""
    name, kind = w.name(row, limit), str(row.get("type"))
    known = f"alert.{kind}" in catalogue(w.language)
    head = (
        w(f"alert.{kind}", name=name) if known else w("alert.other", name=name, type=w.of("alert_type", kind))
    )
    parts = [alert_risk(row, w), alert_action(row, w), alert_due(row, w)]
    return head, w("format.join").join(part for part in parts if part)


def alert_risk(row: Row, w: Wording) -> str:
    """The money an alert puts at risk, with its range."""
    money = w.money(row.get("money_at_risk"))
    spread = w.range(*(w.money(row.get(f"money_at_risk_{end}")) for end in ("p10", "p90")))
    return w("alert.risk_range", money=money, range=spread) if spread else w("alert.risk", money=money)


def alert_action(row: Row, w: Wording) -> str:
    """What to do about an alert, and how many pieces it concerns."""
    units: Any = row.get("action_units")
    if is_missing(row.get("action_code")):
        return ""
    action = w.of("action", row["action_code"])
    if is_missing(units) or float(units) <= 0:
        return w("alert.do", action=action)
    if float(units) == 1:
        return w("alert.do_one", action=action)
    return w("alert.do_units", action=action, units=w.units(units))


def alert_due(row: Row, w: Wording) -> str:
    """By when to act, or for how long that day has passed."""
    late: Any = row.get("late_by_days")
    if is_missing(row.get("act_by")):
        return ""
    date = w.date(row["act_by"], year=False)
    overdue = not is_missing(late) and float(late) > 0
    return w("alert.act_late", date=date) if overdue else w("alert.act_by", date=date)


def alert_more(row: Row, w: Wording) -> str:
    """What else is known about an alert: cover, cause, alternative."""
    parts = []
    if not is_missing(row.get("cover_days")):
        parts.append(w("alert.cover", cover=w.number(row["cover_days"], 1)))
    if not is_missing(row.get("cause")):
        parts.append(w("alert.cause", cause=w.of("cause", row["cause"])))
    if not is_missing(row.get("alternative_code")):
        parts.append(w("alert.else", action=w.of("action", row["alternative_code"])))
    return w("format.join").join(parts)


def alerts(table: pd.DataFrame, w: Wording) -> str:
    """How many alerts there are, and how much money they put at risk."""
    if table.empty:
        return w("page.no_alerts")
    money = w.money(table["money_at_risk"].sum())
    return (
        w("alert.summary_one", money=money)
        if len(table) == 1
        else w("alert.summary", n=len(table), money=money)
    )


def projection(table: pd.DataFrame, name: str, w: Wording) -> str:
    """When one product runs out with and without orders, by the middle of its scenarios."""
    return next(iter(projection_by_product(table, name, w).values()))


def projection_by_product(table: pd.DataFrame, name: str, w: Wording) -> dict[str, str]:
    """`projection` of every product of the table, by sku; `name` stands for each."""
    last = table.groupby("sku", sort=False)["period"].max()
    with_order, without = _runs_out(table, "stock_p50"), _runs_out(table, "without_order_p50")
    coming = table.groupby("sku")["order_units"].sum() if "order_units" in table else pd.Series(dtype=float)
    words = {}
    for sku, day in last.items():
        comes = bool(coming.get(sku, 0.0) > 0)
        words[str(sku)] = _projection(name, with_order.get(sku), without.get(sku), day, comes, w)
    return words


def _projection(
    name: str,
    with_order: pd.Timestamp | None,
    without: pd.Timestamp | None,
    last: pd.Timestamp,
    coming: bool,
    w: Wording,
) -> str:
    date = w.date(without if with_order is None else with_order, year=False)
    if with_order is None and without is None:
        return w("say.projection_safe", name=name, date=w.date(last, year=False))
    if with_order is None:
        return w("say.projection", name=name, date=date)
    if without is not None and without < with_order:
        return w("say.projection_later", name=name, date=w.date(without, year=False), later=date)
    return w("say.projection_too_late" if coming else "say.projection_no_order", name=name, date=date)


def _runs_out(table: pd.DataFrame, key: str) -> dict[Any, pd.Timestamp]:
    """The first period that ends without stock, of each product where there is one."""
    empty = table[table[key] <= 0] if key in table else table.head(0)
    return dict(empty.groupby("sku")["period"].min().items())


def projections(table: pd.DataFrame, w: Wording) -> str:
    """How many products run out within the horizon, with and without orders."""
    if "without_order_p50" not in table:
        return ""
    out = (table[["stock_p50", "without_order_p50"]] <= 0).groupby(table["sku"]).any()
    bare, kept = out["without_order_p50"].sum(), out["stock_p50"].sum()
    return w("say.projections", n=w.number(bare), total=w.number(len(out)), kept=w.number(kept))


def forecast(history: pd.DataFrame, ahead: pd.DataFrame, period: str, w: Wording) -> str:
    """How far the forecast was off, to which side, and what it expects."""
    totals, word = forecast_totals(history, ahead), w(f"period.{period}")
    past = totals.dropna(subset=["actual_units"])
    coming = totals[totals["actual_units"].isna()]
    sentences = []
    if len(past) and past["actual_units"].sum() > 0:
        error = past["forecast_units"] - past["actual_units"]
        off, bias = error.abs().sum() / past["actual_units"].sum(), error.sum() / past["actual_units"].sum()
        side = "lean_none" if abs(bias) < 0.005 else "lean_over" if bias > 0 else "lean_under"
        lean = w(f"say.{side}", bias=w.share(abs(bias)))
        sentences.append(w("say.forecast", n=len(past), period=word, wape=w.share(off), lean=lean))
    if len(coming):
        units = w.number(coming["forecast_units"].sum())
        sentences.append(w("say.forecast_next", n=len(coming), period=word, units=units))
    return _join(w, *sentences)


def total_saving(savings: pd.DataFrame) -> tuple[float, float, float]:
    """Saving against today's rule with its range: the row called total, else the sum (then without a
    range). Nothing where no period was replayed: no rule cost anything, or saving and range are all zero.
    """
    costs = savings.reindex(columns=["policy_cost", "rule_cost"])
    if savings.empty or (costs == 0).all(axis=None):
        return (np.nan, np.nan, np.nan)
    total = savings[savings["source"].astype(str).str.lower() == "total"]
    if total.empty:
        return (float(savings["saving"].sum()), np.nan, np.nan)
    row = total.iloc[0]
    found = (float(row["saving"]), float(row.get("low", np.nan)), float(row.get("high", np.nan)))
    return found if any(found) else (np.nan, np.nan, np.nan)


def evidence(notes: pd.DataFrame, w: Wording) -> str:
    """Whether the replay is proof or an illustration, from `backtest_notes`; nothing where that is not known.

    Examples
    --------
    >>> "is proof" in evidence(pd.DataFrame({"name": ["evidence"], "value": ["proof"]}), Wording("en", "EUR"))
    True
    """
    kinds = notes.loc[notes["name"] == "evidence", "value"].tolist()
    return w(f"say.savings_{kinds[0]}") if kinds and kinds[0] in ("proof", "illustration") else ""


def savings(table: pd.DataFrame, w: Wording) -> str:
    """What the proposed policy saves against today's rule, and whether that is certain."""
    saving, low, high = total_saving(table)
    if is_missing(saving):
        return w("page.no_replay")
    if is_missing(low) or is_missing(high):
        return w("say.savings_point", money=w.money(saving))
    spread = w.range(w.money(low), w.money(high))
    if saving <= 0:
        return w("say.savings_none", money=w.money(-saving), range=spread)
    if low <= 0:
        return w("say.savings_unsure", money=w.money(saving), range=spread)
    parts = table[table["source"].astype(str).str.lower() != "total"]
    source = _row(parts, parts["saving"].idxmax())["source"] if len(parts) else "total"
    return w("say.savings", money=w.money(saving), range=spread, source=w.of("cost", source))


def costs(backtest: pd.DataFrame, w: Wording) -> str:
    """Which rule costs least and which most, and the bound no rule can beat."""
    parts = backtest[backtest["cost_kind"].astype(str).str.lower() != "total"]
    totals = (parts if len(parts) else backtest).groupby("policy")["value"].sum().sort_values()
    bounds = totals[[str(p) in ("perfect", "perfect_information", "oracle") for p in totals.index]]
    rules = totals.drop(bounds.index)
    if rules.empty:
        return w("page.no_data")
    best, worst = rules.index[0], rules.index[-1]
    text = w(
        "say.costs", best=w.of("policy", best), best_cost=w.money(rules.iloc[0]),
        worst=w.of("policy", worst), worst_cost=w.money(rules.iloc[-1]),
    )  # fmt: skip
    return _join(w, text, w("say.costs_bound", money=w.money(bounds.iloc[0])) if len(bounds) else "")


def frontier(table: pd.DataFrame, w: Wording) -> str:
    """Where the policy stands between service and stock, and what the next step costs."""
    rows = table.sort_values("stock_value").reset_index(drop=True)
    here = rows.index[rows["here"].astype(bool)]
    if here.empty:
        return w("page.no_data")
    now, after = rows.loc[here[0]], rows[rows["fill_rate"] > rows.loc[here[0], "fill_rate"]]
    service, stock = w.share(now["fill_rate"]), w.money(now["stock_value"])
    if after.empty:
        return w("say.frontier_top", fill_rate=service, stock=stock)
    step = after.sort_values("stock_value").iloc[0]
    more = w.money(step["stock_value"] - now["stock_value"])
    return w("say.frontier", fill_rate=service, stock=stock, next_fill=w.share(step["fill_rate"]), more=more)


def limits(table: pd.DataFrame, w: Wording) -> str:
    """Which limit holds the plan back, how often, and what one more of it is worth."""
    binding = table[table["binding"].astype(bool)]
    if binding.empty:
        use = (table["used"] / table["available"]).replace([np.inf, -np.inf], np.nan).dropna()
        if use.empty:
            return w("page.no_data")
        fullest = _row(table, use.idxmax())
        return w("say.limits_free", limit=w.of("limit", fullest["limit"]), use=w.share(use.max(), 0))
    name = binding.groupby("limit")["shadow_price"].sum().idxmax()
    rows, all_rows = binding[binding["limit"] == name], table[table["limit"] == name]
    unit = rows["unit"].iloc[0] if "unit" in rows else ""
    one = w.one if str(unit) in (w.currency, "money", "currency") else f"1 {w.of('unit', unit)}"
    return w(
        "say.limits_bind", limit=w.of("limit", name), n=rows["period"].nunique(), unit=one,
        total=all_rows["period"].nunique(), price=w.money(rows["shadow_price"].max()),
    )  # fmt: skip


def capital(text: str) -> str:
    """A text with its first letter capital, to begin a sentence."""
    return text[:1].upper() + text[1:]


def models(scores: pd.DataFrame, champions: pd.DataFrame, w: Wording) -> str:
    """Which model is used most, and by which measure."""
    metric = choose_metric(scores)
    if {"model", "demand_class"} <= set(champions.columns) and len(champions):
        counts = champions.drop_duplicates("demand_class")["model"].value_counts()
        model = capital(w.of("model", counts.index[0]))
        return w("say.models", model=model, n=counts.iloc[0], total=counts.sum(), metric=metric.upper())
    means = scores[scores["metric"] == metric].groupby("model")["value"].mean()
    best = capital(w.of("model", means.idxmin()))
    return w("say.models_best", model=best, metric=metric.upper(), value=w.number(means.min(), 3))


def calibration(table: pd.DataFrame, w: Wording) -> str:
    """Whether outcomes stayed below the highest level as often as promised, within chance."""
    levels = overall_calibration(table).reset_index(drop=True)
    row = _row(levels, levels.index[-1])
    low, high = row.get("low", row["covered"]), row.get("high", row["covered"])
    verdict = "wide" if low > row["nominal"] else "narrow" if high < row["nominal"] else "ok"
    text = w(
        "say.calibration", nominal=w.share(row["nominal"], 0), covered=w.share(row["covered"]),
        n=w.number(row.get("n")), verdict=w(f"say.calibration_{verdict}"),
    )  # fmt: skip
    if not {"low", "high"} <= set(levels):
        return text
    others = levels.iloc[:-1]
    others = others[(others["low"] > others["nominal"]) | (others["high"] < others["nominal"])]
    if others.empty:
        return text
    worst = _row(others, (others["covered"] - others["nominal"]).abs().idxmax())
    nominal, covered = w.share(worst["nominal"], 0), w.share(worst["covered"])
    return _join(w, text, w("say.calibration_others", n=len(others), nominal=nominal, covered=covered))


def _row(table: pd.DataFrame, label: Any) -> dict[str, Any]:
    """One row by its label, as a dict."""
    return {str(key): value for key, value in table.loc[label].items()}


def segments(table: pd.DataFrame, w: Wording) -> str:
    """How many products matter most, and how many sell unsteadily."""
    grid = segment_grid(table).to_numpy()
    return w("say.segments", a=int(grid[0].sum()), total=int(grid.sum()), hard=int(grid[:, -1].sum()))
