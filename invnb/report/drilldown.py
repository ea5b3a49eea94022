"""Lists to search, sort and filter inside the page: order lines, alerts, products."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from invnb.report import say
from invnb.report.first_screen import sorted_alerts
from invnb.report.forecast_evidence import drivers_by_product
from invnb.report.inputs import Inputs
from invnb.report.product_list import anchors, pictures, product_table
from invnb.report.tables import Column, Row, columns_of, html_table, rows_of
from invnb.report.wording import Wording, is_missing


@dataclass(frozen=True)
class Explorer:
    """One list of the page, the words it can be filtered by as (value, text), where it was made, and what its
    pictures share."""

    key: str
    title: str
    intro: str
    table: Markup | str
    filters: tuple[tuple[str, str], ...]
    empty: str
    href: str = ""
    shared: str = ""


def explorers(given: Inputs) -> list[Explorer]:
    """All lists in the order of the page."""
    return [orders(given), alerts(given), products(given)]


def _name(w: Wording) -> Column:
    def text(row: Row) -> Markup:
        sku = "" if is_missing(row.get("sku")) else str(row["sku"])
        return Markup("<bdi>{}</bdi> <small>{}</small>").format(w.name(row), sku)

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
        "orders", title, intro, html, tuple((code, w.of("reason", code)) for code in sorted(reasons)), "",
        given.source("orders"),
    )  # fmt: skip


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
        "alerts", title, intro, html, tuple((code, w.of("alert_type", code)) for code in kinds), "",
        given.source("alerts"),
    )  # fmt: skip


def products(given: Inputs) -> Explorer:
    """Every product with stock, demand and order, and the numbers its pictures are drawn from."""
    w, table = given.w, product_table(given)
    title, intro = w("page.all_products"), w("page.all_products_intro")
    if table.empty:
        return Explorer("products-list", title, intro, "", (), w("page.no_data"))
    shared, write = pictures(given)
    columns = [_name(w)]
    if shared:
        fold = Column("ahead", w("column.projection"), lambda row: write(str(row["sku"])))
        columns.append(fold)
    keys = (
        "abc", "xyz", "demand_class", "on_hand_units", "inbound_units", "cover_days", "forecast",
        "stockout_probability", "reorder_point", "order_up_to_level", "order_units", "unit_cost", "price",
        "lead_time_days",
    )  # fmt: skip
    columns += columns_of(table, w, keys)
    because = drivers_by_product(given)
    if because:
        columns.append(Column("drivers", w("column.drivers"), lambda row: because.get(str(row["sku"]), "")))
    classes = sorted({str(c) for c in table["abc"].dropna()}) if "abc" in table else []
    place = anchors(given)
    html = html_table(
        rows_of(table), columns, w("page.all_products_caption"), sortable=True,
        row_filter=lambda row: str(row.get("abc", "")), row_id=lambda row: place[row["sku"]],
    )  # fmt: skip
    filters = tuple((c, c) for c in classes)
    return Explorer("products-list", title, intro, html, filters, "", given.source("projection"), shared)
