"""Rolling-origin evaluation: every model forecasts the same products from the same origins, blind to what
follows.

Demand that could not be observed is masked in training, features and evaluation alike; a period that sold out
counts with its estimated demand (`invnb.features.censoring`), since dropping it would favour the model that
forecasts too little. Decisions need demand over a lead time, so the models are ranked on the pinball loss of
that sum, each with the quantiles its own errors from other origins give it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.forecast import metrics
from invnb.forecast.inputs import CYCLES_NEEDED, Inputs
from invnb.forecast.models import MODELS, combine, model

Floats = NDArray[np.float64]
Given = TypeVar("Given")
Made = TypeVar("Made")

log = logging.getLogger(__name__)
"""One line (level INFO) for every model and origin done: what long work shows of its progress."""

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Quantile levels on which models are ranked: the critical ratios of stock decisions."""
WINDOW_PERIODS = 4
"""Weeks summed for the lead-time demand on which models are ranked (or the horizon, if shorter)."""
DAYS_PER_WEEK = 7
MOST_STEP_PERIODS = 4
"""Origins lie at most this far apart: beyond, one only loses recent ones."""
REFIT_PERIODS = 8
"""A learned model is trained again once this many periods have passed."""
WORKERS = 2


@dataclass(frozen=True)
class Folds:
    """Forecasts of several models from the same origins, with the demand that came.

    Parameters
    ----------
    origins : (n_origin,) index of the first period forecast.
    demand : (n_origin, n_sku, horizon) demand in units, NaN unknown.
    forecasts : by model, (n_origin, n_sku, horizon) in units; NaN for products unknown at the origin.
    scale : (n_origin, n_sku) mean absolute step of the demand before the origin, NaN where undefined.
    square_scale : (n_origin, n_sku) the same of squared steps.
    level : (n_origin, n_sku) demand per period known at the origin.
    window_periods : periods summed for the lead-time demand on which models are ranked (`lead_time_window`).
    two_seasons : whether two full seasons lie before the first origin (`two_seasons`).
    """

    origins: NDArray[np.int64]
    demand: Floats
    forecasts: dict[str, Floats]
    scale: Floats
    square_scale: Floats
    level: Floats
    window_periods: int = WINDOW_PERIODS
    two_seasons: bool = True


def lead_time_window(period_days: int, horizon: int) -> int:
    """Return the periods whose sum scenarios are made for: four, or a week of days; at most the horizon."""
    return min(DAYS_PER_WEEK if period_days == 1 else WINDOW_PERIODS, horizon)


