"""A whole run's tables, made by a small seeded function, and a browser to look at the pages."""

# ruff: noqa: E501 - a table is easier to check with one row on one line

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from invnb.report import Html, charts, charts_forecast, decision_evidence, evidence

TODAY = pd.Timestamp("2024-03-01")
HORIZON = 13
NOUNS = [
    ("kettle", "水壶"), ("building blocks", "积木"), ("puzzle of 500 pieces", "500片拼图"), ("kite", "风筝"),
    ("wooden train", "木制火车"), ("card game", "纸牌游戏"), ("plush bear", "毛绒熊"), ("paint set", "颜料套装"),
]  # fmt: skip
COLOURS = [
    ("Red", "红色"),
    ("Blue", "蓝色"),
    ("Green", "绿色"),
    ("Yellow", "黄色"),
    ("White", "白色"),
    ("Small", "小号"),
]
REASONS = ["BELOW_TARGET", "LEADTIME_RISK", "PROMO_BUILD", "SEASON_BUILD", "MOQ_FORCED", "NEW_ITEM"]
ALERTS = ["OUT_NOW", "OUT_BEFORE_RECEIPT", "ORDER_BY_SOON", "LATE_PO", "EXCESS", "DEAD", "SURPLUS_ON_ORDER"]


def _products(n: int, rng: np.random.Generator) -> pd.DataFrame:
    pairs = [(c, x) for x in NOUNS for c in COLOURS]
    chosen = [pairs[i % len(pairs)] for i in range(n)]
    return pd.DataFrame(
        {
            "sku": [f"T{i:04d}" for i in range(n)],
            "name": [f"{c[0]} {x[0]}" + (f" {i // len(pairs) + 1}" if i >= len(pairs) else "") for i, (c, x) in enumerate(chosen)],
            "name_zh": [f"{c[1]}{x[1]}" + (f"{i // len(pairs) + 1}" if i >= len(pairs) else "") for i, (c, x) in enumerate(chosen)],
            "supplier_id": rng.choice(["S1", "S2", "S3"], n),
            "unit_cost": rng.uniform(4, 60, n).round(2),
            "rate": rng.gamma(1.2, 12, n) + 0.5,
        }
    )  # fmt: skip


