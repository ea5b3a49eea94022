r"""Simulation of order policies: products x paths x periods, compiled, on demand that is handed in.

Order of events. Column ``t`` of the demand is period ``t``. The review that closes period ``t - 1`` (for ``t
= 0``: today's) places an order; with lead time ``L`` it is available in period ``t + L``, before that
period's demand. Then demand occurs; unmet units are lost (``lost_share``) or wait; stock and backlog left
are charged. So an order placed at the review of period ``t`` is available in period ``t + L + 1``, and it
has to cover the demand of ``L + 1`` periods.

Because demand is an argument, two policies simulated on the same array are compared by common random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks
from invnb.inventory.order_policies import OrderPolicy

Floats = NDArray[np.float64]

CONSERVATION_TOLERANCE = 1e-9
"""Largest share of the units handled that rounding may create or destroy on a path."""


@dataclass(frozen=True)
class SimulationResult:
    """What each product did on each path; every array is (n_product, n_path).

    Costs are currency over the whole horizon, discounted; units are pieces over the whole horizon;
    `served_units` were sold from stock in the period they were wanted.
    """

    holding_cost: Floats
    shortage_cost: Floats
    fixed_cost: Floats
    purchase_cost: Floats
    demand_units: Floats
    served_units: Floats
    lost_units: Floats
    ordered_units: Floats
    received_units: Floats
    average_stock_units: Floats
    average_backlog_units: Floats
    n_orders: Floats
    stockout_periods: Floats
    cycle_service: Floats  # share of replenishment cycles (receipt to receipt) without unmet demand
    end_stock_units: Floats
    end_backlog_units: Floats
    end_pipeline_units: Floats
    conservation_error_units: float  # largest |units in - units out| over products and paths
    n_period: int

    @property
    def total_cost(self) -> Floats:
        """Holding, shortage, fixed and purchase cost together."""
        return self.holding_cost + self.shortage_cost + self.fixed_cost + self.purchase_cost

    @property
    def fill_rate(self) -> Floats:
        """Share of demanded units served from stock at once; 1 where nothing was wanted."""
        wanted = np.where(self.demand_units > 0, self.demand_units, 1.0)
        return np.where(self.demand_units > 0, self.served_units / wanted, 1.0)


@dataclass(frozen=True)
class Trajectories:
    """What happened in each period; every array is (n_product, n_path, n_period), units."""

    end_stock_units: Floats
    end_backlog_units: Floats
    ordered_units: Floats
    received_units: Floats
    lost_units: Floats


def simulate(
    policy: OrderPolicy,
    demand: ArrayLike,
    *,
    lead_time_periods: ArrayLike = 0,
    initial_on_hand: ArrayLike = 0.0,
    pipeline: ArrayLike | None = None,
    holding_cost_per_unit_period: ArrayLike = 0.0,
    shortage_cost_per_unit: ArrayLike = 0.0,
    backorder_cost_per_unit_period: ArrayLike | None = None,
    fixed_cost_per_order: ArrayLike = 0.0,
    unit_cost: ArrayLike = 0.0,
    lost_share: ArrayLike = 0.0,
    review_period_periods: ArrayLike = 1,
    discount: float = 1.0,
) -> SimulationResult:
    """Run a policy on given demand and return costs, units and service per product and path.

    Parameters
    ----------
    policy : an `OrderPolicy`, built in `invnb.inventory.order_policies`.
    demand : (n_product, n_path, n_period), units, zero or more.
    lead_time_periods : whole periods, 0 or more; scalar, (n_product,), or (n_product, n_path, n_period) for a
        lead time drawn for the order of each review (see `draw_lead_times`). A later order never arrives
        before an earlier one: it waits for it.
    initial_on_hand : scalar or (n_product,), units before the first review; negative is backlog.
    pipeline : (n_product, n_period), units on order by the period in which they arrive; None for nothing.
        These arrive as said, and new orders do not wait for them.
    holding_cost_per_unit_period : currency per unit in stock at the end of a period.
    shortage_cost_per_unit : currency per unit lost.
    backorder_cost_per_unit_period : currency per unit waiting at the end of a period; None takes
        `shortage_cost_per_unit`.
    fixed_cost_per_order, unit_cost : currency per order and per unit ordered. Leave `unit_cost` at 0 where
        the shortage cost is a lost margin (price - cost): a lost sale then carries the saved purchase
        already.
    lost_share : share of unmet demand that is lost, 0 (all waits) to 1 (all lost); the rest waits.
    review_period_periods : whole periods between reviews, the first one before period 0.
    discount : value of one currency unit a period later, 0 < discount <= 1.
        The costs and shares above are scalars or (n_product,).

    Returns
    -------
    `SimulationResult`.

    Raises
    ------
    ValueError : naming argument, value or shape, and what is allowed.
    RuntimeError : if units were created or destroyed (checked on every run).

    Examples
    --------
    Demand 3 a period, base stock 6, lead time 1: the order of each review arrives a period later.

    >>> from invnb.inventory.order_policies import base_stock_policy
    >>> run = simulate(base_stock_policy(6), [[[3.0, 3.0, 3.0]]], lead_time_periods=1, initial_on_hand=6,
    ...                holding_cost_per_unit_period=2)
    >>> run.holding_cost.item(), run.fill_rate.item()
    (6.0, 1.0)
    """
    if backorder_cost_per_unit_period is None:
        backorder_cost_per_unit_period = shortage_cost_per_unit
    costs = {
        "holding_cost_per_unit_period": holding_cost_per_unit_period,
        "shortage_cost_per_unit": shortage_cost_per_unit,
        "backorder_cost_per_unit_period": backorder_cost_per_unit_period,
        "fixed_cost_per_order": fixed_cost_per_order,
        "unit_cost": unit_cost,
    }
    if not 0 < discount <= 1:
        raise ValueError(f"discount must be above 0 and at most 1, got {discount}")
    wanted = _paths(demand)
    summary, error = _run(
        policy,
        wanted,
        np.empty((5, 0, 0, 0)),
        lead_time_periods,
        initial_on_hand,
        pipeline,
        costs,
        lost_share,
        review_period_periods,
        discount,
    )
    n_period = wanted.shape[2]
    return SimulationResult(
        holding_cost=summary[..., 0],
        shortage_cost=summary[..., 1],
        fixed_cost=summary[..., 2],
        purchase_cost=summary[..., 3],
        demand_units=summary[..., 4],
        served_units=summary[..., 5],
        lost_units=summary[..., 6],
        ordered_units=summary[..., 7],
        received_units=summary[..., 8],
        average_stock_units=summary[..., 9] / n_period,
        average_backlog_units=summary[..., 10] / n_period,
        n_orders=summary[..., 11],
        stockout_periods=summary[..., 12],
        cycle_service=1.0 - summary[..., 14] / summary[..., 13],
        end_stock_units=summary[..., 15],
        end_backlog_units=summary[..., 16],
        end_pipeline_units=summary[..., 17],
        conservation_error_units=error,
        n_period=n_period,
    )


def trajectories(
    policy: OrderPolicy,
    demand: ArrayLike,
    *,
    lead_time_periods: ArrayLike = 0,
    initial_on_hand: ArrayLike = 0.0,
    pipeline: ArrayLike | None = None,
    lost_share: ArrayLike = 0.0,
    review_period_periods: ArrayLike = 1,
) -> Trajectories:
    """Run a policy as `simulate` does and return stock, backlog, orders, receipts and losses period by
    period.

    Parameters
    ----------
    As in `simulate`; costs play no part.

    Returns
    -------
    `Trajectories`: five arrays (n_product, n_path, n_period), units. Column t of the orders is placed at the
    review that closes period t - 1.

    Raises
    ------
    ValueError, RuntimeError : as in `simulate`.

    Examples
    --------
    >>> from invnb.inventory.order_policies import fixed_orders
    >>> path = trajectories(fixed_orders([[5, 0, 5]]), [[[3.0, 3.0, 3.0]]], lead_time_periods=1, lost_share=1)
    >>> path.end_stock_units.ravel().tolist(), path.lost_units.ravel().tolist()
    ([0.0, 2.0, 0.0], [3.0, 0.0, 1.0])
    """
    wanted = _paths(demand)
    trace = np.empty((5, *wanted.shape))
    _run(
        policy,
        wanted,
        trace,
        lead_time_periods,
        initial_on_hand,
        pipeline,
        {},
        lost_share,
        review_period_periods,
        1.0,
    )
    return Trajectories(*trace)


def draw_lead_times(
    probabilities: ArrayLike, n_path: int, n_period: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw a lead time for every possible order, by product, path and review.

    Parameters
    ----------
    probabilities : (n_product, n_lead) or (n_lead,): probability of lead times of 0, 1, 2, ... periods.
    n_path, n_period : paths and periods to draw.
    rng : source of randomness.

    Returns
    -------
    (n_product, n_path, n_period) whole periods, independent; `simulate` removes crossing.

    Raises
    ------
    ValueError : where probabilities are negative or do not sum to one.

    Examples
    --------
    >>> draw_lead_times([0.0, 1.0], 2, 3, np.random.default_rng(1)).tolist()
    [[[1, 1, 1], [1, 1, 1]]]
    """
    cdf = np.atleast_2d(checks.probabilities("probabilities", probabilities)).cumsum(axis=1)[:, :-1]
    uniform = rng.random((len(cdf), checks.count("n_path", n_path), checks.count("n_period", n_period)))
    drawn = np.zeros(uniform.shape, dtype=np.int64)
    for column in range(cdf.shape[1]):
        drawn += uniform >= cdf[:, column, None, None]
    return drawn


