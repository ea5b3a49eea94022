"""Compare, choose, forecast, replay: on demand whose law is known and on everything awkward."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from invnb.forecast import champions, evaluate
from invnb.forecast.compare import compare_models, forecast_scenarios, replay_scenarios
from invnb.forecast.models import MODELS

FAST = ("exponential_smoothing", "moving_average", "tsb", "seasonal_naive", "linear_regression")


@pytest.fixture(scope="module")
def comparison(steady: object) -> object:
    return compare_models(
        steady.panel, steady.features, steady.sku_segments, horizon_periods=6, origins=6, seed=3, models=FAST
    )


@pytest.fixture(scope="module")
def forecast(comparison: object) -> object:
    return forecast_scenarios(comparison, n_scenarios=400, seed=3)


def test_scenarios_of_a_known_law_cover_what_they_promise(steady: object, forecast: object) -> None:
    """Demand of the next weeks is drawn again many times from the true law: coverage within noise."""
    scenarios = forecast.scenarios
    rng = np.random.default_rng(81)
    for periods in (1, 4, 6):
        total = rng.negative_binomial(5, 5 / (5 + steady.mean[:, None, None]), (40, 400, periods)).sum(axis=2)
        for level in (0.5, 0.8, 0.9, 0.95):
            q = np.quantile(scenarios.lead_time_sum(periods), level, axis=1, method="inverted_cdf")
            covered = (total <= q[:, None]).mean()
            # Discrete demand exceeds its level by up to half an atom, and each product's mean is known
            # from 90 weeks only: allowed on top of the binomial interval (99 %) of 40 products.
            low, high = binom.ppf([0.005, 0.995], 40, level) / 40
            assert low - 0.02 <= covered <= high + 0.06, (periods, level, covered)
    assert scenarios.mean().sum() == pytest.approx(6 * steady.mean.sum(), rel=0.08)


def test_calibration_table_counts_what_was_covered(comparison: object) -> None:
    table = comparison.calibration
    whole = table[table["demand_class"] == "all"].set_index("nominal")
    assert whole["n"].eq(whole["n"].iloc[0]).all()
    parts = table[table["demand_class"] != "all"].groupby("nominal")["n"].sum()
    assert (parts == whole["n"]).all()
    assert (whole["low"] <= whole["covered"]).all()
    assert (whole["covered"] <= whole["high"]).all()
    assert (whole["covered"] - whole.index).abs().max() < 0.1


def test_the_same_seed_gives_the_same_scenarios(steady: object, comparison: object, forecast: object) -> None:
    again = compare_models(
        steady.panel, steady.features, steady.sku_segments, horizon_periods=6, origins=6, seed=3, models=FAST
    )
    pd.testing.assert_frame_equal(comparison.champions, again.champions)
    pd.testing.assert_frame_equal(comparison.model_scores, again.model_scores)
    same = forecast_scenarios(again, n_scenarios=400, seed=3).scenarios
    np.testing.assert_array_equal(same.units, forecast.scenarios.units)
    other = forecast_scenarios(again, n_scenarios=400, seed=4).scenarios
    assert not np.array_equal(other.units, forecast.scenarios.units)


def test_tables_have_their_shape(steady: object, comparison: object, forecast: object) -> None:
    scores = comparison.model_scores
    assert scores.columns.tolist() == ["model", "demand_class", "metric", "value", "n"]
    assert set(scores["model"]) == set(FAST)
    assert {"mse", "mae", "rmsse", "mase", "wape", "bias", "scaled_pinball"} <= set(scores["metric"])
    history = comparison.forecast_history
    assert history.columns.tolist() == ["origin", "sku", "period", "model", "units", "forecast"]
    assert (history["period"] >= history["origin"]).all()
    assert history[["units", "forecast"]].notna().all(axis=None)
    table = forecast.forecast
    assert table.columns.tolist() == ["sku", "period", "mean", "p10", "p50", "p90", "model", "reason"]
    assert len(table) == 40 * 6
    last = steady.panel["period"].max()
    assert table["period"].min() == last + pd.Timedelta(days=7)
    np.testing.assert_allclose(
        forecast.forecast_total["mean"], table.groupby("period")["mean"].sum(), rtol=1e-9
    )
    assert (forecast.scenarios.units == np.floor(forecast.scenarios.units)).all()


def test_history_equals_the_panel(steady: object, comparison: object) -> None:
    units = steady.panel.set_index(["sku", "period"])["units"]
    history = comparison.forecast_history.set_index(["sku", "period"])["units"]
    np.testing.assert_array_equal(history, units.loc[history.index])


def test_the_champion_is_not_worse_than_the_floor(steady: object, comparison: object) -> None:
    """Judged by the true mean, which no model has seen."""
    whole = comparison.champions.set_index("demand_class").loc["all"]
    miss = {
        name: np.nanmean(((paths - steady.mean[:, None]) / steady.mean[:, None]) ** 2)
        for name, paths in comparison.folds.forecasts.items()
    }
    assert miss[whole["model"]] <= miss["exponential_smoothing"]
    assert miss["seasonal_naive"] > 2 * miss[whole["model"]]
    assert whole["loss"] - whole["best_loss"] <= whole["standard_error"] + 1e-12
    assert not whole["biased"]


def _folds(forecasts: dict[str, np.ndarray], demand: np.ndarray) -> evaluate.Folds:
    ones = np.ones(demand.shape[:2])
    return evaluate.Folds(np.arange(demand.shape[0]) * 4 + 20, demand, forecasts, ones, ones, 5 * ones)


def test_a_clearly_better_challenger_wins_and_a_tie_goes_to_the_simpler() -> None:
    rng = np.random.default_rng(82)
    busy = rng.gamma(4, 5, (8, 30, 4))
    demand = rng.poisson(busy).astype(float)
    flat = np.full(demand.shape, 20.0)
    group = np.full(30, "smooth", dtype=object)
    knows = champions.choose_champions(_folds({"exponential_smoothing": flat, "knn": busy}, demand), group)
    assert set(knows["model"]) == {"knn"}
    tie = champions.choose_champions(
        _folds({"exponential_smoothing": flat, "knn": flat + 1e-3 * rng.normal(size=flat.shape)}, demand),
        group,
    )
    assert set(tie["model"]) == {"exponential_smoothing"}


def test_the_combination_holds_the_title_unless_beaten_beyond_noise() -> None:
    rng = np.random.default_rng(85)
    busy = rng.gamma(4, 5, (8, 30, 4))
    demand = rng.poisson(busy).astype(float)
    flat, group = np.full(demand.shape, 20.0), np.full(30, "smooth", dtype=object)
    near = flat + 1e-3 * rng.normal(size=flat.shape)
    tie = champions.choose_champions(
        _folds({"exponential_smoothing": flat, "combination": near}, demand), group
    )
    assert set(tie["model"]) == {"combination"}
    beaten = champions.choose_champions(
        _folds({"exponential_smoothing": busy, "combination": flat}, demand), group
    )
    assert set(beaten["model"]) == {"exponential_smoothing"}


def test_a_biased_model_yields_to_an_unbiased_tie_or_is_flagged() -> None:
    rng = np.random.default_rng(83)
    demand = rng.poisson(20, (8, 30, 4)).astype(float)
    group = np.full(30, "smooth", dtype=object)
    low, right = np.full(demand.shape, 17.0), np.full(demand.shape, 20.0)
    pair = champions.choose_champions(_folds({"exponential_smoothing": low, "tsb": right}, demand), group)
    assert set(pair["model"]) == {"tsb"}
    alone = champions.choose_champions(_folds({"exponential_smoothing": low}, demand), group)
    assert alone["biased"].all()
    assert alone["bias"].iloc[0] == pytest.approx(-0.15, abs=0.02)


def test_masked_demand_does_not_count() -> None:
    rng = np.random.default_rng(84)
    demand = rng.poisson(20, (8, 30, 4)).astype(float)
    forecast = {"tsb": np.full(demand.shape, 20.0)}
    group = np.full(30, "smooth", dtype=object)
    masked = demand.copy()
    masked[:, 20:] = np.nan
    folds, fewer = _folds(forecast, masked), _folds({"tsb": forecast["tsb"][:, :20]}, demand[:, :20])
    a, b = evaluate.score_models(folds, group), evaluate.score_models(fewer, group[:20])
    pd.testing.assert_frame_equal(a, b)


def test_awkward_products_get_a_sensible_forecast_and_a_reason(degenerate: object) -> None:
    comparison = compare_models(
        degenerate.panel, degenerate.features, degenerate.sku_segments,
        horizon_periods=6, origins=4, seed=3, models=FAST,
    )  # fmt: skip
    result = forecast_scenarios(comparison, n_scenarios=200, seed=3)
    units = result.scenarios.units
    assert np.isfinite(units).all()
    assert (units >= 0).all()
    reason = result.forecast.groupby("sku")["reason"].first()
    for sku, words in {
        "S00": "no sale in 70", "S01": "one sale", "S02": "constant", "S04": "new: 4 known",
        "S05": "no history", "S07": "nothing known for the last 40", "S08": "",
    }.items():  # fmt: skip
        assert reason[sku].startswith(words), (sku, reason[sku])
    mean = result.forecast.groupby("sku")["mean"].mean()
    assert mean["S00"] < 0.5
    assert mean["S01"] < 1
    assert mean["S02"] == pytest.approx(5, rel=0.3)
    for sku in ("S03", "S04", "S05", "S07", "S08"):
        assert 2.5 < mean[sku] < 20, (sku, mean[sku])
    assert mean["S06"] < 8_000  # one spike of 80,995 in 70 weeks is no level
    borrowed, plain = units[5], units[8]
    assert borrowed.std() / borrowed.mean() > 1.3 * plain.std() / plain.mean()  # borrowed is wider than known


@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_to_three_products_are_enough(degenerate: object, n: int) -> None:
    """A plain product alone, beside one with a spike, and beside one without a sale; no class has three."""
    keep = ["S08", "S06", "S00"][:n]
    panel, features, segments = (
        table[table["sku"].isin(keep)]
        for table in (degenerate.panel, degenerate.features, degenerate.sku_segments)
    )
    arguments = {"horizon_periods": 6, "origins": 4, "seed": 3}
    comparison = compare_models(panel, features, segments, models=("tsb", "moving_average"), **arguments)
    scenarios = forecast_scenarios(comparison, n_scenarios=100, seed=3).scenarios
    assert np.isfinite(scenarios.units).all()
    plain = scenarios.select(["S08"])
    assert plain.mean().mean() == pytest.approx(8, rel=0.3)
    low, high = np.quantile(plain.lead_time_sum(4), [0.1, 0.9])
    assert 0.5 < (high - low) / (2.56 * np.sqrt(32)) < 3  # in ranges of the true Poisson law


def test_a_return_larger_than_sales_is_no_negative_demand(degenerate: object) -> None:
    panel = degenerate.panel.copy()
    late = (panel["sku"] == "S09") & (panel["period"] == panel["period"].unique()[60])
    panel.loc[late, "units"] = -3.0
    from invnb.features.table import build_features

    empty = pd.DataFrame()
    features = build_features(panel, empty, empty, empty, country="CN", horizon_periods=6)
    comparison = compare_models(
        panel, features, degenerate.sku_segments,
        horizon_periods=6, origins=4, seed=3, models=("tsb", "exponential_smoothing"),
    )  # fmt: skip
    units = forecast_scenarios(comparison, n_scenarios=100, seed=3).scenarios.units
    assert (units >= 0).all()
    assert units[9].mean() == pytest.approx(8, rel=0.3)


def test_the_newest_weeks_count_though_their_horizon_is_not_over(comparison: object) -> None:
    n_history, horizon = comparison.inputs.n_history, comparison.horizon_periods
    origins = comparison.folds.origins
    assert origins.max() == n_history - evaluate.WINDOW_PERIODS > n_history - horizon
    to_come = origins[:, None] + np.arange(horizon) >= n_history
    assert to_come.any()
    assert np.isnan(
        comparison.folds.demand[np.broadcast_to(to_come[:, None], comparison.folds.demand.shape)]
    ).all()
    assert comparison.bank_origins.size > origins.size
    assert (np.diff(comparison.bank_origins) > 0).all()
    assert comparison.bank.shape == (comparison.bank_origins.size, 40, horizon)


def test_the_check_of_calibration_does_not_see_what_it_checks(comparison: object) -> None:
    """Demand after the first checked origin is multiplied: the scenarios checked there stay as they were."""
    from dataclasses import replace

    from invnb.forecast.calibrate import scenario_units, surprises_at

    inputs, origin = comparison.inputs, int(comparison.folds.origins[2])
    later = np.arange(inputs.n_history) >= origin
    changed = replace(
        inputs,
        demand=np.where(later, 9 * inputs.demand, inputs.demand),
        sold=np.where(later, 9 * inputs.sold, inputs.sold),
    )
    drawn = []
    for known in (inputs, changed):
        surprises = surprises_at(known, comparison.bank, comparison.bank_origins, origin, 1)
        drawn.append(scenario_units(known, comparison.bank[-4], origin, surprises, 50, 1))
    np.testing.assert_array_equal(*drawn)


def test_too_short_a_history_still_forecasts(steady: object) -> None:
    early = np.sort(steady.panel["period"].unique())[:5]
    panel = steady.panel[steady.panel["period"].isin(early)]
    from invnb.features.segments import segment_products
    from invnb.features.table import build_features

    empty = pd.DataFrame()
    features = build_features(panel, empty, empty, empty, country="CN", horizon_periods=6)
    segments = segment_products(panel, features, seed=1)
    comparison = compare_models(panel, features, segments, horizon_periods=6, origins=8, seed=1)
    assert comparison.champions["n"].eq(0).all()
    assert comparison.calibration.empty
    result = forecast_scenarios(comparison, n_scenarios=50, seed=1)
    assert np.isfinite(result.scenarios.units).all()


def test_a_replay_knows_nothing_of_what_came_after(steady: object, comparison: object) -> None:
    weeks = np.sort(steady.panel["period"].unique())
    origins = weeks[[70, 76, 80]]
    replayed = []
    changed = steady.panel.copy()
    late = changed["period"] >= weeks[76]
    changed.loc[late, "units"] = changed.loc[late, "units"] * 9
    from invnb.features.table import build_features

    empty = pd.DataFrame()
    again = build_features(changed, empty, empty, empty, country="CN", horizon_periods=6)
    for panel, features in ((steady.panel, steady.features), (changed, again)):
        replayed.append(
            replay_scenarios(
                panel, features, steady.sku_segments, comparison.champions,
                origins=origins, horizon_periods=6, n_scenarios=50, seed=5,
            )
        )  # fmt: skip
    for k in (0, 1):
        np.testing.assert_array_equal(replayed[0][k].units, replayed[1][k].units)
    assert not np.array_equal(replayed[0][2].units, replayed[1][2].units)
    assert [scenarios.period[0] for scenarios in replayed[0]] == list(origins.astype("datetime64[D]"))
    total = sum(scenarios.mean()[:, :4].sum() for scenarios in replayed[0])
    assert total == pytest.approx(12 * steady.mean.sum(), rel=0.15)


def test_tables_that_do_not_belong_together_are_refused(steady: object) -> None:
    arguments = {"horizon_periods": 6, "origins": 4, "seed": 1}
    with pytest.raises(ValueError, match="features must hold the panel's 40 products"):
        compare_models(steady.panel, steady.features.iloc[:-1], steady.sku_segments, **arguments)
    with pytest.raises(ValueError, match="features must have the column lag_1"):
        compare_models(steady.panel, steady.features.drop(columns="lag_1"), steady.sku_segments, **arguments)
    with pytest.raises(ValueError, match="sku_segments must hold every product of the panel, S00 is missing"):
        compare_models(steady.panel, steady.features, steady.sku_segments.iloc[1:], **arguments)
    with pytest.raises(ValueError, match="horizon_periods must be at most the 6 periods ahead"):
        compare_models(
            steady.panel, steady.features, steady.sku_segments, **arguments | {"horizon_periods": 9}
        )
    with pytest.raises(ValueError, match="origins must be periods of the panel"):
        replay_scenarios(
            steady.panel, steady.features, steady.sku_segments, pd.DataFrame(),
            origins=[pd.Timestamp("2030-01-07")], horizon_periods=6, n_scenarios=5, seed=1,
        )  # fmt: skip


def test_every_model_of_the_registry_is_compared_by_default(steady: object) -> None:
    few = steady.sku_segments["sku"].iloc[:6]
    panel, features, segments = (
        table[table["sku"].isin(few)] for table in (steady.panel, steady.features, steady.sku_segments)
    )
    comparison = compare_models(panel, features, segments, horizon_periods=3, origins=2, seed=1)
    assert set(comparison.model_scores["model"]) == set(MODELS)
    assert set(comparison.champions["model"]) <= set(MODELS)
    assert set(comparison.models) <= set(comparison.champions["model"])
