"""Models learned across the products of a category, direct per horizon step, with one thread each.

Every model sees the same rows (`invnb.forecast.inputs`): demand in levels of the product, features
standardised and cut at a few standard deviations, unknown features at their mean (gradient boosting takes
them as unknown).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invnb.forecast.inputs import FEATURE_NAMES, Inputs, forecast_rows, training_rows, usable_columns

Floats = NDArray[np.float64]

MOST_DEVIATIONS = 4.0
"""Standardised features are cut here, so that one odd product cannot send a linear model far away."""
TARGET_QUANTILE = 0.999
MOST_TARGET = 20.0
"""Targets are cut at this quantile of the rows and at this many levels: one order is no trend."""
LEAST_ROWS = 30
"""With fewer training rows a learned model does not train, and says so."""


@dataclass(frozen=True)
class Recipe:
    """How a learned model is made: `make(seed)` returns a regressor of scikit-learn.

    `most_rows` bounds the training rows (and so the time), `one_per_step` asks for an estimator per horizon
    step (a linear model cannot bend with the step), `takes_unknown` leaves NaN in X, `weighted` passes row
    weights, `epochs` trains in as many passes over the rows instead of until convergence.
    """

    make: Callable[[int], Any]
    most_rows: int
    one_per_step: bool = False
    takes_unknown: bool = False
    weighted: bool = True
    epochs: int = 0


@dataclass(frozen=True)
class Fitted:
    """A trained model as plain parts, ready to be saved: `estimators` by step, or one for all steps.

    `mean` and `sd` (n_feature,) standardise X; a column that was not usable has sd 0 and is left at zero.
    """

    name: str
    estimators: tuple[Any, ...]
    mean: Floats
    sd: Floats
    most: float
    horizon: int


def _ridge(seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=10.0)


def _svr(seed: int) -> Any:
    from sklearn.svm import SVR

    return SVR(kernel="rbf", C=1.0, epsilon=0.1)


def _knn(seed: int) -> Any:
    from sklearn.neighbors import KNeighborsRegressor

    return KNeighborsRegressor(n_neighbors=40, algorithm="brute")


def _network(seed: int) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(hidden_layer_sizes=(64, 32), alpha=1e-3, learning_rate_init=2e-3, random_state=seed)


def _boosting(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss="poisson", learning_rate=0.08, max_iter=80, max_leaf_nodes=15, min_samples_leaf=200, max_bins=63,
        max_features=0.5, l2_regularization=1.0, early_stopping=False, random_state=seed,
    )  # fmt: skip


RECIPES: dict[str, Recipe] = {
    "linear_regression": Recipe(_ridge, most_rows=60_000, one_per_step=True),
    "knn": Recipe(_knn, most_rows=20_000, weighted=False),
    "svr": Recipe(_svr, most_rows=2_000),
    "neural_network": Recipe(_network, most_rows=15_000, epochs=12),
    "gradient_boosting": Recipe(_boosting, most_rows=40_000, takes_unknown=True),
}


def fit(name: str, inputs: Inputs, origin: int, horizon: int, seed: int) -> Fitted | None:
    """Train a learned model on what was known at `origin`.

    Parameters
    ----------
    name : one of `RECIPES`.
    inputs : feature arrays.
    origin : index of the first period to forecast; only earlier targets are used.
    horizon : number of steps.
    seed : seed of the rows drawn and of the model.

    Returns
    -------
    The trained model, or None where the history holds fewer than `LEAST_ROWS` rows.
    """
    recipe = RECIPES[name]
    rows = training_rows(inputs, origin, horizon, recipe.most_rows, seed)
    if rows.target.size < LEAST_ROWS:
        return None
    usable = usable_columns(inputs, origin)
    mean, sd = _standards(rows.X, usable)
    most = min(float(np.quantile(rows.target, TARGET_QUANTILE)), MOST_TARGET)
    target = np.minimum(rows.target, most)
    X = _standardised(rows.X, mean, sd, recipe)
    estimators = []
    for h in range(horizon if recipe.one_per_step else 1):
        chosen = rows.step == h if recipe.one_per_step else np.ones(rows.step.size, dtype=bool)
        if not chosen.any():
            break  # history shorter than the horizon: the last step trained serves the later ones
        extra = {"sample_weight": rows.weight[chosen]} if recipe.weighted else {}
        estimator = recipe.make(seed)
        for _ in range(recipe.epochs):
            estimator.partial_fit(X[chosen], target[chosen], **extra)
        estimators.append(estimator if recipe.epochs else estimator.fit(X[chosen], target[chosen], **extra))
    return Fitted(name, tuple(estimators), mean, sd, most, horizon)


def predict(fitted: Fitted, inputs: Inputs, origin: int, horizon: int) -> Floats:
    """Return expected demand (n_sku, horizon) in units, zero or more; NaN where nothing is known."""
    rows = forecast_rows(inputs, origin, horizon)
    X = _standardised(rows.X, fitted.mean, fitted.sd, RECIPES[fitted.name])
    known = ~np.isnan(inputs.level[:, origin])[rows.sku_index]
    X[~known] = 0.0
    result = np.empty(rows.step.size)
    if len(fitted.estimators) == 1:
        result[:] = fitted.estimators[0].predict(X)
    else:
        for h in range(horizon):
            chosen = rows.step == h
            result[chosen] = fitted.estimators[min(h, len(fitted.estimators) - 1)].predict(X[chosen])
    shares = np.clip(result, 0.0, fitted.most).reshape(inputs.n_sku, horizon)
    return shares * inputs.scale[:, origin][:, None]


def _standards(X: Floats, usable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation per column; deviation 0 takes the column out."""
    known = ~np.isnan(X)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, X, 0.0).sum(axis=0) / count
    sd = np.sqrt(np.where(known, (X - mean) ** 2, 0.0).sum(axis=0) / count)
    return mean, np.where(usable & (sd > 1e-9), sd, 0.0)


def _standardised(X: Floats, mean: Floats, sd: Floats, recipe: Recipe) -> Floats:
    assert X.shape[1] == len(FEATURE_NAMES) == mean.size
    result = (X - mean) / np.where(sd > 0, sd, 1.0)
    result[:, sd == 0] = 0.0
    result = np.clip(result, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    return result if recipe.takes_unknown else np.nan_to_num(result)
