"""Segments of products: ABC by revenue, XYZ by variability, the demand class, and KMeans groups in words.

A segment says how a product is treated; it is never a quantity. KMeans numbers its groups at random, so each
is given a name made of what its products have in common.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.features import lags
from invnb.features.calendar import DAYS_PER_YEAR
from invnb.features.wide import Floats, Wide, to_wide

A_SHARE, B_SHARE = 0.80, 0.95
"""Cumulative revenue at which class A and class B end (C is the rest)."""
X_VARIATION, Y_VARIATION = 0.5, 1.0
"""Coefficient of variation of weekly demand at which X and Y end: common cuts, not a standard."""
INTERVAL_CUT, SIZE_VARIATION_CUT = 1.32, 0.49
"""Average interval and squared size variation that part the demand classes (Syntetos et al. 2005)."""
NEW_PERIODS = 8
"""With fewer known periods a product is new, whatever they show."""
DAYS_PER_WEEK = 7
CLUSTER_RANGE = range(3, 7)
LEAST_PER_CLUSTER = 4


def abc_classes(revenue: Floats) -> NDArray[np.object_]:
    """Return A, B or C by cumulative revenue: the best sellers that make up 80 %, the next to 95 %, the rest.

    A product belongs to the class in which its share begins, so that the best seller is always A.

    Parameters
    ----------
    revenue : (n_sku,) in currency; NaN and negative count as zero.

    Examples
    --------
    >>> abc_classes(np.array([10.0, 70.0, 15.0, 5.0, 0.0])).tolist()
    ['B', 'A', 'A', 'C', 'C']
    """
    value = np.maximum(np.nan_to_num(revenue), 0.0)
    order = np.argsort(-value, kind="stable")
    before = np.zeros(value.size)
    before[order] = np.concatenate([[0.0], np.cumsum(value[order])[:-1]])
    share = before / max(value.sum(), 1e-12)
    # A hair of tolerance: 0.15 + 0.8 must not fall short of 0.95 by rounding.
    label = np.where(share < A_SHARE - 1e-12, "A", np.where(share < B_SHARE - 1e-12, "B", "C"))
    return np.where(value > 0, label, "C").astype(object)


def classify_demand(demand: Floats) -> NDArray[np.object_]:
    """Return each product's demand class: smooth, erratic, intermittent, lumpy, new or no_demand.

    Parameters
    ----------
    demand : (n_sku, n_period) units per period, NaN unknown.

    Returns
    -------
    (n_sku,) text. The interval counts known periods from the first sale on; sizes are those above zero.

    Source: Syntetos, Boylan & Croston (2005), "On the categorization of demand patterns", Journal of the
    Operational Research Society 56.

    Examples
    --------
    >>> steady, rare = np.full(12, 5.0), np.array([0, 0, 4.0, 0, 0, 4, 0, 0, 4, 0, 0, 4])
    >>> wild = rare * [1, 1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    >>> classify_demand(np.stack([steady, rare, wild, 0 * rare])).tolist()
    ['smooth', 'intermittent', 'lumpy', 'no_demand']
    """
    started = np.maximum.accumulate(np.nan_to_num(demand) > 0, axis=1)
    since_start = np.where(started, demand, np.nan)
    interval = lags.interval(since_start)[:, -1]
    size_variation = np.nan_to_num(lags.size_variation(since_start)[:, -1])
    known = (~np.isnan(demand)).sum(axis=1)
    rare, uneven = interval >= INTERVAL_CUT, size_variation >= SIZE_VARIATION_CUT
    label = np.select([rare & uneven, rare, uneven], ["lumpy", "intermittent", "erratic"], "smooth")
    label = np.where(known < NEW_PERIODS, "new", label)
    return np.where((known >= NEW_PERIODS) & np.isnan(interval), "no_demand", label).astype(object)


def seasonal_index(demand: Floats, season_periods: int) -> Floats:
    """Return the category's seasonal index per period, (n_period,), mean 1; ones with less than two full
    cycles.

    Each product's demand is divided by its mean, averaged over products, and then over the same periods of
    the years; a single year's ups and downs cannot be told from chance.

    Examples
    --------
    >>> seasonal_index(np.array([[1.0, 3.0, 1.0, 3.0]]), 2).tolist()
    [0.5, 1.5, 0.5, 1.5]
    """
    length = demand.shape[1]
    if length < 2 * season_periods:
        return np.ones(length)
    mean = lags.window_mean(demand, length + 1)[:, -1]
    active = np.nan_to_num(mean) > 0
    if not active.any():
        return np.ones(length)
    scaled = np.minimum(demand[active] / mean[active, None], 10.0)
    total, known = np.nansum(scaled, axis=0), (~np.isnan(scaled)).sum(axis=0)
    place = np.arange(length) % season_periods
    above = np.bincount(place, total, season_periods)
    below = np.bincount(place, known, season_periods)
    index = np.divide(above, below, out=np.ones(season_periods), where=(below > 0) & (above > 0))
    return (index / index.mean())[place]


def xyz_classes(demand: Floats, season_periods: int, period_days: int) -> tuple[NDArray[np.object_], Floats]:
    """Return X, Y or Z and the coefficient of variation of de-seasonalised weekly demand behind it.

    Parameters
    ----------
    demand : (n_sku, n_period) units, NaN unknown.
    season_periods : periods in a year.
    period_days : days in a period; days are added up to weeks (a week with an unknown day is unknown).

    Returns
    -------
    (n_sku,) text and (n_sku,) coefficient of variation; without demand Z and NaN.

    Examples
    --------
    >>> xyz_classes(np.array([[4.0, 4, 4, 4], [0, 0, 0, 9]]), 52, 7)[0].tolist()
    ['X', 'Z']
    """
    weekly = demand / seasonal_index(demand, season_periods)
    if period_days < DAYS_PER_WEEK:
        weeks = weekly.shape[1] // DAYS_PER_WEEK
        weekly = weekly[:, weekly.shape[1] - weeks * DAYS_PER_WEEK :]
        weekly = weekly.reshape(len(demand), weeks, DAYS_PER_WEEK).sum(axis=2)
    length = weekly.shape[1] + 1
    variation = lags.ratio(lags.window_sd(weekly, length)[:, -1], lags.window_mean(weekly, length)[:, -1])
    label = np.where(variation < X_VARIATION, "X", np.where(variation < Y_VARIATION, "Y", "Z"))
    return label.astype(object), variation


def segment_products(panel: pd.DataFrame, features: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the table `sku_segments`, one row per product.

    Parameters
    ----------
    panel : demand panel (prices give revenue; without a price each unit counts 1).
    features : table of `build_features` on that panel (its column `demand`).
    seed : seed of KMeans.

    Returns
    -------
    DataFrame with `sku`, `abc`, `xyz`, `demand_class`, `cluster` (number), `cluster_label` (words), and what
    they rest on: `revenue` (last year), `mean_units` (per period), `variation` (weekly, de-seasonalised),
    `interval`, `size_variation`, `trend_ratio`, `season_peak`, `known_periods`.
    """
    wide = to_wide(panel)
    n, length = wide.units.shape
    ordered = features.sort_values(["sku", "period"], kind="stable")
    demand = ordered["demand"].to_numpy(dtype=np.float64).reshape(n, -1)[:, :length]
    season_periods = round(DAYS_PER_YEAR / wide.period_days)
    xyz, variation = xyz_classes(demand, season_periods, wide.period_days)
    revenue = _revenue(wide, season_periods)
    table = pd.DataFrame(
        {
            "sku": wide.sku,
            "abc": abc_classes(revenue),
            "xyz": xyz,
            "demand_class": classify_demand(demand),
            "revenue": revenue,
            "mean_units": lags.window_mean(demand, season_periods)[:, -1],
            "variation": variation,
            "interval": lags.interval(demand)[:, -1],
            "size_variation": lags.size_variation(demand)[:, -1],
            "trend_ratio": lags.ratio(
                lags.window_mean(demand, 8)[:, -1], lags.window_mean(demand, season_periods)[:, -1]
            ),
            "season_peak": _season_peak(demand, season_periods),
            "known_periods": (~np.isnan(demand)).sum(axis=1),
        }
    )
    cluster = cluster_products(table, seed)
    labels = cluster_labels(table, cluster)
    table.insert(4, "cluster", cluster)
    table.insert(5, "cluster_label", [labels[k] for k in cluster])
    return table


def _revenue(wide: Wide, season_periods: int) -> Floats:
    """Return each product's revenue of the last year."""
    price = wide.net_price
    own = lags.window_mean(price, price.shape[1] + 1)[:, -1:]
    price = np.where(np.isnan(price), np.where(np.isnan(own), 1.0, own), price)
    return np.nansum((wide.units * price)[:, -season_periods:], axis=1)


def _season_peak(demand: Floats, season_periods: int) -> Floats:
    """Return the share of a year's demand that falls in its best quarter of 13 weeks; 0.25 is no season."""
    year = demand[:, -season_periods:]
    quarter = max(season_periods // 4, 1)
    best = np.nanmax(lags.window_sum(year, quarter)[0], axis=1)
    total = np.nansum(year, axis=1)
    return np.divide(best, total, out=np.full(total.shape, np.nan), where=total > 0)


def cluster_products(table: pd.DataFrame, seed: int) -> NDArray[np.int64]:
    """Return KMeans groups on level, interval, size variation, expected change and season, (n_sku,).

    The number of groups is the one in `CLUSTER_RANGE` with the best silhouette. Groups are numbered from the
    fastest to the slowest. A category too small for two groups is one group.
    """
    columns = ["mean_units", "interval", "size_variation", "trend_ratio", "season_peak"]
    logs = np.log1p(table[columns].to_numpy(dtype=np.float64))
    n = len(table)
    choices = [k for k in CLUSTER_RANGE if k * LEAST_PER_CLUSTER <= n]
    middle = (
        np.nanmedian(logs, axis=0) if n and not np.isnan(logs).all(axis=0).any() else np.zeros(len(columns))
    )
    logs = np.where(np.isnan(logs), np.nan_to_num(middle), logs)
    sd = logs.std(axis=0)
    X = np.clip((logs - logs.mean(axis=0)) / np.where(sd > 0, sd, 1.0), -3, 3)
    if not choices or len(np.unique(X.round(9), axis=0)) <= max(choices):
        return np.zeros(n, dtype=np.int64)
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        runs = [KMeans(k, n_init=10, random_state=seed).fit(X).labels_ for k in choices]
        sample = min(n, 2_000)
        scores = [silhouette_score(X, labels, sample_size=sample, random_state=seed) for labels in runs]
    labels = runs[int(np.argmax(scores))]
    level = table["mean_units"].fillna(0.0).to_numpy(dtype=np.float64)
    order = np.argsort([-np.median(level[labels == k]) for k in range(labels.max() + 1)], kind="stable")
    return np.argsort(order)[labels].astype(np.int64)


def cluster_labels(table: pd.DataFrame, cluster: NDArray[np.int64]) -> dict[int, str]:
    """Return a name in words for each group, from the medians of its products against those of the category.

    Examples
    --------
    >>> table = pd.DataFrame({"mean_units": [90.0, 1.0], "interval": [1.0, 3.0], "size_variation": [0.1, 0.9],
    ...                       "trend_ratio": [1.3, 1.0], "season_peak": [0.3, 0.6]})
    >>> cluster_labels(table, np.array([0, 1]))
    {0: 'fast, steady, rising', 1: 'slow, rare and uneven, seasonal'}
    """
    result: dict[int, str] = {}
    low, high = table["mean_units"].quantile([1 / 3, 2 / 3])
    for k in np.unique(cluster):
        middle = table.loc[cluster == k, [c for c in table.columns if c in _WORDS_FROM]].median()
        words = [
            "fast" if middle["mean_units"] > high else "slow" if middle["mean_units"] < low else "medium"
        ]
        rare = middle["interval"] >= INTERVAL_CUT
        uneven = middle["size_variation"] >= SIZE_VARIATION_CUT
        words.append(
            "rare and uneven" if rare and uneven else "rare" if rare else "uneven" if uneven else "steady"
        )
        if abs(middle["trend_ratio"] - 1) > TREND_CUT:
            words.append("rising" if middle["trend_ratio"] > 1 else "falling")
        if middle["season_peak"] > SEASON_PEAK_CUT:
            words.append("seasonal")
        name = ", ".join(words)
        same = sum(other == name or other.startswith(f"{name} (") for other in result.values())
        result[int(k)] = name if not same else f"{name} ({same + 1})"
    return result


_WORDS_FROM = ("mean_units", "interval", "size_variation", "trend_ratio", "season_peak")
TREND_CUT = 0.15
SEASON_PEAK_CUT = 0.40
"""A group is called rising or falling beyond 15 %, seasonal if its best quarter holds 40 % of the year."""
