"""The order plan of the whole horizon under shared limits: scenarios and economics in, tables out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from invnb.forecast.scenarios import Scenarios


@dataclass(frozen=True)
class OrderPlan:
    """Plan of all products over the horizon.

    Parameters
    ----------
    lp_plan : `sku`, `period`, `order_units` (placed at the review before the period), `expected_stock_units`,
        `expected_lost_units`.
    limits : `limit`, `period`, `used`, `available`, `unit`, `shadow_price` (currency saved per unit more),
        `holds_from`, `holds_to` (availability between which that price holds), `binding`.
    expected_cost : currency over the horizon.
    gap : proven distance to the best plan, as a share of its cost.
    """

    lp_plan: pd.DataFrame
    limits: pd.DataFrame
    expected_cost: float
    gap: float


def plan_orders(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    suppliers: pd.DataFrame,
    *,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
    seed: int,
    n_representative: int = 30,
) -> OrderPlan:
    """Least expected cost order plan under budget, storage, supplier minimum and packs.

    Parameters
    ----------
    scenarios : demand scenarios.
    economics, position, inbound : tables of the stage.
    suppliers : canonical table (`order_min_value`).
    budget : currency per review, or None.
    storage_m3 : m³, or None.
    currency : of all money.
    seed : of the choice of representative scenarios.
    n_representative : scenarios the plan is computed on.
    """
    raise NotImplementedError
