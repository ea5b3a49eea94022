"""What a manager sees without scrolling: the decision, at most eight numbers, alerts in words, ten orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from invnb.report import say
from invnb.report.inputs import Inputs
from invnb.report.product_list import anchors
from invnb.report.tables import Column, html_table, rows_of
from invnb.report.wording import MISSING, Wording, is_missing

MOST_TILES, MOST_ALERTS, MOST_ORDERS = 8, 5, 10
# The numbers shown first, by what a decision needs; others follow in the table's order.
_FIRST = (
    "saving", "expected_lost_margin", "fill_rate", "stock_value", "excess_value", "turnover",
    "forecast_wape", "marginal_value_of_budget", "cycle_service_level", "weeks_of_cover", "gmroi",
)  # fmt: skip
_SIGNED = ("forecast_bias",)
_IN_HEADLINE = ("order_lines", "order_value")
_MARKS = {"S1": "▲", "S2": "◆", "S3": "●", "S4": "○"}


@dataclass(frozen=True)
class Tile:
    """One key figure: label, value, range, and its comparisons as (css class, mark, text)."""

    label: str
    value: str
    range: str
    compare: tuple[tuple[str, str, str], ...]
    href: str


@dataclass(frozen=True)
class AlertLine:
    """One alert in words."""

    severity: str
    mark: str
    urgency: str
    head: str
    rest: str
    href: str


def key_figures(given: Inputs) -> pd.DataFrame:
    """The `kpis` table in the page's order, with the saving against today's rule where it lacks that."""
    kpis = given.table("kpis", "kpi", "value")
    saving, low, high = say.total_saving(given.table("savings", "source", "saving"))
    if not is_missing(saving) and "saving" not in set(kpis["kpi"]):
        row = {"kpi": "saving", "value": saving, "low": low, "high": high, "unit": "money", "better": "up"}
        row |= {"table": "savings"}
        kpis = pd.concat([kpis, pd.DataFrame([row])], ignore_index=True)
    rank = {name: i for i, name in enumerate(_FIRST)}
    return kpis.sort_values("kpi", key=lambda names: names.map(rank).fillna(len(rank)), kind="stable")


def _short(value: Any, unit: object, w: Wording) -> str:
    """A value to compare with: the words of its unit stand beside the figure already."""
    text = w.measured(value, unit)
    return text.removesuffix(f" {w.of('unit', unit)}")


def compare(row: Any, given: Inputs) -> tuple[tuple[str, str, str], ...]:
    """Comparisons of one key figure: with its target (tick or cross) and with the last run (arrow)."""
    w, value, unit = given.w, row.get("value"), row.get("unit")
    previous, target = row.get("previous"), row.get("target")
    if is_missing(previous):
        previous = ((given.run.get("previous") or {}).get("kpis") or {}).get(row.get("kpi"))
    up = row.get("better") != "down"
    parts = []
    if is_missing(value):
        return ()
    if row.get("kpi") in _SIGNED:  # the nearer to zero the better, on either side
        value, previous, target = (x if is_missing(x) else abs(x) for x in (value, previous, target))
    if not is_missing(target):
        met = value >= target if up else value <= target
        text = w("page.target_met" if met else "page.target_missed", target=_short(target, unit, w))
        parts.append(("good", "✓", text) if met else ("bad", "✗", text))
    if not is_missing(previous):
        text = w("page.previous", value=_short(previous, unit, w))
        better = (value > previous) == up
        same = w.measured(value, unit) == w.measured(previous, unit)  # as far as the reader can see
        mark = "=" if same else "▲" if value > previous else "▼"
        parts.append(("" if same else "good" if better else "bad", mark, text))
    return tuple(parts) or (("", "", w("page.no_comparison")),)


def _label(kpi: object, given: Inputs) -> str:
    """A key figure's name; the saving says over which time."""
    n = given.parameters.get("backtest_periods")
    if kpi == "saving" and not is_missing(n):
        return given.w("kpi.saving_over", n=given.w.number(n), period=given.w(f"period.{given.period}"))
    return given.w.of("kpi", kpi)


def tiles(given: Inputs) -> list[Tile]:
    """At most eight key figures with unit, comparison, target and range."""
    w, result = given.w, []
    figures = key_figures(given)
    figures = figures[~figures["kpi"].isin(_IN_HEADLINE)].dropna(subset=["value"])
    for row in rows_of(figures.head(MOST_TILES)):
        spread = w.range(*(w.measured(row.get(end), row.get("unit")) for end in ("low", "high")))
        result.append(
            Tile(
                _label(row["kpi"], given),
                w.measured(row["value"], row.get("unit")),
                w("format.in_brackets", text=spread) if spread else "",
                compare(row, given),
                given.source(row.get("table")),
            )
        )
    return result


def sorted_alerts(given: Inputs) -> pd.DataFrame:
    """Alerts, the most severe and dearest first."""
    alerts = given.table("alerts", "type", "severity", "money_at_risk", "sku")
    return alerts.sort_values(["severity", "money_at_risk"], ascending=[True, False], kind="stable")


def alert_lines(given: Inputs) -> list[AlertLine]:
    """The alerts that matter most, in words."""
    lines, place = [], anchors(given)
    for row in rows_of(sorted_alerts(given).head(MOST_ALERTS)):
        head, rest = say.alert(row, given.w, limit=40)
        severity = str(row["severity"]) if str(row["severity"]) in _MARKS else "S4"
        urgency, href = (
            given.w.of("severity", severity),
            f"#{place[row['sku']]}" if row["sku"] in place else "",
        )
        lines.append(AlertLine(severity, _MARKS[severity], urgency, head, rest, href))
    return lines


def top_orders(given: Inputs) -> Markup:
    """The ten order lines whose absence would cost most, with why and by when."""
    w = given.w
    orders = given.table("orders", "sku", "order_units", "line_value")
    kept = say.ordered(orders)
    if kept.empty:
        known = "orders" in given.tables and len(orders.columns) > 3
        text = w("page.no_data") if not known else say.decision(orders, given.budget, w)[0]
        return Markup("<p class=none>{}</p>").format(text)
    worth = "expected_lost_margin_if_not_ordered"
    kept = kept.sort_values(worth if worth in kept else "line_value", ascending=False, kind="stable")

    place = anchors(given)

    def product(row: dict[str, Any]) -> Markup:
        text = Markup('<a class="name" href="#{}"><bdi>{}</bdi></a> <span class="why">{}</span>')
        return text.format(place[row["sku"]], w.name(row, 44), say.why(row, w))

    def due(row: dict[str, Any]) -> str | Markup:
        date, late = w.date(row.get("order_by"), year=False), row.get("late_by_days")
        if late is None or is_missing(late) or float(late) <= 0 or date == MISSING:
            return date
        return Markup('<span class="bad">{} ({})</span>').format(date, w("page.late", n=w.number(late)))

    columns = [
        Column("name", w("column.product"), product),
        Column("order_units", w("column.order_units"), lambda r: w.units(r["order_units"]), numeric=True),
        Column("line_value", w("column.line_value"), lambda r: w.money(r["line_value"], True), numeric=True),
        Column("worth", w(f"column.{worth}"), lambda r: w.money(r.get(worth), True), numeric=True),
        Column("order_by", w("column.order_by"), due, numeric=True),
    ]
    return html_table(rows_of(kept.head(MOST_ORDERS)), columns, w("page.top_orders_caption"))
