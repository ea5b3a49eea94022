"""Files in: CSV and Parquet, plain or gzip, through a column map, with the physical line of every record.

Cells of a CSV file are text when they leave here, so that a sku `00123` keeps its zeros; `invnb.data.cells`
reads them as numbers, dates and flags.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from invnb.data.privacy import refuse_cells, refuse_headings
from invnb.data.source_params import TableSource
from invnb.data.tables import TABLES
from invnb.errors import InputError

SEPARATORS = (",", ";", "\t", "|")
LONGEST_RECORD_LINES = 200
"""A record over more physical lines than this is a quote that was never closed."""
LONGEST_BROKEN_LINES = 5
"""So is one with too many or too few cells over more lines than this: the next quote has closed it."""

_FORMATS = {  # how files of other formats begin
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"<": "a web page or XML",
    b"{": "JSON",
    b"[": "JSON",
}


@dataclass(frozen=True)
class RawTable:
    """The mapped columns of one table's files as read, before anything is judged.

    `cells` has one column per canonical name, missing where a cell is blank; `file` and `line` say where a
    row stands (in Parquet the line is the number of the row); `broken` lists records with too many or too few
    cells (file, line, size), `not_loaded` the headings that look personal (file, heading).
    """

    table: str
    cells: pd.DataFrame
    file: np.ndarray
    line: np.ndarray
    broken: tuple[tuple[str, int, str], ...] = ()
    not_loaded: tuple[tuple[str, str], ...] = ()

    def lines_read(self, file: str) -> int:
        """The records of that file, broken ones included."""
        return int((self.file == file).sum()) + sum(name == file for name, *_ in self.broken)


def locate(file: str, folder: Path) -> Path:
    """The path of a source file: as given, in `folder`, or in the folder the variable INVNB_DATA names.

    Raises
    ------
    InputError : there is no such file, or it is a folder.

    Examples
    --------
    >>> locate("ordrs.csv", Path("data"))
    Traceback (most recent call last):
    ...
    invnb.errors.InputError: data/ordrs.csv: no such file; looked in data; set data_folder or INVNB_DATA.
    """
    folders = [Path(folder)] + ([Path(os.environ["INVNB_DATA"])] if os.environ.get("INVNB_DATA") else [])
    for base in folders:
        path = base / file  # an absolute file stays as it is
        if path.is_dir():
            raise InputError("this is a folder, not a file", file=path, remedy="name the file in it")
        if path.exists():
            return path
    looked = "" if Path(file).is_absolute() else f"looked in {' and '.join(map(str, folders))}; "
    siblings = [p.name for base in folders if base.is_dir() for p in base.iterdir()]
    near = get_close_matches(Path(file).name, siblings, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"{looked}set data_folder or INVNB_DATA"
    lost = "".join(
        f', and INVNB_DATA is "{base}", which is no folder' for base in folders[1:] if not base.is_dir()
    )
    raise InputError(f"no such file{lost}", file=folders[0] / file, remedy=hint)


def read_table(table: str, source: TableSource, folder: Path) -> RawTable:
    """Read one table's file or files through its column map.

    Parameters
    ----------
    table : canonical name.
    source : file names, column map and how cells are written.
    folder : where relative names are looked for.

    Raises
    ------
    InputError : a file that cannot be read, a heading not there, personal data, a needed file without lines.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "views.csv").write_text("Day;Code;Views\\n2025-01-01;00123;7\\n")
    >>> source = TableSource(file="views.csv", columns={"date": "Day", "sku": "code", "views": "Views"})
    >>> read_table("page_views", source, folder).cells
             date    sku views
    0  2025-01-01  00123     7
    """
    parts = [_read_file(table, source, locate(name, folder), name) for name in source.files]
    lines = sum(len(part.line) + len(part.broken) for part in parts)
    if not lines and table in ("sales", "products"):
        raise InputError(
            f"there is a heading but no line, so there are no {table}",
            file=locate(source.files[0], folder),
            remedy="export the file again",
        )
    return RawTable(
        table,
        pd.concat([part.cells for part in parts], ignore_index=True) if len(parts) > 1 else parts[0].cells,
        np.concatenate([part.file for part in parts]),
        np.concatenate([part.line for part in parts]),
        tuple(row for part in parts for row in part.broken),
        tuple(row for part in parts for row in part.not_loaded),
    )


def _read_file(table: str, source: TableSource, path: Path, name: str) -> RawTable:
    content = _content(path)
    try:
        if content[:4] == b"PAR1":
            arrow, line, broken, headings = _read_parquet(content, source, path)
        else:
            arrow, line, broken, headings = _read_csv(content, source, path)
    except pa.ArrowInvalid as error:
        what = str(error).splitlines()[0]
        raise InputError(f"cannot be read as a table ({what})", file=path, remedy="export it again") from None
    del content
    mapped = _match_headings(source.columns, headings, path)
    not_loaded = refuse_headings(mapped, headings, str(path))
    cells = pd.DataFrame(index=range(arrow.num_rows))
    for column, heading in mapped.items():
        cells[column] = _trimmed(arrow.column(headings.index(heading))).to_pandas(types_mapper=_text_type)
    for column, constant in source.columns.items():
        if constant.startswith("="):
            cells[column] = pd.Series(constant[1:], index=cells.index, dtype="str")
    kinds = {c.name: c.kind for c in TABLES[table].columns}
    for column, heading in mapped.items():
        if kinds.get(column, "text") == "text":
            if not pd.api.types.is_string_dtype(cells[column]):  # Parquet with numbers for codes
                cells[column] = cells[column].astype("str")
            refuse_cells(column, cells[column], heading, str(path), pd.Series(line))
    return RawTable(
        table,
        cells,
        np.full(len(line), name, dtype=object),
        line,
        tuple((name, number, text) for number, text in broken),
        tuple((name, heading) for heading in not_loaded),
    )


def _content(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzip, of a format that can be read."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"the gzip file is damaged or cut short ({error})", file=path, remedy="copy or download it again"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be opened ({error.strerror})", file=path) from None
    if not content.strip():
        raise InputError("the file is empty", file=path, remedy="export it again")
    for start, kind in _FORMATS.items():
        if content.lstrip()[: len(start)] == start:
            raise InputError(f"this is {kind}, not CSV or Parquet", file=path, remedy="save it as CSV UTF-8")
    return content


Records = tuple[pa.Table, np.ndarray, list[tuple[int, str]], list[str]]
"""Columns in the order of the headings, line of each row, broken records, headings."""


def _read_parquet(content: bytes, source: TableSource, path: Path) -> Records:
    file = pq.ParquetFile(pa.BufferReader(content))
    headings = list(file.schema_arrow.names)
    wanted = set(_match_headings(source.columns, headings, path).values())
    read = file.read(columns=sorted(wanted))
    columns = [read.column(h) if h in wanted else pa.nulls(read.num_rows) for h in headings]
    arrow = pa.table(columns, names=[str(i) for i in range(len(headings))])
    return arrow, np.arange(1, read.num_rows + 1), [], headings


def _read_csv(content: bytes, source: TableSource, path: Path) -> Records:
    content = _utf8(content, source.encoding, path)
    if b"\0" in content[:100_000]:
        raise InputError("this is not a text file", file=path, remedy="save it as CSV UTF-8")
    start, header_lines, headings, separator = _header(content, source.separator)
    body = memoryview(content)[start:]
    if not bytes(body[:1000]).strip() and not bytes(body).strip():
        return (
            pa.table([pa.nulls(0, pa.string())] * len(headings), _numbers(headings)),
            np.arange(0),
            [],
            headings,
        )
    wanted = {headings.index(h) for h in _match_headings(source.columns, headings, path).values()}
    broken: list[tuple[int, str]] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        broken.append((row.number, row.text))
        return "skip"

    def read(handler: object, threads: bool) -> pa.Table:
        names = _numbers(headings)
        return pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            pyarrow.csv.ReadOptions(column_names=names, use_threads=threads),
            pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in content, invalid_row_handler=handler
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                include_columns=[names[i] for i in sorted(wanted)],
            ),
        )

    try:
        arrow = read(None, threads=True)
    except pa.ArrowInvalid:
        arrow = read(skip, threads=False)  # one thread, so that broken records come with their number
    columns = [
        arrow.column(name) if i in wanted else pa.nulls(arrow.num_rows)
        for i, name in enumerate(_numbers(headings))
    ]
    line = _physical_lines(content, start, header_lines, separator, arrow.num_rows + len(broken), path)
    bad = np.array([number - 1 for number, _ in broken], dtype=int)
    for at, (_, text) in zip(bad, broken, strict=True):
        if text.count("\n") >= LONGEST_BROKEN_LINES:
            raise _quote_not_closed(path, int(line[at]))
    found = [(int(line[i]), _without_personal(text)) for i, (_, text) in zip(bad, broken, strict=True)]
    return pa.table(columns, names=_numbers(headings)), np.delete(line, bad), found, headings


def _numbers(headings: list[str]) -> list[str]:
    return [str(i) for i in range(len(headings))]


def _without_personal(text: str) -> str:
    """A broken record may hold anything, so only its size is kept."""
    return f"{len(text)} characters"


def _utf8(content: bytes, encoding: str, path: Path) -> bytes:
    """The content as UTF-8 without byte order mark."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("the text is UTF-16", file=path, remedy='save it as "CSV UTF-8"')
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte 0x{content[error.start]:02X} is not {encoding} text",
            file=path,
            line=content.count(b"\n", 0, error.start) + 1,
            remedy=f'save it as "CSV UTF-8", or say encoding: {_likely_encoding(content)} for this source',
        ) from None
    return content.removeprefix(b"\xef\xbb\xbf") if encoding == "utf-8" else text.encode()


