"""KPIs with their exact definitions: ratios of a group are sums over sums, stock and sales both at cost."""

from __future__ import annotations

import pandas as pd


def kpi_table(
    panel: pd.DataFrame,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    stock_history: pd.DataFrame,
    *,
    orders: pd.DataFrame,
    limits: pd.DataFrame,
    inbound: pd.DataFrame,
    forecast_history: pd.DataFrame,
    fill_rate_target: float,
    budget: float | None,
    currency: str,
    period_days: int,
) -> pd.DataFrame:
    """Table `kpis`: `kpi`, `value`, `low`, `high`, `unit`, `previous`, `target`, `better`, `table`."""
    raise NotImplementedError
