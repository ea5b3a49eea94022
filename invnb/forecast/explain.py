"""What drove a forecast: contributions of named drivers that add up to it, for every product.

The forecast of a product is explained for its demand over some periods. A driver is a group of what the model
sees (recent weeks, calendar, price ...). Without a driver the model sees this product's own mean of the last
year instead; the contributions are the Shapley values of the drivers, computed over all their combinations,
so they are exact for every model, linear or not. What the model says with no driver at all is split into the
product's own level and what the model has learned from other products.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.features.calendar import FESTIVALS
from invnb.forecast.evaluate import lead_time_window
from invnb.forecast.fallback import with_fallback
from invnb.forecast.inputs import FEATURE_NAMES, LEVEL_PERIODS, Inputs, usable_columns
from invnb.forecast.models import model

if TYPE_CHECKING:
    from invnb.forecast.compare import Comparison, Forecast

Floats = NDArray[np.float64]

DRIVERS = {
    "level": "own demand, mean of the last year",
    "recent": "the last quarter against it",
    "season": "time of the year",  # and what happened before the last quarter
    "festivals": "holidays and festivals",
    "price": "price and discounts so far",
    "promotion": "planned promotions",
    "page_views": "page views",
    "category": "what similar products teach",  # of its trend, kind and age; and the method's own correction
    "borrowed": "borrowed: launch, end, little history",
    "past_errors": "correction by past errors, whole units",
}
"""Drivers in the order in which they are added up, and what each means."""

_PREFIXES = {
    "festivals": ("holiday", "days_to_festival", *(festival.name for festival in FESTIVALS)),
    "season": ("year_", "month", "quarter", "weekday", "day_of_week", "season"),
    "price": ("price", "discount"),
    "promotion": ("planned",),
    "page_views": ("views",),
    "category": ("category", "interval", "size_variation", "age", "known"),
}
PLAYERS = ("recent", *_PREFIXES)
"""What a forecast is made of, as players of a game; the other drivers come before or after it."""
_BY_PRODUCT = (
    "sku", "demand", "lower_bound", "sold", "level", "scale", "past", "ahead", "plan_known_from",
    "on_sale_share",
)  # fmt: skip


def driver_of(column: str) -> str:
    """Return the driver to which a feature belongs.

    Examples
    --------
    >>> [driver_of(c) for c in ("lag_1", "year_sin_1", "holiday_share", "planned_discount", "price_ratio")]
    ['recent', 'season', 'festivals', 'promotion', 'price']
    """
    found = (name for name, starts in _PREFIXES.items() if column.startswith(starts))
    return next(found, "recent")


def explain_forecast(comparison: Comparison, forecast: Forecast, periods: int | None = None) -> pd.DataFrame:
    """Return what each driver adds to the expected demand of each product over the coming periods.

    Parameters
    ----------
    comparison : result of `compare_models`; its `models` are asked again without one driver or another.
    forecast : result of `forecast_scenarios`.
    periods : periods added up; None for those of `lead_time_window`.

    Returns
    -------
    DataFrame with one row per product and driver: `sku`, `model`, `driver`, `units`, `periods`. The units of
    a product add up to its forecast mean over the periods; `DRIVERS` says what each driver means.

    Raises
    ------
    ValueError : if `periods` is not from 1 to the horizon.

    Source
    ------
    Shapley (1953), "A value for n-person games"; groups of features as players and absent features at a
    reference value: Lundberg & Lee (2017), "A unified approach to interpreting model predictions".
    """
    from threadpoolctl import threadpool_limits

    inputs, horizon = comparison.inputs, comparison.horizon_periods
    window = lead_time_window(inputs.period_days, horizon) if periods is None else periods
    if not 1 <= window <= horizon:
        raise ValueError(f"periods must be from 1 to the horizon of {horizon}, got {periods}")
    table = forecast.forecast.sort_values(["sku", "period"], kind="stable")
    owner = table["model"].to_numpy(dtype=object).reshape(inputs.n_sku, horizon)[:, 0]
    mean = table["mean"].to_numpy(dtype=np.float64).reshape(inputs.n_sku, horizon)
    units = {name: np.zeros(inputs.n_sku) for name in DRIVERS}
    point = np.full((inputs.n_sku, window), np.nan)
    with threadpool_limits(1):  # many small predictions: threads would only wait for one another
        for name in sorted(set(owner)):
            members = np.flatnonzero(owner == name)
            fitted, part = comparison.models[name], _rows(inputs, members)
            for driver, value in shapley_values(name, fitted, part, window).items():
                units[driver][members] = value
            point[members] = model(name).predict(fitted, part, inputs.n_history, window)
    whole = with_fallback(inputs, point, inputs.n_history).sum(axis=1)
    units["borrowed"] = whole - np.nan_to_num(point.sum(axis=1))
    units["past_errors"] = mean[:, :window].sum(axis=1) - whole
    return pd.DataFrame(
        {
            "sku": np.repeat(inputs.sku.astype(str), len(DRIVERS)),
            "model": np.repeat(owner, len(DRIVERS)),
            "driver": np.tile(list(DRIVERS), inputs.n_sku),
            "units": np.stack([units[name] for name in DRIVERS], axis=1).ravel(),
            "periods": window,
        }
    )


def shapley_values(name: str, fitted: Any, inputs: Inputs, horizon: int) -> dict[str, Floats]:
    """Return the contributions of the drivers to a model's forecast of the next `horizon` periods, by driver.

    Parameters
    ----------
    name, fitted : a model of the registry and what it learned.
    inputs : the products to explain.
    horizon : periods forecast and added up.

    Returns
    -------
    (n_sku,) units for "level", "category" and each player that moved something. They add up to the model's
    forecast; all zero for a product it knows nothing of.
    """
    origin = inputs.n_history
    usual = _usual(inputs)
    players = _active(inputs, usual, horizon)
    if not model(name).learns:
        players = [player for player in players if player in ("recent", "season")]  # sees demand alone
    n = len(players)
    value = np.empty((2**n, inputs.n_sku))
    for code in range(2**n):
        absent = {player for k, player in enumerate(players) if not code >> k & 1}
        seen = _without(inputs, usual, absent, horizon)
        made = model(name).predict(fitted, seen, origin, horizon)
        value[code] = made.sum(axis=1)
    unknown = np.isnan(value).any(axis=0)
    value[:, unknown] = 0.0
    size = np.array([code.bit_count() for code in range(2**n)])
    result = {}
    for k, player in enumerate(players):
        out = np.flatnonzero(~np.arange(2**n) >> k & 1)
        weight = np.array([1 / (n * comb(n - 1, s)) for s in size[out]])
        result[player] = weight @ (value[out | 1 << k] - value[out])
    result["level"] = np.where(unknown, 0.0, usual.level * horizon)
    result["category"] = result.get("category", 0.0) + value[0] - result["level"]
    return result


@dataclass(frozen=True)
class _Usual:
    """What the model sees in place of an absent driver: the product's own means of the last year."""

    level: Floats  # (n_sku,) units per period, above zero; NaN where nothing is known
    past: Floats  # (n_sku, n_past)
    ahead: Floats  # (n_sku, n_ahead)