def rolling_origins(n_history: int, horizon: int, origins: int, season_periods: int) -> NDArray[np.int64]:
    """Return the indices of the first period forecast at each origin, evenly spaced.

    Parameters
    ----------
    n_history : periods of history.
    horizon : periods after an origin that must be known.
    origins : number asked for; fewer are returned where the history is short.
    season_periods : periods in a year; the first origin keeps one year before it where the history allows.

    Returns
    -------
    (n_origin,) increasing, at most `MOST_STEP_PERIODS` apart; empty if no origin leaves a period to learn
    from.

    Examples
    --------
    >>> rolling_origins(130, 13, 8, 52).tolist()
    [89, 93, 97, 101, 105, 109, 113, 117]
    >>> rolling_origins(20, 13, 8, 52).tolist()
    [3, 4, 5, 6, 7]
    """
    last = n_history - horizon
    if last < 2:
        return np.array([], dtype=np.int64)
    for training in (season_periods, max(2, last // 2), 2):
        room = last - training
        if room >= origins - 1:
            step = min(MOST_STEP_PERIODS, max(1, room // max(origins - 1, 1)))
            return last - step * np.arange(origins - 1, -1, -1)
    return np.arange(max(2, last // 2), last + 1)


def two_seasons(origins: NDArray[np.int64], season_periods: int) -> bool:
    """Return whether two full seasons lie before the first origin.

    Examples
    --------
    >>> two_seasons(np.array([104, 108]), 52), two_seasons(np.array([62, 66]), 52)
    (True, False)
    """
    return bool(origins.size and origins.min() >= CYCLES_NEEDED * season_periods)


def forecast_origins(
    inputs: Inputs,
    names: Sequence[str],
    origins: Sequence[int] | NDArray[np.int64],
    horizon: int,
    seed: int,
    refit_periods: int = REFIT_PERIODS,
) -> dict[str, Floats]:
    """Return the forecasts of each model from each origin, (n_origin, n_sku, horizon) in units, by name.

    Parameters
    ----------
    inputs : feature arrays; a forecast uses only what was known at its origin.
    names : models of the registry.
    origins : indices of the first period forecast, increasing.
    horizon : periods forecast.
    seed : seed of the learned models.
    refit_periods : a learned model is trained again once this many periods have passed since its training;
        in between the last one is used with newer features, as a shop would.
    """
    at = np.asarray(origins, dtype=np.int64)
    wanted = [model(name).parts or (name,) for name in names]
    single = list(dict.fromkeys(part for parts in wanted for part in parts))  # each part forecasts once
    # What takes longest (the last of the registry) begins first, so that no worker waits at the end.
    tasks = [
        (name, some)
        for name in sorted(single, key=list(MODELS).index, reverse=True)
        for some in (_by_training(at, refit_periods) if model(name).learns else [np.arange(at.size)])
    ]
    made = {name: np.empty((at.size, inputs.n_sku, horizon)) for name in single}

    def run(task: tuple[str, NDArray[np.int64]]) -> None:
        name, some = task
        fitted, began = None, time.perf_counter()
        if model(name).learns:
            fitted = model(name).fit(inputs, int(at[some[0]]), horizon, seed)
        for k in some:
            made[name][k] = model(name).predict(fitted, inputs, int(at[k]), horizon)
            day, seconds = inputs.period[at[k]], time.perf_counter() - began
            log.info("%s from %s: %d products, %.1f s", name, day, inputs.n_sku, seconds)

    in_workers(run, tasks)
    return {
        name: combine([made[part] for part in parts]) if model(name).parts else made[name]
        for name, parts in zip(names, wanted, strict=True)
    }


def in_workers(work: Callable[[Given], Made], tasks: Iterable[Given]) -> list[Made]:
    """Return the results of independent tasks, `WORKERS` at a time, in the order of the tasks.

    Each task has one thread: on a busy machine a model's own threads wait for one another.

    Examples
    --------
    >>> in_workers(lambda x: x * x, [1, 2, 3])
    [1, 4, 9]
    """
    import sklearn.ensemble  # noqa: F401 (imported once, before the workers ask for it at the same time)
    from threadpoolctl import threadpool_limits

    # OpenMP keeps the limit by thread, so each worker sets it for itself.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(WORKERS, initializer=threadpool_limits, initargs=(1,)) as pool,
    ):
        return list(pool.map(work, tasks))


def fit_models(inputs: Inputs, names: Sequence[str], origin: int, horizon: int, seed: int) -> dict[str, Any]:
    """Return the models trained on what was known at `origin`, by name; a part shared by several once."""
    wanted = {name: model(name).parts for name in names}
    single = list(dict.fromkeys(part for name in names for part in wanted[name] or (name,)))
    made = in_workers(lambda name: model(name).fit(inputs, origin, horizon, seed), single)
    fitted = dict(zip(single, made, strict=True))
    return {
        name: {part: fitted[part] for part in parts} if parts else fitted[name]
        for name, parts in wanted.items()
    }


def _by_training(origins: NDArray[np.int64], refit_periods: int) -> list[NDArray[np.int64]]:
    """Return the positions of the origins that share a training, made at the first of them.

    Examples
    --------
    >>> [some.tolist() for some in _by_training(np.array([60, 64, 68, 72]), 8)]
    [[0, 1], [2, 3]]
    """
    groups: list[list[int]] = []
    for k, origin in enumerate(origins):
        if not groups or origin - origins[groups[-1][0]] >= refit_periods:
            groups.append([])
        groups[-1].append(k)
    return [np.array(group) for group in groups]


def make_folds(
    inputs: Inputs,
    names: Sequence[str],
    origins: NDArray[np.int64],
    horizon: int,
    seed: int,
    refit_periods: int = REFIT_PERIODS,
) -> Folds:
    """Return forecasts and the demand that came, for the given origins; see `forecast_origins`."""
    window = origins[:, None] + np.arange(horizon)
    to_come = window >= inputs.n_history
    demand = inputs.demand[:, np.where(to_come, 0, window)].transpose(1, 0, 2)
    return Folds(
        origins=origins,
        demand=np.where(to_come[:, None, :], np.nan, demand),
        forecasts=forecast_origins(inputs, names, origins, horizon, seed, refit_periods),
        scale=_scales(inputs.demand, origins, 1),
        square_scale=_scales(inputs.demand, origins, 2),
        level=inputs.level[:, origins].T,
        window_periods=lead_time_window(inputs.period_days, horizon),
        two_seasons=two_seasons(origins, inputs.season_periods),
    )


def _scales(demand: Floats, origins: NDArray[np.int64], power: int) -> Floats:
    if origins.size == 0:
        return np.empty((0, demand.shape[0]))
    return np.stack([metrics.naive_scale(demand[:, :origin], power=power) for origin in origins])


def lead_time_losses(folds: Folds, name: str, group: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Return the scaled pinball loss and the coverage of lead-time demand by origin, product and level.

    The sum over `folds.window_periods` is forecast as the model's sum plus the quantile of the errors
    of its demand class at origins whose window does not overlap (or at all others, if there is none), in
    levels. Both results are (n_level, n_origin, n_sku), NaN where a period of the window is unknown, the
    scale undefined, or no other origin has an error.

    Parameters
    ----------
    folds : forecasts and demand.
    name : model.
    group : (n_sku,) demand class.
    """
    window = min(folds.window_periods, folds.demand.shape[2])
    actual = folds.demand[:, :, :window].sum(axis=2)  # NaN where any period is unknown
    total = folds.forecasts[name][:, :, :window].sum(axis=2)
    error = (actual - total) / folds.level
    losses = np.full((len(LEVELS), *actual.shape), np.nan)
    covered = losses.copy()
    for label in np.unique(group):
        members = group == label
        for k in range(actual.shape[0]):
            others = error[apart(folds.origins, k, window)][:, members]
            others = others[~np.isnan(others)]
            if others.size == 0:
                continue
            shift = np.quantile(others, LEVELS)[:, None] * folds.level[k, members]
            quantile = np.maximum(total[k, members] + shift, 0.0)
            losses[:, k, members] = metrics.pinball_losses(
                actual[k, members], quantile, np.array(LEVELS)[:, None]
            )
            hit = (actual[k, members] <= quantile).astype(float)
            covered[:, k, members] = np.where(np.isnan(actual[k, members]), np.nan, hit)
    return losses / (folds.scale * window), covered


def apart(origins: NDArray[np.int64], k: int, window: int) -> NDArray[np.int64]:
    """Return the positions of the origins at least `window` periods from origin k, or else of all others.

    Examples
    --------
    >>> apart(np.array([10, 12, 14]), 0, 4).tolist(), apart(np.array([10, 12]), 0, 4).tolist()
    ([2], [1])
    """
    distance = np.abs(origins - origins[k])
    far = np.flatnonzero(distance >= window)
    return far if far.size else np.flatnonzero(distance > 0)


def score_models(folds: Folds, group: NDArray[np.object_]) -> pd.DataFrame:
    """Return `model_scores`: one row per model, demand class (and "all") and metric.

    Columns `model`, `demand_class`, `metric`, `value`, `n` (number of forecasts, or of products for the
    scaled metrics, behind the value). Metrics: mse, mae, rmsse, mase, wape, bias (share of demand, plus:
    too much), scaled_pinball and coverage_90 of lead-time demand.
    """
    rows = []
    for name, forecast in folds.forecasts.items():
        losses, covered = lead_time_losses(folds, name, group)
        for label, members in classes(group):
            d, f = folds.demand[:, members], forecast[:, members]
            d = np.where(np.isnan(f), np.nan, d)
            rmsse = np.sqrt(mean_of_known((f - d) ** 2) / folds.square_scale[:, members])
            mase = mean_of_known(np.abs(f - d)) / folds.scale[:, members]
            known = int((~np.isnan(d)).sum())
            loss = losses[:, :, members].mean(axis=0)
            hit = covered[LEVELS.index(0.9)][:, members]
            for metric, value, n in (
                ("mse", metrics.mean_squared_error(d, f), known),
                ("mae", metrics.mean_absolute_error(d, f), known),
                ("rmsse", *_known_mean(rmsse)),
                ("mase", *_known_mean(mase)),
                ("wape", metrics.weighted_absolute_percentage_error(d, f), known),
                ("bias", metrics.relative_bias(d, f), known),
                ("scaled_pinball", *_known_mean(loss)),
                ("coverage_90", *_known_mean(hit)),
            ):
                rows.append((name, label, metric, value, n))
    return pd.DataFrame(rows, columns=["model", "demand_class", "metric", "value", "n"])


def classes(group: NDArray[np.object_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return "all" and the demand classes, each with the products that belong to it, (n_sku,)."""
    everyone = np.ones(group.size, dtype=bool)
    return [("all", everyone), *((str(label), group == label) for label in np.unique(group))]


def mean_of_known(values: Floats) -> Floats:
    """Return the mean over the last axis of what is known, NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _known_mean(values: Floats) -> tuple[float, int]:
    known = values[~np.isnan(values)]
    return (float(known.mean()) if known.size else float("nan")), int(known.size)
