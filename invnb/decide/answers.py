"""A planner's answer read back: the order file with quantities and reasons filled in, no line lost."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from invnb.errors import InputError

HEADINGS = {
    "sku": ("sku", "SKU"),
    "order_units": ("order_units", "Order, pieces", "订量，件"),
    "min_order_units": ("min_order_units", "Minimum order", "最小订量"),
    "pack_units": ("pack_units", "Pack", "整箱件数"),
    "planner_units": ("planner_units", "Planner's quantity", "计划员订量"),
    "planner_reason": ("planner_reason", "Planner's reason", "计划员理由"),
    "calc_id": ("calc_id", "Calculation", "计算编号"),
}
"""Headings of the order files in both languages."""
NEEDED = ("sku", "order_units", "planner_units", "planner_reason", "calc_id")
OVERRIDE_COLUMNS = ["review_date", "sku", "calc_id", "proposed_units", "planner_units", "planner_reason"]
REJECTED_COLUMNS = ["file", "sheet", "line", "value", "what", "remedy"]


@dataclass(frozen=True)
class Answers:
    """What came back.

    Parameters
    ----------
    overrides : canonical table `overrides`: every line of the file, `planner_units` missing where the
        proposal was accepted.
    rejected : lines that cannot be used: `file`, `sheet`, `line`, `value`, `what`, `remedy`.
    """

    overrides: pd.DataFrame
    rejected: pd.DataFrame


def read_answers(
    file: Path, *, review_date: pd.Timestamp | str, proposal: pd.DataFrame | None = None
) -> Answers:
    """Read an `orders.xlsx` or `orders.csv` that a planner has filled in.

    Every line with a product ends in `overrides` or in `rejected`. An empty quantity means agreed; a reason
    without a quantity is kept, and so is a quantity without a reason.

    Parameters
    ----------
    file : the workbook (all its sheets) or the CSV.
    review_date : day of the review the proposal was made for.
    proposal : table `orders` of that review; where given, an answer to another calculation is refused.

    Raises
    ------
    InputError : the file cannot be read, or no sheet has the headings of an order file.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "orders.csv"
    >>> _ = file.write_text("sku,order_units,pack_units,planner_units,planner_reason,calc_id\\n"
    ...                     "A,24,12,36,promotion,c1\\nB,10,1,,,c2\\nC,24,12,30,,c3\\n")
    >>> found = read_answers(file, review_date=pd.Timestamp("2025-06-08"))
    >>> found.overrides[["sku", "proposed_units", "planner_units"]].to_numpy().tolist()
    [['A', 24.0, 36.0], ['B', 10.0, nan]]
    >>> found.rejected[["value", "what", "remedy"]].iloc[0].tolist()
    ['30', 'C: not whole packs of 12', 'write 24 or 36']
    """
    known = None if proposal is None else dict(zip(proposal["sku"], proposal["calc_id"], strict=True))
    accepted: list[tuple[object, ...]] = []
    rejected: list[tuple[object, ...]] = []
    seen: set[str] = set()
    for sheet, line, row in _lines(file):
        sku = _text(row["sku"])
        wrong = _wrong(row, sku, seen, known)
        if wrong:
            rejected.append((file.name, sheet, line, *wrong))
            continue
        seen.add(sku)
        units = _number(row["planner_units"])
        accepted.append(
            (pd.Timestamp(review_date), sku, _text(row["calc_id"]), _number(row["order_units"]), units,
             _text(row["planner_reason"]))
        )  # fmt: skip
    overrides = pd.DataFrame(accepted, columns=OVERRIDE_COLUMNS)
    return Answers(
        overrides.astype({"proposed_units": float, "planner_units": float}),
        pd.DataFrame(rejected, columns=REJECTED_COLUMNS),
    )


def keep_answers(overrides: pd.DataFrame, file: Path) -> int:
    """Add answers to the file of all answers, headed as the canonical table; the newest for a line counts.

    Returns
    -------
    The lines in the file now.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "answers.csv"
    >>> row = ["2025-06-08", "007", "c", 24.0, 36.0, "promotion"]
    >>> answer = pd.DataFrame([row], columns=OVERRIDE_COLUMNS)
    >>> keep_answers(answer, file), keep_answers(answer, file)
    (1, 1)
    >>> file.read_text().splitlines()[1]
    '2025-06-08,007,c,24.0,36.0,promotion'
    """
    new = overrides.assign(review_date=pd.to_datetime(overrides["review_date"]).dt.strftime("%Y-%m-%d"))
    if file.is_file():
        text = {"sku": str, "calc_id": str, "planner_reason": str, "review_date": str}
        new = pd.concat([pd.read_csv(file, dtype=text), new])
    new = new.drop_duplicates(["review_date", "sku"], keep="last").sort_values(["review_date", "sku"])
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    new[OVERRIDE_COLUMNS].to_csv(partial, index=False)
    partial.replace(file)
    return len(new)


def _wrong(
    row: dict[str, Any], sku: str, seen: set[str], known: dict[str, str] | None
) -> tuple[str, str, str] | None:
    """Value, what is wrong and remedy of a line that cannot be used, or None."""
    calc_id, given = _text(row["calc_id"]), _text(row["planner_units"])
    if sku in seen:
        return sku, f"{sku}: a second line for the same product", "keep one of them"
    if known is not None and known.get(sku) != calc_id:
        return calc_id, f"{sku}: answers another calculation", "fill in the newest order file"
    if _number(row["order_units"]) is None:
        return _text(row["order_units"]), f"{sku}: the proposed quantity is gone", "do not change that column"
    if not given:
        return None
    units = _number(row["planner_units"])
    if units is None:
        return given, f"{sku}: the planner's quantity is not a number", "write pieces, or nothing to agree"
    if units < 0:
        return given, f"{sku}: the planner's quantity is negative", "write 0 to order nothing"
    pack, least = _number(row.get("pack_units")) or 1.0, _number(row.get("min_order_units")) or 0.0
    if abs(units / pack - round(units / pack)) > 1e-9:
        low = units // pack * pack
        return given, f"{sku}: not whole packs of {pack:g}", f"write {low:g} or {low + pack:g}"
    if 0 < units < least:
        return given, f"{sku}: less than the minimum order", f"write 0, or at least {least:g}"
    return None


def _lines(file: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Sheet, line in the file and cells of every line that names a product."""
    found = False
    for sheet, cells in _sheets(file).items():
        head, columns = _heading(cells)
        if head < 0:
            continue
        found = True
        for i in range(head + 1, len(cells)):
            row = {name: cells.iloc[i, place] for name, place in columns.items()}
            # Totals and notes stand below the lines; they name neither product nor calculation.
            if _text(row["sku"]) and _text(row["calc_id"]):
                yield sheet, i + 1, row
            elif _text(row["planner_units"]) or _text(row["sku"]):
                yield sheet, i + 1, row | {"sku": _text(row["sku"]) or f"line {i + 1}"}
    if not found:
        wanted = ", ".join(HEADINGS[name][0] for name in NEEDED)
        raise InputError(
            "no heading of an order file found", file=file, remedy=f"keep the headings of {wanted}"
        )


