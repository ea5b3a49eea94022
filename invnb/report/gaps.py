"""What the data do not say: each gap in words of the page, with the products that have it."""

from __future__ import annotations

import re

from invnb.report.inputs import Inputs
from invnb.report.reasons import in_chinese
from invnb.report.wording import Wording

MOST_NAMES = 5
# How the notes of `position` and `orders` begin, and the text that says it in the page's language.
_KNOWN = {
    r"stock unknown: assumed (.+) periods of recent sales": "stock_assumed",
    r"negative stock counted as (?:backorders|waiting customers)": "negative",
    r"order without a date: (.+)": "no_date",
    r"order older than three lead times left out: (.+)": "zombie",
    r".+ units on the way without a date, not counted": "no_date_units",
    r"stock unknown": "no_stock",
    r"no demand scenarios|demand below zero": "no_demand",
    r"orders on the way unknown": "no_inbound",
    r"no valid (.+)": "no_valid",
    r"use of (.+) unknown": "no_use",
}


def gap(note: str, w: Wording) -> tuple[str, str]:
    """A note in the page's words, and what it adds for its product alone (an order's number).

    Examples
    --------
    >>> gap("order without a date: PO-7", Wording("en", "EUR"))
    ('Orders on the way without a date', 'PO-7')
    >>> gap("rain in the warehouse", Wording("en", "EUR"))
    ('rain in the warehouse', '')
    """
    for pattern, key in _KNOWN.items():
        found = re.fullmatch(pattern, note)
        if found:
            detail = found[1] if found.re.groups else ""
            if key == "no_use":
                detail = w.of("limit", detail)
            elif key == "no_valid" and w.language == "zh":
                detail = in_chinese(detail)
            common = key in ("no_valid", "no_use", "stock_assumed")  # of the gap itself, not of a product
            return w(f"gap.{key}", what=detail), "" if common else detail
    return note, ""


def gaps(given: Inputs) -> list[str]:
    """One sentence for each gap with the products that have it; none where nothing is missing."""
    w = given.w
    found: dict[str, dict[str, str]] = {}
    for table in ("position", "orders"):
        for sku, text in given.table(table, "sku", "note")[["sku", "note"]].fillna("").to_numpy():
            for note in filter(None, str(text).split("; ")):
                words, detail = gap(note, w)
                found.setdefault(words, {}).setdefault(sku, detail)
    sentences = []
    for words, products in found.items():
        named = []
        for sku, detail in list(products.items())[:MOST_NAMES]:
            name = given.name(sku, 40)
            named.append(w("gap.with", name=name, detail=detail) if detail else name)
        more = len(products) - len(named)
        named += [w("gap.more", n=w.number(more))] if more else []
        sentences.append(f"{words}{w('format.colon')}{w('format.join').join(named)}")
    return sentences
