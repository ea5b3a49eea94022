"""Where the benchmark's series come from: files of real data and the bundled sample shop.

Tables are cached in build/bench/sets/, made anew when a file they are made by has changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PROJECT = Path(__file__).resolve().parents[1]
CACHE = PROJECT / "build" / "bench"
SAMPLE_SEED = 42
SAMPLE_CATEGORIES = ("toys", "kitchen", "beauty")
LEAST_SELLING_WEEKS = 20
SELLING_HOURS = 16
"""Hours of a day, 6 to 22, in which FreshRetail says whether a product was there."""
PRICE_PERIODS = 26
"""A price is a discount from the highest of this many last weeks (M5 has no list price)."""

Floats = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]


class NoData(Exception):  # noqa: N818 (it names what happened)
    """A set whose file is not there."""


def data_folder() -> Path:
    """Folder of the real data: `$INVNB_DATA`, else ../shared/data beside the checkout."""
    return Path(os.environ.get("INVNB_DATA") or PROJECT.parent / "shared" / "data")


def named_file(name: str) -> Path:
    file = data_folder() / name
    if not file.is_file():
        raise NoData(f"{file} is not there: set INVNB_DATA to the folder that holds {name}")
    return file


def cached_tables(key: str, made_by: list[Path], make: Callable[[], Tables]) -> Tables:
    """Return tables from build/bench/sets/, made anew when one of the files they are made by has changed."""
    digest = hashlib.sha256()
    for file in sorted(made_by):
        stat = file.stat()
        inside = file.read_bytes() if stat.st_size < 1_000_000 else f"{stat.st_size} {stat.st_mtime}".encode()
        digest.update(inside)
    folder = CACHE / "sets" / f"{key}-{digest.hexdigest()[:12]}"
    if not folder.is_dir():
        tables = make()
        scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
        scratch.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.to_parquet(scratch / f"{name}.parquet", index=False)
        try:
            scratch.rename(folder)
        except OSError:  # another run was quicker
            for file in scratch.iterdir():
                file.unlink()
            scratch.rmdir()
    return {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}


def data_code() -> list[Path]:
    return [Path(__file__), *(PROJECT / "invnb" / "data").rglob("*.py")]


def grid(sku: pd.Series, period: pd.Series, **columns: object) -> pd.DataFrame:
    """A panel with the columns every reader may ask for; what is not given is unknown."""
    empty = {"start_units": np.nan, "list_price": np.nan, "net_price": np.nan, "discount_share": np.nan}
    empty |= {"promotion": False, "page_views": np.nan, "returned_units": 0.0}
    return pd.DataFrame({"sku": sku.astype(str), "location": "main", "period": period, **empty, **columns})


def product_table(sku: pd.Series, category: pd.Series) -> pd.DataFrame:
    from invnb.data.tables import complete

    table = pd.DataFrame({"sku": sku.astype(str), "name": sku.astype(str), "category": category.astype(str)})
    return complete("products", table.drop_duplicates("sku").reset_index(drop=True))


def m5() -> Tables:
    """Return M5's `panel` and `products`, weekly."""
    file = named_file("m5_28_items.parquet")
    return cached_tables("m5", [*data_code(), file], lambda: m5_tables(pd.read_parquet(file)))


def freshretail() -> Tables:
    """Return FreshRetail's `panel` and `products`, daily."""
    file = named_file("freshretail_2_cities.parquet")
    return cached_tables(
        "freshretail", [*data_code(), file], lambda: freshretail_tables(pd.read_parquet(file))
    )


def online_retail() -> Tables:
    """Return Online Retail's `panel` and `products`, weekly."""
    file = named_file("online_retail.csv.gz")
    return cached_tables("online_retail", [*data_code(), file], lambda: _online_retail_tables(file))


def sample(seed: int) -> Tables:
    """Return a sample shop's ingested tables, its `truth` by day and its `truth_parameters` by product."""
    return cached_tables(f"sample{seed}", data_code(), lambda: _sample_tables(seed))


