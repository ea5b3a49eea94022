"""Early warnings from the demand distribution: money at risk, the date to act by, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from invnb.forecast.scenarios import Scenarios


def find_alerts(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    orders: pd.DataFrame,
    products: pd.DataFrame,
    *,
    today: pd.Timestamp,
    fill_rate_target: float,
    money_floor: float | None = None,
) -> pd.DataFrame:
    """Table `alerts`: `alert_id`, `type`, `severity` (S1 to S4), `sku`, `name`, `name_zh`, `money_at_risk`,
    `money_at_risk_p10`, `money_at_risk_p90`, `act_by`, `late_by_days`, `action_code`, `action_units`,
    `alternative_code`, `cause`, `on_hand_units`, `cover_days`.
    """
    raise NotImplementedError
