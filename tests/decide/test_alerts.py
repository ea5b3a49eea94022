"""Alerts on a small shop: each kind raised for the right product, money from the paths, trifles quiet."""

import numpy as np
import pandas as pd
import pytest

from invnb.decide.alert_rules import make_view
from invnb.decide.alert_signals import lead_time_shifts
from invnb.decide.alerts import ALERT_COLUMNS, find_alerts, find_signals, join_alerts
from invnb.decide.drift import DRIFT_COLUMNS
from invnb.decide.feedback import VALUE_COLUMNS
from invnb.decide.orders import propose_orders
from invnb.forecast.scenarios import Scenarios


def alerts_of(shop, **more):
    state = shop.state()
    orders = propose_orders(state, shop.limits(), shop.segments, fill_rate_target=0.95)
    return find_alerts(state, orders, fill_rate_target=0.95, **more)


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


@pytest.mark.parametrize(("short_paths", "raised"), [(9, False), (10, False), (11, True)])
def test_a_stock_out_is_said_above_odds_of_one_in_eight(shop, short_paths, raised):
    """80 paths of 10 a week and 40 units: in some of them a week of 60 comes in time to be helped."""
    units = shop.scenarios.units.copy()
    units[2] = 10.0
    units[2, :, 3:] = 0.0
    units[2, :short_paths, 1] = 60.0
    shop.scenarios = Scenarios(shop.scenarios.sku, shop.scenarios.period, units, 4)
    shop.position.loc[2, ["on_hand_units", "net_units", "position_units"]] = 40.0
    assert ("ORDER_BY_SOON:flowing" in set(alerts_of(shop)["alert_id"])) is raised


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


def test_every_code_has_words_in_both_languages():
    """What the rules may write, the report can say."""
    from invnb.report.wording import LANGUAGES, catalogue

    for language in LANGUAGES:
        words = catalogue(language)
        for kind in ["PROMO_UNCOVERED", "DEMAND_SHIFT", "BIAS", "LEADTIME_SHIFT", "OVERRIDE_HARM"]:
            assert {f"alert.{kind}", f"alert_type.{kind}"} <= set(words)
        for action in ["STOP_PROMOTION", "REVIEW_FORECAST", "CHASE_SUPPLIER", "FOLLOW_PROPOSAL", "DEFER_PO"]:
            assert f"action.{action}" in words
        assert {f"cause.{cause}" for cause in ["demand", "lead_time", "override", "forecast"]} <= set(words)


def promotion(sku, start, end):
    return pd.DataFrame(
        {"promo_id": "P", "sku": [sku], "start_date": pd.Timestamp(start), "end_date": pd.Timestamp(end)}
    )


def test_a_promotion_beyond_stock_is_named_while_it_can_be_helped(shop):
    shop.scenarios.units[2, :, 5] *= 6  # the promotion's week: sixty instead of ten
    planned = promotion("flowing", "2025-07-14", "2025-07-18")
    row = alerts_of(shop, promotions=planned).set_index("alert_id").loc["PROMO_UNCOVERED:flowing"]
    assert row["act_by"] == pd.Timestamp("2025-07-07")
    assert row["action_code"] == "ORDER"
    assert row["money_at_risk_p10"] < row["money_at_risk"] < row["money_at_risk_p90"]
    # at most 0.8 of the week's demand is lost, at a margin of 6
    assert row["money_at_risk"] <= 0.8 * 6.0 * shop.scenarios.units[2, :, 5].mean()


def test_a_promotion_that_starts_too_soon_is_to_be_stopped(shop):
    shop.scenarios.units[1, :, 0] *= 5
    table = alerts_of(shop, promotions=promotion("empty", "2025-06-10", "2025-06-12")).set_index("alert_id")
    row = table.loc["PROMO_UNCOVERED:empty"]
    assert (row["action_code"], row["late_by_days"]) == ("STOP_PROMOTION", 8)


def test_covered_past_and_far_promotions_are_quiet(shop):
    for sku, start, end in [
        ("ample", "2025-06-16", "2025-06-20"),
        ("flowing", "2025-06-01", "2025-06-07"),
        ("flowing", "2026-01-01", "2026-01-05"),
        ("nobody's", "2025-06-16", "2025-06-20"),
    ]:
        found = alerts_of(shop, promotions=promotion(sku, start, end))
        assert "PROMO_UNCOVERED" not in set(found["type"]), sku


def drift_row(sku, shift, *, whole, stands=True):
    row = dict.fromkeys(DRIFT_COLUMNS, np.nan)
    return row | {
        "level": "product", "name": sku, "measure": "mean", "alarm": True, "stands": stands,
        "whole_window": whole, "shift_units": shift, "shift_se_units": 0.5,
    }  # fmt: skip


def signals_of(shop, *, drift=(), orders=None, receipts=None, value=()):
    return find_signals(
        shop.state(),
        drift=pd.DataFrame(list(drift), columns=DRIFT_COLUMNS),
        purchase_orders=pd.DataFrame() if orders is None else orders,
        receipts=pd.DataFrame() if receipts is None else receipts,
        override_value=pd.DataFrame(list(value), columns=VALUE_COLUMNS),
    )  # fmt: skip


