"""The registry of forecast models by name, in the order in which they are preferred within noise.

A model is two functions: `fit(inputs, origin, horizon, seed)` returns what it learned (None for a method that
learns nothing or has too little to learn from), `predict(fitted, inputs, origin, horizon)` returns expected
demand (n_sku, horizon) in units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invnb.forecast.inputs import Inputs
from invnb.forecast.models import learned, statistical

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """One model of the registry. `learns` tells whether `fit` takes time and its result is worth saving.

    A combination names its `parts`: its forecast is their mean, and who has theirs need not fit again.
    """

    name: str
    learns: bool
    fit: Callable[[Inputs, int, int, int], Any]
    predict: Callable[[Any, Inputs, int, int], Floats]
    parts: tuple[str, ...] = ()


def _statistical(method: Callable[[Floats, int, int], Floats]) -> Model:
    def predict(fitted: Any, inputs: Inputs, origin: int, horizon: int) -> Floats:
        return method(inputs.demand[:, :origin], horizon, inputs.cycle_periods)

    return Model(method.__name__, False, lambda inputs, origin, horizon, seed: None, predict)


def _learned(name: str) -> Model:
    def predict(fitted: Any, inputs: Inputs, origin: int, horizon: int) -> Floats:
        if fitted is None:  # too little history: every learned model falls back on the same simple one
            return statistical.exponential_smoothing(
                inputs.demand[:, :origin], horizon, inputs.season_periods
            )
        return learned.predict(fitted, inputs, origin, horizon)

    return Model(name, True, partial(learned.fit, name), predict)


COMBINED = ("tsb", "linear_regression", "gradient_boosting")
"""Parts of the combination: a level that follows the product, and two kinds of learning from all."""


def combine(parts: Sequence[Floats]) -> Floats:
    """Return the mean of the parts' forecasts.

    Source: Bates & Granger (1969), "The combination of forecasts", Operational Research Quarterly 20.

    Examples
    --------
    >>> combine([np.array([[2.0]]), np.array([[4.0]])]).tolist()
    [[3.0]]
    """
    return np.mean(parts, axis=0)


def _combination(name: str, parts: tuple[str, ...]) -> Model:
    def fit(inputs: Inputs, origin: int, horizon: int, seed: int) -> dict[str, Any]:
        return {part: MODELS[part].fit(inputs, origin, horizon, seed) for part in parts}

    def predict(fitted: dict[str, Any], inputs: Inputs, origin: int, horizon: int) -> Floats:
        return combine([MODELS[part].predict(fitted[part], inputs, origin, horizon) for part in parts])

    return Model(name, True, fit, predict, parts)


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        _statistical(statistical.exponential_smoothing),
        _statistical(statistical.moving_average),
        _statistical(statistical.croston_sba),
        _statistical(statistical.tsb),
        _statistical(statistical.seasonal_naive),
        *(_learned(name) for name in learned.RECIPES),
        _combination("combination", COMBINED),
    )
}
"""Models by name; within noise the earlier one is chosen. Exponential smoothing is the floor to beat."""


def model(name: str) -> Model:
    """Return a model by name.

    Raises
    ------
    ValueError : naming the valid names.

    Examples
    --------
    >>> model("tsb").learns
    False
    """
    if name not in MODELS:
        raise ValueError(f'model must be one of {", ".join(MODELS)}, got "{name}"')
    return MODELS[name]
