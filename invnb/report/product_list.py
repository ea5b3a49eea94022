"""Every product the run knows, and the numbers from which the page draws its pictures.

The numbers stand in the list itself, as whole numbers in a fold for each product: a reader without scripts
reads them, and the page's script draws demand, forecast and stock from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
from markupsafe import Markup

from invnb.report import say
from invnb.report.inputs import Inputs
from invnb.report.reasons import in_chinese
from invnb.report.wording import Wording

MOST_PAST_PERIODS = 20
# The lines of a product's fold, in their order; the script and the style sheet count them.
LINES = (
    "sold", "forecast_before", "forecast_mean", "forecast_p10", "forecast_p90", "stock_p50", "stock_p10",
    "stock_p90", "without_order_p50",
)  # fmt: skip
KNOWING = ("position", "economics", "sku_segments", "projection", "orders", "products", "alerts", "policy")


def all_skus(given: Inputs) -> list[str]:
    """Every sku that any table names, sorted."""
    found = pd.concat([given.table(name, "sku")["sku"] for name in KNOWING]).dropna().unique()
    return sorted(found, key=str)


def anchors(given: Inputs) -> dict[str, str]:
    """The place of each product in the list of products, as an id."""
    return {sku: f"p{i}" for i, sku in enumerate(all_skus(given))}


def product_table(given: Inputs) -> pd.DataFrame:
    """One row for every product any table knows, with what is known of it."""
    names = given.names.reset_index()
    table = pd.DataFrame({"sku": pd.Series(all_skus(given), dtype=object)})
    table = table.merge(names, on="sku", how="left") if len(names) else table
    parts = {
        "sku_segments": ("abc", "xyz", "demand_class"),
        "position": ("on_hand_units", "inbound_units"),
        "economics": ("unit_cost", "price", "lead_time_days"),
        "policy": ("reorder_point", "order_up_to_level"),
        "orders": (
            "order_units", "cover_days", "stockout_probability", "reason_code", "on_hand_units", "abc", "xyz",
        ),
    }  # fmt: skip
    for source, wanted in parts.items():
        known = given.table(source, "sku").drop_duplicates("sku")
        columns = [c for c in wanted if c in known and c not in table]
        table = table.merge(known[["sku", *columns]], on="sku", how="left") if columns else table
    if "order_units" in table and "reason_code" in table:
        table.loc[table["reason_code"] == say.CUT, "order_units"] = 0
    if "reorder_point" in table:  # below zero: never ordered
        table["reorder_point"] = table["reorder_point"].where(table["reorder_point"] >= 0)
    demand = given.table("forecast", "sku", "mean")
    if len(demand):
        table["forecast"] = table["sku"].map(demand.groupby("sku")["mean"].sum())
    risk = given.table("projection", "sku", "stockout_probability")
    if len(risk):
        table["stockout_probability"] = table["sku"].map(risk.groupby("sku")["stockout_probability"].max())
    return table


def _past(given: Inputs) -> pd.DataFrame:
    """What was sold and what was forecast last before it, by product and period."""
    history = given.table("forecast_history", "origin", "sku", "period", "units", "forecast")
    ahead = given.table("forecast", "sku", "period", "mean")
    if {"model"} <= set(history) & set(ahead) and len(ahead):
        chosen = ahead[["sku", "model"]].drop_duplicates("sku")
        matched = history.merge(chosen, on=["sku", "model"])
        history = matched if len(matched) else history
    return history.sort_values("origin", kind="stable").drop_duplicates(["sku", "period"], keep="last")


def _wide(table: pd.DataFrame, column: str, periods: list[pd.Timestamp]) -> pd.DataFrame:
    """Whole units by sku and period; one decimal place for a product that moves few."""
    if column not in table or table.empty:
        return pd.DataFrame(columns=periods, dtype=float)
    wide = table.pivot_table(index="sku", columns="period", values=column, aggfunc="last")
    return wide.reindex(columns=periods).astype(float)


def _texts(wide: pd.DataFrame) -> dict[str, str]:
    """Each row's numbers as one short text, "-" for what is not known."""
    values = wide.to_numpy(float)
    few = np.nanmax(np.abs(values), axis=1, initial=0.0, where=~np.isnan(values)) < 10
    values = np.where(few[:, None], values.round(1), values.round())
    return {
        str(sku): " ".join("-" if v != v else f"{v:g}" if abs(v) < 1e5 else f"{v:.0f}" for v in row)
        for sku, row in zip(wide.index, values.tolist(), strict=True)
    }


def _forecast_reasons(given: Inputs) -> dict[str, str]:
    """Why a forecast is special (borrowed, cut, long unseen): a sentence by sku, if there is one."""
    known = given.table("forecast", "sku", "reason").dropna(subset="reason").drop_duplicates("sku")
    written = in_chinese if given.w.language == "zh" else str
    return {
        str(sku): given.w("say.forecast_reason", reason=written(str(reason)))
        for sku, reason in known[["sku", "reason"]].itertuples(index=False)
        if reason
    }


def pictures(given: Inputs) -> tuple[str, Callable[[str], Markup | str]]:
    """What the script draws each product from.

    Returns
    -------
    The words and dates all pictures share, as JSON, and a function that writes the fold of one product from
    its sku; both empty where no table holds a projection or a forecast.
    """
    w = given.w
    past, ahead = _past(given), given.table("forecast", "sku", "period", "mean")
    stock = given.table("projection", "sku", "period", "stock_p10", "stock_p50", "stock_p90")
    before = sorted(past["period"].dropna().unique())[-MOST_PAST_PERIODS:]
    after = sorted(set(ahead["period"].dropna()) | set(stock["period"].dropna()))
    if not after:
        return "", lambda sku: ""
    sources = {
        "sold": (past, "units", before), "forecast_before": (past, "forecast", before),
        "forecast_mean": (ahead, "mean", after), "forecast_p10": (ahead, "p10", after),
        "forecast_p90": (ahead, "p90", after), "stock_p50": (stock, "stock_p50", after),
        "stock_p10": (stock, "stock_p10", after), "stock_p90": (stock, "stock_p90", after),
        "without_order_p50": (stock, "without_order_p50", after),
    }  # fmt: skip
    lines = [_texts(_wide(*sources[key])) for key in LINES]
    complete = stock.dropna(subset=["stock_p50"])
    sentences = say.projection_by_product(complete, w("say.this_product"), w)
    special = _forecast_reasons(given)
    fold = Markup("<details><summary>{}</summary>{}{}</details>")
    shown = w("page.product_numbers")

    def write(sku: str) -> Markup | str:
        texts = [line.get(sku, "") for line in lines]
        if not any(texts):
            return ""
        told = " ".join(filter(None, (say.capital(sentences.get(sku, "")), special.get(sku))))
        return fold.format(shown, told, Markup("<p>" + "</p><p>".join(texts) + "</p>"))

    shared = {
        "before": [w.date(day, year=False) for day in before],
        "after": [w.date(day, year=False) for day in after],
        "words": {
            key: w(f"chart.{key}") for key in ("demand", "stock", "sold", "forecast", "with", "without")
        },
    }
    return json.dumps(shared, ensure_ascii=False, separators=(",", ":")), write


def line_labels(w: Wording) -> str:
    """The style rules that write before each line of a fold what it holds."""
    rules = []
    for i, key in enumerate(LINES, 1):
        text = json.dumps(w(f"line.{key}") + w("format.colon"), ensure_ascii=False)
        places = (f"{fold} p:nth-of-type({i})::before" for fold in (".lines", "#products-list details"))
        rules.append(f"{','.join(places)}{{content:{text}}}")
    return "\n".join(rules)
