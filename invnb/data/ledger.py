"""One verdict per input line: accepted, changed, rejected or of another category, with one named reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from invnb.data.sources import RawTable

OUTCOMES = ("accepted", "changed", "rejected", "other_category")
LEDGER_COLUMNS = ["table", "file", "outcome", "reason", "lines"]
REJECTED_COLUMNS = ["table", "file", "line", "reason", "value"]


class LineLedger:
    """The verdicts on the lines of one table's files, taken one rule after the other.

    A refused line keeps its first reason, a changed line its last. What no rule touches is accepted.

    Parameters
    ----------
    raw : the lines as read.

    Examples
    --------
    >>> from invnb.data.sources import RawTable
    >>> raw = RawTable("sales", pd.DataFrame({"sku": ["a", None, "b"]}), np.array(["f"] * 3), np.arange(2, 5))
    >>> ledger = LineLedger(raw)
    >>> ledger.reject(raw.cells["sku"].isna(), "blank sku")
    >>> ledger.summary()[["outcome", "reason", "lines"]]
        outcome     reason  lines
    0  accepted                 2
    1  rejected  blank sku      1
    """

    def __init__(self, raw: RawTable) -> None:
        self.raw = raw
        n_line = len(raw.line)
        self._outcome = np.zeros(n_line, dtype=np.int8)
        self._reason = np.zeros(n_line, dtype=np.int32)
        self._value = np.full(n_line, None, dtype=object)
        self._reasons = [""]

    @property
    def kept(self) -> np.ndarray:
        """(n_line,) whether the line is still in: not rejected and of this category."""
        return self._outcome < OUTCOMES.index("rejected")

    @property
    def is_other_category(self) -> np.ndarray:
        """(n_line,) whether the line was laid aside as one of another category."""
        return self._outcome == OUTCOMES.index("other_category")

    def reject(self, where: np.ndarray | pd.Series, reason: str, value: pd.Series | None = None) -> None:
        """Refuse the lines `where` that are still in, for this reason, noting the offending value."""
        self._decide(where, "rejected", reason, value)

    def other_category(self, where: np.ndarray | pd.Series) -> None:
        """Lay aside the lines `where` of products of another category."""
        self._decide(where, "other_category", "")

    def change(self, where: np.ndarray | pd.Series, reason: str) -> None:
        """Say that something of the lines `where` that are still in was changed."""
        self._decide(where, "changed", reason)

    def remark(self, where: np.ndarray | pd.Series, reason: str) -> None:
        """Keep the lines `where` as they are, with a remark."""
        self._decide(np.asarray(where, dtype=bool) & (self._reason == 0), "accepted", reason)

    def _decide(
        self, where: np.ndarray | pd.Series, outcome: str, reason: str, value: pd.Series | None = None
    ) -> None:
        lines = np.flatnonzero(np.asarray(where, dtype=bool) & self.kept)
        if not lines.size:
            return
        if reason not in self._reasons:
            self._reasons.append(reason)
        self._outcome[lines] = OUTCOMES.index(outcome)
        self._reason[lines] = self._reasons.index(reason)
        if value is not None:
            self._value[lines] = value.iloc[lines].astype(object).to_numpy()

    def summary(self) -> pd.DataFrame:
        """Lines by file, outcome and reason (`LEDGER_COLUMNS`); they add up to the lines read.

        A heading that looks personal and was not loaded is one row more, of no lines.
        """
        counts = (
            pd.DataFrame({"file": self.raw.file, "outcome": self._outcome, "reason": self._reason})
            .value_counts(sort=False)
            .rename("lines")
            .reset_index()
        )
        counts["outcome"] = np.array(OUTCOMES)[counts["outcome"]]
        counts["reason"] = np.array(self._reasons, dtype=object)[counts["reason"]]
        broken = pd.Series([file for file, *_ in self.raw.broken], dtype="str").value_counts()
        notes = [
            *((file, "rejected", BROKEN_LINE, int(lines)) for file, lines in broken.items()),
            *((file, "not_loaded", f'column "{heading}" looks like personal data', 0)
              for file, heading in self.raw.not_loaded),
        ]  # fmt: skip
        more = pd.DataFrame(notes, columns=["file", "outcome", "reason", "lines"])
        ledger = pd.concat([counts, more], ignore_index=True) if notes else counts
        ledger.insert(0, "table", self.raw.table)
        ledger = ledger.astype(
            {"table": "str", "file": "str", "outcome": "str", "reason": "str", "lines": "int64"}
        )
        for file, lines in ledger.groupby("file")["lines"].sum().items():
            read = self.raw.lines_read(str(file))
            assert lines == read, f"{file}: the ledger holds {lines} lines, {read} were read"
        return ledger.sort_values(["file", "outcome", "reason"], ignore_index=True)

    def rejected(self) -> pd.DataFrame:
        """The refused lines (`REJECTED_COLUMNS`), in the order of the file."""
        lines = np.flatnonzero(self._outcome == OUTCOMES.index("rejected"))
        single = pd.DataFrame(
            {
                "file": self.raw.file[lines],
                "line": self.raw.line[lines],
                "reason": np.array(self._reasons, dtype=object)[self._reason[lines]],
                "value": self._value[lines],
            }
        )
        broken = pd.DataFrame(
            [(file, line, BROKEN_LINE, text) for file, line, text in self.raw.broken], columns=single.columns
        )
        out = pd.concat([single, broken], ignore_index=True) if len(broken) else single
        out.insert(0, "table", self.raw.table)
        out["value"] = out["value"].map(lambda v: v if v is None or pd.isna(v) else str(v))
        types = {"table": "str", "file": "str", "line": "int64", "reason": "str", "value": "str"}
        return out.astype(types).sort_values(["file", "line"], ignore_index=True)


BROKEN_LINE = "wrong number of cells"


def joined(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The ledgers (or rejected lines) of all tables, one below the other.

    >>> joined([], LEDGER_COLUMNS).columns.tolist() == LEDGER_COLUMNS
    True
    """
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
