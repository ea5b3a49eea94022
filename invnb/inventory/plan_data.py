"""The data of an order plan, checked and spread to full shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from invnb.inventory import checks
from invnb.inventory.checks import Floats, Whole

On = Literal["orders", "arrival_stock", "closing_stock"]
Holds = Literal["on_average", "in_every_scenario"]


@dataclass(frozen=True)
class Limit:
    """A capacity that products share: sum over products of `use_per_unit` * units <= `available`, in each
    period.

    Parameters
    ----------
    name : as the report shall call it.
    use_per_unit : (n_product,) or one number, zero or more.
    available : (n_period,) or one number, zero or more; infinity: no limit in that period.
    on : which units: "orders" placed at the review, "arrival_stock" (stock after arrivals, before demand) or
        "closing_stock".
    holds : "on_average" over scenarios, or "in_every_scenario". Orders are limited in every scenario
        either way.

    Examples
    --------
    >>> Limit("pallet places", [0.01, 0.02], 40, on="arrival_stock").available
    40
    """

    name: str
    use_per_unit: ArrayLike
    available: ArrayLike
    on: On = "orders"
    holds: Holds = "on_average"


@dataclass(frozen=True)
class PriceTiers:
    """Prices that depend on the size of an order.

    Parameters
    ----------
    kind : "all_units": the price of the tier the order falls in holds for all its units; "incremental":
        each unit is paid at the price of the tier it falls in (rising prices are regular time and overtime).
    from_units : (n_product, n_tier), each row from 0 upward; infinity for tiers a product does not have.
    unit_cost : (n_product, n_tier).

    Examples
    --------
    >>> PriceTiers("incremental", [[0, 40]], [[400, 450]]).kind
    'incremental'
    """

    kind: Literal["all_units", "incremental"]
    from_units: ArrayLike
    unit_cost: ArrayLike


@dataclass(frozen=True)
class Tiers:
    """Checked tiers: an order of `low` to `high` units in tier k costs `intercept` + `price` * units."""

    low: Floats
    high: Floats
    price: Floats
    intercept: Floats
    convex: NDArray[np.bool_]
    """(n_product,) incremental and never falling: tiers fill in order without whole numbers."""


@dataclass(frozen=True)
class SharedLimit:
    """A `Limit` with full shapes: use (n_product,), available (n_period,)."""

    name: str
    use: Floats
    available: Floats
    on: On
    every_scenario: bool


@dataclass(frozen=True)
class Problem:
    """Checked data of a plan, in full shapes (P products, S scenarios, T periods, V nodes)."""

    demand: Floats  # (P, S, T)
    unit_cost: Floats  # (P, T)
    holding: Floats  # (P, T)
    shortage: Floats  # (P,), infinity: forbidden
    lost_share: Floats  # (P,)
    backorder: Floats  # (P,), infinity: forbidden
    initial: Floats  # (P,)
    pipeline: Floats  # (P, T)
    lead: Whole  # (P,)
    salvage: Floats  # (P,)
    probability: Floats  # (S,)
    node: Whole  # (S, T)
    order_cost: Floats  # (P,)
    min_order: Floats  # (P,)
    max_order: Floats  # (P,)
    pack: Floats  # (P,), 0: any quantity
    tiers: Tiers | None
    budget: Floats | None  # (T,)
    limits: list[SharedLimit]
    supplier: Whole | None  # (P,)
    supplier_min: Floats  # (n_supplier,)
    fill_floor: Floats  # (P,)
    final_min: Floats  # (P,)
    max_stock: Floats  # (P,)
    whole_periods: int

    @property
    def node_period(self) -> Whole:
        """Return the period of each node, (V,)."""
        period = np.zeros(int(self.node.max()) + 1, dtype=np.int64)
        period[self.node] = np.arange(self.node.shape[1])
        return period

    @property
    def node_probability(self) -> Floats:
        """Return the probability of each node, (V,)."""
        weight = np.broadcast_to(self.probability[:, None], self.node.shape)
        return np.bincount(self.node.ravel(), weight.ravel()).astype(np.float64)


def spread(name: str, value: ArrayLike, n_product: int, n_period: int) -> Floats:
    """Return a price or cost as (n_product, n_period), from one number, (n_product,) or that shape.

    Examples
    --------
    >>> spread("unit_cost", [1, 2], 2, 3).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    array = checks.finite(name, value)
    if array.ndim == 1 and array.shape == (n_product,):
        array = array[:, None]
    if array.ndim == 1:
        raise ValueError(
            f"{name} must have shape ({n_product},) or ({n_product}, {n_period}), got {array.shape}"
        )
    return checks.broadcast_to(name, array, (n_product, n_period))


