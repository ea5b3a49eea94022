"""One call from state to order: scenarios, stock, orders on the way and economics in, orders out.

The arrays of all products are handled together; `invnb.decide.orders` dresses the result as the table a
planner reads, and `invnb.decide.backtest` calls the same function at every review of the past.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.limits import Limit, cut_to_limits
from invnb.inventory.order_policies import OrderPolicy, fixed_orders
from invnb.inventory.policy import policy_levels
from invnb.inventory.simulation import Trajectories, simulate, trajectories

MAX_CANDIDATES = 16  # order sizes priced per product when a limit cuts; steps between them are whole packs
CHUNK_CELLS = 20_000_000  # products x candidates x paths x periods simulated at once: bounds the memory


@dataclass(frozen=True)
class Levels:
    """Policy of every product, (n_sku,): at or below `reorder_point` order up to `order_up_to_level`."""

    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    expected_cost_per_period: np.ndarray


@dataclass(frozen=True)
class Review:
    """The orders of one review. Arrays are (n_sku,) unless said; money in currency, expected over scenarios.

    Parameters
    ----------
    wanted_units : order up to the level: what the policy asks for, before packs and minimum.
    full_units : the same in whole packs and at least the minimum, or 0 where not ordering costs less.
    order_units : what is ordered: `full_units` less what limits cut.
    binding_limit : name of the limit that cut, or "".
    limit_price : currency given up per unit of each limit.
    expected_cost : holding, shortage and ordering over the horizon: `full_units` now, the policy later.
    expected_cost_without : the same with no order now.
    lost_units, lost_units_without : expected over the horizon, with `full_units` and without an order now.
    marginal_value_last_unit : cost with one unit less than `full_units`, minus cost with it.
    stockout_probability : of unmet demand before this order could arrive.
    stockout_by_period : (n_sku, n_period), probability of unmet demand in each period if nothing is ordered.
    without : what happens on each path if nothing is ordered, now or later.
    """

    wanted_units: np.ndarray
    full_units: np.ndarray
    order_units: np.ndarray
    binding_limit: np.ndarray
    limit_price: dict[str, float]
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
        holding_cost_per_unit_period=_column(economics, "holding_cost_per_unit_period"),
        shortage_cost_per_unit=_column(economics, "shortage_cost_per_unit"),
        lost_share=_column(economics, "lost_share"),
        backorder_cost_per_unit_period=_column(economics, "backorder_cost_per_unit_period"),
        fixed_cost_per_order=_column(economics, "order_cost"),
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
    position = net_stock_units + inbound_units.sum(axis=1)
    below = position <= levels.reorder_point
    wanted = np.where(below, np.maximum(levels.order_up_to_level - position, 0.0), 0.0)
    pack, minimum = _column(economics, "pack_units"), _column(economics, "min_order_units")
    rounded = round_up(wanted, pack, minimum)

    candidates = np.stack([np.zeros_like(rounded), np.maximum(rounded - 1, 0.0), rounded], axis=1)
    cost, lost = first_order_costs(demand, candidates, net_stock_units, inbound_units, economics, levels)
    ordered = (rounded > 0) & (cost[:, 2] < cost[:, 0])
    full = np.where(ordered, rounded, 0.0)
    final, binding, price = _within_limits(
        demand, full, net_stock_units, inbound_units, economics, levels, limits
    )
    _check_orders(final, pack, minimum, limits)

    without = trajectories(
        fixed_orders(0.0),
        demand,
        initial_on_hand=net_stock_units,
        pipeline=inbound_units,
        lost_share=_column(economics, "lost_share"),
    )
    stockout = _unmet(without, net_stock_units)
    lead = economics["lead_time_periods"].to_numpy(int)
    before_receipt = np.arange(demand.shape[2]) < lead[:, None]
    return Review(
        wanted_units=wanted,
        full_units=full,
        order_units=final,
        binding_limit=binding,
        limit_price=price,
        expected_cost=np.where(ordered, cost[:, 2], cost[:, 0]),
        expected_cost_without=cost[:, 0],
        lost_units=np.where(ordered, lost[:, 2], lost[:, 0]),
        lost_units_without=lost[:, 0],
        marginal_value_last_unit=np.where(ordered, cost[:, 1] - cost[:, 2], 0.0),
        stockout_probability=(stockout & before_receipt[:, None, :]).any(axis=2).mean(axis=1),
        stockout_by_period=stockout.mean(axis=1),
        without=without,
    )


def round_up(units: np.ndarray, pack_units: np.ndarray, min_order_units: np.ndarray) -> np.ndarray:
    """Units in whole packs and at least the minimum order; nothing wanted stays nothing.

    Examples
    --------
    >>> round_up(np.array([0.0, 1.0, 25.0]), np.array([12.0, 12.0, 12.0]), np.array([20.0, 20.0, 20.0]))
    array([ 0., 24., 36.])
    """
    packs = np.ceil(np.maximum(units, min_order_units) / pack_units - 1e-9)
    return np.where(units > 0, packs * pack_units, 0.0)


def first_order_costs(
    demand: np.ndarray,
    candidate_units: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
) -> tuple[np.ndarray, np.ndarray]:
    """Expected cost and lost units of each candidate for the order placed now, the policy followed later.

    All candidates of a product meet the same paths. Stock left at the end is worth what it cost.

    Parameters
    ----------
    candidate_units : (n_sku, n_candidate), units ordered now. The rest as in `review_orders`.

    Returns
    -------
    Expected cost over the horizon in currency, and expected lost units, both (n_sku, n_candidate).
    """
    n_sku, n_candidate = candidate_units.shape
    n_period = demand.shape[2]
    rows_at_once = max(1, CHUNK_CELLS // (n_candidate * demand.shape[1] * n_period))
    cost, lost = np.empty(candidate_units.shape), np.empty(candidate_units.shape)
    for start in range(0, n_sku, rows_at_once):
        rows = np.repeat(np.arange(start, min(start + rows_at_once, n_sku)), n_candidate)
        terms = economics.iloc[rows]
        planned = np.zeros((len(rows), n_period))
        planned[:, 0] = candidate_units[rows[::n_candidate]].ravel()
        reorder_point = np.repeat(levels.reorder_point[rows][:, None], n_period, axis=1)
        reorder_point[:, 0] = -np.inf  # the order of this review is the candidate, nothing besides
        policy = OrderPolicy(
            reorder_point,
            levels.order_up_to_level[rows],
            min_order_units=_column(terms, "min_order_units"),
            pack_units=_column(terms, "pack_units"),
            planned_orders=planned,
        )
        run = simulate(
            policy,
            demand[rows],
            lead_time_periods=terms["lead_time_periods"].to_numpy(int),
            initial_on_hand=net_stock_units[rows],
            pipeline=inbound_units[rows],
            holding_cost_per_unit_period=_column(terms, "holding_cost_per_unit_period"),
            shortage_cost_per_unit=_column(terms, "shortage_cost_per_unit"),
            backorder_cost_per_unit_period=_column(terms, "backorder_cost_per_unit_period"),
            fixed_cost_per_order=_column(terms, "order_cost"),
            lost_share=_column(terms, "lost_share"),
            review_period_periods=terms["review_period_periods"].to_numpy(int),
        )
        chunk = slice(start, start + len(rows) // n_candidate)
        cost[chunk] = run.total_cost.mean(axis=1).reshape(-1, n_candidate)
        lost[chunk] = run.lost_units.mean(axis=1).reshape(-1, n_candidate)
    return cost, lost


def order_sizes(units: np.ndarray, pack_units: np.ndarray, min_order_units: np.ndarray) -> np.ndarray:
    """Order sizes from 0 to `units` in whole packs, at least the minimum, evenly spread.

    Rows with fewer sizes repeat their last one.

    Examples
    --------
    >>> order_sizes(np.array([36.0]), np.array([12.0]), np.array([20.0]))
    array([[ 0., 24., 36.]])
    """
    least = np.ceil(min_order_units / pack_units - 1e-9)
    most = np.round(units / pack_units)
    share = np.linspace(0.0, 1.0, MAX_CANDIDATES - 1)
    packs = np.round(least[:, None] + share * np.maximum(most - least, 0.0)[:, None])
    sizes = np.concatenate([np.zeros((len(units), 1)), packs * pack_units[:, None]], axis=1)
    return _distinct_first(np.minimum(sizes, units[:, None]))


def _distinct_first(sizes: np.ndarray) -> np.ndarray:
    """Each row's distinct values in order, the last repeated to the end."""
    rows = [np.unique(row) for row in sizes]
    width = max(len(row) for row in rows)
    return np.stack([np.concatenate([row, np.full(width - len(row), row[-1])]) for row in rows])


