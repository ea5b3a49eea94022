"""What one call cannot plan is named, product or limit, and the rest of the plan still comes."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.limits import review_limits
from invnb.decide.order_now import order_now
from invnb.decide.orders import propose_orders, review_products
from invnb.forecast.scenarios import Scenarios

WEEKS = np.datetime64("2025-06-09") + 7 * np.arange(8)


def spoil(table, column, value):
    """The first product's figure made wrong."""
    table[column] = table[column].astype(float)
    table.loc[0, column] = value


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("lead_time_periods", np.nan, "no valid lead time"),
        ("lead_time_periods", -1.0, "no valid lead time"),
        ("lead_time_periods", 1.5, "no valid lead time"),
        ("unit_cost", np.nan, "no valid unit cost"),
        ("pack_units", 0.0, "no valid pack size"),
        ("lost_share", 1.2, "no valid lost share"),
    ],
)
def test_a_product_without_its_figures_is_named_and_the_others_are_planned(column, value, words, shelf):
    demand, stock, inbound, economics = shelf(3)
    whole = order_now(demand, stock, inbound, economics).orders
    spoil(economics, column, value)
    found = order_now(demand, stock, inbound, economics).orders
    assert found["note"].tolist() == [words, "", ""]
    assert found["reason_code"][0] == "DATA_FAULT"
    assert found["order_units"].tolist() == [0.0, *whole["order_units"][1:]]
    assert found["expected_cost"].isna().tolist() == [True, False, False]


def test_unknown_and_negative_stock(shelf):
    demand, stock, inbound, economics = shelf(3)
    stock[:2] = np.nan, -4.0
    found = order_now(demand, stock, inbound, economics).orders
    assert found["note"].tolist() == ["stock unknown", "negative stock counted as waiting customers", ""]
    assert found["planned"].tolist() == [False, True, True]
    assert found["order_units"][1] > 4
    with pytest.raises(ValueError, match="no product can be planned; the first one: stock unknown"):
        order_now(demand, np.full(3, np.nan), inbound, economics)


def test_an_order_on_the_way_without_a_date_is_named_and_not_counted(shelf):
    demand, stock, _, economics = shelf(2)
    period = np.datetime64("2025-06-09") + 7 * np.arange(8)
    scenarios = Scenarios(np.array(["P0", "P1"]), period, demand, 1)
    table = pd.DataFrame(
        {"sku": ["P0", "P1"], "units": [30.0, 2.0], "period": pd.to_datetime([None, "2025-06-09"])}
    )
    found = order_now(scenarios, stock, table, economics).orders
    counted = np.zeros((2, 8))
    counted[1, 0] = 2.0
    assert found["note"].tolist() == ["30 units on the way without a date, not counted", ""]
    assert (
        found["order_units"].tolist()
        == order_now(demand, stock, counted, economics).orders["order_units"].tolist()
    )


def test_a_budget_below_every_minimum_is_named(shelf, money):
    demand, stock, inbound, economics = shelf(3)
    found = order_now(demand, stock, inbound, economics, limits=[money(economics, 1.0)])
    assert (found.orders["order_units"] == 0).all()
    assert set(found.orders["reason_code"]) == {"NONE_BUDGET"}
    assert found.limits["note"][0].startswith("1 CNY is below the least order of every product wanted")
    assert (found.orders["expected_lost_margin_if_not_ordered"] > 0).all()  # what it would have earned


def test_limits_that_cannot_all_hold_are_named(shelf, money):
    demand, stock, inbound, economics = shelf(3)
    limits = review_limits(economics, np.full(3, 50.0), budget=20.0, storage_m3=1.0, currency="CNY")
    found = order_now(demand, stock, inbound, economics, limits=limits, supplier_min_value={"S": 500.0})
    notes = dict(zip(found.limits["limit"], found.limits["note"], strict=True))
    assert "already takes" in notes["storage"]
    assert (found.orders["order_units"] == 0).all()
    rich = order_now(
        demand, stock, inbound, economics, limits=[money(economics, 20.0)], supplier_min_value={"S": 500.0}
    )
    assert rich.limits["note"].iloc[-1].startswith("supplier S takes no order below 500")
    assert (rich.orders["order_units"] == 0).all()


