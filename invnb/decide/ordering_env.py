"""Ordering as a Gymnasium environment, with the order of events of `invnb.inventory.simulation`.

A step is one period: the order is placed and travels, orders due arrive, demand occurs, unmet units are lost
or wait, what is left is charged. Needs the extra `learned-policy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invnb.inventory import checks

try:
    import gymnasium
except ImportError as error:
    raise ImportError("gymnasium is not installed: make learned") from error

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OrderingTask:
    """Products to order, the demand that may come, and what an observation is made of.

    An episode draws one product, one of its demand paths and a start; its length is that of the path.

    Parameters
    ----------
    demand : (n_product, n_path, n_period), units.
    lead_time_periods : (n_product,), whole periods, 1 or more.
    scale_units : (n_product,), units above zero by which stock and orders are divided in an observation.
    lot_units : (n_product,), units that an action of 1 orders.
    n_lots : the largest action.
    largest_position_units : (n_product,), no order lifts stock and orders on the way above it.
    reference_cost_per_period : (n_product,), currency above zero: the reward is 1 - cost / reference.
    holding_cost_per_unit_period, shortage_cost_per_unit, backorder_cost_per_unit_period, order_cost :
        (n_product,), currency.
    lost_share : (n_product,), of unmet demand; the rest waits.
    review_period_periods : (n_product,), whole periods; between reviews an action orders nothing.
    min_order_units, pack_units : (n_product,), units; 0 for none.
    features : (n_product, n_period, n_feature), what else is known at the review before each period.

    Raises
    ------
    ValueError : naming argument, value or shape.
    """

    demand: Floats
    lead_time_periods: NDArray[np.int64]
    scale_units: Floats
    lot_units: Floats
    n_lots: int
    largest_position_units: Floats
    reference_cost_per_period: Floats
    holding_cost_per_unit_period: Floats
    shortage_cost_per_unit: Floats
    backorder_cost_per_unit_period: Floats
    order_cost: Floats
    lost_share: Floats
    review_period_periods: NDArray[np.int64]
    min_order_units: Floats
    pack_units: Floats
    features: Floats

    def __post_init__(self) -> None:
        if checks.nonnegative("demand", self.demand).ndim != 3 or self.demand.size == 0:
            raise ValueError(f"demand must have shape (n_product, n_path, n_period), got {self.demand.shape}")
        n_product, _, n_period = self.demand.shape
        if self.features.shape[:2] != (n_product, n_period) or self.features.ndim != 3:
            raise ValueError(
                f"features must have shape ({n_product}, {n_period}, n_feature), got {self.features.shape}"
            )
        for name in PER_PRODUCT:
            if np.shape(getattr(self, name)) != (n_product,):
                raise ValueError(
                    f"{name} must have shape ({n_product},), got {np.shape(getattr(self, name))}"
                )
        for name in ("scale_units", "lot_units", "reference_cost_per_period"):
            checks.positive(name, getattr(self, name))
        checks.whole("lead_time_periods", self.lead_time_periods, least=1)
        checks.whole("review_period_periods", self.review_period_periods, least=1)
        checks.share("lost_share", self.lost_share)
        checks.count("n_lots", self.n_lots)

    def observation(
        self, product: NDArray, period: int, on_hand: Floats, on_way: Floats
    ) -> NDArray[np.float32]:
        """What a policy sees at the review before a period, scaled.

        Parameters
        ----------
        product : (n,), rows of the task.
        period : the period before which is ordered.
        on_hand : (n,), units before demand, orders due included; negative: waiting customers.
        on_way : (n, longest lead time - 1), units that arrive in the periods after it.

        Returns
        -------
        (n, longest lead time + n_feature), float32.
        """
        scale = self.scale_units[product][:, None]
        seen = (on_hand[:, None] / scale, on_way / scale, self.features[product, period])
        return np.concatenate(seen, axis=1).astype(np.float32)


PER_PRODUCT = tuple(
    name for name in OrderingTask.__dataclass_fields__ if name not in ("demand", "n_lots", "features")
)


class OrderingEnv(gymnasium.Env):
    """One product at a time: observe, order, pay.

    Observation: units on hand (orders due included), units on the way by arrival, and the task's features.
    Action: a number of lots, 0 to `task.n_lots`. Reward: 1 - cost / reference cost of the product. `info`
    of a step holds `cost` (currency) and `ordered_units`. An episode is cut off at the end of its path.

    `reset` takes the options `product`, `path`, `on_hand` (units before anything arrives) and `on_way` (units
    by arrival, first the next period's); what is not given is drawn.

    Parameters
    ----------
    task : products, demand and costs.

    Examples
    --------
    >>> from invnb.decide.learned_policy import lost_sales_task
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> env = OrderingEnv(lost_sales_task(problem, seed=1))
    >>> seen, _ = env.reset(seed=1, options={"on_hand": 5, "on_way": [10, 0]})
    >>> (seen * 15).tolist()  # scaled by the mean demand of lead time and review
    [15.0, 0.0]
    """

    def __init__(self, task: OrderingTask) -> None:
        self.task = task
        self.longest = int(task.lead_time_periods.max())
        self.n_seen = self.longest + task.features.shape[2]
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (self.n_seen,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(task.n_lots + 1)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Draw a product, a path and a start, or take those of `options`."""
        super().reset(seed=seed)
        task, given, rng = self.task, options or {}, self.np_random
        n_product, n_path, _ = task.demand.shape
        i = self.product = int(given.get("product", rng.integers(n_product)))
        self.demand = task.demand[i, int(given.get("path", rng.integers(n_path)))].tolist()
        self.lead = int(task.lead_time_periods[i])
        self.scale, self.lot = float(task.scale_units[i]), float(task.lot_units[i])
        drawn = np.zeros(self.longest + 1)  # on hand, and one order on the way
        drawn[0] = np.round(rng.uniform(0.0, 1.0) * self.scale)
        drawn[rng.integers(1, self.lead + 1)] = np.round(rng.uniform(0.0, 1.0) * self.scale)
        self.net = float(given.get("on_hand", drawn[0]))
        on_way = [float(units) for units in given.get("on_way", drawn[1:])]
        self.on_way = on_way + [0.0] * (self.longest - len(on_way))
        self.seen = task.features[i].astype(np.float32)
        self.terms = tuple(float(getattr(task, name)[i]) for name in TERMS)
        self.period = 0
        return self._observation(), {}

    def step(self, action: int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Place the order and live through one period."""
        from invnb.inventory.simulation_kernels import order_quantity

        most, least, pack, every, holding, shortage, backorder, fixed, lost_share, reference = self.terms
        units = 0.0
        if self.period % every == 0 and action > 0:
            position = self.net + sum(self.on_way)
            units = order_quantity(position, np.inf, most, action * self.lot, least, pack)
        self.on_way.append(0.0)
        self.on_way[self.lead] += units
        start = self.net + self.on_way.pop(0)
        unmet = self.demand[self.period] - min(self.demand[self.period], max(start, 0.0))
        lost = lost_share * unmet
        self.net = start - self.demand[self.period] + lost
        cost = (
            holding * max(self.net, 0.0)
            + shortage * lost
            + backorder * max(-self.net, 0.0)
            + fixed * (units > 0)
        )
        self.period += 1
        over = self.period == len(self.demand)
        info = {"cost": cost, "ordered_units": units}
        return self._observation(), 1.0 - cost / reference, False, over, info

    def _observation(self) -> NDArray[np.float32]:
        period = min(self.period, len(self.demand) - 1)  # after the last period: as before it
        seen = np.empty(self.n_seen, np.float32)
        seen[0] = (self.net + self.on_way[0]) / self.scale
        seen[1 : self.longest] = self.on_way[1:]
        seen[1 : self.longest] /= self.scale
        seen[self.longest :] = self.seen[period]
        return seen


TERMS = (
    "largest_position_units",
    "min_order_units",
    "pack_units",
    "review_period_periods",
    "holding_cost_per_unit_period",
    "shortage_cost_per_unit",
    "backorder_cost_per_unit_period",
    "order_cost",
    "lost_share",
    "reference_cost_per_period",
)
