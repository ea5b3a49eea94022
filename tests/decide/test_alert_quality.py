"""Recall and precision of stock-out alerts, counted by hand on a record and replayed on a small shop."""

import numpy as np
import pandas as pd
import pytest

from invnb.data.tables import complete
from invnb.decide.alert_quality import AlertRecord, alert_quality, estimated_demand, record_alerts
from invnb.decide.past_review import past_position
from invnb.forecast.metrics import binomial_interval
from invnb.forecast.scenarios import Scenarios

WEEKS = np.datetime64("2025-01-06") + 7 * np.arange(10)


def record(stood, right, unmet, *, lead=2, money=None):
    """Rows of 0 and 1, one per product; an alert that stands is an ORDER_BY_SOON."""
    stood, right, unmet = (np.array(rows, dtype=float) for rows in (stood, right, unmet))
    n_sku, n = stood.shape
    claim = np.full(n_sku, lead + 2)
    return AlertRecord(
        sku=np.array([f"P{i}" for i in range(n_sku)]),
        period=WEEKS[:n],
        period_days=7,
        lead=np.full(n_sku, lead),
        claim=claim,
        margin=np.full(n_sku, 3.0),
        kind=np.where(stood > 0, "ORDER_BY_SOON", ""),
        money=stood * 10.0 if money is None else np.array(money, dtype=float),
        right=right > 0,
        judged=np.arange(n) + claim[:, None] <= n,
        unmet_units=unmet,
    )


def values(quality):
    return quality.set_index(["measure", "basis"])["value"]


def test_flagged_means_an_alert_stood_a_full_lead_time_before():
    unmet = [[0, 0, 0, 0, 2, 1, 0, 0, 0, 0]]
    for standing, recall in [([2], 1.0), ([0, 1, 2], 1.0), ([3, 4, 5], 0.0), ([0, 1], 0.0)]:
        stood = np.zeros((1, 10))
        stood[0, standing] = 1
        found = values(alert_quality(record(stood, stood, unmet)))
        assert found["recall", "count"] == recall, standing
        assert found["recall", "money"] == recall
    stood = np.zeros((1, 10))
    stood[0, [0, 1, 2]] = 1
    assert values(alert_quality(record(stood, stood, unmet)))["lead_days", "days"] == 28


def test_a_run_of_weeks_is_one_stock_out_and_early_ones_are_not_counted():
    unmet = [[5, 0, 0, 1, 1, 1, 0, 0, 9, 0]]  # the first began before any alert could have come in time
    stood = np.zeros((1, 10))
    stood[0, 6] = 1
    quality = alert_quality(record(stood, stood, unmet)).set_index(["measure", "basis"])
    assert quality.loc[("recall", "count"), "n"] == 2
    assert quality.loc[("recall", "count"), "value"] == 0.5
    assert quality.loc[("recall", "money"), "value"] == pytest.approx(9 / 12)