def check_demand(demand: ArrayLike) -> Floats:
    """Return demand as (n_product, n_scenario, n_period), refusing negative, NaN and empty arrays.

    Examples
    --------
    >>> check_demand([[3, 4]]).shape
    (1, 1, 2)
    """
    array = checks.nonnegative("demand", checks.not_empty("demand", demand))
    if array.ndim == 2:
        array = array[:, None, :]
    if array.ndim != 3:
        raise ValueError(
            "demand must have shape (n_product, n_scenario, n_period) or (n_product, n_period), "
            f"got {array.shape}"
        )
    return array


def check_lead_time(lead_time_periods: ArrayLike, n_product: int) -> Whole:
    """Return lead times as (n_product,) whole periods."""
    lead = checks.whole("lead_time_periods", lead_time_periods)
    return checks.broadcast_to("lead_time_periods", lead, (n_product,)).astype(np.int64)


def check_salvage(salvage_value: ArrayLike | None, price: Floats, holding: Floats, lead: Whole) -> Floats:
    """Return the worth of a unit left over, (n_product,), refusing one that makes buying without end pay.

    `price` is the lowest purchase price, (n_product, n_period of the review); its least is what a unit is
    worth when nothing is said.
    """
    n_product, n_period = price.shape
    if salvage_value is None:
        return price.min(axis=1)
    salvage = checks.nonnegative("salvage_value", salvage_value)
    salvage = checks.broadcast_to("salvage_value", salvage, (n_product,))
    arrival = np.arange(n_period) + lead[:, None]
    to_end = np.cumsum(holding[:, ::-1], axis=1)[:, ::-1]
    kept = np.take_along_axis(to_end, np.minimum(arrival, n_period - 1), axis=1)
    gain = np.where(arrival < n_period, salvage[:, None] - price - kept, 0.0)
    if np.any(gain > 1e-12 * (1 + salvage[:, None])):
        i = int(np.argmax(gain.max(axis=1)))
        raise ValueError(
            "salvage_value must not exceed purchase price plus holding to the end, or buying without end "
            f"pays, got {salvage[i]:.12g} at index {i}"
        )
    return salvage


def check_limits(
    n_product: int,
    n_period: int,
    unit_volume: ArrayLike | None,
    storage: ArrayLike | None,
    limits: Sequence[Limit],
    supplier: ArrayLike | None,
    supplier_capacity_units: ArrayLike,
) -> list[SharedLimit]:
    """Return storage, the given limits and the suppliers' capacities as one list with full shapes."""
    given = list(limits)
    if (unit_volume is None) != (storage is None):
        raise ValueError("unit_volume and storage must be given together")
    if unit_volume is not None and storage is not None:
        given.insert(0, Limit("storage", unit_volume, storage, on="arrival_stock"))
    if supplier is not None:
        index = check_supplier(supplier, n_product)
        capacity = checks.nonnegative_or_infinite("supplier_capacity_units", supplier_capacity_units)
        capacity = capacity[:, None] if capacity.ndim == 1 else capacity
        capacity = checks.broadcast_to("supplier_capacity_units", capacity, (int(index.max()) + 1, n_period))
        given += [
            Limit(f"capacity of supplier {j}", index == j, capacity[j])
            for j in range(len(capacity))
            if np.isfinite(capacity[j]).any()
        ]
    return [_shared(limit, n_product, n_period) for limit in given]


