"""Tables as HTML: caption, headings with scope, numbers in the reader's habit, text from data always
escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from invnb.report.reasons import in_chinese
from invnb.report.style import Html
from invnb.report.wording import MISSING, Wording, catalogue, is_missing

Row = dict[str, Any]
_MONEY = (
    "value",
    "cost",
    "saving",
    "margin_if_not_ordered",
    "money_at_risk",
    "money_at_risk_p10",
    "money_at_risk_p90",
    "shadow_price",
    "cash_freed",
)
_SHARES = (
    "probability",
    "share",
    "fill_rate",
    "cycle_service",
    "nominal",
    "covered",
    "ready_rate",
    "confidence",
    "otif",
    "wape",
)
_COUNTS = ("units", "forecast", "mean", "p10", "p50", "p90", "lines", "products", "count", "n")
_SENTENCES = ("reason", "note")
_DATES = ("date", "order_by", "expected_receipt", "act_by", "period", "origin_period")
_CODES = {
    "reason_code": "reason",
    "severity": "severity",
    "type": "alert_type",
    "action_code": "action",
    "alternative_code": "action",
    "cause": "cause",
    "outcome": "outcome",
    "demand_class": "demand_class",
    "limit": "limit",
    "binding_limit": "limit",
    "cost_kind": "cost",
    "policy": "policy",
    "kpi": "kpi",
    "source": "cost",
    "model": "model",
    "best": "model",
}


@dataclass(frozen=True)
class Column:
    """One column of a page's table.

    Parameters
    ----------
    key : its name in the row.
    label : its heading.
    text : writes the cell from the row; text is escaped, `Markup` is taken as it is.
    sort : what the row is sorted by, where that is not the text (or the number in it).
    numeric : right-aligned.
    """

    key: str
    label: str
    text: Callable[[Row], str]
    sort: Callable[[Row], float | str] | None = None
    numeric: bool = False


def kind_of(key: str, values: pd.Series | None = None) -> str:
    """What a column holds, told by its name, which carries the unit, and by its type.

    Examples
    --------
    >>> [kind_of(k) for k in ("line_value", "stockout_probability", "order_units", "order_by", "name")]
    ['money', 'share', 'count', 'date', 'text']
    """
    numeric = values is None or pd.api.types.is_numeric_dtype(values)
    if values is not None and pd.api.types.is_bool_dtype(values):
        return "flag"
    if (
        key in _DATES
        or key.endswith("_date")
        or (values is not None and pd.api.types.is_datetime64_any_dtype(values))
    ):
        return "date"
    if key in _CODES and not (values is not None and numeric):
        return "code"
    if not numeric:
        return "text"
    last = key.rsplit("_", 1)[-1]
    if key in _MONEY or last in ("cost", "value", "price") or key.endswith("margin_if_not_ordered"):
        return "money"
    if key in _SHARES or last in ("share", "probability"):
        return "share"
    if key in _COUNTS or last == "units" or key.startswith(("demand_p", "stock_p", "without_order")):
        return "count"
    return "number" if values is not None or last in ("days", "rank", "seconds") else "text"


def formatter(key: str, w: Wording, values: pd.Series | None = None, kind: str = "") -> Callable[[Any], str]:
    """The function that writes one value of a column as text; `kind` where its name does not tell."""
    kind = kind or kind_of(key, values)
    if kind == "code":
        return lambda value: w.of(_CODES[key], value)
    if kind == "flag":
        return lambda value: MISSING if is_missing(value) else w("page.yes" if value else "page.no")
    if kind == "money":
        return lambda value: w.money(value, exact=True)
    if kind in ("share", "date"):
        return {"share": w.share, "date": w.date}[kind]
    if kind == "count":
        return w.units
    if kind == "number":
        return partial(w.number, digits=_digits(key, values))
    written = in_chinese if w.language == "zh" and key in _SENTENCES else str
    return lambda value: MISSING if is_missing(value) else written(str(value))


def _digits(key: str, values: pd.Series | None) -> int:
    """Decimals for a whole column: none where all are whole, one for times and large numbers, three where all
    are below one, else two.
    """
    known = pd.Series(dtype=float) if values is None else values.dropna().astype(float)
    if (known == known.round()).all():
        return 0
    if key.endswith(("days", "seconds", "weeks")) or known.abs().max() >= 100:
        return 1
    return 2 if known.abs().max() >= 1 else 3


def column_label(key: object, w: Wording) -> str:
    """A column's heading in the report's language, or its name in readable form where no text is known."""
    return catalogue(w.language).get(f"column.{key}", str(key).replace("_", " "))


def columns_of(
    frame: pd.DataFrame,
    w: Wording,
    keys: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> list[Column]:
    """Columns for a table as it is: headings from the wording, formats from the names and types, or from
    `kinds` where a name does not tell.
    """
    result = []
    for key in [k for k in (keys or frame.columns) if k in frame.columns]:
        kind = (kinds or {}).get(key) or kind_of(key, frame[key])
        write = formatter(key, w, frame[key], kind)
        numeric = kind in ("money", "share", "count", "number", "date")
        result.append(
            Column(
                key,
                column_label(key, w),
                partial(_cell, key, write),
                partial(_order, key) if kind == "date" else None,
                numeric,
            )
        )
    return result


def _cell(key: str, write: Callable[[Any], str], row: Row) -> str:
    return write(row[key])


def _order(key: str, row: Row) -> str:
    value = row[key]
    return "" if is_missing(value) else str(value.strftime("%Y-%m-%d"))


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """The rows of a table, each a dict by column name."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def html_table(
    rows: Sequence[Row],
    columns: Sequence[Column],
    caption: str,
    *,
    row_header: str = "",
    sortable: bool = False,
    row_class: Callable[[Row], str] | None = None,
    row_filter: Callable[[Row], str] | None = None,
    row_id: Callable[[Row], str] | None = None,
    show_caption: bool = False,
) -> Markup:
    """A `<table>` with caption and scoped headings.

    Parameters
    ----------
    rows : one dict for each row.
    columns : what stands in each.
    caption : what the table holds, read aloud before it.
    row_header : key of the column that names the row (default: the first).
    sortable : mark it for the page's small script (the page is complete without).
    row_class, row_filter, row_id : CSS class of a row, the word the filter compares, and its id.
    """
    header = row_header or columns[0].key
    # In a long list columns are aligned from its head: a class on every cell would be a tenth of the page.
    aligned = " ".join(f"r{i}" for i, c in enumerate(columns, 1) if c.numeric)
    parts = [f'<table data-sortable class="{aligned}">' if sortable else "<table>"]
    parts.append(f"<caption{'' if show_caption else ' class=vh'}>{escape(caption)}</caption><thead><tr>")
    parts += [f'<th scope="col"{" class=n" if c.numeric else ""}>{escape(c.label)}</th>' for c in columns]
    parts.append("</tr></thead><tbody>")
    for row in rows:
        css, word = row_class(row) if row_class else "", row_filter(row) if row_filter else ""
        parts.append("<tr" + (f' class="{escape(css)}"' if css else ""))
        parts.append(f" id={row_id(row)}" if row_id else "")
        parts.append((f" data-f={_attribute(word)}" if word else "") + ">")
        for c in columns:
            attributes = " class=n" if c.numeric and not sortable else ""
            if sortable and c.sort:
                attributes += f" data-v={_attribute(c.sort(row))}"
            tag = "th scope=row" if c.key == header else "td"
            parts.append(f"<{tag}{attributes}>{escape(c.text(row))}</{tag[:2]}>")
        parts.append("</tr>")
    parts.append("</tbody></table>")
    return Markup("".join(parts))


