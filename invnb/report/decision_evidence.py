"""Evidence on decisions: what looser limits buy, what frees cash, whether plan, alerts, planners' changes and
the choice of models kept their word. A table that is not there leaves its place out; the page says which.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from invnb.report import charts, say
from invnb.report.exhibit import Exhibit
from invnb.report.inputs import Inputs
from invnb.report.style import show
from invnb.report.supplier_evidence import supplier_name
from invnb.report.tables import Column, Row, frame_table, html_table, rows_of
from invnb.report.wording import MISSING, Wording, catalogue, is_missing

MOST_ROWS = 10
MONEY_RANGE = {"low": "money", "high": "money"}
RANKINGS = ("rank_cost", "rank_pinball", "rank_calibration")


def _table(key: str, given: Inputs, sentence: str, body: Any, numbers: Any = "") -> Exhibit:
    return Exhibit(key, given.w(f"figure.{key}"), sentence, (), numbers, body, given.source(key))


def model_value(given: Inputs) -> Exhibit | None:
    """The models ranked by money, by error where the order is decided, and by the honesty of their ranges."""
    w = given.w
    table = given.table(
        "model_value", "model", "demand_class", "extra_cost", "standard_error_cost", *RANKINGS
    )
    table = table[table["demand_class"] == "all"].dropna(subset=["extra_cost"])
    table = table.sort_values("extra_cost", kind="stable").reset_index(drop=True)
    if table.empty:
        return None
    title, named = w("figure.model_value"), table.assign(model=[w.of("model", m) for m in table["model"]])
    keys = (
        "model",
        "cost",
        "extra_cost",
        "standard_error_cost",
        "pinball_critical",
        "coverage_gap",
        "chosen",
    )
    kinds = dict.fromkeys(RANKINGS, "count") | {"coverage_gap": "share"}
    picture = charts.cost_of_models(named, w)
    items = w("format.join").join(f"{r.model} {w.money(r.extra_cost)}" for r in named.head(3).itertuples())
    alt = w("alt.model_value", items=items)
    shown = [key for key in (*keys, *RANKINGS) if key in named]
    numbers = frame_table(named, title, w, shown, kinds)
    figures = (("", show(picture, alt)),)
    sentence = models_agree(named, w)
    return Exhibit("model_value", title, sentence, figures, numbers, "", given.source("model_value"))


def models_agree(table: pd.DataFrame, w: Wording) -> str:
    """Whether the three rankings name one model, and which they name.

    Examples
    --------
    >>> table = pd.DataFrame({"model": ["a", "b"], "extra_cost": [0.0, 9.0], "rank_cost": [1, 2],
    ...                       "rank_pinball": [1, 2], "rank_calibration": [1, 2]})
    >>> models_agree(table, Wording("en", "EUR"))
    'A costs least, and also leads by error and by the honesty of its ranges.'
    """
    money, error, honest = (str(table.nsmallest(1, key)["model"].iloc[0]) for key in RANKINGS)
    first = say.capital(money)
    if money == error == honest:
        return w("say.models_agree", money=first)
    text = w("say.models_disagree", money=money, error=error, honest=honest)
    chosen = table[table["chosen"].astype(bool)] if "chosen" in table else table.head(0)
    if len(chosen) and chosen["model"].iloc[0] != money:
        row = chosen.iloc[0]
        extra, spread = w.money(row["extra_cost"]), w.money(row["standard_error_cost"])
        more = w("say.models_chosen_dearer", model=row["model"], extra=extra, se=spread)
        return w("format.sentence_space").join([text, more])
    return text


def one_more_unit(given: Inputs) -> Exhibit | None:
    """What one unit and a tenth more of every limit buy in this review."""
    w = given.w
    gains = ("gain_one_more", "gain_ten_percent", "units_ten_percent", "lines_ten_percent")
    table = given.table("one_more_unit", "limit", "name", "unit", "available", "binds", "first_sku", *gains)
    if table.empty:
        return None
    best = rows_of(table.nlargest(1, "gain_ten_percent"))[0]
    cut = len(say.cut(given.table("orders", "sku", "order_units"))) > 0
    sentence = w("say.more_no_gain" if cut else "say.more_nothing")
    if best["gain_ten_percent"] > 0:
        sentence = w(
            "say.more", limit=_limit(best, given), money=w.money(best["gain_ten_percent"]),
            units=w.units(best["units_ten_percent"]), lines=w.number(best["lines_ten_percent"]),
        )  # fmt: skip
        if not is_missing(best["first_sku"]):
            first = w("say.more_first", name=given.name(best["first_sku"], 40))
            sentence = w("format.sentence_space").join([sentence, first])

    def measured(key: str, row: Row) -> str:
        if row["unit"] == w.currency:
            return w.money(row.get(key), exact=True)
        return w.measured(row.get(key), row["unit"])

    columns = [Column("limit", w("column.limit"), lambda row: _limit(row, given))]
    for key in ("available", "ordered"):
        columns.append(Column(key, w(f"column.{key}"), partial(measured, key), numeric=True))
    for key in gains:
        write = w.money if key.startswith("gain") else w.units
        columns.append(Column(key, w(f"column.{key}"), partial(_written, key, write), numeric=True))
    columns.append(Column("first", w("column.first_sku"), lambda row: _product(row["first_sku"], given)))
    body = html_table(rows_of(table), columns, w("figure.one_more_unit"))
    return _table("one_more_unit", given, sentence, body)


def _written(key: str, write: Callable[[Any], str], row: Row) -> str:
    return write(row[key])


def _product(sku: object, given: Inputs) -> str:
    return MISSING if is_missing(sku) else given.name(sku, 40)


def _limit(row: Any, given: Inputs) -> str:
    w = given.w
    supplier = [] if is_missing(row.get("name")) else [supplier_name(row["name"], given)]
    return w("format.colon").join([w.of("limit", row["limit"]), *supplier])


def cash_actions(given: Inputs) -> Exhibit | None:
    """What frees cash, most first."""
    w = given.w
    table = given.table("cash_actions", "sku", "action", "cash_freed").dropna(subset=["cash_freed"])
    if table.empty:
        return None
    table = table.sort_values("cash_freed", ascending=False, kind="stable")
    sums = table.groupby("action")["cash_freed"].sum()
    top = str(sums.idxmax())
    sentence = w(
        "say.cash_actions", money=w.money(table["cash_freed"].sum()), n=w.number(len(table)),
        action=w.of("action", top), most=w.money(sums[top]),
    )  # fmt: skip
    named = table.assign(name=[given.name(sku, 40) for sku in table["sku"]])
    named["action"] = [w.of("action", action) for action in named["action"]]
    keys = [
        key
        for key in ("name", "action", "po_id", "units", "cash_freed", "cost", "act_by", "freed_by")
        if key in named
    ]
    title = w("figure.cash_actions")
    body = frame_table(named.head(MOST_ROWS), title, w, keys)
    numbers = frame_table(named, title, w, keys) if len(named) > MOST_ROWS else ""
    return _table("cash_actions", given, sentence, body, numbers)


def plan_actual(given: Inputs) -> Exhibit | None:
    """A past plan beside what happened: sales, receipts and stock."""
    w = given.w
    needed = ("period", "measure", "planned", "low", "high", "actual", "inside")
    table = given.table("plan_actual", *needed).dropna(subset=["actual"])
    if table.empty:
        return None
    figures = []
    for measure, rows in table.groupby("measure", sort=False):
        word, n = w.of("plan_measure", measure), len(rows)
        inside = int(rows["inside"].sum())
        known = w("say.plan_inside", measure=say.capital(word), inside=inside, n=n)
        alt = w("alt.plan_actual", measure=word, n=n, period=w(f"period.{given.period}"))
        figures.append((known, show(charts.plan_against_actual(rows, w), alt)))
    title = w("figure.plan_actual")
    named = table.assign(measure=[w.of("plan_measure", m) for m in table["measure"]])
    numbers = frame_table(named, title, w, list(needed))
    sentence, source = planned(table, w), given.source("plan_actual")
    return Exhibit("plan_actual", title, sentence, tuple(figures), numbers, "", source, True)


def planned(table: pd.DataFrame, w: Wording) -> str:
    """How far what happened was from the plan, in all and by measure.

    Examples
    --------
    >>> table = pd.DataFrame({"period": pd.Timestamp("2024-01-01"), "measure": ["sales_units"],
    ...                       "planned": [100.0], "actual": [90.0], "inside": [True]})
    >>> planned(table, Wording("en", "EUR"))
    'The plan of 1 Jan 2024 held its range in 1 of 1 cases; against it: sales −10.0%.'
    """
    sums = table.groupby("measure", sort=False)[["planned", "actual"]].sum()
    parts = []
    for measure, row in sums.iterrows():
        if row["planned"] > 0:
            change = row["actual"] / row["planned"] - 1
            sign = "+" if change >= 0 else ""
            parts.append(f"{w.of('plan_measure', measure)} {sign}{w.share(change)}")
    date = w.date(table["period"].min())
    inside, n = int(table["inside"].sum()), len(table)
    return w("say.plan_actual", date=date, inside=inside, n=n, items=w("format.list").join(parts))


def override_value(given: Inputs) -> Exhibit | None:
    """What planners' changes of proposed quantities were worth, in all and by reason."""
    w = given.w
    table = given.table("override_value", "by", "name", "n", "value", "low", "high", "verdict")
    every = table[table["by"] == "all"]
    if every.empty:
        return None
    title = w("figure.override_value")
    named = table.assign(verdict=[w.of("verdict", v) for v in table["verdict"]])
    keys = [key for key in ("name", "n", "changed_units", "value", "low", "high", "verdict") if key in named]
    by_reason = named[named["by"] == "reason"].sort_values("value", kind="stable")
    reasons = [w("say.no_reason") if is_missing(name) else str(name) for name in by_reason["name"]]
    body = frame_table(by_reason.assign(name=reasons).rename(columns={"name": "reason"}), title, w,
                       ["reason", *keys[1:]], MONEY_RANGE)  # fmt: skip
    by_sku = named[named["by"] == "sku"].sort_values("value", kind="stable")
    by_sku = by_sku.assign(name=[given.name(sku, 40) for sku in by_sku["name"]])
    numbers = frame_table(by_sku, title, w, keys, MONEY_RANGE) if len(by_sku) else ""
    return _table("override_value", given, overrides(table, w), body, numbers)


