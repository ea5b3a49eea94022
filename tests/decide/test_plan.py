"""The plan as tables: limits kept, packs whole, prices real, and what cannot be avoided said."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.plan import plan_orders, representative_scenarios


def planned(shop, **limits):
    return plan_orders(
        shop.scenarios, shop.economics, shop.position, shop.inbound, shop.suppliers,
        currency="CNY", seed=1, n_representative=8, **({"budget": None, "storage_m3": None} | limits),
    )  # fmt: skip


def money_by_period(shop, plan):
    cost = shop.economics.set_index("sku")["unit_cost"]
    return (
        plan.lp_plan.assign(value=lambda t: t["order_units"] * t["sku"].map(cost))
        .groupby("period")["value"]
        .sum()
    )


def test_without_limits_there_is_nothing_to_price(shop):
    plan = planned(shop)
    assert plan.limits.empty
    assert len(plan.lp_plan) == shop.scenarios.n_sku * shop.scenarios.n_period
    first = plan.lp_plan[plan.lp_plan["period"] == plan.lp_plan["period"].min()].set_index("sku")[
        "order_units"
    ]
    packs = first / shop.economics.set_index("sku")["pack_units"]
    assert np.allclose(packs, packs.round(), atol=1e-6)
    assert first["ample"] == 0  # has stock for a year
    assert first["quiet"] == 0  # nobody wants it
    assert first["empty"] >= 6


def test_the_budget_holds_and_its_price_is_what_more_of_it_saves(shop):
    free = money_by_period(shop, planned(shop))
    budget = 0.5 * free.iloc[0]
    tight = planned(shop, budget=budget)
    spent = money_by_period(shop, tight)
    assert (spent <= budget * (1 + 1e-6)).all()
    row = tight.limits.set_index("period").iloc[0]
    assert row["limit"] == "budget"
    assert row["binding"]
    assert row["shadow_price"] > 0
    assert row["used"] == pytest.approx(spent.iloc[0], rel=1e-6)
    assert tight.expected_cost > planned(shop).expected_cost
    loose = planned(shop, budget=free.max() * 10)
    assert not loose.limits["binding"].any()
    assert (loose.limits["shadow_price"] == 0).all()


def test_stock_that_fills_the_room_already_is_said_and_the_plan_still_comes(shop):
    plan = planned(shop, storage_m3=1.0)  # 460 units of the ample one alone take 4.6 m³
    now = plan.limits.set_index("period").iloc[0]
    assert now["available"] == 1.0
    assert now["used"] > 4.0
    assert now["binding"]
    assert plan.lp_plan["order_units"].min() >= 0


def test_representative_scenarios_are_like_all_of_them():
    rng = np.random.default_rng(2)
    units = rng.gamma(1.0, 10.0, (5, 200, 6))
    total = units.sum(axis=2)
    chosen = representative_scenarios(units, 20, seed=3)
    random_error = total.std(axis=1) / np.sqrt(20)
    assert len(set(chosen)) == 20
    assert (np.abs(total[:, chosen].mean(axis=1) - total.mean(axis=1)) < 1.5 * random_error).all()
    assert (representative_scenarios(units, 20, seed=3) == chosen).all()
    assert representative_scenarios(units, 500, seed=3).tolist() == list(range(200))


def test_a_supplier_without_an_entry_has_no_minimum(shop):
    shop.suppliers = pd.DataFrame({"supplier_id": ["S9"], "name": ["Nine"]})
    assert planned(shop).gap <= 1e-3
