"""Numbers between the features and the scenarios that can be worked out by hand, and what may leak there."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.forecast import compare, evaluate, metrics, paths, surprises
from invnb.forecast import inputs as given
from invnb.forecast.models import learned, model

EMPTY = pd.DataFrame()


def _panel(units: np.ndarray) -> pd.DataFrame:
    n, t = units.shape
    return pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(n)], t), "location": "main",
         "period": np.tile(pd.date_range("2024-01-01", periods=t, freq="7D"), n),
         "status": "sold", "units": units.ravel(), "available_share": 1.0, "censored": False}
    )  # fmt: skip


def _features(panel: pd.DataFrame) -> pd.DataFrame:
    return build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=4)


@pytest.fixture(scope="module")
def data() -> given.Inputs:
    """Six products over 60 weeks, of levels from 1 to 40, growing: each week's scale is another."""
    rng = np.random.default_rng(31)
    mean = np.array([1.0, 2, 5, 10, 20, 40])[:, None] * np.linspace(0.5, 2, 60)
    panel = _panel(rng.poisson(mean).astype(float))
    return given.make_inputs(panel, _features(panel))


def test_a_training_row_is_demand_in_levels_known_at_its_start_and_newer_ones_weigh_more(
    data: given.Inputs,
) -> None:
    rows = given.training_rows(data, 50, 4, 10**6, 1)
    known = rows.X[:, given.FEATURE_NAMES.index("known_periods")]  # log1p of periods: none is unknown
    start = np.rint(np.expm1(known)).astype(int)
    assert (start + rows.step < 50).all()
    assert (start >= given.LEAST_KNOWN_PERIODS).all()
    assert len(set(zip(rows.sku_index, start, rows.step, strict=True))) == rows.step.size == 6 * (4 * 46 - 6)
    scale = data.scale[rows.sku_index, start]
    np.testing.assert_allclose(rows.target, data.demand[rows.sku_index, start + rows.step] / scale)
    age = (49 - start - rows.step) / data.season_periods
    np.testing.assert_allclose(rows.weight, 0.5**age * scale / (scale + 1))


class _Spy:
    """A regressor that keeps what it was given, and predicts the place it was made in."""

    def __init__(self, place: int) -> None:
        self.place = place

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> _Spy:
        self.X, self.y, self.weight = X, y, sample_weight
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.full(len(X), self.place / 10)


