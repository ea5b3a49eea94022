"""What one review starts from: the shop as it stands, and what all its orders share."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from invnb.forecast.scenarios import Scenarios


@dataclass(frozen=True)
class ReviewState:
    """The shop on the day of a review.

    Parameters
    ----------
    scenarios : of demand; every table is read in the order of `scenarios.sku`.
    economics, position, inbound, policy, products : tables of the run, one row per product (`inbound`: per
        open order line).
    today : day of the review; the first period of the scenarios follows it.
    period_days : days in a period.
    """

    scenarios: Scenarios
    economics: pd.DataFrame
    position: pd.DataFrame
    inbound: pd.DataFrame
    policy: pd.DataFrame
    products: pd.DataFrame
    today: pd.Timestamp
    period_days: int


@dataclass(frozen=True)
class ReviewLimits:
    """What all orders of a review share: their suppliers, money and room.

    Parameters
    ----------
    suppliers : canonical table; `order_min_value` is the least a supplier takes, in currency.
    currency : of all money.
    budget : currency for this review, or None.
    storage_m3 : room in m³, or None.
    """

    suppliers: pd.DataFrame
    currency: str
    budget: float | None = None
    storage_m3: float | None = None
