"""Four sets on which forecasts are measured, and synthetic series of any number.

bench = load("m5")                       the set as it is judged
bench = load("m5", cut_periods=52)       a development cut: the same set, as it stood a year before
panel, features, sku_segments = tables_at(bench, bench.origins[0])    all that was known at an origin

- `m5`: 280 item-stores of M5, weeks from Saturday; weeks before the first price are not launched. Judged on
  units. Development: `cut_periods` 26 or more.
- `online_retail`: products with 20 or more selling weeks, by the project's own ingest, all categories.
  Judged on units ordered. Development: 14.
- `freshretail`: 772 store-products, 90 days; a day out for a part is censored, for all of it not available.
  Judged on what was sold and, for the hours without stock, what such hours sell (`hours_filled`): no day is
  left out because it sold well. Days without an hour in stock are left out. Development: 27.
- `sample`: the three categories of the bundled shop together. Judged on its true demand.
  Development: another seed.

A development cut ends the history at least as far back as the judged forecasts reach, so that nothing tuned
on it has seen what is judged. The tables come from forecast_sources.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import forecast_sources as sources
import numpy as np
import pandas as pd
from forecast_sources import CACHE, SAMPLE_CATEGORIES, SAMPLE_SEED, NoData, sample_truth
from numpy.typing import NDArray

__all__ = [
    "CACHE",
    "DEVELOPMENT_CUT",
    "JUDGED_ON",
    "SAMPLE_SEED",
    "SETS",
    "BenchSet",
    "NoData",
    "available_share",
    "hours_filled",
    "judged_units",
    "load",
    "sample_truth",
]

SETS = ("m5", "online_retail", "freshretail", "sample")
JUDGED_ON = {
    "m5": "units sold",
    "online_retail": "units ordered",
    "freshretail": "what was sold and, for hours without stock, what hours in stock sell; no day is left out "
    "because it sold out, and no forecast enters (`hours_filled`)",
    "sample": "the true demand of the simulated shop, sold or not",
}
DEVELOPMENT_CUT = {"m5": 26, "online_retail": 14, "freshretail": 27, "sample": 0}
ORIGINS = 6
NEAR_DAYS = 14
"""Days before and after a day whose sales per hour in stock stand for its hours without."""
MOST_DISPERSION = 5.0
"""Variance over mean of a day's sales, at most, when demand of hours without stock is drawn."""

