"""One call from state to order: scenarios, stock, orders on the way and economics in, orders out.

The arrays of all products are handled together; `invnb.decide.orders` dresses the result as the table a
planner reads, and `invnb.decide.backtest` calls the same function at every review of the past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.decide.first_order import Levels, column, first_order_costs, order_sizes, round_up, unmet
from invnb.decide.limits import Limit, cut_to_limits
from invnb.decide.supplier_minimum import meet_supplier_minimums
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.policy import policy_levels
from invnb.inventory.simulation import Trajectories, trajectories

Costs = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Review:
    """The orders of one review. Arrays are (n_sku,) unless said; money in currency, expected over scenarios.

    Parameters
    ----------
    wanted_units : order up to the level: what the policy asks for, before packs and minimum.
    full_units : the same in whole packs and at least the minimum, or 0 where not ordering costs less.
    order_units : what is ordered: `full_units` less what limits cut, more where a supplier's minimum asks.
    binding_limit : name of the limit that changed the order, or "".
    limit_price : currency given up per unit of each limit.
    valued_units : the size the values below are for: `order_units`, or `full_units` where all of it was cut.
    expected_cost : holding, shortage and ordering over the horizon: `valued_units` now, the policy later.
    expected_cost_without : the same with no order now.
    lost_units, lost_units_without : expected over the horizon, with `valued_units` and without an order now.
    marginal_value_last_unit : cost with one pack less (or nothing, where the minimum order allows no less),
        minus cost with `valued_units`, per unit.
    stockout_probability : of unmet demand before this order could arrive.
    stockout_by_period : (n_sku, n_period), probability of unmet demand in each period if nothing is ordered.
    without : what happens on each path if nothing is ordered, now or later.
    """

    wanted_units: np.ndarray
    full_units: np.ndarray
    order_units: np.ndarray
    binding_limit: np.ndarray
    limit_price: dict[str, float]
    valued_units: np.ndarray
    expected_cost: np.ndarray
    expected_cost_without: np.ndarray
    lost_units: np.ndarray
    lost_units_without: np.ndarray
    marginal_value_last_unit: np.ndarray
    stockout_probability: np.ndarray
    stockout_by_period: np.ndarray
    without: Trajectories


def levels_from_scenarios(demand: np.ndarray, economics: pd.DataFrame) -> Levels:
    """(s, S) of every product that is best on its demand paths, under lead time, lost sales and order cost.

    Parameters
    ----------
    demand : (n_sku, n_scenario, n_period), units.
    economics : table `economics`, one row per product in the order of `demand`.
    """
    best = policy_levels(
        demand,
        economics["lead_time_periods"].to_numpy(int),
        holding_cost_per_unit_period=column(economics, "holding_cost_per_unit_period"),
        shortage_cost_per_unit=column(economics, "shortage_cost_per_unit"),
        lost_share=column(economics, "lost_share"),
        backorder_cost_per_unit_period=column(economics, "backorder_cost_per_unit_period"),
        fixed_cost_per_order=column(economics, "order_cost"),
        review_period_periods=economics["review_period_periods"].to_numpy(int),
    )
    return Levels(best.reorder_point, best.order_up_to_level, best.expected_cost)


def review_orders(
    demand: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
    limits: list[Limit] | None = None,
    supplier_min_value: dict[str, float] | None = None,
) -> Review:
    """Orders of this review for every product, and what each is worth.

    What the policy wants (up to its level) becomes whole packs and at least the minimum order, or nothing at
    all, whichever costs less on the scenarios with the policy followed at every later review. Where shared
    limits do not hold, the packs that earn least per unit of the limit are cut.

    Parameters
    ----------
    demand : (n_sku, n_scenario, n_period), units, scenarios joint over the periods; the first period is next.
    net_stock_units : (n_sku,), free stock; negative: backorders.
    inbound_units : (n_sku, n_period), units on order by the period they arrive in.
    economics : table `economics`, one row per product in the order of the arrays.
    levels : policy of every product, e.g. from `levels_from_scenarios`.
    limits : what the orders of this review share; None for nothing.
    supplier_min_value : least value of an order by supplier, currency; needs `supplier_id` in `economics`.

    Returns
    -------
    Review. Orders are whole packs, at least the minimum or 0, and within every limit (checked).

    Raises
    ------
    ValueError : shapes that do not fit; RuntimeError : a limit or a pack is not kept.

    Examples
    --------
    Twelve units in stock, three sold a period, lead time 1: the level 6 asks for nothing yet.

    >>> economics = pd.DataFrame({"holding_cost_per_unit_period": [1.0], "shortage_cost_per_unit": [9.0],
    ...     "backorder_cost_per_unit_period": [0.9], "lost_share": [1.0], "order_cost": [0.0],
    ...     "lead_time_periods": [1], "review_period_periods": [1], "min_order_units": [1.0],
    ...     "pack_units": [1.0], "unit_cost": [5.0]})
    >>> level = np.array([6.0])
    >>> flat = np.full((1, 2, 4), 3.0)
    >>> policy = Levels(level, level, np.zeros(1))
    >>> review_orders(flat, np.array([12.0]), np.zeros((1, 4)), economics, policy).order_units.tolist()
    [0.0]
    >>> review_orders(flat, np.array([3.0]), np.zeros((1, 4)), economics, policy).order_units.tolist()
    [3.0]
    """
    _check_shapes(demand, net_stock_units, inbound_units, economics)
    limits = limits or []
    pack, minimum = column(economics, "pack_units"), column(economics, "min_order_units")

    def costs(rows: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return first_order_costs(
            demand[rows],
            sizes,
            net_stock_units[rows],
            inbound_units[rows],
            economics.iloc[rows],
            levels.take(rows),
        )

    position = net_stock_units + inbound_units.sum(axis=1)
    below = position <= levels.reorder_point
    wanted = np.where(below, np.maximum(levels.order_up_to_level - position, 0.0), 0.0)
    full = up_or_not_at_all(round_up(wanted, pack, minimum), costs)
    final, binding, price = _within_limits(full, pack, minimum, costs, limits)
    if supplier_min_value:
        final, changed = meet_supplier_minimums(
            final,
            economics["supplier_id"].to_numpy(),
            supplier_min_value,
            column(economics, "unit_cost"),
            pack,
            minimum,
            lambda rows, sizes: costs(rows, sizes)[0],
            limits,
        )
        binding = np.where(changed != "", changed, binding)
    _check_orders(final, pack, minimum, limits)

    valued = np.where(final > 0, final, full)
    less = np.where(valued - pack >= minimum, valued - pack, 0.0)
    cost, lost = costs(np.arange(len(valued)), np.stack([np.zeros_like(valued), less, valued], axis=1))
    without = trajectories(
        fixed_orders(0.0),
        demand,
        initial_on_hand=net_stock_units,
        pipeline=inbound_units,
        lost_share=column(economics, "lost_share"),
    )
    stockout = unmet(without, net_stock_units)
    lead = economics["lead_time_periods"].to_numpy(int)
    before_receipt = np.arange(demand.shape[2]) < lead[:, None]
    return Review(
        wanted_units=wanted,
        full_units=full,
        order_units=final,
        binding_limit=binding,
        limit_price=price,
        valued_units=valued,
        expected_cost=cost[:, 2],
        expected_cost_without=cost[:, 0],
        lost_units=lost[:, 2],
        lost_units_without=lost[:, 0],
        marginal_value_last_unit=(cost[:, 1] - cost[:, 2]) / np.maximum(valued - less, 1.0),
        stockout_probability=(stockout & before_receipt[:, None, :]).any(axis=2).mean(axis=1),
        stockout_by_period=stockout.mean(axis=1),
        without=without,
    )


def up_or_not_at_all(rounded_units: np.ndarray, costs: Costs) -> np.ndarray:
    """The rounded order where ordering it costs less than waiting for the next review, else 0; (n_sku,).

    Parameters
    ----------
    rounded_units : (n_sku,), units in whole packs and at least the minimum.
    costs : function of products and order sizes, see `first_order_costs`.
    """
    units = np.zeros_like(rounded_units)
    rows = np.flatnonzero(rounded_units > 0)
    if rows.size:
        size = rounded_units[rows]
        cost, _ = costs(rows, np.stack([np.zeros_like(size), size], axis=1))
        units[rows] = np.where(cost[:, 1] < cost[:, 0], size, 0.0)
    return units


def _within_limits(
    full: np.ndarray, pack: np.ndarray, minimum: np.ndarray, costs: Costs, limits: list[Limit]
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Orders within the limits; the price of each size is only worked out where a limit asks for it."""
    final, binding = full.copy(), np.full(len(full), "", dtype=object)
    if all(float(limit.use_per_unit @ full) <= limit.available for limit in limits):
        return final, binding, dict.fromkeys((limit.name for limit in limits), 0.0)
    rows = np.flatnonzero(full > 0)
    sizes = order_sizes(full[rows], pack[rows], minimum[rows])
    choice = (sizes < full[rows, None]).sum(axis=1)
    mine = [replace(limit, use_per_unit=limit.use_per_unit[rows]) for limit in limits]
    allocation = cut_to_limits(sizes, costs(rows, sizes)[0], choice, mine)
    final[rows] = sizes[np.arange(len(rows)), allocation.choice]
    binding[rows] = allocation.binding_limit
    return final, binding, allocation.price


