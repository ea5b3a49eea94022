"""Cells as numbers, dates and flags: what is readable, what is not, and when a whole column is wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from invnb.data.source_params import TableSource
from invnb.data.sources import RawTable
from invnb.data.tables import TABLES, Column, bounds
from invnb.errors import InputError

UNREADABLE_SHARE = 0.10
"""A column in which more than this share of the filled cells cannot be read, or is out of its bounds, is an
error of the column map; up to it, the lines are refused one by one."""

EARLIEST, LATEST = pd.Timestamp("1990-01-01"), pd.Timestamp("2200-01-01")
"""Dates outside are typing errors."""

_BLANK = ["na", "n/a", "#n/a", "nan", "nat", "null", "none", "-", "--", "not stocked", "无"]
_YES, _NO = (
    ["true", "1", "yes", "y", "active", "是", "t", "1.0"],
    ["false", "0", "no", "n", "archived", "否", "f", "0.0"],
)
_OFFSET = r"^(.*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})$"
_CLOCKS = ("", " %H:%M", " %H:%M:%S")


@dataclass(frozen=True)
class Cells:
    """A column as its kind: its `text`, what was `read` (else missing), and masks of cells."""

    text: pd.Series
    read: pd.Series
    unreadable: np.ndarray
    mended: np.ndarray  # read though not written as the source says, and therefore noted


def read_cells(text: pd.Series, column: Column, source: TableSource) -> Cells:
    """Read the cells of one column as its kind.

    Parameters
    ----------
    text : (n_line,) cells as text; numbers, times and flags of Parquet pass as they are.
    column : canonical column.
    source : how numbers and dates are written.

    Examples
    --------
    >>> source = TableSource(file="f", columns={})
    >>> cells = read_cells(pd.Series(["1,250.5", "x", None]), Column("units", "number"), source)
    >>> cells.read.tolist(), cells.unreadable.tolist()
    ([1250.5, nan, nan], [False, True, False])
    """
    nothing = np.zeros(len(text), dtype=bool)
    if column.kind == "text":
        return Cells(text, text, nothing, nothing)
    written, blank = text, text.isna()
    if pd.api.types.is_string_dtype(text):
        rare = text.where(text.str.len() <= max(map(len, _BLANK)))
        blank |= rare.str.lower().isin(_BLANK)
    text = text.mask(blank)
    if column.kind == "number":
        values, mended = _numbers(text, source.decimal)
    elif column.kind == "flag":
        values, mended = _flags(text), nothing
    else:
        values, mended = _times(text, source), nothing
        values = values.where(values.between(EARLIEST, LATEST))
        if column.kind == "date":
            values = values.dt.normalize()
    return Cells(written, values, (values.isna() & ~blank).to_numpy(), mended & values.notna().to_numpy())


def _numbers(text: pd.Series, decimal: str) -> tuple[pd.Series, np.ndarray]:
    """Numbers, and where a decimal comma (or point) was read though the source says the other."""
    nothing = np.zeros(len(text), dtype=bool)
    if not pd.api.types.is_string_dtype(text):
        return _finite(text), nothing
    if decimal == ",":
        text = text.str.translate(str.maketrans(",.", ".,"))
    values = _finite(text)
    rest = values.isna() & text.notna()
    if not rest.any():
        return values, nothing
    left = (
        text[rest]
        .str.replace(r"^(-?)[¥￥$€£]\s?", r"\1", regex=True)
        .str.replace(r"[\s'](?=\d{3})", "", regex=True)
    )
    grouped = left.str.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
    swapped = left.str.fullmatch(r"-?(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}")  # 12,50 is no group of thousands
    left = left.mask(swapped, left.str.replace(".", "").str.replace(",", "."))
    left = left.mask(grouped, left.str.replace(",", ""))
    values[rest] = _finite(left)
    mended = nothing.copy()
    mended[rest.to_numpy()] = swapped.to_numpy(dtype=bool)
    return values, mended


def _finite(text: pd.Series) -> pd.Series:
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    return values.where(np.isfinite(values))


def _flags(text: pd.Series) -> pd.Series:
    """True and False as objects, missing where neither is meant."""
    words = {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}
    return text.astype("str").str.lower().map(words).astype(object)


def _times(text: pd.Series, source: TableSource) -> pd.Series:
    """Local times without zone: as written, or turned into `time_zone` where the text carries an offset."""
    if isinstance(text.dtype, pd.DatetimeTZDtype):
        zoned = text.dt.tz_convert(source.time_zone) if source.time_zone else text
        return zoned.dt.tz_localize(None).astype("datetime64[us]")
    if not pd.api.types.is_string_dtype(text):
        return pd.to_datetime(text, errors="coerce").astype("datetime64[us]")
    if source.date_format:
        return _naive(
            pd.to_datetime(text, format=source.date_format, errors="coerce", utc="%z" in source.date_format)
        )
    codes, unique = pd.factorize(text)  # a day's export repeats its times
    texts = pd.Series(unique, dtype="str")
    local = pd.Series(
        pc.replace_substring_regex(pa.array(texts, pa.string()), _OFFSET, r"\1").to_pandas(), dtype="str"
    )
    offset = local != texts
    times = _written(local, source.dayfirst)
    if source.time_zone and offset.any():
        shift = (
            texts[offset].str.extract(_OFFSET)[1].replace({"Z": "+0000", "UTC": "+0000"}).str.replace(":", "")
        )
        minutes = shift.str[:1].map({"+": 1, "-": -1}) * (
            shift.str[1:3].astype(int) * 60 + shift.str[3:].astype(int)
        )
        utc = (times[offset] - pd.to_timedelta(minutes, unit="min")).dt.tz_localize("UTC")
        times[offset] = utc.dt.tz_convert(source.time_zone).dt.tz_localize(None)
    values = times.to_numpy(dtype="datetime64[us]")
    out = (
        np.where(codes < 0, np.datetime64("NaT"), values[codes]) if len(values) else np.full(len(text), "NaT")
    )
    return pd.Series(out.astype("datetime64[us]"), index=text.index)


def _naive(times: pd.Series) -> pd.Series:
    return (times.dt.tz_localize(None) if times.dt.tz is not None else times).astype("datetime64[us]")


def _written(text: pd.Series, dayfirst: bool | None) -> pd.Series:
    if dayfirst is None:
        times = _naive(pd.to_datetime(text, format="ISO8601", errors="coerce"))
        rest = text[times.isna()].str.replace(r"[年月/](?=\d)", "-", regex=True).str.replace("日", "")
        rest = rest.str.replace(r"-(\d)(?=\D|$)", r"-0\1", regex=True)  # 2025/3/4
        return times.fillna(_naive(pd.to_datetime(rest, format="ISO8601", errors="coerce")))
    order = "%d/%m/%Y" if dayfirst else "%m/%d/%Y"
    plain = text.str.replace(r"^(\d{1,2})[-.](\d{1,2})[-.]", r"\1/\2/", regex=True)
    times = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    for clock in _CLOCKS:
        times = times.fillna(_naive(pd.to_datetime(plain, format=order + clock, errors="coerce")))
    return times


def typed(raw: RawTable, source: TableSource, helpers: tuple[Column, ...] = ()) -> dict[str, Cells]:
    """All mapped columns of a table as their kinds.

    Raises
    ------
    InputError : more than `UNREADABLE_SHARE` of a column's filled cells cannot be read or are out of bounds.
    """
    known = {c.name: c for c in (*TABLES[raw.table].columns, *helpers)}
    out = {}
    for name in raw.cells:
        column = known[str(name)]
        cells = out[column.name] = read_cells(raw.cells[name], column, source)
        outside = out_of_bounds(cells.read, column)
        filled = max(int(raw.cells[name].notna().sum()), 1)
        heading = source.columns[column.name]
        for wrong, what in (
            (cells.unreadable, f"cannot be read as a {column.kind}"),
            (outside, f"is outside {bounds(column)}"),
            (cells.mended, "is written with another decimal sign than the map says"),  # then 1.234 is 1234
        ):
            if wrong.sum() > UNREADABLE_SHARE * filled:
                first = int(np.flatnonzero(wrong)[0])
                raise InputError(
                    f'"{raw.cells[name].iloc[first]}" in the column "{heading}" (for {name}) {what},'
                    f" as are {wrong.sum():,} of its {filled:,} filled cells",
                    file=raw.file[first],
                    line=int(raw.line[first]),
                    remedy=_remedy(column),
                )
    return out


def out_of_bounds(values: pd.Series, column: Column) -> np.ndarray:
    """(n_line,) where a number is below `low` or above `high`."""
    if column.kind != "number":
        return np.zeros(len(values), dtype=bool)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    return (values.lt(low) | values.gt(high)).to_numpy()


def _remedy(column: Column) -> str:
    if column.kind == "number" and column.unit == "share":
        return "give a share such as 0.2, not 20 %"
    return {
        "number": 'check the column map, or say decimal: ","',
        "flag": "write true or false",
        "text": "",
    }.get(column.kind, "say date_format (such as %d/%m/%Y %H:%M) or dayfirst: true or false")
