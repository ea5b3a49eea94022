"""The price to put on a lost unit when ordering, learned from what past reviews would have cost.

Levels are found by simulated cost on the scenarios (`invnb.inventory.rollout`), so they are right where the
scenarios are. Where these are too wide or too narrow in the tails that decide, past cost shows it: at another
price of a lost unit the same rule would have cost less. The price changes only where that is beyond noise,
and then as little as noise allows: on made-up shops a hasty change cost more than it ever earned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.case import make_case, replay_policy, review_levels
from invnb.decide.demand_path import demand_path
from invnb.decide.past_forecasts import paths_of
from invnb.forecast.scenarios import Scenarios

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the shortage cost: prices to choose from, and the frontier
NOISE_ERRORS = 3.0  # standard errors of the paired difference; four other prices are tried at every review
SETTLING_PERIODS = 13  # not counted: a cheaper lost unit first runs down stock that is there anyway
LEAST_PERIODS = 13  # of evidence after them before the price changes
EVIDENCE_COLUMNS = ["review_date", "multiple", "past_cost", "gain", "noise", "chosen"]


@dataclass(frozen=True)
class LearnedPrice:
    """What was learned, review by review.

    Parameters
    ----------
    multiple : of the shortage cost, for the review of today.
    chosen : (n_review,) the multiple at each past review, from the ones before it.
    evidence : table `lost_unit_price`: per `review_date` and `multiple` the `past_cost` until then (money),
        its `gain` over the plain price, the `noise` it has to exceed, and whether it was `chosen`. The last
        date is today's.
    """

    multiple: float
    chosen: np.ndarray
    evidence: pd.DataFrame


def learn_lost_unit_price(
    panel: pd.DataFrame,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    forecasts: Sequence[Scenarios],
    *,
    seed: int,
    multiples: Sequence[float] = MULTIPLES,
) -> LearnedPrice:
    """The multiple of the shortage cost to order by now, and at each past review, each from its own past.

    Our rule is replayed at every multiple on the demand the shop could see. Periods in which nothing could
    be bought are masked. Those that sold out are not, their demand is estimated: without them the dearest
    periods would be missing, and lost units look cheap.

    Parameters
    ----------
    panel, economics : tables of the run. `stock_history` : canonical table; may be empty.
    forecasts : of consecutive past reviews up to the last period (`review_the_past`).
    seed : of the estimated demand. `multiples` : to choose from, 1 among them.

    Raises
    ------
    ValueError : if the forecasts are not those of the last periods of the panel.
    """
    path = demand_path(panel, seed)
    n_review = len(forecasts)
    starts = np.array([forecast.period[0] for forecast in forecasts], dtype="datetime64[D]")
    if not np.array_equal(starts, path.period[-n_review:].astype("datetime64[D]")):
        raise ValueError(f"forecasts must be of the last {n_review} periods, got {starts[0]} to {starts[-1]}")
    case = make_case(path, economics, stock_history, n_review)
    scenarios = paths_of(forecasts, path.sku)
    seen = ~np.isnan(path.history[:, -n_review:])
    cost = {
        m: replay_policy(case, scenarios, review_levels(scenarios, case.economics, m)).total * seen
        for m in multiples
    }
    last = starts[-1] + np.timedelta64(path.period_days, "D")
    return choose_at_each_review(cost, np.append(starts, last))


def choose_at_each_review(cost: Mapping[float, np.ndarray], period: np.ndarray) -> LearnedPrice:
    """`choose_multiple` at the review before each period, from the cost of the periods before it.

    Parameters
    ----------
    cost : by multiple, (n_sku, n_period) in currency.
    period : (n_period + 1,), first days; the last one follows the costs.
    """
    chosen, rows = [], []
    for t, day in enumerate(pd.DatetimeIndex(period)):
        past = {m: values[:, SETTLING_PERIODS:t] for m, values in cost.items()}
        chosen.append(choose_multiple(past) if t >= SETTLING_PERIODS + LEAST_PERIODS else 1.0)
        for multiple, values in past.items():
            gain, noise = _gain_and_noise(past[1.0], values)
            review = day - pd.Timedelta(days=1)
            rows.append((review, multiple, float(values.sum()), gain, noise, multiple == chosen[t]))
    return LearnedPrice(chosen[-1], np.array(chosen[:-1]), pd.DataFrame(rows, columns=EVIDENCE_COLUMNS))


def choose_multiple(cost: Mapping[float, np.ndarray]) -> float:
    """The multiple nearest to 1 of those that the one with the least past cost does not beat beyond noise.

    Noise: three standard errors of the paired difference, with products or with periods as independent units,
    whichever is larger.

    Parameters
    ----------
    cost : by multiple, (n_sku, n_past) in currency; 1 is among them.

    Examples
    --------
    >>> choose_multiple({1.0: np.full((9, 4), 5.0), 0.5: np.full((9, 4), 4.0)})
    0.5
    >>> choose_multiple({1.0: np.array([[5.0], [5.0]]), 0.5: np.array([[9.0], [0.0]])})
    1.0
    """
    best = min(cost, key=lambda m: (cost[m].sum(), abs(np.log(m))))
    for multiple in sorted(cost, key=lambda m: abs(np.log(m))):
        gain, noise = _gain_and_noise(cost[multiple], cost[best])
        if gain <= noise:
            return multiple
    return best


def _gain_and_noise(plain: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Cost saved against the plain price, and what it has to exceed: infinite for one product or period."""
    saved = plain - other
    if min(saved.shape) < 2:
        return float(saved.sum()), np.inf
    errors = [saved.sum(axis=axis).std(ddof=1) * np.sqrt(saved.shape[1 - axis]) for axis in (0, 1)]
    return float(saved.sum()), float(NOISE_ERRORS * max(errors))