def test_a_product_whose_use_of_a_limit_is_unknown_is_named_and_the_limit_kept(shelf):
    demand, stock, inbound, economics = shelf(3)
    economics.loc[0, "volume_m3"] = np.nan
    limits = review_limits(economics, np.zeros(3), budget=None, storage_m3=1.0, currency="CNY")
    found = order_now(demand, stock, inbound, economics, limits=limits)
    assert found.orders["note"].tolist() == ["use of storage unknown", "", ""]
    assert 0 < found.limits["used"][0] <= 1.0


def test_a_limit_below_zero_stops_what_uses_it(shelf, money):
    demand, stock, inbound, economics = shelf(3)
    found = order_now(demand, stock, inbound, economics, limits=[money(economics, -5.0)])
    assert (found.orders["order_units"] == 0).all()
    assert found.limits["note"][0].startswith("-5 CNY is less than nothing")


def test_demand_below_zero_is_named(shelf):
    demand, stock, inbound, economics = shelf(3)
    demand[1, 0, 0] = -1.0
    found = order_now(demand, stock, inbound, economics).orders
    assert found["note"].tolist() == ["", "demand below zero", ""]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"columns": ["lost_share"]}, "economics lacks the columns lost_share"),
        ({"columns": ["supplier_id"]}, "economics lacks the columns supplier_id"),
        ({"order": [1, 0, 2]}, "got P1 in row 0 for P0"),
        ({"target": 95.0}, "above 0 and below 1, got 95"),
        ({"n": 0}, r"one product or more, got \(0, 60, 8\)"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(change, said, shelf):
    demand, stock, inbound, economics = shelf(3)
    economics = economics.drop(columns=change.get("columns", [])).iloc[change.get("order", slice(None))]
    paths = Scenarios(np.array(["P0", "P1", "P2"]), WEEKS, demand, 1)
    if "n" in change:
        paths, stock, inbound, economics = demand[:0], stock[:0], inbound[:0], economics[:0]
    with pytest.raises(ValueError, match=said):
        order_now(
            paths, stock, inbound, economics, supplier_min_value={"S": 5.0},
            fill_rate_target=change.get("target", 0.95),
        )  # fmt: skip


def test_a_limit_nobody_knows_is_named_and_not_kept_to(shelf, money):
    demand, stock, inbound, economics = shelf(3)
    free = order_now(demand, stock, inbound, economics).orders
    found = order_now(demand, stock, inbound, economics, limits=[money(economics, np.nan)])
    assert found.limits["note"].tolist() == ["budget is not known, and not kept to"]
    assert found.orders["order_units"].tolist() == free["order_units"].tolist()


def test_a_supplier_topped_up_says_so(shelf):
    demand, stock, inbound, economics = shelf(3, holding_cost_per_unit_period=0.05)
    free = order_now(demand, stock, inbound, economics).orders
    least = float(economics["unit_cost"] @ free["order_units"]) * 1.2
    found = order_now(demand, stock, inbound, economics, supplier_min_value={"S": least}).orders
    assert economics["unit_cost"] @ found["order_units"] >= least - 1e-9
    raised = found["order_units"] > free["order_units"]
    assert raised.any()
    assert set(found.loc[raised, "reason_code"]) == {"CONTAINER_FILL"}


def test_the_table_of_a_planner_shows_the_gap_last(shop):
    policy = shop.policy()
    spoil(shop.economics, "lead_time_periods", np.nan)
    state = shop.state(policy=policy)
    orders = propose_orders(state, shop.limits(), shop.segments, fill_rate_target=0.95)
    last = orders.iloc[-1]
    assert (last["sku"], last["reason_code"], last["order_units"]) == ("ample", "DATA_FAULT", 0.0)
    assert "no valid lead time" in last["note"]
    assert set(orders["sku"][:-1]) == {"empty", "flowing", "late", "new"}
    assert orders.set_index("sku").loc["new", "note"] == "stock unknown"
    review = review_products(state, shop.limits())
    assert len(review.order_units) == shop.scenarios.n_sku
    assert review.order_units[0] == 0.0
