"""Key figures of a small shop, recomputed by hand."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.kpis import KPI_COLUMNS, expected_lost_margin, kpi_table
from invnb.decide.orders import propose_orders
from invnb.decide.plan import LIMIT_COLUMNS
from invnb.decide.policy import policy_table

NO_LIMITS = pd.DataFrame(columns=LIMIT_COLUMNS)


@pytest.fixture
def past(shop):
    """Thirty weeks of sales and two hundred days of stock before today, forecasts made four weeks ago."""
    weeks = pd.date_range(end=shop.today - pd.Timedelta(days=6), periods=30, freq="7D")
    skus = list(shop.scenarios.sku)
    panel = pd.DataFrame(
        {
            "sku": np.repeat(skus, 30),
            "period": np.tile(weeks, 6),
            "status": "sold",
            "units": np.repeat([5.0, 8.0, 10.0, 6.0, 3.0, 0.0], 30),
            "available_share": 1.0,
            "censored": False,
            "net_price": np.repeat([18.0, 40.0, 11.0, 15.0, 25.0, np.nan], 30),
        }
    )
    days = pd.date_range(end=shop.today, periods=200)
    history = pd.DataFrame(
        {
            "date": np.tile(days, 6),
            "sku": np.repeat(skus, 200),
            "open_units": 20.0,
            "received_units": 0.0,
            "close_units": 10.0,
            "listed": True,
        }
    )
    origin = weeks[-4]
    forecasts = pd.DataFrame(
        {
            "origin": origin,
            "sku": np.repeat(skus, 4),
            "period": np.tile(weeks[-4:], 6),
            "model": "mean",
            "units": np.repeat([5.0, 8.0, 10.0, 6.0, 3.0, 0.0], 4),
            "forecast": np.repeat([6.0, 8.0, 10.0, 6.0, 3.0, 0.0], 4),
        }
    )
    return panel, history, forecasts


def kpis(shop, past, budget=None, **more):
    panel, history, forecasts = past
    state = shop.state()
    orders = propose_orders(state, shop.limits(budget=budget), shop.segments, fill_rate_target=0.95)
    tables = {"stock_history": history, "forecast_history": forecasts} | more
    return orders, kpi_table(
        shop.scenarios, panel, shop.economics, shop.position, shop.inbound, tables["stock_history"],
        state.policy, orders, tables["forecast_history"], fill_rate_target=0.95, budget=budget,
        currency="CNY", period_days=7, seed=1, products=more.get("products"),
    ).set_index("kpi")  # fmt: skip


def test_money_service_and_forecast_by_hand(shop, past):
    orders, table = kpis(shop, past)
    assert list(table.reset_index().columns) == KPI_COLUMNS
    cost = shop.economics["unit_cost"].to_numpy()
    value = table["value"]
    assert value["stock_value"] == pytest.approx(shop.position["on_hand_units"].to_numpy() @ cost)
    assert table.loc["stock_value", "previous"] == pytest.approx(10 * cost.sum())
    sold = np.array([5.0, 8.0, 10.0, 6.0, 3.0, 0.0]) * 13
    margin = shop.economics["price"].to_numpy() - cost
    assert value["turnover"] == pytest.approx((sold @ cost) / (10 * cost.sum()) * 365 / 91)
    assert value["gmroi"] == pytest.approx((sold @ margin) / (10 * cost.sum()) * 365 / 91)
    assert value["ready_rate"] == 1.0
    assert value["fill_rate"] == 1.0
    assert value["order_lines"] == len(orders)
    assert value["order_value"] == pytest.approx(orders["line_value"].sum())
    # at the lag that decides the first product is forecast one too high; 3 of 6 lags are 3 weeks, 2 are 2
    assert value["forecast_bias"] == pytest.approx(1 / 32)
    assert value["forecast_wape"] == pytest.approx(1 / 32)
    assert value["forecast_value_added"] == pytest.approx(-100 / 32)  # sales never change: naive is perfect


def test_expected_lost_margin_adds_along_paths(shop):
    lost = expected_lost_margin(shop.scenarios, shop.economics, shop.position, shop.inbound)
    assert lost.shape == (shop.scenarios.n_scenario,)
    only = shop.economics.assign(shortage_cost_per_unit=np.where(shop.economics["sku"] == "empty", 20.0, 0.0))
    by_hand = 0.8 * shop.scenarios.units[1, :, :3].sum(axis=1) * 20.0  # nothing in stock for three weeks
    assert expected_lost_margin(shop.scenarios, only, shop.position, shop.inbound) == pytest.approx(by_hand)


def test_excess_and_surplus_are_the_ample_and_quiet_ones(shop, past):
    _, table = kpis(shop, past)
    policy = policy_table(shop.scenarios, shop.economics, NO_LIMITS).set_index("sku")
    window = np.minimum(shop.economics["lead_time_periods"] + 1, 10)
    q90 = np.quantile(shop.scenarios.lead_time_sum(window), 0.9, axis=1)
    needed = np.maximum(policy["order_up_to_level"].to_numpy(), q90)
    excess = np.maximum(shop.position["position_units"].to_numpy() - needed, 0)
    assert table.loc["excess_value", "value"] == pytest.approx(
        excess @ shop.economics["unit_cost"].to_numpy()
    )
    assert table.loc["surplus_on_order_value", "value"] == pytest.approx(600.0)  # 60 ample units nobody needs


def test_dead_stock_is_what_neither_sold_nor_will(shop, past):
    _, table = kpis(shop, past, products=shop.products)
    assert table.loc["dead_value", "value"] == 90 * 6.0  # quiet: no sale since September, none expected
    launched = shop.products.assign(launch_date=shop.today - pd.Timedelta(days=60))
    assert kpis(shop, past, products=launched)[1].loc["dead_value", "value"] == 0
    assert "dead_value" not in kpis(shop, past)[1].index


def test_hidden_demand_lowers_the_fill_rate_and_gives_it_a_range(shop, past):
    panel, *_ = past
    last = panel["period"] == panel["period"].max()
    panel.loc[last & (panel["sku"] == "flowing"), ["status", "units", "available_share"]] = [
        "out_of_stock",
        np.nan,
        0,
    ]
    _, table = kpis(shop, past)
    row = table.loc["fill_rate"]
    # ten of 13 x 32 units were wanted and not there; the estimate of ten is itself uncertain
    assert row["value"] == pytest.approx(1 - 10 / (13 * 32), abs=0.005)
    assert row["low"] < row["value"] < row["high"] <= 1.0


def test_what_cannot_be_known_is_left_out(shop, past):
    _, history, forecasts = past
    _, table = kpis(shop, past, stock_history=history[0:0], forecast_history=forecasts[0:0])
    assert "turnover" not in table.index
    assert "forecast_wape" not in table.index
    assert "marginal_value_of_budget" not in table.index


def test_one_more_unit_of_budget_earns_what_the_best_cut_line_would(shop, past):
    orders, table = kpis(shop, past, budget=50.0)
    cut = orders[orders["reason_code"] == "NONE_BUDGET"]
    assert len(cut) > 0
    assert table.loc["marginal_value_of_budget", "value"] == cut["value_per_money"].max() > 0
    orders, table = kpis(shop, past, budget=1e9)
    assert not (orders["reason_code"] == "NONE_BUDGET").any()
    assert table.loc["marginal_value_of_budget", "value"] == 0
