"""The newsvendor against printed answers, enumeration, and what must hold for any law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.inventory import instances
from invnb.inventory.laws import Gamma, LogNormal, Normal, Poisson
from invnb.inventory.newsvendor import (
    base_stock_normal,
    evaluate_base_stock,
    newsvendor,
    newsvendor_lognormal,
    newsvendor_normal,
    newsvendor_pmf,
    newsvendor_poisson,
    newsvendor_sample,
)


@pytest.mark.parametrize(
    ("instance_id", "solve"),
    [
        ("nv_normal_ss_4_3", newsvendor_normal),
        ("nv_poisson_ss_4_7", newsvendor_poisson),
        ("nv_lognormal_ss_p4_8b", newsvendor_lognormal),
    ],
)
def test_is_the_printed_one(instance_id: str, solve) -> None:
    instance = instances.load(instance_id)
    best = solve(**instance.inputs)
    assert instance.agrees("base_stock", best.base_stock)
    assert instance.agrees("cost", best.cost)


def test_pmf_is_the_printed_one() -> None:
    instance = instances.load("nv_discrete_ss_p4_7b")
    points, pmf = zip(*instance.inputs["pmf"].items(), strict=True)
    best = newsvendor_pmf(instance.inputs["holding_cost"], instance.inputs["stockout_cost"], pmf, points)
    assert instance.agrees("base_stock", best.base_stock)
    assert instance.agrees("cost", best.cost)


def test_base_stock_with_lead_time_is_the_printed_one() -> None:
    instance = instances.load("base_stock_ss_4_4")
    data = {k: v for k, v in instance.inputs.items() if k not in ("lead_time", "review_period")}
    assert instance.inputs["review_period"] == 1
    best = base_stock_normal(**data, lead_time_periods=instance.inputs["lead_time"])
    assert instance.agrees("base_stock", best.base_stock)
    assert instance.agrees("cost", best.cost)


cost = st.floats(0.01, 100)


@given(h=cost, p=cost, draws=st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_sample_optimum_beats_every_level(h: float, p: float, draws: list[int]) -> None:
    best = newsvendor_sample(h, p, draws)
    demand = np.array(draws, dtype=float)
    levels = np.arange(0, 42)[:, None]
    costs = (h * np.maximum(levels - demand, 0) + p * np.maximum(demand - levels, 0)).mean(axis=1)
    assert best.cost == pytest.approx(costs.min(), rel=1e-9, abs=1e-9)
    assert best.cost == pytest.approx(costs[int(best.base_stock)], rel=1e-9, abs=1e-9)
    assert best.cycle_service == pytest.approx((demand <= best.base_stock).mean())
    filled = np.minimum(demand, best.base_stock).sum()
    assert best.fill_rate == pytest.approx(filled / demand.sum() if demand.sum() else 1.0)


@given(h=cost, p=cost, mean=st.floats(0.5, 500), cv=st.floats(0.05, 2), off=st.floats(0, 3))
def test_no_level_beats_the_optimum(h: float, p: float, mean: float, cv: float, off: float) -> None:
    for law in (Normal(mean, cv * mean), Gamma(mean, cv * mean), LogNormal(np.log(mean), cv), Poisson(mean)):
        best = newsvendor(h, p, law)
        other = evaluate_base_stock(off * best.base_stock, h, p, law)
        assert best.cost <= other.cost * (1 + 1e-9) + 1e-9
        assert best.cycle_service >= p / (h + p) - 1e-9
        if not law.whole:
            assert best.cycle_service == pytest.approx(p / (h + p), abs=1e-9)


def test_dearer_stockouts_never_lower_the_level() -> None:
    p = np.geomspace(0.1, 1000, 60)
    assert np.all(np.diff(newsvendor_poisson(1, p, 12.3).base_stock) >= 0)
    assert np.all(np.diff(newsvendor_normal(1, p, 50, 8).base_stock) > 0)


def test_a_sample_of_a_law_tends_to_the_law() -> None:
    n = 200_000
    sample = np.random.default_rng(11).normal(50, 8, n)
    exact, drawn = newsvendor_normal(0.18, 0.7, 50, 8), newsvendor_sample(0.18, 0.7, sample)
    # the level's standard error is sqrt(a (1 - a) / n) / density; the cost is flat there
    ratio = 0.7 / 0.88
    density = np.exp(-(((exact.base_stock - 50) / 8) ** 2) / 2) / (8 * np.sqrt(2 * np.pi))
    error = np.sqrt(ratio * (1 - ratio) / n) / density
    assert drawn.base_stock == pytest.approx(exact.base_stock, abs=4 * error)
    assert drawn.cost == pytest.approx(exact.cost, rel=0.02)


def test_arrays_over_products() -> None:
    best = newsvendor_normal([0.1, 0.2], [1.0, 2.0], [10, 20], [3, 0])
    one = newsvendor_normal(0.1, 1.0, 10, 3)
    assert (best.base_stock[0], best.cost[0]) == (one.base_stock, one.cost)
    assert (best.base_stock[1], best.cost[1], best.fill_rate[1]) == (20, 0, 1)
    pmf = newsvendor_pmf([1, 1], [1, 9], [[0.5, 0.5, 0], [0.2, 0.2, 0.6]])
    assert pmf.base_stock.tolist() == [0, 2]


def test_free_holding_means_all_demand_is_covered() -> None:
    assert newsvendor_pmf(0, 1, [0.5, 0.5]).base_stock == 1
    free = newsvendor_normal(0, 1, 10, 2)
    assert (free.base_stock, free.cost, free.fill_rate) == (np.inf, 0, 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: newsvendor_normal(-1, 1, 1, 1), "holding_cost must be zero or more and finite, got -1"),
        (lambda: newsvendor_poisson(1, 0, 1), "stockout_cost must be above zero and finite, got 0"),
        (lambda: newsvendor_pmf(1, 1, [0.3, 0.3]), "pmf must sum to 1 along its last axis, got 0.6"),
        (lambda: newsvendor_sample(1, 1, [float("nan")]), "sample must be finite, got nan at index 0"),
        (
            lambda: base_stock_normal(1, 1, 1, 1, -1),
            "lead_time_periods must be zero or more and finite, got -1",
        ),
        (lambda: newsvendor_normal([1, 2, 3], [1, 2], 1, 1), "shapes that can be combined"),
        (
            lambda: newsvendor_normal([1, 2, 3], 1, [1, 2], 1),
            r"shapes that can be combined, got .* demand \(2,\)",
        ),
        (lambda: evaluate_base_stock(float("nan"), 1, 1, Poisson(3)), "base_stock must be a number"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
