r"""The order of one review from joint demand paths: levels that follow the demand, then one step of rollout.

Levels. The order of the review before period ``t`` has to last for the ``L + R`` periods from ``t`` on, with
lead time ``L`` and review period ``R``. With the mean :math:`\mu_t` and standard deviation :math:`\sigma_t`
of their demand over the paths,

.. math:: s_t = \mu_t + z\,\sigma_t, \qquad S_t = s_t + Q, \qquad Q = \sqrt{2 K \bar D / h} ,

and the one number ``z`` is chosen that costs least when the rule is simulated on the paths (each path twice
in a row, the second time charged), with lost demand, backorders or any mix. So ``z`` is not the newsvendor's:
under lost sales with a lead time it is lower.

Rollout. Every size of the order placed now is simulated on the paths with that rule at all later reviews; the
cheapest replaces the rule's own order where it saves more than a standard error of the paired difference.
That is one step of policy improvement, and it recovers most of what base-stock rules lose to the optimum.

End of the horizon. With a steady demand ``D`` after it, an inventory position ``y`` left at the end costs

.. math:: \frac{h}{2 D} (S - y)^2, \quad \text{at most } K \text{ where } y < S ,

more than a position at ``S``: the relative value of the deterministic lot-size model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks
from invnb.inventory.order_terms import OrderTerms

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LOWEST_FACTOR, HIGHEST_FACTOR = -2.0, 6.0
"""Safety factors searched: beyond six standard deviations no set of paths says anything."""

FACTOR_STEPS = 12
"""Steps of the golden-section search: it ends at 0.04 standard deviations."""

BEYOND_NOISE = 1.0
"""Standard errors by which another order must save more than the rule's own. At 0 noise in the far tails adds
orders (1 to 4 % dearer at 160 to 1 between lost and held unit); at 2 a third of the gain is lost."""


@dataclass(frozen=True)
class PeriodLevels:
    """Levels of the review before each period of the paths; at or below s order up to S.

    Where a product is not worth stocking s is minus infinity.
    """

    reorder_point: Floats  # (n_product, n_period) s, whole units
    order_up_to_level: Floats  # (n_product, n_period) S, whole units
    safety_factor: Floats  # (n_product,) z; minus infinity where nothing is ever ordered
    gap_units: Floats  # (n_product,) Q = S - s
    expected_cost: Floats  # (n_product,) currency per period, the rule followed for ever


def period_levels(demand: ArrayLike, terms: OrderTerms, search_scenarios: int = 128) -> PeriodLevels:
    """Return levels by period that follow the demand, with the safety factor that costs least on the paths.

    Parameters
    ----------
    demand : (n_product, n_scenario, n_period), units, float32 or float64; scenarios joint over the periods.
    terms : from `order_terms`; packs and minimum play no part here.
    search_scenarios : about how many scenarios the search uses; means, deviations and the cost use all.

    Returns
    -------
    `PeriodLevels`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    Level as mean and deviation over lead time and review: Silver, Pyke and Thomas (2017), Inventory and
    Production Management in Supply Chains, 4th ed., section 6.9; chosen by simulated cost because no closed
    formula holds for lost sales with a lead time: Zipkin (2008), Operations Research 56(5).

    Examples
    --------
    Demand 3 a period, then 6: an order has to last for lead time and review, two periods.

    >>> paths = np.full((1, 2, 4), 3.0)
    >>> paths[:, :, 2:] = 6.0
    >>> from invnb.inventory.order_terms import order_terms
    >>> terms = order_terms(1, lead_time_periods=1, holding_cost_per_unit_period=1,
    ...                     shortage_cost_per_unit=9, lost_share=1)
    >>> period_levels(paths, terms).order_up_to_level.tolist()
    [[6.0, 9.0, 12.0, 9.0]]
    """
    from invnb.inventory import rollout_levels

    paths = checked_paths(demand, terms)
    shape = (len(paths), paths.shape[2])
    s, S, out = np.empty(shape), np.empty(shape), np.empty((len(paths), 3))
    rollout_levels.levels(
        paths,
        terms.lead_time_periods,
        terms.review_period_periods,
        terms.table(),
        LOWEST_FACTOR,
        HIGHEST_FACTOR,
        FACTOR_STEPS,
        checks.count("search_scenarios", search_scenarios),
        s,
        S,
        out,
    )
    return PeriodLevels(s, S, out[:, 0].copy(), out[:, 1].copy(), out[:, 2].copy())


def level_rise(demand: ArrayLike, window_periods: ArrayLike, safety_factor: ArrayLike) -> Floats:
    """Return how far the level of the review before each period lies above the first, (n_product, n_period).

    Parameters
    ----------
    demand : as in `period_levels`.
    window_periods : (n_product,), lead time plus review period.
    safety_factor : (n_product,), z of `period_levels`; 0 is returned where it is not finite.

    Examples
    --------
    >>> paths = np.full((1, 2, 4), 3.0)
    >>> paths[:, :, 2:] = 6.0
    >>> level_rise(paths, [2], [0.0])
    array([[0., 3., 6., 3.]])
    """
    from invnb.inventory import rollout_levels

    paths = checked_paths(demand)
    rise = np.zeros((len(paths), paths.shape[2]))
    window = checks.whole("window_periods", window_periods, least=1)
    rollout_levels.rises(paths, window, np.asarray(safety_factor, dtype=np.float64), rise)
    return rise


def first_orders(
    demand: ArrayLike,
    net_stock: ArrayLike,
    inbound: ArrayLike,
    reorder_point: Floats,
    order_up_to_level: Floats,
    terms: OrderTerms,
    beyond_noise: float = BEYOND_NOISE,
) -> Floats:
    """Return the order of this review, (n_product,) units in whole packs and at least the minimum, or 0.

    Parameters
    ----------
    demand : (n_product, n_scenario, n_period), units; where lead time and review reach beyond the last period
        the paths start again.
    net_stock : (n_product,), units; negative: waiting customers.
    inbound : (n_product, n_period), units on order by the period they arrive in.
    reorder_point, order_up_to_level : (n_product, n_period), the rule of all later reviews; a product whose
        first reorder point is minus infinity is not ordered.
    terms : from `order_terms`.
    beyond_noise : standard errors by which an order must save more than the rule's own to replace it.

    Raises
    ------
    ValueError : naming argument and shape.

    Source
    ------
    Rollout: Bertsekas, D. P. (2017), Dynamic Programming and Optimal Control, vol. 1, 4th ed., section 6.4.

    Examples
    --------
    >>> from invnb.inventory.order_terms import order_terms
    >>> terms = order_terms(1, lead_time_periods=1, holding_cost_per_unit_period=1,
    ...                     shortage_cost_per_unit=9, lost_share=1, pack_units=2)
    >>> level = np.full((1, 4), 6.0)
    >>> first_orders(np.full((1, 2, 4), 3.0), [4.0], np.zeros((1, 4)), level, level, terms)
    array([2.])
    """
    from invnb.inventory import rollout_kernels as kernels

    paths = checked_paths(demand, terms)
    out = np.empty(len(paths))
    kernels.orders(
        paths, *_state(paths, net_stock, inbound, reorder_point, order_up_to_level),
        terms.lead_time_periods, terms.review_period_periods, terms.table(), float(beyond_noise), out,
    )  # fmt: skip
    return out


@dataclass(frozen=True)
class FirstOrderValues:
    """Expected outcome of order sizes; arrays (n_product, n_candidate).

    The cover of an order are the periods between its arrival and that of the next review's order.
    """

    cost: Floats  # currency over the horizon, the position left at the end included
    lost_units: Floats  # over the horizon
    cover_unmet_units: Floats
    cover_demand_units: Floats
    cover_stockout_probability: Floats  # of any unmet demand in the cover


def first_order_values(
    demand: ArrayLike,
    candidate_units: ArrayLike,
    net_stock: ArrayLike,
    inbound: ArrayLike,
    reorder_point: Floats,
    order_up_to_level: Floats,
    terms: OrderTerms,
) -> FirstOrderValues:
    """Return what each size of the order placed now leads to, the rule followed at all later reviews.

    Parameters
    ----------
    candidate_units : (n_product, n_candidate), units ordered now.
        The others as in `first_orders`. All candidates of a product meet the same paths.

    Examples
    --------
    >>> from invnb.inventory.order_terms import order_terms
    >>> terms = order_terms(1, lead_time_periods=1, holding_cost_per_unit_period=1,
    ...                     shortage_cost_per_unit=9, lost_share=1)
    >>> level = np.full((1, 4), 6.0)
    >>> paths, nothing = np.full((1, 2, 4), 3.0), np.zeros((1, 4))
    >>> found = first_order_values(paths, [[0.0, 3.0]], [3.0], nothing, level, level, terms)
    >>> found.cost.tolist(), found.lost_units.tolist(), found.cover_stockout_probability.tolist()
    ([[30.0, 0.0]], [[3.0, 0.0]], [[1.0, 0.0]])
    """
    from invnb.inventory import rollout_kernels as kernels

    paths = checked_paths(demand, terms)
    units = np.ascontiguousarray(checks.nonnegative("candidate_units", candidate_units))
    if units.ndim != 2 or len(units) != len(paths):
        raise ValueError(f"candidate_units must have shape ({len(paths)}, n_candidate), got {units.shape}")
    out = np.empty((*units.shape, 5))
    kernels.values(
        paths, units, *_state(paths, net_stock, inbound, reorder_point, order_up_to_level),
        terms.lead_time_periods, terms.review_period_periods, terms.table(), out,
    )  # fmt: skip
    return FirstOrderValues(*np.moveaxis(out, 2, 0))


def idle_stockouts(
    demand: ArrayLike, net_stock: ArrayLike, inbound: ArrayLike, terms: OrderTerms
) -> tuple[Floats, Floats]:
    """Return P(unmet demand) if nothing is ordered: (n_product, n_period), and (n_product,) before a receipt.

    Customers who already wait do not count: only demand of the period itself that stock did not meet.

    Parameters
    ----------
    demand, net_stock, inbound, terms : as in `first_orders`.

    Examples
    --------
    >>> from invnb.inventory.order_terms import order_terms
    >>> terms = order_terms(1, lead_time_periods=1, holding_cost_per_unit_period=1,
    ...                     shortage_cost_per_unit=9, lost_share=1)
    >>> idle_stockouts([[[3.0, 3.0], [1.0, 1.0]]], [4.0], np.zeros((1, 2)), terms)
    (array([[0. , 0.5]]), array([0.]))
    """
    from invnb.inventory import rollout_kernels as kernels

    paths = checked_paths(demand, terms)
    n_product, _, n_period = paths.shape
    coming, net, _, _ = _state(
        paths, net_stock, inbound, np.zeros((n_product, n_period)), np.zeros((n_product, n_period))
    )
    out = np.empty((n_product, n_period + 1))
    kernels.idle_stockouts(paths, coming, net, terms.lost_share, terms.lead_time_periods, out)
    return out[:, :-1], out[:, -1]


def checked_paths(demand: ArrayLike, terms: OrderTerms | None = None) -> NDArray:
    """The demand as it is where it is float32 or float64, without a copy; refused where it is no demand."""
    paths = np.asarray(demand)
    if paths.dtype not in (np.float32, np.float64):
        paths = paths.astype(np.float64)
    if paths.ndim != 3 or paths.size == 0:
        raise ValueError(
            "demand must have shape (n_product, n_scenario, n_period) with at least one of each, "
            f"got {paths.shape}"
        )
    least, most = paths.min(), paths.max()
    if not (least >= 0 and np.isfinite(most)):
        checks.nonnegative("demand", paths)  # names the value and its place
    if terms is not None and len(terms.lead_time_periods) != len(paths):
        raise ValueError(f"terms must be of {len(paths)} products, got {len(terms.lead_time_periods)}")
    return np.ascontiguousarray(paths)


def _state(
    paths: NDArray, net_stock: ArrayLike, inbound: ArrayLike, s: Floats, S: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Inbound, net stock and levels, checked and in the shapes of the paths."""
    n_product, _, n_period = paths.shape
    coming = np.ascontiguousarray(checks.nonnegative("inbound", inbound))
    if coming.shape != (n_product, n_period):
        raise ValueError(
            f"inbound must have shape (n_product, n_period), {(n_product, n_period)}, got {coming.shape}"
        )
    net = np.array(checks.broadcast_to("net_stock", checks.finite("net_stock", net_stock), (n_product,)))
    low = checks.broadcast_to("reorder_point", s, (n_product, n_period))
    up_to = checks.broadcast_to("order_up_to_level", S, (n_product, n_period))
    return coming, net, np.ascontiguousarray(low), np.ascontiguousarray(up_to)