def _orders(products: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    wanted = products.sample(frac=0.6, random_state=3).reset_index(drop=True)
    n = len(wanted)
    pack = rng.choice([1, 6, 12], n)
    units = (np.ceil(wanted["rate"] * rng.uniform(1, 4, n) / pack) * pack).astype(int)
    lost = (wanted["rate"] * wanted["unit_cost"] * rng.uniform(0.1, 1.5, n)).round(2)
    cut = np.arange(n) >= n - max(n // 8, 1) if n > 3 else np.zeros(n, bool)
    frame = pd.DataFrame(
        {
            "rank": np.arange(1, n + 1), "supplier_id": wanted["supplier_id"],
            "supplier_name": wanted["supplier_id"].map({"S1": "Sunrise Toys Ltd", "S2": "宏达玩具厂", "S3": "Nordic Play"}),
            "supplier_sku": "X-" + wanted["sku"], "sku": wanted["sku"], "name": wanted["name"],
            "name_zh": wanted["name_zh"], "category": "toys", "location": "main",
            "abc": rng.choice(list("ABC"), n), "xyz": rng.choice(list("XYZ"), n),
            "on_hand_units": rng.integers(0, 60, n), "inbound_units": rng.choice([0, 0, 12, 24], n),
            "next_receipt_date": pd.NaT, "cover_days": rng.uniform(0, 25, n).round(1),
            "demand_p10": (wanted["rate"] * 1.5).round(), "demand_p50": (wanted["rate"] * 3).round(),
            "demand_p90": (wanted["rate"] * 5).round(), "order_units": units, "min_order_units": pack,
            "pack_units": pack, "rounded_up_by_units": rng.integers(0, 5, n), "unit_cost": wanted["unit_cost"],
            "line_value": (units * wanted["unit_cost"]).round(2), "order_by": TODAY + pd.to_timedelta(rng.integers(-3, 6, n), "D"),
            "expected_receipt": TODAY + pd.Timedelta(days=15), "cover_after_days": rng.uniform(20, 60, n).round(1),
            "stockout_probability": rng.uniform(0.05, 0.98, n).round(3), "expected_lost_margin_if_not_ordered": lost,
            "expected_excess_value": (lost * 0.1).round(2), "marginal_value_last_unit": rng.uniform(0, 3, n).round(2),
            "value_per_money": rng.uniform(0.01, 0.6, n).round(3), "binding_limit": np.where(cut, "budget", ""),
            "reason_code": np.where(cut, "NONE_BUDGET", rng.choice(REASONS, n)), "confidence": rng.uniform(0.5, 0.95, n).round(2),
            "planner_units": np.nan, "planner_reason": "", "calc_id": [f"c{i:05d}" for i in range(n)],
        }
    )  # fmt: skip
    frame["late_by_days"] = (TODAY - frame["order_by"]).dt.days.clip(lower=0)
    kept = frame["reason_code"] != "NONE_BUDGET"
    frame["cumulative_value"] = frame["line_value"].where(kept, 0).cumsum()
    return frame


def _alerts(products: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    some = products.head(max(len(products) // 4, 1)).reset_index(drop=True)
    n = len(some)
    risk = (some["rate"] * some["unit_cost"] * rng.uniform(0.3, 3, n)).round(2)
    action = {
        "OUT_NOW": "EXPEDITE",
        "OUT_BEFORE_RECEIPT": "ORDER",
        "ORDER_BY_SOON": "ORDER",
        "LATE_PO": "CHASE_SUPPLIER",
    }
    kind = np.array([ALERTS[i % len(ALERTS)] for i in range(n)])
    act_by = TODAY + pd.to_timedelta(rng.integers(-4, 8, n), "D")
    return pd.DataFrame(
        {
            "alert_id": [f"a{i:03d}" for i in range(n)], "type": kind,
            "severity": np.where(risk > np.quantile(risk, 0.8), "S1", np.where(risk > np.median(risk), "S2", "S3")),
            "sku": some["sku"], "name": some["name"], "name_zh": some["name_zh"], "money_at_risk": risk,
            "money_at_risk_p10": (risk * 0.5).round(2), "money_at_risk_p90": (risk * 1.7).round(2), "act_by": act_by,
            "late_by_days": (TODAY - act_by).days.to_numpy().clip(min=0), "action_code": [action.get(k, "MARKDOWN") for k in kind],
            "action_units": np.where(kind == "OUT_NOW", 60, np.nan), "alternative_code": np.where(np.isin(kind, ["EXCESS", "DEAD", "SURPLUS_ON_ORDER"]), "BUNDLE", "STOP_ADS"), "cause": "demand",
            "on_hand_units": rng.integers(0, 40, n), "cover_days": rng.uniform(0, 12, n).round(1),
        }
    )  # fmt: skip


def _projection(products: pd.DataFrame, orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    ordered = orders.set_index("sku")["order_units"]
    parts, periods = [], pd.date_range("2024-03-04", periods=HORIZON, freq="7D")
    for row in products.itertuples():
        start, weeks = rng.uniform(1, 6) * row.rate, np.arange(1, HORIZON + 1)
        order = float(ordered.get(row.sku, 0))
        without = np.maximum(start - weeks * row.rate * 0.7, 0)
        middle = np.maximum(start - weeks * row.rate * 0.7 + np.where(weeks >= 3, order, 0), 0)
        spread = row.rate * np.sqrt(weeks) * 0.8
        parts.append(
            pd.DataFrame(
                {
                    "sku": row.sku, "period": periods, "stock_p10": np.maximum(middle - spread, 0), "stock_p50": middle,
                    "stock_p90": middle + spread, "without_order_p50": without, "inbound_units": 0.0,
                    "order_units": np.where(weeks == 3, order, 0), "stockout_probability": np.clip(1 - middle / (3 * row.rate), 0, 1),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _evidence(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    periods = pd.date_range("2024-03-04", periods=HORIZON, freq="7D")
    budget = pd.DataFrame(
        {"limit": "budget", "period": periods, "used": np.linspace(20000, 9000, HORIZON), "available":
        20000.0,
         "unit": "CNY", "shadow_price": np.where(np.arange(HORIZON) < 2, 0.31, 0.0), "holds_from": 19000.0,
         "holds_to": 22400.0, "binding": np.arange(HORIZON) < 2}
    )  # fmt: skip
    storage = budget.assign(
        limit="storage",
        used=np.linspace(31, 44, HORIZON),
        available=60.0,
        unit="m3",
        shadow_price=0.0,
        binding=False,
    )
    costs = {"policy": (2100, 1500, 800), "min_max": (3600, 2900, 700), "days_of_cover": (2900, 3300, 900),
             "z_sigma": (3000, 2300, 850), "perfect_information": (1300, 0, 780)}  # fmt: skip
    backtest = pd.DataFrame(
        [
            {"policy": policy, "cost_kind": kind, "value": float(v), "low": v * 0.8, "high": v * 1.2,
             "fill_rate": 0.95, "cycle_service": 0.9, "average_stock_value": 41000.0, "turnover": 7.4}
            for policy, values in costs.items()
            for kind, v in zip(("holding", "lost_margin", "ordering"), values, strict=True)
        ]
    )  # fmt: skip
    savings = pd.DataFrame(
        {"source": ["holding", "lost_margin", "ordering", "total"], "policy_cost": [2100.0, 1500, 800, 4400],
         "rule_cost": [3600.0, 2900, 700, 7200], "saving": [1500.0, 1400, -100, 2800],
         "low": [900.0, 400, -220, 1300], "high": [2000.0, 2500, 15, 4300]}
    )  # fmt: skip
    frontier = pd.DataFrame(
        {"fill_rate": [0.88, 0.925, 0.951, 0.972, 0.985], "stock_value": [22000.0, 29500, 37800, 49000,
        67000],
         "label": ["×0.25", "×0.5", "×1", "×2", "×4"], "here": [False, False, True, False, False]}
    )  # fmt: skip
    return {
        "limits": pd.concat([budget, storage]),
        "backtest": backtest,
        "savings": savings,
        "frontier": frontier,
    }


def _forecasts(products: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    models = [
        "gradient_boosting",
        "exponential_smoothing",
        "linear_regression",
        "svr",
        "knn",
        "neural_network",
        "seasonal_naive",
    ]
    classes = ["smooth", "erratic", "intermittent", "lumpy"]
    scores = pd.DataFrame(
        [
            {"model": m, "demand_class": c, "metric": metric, "value": scale * (0.7 + 0.05 * i + 0.06 * j +
            rng.uniform(0, 0.1)), "n": 120} for i, m in enumerate(models) for j, c in enumerate(classes) for
            metric, scale in (("rmsse", 1), ("mae", 8))
        ]
    )  # fmt: skip
    past = pd.date_range("2023-11-06", periods=17, freq="7D")
    ahead = pd.date_range("2024-03-04", periods=HORIZON, freq="7D")
    history = products[["sku", "rate"]].merge(pd.DataFrame({"period": past}), how="cross")
    history["units"] = rng.poisson(history["rate"] * (1 + 0.3 * (history["period"] < "2024-01-01"))).astype(
        float
    )
    history["forecast"] = history["rate"] * rng.uniform(0.8, 1.25, len(history))
    history["model"], history["origin"] = "gradient_boosting", history["period"] - pd.Timedelta(weeks=2)
    forecast = products[["sku", "rate"]].merge(pd.DataFrame({"period": ahead}), how="cross")
    forecast = forecast.assign(
        mean=forecast["rate"], p10=forecast["rate"] * 0.5, p50=forecast["rate"] * 0.95, p90=forecast["rate"]
        * 1.7, model="gradient_boosting", reason="",
    )  # fmt: skip
    calibration = pd.DataFrame(
        {"demand_class": ["lumpy", "all", "all", "all"], "window_periods": 4, "level": ["P90", "P10", "P50", "P90"],
         "nominal": [0.9, 0.1, 0.5, 0.9], "covered": [0.84, 0.12, 0.52, 0.892], "low": [0.76, 0.09, 0.47, 0.861],
         "high": [0.9, 0.15, 0.57, 0.918], "n": [130, 480, 480, 480]}
    )  # fmt: skip
    total = forecast.groupby("period", as_index=False)["mean"].sum()
    return {
        "model_scores": scores, "calibration": calibration,
        "champions": pd.DataFrame({"demand_class": classes, "model": [models[0], models[0], models[1], models[6]]}),
        "forecast": forecast.drop(columns="rate"),
        "forecast_history": history[["origin", "sku", "period", "model", "units", "forecast"]],
        "forecast_total": pd.DataFrame({"period": ahead, "p10": total["mean"] * 0.8, "p50": total["mean"], "p90": total["mean"] * 1.25}),
    }  # fmt: skip


def _rest(products: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    n = len(products)
    kpis = pd.DataFrame(
        [
            ("stock_value", 41200, np.nan, np.nan, "CNY", 44900, np.nan, "down", "position"),
            ("weeks_of_cover", 5.4, np.nan, np.nan, "weeks", 5.9, 6, "down", "position"),
            ("expected_lost_margin", 3120, 1400, 5900, "CNY", 2800, np.nan, "down", "orders"),
            ("fill_rate", 0.941, 0.93, 0.95, "share", 0.927, 0.95, "up", "backtest"),
            ("ready_rate", 0.962, np.nan, np.nan, "share", 0.958, np.nan, "up", "panel"),
            ("excess_value", 8350, np.nan, np.nan, "CNY", 9100, 6000, "down", "position"),
            ("turnover", 7.4, np.nan, np.nan, "turns_per_year", 7.1, 8, "up", "backtest"),
            ("gmroi", 3.6, np.nan, np.nan, "per_year", 3.4, np.nan, "up", "backtest"),
            ("forecast_wape", 0.312, 0.29, 0.335, "share", 0.32, np.nan, "down", "model_scores"),
            ("forecast_bias", 0.021, -0.01, 0.05, "share", 0.03, 0.0, "down", "model_scores"),
            ("marginal_value_of_budget", 0.31, np.nan, np.nan, "CNY", 0.12, np.nan, "down", "limits"),
        ],
        columns=["kpi", "value", "low", "high", "unit", "previous", "target", "better", "table"],
    )  # fmt: skip
    economics = products[["sku", "name", "supplier_id", "unit_cost"]].assign(
        price=products["unit_cost"] * 2, holding_cost_per_unit_period=0.1, shortage_cost_per_unit=5.0,
        lost_share=0.8, order_cost=20.0, lead_time_days=products["supplier_id"].map({"S1": 14.0, "S2": 21.0,
        "S3": 30.0}), lead_time_sd_days=products["supplier_id"].map({"S1": 2.0, "S2": 4.0, "S3": 9.0}),
        lead_time_periods=2, review_period_periods=1, min_order_units=1, pack_units=1, volume_m3=0.002,
        assumed=np.where(np.arange(n) % 3 == 0, "volume_m3 order_cost", "order_cost"),
    )  # fmt: skip
    return {
        "kpis": kpis, "economics": economics,
        "position": pd.DataFrame({"sku": products["sku"], "on_hand_units": rng.integers(0, 90, n)}),
        "sku_segments": products[["sku"]].assign(abc=rng.choice(list("ABC"), n), xyz=rng.choice(list("XYZ"), n),
                                                 demand_class=rng.choice(["smooth", "lumpy"], n)),
        "ledger": pd.DataFrame({"table": ["sales", "sales", "sales"], "file": "sales.csv", "outcome": ["accepted", "changed", "rejected"],
                                "reason": ["", "date in another form", "units not a number"], "lines": [41200, 310, 12]}),
        "data_card": pd.DataFrame({"name": ["products", "periods", "stock-out share"], "value": [str(n), "130", "6.1 %"]}),
        "policy": products[["sku", "name"]].assign(policy="(s, S)", reorder_point=10.0, order_up_to_level=30.0),
    }  # fmt: skip


def make(n: int = 60, seed: int = 7) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    products = _products(n, rng)
    orders = _orders(products, rng)
    tables = {
        "orders": orders,
        "alerts": _alerts(products, rng),
        "projection": _projection(products, orders, rng),
    }
    tables |= _evidence(rng) | _forecasts(products, rng) | _rest(products, rng) | _explained(products)
    return tables | _record(products, rng)


def _explained(products: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What the replay is evidence of, the ladder of forecasts, and what drives each of them."""
    share = {"level": 3.2, "recent": 0.5, "season": 0.9, "promotion": -0.4, "price": 0.0, "past_errors": -0.2}
    explained = products[["sku", "rate"]].merge(pd.DataFrame({"driver": list(share)}), how="cross")
    explained["units"] = explained["rate"] * explained["driver"].map(share)
    steps = ["naive_sales", "naive_demand", "smoothing", "champion"]
    return {
        "backtest_notes": pd.DataFrame({"name": ["evidence"], "value": ["illustration"]}),
        "forecast_value_added": pd.DataFrame(
            {"demand_class": "all", "step": steps, "wape": [0.62, 0.55, 0.46, 0.41], "value_added_points":
             [np.nan, 7.0, 9.0, 5.0], "n": 480}
        ),
        "forecast_explanation": explained.drop(columns="rate").assign(model="gradient_boosting", periods=4),
    }  # fmt: skip


def _record(products: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """What the loop learned: models in money, looser limits, freed cash, plan, changes, alerts, drift."""
    n, day = len(products), pd.Timedelta(days=1)
    money = pd.DataFrame(
        {"model": ["gradient_boosting", "seasonal_naive", "svr"], "demand_class": "all", "extra_cost": [0.0, 310.0, 990.0],
         "cost": [8000.0, 8310.0, 8990.0], "standard_error_cost": [0.0, 120.0, 400.0], "pinball_critical": [0.3, 0.28, 0.4],
         "coverage_gap": [0.02, 0.03, 0.01], "rank_cost": [1, 2, 3], "rank_pinball": [2, 1, 3], "rank_calibration": [2, 3, 1],
         "n": 480, "chosen": [False, True, False]}
    )  # fmt: skip
    more = pd.DataFrame(
        {"limit": ["budget", "storage", "supplier_minimum"], "name": ["", "", "S2"], "unit": ["CNY", "m³", "CNY"],
         "available": [20000.0, 60.0, 500.0], "ordered": [19990.0, 31.0, 700.0], "binds": [True, False, False],
         "price": [0.31, 0.0, 0.0], "holds_from": [19000.0, 31.0, 0.0], "holds_to": [22400.0, np.inf, 700.0],
         "gain_one_more": [0.0, 0.0, 0.0], "gain_ten_percent": [512.0, 0.0, 0.0], "units_ten_percent": [90.0, 0.0, 0.0],
         "lines_ten_percent": [4, 0, 0], "first_sku": [products["sku"].iloc[0], "", ""]}
    )  # fmt: skip
    cash = (
        products[["sku"]]
        .head(14)
        .assign(
            action=["CANCEL_PO", "SELL_OFF"] * 7 if n >= 14 else "SELL_OFF",
            cash_freed=rng.uniform(50, 900, min(n, 14)),
        )
    )
    periods = pd.date_range("2023-12-04", periods=13, freq="7D")
    plan = pd.DataFrame({"measure": ["sales_units", "receipt_units", "stock_units"]}).merge(
        pd.DataFrame({"period": periods}), how="cross"
    )
    plan = plan.assign(planned=200.0, low=150.0, high=260.0, actual=rng.uniform(120, 290, len(plan)))
    plan["inside"] = plan["actual"].between(plan["low"], plan["high"])
    value = pd.DataFrame(
        {"by": ["all", "reason", "reason", "sku"], "name": ["all", "gut feeling", "", products["sku"].iloc[0]], "n": [9, 6, 3, 4],
         "changed_units": [120.0, 90.0, 30.0, 44.0], "value": [-800.0, -850.0, 50.0, -300.0], "low": [-1200.0, -1250.0, -40.0, -500.0],
         "high": [-400.0, -450.0, 140.0, -100.0], "verdict": ["harms", "harms", "unclear", "harms"]}
    )  # fmt: skip
    alerts = pd.DataFrame(
        [("recall", "count", 0.82, 0.7, 0.9, 55), ("recall", "money", 0.91, 0.8, 0.97, 55), ("precision", "count", 0.64, 0.5, 0.75, 70),
         ("lead_days", "days", 28.0, np.nan, np.nan, 45), ("alerts_per_review", "count", 7.5, np.nan, np.nan, 26)],
        columns=["measure", "basis", "value", "low", "high", "n"],
    )  # fmt: skip
    drift = pd.DataFrame(
        {"level": "product", "name": products["sku"], "measure": "mean", "statistic": 1.0, "limit": 4.0, "alarm": False,
         "stands": np.arange(n) % 10 == 0, "since": TODAY - 60 * day, "shift_units": rng.normal(0, 4, n), "observed": np.nan,
         "expected": np.nan, "n": 26, "false_alarm_probability": 0.01}
    )  # fmt: skip
    again = pd.DataFrame({"date": [TODAY - 60 * day, TODAY - 30 * day], "what": ["champion", "calibration"], "name": ["smooth", "all"], "why": ["scores", "drift"],
                          "before": ["svr", "0.84"], "after": ["knn", "0.91"]})  # fmt: skip
    lines = products[["sku", "supplier_id"]].assign(
        po_id=[f"P{i}" for i in range(n)], line_id="1", units_ordered=10.0, first_promised_date=TODAY - 30 * day, promised_date=TODAY - 9 * day,
        units_open=0.0, order_date=TODAY - 60 * day, status="completed",
    )  # fmt: skip
    receipts = lines[["po_id", "line_id"]].assign(
        receipt_date=[TODAY - (31 if i % 3 else 20) * day for i in range(n)],
        units_received=10.0,
        units_rejected=0.0,
    )
    suppliers = pd.DataFrame({"supplier_id": ["S1", "S2", "S3"], "name": ["Sunrise Toys Ltd", "宏达玩具厂", "Nordic Play"],
                              "order_min_value": [500.0, 500.0, np.nan]})  # fmt: skip
    price = pd.DataFrame({"review_date": TODAY, "multiple": [0.5, 1.0, 2.0], "past_cost": [900.0, 940.0, 990.0],
                          "gain": [40.0, 0.0, -50.0], "noise": [70.0, 0.0, 60.0], "chosen": [False, True, False]})  # fmt: skip
    return {
        "lost_unit_price": price, "model_value": money, "one_more_unit": more, "cash_actions": cash, "plan_actual": plan, "override_value": value,
        "alert_quality": alerts, "drift": drift, "recalibrations": again, "purchase_orders": lines, "receipts": receipts,
        "suppliers": suppliers,
    }  # fmt: skip


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., dict[str, pd.DataFrame]]:
    """make_tables(n=60, seed=7): every table of a run over n products."""
    return make


@pytest.fixture(scope="session")
def parameters() -> dict[str, Any]:
    return {
        "category": "toys", "product_category": "toys", "language": "en", "currency": "CNY", "period": "week",
        "horizon_periods": HORIZON, "budget": 36000.0, "fill_rate_target": 0.95, "seed": 42, "backtest_periods": 26, "sources": {"sales": "sales.csv"},
    }  # fmt: skip


@pytest.fixture(scope="session")
def run_info() -> dict[str, Any]:
    stages = [
        "01_ingest",
        "02_features",
        "03_model_comparison",
        "04_lp_optimization",
        "05_dp_optimization",
        "06_backtest",
    ]
    return {
        "generated_at": "2024-03-02 07:10", "data_through": "2024-03-01", "code_version": "0.1.0+abc1234",
        "seconds": {stage: 1.5 + i for i, stage in enumerate(stages)}, "status": dict.fromkeys(stages, "ok"), "errors": {},
        "versions": {"python": "3.11", "pandas": "3.0"}, "hashes": {"sales.csv": "ab" * 32},
        "parameter_origin": {"budget": "params/toys.yml", "seed": "default"},
        "sources": {"orders": ("05_dp_optimization", "orders"), "backtest": ("06_backtest", "backtest"),
                    "limits": ("04_lp_optimization", "limits"), "kpis": ("06_backtest", "kpis"), "position": ("04_lp_optimization", "position"),
                    "model_scores": ("03_model_comparison", "scores"), "savings": ("06_backtest", "savings")},
        "warnings": ["2 products have no cost; half of the price was assumed"],
        "previous": {"generated_at": "2024-02-24 07:02", "data_through": "2024-02-23", "order_value": 15200.0, "order_lines": 28,
                     "alerts": {"S1": 5, "S2": 3}, "kpis": {"fill_rate": 0.927}, "orders": {"T0001": 24, "T0002": 12}},
    }  # fmt: skip


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure is drawn, which is nearly all of a page's time; test_charts.py and the browser draw them."""
    for module in (charts, charts_forecast):
        for name, function in list(vars(module).items()):
            if hasattr(function, "__wrapped__"):  # decorated as a chart
                monkeypatch.setattr(module, name, lambda *args, **kwargs: None)
    for module in (evidence, decision_evidence):
        monkeypatch.setattr(module, "show", lambda fig, alt: Html(f'<img alt="{escape(alt)}" src="data:,">'))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium as Debian packages it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium found; install it with: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        running = p.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield running
        running.close()
