"""The one entry to forecasting: compare the models, forecast with the winners, replay the past.

comparison = compare_models(panel, features, sku_segments, horizon_periods=13, origins=8, seed=42)
forecast = forecast_scenarios(comparison, n_scenarios=200, seed=42)
forecast.scenarios.save("scenarios.npz")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.features.segments import classify_demand
from invnb.forecast.calibrate import (
    BANK_ORIGINS,
    BANK_STEP_PERIODS,
    bank_origins,
    calibration_table,
    scenario_units,
    surprises_at,
)
from invnb.forecast.champions import choose_champions
from invnb.forecast.evaluate import (
    Folds,
    fit_models,
    forecast_origins,
    lead_time_window,
    log,
    make_folds,
    rolling_origins,
    score_models,
)
from invnb.forecast.fallback import reasons, with_fallback
from invnb.forecast.inputs import Inputs, make_inputs
from invnb.forecast.models import MODELS, model
from invnb.forecast.scenarios import Scenarios

Floats = NDArray[np.float64]

LEAST_PRODUCTS = 3
"""A demand class with fewer products takes the champion of all."""
FIRST_ORIGIN = 2
"""No forecast is made of fewer periods."""
REFIT_PERIODS = 26
"""In a replay, and before the folds, a learned model is trained again after this many periods."""
REGROW_PERIODS = 4
"""In a replay look-alikes are grouped anew after this many periods."""


@dataclass(frozen=True)
class Comparison:
    """All models on the same rolling origins, and the winner of each demand class.

    Parameters
    ----------
    model_scores : `model`, `demand_class`, `metric`, `value`, `n`.
    champions : `demand_class`, `model`, `best`, `loss`, `best_loss`, `standard_error`, `bias`, `biased`, `n`,
        `reason`.
    forecast_history : `origin`, `sku`, `period`, `model`, `units`, `forecast` of the champions.
    calibration : `demand_class` (or "all"), `nominal`, `covered`, `low`, `high`, `n`,
        `window_periods` of lead-time demand, each origin forecast with the surprises known there.
    models : the champions trained on the whole history, by name (None for a method that learns nothing).
    inputs, folds, group : what the forecasts were made of; `group` is the demand class by product.
    horizon_periods : periods forecast.
    bank, bank_origins : (n_bank, n_sku, horizon) the champions' forecasts at past origins, and those: what
        became of them makes the scenarios.
    """

    model_scores: pd.DataFrame
    champions: pd.DataFrame
    forecast_history: pd.DataFrame
    calibration: pd.DataFrame
    models: dict[str, Any]
    inputs: Inputs
    folds: Folds
    group: NDArray[np.object_]
    horizon_periods: int
    bank: Floats
    bank_origins: NDArray[np.int64]


@dataclass(frozen=True)
class Forecast:
    """Scenarios, and what they say of single periods.

    Parameters
    ----------
    scenarios : joint paths of all products.
    forecast : `sku`, `period`, `mean`, `p10`, `p50`, `p90`, `model`, `reason` (why a forecast is special).
    forecast_total : `period`, `mean`, `p10`, `p50`, `p90` of all products, added up along the paths.
    """

    scenarios: Scenarios
    forecast: pd.DataFrame
    forecast_total: pd.DataFrame


def compare_models(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    sku_segments: pd.DataFrame,
    *,
    horizon_periods: int,
    origins: int,
    seed: int,
    models: Sequence[str] | None = None,
    choose: Callable[[Inputs, Folds, NDArray[np.object_], pd.DataFrame], pd.DataFrame] | None = None,
) -> Comparison:
    """Score every model on the same rolling origins and choose a champion per demand class.

    Parameters
    ----------
    panel : demand panel.
    features : table of `build_features` on that panel, with a horizon of at least `horizon_periods`.
    sku_segments : table of `segment_products` (`sku`, `demand_class`).
    horizon_periods : periods forecast at each origin.
    origins : number of rolling origins; fewer are used where the history is short, none where it is shorter
        than the horizon (then exponential smoothing is the champion, and the tables say n = 0).
    seed : seed of the learned models and of the calibration.
    models : names to compare; None for all of the registry.
    choose : function of inputs, folds, group and champions that returns the champions to use, for a choice
        that knows more than the loss (`invnb.decide.forecast_value.cheaper_champions` knows money).

    Raises
    ------
    ValueError : if the tables do not belong together or a model is unknown.
    """
    names = tuple(MODELS) if models is None else tuple(model(name).name for name in models)
    inputs = make_inputs(panel, features)
    if inputs.period.size < inputs.n_history + horizon_periods:
        raise ValueError(
            f"horizon_periods must be at most the {inputs.period.size - inputs.n_history} periods ahead in "
            f"features, got {horizon_periods}"
        )
    group = _groups(inputs, sku_segments)
    window = lead_time_window(inputs.period_days, horizon_periods)
    at = rolling_origins(inputs.n_history, window, origins, inputs.season_periods)
    folds = make_folds(inputs, names, at, horizon_periods, seed)
    champions = choose_champions(folds, group)
    if choose is not None:
        champions = choose(inputs, folds, group, champions)
    owner = _owners(champions, group)
    paths = _champion_paths(inputs, folds.forecasts, owner, at)
    past, bank = _bank(inputs, folds, paths, owner, window, seed)
    return Comparison(
        model_scores=score_models(folds, group),
        champions=champions,
        forecast_history=_history(inputs, folds, paths, owner),
        calibration=calibration_table(inputs, folds, paths, bank, past, group, seed),
        models=fit_models(inputs, sorted(set(owner)), inputs.n_history, horizon_periods, seed),
        inputs=inputs,
        folds=folds,
        group=group,
        horizon_periods=horizon_periods,
        bank=bank,
        bank_origins=past,
    )


def _bank(
    inputs: Inputs, folds: Folds, paths: Floats, owner: NDArray[np.object_], window: int, seed: int
) -> tuple[NDArray[np.int64], Floats]:
    """Return past origins, increasing, and the champions' forecasts there: the folds' and earlier ones."""
    horizon = paths.shape[2]
    wanted = bank_origins(inputs.n_history, window, FIRST_ORIGIN)
    first = folds.origins.min(initial=inputs.n_history)
    earlier = wanted[wanted < first][-max(0, wanted.size - folds.origins.size) :] if wanted.size else wanted
    if earlier.size == 0 or wanted.size <= folds.origins.size:
        return folds.origins, paths
    made = forecast_origins(inputs, sorted(set(owner)), earlier, horizon, seed, REFIT_PERIODS)
    return (
        np.concatenate([earlier, folds.origins]),
        np.concatenate([_champion_paths(inputs, made, owner, earlier), paths]),
    )


def forecast_scenarios(comparison: Comparison, *, n_scenarios: int, seed: int) -> Forecast:
    """Forecast the periods after the history with the champions, as calibrated joint scenarios.

    Parameters
    ----------
    comparison : result of `compare_models`.
    n_scenarios : number of paths.
    seed : seed of models and paths; the same seed gives the same scenarios.

    Returns
    -------
    Scenarios for all products of the panel, and the tables of their quantiles, with a named reason where a
    forecast is borrowed or otherwise special.
    """
    inputs, horizon = comparison.inputs, comparison.horizon_periods
    origin = inputs.n_history
    owner = _owners(comparison.champions, comparison.group)
    made = {
        name: model(name).predict(fitted, inputs, origin, horizon)[None]
        for name, fitted in comparison.models.items()
    }
    point = _champion_paths(inputs, made, owner, np.array([origin]))[0]
    surprises = surprises_at(inputs, comparison.bank, comparison.bank_origins, origin, seed)
    units = scenario_units(inputs, point, origin, surprises, n_scenarios, seed)
    log.info("%d scenarios of %d products drawn", n_scenarios, inputs.n_sku)
    scenarios = Scenarios(inputs.sku.astype(str), inputs.period[origin : origin + horizon], units, seed)
    table = scenarios.table()
    table["model"] = np.repeat(owner, horizon)
    table["reason"] = np.repeat(reasons(inputs, origin, horizon), horizon)
    whole = Scenarios(np.array(["all"]), scenarios.period, units.sum(axis=0, keepdims=True), seed)
    return Forecast(scenarios, table, whole.table().drop(columns="sku"))


def replay_scenarios(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    sku_segments: pd.DataFrame,
    champions: pd.DataFrame,
    *,
    origins: Sequence[pd.Timestamp] | NDArray[np.datetime64],
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
) -> list[Scenarios]:
    """Return, for each origin, scenarios made of what was known then.

    Parameters
    ----------
    panel, features, sku_segments : as in `compare_models`.
    champions : table of `compare_models` (`demand_class`, `model`).
    origins : first day of the first period to forecast, each a period of the panel (or the one after it).
    horizon_periods, n_scenarios, seed : as in `compare_models` and `forecast_scenarios`.

    Returns
    -------
    One `Scenarios` per origin, in the order given, over `horizon_periods` periods from the origin (fewer
    where the feature table ends). Features, models, levels and past surprises end before the origin;
    learned models are trained every `REFIT_PERIODS`; the demand class is that of the first origin. The
    choice of champions is the caller's.

    Raises
    ------
    ValueError : if an origin is no period of the panel, or too early to know anything.
    """
    inputs = make_inputs(panel, features)
    days = np.asarray(origins, dtype="datetime64[D]")
    at = np.searchsorted(inputs.period[: inputs.n_history + 1], days)
    wrong = (at > inputs.n_history) | (at < 2)
    wrong |= inputs.period[np.minimum(at, inputs.n_history)] != days
    if wrong.any():
        raise ValueError(
            f"origins must be periods of the panel with two periods before them, got {days[wrong][0]}"
        )
    first = int(at.min())
    _groups(inputs, sku_segments)  # refuses segments of other products; today's classes were not known then
    group = classify_demand(inputs.demand[:, :first])
    owner = _owners(champions, group)
    window = lead_time_window(inputs.period_days, horizon_periods)
    every = np.unique(np.concatenate([bank_origins(first, window, FIRST_ORIGIN), at]))
    room = inputs.period.size - every.max()
    horizon = min(horizon_periods, int(room))
    made = forecast_origins(inputs, sorted(set(owner)), every, horizon, seed, REFIT_PERIODS)
    paths = _champion_paths(inputs, made, owner, every)
    surprises, grown_at, result = None, -1, {}
    for origin in np.unique(at):
        if surprises is None or origin - grown_at >= REGROW_PERIODS:
            past = _spaced(every[every <= origin - window // 2])
            bank = paths[np.searchsorted(every, past)]
            surprises, grown_at = surprises_at(inputs, bank, past, int(origin), seed), int(origin)
        point = paths[np.searchsorted(every, origin)]
        units = scenario_units(inputs, point, int(origin), surprises, n_scenarios, seed)
        log.info("scenarios of %s replayed", inputs.period[origin])
        period = inputs.period[origin : origin + horizon]
        result[int(origin)] = Scenarios(inputs.sku.astype(str), period, units, seed)
    return [result[int(origin)] for origin in at]


def _spaced(origins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the newest origins at least `BANK_STEP_PERIODS` apart, all of them if that leaves too few."""
    kept: list[int] = []
    for origin in origins[::-1]:
        if not kept or kept[-1] - origin >= BANK_STEP_PERIODS:
            kept.append(int(origin))
    return np.array(kept[:BANK_ORIGINS][::-1] if len(kept) > 2 else origins[-BANK_ORIGINS:], dtype=np.int64)


