"""The scenarios' container: its arithmetic, its file, its refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invnb.errors import InputError
from invnb.forecast.scenarios import Scenarios

DAYS = np.array(["2026-01-05", "2026-01-12", "2026-01-19"], dtype="datetime64[D]")


@pytest.fixture
def paths() -> Scenarios:
    units = np.random.default_rng(61).poisson(4, (3, 50, 3)).astype(float)
    return Scenarios(np.array(["A", "B", "产品"]), DAYS, units, seed=7)


def test_lead_time_demand_is_a_sum_along_each_path(paths: Scenarios) -> None:
    total = paths.lead_time_sum([0, 1, 3])
    np.testing.assert_array_equal(total[0], np.zeros(50))
    np.testing.assert_array_equal(total[1], paths.units[1, :, 0])
    np.testing.assert_array_equal(total[2], paths.units[2].sum(axis=1))


def test_quantiles_are_values_that_occur(paths: Scenarios) -> None:
    q = paths.quantile([0.1, 0.5, 0.9])
    assert q.shape == (3, 3, 3)
    assert (np.diff(q, axis=0) >= 0).all()
    assert (q == np.floor(q)).all()
    table = paths.table()
    assert table.columns.tolist() == ["sku", "period", "mean", "p10", "p50", "p90"]
    assert table.loc[(table["sku"] == "B") & (table["period"] == DAYS[2]), "p90"].item() == q[2, 1, 2]


def test_select_keeps_order_and_names_what_is_missing(paths: Scenarios) -> None:
    np.testing.assert_array_equal(paths.select(["产品", "A"]).units, paths.units[[2, 0]])
    with pytest.raises(ValueError, match="sku must be among the scenarios' products, got 'X'"):
        paths.select(["A", "X"])


def test_saved_and_loaded_are_equal(paths: Scenarios, tmp_path: Path) -> None:
    for units in (paths.units, paths.units + 0.1):  # whole units and fractions
        before = Scenarios(paths.sku, paths.period, units, 7)
        before.save(tmp_path / "scenarios.npz")
        after = Scenarios.load(tmp_path / "scenarios.npz")
        np.testing.assert_array_equal(before.units, after.units)
        np.testing.assert_array_equal(before.period, after.period)
        assert after.sku.tolist() == ["A", "B", "产品"]
        assert after.seed == 7


def test_foreign_files_are_refused_without_running_them(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.npz"
    with pytest.raises(InputError, match="scenario file not found; run stage 03 again"):
        Scenarios.load(file)
    file.write_text("no archive")
    with pytest.raises(InputError, match="not a scenario file"):
        Scenarios.load(file)
    np.savez(file, units=np.ones(3))
    with pytest.raises(InputError, match="period is missing"):
        Scenarios.load(file)
    objects = np.array([{"a": 1}], dtype=object)  # would need pickle
    np.savez(file, schema=1, sku=objects, period=DAYS.astype(int), units=np.ones((1, 1, 3)), seed=1)
    with pytest.raises(InputError, match="not a scenario file"):
        Scenarios.load(file)
    np.savez(file, schema=99, sku=["A"], period=DAYS.astype(int), units=np.ones((1, 1, 3)), seed=1)
    with pytest.raises(InputError, match="schema 99, this program reads 1"):
        Scenarios.load(file)


@pytest.mark.parametrize(
    ("units", "sentence"),
    [(np.ones((3, 5, 2)), "n_period = 3, got"),
     (np.full((3, 5, 3), np.nan), "finite and zero or more, got nan"),
     (np.full((3, 5, 3), -1.0), "got -1.0 for sku A, scenario 0, period 2026-01-05"),
     (np.ones((3, 0, 3)), "at least one scenario")],
)  # fmt: skip
def test_wrong_paths_are_refused(units: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Scenarios(np.array(["A", "B", "C"]), DAYS, units, 1)


def test_wrong_lead_times_are_refused(paths: Scenarios) -> None:
    for wrong in (4, -1, 1.5):
        with pytest.raises(ValueError, match="periods must be whole and between 0 and the horizon of 3"):
            paths.lead_time_sum(wrong)
    with pytest.raises(ValueError, match="sku must be unique"):
        Scenarios(np.array(["A", "A"]), DAYS, np.ones((2, 1, 3)), 1)