def overrides(table: pd.DataFrame, w: Wording) -> str:
    """What all changes together were worth, and whether that is more than chance.

    Examples
    --------
    >>> row = pd.DataFrame({"by": "all", "name": "all", "n": [9], "value": [-80.0], "low": -120.0,
    ...                     "high": -40.0, "verdict": "harms"})
    >>> overrides(row, Wording("en", "EUR"))
    'Planners changed 9 judged quantities; together that cost €80 (95% range −€120 to −€40).'
    """
    row = table[table["by"] == "all"].iloc[0]
    spread = w.range(w.money(row["low"]), w.money(row["high"]))
    verdict = str(row["verdict"])
    if not spread or verdict not in ("helps", "harms"):
        return w(
            "say.overrides_unclear",
            n=w.number(row["n"]),
            money=w.money(row["value"]),
            range=spread or MISSING,
        )
    return w(f"say.overrides_{verdict}", n=w.number(row["n"]), money=w.money(abs(row["value"])), range=spread)


def alert_quality(given: Inputs) -> Exhibit | None:
    """Whether stock-out alerts came in time and came true, on the periods replayed."""
    w = given.w
    table = given.table("alert_quality", "measure", "basis", "value", "low", "high", "n").dropna(
        subset=["value"]
    )
    counted = table[table["basis"] == "count"].set_index("measure")
    if not {"recall", "precision"} <= set(counted.index):
        return None

    def text(key: str, row: Row) -> str:
        share = row["measure"] not in ("lead_days", "alerts_per_review")
        return w.share(row[key]) if share else w.number(row[key], 1)

    columns = [
        Column("measure", w("column.measure"), lambda row: w.of("alert_measure", row["measure"])),
        Column("basis", w("column.basis"), lambda row: w.of("basis", row["basis"])),
    ]
    for key in ("value", "low", "high"):
        columns.append(Column(key, w(f"column.{key}"), partial(text, key), numeric=True))
    columns.append(Column("n", w("column.n"), lambda row: w.number(row["n"]), numeric=True))
    body = html_table(rows_of(table), columns, w("figure.alert_quality"))
    sentence = w(
        "say.alert_quality", recall=w.share(counted.loc["recall", "value"], 0),
        n=w.number(counted.loc["recall", "n"]), precision=w.share(counted.loc["precision", "value"], 0),
        alerts=w.number(counted.loc["precision", "n"]),
    )  # fmt: skip
    return _table("alert_quality", given, sentence, body)