def _attribute(value: object) -> str:
    """An attribute's value, without quotes where it needs none: a long list is smaller for it."""
    text = str(value)
    plain = text.isascii() and text.replace(".", "").replace("-", "").replace("_", "").isalnum()
    return text if plain else f'"{escape(text)}"'


def frame_table(
    frame: pd.DataFrame,
    caption: str,
    w: Wording,
    keys: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    **options: Any,
) -> Markup:
    """A data frame as a table in the report's wording; `keys` chooses and orders the columns, `kinds` says
    what a column holds where its name does not tell.
    """
    columns = columns_of(frame, w, keys, kinds)
    if frame.empty or not columns:
        return Markup("<p class=none>{}</p>").format(w("page.no_data"))
    return html_table(rows_of(frame), columns, caption, **options)


def table(frame: pd.DataFrame, caption: str, *, currency: str = "", language: str = "en") -> Html:
    """A data frame as a readable table for a notebook.

    Parameters
    ----------
    frame : any table; a column's name tells its unit.
    caption : one sentence that says what it holds.
    currency : ISO code put before money, nothing where empty.
    language : "en" or "zh".

    Raises
    ------
    ValueError : where `caption` is empty.

    Examples
    --------
    >>> html = table(pd.DataFrame({"sku": ["<b>"], "order_units": [1200.0]}), "What to order").html
    >>> "1,200" in html and "&lt;b&gt;" in html and "<caption" in html
    True
    """
    if not caption.strip():
        raise ValueError("caption is empty; say in a sentence what the table holds")
    w = Wording(language, currency)
    flat = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    return Html(str(frame_table(flat, caption, w, show_caption=True)))
