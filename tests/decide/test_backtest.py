"""The replay of decisions on a small panel: one ground for all, nothing from the future, right intervals."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from invnb.decide import backtest as module
from invnb.decide.backtest import KINDS, replay_all, rule_safety, run_backtest
from invnb.decide.bootstrap import block_bootstrap
from invnb.decide.case import (
    Case,
    make_case,
    replay_policy,
    replay_rule,
    review_levels,
    safety_for_service,
    service,
)
from invnb.decide.demand_path import demand_path
from invnb.decide.lost_unit_price import choose_multiple
from invnb.decide.replay import replay
from invnb.decide.rules import RULES, SAFETY
from invnb.forecast.scenarios import Scenarios

N_PERIOD, N_BACK = 80, 20
MEAN = np.array([6.0, 20.0, 1.5])
NONE = pd.DataFrame()


@pytest.fixture
def panel():
    """Three products over eighty weeks of Poisson demand; the second was out of stock twice."""
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
    out = table.index[(table["sku"] == "b") & table["period"].isin(weeks[[70, 71]])]
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


def poisson_paths(origins, horizon_periods, n_scenarios, seed):
    rng = np.random.default_rng(seed)
    return [
        rng.poisson(MEAN[:, None, None], (3, n_scenarios, horizon_periods)).astype(float) for _ in origins
    ]


@pytest.fixture
def known_law(monkeypatch):
    """Forecasts that know the law of demand, but not what comes: new Poisson paths at every origin."""

    def reviews(panel, features, *, backtest_periods, horizon_periods, n_scenarios, seed):
        path = demand_path(panel, seed)
        assert list(path.sku) == ["a", "b", "c"]
        starts = path.period[-backtest_periods - 13 :].astype("datetime64[D]")
        days = np.arange(horizon_periods) * np.timedelta64(7, "D")
        drawn = poisson_paths(starts, horizon_periods, n_scenarios, seed)
        forecasts = [Scenarios(path.sku, d + days, p, seed) for d, p in zip(starts, drawn, strict=True)]
        return SimpleNamespace(forecasts=forecasts)

    monkeypatch.setattr(module, "review_the_past", reviews)


def run(panel, economics, stock_history=NONE, **more):
    return run_backtest(
        panel, NONE, economics, stock_history,
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
    assert len(found.forecasts) == N_BACK + 13
    edge = found.frontier[~found.frontier["here"]]
    assert len(edge) >= 2
    assert edge["stock_value"].is_monotonic_increasing
    assert edge["fill_rate"].is_monotonic_increasing


def test_knowing_the_law_of_demand_pays(economics):
    """Thirty products with a season: who knows their law pays less than the best rule at any safety.

    The rules are set with hindsight. Service costs stock.
    """
    rng = np.random.default_rng(1)
    season = 1 + 0.8 * np.sin(2 * np.pi * np.arange(98) / 26)
    mean = np.tile(MEAN, 10)[:, None] * season
    demand = rng.poisson(mean).astype(float)
    terms = pd.concat([economics] * 10, ignore_index=True).assign(sku=np.arange(30))
    case = Case(
        demand[:, 52:90], demand[:, :90], np.ones((30, 38), bool), 3 * mean[:, 52].round(),
        np.zeros((30, 38)), terms, 7, warm_up_periods=12,
    )  # fmt: skip
    paths = [rng.poisson(mean[:, None, t : t + 8], (30, 100, 8)).astype(float) for t in range(52, 90)]
    found = replay_all(case, paths, dict.fromkeys(RULES, 14.0))

    def cost(run):
        return (run.total * case.counted).sum()

    rules = [cost(replay_rule(case, name, number)) for name in RULES for number in SAFETY[name]]
    assert cost(found.runs["policy"]) < 0.9 * min(rules)
    served = [service(case, run) for run in found.at_multiple.values()]
    assert served[-1]["fill_rate"] > served[0]["fill_rate"]
    assert served[-1]["average_stock_value"] > served[0]["average_stock_value"]


def test_the_same_seed_gives_the_same_tables(panel, economics, known_law):
    one, two = run(panel, economics), run(panel, economics)
    for name in ["backtest", "savings", "frontier", "notes"]:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_forecasts_and_prices_that_are_given_are_used(panel, economics, known_law):
    one = run(panel, economics)
    two = run(panel, economics, forecasts=one.forecasts)
    pd.testing.assert_frame_equal(one.backtest, two.backtest)
    half = np.full(len(one.forecasts), 0.5)
    three = run(panel, economics, forecasts=one.forecasts, shortage_multiples=half)
    assert three.notes.set_index("name").loc["price_of_a_lost_unit", "value"] == "x0.5"
    assert "x0.5" not in set(three.frontier["label"])  # it is the point where we are
    here = three.frontier.set_index("here").loc[True]
    point = one.frontier.set_index("label").loc["x0.5"]
    assert here["stock_value"] == pytest.approx(point["stock_value"])


def test_the_truth_teaches_no_price(panel, economics, known_law):
    """Hidden demand ten times as high changes what the replay costs, not what it had learned."""
    truth = panel.assign(units=panel["units"].fillna(20.0) * 10)[["sku", "period", "units"]]
    blind, seeing = run(panel, economics), run(panel, economics, true_demand=truth)
    prices = [found.notes.set_index("name").loc["price_of_a_lost_unit", "value"] for found in (blind, seeing)]
    assert prices[0] == prices[1]
    assert (blind.backtest["value"] != seeing.backtest["value"]).any()


def test_true_demand_replaces_the_estimate(panel, economics, known_law):
    truth = panel.assign(units=panel["units"].fillna(20.0))[["sku", "period", "units"]]
    notes = run(panel, economics, true_demand=truth).notes.set_index("name")["value"]
    assert (notes["demand"], notes["evidence"]) == ("true demand", "proof")
    estimated = run(panel, economics).notes.set_index("name")["value"]
    assert estimated["evidence"] == "illustration"
    assert float(estimated["estimated_share_of_demand"]) > 0


def test_a_rule_sees_nothing_of_the_future(panel, economics):
    path = demand_path(panel, seed=1)
    case = make_case(path, economics, NONE, N_BACK)
    later = case.demand.copy()
    later[:, 10:] += 100
    history = np.concatenate([case.history[:, :-N_BACK], later], axis=1)
    changed = replace(case, demand=later, history=history)
    for name in RULES:
        one, two = replay_rule(case, name), replay_rule(changed, name)
        assert (one.ordered_units[:, :11] == two.ordered_units[:, :11]).all()
    scenarios = poisson_paths(range(N_BACK), 8, 40, seed=2)
    levels = review_levels(scenarios, case.economics)
    one, two = replay_policy(case, scenarios, levels), replay_policy(changed, scenarios, levels)
    assert (one.ordered_units[:, :11] == two.ordered_units[:, :11]).all()
    safety = dict.fromkeys(RULES, 14.0)
    chosen = [replay_all(each, scenarios, safety).chosen for each in (case, changed)]
    assert (chosen[0][:11] == chosen[1][:11]).all()


def test_the_price_of_a_lost_unit_is_learned_from_past_cost():
    """Forecasts twice as high as demand: pricing a lost unit lower would have cost less, and is found out."""
    rng = np.random.default_rng(0)
    n, n_period = 40, 30
    cost = {m: 10.0 + rng.normal(0, 1, (n, n_period)) for m in (0.5, 1.0, 2.0)}
    assert choose_multiple(cost) == 1.0  # only noise
    cost[0.5] = cost[1.0] - 1.0 + rng.normal(0, 1, (n, n_period))
    assert choose_multiple(cost) == 0.5
    assert choose_multiple({m: values[:, :0] for m, values in cost.items()}) == 1.0


def test_rules_are_set_to_the_service_asked_for(panel, economics):
    path = demand_path(panel, seed=1)
    case = make_case(path, economics, NONE, 30)
    for name, numbers in SAFETY.items():
        fill = [service(case, replay_rule(case, name, number))["fill_rate"] for number in numbers]
        assert fill == sorted(fill)
        middle = (fill[0] + fill[-1]) / 2
        chosen = safety_for_service(case, name, middle)
        assert fill[numbers.index(chosen)] >= middle
        assert all(f < middle for f in fill[: numbers.index(chosen)])
        assert safety_for_service(case, name, 1.1) == numbers[-1]
    # set before the replay: what comes later changes nothing
    later = panel.assign(units=np.where(panel["period"] >= "2025-02-24", 500.0, panel["units"]))
    first, second = (
        rule_safety(demand_path(table, seed=1), economics, NONE, N_BACK, 0.98) for table in (panel, later)
    )
    assert first == second


def test_a_launch_gets_the_same_first_delivery_and_an_end_is_known(panel, economics):
    start, end = N_PERIOD - 10, N_PERIOD - 4
    weeks = np.sort(panel["period"].unique())
    new = (panel["sku"] == "a") & (panel["period"] < weeks[start])
    old = (panel["sku"] == "c") & (panel["period"] >= weeks[end])
    panel.loc[new, ["status", "units", "available_share"]] = ["not_launched", np.nan, 0.0]
    panel.loc[old, ["status", "units", "available_share"]] = ["ended", np.nan, 0.0]
    case = make_case(demand_path(panel, seed=1), economics, NONE, N_BACK)
    assert case.demand[0, : N_BACK - 10].sum() == 0
    assert np.flatnonzero(case.initial_pipeline[0]).tolist() == [N_BACK - 10]
    assert np.isnan(case.history[0, :start]).all()
    for name in RULES:
        ordered = replay_rule(case, name).ordered_units
        assert ordered[2, N_BACK - 4 - 3 :].sum() == 0  # lead time 3: nothing that would come after the end
        assert ordered[0, N_BACK - 10 :].sum() > 0


def test_service_knows_only_the_counted_periods(panel, economics):
    """A week's demand is delivered every week but one, and half of the weeks are warm-up."""
    terms = economics.iloc[:1].assign(lead_time_periods=0, lost_share=1.0)
    demand = np.full((1, 8), 5.0)
    pipeline = np.array([[5.0, 5, 5, 5, 5, 0, 5, 5]])
    on_sale = np.ones((1, 8), dtype=bool)
    case = Case(demand, demand, on_sale, np.zeros(1), pipeline, terms, 7, warm_up_periods=4)
    nothing = replay(demand, lambda t, net, coming: np.zeros(1), case.initial_stock, pipeline, terms)
    found = service(case, nothing)
    # counted cycles: weeks 5 and 6, of which 6 is short, and week 7; the last is still open
    assert found["cycle_service"] == 0.5
    assert found["fill_rate"] == 0.75


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
    draws = np.array([demand_path(panel, seed=s).units[1, 70] for s in range(200)])
    local = panel[(panel["sku"] == "b")]["units"].to_numpy()[62:70].mean()
    assert abs(draws.mean() - local) < 4 * np.sqrt(local / 200)


def test_a_sold_out_period_has_at_least_its_sales(panel):
    row = panel.index[(panel["sku"] == "a")][75]
    panel.loc[row, ["censored", "units"]] = [True, 9.0]
    draws = np.array([demand_path(panel, seed=s).units[0, 75] for s in range(50)])
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
