"""The whole loop, review after review: forecast, order, observe what came, learn, again.

The backtest replays decisions on forecasts made of what the shop recorded. Here the shop's past ends at the
first review: from then on the forecasts learn from the sales our own orders made possible, and where they
ran out of stock they see no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.decide.case import Case, orders_at
from invnb.decide.replay import Replay, replay
from invnb.decide.review import levels_from_scenarios
from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.forecast.compare import Comparison, compare_models, forecast_scenarios
from invnb.forecast.inputs import make_inputs

COMPARE_PERIODS = 13  # periods after which models are compared, chosen and trained again
NOT_OURS = ("closed", "not_launched", "ended", "missing")  # no order of ours changes such a period


@dataclass(frozen=True)
class Roll:
    """A rolled year, or any other number of periods.

    Parameters
    ----------
    run : what happened, units and money, conserved (see `invnb.decide.replay`).
    table : one row per `sku` and `period`: `model` and `forecast_units` (mean of the period, made at the
        review before it; empty where nobody reviewed), `ordered_units` (at that review), `start_units`,
        `demand_units`, `served_units`, `close_units`, `censored` (ended without stock), `cost` (currency).
    champions : of every comparison: `review` (first day after it) and the columns of `compare_models`.
    """

    run: Replay
    table: pd.DataFrame
    champions: pd.DataFrame


def roll_forward(
    case: Case,
    panel: pd.DataFrame,
    products: pd.DataFrame,
    promotions: pd.DataFrame,
    page_views: pd.DataFrame,
    *,
    country: str,
    horizon_periods: int,
    origins: int,
    n_scenarios: int,
    seed: int,
    models: tuple[str, ...] | None = None,
) -> Roll:
    """Forecast, order, observe and learn at every review of a case.

    Each review sees the panel before the first period as it was recorded, and after it what its own orders
    let the shop see: units sold from stock, a sold-out period as a lower bound, nothing where there was no
    stock. Features are built anew at each review; models are compared, chosen and trained every
    `COMPARE_PERIODS` periods.

    Parameters
    ----------
    case : the ground, from `make_case`: demand that comes, start, economics; its products are the panel's.
    panel : demand panel, one row per product and period, that ends with the last period of the case. Of the
        case's periods only status (closed, not on offer), prices and page views are used, once they are past.
    products, promotions, page_views : canonical tables; may be empty.
    country : of the public holidays.
    horizon_periods, origins, models : as in `compare_models`.
    n_scenarios : demand paths per review. `seed` : of every draw; the same seed gives the same bytes.

    Raises
    ------
    ValueError : the panel does not fit the case.
    RuntimeError : units or money were not conserved.

    Examples
    --------
    >>> period = pd.date_range("2025-01-06", periods=32, freq="7D")
    >>> panel = pd.DataFrame({"sku": "A", "location": "main", "period": period, "status": "sold",
    ...     "units": 5.0, "available": True, "available_share": 1.0, "censored": False})
    >>> economics = pd.DataFrame({"sku": ["A"], "unit_cost": 5.0, "holding_cost_per_unit_period": 1.0,
    ...     "shortage_cost_per_unit": 9.0, "backorder_cost_per_unit_period": 0.9, "lost_share": 1.0,
    ...     "order_cost": 0.0, "lead_time_periods": 0, "review_period_periods": 1, "min_order_units": 1.0,
    ...     "pack_units": 1.0})
    >>> case = Case(np.full((1, 2), 5.0), np.full((1, 32), 5.0), np.ones((1, 2), bool), np.zeros(1),
    ...     np.zeros((1, 2)), economics, period_days=7)
    >>> empty = pd.DataFrame()
    >>> rolled = roll_forward(case, panel, empty, empty, empty, country="CN", horizon_periods=4, origins=2,
    ...     n_scenarios=20, seed=1, models=("exponential_smoothing",))
    >>> rolled.table["model"].tolist(), rolled.table["served_units"].tolist()
    (['exponential_smoothing', 'exponential_smoothing'], [5.0, 5.0])
    """
    sku, period, book = _laid_out(case, panel)
    n_sku, n_period = case.demand.shape
    first = len(period) - n_period
    lead = case.economics["lead_time_periods"].to_numpy(int)
    every = case.economics["review_period_periods"].to_numpy(int)
    forecast = np.full((n_sku, n_period), np.nan)
    model = np.full((n_sku, n_period), "", dtype=object)
    start = np.zeros((n_sku, n_period))
    champions: list[pd.DataFrame] = []
    comparison: Comparison | None = None
    compared_at = 0

    def decide(t: int, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
        nonlocal comparison, compared_at
        order = np.zeros(n_sku)
        if (t % every == 0).any():
            known = _seen(book, case, period, start, t)
            features = build_features(
                known,
                products,
                promotions,
                page_views[page_views["date"] < period[first + t]] if len(page_views) else page_views,
                country=country,
                horizon_periods=horizon_periods,
            )
            if comparison is None or t - compared_at >= COMPARE_PERIODS:
                comparison = compare_models(
                    known, features, segment_products(known, features, seed=seed),
                    horizon_periods=horizon_periods, origins=origins, seed=seed, models=models,
                )  # fmt: skip
                compared_at = t
                champions.append(comparison.champions.assign(review=period[first + t]))
            else:
                comparison = replace(comparison, inputs=make_inputs(known, features))
            found = forecast_scenarios(comparison, n_scenarios=n_scenarios, seed=seed + t)
            paths = found.scenarios.select(sku).units
            levels = levels_from_scenarios(paths, case.economics)
            best = orders_at(case, t, net, coming, paths, case.economics, levels)
            order = np.where(t % every == 0, best, 0.0)
            forecast[:, t] = paths[:, :, 0].mean(axis=1)
            model[:, t] = found.forecast.drop_duplicates("sku").set_index("sku")["model"].loc[sku]
        start[:, t] = np.maximum(net + coming[:, 0] + np.where(lead == 0, order, 0.0), 0.0)
        return order

    run = replay(case.demand, decide, case.initial_stock, case.initial_pipeline, case.economics)
    table = pd.DataFrame(
        {
            "sku": np.repeat(sku, n_period),
            "period": np.tile(period[first:], n_sku),
            "model": model.ravel(),
            "forecast_units": forecast.ravel(),
            "ordered_units": run.ordered_units.ravel(),
            "start_units": run.start_units.ravel(),
            "demand_units": run.demand_units.ravel(),
            "served_units": run.served_units.ravel(),
            "close_units": run.close_units.ravel(),
            "censored": (run.close_units <= 0).ravel(),
            "cost": run.total.ravel(),
        }
    )
    return Roll(run, table, pd.concat(champions, ignore_index=True))


def _laid_out(case: Case, panel: pd.DataFrame) -> tuple[list[str], np.ndarray, pd.DataFrame]:
    """Products in the order of the case, periods, and the panel sorted by both, what days showed left out."""
    sku = [str(s) for s in case.economics["sku"]]
    period = np.sort(panel["period"].unique())
    n_period = case.demand.shape[1]
    if sorted(panel["sku"].astype(str).unique()) != sorted(sku) or len(panel) != len(sku) * len(period):
        raise ValueError(
            f"panel must hold the case's {len(sku)} products once in each period (locations added up), got "
            f"{len(panel)} rows of {panel['sku'].nunique()} products over {len(period)} periods"
        )
    if len(period) <= n_period:
        raise ValueError(f"panel must begin before the case's {n_period} periods, got {len(period)} periods")
    place = pd.Series(np.arange(len(sku)), index=sku)
    book = panel.assign(sku=panel["sku"].astype(str), _place=panel["sku"].astype(str).map(place))
    return sku, period, book.sort_values(["_place", "period"]).drop(columns="_place").reset_index(drop=True)


def _seen(
    book: pd.DataFrame, case: Case, period: np.ndarray, start_units: np.ndarray, t: int
) -> pd.DataFrame:
    """The panel at the review before period t of the case: the record, then sales from our own stock.

    A period that ends without stock shows a lower bound of demand; one that began without shows nothing.
    """
    n_sku, n_period = case.demand.shape
    first = len(period) - n_period
    known = book[book["period"] < period[first + t]].reset_index(drop=True)
    if t == 0:
        return known
    ours = (known["period"] >= period[first]).to_numpy() & ~known["status"].isin(NOT_OURS).to_numpy()

    def grid(values: np.ndarray) -> np.ndarray:
        wide = np.concatenate([np.zeros((n_sku, first)), values], axis=1)
        return wide.ravel()[ours]

    stock, wanted = grid(start_units[:, :t]), grid(case.demand[:, :t])
    there = stock > 0
    sold = np.where(there, np.minimum(stock, wanted), np.nan)
    written = {
        "status": np.select([~there, np.nan_to_num(sold) > 0], ["out_of_stock", "sold"], "zero"),
        "units": sold,
        "available": there,
        "available_share": there.astype(float),
        "censored": there & (wanted >= stock),
        "start_units": stock,
        "seen_units": np.nan,  # what single days showed is not known of a replayed period
        "seen_share": np.nan,
        "cut_share": np.nan,
    }
    for name, values in written.items():
        if name in known:
            known.loc[ours, name] = values
    return known
