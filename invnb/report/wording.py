"""Words, numbers, money and dates in the habit of each language the report speaks.

The texts stand in `wording/en.toml` and `wording/zh.toml`; both hold the same keys and placeholders.
"""

from __future__ import annotations

import math
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

LANGUAGES = ("en", "zh")
MISSING = "–"
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_FOLDER = Path(__file__).with_name("wording")
_SYMBOLS = {"CNY": "¥", "JPY": "¥", "EUR": "€", "GBP": "£", "USD": "$"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of one language under dotted keys.

    Parameters
    ----------
    language : "en" or "zh".

    Raises
    ------
    ValueError : for another language.

    Examples
    --------
    >>> catalogue("zh")["glossary.fill_rate"]
    '满足率'
    """
    if language not in LANGUAGES:
        raise ValueError(f"language is {language!r}; choose one of {', '.join(LANGUAGES)}")
    return _flat(tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8")))


def is_missing(value: Any) -> bool:
    """True for None, NaN, NaT, infinities and empty text.

    Examples
    --------
    >>> [is_missing(v) for v in (None, float("nan"), "", 0, "0")]
    [True, True, True, False, False]
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    if isinstance(value, str):
        return not value.strip()
    try:
        return not math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True)
class Wording:
    """One language and one currency: texts by key, and numbers as its readers write them.

    Parameters
    ----------
    language : "en" or "zh".
    currency : ISO 4217 code of all money in the report.

    Examples
    --------
    >>> en, zh = Wording("en", "CNY"), Wording("zh", "CNY")
    >>> en.money(182400), zh.money(182400), en.share(0.961), en.date("2024-03-01"), zh.date("2024-03-01")
    ('¥182,400', '¥18.24万', '96.1%', '1 Mar 2024', '2024年3月1日')
    """

    language: str
    currency: str

    def __post_init__(self) -> None:
        catalogue(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """The text under a key with its placeholders filled; an unknown key is a programming error."""
        text = catalogue(self.language)[key].format(**values)
        return text.replace("….", "…")  # a name that was cut ends a sentence

    def of(self, group: str, code: object) -> str:
        """The text of a code from data, or the code itself in readable form where no text is known.

        Examples
        --------
        >>> Wording("en", "CNY").of("reason", "MOQ_FORCED"), Wording("en", "CNY").of("reason", "RAIN_DANCE")
        ('minimum order forces more', 'rain dance')
        """
        if is_missing(code):
            return MISSING
        known = catalogue(self.language).get(f"{group}.{code}")
        readable = str(code).replace("_", " ")
        return known or (readable.lower() if readable.isupper() else readable)

    @property
    def symbol(self) -> str:
        """The currency's sign, or its code and a space."""
        return _SYMBOLS.get(self.currency, f"{self.currency} ")

    @property
    def one(self) -> str:
        """One unit of money, such as €1."""
        return f"{self.symbol}1"

    def number(self, value: Any, digits: int = 0) -> str:
        """A number with grouped thousands; a dash where it is missing."""
        if is_missing(value):
            return MISSING
        text = f"{float(value):,.{digits}f}"
        if text.strip("-0.,") == "":
            text = text.lstrip("-")
        return text.replace("-", "−")

    def units(self, value: Any) -> str:
        """Pieces: whole where whole, else one decimal.

        Examples
        --------
        >>> Wording("en", "CNY").units(1200.0), Wording("en", "CNY").units(3.25)
        ('1,200', '3.2')
        """
        whole = is_missing(value) or float(value).is_integer() or abs(float(value)) >= 100
        return self.number(value, 0 if whole else 1)

    def money(self, value: Any, exact: bool = False) -> str:
        """Money for reading: rounded to what matters, unless `exact` asks for every unit (tables).

        Examples
        --------
        >>> w = Wording("en", "EUR")
        >>> w.money(0.456), w.money(-1234.5), w.money(12345678), w.money(12345678, exact=True)
        ('€0.46', '−€1,234', '€12.3m', '€12,345,678')
        """
        if is_missing(value):
            return MISSING
        size = abs(float(value))
        sign = "−" if float(value) < 0 and size >= 0.005 else ""
        if not exact and self.language == "zh" and size >= 1e4:
            scale, word = (1e8, "亿") if size >= 1e8 else (1e4, "万")
            return f"{sign}{self.symbol}{size / scale:,.2f}".rstrip("0").rstrip(".") + word
        if not exact and self.language == "en" and size >= 1e7:
            return f"{sign}{self.symbol}{size / 1e6:,.1f}m"
        digits = 2 if 0 < size < 100 and not size.is_integer() else 0
        return f"{sign}{self.symbol}{size:,.{digits}f}"

    def share(self, value: Any, digits: int = 1) -> str:
        """A share of one as per cent."""
        return MISSING if is_missing(value) else f"{self.number(100 * float(value), digits)}%"

    def date(self, value: Any, year: bool = True) -> str:
        """A calendar day; a dash where it is missing or no date."""
        day = pd.to_datetime(value, errors="coerce") if not is_missing(value) else pd.NaT
        if day is pd.NaT or pd.isna(day):
            return MISSING
        if self.language == "zh":
            return (f"{day.year}年" if year else "") + f"{day.month}月{day.day}日"
        return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")

    def days(self, value: Any) -> str:
        """A number of days with its unit."""
        return MISSING if is_missing(value) else self("format.days", n=self.number(value))

    def range(self, low: str, high: str) -> str:
        """Two formatted ends as an interval, or nothing where either is missing."""
        return "" if MISSING in (low, high) else self("format.range", low=low, high=high)

    def name(self, row: Mapping[str, Any] | pd.Series, limit: int = 0) -> str:
        """The product's name in this language (else the other, else its sku), cut to `limit` characters.

        Examples
        --------
        >>> Wording("zh", "CNY").name({"sku": "A1", "name": "Kettle", "name_zh": "水壶"})
        '水壶'
        """
        keys = ("name_zh", "name", "sku") if self.language == "zh" else ("name", "name_zh", "sku")
        text = next((str(row[k]) for k in keys if k in row and not is_missing(row[k])), MISSING)
        text = " ".join(text.split())
        text = text if not limit or len(text) <= limit else text[: limit - 1].rstrip() + "…"
        # A name written from right to left must not turn the sentence around it.
        turned = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in text)
        return f"{_ISOLATE}{text}{_END_ISOLATE}" if turned else text

    def measured(self, value: Any, unit: object) -> str:
        """A value in a unit named by a table: money, share, days, units, or any other word after it.

        Examples
        --------
        >>> w = Wording("en", "CNY")
        >>> w.measured(0.953, "share"), w.measured(4.25, "turns per year"), w.measured(1200, "CNY")
        ('95.3%', '4.2 turns per year', '¥1,200')
        """
        if is_missing(value):
            return MISSING
        word = "" if is_missing(unit) else str(unit)
        if word in (self.currency, "money", "currency"):
            return self.money(value)
        if word in ("share", "%", "percent", "ratio of one"):
            return self.share(value)
        if word in ("units", "lines", "products", "count"):
            return self.units(value)
        digits = 0 if abs(float(value)) >= 100 else 1 if abs(float(value)) >= 1 else 2
        text = self.number(value, digits)
        return f"{text} {self.of('unit', word)}" if word else text
