"""What another parameter file would change: two runs held against each other in money, service and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TABLES = ("orders", "projection", "economics", "kpis", "backtest", "alerts")
"""The tables of a run that are compared."""
FIGURE_COLUMNS = ["area", "figure", "unit", "a", "b", "difference"]
ORDER_COLUMNS = ["sku", "name", "name_zh", "units_a", "units_b", "value_a", "value_b", "value_difference"]


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side; the difference is always b less a.

    Parameters
    ----------
    parameters : `parameter`, `a`, `b`: those that differ.
    figures : `area` (money, service, orders, key figure), `figure`, `unit`, `a`, `b`, `difference`.
    orders : one row per product whose order differs: `sku`, `name`, `name_zh`, `units_a`, `units_b`,
        `value_a`, `value_b`, `value_difference` (currency), the largest first.
    """

    parameters: pd.DataFrame
    figures: pd.DataFrame
    orders: pd.DataFrame


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of one run that are compared, from the folder of its tables."""
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}


def compare_runs(
    tables_a: Mapping[str, pd.DataFrame],
    tables_b: Mapping[str, pd.DataFrame],
    parameters_a: Mapping[str, Any],
    parameters_b: Mapping[str, Any],
) -> Comparison:
    """Compare two published runs.

    Parameters
    ----------
    tables_a, tables_b : the tables named in `TABLES`.
    parameters_a, parameters_b : parameters by name, as in `run.json`.

    Raises
    ------
    ValueError : the runs count money in two currencies.
    """
    currency = str(parameters_a["currency"])
    if parameters_b["currency"] != currency:
        raise ValueError(
            f"both runs must count money in one currency, got {currency} and {parameters_b['currency']}"
        )
    names = [name for name in parameters_a if name != "category"]
    changed = [
        (name, str(parameters_a[name]), str(parameters_b[name]))
        for name in names
        if parameters_a[name] != parameters_b[name]
    ]
    a, b = _figures(tables_a, currency), _figures(tables_b, currency)
    both = a.merge(b, on=["area", "figure", "unit"], how="outer", suffixes=("", "_b"), sort=False)
    both = both.rename(columns={"value": "a", "value_b": "b"})
    for name in ("figure", "area"):  # areas together, in each the figures as they came
        order = {key: place for place, key in enumerate(pd.concat([a, b])[name].drop_duplicates())}
        both = both.sort_values(name, key=lambda keys, order=order: keys.map(order), kind="stable")
    both = both.reset_index(drop=True)
    both["difference"] = both["b"] - both["a"]
    return Comparison(
        pd.DataFrame(changed, columns=["parameter", "a", "b"]),
        both[FIGURE_COLUMNS],
        _orders(tables_a["orders"], tables_b["orders"]),
    )


def _figures(tables: Mapping[str, pd.DataFrame], currency: str) -> pd.DataFrame:
    """Figures of one run: `area`, `figure`, `unit`, `value`."""
    orders, projection = tables["orders"], tables["projection"]
    placed = orders["order_units"] > 0
    cost = tables["economics"].set_index("sku")["unit_cost"]
    stock_value = projection["stock_p50"].clip(lower=0) * projection["sku"].map(cost)
    saved = (orders["value_per_money"] * orders["line_value"]).sum()
    rows: list[tuple[object, ...]] = [
        ("money", "order_value", currency, orders["line_value"].sum()),
        ("money", "saved_over_waiting", currency, saved),
        (
            "money",
            "lost_margin_avoided",
            currency,
            _sum(orders[placed], "expected_lost_margin_if_not_ordered"),
        ),
        ("money", "projected_stock_value", currency, stock_value.groupby(projection["period"]).sum().mean()),
        ("money", "money_at_risk", currency, _sum(tables["alerts"], "money_at_risk")),
        ("service", "stockout_probability", "share", projection["stockout_probability"].mean()),
        ("orders", "order_lines", "lines", placed.sum()),
        ("orders", "order_units", "units", orders["order_units"].sum()),
        ("orders", "lines_cut_by_a_limit", "lines", (~placed).sum()),
        ("orders", "alerts", "count", len(tables["alerts"])),
    ]
    policy = tables["backtest"].query("policy == 'policy' and cost_kind == 'total'")
    for row in policy.head(1).itertuples():
        rows += [
            ("money", "backtest_cost", currency, row.value),
            ("service", "backtest_fill_rate", "share", row.fill_rate),
            ("service", "backtest_cycle_service", "share", row.cycle_service),
            ("money", "backtest_stock_value", currency, row.average_stock_value),
        ]
    kpis = tables["kpis"]
    said = {row[1] for row in rows}
    rows += [
        ("key figure", str(row.kpi), str(row.unit), row.value)
        for row in kpis[kpis["value"].notna() & ~kpis["kpi"].isin(said)].itertuples()
    ]
    table = pd.DataFrame(rows, columns=["area", "figure", "unit", "value"]).astype({"value": float})
    return table.drop_duplicates(["area", "figure", "unit"])


def _sum(table: pd.DataFrame, column: str) -> float:
    return float(table[column].sum())


def _orders(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    columns = ["sku", "name", "name_zh", "order_units", "line_value"]
    a, b = a.reindex(columns=columns), b.reindex(columns=columns)
    both = a.merge(b, on="sku", how="outer", suffixes=("_a", "_b"))
    units = both[["order_units_a", "order_units_b"]].fillna(0.0)
    value = both[["line_value_a", "line_value_b"]].fillna(0.0)
    table = pd.DataFrame(
        {
            "sku": both["sku"].astype(str),
            "name": both["name_a"].fillna(both["name_b"]).to_numpy(),
            "name_zh": both["name_zh_a"].fillna(both["name_zh_b"]).to_numpy(),
            "units_a": units["order_units_a"].to_numpy(),
            "units_b": units["order_units_b"].to_numpy(),
            "value_a": value["line_value_a"].to_numpy(),
            "value_b": value["line_value_b"].to_numpy(),
        }
    )
    table["value_difference"] = table["value_b"] - table["value_a"]
    table = table[~np.isclose(table["units_a"], table["units_b"])]
    largest = table["value_difference"].abs()
    return (
        table.assign(largest=largest)
        .sort_values(["largest", "sku"], ascending=[False, True])
        .drop(columns="largest")
        .reset_index(drop=True)[ORDER_COLUMNS]
    )
