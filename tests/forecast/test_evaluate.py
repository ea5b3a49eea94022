"""The rolling origins' work: a week's sum on daily panels, shared trainings, a line for each step done."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.forecast import champions, evaluate
from invnb.forecast.compare import compare_models, forecast_scenarios
from invnb.forecast.explain import explain_forecast
from invnb.forecast.inputs import make_inputs
from invnb.forecast.models import model
from invnb.forecast.value_added import forecast_value_added

EMPTY = pd.DataFrame()


@pytest.fixture(scope="module")
def daily() -> object:
    """Eight products over 60 days that sell on Sundays alone: four days tell nothing of a week."""
    rng = np.random.default_rng(5)
    days = pd.date_range("2025-01-06", periods=60)
    units = np.where(days.day_of_week == 6, rng.poisson(20, (8, 60)), 0.0)
    panel = pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(8)], 60), "location": "main", "period": np.tile(days, 8),
         "status": np.where(units > 0, "sold", "zero").ravel(), "units": units.ravel(),
         "available_share": 1.0, "censored": False, "net_price": 5.0, "discount_share": 0.0}
    )  # fmt: skip
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=9)
    return compare_models(
        panel, features, segment_products(panel, features, seed=1), horizon_periods=9, origins=4, seed=1,
        models=("moving_average", "seasonal_naive"),
    )  # fmt: skip


def test_lead_time_demand_of_days_is_a_weeks(daily: object) -> None:
    folds = daily.folds
    assert folds.window_periods == 7
    loss = evaluate.lead_time_losses(folds, "seasonal_naive", daily.group)[0]
    four = evaluate.lead_time_losses(replace(folds, window_periods=4), "seasonal_naive", daily.group)[0]
    assert np.nanmean(loss) != pytest.approx(np.nanmean(four))
    # by hand: the sum of seven days, scaled by seven mean steps
    k, i = 1, 3
    others = evaluate.apart(folds.origins, k, 7)
    error = (folds.demand - folds.forecasts["seasonal_naive"])[:, :, :7].sum(axis=2) / folds.level
    q = (
        folds.forecasts["seasonal_naive"][k, i, :7].sum()
        + np.quantile(error[others], 0.9) * folds.level[k, i]
    )
    miss = folds.demand[k, i, :7].sum() - max(q, 0)
    by_hand = max(0.9 * miss, -0.1 * miss) / (7 * folds.scale[k, i])
    assert loss[evaluate.LEVELS.index(0.9), k, i] == pytest.approx(by_hand)


def test_explanation_and_value_added_speak_of_the_same_week(daily: object) -> None:
    assert explain_forecast(daily, forecast_scenarios(daily, n_scenarios=20, seed=1))["periods"].eq(7).all()
    steps = forecast_value_added(daily).query("demand_class == 'all'").set_index("step")
    # a week of the season before is off by noise alone; yesterday seven times over is not
    assert steps.loc["champion", "wape"] < 0.5 < steps.loc["naive_demand", "wape"]


def test_a_part_of_several_models_is_trained_once_and_is_the_same(degenerate: object) -> None:
    inputs = make_inputs(degenerate.panel, degenerate.features)
    fitted = evaluate.fit_models(inputs, ["combination", "linear_regression"], 66, 4, 1)
    assert fitted["combination"]["linear_regression"] is fitted["linear_regression"]
    alone = model("combination").fit(inputs, 66, 4, 1)
    np.testing.assert_array_equal(
        model("combination").predict(alone, inputs, 66, 4),
        model("combination").predict(fitted["combination"], inputs, 66, 4),
    )


def test_every_model_and_origin_says_when_it_is_done(
    steady: object, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = make_inputs(steady.panel, steady.features)
    with caplog.at_level(logging.INFO, logger="invnb"):
        evaluate.forecast_origins(inputs, ["tsb", "linear_regression"], [60, 64, 68], 4, 1)
    assert len(caplog.messages) == 6
    day = str(inputs.period[64])
    assert sum(day in line for line in caplog.messages) == 2
    assert any(line.startswith(f"tsb from {day}: 40 products") for line in caplog.messages)


def test_a_learned_model_leads_alone_only_after_two_seasons() -> None:
    rng = np.random.default_rng(21)
    demand = rng.poisson(10.0, (6, 80, 4)).astype(float)
    right = np.full(demand.shape, 10.0)
    wrong = right * 1.6
    group = np.full(80, "smooth", dtype=object)
    ones = np.ones((6, 80))
    made = {"exponential_smoothing": wrong, "neural_network": right, "combination": wrong * 1.01}
    for two, leader in ((True, "neural_network"), (False, "exponential_smoothing")):
        folds = evaluate.Folds(np.arange(60, 84, 4), demand, made, ones, ones, 10 * ones, 4, two)
        chosen = champions.choose_champions(folds, group)
        assert set(chosen["model"]) <= {leader, "combination"}
        assert ("neural_network" in set(chosen["model"])) == two
        assert chosen["reason"].str.contains("before two seasons").all() != two
