"""How good the stock-out alerts were: raised again at past reviews, and held against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.alert_rules import make_view, stock_outs
from invnb.decide.demand_path import demand_path
from invnb.decide.first_order import column, unmet
from invnb.decide.past_review import later_receipts, past_position
from invnb.decide.policy import align
from invnb.forecast.metrics import binomial_interval
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.simulation import trajectories


@dataclass(frozen=True)
class AlertRecord:
    """Stock-out alerts of past reviews beside what came; arrays (n_sku, n_period).

    Review t closes the day before period t starts. An alert claims: unless something is ordered, the product
    runs out before the order of the review after next could arrive; one of this review or the next helps.

    Parameters
    ----------
    sku : (n_sku,) labels. period : (n_period,) first days. period_days : days in a period.
    lead, claim : (n_sku,), periods until an order of this review, and of the one after next, is there.
    margin : (n_sku,), currency per lost unit.
    kind : type of the alert that stood at the review, "" for none; of any severity.
    money : currency, its money at risk.
    right : whether the claim came true, on the demand that came and the receipts of what was already ordered.
    judged : whether all the periods of the claim are over.
    unmet_units : demand that was not served in the period, with what was really ordered.
    """

    sku: np.ndarray
    period: np.ndarray
    period_days: int
    lead: np.ndarray
    claim: np.ndarray
    margin: np.ndarray
    kind: np.ndarray
    money: np.ndarray
    right: np.ndarray
    judged: np.ndarray
    unmet_units: np.ndarray

    @property
    def stood(self) -> np.ndarray:
        """Whether an alert stood, (n_sku, n_period)."""
        return np.asarray(self.kind != "")


def estimated_demand(panel: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Demand by product and period where only sales are known: `sku`, `period`, `units`, `unmet_units`.

    Where a product sold out the demand beyond its sales is an estimate, see `demand_path`.
    """
    path = demand_path(panel, seed)
    sold = _wide(panel, "units", path.sku, path.period)
    return pd.DataFrame(
        {
            "sku": np.repeat(path.sku, len(path.period)),
            "period": np.tile(path.period.astype("datetime64[ns]"), len(path.sku)),
            "units": path.units.ravel(),
            "unmet_units": np.where(path.estimated, np.maximum(path.units - sold, 0.0), 0.0).ravel(),
        }
    )


def demand_that_came(panel: pd.DataFrame, seed: int, truth: pd.DataFrame | None = None) -> pd.DataFrame:
    """Demand an alert is judged by: `sku`, `period`, `units`, `unmet_units`.

    Parameters
    ----------
    panel : demand panel. `seed` : of the estimate, see `estimated_demand`.
    truth : table of `invnb.data.truth.true_demand`, or None; customers of a sold-out product who want this
        one instead are demand for it too.
    """
    if truth is None:
        return estimated_demand(panel, seed)
    return truth.assign(units=truth["units"] + truth["spill_in_units"]).drop(columns="spill_in_units")


def record_alerts(
    forecasts: Sequence[Scenarios],
    demand: pd.DataFrame,
    panel: pd.DataFrame,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    purchase_orders: pd.DataFrame,
    receipts: pd.DataFrame,
    *,
    period_days: int,
    fill_rate_target: float,
) -> AlertRecord:
    """Raise the stock-out alerts of every past review again, with only what was known then.

    Parameters
    ----------
    forecasts : scenarios of consecutive reviews, each made before its first period (`replay_scenarios`).
    demand : `sku`, `period`, `units`, `unmet_units`, see `demand_that_came`.
    panel, economics, stock_history, purchase_orders, receipts : tables of the run. `economics` should be
        that of the first review where hindsight in lead times and prices is to be ruled out.
    period_days : days in a period.
    fill_rate_target : as in `find_alerts`.
    """
    sku = forecasts[0].sku
    period = np.array([forecast.period[0] for forecast in forecasts])
    terms = align(economics, sku)
    lead = terms["lead_time_periods"].to_numpy(int)
    claim = lead + 2 * terms["review_period_periods"].to_numpy(int)
    shape = (len(sku), len(period))
    wanted, not_served = (_wide(demand, name, sku, period) for name in ["units", "unmet_units"])
    kind, money = np.full(shape, "", dtype=object), np.zeros(shape)
    right = np.zeros(shape, dtype=bool)
    for t, scenarios in enumerate(forecasts):
        today = pd.Timestamp(period[t]) - pd.Timedelta(days=1)
        then = past_position(
            stock_history, purchase_orders, receipts, panel, economics, today=today, period_days=period_days
        )
        view = make_view(scenarios, economics, then.position, then.inbound, today)
        found = stock_outs(view, np.zeros(len(sku)), 1 - fill_rate_target, period_days)
        row = pd.Index(sku).get_indexer(pd.Index(found["sku"]))
        kind[row, t], money[row, t] = found["type"], found["money_at_risk"]
        came = later_receipts(
            purchase_orders, receipts, sku, period[t:], today=today, period_days=period_days
        )
        run = trajectories(
            fixed_orders(0.0),
            wanted[:, None, t:],
            initial_on_hand=view.net_units,
            pipeline=came,
            lost_share=column(terms, "lost_share"),
        )
        claimed = np.arange(len(period) - t) < claim[:, None]
        right[:, t] = (unmet(run, view.net_units)[:, 0] & claimed).any(axis=1)
    judged = np.arange(len(period)) + claim[:, None] <= len(period)
    margin = column(terms, "shortage_cost_per_unit")
    return AlertRecord(sku, period, period_days, lead, claim, margin, kind, money, right, judged, not_served)


