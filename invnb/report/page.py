"""One HTML page from tables: everything inside one file, nothing fetched."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup, escape

from invnb.report import first_screen, say
from invnb.report.drilldown import explorers
from invnb.report.evidence import exhibits
from invnb.report.inputs import Inputs
from invnb.report.method import blocks
from invnb.report.product_list import line_labels
from invnb.report.questions import ten_questions
from invnb.report.wording import Wording, is_missing

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).with_name("templates")
_SCRIPTS = ("script", "products")
_MOST_CSV_BYTES = 60_000
_MONEY = re.compile(r"−?(?:[¥€£$]|\b[A-Z]{3} )\d(?:[\d,.]*\d)?[万亿m]?")
LEAST_HISTORY_PERIODS = 26  # half a year of weeks: less shows no season and leaves nothing to replay


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(_TEMPLATES)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters["whole"] = whole
    return made


def whole(text: str) -> Markup:
    """A sentence, escaped, in which no line breaks inside an amount of money.

    Examples
    --------
    >>> str(whole("a < −€1,200."))
    'a &lt; <span class=whole>−€1,200</span>.'
    """
    return Markup(_MONEY.sub(r"<span class=whole>\g<0></span>", str(escape(text))))


def render(template: str, **values: Any) -> str:
    """Fill one of the package's templates; text is escaped, `Markup` and `Html` are taken as they are."""
    css = Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return _environment().get_template(template).render(css=css, **values)


def banners(given: Inputs) -> list[tuple[str, str]]:
    """What the reader must know first: a failed stage, an outdated report, a stage that has not run."""
    w, run = given.w, given.run
    status, errors, found = run.get("status") or {}, run.get("errors") or {}, []
    for stage, state in status.items():
        if state == "failed":
            text = w("status.banner_failed", stage=stage)
            error = str(errors.get(stage) or "")
            found.append(("failed", w("format.sentence_space").join([text, error]).strip()))
    if run.get("stale_because") or "stale" in status.values():
        reason = str(run.get("stale_because") or w("status.banner_reason")).rstrip(".。")
        found.append(("stale", w("status.banner_stale", reason=reason)))
    missing = [stage for stage, state in status.items() if state == "missing"]
    if missing:
        found.append(("stale", w("status.banner_incomplete", stages=", ".join(missing))))
    card = given.table("data_card", "name", "value")
    for n in pd.to_numeric(card.loc[card["name"] == "periods", "value"], errors="coerce").dropna():
        if n < LEAST_HISTORY_PERIODS:
            period, least = w(f"period.{given.period}"), LEAST_HISTORY_PERIODS
            found.append(("stale", w("page.short_history", n=w.number(n), period=period, least=least)))
    return found


def title_of(given: Inputs) -> str:
    """The category's name as a heading."""
    parameters = given.parameters
    names = (parameters.get("title"), parameters.get("product_category"), parameters.get("category"))
    name = next((str(n) for n in names if not is_missing(n)), "")
    return name[:1].upper() + name[1:]


def report_page(given: Inputs, orders_csv: bytes, other_page: str = "") -> str:
    """The whole report as one HTML text.

    Parameters
    ----------
    given : tables, parameters, run and wording.
    orders_csv : the order file, put into the page where it is small, else linked beside it.
    other_page : file name of the same report in the other language, nothing where there is none.
    """
    w = given.w
    orders = given.table("orders", "sku", "order_units", "line_value")
    headline, notes = say.decision(orders, given.budget, w)
    n_assumed = int(given.table("position", "assumed")["assumed"].fillna(False).astype(bool).sum())
    form = "decision.assumed_stock_one" if n_assumed == 1 else "decision.assumed_stock"
    notes += [w(form, n=n_assumed)] if n_assumed else []
    if "orders" not in given.tables:
        headline, notes = w("decision.no_proposal"), [w("decision.no_proposal_why")]
    kept, budget = say.ordered(orders), given.budget
    used = round(100 * min(float(kept["line_value"].sum()) / budget, 1.0)) if budget and len(kept) else None
    meta = []
    if not is_missing(given.run.get("data_through")):
        meta.append(w("page.data_through", date=w.date(given.run["data_through"])))
    if not is_missing(given.run.get("generated_at")):
        meta.append(w("page.generated", date=w.date(given.run["generated_at"])))
    name = title_of(given)
    csv = "orders.csv"  # beside the page; inside it where that is small, to be mailed with it
    if len(orders_csv) <= _MOST_CSV_BYTES:
        csv = "data:text/csv;charset=utf-8;base64," + base64.b64encode(orders_csv).decode()
    return render(
        "report.html",
        w=w,
        lang="zh-CN" if w.language == "zh" else "en",
        other_lang="en" if w.language == "zh" else "zh-CN",
        other_page=other_page,
        category=name,
        title=w("page.title", category=name),
        meta=meta,
        banners=banners(given),
        decision={"headline": headline, "notes": notes, "used": used, "csv": csv},
        proposed="orders" in given.tables,
        tiles=first_screen.tiles(given),
        top_orders=first_screen.top_orders(given),
        n_orders=len(orders),
        alerts=first_screen.alert_lines(given),
        alerts_known="alerts" in given.tables,
        n_alerts=len(given.table("alerts", "sku")),
        questions=ten_questions(given),
        exhibits=exhibits(given),
        explorers=explorers(given),
        blocks=blocks(given),
        currency=w.currency,
        period=w(f"period.{given.period}"),
        code_version=given.run.get("code_version") or "",
        line_labels=Markup(line_labels(w)),
        script=Markup("".join((_TEMPLATES / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)),
    )


def wording_for(language: str, currency: str) -> list[Wording]:
    """The wordings a report is written in: one, or English and Chinese for "both"."""
    return [Wording(code, currency) for code in (("en", "zh") if language == "both" else (language,))]
