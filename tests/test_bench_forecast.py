"""The forecasting benchmark's own sums: what it judges, on what, and that nothing of the future is shown."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))

import forecast_peers_run  # noqa: E402
import forecast_report  # noqa: E402
import forecast_scores  # noqa: E402
import forecast_sets  # noqa: E402
import forecast_sources  # noqa: E402


def tiny_set(units: np.ndarray) -> forecast_sets.BenchSet:
    n, length = units.shape
    sku = pd.Series(np.repeat([f"P{i}" for i in range(n)], length))
    period = pd.Series(np.tile(pd.date_range("2025-01-06", periods=length, freq="7D"), n))
    known = ~np.isnan(units).ravel()
    panel = forecast_sources.grid(
        sku, period, status=np.where(known, "sold", "out_of_stock"), units=units.ravel(), available=known,
        censored=False, available_share=known.astype(float),
    )  # fmt: skip
    products = forecast_sources.product_table(sku, sku)
    nothing = pd.DataFrame()
    origins = forecast_sets.evenly_spaced(length, 4, 2)
    return forecast_sets.BenchSet(
        "tiny", panel, products, nothing, nothing, "CN", 4, 3, origins, forecast_sets.judged_units(panel)
    )


def folds_of(bench: forecast_sets.BenchSet) -> forecast_scores.Folds:
    return forecast_scores.make_folds(bench.judged, bench.judged, bench.origins, 4, 3, (1, 2, 3, 4))


def test_sums_leave_out_what_is_not_judged() -> None:
    units = np.tile(np.arange(1.0, 31.0), (2, 1))
    units[1, 27] = np.nan
    folds = folds_of(tiny_set(units))
    assert folds.origins.tolist() == [16, 18, 20, 22, 24, 26]
    assert folds.actual[-1, 0].tolist() == [27, 55, 84, 114]
    # the second product lacks period 27: its sums of 3 and 4 go on without it, that of 2 has too little
    assert folds.actual[-1, 1, [0, 3]].tolist() == [27, 86]
    assert np.isnan(folds.actual[-1, 1, 1])
    paths = np.ones((6, 2, 5, 4))
    assert folds.sums(paths)[-1, :, 0].tolist() == [[1, 2, 3, 4], [1, 1, 2, 3]]


def test_pinball_is_the_sum_done_by_hand() -> None:
    rng = np.random.default_rng(0)
    folds = folds_of(tiny_set(rng.poisson(5, (3, 40)).astype(float)))
    quantile = rng.uniform(0, 30, (*folds.actual.shape, len(forecast_scores.LEVELS)))
    k, i, w = 2, 1, 3
    by_hand = 0.0
    for level, q in zip(forecast_scores.LEVELS, quantile[k, i, w], strict=True):
        miss = folds.actual[k, i, w] - q
        by_hand += max(level * miss, (level - 1) * miss) / len(forecast_scores.LEVELS)
    by_hand /= folds.scale[k, i] * folds.windows[w]
    assert forecast_scores.scaled_losses(folds, quantile)[k, i, w] == pytest.approx(by_hand)


def test_true_law_covers_its_levels_though_demand_is_mostly_zero() -> None:
    """4,000 sums of rate 0.7 against draws of their own law: plain coverage is off, randomised is right."""
    rng = np.random.default_rng(1)
    actual, drawn = rng.poisson(0.7, 4000).astype(float), rng.poisson(0.7, (4000, 400)).astype(float)
    for level in (0.2, 0.5, 0.8, 0.95):
        covered = forecast_scores.drawn_coverage(actual, drawn, level).mean()
        quantile = np.quantile(drawn, level, axis=1, method="inverted_cdf")
        up_to, below = (x.mean() for x in forecast_scores.quantile_coverage(actual, quantile))
        assert below < level < up_to
        # three standard errors of 4,000 coin flips, and the draws' own noise
        assert covered == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 4000) + 0.005)
    assert forecast_scores.drawn_coverage(actual, drawn * 0.5, 0.8).mean() < 0.77


def sold_out_days(rng: np.random.Generator, n: int, length: int) -> tuple[np.ndarray, pd.DataFrame]:
    """True demand (n, length), and the panel of a shop that stocks for about the mean and so sells out."""
    rate = rng.uniform(2, 12, (n, 1, 1))
    by_hour = rng.poisson(rate / 16, (n, length, 16))
    stock = np.round(rate[:, :, 0] * rng.uniform(0.8, 1.6, (n, length)))
    sold = np.minimum(by_hour.sum(axis=2), stock)
    there = (np.cumsum(by_hour, axis=2) - by_hour < stock[:, :, None]).mean(axis=2)
    sku = pd.Series(np.repeat([f"P{i:03d}" for i in range(n)], length))
    period = pd.Series(np.tile(pd.date_range("2024-03-28", periods=length), n))
    panel = forecast_sources.grid(
        sku, period, status="sold", units=sold.ravel().astype(float), available=True,
        censored=(there < 1).ravel(), available_share=there.ravel(),
    )  # fmt: skip
    return by_hour.sum(axis=2), panel


def test_filled_hours_keep_the_mean_that_days_in_stock_throughout_lose() -> None:
    demand, panel = sold_out_days(np.random.default_rng(5), 60, 90)
    sold = panel["units"].to_numpy().reshape(demand.shape)
    filled = forecast_sets.hours_filled(panel)
    clean = forecast_sets.judged_units(panel)
    whole = ~np.isnan(clean)
    assert 0.5 < whole.mean() < 0.9
    # three standard errors of 5,400 days of variance about their mean are 1.6 % of it
    assert filled.sum() / demand.sum() == pytest.approx(1, abs=0.02)
    by_product = np.where(whole, clean, 0).sum(axis=1) / whole.sum(axis=1)
    assert by_product.sum() / demand.mean(axis=1).sum() < 0.95
    assert (filled >= sold).all()
    assert np.array_equal(filled[whole], clean[whole])
    # sums of a week spread as true ones do: no quantile is judged on a fill that is too smooth
    weeks = [x[:, :84].reshape(60, 12, 7).sum(axis=2) for x in (filled, demand)]
    spread = [(x.var(axis=1, ddof=1) / x.mean(axis=1)).mean() for x in weeks]
    assert spread[0] / spread[1] == pytest.approx(1, abs=0.15)


def test_a_peers_fill_by_velocity_looks_back_alone() -> None:
    demand, panel = sold_out_days(np.random.default_rng(6), 10, 60)
    units, share = (panel[c].to_numpy().reshape(demand.shape) for c in ("units", "available_share"))
    later = units.copy()
    later[:, 40:] += 100
    before, after = (forecast_peers_run.velocity_fill(x, share) for x in (units, later))
    assert np.array_equal(before[:, :40], after[:, :40])
    assert before[:, 28:].sum() / demand[:, 28:].sum() == pytest.approx(1, abs=0.08)


def test_tables_at_an_origin_do_not_move_with_the_future() -> None:
    rng = np.random.default_rng(2)
    units = rng.poisson(4, (5, 60)).astype(float)
    later = units.copy()
    later[:, 50:] = 1000 + rng.poisson(50, (5, 10))
    tables = [forecast_sets.tables_at(tiny_set(x), 50) for x in (units, later)]
    for mine, other in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(mine, other)
    assert tables[0][0]["period"].nunique() == 50
    assert tables[0][1]["period"].nunique() == 54


def test_peers_quantiles_do_not_move_with_the_future() -> None:
    """Peers' errors come from origins whose horizon ended before: a last shock moves no quantile."""
    rng = np.random.default_rng(3)
    units = rng.poisson(4, (30, 60)).astype(float)
    later = units.copy()
    later[:, 56:] += 500  # after the last origin
    quantiles = []
    for x in (units, later):
        bench = tiny_set(x)
        folds = folds_of(bench)
        given = forecast_peers_run.given_to_peers(bench, folds)
        points = np.full((len(given["grid"]), 30, 4), 4.0)
        classes = np.full((6, 30), "smooth", dtype=object)
        quantiles.append(forecast_peers_run._ways(points, None, given, 0, folds, classes))
    for way, before in quantiles[0].items():
        assert np.array_equal(before, quantiles[1][way]), way
    middle = quantiles[0]["class"][:, :, 3, forecast_scores.LEVELS.index(0.5)]
    assert middle.mean() == pytest.approx(16, abs=1.5)


