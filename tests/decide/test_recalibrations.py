"""The log of a replay tells what changed, when, why and whether it helped; a review knows only its past."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.past_forecasts import PastReviews, load_forecasts, review_the_past, save_forecasts
from invnb.decide.recalibrations import COLUMNS, recalibrations
from invnb.errors import InputError
from invnb.features.table import build_features
from invnb.forecast.compare import REFIT_PERIODS, REGROW_PERIODS
from invnb.forecast.scenarios import Scenarios

N_SKU, N_REVIEW = 20, 24
SKU = np.array([f"P{i:02d}" for i in range(N_SKU)])
WEEKS = np.datetime64("2025-01-06") + 7 * np.arange(N_REVIEW + 1)


def log(shift, then, now, seed=3):
    """Poisson forecasts, demand that leaves them from review 8 on by `shift`, and the log."""
    rng = np.random.default_rng(seed)
    forecasts = [
        Scenarios(SKU, WEEKS[t : t + 2], rng.poisson(12.0, (N_SKU, 150, 2)).astype(float), 3)
        for t in range(N_REVIEW)
    ]
    mean = np.where(np.arange(N_REVIEW) < 8, 12.0, 12.0 + shift)
    demand = pd.DataFrame(
        {"sku": np.repeat(SKU, N_REVIEW), "period": np.tile(WEEKS[:-1].astype("datetime64[ns]"), N_SKU),
         "units": rng.poisson(mean, (N_SKU, N_REVIEW)).ravel().astype(float)}
    )  # fmt: skip
    evidence = pd.DataFrame(
        {"review_date": pd.to_datetime(["2025-01-05", "2025-01-12", "2025-01-12"]),
         "multiple": [1.0, 1.0, 0.5], "chosen": [True, False, True]}
    )  # fmt: skip
    segments = pd.DataFrame({"sku": SKU, "demand_class": "smooth"})
    champions = [pd.DataFrame({"demand_class": ["all", "smooth"], "model": models}) for models in (then, now)]
    return recalibrations(
        forecasts, demand, segments, *champions, evidence, n_history=70, period_days=7, seed=1
    )


def test_changes_are_logged_with_their_reason():
    found = log(0.0, ["tsb", "svr"], ["tsb", "knn"])
    assert list(found.columns) == COLUMNS
    assert found["date"].is_monotonic_increasing
    champion = found[found["what"] == "champion"]
    assert champion[["name", "why", "before", "after"]].to_numpy().tolist() == [
        ["smooth", "scores", "svr", "knn"]
    ]
    assert champion["date"].iloc[0] == pd.Timestamp(WEEKS[-1]) - pd.Timedelta(days=1)
    multiple = found[found["what"] == "multiple"]
    assert multiple[["before", "after"]].to_numpy().tolist() == [["x1", "x0.5"]]
    calibration = found[found["what"] == "calibration"]
    assert len(calibration) == N_REVIEW // REGROW_PERIODS - 1
    # 80 products and periods at least: the share inside is 0.8 within four standard errors of 0.045
    assert (calibration[["before", "after"]].astype(float) - 0.8).abs().max().max() < 0.18
    refits = found[found["what"] == "refit"]
    assert set(refits["name"]) == {"svr"}  # what learns nothing is not fitted
    assert (refits["before"].astype(int) >= REFIT_PERIODS).all()


def test_alarms_without_drift_are_rare():
    """Five looks at two measures, each with a false alarm of 1 %: more than 4 of 12 logs has chance 0.004."""
    found = [log(0.0, ["tsb"] * 2, ["tsb"] * 2, seed) for seed in range(12)]
    assert sum((each["what"] == "drift").any() for each in found) <= 4
    assert all(
        (each.loc[each["what"] == "calibration", "why"] == "schedule").all()
        for each in found
        if not (each["what"] == "drift").any()
    )


def test_an_alarm_is_logged_once_and_named_as_the_reason():
    found = log(14.0, ["tsb", "tsb"], ["tsb", "tsb"])
    alarms = found[found["what"] == "drift"]
    assert set(alarms["name"]) == {"smooth"}
    assert not alarms.duplicated(["name", "why"]).any()
    assert alarms["date"].min() > pd.Timestamp(WEEKS[8]) - pd.Timedelta(days=1)
    assert (alarms["before"].astype(float).abs() >= alarms["after"].astype(float)).all()
    calibration = found[found["what"] == "calibration"]
    caused = calibration[calibration["why"] == "drift"]
    assert set(caused["date"]) >= set(alarms["date"])
    assert not (found["what"] == "champion").any()


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(9)
    weeks = pd.date_range("2024-01-01", periods=60, freq="7D")
    units = rng.poisson(rng.uniform(1, 12, (6, 1)), (6, 60)).astype(float)
    return pd.DataFrame(
        {"sku": np.repeat([f"S{i}" for i in range(6)], 60), "location": "main", "period": np.tile(weeks, 6),
         "status": "sold", "units": units.ravel(), "available_share": 1.0, "censored": False,
         "net_price": 5.0, "discount_share": 0.0}
    )  # fmt: skip


def past(panel) -> PastReviews:
    empty = pd.DataFrame()
    features = build_features(panel, empty, empty, empty, country="CN", horizon_periods=4)
    return review_the_past(panel, features, backtest_periods=6, horizon_periods=4, n_scenarios=20, seed=1)


def test_a_review_knows_only_its_past(panel, tmp_path):
    weeks = np.sort(panel["period"].unique())
    one = past(panel)
    later = panel.assign(units=np.where(panel["period"] >= weeks[-3], 90.0, panel["units"]))
    two = past(later)
    assert [f.period[0] for f in one.forecasts] == list(weeks[-19:].astype("datetime64[D]"))
    pd.testing.assert_frame_equal(one.champions, two.champions)
    for t in range(17):  # the review before the first changed period still knows nothing of it
        np.testing.assert_array_equal(one.forecasts[t].units, two.forecasts[t].units)
    assert (one.forecasts[-1].units != two.forecasts[-1].units).any()

    file = tmp_path / "past.npz"
    save_forecasts(one.forecasts, file)
    again = tmp_path / "again.npz"
    save_forecasts(past(panel).forecasts, again)
    assert file.read_bytes() == again.read_bytes()  # the same seed gives the same file
    for saved, made in zip(load_forecasts(file), one.forecasts, strict=True):
        np.testing.assert_array_equal(saved.units, made.units)
        assert list(saved.sku) == list(made.sku)
        assert list(saved.period) == list(made.period)
        assert saved.seed == made.seed


def test_a_file_of_something_else_is_refused(tmp_path):
    file = tmp_path / "other.npz"
    np.savez(file, units=np.ones(3))
    for wrong in (file, tmp_path / "nowhere.npz"):
        with pytest.raises(InputError, match="run stage 03 again"):
            load_forecasts(wrong)


@pytest.mark.parametrize(("n_sku", "n_period"), [(1, 60), (6, 10)])
def test_one_product_and_a_short_history_are_reviewed_too(panel, n_sku, n_period):
    weeks = np.sort(panel["period"].unique())
    some = panel[panel["sku"].isin(panel["sku"].unique()[:n_sku]) & (panel["period"] < weeks[n_period - 1])]
    found = past(some)
    assert len(found.forecasts) == min(6, (n_period - 1) // 2) + (13 if n_period == 60 else 0)
    assert all(np.isfinite(forecast.units).all() for forecast in found.forecasts)
