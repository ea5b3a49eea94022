"""The alerts as a file."""

from __future__ import annotations

import pandas as pd

from invnb.report.orders_file import csv_bytes

ALERT_COLUMNS = (
    "alert_id", "type", "severity", "sku", "name", "name_zh", "money_at_risk", "money_at_risk_p10",
    "money_at_risk_p90", "act_by", "late_by_days", "action_code", "action_units", "alternative_code", "cause",
    "on_hand_units", "cover_days",
)  # fmt: skip


def alerts_csv(alerts: pd.DataFrame) -> bytes:
    """Every alert with the agreed columns; columns that are missing stay empty.

    Examples
    --------
    >>> text = alerts_csv(pd.DataFrame({"alert_id": ["a1"], "name": ["+1"]})).decode("utf-8-sig")
    >>> text.splitlines()[1][:11]
    "a1,,,,'+1,,"
    """
    return csv_bytes(alerts.reindex(columns=list(ALERT_COLUMNS)))
