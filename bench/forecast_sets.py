"""Four sets on which forecasts are measured, and synthetic series of any number.

bench = load("m5")                       the set as it is judged
bench = load("m5", cut_periods=52)       a development cut: the same set, as it stood a year before
panel, features, sku_segments = tables_at(bench, bench.origins[0])    all that was known at an origin

- `m5`: 280 item-stores of M5, weeks from Saturday; weeks before the first price are not launched. Judged on
  units. Development: `cut_periods` 26 or more.
- `online_retail`: products with 20 or more selling weeks, by the project's own ingest, all categories.
  Judged on units ordered. Development: 14.
- `freshretail`: 772 store-products, 90 days; a day out for a part is censored, for all of it not available.
  Judged on the amounts of days without a stock-out hour. Development: 27.
- `sample`: the three categories of the bundled shop together. Judged on its true demand.
  Development: another seed.

A development cut ends the history at least as far back as the judged forecasts reach, so that nothing tuned
on it has seen what is judged. Tables are cached in build/bench/.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PROJECT = Path(__file__).resolve().parents[1]
CACHE = PROJECT / "build" / "bench"
SETS = ("m5", "online_retail", "freshretail", "sample")
DEVELOPMENT_CUT = {"m5": 26, "online_retail": 14, "freshretail": 27, "sample": 0}
SAMPLE_SEED = 42
SAMPLE_CATEGORIES = ("toys", "kitchen", "beauty")
ORIGINS = 6
LEAST_SELLING_WEEKS = 20
SELLING_HOURS = 16
"""Hours of a day, 6 to 22, in which FreshRetail says whether a product was there."""
PRICE_PERIODS = 26
"""A price is a discount from the highest of this many last weeks (M5 has no list price)."""

Floats = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]


class NoData(Exception):  # noqa: N818 (it names what happened)
    """A set whose file is not there."""


@dataclass(frozen=True)
class BenchSet:
    """A set: what the shop knew, and the demand on which forecasts are judged.

    Parameters
    ----------
    name : of the set.
    panel : demand panel, as stage 01 writes it.
    products, promotions, page_views : canonical tables (may be empty).
    country : of the public holidays.
    horizon_periods : periods forecast at each origin.
    least_periods : of them that must be judged; a forecast's sum is taken over the judged ones.
    origins : (n_origin,) index of the first period forecast, increasing.
    judged : (n_sku, n_period) demand in units by product (sorted as text) and period, NaN where not judged.
    truth : (n_sku, n_period) true demand where it is known at all (the sample), else None.
    """

    name: str
    panel: pd.DataFrame
    products: pd.DataFrame
    promotions: pd.DataFrame
    page_views: pd.DataFrame
    country: str
    horizon_periods: int
    least_periods: int
    origins: NDArray[np.int64]
    judged: Floats
    truth: Floats | None = None


def load(name: str, cut_periods: int = 0, seed: int = SAMPLE_SEED) -> BenchSet:
    """Return a set, its history ended `cut_periods` before its end (a development cut).

    Parameters
    ----------
    name : one of `SETS`.
    cut_periods : periods left out at the end; the origins move back with the end.
    seed : of the sample shop (ignored elsewhere).

    Raises
    ------
    NoData : if the set's file is not in `INVNB_DATA` or ../shared/data.
    """
    makers: dict[str, Callable[[], BenchSet]] = {
        "m5": _m5,
        "online_retail": _online_retail,
        "freshretail": _freshretail,
        "sample": lambda: _sample(seed),
    }
    if name not in makers:
        raise ValueError(f"name must be one of {', '.join(SETS)}, got {name!r}")
    bench = makers[name]()
    if not cut_periods:
        return bench
    n_period = bench.judged.shape[1] - cut_periods
    if bench.origins[0] - cut_periods < 2:
        raise ValueError(f"cut_periods = {cut_periods} leaves no history before the first origin of {name}")
    period = np.sort(bench.panel["period"].unique())
    return replace(
        bench,
        panel=_until(bench.panel, period[n_period - 1]),
        origins=bench.origins - cut_periods,
        judged=bench.judged[:, :n_period],
        truth=None if bench.truth is None else bench.truth[:, :n_period],
    )


def tables_at(
    bench: BenchSet, origin: int, seed: int = 42, horizon_periods: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return `panel`, `features` and `sku_segments` as stages 01 and 02 would have written them at an origin.

    Everything is built anew from the panel's periods before the origin; a product's later end, a promotion
    not announced by then and later page views are not there.

    Parameters
    ----------
    bench : the set.
    origin : index of the first period not known; `bench.judged.shape[1]` for the whole history.
    seed : of the clustering.
    horizon_periods : periods appended to the features; None for the set's own.
    """
    from invnb.features.segments import segment_products
    from invnb.features.table import build_features

    period = np.sort(bench.panel["period"].unique())
    last = pd.Timestamp(period[origin - 1])
    panel = _until(bench.panel, last)
    first_unknown = last + pd.Timedelta(period[1] - period[0])
    products, promotions, views = bench.products, bench.promotions, bench.page_views
    if len(products):
        end = pd.to_datetime(products["end_date"])
        products = products.assign(end_date=end.where(end < first_unknown))
    if len(promotions):
        promotions = promotions[pd.to_datetime(promotions["announced_date"]) < first_unknown]
    if len(views):
        views = views[pd.to_datetime(views["date"]) < first_unknown]
    features = build_features(
        panel,
        products,
        promotions,
        views,
        country=bench.country,
        horizon_periods=horizon_periods or bench.horizon_periods,
    )
    return panel, features, segment_products(panel, features, seed=seed)


