"""Rolling-origin evaluation: every model forecasts the same products from the same origins, blind to what
follows.

Demand that could not be observed is masked in training, features and evaluation alike; a period that sold out
counts with its estimated demand (`invnb.features.censoring`), since dropping it would favour the model that
forecasts too little. Decisions need demand over a lead time, so the models are ranked on the pinball loss of
that sum, each with the quantiles its own errors from other origins give it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.forecast import metrics
from invnb.forecast.inputs import Inputs
from invnb.forecast.models import MODELS, combine, model

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Quantile levels on which models are ranked: the critical ratios of stock decisions."""
WINDOW_PERIODS = 4
"""Periods summed for the lead-time demand on which models are ranked (or the horizon, if shorter)."""
DAYS_PER_WEEK = 7
MOST_STEP_PERIODS = 4
"""Origins lie at most this far apart: beyond, one only loses recent ones."""
INCUMBENT = "combination"
"""The model that must be beaten beyond noise: over many folds the mean of several is the safest."""
BIAS_FLAG = 0.10
"""A model off by more than this share of demand is flagged."""
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
    """

    origins: NDArray[np.int64]
    demand: Floats
    forecasts: dict[str, Floats]
    scale: Floats
    square_scale: Floats
    level: Floats


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
    from threadpoolctl import threadpool_limits

    at = np.asarray(origins, dtype=np.int64)

    def run(name: str) -> Floats:
        chosen, trained_at, fitted = model(name), -1, None
        paths = np.empty((at.size, inputs.n_sku, horizon))
        for k, origin in enumerate(at):
            if chosen.learns and (trained_at < 0 or origin - trained_at >= refit_periods):
                fitted, trained_at = chosen.fit(inputs, int(origin), horizon, seed), int(origin)
            paths[k] = chosen.predict(fitted, inputs, int(origin), horizon)
        return paths

    # One thread per model: on a busy machine a model's own threads wait for one another. OpenMP keeps the
    # limit by thread, so each worker sets it for itself; what they import is imported once, before.
    wanted = [model(name).parts or (name,) for name in names]
    single = list(dict.fromkeys(part for parts in wanted for part in parts))  # each part forecasts once
    if any(model(name).learns for name in single):
        import sklearn.ensemble  # noqa: F401
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(WORKERS, initializer=threadpool_limits, initargs=(1,)) as pool,
    ):
        made = dict(zip(single, pool.map(run, single), strict=True))
    return {
        name: combine([made[part] for part in parts]) if model(name).parts else made[name]
        for name, parts in zip(names, wanted, strict=True)
    }


def make_folds(
    inputs: Inputs, names: Sequence[str], origins: NDArray[np.int64], horizon: int, seed: int
) -> Folds:
    """Return forecasts and the demand that came, for the given origins."""
    window = origins[:, None] + np.arange(horizon)
    to_come = window >= inputs.n_history
    demand = inputs.demand[:, np.where(to_come, 0, window)].transpose(1, 0, 2)
    return Folds(
        origins=origins,
        demand=np.where(to_come[:, None, :], np.nan, demand),
        forecasts=forecast_origins(inputs, names, origins, horizon, seed),
        scale=_scales(inputs.demand, origins, 1),
        square_scale=_scales(inputs.demand, origins, 2),
        level=inputs.level[:, origins].T,
    )


def _scales(demand: Floats, origins: NDArray[np.int64], power: int) -> Floats:
    if origins.size == 0:
        return np.empty((0, demand.shape[0]))
    return np.stack([metrics.naive_scale(demand[:, :origin], power=power) for origin in origins])


def lead_time_losses(folds: Folds, name: str, group: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Return the scaled pinball loss and the coverage of lead-time demand by origin, product and level.

    The sum over the first `WINDOW_PERIODS` is forecast as the model's sum plus the quantile of the errors
    of its demand class at origins whose window does not overlap (or at all others, if there is none), in
    levels. Both results are (n_level, n_origin, n_sku), NaN where a period of the window is unknown, the
    scale undefined, or no other origin has an error.

    Parameters
    ----------
    folds : forecasts and demand.
    name : model.
    group : (n_sku,) demand class.
    """
    window = min(WINDOW_PERIODS, folds.demand.shape[2])
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
        for label, members in _classes(group):
            d, f = folds.demand[:, members], forecast[:, members]
            d = np.where(np.isnan(f), np.nan, d)
            rmsse = np.sqrt(_mean_last((f - d) ** 2) / folds.square_scale[:, members])
            mase = _mean_last(np.abs(f - d)) / folds.scale[:, members]
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


