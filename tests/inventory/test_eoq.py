"""Economic order quantities against printed answers, a fine search, and what must hold for any data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.inventory import instances
from invnb.inventory.eoq import (
    eoq,
    eoq_all_units,
    eoq_backorders,
    eoq_cost,
    eoq_incremental,
    eoq_packs,
    epq,
)

amounts = st.floats(0.01, 1e4)


@pytest.mark.parametrize("instance_id", ["eoq_ss_3_1", "eoq_hillier_speakers"])
def test_eoq_is_the_printed_one(instance_id: str) -> None:
    instance = instances.load(instance_id)
    best = eoq(**instance.inputs)
    assert instance.agrees("order_quantity", best.order_quantity)
    assert instance.agrees("cost", best.cost)


def test_backorders_is_the_printed_one() -> None:
    instance = instances.load("eoqb_ss_3_8")
    best = eoq_backorders(**instance.inputs)
    assert instance.agrees("order_quantity", best.order_quantity)
    assert instance.agrees("stockout_fraction", best.stockout_fraction)
    assert instance.agrees("cost", best.cost)


def test_production_rate_is_the_printed_one() -> None:
    instance = instances.load("epq_ss_3_1_mu2000")
    best = epq(**instance.inputs)
    assert instance.agrees("order_quantity", best.order_quantity)
    assert instance.agrees("cost", best.cost)


@pytest.mark.parametrize(
    ("instance_id", "solve"),
    [("eoq_allunits_ss_3_6", eoq_all_units), ("eoq_incremental_ss_3_7", eoq_incremental)],
)
def test_discount_is_the_printed_one(instance_id: str, solve) -> None:
    instance = instances.load(instance_id)
    best = solve(**instance.inputs)
    assert instance.agrees("order_quantity", best.order_quantity)
    assert instance.agrees("region", best.region)
    assert instance.agrees("total_cost", best.total_cost)


def purchase_cost(kind: str, Q: np.ndarray, breaks: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """What an order of Q costs, from the definition of the discount."""
    region = np.searchsorted(breaks, Q, side="right") - 1
    if kind == "all units":
        return prices[region] * Q
    ends = np.append(breaks[1:], np.inf)
    return sum(p * np.clip(Q - b, 0, e - b) for p, b, e in zip(prices, breaks, ends, strict=True))


discounts = st.tuples(
    amounts,
    st.floats(0.05, 0.9),
    amounts,
    st.lists(st.floats(1, 500), min_size=0, max_size=4),
    st.floats(0.5, 50),
    st.lists(st.floats(0.7, 1.0), min_size=4, max_size=4),
)


@pytest.mark.parametrize(("kind", "solve"), [("all units", eoq_all_units), ("incremental", eoq_incremental)])
@given(data=discounts)
def test_no_quantity_beats_the_discount_optimum(kind: str, solve, data) -> None:
    K, i, D, steps, price, falls = data
    breaks = np.concatenate([[0.0], np.cumsum(steps)])
    prices = price * np.cumprod([1.0, *falls[: len(steps)]])
    best = solve(K, i, D, breaks, prices)

    def total(Q: np.ndarray) -> np.ndarray:
        money = purchase_cost(kind, Q, breaks, prices)
        return D * money / Q + K * D / Q + i * money / 2

    tries = np.concatenate([np.geomspace(1e-3, 1e6, 4000), breaks[1:], np.atleast_1d(best.order_quantity)])
    costs = total(tries)
    assert best.total_cost == pytest.approx(costs[-1], rel=1e-12)
    assert best.total_cost <= costs.min() * (1 + 1e-12)
    assert best.average_unit_cost == pytest.approx(
        purchase_cost(kind, tries[-1:], breaks, prices)[0] / tries[-1], rel=1e-12
    )
    # it lies in its region; under all units it is a break or that region's own EOQ
    ends = np.append(breaks[1:], np.inf)
    assert breaks[best.region] <= best.order_quantity < ends[best.region]
    if kind == "all units":
        own = eoq(K, i * prices[best.region], D).order_quantity
        assert best.order_quantity in (breaks[best.region], own)


@given(K=amounts, h=amounts, p=amounts, D=amounts, Q_share=st.floats(0.2, 5), wait=st.floats(0, 1))
def test_backorder_optimum_beats_any_policy(K, h, p, D, Q_share, wait) -> None:
    best = eoq_backorders(K, h, p, D)

    def cost(Q: float, fraction: float) -> float:
        return K * D / Q + Q / 2 * (h * (1 - fraction) ** 2 + p * fraction**2)

    assert best.cost == pytest.approx(cost(best.order_quantity, best.stockout_fraction), rel=1e-9)
    assert best.cost <= cost(Q_share * best.order_quantity, wait) * (1 + 1e-12)
    assert best.cost <= eoq(K, h, D).cost  # waiting is a choice more
    assert best.max_backorders == pytest.approx(best.order_quantity * best.stockout_fraction)


@given(K=amounts, h=amounts, D=amounts, pack=st.integers(1, 50), least=st.integers(1, 200))
def test_pack_quantity_is_the_best_multiple(K, h, D, pack, least) -> None:
    best = eoq_packs(K, h, D, pack, least)
    multiples = pack * np.arange(-(-least // pack), 60 + int(eoq(K, h, D).order_quantity / pack) + least)
    assert best.order_quantity in multiples
    assert best.cost == pytest.approx(eoq_cost(multiples, K, h, D).min(), rel=1e-12)


@given(K=amounts, h=amounts, D=amounts, ratio=st.floats(1.01, 100))
def test_production_lot_tends_to_the_eoq(K, h, D, ratio) -> None:
    assert epq(K, h, D, ratio * D).cost <= eoq(K, h, D).cost
    assert epq(K, h, D, 1e9 * D).order_quantity == pytest.approx(eoq(K, h, D).order_quantity, rel=1e-8)


def test_arrays_over_products_equal_one_by_one() -> None:
    K, D = np.array([5.0, 8.0, 100.0]), np.array([[10.0], [1300.0]])
    together = eoq_backorders(K, 0.3, 2.0, D)
    assert together.cost.shape == (2, 3)
    for a, b in np.ndindex(2, 3):
        assert together.cost[a, b] == eoq_backorders(K[b], 0.3, 2.0, D[a, 0]).cost
    breaks, prices = [[0, 400, 800], [0, 10, 20]], [[0.75, 0.72, 0.68], [9.0, 9.0, 5.0]]
    both = eoq_all_units(8, 0.3, [1300, 50], breaks, prices)
    for n in range(2):
        one = eoq_all_units(8, 0.3, [1300, 50][n], breaks[n], prices[n])
        assert (both.order_quantity[n], both.region[n], both.total_cost[n]) == (
            one.order_quantity,
            one.region,
            one.total_cost,
        )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: eoq(-1, 1, 1), "fixed_cost must be above zero and finite, got -1"),
        (lambda: eoq(1, [1, 0], 1), "holding_cost must be above zero and finite, got 0 at index 1"),
        (lambda: eoq(1, 1, float("nan")), "demand_rate must be above zero and finite, got nan"),
        (lambda: eoq([1, 2], 1, [1, 2, 3]), r"shapes that can be combined, got fixed_cost \(2,\)"),
        (lambda: epq(1, 1, 5, 5), "production_rate must be above demand_rate, got 5 against 5"),
        (lambda: eoq_all_units(1, 1, 1, [1, 2], [2, 1]), "breakpoints must start at 0, got 1"),
        (lambda: eoq_all_units(1, 1, 1, [0, 0], [2, 1]), "breakpoints must be strictly increasing"),
        (lambda: eoq_incremental(1, 1, 1, [0, 5], [2, 3]), "unit_costs must not rise"),
        (lambda: eoq_incremental(1, 1, 1, [0, 5], [2, 1, 1]), "shapes that can be combined"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
