"""Two runs side by side, as lines for the terminal and as a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from invnb.report.page import render
from invnb.report.wording import is_missing

SHOWN_ORDERS = 15


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


def compare_page(
    a: str, b: str, parameters: pd.DataFrame, figures: pd.DataFrame, orders: pd.DataFrame, currency: str
) -> str:
    """The comparison as one HTML text.

    Parameters
    ----------
    a, b : names of the runs.
    parameters, figures, orders : tables of `invnb.decide.compare_runs.Comparison`.
    currency : of all money.
    """
    shown = [
        (row.area, _words(row.figure), *_cells(row.a, row.b, row.difference), row.unit)
        for row in figures.itertuples()
    ]
    lines = [
        (row.sku, row.name, f"{row.units_a:,.0f}", f"{row.units_b:,.0f}", f"{row.value_difference:+,.2f}")
        for row in orders.itertuples()
    ]
    return render(
        "compare.html",
        a=a,
        b=b,
        currency=currency,
        parameters=parameters.to_dict("records"),
        figures=shown,
        orders=lines,
    )


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
