"""The rolled loop: the same bytes from the same seed, nothing created, no look ahead, and it learns."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invnb.decide.case import Case
from invnb.decide.roll import roll_forward

EMPTY = pd.DataFrame()
BEFORE, AFTER, N = 60, 16, 6


def shop(after_mean=6.0, stock=24.0, after=AFTER):
    """Six products sold 60 weeks from full shelves, then a case of 16 weeks with another mean."""
    rng = np.random.default_rng(3)
    past = rng.poisson(6.0, (N, BEFORE)).astype(float)
    came = np.random.default_rng(4).poisson(after_mean, (N, after)).astype(float)
    sku = [f"S{i}" for i in range(N)][::-1]  # not in the panel's order
    panel = pd.DataFrame(
        {"sku": np.repeat(sku, BEFORE + after), "location": "main",
         "period": np.tile(pd.date_range("2024-01-01", periods=BEFORE + after, freq="7D"), N),
         "status": "sold", "units": np.concatenate([past, np.full((N, after), 777.0)], axis=1).ravel(),
         "available": True, "available_share": 1.0, "censored": False}
    )  # fmt: skip
    economics = pd.DataFrame(
        {"sku": sku, "unit_cost": 5.0, "holding_cost_per_unit_period": 1.0, "shortage_cost_per_unit": 9.0,
         "backorder_cost_per_unit_period": 0.9, "lost_share": 1.0, "order_cost": 0.0, "lead_time_periods": 1,
         "review_period_periods": 1, "min_order_units": 1.0, "pack_units": 1.0}
    )  # fmt: skip
    case = Case(
        came, np.concatenate([past, came], axis=1), np.ones((N, after), bool), np.full(N, stock),
        np.zeros((N, after)), economics, 7,
    )  # fmt: skip
    return case, panel


def rolled(case, panel, models=("exponential_smoothing", "moving_average")):
    return roll_forward(
        case, panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=4, origins=3, n_scenarios=40, seed=5,
        models=models,
    )  # fmt: skip


@pytest.fixture(scope="module")
def steady():
    return rolled(*shop())


def table_hash(found):
    return hashlib.sha256(found.table.to_csv().encode()).hexdigest()


def test_two_processes_write_the_same_bytes(steady):
    """16 weeks of two models, 2 of all; `python bench/roll.py` prints the hash of a year of the sample."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_roll import rolled, shop, table_hash\n"
        "print(table_hash(rolled(*shop())), table_hash(rolled(*shop(after=2), models=None)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)], capture_output=True, text=True, check=True
    )
    here = [table_hash(steady), table_hash(rolled(*shop(after=2), models=None))]
    assert there.stdout.split()[-2:] == here


def test_units_and_money_add_up(steady):
    table, run = steady.table, steady.run
    assert len(table) == N * AFTER
    assert table["cost"].sum() == pytest.approx(run.total.sum())
    lost = table["demand_units"] - table["served_units"]
    money = table["close_units"] * 1.0 + lost * 9.0
    np.testing.assert_allclose(table["cost"], money)
    stock = np.full(N, 24.0) + run.received_units.sum(1) - run.served_units.sum(1) - run.close_units[:, -1]
    np.testing.assert_allclose(stock, 0.0)
    assert run.served_units.sum() > 0.9 * run.demand_units.sum()
    assert len(steady.champions["review"].unique()) == 2  # at the first review, and 13 periods later


def test_it_follows_a_shift_from_sales_of_its_own(steady):
    """Demand triples: seen only as sold-out weeks, the forecast climbs; where nothing changed it stays."""
    shifted = rolled(*shop(after_mean=18.0)).table.groupby("period")["forecast_units"].mean()
    same = steady.table.groupby("period")["forecast_units"].mean()
    assert shifted.iloc[0] == pytest.approx(6.0, abs=1.5)
    assert shifted.iloc[-1] > 12.0
    assert same.iloc[-1] == pytest.approx(6.0, abs=1.5)


def test_a_review_knows_nothing_of_later_demand(steady):
    """Other demand from period 8 on changes no order before it, nor at the review before it."""
    case, panel = shop()
    case.demand[:, 8:] += 50.0
    other = rolled(case, panel)
    np.testing.assert_array_equal(other.run.ordered_units[:, :9], steady.run.ordered_units[:, :9])
    assert (other.run.ordered_units[:, 9] != steady.run.ordered_units[:, 9]).any()


def test_a_panel_of_other_products_is_refused():
    case, panel = shop()
    with pytest.raises(ValueError, match="6 products once in each period"):
        rolled(case, panel[panel["sku"] != "S0"])
