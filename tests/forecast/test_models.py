"""Statistical methods against plain loops, learned ones on tiny data, and no model that sees ahead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invnb.features import lags
from invnb.features.table import build_features
from invnb.forecast import evaluate, store
from invnb.forecast import inputs as given
from invnb.forecast.models import MODELS, learned, model, statistical

EMPTY = pd.DataFrame()


def _ses(y: np.ndarray, rate: float) -> tuple[float, float]:
    """Return last level and squared one-step errors, one value at a time."""
    level, seen, errors = float("nan"), 0, 0.0
    for value in y:
        if np.isnan(value):
            continue
        if seen:
            errors += (value - level) ** 2
        seen += 1
        level = value if seen == 1 else level + max(rate, 1 / seen) * (value - level)
    return level, errors


def _tsb(y: np.ndarray, rate: float) -> tuple[float, float]:
    chance, size, seen, sales, errors = 0.0, 0.0, 0, 0, 0.0
    for value in y:
        if np.isnan(value):
            continue
        if seen:
            errors += (value - chance * size) ** 2
        seen += 1
        chance += max(rate, 1 / seen) * ((value > 0) - chance)
        if value > 0:
            sales += 1
            size += max(rate, 1 / sales) * (value - size)
    return chance * size, errors


@pytest.mark.parametrize(
    ("method", "loop"), [(statistical.exponential_smoothing, _ses), (statistical.tsb, _tsb)]
)
def test_a_whole_panel_equals_one_product_at_a_time(method: object, loop: object) -> None:
    rng = np.random.default_rng(51)
    history = rng.poisson(rng.gamma(1, 3, (25, 1)), (25, 60)).astype(float)
    history[rng.random(history.shape) < 0.1] = np.nan
    history[3, :20] = np.nan
    forecast = method(history, 3, 52)
    for row, expected in zip(history, forecast, strict=True):
        tried = [loop(row, rate) for rate in statistical.SMOOTHING_RATES]
        best = min(tried, key=lambda pair: pair[1])[0]
        np.testing.assert_allclose(expected, best, rtol=1e-12)


@pytest.mark.parametrize("method", [lags.smoothed, statistical._croston, statistical._tsb])
def test_several_rates_at_once_equal_each_alone(method: object) -> None:
    rng = np.random.default_rng(53)
    history = rng.poisson(rng.gamma(1, 3, (25, 1)), (25, 60)).astype(float)
    history[rng.random(history.shape) < 0.1] = np.nan
    rates = np.array(statistical.SMOOTHING_RATES)
    together = method(history, rates[:, None])
    assert together.shape == (rates.size, 25, 61)
    for paths, rate in zip(together, rates, strict=True):
        np.testing.assert_array_equal(paths, method(history, rate))


def test_croston_is_size_over_interval_with_its_correction() -> None:
    history = np.tile([0.0, 0.0, 6.0], 40)[None]
    rate = statistical.SMOOTHING_RATES
    value = statistical.croston_sba(history, 1, 52)[0, 0]
    assert any(value == pytest.approx((1 - r / 2) * 2.0) for r in rate)


def test_intermittent_methods_are_right_on_average_where_seasonal_naive_is_not_sharper() -> None:
    rng = np.random.default_rng(52)
    chance, size = 0.25, 4.0
    history = np.where(rng.random((500, 104)) < chance, rng.poisson(size - 1, (500, 104)) + 1, 0).astype(
        float
    )
    for name in ("croston_sba", "tsb", "exponential_smoothing"):
        value = getattr(statistical, name)(history, 1, 52)[:, 0]
        assert value.mean() == pytest.approx(chance * size, rel=0.06), name
    naive = statistical.seasonal_naive(history, 1, 52)[:, 0]
    assert naive.std() > 2 * statistical.tsb(history, 1, 52)[:, 0].std()


def test_a_product_that_stopped_fades_with_tsb_only() -> None:
    history = np.concatenate([np.tile([0.0, 5.0], 30), np.zeros(30)])[None]
    assert statistical.tsb(history, 1, 52)[0, 0] < 0.2
    assert statistical.croston_sba(history, 1, 52)[0, 0] > 1.5


@pytest.mark.parametrize("name", list(MODELS))
def test_forecasts_are_finite_and_not_negative(name: str, steady: object) -> None:
    data = given.make_inputs(steady.panel, steady.features)
    fitted = model(name).fit(data, 60, 4, 1)
    forecast = model(name).predict(fitted, data, 60, 4)
    assert forecast.shape == (40, 4)
    assert np.isfinite(forecast).all()
    assert (forecast >= 0).all()
    assert forecast.sum() == pytest.approx(4 * steady.mean.sum(), rel=0.35)


@pytest.mark.parametrize("name", list(MODELS))
def test_no_model_sees_beyond_its_origin(name: str, steady: object) -> None:
    """Every week from the origin on is replaced; training rows, features and forecast must not notice."""
    origin = 60
    changed = steady.panel.copy()
    late = changed["period"] >= np.sort(changed["period"].unique())[origin]
    changed.loc[late, "units"] = np.random.default_rng(53).poisson(900, late.sum()).astype(float)
    changed.loc[late, ["status", "available_share"]] = ["sold", 1.0]
    again = build_features(changed, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=6)
    results = []
    for panel, features in ((steady.panel, steady.features), (changed, again)):
        data = given.make_inputs(panel, features)
        fitted = model(name).fit(data, origin, 4, 1)
        results.append(model(name).predict(fitted, data, origin, 4))
    np.testing.assert_array_equal(*results)


def test_learned_models_decline_tiny_data_and_fall_back() -> None:
    panel = pd.DataFrame(
        {"sku": "A", "period": pd.date_range("2025-01-06", periods=6, freq="7D"), "status": "sold",
         "units": [2.0, 3, 2, 3, 2, 3], "available_share": 1.0, "censored": False}
    )  # fmt: skip
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=2)
    data = given.make_inputs(panel, features)
    for name in learned.RECIPES:
        fitted = model(name).fit(data, 6, 2, 1)
        assert fitted is None
        assert model(name).predict(fitted, data, 6, 2).tolist() == pytest.approx(
            np.full((1, 2), 2.5), abs=0.5
        )


def test_calendar_columns_wait_for_two_cycles(steady: object) -> None:
    data = given.make_inputs(steady.panel, steady.features)
    names = np.array(given.FEATURE_NAMES)
    allowed = {origin: set(names[given.usable_columns(data, origin)]) for origin in (40, 60, 90)}
    assert "double_11_share" not in allowed[60]  # November 2023 only
    assert "mid_year_618_share" not in allowed[60]
    assert "mid_year_618_share" in allowed[90]  # June 2023 and June 2024
    assert not any("year_sin_1" in columns for columns in allowed.values())  # 90 weeks are no two years
    assert {"lag_1", "step", "planned_discount"} <= allowed[40]


def test_an_unannounced_promotion_is_not_seen(steady: object) -> None:
    promotions = pd.DataFrame(
        {"sku": ["S00"], "start_date": pd.to_datetime(["2024-03-04"]),
         "end_date": pd.to_datetime(["2024-03-10"]),
         "discount_share": [0.3], "announced_date": pd.to_datetime(["2024-02-19"])}
    )  # fmt: skip
    features = build_features(steady.panel, EMPTY, promotions, EMPTY, country="CN", horizon_periods=6)
    data = given.make_inputs(steady.panel, features)
    column = given.FEATURE_NAMES.index("planned_discount")
    week = int(np.searchsorted(data.period, np.datetime64("2024-03-04")))
    for weeks_before, seen in ((3, 0.0), (2, 0.3)):
        rows = given.forecast_rows(data, week - weeks_before, 6)
        assert rows.X[weeks_before, column] == pytest.approx(seen)


def test_a_combination_is_the_mean_of_its_parts_and_fits_none_twice(
    steady: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = given.make_inputs(steady.panel, steady.features)
    names = ("combination", "tsb", "gradient_boosting")
    fits = []
    fit = learned.training_rows
    monkeypatch.setattr(learned, "training_rows", lambda *a: fits.append(a[1]) or fit(*a))
    made = evaluate.forecast_origins(data, names, [60, 62], 4, 1)
    assert list(made) == list(names)
    assert fits == [60, 60]  # linear regression and gradient boosting, once each
    alone = model("combination").fit(data, 60, 4, 1)
    np.testing.assert_allclose(model("combination").predict(alone, data, 60, 4), made["combination"][0])
    parts = [model(p).predict(alone[p], data, 60, 4) for p in model("combination").parts]
    np.testing.assert_allclose(made["combination"][0], np.mean(parts, axis=0))
    store.save_models({"combination": alone}, tmp_path / "models.zip")
    again = store.load_models(tmp_path / "models.zip")["combination"]
    np.testing.assert_array_equal(
        model("combination").predict(again, data, 60, 4), model("combination").predict(alone, data, 60, 4)
    )


@pytest.mark.parametrize("name", list(MODELS))
def test_awkward_products_get_finite_forecasts(name: str, degenerate: object) -> None:
    data = given.make_inputs(degenerate.panel, degenerate.features)
    forecast = model(name).predict(model(name).fit(data, 70, 4, 1), data, 70, 4)
    known = ~np.isnan(degenerate.panel["units"].to_numpy().reshape(14, 70)).all(axis=1)
    assert np.isfinite(forecast[known]).all()
    assert (forecast[known] >= 0).all()
    assert forecast[8:].sum() == pytest.approx(6 * 4 * 8.0, rel=0.35)  # plain ones, beside a spike of 80,995


def test_days_know_their_weekday_and_the_naive_looks_back_a_week() -> None:
    """Sundays sell ten times as much; a learned model sees it after two weeks, the naive method at once."""
    rng = np.random.default_rng(54)
    days = pd.date_range("2025-01-06", periods=70, freq="D")
    mean = np.where(days.day_of_week == 6, 40.0, 4.0)
    units = rng.poisson(np.tile(mean, (30, 1))).astype(float)
    panel = pd.DataFrame(
        {"sku": np.repeat([f"D{i:02d}" for i in range(30)], 70), "period": np.tile(days, 30),
         "status": "sold", "units": units.ravel(), "available_share": 1.0, "censored": False}
    )  # fmt: skip
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=7)
    data = given.make_inputs(panel, features)
    for name in ("seasonal_naive", "linear_regression", "gradient_boosting"):
        path = model(name).predict(model(name).fit(data, 70, 7, 1), data, 70, 7).mean(axis=0)
        assert path.argmax() == 6, name
        assert path[6] > 4 * path[:6].mean(), name
    usable = given.usable_columns(data, 13)
    assert not usable[given.FEATURE_NAMES.index("weekday_sin_1")]


def test_the_whole_unit_does_not_know_later_fractions() -> None:
    units = np.array([[1.0, 2.0, 0.25, np.nan]])
    assert given.whole_units_so_far(units)[0, :3].tolist() == [1.0, 1.0, 1.0]
    assert given.whole_units_so_far(units)[0, 3] == given.whole_units(units[:, :3])[0] == 0.01


def test_one_product_sold_by_weight_leaves_the_others_their_pieces() -> None:
    units = np.array([[3.0, 4.0, 5.0], [0.002, 0.004, 0.006]])
    np.testing.assert_allclose(given.whole_units(units), [1.0, 4e-5])
    # The level of the second is that of its sales, not half a piece over three periods.
    level = given.demand_level(units, given.whole_units_so_far(units))
    assert level[1, -1] == pytest.approx(0.004)


def test_last_year_waits_for_two_cycles(steady: object) -> None:
    data = given.make_inputs(steady.panel, steady.features)
    usable = given.usable_columns(data, 90)
    assert not usable[given.FEATURE_NAMES.index("year_ago_ratio")]


def test_unknown_names_are_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r'model must be one of exponential_smoothing, .*, got "prophet"'):
        model("prophet")
