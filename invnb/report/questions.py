"""Ten questions a manager asks, each with its answer in a sentence and the place that shows more."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from invnb.report import decision_evidence, say
from invnb.report.forecast_evidence import ladder, ladder_sentence
from invnb.report.inputs import Inputs
from invnb.report.supplier_evidence import supplier_name, supplier_sentence, supplier_table
from invnb.report.what_if import what_if

MOST_SUPPLIERS = 4
RUNS_OUT = ("OUT_NOW", "OUT_BEFORE_RECEIPT", "ORDER_BY_SOON")
CASH_STUCK = ("EXCESS", "DEAD")
OPEN_ORDERS = ("LATE_PO", "SURPLUS_ON_ORDER")
OPEN_ORDER_ACTIONS = (
    "EXPEDITE", "EXPEDITE_PO", "CHASE_SUPPLIER", "DEFER", "DEFER_PO", "CANCEL", "CANCEL_PO",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A question, its answer in a sentence, and the place on the page that shows more ("" where none)."""

    text: str
    answer: str
    href: str = ""


def ten_questions(given: Inputs) -> list[Question]:
    """The ten questions in the order a manager asks them; an answer the tables do not hold says so."""
    makers = (
        _order, _runs_out, _cash, _open_orders, _budget, _why, _forecast, _supplier, _what_if, _last_plan,
    )  # fmt: skip
    found = []
    for number, make in enumerate(makers, 1):
        answer, href = make(given)
        text = given.w(f"question.q{number}")
        found.append(Question(text, answer or given.w("question.unknown"), href if answer else ""))
    return found


def _order(given: Inputs) -> tuple[str, str]:
    if "orders" not in given.tables:
        return "", ""
    orders = given.table("orders", "sku", "order_units", "line_value")
    w, kept = given.w, say.ordered(orders)
    sentences = [say.decision(orders, given.budget, w)[0] + w("question.stop")]
    if len(kept) and "supplier_id" in kept and kept["supplier_id"].notna().any():
        sums = kept.groupby("supplier_id")["line_value"].sum().sort_values(ascending=False, kind="stable")
        parts = [f"{supplier_name(key, given)} {w.money(v)}" for key, v in sums.head(MOST_SUPPLIERS).items()]
        rest = sums.iloc[MOST_SUPPLIERS:]
        parts += [w("question.other_suppliers", n=len(rest), money=w.money(rest.sum()))] if len(rest) else []
        sentences.append(w("question.by_supplier", items=w("format.join").join(parts)))
    return w("format.sentence_space").join(sentences), "#orders"


def _alerts(
    given: Inputs, key: str, kinds: tuple[str, ...], actions: tuple[str, ...] = ()
) -> tuple[str, str]:
    """How many products have an alert of these kinds or actions, and the money at risk."""
    if "alerts" not in given.tables:
        return "", ""
    w, rows = given.w, given.table("alerts", "sku", "money_at_risk", "type")
    action = rows.get("action_code", pd.Series("", index=rows.index))
    rows = rows[rows["type"].isin(kinds) | action.isin(actions)]
    if rows.empty:
        return w(f"question.{key}_none"), "#alerts"
    money, total = (w.money(table["money_at_risk"].sum()) for table in (rows, given.tables["alerts"]))
    n = rows["sku"].nunique()
    form = f"question.{key}_one" if n == 1 else f"question.{key}"
    return w(form, n=w.number(n), money=money, total=total), "#alerts"


def _runs_out(given: Inputs) -> tuple[str, str]:
    return _alerts(given, "runs_out", RUNS_OUT)


def _cash(given: Inputs) -> tuple[str, str]:
    answer, href = _alerts(given, "cash", CASH_STUCK)
    freed = decision_evidence.cash_actions(given)
    if freed is None:
        return answer, href
    return given.w("format.sentence_space").join(filter(None, [answer, freed.sentence])), "#cash_actions"


def _open_orders(given: Inputs) -> tuple[str, str]:
    return _alerts(given, "open_orders", OPEN_ORDERS, OPEN_ORDER_ACTIONS)


def _budget(given: Inputs) -> tuple[str, str]:
    """What the limits cut from this review, what the best line of it would earn, what more room would buy.

    The prices of the plan over all periods stand beside its picture: they speak of other orders than these.
    """
    w = given.w
    orders = given.table("orders", "sku", "order_units", "line_value")
    dropped, sentences = say.cut(orders), []
    if len(dropped):
        lost = w.money(say.lost_if_not(dropped))
        sentences.append(w("question.cut", n=w.number(len(dropped)), money=lost))
        kpis = given.table("kpis", "kpi", "value")
        for price in kpis.loc[kpis["kpi"] == "marginal_value_of_budget", "value"]:
            if price > 0:  # the key figure of the first screen
                sentences.append(w("question.cut_earns", price=w.money(price), unit=w.one))
    elif len(orders) and given.budget:
        sentences.append(w("question.no_cut"))
    more = decision_evidence.one_more_unit(given)
    sentences += [more.sentence] if more else []
    return w("format.sentence_space").join(sentences), "#one_more_unit" if more else "#limits"


def _why(given: Inputs) -> tuple[str, str]:
    n = len(given.table("orders", "sku", "order_units", "line_value"))
    if "orders" in given.tables and not n:
        return given.w("question.why_none"), "#products-list"
    return (given.w("question.why", n=given.w.number(n)), "#orders") if n else ("", "")


def _forecast(given: Inputs) -> tuple[str, str]:
    w, steps = given.w, ladder(given)
    past = given.table("forecast_history", "origin", "sku", "period", "units", "forecast")
    ahead = given.table("forecast", "sku", "period", "mean").head(0)
    sentences = [] if past.empty else [say.forecast(past, ahead, given.period, w)]
    sentences += [] if steps.empty else [ladder_sentence(steps, w)]
    known = [sentence for sentence in sentences if sentence]
    value = given.table("override_value", "by", "name", "n", "value", "low", "high", "verdict")
    if (value["by"] == "all").any():
        known.append(decision_evidence.overrides(value, w))
    elif known:
        known.append(w("question.overrides_unknown"))
    return w("format.sentence_space").join(known), "#forecast"


def _supplier(given: Inputs) -> tuple[str, str]:
    table = supplier_table(given)
    if table.empty and "economics" in given.tables:
        return given.w("page.no_suppliers"), "#suppliers"
    return ("", "") if table.empty else (supplier_sentence(table, given.w), "#suppliers")


def _what_if(given: Inputs) -> tuple[str, str]:
    w, found = given.w, what_if(given)
    if found is None:
        return w("question.what_if"), "#parameters"
    return w("format.sentence_space").join([found.sentence, w("question.what_if")]), "#what_if"


def _last_plan(given: Inputs) -> tuple[str, str]:
    w, before = given.w, given.run.get("previous") or {}
    needed = ("period", "measure", "planned", "low", "high", "actual", "inside")
    past = given.table("plan_actual", *needed).dropna(subset=["actual"])
    if len(past):
        return decision_evidence.planned(past, w), "#plan_actual"
    if not before:
        return w("say.changes_none"), "#changes"
    return w("question.last_plan", date=w.date(before.get("generated_at"))), "#changes"