def _groups(inputs: Inputs, sku_segments: pd.DataFrame) -> NDArray[np.object_]:
    """Return the demand class of each product of the panel."""
    classes = sku_segments.assign(sku=sku_segments["sku"].astype(str)).set_index("sku")["demand_class"]
    missing = [sku for sku in inputs.sku if sku not in classes.index]
    if missing:
        raise ValueError(f"sku_segments must hold every product of the panel, {missing[0]} is missing")
    return classes.loc[list(inputs.sku)].to_numpy(dtype=object)


def _owners(champions: pd.DataFrame, group: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the champion's name for each product; small and unknown classes take the one of all products."""
    return _of_class(champions, group, "model").astype(object)


def _of_class(champions: pd.DataFrame, group: NDArray[np.object_], column: str) -> NDArray:
    by_class = champions.set_index("demand_class")
    size = pd.Series(group).value_counts().to_dict()
    return np.array(
        [
            by_class.loc[
                label if label in by_class.index and size[label] >= LEAST_PRODUCTS else "all", column
            ]
            for label in group
        ]
    )


def _champion_paths(
    inputs: Inputs, forecasts: dict[str, Floats], owner: NDArray[np.object_], origins: NDArray[np.int64]
) -> Floats:
    """Return each product's champion forecast at each origin, (n_origin, n_sku, horizon), without holes."""
    paths = np.empty_like(next(iter(forecasts.values())))
    for name in set(owner):
        paths[:, owner == name] = forecasts[name][:, owner == name]
    for k, origin in enumerate(origins):
        paths[k] = with_fallback(inputs, paths[k], int(origin))
    return paths


def _history(inputs: Inputs, folds: Folds, paths: Floats, owner: NDArray[np.object_]) -> pd.DataFrame:
    """Return the champions' forecasts from each origin beside the demand that came, where known."""
    n_origin, n, horizon = paths.shape
    target = folds.origins[:, None] + np.arange(horizon)
    shape = (n_origin, n, horizon)
    table = pd.DataFrame(
        {
            "origin": np.repeat(inputs.period[folds.origins].astype("datetime64[ns]"), n * horizon),
            "sku": np.broadcast_to(inputs.sku[None, :, None], shape).ravel(),
            "period": np.broadcast_to(inputs.period[target][:, None, :], shape)
            .ravel()
            .astype("datetime64[ns]"),
            "model": np.broadcast_to(owner[None, :, None], shape).ravel(),
            "units": folds.demand.ravel(),
            "forecast": paths.ravel(),
        }
    )
    return table.dropna(subset="units").reset_index(drop=True)
