"""What a model may see: the feature table as arrays, and the rows on which the learned models train.

A row is (product i, origin s, step h): features known at the start of period s, plan and calendar of period
s + h, and as target the demand of period s + h in units of the product's level at s. Step 0 is the first
period after the origin. Dividing by the level lets one model learn from all products of a category.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.features.calendar import DAYS_PER_WEEK, DAYS_PER_YEAR, FESTIVALS
from invnb.features.lags import known_so_far, ratio, window_mean, window_sum
from invnb.features.table import AHEAD, FEATURES, START, YEAR_AGO

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CYCLES_NEEDED = 2
"""A calendar effect seen once cannot be told from chance: two full cycles must lie before the origin."""
HALF_LIFE_YEARS = 1.0
"""Age at which a training row counts half."""
LEVEL_PERIODS = 13
LEAST_SCALE_UNITS = 0.5
LEAST_KNOWN_PERIODS = 4
"""Known periods a product needs before its own rows teach a learned model."""

_PLANNED = ("planned_promotion_share", "planned_discount")
_EVENTS = ("holiday_share", *(f"{festival.name}_share" for festival in FESTIVALS))
_YEARLY = ("days_to_festival", "year_sin_1", "year_cos_1", "year_sin_2", "year_cos_2")
_PAST = tuple(f for f in FEATURES if f.known_at == START)
_LEFT_OUT = ("month", "quarter", "on_sale_share")  # for people; the harmonics say the same to a model
_AHEAD = tuple(f for f in FEATURES if f.known_at == AHEAD and f.column not in _LEFT_OUT)

FEATURE_NAMES = (*(f.column for f in _PAST), "log_level", *(f.column for f in _AHEAD), "step")
"""Columns of a training row, in order."""


@dataclass(frozen=True)
class Inputs:
    """The feature table as arrays; the period axis of `ahead` runs over history and horizon.

    Parameters
    ----------
    sku : (n_sku,) labels.
    period : (n_period + n_horizon,) first days.
    period_days : days in a period.
    demand : (n_sku, n_period) demand in units, estimated where sold out, NaN unknown.
    lower_bound : (n_sku, n_period) true where sales are a lower bound of demand.
    sold : (n_sku, n_period) units sold, NaN unknown.
    level : (n_sku, n_period + 1) the product's demand per period as known at the start of a period; above
        zero, NaN before anything is known.
    scale : (n_sku, n_period + 1) what targets and features in units are divided by: the level, at least
        half a whole unit, since one piece is no multiple of a level near zero.
    past : (n_sku, n_period + 1, n_past) features known at the start of a period.
    ahead : (n_sku, n_period + n_horizon, n_ahead) plan and calendar.
    plan_known_from : (n_sku, n_period + n_horizon) first origin at which the promotion plan was known.
    on_sale_share : (n_sku, n_period + n_horizon) share of days from launch to end.
    """

    sku: NDArray[np.object_]
    period: NDArray[np.datetime64]
    period_days: int
    demand: Floats
    lower_bound: NDArray[np.bool_]
    sold: Floats
    level: Floats
    scale: Floats
    past: NDArray[np.float32]
    ahead: NDArray[np.float32]
    plan_known_from: Whole
    on_sale_share: Floats

    @property
    def n_sku(self) -> int:
        """Number of products."""
        return int(self.demand.shape[0])

    @property
    def n_history(self) -> int:
        """Number of periods with demand: the origin of the forecast of the future."""
        return int(self.demand.shape[1])

    @property
    def season_periods(self) -> int:
        """Periods in a year."""
        return round(DAYS_PER_YEAR / self.period_days)

    @property
    def cycle_periods(self) -> int:
        """Periods after which demand is likest: a week of days, else a year."""
        return DAYS_PER_WEEK if self.period_days == 1 else self.season_periods


@dataclass(frozen=True)
class Rows:
    """Rows for a learned model: X (n_row, n_feature), `target` in levels, `weight`, and their origin."""

    X: Floats
    target: Floats
    weight: Floats
    step: Whole
    sku_index: Whole


def make_inputs(panel: pd.DataFrame, features: pd.DataFrame) -> Inputs:
    """Return the arrays of a panel and its feature table.

    Parameters
    ----------
    panel : demand panel (for censoring).
    features : table of `invnb.features.table.build_features` on the same panel.

    Raises
    ------
    ValueError : if the two do not cover the same products and periods, or a feature is missing.
    """
    from invnb.features.wide import to_wide

    wide = to_wide(panel)
    missing = [f.column for f in FEATURES if f.column not in features.columns]
    if missing:
        raise ValueError(f"features must have the column {missing[0]}; build them again (stage 02)")
    table = features.sort_values(["sku", "period"], kind="stable")
    period = np.sort(table["period"].unique()).astype("datetime64[D]")
    n, length = wide.units.shape
    expected = np.repeat(wide.sku, period.size)
    if len(table) != n * period.size or not np.array_equal(table["sku"].to_numpy(dtype=object), expected):
        raise ValueError(
            f"features must hold the panel's {n} products in each of its periods, got {len(table)} rows over "
            f"{period.size} periods; build them again (stage 02)"
        )
    if not np.array_equal(period[:length], wide.period) or period.size <= length:
        raise ValueError("features must cover the panel's periods and a horizon; build them again (stage 02)")

    def grid(name: str) -> Floats:
        return table[name].to_numpy(dtype=np.float64).reshape(n, period.size)

    demand = grid("demand")[:, :length]
    unit = whole_units_so_far(wide.units)
    level = demand_level(demand, unit)
    scale = np.maximum(level, LEAST_SCALE_UNITS * unit)
    past = np.stack([_scaled(grid(f.column)[:, : length + 1], f.scale, scale) for f in _PAST], axis=2)
    known_from = table["promotion_known_from"].to_numpy().astype("datetime64[D]").reshape(n, period.size)
    return Inputs(
        sku=wide.sku,
        period=period,
        period_days=wide.period_days,
        demand=demand,
        lower_bound=wide.censored,
        sold=wide.units,
        level=level,
        scale=scale,
        past=past.astype(np.float32),
        ahead=np.stack([grid(f.column) for f in _AHEAD], axis=2).astype(np.float32),
        plan_known_from=np.searchsorted(period, known_from, side="left"),
        on_sale_share=grid("on_sale_share"),
    )


def demand_level(demand: Floats, unit: Floats | float = 1.0) -> Floats:
    """Return each product's demand per period as known at the start of every period, above zero.

    Parameters
    ----------
    demand : (n_sku, n_period) units, NaN unknown.
    unit : (n_sku, n_period + 1) smallest step of demand, as known then.

    Returns
    -------
    (n_sku, n_period + 1): the mean of the last `LEVEL_PERIODS`, shrunk towards the mean of all known periods
    where few of them are known, and at least half a step over the known periods (a product without a sale is
    slow, not dead). NaN before the first known period.

    Examples
    --------
    >>> demand_level(np.array([[4.0, 4.0], [0.0, 0.0]])).tolist()
    [[nan, 4.0, 4.0], [nan, 0.5, 0.25]]
    """
    recent, count = window_sum(demand, LEVEL_PERIODS)
    known = known_so_far(demand)
    overall = window_mean(demand, demand.shape[1] + 1)
    level = (recent + LEAST_KNOWN_PERIODS * overall) / (count + LEAST_KNOWN_PERIODS)
    floor = ratio(np.broadcast_to(0.5 * np.asarray(unit), known.shape), known)
    return np.where(known > 0, np.fmax(level, floor), np.nan)


def whole_units(units: Floats) -> Floats:
    """Return each product's smallest step of demand, (n_sku,): 1 for pieces, a hundredth of its median sale
    where its sales are fractional.

    Examples
    --------
    >>> whole_units(np.array([[1.0, 2.0, np.nan], [0.5, 2.0, 2.0]])).tolist()
    [1.0, 0.02]
    """
    return whole_units_so_far(units)[:, -1]


def whole_units_so_far(units: Floats) -> Floats:
    """Return each product's smallest step of demand as known at the start of every period.

    Parameters
    ----------
    units : (n_sku, n_period) units sold, NaN unknown.

    Returns
    -------
    (n_sku, n_period + 1) steps, 1 before the first fractional sale.

    Examples
    --------
    >>> whole_units_so_far(np.array([[1.0, 0.5, 1.0]])).tolist()
    [[1.0, 1.0, 0.0075, 0.01]]
    """
    broken = np.logical_or.accumulate((units != np.floor(units)) & ~np.isnan(units), axis=1)
    rows = np.flatnonzero(broken.any(axis=1))
    result = np.ones((units.shape[0], units.shape[1] + 1))
    if rows.size:
        sales = pd.DataFrame(np.where(units[rows] > 0, units[rows], np.nan).T)
        median = sales.expanding().median().to_numpy().T
        result[rows, 1:] = np.where(broken[rows], median / 100, 1.0)
    return result


def _scaled(values: Floats, kind: str, scale: Floats) -> Floats:
    if kind == "level":
        return values / scale
    return np.log1p(np.maximum(values, 0.0)) if kind == "log" else values


def usable_columns(inputs: Inputs, origin: int) -> NDArray[np.bool_]:
    """Return which of `FEATURE_NAMES` may be used at an origin: calendar columns need two full cycles
    before it.

    A festival or holiday counts as seen when a period with it has passed; harmonics of the year need two
    years.
    """
    usable = np.ones(len(FEATURE_NAMES), dtype=bool)
    for name in YEAR_AGO:
        usable[FEATURE_NAMES.index(name)] = origin >= CYCLES_NEEDED * inputs.season_periods
    for k, feature in enumerate(_AHEAD):
        column = len(_PAST) + 1 + k
        if feature.column in _EVENTS:
            on = inputs.ahead[0, :origin, k] > 0
            seen = np.count_nonzero(on[1:] & ~on[:-1]) + int(on[:1].any())
            usable[column] = seen >= CYCLES_NEEDED
        elif feature.column.startswith("weekday"):
            usable[column] = origin * inputs.period_days >= CYCLES_NEEDED * DAYS_PER_WEEK
        elif feature.column in _YEARLY:
            usable[column] = origin >= CYCLES_NEEDED * inputs.season_periods
    return usable


def training_rows(inputs: Inputs, origin: int, horizon: int, most_rows: int, seed: int) -> Rows:
    """Return rows whose target lies before `origin`, at most `most_rows` of them, drawn by seed.

    Newer rows weigh more (half-life `HALF_LIFE_YEARS`), and so do faster products: the variance of
    demand in levels falls as the level grows.
    """
    demand = inputs.demand[:, :origin]
    usable_start = known_so_far(demand)[:, :-1] >= LEAST_KNOWN_PERIODS
    parts = []
    for h in range(min(horizon, origin)):
        ready = usable_start[:, : origin - h] & ~np.isnan(demand[:, h:])
        i, s = np.nonzero(ready)
        parts.append(np.stack([i, s, np.full(i.size, h)]))
    sku, start, step = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0), dtype=int)
    if sku.size > most_rows:
        keep = np.sort(np.random.default_rng(seed).choice(sku.size, most_rows, replace=False))
        sku, start, step = sku[keep], start[keep], step[keep]
    scale = inputs.scale[sku, start]
    half_life = HALF_LIFE_YEARS * inputs.season_periods
    unit = whole_units(inputs.sold[:, :origin])[sku]
    return Rows(
        X=_features(inputs, sku, start, step),
        target=demand[sku, start + step] / scale,
        weight=0.5 ** ((origin - 1 - start - step) / half_life) * scale / (scale + unit),
        step=step,
        sku_index=sku,
    )


def forecast_rows(inputs: Inputs, origin: int, horizon: int) -> Rows:
    """Return one row per product and step of the forecast made at `origin`, product by product."""
    sku = np.repeat(np.arange(inputs.n_sku), horizon)
    step = np.tile(np.arange(horizon), inputs.n_sku)
    nothing = np.full(sku.size, np.nan)
    X = _features(inputs, sku, np.full(sku.size, origin), step)
    return Rows(X=X, target=nothing, weight=nothing, step=step, sku_index=sku)


def _features(inputs: Inputs, sku: Whole, start: Whole, step: Whole) -> Floats:
    """Return X for rows (product, origin, step); a promotion not yet announced is no promotion."""
    target = start + step
    ahead = inputs.ahead[sku, target].astype(np.float64)
    told = inputs.plan_known_from[sku, target] <= start
    for k, feature in enumerate(_AHEAD):
        if feature.column in _PLANNED:
            ahead[:, k] = np.where(told, ahead[:, k], 0.0)
    log_level = np.log(inputs.level[sku, start])[:, None]
    return np.concatenate([inputs.past[sku, start], log_level, ahead, step[:, None]], axis=1)
