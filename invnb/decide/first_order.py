"""What the order placed now is worth: expected cost of each size, the policy followed at later reviews."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.inventory.order_policies import OrderPolicy
from invnb.inventory.order_terms import OrderTerms, order_terms
from invnb.inventory.rollout import FirstOrderValues, first_order_values
from invnb.inventory.simulation import Trajectories

MAX_CANDIDATES = 16  # order sizes priced per product at once when a limit cuts; then the steps get finer


@dataclass(frozen=True)
class Levels:
    """Policy of every product, (n_sku,): at or below `reorder_point` order up to `order_up_to_level`.

    `rise_units` (n_sku, n_period) says by how much both levels lie above those of this review at the review
    before each period ahead; None: they stay. `safety_factor` (n_sku,) is the z they come from, where known.
    `shortage_multiple` of what a lost unit costs is the price they and the orders by them put on one.
    """

    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    expected_cost_per_period: np.ndarray
    rise_units: np.ndarray | None = None
    safety_factor: np.ndarray | None = None
    shortage_multiple: float = 1.0

    def take(self, rows: np.ndarray) -> Levels:
        """The same for some of the products."""
        arrays = (
            "reorder_point",
            "order_up_to_level",
            "expected_cost_per_period",
            "rise_units",
            "safety_factor",
        )
        known = {name: value for name in arrays if (value := getattr(self, name)) is not None}
        return replace(self, **{name: value[rows] for name, value in known.items()})

    def by_period(self, n_period: int) -> tuple[np.ndarray, np.ndarray]:
        """Reorder point and order-up-to level at the review before each period, (n_sku, n_period)."""
        rise = np.zeros((len(self.reorder_point), n_period)) if self.rise_units is None else self.rise_units
        return self.reorder_point[:, None] + rise, self.order_up_to_level[:, None] + rise


def terms_of(economics: pd.DataFrame) -> OrderTerms:
    """Table `economics` as the arrays `invnb.inventory.rollout` wants.

    Raises
    ------
    ValueError : a missing or impossible figure, with its name and row.
    """
    return order_terms(
        len(economics),
        lead_time_periods=economics["lead_time_periods"],
        review_period_periods=economics["review_period_periods"],
        holding_cost_per_unit_period=column(economics, "holding_cost_per_unit_period"),
        shortage_cost_per_unit=column(economics, "shortage_cost_per_unit"),
        backorder_cost_per_unit_period=column(economics, "backorder_cost_per_unit_period"),
        fixed_cost_per_order=column(economics, "order_cost"),
        lost_share=column(economics, "lost_share"),
        pack_units=column(economics, "pack_units"),
        min_order_units=column(economics, "min_order_units"),
    )


def dearer_shortage(economics: pd.DataFrame, multiple: float) -> pd.DataFrame:
    """Economics with the costs of lost and waiting units multiplied.

    Examples
    --------
    >>> costs = pd.DataFrame({"shortage_cost_per_unit": [9.0], "backorder_cost_per_unit_period": [1.0]})
    >>> dearer_shortage(costs, 2.0).to_numpy().tolist()
    [[18.0, 2.0]]
    """
    return economics.assign(
        shortage_cost_per_unit=economics["shortage_cost_per_unit"] * multiple,
        backorder_cost_per_unit_period=economics["backorder_cost_per_unit_period"] * multiple,
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


def order_values(
    demand: np.ndarray,
    candidate_units: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
) -> FirstOrderValues:
    """Expected outcome of each candidate for the order placed now, the policy followed later.

    All candidates of a product meet the same paths. What is left at the end of the horizon is charged as
    `invnb.inventory.rollout` says. Where an order would arrive after the horizon the paths start again.

    Parameters
    ----------
    candidate_units : (n_sku, n_candidate), units ordered now. The rest as in `review.review_orders`.
    """
    s, S = levels.by_period(demand.shape[2])
    return first_order_values(
        demand, candidate_units, net_stock_units, inbound_units, s, S, terms_of(economics)
    )


def first_order_costs(
    demand: np.ndarray,
    candidate_units: np.ndarray,
    net_stock_units: np.ndarray,
    inbound_units: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
) -> tuple[np.ndarray, np.ndarray]:
    """Expected cost over the horizon (currency) and lost units of each candidate, both (n_sku, n_candidate).

    Parameters as in `order_values`.
    """
    found = order_values(demand, candidate_units, net_stock_units, inbound_units, economics, levels)
    return found.cost, found.lost_units


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
    reorder_point, up_to = levels.by_period(n_period)
    reorder_point[:, 0] = -np.inf  # this review's order is given, nothing besides
    return OrderPolicy(
        reorder_point,
        up_to,
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


def sizes_around(sizes: np.ndarray, choice: np.ndarray, pack_units: np.ndarray) -> np.ndarray | None:
    """Finer order sizes around the ones chosen; None where all are single packs apart already.

    Parameters
    ----------
    sizes : (n_sku, n_candidate) from `order_sizes` or this function: 0, the least order, ..., the largest.
    choice : (n_sku,), columns chosen.
    pack_units : (n_sku,).

    Examples
    --------
    >>> sizes_around(np.array([[0.0, 1.0, 50.0, 100.0]]), np.array([2]), np.array([1.0]))[0, [0, 1, 2, -1]]
    array([  0.,   1.,   9., 100.])
    >>> sizes_around(np.array([[0.0, 12.0, 24.0]]), np.array([1]), np.array([12.0])) is None
    True
    """
    rows = np.arange(len(sizes))
    chosen = sizes[rows, choice]
    last = sizes.shape[1] - 1
    low = sizes[rows, np.minimum(np.maximum(choice - 1, 1), last)]
    high = np.where(sizes > chosen[:, None], sizes, np.inf).min(axis=1)
    high = np.where((choice == 0) | np.isinf(high), chosen, high)
    low = np.minimum(low, high)
    packs = np.stack([low, chosen, high]) / pack_units
    if np.all(np.diff(packs, axis=0) <= 1 + 1e-9):
        return None
    share = np.linspace(0.0, 1.0, MAX_CANDIDATES - 3)
    grid = np.round(packs[0][:, None] + share * (packs[2] - packs[0])[:, None]) * pack_units[:, None]
    return _distinct_first(np.concatenate([sizes[:, :2], grid, chosen[:, None], sizes[:, -1:]], axis=1))


def _distinct_first(sizes: np.ndarray) -> np.ndarray:
    """Each row's distinct values in order, the last repeated to the end."""
    ordered = np.sort(sizes, axis=1)
    again = np.diff(ordered, axis=1, prepend=-1.0) == 0
    ordered[again] = np.inf
    ordered = np.sort(ordered, axis=1)[:, : max(1, int((~again).sum(axis=1).max(initial=1)))]
    return np.where(np.isinf(ordered), sizes.max(axis=1)[:, None], ordered)


def column(economics: pd.DataFrame, name: str) -> np.ndarray:
    return economics[name].to_numpy(float)
