"""The order proposal as files: a CSV for programs and a workbook for planners and suppliers.

Text from data never becomes a formula: the workbook stores it as text cells, and in the CSV a text that a
spreadsheet would read as a formula gets an apostrophe before it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from invnb.report import say
from invnb.report.tables import kind_of
from invnb.report.wording import Wording, catalogue, is_missing

ORDER_COLUMNS = (
    "rank", "supplier_id", "supplier_name", "supplier_sku", "sku", "name", "name_zh", "category",
    "location", "abc", "xyz", "on_hand_units", "inbound_units", "next_receipt_date", "cover_days",
    "demand_p10", "demand_p50", "demand_p90", "order_units", "min_order_units", "pack_units",
    "rounded_up_by_units", "unit_cost", "line_value", "cumulative_value", "order_by", "late_by_days",
    "expected_receipt", "cover_after_days", "stockout_probability",
    "expected_lost_margin_if_not_ordered", "expected_excess_value", "marginal_value_last_unit",
    "value_per_money", "binding_limit", "reason_code", "confidence", "planner_units", "planner_reason",
    "calc_id",
)  # fmt: skip
_PLANNER = ("planner_units", "planner_reason")
_WIDE = {
    "name": 34,
    "name_zh": 22,
    "supplier_name": 24,
    "reason_code": 28,
    "planner_reason": 30,
    "calc_id": 18,
}
_FORMULA = re.compile(r"^\s*[=+\-@]|^[\t\r\n]")
_BOM = b"\xef\xbb\xbf"
# The longest name a sheet may have, and the signs it may not hold.
_SHEET_NAME = 31
_NOT_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def plain_text(value: Any) -> Any:
    """A text that no spreadsheet reads as a formula; anything else as it is.

    Examples
    --------
    >>> plain_text('=HYPERLINK("http://x")'), plain_text("Kettle"), plain_text(-3.0)
    ('\\'=HYPERLINK("http://x")', 'Kettle', -3.0)
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV with the byte order mark that spreadsheets need for Chinese; text is never a formula."""
    safe = table.copy()
    for key in safe.columns:
        values = safe[key]
        if not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_datetime64_any_dtype(values):
            safe[key] = values.map(plain_text)
    return _BOM + safe.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\r\n").encode("utf-8")


def orders_csv(orders: pd.DataFrame) -> bytes:
    """Every order line with the agreed columns in the agreed order; columns that are missing stay empty."""
    return csv_bytes(orders.reindex(columns=list(ORDER_COLUMNS)))


def sheet_names(suppliers: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """A valid and unique sheet name for each supplier.

    Examples
    --------
    >>> sheet_names(["A/B: Ltd", "a_b_ ltd", "'quoted'", ""])
    ['A_B_ Ltd', 'a_b_ ltd 2', 'quoted', '-']
    """
    used, result = {name.lower() for name in taken} | {"history"}, []
    for supplier in suppliers:
        readable = "".join(c for c in supplier if c.isprintable())
        base = _NOT_IN_SHEET_NAME.sub("_", readable).strip(" '") or "-"
        name, n = base[:_SHEET_NAME].strip(" '"), 1
        while name.lower() in used:
            n += 1
            name = f"{base[: _SHEET_NAME - len(str(n)) - 1]} {n}"
        used.add(name.lower())
        result.append(name)
    return result


def orders_xlsx(orders: pd.DataFrame, suppliers: pd.DataFrame, w: Wording, generated_at: str = "") -> bytes:
    """The order proposal as a workbook: summary, one sheet for each supplier, definitions.

    Parameters
    ----------
    orders : the `orders` table.
    suppliers : columns supplier_id, order_min_value; may be empty.
    w : the wording of headings.
    generated_at : written into the file's properties, so that the same run gives the same bytes.

    Returns
    -------
    The bytes of an .xlsx file.
    """
    import xlsxwriter

    table = orders.reindex(columns=list(ORDER_COLUMNS))
    stamp = pd.to_datetime(generated_at, errors="coerce") if generated_at else pd.NaT
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1) if pd.isna(stamp) else stamp.to_pydatetime()})
    formats = _formats(book, w)
    summary = book.add_worksheet(w("file.summary")[:_SHEET_NAME])
    keys = table["supplier_id"].map(lambda v: "" if is_missing(v) else str(v))
    groups = {key: table[keys == key] for key in sorted(keys.unique())}
    labels = {key: _supplier(rows, key, w) for key, rows in groups.items()}
    names = sheet_names(list(labels.values()), [w("file.summary"), w("file.definitions")])
    least = dict(zip(suppliers["supplier_id"].astype(str), suppliers["order_min_value"], strict=True))
    lines = []
    for (key, rows), name in zip(groups.items(), names, strict=True):
        _supplier_sheet(book.add_worksheet(name), rows, labels[key], least.get(key), w, formats)
        kept = say.ordered(rows)
        lines.append((labels[key], name, len(kept), float(kept["line_value"].sum()), least.get(key)))
    _summary_sheet(summary, lines, w, formats)
    _definitions_sheet(book.add_worksheet(w("file.definitions")[:_SHEET_NAME]), w, formats)
    book.close()
    return buffer.getvalue()


def _formats(book: Any, w: Wording) -> dict[str, Any]:
    money = f'"{w.symbol}"#,##0.00'
    head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#EEF2F6"}
    kinds = {
        "title": {"bold": True, "font_size": 14},
        "note": {"font_color": "#566173"},
        "head": head,
        "wrap": {"text_wrap": True, "valign": "top"},
        "text": {"num_format": "@"},
        "money": {"num_format": money},
        "total": {"num_format": money, "bold": True, "top": 1},
        "bold": {"bold": True, "top": 1},
        "share": {"num_format": "0.0%"},
        "count": {"num_format": "#,##0"},
        "number": {"num_format": "#,##0.0"},
        "date": {"num_format": "yyyy-mm-dd", "align": "left"},
        "planner": {"bg_color": "#FFF8E1", "border": 1, "border_color": "#D9C88A"},
    }
    return {kind: book.add_format(look) for kind, look in kinds.items()}


def _supplier(rows: pd.DataFrame, key: str, w: Wording) -> str:
    names = [str(name) for name in rows["supplier_name"] if not is_missing(name)]
    return names[0] if names else key or w("file.no_supplier")


def _minimum(total: float, minimum: Any, w: Wording) -> str:
    if is_missing(minimum) or float(minimum) <= 0:
        return w("file.no_minimum")
    short = float(minimum) - total
    cent = 0.005
    return (
        w("file.minimum_short", money=w.money(short, exact=True)) if short > cent else w("file.minimum_met")
    )


def _supplier_sheet(
    sheet: Any, rows: pd.DataFrame, supplier: str, minimum: Any, w: Wording, formats: dict[str, Any]
) -> None:
    """Lines to order, their total against the supplier's minimum, then what was cut."""
    from xlsxwriter.utility import xl_col_to_name

    kept, dropped = say.ordered(rows), say.cut(rows)
    total = float(kept["line_value"].sum())
    sheet.write_string(0, 0, w("file.orders_title", supplier=supplier), formats["title"])
    limit = "" if is_missing(minimum) else f"{w('file.supplier_minimum')}: {w.money(minimum, exact=True)}; "
    sheet.write_string(1, 0, limit + _minimum(total, minimum, w), formats["note"])
    sheet.write_string(2, 0, w("file.planner_help"), formats["note"])
    heads = catalogue(w.language)
    for column, key in enumerate(ORDER_COLUMNS):
        sheet.write_string(4, column, heads[f"column.{key}"], formats["head"])
        sheet.set_column(column, column, _WIDE.get(key, 12))
    place = _write_rows(sheet, 5, kept, w, formats)
    if kept.empty:
        sheet.write_string(place, 0, w("file.nothing"), formats["note"])
    else:
        column = ORDER_COLUMNS.index("line_value")
        letter = xl_col_to_name(column)
        sheet.write_string(place, ORDER_COLUMNS.index("name"), w("file.supplier_total"), formats["bold"])
        formula = f"=SUM({letter}6:{letter}{place})"
        sheet.write_formula(place, column, formula, formats["total"], round(total, 2))
    if len(dropped):
        sheet.write_string(place + 2, 0, w("file.not_ordered"), formats["note"])
        _write_rows(sheet, place + 3, dropped, w, formats)
    sheet.freeze_panes(5, ORDER_COLUMNS.index("name") + 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(4)


def _write_rows(sheet: Any, first: int, rows: pd.DataFrame, w: Wording, formats: dict[str, Any]) -> int:
    """Write order lines below each other and return the row after the last."""
    kinds = {key: kind_of(key, rows[key]) for key in ORDER_COLUMNS}
    for i, row in enumerate(rows.to_dict("records")):
        for column, key in enumerate(ORDER_COLUMNS):
            value, place, kind = row[key], first + i, kinds[key]
            if key in _PLANNER:
                sheet.write_blank(place, column, None, formats["planner"])
            elif is_missing(value):
                continue
            elif key in ("reason_code", "binding_limit"):
                text = w.of("reason" if key == "reason_code" else "limit", value)
                sheet.write_string(place, column, text, formats["text"])
            elif kind == "date":
                sheet.write_datetime(place, column, pd.Timestamp(value).to_pydatetime(), formats["date"])
            elif kind in ("money", "share", "count", "number"):
                style = "count" if kind == "number" and float(value).is_integer() else kind
                sheet.write_number(place, column, float(value), formats[style])
            else:
                sheet.write_string(place, column, str(value), formats["text"])
    return first + len(rows)


def _summary_sheet(
    sheet: Any, lines: list[tuple[str, str, int, float, Any]], w: Wording, formats: dict[str, Any]
) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 4, 20)
    sheet.write_string(0, 0, w("file.summary"), formats["title"])
    heads = ("column.supplier_name", "column.lines", "column.line_value", "file.supplier_minimum")
    for column, key in enumerate((*heads, "column.short_of_minimum")):
        sheet.write_string(2, column, w(key), formats["head"])
    for i, (label, name, count, total, minimum) in enumerate(lines):
        quoted = name.replace("'", "''")
        sheet.write_url(3 + i, 0, f"internal:'{quoted}'!A1", string=label)
        sheet.write_number(3 + i, 1, count, formats["count"])
        sheet.write_number(3 + i, 2, total, formats["money"])
        if not is_missing(minimum):
            sheet.write_number(3 + i, 3, float(minimum), formats["money"])
        sheet.write_string(3 + i, 4, _minimum(total, minimum, w))
    end = 3 + len(lines)
    sheet.write_string(end, 0, w("file.supplier_total") if lines else w("file.nothing"), formats["bold"])
    if lines:
        counted, value = sum(line[2] for line in lines), round(sum(line[3] for line in lines), 2)
        sheet.write_formula(end, 1, f"=SUM(B4:B{end})", formats["bold"], counted)
        sheet.write_formula(end, 2, f"=SUM(C4:C{end})", formats["total"], value)
    sheet.freeze_panes(3, 0)


def _definitions_sheet(sheet: Any, w: Wording, formats: dict[str, Any]) -> None:
    texts = catalogue(w.language)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, w("file.definitions"), formats["title"])
    for i, key in enumerate(k for k in ORDER_COLUMNS if f"column_help.{k}" in texts):
        sheet.write_string(2 + i, 0, texts[f"column.{key}"], formats["wrap"])
        sheet.write_string(2 + i, 1, texts[f"column_help.{key}"], formats["wrap"])
