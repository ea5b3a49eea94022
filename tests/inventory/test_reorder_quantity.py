"""(r, Q) policies against printed answers, enumeration, and a general-purpose minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from invnb.inventory import instances
from invnb.inventory.reorder_quantity import rq_cost, rq_normal, rq_poisson
from invnb.inventory.reorder_quantity_rules import (
    rq_eoq_backorders,
    rq_eoq_safety_stock,
    rq_expected_inventory_level,
    rq_loss_function,
)

RULES = (rq_loss_function, rq_eoq_backorders, rq_eoq_safety_stock)


@pytest.mark.parametrize("solve", [rq_normal, rq_loss_function])
def test_normal_is_the_printed_one(solve) -> None:
    instance = instances.load("rQ_ss_5_6")
    best = solve(**instance.inputs)
    assert instance.agrees("r", best.reorder_point)
    assert instance.agrees("Q", best.order_quantity)
    # our own high-precision values of policy and cost
    assert best.reorder_point == pytest.approx(instance.recomputed["r"], abs=1e-5)
    assert best.cost == pytest.approx(instance.recomputed["cost"], abs=1e-6)


def test_expected_inventory_level_is_the_printed_one() -> None:
    instance = instances.load("rQ_eil_ss_5_2")
    rule = rq_expected_inventory_level(**instance.inputs)
    assert instance.agrees("r", rule.reorder_point)
    assert instance.agrees("Q", rule.order_quantity)
    assert instance.agrees("cost", rule.cost)


def test_poisson_is_the_printed_one() -> None:
    instance = instances.load("rQ_poisson_ss_5_8")
    best = rq_poisson(**instance.inputs)
    assert instance.agrees("r", best.reorder_point)
    assert instance.agrees("Q", best.order_quantity)
    assert instance.agrees("cost", best.cost)


problems = st.tuples(
    st.floats(0.1, 20), st.floats(0.1, 200), st.floats(0.5, 200), st.floats(0.2, 20), st.floats(0, 3)
)


@settings(max_examples=40)
@given(data=problems)
def test_poisson_optimum_beats_all_bands(data: tuple[float, ...]) -> None:
    h, p, K, mean, L = data
    best = rq_poisson(h, p, K, mean, L)
    y = np.arange(best.reorder_point - 60, best.reorder_point + best.order_quantity + 60)
    k = np.arange(0, stats.poisson.ppf(1 - 1e-13, mean * L) + 2)
    gap = y[:, None] - k
    G = (np.where(gap > 0, h, -p) * gap) @ stats.poisson.pmf(k, mean * L)
    total = np.concatenate([[0.0], np.cumsum(G)])
    Q = np.arange(1, y.size)
    costs = [(K * mean + total[q:] - total[:-q]).min() / q for q in Q]
    assert best.cost == pytest.approx(min(costs), rel=1e-8)


@settings(max_examples=40)
@given(data=problems, sd=st.floats(0.05, 10))
def test_normal_optimum_meets_its_conditions(data: tuple[float, ...], sd: float) -> None:
    h, p, K, mean, L = data
    args = (h, p, K, mean, sd, L + 0.05)
    best = rq_normal(*args)
    assert rq_cost(best.reorder_point, best.order_quantity, *args) == pytest.approx(best.cost, rel=1e-9)
    # G(r) = G(r + Q) = C(r, Q)
    spread = sd * np.sqrt(L + 0.05)
    for y in (best.reorder_point, best.reorder_point + best.order_quantity):
        z = (y - mean * (L + 0.05)) / spread
        loss = spread * (stats.norm.pdf(z) - z * stats.norm.sf(z))
        assert h * z * spread + (h + p) * loss == pytest.approx(best.cost, rel=1e-7)
    for rule in RULES:
        try:
            r, Q = (policy := rule(*args)).reorder_point, policy.order_quantity
        except ValueError:
            continue
        assert rq_cost(r, Q, *args) >= best.cost * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_normal_optimum_against_a_minimiser(seed: int) -> None:
    rng = np.random.default_rng(seed)
    args = tuple(rng.uniform([0.1, 1, 1, 10, 1, 0.1], [2, 20, 100, 200, 30, 2]))
    best = rq_normal(*args)
    start = np.array([best.reorder_point * 0.8, np.log(best.order_quantity * 1.5)])
    found = optimize.minimize(
        lambda x: float(rq_cost(x[0], np.exp(x[1]), *args)),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-10},
    )
    assert best.cost == pytest.approx(found.fun, rel=1e-8)
    assert best.order_quantity == pytest.approx(np.exp(found.x[1]), rel=1e-3)


@settings(max_examples=40)
@given(data=problems, sd=st.floats(0.05, 10), off=st.floats(-1, 1))
def test_eoq_with_backorders_is_best_for_its_quantity_and_within_an_eighth(
    data, sd: float, off: float
) -> None:
    args = (*data[:4], sd, data[4])
    rule = rq_eoq_backorders(*args)
    other = rq_cost(rule.reorder_point + off * rule.order_quantity, rule.order_quantity, *args)
    assert rule.cost <= other * (1 + 1e-9)
    assert rule.cost <= 1.125 * rq_normal(*args).cost


def test_cost_is_the_integral_it_stands_for() -> None:
    h, p, K, mean, sd, L, r, Q = 0.3, 4.0, 20.0, 100.0, 25.0, 0.5, 40.0, 90.0
    law = stats.norm(mean * L, sd * np.sqrt(L))

    def rate(y: float) -> float:
        short, _ = integrate.quad(law.sf, y, law.ppf(1 - 1e-15))
        return h * (y - law.mean()) + (h + p) * short

    area, _ = integrate.quad(rate, r, r + Q)
    assert rq_cost(r, Q, h, p, K, mean, sd, L) == pytest.approx((K * mean + area) / Q, rel=1e-9)


def test_without_spread_it_is_the_eoq_with_backorders() -> None:
    h, p, K, mean, L = 0.225, 5.0, 8.0, 1300.0, 0.1
    best = rq_normal(h, p, K, mean, 0.0, L)
    Q = np.sqrt(2 * K * mean * (h + p) / (h * p))
    assert best.order_quantity == pytest.approx(Q, rel=1e-9)
    assert best.reorder_point == pytest.approx(mean * L - Q * h / (h + p), rel=1e-9)


def test_arrays_over_products_equal_one_by_one() -> None:
    h, K = np.array([0.2, 1.0, 5.0]), np.array([8.0, 50.0, 1.0])
    for solve, extra in ((rq_normal, (30.0, 0.5)), (rq_loss_function, (30.0, 0.5)), (rq_poisson, (0.5,))):
        together = solve(h, 10.0, K, 40.0, *extra)
        for n in range(3):
            one = solve(h[n], 10.0, K[n], 40.0, *extra)
            assert together.reorder_point[n] == pytest.approx(one.reorder_point, abs=1e-6)
            assert together.order_quantity[n] == pytest.approx(one.order_quantity, rel=1e-6)
            assert together.cost[n] == pytest.approx(one.cost, rel=1e-9)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="lead_time must be zero or more and finite, got -1"):
        rq_normal(1, 1, 1, 1, 1, -1)
    with pytest.raises(ValueError, match="fixed_cost must be above zero and finite, got 0"):
        rq_loss_function(1, 1, 0, 1, 1, 1)
    with pytest.raises(ValueError, match="demand_mean must be above zero and finite, got nan"):
        rq_poisson(1, 1, 1, float("nan"), 1)
    with pytest.raises(ValueError, match=r"stockout_cost must be above holding_cost \* order_quantity"):
        rq_expected_inventory_level(1, 0.001, 10, 10, 1, 1)
    with pytest.raises(ValueError, match="shapes that can be combined"):
        rq_normal([1, 2], [1, 2, 3], 1, 1, 1, 1)


def test_settles_over_many_orders_of_magnitude() -> None:
    """Rounding dominates where a cost is tiny beside another: the roots must still be found, at no loss."""
    rng, n = np.random.default_rng(5), 3000
    low, high = np.log([1e-3, 1e-2, 1e-2, 1e-2, 1e-3]), np.log([1e2, 1e4, 1e5, 1e6, 1e2])
    h, p, K, mean, L = np.exp(rng.uniform(low, high, (n, 5))).T
    sd = mean * np.exp(rng.uniform(-9, 2, n))
    best = rq_normal(h, p, K, mean, sd, L)
    assert np.all(best.order_quantity > 0)
    for shift, stretch in [(-0.01, 0.99), (0.0, 1.01), (0.01, 1.0)]:
        r, Q = best.reorder_point + shift * best.order_quantity, stretch * best.order_quantity
        assert np.all(rq_cost(r, Q, h, p, K, mean, sd, L) >= best.cost * (1 - 1e-9))
