"""Stage 02's table: one row per product and period, the coming horizon included.

Every column says when it is known (`feature_catalogue`): at the start of its period, long before it, or only
at its end. A model may use the first kind up to the row of its origin, the second in every row, the third
never but as the thing to be forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.features import lags
from invnb.features.calendar import DAYS_PER_YEAR, FESTIVALS, WEEK_WAVES, calendar_features
from invnb.features.censoring import demand_behind_sales
from invnb.features.spikes import cut_spikes
from invnb.features.wide import Floats, Wide, to_wide

START, AHEAD, END = "start of period", "ahead", "end of period"

ANNOUNCED_DAYS_AHEAD = 14
"""Assumed notice of a past promotion whose announcement is not recorded."""

LAGS = (1, 2, 3, 4)
WINDOWS = (4, 8, 13, 26)
SMOOTHING_PERCENT = (5, 10, 20, 40)
YEAR_AGO = ("year_ago_ratio", "category_year_ago_ratio")
"""Columns that rest on last year: like the calendar's, they wait for two full cycles."""


@dataclass(frozen=True)
class Feature:
    """One column: what it means, when it is known, and how a model scales it.

    `scale` is "level" (units: divided by the product's level), "log" (counts and units that are compared
    across products by ratio) or "none".
    """

    column: str
    meaning: str
    known_at: str
    unit: str
    scale: str


def _catalogue() -> tuple[Feature, ...]:
    past = [Feature(f"lag_{k}", f"demand {k} periods before", START, "units", "level") for k in LAGS]
    past += [
        Feature(f"mean_{k}", f"mean demand of the last {k} periods", START, "units", "level") for k in WINDOWS
    ]
    past += [
        Feature(f"smooth_{k}", f"exponentially weighted mean, rate {k} %", START, "units", "level")
        for k in SMOOTHING_PERCENT
    ]
    past += [
        Feature(
            YEAR_AGO[0], "last year: the coming 4 periods over the 13 before them", START, "ratio", "none"
        ),
        Feature(YEAR_AGO[1], "the same for all products together", START, "ratio", "none"),
        Feature("sd_13", "standard deviation of demand in the last 13 periods", START, "units", "level"),
        Feature("trend_ratio", "mean of the last 4 periods over mean of the last 13", START, "ratio", "none"),
        Feature("category_trend_ratio", "the same for all products together", START, "ratio", "none"),
        Feature("zero_share_13", "share of periods without demand in the last 13", START, "share", "none"),
        Feature("periods_since_sale", "periods since the last demand", START, "periods", "log"),
        Feature("interval", "average interval between demands (ADI) so far", START, "periods", "log"),
        Feature("size_variation", "squared coefficient of variation of sizes so far", START, "ratio", "none"),
        Feature("age_periods", "periods since first offered", START, "periods", "log"),
        Feature("known_periods", "periods with known demand so far", START, "periods", "log"),
        Feature("price", "last net price", START, "currency per unit", "log"),
        Feature("price_ratio", "last net price over its mean of 26 periods", START, "ratio", "none"),
        Feature("discount_lag_1", "discount given in the period before", START, "share", "none"),
        Feature("discount_mean_8", "mean discount of the last 8 periods", START, "share", "none"),
        Feature("views_ratio", "page views of the last 4 periods over the last 13", START, "ratio", "none"),
        Feature(
            "views_per_unit", "page views per unit in the last 13 periods", START, "views per unit", "log"
        ),
    ]
    ahead = [
        Feature("planned_promotion_share", "share of days in a planned promotion", AHEAD, "share", "none"),
        Feature("planned_discount", "planned discount, averaged over the days", AHEAD, "share", "none"),
        Feature("on_sale_share", "share of days from launch to end of the product", AHEAD, "share", "none"),
        Feature("month", "month of the middle day", AHEAD, "1 to 12", "none"),
        Feature("quarter", "quarter of the middle day", AHEAD, "1 to 4", "none"),
        Feature("holiday_share", "share of days that are public holidays", AHEAD, "share", "none"),
    ]
    ahead += [
        Feature(f"{f.name}_share", f"share of days in the window of {f.name}", AHEAD, "share", "none")
        for f in FESTIVALS
    ]
    ahead += [Feature("days_to_festival", "days to the next festival", AHEAD, "days", "none")]
    ahead += [
        Feature(f"year_{wave}_{k}", f"harmonic {k} of the year", AHEAD, "-1 to 1", "none")
        for k in (1, 2)
        for wave in ("sin", "cos")
    ]
    ahead += [
        Feature(
            f"weekday_{wave}_{k}", f"harmonic {k} of the week; constant in weeks", AHEAD, "-1 to 1", "none"
        )
        for k in WEEK_WAVES
        for wave in ("sin", "cos")
    ]
    meaning = "sales, estimated where the period sold out, without single spikes"
    end = [Feature("demand", meaning, END, "units", "level")]
    return (*past, *ahead, *end)


FEATURES = _catalogue()


