"""Lists to search, sort and filter inside the page: order lines, alerts, products."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from invnb.report import say
from invnb.report.first_screen import sorted_alerts
from invnb.report.forecast_evidence import drivers_by_product
from invnb.report.inputs import Inputs
from invnb.report.style import sparkline
from invnb.report.tables import Column, Row, columns_of, html_table, rows_of
from invnb.report.wording import Wording, is_missing


@dataclass(frozen=True)
class Explorer:
    """One list of the page, and the words it can be filtered by as (value, text)."""

    key: str
    title: str
    intro: str
    table: Markup | str
    filters: tuple[tuple[str, str], ...]
    empty: str


def explorers(given: Inputs) -> list[Explorer]:
    """All lists in the order of the page."""
    return [orders(given), alerts(given), products(given)]


def _name(w: Wording) -> Column:
    def text(row: Row) -> Markup:
        sku = "" if is_missing(row.get("sku")) else str(row["sku"])
        return Markup("<bdi>{}</bdi> <span class=muted>{}</span>").format(w.name(row), sku)

    return Column("name", w("column.product"), text)


def _why(row: Row, w: Wording) -> Markup:
    """The reason of a line; its quantity is explained behind a fold."""
    fold = Markup("<details><summary>{}</summary>{}</details>")
    return fold.format(w.of("reason", row.get("reason_code")), say.why_quantity(row, w))


def orders(given: Inputs) -> Explorer:
    """Every line the plan wants, by rank, with why it has its quantity."""
    w = given.w
    table = given.table("orders", "sku", "order_units", "line_value")
    title, intro = w("page.all_orders"), w("page.all_orders_intro")
    if table.empty:
        return Explorer(
            "orders",
            title,
            intro,
            "",
            (),
            w("page.no_data" if "orders" not in given.tables else "file.nothing"),
        )
    if "rank" in table:
        table = table.sort_values("rank", kind="stable")
    keys = (
        "abc", "on_hand_units", "cover_days", "order_units", "line_value", "cumulative_value", "order_by",
        "expected_receipt", "stockout_probability", "expected_lost_margin_if_not_ordered", "value_per_money",
    )  # fmt: skip
    columns = [
        _name(w),
        *columns_of(table, w, ["supplier_name" if "supplier_name" in table else "supplier_id"]),
    ]
    columns += columns_of(table, w, keys)
    columns.append(Column("why", w("column.reason_code"), lambda row: _why(row, w)))
    reasons = [str(code) for code in table["reason_code"].dropna().unique()] if "reason_code" in table else []
    html = html_table(
        rows_of(table), columns, w("page.all_orders_caption"), sortable=True,
        row_class=lambda row: "cut" if row.get("reason_code") == say.CUT else "",
        row_filter=lambda row: str(row.get("reason_code", "")),
    )  # fmt: skip
    return Explorer(
        "orders", title, intro, html, tuple((code, w.of("reason", code)) for code in sorted(reasons)), ""
    )


def alerts(given: Inputs) -> Explorer:
    """Every alert in words, the most severe first."""
    w, table = given.w, sorted_alerts(given)
    title, intro = w("page.all_alerts"), say.alerts(table, w)
    if table.empty:
        known = "alerts" in given.tables
        return Explorer("alerts", title, "", "", (), w("page.no_alerts" if known else "page.no_data"))
    severity, kind = columns_of(table, w, ["severity", "type"])
    columns = [
        Column("severity", severity.label, severity.text, lambda row: str(row["severity"])), _name(w), kind,
        *columns_of(table, w, ["money_at_risk", "act_by", "on_hand_units"]),
        Column("action", w("column.action_code"), lambda row: say.alert_action(row, w)),
        Column("more", w("column.cause"), lambda row: say.alert_more(row, w)),
    ]  # fmt: skip
    kinds = sorted({str(code) for code in table["type"].dropna()})
    html = html_table(
        rows_of(table), columns, w("page.all_alerts_caption"), row_header="name", sortable=True,
        row_filter=lambda row: str(row["type"]),
    )  # fmt: skip
    return Explorer(
        "alerts", title, intro, html, tuple((code, w.of("alert_type", code)) for code in kinds), ""
    )


def product_table(given: Inputs) -> pd.DataFrame:
    """One row for every product any table knows, with what is known of it."""
    names = given.names.reset_index()
    skus = [
        given.table(name, "sku")["sku"]
        for name in ("position", "economics", "sku_segments", "projection", "orders")
    ]
    every = pd.Series(
        pd.concat([*skus, names.get("sku", pd.Series(dtype=object))]).unique(), name="sku", dtype=object
    )
    table = every.to_frame().merge(names, on="sku", how="left") if len(names) else every.to_frame()
    parts = {
        "sku_segments": ("abc", "xyz", "demand_class"),
        "position": ("on_hand_units", "inbound_units"),
        "economics": ("unit_cost", "price", "lead_time_days"),
        "orders": (
            "order_units",
            "cover_days",
            "stockout_probability",
            "reason_code",
            "on_hand_units",
            "abc",
            "xyz",
        ),
    }
    for source, wanted in parts.items():
        known = given.table(source, "sku").drop_duplicates("sku")
        columns = [c for c in wanted if c in known and c not in table]
        table = table.merge(known[["sku", *columns]], on="sku", how="left") if columns else table
    if "order_units" in table and "reason_code" in table:
        table.loc[table["reason_code"] == say.CUT, "order_units"] = 0
    demand = given.table("forecast", "sku", "mean")
    if len(demand):
        table["forecast"] = table["sku"].map(demand.groupby("sku")["mean"].sum())
    risk = given.table("projection", "sku", "stockout_probability")
    if len(risk):
        table["stockout_probability"] = table["sku"].map(risk.groupby("sku")["stockout_probability"].max())
    return table.sort_values("sku", kind="stable")


def products(given: Inputs) -> Explorer:
    """Every product with stock, demand, order and a small picture of the stock ahead."""
    w, table = given.w, product_table(given)
    title, intro = w("page.all_products"), w("page.all_products_intro")
    if table.empty:
        return Explorer("products-list", title, intro, "", (), w("page.no_data"))
    ahead = given.table("projection", "sku", "period", "stock_p10", "stock_p50", "stock_p90")
    ahead = ahead.dropna(subset=["stock_p10", "stock_p50", "stock_p90"]).sort_values("period")
    pictures = {
        sku: sparkline(*(rows[key].tolist() for key in ("stock_p50", "stock_p10", "stock_p90")))
        for sku, rows in ahead.groupby("sku", sort=False)
    }
    columns = [_name(w)]
    if pictures:
        columns.append(Column("ahead", w("column.projection"), lambda row: pictures.get(row["sku"], "")))
    columns += columns_of(
        table, w, ["abc", "xyz", "demand_class", "on_hand_units", "inbound_units", "cover_days"]
    )
    columns += columns_of(table, w, ["forecast", "stockout_probability", "order_units"])
    columns += columns_of(table, w, ["unit_cost", "price", "lead_time_days"])
    because = drivers_by_product(given)
    if because:
        columns.append(Column("drivers", w("column.drivers"), lambda row: because.get(str(row["sku"]), "")))
    classes = sorted({str(c) for c in table["abc"].dropna()}) if "abc" in table else []
    html = html_table(
        rows_of(table), columns, w("page.all_products_caption"), sortable=True,
        row_filter=lambda row: str(row.get("abc", "")),
    )  # fmt: skip
    return Explorer("products-list", title, intro, html, tuple((c, c) for c in classes), "")
