"""The one entry to forecasting: compare the models, forecast with the winners, replay the past.

comparison = compare_models(panel, features, sku_segments, horizon_periods=13, origins=8, seed=42)
scenarios = forecast_scenarios(comparison, n_scenarios=200, seed=42)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.forecast.scenarios import Scenarios


@dataclass(frozen=True)
class Comparison:
    """All models on the same rolling origins, and the winner of each demand class.

    Tables: `model_scores` (model, demand_class, metric, value, n), `champions` (demand_class, model, ...),
    `forecast_history` (origin, sku, period, model, units, forecast), `calibration` (demand_class, level,
    window_periods, nominal, covered, low, high, n).
    """

    model_scores: pd.DataFrame
    champions: pd.DataFrame
    forecast_history: pd.DataFrame
    calibration: pd.DataFrame


@dataclass(frozen=True)
class Forecast:
    """Scenarios with the table `forecast` (sku, period, mean, p10, p50, p90, model, reason)."""

    scenarios: Scenarios
    forecast: pd.DataFrame


def compare_models(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    sku_segments: pd.DataFrame,
    *,
    horizon_periods: int,
    origins: int,
    seed: int,
    models: Sequence[str] | None = None,
) -> Comparison:
    """Score every model on the same rolling origins and choose a champion per demand class."""
    raise NotImplementedError


def forecast_scenarios(comparison: Comparison, *, n_scenarios: int, seed: int) -> Forecast:
    """Forecast the next `horizon_periods` with the champions, as calibrated joint scenarios."""
    raise NotImplementedError


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
    """Return, for each origin (first day of the first period to forecast), scenarios made of what was known then."""
    raise NotImplementedError