Floats = NDArray[np.float64]


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
    panel = _until(bench.panel, period[n_period - 1])
    return replace(
        bench,
        panel=panel,
        origins=bench.origins - cut_periods,
        # what stands for hours without stock must not look beyond the cut either
        judged=hours_filled(panel) if name == "freshretail" else bench.judged[:, :n_period],
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


def available_share(panel: pd.DataFrame) -> Floats:
    """Return the share of each period with stock, (n_sku, n_period); NaN where it was not on offer."""
    offered = ~panel["status"].isin(("not_launched", "ended", "closed", "missing"))
    return _wide(panel.assign(judged=panel["available_share"].where(offered)), "judged")


def hours_filled(panel: pd.DataFrame, seed: int = 0) -> Floats:
    """Return what was sold and, for the hours without stock, a draw of what such hours sell, (n_sku, n_day).

    A day sells out because much was asked for: judging the other days alone selects on the outcome, and
    taking the sales of all for demand forgets what was lost. Sales per hour *in stock* do neither, since
    whether an hour is in stock depends on earlier hours alone (optional stopping): summed over days they
    are unbiased. So an hour without stock gets the product's sales per hour in stock of the `NEAR_DAYS` days
    before and after, times the weekday's factor, as a gamma draw with the product's variance over mean. All
    hours from 6 to 22 count alike (of any day's profile the file knows nothing). No forecast enters, and no
    forecaster has it: it looks ahead.

    Parameters
    ----------
    panel : daily panel whose `available_share` is the share of hours in stock.
    seed : of the draws.

    Returns
    -------
    (n_sku, n_day); NaN on days without an hour in stock: they say nothing, and were out before they began.

    Source: Aalen, Borgan & Gjessing (2008), "Survival and Event History Analysis", chapter 3: occurrences
    over exposure are unbiased under censoring that does not look ahead.

    Examples
    --------
    >>> days = pd.date_range("2024-04-01", periods=4)
    >>> panel = pd.DataFrame({"sku": "A", "period": days, "status": "sold", "units": [4.0, 4.0, 2.0, None],
    ...                       "available_share": [1.0, 1.0, 0.5, 0.0]})
    >>> hours_filled(panel).round(1)[0, [0, 1, 3]].tolist(), bool(hours_filled(panel)[0, 2] > 2)
    ([4.0, 4.0, nan], True)
    """
    units, share = _wide(panel.assign(judged=panel["units"]), "judged"), available_share(panel)
    here = share > 0
    sold, hours = np.where(here, units, 0.0), np.where(here, share, 0.0)
    rate = np.empty_like(sold)
    for t in range(sold.shape[1]):
        near = np.s_[:, max(t - NEAR_DAYS, 0) : t + NEAR_DAYS + 1]
        rate[:, t] = sold[near].sum(axis=1) / np.maximum(hours[near].sum(axis=1), 1e-9)
    weekday = np.arange(sold.shape[1]) % 7
    for day in range(7):
        on = weekday == day
        rate[:, on] *= sold[:, on].sum() / max((rate * hours)[:, on].sum(), 1e-9)
    whole = share == 1
    mean = np.where(whole, sold, 0.0).sum(axis=1) / np.maximum(whole.sum(axis=1), 1)
    square = np.where(whole, (sold - mean[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(whole.sum(axis=1), 1)
    dispersion = np.clip(square / np.maximum(mean, 1e-9), 1e-3, MOST_DISPERSION)[:, None]
    lost = np.maximum(rate * (1 - hours), 0.0)
    drawn = np.random.default_rng(seed).gamma(np.maximum(lost / dispersion, 1e-9), dispersion)
    return np.where(here, sold + np.where(lost > 0, drawn, 0.0), np.nan)


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


def _m5() -> BenchSet:
    tables = sources.m5()
    judged = judged_units(tables["panel"])
    return _plain("m5", tables, "US", 4, 4, evenly_spaced(judged.shape[1], 4, 4), judged)


def _freshretail() -> BenchSet:
    tables = sources.freshretail()
    judged = hours_filled(tables["panel"])
    return _plain("freshretail", tables, "CN", 7, 5, evenly_spaced(judged.shape[1], 7, 4), judged)


def _online_retail() -> BenchSet:
    tables = sources.online_retail()
    judged = judged_units(tables["panel"])
    # One year only: origins two weeks apart leave a development cut that overlaps no judged week.
    return _plain("online_retail", tables, "GB", 4, 4, evenly_spaced(judged.shape[1], 4, 2), judged)


def _plain(
    name: str,
    tables: sources.Tables,
    country: str,
    horizon: int,
    least: int,
    origins: NDArray,
    judged: Floats,
) -> BenchSet:
    """A set without promotions and page views."""
    nothing = pd.DataFrame()
    return BenchSet(
        name, tables["panel"], tables["products"], nothing, nothing, country, horizon, least, origins, judged
    )


def _sample(seed: int) -> BenchSet:
    tables = sources.sample(seed)
    panel = tables["panel"]
    truth = sources.weekly_truth(tables["truth"], panel)
    alive = ~np.isin(_status(panel), ("not_launched", "ended", "closed", "missing"))
    return BenchSet(
        "sample", panel, tables["products"], tables["promotions"], tables["page_views"], "CN",
        horizon_periods=4, least_periods=4, origins=evenly_spaced(truth.shape[1], 4, 4),
        judged=np.where(alive, truth, np.nan), truth=truth,
    )  # fmt: skip


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
    mean = sources.weekly_truth(truth, base.panel, "expected_units")
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
    panel = sources.grid(
        pd.Series(np.repeat(sku, n_periods)), pd.Series(np.tile(period, n_series)),
        status=status.ravel(), units=units.ravel(), available=known.ravel(), censored=False,
        available_share=known.astype(float).ravel(),
    )  # fmt: skip
    category = pd.Series(np.array(SAMPLE_CATEGORIES)[donor % len(SAMPLE_CATEGORIES)])
    return BenchSet(
        f"synthetic{n_series}", panel, sources.product_table(pd.Series(sku), category),
        pd.DataFrame(), pd.DataFrame(), "CN",
        horizon_periods=4, least_periods=4, origins=evenly_spaced(n_periods, 4, 4), judged=units,
    )  # fmt: skip