def data_folder() -> Path:
    """Folder of the real data: `$INVNB_DATA`, else ../shared/data beside the checkout."""
    return Path(os.environ.get("INVNB_DATA") or PROJECT.parent / "shared" / "data")


def evenly_spaced(n_period: int, horizon: int, step: int) -> NDArray[np.int64]:
    """Return `ORIGINS` origins `step` periods apart, the last with its whole horizon before the end.

    Examples
    --------
    >>> evenly_spaced(100, 4, 4).tolist()
    [76, 80, 84, 88, 92, 96]
    """
    return n_period - horizon - step * np.arange(ORIGINS - 1, -1, -1)


def judged_units(panel: pd.DataFrame) -> Floats:
    """Return demand where it was seen whole, (n_sku, n_period): NaN where not available or sold out."""
    units = panel["units"].where(panel["available"].astype(bool) & ~panel["censored"].astype(bool))
    return _wide(panel.assign(judged=units), "judged")


def _wide(panel: pd.DataFrame, column: str) -> Floats:
    table = panel.assign(sku=panel["sku"].astype(str)).pivot_table(
        index="sku", columns="period", values=column, aggfunc="sum", dropna=False, sort=True
    )
    known = panel.assign(sku=panel["sku"].astype(str), known=panel[column].notna()).pivot_table(
        index="sku", columns="period", values="known", aggfunc="max", dropna=False, sort=True
    )
    return np.where(known.to_numpy(dtype=bool), table.to_numpy(dtype=np.float64), np.nan)


def _until(panel: pd.DataFrame, last: pd.Timestamp | np.datetime64) -> pd.DataFrame:
    return panel[panel["period"] <= last].reset_index(drop=True)


def _file(name: str) -> Path:
    file = data_folder() / name
    if not file.is_file():
        raise NoData(f"{file} is not there: set INVNB_DATA to the folder that holds {name}")
    return file


def _cached(key: str, made_by: list[Path], make: Callable[[], Tables]) -> Tables:
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


def _data_code() -> list[Path]:
    return [Path(__file__), *(PROJECT / "invnb" / "data").rglob("*.py")]


