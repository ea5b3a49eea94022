"""What a page is made from: the tables, the parameters, the run, and the wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pandas as pd

from invnb.report.wording import Wording, is_missing


@dataclass(frozen=True)
class Inputs:
    """Everything one page is made from.

    Parameters
    ----------
    tables : tables by name.
    parameters : parameters by name.
    run : see `invnb.report.write_report`.
    w : the wording.

    Examples
    --------
    >>> run = {"sources": {"orders": ["05_dp", "orders"]}}
    >>> given = Inputs({"orders": pd.DataFrame({"sku": ["a"]})}, {}, run, Wording("en", "EUR"))
    >>> given.source("orders"), len(given.table("orders")), len(given.table("orders", "order_units"))
    ('notebooks/05_dp.html#orders', 1, 0)
    """

    tables: Mapping[str, pd.DataFrame]
    parameters: Mapping[str, Any]
    run: Mapping[str, Any]
    w: Wording

    def table(self, name: str, *columns: str) -> pd.DataFrame:
        """The table, or an empty one where it is missing or lacks one of the columns."""
        frame = self.tables.get(name)
        if frame is None or not set(columns) <= set(frame.columns):
            return pd.DataFrame(columns=list(columns))
        return frame.reset_index(drop=True)

    def source(self, table: object) -> str:
        """Address of the notebook cell that made a table, or nothing where that is not known."""
        place = (self.run.get("sources") or {}).get(str(table))
        if not place:
            return ""
        stage, anchor = place
        return f"notebooks/{quote(str(stage))}.html" + (f"#{quote(str(anchor))}" if anchor else "")

    @property
    def period(self) -> str:
        """The period's key in the wording: "day" or "week"."""
        return "day" if str(self.parameters.get("period", "week")) == "day" else "week"

    @property
    def budget(self) -> float | None:
        """Money for one review, None where there is no limit."""
        budget: Any = self.parameters.get("budget")
        return None if is_missing(budget) else float(budget)

    def name(self, sku: object, limit: int = 0) -> str:
        """A product's name in the page's language, or its sku."""
        names = self.names
        row = names.loc[[sku]].to_dict("records")[0] if sku in names.index else {}
        return self.w.name({"sku": sku, **{str(k): v for k, v in row.items()}}, limit)

    @cached_property
    def names(self) -> pd.DataFrame:
        """Name and Chinese name of every product that any table knows, by sku."""
        known = [
            self.table(name).reindex(columns=["sku", "name", "name_zh"])
            for name in ("products", "orders", "alerts", "economics", "policy")
            if "sku" in self.table(name) and "name" in self.table(name)
        ]
        if not known:
            return pd.DataFrame(columns=["name", "name_zh"])
        return (
            pd.concat([k.astype(object) for k in known])
            .groupby("sku", sort=False)[["name", "name_zh"]]
            .first()
        )