def choose_champions(folds: Folds, group: NDArray[np.object_]) -> pd.DataFrame:
    """Return `champions`: of each demand class the model preferred among those that none beats beyond noise.

    Rule (one standard error, as in Breiman et al. 1984, "Classification and Regression Trees", section
    3.4.3): the model with the least scaled pinball loss of lead-time demand is the best; every model whose
    loss is larger by no more than one standard error of the paired difference ties with it. The combination
    holds the title: it is the champion unless a single model beats it beyond noise. Then, or where it was
    not compared, the first tie in the registry is, which begins with the simple methods. The standard error
    is the larger of two: with products and with origins as independent units. A model whose bias exceeds
    `BIAS_FLAG` gives way to an unbiased tie, and is flagged if there is none.

    Returns
    -------
    DataFrame with `demand_class`, `model`, `best` (least loss), `loss`, `best_loss`, `standard_error`,
    `bias`, `biased`, `n` (forecasts of lead-time demand compared) and `reason` in words.
    """
    order = sorted((name for name in MODELS if name in folds.forecasts), key=lambda name: name != INCUMBENT)
    loss = {name: lead_time_losses(folds, name, group)[0].mean(axis=0) for name in order}
    rows = []
    for label, members in _classes(group):
        table = np.stack([loss[name][:, members] for name in order])
        table = np.where(np.isnan(table).any(axis=0), np.nan, table)  # the same forecasts for all
        n = int((~np.isnan(table[0])).sum()) if table.size else 0
        if n == 0:
            nothing = (np.nan,) * 4
            simple = next(name for name in MODELS if name in folds.forecasts)
            rows.append((label, simple, simple, *nothing, False, 0, "no origin to compare on"))
            continue
        means = np.nanmean(table, axis=(1, 2))
        best = int(means.argmin())
        errors = [_standard_error(table[k] - table[best]) for k in range(len(order))]
        ties = [k for k in range(len(order)) if means[k] - means[best] <= errors[k]]
        bias = {
            k: metrics.relative_bias(
                np.where(np.isnan(folds.forecasts[order[k]][:, members]), np.nan, folds.demand[:, members]),
                folds.forecasts[order[k]][:, members],
            )
            for k in ties
        }
        fair = [k for k in ties if not abs(bias[k]) > BIAS_FLAG]
        winner = (fair or ties)[0]
        biased = bool(abs(bias[winner]) > BIAS_FLAG)
        why = "the mean of several, seldom far off" if order[winner] == INCUMBENT else "simpler"
        reason = "least loss" if winner == best else f"within noise of {order[best]}, and {why}"
        if biased:
            reason += f"; its bias of {bias[winner]:+.0%} is mended by its past surprises"
        rows.append((label, order[winner], order[best], means[winner], means[best], errors[winner],
                     bias[winner], biased, n, reason))  # fmt: skip
    columns = ["demand_class", "model", "best", "loss", "best_loss", "standard_error", "bias", "biased"]
    return pd.DataFrame(rows, columns=[*columns, "n", "reason"])


def _classes(group: NDArray[np.object_]) -> list[tuple[str, NDArray[np.bool_]]]:
    everyone = np.ones(group.size, dtype=bool)
    return [("all", everyone), *((str(label), group == label) for label in np.unique(group))]


def _mean_last(values: Floats) -> Floats:
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _known_mean(values: Floats) -> tuple[float, int]:
    known = values[~np.isnan(values)]
    return (float(known.mean()) if known.size else float("nan")), int(known.size)


def _standard_error(difference: Floats) -> float:
    """Return the larger standard error of the mean difference, by products and by origins as units."""
    errors = [0.0]
    for values in (_mean_last(difference), _mean_last(difference.T)):
        values = values[~np.isnan(values)]
        if values.size > 1:
            errors.append(float(values.std(ddof=1) / np.sqrt(values.size)))
    return max(errors)