def _grid(sku: pd.Series, period: pd.Series, **columns: object) -> pd.DataFrame:
    """A panel with the columns every reader may ask for; what is not given is unknown."""
    empty = {"start_units": np.nan, "list_price": np.nan, "net_price": np.nan, "discount_share": np.nan}
    empty |= {"promotion": False, "page_views": np.nan, "returned_units": 0.0}
    return pd.DataFrame({"sku": sku.astype(str), "location": "main", "period": period, **empty, **columns})


def _products(sku: pd.Series, category: pd.Series) -> pd.DataFrame:
    from invnb.data.tables import complete

    table = pd.DataFrame({"sku": sku.astype(str), "name": sku.astype(str), "category": category.astype(str)})
    return complete("products", table.drop_duplicates("sku").reset_index(drop=True))


def _m5() -> BenchSet:
    file = _file("m5_28_items.parquet")
    tables = _cached("m5", [*_data_code(), file], lambda: m5_tables(pd.read_parquet(file)))
    panel, products = tables["panel"], tables["products"]
    judged = judged_units(panel)
    return BenchSet(
        "m5", panel, products, pd.DataFrame(), pd.DataFrame(), "US",
        horizon_periods=4, least_periods=4, origins=evenly_spaced(judged.shape[1], 4, 4), judged=judged,
    )  # fmt: skip


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
    panel = _grid(
        weeks["sku"], weeks["period"], status=status, units=units, available=priced, censored=False,
        available_share=priced.astype(float), net_price=weeks["price"], list_price=highest,
        discount_share=1 - weeks["price"] / highest,
    )  # fmt: skip
    products = _products(weeks["sku"], weeks["department"])
    return {"panel": panel.reset_index(drop=True), "products": products}


def _freshretail() -> BenchSet:
    file = _file("freshretail_2_cities.parquet")
    tables = _cached("freshretail", [*_data_code(), file], lambda: freshretail_tables(pd.read_parquet(file)))
    panel, products = tables["panel"], tables["products"]
    judged = judged_units(panel)
    return BenchSet(
        "freshretail", panel, products, pd.DataFrame(), pd.DataFrame(), "CN",
        horizon_periods=7, least_periods=3, origins=evenly_spaced(judged.shape[1], 7, 4), judged=judged,
    )  # fmt: skip


def freshretail_tables(days: pd.DataFrame) -> Tables:
    """Return `panel` and `products` of FreshRetail's days; what was asked for in an empty hour is lost."""
    keys = ["city_id", "store_id", "product_id"]
    days = days.assign(sku=days[keys].astype(str).agg("-".join, axis=1), period=pd.to_datetime(days["dt"]))
    days = days.sort_values(["sku", "period"]).reset_index(drop=True)
    there = 1 - days["stockout_hours_6_22"] / SELLING_HOURS
    units = days["sale_amount"].where(there > 0)
    status = np.select([there == 0, units > 0], ["out_of_stock", "sold"], "zero")
    valid = days["discount"].where((days["discount"] > 0) & (days["discount"] <= 1))
    panel = _grid(
        days["sku"], days["period"], status=status, units=units, available=there > 0,
        censored=(there > 0) & (there < 1), available_share=there, discount_share=1 - valid,
        promotion=days["activity_flag"] > 0,
    )  # fmt: skip
    return {"panel": panel, "products": _products(days["sku"], days["first_category_id"])}


def _online_retail() -> BenchSet:
    file = _file("online_retail.csv.gz")
    tables = _cached("online_retail", [*_data_code(), file], lambda: _online_retail_tables(file))
    panel, products = tables["panel"], tables["products"]
    judged = judged_units(panel)
    # One year only: origins two weeks apart leave a development cut that overlaps no judged week.
    return BenchSet(
        "online_retail", panel, products, pd.DataFrame(), pd.DataFrame(), "GB",
        horizon_periods=4, least_periods=4, origins=evenly_spaced(judged.shape[1], 4, 2), judged=judged,
    )  # fmt: skip


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


