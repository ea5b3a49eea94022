"""A product list from the order lines, for a shop that exports none: the usual name, a category by words."""

from __future__ import annotations

import re

import pandas as pd

from invnb.data import online_retail
from invnb.data.source_params import DerivedProducts
from invnb.data.tables import complete

OTHER = "other"
"""The category of a product none of the words fits."""


def categorise(names: pd.Series, rules: dict[str, list[str]]) -> pd.Series:
    """Each product's category: the first whose list has a word that begins some word of the name.

    Parameters
    ----------
    names : (n_product,) product names.
    rules : category to words, in order; a word with a blank is a phrase, one that ends in `$` a whole word.

    Examples
    --------
    >>> rules = {"bags": ["bag"], "kitchen": ["mug", "tea$"]}
    >>> categorise(pd.Series(["RED BAGS", "TEA TIME MUG", "TEAL VASE", "CABBAGE"]), rules).tolist()
    ['bags', 'kitchen', 'other', 'other']
    """
    lower = names.str.lower()
    out = pd.Series(OTHER, index=names.index, dtype="str")
    for category, words in rules.items():
        pattern = "|".join(
            re.escape(w.removesuffix("$")) + (r"s?\b" if w.endswith("$") else "") for w in words
        )
        fits = lower.str.contains(rf"\b(?:{pattern})", na=False)
        out = out.mask(fits & (out == OTHER), category)
    return out


def derive_products(
    sku: pd.Series, name: pd.Series, sold: pd.Series, derived: DerivedProducts, not_products: pd.Series
) -> pd.DataFrame:
    """A product list from order lines.

    A product's name is the text that stands most often on lines with units sold and money paid (write-offs
    carry remarks such as "damaged"), the alphabetically first among equals. Codes that differ only in case
    are one product, in capitals.

    Parameters
    ----------
    sku, name : (n_line,) as read.
    sold : (n_line,) whether units were sold and paid.
    derived : which column names the product, and the words of each category.
    not_products : (n_line,) whether the code is no product.

    Examples
    --------
    >>> derived = DerivedProducts(name_column="Text", category_rules={"kitchen": ["mug"]})
    >>> lines = pd.DataFrame({"sku": ["a", "A", "b"], "name": ["RED MUG", "RED MUG", "?"]})
    >>> sold, codes = pd.Series([True, True, False]), pd.Series(False, index=range(3))
    >>> table = derive_products(lines["sku"], lines["name"], sold, derived, codes)
    >>> table[["sku", "name", "category"]]
      sku     name category
    0   A  RED MUG  kitchen
    """
    lines = pd.DataFrame({"sku": sku, "name": name})[sold & ~not_products].dropna()
    written = (
        lines.value_counts().rename("lines").reset_index()
    )  # few, so that texts are put in order quickly
    written["sku"] = written["sku"].str.upper()
    written["name"] = written["name"].str.split().str.join(" ")
    counts = written.groupby(["sku", "name"])["lines"].sum().reset_index()
    counts = counts.sort_values(["sku", "lines", "name"], ascending=[True, False, True])
    master = counts.drop_duplicates("sku")[["sku", "name"]].reset_index(drop=True)
    rules = (
        online_retail.CATEGORY_WORDS if derived.category_rules == "online_retail" else derived.category_rules
    )
    return complete("products", master.assign(category=categorise(master["name"], rules)))