def check_supplier(supplier: ArrayLike, n_product: int) -> Whole:
    """Return the supplier's index of each product, (n_product,)."""
    index = checks.whole("supplier", supplier)
    return checks.broadcast_to("supplier", index, (n_product,)).astype(np.int64)


def _shared(limit: Limit, n_product: int, n_period: int) -> SharedLimit:
    where = f"limit {limit.name!r}"
    if limit.on not in get_args(On):
        raise ValueError(f"{where}: on must be one of {', '.join(get_args(On))}, got {limit.on!r}")
    if limit.holds not in get_args(Holds):
        raise ValueError(f"{where}: holds must be one of {', '.join(get_args(Holds))}, got {limit.holds!r}")
    use = checks.nonnegative(f"{where}: use_per_unit", limit.use_per_unit)
    available = checks.nonnegative_or_infinite(f"{where}: available", limit.available)
    return SharedLimit(
        limit.name,
        checks.broadcast_to(f"{where}: use_per_unit", use, (n_product,)),
        checks.broadcast_to(f"{where}: available", available, (n_period,)),
        limit.on,
        limit.holds == "in_every_scenario",
    )


def check_tiers(tiers: PriceTiers, n_product: int) -> Tiers:
    """Return checked tiers with their bounds and intercepts, arrays (n_product, n_tier)."""
    if tiers.kind not in ("all_units", "incremental"):
        raise ValueError(f'tiers.kind must be "all_units" or "incremental", got {tiers.kind!r}')
    low = checks.nonnegative_or_infinite("tiers.from_units", tiers.from_units)
    if low.ndim != 2 or len(low) != n_product or low.shape[1] == 0:
        raise ValueError(f"tiers.from_units must have shape ({n_product}, n_tier), got {low.shape}")
    price = checks.broadcast_to("tiers.unit_cost", tiers.unit_cost, low.shape)
    present = np.isfinite(low)
    checks.nonnegative("tiers.unit_cost", np.where(present, price, 0.0))
    with np.errstate(invalid="ignore"):
        rising = np.where(present[:, 1:], np.diff(low, axis=1) > 0, ~present[:, 1:])
    if np.any(low[:, 0] != 0) or not np.all(rising):
        raise ValueError("tiers.from_units must rise from 0 in every row, with infinity only at its end")
    high = np.append(low[:, 1:], np.full((n_product, 1), np.inf), axis=1)
    intercept = np.zeros(low.shape)
    if tiers.kind == "incremental":
        # the first units are paid at the earlier prices: continue the straight line of the tier before
        step = np.where(present[:, 1:], low[:, 1:], 0.0) * (price[:, :-1] - price[:, 1:])
        intercept[:, 1:] = np.cumsum(np.where(present[:, 1:], step, 0.0), axis=1)
        convex = np.all(~present[:, 1:] | (price[:, 1:] >= price[:, :-1]), axis=1)
    else:
        convex = ~present[:, 1:].any(axis=1)
    return Tiers(low, high, np.where(present, price, 0.0), intercept, convex)