def drift(given: Inputs) -> Exhibit | None:
    """Forecasts that have drifted from demand, and what was recalibrated because of it."""
    w = given.w
    needed = ("level", "name", "measure", "stands", "false_alarm_probability")
    table = given.table("drift", *needed)
    if table.empty:
        return None
    products = table[table["level"] == "product"]
    drifted = products.loc[products["stands"].astype(bool), "name"].nunique()
    chance = products.groupby("name")["false_alarm_probability"].sum().sum()
    sentence = w(
        "say.drift",
        n=w.number(drifted),
        total=w.number(products["name"].nunique()),
        chance=w.number(chance, 1),
    )
    shown = table[table["stands"].astype(bool)]
    names = [
        given.name(name, 40) if level == "product" else w("say.class", name=w.of("demand_class", name))
        for level, name in zip(shown["level"], shown["name"], strict=True)
    ]
    shown = shown.assign(name=names, measure=[w.of("drift_measure", m) for m in shown["measure"]])
    keys = [k for k in ("name", "measure", "since", "shift_units", "observed", "expected", "n") if k in shown]
    kinds = dict.fromkeys(("observed", "expected"), "share")
    body = frame_table(shown.head(MOST_ROWS), w("figure.drift"), w, keys, kinds) if len(shown) else ""
    numbers = frame_table(shown, w("figure.drift"), w, keys, kinds) if len(shown) > MOST_ROWS else ""
    return _table("drift", given, sentence, body, numbers)