def _likely_encoding(content: bytes) -> str:
    """Chinese characters are pairs of bytes above 127, so their runs are even; accents mostly stand alone."""
    runs = re.findall(rb"[\x80-\xff]+", content[:1_000_000])
    even = sum(len(run) % 2 == 0 for run in runs)
    return "gb18030" if 2 * even > len(runs) else "cp1252"


def _header(content: bytes, separator: str) -> tuple[int, int, list[str], str]:
    """Where the data begin (byte, lines before them), the headings and the separator between them."""
    head = content[:1_000_000].decode(errors="ignore")
    lines = iter(head.splitlines(keepends=True))
    blank, first = "", next(lines)
    while not first.strip():
        blank, first = blank + first, next(lines)
    if separator == "auto":
        outside_quotes = re.sub(r'"[^"]*"', "", first)
        separator = max(SEPARATORS, key=outside_quotes.count)
    reader = csv.reader(io.StringIO(head[len(blank) :], newline=""), delimiter=separator)
    headings = [heading.strip() for heading in next(reader)]
    skipped = head[len(blank) :].splitlines(keepends=True)[: reader.line_num]
    start = len((blank + "".join(skipped)).encode())
    return start, len(blank.splitlines()) + reader.line_num, headings, separator


def _physical_lines(
    content: bytes, start: int, header_lines: int, separator: str, n_record: int, path: Path
) -> np.ndarray:
    """The physical line (the file's first is 1) on which each record begins."""
    newlines = content.count(b"\n", start) + (not content.endswith(b"\n"))
    if newlines == n_record:
        return np.arange(n_record) + header_lines + 1
    reader = csv.reader(io.StringIO(content[start:].decode(), newline=""), delimiter=separator)
    first, before = [], 0
    try:
        for record in reader:
            if reader.line_num - before > LONGEST_RECORD_LINES:
                raise csv.Error
            if record:
                first.append(header_lines + before + 1)
            before = reader.line_num
    except csv.Error:
        raise _quote_not_closed(path, header_lines + before + 1) from None
    if len(first) != n_record:
        raise InputError(
            f"the quotation marks do not pair up ({len(first)} or {n_record} records)",
            file=path,
            remedy="export the file again with quoted text",
        )
    return np.array(first, dtype=int)