def test_a_shift_up_risks_margin_and_a_lean_down_risks_carrying(shop):
    rows = [
        drift_row("flowing", 4.0, whole=False),
        drift_row("ample", -3.0, whole=True),
        drift_row("late", 9.0, whole=False, stands=False),
    ]
    table = signals_of(shop, drift=rows).set_index("alert_id")
    assert list(signals_of(shop, drift=rows).columns) == ALERT_COLUMNS
    assert set(table.index) == {"DEMAND_SHIFT:flowing", "BIAS:ample"}
    up, down = table.loc["DEMAND_SHIFT:flowing"], table.loc["BIAS:ample"]
    # two periods until the next review's order is there, four units more each; of 18 in stock some are left
    left = np.maximum(18.0 - shop.scenarios.units[2, :, :2].sum(axis=1), 0.0)

    def lost_margin(more):  # four of five are lost, at a margin of 6
        return np.maximum(2 * more - left, 0.0).mean() * 0.8 * 6.0

    assert up["money_at_risk"] == pytest.approx(lost_margin(4.0), rel=0.02)
    assert up["money_at_risk_p90"] == pytest.approx(lost_margin(4.0 + 1.2816 * 0.5), rel=0.02)
    assert (up["cause"], up["alternative_code"], up["severity"]) == ("demand", "ORDER", "S2")
    # three periods, three units too many each, carried over ten periods at 0.05
    assert down["money_at_risk"] == pytest.approx(3 * 3.0 * 0.05 * 10)
    assert (down["cause"], down["alternative_code"]) == ("forecast", "DEFER_PO")


def test_a_shift_that_stock_covers_risks_no_margin(shop):
    table = signals_of(shop, drift=[drift_row("ample", 4.0, whole=False)])
    assert table["money_at_risk"].tolist() == [0.0]


def supplier_record(days, supplier="S2"):
    n = len(days)
    ordered = pd.Timestamp("2024-06-03") + pd.to_timedelta(7 * np.arange(n), unit="D")
    key = {"po_id": [f"{i}" for i in range(n)], "line_id": "1"}
    orders = pd.DataFrame(key | {"sku": "flowing", "supplier_id": supplier, "order_date": ordered})
    receipts = pd.DataFrame(key | {"receipt_date": ordered + pd.to_timedelta(days, unit="D")})
    return orders, receipts


def test_a_supplier_that_got_slower_is_named_for_each_of_its_products(shop):
    steady = np.tile([6, 7, 8], 8)
    orders, receipts = supplier_record(np.concatenate([steady, steady[:8] + 7]))
    table = signals_of(shop, orders=orders, receipts=receipts).set_index("sku")
    assert set(table["type"]) == {"LEADTIME_SHIFT"}
    assert set(table.index) == {"flowing", "late", "quiet"}
    # a week later: four of five units of the week in which the order was to come, beyond what is left
    left = np.maximum(18.0 - shop.scenarios.units[2, :, 0], 0.0)
    short = np.maximum(shop.scenarios.units[2, :, 1] - left, 0.0).mean()
    assert table.loc["flowing", "money_at_risk"] == pytest.approx(short * 0.8 * 6.0)
    assert table.loc["quiet", "money_at_risk"] == 0.0  # ninety in stock
    assert table.loc["flowing", "action_code"] == "CHASE_SUPPLIER"


def test_a_steady_supplier_is_not_named(shop):
    orders, receipts = supplier_record(np.tile([6, 7, 8], 12))
    assert signals_of(shop, orders=orders, receipts=receipts).empty


def test_a_short_record_says_nothing(shop):
    orders, receipts = supplier_record(np.array([6] * 5 + [20] * 8))
    assert signals_of(shop, orders=orders, receipts=receipts).empty


def test_steady_suppliers_rarely_raise_an_alarm(shop):
    rng = np.random.default_rng(3)
    view = make_view(shop.scenarios, shop.economics, shop.position, shop.inbound, shop.today)
    alarms = 0
    for _ in range(60):
        orders, receipts = supplier_record(np.maximum(rng.gamma(9.0, 1.5, 40).round(), 1).astype(int))
        alarms += len(lead_time_shifts(view, orders, receipts, 7)) > 0
    assert alarms <= 2  # at 0.1 % a run, three or more of sixty would come once in thousands


def test_overrides_that_harm_beyond_chance_are_named(shop):
    rows = [
        ("sku", "flowing", 5, 60.0, -80.0, -120.0, -40.0, "harms"),
        ("sku", "ample", 5, 60.0, -10.0, -60.0, 40.0, "unclear"),
        ("reason", "late", 5, 60.0, -80.0, -120.0, -40.0, "harms"),
    ]
    table = signals_of(shop, value=rows)
    assert table["alert_id"].tolist() == ["OVERRIDE_HARM:flowing"]
    row = table.iloc[0]
    assert row["money_at_risk"] == pytest.approx(80.0, rel=0.01)
    assert row["money_at_risk_p10"] == pytest.approx(80.0 - 1.2816 * 40.0 / 1.96, rel=0.02)
    assert (row["action_code"], row["cause"]) == ("FOLLOW_PROPOSAL", "override")


def test_alerts_of_stock_and_of_the_record_make_one_list(shop):
    both = join_alerts(alerts_of(shop), signals_of(shop, drift=[drift_row("flowing", 4.0, whole=False)]))
    assert both["alert_id"].is_unique
    assert both["severity"].tolist() == sorted(both["severity"])
    assert "DEMAND_SHIFT:flowing" in set(both["alert_id"])
    assert join_alerts(signals_of(shop), signals_of(shop)).empty