def _sample(seed: int) -> BenchSet:
    tables = _cached(f"sample{seed}", _data_code(), lambda: _sample_tables(seed))
    panel = tables["panel"]
    truth = _weekly_truth(tables["truth"], panel)
    alive = ~np.isin(_status(panel), ("not_launched", "ended", "closed", "missing"))
    return BenchSet(
        "sample", panel, tables["products"], tables["promotions"], tables["page_views"], "CN",
        horizon_periods=4, least_periods=4, origins=evenly_spaced(truth.shape[1], 4, 4),
        judged=np.where(alive, truth, np.nan), truth=truth,
    )  # fmt: skip


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
    tables = _cached(f"sample{seed}", _data_code(), lambda: _sample_tables(seed))
    return tables["truth"], tables["truth_parameters"]


def _weekly_truth(truth: pd.DataFrame, panel: pd.DataFrame, column: str = "demand_units") -> Floats:
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


def _status(panel: pd.DataFrame) -> NDArray[np.object_]:
    ordered = panel.assign(sku=panel["sku"].astype(str)).sort_values(["sku", "period"], kind="stable")
    n_period = panel["period"].nunique()
    return ordered["status"].to_numpy(dtype=object).reshape(-1, n_period)


def synthetic(n_series: int, n_periods: int = 156, seed: int = 0) -> BenchSet:
    """Return weekly series with the sample shop's seasons and launches, levels and noise of their own.

    Each series takes the true weekly mean of a product of the sample, times a log-normal factor, and draws
    negative binomial demand around it: from several a day to one in months. Needs no file of real data.

    Parameters
    ----------
    n_series, n_periods : size; beyond the sample's 130 weeks a week repeats that of a year before.
    seed : of every draw.
    """
    rng = np.random.default_rng(seed)
    base = _sample(SAMPLE_SEED)
    assert base.truth is not None
    truth, _ = sample_truth()
    mean = _weekly_truth(truth, base.panel, "expected_units")
    while mean.shape[1] < n_periods:
        more = min(52, n_periods - mean.shape[1])
        mean = np.concatenate([mean, mean[:, -52:][:, :more]], axis=1)
    mean = mean[:, -n_periods:]
    donor = rng.integers(len(mean), size=n_series)
    mean = mean[donor] * rng.lognormal(-0.5, 1.0, (n_series, 1))
    dispersion = 1 + rng.gamma(2.0, 0.75, (n_series, 1))  # variance over mean
    known = ~np.isnan(mean)
    rate = rng.gamma(np.maximum(np.nan_to_num(mean), 1e-6) / (dispersion - 1), dispersion - 1)
    units = np.where(known, rng.poisson(rate).astype(float), np.nan)
    first = known.argmax(axis=1)[:, None]
    status = np.select(
        [np.arange(n_periods) < first, ~known, units > 0], ["not_launched", "ended", "sold"], "zero"
    )
    sku = np.array([f"S{i:06d}" for i in range(n_series)])
    period = pd.date_range("2023-01-02", periods=n_periods, freq="7D")
    panel = _grid(
        pd.Series(np.repeat(sku, n_periods)), pd.Series(np.tile(period, n_series)),
        status=status.ravel(), units=units.ravel(), available=known.ravel(), censored=False,
        available_share=known.astype(float).ravel(),
    )  # fmt: skip
    category = pd.Series(np.array(SAMPLE_CATEGORIES)[donor % len(SAMPLE_CATEGORIES)])
    return BenchSet(
        f"synthetic{n_series}", panel, _products(pd.Series(sku), category),
        pd.DataFrame(), pd.DataFrame(), "CN",
        horizon_periods=4, least_periods=4, origins=evenly_spaced(n_periods, 4, 4), judged=units,
    )  # fmt: skip