def _sheets(file: Path) -> dict[str, pd.DataFrame]:
    """Every sheet as cells without a heading; a CSV is one sheet."""
    if not file.is_file():
        raise InputError("there is no such file", file=file, remedy="name the order file that came back")
    try:
        if file.suffix.lower() == ".csv":
            text = file.read_text(encoding="utf-8-sig")
            return {"": pd.DataFrame(list(csv.reader(text.splitlines(keepends=True)))).fillna("")}
        sheets = pd.read_excel(file, sheet_name=None, header=None, dtype=object, engine="calamine")
    except Exception as error:  # calamine and the CSV reader raise kinds of their own for each defect
        raise InputError(
            f"cannot be read ({error})", file=file, remedy="save it as .xlsx or as a UTF-8 .csv"
        ) from None
    return {str(name): cells for name, cells in sheets.items()}


def _heading(cells: pd.DataFrame) -> tuple[int, dict[str, int]]:
    """The line of the headings and the place of each column; -1 where there is none."""
    for i in range(min(len(cells), 20)):
        texts = [_text(value) for value in cells.iloc[i]]
        places = {
            name: texts.index(word) for name, words in HEADINGS.items() for word in words if word in texts
        }
        if all(name in places for name in NEEDED):
            return i, places
    return -1, {}


def _text(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    text = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    return text.strip().removeprefix("'")


def _number(value: Any) -> float | None:
    try:
        number = float(_text(value).replace(",", "").replace(" ", ""))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
