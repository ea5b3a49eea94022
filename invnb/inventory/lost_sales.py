r"""Lost sales with a lead time: the exact optimal policy, and the simple rules with their gap to it.

Timing. In period ``t`` the stock ``x`` (orders due have arrived) meets demand ``D``; ``h (x - D)^+ + p (D -
x)^+`` is charged; the order placed before that, at the review which closes period ``t - 1``, is available
in ``t + L``. That is Zipkin's (2008) numbering too: his order of the start of ``t`` is the order of the
review just before it. A unit cost ``c`` needs no argument: charge ``p - c`` per lost unit and add ``c E D``
to the cost.

State and reduction. With ``x`` the stock and ``x_1, ..., x_{L-1}`` the orders on the way, the relative
values ``v`` and the optimal average cost ``g`` solve

.. math:: g + v(x, x_1, \ldots) = C(x) + \min_z E\, v\bigl((x - D)^+ + x_1, x_2, \ldots, x_{L-1}, z\bigr) .

Let :math:`\bar S_k` be the smallest level with :math:`P(D_{k+1} \le \bar S_k) \ge p / (p + h)` for the
demand of ``k + 1`` periods. An optimal order never lifts the last ``k + 1`` orders above :math:`\bar S_k`,
nor stock and all orders above :math:`\bar S_L` (Morton 1969); only states and orders within these limits
are tabulated.

Stopping rule. Modified policy iteration; after each improvement step ``w = T v``

.. math:: \min_i (w_i - v_i) \le g \le \max_i (w_i - v_i) ,

and it stops when the two are no more than `tolerance` apart (Odoni 1969; Puterman 1994, section 8.5). The
cost returned is their middle, the `bound` half their distance. Fixed policies are evaluated by the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks

Floats = NDArray[np.float64]
Orders = NDArray[np.int16]

TOLERANCE = 1e-6
"""Distance of the bounds on the average cost at which iteration stops, currency per period."""

MAX_ITERATIONS = 10_000
"""Steps after which iteration stops in any case; the result carries the bound achieved."""

MAX_TABLE_CELLS = 30_000_000
"""Largest table of states; beyond it exact recursion is refused."""

N_FOLLOW = 5
"""Steps with a fixed policy between two improvement steps: a matter of speed alone."""


@dataclass(frozen=True)
class LostSalesPolicy:
    """A policy for lost sales with a lead time, with the bound within which its cost is known."""

    name: str
    cost_per_period: float  # currency
    bound: float  # half the distance between the lower and the upper bound of cost_per_period
    iterations: int
    lead_time_periods: int
    largest_order: int  # units
    orders: Orders  # (n_pipe, n_stock) units; -1 where the state lies outside the limits
    order_up_to_level: int | None = None  # units, for base-stock rules
    order_cap: int | None = None  # units, for the capped base stock

    def order_units(self, stock: ArrayLike, pipeline: ArrayLike = ()) -> NDArray[np.int64]:
        """Return the orders for given states.

        Parameters
        ----------
        stock : units at hand before demand, orders due included; any shape.
        pipeline : that shape and a last axis of lead time - 1, units arriving in the next periods, soonest
        first.

        Returns
        -------
        Units, in the shape of `stock`.

        Raises
        ------
        ValueError : for a state outside the policy's limits.
        """
        x = checks.whole("stock", stock)
        on_way = checks.whole("pipeline", pipeline)
        if on_way.shape != (*x.shape, self.lead_time_periods - 1):
            raise ValueError(
                f"pipeline must have shape {(*x.shape, self.lead_time_periods - 1)}, got {on_way.shape}"
            )
        powers = (self.largest_order + 1) ** np.arange(self.lead_time_periods - 2, -1, -1)
        pipe = on_way @ powers.astype(np.int64)
        inside = (on_way <= self.largest_order).all(axis=-1) & (x < self.orders.shape[1])
        units = self.orders[np.where(inside, pipe, 0), np.where(inside, x, 0)].astype(np.int64)
        if np.any(~inside | (units < 0)):
            raise ValueError(
                "stock and pipeline must lie within the policy's limits, got a state beyond them"
            )
        return units


@dataclass(frozen=True)
class LostSalesProblem:
    """One product with lost sales and a lead time; build it with `lost_sales_problem`."""

    law: Floats  # (n_atom,) probability of 0, 1, ... units wanted in a period
    lead_time_periods: int
    holding_cost_per_unit_period: float
    shortage_cost_per_unit: float
    limits: NDArray[np.int64]  # (lead time + 1,) units, largest sums of orders in a row; the last with stock

    def tables(self, n_stock: int) -> tuple[Floats, Floats]:
        """Expected cost of a period, and P(D >= x), for stock x = 0 .. n_stock - 1 before demand."""
        law = np.zeros(max(n_stock, len(self.law)))
        law[: len(self.law)] = self.law
        beyond = np.append(1.0, 1.0 - np.cumsum(law))[:n_stock]
        short = np.append(np.cumsum(np.maximum(1.0 - np.cumsum(law), 0.0)[::-1])[::-1], 0.0)[:n_stock]
        left = np.arange(n_stock) - self.law @ np.arange(len(self.law)) + short
        cost = self.holding_cost_per_unit_period * left + self.shortage_cost_per_unit * short
        return cost, np.maximum(beyond, 0.0)


def lost_sales_problem(
    pmf: ArrayLike,
    *,
    lead_time_periods: int,
    holding_cost_per_unit_period: float,
    shortage_cost_per_unit: float,
) -> LostSalesProblem:
    """Check and bundle one product with lost sales, for the functions of this module.

    Parameters
    ----------
    pmf : (n_atom,), law of one period's demand, independent between periods.
    lead_time_periods : whole periods, 1 or more (at 0 the newsvendor level is optimal); tables grow with its
        power, so beyond 4 only slow movers fit.
    holding_cost_per_unit_period : currency per unit in stock at the end of a period, above zero.
    shortage_cost_per_unit : currency per unit lost, above zero.

    Returns
    -------
    `LostSalesProblem`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed; also where the table would be too
    large.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                    shortage_cost_per_unit=4).limits.tolist()
    [7, 13, 18]
    """
    law = checks.probabilities("pmf", pmf)
    if law.ndim != 1:
        raise ValueError(f"pmf must have shape (n_atom,), got {law.shape}")
    lead_time = checks.count("lead_time_periods", lead_time_periods)
    h = float(checks.positive("holding_cost_per_unit_period", holding_cost_per_unit_period))
    p = float(checks.positive("shortage_cost_per_unit", shortage_cost_per_unit))
    limits, sums = np.empty(lead_time + 1, dtype=np.int64), np.ones(1)
    for k in range(lead_time + 1):
        sums = np.convolve(sums, law)
        limits[k] = np.searchsorted(np.cumsum(sums), p / (p + h) * sums.sum())
    check_cells(int(limits[0]), int(limits[-1]), lead_time)
    return LostSalesProblem(law, lead_time, h, p, limits)


def check_cells(largest_order: int, level: int, lead_time: int) -> None:
    """Refuse a table of states that would not fit in memory."""
    cells = (largest_order + 1) ** (lead_time - 1) * (level + 1)
    if cells > MAX_TABLE_CELLS:
        raise ValueError(
            f"pmf and lead_time_periods must give at most {MAX_TABLE_CELLS:,} states, got {cells:,}; "
            "count demand in larger units or use policy_levels"
        )


def optimal_policy(problem: LostSalesProblem, tolerance: float = TOLERANCE) -> LostSalesPolicy:
    """Return the policy of least average cost, exactly.

    Parameters
    ----------
    problem : from `lost_sales_problem`.
    tolerance : distance of the bounds at which iteration stops, currency per period.

    Returns
    -------
    `LostSalesPolicy` named "optimal".

    Raises
    ------
    ValueError : where `tolerance` is not above zero.

    Source
    ------
    Zipkin, P. (2008), Old and new methods for lost-sales inventory systems, Operations Research 56(5),
    1256-1263; limits of the state: Morton, T. (1969), Bounds on the solution of the lagged optimal inventory
    equation with no demand backlogging and proportional costs, SIAM Review 11(4), 572-596.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> round(optimal_policy(problem).cost_per_period, 5)
    4.3953
    """
    from invnb.inventory import lost_sales_kernels as kernels

    cost, beyond = problem.tables(int(problem.limits[-1]) + 1)
    orders, _, low, high, n = kernels.solve(
        cost,
        problem.law,
        beyond,
        problem.limits,
        problem.lead_time_periods,
        float(checks.positive("tolerance", tolerance)),
        N_FOLLOW,
        MAX_ITERATIONS,
    )
    return LostSalesPolicy(
        "optimal",
        (low + high) / 2,
        (high - low) / 2,
        n,
        problem.lead_time_periods,
        int(problem.limits[0]),
        orders,
    )


def path_costs(problem: LostSalesProblem, policy: LostSalesPolicy, demand: ArrayLike) -> Floats:
    """Return the mean cost per period of a policy on each demand path, from an empty start.

    Parameters
    ----------
    problem, policy : the same lead time.
    demand : (n_path, n_period), whole units; the same array for two policies compares them by common random
        numbers.

    Returns
    -------
    (n_path,) currency per period.

    Raises
    ------
    ValueError : naming argument, value or shape.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> demand = np.random.default_rng(1).poisson(5, (100, 1000))
    >>> round(float(path_costs(problem, optimal_policy(problem), demand).mean()), 1)
    4.4
    """
    from invnb.inventory import lost_sales_kernels as kernels

    paths = checks.whole("demand", demand).astype(np.float64)
    if paths.ndim != 2 or paths.size == 0:
        raise ValueError(f"demand must have shape (n_path, n_period), got {paths.shape}")
    if policy.lead_time_periods != problem.lead_time_periods:
        raise ValueError(
            f"policy must have the lead time of the problem, {problem.lead_time_periods}, "
            f"got {policy.lead_time_periods}"
        )
    return kernels.path_costs(
        policy.orders,
        paths,
        policy.largest_order + 1,
        problem.lead_time_periods,
        problem.holding_cost_per_unit_period,
        problem.shortage_cost_per_unit,
    )