def _within_limits(
    demand: np.ndarray,
    full: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
    limits: list[Limit],
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Orders within the limits; the price of each size is only worked out where a limit asks for it."""
    prices = dict.fromkeys((limit.name for limit in limits), 0.0)
    if all(float(limit.use_per_unit @ full) <= limit.available for limit in limits):
        return full, np.full(len(full), "", dtype=object), prices
    sizes = order_sizes(full, _column(economics, "pack_units"), _column(economics, "min_order_units"))
    cost, _ = first_order_costs(demand, sizes, net_stock_units, inbound_units, economics, levels)
    choice = (sizes < full[:, None]).sum(axis=1)
    allocation = cut_to_limits(sizes, cost, choice, limits)
    return sizes[np.arange(len(full)), allocation.choice], allocation.binding_limit, allocation.price


def _unmet(run: Trajectories, net_stock_units: np.ndarray) -> np.ndarray:
    """Whether some demand of the period itself was not met from stock, (n_sku, n_path, n_period)."""
    before = np.concatenate(
        [
            np.broadcast_to(np.maximum(-net_stock_units, 0.0)[:, None, None], (*run.lost_units.shape[:2], 1)),
            run.end_backlog_units[:, :, :-1],
        ],
        axis=2,
    )
    return (run.lost_units > 1e-9) | (run.end_backlog_units > before + 1e-9)


def _column(economics: pd.DataFrame, name: str) -> np.ndarray:
    return economics[name].to_numpy(float)


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
