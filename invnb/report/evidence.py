"""The evidence: pictures, each with one computed sentence, its numbers in a table, and where it was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from markupsafe import Markup

from invnb.report import charts, charts_forecast, decision_evidence, forecast_evidence, say, supplier_evidence
from invnb.report.decision_evidence import MONEY_RANGE
from invnb.report.exhibit import Exhibit
from invnb.report.first_screen import sorted_alerts
from invnb.report.gaps import gaps
from invnb.report.inputs import Inputs
from invnb.report.style import show
from invnb.report.tables import Column, column_label, columns_of, frame_table, html_table, rows_of
from invnb.report.what_if import what_if
from invnb.report.wording import MISSING, is_missing

MOST_FANS = 6


def exhibits(given: Inputs) -> list[tuple[str, list[Exhibit]]]:
    """All evidence in the order of the page, in groups with their titles.

    What cannot be shown says so in its place; what only some runs have is left out without it.
    """
    groups = []
    for group, makers in MAKERS.items():
        made = [make(given) or _nothing(key, given) for key, make in makers.items()]
        groups.append((given.w(f"group.{group}"), [exhibit for exhibit in made if exhibit]))
    return groups


def _nothing(key: str, given: Inputs) -> Exhibit | None:
    if key in decision_evidence.OPTIONAL:
        return None
    lacks = {"limits": ("limits", "page.no_limit"), "suppliers": ("economics", "page.no_suppliers")}
    table, text = lacks.get(key, ("", "page.no_data"))
    why = text if table in given.tables else "page.no_data"
    return Exhibit(key, given.w(f"figure.{key}"), given.w(why))


def _days(table: pd.DataFrame, given: Inputs) -> dict[str, str]:
    first, last = (given.w.date(day) for day in (table["period"].min(), table["period"].max()))
    return {"first": first, "last": last, "period": given.w(f"period.{given.period}")}


def shown_products(given: Inputs) -> list[str]:
    """Products whose stock is drawn: those with most money at risk, then the orders worth most."""
    known = set(given.table("projection", "sku")["sku"])
    orders = say.ordered(given.table("orders", "sku", "order_units"))
    worth = "expected_lost_margin_if_not_ordered"
    if worth in orders:
        orders = orders.sort_values(worth, ascending=False, kind="stable")
    wanted = dict.fromkeys([*sorted_alerts(given)["sku"], *orders["sku"]])
    chosen = [sku for sku in wanted if sku in known]
    rest = [sku for sku in given.table("projection", "sku")["sku"].unique() if sku not in wanted]
    return (chosen + rest)[:MOST_FANS]


def projection(given: Inputs) -> Exhibit | None:
    """Expected stock of the products that matter most, with and without their order."""
    w = given.w
    table = given.table(
        "projection", "sku", "period", "stock_p10", "stock_p50", "stock_p90", "stockout_probability"
    )
    table = table.dropna(subset=["stock_p50"])
    if table.empty:
        return None
    figures, sentences = [], []
    for sku in shown_products(given):
        rows = table[table["sku"] == sku]
        name = given.name(sku, 40)
        sentences.append(say.projection(rows, name, w))
        picture = charts.stock_projection(rows, w, given.period)
        figures.append((sentences[-1], show(picture, w("alt.projection", name=name, **_days(rows, given)))))
    sentence = say.projections(table, w)
    shown = table[table["sku"].isin(shown_products(given))]
    shown = shown.assign(name=[given.name(sku, 40) for sku in shown["sku"]])
    keys = ["name", *(str(key) for key in table if key != "sku")]
    numbers = frame_table(shown, w("figure.projection"), w, keys)
    return Exhibit(
        "projection",
        w("figure.projection"),
        sentence,
        tuple(figures),
        numbers,
        "",
        given.source("projection"),
        True,
    )


def _one(
    key: str,
    given: Inputs,
    table: pd.DataFrame,
    sentence: str,
    picture: Any,
    alt: str,
    source: str,
    keys: Any = None,
    kinds: Any = None,
) -> Exhibit:
    w = given.w
    title = w(f"figure.{key}")
    numbers = frame_table(table, title, w, keys, kinds)
    return Exhibit(key, title, sentence, (("", show(picture, alt)),), numbers, "", given.source(source))


def savings(given: Inputs) -> Exhibit | None:
    """Money saved against today's rule, by source."""
    w, table = given.w, given.table("savings", "source", "saving").dropna(subset=["saving"])
    if table.empty:
        return None
    if is_missing(say.total_saving(table)[0]):
        return Exhibit("savings", w("figure.savings"), w("page.no_replay"))
    items = w("format.join").join(f"{w.of('cost', r.source)} {w.money(r.saving)}" for r in table.itertuples())
    picture = charts.savings_by_source(table, w)
    known = say.evidence(given.table("backtest_notes", "name", "value"), w)
    sentence = w("format.sentence_space").join(s for s in (say.savings(table, w), known) if s)
    return _one(
        "savings",
        given,
        table,
        sentence,
        picture,
        w("alt.savings", items=items),
        "savings",
        kinds=MONEY_RANGE,
    )


