"""The order plan of the whole horizon under shared limits: scenarios and economics in, tables out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.first_order import column
from invnb.decide.policy import align
from invnb.decide.position import inbound_array
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.plan import LimitUse, Plan, plan
from invnb.inventory.plan_diagnosis import InfeasiblePlanError
from invnb.inventory.simulation import trajectories

LIMIT_COLUMNS = [
    "limit",
    "period",
    "used",
    "available",
    "unit",
    "shadow_price",
    "holds_from",
    "holds_to",
    "binding",
]
TRIALS = 64  # random subsets of scenarios tried; the one most like all of them is kept
WHOLE_REVIEWS = 1  # packs, minimum orders and order costs are exact for this review; later ones are replanned
TIME_LIMIT_SECONDS = 120.0  # a plan ends by its gap, or it would depend on how busy the machine is
ROOM_MARGIN = 1.01  # over room that is taken already: a limit without any slack is no problem for a solver
RELATIVE_GAP = 3e-3
CELLS = 8_000  # products x scenarios x periods a plan is computed on: seconds, not minutes
FEWEST_SCENARIOS, MOST_SCENARIOS = 3, 10


@dataclass(frozen=True)
class OrderPlan:
    """Plan of all products over the horizon.

    Parameters
    ----------
    lp_plan : `sku`, `period`, `order_units` (placed at the review before the period), `expected_stock_units`
        (at its end), `expected_lost_units`.
    limits : `limit`, `period`, `used`, `available`, `unit`, `shadow_price` (currency saved per unit more),
        `holds_from`, `holds_to` (availability between which that price holds), `binding`.
    expected_cost : currency over the horizon, purchases less the stock left included.
    gap : proven distance to the best plan, as a share of its cost.
    seconds : the solver's time.
    whole : whether the orders of the next review are whole packs (false: no such plan was found in time).
    """

    lp_plan: pd.DataFrame
    limits: pd.DataFrame
    expected_cost: float
    gap: float
    seconds: float
    whole: bool


def plan_orders(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    suppliers: pd.DataFrame,
    *,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
    seed: int,
    n_representative: int | None = None,
) -> OrderPlan:
    """Least expected cost order plan under budget, storage, supplier minimum and packs.

    Where the stock already there takes more room than there is, the plan keeps to what it cannot avoid, and
    `used` shows the gap. Orders of the next review are whole packs; later ones, planned again before they
    come due, may be fractions. Shadow prices are those of the linear relaxation. Without a budget or
    storage limit there is nothing to price, and `limits` is empty.

    Parameters
    ----------
    scenarios : demand scenarios.
    economics, position, inbound : tables of the stage.
    suppliers : canonical table (`order_min_value`).
    budget : currency per review, or None.
    storage_m3 : m³, or None.
    currency : of all money.
    seed : of the choice of representative scenarios.
    n_representative : scenarios the plan is computed on; None: 3 to 10, fewer where there are more products.

    Raises
    ------
    TimeoutError : the solver found no plan in time.
    """
    tables = (scenarios, economics, position, inbound, suppliers, budget, storage_m3, currency, seed)
    n = n_representative or min(
        max(CELLS // max(scenarios.n_sku * scenarios.n_period, 1), FEWEST_SCENARIOS), MOST_SCENARIOS
    )
    try:
        return _planned(*tables, n, WHOLE_REVIEWS)
    except (TimeoutError, InfeasiblePlanError):  # no whole plan in time: fractions are still a plan
        return _planned(*tables, n, 0)


def _planned(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    suppliers: pd.DataFrame,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
    seed: int,
    n_representative: int,
    whole_periods: int,
) -> OrderPlan:
    """The plan on so many scenarios; see `plan_orders`."""
    terms = align(economics, scenarios.sku)
    chosen = representative_scenarios(scenarios.units, n_representative, seed)
    names, supplier = np.unique(
        terms["supplier_id"].astype(object).fillna("").astype(str), return_inverse=True
    )
    least = suppliers.reindex(columns=["supplier_id", "order_min_value"]).drop_duplicates("supplier_id")
    least_value = least.set_index(least["supplier_id"].astype(str))["order_min_value"].reindex(names)
    demand = scenarios.units[:, chosen]
    stock = align(position, scenarios.sku)["net_units"].to_numpy(float)
    coming = inbound_array(inbound, scenarios.sku, scenarios.period)
    room = None
    if storage_m3 is not None:
        unavoidable = _volume_without_orders(demand, stock, coming, terms)
        room = np.maximum(storage_m3, unavoidable * ROOM_MARGIN)
    found = plan(
        demand,
        unit_cost=column(terms, "unit_cost"),
        holding_cost=column(terms, "holding_cost_per_unit_period"),
        shortage_cost=column(terms, "shortage_cost_per_unit"),
        lost_share=column(terms, "lost_share"),
        backorder_cost=column(terms, "backorder_cost_per_unit_period"),
        initial_stock=stock,
        pipeline=coming,
        lead_time_periods=terms["lead_time_periods"].to_numpy(int),
        order_cost=column(terms, "order_cost"),
        min_order_units=column(terms, "min_order_units"),
        pack_units=column(terms, "pack_units"),
        budget=budget,
        unit_volume=None if storage_m3 is None else column(terms, "volume_m3"),
        storage=room,
        supplier=supplier,
        supplier_min_value=least_value.fillna(0.0).to_numpy(float),
        whole_periods=whole_periods,
        time_limit_seconds=TIME_LIMIT_SECONDS,
        relative_gap=RELATIVE_GAP,
    )
    return OrderPlan(
        _plan_table(scenarios, found),
        _limit_table(scenarios.period, found, {"budget": (budget, currency), "storage": (storage_m3, "m³")}),
        found.objective,
        found.gap,
        found.seconds,
        whole_periods > 0,
    )


def representative_scenarios(units: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Indices of the `n` scenarios that together look most like all of them; sorted.

    Of 64 random subsets the one is kept whose mean and spread of demand over the horizon, product by product,
    are nearest to those of all scenarios (in units of their standard deviation).

    Parameters
    ----------
    units : (n_sku, n_scenario, n_period).
    n : how many; all where there are not more.
    seed : of the random subsets.

    Examples
    --------
    >>> paths = np.arange(40.0).reshape(1, 40, 1)
    >>> chosen = representative_scenarios(paths, 10, seed=1)
    >>> len(chosen), bool(abs(paths[0, chosen, 0].mean() - 19.5) < 1.0)
    (10, True)
    """
    n_scenario = units.shape[1]
    if n >= n_scenario:
        return np.arange(n_scenario)
    total = units.sum(axis=2)
    spread = np.where(total.std(axis=1) > 0, total.std(axis=1), 1.0)
    scaled = (total - total.mean(axis=1)[:, None]) / spread[:, None]
    aim = np.concatenate([np.zeros(len(units)), scaled.std(axis=1)])
    rng = np.random.default_rng(seed)
    best, nearest = np.arange(n), np.inf
    for _ in range(TRIALS):
        subset = rng.choice(n_scenario, n, replace=False)
        have = np.concatenate([scaled[:, subset].mean(axis=1), scaled[:, subset].std(axis=1)])
        distance = float(((have - aim) ** 2).sum())
        if distance < nearest:
            best, nearest = subset, distance
    return np.sort(best)


