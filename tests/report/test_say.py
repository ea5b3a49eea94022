"""Sentences say what the numbers say, in both languages."""

# ruff: noqa: E501 - a case is easier to check on one line
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from invnb.report import say
from invnb.report.wording import Wording

EN, ZH = Wording("en", "CNY"), Wording("zh", "CNY")
Tables = Callable[..., dict[str, pd.DataFrame]]


def savings(saving: float, low: float, high: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["holding", "lost_margin", "total"],
            "saving": [0.1 * saving, 0.9 * saving, saving],
            "low": [np.nan, np.nan, low],
            "high": [np.nan, np.nan, high],
        }
    )


def test_a_certain_saving_names_its_source_and_range() -> None:
    text = say.savings(savings(2000, 500, 3000), EN)
    assert "saves ¥2,000" in text
    assert "¥500 to ¥3,000" in text
    assert "most of it from lost margin" in text


@pytest.mark.parametrize(
    ("saving", "low", "high", "expected"),
    [
        (2000, -100, 4000, "includes zero"),
        (-300, -900, 100, "costs ¥300 more"),
        (0, -5, 5, "saves nothing"),
        (120, np.nan, np.nan, "its range is not known"),
    ],
)
def test_a_doubtful_saving_is_not_sold_as_one(saving: float, low: float, high: float, expected: str) -> None:
    assert expected in say.savings(savings(saving, low, high), EN)


def test_no_saving_is_said_where_nothing_was_replayed() -> None:
    table = savings(0, 0, 0).assign(policy_cost=0.0, rule_cost=0.0)
    assert np.isnan(say.total_saving(table)[0])
    assert np.isnan(say.total_saving(savings(0, 0, 0))[0])
    assert "No saving can be told" in say.savings(table, EN)


def projection(stock: list[float], without: list[float], order: float = 0.0) -> pd.DataFrame:
    periods = pd.date_range("2024-03-04", periods=len(stock), freq="7D")
    return pd.DataFrame(
        {
            "sku": "a",
            "period": periods,
            "stock_p50": stock,
            "without_order_p50": without,
            "order_units": order,
        }
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (projection([5, 4, 3], [5, 4, 3]), "Even without orders Kite is expected to last beyond 18 Mar."),
        (projection([5, 9, 8], [5, 0, 0], 9), "Without orders Kite runs out around 11 Mar; with them it is expected to last."),
        (projection([5, 5, 0], [5, 0, 0], 9), "Without orders Kite runs out around 11 Mar, with them around 18 Mar."),
        (projection([0, 5, 5], [0, 0, 0], 9), "Kite is expected to run out around 4 Mar, before an order placed now can help."),
        (projection([0, 0, 0], [0, 0, 0]), "Kite is expected to run out around 4 Mar, and this review proposes no order."),
    ],
)  # fmt: skip
def test_projection(table: pd.DataFrame, expected: str) -> None:
    assert say.projection(table, "Kite", EN) == expected


def test_projections_count_products() -> None:
    table = pd.concat([projection([5, 0], [0, 0]), projection([5, 5], [5, 0]).assign(sku="b")])
    assert say.projections(table, EN).startswith(
        "Without orders 2 of 2 products run out within the horizon, with them 1."
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.85, 0.93, "within chance"), (0.7, 0.85, "too low"), (0.95, 0.99, "higher than needed")],
)
def test_calibration_verdict(low: float, high: float, verdict: str) -> None:
    table = pd.DataFrame(
        {"nominal": [0.5, 0.9], "covered": [0.5, 0.9], "low": [0.4, low], "high": [0.6, high], "n": 90}
    )
    assert verdict in say.calibration(table, EN)


def test_limits_name_the_binding_one_with_its_price(make_tables: Tables) -> None:
    limits = make_tables(5)["limits"].reset_index(drop=True)
    assert say.limits(limits, EN) == (
        "In the plan over 13 periods, where packs may be split, Budget holds back 2 of them; "
        "¥1 more there is worth up to ¥0.31 in one period."
    )
    free = say.limits(limits.assign(binding=False), EN)
    assert free.endswith("no limit holds back; the fullest is Budget at 100%.")


def test_cut_lines_are_not_to_be_approved() -> None:
    orders = pd.DataFrame(
        {
            "order_units": [5, 9, 0],
            "line_value": [200.0, 90.0, 0.0],
            "reason_code": ["BELOW_TARGET", "NONE_BUDGET", None],
        }
    )
    assert len(say.ordered(orders)) == 1
    headline, notes = say.decision(orders, None, EN)
    assert headline == "Approve 1 order line for ¥200"
    assert any("cut by a limit: 1 order line" in note for note in notes)


def test_every_sentence_exists_in_chinese(make_tables: Tables) -> None:
    tables = make_tables(12)
    order, alert = tables["orders"].iloc[0].to_dict(), tables["alerts"].iloc[0].to_dict()
    rows = tables["projection"][tables["projection"]["sku"] == "T0001"]
    texts = [
        *say.decision(tables["orders"], 36000.0, ZH)[1], say.why(order, ZH), say.why_quantity(order, ZH), *say.alert(alert, ZH),
        say.alert_more(alert, ZH), say.alerts(tables["alerts"], ZH), say.projection(rows, "风筝", ZH),
        say.projections(tables["projection"], ZH), say.forecast(tables["forecast_history"], tables["forecast"], "week", ZH),
        say.savings(tables["savings"], ZH), say.costs(tables["backtest"], ZH), say.frontier(tables["frontier"], ZH),
        say.limits(tables["limits"].reset_index(), ZH), say.segments(tables["sku_segments"], ZH), say.calibration(tables["calibration"], ZH),
    ]  # fmt: skip
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for text in texts)
    assert not any(" to " in text or "days" in text for text in texts)


def test_forecast_error_is_the_sum_over_the_sum() -> None:
    history = pd.DataFrame(
        {
            "origin": 0,
            "sku": "a",
            "period": [1, 2],
            "model": "m",
            "units": [10.0, 30.0],
            "forecast": [14.0, 30.0],
        }
    )
    ahead = pd.DataFrame({"sku": ["a"], "period": [3], "mean": [7.0], "model": ["m"]})
    text = say.forecast(history, ahead, "week", EN)
    assert "off by 10.0% of the units sold and too high by 10.0% overall" in text
    assert "The next 1 weeks are expected to bring 7 pieces." in text
