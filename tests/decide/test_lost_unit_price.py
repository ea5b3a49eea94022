"""The price of a lost unit is learned from seen, past demand alone, and no price makes levels run away."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.first_order import dearer_shortage
from invnb.decide.lost_unit_price import (
    MULTIPLES,
    choose_at_each_review,
    choose_multiple,
    learn_lost_unit_price,
)
from invnb.decide.policy import levels_of, policy_table
from invnb.decide.review import best_orders, levels_from_scenarios
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.order_policies import OrderPolicy
from invnb.inventory.simulation import trajectories

N_SKU, N_PERIOD, N_BACK = 30, 90, 39
NONE = pd.DataFrame()


def economics(n=N_SKU, **changed):
    terms = {
        "sku": [f"s{i:02d}" for i in range(n)], "unit_cost": 10.0, "holding_cost_per_unit_period": 0.5,
        "shortage_cost_per_unit": 8.0, "backorder_cost_per_unit_period": 0.8, "lost_share": 1.0,
        "order_cost": 0.0, "lead_time_periods": 2, "review_period_periods": 1, "min_order_units": 1.0,
        "pack_units": 1.0, "volume_m3": 0.01,
    }  # fmt: skip
    return pd.DataFrame(terms | changed)


@pytest.fixture
def too_wide():
    """A panel of Poisson demand, and forecasts whose level is twice or half of it by a coin for each path."""
    rng = np.random.default_rng(3)
    units = rng.poisson(10.0, (N_SKU, N_PERIOD)).astype(float)
    weeks = pd.date_range("2024-01-01", periods=N_PERIOD, freq="7D")
    terms = economics()
    panel = pd.DataFrame(
        {"sku": np.repeat(terms["sku"], N_PERIOD), "period": np.tile(weeks, N_SKU), "status": "sold",
         "units": units.ravel(), "available_share": 1.0, "censored": False}
    )  # fmt: skip
    forecasts = []
    for week in weeks[-N_BACK:]:
        level = 10.0 * np.array([0.5, 2.0])[rng.integers(2, size=(N_SKU, 80, 1))]
        days = np.datetime64(week, "D") + np.arange(6) * np.timedelta64(7, "D")
        paths = rng.poisson(level, (N_SKU, 80, 6)).astype(float)
        forecasts.append(Scenarios(terms["sku"].to_numpy(), days, paths, 1))
    return panel, terms, forecasts


def test_too_wide_forecasts_teach_a_lower_price(too_wide):
    panel, terms, forecasts = too_wide
    found = learn_lost_unit_price(panel, terms, NONE, forecasts, seed=1)
    assert found.multiple < 1
    assert (found.chosen[:26] == 1.0).all()  # too little known yet
    assert len(found.chosen) == N_BACK
    table = found.evidence
    assert table.groupby("review_date")["chosen"].sum().eq(1).all()
    now = table[table["review_date"] == table["review_date"].max()].set_index("multiple")
    assert now["chosen"].idxmax() == found.multiple
    assert now.loc[found.multiple, "gain"] > now.loc[found.multiple, "noise"]
    assert now["gain"].to_numpy() == pytest.approx((now.loc[1.0, "past_cost"] - now["past_cost"]).to_numpy())
    assert table["review_date"].max() == panel["period"].max() + pd.Timedelta(days=6)


def test_a_price_knows_only_its_past_and_nothing_of_hidden_demand(too_wide):
    panel, terms, forecasts = too_wide
    before = learn_lost_unit_price(panel, terms, NONE, forecasts, seed=1)
    weeks = np.sort(panel["period"].unique())
    later = panel.assign(units=np.where(panel["period"] >= weeks[-10], 40.0, panel["units"]))
    after = learn_lost_unit_price(later, terms, NONE, forecasts, seed=1)
    assert (before.chosen[: N_BACK - 9] == after.chosen[: N_BACK - 9]).all()
    assert before.evidence["past_cost"].iloc[-1] != after.evidence["past_cost"].iloc[-1]
    # where nothing could be bought nothing was seen, and nothing is learned
    closed = panel["period"] >= weeks[-N_BACK]
    hidden = panel.assign(
        status=np.where(closed, "out_of_stock", "sold"), units=panel["units"].where(~closed),
        available_share=np.where(closed, 0.0, 1.0),
    )  # fmt: skip
    found = learn_lost_unit_price(hidden, terms, NONE, forecasts, seed=1)
    assert (found.evidence["past_cost"] == 0).all()
    assert found.multiple == 1.0
    with pytest.raises(ValueError, match="last 3 periods"):
        learn_lost_unit_price(panel, terms, NONE, forecasts[:3], seed=1)


def test_within_noise_the_plain_price_stays():
    rng = np.random.default_rng(0)
    cost = {m: 10.0 + rng.normal(0, 1, (40, 38)) for m in MULTIPLES}
    day = np.datetime64("2025-01-06") + 7 * np.arange(39)
    found = choose_at_each_review(cost, day)
    assert found.multiple == 1.0
    assert (found.chosen == 1.0).all()


def test_the_policy_table_carries_the_price_to_the_orders(too_wide):
    _, terms, forecasts = too_wide
    nothing = pd.DataFrame(columns=["limit", "period", "shadow_price"])
    plain, cheap = (policy_table(forecasts[0], terms, nothing, shortage_multiple=m) for m in (1.0, 0.25))
    assert (cheap["order_up_to_level"] < plain["order_up_to_level"]).all()
    levels = levels_of(cheap, forecasts[0].units)
    assert levels.shortage_multiple == levels.take(np.array([2, 0])).shortage_multiple == 0.25
    state = (forecasts[0].units, np.zeros(N_SKU), np.zeros((N_SKU, 6)))
    same = best_orders(*state, dearer_shortage(terms, 0.25), levels_of(plain.assign(shortage_multiple=1.0)))
    fewer = best_orders(*state, terms, levels)
    assert fewer.sum() < best_orders(*state, terms, levels_of(plain, forecasts[0].units)).sum()
    assert same.sum() > 0


@pytest.mark.parametrize("multiple", [1.0, 4.0, 64.0])
def test_dearer_lost_units_find_the_level_of_brute_force_and_never_more_than_demand(multiple):
    """Lumpy demand with a rare large order: every level between none and the largest path is tried."""
    rng = np.random.default_rng(7)
    n, n_path, n_period = 4, 60, 6
    size = np.where(rng.random((n, n_path, n_period)) < 0.02, 40, rng.poisson(2, (n, n_path, n_period)))
    paths = np.where(rng.random(size.shape) < 0.4, size, 0).astype(float)
    terms = economics(n)
    levels = levels_from_scenarios(paths, terms, multiple)
    twice = np.concatenate([paths, paths], axis=2)
    window = np.stack([twice[:, :, t : t + 3].sum(axis=2) for t in range(n_period)], axis=2)
    mean, sd = window.mean(axis=1), window.std(axis=1)
    most = ((window.max(axis=1) - mean) / sd).max(axis=1)  # more serves nobody; the search ends at 0.04
    assert (levels.safety_factor <= most + 0.08).all()

    def cost(z):
        s = np.tile(np.round(mean + z * sd), 2)
        run = trajectories(
            OrderPolicy(s, s), twice, lead_time_periods=2, initial_on_hand=s[:, 0], lost_share=1.0
        )
        second = 0.5 * run.end_stock_units + 8.0 * multiple * run.lost_units  # each path twice, then charged
        return second[:, :, n_period:].sum(axis=2).mean(axis=1)

    tried = np.array([cost(z) for z in np.arange(-2.0, 6.0, 0.05)])
    own = np.array([cost(z)[i] for i, z in enumerate(levels.safety_factor)])
    assert (own <= tried.min(axis=0) * 1.02).all()


def test_the_price_nearest_to_the_plain_one_is_taken_among_ties():
    """A quarter would have cost a little less than half, within noise; both far less than the plain one."""
    rng = np.random.default_rng(6)
    cost = {m: 10.0 + rng.normal(0, 1, (40, 26)) for m in (1.0, 2.0, 4.0)}
    cost[0.5] = cost[1.0] - 2.0 + rng.normal(0, 1, (40, 26))
    cost[0.25] = cost[0.5] - 0.02 + rng.normal(0, 1, (40, 26))
    assert choose_multiple(cost) == 0.5
    shock = np.where(np.arange(26) == 7, 80.0, 0.0)  # one bad week for all is one observation, not forty
    once = {1.0: cost[1.0] + shock, 0.5: cost[1.0], 2.0: cost[2.0] + shock, 4.0: cost[4.0] + shock}
    assert choose_multiple(once) == 1.0