def _paths(demand: ArrayLike) -> Floats:
    """The demand as a checked, contiguous (n_product, n_path, n_period) array."""
    wanted = np.ascontiguousarray(checks.nonnegative("demand", demand))
    if wanted.ndim != 3 or wanted.size == 0:
        raise ValueError(f"demand must have shape (n_product, n_path, n_period), got {wanted.shape}")
    return wanted


def _run(
    policy: OrderPolicy,
    demand: Floats,
    trace: Floats,
    lead_time_periods: ArrayLike,
    initial_on_hand: ArrayLike,
    pipeline: ArrayLike | None,
    costs: dict[str, ArrayLike],
    lost_share: ArrayLike,
    review_period_periods: ArrayLike,
    discount: float,
) -> tuple[Floats, float]:
    """Check, spread to full shapes, run the kernel and check the conservation of units."""
    n_product, _, n_period = demand.shape

    def per_product(name: str, value: ArrayLike) -> Floats:
        return np.array(checks.broadcast_to(name, value, (n_product,)))

    def per_period(name: str, value: ArrayLike) -> Floats:
        array = checks._numbers(name, value)
        if np.isnan(array).any():
            raise ValueError(f"{name} must not be NaN")
        if array.ndim == 1:
            array = checks.broadcast_to(name, array, (n_product,))[:, None]
        return np.array(checks.broadcast_to(name, array, (n_product, n_period)))

    lead_time = checks.whole("lead_time_periods", lead_time_periods)
    if lead_time.ndim < 3:
        lead_time = lead_time.reshape(-1, 1, 1)
    if lead_time.ndim > 3 or any(n not in (1, m) for n, m in zip(lead_time.shape, demand.shape, strict=True)):
        raise ValueError(
            f"lead_time_periods must be a scalar, ({n_product},) or {demand.shape}, got {lead_time.shape}"
        )
    lead_time = np.repeat(lead_time, n_product // len(lead_time), axis=0)
    review_period = checks.whole("review_period_periods", review_period_periods, least=1)
    on_hand = per_product("initial_on_hand", checks.finite("initial_on_hand", initial_on_hand))
    on_order = np.zeros((n_product, n_period))
    if pipeline is not None:
        given = checks.nonnegative("pipeline", pipeline)
        if given.shape != on_order.shape:
            raise ValueError(
                f"pipeline must have shape (n_product, n_period), {on_order.shape}, got {given.shape}"
            )
        on_order += given
    cost = np.zeros((n_product, 5))
    for column, (name, value) in enumerate(costs.items()):
        cost[:, column] = per_product(name, checks.nonnegative(name, value))

    from invnb.inventory import simulation_kernels as kernels

    summary = kernels.run(
        demand,
        lead_time,
        on_hand,
        on_order,
        per_period("planned_orders", checks.nonnegative("planned_orders", policy.planned_orders)),
        per_period("reorder_point", policy.reorder_point),
        per_period("order_up_to_level", policy.order_up_to_level),
        per_product("order_cap", checks.nonnegative_or_infinite("order_cap", policy.order_cap)),
        per_product("min_order_units", checks.nonnegative("min_order_units", policy.min_order_units)),
        per_product("pack_units", checks.nonnegative("pack_units", policy.pack_units)),
        np.array(np.broadcast_to(review_period, (n_product,))),
        cost,
        per_product("lost_share", checks.share("lost_share", lost_share)),
        discount,
        trace,
    )
    net = summary[..., kernels.END_STOCK] - summary[..., kernels.END_BACKLOG]
    sold_or_waiting = summary[..., kernels.DEMAND] - summary[..., kernels.LOST]
    stock_error = on_hand[:, None] + summary[..., kernels.RECEIVED] - sold_or_waiting - net
    ordered = on_order.sum(axis=1)[:, None] + summary[..., kernels.ORDERED]
    order_error = ordered - summary[..., kernels.RECEIVED] - summary[..., kernels.END_PIPELINE]
    handled = 1.0 + np.abs(on_hand)[:, None] + ordered + summary[..., kernels.DEMAND]
    error = np.maximum(np.abs(stock_error), np.abs(order_error))
    if np.any(error > CONSERVATION_TOLERANCE * handled):
        raise RuntimeError(
            f"units were not conserved: {error.max():.6g} units appeared or vanished on a path"
        )
    return summary, float(error.max())
