"""Alerts on a small shop: each kind raised for the right product, money from the paths, trifles quiet."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.alerts import ALERT_COLUMNS, find_alerts
from invnb.decide.orders import propose_orders
from invnb.decide.plan import LIMIT_COLUMNS
from invnb.decide.policy import policy_table


def alerts_of(shop, **more):
    policy = policy_table(shop.scenarios, shop.economics, pd.DataFrame(columns=LIMIT_COLUMNS))
    orders = propose_orders(
        shop.scenarios, shop.economics, shop.position, shop.inbound, policy, shop.products, shop.suppliers,
        shop.segments, today=shop.today, period_days=7, budget=None, storage_m3=None, fill_rate_target=0.95,
        currency="CNY",
    )  # fmt: skip
    return find_alerts(
        shop.scenarios, shop.economics, shop.position, shop.inbound, policy, orders, shop.products,
        today=shop.today, period_days=7, fill_rate_target=0.95, **more,
    )  # fmt: skip


def test_each_kind_is_raised_for_the_right_product(shop):
    table = alerts_of(shop)
    assert list(table.columns) == ALERT_COLUMNS
    assert table["alert_id"].is_unique
    kinds = table.groupby("sku")["type"].agg(set).to_dict()
    assert kinds["ample"] == {"EXCESS", "SURPLUS_ON_ORDER"}
    assert kinds["empty"] == {"OUT_NOW", "DATA_FAULT"}
    assert kinds["late"] == {"OUT_BEFORE_RECEIPT", "LATE_PO"}
    assert kinds["new"] == {"OUT_BEFORE_RECEIPT", "DATA_FAULT"}
    assert kinds["quiet"] == {"DEAD"}


def test_money_at_risk_is_the_lost_margin_of_the_paths(shop):
    row = alerts_of(shop).set_index("alert_id").loc["OUT_NOW:empty"]
    # two free units are owed already; nothing comes for two weeks: 0.8 of all demand is lost at 20 each
    lost = 0.8 * shop.scenarios.units[1, :, :2].sum(axis=1) * 20.0
    assert row["money_at_risk"] == pytest.approx(lost.mean())
    assert row["money_at_risk_p10"] == pytest.approx(np.quantile(lost, 0.1))
    assert row["money_at_risk_p90"] == pytest.approx(np.quantile(lost, 0.9))
    assert row["severity"] == "S1"
    assert (row["action_code"], row["late_by_days"]) == ("ORDER_NOW", 9)


def test_a_late_order_costs_what_its_absence_would_lose(shop):
    table = alerts_of(shop).set_index("alert_id")
    row = table.loc["LATE_PO:late"]
    assert row["action_units"] == 6
    assert row["cause"] == "lead_time"
    lost = 0.0
    for path in shop.scenarios.units[3, :, :3]:
        with_it, without = _lost([0, 6, 0], path), _lost([0, 0, 0], path)
        lost += (without - with_it) * 7.0 / 80
    assert row["money_at_risk"] == pytest.approx(lost)


def _lost(arrivals, demand, stock=7.0, lost_share=0.8):
    lost = 0.0
    for arrived, wanted in zip(arrivals, demand, strict=True):
        stock += arrived
        unmet = max(wanted - max(stock, 0.0), 0.0)
        lost += lost_share * unmet
        stock -= wanted - lost_share * unmet
    return lost


def test_trifles_never_shout(shop):
    assert set(alerts_of(shop, money_floor=1e9)["severity"]) == {"S4"}
    table = alerts_of(shop)
    assert table["severity"].tolist() == sorted(table["severity"])
    urgent = table[table["severity"] == "S1"]
    assert urgent["act_by"].notna().all()
    assert (table.loc[table["type"] == "DATA_FAULT", "severity"] == "S4").all()


def test_more_stock_quietens_the_alert(shop):
    shop.position.loc[1, ["on_hand_units", "net_units", "position_units"]] = 200.0
    assert "OUT_NOW:empty" not in set(alerts_of(shop)["alert_id"])


def test_a_shop_in_order_raises_nothing(shop):
    shop.position["net_units"] = shop.position["on_hand_units"] = [45.0, 70.0, 55.0, 55.0, 28.0, 0.0]
    shop.position["note"] = ""
    shop.inbound = shop.inbound[0:0]
    shop.position["inbound_units"] = 0.0
    shop.position["position_units"] = shop.position["net_units"]
    assert not set(alerts_of(shop)["severity"]) & {"S1"}
