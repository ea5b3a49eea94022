"""The replay of decisions on a small panel: one ground for all, nothing from the future, right intervals."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide import backtest as module
from invnb.decide.backtest import (
    KINDS,
    SHORTAGE_MULTIPLES,
    make_case,
    replay_policy,
    replay_rule,
    run_backtest,
)
from invnb.decide.bootstrap import block_bootstrap
from invnb.decide.demand_path import demand_path
from invnb.decide.rules import RULES
from invnb.forecast.scenarios import Scenarios

N_PERIOD, N_BACK = 60, 20
MEAN = np.array([6.0, 20.0, 1.5])
NONE = pd.DataFrame()


@pytest.fixture
def panel():
    """Three products over sixty weeks of Poisson demand; the second was out of stock twice."""
    rng = np.random.default_rng(8)
    weeks = pd.date_range("2024-01-01", periods=N_PERIOD, freq="7D")
    units = rng.poisson(MEAN[:, None], (3, N_PERIOD)).astype(float)
    table = pd.DataFrame(
        {
            "sku": np.repeat(["a", "b", "c"], N_PERIOD),
            "period": np.tile(weeks, 3),
            "status": "sold",
            "units": units.ravel(),
            "available_share": 1.0,
            "censored": False,
        }
    )
    out = table.index[(table["sku"] == "b") & table["period"].isin(weeks[[50, 51]])]
    table.loc[out, ["status", "units", "available_share"]] = ["out_of_stock", np.nan, 0.0]
    return table


@pytest.fixture
def economics():
    return pd.DataFrame(
        {
            "sku": ["a", "b", "c"],
            "unit_cost": [10.0, 4.0, 30.0],
            "holding_cost_per_unit_period": [0.4, 0.16, 1.2],
            "shortage_cost_per_unit": [8.0, 3.0, 25.0],
            "backorder_cost_per_unit_period": [0.8, 0.3, 2.5],
            "lost_share": 0.8,
            "order_cost": 2.0,
            "lead_time_periods": [1, 2, 3],
            "review_period_periods": 1,
            "min_order_units": [1.0, 10.0, 1.0],
            "pack_units": [1.0, 5.0, 1.0],
        }
    )


@pytest.fixture
def known_law(monkeypatch):
    """Forecasts that know the law of demand, but not what comes: new Poisson paths at every origin."""

    def paths(panel, features, sku_segments, champions, *, origins, horizon_periods, n_scenarios, seed):
        rng = np.random.default_rng(seed)
        days = np.arange(horizon_periods) * np.timedelta64(7, "D")
        return [
            Scenarios(
                np.array(["a", "b", "c"]),
                np.datetime64(origin, "D") + days,
                rng.poisson(MEAN[:, None, None], (3, n_scenarios, horizon_periods)).astype(float),
                seed,
            )
            for origin in origins
        ]

    monkeypatch.setattr(module, "replay_scenarios", paths)


def run(panel, economics, stock_history=NONE, **more):
    return run_backtest(
        panel, NONE, NONE, NONE, economics, stock_history,
        backtest_periods=N_BACK, horizon_periods=8, n_scenarios=60, seed=5, **more,
    )  # fmt: skip


def test_tables_agree_with_one_another(panel, economics, known_law):
    found = run(panel, economics)
    total = found.backtest.pivot_table(index="policy", columns="cost_kind", values="value")
    assert total[KINDS].sum(axis=1).to_numpy() == pytest.approx(total["total"].to_numpy())
    assert set(total.index) == {"policy", "perfect_information", *RULES}
    assert total.loc["perfect_information", "total"] <= total["total"].min()
    assert (found.backtest["low"] <= found.backtest["value"]).all()
    assert (found.backtest["value"] <= found.backtest["high"]).all()
    best = found.notes.set_index("name").loc["best_rule", "value"]
    assert total.loc[list(RULES), "total"].idxmin() == best
    savings = found.savings.set_index("source")
    assert savings["saving"].to_numpy() == pytest.approx(
        (savings["rule_cost"] - savings["policy_cost"]).to_numpy()
    )
    assert savings.loc["total", "rule_cost"] == pytest.approx(total.loc[best, "total"])
    assert savings.loc["total", "policy_cost"] == pytest.approx(total.loc["policy", "total"])
    assert savings.loc[KINDS, "saving"].sum() == pytest.approx(savings.loc["total", "saving"])
    assert found.frontier["here"].sum() == 1
    assert len(found.frontier) == 1 + len(SHORTAGE_MULTIPLES)
    assert found.frontier["stock_value"].is_monotonic_increasing


def test_knowing_the_law_of_demand_pays(panel, economics, known_law):
    """With the true law as its forecast the policy costs less than the best rule; service costs stock."""
    found = run(panel, economics)
    total = found.savings.set_index("source").loc["total"]
    assert total["saving"] > 0
    assert found.frontier["fill_rate"].iloc[-1] > found.frontier["fill_rate"].iloc[0]


def test_the_same_seed_gives_the_same_tables(panel, economics, known_law):
    one, two = run(panel, economics), run(panel, economics)
    for name in ["backtest", "savings", "frontier", "notes"]:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_true_demand_replaces_the_estimate(panel, economics, known_law):
    truth = panel.assign(units=panel["units"].fillna(20.0))[["sku", "period", "units"]]
    notes = run(panel, economics, true_demand=truth).notes.set_index("name")["value"]
    assert notes["demand"] == "true demand"
    estimated = run(panel, economics).notes.set_index("name")["value"]
    assert float(estimated["estimated_share_of_demand"]) > 0


def test_a_rule_sees_nothing_of_the_future(panel, economics):
    path = demand_path(panel, seed=1)
    case = make_case(path, economics, NONE, N_BACK)
    later = case.demand.copy()
    later[:, 10:] += 100
    history = np.concatenate([case.history[:, :-N_BACK], later], axis=1)
    changed = module.Case(
        later, history, case.initial_stock, case.initial_pipeline, case.economics, case.period_days
    )
    for name in RULES:
        one, two = replay_rule(case, name), replay_rule(changed, name)
        assert (one.ordered_units[:, :11] == two.ordered_units[:, :11]).all()
    scenarios = [np.full((3, 4, 6), 5.0)] * N_BACK
    one, two = replay_policy(case, scenarios), replay_policy(changed, scenarios)
    assert (one.ordered_units[:, :11] == two.ordered_units[:, :11]).all()


def test_orders_keep_packs_and_minimum(panel, economics):
    case = make_case(demand_path(panel, seed=1), economics, NONE, N_BACK)
    for name in RULES:
        ordered = replay_rule(case, name).ordered_units[1]
        assert (ordered % 5 == 0).all()
        assert ((ordered == 0) | (ordered >= 10)).all()


def test_the_start_is_the_stock_of_that_morning(panel, economics):
    path = demand_path(panel, seed=1)
    first = pd.Timestamp(path.period[-N_BACK])
    history = pd.DataFrame(
        {
            "date": [first, first, first - pd.Timedelta(days=1)],
            "sku": ["a", "a", "b"],
            "open_units": [3.0, 4.0, 9.0],
        }
    )
    case = make_case(path, economics, history, N_BACK)
    assert case.initial_stock[0] == 7.0
    mean = np.nanmean(path.history[1, -N_BACK - 8 : -N_BACK])
    assert case.initial_stock[1] == np.round(4 * mean)  # unknown: four periods
    assert (case.initial_pipeline[1] > 0).tolist() == [True, True] + [False] * (N_BACK - 2)


def test_demand_is_whole_and_known_everywhere(panel):
    path = demand_path(panel, seed=3)
    assert (path.units == np.round(path.units)).all()
    assert path.units.min() >= 0
    known = ~path.estimated
    assert (path.units[known] == panel["units"].to_numpy().reshape(3, N_PERIOD)[known]).all()
    assert path.estimated.sum() == 2
    draws = np.array([demand_path(panel, seed=s).units[1, 50] for s in range(200)])
    local = panel[(panel["sku"] == "b")]["units"].to_numpy()[42:50].mean()
    assert abs(draws.mean() - local) < 4 * np.sqrt(local / 200)


def test_a_sold_out_period_has_at_least_its_sales(panel):
    row = panel.index[(panel["sku"] == "a")][55]
    panel.loc[row, ["censored", "units"]] = [True, 9.0]
    draws = np.array([demand_path(panel, seed=s).units[0, 55] for s in range(50)])
    assert (draws >= 9).all()
    assert draws.mean() > 9


def test_block_bootstrap_covers_the_true_sum():
    """Of 200 series of 52 independent periods, about 95 % of the intervals hold the expected sum."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = block_bootstrap(rng.normal(1.0, 1.0, 52), rng)
        hits += low <= 52.0 <= high
    # 13 blocks behave like a t law with 12 degrees of freedom, read at the normal 1.96: coverage 0.926; less
    # four standard errors of 200 trials (0.074).
    assert hits >= 0.85 * 200
    with pytest.raises(ValueError, match="at least one period"):
        block_bootstrap(np.array([]), rng)
