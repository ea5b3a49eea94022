"""What the order placed now is worth: expected cost of each size, the policy followed at later reviews."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.inventory.order_policies import OrderPolicy
from invnb.inventory.simulation import Trajectories, simulate

MAX_CANDIDATES = 16  # order sizes priced per product when a limit cuts; steps between them are whole packs
CHUNK_CELLS = 20_000_000  # products x candidates x paths x periods simulated at once: bounds the memory


@dataclass(frozen=True)
class Levels:
    """Policy of every product, (n_sku,): at or below `reorder_point` order up to `order_up_to_level`."""

    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    expected_cost_per_period: np.ndarray

    def take(self, rows: np.ndarray) -> Levels:
        """The same for some of the products."""
        return Levels(
            self.reorder_point[rows], self.order_up_to_level[rows], self.expected_cost_per_period[rows]
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

    All candidates of a product meet the same paths. Stock left at the end is worth what it cost. Where an
    order would arrive after the horizon the paths start again from their first period.

    Parameters
    ----------
    candidate_units : (n_sku, n_candidate), units ordered now. The rest as in `review_orders`.

    Returns
    -------
    Expected cost over the horizon in currency, and expected lost units, both (n_sku, n_candidate).
    """
    n_sku, n_candidate = candidate_units.shape
    lead = economics["lead_time_periods"].to_numpy(int)
    needed = int((lead + economics["review_period_periods"].to_numpy(int)).max(initial=0)) + 1
    short = max(needed - demand.shape[2], 0)
    if short:
        again = np.arange(short) % demand.shape[2]
        demand = np.concatenate([demand, demand[:, :, again]], axis=2)
        inbound_units = np.pad(inbound_units, ((0, 0), (0, short)))
    n_period = demand.shape[2]
    rows_at_once = max(1, CHUNK_CELLS // (n_candidate * demand.shape[1] * n_period))
    cost, lost = np.empty(candidate_units.shape), np.empty(candidate_units.shape)
    for start in range(0, n_sku, rows_at_once):
        rows = np.repeat(np.arange(start, min(start + rows_at_once, n_sku)), n_candidate)
        terms = economics.iloc[rows]
        policy = first_order_policy(
            candidate_units[rows[::n_candidate]].ravel(), terms, levels.take(rows), n_period
        )
        run = simulate(
            policy,
            demand[rows],
            lead_time_periods=lead[rows],
            initial_on_hand=net_stock_units[rows],
            pipeline=inbound_units[rows],
            holding_cost_per_unit_period=column(terms, "holding_cost_per_unit_period"),
            shortage_cost_per_unit=column(terms, "shortage_cost_per_unit"),
            backorder_cost_per_unit_period=column(terms, "backorder_cost_per_unit_period"),
            fixed_cost_per_order=column(terms, "order_cost"),
            lost_share=column(terms, "lost_share"),
            review_period_periods=terms["review_period_periods"].to_numpy(int),
        )
        chunk = slice(start, start + len(rows) // n_candidate)
        cost[chunk] = run.total_cost.mean(axis=1).reshape(-1, n_candidate)
        lost[chunk] = run.lost_units.mean(axis=1).reshape(-1, n_candidate)
    return cost, lost


def first_order_policy(
    order_units: np.ndarray, economics: pd.DataFrame, levels: Levels, n_period: int
) -> OrderPolicy:
    """Exactly `order_units` at this review, the policy of `levels` at every later one.

    Parameters
    ----------
    order_units : (n_sku,), units. `economics`, `levels` : of the same products.
    n_period : length of the horizon.
    """
    planned = np.zeros((len(order_units), n_period))
    planned[:, 0] = order_units
    reorder_point = np.repeat(levels.reorder_point[:, None], n_period, axis=1)
    reorder_point[:, 0] = -np.inf  # this review's order is given, nothing besides
    return OrderPolicy(
        reorder_point,
        levels.order_up_to_level,
        min_order_units=column(economics, "min_order_units"),
        pack_units=column(economics, "pack_units"),
        planned_orders=planned,
    )


def unmet(run: Trajectories, net_stock_units: np.ndarray) -> np.ndarray:
    """Whether some demand of the period itself was not met from stock, (n_sku, n_path, n_period).

    Customers who already waited before the period do not count.
    """
    n_sku, n_path, _ = run.lost_units.shape
    at_start = np.broadcast_to(np.maximum(-net_stock_units, 0.0)[:, None, None], (n_sku, n_path, 1))
    before = np.concatenate([at_start, run.end_backlog_units[:, :, :-1]], axis=2)
    return (run.lost_units > 1e-9) | (run.end_backlog_units > before + 1e-9)


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


def column(economics: pd.DataFrame, name: str) -> np.ndarray:
    return economics[name].to_numpy(float)
