"""One door for all files: read, cleaned with a ledger, validated, and laid out as the demand panel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from invnb.data.source_params import Sources


@dataclass(frozen=True)
class Ingested:
    """What stage 01 writes.

    `tables` holds every canonical table by name (an optional one that was not given is empty), `ledger` the
    lines of every file by outcome and reason, `rejected` the single lines that were refused, `panel` the demand
    panel, `data_card` (`name`, `value`) what must be known about all of it, `files` the files read.
    """

    tables: dict[str, pd.DataFrame]
    ledger: pd.DataFrame
    rejected: pd.DataFrame
    panel: pd.DataFrame
    data_card: pd.DataFrame
    files: tuple[Path, ...] = ()


def ingest(
    sources: Sources | dict[str, Any],
    folder: Path,
    product_category: str,
    period: str = "week",
    data_through: str = "",
    salt: str = "",
) -> Ingested:
    """Read all sources, keep one product category, and lay its demand out on a complete grid.

    Parameters
    ----------
    sources : the form of `invnb.data.source_params.Sources`.
    folder : where relative file names are looked for; after that in the folder the variable INVNB_DATA names.
    product_category : the value of `products.category` to keep.
    period : "day" or "week" (weeks start on Monday).
    data_through : last day to use, as 2025-12-28; empty for the last day of the data.
    salt : secret text mixed into the hash of customer numbers; needed only where `customer_hash` is mapped.

    Raises
    ------
    InputError : the first thing a person has to put right, in one sentence with file, line and remedy.
    """
    raise NotImplementedError