def costs(given: Inputs) -> Exhibit | None:
    """Cost of every rule on the same demand."""
    w, table = given.w, given.table("backtest", "policy", "cost_kind", "value").dropna(subset=["value"])
    if table.empty:
        return None
    if (table["value"] == 0).all():
        return Exhibit("costs", w("figure.costs"), w("page.no_replay"))
    totals = (
        table[table["cost_kind"].astype(str).str.lower() != "total"]
        .groupby("policy", sort=False)["value"]
        .sum()
    )
    items = w("format.join").join(f"{w.of('policy', name)} {w.money(v)}" for name, v in totals.items())
    picture = charts.cost_by_policy(table, w)
    return _one(
        "costs",
        given,
        table,
        say.costs(table, w),
        picture,
        w("alt.costs", items=items),
        "backtest",
        kinds=MONEY_RANGE,
    )


def frontier(given: Inputs) -> Exhibit | None:
    """Service against money in stock."""
    w, table = (
        given.w,
        given.table("frontier", "fill_rate", "stock_value", "here").dropna(subset=["fill_rate"]),
    )
    if table.empty:
        return None
    alt = w("alt.frontier", n=len(table))
    return _one(
        "frontier", given, table, say.frontier(table, w), charts.frontier_chart(table, w), alt, "frontier"
    )


def limits(given: Inputs) -> Exhibit | None:
    """Use of every limit, and what one more of it is worth."""
    w = given.w
    table = given.table("limits", "limit", "period", "used", "available", "shadow_price", "binding")
    drawn = table[(table["available"] > 0) & table["used"].notna()] if len(table) else table
    if drawn.empty:
        return None
    use = (drawn["used"] / drawn["available"]).groupby(drawn["limit"]).max()
    items = w("format.join").join(f"{w.of('limit', name)} {w.share(v, 0)}" for name, v in use.items())
    alt = w("alt.limits", items=items, period=w(f"period.{given.period}"))
    picture = charts.limits_chart(drawn, w, given.period)
    return _one("limits", given, table, say.limits(drawn, w), picture, alt, "limits")


def forecast(given: Inputs) -> Exhibit | None:
    """Forecast against what was sold, all products together."""
    w = given.w
    past = given.table("forecast_history", "origin", "sku", "period", "units", "forecast")
    ahead = given.table("forecast", "sku", "period", "mean")
    if past.empty and ahead.empty:
        return None
    total = given.table("forecast_total", "period", "p10", "p90")
    table = charts_forecast.forecast_totals(past, ahead)
    sentence = say.forecast(past, ahead, given.period, w)
    picture = charts_forecast.forecast_chart(past, ahead, w, given.period, total)
    alt = w("alt.forecast", **_days(table, given))
    return _one("forecast", given, table, sentence, picture, alt, "forecast")