def _quote_not_closed(path: Path, line: int) -> InputError:
    what, remedy = "a quotation mark is opened and not closed", "close it, or export the file again"
    return InputError(what, file=path, line=line, remedy=remedy)


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]+", " ", heading).strip().casefold()


def _match_headings(columns: dict[str, str], headings: list[str], path: Path) -> dict[str, str]:
    """Canonical column to heading as it stands in the file: exact, or but for case, blanks and hyphens."""
    found = {}
    for column, wanted in columns.items():
        if wanted.startswith("="):
            continue
        same = [h for h in headings if h == wanted] or [h for h in headings if _plain(h) == _plain(wanted)]
        if len(same) > 1:
            raise InputError(
                f'the heading "{wanted}" stands there {len(same)} times',
                file=path,
                line=1,
                remedy="rename one",
            )
        if not same:
            near = get_close_matches(_plain(wanted), [_plain(h) for h in headings], n=1, cutoff=0.5)
            nearest = next((h for h in headings if near and _plain(h) == near[0]), None)
            hint = f'did you mean "{nearest}"?' if nearest else f"the file has {', '.join(headings)}"
            raise InputError(f'no column "{wanted}" (for {column})', file=path, line=1, remedy=hint)
        found[column] = same[0]
    return found


def _trimmed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without blanks around it, and missing where nothing is left; other kinds as they are."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return values
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)


def _text_type(arrow_type: pa.DataType) -> pd.StringDtype | None:
    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        return pd.StringDtype(na_value=np.nan)
    return None