def feature_catalogue() -> pd.DataFrame:
    """Return one row per column of the feature table: `column`, `meaning`, `known_at`, `unit`, `scale`.

    Examples
    --------
    >>> catalogue = feature_catalogue().set_index("column")
    >>> catalogue.loc[["lag_1", "holiday_share", "demand"], "known_at"].tolist()
    ['start of period', 'ahead', 'end of period']
    """
    return pd.DataFrame([feature.__dict__ for feature in FEATURES])


def build_features(
    panel: pd.DataFrame,
    products: pd.DataFrame,
    promotions: pd.DataFrame,
    page_views: pd.DataFrame,
    *,
    country: str,
    horizon_periods: int,
) -> pd.DataFrame:
    """Return the feature table, one row per product and period of history and of the coming horizon.

    Parameters
    ----------
    panel : demand panel.
    products : canonical products (`sku`, `launch_date`, `end_date`); may be empty.
    promotions : canonical promotions; may be empty.
    page_views : canonical page views (`date`, `sku`, `views`); used where the panel has none; may be empty.
    country : ISO 3166 code of the public holidays.
    horizon_periods : periods to append after the last of the panel.

    Returns
    -------
    DataFrame sorted by `sku` and `period` with the columns of `feature_catalogue`, and
    `promotion_known_from` (first period at whose start the planned promotion was known). What is not known
    yet is NaN: in the horizon, columns known at the start of a period stand in its first row only.

    Raises
    ------
    ValueError : if the panel is incomplete, or `horizon_periods` is not positive.
    InputError : if the country is unknown.

    Examples
    --------
    >>> panel = pd.DataFrame({"sku": "A", "period": pd.to_datetime(["2026-01-05", "2026-01-12"]),
    ...                       "status": "sold", "units": [3.0, 5.0], "available_share": 1.0,
    ...                       "censored": False})
    >>> empty = pd.DataFrame()
    >>> table = build_features(panel, empty, empty, empty, country="CN", horizon_periods=2)
    >>> table[["period", "lag_1", "mean_4", "demand"]].to_string(index=False).splitlines()[1:]
    ['2026-01-05    NaN     NaN     3.0', '2026-01-12    3.0     3.0     5.0',
     '2026-01-19    5.0     4.0     NaN', '2026-01-26    NaN     NaN     NaN']
    """
    if horizon_periods < 1:
        raise ValueError(f"horizon_periods must be at least 1, got {horizon_periods}")
    wide = to_wide(panel)
    n, length = wide.units.shape
    step = np.timedelta64(wide.period_days, "D")
    period = np.concatenate([wide.period, wide.period[-1] + step * np.arange(1, horizon_periods + 1)])
    demand = cut_spikes(demand_behind_sales(wide))
    past = _past_features(wide, demand, _views(wide, page_views))
    calendar = calendar_features(period, wide.period_days, country)
    ahead: dict[str, NDArray] = {
        **{str(name): np.broadcast_to(calendar[name].to_numpy(), (n, period.size)) for name in calendar},
        **_promotion_features(wide.sku, period, wide.period_days, promotions),
        "on_sale_share": _on_sale_share(wide.sku, period, wide.period_days, products),
    }
    columns: dict[str, NDArray] = {
        "sku": np.repeat(wide.sku, period.size),
        "period": np.tile(period.astype("datetime64[ns]"), n),
    }
    known_from = ahead.pop("promotion_known_from")
    for feature in FEATURES:
        full = np.full((n, period.size), np.nan, dtype=np.float32)
        if feature.column == "demand":
            full = np.full((n, period.size), np.nan)
            full[:, :length] = demand
        elif feature.known_at == START:
            full[:, : length + 1] = past[feature.column]
        else:
            full[:] = ahead[feature.column]
        columns[feature.column] = full.ravel()
    columns["promotion_known_from"] = known_from.astype("datetime64[ns]").ravel()
    return pd.DataFrame(columns)


def _past_features(wide: Wide, demand: Floats, views: Floats) -> dict[str, Floats]:
    """Return the columns known at the start of a period, each (n_sku, n_period + 1)."""
    means = {k: lags.window_mean(demand, k) for k in WINDOWS}
    # Scaled by each product's own mean, so that the category's trend is not that of its best seller.
    scaled = demand / np.maximum(lags.window_mean(demand, WINDOWS[-1])[:, :-1], 1e-9)
    scaled[:, : WINDOWS[0]] = np.nan
    scaled = np.minimum(scaled, 10.0)
    known = (~np.isnan(scaled)).any(axis=0)
    category = np.full((1, scaled.shape[1]), np.nan)
    if known.any():
        category[0, known] = np.nanmean(scaled[:, known], axis=0)
    category_trend = lags.ratio(lags.window_mean(category, 4), lags.window_mean(category, 13))
    season_periods = round(DAYS_PER_YEAR / wide.period_days)
    category_year_ago = lags.year_ago_ratio(category, season_periods)
    price = lags.last_known(wide.net_price)
    discount = np.where(np.isnan(wide.units), np.nan, wide.discount_share)
    return {
        **{f"lag_{k}": lags.lag(demand, k) for k in LAGS},
        **{f"mean_{k}": means[k] for k in WINDOWS},
        **{f"smooth_{k}": lags.smoothed(demand, k / 100) for k in SMOOTHING_PERCENT},
        YEAR_AGO[0]: lags.year_ago_ratio(demand, season_periods),
        YEAR_AGO[1]: np.broadcast_to(category_year_ago, price.shape),
        "sd_13": lags.window_sd(demand, 13),
        "trend_ratio": lags.ratio(means[4], means[13]),
        "category_trend_ratio": np.broadcast_to(category_trend, price.shape),
        "zero_share_13": lags.zero_share(demand, 13),
        "periods_since_sale": lags.periods_since_sale(demand),
        "interval": lags.interval(demand),
        "size_variation": lags.size_variation(demand),
        "age_periods": lags.age(demand),
        "known_periods": lags.known_so_far(demand),
        "price": price,
        "price_ratio": lags.ratio(price, lags.window_mean(wide.net_price, 26)),
        "discount_lag_1": lags.lag(discount, 1),
        "discount_mean_8": lags.window_mean(discount, 8),
        "views_ratio": lags.ratio(lags.window_mean(views, 4), lags.window_mean(views, 13)),
        "views_per_unit": lags.ratio(lags.window_mean(views, 13), means[13]),
    }


