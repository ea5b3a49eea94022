"""Every unit beyond need gets one action, and the money of the actions is that of the key figures."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.cash_actions import COLUMNS, cash_actions, needed_units
from invnb.decide.kpi_formulas import excess_units, surplus_on_order_units


def run(shop, **changed):
    return cash_actions(shop.state(**changed))


def test_by_hand(shop):
    """`ample` holds 400 with 60 on order and needs at most 80 in the horizon; `quiet` never sells its 90."""
    found = run(shop).set_index(["sku", "action"])
    assert found.loc[("ample", "CANCEL_PO"), "units"] == 60
    assert found.loc[("ample", "CANCEL_PO"), "cash_freed"] == 600
    assert found.loc[("ample", "CANCEL_PO"), "act_by"] == pd.Timestamp("2025-06-14")
    assert found.loc[("ample", "CANCEL_PO"), "freed_by"] == pd.Timestamp("2025-06-15")
    most = np.quantile(shop.scenarios.units[0].sum(axis=1), 0.9)
    assert found.loc[("ample", "SELL_OFF"), "units"] == np.floor(400 - most)
    assert found.loc[("ample", "STOP_REORDER"), "cost"] == 0
    assert found.loc[("quiet", "RETURN"), ["units", "cash_freed", "cost"]].tolist() == [90, 540, 0]
    assert set(found.index.get_level_values("sku")) == {"ample", "quiet"}
    assert found["cash_freed"].is_monotonic_decreasing
    assert (found["cost"] >= 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_actions_add_up_to_the_excess_of_the_key_figures(shop, seed):
    rng = np.random.default_rng(seed)
    n = len(shop.economics)
    net = rng.integers(-5, 200, n).astype(float)
    lines = rng.integers(0, 80, (n, 2)).astype(float)
    due = shop.today + pd.to_timedelta(rng.integers(-10, 40, 2 * n), unit="D")
    inbound = pd.DataFrame(
        {"po_id": [f"P{k}" for k in range(2 * n)], "sku": np.repeat(shop.economics["sku"], 2).to_numpy(),
         "units": lines.ravel(), "expected_date": due, "counted": True}
    )  # fmt: skip
    position = shop.position.assign(net_units=net, inbound_units=lines.sum(axis=1))
    found = run(shop, position=position, inbound=inbound)
    needed = needed_units(shop.scenarios, shop.economics, shop.policy())
    total = excess_units(net + lines.sum(axis=1), needed)
    surplus = surplus_on_order_units(lines.sum(axis=1), net, needed)
    units = found.groupby("sku")["units"].sum().reindex(shop.economics["sku"], fill_value=0.0).to_numpy()
    assert (np.abs(units - total) < 2).all()  # whole units of stock and of orders
    ordered = found[found["po_id"].notna()]
    by_sku = ordered.groupby("sku")["units"].sum().reindex(shop.economics["sku"], fill_value=0.0)
    assert (np.abs(by_sku.to_numpy() - surplus) < 1).all()
    by_line = ordered.groupby("po_id")["units"].sum()
    assert (by_line <= inbound.set_index("po_id")["units"].reindex(by_line.index)).all()
    cost = shop.economics.set_index("sku")["unit_cost"].reindex(found["sku"]).to_numpy()
    assert found["cash_freed"].to_numpy() == pytest.approx(found["units"].to_numpy() * cost)
    assert (found["act_by"] >= shop.today).all()
    assert (found["cost"] >= -1e-9).all()


def test_nothing_beyond_need_is_an_empty_table(shop):
    position = shop.position.assign(net_units=0.0, inbound_units=0.0)
    found = run(shop, position=position, inbound=shop.inbound.assign(counted=False))
    assert found.empty
    assert list(found.columns) == COLUMNS