def recalibrations(given: Inputs) -> Exhibit | None:
    """What was fitted, chosen or calibrated again at past reviews, and why."""
    w, table = given.w, given.table("recalibrations", "date", "what")
    if table.empty:
        return None
    counts = table["what"].value_counts()
    what = w.of("recalibrated", counts.index[0])
    sentence = w("say.recalibrations", n=w.number(len(table)), what=what, most=w.number(counts.iloc[0]))
    named = table.assign(what=[w.of("recalibrated", x) for x in table["what"]])
    for key, groups in {
        "why": ("recalibrated_why",),
        "name": ("demand_class", "model"),
        "before": ("model",),
        "after": ("model",),
    }.items():
        if key in named:
            named[key] = [_readable(x, groups, w) for x in named[key]]
    named = named.rename(columns={"why": "reason", "before": "was", "after": "became", "name": "of"})
    return _table("recalibrations", given, sentence, "", frame_table(named, w("figure.recalibrations"), w))


def _readable(code: object, groups: tuple[str, ...], w: Wording) -> str:
    """The text of a code that may stand in any of these groups, or the code itself."""
    known = (catalogue(w.language).get(f"{group}.{code}") for group in groups)
    return next((text for text in known if text), w.of(groups[0], code))


def lost_unit_price(given: Inputs) -> Exhibit | None:
    """The price put on a lost unit when ordering, and the past cost that speaks for it."""
    w = given.w
    table = given.table("lost_unit_price", "review_date", "multiple", "past_cost", "gain", "noise", "chosen")
    table = table[table["review_date"] == table["review_date"].max()] if len(table) else table
    chosen = table[table["chosen"].fillna(False).astype(bool)] if len(table) else table
    if chosen.empty:
        return None
    row = rows_of(chosen)[0]
    best = rows_of(table.sort_values("past_cost", kind="stable"))[0]
    key = "say.lost_unit_changed"
    if row["multiple"] == 1:
        known = table["past_cost"].max() > table["past_cost"].min()
        cheapest = best["past_cost"] == row["past_cost"]
        key = "say.lost_unit_unknown"
        if known and cheapest:
            key = "say.lost_unit_stays"
        elif known and math.isfinite(best["noise"]):
            key = "say.lost_unit_plain"
    sentence = w(
        key, multiple=f"{row['multiple']:g}", best=f"{best['multiple']:g}",
        gain=w.money(row["gain"] if row["multiple"] != 1 else best["gain"]),
        noise=w.money(row["noise"] if row["multiple"] != 1 else best["noise"]),
    )  # fmt: skip
    kinds = {"gain": "money", "noise": "money"}
    keys = ["multiple", "past_cost", "gain", "noise", "chosen"]
    body = frame_table(table, w("figure.lost_unit_price"), w, keys, kinds)
    return _table("lost_unit_price", given, sentence, body)


OPTIONAL = (
    "model_value", "one_more_unit", "cash_actions", "plan_actual", "override_value", "alert_quality", "drift",
    "recalibrations", "lost_unit_price",
)  # fmt: skip
