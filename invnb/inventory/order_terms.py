"""Terms on which each product is ordered, for `invnb.inventory.rollout`: costs, times, packs."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class OrderTerms:
    """What orders of each product cost and how they come; from `order_terms`. Arrays are (n_product,)."""

    lead_time_periods: Whole
    review_period_periods: Whole
    holding_cost_per_unit_period: Floats
    shortage_cost_per_unit: Floats
    backorder_cost_per_unit_period: Floats
    fixed_cost_per_order: Floats
    lost_share: Floats
    pack_units: Floats
    min_order_units: Floats

    def take(self, rows: ArrayLike) -> OrderTerms:
        """The same for some of the products."""
        return OrderTerms(*(getattr(self, field.name)[rows] for field in fields(self)))

    def table(self) -> Floats:
        """Costs, pack and minimum as the compiled loops want them, (n_product, 7)."""
        return np.ascontiguousarray(
            np.stack([getattr(self, field.name) for field in fields(self)[2:]], axis=1)
        )


def order_terms(
    n_product: int,
    *,
    lead_time_periods: ArrayLike,
    holding_cost_per_unit_period: ArrayLike,
    shortage_cost_per_unit: ArrayLike,
    lost_share: ArrayLike,
    backorder_cost_per_unit_period: ArrayLike | None = None,
    fixed_cost_per_order: ArrayLike = 0.0,
    review_period_periods: ArrayLike = 1,
    pack_units: ArrayLike = 1.0,
    min_order_units: ArrayLike = 0.0,
) -> OrderTerms:
    """Check the terms of `n_product` products and spread scalars over them.

    Parameters
    ----------
    lead_time_periods : whole periods; an order of the review before period t is available in t + lead time.
    holding_cost_per_unit_period : currency per unit in stock at the end of a period.
    shortage_cost_per_unit : currency per unit lost (a lost margin: the purchase is saved).
    lost_share : share of unmet demand that is lost, 0 to 1; the rest waits.
    backorder_cost_per_unit_period : currency per unit waiting at the end of a period; None takes
        `shortage_cost_per_unit`.
    fixed_cost_per_order : currency per order.
    review_period_periods : whole periods between reviews; the first is now.
    pack_units, min_order_units : pack multiple, above 0, and smallest order, units.

    Returns
    -------
    `OrderTerms`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Examples
    --------
    >>> terms = order_terms(2, lead_time_periods=[1, 2], holding_cost_per_unit_period=1,
    ...                     shortage_cost_per_unit=9, lost_share=1)
    >>> terms.lead_time_periods.tolist(), terms.backorder_cost_per_unit_period.tolist()
    ([1, 2], [9.0, 9.0])
    """
    if backorder_cost_per_unit_period is None:
        backorder_cost_per_unit_period = shortage_cost_per_unit

    def spread(name: str, value: ArrayLike) -> Floats:
        return np.array(checks.broadcast_to(name, value, (n_product,)))

    def whole(name: str, value: ArrayLike, least: int) -> Whole:
        return spread(name, checks.whole(name, value, least)).astype(np.int64)

    def money(name: str, value: ArrayLike) -> Floats:
        return spread(name, checks.nonnegative(name, value))

    return OrderTerms(
        whole("lead_time_periods", lead_time_periods, 0),
        whole("review_period_periods", review_period_periods, 1),
        money("holding_cost_per_unit_period", holding_cost_per_unit_period),
        money("shortage_cost_per_unit", shortage_cost_per_unit),
        money("backorder_cost_per_unit_period", backorder_cost_per_unit_period),
        money("fixed_cost_per_order", fixed_cost_per_order),
        spread("lost_share", checks.share("lost_share", lost_share)),
        spread("pack_units", checks.positive("pack_units", pack_units)),
        money("min_order_units", min_order_units),
    )