def models(given: Inputs) -> Exhibit | None:
    """Every model's score by demand class."""
    w = given.w
    scores = given.table("model_scores", "model", "demand_class", "metric", "value").dropna(subset=["value"])
    champions = given.table("champions", "demand_class", "model")
    if scores.empty:
        return None
    metric = charts_forecast.choose_metric(scores)
    drawn = scores[scores["metric"] == metric]
    means = drawn.groupby("model")["value"].mean().sort_values().head(3)
    items = w("format.join").join(f"{w.of('model', name)} {w.number(v, 3)}" for name, v in means.items())
    alt = w("alt.models", metric=metric.upper(), items=items)
    picture = charts_forecast.model_comparison(scores, champions, w)
    keys = [k for k in ("model", "demand_class", "metric", "value", "n") if k in drawn]
    sentence, kinds = say.models(scores, champions, w), {"value": "number"}
    drawn = drawn.assign(metric=metric.upper())
    return _one("models", given, drawn, sentence, picture, alt, "model_scores", keys, kinds)


def calibration(given: Inputs) -> Exhibit | None:
    """Whether the forecast's ranges hold what they promise."""
    w, table = given.w, given.table("calibration", "nominal", "covered").dropna(subset=["nominal", "covered"])
    if table.empty:
        return None
    pairs = charts_forecast.overall_calibration(table).itertuples()
    items = w("format.join").join(f"{w.share(r.nominal, 0)}: {w.share(r.covered, 0)}" for r in pairs)
    picture = charts_forecast.calibration_chart(table, w)
    alt = w("alt.calibration", items=items)
    sentence, kinds = say.calibration(table, w), dict.fromkeys(("low", "high"), "share")
    return _one("calibration", given, table, sentence, picture, alt, "calibration", kinds=kinds)


def segments(given: Inputs) -> Exhibit | None:
    """Products by value and steadiness."""
    w, table = given.w, given.table("sku_segments", "abc", "xyz").dropna(subset=["abc", "xyz"])
    if table.empty:
        return None
    grid = charts_forecast.segment_grid(table)
    items = ", ".join(f"{a}{x} {grid.loc[a, x]}" for a in grid.index for x in grid.columns if grid.loc[a, x])
    numbers = grid.rename_axis("abc").reset_index()
    alt, picture = w("alt.segments", items=items), charts_forecast.abc_xyz_map(table, w)
    return _one("segments", given, numbers, say.segments(table, w), picture, alt, "sku_segments")


def changes(given: Inputs) -> Exhibit:
    """What moved since the last run: orders, key figures, and the products whose order moved most."""
    w, before = given.w, given.run.get("previous") or {}
    if not before:
        return Exhibit("changes", w("figure.changes"), w("say.changes_none"))
    kept = say.ordered(given.table("orders", "sku", "order_units", "line_value"))
    now = float(kept["line_value"].sum())
    rows = [
        {"what": w("kpi.order_value"), "before": w.money(before.get("order_value")), "after": w.money(now)},
        {
            "what": w("kpi.order_lines"),
            "before": w.number(before.get("order_lines")),
            "after": w.number(len(kept)),
        },
    ]
    figures = given.table("kpis", "kpi", "value", "unit")
    figures = figures[~figures["kpi"].isin(["order_value", "order_lines"])]
    old = before.get("kpis") or {}
    for row in rows_of(figures[figures["kpi"].isin(old)]):
        ends = (w.measured(value, row["unit"]) for value in (old[row["kpi"]], row["value"]))
        rows.append({"what": w.of("kpi", row["kpi"]), **dict(zip(("before", "after"), ends, strict=True))})
    units = pd.DataFrame(
        {"after": kept.set_index("sku")["order_units"], "before": pd.Series(before.get("orders") or {})}
    )
    units = units.astype(float).fillna(0.0)
    moved = (units["after"] - units["before"]).abs().sort_values(ascending=False, kind="stable")
    for sku in moved[moved > 0].index[:5] if before.get("orders") else []:
        name = given.name(sku, 40)
        ends = (w.units(units.loc[sku, key]) for key in ("before", "after"))
        label = f"{name}: {w('column.order_units')}"
        rows.append({"what": label, **dict(zip(("before", "after"), ends, strict=True))})
    sentence = w(
        "say.changes",
        date=w.date(before.get("generated_at")),
        before=rows[0]["before"],
        after=rows[0]["after"],
    )
    columns = columns_of(pd.DataFrame(rows), w)
    return Exhibit(
        "changes", w("figure.changes"), sentence, (), "", html_table(rows, columns, w("figure.changes"))
    )