def check_problem(
    demand: ArrayLike,
    *,
    unit_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lost_share: ArrayLike,
    backorder_cost: ArrayLike | None,
    initial_stock: ArrayLike,
    pipeline: ArrayLike,
    lead_time_periods: ArrayLike,
    salvage_value: ArrayLike | None,
    probability: ArrayLike | None,
    order_nodes: ArrayLike | None,
    order_cost: ArrayLike,
    min_order_units: ArrayLike,
    max_order_units: ArrayLike,
    pack_units: ArrayLike,
    tiers: PriceTiers | None,
    budget: ArrayLike | None,
    unit_volume: ArrayLike | None,
    storage: ArrayLike | None,
    limits: Sequence[Limit],
    supplier: ArrayLike | None,
    supplier_min_value: ArrayLike,
    supplier_capacity_units: ArrayLike,
    fill_rate_floor: ArrayLike,
    final_stock_min: ArrayLike,
    max_stock_units: ArrayLike,
    whole_periods: int | None,
) -> Problem:
    """Return the arguments of `plan.plan` checked and spread, or raise a ValueError naming the wrong one."""
    units = check_demand(demand)
    P, S, T = units.shape

    def each(name: str, value: ArrayLike, check: Callable[[str, ArrayLike], Floats]) -> Floats:
        return checks.broadcast_to(name, check(name, value), (P,))

    cost = spread("unit_cost", checks.nonnegative("unit_cost", unit_cost), P, T)
    holding = spread("holding_cost", checks.nonnegative("holding_cost", holding_cost), P, T)
    shortage = each("shortage_cost", shortage_cost, checks.nonnegative_or_infinite)
    price_tiers = None if tiers is None else check_tiers(tiers, P)
    price = cost
    if price_tiers is not None:
        present = np.where(np.isfinite(price_tiers.low), price_tiers.price, np.inf)
        price = np.repeat(present.min(axis=1)[:, None], T, axis=1)
    lead = check_lead_time(lead_time_periods, P)
    weight = np.full(S, 1 / S) if probability is None else checks.probabilities("probability", probability)
    checks.same_shape(scenarios_of_demand=np.empty(S), probability=weight)
    least_value = checks.nonnegative("supplier_min_value", supplier_min_value)
    index = None
    if supplier is not None:
        index = check_supplier(supplier, P)
        least_value = checks.broadcast_to("supplier_min_value", least_value, (int(index.max()) + 1,))
    elif np.any(least_value > 0):
        raise ValueError("supplier_min_value needs supplier, the index of each product's supplier")
    coming = checks.nonnegative("pipeline", pipeline)
    return Problem(
        demand=units,
        unit_cost=cost,
        holding=holding,
        shortage=shortage,
        lost_share=each("lost_share", lost_share, checks.share),
        backorder=shortage
        if backorder_cost is None
        else each("backorder_cost", backorder_cost, checks.nonnegative_or_infinite),
        initial=each("initial_stock", initial_stock, checks.finite),
        pipeline=checks.broadcast_to("pipeline", coming, (P, T)),
        lead=lead,
        salvage=check_salvage(salvage_value, price, holding, lead),
        probability=weight,
        node=_check_nodes(order_nodes, S, T),
        order_cost=each("order_cost", order_cost, checks.nonnegative),
        min_order=each("min_order_units", min_order_units, checks.nonnegative),
        max_order=each("max_order_units", max_order_units, checks.nonnegative_or_infinite),
        pack=each("pack_units", pack_units, checks.nonnegative),
        tiers=price_tiers,
        budget=None
        if budget is None
        else checks.broadcast_to("budget", checks.nonnegative_or_infinite("budget", budget), (T,)),
        limits=check_limits(P, T, unit_volume, storage, limits, supplier, supplier_capacity_units),
        supplier=index,
        supplier_min=least_value if index is not None else np.zeros(0),
        fill_floor=each("fill_rate_floor", fill_rate_floor, checks.share),
        final_min=each("final_stock_min", final_stock_min, checks.nonnegative),
        max_stock=each("max_stock_units", max_stock_units, checks.nonnegative_or_infinite),
        whole_periods=T if whole_periods is None else checks.count("whole_periods", whole_periods, least=0),
    )


def _check_nodes(order_nodes: ArrayLike | None, n_scenario: int, n_period: int) -> Whole:
    """Return node numbers (n_scenario, n_period), rising with the period."""
    if order_nodes is None:
        return np.broadcast_to(np.arange(n_period), (n_scenario, n_period))
    labels = np.asarray(order_nodes)
    if labels.shape != (n_scenario, n_period):
        raise ValueError(
            f"order_nodes must have shape ({n_scenario}, {n_period}), (n_scenario, n_period), "
            f"got {labels.shape}"
        )
    node = np.empty(labels.shape, dtype=np.int64)
    first = 0
    for t in range(n_period):
        names, number = np.unique(labels[:, t], return_inverse=True)
        node[:, t] = first + number
        first += len(names)
    return node
