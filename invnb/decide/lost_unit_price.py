"""The price to put on a lost unit when ordering, learned from what past reviews would have cost.

Levels are found by simulated cost on the scenarios (`invnb.inventory.rollout`), so they are right where the
scenarios are. Where these are too wide or too narrow in the tails that decide, past cost shows it: at another
price of a lost unit the same rule would have cost less. The price is only changed where that is beyond noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.case import make_case, replay_policy, review_levels
from invnb.decide.demand_path import demand_path
from invnb.forecast.scenarios import Scenarios

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the shortage cost: prices to choose from, and the frontier
NOISE_ERRORS = 2.0  # standard errors of the paired difference by which a price must have been cheaper
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

    Our rule is replayed at every multiple on the demand the shop could see. Periods that sold out are masked:
    what was wanted in them is an estimate, and an estimate proves nothing of lost sales.

    Parameters
    ----------
    panel, economics : tables of the run. `stock_history` : canonical table; may be empty.
    forecasts : of consecutive past reviews up to the last period (`past_forecasts`).
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
    scenarios = [forecast.select([str(s) for s in path.sku]).units for forecast in forecasts]
    seen = ~path.estimated[:, -n_review:]
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
    chosen = [choose_multiple({m: c[:, :t] for m, c in cost.items()}) for t in range(len(period))]
    rows = []
    for t, day in enumerate(pd.DatetimeIndex(period)):
        for multiple, values in cost.items():
            gain, noise = _gain_and_noise(cost[1.0][:, :t], values[:, :t])
            past = float(values[:, :t].sum())
            review = day - pd.Timedelta(days=1)
            rows.append((review, multiple, past, gain, noise, multiple == chosen[t]))
    return LearnedPrice(chosen[-1], np.array(chosen[:-1]), pd.DataFrame(rows, columns=EVIDENCE_COLUMNS))


def choose_multiple(cost: Mapping[float, np.ndarray]) -> float:
    """The multiple with the least past cost, or 1 where it is not better beyond noise.

    Noise: two standard errors of the paired difference, products as independent units.

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
    best = min(cost, key=lambda m: (cost[m].sum(), abs(m - 1.0)))
    gain, noise = _gain_and_noise(cost[1.0], cost[best])
    return best if gain > noise else 1.0


def _gain_and_noise(plain: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Cost saved against the plain price, and what it has to exceed; infinite for a single product."""
    by_product = (plain - other).sum(axis=1)
    n = len(by_product)
    noise = NOISE_ERRORS * float(by_product.std(ddof=1)) * np.sqrt(n) if n > 1 else np.inf
    return float(by_product.sum()), float(noise)
