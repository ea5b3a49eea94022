"""The golden fixture: one product, eight weeks, every number known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invnb.decide.kpi_formulas import (
    average_stock_value,
    cycle_service,
    days_of_inventory,
    days_of_supply,
    excess_units,
    fill_rate,
    gmroi,
    ready_rate,
    sell_through,
    surplus_on_order_units,
    turnover,
)

DEMAND = np.array([20, 30, 25, 20, 15, 30, 25, 20])
RECEIPTS = np.array([0, 0, 50, 0, 0, 0, 80, 0])
COST, PRICE, OPENING = 10.0, 25.0, 60


@pytest.fixture
def week():
    """Stock after receipt, sales, losses and stock at close of each week."""
    start, sold, close = [], [], []
    stock = OPENING
    for demand, received in zip(DEMAND, RECEIPTS, strict=True):
        stock += received
        start.append(stock)
        sold.append(min(stock, demand))
        stock -= sold[-1]
        close.append(stock)
    return np.array(start), np.array(sold), np.array(close)


def test_golden_fixture_of_stock_and_money(week):
    start, sold, close = week
    assert sold.sum() == 155
    assert (DEMAND - sold).tolist() == [0, 0, 0, 0, 0, 30, 0, 0]
    value = average_stock_value(start, close, COST)
    assert value == pytest.approx(334.375)
    turns = turnover(sold.sum() * COST, value, days=56, year_days=364)
    assert turns == pytest.approx(30.1308, abs=5e-5)
    assert days_of_inventory(turns, year_days=364) == pytest.approx(12.0806, abs=5e-5)
    assert gmroi(sold.sum() * (PRICE - COST), value, days=56, year_days=364) == pytest.approx(
        45.1963, abs=5e-5
    )


def test_golden_fixture_of_service(week):
    start, sold, close = week
    assert fill_rate(sold, DEMAND) == pytest.approx(0.8378, abs=5e-5)
    assert 1 - ready_rate(start) == pytest.approx(0.125)
    assert np.mean(close == 0) == pytest.approx(0.25)
    assert cycle_service(RECEIPTS, DEMAND - sold) == 0.5
    lost = (DEMAND - sold).sum()
    assert (lost * PRICE, lost * (PRICE - COST)) == (750, 450)


def test_golden_fixture_of_sell_through_and_cover(week):
    _, sold, close = week
    assert sell_through(sold.sum(), OPENING + RECEIPTS.sum()) == pytest.approx(0.8158, abs=5e-5)
    # Four snapshots spread evenly over the window: its start, after weeks 3 and 5, and now.
    snapshots = [OPENING, close[2], close[4], close[7]]
    assert sell_through(sold.sum(), np.mean(snapshots)) == pytest.approx(4.7692, abs=5e-5)
    assert days_of_supply(35, [22, 22, 24, 24], 7)[0] == pytest.approx(11.14, abs=5e-3)
    assert 35 / np.mean([22, 22, 24, 24]) * 7 == pytest.approx(10.65, abs=5e-3)


def test_a_group_ratio_is_a_ratio_of_sums_not_a_mean_of_ratios():
    served, demand = np.array([[1.0], [90.0]]), np.array([[10.0], [90.0]])
    assert fill_rate(served, demand) == pytest.approx(91 / 100)
    assert fill_rate(served, demand) != pytest.approx(np.mean([0.1, 1.0]))


def test_cycle_service_adds_cycles_of_all_products():
    received = [[0, 5, 0, 5], [0, 0, 0, 5]]
    short = [[0, 0, 1, 0], [0, 0, 0, 1]]
    # first product: cycles 0 (good), 1-2 (short); second: 0-2 (good); both open cycles left out
    assert cycle_service(received, short) == pytest.approx(2 / 3)
    assert np.isnan(cycle_service([0, 0], [0, 0]))  # no cycle closed


def test_cover_without_demand_or_stock():
    cover = days_of_supply([5.0, 0.0, 9.0], [[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]], 7)
    assert cover.tolist() == [np.inf, 0.0, pytest.approx((2 + 6 / 1.5) * 7)]


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(lambda demand: sum(demand) > 0),
    st.integers(0, 200),
)
def test_cover_is_the_day_at_which_forecast_demand_equals_stock(demand, stock):
    days = days_of_supply(stock, demand, 1.0)[0]
    whole = int(days)
    if days <= len(demand):
        used = sum(demand[:whole]) + (days - whole) * (demand[whole] if whole < len(demand) else 0)
    else:
        used = sum(demand) + (days - len(demand)) * np.mean(demand)
    assert used == pytest.approx(stock, abs=1e-9)


def test_excess_and_surplus():
    assert excess_units(np.array([120.0]), 80.0).tolist() == [40.0]
    # 10 free, 80 needed: 70 wanted; of 100 on order 30 are surplus
    assert surplus_on_order_units(100.0, 10.0, 80.0) == pytest.approx(30.0)
