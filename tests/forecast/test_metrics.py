"""Metrics against the golden fixture (eight weeks of one product) and their rules for awkward series."""

from __future__ import annotations

import numpy as np
import pytest

from invnb.forecast import metrics

DEMAND = [20, 30, 25, 20, 15, 30, 25, 20]
STATISTICAL = [22, 24, 24, 22, 22, 24, 24, 22]
FINAL = [25, 24, 24, 22, 22, 30, 24, 22]
NAIVE = [26, 20, 30, 25, 20, 15, 30, 25]
Q90 = [30, 33, 33, 31, 31, 33, 33, 31]
TRAINING = [18, 22, 20, 24, 19, 21, 20, 26]


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        (metrics.bias(DEMAND, STATISTICAL), -0.125),
        (metrics.relative_bias(DEMAND, STATISTICAL), -0.0054),
        (metrics.mean_absolute_error(DEMAND, STATISTICAL), 3.375),
        (metrics.weighted_absolute_percentage_error(DEMAND, STATISTICAL), 0.1459),
        (metrics.weighted_absolute_percentage_error(DEMAND, NAIVE), 0.3027),
        (metrics.weighted_absolute_percentage_error(DEMAND, FINAL), 0.1297),
        (metrics.mean_absolute_percentage_error(DEMAND, STATISTICAL), 0.1558),
        (metrics.symmetric_absolute_percentage_error(DEMAND, STATISTICAL), 0.1488),
        (metrics.mean_absolute_scaled_error(DEMAND, STATISTICAL, TRAINING), 0.9844),
        (metrics.root_mean_squared_scaled_error(DEMAND, STATISTICAL, TRAINING), 1.0761),
        (metrics.pinball(DEMAND, Q90, 0.9), 0.875),
        (metrics.coverage(DEMAND, Q90), 1.0),
        (metrics.tracking_signal(DEMAND, STATISTICAL), -0.2963),
    ],
)
def test_golden_fixture(computed: float, expected: float) -> None:
    assert computed == pytest.approx(expected, abs=5.1e-5)


def test_forecast_value_added_in_points() -> None:
    wape = metrics.weighted_absolute_percentage_error
    assert 100 * (wape(DEMAND, NAIVE) - wape(DEMAND, STATISTICAL)) == pytest.approx(15.68, abs=0.005)
    assert 100 * (wape(DEMAND, STATISTICAL) - wape(DEMAND, FINAL)) == pytest.approx(1.62, abs=0.005)


def test_a_constant_product_does_not_poison_the_mean() -> None:
    demand = np.array([[3.0, 5.0], [2.0, 9.0]])
    forecast = np.full((2, 2), 4.0)
    training = np.array([[1.0, 3.0, 1.0, 3.0], [2.0, 2.0, 2.0, 2.0]])
    alone = metrics.root_mean_squared_scaled_error(demand[0], forecast[0], training[0])
    assert metrics.root_mean_squared_scaled_error(demand, forecast, training) == alone == 0.5
    assert np.isnan(metrics.mean_absolute_scaled_error(demand[1], forecast[1], training[1]))


def test_masked_demand_counts_nowhere() -> None:
    rng = np.random.default_rng(1)
    demand = rng.poisson(5, (4, 20)).astype(float)
    forecast, training = rng.gamma(5, 1, (4, 20)), rng.poisson(5, (4, 30)).astype(float)
    masked = demand.copy()
    masked[:, 10:] = np.nan
    for metric in (metrics.mean_squared_error, metrics.mean_absolute_error, metrics.bias, metrics.coverage):
        assert metric(masked, forecast) == pytest.approx(metric(demand[:, :10], forecast[:, :10]))
    for metric in (metrics.root_mean_squared_scaled_error, metrics.mean_absolute_scaled_error):
        whole = metric(masked, forecast, training)
        assert whole == pytest.approx(metric(demand[:, :10], forecast[:, :10], training))


def test_each_metric_rewards_its_functional() -> None:
    demand = np.random.default_rng(2).gamma(0.5, 4.0, 20_000)
    candidates = np.quantile(demand, np.linspace(0.05, 0.99, 95))
    best = {
        "mean": min(candidates, key=lambda f: metrics.mean_squared_error(demand, f)),
        "median": min(candidates, key=lambda f: metrics.mean_absolute_error(demand, f)),
        "p90": min(candidates, key=lambda f: metrics.pinball(demand, f, 0.9)),
    }
    grid = 0.02  # candidates are 1 % apart: the winner is at most one step from the functional
    share = {name: (demand <= value).mean() for name, value in best.items()}
    assert share["mean"] == pytest.approx((demand <= demand.mean()).mean(), abs=grid)
    assert share["median"] == pytest.approx(0.5, abs=grid)
    assert share["p90"] == pytest.approx(0.9, abs=grid)


def test_a_forecast_with_a_hole_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"forecast must be finite where demand is known, got nan at index \(1,\)"
    ):
        metrics.bias([1.0, 2.0], [1.0, np.nan])
    assert metrics.bias([1.0, np.nan], [1.0, np.nan]) == 0.0


def test_nothing_known_is_nan_not_an_error() -> None:
    empty = [np.nan, np.nan]
    assert np.isnan(metrics.mean_squared_error(empty, [1, 1]))
    assert np.isnan(metrics.relative_bias([0.0], [1.0]))
    assert np.isnan(metrics.root_mean_squared_scaled_error([1.0], [1.0], [2.0]))
    assert np.isnan(metrics.tracking_signal(empty, [1, 1]))
