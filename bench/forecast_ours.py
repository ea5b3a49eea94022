"""The project's own forecasts at the origins of a set: the default pipeline, with what was known then."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

import numpy as np
from forecast_progress import say
from forecast_scores import LEVELS, Floats, Folds
from forecast_sets import BenchSet, tables_at
from numpy.typing import NDArray

INNER_ORIGINS, SCENARIOS, SEED = 8, 200, 42
"""The parameters' defaults: `origins`, `n_scenarios` and `seed` of params.py."""


@dataclass(frozen=True)
class Ours:
    """Forecasts at each origin, in the shapes of `Folds`.

    Parameters
    ----------
    mean : (n_origin, n_sku, horizon) expected demand.
    drawn : (n_origin, n_sku, n_scenario, n_window) sums over the judged periods, along each path.
    quantile : (n_origin, n_sku, n_window, n_level) their quantiles, values that occur on a path.
    demand_class : (n_origin, n_sku) as known at the origin.
    champions : of each origin, model by demand class.
    seconds, cpu_seconds, peak_mb : of all origins, features included; the process's peak.
    """

    mean: Floats
    drawn: Floats
    quantile: Floats
    demand_class: NDArray[np.object_]
    champions: list[dict[str, str]]
    seconds: float
    cpu_seconds: float
    peak_mb: float


def forecast_set(bench: BenchSet, folds: Folds, models: tuple[str, ...] | None = None) -> Ours:
    """Run features, `compare_models` and `forecast_scenarios` anew at each origin, as stages 02 and 03 do."""
    from invnb.forecast.compare import compare_models, forecast_scenarios

    wall, cpu = time.perf_counter(), time.process_time()
    mean, drawn, classes, champions = [], [], [], []
    for k, origin in enumerate(folds.origins):
        panel, features, segments = tables_at(bench, int(origin))
        comparison = compare_models(
            panel, features, segments,
            horizon_periods=bench.horizon_periods, origins=INNER_ORIGINS, seed=SEED, models=models,
        )  # fmt: skip
        scenarios = forecast_scenarios(comparison, n_scenarios=SCENARIOS, seed=SEED).scenarios
        if list(scenarios.sku) != sorted(panel["sku"].astype(str).unique()):
            raise RuntimeError("the scenarios' products are not those of the panel, in order")
        known = ~np.isnan(folds.judged[k])[:, None, :]
        along = np.where(known, scenarios.units, 0.0).cumsum(axis=2)
        mean.append(scenarios.mean())
        drawn.append(along[:, :, np.array(folds.windows) - 1])
        classes.append(segments.set_index("sku")["demand_class"].loc[scenarios.sku].to_numpy(dtype=object))
        say(f"invnb, origin {k + 1} of {len(folds.origins)}")
        champions.append(dict(comparison.champions[["demand_class", "model"]].to_numpy().tolist()))
    paths = np.stack(drawn)
    return Ours(
        mean=np.stack(mean),
        drawn=paths,
        quantile=np.moveaxis(np.quantile(paths, LEVELS, axis=2, method="inverted_cdf"), 0, -1),
        demand_class=np.stack(classes),
        champions=champions,
        seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    )