def alert_quality(record: AlertRecord) -> pd.DataFrame:
    """Table `alert_quality`: recall, precision and lead time of the stock-out alerts.

    A stock-out is a run of periods in which demand was not served. It counts as flagged if an alert stood at
    the last review that was a full lead time before it began. An alert is one from the review at which it is
    raised until it no longer stands; it was right if its claim (see `AlertRecord`) came true at any review at
    which it stood. Stock-outs within one lead time of the first review are not counted.

    | measure | what |
    |---|---|
    | recall | share of stock-outs flagged a lead time ahead; by money: of the margin lost in them |
    | precision | share of alerts that were right; by money: of the money they put at risk |
    | precision_by_review | the same counted once per product and review at which an alert stood |
    | came_true | share of alerts followed by a stock-out although orders were placed meanwhile |
    | lead_days | median days from the review that raised the alert to the stock-out, of those flagged |
    | alerts_per_review | alerts standing at a review |

    Returns
    -------
    DataFrame with `measure`, `basis` (count, money, days), `value`, `low`, `high` (95 % interval of a share
    of `n`, by Wilson; NaN elsewhere), `n`.
    """
    sku, start, lost_margin = _stock_outs_that_came(record)
    at = start - record.lead[sku]
    early = at >= 0
    sku, start, at, lost_margin = sku[early], start[early], at[early], lost_margin[early]
    flagged = record.stood[sku, at]
    alerts = _alerts(record)
    stood = record.stood & record.judged
    lead_days = [
        (start[k] - _raised(record.stood[sku[k]], at[k])) * record.period_days
        for k in np.flatnonzero(flagged)
    ]
    rows = [
        _share("recall", flagged),
        _weighted("recall", flagged, lost_margin),
        _share("precision", alerts["right"].to_numpy(bool)),
        _weighted("precision", alerts["right"].to_numpy(bool), alerts["money"].to_numpy(float)),
        _share("precision_by_review", record.right[stood]),
        _share("came_true", alerts["came_true"].to_numpy(bool)),
        (
            "lead_days",
            "days",
            float(np.median(lead_days)) if lead_days else np.nan,
            np.nan,
            np.nan,
            len(lead_days),
        ),
        (
            "alerts_per_review",
            "count",
            record.stood.sum() / len(record.period),
            np.nan,
            np.nan,
            len(record.period),
        ),
    ]
    return pd.DataFrame(rows, columns=["measure", "basis", "value", "low", "high", "n"])


def _wide(demand: pd.DataFrame, name: str, sku: np.ndarray, period: np.ndarray) -> np.ndarray:
    table = demand.pivot_table(index="sku", columns="period", values=name, aggfunc="sum")
    table.columns = pd.DatetimeIndex(table.columns)
    return table.reindex(index=sku, columns=pd.DatetimeIndex(period)).fillna(0.0).to_numpy(float)


def _stock_outs_that_came(record: AlertRecord) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Product, first period and lost margin of every run of periods with unmet demand."""
    short = record.unmet_units > 0
    sku, start = np.nonzero(short & ~_before(short))
    lost = record.unmet_units * record.margin[:, None]
    run = [
        short[i, t:].argmin() if not short[i, t:].all() else short.shape[1] - t
        for i, t in zip(sku, start, strict=True)
    ]
    money = [lost[i, t : t + n].sum() for i, t, n in zip(sku, start, run, strict=True)]
    return sku, start, np.array(money, dtype=float)


def _alerts(record: AlertRecord) -> pd.DataFrame:
    """One row per alert that can be judged at the review that raised it: `right`, `came_true`, `money`."""
    stood, short = record.stood, record.unmet_units > 0
    n_period = stood.shape[1]
    rows = []
    for i, t in zip(*np.nonzero(stood & ~_before(stood) & record.judged), strict=True):
        end = t + 1
        while end < n_period and stood[i, end]:
            end += 1
        over = slice(t, end)
        right = (record.right[i, over] & record.judged[i, over]).any()
        came_true = short[i, t : min(end - 1 + record.claim[i], n_period)].any()
        rows.append((right, came_true, record.money[i, over].max()))
    return pd.DataFrame(rows, columns=["right", "came_true", "money"])


def _before(where: np.ndarray) -> np.ndarray:
    """The same one period earlier, False in the first."""
    return np.concatenate([np.zeros((len(where), 1), dtype=bool), where[:, :-1]], axis=1)


def _raised(stood: np.ndarray, at: int) -> int:
    """The review from which on an alert stood without a break until `at`."""
    gaps = np.flatnonzero(~stood[: at + 1])
    return int(gaps[-1]) + 1 if gaps.size else 0


def _share(measure: str, hit: np.ndarray) -> tuple[str, str, float, float, float, int]:
    value = float(hit.mean()) if len(hit) else np.nan
    return (measure, "count", value, *binomial_interval(float(hit.sum()), len(hit)), len(hit))


def _weighted(measure: str, hit: np.ndarray, money: np.ndarray) -> tuple[str, str, float, float, float, int]:
    total = money.sum()
    return (measure, "money", float(money[hit].sum() / total) if total else np.nan, np.nan, np.nan, len(hit))
