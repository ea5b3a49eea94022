"""The multi-product, multi-period order plan as a linear or mixed-integer programme.

The model, for product i, scenario s (probability p_s), period t, in the order of events of a period:

    stock[i,s,t] - waiting[i,s,t] = stock[i,s,t-1] - waiting[i,s,t-1] + pipeline[i,t] + arrivals[i,s,t]
                                    - demand[i,s,t] + lost_share[i] * unmet[i,s,t]
    waiting[i,s,t] <= waiting[i,s,t-1] + (1 - lost_share[i]) * unmet[i,s,t],    0 <= unmet <= demand

The first review is now, just before period 0 begins: the order of review t reaches the shelf in period
t + lead_time_periods, before that period's demand (what is ordered at the review that closes period t - 1 with
lead time L is available in t + L). Orders that would arrive after the horizon are not planned.

Orders are here-and-now: one quantity per product and review for all scenarios. Stock, lost and waiting units answer
to each scenario. `order_nodes` relaxes this to a scenario tree.

What is minimised is the expected sum of

    purchases + order costs + holding_cost * stock + shortage_cost * lost + backorder_cost * waiting
    + unit_cost * lost + unit_cost * waiting at the end - salvage_value * stock at the end.

`shortage_cost` is what a lost unit costs beyond the purchase it saves (margin and goodwill: the newsvendor's underage
cost), so the unit's cost is added back. Stock left at the end is worth its replacement, because a horizon is only where
the calculation stops: without that value the last orders vanish. Who is served first, a new or a waiting customer,
is the plan's choice, and so is holding a unit back for a dearer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats
from invnb.inventory.plan_model import Limit, PriceTiers


@dataclass(frozen=True)
class LimitUse:
    """One limit in one period: how much is used, and what one unit more would be worth.

    `shadow_price` is the fall of the optimal expected cost per unit of `available` added; it holds while the
    availability lies between `price_from` and `price_to`. NaN where it was not asked for.
    """

    name: str
    period: int
    use: float
    available: float
    shadow_price: float
    price_from: float
    price_to: float


@dataclass(frozen=True)
class PlanCosts:
    """Expected cost over the horizon by kind, in currency; the kinds add up to the objective."""

    purchase: float
    ordering: float
    holding: float
    lost_margin: float
    lost_units_at_cost: float
    backorder: float
    waiting_at_end: float
    stock_at_end: float


@dataclass(frozen=True)
class Plan:
    """An order plan with its diagnostics; arrays are (n_product, n_period), in units, expected over scenarios.

    `orders[i, t]` is placed at review t and available in period t + lead time. `orders_by_scenario` is
    (n_product, n_scenario, n_period): all scenarios alike unless `order_nodes` says otherwise. `demand_price[i, t]` is
    the rise of the optimal cost for one unit more of demand in every scenario. `gap` is
    (objective - bound) / |objective|; `status` is "optimal" (within the gap asked for) or "time limit".
    `relaxed_prices` says that prices belong to the linear relaxation, because the plan has whole numbers in it.
    """

    orders: Floats
    orders_by_scenario: Floats
    stock: Floats
    lost: Floats
    waiting: Floats
    fill_rate: Floats
    costs: PlanCosts
    objective: float
    bound: float
    gap: float
    status: Literal["optimal", "time limit"]
    seconds: float
    limits: tuple[LimitUse, ...]
    demand_price: Floats
    relaxed_prices: bool


def plan(
    demand: ArrayLike,
    *,
    unit_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    lost_share: ArrayLike = 1.0,
    backorder_cost: ArrayLike | None = None,
    initial_stock: ArrayLike = 0.0,
    pipeline: ArrayLike = 0.0,
    lead_time_periods: ArrayLike = 0,
    salvage_value: ArrayLike | None = None,
    probability: ArrayLike | None = None,
    order_nodes: ArrayLike | None = None,
    order_cost: ArrayLike = 0.0,
    min_order_units: ArrayLike = 0.0,
    max_order_units: ArrayLike = float("inf"),
    pack_units: ArrayLike = 0.0,
    tiers: PriceTiers | None = None,
    budget: ArrayLike | None = None,
    unit_volume: ArrayLike | None = None,
    storage: ArrayLike | None = None,
    limits: Sequence[Limit] = (),
    supplier: ArrayLike | None = None,
    supplier_min_value: ArrayLike = 0.0,
    supplier_capacity_units: ArrayLike = float("inf"),
    fill_rate_floor: ArrayLike = 0.0,
    final_stock_min: ArrayLike = 0.0,
    max_stock_units: ArrayLike = float("inf"),
    whole_periods: int | None = None,
    time_limit_seconds: float = 60.0,
    relative_gap: float = 1e-4,
    ranges: bool = True,
) -> Plan:
    """Plan orders of many products over many periods at least expected cost.

    Parameters
    ----------
    demand : (n_product, n_scenario, n_period) units; (n_product, n_period) is one forecast, one scenario.
    unit_cost : purchase price per unit, (n_product,) or (n_product, n_period of the review).
    holding_cost : per unit of closing stock and period, (n_product,) or (n_product, n_period).
    shortage_cost : per lost unit beyond the purchase it saves, (n_product,); infinity: all demand must be met in time.
    lost_share : share of unmet demand that is lost, the rest waits, (n_product,), 0 to 1.
    backorder_cost : per waiting unit and period, (n_product,); left out: `shortage_cost`.
    initial_stock : units now, before the first review, (n_product,); negative: customers waiting.
    pipeline : units ordered earlier, by period of arrival, (n_product, n_period).
    lead_time_periods : whole periods, (n_product,); 0 is on the shelf for the demand that follows the review.
    salvage_value : worth of a unit left after the last period, (n_product,); left out: the lowest unit cost.
    probability : of each scenario, (n_scenario,); left out: all alike.
    order_nodes : (n_scenario, n_period) labels: scenarios that share a label in a period must order the same there
        (a scenario tree); left out: one label, all orders decided now.
    order_cost : per order line (product and review with an order), (n_product,).
    min_order_units, max_order_units : size of an order, if there is one, (n_product,).
    pack_units : orders are whole multiples of this, (n_product,); 0: any quantity.
    tiers : prices that depend on the order's size; replaces `unit_cost` for purchases.
    budget : currency available for purchases at each review, (n_period,) or one number.
    unit_volume, storage : m3 per unit (n_product,) and m3 available (n_period,), for the expected stock after arrivals.
    limits : further limits that products share.
    supplier : index of each product's supplier, (n_product,); with it
        supplier_min_value : least value of an order to a supplier, if there is one, (n_supplier,), and
        supplier_capacity_units : most units a supplier delivers per review, (n_supplier,) or (n_supplier, n_period).
    fill_rate_floor : least expected share of demand met at once over the horizon, (n_product,), 0 to 1.
    final_stock_min : least expected stock after the last period, (n_product,).
    max_stock_units : most closing stock in every scenario and period, (n_product,).
    whole_periods : packs, minimum orders, fixed order costs and price breaks hold in the first so many reviews, later
        ones are planned in fractions; left out: all. One plans again before the later ones come due.
    time_limit_seconds, relative_gap : when the solver may stop.
    ranges : compute the range of each shadow price (two small linear programmes for each price that is not zero).

    Returns
    -------
    Plan

    Raises
    ------
    ValueError : a bad argument, named with its value.
    InfeasiblePlanError : no plan keeps all limits; it names those that clash and the least relaxation.
    """
    raise NotImplementedError
