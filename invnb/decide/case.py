"""The ground of a replay, the same for every policy, and the policies that are replayed on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.demand_path import DemandPath
from invnb.decide.first_order import Levels, column, round_up
from invnb.decide.kpi_formulas import average_stock_value, cycle_service, fill_rate, turnover
from invnb.decide.policy import align
from invnb.decide.replay import Decide, Replay, replay
from invnb.decide.review import best_orders, levels_from_scenarios
from invnb.decide.rules import RULES, SAFETY

START_COVER_PERIODS = 4.0  # stock at the start of the replay where no stock history says it
LAUNCH_COVER_PERIODS = 2.0  # first delivery of a new product: so much beyond lead time and review


@dataclass(frozen=True)
class Case:
    """One replay's ground: demand, start and economics of every product, the same for every policy.

    Parameters
    ----------
    demand : (n_sku, n_period), units.
    history : (n_sku, n_before + n_period), the demand a rule could see, NaN unknown.
    on_sale : (n_sku, n_period), from a product's launch to its end.
    initial_stock : (n_sku,), units. initial_pipeline : (n_sku, n_period), units.
    economics : table `economics`, one row per product.
    period_days : days in a period.
    warm_up_periods : first periods, replayed but not counted.
    """

    demand: np.ndarray
    history: np.ndarray
    on_sale: np.ndarray
    initial_stock: np.ndarray
    initial_pipeline: np.ndarray
    economics: pd.DataFrame
    period_days: int
    warm_up_periods: int = 0

    @property
    def counted(self) -> np.ndarray:
        """Periods counted: after the warm-up, and after the first order could arrive; (n_sku, n_period)."""
        first = np.maximum(self.economics["lead_time_periods"].to_numpy(int), self.warm_up_periods)
        return np.arange(self.demand.shape[1]) >= first[:, None]


def make_case(
    path: DemandPath,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    n_periods: int,
    true_demand: pd.DataFrame | None = None,
    *,
    warm_up_periods: int = 0,
) -> Case:
    """The ground of a replay of the last `n_periods` of a demand path.

    Everybody starts with the stock of that morning (or four periods of recent sales) and an order of average
    size due in every period of the lead time. A product launched later gets the same first delivery under
    every policy: the demand of a middling product over lead time, review and two periods.

    Parameters
    ----------
    path : demand by product and period.
    economics : table `economics`.
    stock_history : canonical table; may be empty.
    n_periods : periods replayed, the warm-up included.
    true_demand : `sku`, `period`, `units` where the truth is known; None: the path's estimate.
    warm_up_periods : first of them that are not counted.
    """
    terms = align(economics, path.sku)
    on_sale = path.on_sale[:, -n_periods:]
    units = path.units[:, -n_periods:]
    if true_demand is not None:
        truth = true_demand.pivot_table(index="sku", columns="period", values="units", aggfunc="sum")
        truth.columns = pd.DatetimeIndex(truth.columns)
        truth = truth.reindex(index=path.sku, columns=pd.DatetimeIndex(path.period[-n_periods:]))
        units = np.where(on_sale, np.nan_to_num(truth.to_numpy(float)), 0.0)
    before = path.history[:, :-n_periods]
    recent = before[:, -8:]
    mean = np.nansum(recent, axis=1) / np.maximum(np.sum(~np.isnan(recent), axis=1), 1)
    lead = terms["lead_time_periods"].to_numpy(int)
    pipeline = np.where(np.arange(n_periods) < lead[:, None], np.round(mean)[:, None], 0.0)
    launch = on_sale.argmax(axis=1)
    later = on_sale.any(axis=1) & (launch > 0) & np.isnan(before).all(axis=1)
    cover = lead + terms["review_period_periods"].to_numpy(int) + LAUNCH_COVER_PERIODS
    middling = np.median(mean[mean > 0]) if (mean > 0).any() else 0.0
    pipeline[later, launch[later]] = np.ceil(cover * middling)[later]
    stock = _stock_in_the_morning(stock_history, path.sku, path.period[-n_periods])
    stock = np.where(np.isnan(stock), np.round(START_COVER_PERIODS * mean), stock)
    history = np.concatenate([before, np.where(on_sale, units, np.nan)], axis=1)
    return Case(units, history, on_sale, stock, pipeline, terms, path.period_days, warm_up_periods)


def review_levels(
    scenarios: Sequence[np.ndarray], economics: pd.DataFrame, shortage_multiple: float = 1.0
) -> list[Levels]:
    """Levels of every review from its own scenarios, a lost unit priced at a multiple of what it costs.

    Parameters
    ----------
    scenarios : for each review, demand paths (n_sku, n_scenario, n_ahead) known then.
    economics : table `economics`, one row per product.
    shortage_multiple : factor on the costs of lost and waiting units.
    """
    return [levels_from_scenarios(demand, economics, shortage_multiple) for demand in scenarios]


def replay_decisions(case: Case, decide: Decide) -> Replay:
    """Any policy on a case: from the case's start, its demand, with what `decide` orders at each review.

    Parameters
    ----------
    case : the ground. `decide` : as `invnb.decide.replay.replay` calls it.
    """
    return replay(case.demand, decide, case.initial_stock, case.initial_pipeline, case.economics)


def orders_arrive_on_sale(case: Case) -> np.ndarray:
    """Whether the order of a review arrives before the product's end, (n_sku, n_period): ends are announced.

    Beyond the last period a product still on sale then stays on sale.

    Parameters
    ----------
    case : the ground.

    Examples
    --------
    The product ends after three of four periods; an order of the third review would come in the fourth.

    >>> one = np.zeros((1, 4))
    >>> sold = np.array([[True, True, True, False]])
    >>> terms = pd.DataFrame({"lead_time_periods": [1]})
    >>> orders_arrive_on_sale(Case(one, one, sold, one[:, 0], one, terms, period_days=7)).tolist()
    [[True, True, False, False]]
    """
    n_period = case.on_sale.shape[1]
    ahead = np.maximum.accumulate(case.on_sale[:, ::-1], axis=1)[:, ::-1]  # on sale in this period or later
    arrival = np.arange(n_period) + case.economics["lead_time_periods"].to_numpy(int)[:, None]
    return np.take_along_axis(ahead, np.minimum(arrival, n_period - 1), axis=1)


def replay_policy(
    case: Case,
    scenarios: Sequence[np.ndarray],
    levels: Sequence[Levels],
) -> Replay:
    """Our policy: at each review the best order of every product, by the paths and levels of that review.

    Parameters
    ----------
    case : the ground.
    scenarios : for each period, demand paths (n_sku, n_scenario, n_ahead) known at the review before it.
    levels : for each period, as of `review_levels`.
    """

    def decide(t: int, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
        return orders_at(case, t, net, coming, scenarios[t], case.economics, levels[t])

    return replay_decisions(case, decide)


def orders_at(
    case: Case,
    t: int,
    net: np.ndarray,
    coming: np.ndarray,
    demand: np.ndarray,
    economics: pd.DataFrame,
    levels: Levels,
) -> np.ndarray:
    """The best order of every product at the review before period t, (n_sku,); none that comes after its end.

    Parameters
    ----------
    case : the ground. `t`, `net`, `coming` : as a `Decide` of `invnb.decide.replay` gets them.
    demand : paths (n_sku, n_scenario, n_ahead) known at this review.
    economics, levels : terms of the order, and the policy at later reviews.
    """
    n_ahead = demand.shape[2]
    ahead = np.zeros((len(net), n_ahead))
    known = min(n_ahead, coming.shape[1])
    ahead[:, :known] = coming[:, :known]
    ahead[:, -1] += coming[:, known:].sum(axis=1)  # later than the forecast looks: part of the position
    return np.where(
        orders_arrive_on_sale(case)[:, t], best_orders(demand, net, ahead, economics, levels), 0.0
    )


def replay_rule(case: Case, name: str, safety: float | None = None) -> Replay:
    """One of `RULES`, set anew at each review from the demand before it.

    Parameters
    ----------
    case : the ground. `name` : of the rule.
    safety : its one number (days or z); None: the usual one, the first of `SAFETY`.
    """
    terms = case.economics
    cover = (terms["lead_time_periods"] + terms["review_period_periods"]).to_numpy(int)
    pack, minimum = column(terms, "pack_units"), column(terms, "min_order_units")
    n_before = case.history.shape[1] - case.demand.shape[1]
    arrives_on_sale = orders_arrive_on_sale(case)
    number = SAFETY[name][0] if safety is None else safety

    def decide(t: int, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
        levels = RULES[name](case.history[:, : n_before + t], cover, case.period_days, number)
        wanted = np.where(arrives_on_sale[:, t], _wanted_units(levels, net, coming), 0.0)
        return round_up(wanted, pack, minimum)

    return replay_decisions(case, decide)


def safety_for_service(case: Case, name: str, fill_rate_target: float) -> float:
    """The least safety of a rule with which it would have met the target on this case, else the most.

    Handed a case that ends before a replay begins, this sets the rule as a careful shop would: by what it
    would have taken last time.

    Parameters
    ----------
    case : the ground, past periods only. `name` : of the rule.
    fill_rate_target : share of demanded units to serve from stock.
    """
    for safety in SAFETY[name]:
        if service(case, replay_rule(case, name, safety))["fill_rate"] >= fill_rate_target:
            return safety
    return SAFETY[name][-1]


def _wanted_units(levels: Levels, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
    """Units up to the level for products at or below their reorder point, (n_sku,)."""
    position = net + coming.sum(axis=1)
    below = position <= levels.reorder_point
    return np.where(below, np.maximum(levels.order_up_to_level - position, 0.0), 0.0)


def service(case: Case, run: Replay) -> dict[str, float]:
    """Fill rate, cycle service, average stock value and turnover over the counted periods."""
    counted = case.counted
    cost = column(case.economics, "unit_cost")
    n_periods = counted.sum(axis=1).max(initial=1)
    scale = n_periods / counted.sum(axis=1).clip(1)  # a product counted for fewer periods stands for all
    stock = average_stock_value(
        (run.start_units * counted).sum(axis=1, keepdims=True) * scale[:, None] / n_periods,
        (run.close_units * counted).sum(axis=1, keepdims=True) * scale[:, None] / n_periods,
        cost,
    )
    sold = (run.demand_units - run.lost_units) * counted
    # Cycles before the first counted period are not counted either: the first one is open when it starts.
    after_first = counted & np.pad(counted, ((0, 0), (1, 0)))[:, :-1]
    return {
        "fill_rate": fill_rate(run.served_units * counted, run.demand_units * counted),
        "cycle_service": cycle_service(
            run.received_units * after_first, (run.demand_units - run.served_units) * counted
        ),
        "average_stock_value": stock,
        "turnover": turnover(
            float(sold.sum(axis=1) @ (cost * scale)), stock, days=n_periods * case.period_days
        ),
    }


def _stock_in_the_morning(stock_history: pd.DataFrame, sku: np.ndarray, first: np.datetime64) -> np.ndarray:
    """Units at the start of the first period, added over locations; NaN where the history does not say."""
    if stock_history.empty:
        return np.full(len(sku), np.nan)
    day = pd.Timestamp(first)
    rows = stock_history[stock_history["date"] == day].groupby("sku")["open_units"].sum(min_count=1)
    return rows.reindex(sku).to_numpy(float)