def test_a_development_cut_ends_before_what_is_judged() -> None:
    for name, step in (("m5", 4), ("online_retail", 2), ("freshretail", 4)):
        horizon = 7 if name == "freshretail" else 4
        origins = forecast_sets.evenly_spaced(200, horizon, step)
        last_seen = 200 - forecast_sets.DEVELOPMENT_CUT[name]
        assert last_seen <= origins[0]


def test_a_set_without_its_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INVNB_DATA", str(tmp_path))
    with pytest.raises(forecast_sets.NoData, match=r"m5_28_items\.parquet is not there: set INVNB_DATA"):
        forecast_sets.load("m5")


def test_the_summary_names_the_worst_gap_and_the_cost_per_thousand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    coverage = [
        {"demand_class": label, "level": level, "randomised": level + gap, "n": 500}
        for label, gap in (("all", 0.01), ("lumpy", -0.03), ("smooth", 0.02))
        for level in (0.5, 0.9)
    ]
    coverage += [
        {"demand_class": "erratic", "level": 0.5, "randomised": 0.2, "n": 8}
    ]  # eight sums are chance
    rows = [{"method": "invnb", "ours_over_it": 1.0}]
    rows += [{"method": name, "ours_over_it": ratio} for name, ratio in (("SES", 0.9), ("IMAPA", 1.02))]
    growth = {
        "series": 3000,
        "one_run_mb": 900.0,
        "cpu_seconds": {"features": 2, "compare": 50, "scenarios": 8},
    }
    forecast_report.print_bars({"m5": {"coverage": coverage, "rows": rows}, "growth": [growth]})
    said = capsys.readouterr().out
    assert "below 1 of 2 peers, 1.020 of the best" in said
    assert "+1.0 points at most (P50, all, 500 sums)" in said
    assert "-3.0 points at most (P50, lumpy, 500 sums)" in said
    assert "3,000 series: 20 s of CPU and 300 MB per 1,000" in said
