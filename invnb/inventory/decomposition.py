"""Large order plans: prices on the few shared limits split the plan into one small problem per product."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from invnb.inventory.plan import Plan
from invnb.inventory.plan_model import Limit


def plan_by_prices(
    demand: ArrayLike,
    *,
    unit_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    initial_stock: ArrayLike = 0.0,
    pipeline: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    salvage_value: ArrayLike | None = None,
    budget: ArrayLike | None = None,
    unit_volume: ArrayLike | None = None,
    storage: ArrayLike | None = None,
    limits: Sequence[Limit] = (),
    relative_gap: float = 1e-5,
    time_limit_seconds: float = 60.0,
) -> Plan:
    """Plan orders of tens of thousands of products under a few shared limits, with a certified bound.

    The arguments are those of `plan` with one forecast per product, (n_product, n_period), lost sales and no whole
    numbers.
    """
    raise NotImplementedError