def _views(wide: Wide, page_views: pd.DataFrame) -> Floats:
    """Return page views per product and period: the panel's, or added up from the daily table."""
    if page_views.empty or not np.isnan(wide.page_views).all():
        return wide.page_views
    views = np.full(wide.units.shape, np.nan)
    row = pd.Index(wide.sku).get_indexer(pd.Index(page_views["sku"].astype(str)))
    offset = page_views["date"].to_numpy().astype("datetime64[D]") - wide.period[0]
    column = offset.astype(int) // wide.period_days
    inside = (row >= 0) & (column >= 0) & (column < wide.period.size)
    covered = np.unique(column[inside])
    views[:, covered] = 0.0
    np.add.at(views, (row[inside], column[inside]), page_views["views"].to_numpy(dtype=float)[inside])
    return views


def _promotion_features(
    sku: NDArray[np.object_], period: NDArray[np.datetime64], period_days: int, promotions: pd.DataFrame
) -> dict[str, NDArray]:
    """Return planned share of days, planned discount, and the period from which the plan was known."""
    shape = (sku.size, period.size)
    far = np.datetime64("1900-01-01", "D")
    result: dict[str, NDArray] = {
        "planned_promotion_share": np.zeros(shape),
        "planned_discount": np.zeros(shape),
        "promotion_known_from": np.full(shape, far),
    }
    if promotions.empty:
        return result
    place = pd.Index(sku).get_indexer(pd.Index(promotions["sku"].astype(str)))
    usable = (place >= 0) & (promotions["start_date"].notna() & promotions["end_date"].notna()).to_numpy()
    rows, row = promotions[usable], place[usable]
    start = rows["start_date"].to_numpy().astype("datetime64[D]")
    end = rows["end_date"].to_numpy().astype("datetime64[D]")
    notice = start - np.timedelta64(ANNOUNCED_DAYS_AHEAD, "D")
    told = notice
    if "announced_date" in rows.columns:
        announced = pd.to_datetime(rows["announced_date"]).to_numpy().astype("datetime64[D]")
        told = np.where(np.isnat(announced), notice, announced)
    overlap_start = np.maximum(start[:, None], period)
    overlap_end = np.minimum(end[:, None], period + np.timedelta64(period_days - 1, "D"))
    share = np.clip((overlap_end - overlap_start).astype(int) + 1, 0, period_days) / period_days
    discount = rows["discount_share"].to_numpy(dtype=float)
    np.add.at(result["planned_promotion_share"], row, share)
    np.add.at(result["planned_discount"], row, share * np.nan_to_num(discount)[:, None])
    for k in np.argsort(told):  # the latest announcement that touches a period decides when all is known
        touched = share[k] > 0
        result["promotion_known_from"][row[k], touched] = told[k]
    result["planned_promotion_share"] = np.minimum(result["planned_promotion_share"], 1.0)
    result["planned_discount"] = np.minimum(result["planned_discount"], 1.0)
    return result


def _on_sale_share(
    sku: NDArray[np.object_], period: NDArray[np.datetime64], period_days: int, products: pd.DataFrame
) -> Floats:
    """Return the share of each period's days from launch to end of the product; 1 where nothing is said."""
    share = np.ones((sku.size, period.size))
    if products.empty:
        return share
    known = products.assign(sku=products["sku"].astype(str)).drop_duplicates("sku")
    known = known.set_index("sku").reindex(sku)
    first, last = np.datetime64("1900-01-01", "D"), np.datetime64("2200-01-01", "D")
    for name, side in (("launch_date", first), ("end_date", last)):
        if name not in known.columns:
            continue
        day = pd.to_datetime(known[name]).to_numpy().astype("datetime64[D]")
        day = np.where(np.isnat(day), side, day)[:, None]
        if name == "launch_date":
            offered = (period + np.timedelta64(period_days, "D") - day).astype(int)
        else:
            offered = (day - period).astype(int) + 1
        share *= np.clip(offered, 0, period_days) / period_days
    return share
