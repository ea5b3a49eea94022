"""One call from state to order: scenarios, stock, orders on the way and economics in, orders out.

The arrays of all products are handled together; `invnb.decide.orders` dresses the result as the table a
planner reads, and `invnb.decide.backtest` calls the same function at every review of the past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.decide.first_order import (
    Levels,
    column,
    dearer_shortage,
    order_sizes,
    order_values,
    sizes_around,
    terms_of,
)
from invnb.decide.limits import Limit, cut_to_limits
from invnb.decide.supplier_minimum import meet_supplier_minimums
from invnb.inventory.rollout import FirstOrderValues, first_orders, idle_stockouts, period_levels

Values = Callable[[np.ndarray, np.ndarray], FirstOrderValues]
MAX_PASSES = 4  # over ever finer order sizes where a limit cuts


@dataclass(frozen=True)
class Review:
    """The orders of one review. Arrays are (n_sku,) unless said; money in currency, expected over scenarios.

    Parameters
    ----------
    wanted_units : the best order in single units: what it would be without packs and minimum.
    full_units : the best order in whole packs and at least the minimum, or 0.
    order_units : what is ordered: `full_units` less what limits cut, more where a supplier's minimum asks.
    binding_limit : name of the limit that changed the order, or "".
    limit_price : currency that one more unit of each limit would save.
    valued_units : the size the values below are for: `order_units`, or `full_units` where all of it was cut.
    expected_cost : holding, shortage and ordering over the horizon: `valued_units` now, the policy later.
    expected_cost_without : the same with no order now.
    lost_units, lost_units_without : expected over the horizon, with `valued_units` and without an order now.
    marginal_value_last_unit : cost with one pack less (or nothing, where the minimum order allows no less),
        minus cost with `valued_units`, per unit.
    fill_rate, cycle_service : expected share of demand met, and probability that all of it is, in the periods
        that this order and no later one serves; with `valued_units`.
    fill_rate_without, cycle_service_without : the same with no order now.
    stockout_probability : of unmet demand before this order could arrive.
    stockout_by_period : (n_sku, n_period), probability of unmet demand in each period if nothing is ordered.
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
    fill_rate: np.ndarray
    cycle_service: np.ndarray
    fill_rate_without: np.ndarray
    cycle_service_without: np.ndarray
    stockout_probability: np.ndarray
    stockout_by_period: np.ndarray


def levels_from_scenarios(
    demand: np.ndarray, economics: pd.DataFrame, shortage_multiple: float = 1.0
) -> Levels:
    """Levels of every product that follow its demand, with the safety factor of least simulated cost.

    Lead time, lost sales, backorders and order cost are those of `economics`; see `invnb.inventory.rollout`.

    Parameters
    ----------
    demand : (n_sku, n_scenario, n_period), units.
    economics : table `economics`, one row per product in the order of `demand`.
    shortage_multiple : factor on the costs of lost and waiting units when levels and orders are chosen, as
        learned from past reviews (`invnb.decide.lost_unit_price`); what they are said to cost stays.
    """
    best = period_levels(demand, terms_of(dearer_shortage(economics, shortage_multiple)))
    up_to = best.order_up_to_level
    return Levels(
        best.reorder_point[:, 0],
        best.order_up_to_level[:, 0],
        best.expected_cost,
        up_to - up_to[:, :1],
        best.safety_factor,
        shortage_multiple,
    )