def _plan_table(scenarios: Scenarios, found: Plan) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sku": np.repeat(scenarios.sku.astype(object), scenarios.n_period),
            "period": np.tile(scenarios.period.astype("datetime64[ns]"), scenarios.n_sku),
            "order_units": np.maximum(found.orders, 0.0).ravel(),  # a solver's zero may be -1e-14
            "expected_stock_units": found.stock.ravel(),
            "expected_lost_units": found.lost.ravel(),
        }
    )


def _volume_without_orders(
    demand: np.ndarray, stock: np.ndarray, coming: np.ndarray, terms: pd.DataFrame
) -> np.ndarray:
    """Expected m³ on the shelves after the arrivals of each period if nothing is ordered, (n_period,)."""
    run = trajectories(
        fixed_orders(0.0),
        demand,
        initial_on_hand=stock,
        pipeline=coming,
        lost_share=column(terms, "lost_share"),
    )
    start = np.broadcast_to(np.maximum(stock, 0.0)[:, None, None], (*demand.shape[:2], 1))
    before = np.concatenate([start, run.end_stock_units[:, :, :-1]], axis=2)
    arrived = (before + run.received_units).mean(axis=1)  # before those who wait are served
    return column(terms, "volume_m3") @ arrived


def _limit_table(
    period: np.ndarray, found: Plan, limits: dict[str, tuple[float | None, str]]
) -> pd.DataFrame:
    rows = [
        {
            "limit": use.name,
            "period": pd.Timestamp(period[use.period]),
            "used": use.use,
            "available": _available(use, limits),
            "unit": limits[use.name][1],
            "shadow_price": use.shadow_price + 0.0,  # no minus zero
            "holds_from": use.price_from,
            "holds_to": use.price_to,
            "binding": bool(use.shadow_price > 0 or use.use >= _available(use, limits) * (1 - 1e-6)),
        }
        for use in found.limits
        if use.name in limits
    ]
    return pd.DataFrame(rows, columns=LIMIT_COLUMNS)


def _available(use: LimitUse, limits: dict[str, tuple[float | None, str]]) -> float:
    """What the parameters say is available, also where stock already there takes more."""
    given = limits[use.name][0]
    return use.available if given is None else given