def _usual(inputs: Inputs) -> _Usual:
    origin = inputs.n_history
    year = slice(max(origin - inputs.season_periods, 0), origin)
    level = _mean(inputs.demand[:, year])
    level = np.where(np.isnan(level), _mean(inputs.demand), level)
    # A product without a sale is slow, not dead: the model's own least level keeps its logarithm finite.
    level = np.maximum(level, np.minimum(inputs.level[:, origin], 0.5 / origin))
    past = _mean(inputs.past[:, year.start : origin + 1].astype(np.float64), axis=1)
    return _Usual(level, past, _mean(inputs.ahead[:, year].astype(np.float64), axis=1))


def _columns(inputs: Inputs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the columns of `past` and of `ahead`; "log_level" and "step" are beside them."""
    first = FEATURE_NAMES.index("log_level")
    return FEATURE_NAMES[:first], FEATURE_NAMES[first + 1 : first + 1 + inputs.ahead.shape[2]]


def _active(inputs: Inputs, usual: _Usual, horizon: int) -> list[str]:
    """Return the players whose columns the model may use, and whose absence changes anything."""
    origin = inputs.n_history
    usable = dict(zip(FEATURE_NAMES, usable_columns(inputs, origin), strict=True))
    past, ahead = _columns(inputs)
    changed = {"recent", "season"}  # both move the demand history itself
    for k, column in enumerate(past):
        if usable[column] and not np.allclose(inputs.past[:, origin, k], usual.past[:, k], equal_nan=True):
            changed.add(driver_of(column))
    for k, column in enumerate(ahead):
        coming = inputs.ahead[:, origin : origin + horizon, k]
        if usable[column] and not np.allclose(coming, usual.ahead[:, None, k], equal_nan=True):
            changed.add(driver_of(column))
    return [player for player in PLAYERS if player in changed]


def _without(inputs: Inputs, usual: _Usual, absent: set[str], horizon: int) -> Inputs:
    """Return the inputs with the columns of the absent drivers at the product's usual values."""
    origin = inputs.n_history
    past, ahead, known_from = inputs.past.copy(), inputs.ahead.copy(), inputs.plan_known_from
    names, names_ahead = _columns(inputs)
    for k, column in enumerate(names):
        if driver_of(column) in absent:
            past[:, origin, k] = usual.past[:, k]
    for k, column in enumerate(names_ahead):
        if driver_of(column) in absent:
            ahead[:, origin : origin + horizon, k] = usual.ahead[:, None, k]
    if "promotion" in absent:
        known_from = np.zeros_like(known_from)  # the usual amount of promotion needs no announcement
    demand, level, scale = inputs.demand.copy(), inputs.level, inputs.scale
    flat = np.where(np.isnan(demand), np.nan, usual.level[:, None])
    if "season" in absent:
        demand[:, :-LEVEL_PERIODS] = flat[:, :-LEVEL_PERIODS]
    if "recent" in absent:
        demand[:, -LEVEL_PERIODS:] = flat[:, -LEVEL_PERIODS:]
        level, scale = level.copy(), scale.copy()
        at_floor = scale[:, origin] > level[:, origin]
        scale[:, origin] = np.where(at_floor, np.maximum(usual.level, scale[:, origin]), usual.level)
        level[:, origin] = usual.level
    return replace(
        inputs, past=past, ahead=ahead, plan_known_from=known_from, demand=demand, level=level, scale=scale
    )


def _rows(inputs: Inputs, members: NDArray[np.int64]) -> Inputs:
    """Return the inputs of some products."""
    return replace(inputs, **{name: getattr(inputs, name)[members] for name in _BY_PRODUCT})


def _mean(values: Floats, axis: int = 1) -> Floats:
    with warnings.catch_warnings():  # a product nothing is known of has no mean, and that is no fault
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        return np.nanmean(values, axis=axis)