def _check_shapes(
    demand: np.ndarray, net_stock_units: np.ndarray, inbound_units: np.ndarray, economics: pd.DataFrame
) -> None:
    n_sku, _, n_period = demand.shape
    for name, have, want in [
        ("net_stock_units", net_stock_units.shape, (n_sku,)),
        ("inbound_units", inbound_units.shape, (n_sku, n_period)),
        ("economics", (len(economics),), (n_sku,)),
    ]:
        if have != want:
            raise ValueError(f"{name} must have the shape {want} to fit demand {demand.shape}, got {have}")


def _check_orders(units: np.ndarray, pack: np.ndarray, minimum: np.ndarray, limits: list[Limit]) -> None:
    """No fractional pack, no order below its minimum, no limit exceeded: what a planner must never see."""
    packs = units / pack
    if np.any(np.abs(packs - np.round(packs)) > 1e-6) or np.any((units > 0) & (units < minimum - 1e-6)):
        raise RuntimeError("an order is not a whole number of packs or is below its minimum")
    for limit in limits:
        used = float(limit.use_per_unit @ units)
        if used > limit.available * (1 + 1e-9) + 1e-9:
            raise RuntimeError(
                f"orders use {used:g} {limit.unit} of {limit.name}, {limit.available:g} available"
            )