def test_an_alert_is_right_if_its_claim_came_true_while_it_stood():
    stood = [[1, 1, 1, 0, 1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]]
    right = [[0, 0, 1, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    unmet = np.zeros((2, 10))
    money = np.array(stood) * 10.0
    money[0, 2] = 40.0
    quality = alert_quality(record(stood, right, unmet, money=money)).set_index(["measure", "basis"])
    # three alerts can be judged; the last one's claim is not over yet
    assert quality.loc[("precision", "count"), ["value", "n"]].tolist() == [pytest.approx(1 / 3), 3]
    assert quality.loc[("precision", "money"), "value"] == pytest.approx(40 / 60)
    assert quality.loc[("precision_by_review", "count"), ["value", "n"]].tolist() == [pytest.approx(1 / 5), 5]
    assert quality.loc[("alerts_per_review", "count"), "value"] == pytest.approx(6 / 10)
    low, high = quality.loc[("precision", "count"), ["low", "high"]]
    assert (low, high) == pytest.approx(binomial_interval(1, 3))


def test_nothing_to_count_is_not_a_number():
    nothing = np.zeros((2, 10))
    found = values(alert_quality(record(nothing, nothing, nothing)))
    assert np.isnan(found["recall", "count"])
    assert np.isnan(found["precision", "count"])
    assert found["alerts_per_review", "count"] == 0


@pytest.fixture(scope="module")
def small_shop():
    """Two products, ten a week. One is ordered every week; one was forgotten and runs out in the sixth."""
    days = pd.date_range(WEEKS[0], periods=70)
    units, stock = {"kept": 10.0, "forgotten": 10.0}, {"kept": 30.0, "forgotten": 55.0}
    history, lines, receipts, unmet = [], [], [], []
    for week in range(10):
        for sku in units:
            came = 10.0 if sku == "kept" else 0.0
            start = stock[sku] + came
            sold = min(start, units[sku])
            unmet.append((sku, WEEKS[week], units[sku], units[sku] - sold))
            for day in days[7 * week : 7 * week + 7]:
                monday = day == days[7 * week]
                history.append(
                    (day, sku, stock[sku] if monday else start, came if monday else 0.0, start - sold)
                )
            stock[sku] = start - sold
            if came:
                key = (f"{week}", "1")
                ordered = days[7 * week] - pd.Timedelta(days=14)
                lines.append((*key, sku, "S", ordered, 10.0, 0.0, ordered + pd.Timedelta(days=14)))
                receipts.append((*key, days[7 * week], 10.0))
    line = ["po_id", "line_id", "sku", "supplier_id", "order_date", "units_ordered", "units_open",
            "first_promised_date"]  # fmt: skip
    receipt = ["po_id", "line_id", "receipt_date", "units_received"]
    rng = np.random.default_rng(1)
    skus = np.array(["forgotten", "kept"])
    ahead = np.datetime64("2025-01-06") + 7 * np.arange(20)
    forecasts = [
        Scenarios(skus, ahead[t : t + 8], rng.poisson(10.0, (2, 100, 8)).astype(float), 1) for t in range(10)
    ]
    economics = pd.DataFrame(
        {
            "sku": ["kept", "forgotten"], "name": "x", "supplier_id": "S", "unit_cost": 5.0,
            "shortage_cost_per_unit": 4.0, "lost_share": 1.0, "lead_time_days": 14.0,
            "lead_time_sd_days": 0.0, "lead_time_periods": 2, "review_period_periods": 1,
        }
    )  # fmt: skip
    demand = pd.DataFrame(unmet, columns=["sku", "period", "units", "unmet_units"])
    panel = demand.assign(units=demand["units"] - demand["unmet_units"])[["sku", "period", "units"]]
    columns = ["date", "sku", "open_units", "received_units", "close_units"]
    return (
        forecasts,
        demand,
        panel,
        economics,
        complete("stock_history", pd.DataFrame(history, columns=columns)),
        complete("purchase_orders", pd.DataFrame(lines, columns=line)),
        complete("receipts", pd.DataFrame(receipts, columns=receipt)),
    )  # fmt: skip


def test_the_forgotten_product_is_flagged_in_time_and_the_kept_one_is_not(small_shop):
    found = record_alerts(*small_shop, period_days=7, fill_rate_target=0.95)
    stood = dict(zip(found.sku, found.stood, strict=True))
    # 55 units last until the sixth week: an order of the fourth review (week 3) is there in week 5, in time
    assert stood["forgotten"][3]
    assert not stood["forgotten"][0]
    assert not stood["kept"][:8].any()
    assert values(alert_quality(found))["recall", "count"] == 1.0
    assert found.right[0, 3]
    assert found.unmet_units.sum() == small_shop[1]["unmet_units"].sum()


def test_only_what_was_known_is_used(small_shop):
    """Another future after a review leaves that review's position and alerts as they were."""
    panel, economics, history, orders, receipts = small_shop[2:]
    today = pd.Timestamp(WEEKS[4]) - pd.Timedelta(days=1)
    later = history["date"] > today + pd.Timedelta(days=1)
    changed = history.assign(open_units=history["open_units"].mask(later, 999.0))
    late = receipts["receipt_date"] > today
    moved = receipts.assign(receipt_date=receipts["receipt_date"].mask(late, pd.Timestamp("2026-01-01")))
    word = orders.assign(promised_date=pd.Timestamp("2026-01-01"), units_open=orders["units_ordered"])
    then = [
        past_position(h, o, r, panel, economics, today=today, period_days=7)
        for h, o, r in [(history, orders, receipts), (changed, word, moved)]
    ]
    pd.testing.assert_frame_equal(then[0].position, then[1].position)
    pd.testing.assert_frame_equal(then[0].inbound, then[1].inbound)
    kept = then[0].position.set_index("sku").loc["kept"]
    assert (kept["net_units"], kept["inbound_units"]) == (30.0, 20.0)


def test_demand_that_nobody_could_see_is_estimated():
    weeks = pd.date_range("2025-01-06", periods=9, freq="7D")
    panel = pd.DataFrame(
        {
            "sku": "A", "location": "main", "period": weeks, "status": ["sold"] * 8 + ["out_of_stock"],
            "units": [10.0] * 8 + [np.nan], "available_share": [1.0] * 8 + [0.0], "censored": False,
            "start_units": [50.0] * 8 + [0.0],
        }
    )  # fmt: skip
    table = estimated_demand(panel, seed=1)
    assert table["unmet_units"].iloc[:8].sum() == 0
    assert table["unmet_units"].iloc[8] == table["units"].iloc[8] > 0
