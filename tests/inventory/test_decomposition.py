"""Plans by prices: they agree with the linear programme in one piece, and their bound is one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.inventory.decomposition import plan_by_prices
from invnb.inventory.plan import InfeasiblePlanError, Limit, plan

ROUNDING = 1e-9  # relative: sums of some thousand float64 products


def problem(seed: int, P: int, T: int, tight: float) -> dict:
    """A plan whose limits bind at `tight` times what they would be used without them, but can be kept."""
    g = np.random.default_rng(seed)
    cost = g.uniform(2, 50, P)
    data = {
        "demand": g.poisson(g.gamma(2, 10, P)[:, None], (P, T)).astype(float),
        "unit_cost": cost[:, None] * g.uniform(0.9, 1.1, T),
        "holding_cost": cost * g.uniform(0.005, 0.03, P),
        "shortage_cost": cost * g.uniform(0.1, 1, P),
        "initial_stock": g.integers(0, 40, P).astype(float),
        "pipeline": g.poisson(3, (P, T)) * (np.arange(T) < 2),
        "lead_time_periods": g.integers(0, 3, P),
    }
    free, none = plan_by_prices(**data), plan_by_prices(**data, budget=0.0)
    volume = g.uniform(0.01, 1, P)
    floor = volume @ (none.stock + data["demand"] - none.lost)
    use = volume @ (free.stock + data["demand"] - free.lost)
    data["budget"] = tight * (data["unit_cost"] * free.orders).sum(axis=0)
    data["unit_volume"], data["storage"] = volume, floor + tight * (use - floor).clip(0)
    shelf = Limit("shelf", 1.0, none.stock.sum(axis=0) + 5 * P, on="closing_stock")
    dock = Limit("dock", g.integers(0, 2, P), np.where(np.arange(T) % 2, 8.0 * P, np.inf))
    data["limits"] = [shelf, dock]
    return data


def check_agreement(data: dict, relative_gap: float) -> None:
    whole = plan(**data, ranges=False)
    split = plan_by_prices(**data, relative_gap=relative_gap)
    scale = 1 + abs(whole.objective)
    assert split.bound <= whole.objective + 1e-6 * scale
    assert split.objective >= whole.objective - 1e-6 * scale
    assert split.gap <= relative_gap
    assert split.status == "optimal"
    # the plan it returns costs what it says, in the model of one piece
    assert sum(vars(split.costs).values()) == pytest.approx(split.objective)
    for limit in split.limits:
        assert limit.use <= limit.available * (1 + ROUNDING) + ROUNDING
    assert split.orders.min() >= 0
    assert split.stock.min() >= 0
    assert np.all((split.lost >= 0) & (split.lost <= data["demand"] * (1 + ROUNDING)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 5), st.sampled_from([0.0, 0.4, 0.8, 2.0]))
def test_agrees_with_one_linear_programme(seed: int, P: int, T: int, tight: float) -> None:
    check_agreement(problem(seed, P, T, tight), relative_gap=1e-7)


@pytest.mark.parametrize("tight", [0.3, 0.7, 0.95])
def test_agrees_with_one_linear_programme_on_more_products_than_groups(tight: float) -> None:
    check_agreement(problem(7, 150, 10, tight), relative_gap=1e-5)


def test_orders_are_those_of_the_one_linear_programme_where_the_best_plan_is_one() -> None:
    data = problem(3, 6, 4, 0.6)
    assert plan_by_prices(**data, relative_gap=1e-12).orders == pytest.approx(plan(**data).orders, abs=1e-6)


def test_prices_of_limits_are_shadow_prices() -> None:
    data = problem(11, 40, 6, 0.7)
    whole = plan(**data)
    split = plan_by_prices(**data, relative_gap=1e-9)
    # D is concave with its maximum at the shadow prices: they may differ only where D is flat to the gap
    value = sum(
        limit.shadow_price * limit.available for limit in split.limits if np.isfinite(limit.available)
    )
    expected = sum(
        limit.shadow_price * limit.available for limit in whole.limits if np.isfinite(limit.available)
    )
    assert value == pytest.approx(expected, rel=0.02)


def test_a_large_plan_has_its_certified_gap_and_conserves_units() -> None:
    data = problem(1, 3000, 12, 0.7)
    best = plan_by_prices(**data)
    assert best.gap <= 1e-5
    arrived = np.zeros(best.orders.shape) + data["pipeline"]
    for i, lead in enumerate(data["lead_time_periods"]):
        arrived[i, lead:] += best.orders[i, : best.orders.shape[1] - lead]
    came = data["initial_stock"] + (arrived - data["demand"] + best.lost).sum(axis=1)
    assert came == pytest.approx(best.stock[:, -1], abs=1e-7)


def test_it_returns_its_best_plan_with_its_gap_when_time_is_up() -> None:
    best = plan_by_prices(**problem(2, 400, 12, 0.5), relative_gap=0.0, time_limit_seconds=0.05)
    assert best.status == "time limit"
    assert best.gap > 0
    assert all(limit.use <= limit.available * (1 + ROUNDING) for limit in best.limits)


def test_stock_on_hand_beyond_the_storage_is_named_with_what_is_missing() -> None:
    with pytest.raises(InfeasiblePlanError, match="storage in period 0 by 4 more room") as caught:
        plan_by_prices(
            [[3, 3]],
            unit_cost=1,
            holding_cost=1,
            shortage_cost=1,
            initial_stock=9,
            unit_volume=2,
            storage=[14, 20],
        )
    assert [(c.name, c.period, c.relax_by) for c in caught.value.clashing] == [("storage", 0, 4.0)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"demand": [4, 5]}, "demand must have shape"),
        ({"demand": [[-4, 5]]}, "demand must be zero or more"),
        ({"shortage_cost": np.inf}, "shortage_cost must be zero or more and finite, got inf"),
        ({"initial_stock": -1}, "initial_stock must be zero or more"),
        ({"budget": [1, 2, 3]}, "budget must fit the shape"),
        ({"salvage_value": 99}, "salvage_value must not exceed"),
        ({"relative_gap": -1}, "relative_gap must be zero or more"),
    ],
)
def test_bad_input_is_named(change: dict, message: str) -> None:
    data = {"demand": [[4, 5]], "unit_cost": 5, "holding_cost": 1, "shortage_cost": 5, **change}
    with pytest.raises(ValueError, match=message):
        plan_by_prices(**data)
