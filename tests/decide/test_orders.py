"""The proposal a planner reads: every figure against the scenarios it comes from."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.orders import ORDER_COLUMNS, order_by_dates, propose_orders
from invnb.decide.plan import LIMIT_COLUMNS
from invnb.decide.policy import policy_table
from invnb.decide.projection import project_stock
from invnb.decide.supplier_minimum import meet_supplier_minimums

NO_LIMITS = pd.DataFrame(columns=LIMIT_COLUMNS)


def proposed(shop, budget=None, **more):
    return propose_orders(
        shop.state(), shop.limits(budget=budget), shop.segments, fill_rate_target=0.95, **more
    )


def test_policy_table_has_levels_and_the_price_of_limits_lowers_them(shop):
    free = policy_table(shop.scenarios, shop.economics, NO_LIMITS)
    assert (free["order_up_to_level"] >= free["reorder_point"]).all()
    assert (free["limit_price_per_unit"] == 0).all()
    limits = pd.DataFrame(
        [
            {"limit": "budget", "period": pd.Timestamp("2025-06-09"), "shadow_price": 0.4},
            {"limit": "budget", "period": pd.Timestamp("2025-06-16"), "shadow_price": 9.0},
        ]
    ).reindex(columns=LIMIT_COLUMNS)
    priced = policy_table(shop.scenarios, shop.economics, limits)
    assert priced["limit_price_per_unit"].tolist() == pytest.approx(
        (0.4 * shop.economics["unit_cost"]).tolist()
    )
    assert (priced["priced_reorder_point"] <= priced["reorder_point"]).all()
    assert (priced["priced_reorder_point"] < priced["reorder_point"]).any()
    assert (priced["order_up_to_level"] == free["order_up_to_level"]).all()


def test_who_needs_an_order_gets_one(shop):
    orders = proposed(shop)
    assert list(orders.columns) == ORDER_COLUMNS
    assert set(orders["sku"]) == {"empty", "flowing", "late", "new"}
    assert orders["rank"].tolist() == [1, 2, 3, 4]
    packs = orders["order_units"] / orders["pack_units"]
    assert (packs == packs.round()).all()
    assert (orders["order_units"] >= orders["min_order_units"]).all()
    assert orders["cumulative_value"].tolist() == orders["line_value"].cumsum().tolist()
    assert (orders["value_per_money"].diff().dropna() <= 0).all()
    assert (orders["expected_lost_margin_if_not_ordered"] > 0).all()
    assert orders["planner_units"].isna().all()
    assert orders["calc_id"].is_unique
    reasons = orders.set_index("sku")["reason_code"]
    assert reasons["new"] == "NEW_ITEM"
    assert reasons["empty"] == "LEADTIME_RISK"
    assert orders.set_index("sku")["confidence"].to_dict() == {
        "empty": "high",  # only its volume is assumed
        "flowing": "high",
        "late": "low",  # its lead time is assumed
        "new": "low",  # its stock is assumed
    }


def test_demand_to_cover_is_a_quantile_of_sums_along_paths(shop):
    row = proposed(shop).set_index("sku").loc["empty"]
    total = shop.scenarios.units[1, :, :3].sum(axis=1)  # lead time 2 + review 1
    assert [row["demand_p10"], row["demand_p50"], row["demand_p90"]] == pytest.approx(
        np.quantile(total, [0.1, 0.5, 0.9]).tolist()
    )
    assert row["stockout_probability"] == 1.0  # nothing in stock, two weeks until the receipt
    assert row["expected_receipt"] == pd.Timestamp("2025-06-18")
    assert row["order_by"] == pd.Timestamp("2025-05-30")  # ten days before the first week
    assert row["late_by_days"] == 9
    unsold = np.maximum(row["order_units"] - 2 - shop.scenarios.units[1].sum(axis=1), 0).mean()
    assert row["expected_excess_value"] == pytest.approx(20.0 * unsold)


def test_under_a_budget_the_cut_ones_are_shown_below_the_line_with_what_they_would_earn(shop):
    free = proposed(shop)
    budget = 0.25 * free["line_value"].sum()
    orders = proposed(shop, budget=budget)
    assert orders["line_value"].sum() <= budget
    assert set(orders["sku"]) == set(free["sku"])
    cut = orders[orders["order_units"] == 0]
    assert len(cut) >= 1
    assert set(cut["reason_code"]) == {"NONE_BUDGET"}
    assert set(cut["binding_limit"]) <= {"budget", "supplier_minimum"}
    assert (cut["expected_lost_margin_if_not_ordered"] > 0).all()
    assert (cut["rank"] > orders.loc[orders["order_units"] > 0, "rank"].max()).all()


def test_a_budget_below_every_minimum_orders_nothing_and_says_why(shop):
    orders = proposed(shop, budget=1.0)
    assert (orders["order_units"] == 0).all()
    assert (orders["reason_code"] == "NONE_BUDGET").all()


def test_a_product_that_ends_before_the_receipt_is_not_ordered(shop):
    shop.products.loc[1, "end_date"] = pd.Timestamp("2025-06-15")
    shop.products.loc[2, "active"] = False
    assert set(proposed(shop)["sku"]) == {"late", "new"}


def test_promotion_and_season_are_named(shop):
    shop.products["launch_date"] = pd.NaT
    promotions = pd.DataFrame(
        {
            "sku": ["flowing"],
            "start_date": [pd.Timestamp("2025-06-18")],
            "end_date": [pd.Timestamp("2025-06-20")],
        }
    )
    assert (
        proposed(shop, promotions=promotions).set_index("sku").loc["flowing", "reason_code"] == "PROMO_BUILD"
    )
    shop.scenarios.units[4, :, 2:] *= 3  # the new one, from its receipt on
    assert proposed(shop).set_index("sku").loc["new", "reason_code"] == "SEASON_BUILD"


def test_order_by_counts_back_from_the_first_risky_period():
    weeks = np.array(["2025-06-09", "2025-06-16", "2025-06-23"], dtype="datetime64[D]")
    risk = np.array([[0.0, 0.05, 0.06], [0.0, 0.0, 0.0]])
    dates, late = order_by_dates(
        risk, weeks, pd.DataFrame({"lead_time_days": [10.0, 10.0]}), 0.95, pd.Timestamp("2025-06-08")
    )
    assert dates[0] == pd.Timestamp("2025-06-13")
    assert dates[1] is pd.NaT
    assert late.tolist() == [0, 0]


def test_the_same_inputs_give_the_same_table(shop):
    pd.testing.assert_frame_equal(proposed(shop, budget=300.0), proposed(shop, budget=300.0))


def test_projection_follows_the_paths(shop):
    orders = proposed(shop)
    table = project_stock(shop.state(), orders)
    assert len(table) == shop.scenarios.n_sku * shop.scenarios.n_period
    assert (table["stock_p10"] <= table["stock_p50"]).all()
    assert (table["stock_p50"] <= table["stock_p90"]).all()
    ample = table[table["sku"] == "ample"].set_index("period")
    first = np.quantile(400 + 60 - shop.scenarios.units[0, :, 0], 0.5, method="inverted_cdf")
    assert ample["stock_p50"].iloc[0] == first
    assert ample["inbound_units"].tolist() == [60.0] + [0.0] * 9
    empty = table[table["sku"] == "empty"]
    arriving = orders.set_index("sku").loc["empty", "order_units"]
    assert empty["order_units"].tolist() == [0.0, 0.0, arriving] + [0.0] * 7
    assert (empty["without_order_p50"] == 0).all()
    assert empty["stockout_probability"].iloc[0] == 1.0
    assert table["inbound_units"].sum() == 66.0  # what is counted as on its way
    assert table["order_units"].sum() == orders["order_units"].sum()


@pytest.mark.parametrize(("price_of_waiting", "units"), [(5.0, [12.0, 0.0]), (0.1, [0.0, 0.0])])
def test_a_supplier_under_its_minimum_is_topped_up_or_dropped(price_of_waiting, units):
    """Ten units wanted; the supplier takes 24 in money, two a unit: two units more, or none at all."""

    def costs(rows, sizes):
        return price_of_waiting * np.maximum(np.array([10, 0])[rows, None] - sizes, 0) + np.maximum(
            sizes - np.array([10, 0])[rows, None], 0
        )

    found, changed = meet_supplier_minimums(
        np.array([10.0, 0.0]), np.array(["S", "T"]), {"S": 24.0, "T": 50.0}, np.array([2.0, 2.0]),
        np.array([1.0, 1.0]), np.array([1.0, 1.0]), costs, [],
    )  # fmt: skip
    assert found.tolist() == units
    assert changed.tolist() == ["supplier_minimum", ""]


def test_every_supplier_gets_nothing_or_its_minimum(shop):
    for minimum in [50.0, 400.0, 5000.0]:
        shop.suppliers["order_min_value"] = minimum
        orders = proposed(shop)
        total = orders.groupby("supplier_id")["line_value"].sum()
        assert ((total == 0) | (total >= minimum)).all()
        packs = orders["order_units"] / orders["pack_units"]
        assert (packs == packs.round()).all()
