"""Service in, policy out, and back; fill rates against a replay of the policy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.inventory.laws import Discrete, Gamma, Normal, Poisson
from invnb.inventory.service import (
    interval_demand,
    order_up_to_for_cycle_service,
    order_up_to_for_fill_rate,
    reorder_point_for_cycle_service,
    reorder_point_for_fill_rate,
    service_of_order_up_to,
    service_of_reorder_point,
)

targets = st.floats(0.05, 0.9999)
means = st.floats(0.5, 500)


@given(target=targets, mean=means, cv=st.floats(0.01, 1.5), quantity=st.floats(0.05, 20))
def test_reorder_point_round_trip(target: float, mean: float, cv: float, quantity: float) -> None:
    Q = quantity * mean
    for law in (Normal(mean, cv * mean), Gamma(mean, cv * mean)):
        cycle = reorder_point_for_cycle_service(target, Q, law)
        assert cycle.cycle_service == pytest.approx(target, abs=1e-9)
        fill = reorder_point_for_fill_rate(target, Q, law)
        assert fill.fill_rate == pytest.approx(target, abs=1e-9)
        back = service_of_reorder_point(fill.level, Q, law)
        assert (back.fill_rate, back.cycle_service) == (fill.fill_rate, fill.cycle_service)
        assert fill.safety_stock == pytest.approx(fill.level - mean)


@given(target=targets, mean=means, Q=st.integers(1, 400))
def test_whole_reorder_point_is_the_smallest(target: float, mean: float, Q: int) -> None:
    law = Poisson(mean)
    fill = reorder_point_for_fill_rate(target, Q, law)
    assert fill.level == np.floor(fill.level)
    assert fill.fill_rate >= target
    assert service_of_reorder_point(fill.level - 1, Q, law).fill_rate < target
    cycle = reorder_point_for_cycle_service(target, Q, law)
    assert cycle.cycle_service >= target - 1e-12
    assert service_of_reorder_point(cycle.level - 1, Q, law).cycle_service < target


@given(target=targets, mean=st.floats(0.5, 50), lead=st.integers(0, 6), review=st.integers(1, 5))
def test_order_up_to_round_trip(target: float, mean: float, lead: int, review: int) -> None:
    X, Y = Poisson(mean * lead), Poisson(mean * (lead + review))
    fill = order_up_to_for_fill_rate(target, X, Y)
    assert fill.fill_rate >= target > service_of_order_up_to(fill.level - 1, X, Y).fill_rate
    cycle = order_up_to_for_cycle_service(target, X, Y)
    assert cycle.cycle_service >= target - 1e-12
    normal = [Normal(mean * n, 0.5 * mean * np.sqrt(n)) for n in (lead, lead + review)]
    assert order_up_to_for_fill_rate(target, *normal).fill_rate == pytest.approx(target, abs=1e-9)
    assert order_up_to_for_cycle_service(target, *normal).cycle_service == pytest.approx(target, abs=1e-9)


def test_reorder_point_fill_rate_against_uniform_position() -> None:
    """Poisson: the stock position is uniform on r+1..r+Q; a customer is served when some stock is left."""
    law, r, Q = Poisson(7.3), 6, 9
    by_position = np.mean([1 - law.sf(y - 1) for y in range(r + 1, r + Q + 1)])
    assert service_of_reorder_point(r, Q, law).fill_rate == pytest.approx(by_position, rel=1e-12)


def test_order_up_to_fill_rate_against_a_replay() -> None:
    """Order up to S every R periods, lead time L: the share of demand that does not wait."""
    rng, mean, L, R, S = np.random.default_rng(5), 5.0, 2, 3, 25
    cycles = 40_000
    demand = rng.poisson(mean, (cycles, L + R))
    # after the review at the start, the order arrives after L periods, the next one R periods later
    waiting_before = np.maximum(demand[:, :L].sum(axis=1) - S, 0)
    waiting_after = np.maximum(demand.sum(axis=1) - S, 0)
    short = waiting_after - waiting_before
    exact = service_of_order_up_to(S, Poisson(mean * L), Poisson(mean * (L + R)))
    error = short.std() / np.sqrt(cycles) / (mean * R)
    assert 1 - short.mean() / (mean * R) == pytest.approx(exact.fill_rate, abs=4 * error)
    assert (waiting_after == 0).mean() == pytest.approx(exact.cycle_service, abs=4 * 0.5 / np.sqrt(cycles))


def test_interval_demand_against_random_lead_times() -> None:
    rng, n = np.random.default_rng(8), 200_000
    lead = rng.choice([2, 3, 6], p=[0.5, 0.3, 0.2], size=n)
    L_mean, L_sd = 3.1, np.sqrt(0.5 * 4 + 0.3 * 9 + 0.2 * 36 - 3.1**2)
    total = rng.normal(20 * (lead + 1), 6 * np.sqrt(lead + 1))
    exact = interval_demand(20, 6, L_mean, L_sd, review_period_periods=1)
    assert total.mean() == pytest.approx(exact.mean, abs=4 * exact.sd / np.sqrt(n))
    assert total.std() == pytest.approx(exact.sd, rel=4 / np.sqrt(n))


def test_the_review_period_counts() -> None:
    without, with_review = (interval_demand(50, 8, 4, 0, R) for R in (0, 1))
    assert (without.mean, without.sd) == (200, 16)
    assert (with_review.mean, with_review.sd) == (250, pytest.approx(8 * np.sqrt(5)))
    target = 0.95
    short_sighted = reorder_point_for_cycle_service(target, 50, Normal(without.mean, without.sd)).level
    served = service_of_order_up_to(short_sighted, Normal(200, 16), Normal(with_review.mean, with_review.sd))
    assert served.cycle_service < 0.15  # what forgetting it costs


def test_arrays_over_products_and_any_law() -> None:
    both = reorder_point_for_fill_rate([0.9, 0.99], 40, Normal([100, 30], [20, 15]))
    for n, (target, mean, sd) in enumerate([(0.9, 100, 20), (0.99, 30, 15)]):
        one = reorder_point_for_fill_rate(target, 40, Normal(mean, sd))
        assert both.level[n] == pytest.approx(one.level, abs=1e-9)
    sample = np.random.default_rng(2).poisson(20, (2, 300))
    policy = reorder_point_for_fill_rate(0.97, 10, Discrete.from_sample(sample))
    assert np.all(policy.fill_rate >= 0.97)
    assert np.all(policy.level == np.floor(policy.level))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: reorder_point_for_fill_rate(1.0, 10, Normal(1, 1)),
            "fill_rate must be strictly between 0 and 1",
        ),
        (
            lambda: reorder_point_for_cycle_service(0, 10, Normal(1, 1)),
            "cycle_service must be strictly between",
        ),
        (
            lambda: service_of_reorder_point(1, 0, Normal(1, 1)),
            "order_quantity must be above zero and finite, got 0",
        ),
        (
            lambda: service_of_reorder_point(float("nan"), 1, Normal(1, 1)),
            "reorder_point must be finite, got nan",
        ),
        (lambda: service_of_order_up_to(5, Poisson(3), Poisson(3)), "the review period counts"),
        (lambda: interval_demand(1, 1, -1), "lead_time_periods must be zero or more and finite, got -1"),
        (
            lambda: reorder_point_for_fill_rate([0.9, 0.8], 1, Poisson([1, 2, 3])),
            "shapes that can be combined",
        ),
        (lambda: order_up_to_for_fill_rate([0.9, 0.8], Poisson(1), Poisson([2, 3, 4])), "shapes that can be"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
