"""Two runs side by side, as lines for the terminal and as a page in each language."""

from __future__ import annotations

from typing import Any

import pandas as pd

from invnb.report.page import render, wording_for
from invnb.report.wording import MISSING, Wording, is_missing

SHOWN_ORDERS = 15
SAME = 1e-9  # rounding of a sum


def compare_lines(parameters: pd.DataFrame, figures: pd.DataFrame, orders: pd.DataFrame) -> list[str]:
    """The comparison as text: what differs in the parameters, the figures, the largest changes in orders.

    Examples
    --------
    >>> parameters = pd.DataFrame({"parameter": ["budget"], "a": ["10"], "b": ["12"]})
    >>> figures = pd.DataFrame({"area": ["money"], "figure": ["order_value"], "unit": ["CNY"], "a": [9.0],
    ...                         "b": [11.5], "difference": [2.5]})
    >>> print("\\n".join(compare_lines(parameters, figures, pd.DataFrame({"sku": []}))))
    budget: 10 -> 12
    <BLANKLINE>
    money        order value                         9.00          11.50          +2.50  CNY
    <BLANKLINE>
    0 products are ordered in another quantity
    """
    lines = [f"{row.parameter}: {row.a} -> {row.b}" for row in parameters.itertuples()]
    lines += [""]
    for row in figures.itertuples():
        a, b, difference = _cells(row.a, row.b, row.difference)
        lines.append(f"{row.area:<12} {_words(row.figure):<24}{a:>15}{b:>15}{difference:>15}  {row.unit}")
    lines += ["", f"{len(orders)} products are ordered in another quantity"]
    for row in orders.head(SHOWN_ORDERS).itertuples():
        units = f"{row.units_a:,.0f} -> {row.units_b:,.0f}"
        lines.append(f"  {row.sku:<12} {str(row.name)[:36]:<36} {units:>18}  {row.value_difference:+,.2f}")
    return lines


def compare_pages(
    a: str,
    b: str,
    parameters: pd.DataFrame,
    figures: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    currency: str,
    language: str = "en",
) -> dict[str, str]:
    """The comparison as HTML texts by the ending of their file: one, or one for each language.

    Parameters
    ----------
    a, b : names of the runs.
    parameters, figures, orders : tables of `invnb.decide.compare_runs.Comparison`.
    currency : of all money.
    language : "en", "zh" or "both" (then ".html" is English and ".zh.html" Chinese).

    Raises
    ------
    ValueError : for an unknown language.
    """
    wordings = wording_for(language, currency)
    endings = [".html", ".zh.html"][: len(wordings)]
    return {
        ending: render(
            "compare.html",
            w=w,
            lang="zh-CN" if w.language == "zh" else "en",
            other_lang="en" if w.language == "zh" else "zh-CN",
            other_page="".join(f"compare_{a}_{b}{other}" for other in endings if other != ending),
            a=a,
            b=b,
            parameters=parameters.to_dict("records"),
            figures=[_figure(row, w) for row in figures.itertuples()],
            orders=[_order(row, w) for _, row in orders.iterrows()],
        )
        for ending, w in zip(endings, wordings, strict=True)
    }


def _figure(row: Any, w: Wording) -> tuple[str, ...]:
    """Area, name, both values and their difference, as a reader of this language writes them."""
    key = str(row.figure)
    name = w.of("kpi" if row.area == "key figure" else "compare_figure", key)
    return (
        w.of("compare_area", row.area),
        name,
        _value(row.a, row.unit, w),
        _value(row.b, row.unit, w),
        _difference(row.difference, row.unit, w),
    )


def _order(row: pd.Series, w: Wording) -> tuple[str, ...]:
    """Product, name, both quantities and the difference in money."""
    difference = _difference(row["value_difference"], w.currency, w)
    return str(row["sku"]), w.name(row), w.units(row["units_a"]), w.units(row["units_b"]), difference


def _value(value: Any, unit: str, w: Wording) -> str:
    if unit == w.currency and not is_missing(value) and 0 < abs(value) < 1:
        return ("−" if value < 0 else "") + w.symbol + w.number(abs(value), 3)
    return w.money(value, exact=True) if unit == w.currency else w.measured(value, unit)


def _difference(value: Any, unit: str, w: Wording) -> str:
    """A difference with its sign, or that there is none; of two shares, in percentage points."""
    if is_missing(value):
        return MISSING
    if abs(value) < SAME:
        return w("compare.same")
    text = w.measured(100 * value, "points") if unit == "share" else _value(value, unit, w)
    return f"+{text}" if value > 0 else text


def _words(figure: Any) -> str:
    return str(figure).replace("_", " ")


def _cells(*values: Any) -> list[str]:
    """A figure of both runs and its difference, written alike; nothing where one is not known."""
    known = [abs(value) for value in values if not is_missing(value)]
    digits = 4 if known and max(known) < 2 else 2
    signs = [""] * (len(values) - 1) + ["+"]
    return [
        "–" if is_missing(value) else f"{value:{sign},.{digits}f}"
        for value, sign in zip(values, signs, strict=True)
    ]