def m5_tables(daily: pd.DataFrame) -> Tables:
    """Return `panel` and `products` of M5's days: weeks from Saturday to Friday, as its prices run."""
    daily = daily.assign(sku=daily["item_id"].astype(str) + "_" + daily["store_id"].astype(str))
    weeks = daily.groupby(["sku", "wm_yr_wk"], sort=True).agg(
        period=("date", "min"), days=("date", "size"), units=("sales", "sum"),
        price=("sell_price", "mean"), department=("dept_id", "first"),
    ).reset_index()  # fmt: skip
    weeks = weeks[weeks["days"] == 7]  # the last week is cut short
    priced = weeks["price"].notna()
    launched = priced.groupby(weeks["sku"]).cummax()
    units = weeks["units"].astype(float).where(priced)
    status = np.select([~launched, ~priced, units > 0], ["not_launched", "out_of_stock", "sold"], "zero")
    highest = weeks.groupby("sku")["price"].transform(lambda x: x.rolling(PRICE_PERIODS, min_periods=1).max())
    panel = grid(
        weeks["sku"], weeks["period"], status=status, units=units, available=priced, censored=False,
        available_share=priced.astype(float), net_price=weeks["price"], list_price=highest,
        discount_share=1 - weeks["price"] / highest,
    )  # fmt: skip
    products = product_table(weeks["sku"], weeks["department"])
    return {"panel": panel.reset_index(drop=True), "products": products}


def freshretail_tables(days: pd.DataFrame) -> Tables:
    """Return `panel` and `products` of FreshRetail's days; what was asked for in an empty hour is lost."""
    keys = ["city_id", "store_id", "product_id"]
    days = days.assign(sku=days[keys].astype(str).agg("-".join, axis=1), period=pd.to_datetime(days["dt"]))
    days = days.sort_values(["sku", "period"]).reset_index(drop=True)
    there = 1 - days["stockout_hours_6_22"] / SELLING_HOURS
    units = days["sale_amount"].where(there > 0)
    status = np.select([there == 0, units > 0], ["out_of_stock", "sold"], "zero")
    valid = days["discount"].where((days["discount"] > 0) & (days["discount"] <= 1))
    panel = grid(
        days["sku"], days["period"], status=status, units=units, available=there > 0,
        censored=(there > 0) & (there < 1), available_share=there, discount_share=1 - valid,
        promotion=days["activity_flag"] > 0,
    )  # fmt: skip
    return {"panel": panel, "products": product_table(days["sku"], days["first_category_id"])}


def _online_retail_tables(file: Path) -> Tables:
    """Return `panel` and `products` by the project's ingest, category by category."""
    from invnb.data import online_retail

    categories = (*online_retail.CATEGORY_WORDS, "other")
    return _ingested(
        PROJECT / "params/sources/online_retail.yml", file.parent, categories, LEAST_SELLING_WEEKS
    )


def _ingested(
    sources_file: Path, folder: Path, categories: tuple[str, ...], least_selling: int = 0
) -> Tables:
    from invnb.data.ingest import ingest
    from invnb.inputs import load_sources

    sources = load_sources(sources_file)
    data = [ingest(sources, folder, category, period="week", salt="bench") for category in categories]
    names = ("products", "promotions", "page_views")
    tables = {name: pd.concat([one.tables[name] for one in data], ignore_index=True) for name in names}
    panel = pd.concat([one.panel for one in data], ignore_index=True)
    selling = panel["units"].gt(0).groupby(panel["sku"]).transform("sum")
    return {"panel": panel[selling >= least_selling].reset_index(drop=True), **tables}


def _sample_tables(seed: int) -> Tables:
    """Return the ingested tables of a sample shop, and its truth by day and by product."""
    from invnb.data.sample import write_sample

    folder = CACHE / f"sample{seed}.{os.getpid()}"
    files = write_sample(folder, seed)
    tables = _ingested(PROJECT / "params/sources/sample.yml", folder, SAMPLE_CATEGORIES)
    tables["truth"] = pd.read_parquet(files.truth)
    tables["truth_parameters"] = pd.read_parquet(files.truth_parameters)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return tables


def sample_truth(seed: int = SAMPLE_SEED) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sample's `truth` (by date and sku) and `truth_parameters` (by sku), from the cache."""
    tables = sample(seed)
    return tables["truth"], tables["truth_parameters"]


def weekly_truth(truth: pd.DataFrame, panel: pd.DataFrame, column: str = "demand_units") -> Floats:
    """Return true demand by product and week of the panel, NaN where the truth says nothing."""
    sku = np.sort(panel["sku"].astype(str).unique())
    period = np.sort(panel["period"].unique())
    week = np.searchsorted(period, truth["date"].to_numpy().astype(period.dtype), side="right") - 1
    inside = (week >= 0) & (truth["date"] < pd.Timestamp(period[-1]) + pd.Timedelta(days=7)).to_numpy()
    row = pd.Index(sku).get_indexer(truth["sku"].astype(str))
    inside &= row >= 0
    out = np.full((sku.size, period.size), np.nan)
    out[row[inside], week[inside]] = 0.0
    np.add.at(out, (row[inside], week[inside]), truth[column].to_numpy(dtype=float)[inside])
    return out
