r"""Reorder points and order-up-to levels for many products at once, from joint demand paths.

For product ``i`` with lead time ``L`` the levels minimise the mean cost per period over the scenarios

.. math:: \min_{s \le S} \frac1{NT} \sum_{n=1}^{N} \sum_{t=1}^{T}
   \bigl[ h\,x_{nt}^+ + p\,\text{lost}_{nt} + b\,x_{nt}^- + (K + c\,q_{nt}) 1\{q_{nt} > 0\} \bigr]

along each path, with the event order of `invnb.inventory.simulation`, for lost demand, backorders and any
mix, any lead time. All candidates of a product see the same paths (common random numbers). Each path is run
twice in a row and only the second run is charged, so that no initial stock has to be assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks

Floats = NDArray[np.float64]

GAP_FACTORS = np.geomspace(0.2, 4.0, 14)
"""Order sizes S - s tried first, in economic order quantities; whole units are refined from the best."""


@dataclass(frozen=True)
class PolicyLevels:
    """Levels per product; every array is (n_product,).

    Order up to `order_up_to_level` when the inventory position at a review is at or below `reorder_point`.
    """

    reorder_point: Floats  # s, whole units
    order_up_to_level: Floats  # S, whole units
    expected_cost: Floats  # currency per period, mean over scenarios and periods
    cost_standard_error: Floats  # of expected_cost, over scenarios
    n_evaluations: NDArray[np.int64]  # candidates tried


def policy_levels(
    demand: ArrayLike,
    lead_time_periods: ArrayLike,
    *,
    holding_cost_per_unit_period: ArrayLike,
    shortage_cost_per_unit: ArrayLike,
    lost_share: ArrayLike,
    backorder_cost_per_unit_period: ArrayLike | None = None,
    fixed_cost_per_order: ArrayLike = 0.0,
    unit_cost: ArrayLike = 0.0,
    review_period_periods: ArrayLike = 1,
    search_scenarios: int = 200,
) -> PolicyLevels:
    """Return (s, S) per product, or a base stock where the fixed cost is zero, that is best on the scenarios.

    Parameters
    ----------
    demand : (n_product, n_scenario, n_period), units, zero or more; scenarios are joint over the periods.
    lead_time_periods : (n_product,) or scalar, whole periods; an order placed at the review of period t is
        available in period t + lead time + 1.
    holding_cost_per_unit_period : currency per unit in stock at the end of a period.
    shortage_cost_per_unit : currency per unit lost.
    lost_share : share of unmet demand that is lost, 0 to 1; the rest waits.
    backorder_cost_per_unit_period : currency per unit waiting at the end of a period; None takes
        `shortage_cost_per_unit`.
    fixed_cost_per_order, unit_cost : currency per order and per unit ordered. Leave `unit_cost` at 0 where
        the shortage cost is a lost margin (price - cost): a lost sale then carries the saved purchase
        already.
    review_period_periods : whole periods between reviews.
        All of these are scalars or (n_product,).
    search_scenarios : about how many scenarios the search over the whole range uses; the neighbourhood of its
        answer is then searched on all. Fewer are faster: 64 save two thirds of the time with a fixed cost.

    Returns
    -------
    `PolicyLevels`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    Convexity of the lost-sales cost in the base stock on every path: Janakiraman, G. and Roundy, R. (2004),
    Lost-sales problems with stochastic lead times, Operations Research 52(5). Bound of the level by that of
    the backorder system: Zipkin, P. (2008), Operations Research 56(5).

    Examples
    --------
    >>> levels = policy_levels(np.full((1, 2, 4), 3.0), 1, holding_cost_per_unit_period=1,
    ...                        shortage_cost_per_unit=9, lost_share=1)
    >>> levels.order_up_to_level.tolist(), levels.expected_cost.tolist()
    ([6.0], [0.0])
    """
    paths = np.ascontiguousarray(checks.nonnegative("demand", demand))
    if paths.ndim != 3 or paths.size == 0:
        raise ValueError(
            "demand must have shape (n_product, n_scenario, n_period) with at least one of each, "
            f"got {paths.shape}"
        )
    n_product = len(paths)
    if backorder_cost_per_unit_period is None:
        backorder_cost_per_unit_period = shortage_cost_per_unit
    costs = {
        "holding_cost_per_unit_period": holding_cost_per_unit_period,
        "shortage_cost_per_unit": shortage_cost_per_unit,
        "backorder_cost_per_unit_period": backorder_cost_per_unit_period,
        "fixed_cost_per_order": fixed_cost_per_order,
        "unit_cost": unit_cost,
    }
    cost = np.empty((n_product, len(costs)))
    for column, (name, value) in enumerate(costs.items()):
        cost[:, column] = checks.broadcast_to(name, checks.nonnegative(name, value), (n_product,))
    lead_time = checks.whole("lead_time_periods", lead_time_periods)
    review_period = checks.whole("review_period_periods", review_period_periods, least=1)
    lost = checks.share("lost_share", lost_share)

    from invnb.inventory import policy_kernels as kernels

    columns = kernels.levels(
        paths,
        checks.broadcast_to("lead_time_periods", lead_time, (n_product,)).astype(np.int64),
        checks.broadcast_to("review_period_periods", review_period, (n_product,)).astype(np.int64),
        cost,
        np.array(checks.broadcast_to("lost_share", lost, (n_product,))),
        GAP_FACTORS,
        checks.count("search_scenarios", search_scenarios),
    ).T
    return PolicyLevels(columns[0], columns[1], columns[2], columns[3], columns[4].astype(np.int64))
