"""How the numbers were made: rules, assumptions, parameters, data, definitions, accuracy, versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from invnb.report.evidence import assumed_values, kpi_table
from invnb.report.first_screen import key_figures
from invnb.report.inputs import Inputs
from invnb.report.reasons import in_chinese
from invnb.report.tables import Column, column_label, frame_table, html_table, rows_of
from invnb.report.wording import MISSING, Wording, catalogue, is_missing

# Who knows a value that had to be assumed, and so can change it.
_WHO = dict.fromkeys(
    ("unit_cost", "order_cost", "lead_time_days", "lead_time_sd_days", "min_order_units", "pack_units",
     "review_period_periods"), "buying",
) | dict.fromkeys(("price", "lost_share", "shortage_cost_per_unit"), "sales") | {
    "volume_m3": "warehouse", "holding_cost_per_unit_period": "finance",
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One part of the method: title, sentences, points and tables, folded where they are long."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[tuple[str, Markup], ...] = ()
    folded: bool = False
    href: str = ""


def blocks(given: Inputs) -> list[Block]:
    """All parts of the method in the order of the page."""
    first = (_rules, _key_figures, _assumptions, _parameters, _data, _ledger, _definitions)
    return [make(given) for make in (*first, _accuracy, _policy, _stages, _versions, _warnings)]


def _rules(given: Inputs) -> Block:
    rules = tuple(given.w(f"method.{key}") for key in ("order_of_events", "packs", "service"))
    return Block("rules", given.w("method.rules"), (), rules)


def _frame(
    given: Inputs, key: str, frame: pd.DataFrame, keys: Sequence[str] | None = None, fold: bool = False
) -> Block:
    w = given.w
    caption = w(f"method.{key}_caption")
    table = frame_table(frame, caption, w, keys)
    folded, source = fold and not frame.empty, given.source(key)
    return Block(key, w(f"method.{key}"), (), (), ((caption, table),), folded, source)


def _key_figures(given: Inputs) -> Block:
    w, figures = given.w, key_figures(given)
    if figures.empty:
        return Block("key-figures", w("page.all_kpis"), (w("page.no_data"),))
    return Block(
        "key-figures", w("page.all_kpis"), (), (), ((w("page.all_kpis_caption"), kpi_table(given, figures)),)
    )


def _assumptions(given: Inputs) -> Block:
    w, assumed = given.w, assumed_values(given)
    title = w("method.assumptions")
    if assumed.empty:
        known = not given.table("economics", "assumed").empty
        return Block("assumptions", title, (w("say.unknown_none" if known else "page.no_data"),))

    def name(row: dict[str, Any]) -> Markup:
        return Markup('<span class="assumed">{}</span>').format(column_label(row["assumed"], w))

    columns = [
        Column("assumed", w("column.assumed"), name),
        Column("count", w("column.count"), lambda row: w.number(row["count"]), numeric=True),
        Column("who", w("column.who"), lambda row: w(f"who.{_WHO.get(row['assumed'], 'other')}")),
    ]
    caption = w("method.assumptions_caption")
    table = html_table(rows_of(assumed), columns, caption)
    intro, source = (w("method.assumptions_intro"),), given.source("economics")
    return Block("assumptions", title, intro, (), ((caption, table),), False, source)


def _text(value: Any) -> str:
    if value is None or value == "":
        return MISSING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _parameters(given: Inputs) -> Block:
    origin = given.run.get("parameter_origin") or {}
    rows = [
        {"parameter": name, "value": _text(value), "origin": str(origin.get(name, MISSING))}
        for name, value in sorted(given.parameters.items())
    ]
    return _frame(given, "parameters", pd.DataFrame(rows), fold=True)


def _data(given: Inputs) -> Block:
    w, card = given.w, given.table("data_card", "name", "value")
    rows = [
        {"what": w.of("data", name), "value": _known(str(name), value, w)} for name, value in card.to_numpy()
    ]
    return _frame(given, "data_card", pd.DataFrame(rows, columns=["what", "value"]))


def _known(name: str, value: Any, w: Wording) -> str:
    """A value of the data card as its readers write it: shares, days, counts; other text as it is."""
    if name.startswith("share_"):
        return w.share(float(value))
    if name.startswith(("first_", "last_")):
        return w.date(value)
    if name in ("not_loaded", "location_note", "stock") and value != "none":
        return in_chinese(str(value)) if w.language == "zh" else str(value)
    if name == "missing_tables" and value != "none":
        return w("format.list").join(w.of("table", table) for table in str(value).split())
    return w.number(int(value)) if str(value).isdigit() else w.of("data_value", value)


def _ledger(given: Inputs) -> Block:
    return _frame(given, "ledger", given.table("ledger", "outcome", "lines"))


def _definitions(given: Inputs) -> Block:
    w, texts = given.w, catalogue(given.w.language)
    colon, points = w("format.colon"), []
    for key in (k.removeprefix("definition.") for k in texts if k.startswith("definition.")):
        name = texts.get(f"kpi.{key}") or texts.get(f"glossary.{key}") or column_label(key, w)
        name = name[:1].upper() + name[1:]
        points.append(Markup("<b>{}</b>{}{}").format(name, colon, texts[f"definition.{key}"]))
    return Block("definitions", w("method.definitions"), (), tuple(points))


def _accuracy(given: Inputs) -> Block:
    w, scores = given.w, given.table("model_scores", "model", "demand_class", "metric", "value")
    if scores.empty:
        return Block("accuracy", w("method.accuracy"), (w("page.no_data"),))
    chosen = frame_table(given.table("champions", "demand_class", "model"), w("method.champions_caption"), w)
    wide = scores.pivot_table(index=["model", "demand_class"], columns="metric", values="value", sort=False)
    texts = catalogue(w.language)
    wide.columns = pd.Index([texts.get(f"metric.{name}", str(name).upper()) for name in wide.columns])
    table = frame_table(wide.reset_index(), w("method.accuracy_caption"), w)
    tables = ((w("method.champions_caption"), chosen), (w("method.accuracy_caption"), table))
    return Block("accuracy", w("method.accuracy"), (), (), tables, True, given.source("model_scores"))


def _policy(given: Inputs) -> Block:
    policies = given.table("policy", "sku", "policy")["policy"].value_counts()
    kinds = pd.DataFrame({"kind": policies.index.astype(str), "count": policies.to_numpy()})
    return _frame(given, "policy", kinds)


def _stages(given: Inputs) -> Block:
    w, run = given.w, given.run
    status, seconds, errors = (run.get(key) or {} for key in ("status", "seconds", "errors"))

    def state(row: dict[str, Any]) -> str | Markup:
        text, error = w.of("status", row["status"]), errors.get(row["stage"])
        return Markup('<span class="bad">{}</span> {}').format(text, error) if error else text

    def notebook(row: dict[str, Any]) -> Markup:
        link = Markup('<a href="notebooks/{0}.html">{1}<span class="vh"> {0}</span></a>')
        return link.format(row["stage"], w("method.notebook"))

    rows = [
        {"stage": stage, "status": status.get(stage, "missing"), "seconds": seconds.get(stage)}
        for stage in dict.fromkeys([*status, *seconds])
    ]
    if not rows:
        return Block("stages", w("method.seconds"), (w("page.no_data"),))
    columns = [
        Column("stage", w("column.stage"), lambda row: str(row["stage"])),
        Column("status", w("column.status"), state),
        Column("seconds", w("column.seconds"), lambda row: w.number(row["seconds"], 1), numeric=True),
        Column("notebook", w("column.notebook"), notebook),
    ]
    caption = w("method.seconds_caption")
    return Block("stages", w("method.seconds"), (), (), ((caption, html_table(rows, columns, caption)),))


def _versions(given: Inputs) -> Block:
    w, run = given.w, given.run
    versions = pd.DataFrame(sorted((run.get("versions") or {}).items()), columns=["package", "version"])
    hashes = sorted((run.get("hashes") or {}).items())
    caption = w("method.versions_caption")
    tables = [(caption, frame_table(versions, caption, w))] if len(versions) else []
    if hashes:
        columns = [
            Column("file", w("column.file"), lambda row: str(row["file"])),
            Column("sha256", w("column.sha256"), lambda row: Markup("<code>{}</code>").format(row["sha256"])),
        ]
        rows = [{"file": file, "sha256": value} for file, value in hashes]
        caption = w("method.hashes_caption")
        tables.append((caption, html_table(rows, columns, caption)))
    code = run.get("code_version")
    sentence = w("page.no_data") if is_missing(code) else w("method.code_version", version=code)
    return Block("versions", w("method.versions"), (sentence,), (), tuple(tables), bool(tables))


def _warnings(given: Inputs) -> Block:
    points = tuple(str(text) for text in given.run.get("warnings") or [])
    none = () if points else (given.w("method.no_warnings"),)
    return Block("warnings", given.w("method.warnings"), none, points)
