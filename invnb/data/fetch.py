"""Fetch UCI Online Retail from its public home: resumed where it broke off, checked before it is used."""

from __future__ import annotations

import http.client
import shutil
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from invnb.data import online_retail
from invnb.errors import InputError

ONLINE_RETAIL_URL = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
ATTEMPTS = 5
TIMEOUT_SECONDS = 60
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Facts:
    """What a complete copy of the data set holds: lines, sum of Quantity, sum of Quantity x UnitPrice."""

    lines: int
    units: int
    value: float


ONLINE_RETAIL_FACTS = Facts(online_retail.LINES, online_retail.UNITS, online_retail.VALUE_GBP)

Progress = Callable[[int, int | None], None]
"""Called with the bytes there are and the bytes expected (None where the server does not say)."""


def print_progress(done: int, total: int | None) -> None:
    """Progress on one line of standard error."""
    of = f" of {total / 1e6:.1f}" if total else ""
    print(f"\r{done / 1e6:.1f}{of} MB", end="", file=sys.stderr, flush=True)


def fetch_online_retail(
    folder: Path,
    url: str = ONLINE_RETAIL_URL,
    facts: Facts = ONLINE_RETAIL_FACTS,
    progress: Progress = print_progress,
) -> Path:
    """Fetch the data set and write it as `online_retail.csv.gz`, with the columns of `online_retail.COLUMNS`.

    Parameters
    ----------
    folder : where the file goes; a transfer that broke off waits there as `online_retail.zip.part`.
    url : the zip with one workbook.
    facts : what the workbook has to hold.
    progress : called after every chunk.

    Returns
    -------
    The path of the file; one that is there already is left as it is.

    Raises
    ------
    InputError : no connection, a transfer that keeps breaking off, or content that is not the data set.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> fetch_online_retail(Path(mkdtemp()), url="http://127.0.0.1:9/nothing.zip")
    Traceback (most recent call last):
    ...
    invnb.errors.InputError: http://127.0.0.1:9/nothing.zip: cannot be fetched (...); ...
    """
    target = folder / "online_retail.csv.gz"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "online_retail.zip"
    if not archive.exists():
        download(url, archive, progress)
    try:
        table = _checked(_workbook(archive), facts, url)
    except InputError:
        archive.unlink()  # the next attempt starts afresh
        raise
    unfinished = target.with_suffix(".part")
    table.to_csv(unfinished, index=False, compression={"method": "gzip", "mtime": 0})
    unfinished.replace(target)
    archive.unlink()
    return target


def download(url: str, target: Path, progress: Progress) -> None:
    """Download a file; what is there of it already (`.part`) is not fetched again.

    Raises
    ------
    InputError : the server cannot be reached or refuses, or the transfer broke off `ATTEMPTS` times without a
        byte gained.
    """
    part = target.with_name(target.name + ".part")
    failures, error = 0, "no answer"
    while failures < ATTEMPTS:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _transfer(url, part, before, progress):
                part.replace(target)
                return
            error = "the transfer broke off"
        except urllib.error.HTTPError as refusal:
            if refusal.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                part.unlink()  # longer than the file itself: something else lies there
                failures += 1
                continue
            raise InputError(f"the server answers {refusal.code} {refusal.reason}", file=url) from None
        except (OSError, http.client.HTTPException) as broken:
            error = str(getattr(broken, "reason", broken)) or type(broken).__name__
        gained = part.exists() and part.stat().st_size > before
        failures = 0 if gained else failures + 1
    raise InputError(
        f"cannot be fetched ({error})",
        file=url,
        remedy="check the network and run it again; it goes on where it was",
    )


def _transfer(url: str, part: Path, start: int, progress: Progress) -> bool:
    """Append what follows byte `start` to `part`, and say whether the file is complete."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        resumed = answer.status == http.client.PARTIAL_CONTENT
        start = start if resumed else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK_BYTES):
                file.write(chunk)
                file.flush()
                progress(file.tell(), total)
    return total is None or part.stat().st_size == total


def _workbook(archive: Path) -> pd.DataFrame:
    """The one workbook in the zip."""
    try:
        with zipfile.ZipFile(archive) as bundle:
            names = [name for name in bundle.namelist() if name.lower().endswith(".xlsx")]
            if len(names) != 1:
                raise InputError(f"the zip holds {len(names)} workbooks, not one", file=archive)
            workbook = archive.with_suffix(".xlsx")
            with bundle.open(names[0]) as packed, workbook.open("wb") as plain:
                shutil.copyfileobj(packed, plain)
    except zipfile.BadZipFile:
        raise InputError("this is not a zip file", file=archive, remedy="run it again") from None
    try:
        return pd.read_excel(workbook, engine="calamine", dtype={"InvoiceNo": "str", "StockCode": "str"})
    except Exception as error:  # calamine raises its own kinds for each defect of a workbook
        raise InputError(
            f"the workbook cannot be read ({error})", file=archive, remedy="run it again"
        ) from None
    finally:
        workbook.unlink(missing_ok=True)


def _checked(table: pd.DataFrame, facts: Facts, url: str) -> pd.DataFrame:
    """The table with the usual headings and times to the minute, if its facts are right."""
    table = table.rename(columns={"Customer ID": "CustomerID", "Invoice": "InvoiceNo", "Price": "UnitPrice"})
    missing = [name for name in online_retail.COLUMNS if name not in table]
    if missing:
        raise InputError(f"the workbook has no column {', '.join(missing)}", file=url)
    lines, units = len(table), int(table["Quantity"].sum())
    value = float((table["Quantity"] * table["UnitPrice"]).sum())
    if (lines, units) != (facts.lines, facts.units) or abs(value - facts.value) >= 0.01:
        raise InputError(
            f"{lines:,} lines, {units:,} units worth {value:,.2f} arrived instead of {facts.lines:,},"
            f" {facts.units:,} and {facts.value:,.2f}",
            file=url,
            remedy="the set at this address has changed, or the transfer was damaged; run it again",
        )
    table["InvoiceDate"] = pd.to_datetime(table["InvoiceDate"]).dt.strftime("%Y-%m-%d %H:%M")
    return table[online_retail.COLUMNS]
