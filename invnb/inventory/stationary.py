r"""Stationary (s, S) policies for backordered demand: exact, for any law and any lead time, many products
at once.

With lead time ``L`` and the event order of `invnb.inventory.simulation`, the inventory position after the
review,
``y``, decides the cost of the period in which that order is available,

.. math:: G(y) = h\,E(y - D_{L+1})^+ + b\,E(D_{L+1} - y)^+ ,

``D_{L+1}`` the demand of ``L + 1`` periods. The position itself moves by the demand ``D`` of one period,
so that
with the renewal densities :math:`m(0) = 1 / (1 - p_0)`, :math:`m(j) = \sum_{k=1}^{j} p_k m(j-k) / (1 - p_0)`
a policy that orders up to ``S`` when the position is at or below ``s`` costs per period

.. math:: c(s, S) = \frac{K + \sum_{j=0}^{S-s-1} m(j)\,G(S - j)}{\sum_{j=0}^{S-s-1} m(j)} .

The search stops by a condition, not by a tolerance: no ``S`` with :math:`G(S) > c` can be better (Zheng and
Federgruen 1991), so the answer is the optimum of the given law; the law itself ends where `tail` says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks
from invnb.inventory.demand import lead_time_demand_pmf

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LARGE_ORDER_PERIODS = 1.5
"""Orders worth more periods of demand than this need no cap in the power approximation."""


@dataclass(frozen=True)
class StationaryPolicy:
    """(s, S) and its cost; every array has the shape of the inputs, () for one product or (n_product,).

    Order up to `order_up_to_level` when the inventory position at a review is at or below `reorder_point`.
    """

    reorder_point: Whole  # s, units
    order_up_to_level: Whole  # S, units
    cost_per_period: Floats  # currency per period: holding, backorders, fixed


def stationary_s_S(  # noqa: N802 - the field's own name
    pmf: ArrayLike,
    *,
    holding_cost_per_unit_period: ArrayLike,
    backorder_cost_per_unit_period: ArrayLike,
    fixed_cost_per_order: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    lead_time_demand: ArrayLike | None = None,
) -> StationaryPolicy:
    """Return the (s, S) of least average cost; without a fixed cost the base stock S, with s = S - 1.

    Parameters
    ----------
    pmf : (n_atom,) or (n_product, n_atom), law of one period's demand, independent between periods.
    holding_cost_per_unit_period : h, currency per unit in stock at the end of a period, above zero.
    backorder_cost_per_unit_period : b, currency per unit waiting at the end of a period, above zero.
    fixed_cost_per_order : K, currency.
    lead_time_periods : L, whole periods, 0 or more.
        The four are scalars or (n_product,).
    lead_time_demand : (n_cover,) or (n_product, n_cover), law of the demand that an order has to cover, for a
        random lead time or demand that depends on the past; None for that of L + 1 independent periods.

    Returns
    -------
    `StationaryPolicy`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    Zheng, Y.-S. and Federgruen, A. (1991), Finding optimal (s, S) policies is about as simple as evaluating a
    single policy, Operations Research 39(4), 654-665.

    Examples
    --------
    Snyder and Shen (2019), example 4.7.

    >>> from invnb.inventory.demand import poisson_pmf
    >>> best = stationary_s_S(poisson_pmf(6), fixed_cost_per_order=5,
    ...                       holding_cost_per_unit_period=1, backorder_cost_per_unit_period=4)
    >>> int(best.reorder_point), int(best.order_up_to_level), round(float(best.cost_per_period), 7)
    (4, 10, 8.0341116)
    """
    laws, covers, cost, shape = _rows(
        pmf,
        holding_cost_per_unit_period,
        backorder_cost_per_unit_period,
        fixed_cost_per_order,
        lead_time_periods,
        lead_time_demand,
    )
    from invnb.inventory import stationary_kernels as kernels

    columns = kernels.best_policies(laws, covers, cost).T.reshape(3, *shape)
    return StationaryPolicy(columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2])


def s_S_cost(  # noqa: N802
    reorder_point: ArrayLike,
    order_up_to_level: ArrayLike,
    pmf: ArrayLike,
    *,
    holding_cost_per_unit_period: ArrayLike,
    backorder_cost_per_unit_period: ArrayLike,
    fixed_cost_per_order: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    lead_time_demand: ArrayLike | None = None,
) -> Floats:
    """Return the exact average cost per period of a given (s, S).

    Parameters
    ----------
    reorder_point, order_up_to_level : s < S, whole units; scalars or (n_product,).
    The others as in `stationary_s_S`.

    Returns
    -------
    Currency per period, () or (n_product,).

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    Zheng and Federgruen (1991), equations 4 to 6.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> round(float(s_S_cost(6, 40, poisson_pmf(10), holding_cost_per_unit_period=1,
    ...                      backorder_cost_per_unit_period=9, fixed_cost_per_order=64)), 3)
    35.022
    """
    laws, covers, cost, shape = _rows(
        pmf,
        holding_cost_per_unit_period,
        backorder_cost_per_unit_period,
        fixed_cost_per_order,
        lead_time_periods,
        lead_time_demand,
    )
    any_whole = np.iinfo(np.int64).min
    s, S = np.broadcast_arrays(
        checks.whole("reorder_point", reorder_point, any_whole),
        checks.whole("order_up_to_level", order_up_to_level, any_whole),
    )
    if np.any(s >= S):
        raise ValueError(
            f"reorder_point must be below order_up_to_level, got {s[s >= S][0]} and {S[s >= S][0]}"
        )
    shape = np.broadcast_shapes(shape, s.shape)
    n = int(np.prod(shape))

    from invnb.inventory import stationary_kernels as kernels

    return kernels.policy_costs(
        np.array(np.broadcast_to(laws, (n, laws.shape[1]))),
        np.array(np.broadcast_to(covers, (n, covers.shape[1]))),
        np.array(np.broadcast_to(cost, (n, 3))),
        np.array(np.broadcast_to(s, shape)).reshape(n),
        np.array(np.broadcast_to(S, shape)).reshape(n),
    ).reshape(shape)


def _rows(
    pmf: ArrayLike,
    holding: ArrayLike,
    backorder: ArrayLike,
    fixed: ArrayLike,
    lead_time: ArrayLike,
    lead_time_demand: ArrayLike | None,
) -> tuple[Floats, Floats, Floats, tuple[int, ...]]:
    """One row per product: laws of a period and of the periods to cover, costs; and the shape to return."""
    law = checks.probabilities("pmf", pmf)
    if lead_time_demand is None:
        cover = lead_time_demand_pmf(law, lead_time)
    else:
        cover = checks.probabilities("lead_time_demand", lead_time_demand)
    costs = checks.broadcast(
        holding_cost_per_unit_period=checks.positive("holding_cost_per_unit_period", holding),
        backorder_cost_per_unit_period=checks.positive("backorder_cost_per_unit_period", backorder),
        fixed_cost_per_order=checks.nonnegative("fixed_cost_per_order", fixed),
    )
    try:
        shape = np.broadcast_shapes(law.shape[:-1], cover.shape[:-1], costs[0].shape)
    except ValueError as error:
        raise ValueError(
            f"pmf, lead_time_demand and costs must describe the same products, got {law.shape[:-1]}, "
            f"{cover.shape[:-1]} and {costs[0].shape}"
        ) from error
    if len(shape) > 1:
        raise ValueError(f"pmf must have shape (n_atom,) or (n_product, n_atom), got {law.shape}")
    n = int(np.prod(shape))
    return (
        np.array(np.broadcast_to(law, (n, law.shape[-1]))),
        np.array(np.broadcast_to(cover, (n, cover.shape[-1]))),
        np.stack([np.broadcast_to(c, (n,)) for c in costs], axis=1),
        shape,
    )


@dataclass(frozen=True)
class ApproximatePolicy:
    """(s, S) of the power approximation, not rounded; arrays () or (n_product,), units.

    Where an order would be worth no more than 1.5 periods of demand, the plain formula overstates S; the
    paper then caps both levels at the base stock. Textbook examples often print the plain levels.
    """

    reorder_point: Floats  # s by the formula
    order_up_to_level: Floats  # S by the formula
    capped_reorder_point: Floats  # s, at most the base stock where S - s <= 1.5 periods of demand
    capped_order_up_to_level: Floats  # S, likewise


def power_approximation(
    mean: ArrayLike,
    sd: ArrayLike,
    *,
    holding_cost_per_unit_period: ArrayLike,
    backorder_cost_per_unit_period: ArrayLike,
    fixed_cost_per_order: ArrayLike,
    lead_time_periods: ArrayLike = 0,
) -> ApproximatePolicy:
    r"""Return (s, S) by the revised power approximation, from mean and standard deviation alone.

    .. math:: Q = 1.30\,\mu^{0.494} (K/h)^{0.506} (1 + \sigma_{L+1}^2/\mu^2)^{0.116}, \quad
       z = \sqrt{\frac{Q h}{\sigma_{L+1} b}}, \quad
       s = 0.973\,\mu_{L+1} + \sigma_{L+1} (0.183/z + 1.063 - 2.192 z), \quad S = s + Q ,

    both at most the base stock :math:`\mu_{L+1} + \Phi^{-1}(b/(b+h))\,\sigma_{L+1}` where :math:`Q \le 1.5
    \mu`.

    Parameters
    ----------
    mean, sd : of one period's demand, units, above zero.
    holding_cost_per_unit_period, backorder_cost_per_unit_period : currency per unit and period, above zero.
    fixed_cost_per_order : currency, above zero.
    lead_time_periods : whole periods, 0 or more; an order covers one more.
        All are scalars or (n_product,).

    Returns
    -------
    `ApproximatePolicy`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.

    Source
    ------
    Ehrhardt, R. and Mosier, C. (1984), A revision of the power approximation for computing (s, S) policies,
    Management Science 30(5), 618-622.

    Examples
    --------
    Snyder and Shen (2019), example 4.8.

    >>> near = power_approximation(50, 8, fixed_cost_per_order=2.5,
    ...                            holding_cost_per_unit_period=0.18, backorder_cost_per_unit_period=0.7)
    >>> round(float(near.reorder_point), 4), round(float(near.order_up_to_level), 4)
    (40.1946, 74.2902)
    """
    from scipy import special

    mu, sigma, h, b, K, L = checks.broadcast(
        mean=checks.positive("mean", mean),
        sd=checks.positive("sd", sd),
        holding_cost_per_unit_period=checks.positive(
            "holding_cost_per_unit_period", holding_cost_per_unit_period
        ),
        backorder_cost_per_unit_period=checks.positive(
            "backorder_cost_per_unit_period", backorder_cost_per_unit_period
        ),
        fixed_cost_per_order=checks.positive("fixed_cost_per_order", fixed_cost_per_order),
        lead_time_periods=checks.whole("lead_time_periods", lead_time_periods),
    )
    cover_mean, cover_sd = (L + 1) * mu, np.sqrt(L + 1) * sigma
    Q = 1.30 * mu**0.494 * (K / h) ** 0.506 * (1 + cover_sd**2 / mu**2) ** 0.116
    z = np.sqrt(Q * h / (cover_sd * b))
    s = 0.973 * cover_mean + cover_sd * (0.183 / z + 1.063 - 2.192 * z)
    base_stock = cover_mean + special.ndtri(b / (b + h)) * cover_sd
    cap = np.where(Q / mu > LARGE_ORDER_PERIODS, np.inf, base_stock)
    return ApproximatePolicy(s, s + Q, np.minimum(s, cap), np.minimum(s + Q, cap))
