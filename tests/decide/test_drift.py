"""Drift alarms keep the false-alarm rate they state, and see a shift of one standard deviation in time."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.drift import (
    DRIFT_COLUMNS,
    class_alarms,
    cusum,
    cusum_limit,
    forecast_drift,
    forecast_scores,
)
from invnb.forecast.scenarios import Scenarios

N_REVIEWS = 26


@pytest.mark.parametrize("probability", [0.01, 0.05])
def test_stated_false_alarm_rate_is_kept(probability):
    n = 40_000
    scores = np.random.default_rng(1).normal(size=(n, N_REVIEWS))
    up, down = cusum(scores)
    rate = (np.maximum(up.max(axis=1), down.max(axis=1)) >= cusum_limit(N_REVIEWS, probability)).mean()
    assert rate == pytest.approx(probability, abs=4 * np.sqrt(probability / n))


def test_a_shift_of_one_sd_is_found_within_half_a_year():
    n = 5_000
    limit = cusum_limit(N_REVIEWS, 0.01)
    shifted = np.random.default_rng(2).normal(1.0, 1.0, size=(n, 60))
    over = cusum(shifted)[0] >= limit
    delay = over.argmax(axis=1) + 1
    assert over.any(axis=1).all()
    # Siegmund's approximation of the run length: (exp(-2ab) + 2ab - 1) / (2a²), a = shift - k, b = h + 1.166
    a, b = 0.5, limit + 1.166
    assert delay.mean() == pytest.approx((np.exp(-2 * a * b) + 2 * a * b - 1) / (2 * a * a), rel=0.05)
    assert np.median(delay) <= N_REVIEWS / 2


def _reviews(mean, n_sku=30, n_reviews=N_REVIEWS, seed=3):
    """Calibrated forecasts of Poisson demand, and demand whose mean `mean(t)` may leave them."""
    rng = np.random.default_rng(seed)
    sku = np.array([f"P{i:02d}" for i in range(n_sku)])
    weeks = np.datetime64("2025-01-06") + 7 * np.arange(n_reviews + 1)
    forecasts = [
        Scenarios(sku, weeks[t : t + 2], rng.poisson(12.0, (n_sku, 200, 2)).astype(float), seed)
        for t in range(n_reviews)
    ]
    units = rng.poisson([[mean(t)] * n_sku for t in range(n_reviews)]).T.astype(float)
    demand = pd.DataFrame(
        {
            "sku": np.repeat(sku, n_reviews),
            "period": np.tile(weeks[:-1].astype("datetime64[ns]"), n_sku),
            "units": units.ravel(),
        }
    )
    return forecasts, demand, pd.DataFrame({"sku": sku, "demand_class": "smooth"})


def test_scores_of_calibrated_forecasts_are_standard_normal():
    forecasts, demand, _ = _reviews(lambda t: 12.0, n_sku=200)
    scores = forecast_scores(forecasts, demand, seed=1).ravel()
    assert scores.mean() == pytest.approx(0.0, abs=4 / np.sqrt(scores.size))
    assert scores.std() == pytest.approx(1.0, abs=0.04)


def test_calm_forecasts_raise_next_to_no_alarm():
    forecasts, demand, segments = _reviews(lambda t: 12.0, n_sku=200)
    table = forecast_drift(forecasts, demand, segments, seed=1)
    assert list(table.columns) == DRIFT_COLUMNS
    for measure, rows in table[table["level"] == "product"].groupby("measure"):
        allowed = rows["false_alarm_probability"].iloc[0]
        assert allowed <= 0.01
        assert rows["alarm"].sum() <= 200 * allowed + 4 * np.sqrt(200 * allowed), measure


def test_a_shift_is_dated_and_sized():
    forecasts, demand, segments = _reviews(lambda t: 12.0 if t < 14 else 18.0)
    table = forecast_drift(forecasts, demand, segments, seed=1)
    means = table[(table["level"] == "product") & (table["measure"] == "mean")]
    assert means["stands"].mean() > 0.9
    found = means[means["stands"]]
    assert found["shift_units"].median() == pytest.approx(6.0, abs=1.0)
    assert found["whole_window"].mean() < 0.2
    late = (found["since"] - pd.Timestamp("2025-01-06")).dt.days / 7
    assert late.median() == pytest.approx(14, abs=2)
    assert table[(table["level"] == "class") & (table["measure"] == "mean")]["alarm"].all()


def test_a_forecast_that_always_leans_is_a_bias():
    forecasts, demand, segments = _reviews(lambda t: 7.0)
    table = forecast_drift(forecasts, demand, segments, seed=1)
    found = table[(table["level"] == "product") & (table["measure"] == "mean") & table["stands"]]
    assert len(found) == 30
    assert (found["shift_units"] < 0).all()
    assert found["whole_window"].mean() > 0.9


def test_intervals_that_are_too_narrow_are_found():
    forecasts, demand, segments = _reviews(lambda t: 12.0)
    wild = np.random.default_rng(5).negative_binomial(2, 2 / 14, len(demand))
    table = forecast_drift(forecasts, demand.assign(units=wild.astype(float)), segments, seed=1)
    coverage = table[table["measure"] == "coverage"]
    assert coverage.loc[coverage["level"] == "product", "alarm"].mean() > 0.8
    assert coverage.loc[coverage["level"] == "class", "alarm"].all()
    assert (coverage["observed"] > coverage["expected"]).all()


def test_unseen_demand_is_no_evidence():
    forecasts, demand, segments = _reviews(lambda t: 30.0)
    table = forecast_drift(forecasts, demand.assign(units=np.nan), segments, seed=1)
    assert not table["alarm"].any()
    assert (table["n"] == 0).all()


def test_sold_out_periods_leave_scores_standard_normal():
    """Twelve are on the shelf of a product that sells twelve: what was sold says that demand was no less."""
    forecasts, demand, segments = _reviews(lambda t: 12.0, n_sku=200)
    sold = demand.assign(units=demand["units"].clip(upper=12.0), censored=demand["units"] >= 12.0)
    scores = forecast_scores(forecasts, sold, seed=1).ravel()
    assert scores.mean() == pytest.approx(0.0, abs=4 / np.sqrt(scores.size))
    assert scores.std() == pytest.approx(1.0, abs=0.04)
    table = forecast_drift(forecasts, sold, segments, seed=1)
    assert not table.loc[table["level"] == "class", "alarm"].any()
    hidden = sold.assign(units=sold["units"].where(~sold["censored"]))  # left out, they look like a drift
    assert forecast_drift(forecasts, hidden, segments, seed=1).query("level == 'class'")["alarm"].any()


@pytest.mark.parametrize(("n_sku", "n_review"), [(2, 13), (2, 26), (20, 26)])
def test_small_classes_keep_the_stated_false_alarm_rate(n_sku, n_review):
    rng, n_class = np.random.default_rng(4), 500
    classes = np.repeat([f"C{i:03d}" for i in range(n_class)], n_sku)
    alarms = class_alarms(rng.normal(size=(n_class * n_sku, n_review)), classes)
    for measure in ["mean", "coverage"]:
        found = sum(row[1] == measure for row in alarms)
        assert found <= n_class * 0.01 + 3.5 * np.sqrt(n_class * 0.01), measure


def test_impossible_rates_are_refused():
    with pytest.raises(ValueError, match="probability between 0 and 1"):
        cusum_limit(26, 0.0)