def best_orders(
    demand: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
) -> np.ndarray:
    """The order of this review for each product by itself, (n_sku,): whole packs, at least the minimum, or 0.

    The policy's own order, unless another size saves more than noise on the same paths (one step of rollout).

    Parameters
    ----------
    As in `review_orders`.

    Examples
    --------
    >>> economics = pd.DataFrame({"holding_cost_per_unit_period": [1.0], "shortage_cost_per_unit": [9.0],
    ...     "backorder_cost_per_unit_period": [0.9], "lost_share": [1.0], "order_cost": [0.0],
    ...     "lead_time_periods": [1], "review_period_periods": [1], "min_order_units": [1.0],
    ...     "pack_units": [6.0]})
    >>> paths = np.full((1, 2, 4), 3.0)
    >>> best_orders(paths, np.array([3.0]), np.zeros((1, 4)), economics,
    ...             levels_from_scenarios(paths, economics))
    array([6.])
    """
    s, S = levels.by_period(demand.shape[2])
    terms = terms_of(dearer_shortage(economics, levels.shortage_multiple))
    return first_orders(demand, net_stock_units, inbound_units, s, S, terms)


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

    Every product takes its best order (`best_orders`). Where shared limits do not hold, they get prices and
    the packs that earn least for them are cut (`limits.cut_to_limits`). A supplier below its least order
    value is topped up or dropped, whichever costs less.

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

    def values(rows: np.ndarray, sizes: np.ndarray) -> FirstOrderValues:
        if len(rows) == len(demand):
            return order_values(demand, sizes, net_stock_units, inbound_units, economics, levels)
        some = (demand[rows], sizes, net_stock_units[rows], inbound_units[rows])
        return order_values(*some, economics.iloc[rows], levels.take(rows))

    full = best_orders(demand, net_stock_units, inbound_units, economics, levels)
    wanted = _in_single_units(full, demand, net_stock_units, inbound_units, economics, levels)
    final, binding, price = _within_limits(full, pack, minimum, values, limits)
    if supplier_min_value:
        orderable = np.isfinite(levels.reorder_point)
        final, changed = meet_supplier_minimums(
            final,
            economics["supplier_id"].astype(object).where(orderable, "").to_numpy(),
            supplier_min_value,
            column(economics, "unit_cost"),
            pack,
            minimum,
            lambda rows, sizes: values(rows, sizes).cost,
            limits,
        )
        binding = np.where(changed != "", changed, binding)
    _check_orders(final, pack, minimum, limits)

    valued = np.where(final > 0, final, full)
    less = np.where(valued - pack >= minimum, valued - pack, 0.0)
    found = values(np.arange(len(valued)), np.stack([np.zeros_like(valued), less, valued], axis=1))
    terms = terms_of(economics)
    by_period, before_receipt = idle_stockouts(demand, net_stock_units, inbound_units, terms)
    fill = 1 - found.cover_unmet_units / np.where(found.cover_demand_units > 0, found.cover_demand_units, 1.0)
    service = 1 - found.cover_stockout_probability
    return Review(
        wanted_units=wanted,
        full_units=full,
        order_units=final,
        binding_limit=binding,
        limit_price=price,
        valued_units=valued,
        expected_cost=found.cost[:, 2],
        expected_cost_without=found.cost[:, 0],
        lost_units=found.lost_units[:, 2],
        lost_units_without=found.lost_units[:, 0],
        marginal_value_last_unit=(found.cost[:, 1] - found.cost[:, 2]) / np.maximum(valued - less, 1.0),
        fill_rate=fill[:, 2],
        cycle_service=service[:, 2],
        fill_rate_without=fill[:, 0],
        cycle_service_without=service[:, 0],
        stockout_probability=before_receipt,
        stockout_by_period=by_period,
    )


def _in_single_units(
    full: np.ndarray,
    demand: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
) -> np.ndarray:
    """The best orders if packs and minimum were one unit."""
    wanted = full.copy()
    forced = (column(economics, "pack_units") > 1) | (column(economics, "min_order_units") > 1)
    rows = np.flatnonzero(forced & np.isfinite(levels.reorder_point))
    if rows.size:
        single = economics.iloc[rows].assign(pack_units=1.0, min_order_units=0.0)
        state = (demand[rows], net_stock_units[rows], inbound_units[rows])
        wanted[rows] = best_orders(*state, single, levels.take(rows))
    return wanted


def _within_limits(
    full: np.ndarray, pack: np.ndarray, minimum: np.ndarray, values: Values, limits: list[Limit]
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Orders within the limits; the price of each size is only worked out where a limit asks for it.

    The sizes are few and far apart at first; around each one chosen they get finer, down to single packs.
    """
    final, binding = full.copy(), np.full(len(full), "", dtype=object)
    if all(float(limit.use_per_unit @ full) <= limit.available for limit in limits):
        return final, binding, dict.fromkeys((limit.name for limit in limits), 0.0)
    rows = np.flatnonzero(full > 0)
    mine = [replace(limit, use_per_unit=limit.use_per_unit[rows]) for limit in limits]
    finer: np.ndarray | None = order_sizes(full[rows], pack[rows], minimum[rows])
    for _ in range(MAX_PASSES):
        if finer is None:
            break
        sizes = finer
        most = (sizes < full[rows, None]).sum(axis=1)
        found = cut_to_limits(sizes, values(rows, sizes).cost, most, mine)
        finer = sizes_around(sizes, found.choice, pack[rows])
    chosen = sizes[np.arange(len(rows)), found.choice]
    final[rows], binding[rows] = chosen, found.binding_limit
    return final, binding, found.price


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
