"""Economics of the sample by the default parameters, for the benchmarks."""

from __future__ import annotations

import pandas as pd

from invnb.decide.economics import build_economics
from invnb.params import Params

ASSUMED = (
    "holding_rate_per_year", "lost_share", "order_cost", "goodwill_cost_share", "lead_time_days",
    "unit_cost_share", "volume_m3_per_unit", "min_order_units", "pack_units",
)  # fmt: skip
PERIOD_DAYS = 7


def sample_economics(
    tables: dict[str, pd.DataFrame], panel: pd.DataFrame, until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Table `economics` by the default parameters, from all there is or from what was known on a day.

    Parameters
    ----------
    tables : canonical tables. `panel` : demand panel by week.
    until : last day looked at; None: all days.
    """
    orders, receipts = tables["purchase_orders"], tables["receipts"]
    if until is not None:
        orders, receipts = orders[orders["order_date"] <= until], receipts[receipts["receipt_date"] <= until]
        panel = panel[panel["period"] <= until]
    return build_economics(
        tables["products"], tables["item_supplier"], tables["suppliers"], orders, receipts, panel,
        period_days=PERIOD_DAYS, **Params().model_dump(include=set(ASSUMED)),
    )  # fmt: skip
