"""One more unit of a limit is worth what solving the review again says, and the order within it is kept."""

import numpy as np
import pytest

from invnb.decide.one_more_unit import COLUMNS, one_more_unit, review_cost
from invnb.decide.orders import review_products
from invnb.decide.review_state import ReviewLimits


@pytest.fixture
def solve(shop):
    """The review of the shop under other limits, and the table for the same limits."""
    state = shop.state()

    def review(budget, storage_m3=None, suppliers=shop.suppliers):
        return review_products(state, ReviewLimits(suppliers, "CNY", budget, storage_m3))

    def table(budget, storage_m3=None, suppliers=shop.suppliers):
        return one_more_unit(state, ReviewLimits(suppliers, "CNY", budget, storage_m3))

    review.table = table
    return review


def test_gains_are_differences_of_solved_reviews(shop, solve):
    free = float(solve(None).order_units @ shop.economics["unit_cost"])
    budget = 0.4 * free
    row = solve.table(budget).set_index("limit").loc["budget"]
    now, one, tenth = (solve(value) for value in (budget, budget + 1, budget * 1.1))
    assert row["binds"]
    assert row["price"] > 0
    assert row["gain_one_more"] == pytest.approx(review_cost(now) - review_cost(one))
    assert row["gain_ten_percent"] == pytest.approx(review_cost(now) - review_cost(tenth))
    assert row["units_ten_percent"] == pytest.approx((tenth.order_units - now.order_units).sum())
    assert row["ordered"] <= budget


def test_price_holds_where_the_table_says(shop, solve):
    free = float(solve(None).order_units @ shop.economics["unit_cost"])
    row = solve.table(0.4 * free).set_index("limit").loc["budget"]
    assert row["holds_from"] <= row["available"] <= row["holds_to"]
    for value in (row["holds_from"], row["holds_to"]):
        assert solve(value).limit_price["budget"] == pytest.approx(row["price"])


def test_enough_money_in_the_end_buys_all_there_is_to_gain(shop, solve):
    unlimited = solve(None)
    budgets = np.linspace(0.2, 1.0, 9) * float(unlimited.order_units @ shop.economics["unit_cost"])
    costs = [review_cost(solve(value)) for value in budgets]
    assert costs[0] > costs[-1]
    assert costs[-1] == pytest.approx(review_cost(unlimited))


def test_a_loose_limit_is_worth_nothing(solve):
    table = solve.table(1e9, 1e9)
    assert list(table.columns) == COLUMNS
    loose = table[table["limit"].isin(["budget", "storage"])]
    assert not loose["binds"].any()
    assert (loose[["price", "gain_one_more", "gain_ten_percent"]] == 0).all(axis=None)
    assert np.isinf(loose["holds_to"]).all()


def test_a_suppliers_minimum_is_a_limit_too(shop, solve):
    value = float(
        (solve(None).order_units * shop.economics["unit_cost"])[shop.economics["supplier_id"] == "S2"].sum()
    )
    tight = shop.suppliers.assign(order_min_value=[0.0, value * 1.05])
    table = solve.table(None, suppliers=tight)
    row = table.set_index("name").loc["S2"]
    assert row["limit"] == "supplier_minimum"
    assert row["binds"]
    lower = solve(None, suppliers=tight.assign(order_min_value=[0.0, value * 1.05 * 0.9]))
    gain = review_cost(solve(None, suppliers=tight)) - review_cost(lower)
    assert row["gain_ten_percent"] == pytest.approx(gain)
    assert gain >= 0


def test_no_limits_no_rows(shop, solve):
    assert solve.table(None, suppliers=shop.suppliers.assign(order_min_value=0.0)).empty