def test_an_estimator_gets_its_own_step_the_weights_and_cut_targets(
    data: given.Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    spike = data.demand.copy()
    spike[1, 40] = 80_995.0
    odd = replace(data, demand=spike)
    made: list[_Spy] = []

    def make(seed: int) -> _Spy:
        made.append(_Spy(len(made)))
        return made[-1]

    recipe = replace(learned.RECIPES["linear_regression"], make=make)
    monkeypatch.setitem(learned.RECIPES, "linear_regression", recipe)
    fitted = learned.fit("linear_regression", odd, 50, 4, 1)
    rows = given.training_rows(odd, 50, 4, recipe.most_rows, 1)
    assert rows.target.max() > 1_000
    for step, spy in enumerate(made):
        np.testing.assert_allclose(spy.weight, rows.weight[rows.step == step])
        assert spy.y.max() <= learned.MOST_TARGET
        assert np.abs(spy.X).max() <= learned.MOST_DEVIATIONS
    forecast = learned.predict(fitted, odd, 50, 4) / odd.scale[:, 50, None]
    np.testing.assert_allclose(forecast, np.tile([0.0, 0.1, 0.2, 0.3], (6, 1)))
    unusable = ~given.usable_columns(odd, 50)
    assert unusable.any()
    assert (np.concatenate([spy.X for spy in made])[:, unusable] == 0).all()


def test_a_model_is_trained_at_the_first_origin_of_its_group(data: given.Inputs) -> None:
    made = evaluate.forecast_origins(data, ["linear_regression"], [40, 44, 48], 4, 1)["linear_regression"]
    ridge = model("linear_regression")
    for k, (trained, origin) in enumerate([(40, 40), (40, 44), (48, 48)]):
        np.testing.assert_array_equal(made[k], ridge.predict(ridge.fit(data, trained, 4, 1), data, origin, 4))


def test_scores_are_those_of_the_metrics_with_the_scale_of_the_past(data: given.Inputs) -> None:
    origin = 30
    folds = evaluate.make_folds(data, ["moving_average"], np.array([origin]), 4, 1)
    table = evaluate.score_models(folds, np.full(6, "smooth", dtype=object))
    scores = table[table["demand_class"] == "all"].set_index("metric")["value"]
    demand, before = data.demand[:, origin : origin + 4], data.demand[:, :origin]
    forecast = np.repeat(before[:, -8:].mean(axis=1, keepdims=True), 4, axis=1)
    assert scores["rmsse"] == pytest.approx(metrics.root_mean_squared_scaled_error(demand, forecast, before))
    assert scores["mase"] == pytest.approx(metrics.mean_absolute_scaled_error(demand, forecast, before))
    assert scores["bias"] == pytest.approx((forecast - demand).sum() / demand.sum())
    assert scores["mse"] == pytest.approx(((forecast - demand) ** 2).mean())


def test_a_class_of_two_takes_the_champion_of_all() -> None:
    champions = pd.DataFrame({"demand_class": ["all", "smooth", "lumpy"], "model": ["tsb", "knn", "svr"]})
    group = np.array(["smooth"] * 3 + ["lumpy"] * 2 + ["unheard of"] * 3, dtype=object)
    owner = compare._owners(champions, group)
    assert owner.tolist() == ["knn"] * 3 + ["tsb"] * 5


def test_a_replay_classes_products_by_what_they_had_shown() -> None:
    """Steady for 30 weeks, then one sale in three: at week 30 nobody could call them intermittent."""
    rng = np.random.default_rng(32)
    units = rng.poisson(9, (4, 60)).astype(float)
    rare = units.copy()
    rare[:, 30:] = np.where(np.arange(30) % 3, 0.0, 9.0)
    champions = pd.DataFrame(
        {"demand_class": ["all", "smooth", "intermittent"],
         "model": ["moving_average", "moving_average", "seasonal_naive"]}
    )  # fmt: skip
    replayed = []
    for history in (units, rare):
        panel = _panel(history)
        features = _features(panel)
        segments = segment_products(panel, features, seed=1)
        origin = np.sort(panel["period"].unique())[30]
        scenarios = compare.replay_scenarios(
            panel, features, segments, champions,
            origins=[origin], horizon_periods=4, n_scenarios=20, seed=1,
        )  # fmt: skip
        replayed.append(scenarios[0].units)
    assert set(segments["demand_class"]) == {"intermittent"}
    np.testing.assert_array_equal(*replayed)


def _bare(demand: np.ndarray) -> SimpleNamespace:
    """What `paths` reads of the inputs, with the level of the start of every period."""
    n, length = demand.shape
    level = given.demand_level(demand)
    return SimpleNamespace(
        n_sku=n, demand=demand, sold=demand.copy(), lower_bound=np.zeros(demand.shape, dtype=bool),
        level=level, scale=level, past=np.zeros((n, length + 1, len(given.FEATURE_NAMES))),
    )  # fmt: skip


def test_a_surprise_whose_window_is_half_over_is_that_of_its_known_half() -> None:
    demand = np.tile([5.0, 15.0], 20) * np.ones((10, 1))
    bank = np.full((2, 10, 4), 10.0)
    rng = np.random.default_rng(33)
    found = surprises.past_surprises(_bare(demand), bank, np.array([20, 37]), 39, 4, 1.0, rng)
    assert (found.by_origin == [[1.0], [1.0]]).all()  # weeks 37 and 38: 15 and 5
    shorter = surprises.past_surprises(_bare(demand), bank, np.array([20, 38]), 39, 4, 1.0, rng)
    assert np.isnan(shorter.by_origin[1]).all()


def test_the_law_of_levels_is_demand_over_the_level_known_then() -> None:
    demand = np.random.default_rng(34).poisson(np.linspace(4, 40, 60), (12, 60)).astype(float)
    bare = _bare(demand)
    rng = np.random.default_rng(35)
    bank = np.full((6, 12, 4), 10.0)
    found = surprises.past_surprises(bare, bank, np.arange(20, 44, 4), 60, 4, 1.0, rng)
    of_level = surprises.with_levels(found, bare, 60, 1.0, rng).of_level
    # Origins from period 56 backwards in steps of two; a level counts from 13 known periods on.
    newest = of_level.by_origin[-1]
    np.testing.assert_allclose(newest, demand[:, 56:60].sum(axis=1) / (4 * bare.level[:, 56]))
    assert np.isnan(of_level.by_origin[:5]).all()
    expected = demand[:, 16:20].sum(axis=1) / (4 * bare.level[:, 16])
    assert any(np.allclose(row, expected) for row in of_level.by_origin)


def test_a_level_counts_for_the_days_on_sale_alone() -> None:
    """A product that ends in the window: its level, less the days after the end, shaped as the forecast."""
    bare = _bare(np.full((2, 40), 12.0))
    bare.on_sale_share = np.ones((2, 48))
    bare.on_sale_share[1, 42:] = 0.0
    forecast = np.array([[6.0, 6, 6, 6, 6, 6], [6, 6, 0, 0, 0, 0]])
    base = paths._level_forecast(bare, forecast, 40, 4)
    np.testing.assert_allclose(base, 2 * forecast)
