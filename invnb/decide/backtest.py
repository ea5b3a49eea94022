"""The decision, replayed: our policy, the rules people use today and perfect information, on one demand."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Backtest:
    """Replay of the last periods.

    Parameters
    ----------
    backtest : `policy` (policy, min_max, days_of_cover, z_sigma, perfect_information), `cost_kind` (holding,
        lost_margin, ordering, total), `value`, `low`, `high` (currency over the replay, 95 %
        block bootstrap), `fill_rate`, `cycle_service`, `average_stock_value`, `turnover`.
    savings : `source` (cost kind), `policy_cost`, `rule_cost` (of the best rule), `saving`, `low`, `high`.
    frontier : `label`, `fill_rate`, `stock_value`, `here`.
    notes : `name`, `value`: what the replay assumed.
    """

    backtest: pd.DataFrame
    savings: pd.DataFrame
    frontier: pd.DataFrame
    notes: pd.DataFrame


def run_backtest(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    sku_segments: pd.DataFrame,
    champions: pd.DataFrame,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    *,
    backtest_periods: int,
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
) -> Backtest:
    """Replay the last `backtest_periods` with a fresh forecast at each review."""
    raise NotImplementedError