def assumed_values(given: Inputs) -> pd.DataFrame:
    """Which columns of `economics` were assumed, and for how many products."""
    marks = given.table("economics", "sku", "assumed")["assumed"]
    names = marks.fillna("").astype(str).str.split().explode().dropna()
    counts = names[names != ""].value_counts()
    return pd.DataFrame({"assumed": counts.index, "count": counts.to_numpy()})


def unknown(given: Inputs) -> Exhibit:
    """What had to be assumed, which tables are missing, and what was warned of."""
    w, assumed = given.w, assumed_values(given)
    sentence = w("say.unknown_none")
    if len(assumed):
        top = assumed.iloc[0]
        label = column_label(top["assumed"], w)
        sentence = w("say.unknown_assumed", n=len(assumed), most=label, count=w.number(top["count"]))
    elif given.table("economics", "assumed").empty:
        sentence = w("page.no_data")
    lacking = gaps(given)
    if lacking and assumed.empty:
        sentence = w("say.unknown_gaps", n=len(lacking))
    points = [*lacking, *(str(text) for text in given.run.get("warnings") or [])]
    absent = [w(f"figure.{key}") for key in decision_evidence.OPTIONAL if key not in given.tables]
    if absent and given.tables:
        points.append(w("say.unknown_tables", names=w("format.list").join(absent)))
    body = Markup("<ul class=note>{}</ul>").format(
        Markup("").join(Markup("<li>{}</li>").format(p) for p in points)
    )
    return Exhibit("unknown", w("figure.unknown"), sentence, (), "", body if points else "", "#assumptions")


def kpi_table(given: Inputs, figures: pd.DataFrame) -> Markup:
    """Every key figure with range, last run and target, each in its own unit."""
    w = given.w

    def measured(key: str) -> Callable[[dict[str, Any]], str]:
        return lambda row: MISSING if is_missing(row.get(key)) else w.measured(row[key], row.get("unit"))

    def value(row: dict[str, Any]) -> str | Markup:
        href, text = given.source(row.get("table")), measured("value")(row)
        return Markup('<a href="{}">{}</a>').format(href, text) if href else text

    columns = [
        Column("kpi", w("column.kpi"), lambda row: w.of("kpi", row["kpi"])),
        Column("value", w("column.value"), value, numeric=True),
    ]
    for key in ("low", "high", "previous", "target"):
        columns.append(Column(key, w(f"column.{key}"), measured(key), numeric=True))
    return html_table(rows_of(figures), columns, w("page.all_kpis_caption"))


MAKERS: dict[str, dict[str, Callable[[Inputs], Exhibit | None]]] = {
    "stock": {
        "projection": projection,
        "savings": savings,
        "costs": costs,
        "frontier": frontier,
        "limits": limits,
        "one_more_unit": decision_evidence.one_more_unit,
        "what_if": what_if,
        "cash_actions": decision_evidence.cash_actions,
        "lost_unit_price": decision_evidence.lost_unit_price,
    },
    "forecast": {
        "forecast": forecast,
        "calibration": calibration,
        "models": models,
        "model_value": decision_evidence.model_value,
        "value_added": forecast_evidence.value_added,
        "drivers": forecast_evidence.drivers,
        "drift": decision_evidence.drift,
        "recalibrations": decision_evidence.recalibrations,
    },
    "record": {
        "suppliers": supplier_evidence.suppliers,
        "plan_actual": decision_evidence.plan_actual,
        "override_value": decision_evidence.override_value,
        "alert_quality": decision_evidence.alert_quality,
        "segments": segments,
    },
    "run": {"changes": changes, "unknown": unknown},
}
