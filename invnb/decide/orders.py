"""The order proposal: what to order at this review, from whom, why, by when, and what it is worth."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd

from invnb.decide.first_order import column
from invnb.decide.kpi_formulas import days_of_supply
from invnb.decide.limits import review_limits
from invnb.decide.order_now import OrdersNow, order_now
from invnb.decide.order_reasons import confidence_words, new_products, promoted_products
from invnb.decide.policy import align, levels_of
from invnb.decide.position import inbound_array
from invnb.decide.review import Review
from invnb.decide.review_state import ReviewLimits, ReviewState

ORDER_COLUMNS = [
    "rank",
    "supplier_id",
    "supplier_name",
    "supplier_sku",
    "sku",
    "name",
    "name_zh",
    "category",
    "location",
    "abc",
    "xyz",
    "on_hand_units",
    "inbound_units",
    "next_receipt_date",
    "cover_days",
    "demand_p10",
    "demand_p50",
    "demand_p90",
    "order_units",
    "min_order_units",
    "pack_units",
    "rounded_up_by_units",
    "unit_cost",
    "line_value",
    "cumulative_value",
    "order_by",
    "late_by_days",
    "expected_receipt",
    "cover_after_days",
    "stockout_probability",
    "expected_lost_margin_if_not_ordered",
    "expected_excess_value",
    "marginal_value_last_unit",
    "value_per_money",
    "binding_limit",
    "reason_code",
    "confidence",
    "planner_units",
    "planner_reason",
    "calc_id",
    "expected_fill_rate",
    "expected_cycle_service",
    "note",
]
ID_COLUMNS = ["sku", "on_hand_units", "inbound_units", "unit_cost", "order_units"]


def review_products(state: ReviewState, limits: ReviewLimits) -> Review:
    """This review's orders of all products as arrays in the order of `scenarios.sku`; see `propose_orders`.

    A product that is no longer active, or ends before an order could arrive, is not ordered.

    Parameters
    ----------
    state : the shop on the day of the review. `limits` : what its orders share.
    """
    return _orders_now(state, limits).review


def _orders_now(
    state: ReviewState,
    limits: ReviewLimits,
    *,
    fill_rate_target: float = 0.95,
    promotions: pd.DataFrame | None = None,
) -> OrdersNow:
    """The tables of the stage as `order_now` wants them."""
    scenarios, today = state.scenarios, state.today
    terms = align(state.economics, scenarios.sku)
    net = align(state.position, scenarios.sku)["net_units"].to_numpy(float)
    coming = inbound_array(state.inbound, scenarios.sku, scenarios.period)
    levels = levels_of(align(state.policy, scenarios.sku), scenarios.units)
    catalogue = align(state.products.drop_duplicates("sku"), scenarios.sku)
    levels = replace(
        levels, reorder_point=np.where(_stopped(catalogue, terms, today), -np.inf, levels.reorder_point)
    )
    lead = np.clip(terms["lead_time_periods"].fillna(0).to_numpy(int), 0, scenarios.n_period)
    arriving = np.where(np.arange(scenarios.n_period) < lead[:, None], coming, 0.0).sum(axis=1)
    at_arrival = np.nan_to_num(net + arriving - scenarios.lead_time_sum(lead).mean(axis=1))
    least = limits.suppliers.reindex(columns=["supplier_id", "order_min_value"]).dropna()
    return order_now(
        scenarios, net, coming, terms,
        limits=review_limits(
            terms, at_arrival, budget=limits.budget, storage_m3=limits.storage_m3, currency=limits.currency
        ),
        supplier_min_value={str(name): float(money) for name, money in least.to_numpy() if money > 0},
        levels=levels,
        fill_rate_target=fill_rate_target,
        promoted=promoted_products(terms, promotions, today=today, period_days=state.period_days),
        new_item=new_products(catalogue, today),
    )  # fmt: skip


def propose_orders(
    state: ReviewState,
    limits: ReviewLimits,
    sku_segments: pd.DataFrame,
    *,
    fill_rate_target: float,
    item_supplier: pd.DataFrame | None = None,
    promotions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `orders`: `order_now` with names and dates, one row per product that wants an order.

    Ones cut by a limit (reason NONE_BUDGET) come below, and last those that could not be planned because data
    is missing (reason DATA_FAULT, `note` says what).

    `order_by` is the last day on which an order still keeps the probability of a stock-out in every period at
    most 1 - `fill_rate_target`; `late_by_days` counts from there. `expected_lost_margin_if_not_ordered` is
    what the line saves over waiting for the next review; `expected_excess_value` what of stock and orders is
    still unsold at the end of the horizon, at cost. Both are means over the scenarios.

    Parameters
    ----------
    state : the shop on the day of the review. `limits` : what its orders share.
    sku_segments : table of the stage.
    fill_rate_target : share of demand to serve; 1 - target is the tolerated probability of a stock-out.
    item_supplier : canonical table, for the supplier's own article numbers; may be missing.
    promotions : canonical table, for orders that build up for one; may be missing.
    """
    scenarios, today, period_days = state.scenarios, state.today, state.period_days
    decided = _orders_now(state, limits, fill_rate_target=fill_rate_target, promotions=promotions)
    now = decided.orders
    terms = align(state.economics, scenarios.sku)
    stock = align(state.position, scenarios.sku)
    cover = (terms["lead_time_periods"] + terms["review_period_periods"]).fillna(0).to_numpy(int)
    p10, p50, p90 = np.quantile(
        scenarios.lead_time_sum(np.clip(cover, 0, scenarios.n_period)), [0.1, 0.5, 0.9], axis=1
    )
    mean = scenarios.mean()
    units = now["order_units"].to_numpy()
    position_after = stock["position_units"].to_numpy(float) + now["valued_units"].to_numpy()
    left = np.maximum(position_after[:, None] - scenarios.units.sum(axis=2), 0.0).mean(axis=1)
    order_by, late = order_by_dates(
        decided.review.stockout_by_period, scenarios.period, terms, fill_rate_target, today
    )
    catalogue = align(state.products.drop_duplicates("sku"), scenarios.sku)
    classes = align(sku_segments.drop_duplicates("sku"), scenarios.sku)
    table = pd.DataFrame(
        {
            "supplier_id": terms["supplier_id"],
            "supplier_name": _looked_up(terms["supplier_id"], limits.suppliers, "supplier_id", "name"),
            "supplier_sku": _supplier_sku(scenarios.sku, terms["supplier_id"], item_supplier),
            "sku": scenarios.sku,
            "name": terms["name"],
            "name_zh": catalogue.get("name_zh"),
            "category": catalogue.get("category"),
            "location": stock["location"],
            "abc": classes.get("abc"),
            "xyz": classes.get("xyz"),
            "on_hand_units": stock["on_hand_units"],
            "inbound_units": stock["inbound_units"],
            "next_receipt_date": stock["next_receipt_date"],
            "cover_days": days_of_supply(stock["net_units"], mean, period_days),
            "demand_p10": p10,
            "demand_p50": p50,
            "demand_p90": p90,
            "order_units": units,
            "min_order_units": terms["min_order_units"],
            "pack_units": terms["pack_units"],
            "rounded_up_by_units": np.maximum(units - now["wanted_units"], 0.0) * (units > 0),
            "unit_cost": terms["unit_cost"],
            "line_value": terms["unit_cost"].fillna(0.0) * units,
            "order_by": order_by,
            "late_by_days": late,
            "expected_receipt": today + pd.to_timedelta(np.ceil(terms["lead_time_days"]), unit="D"),
            "cover_after_days": days_of_supply(stock["position_units"] + units, mean, period_days),
            "expected_excess_value": left * column(terms, "unit_cost"),
            "confidence": confidence_words(terms, stock, p10, p50, p90),
            "planner_units": np.nan,
            "planner_reason": "",
            "expected_fill_rate": now["fill_rate"],
            "expected_cycle_service": now["cycle_service"],
            "note": _both(stock["note"], now["note"]) if "note" in stock else now["note"],
        }
    )
    same = ["stockout_probability", "expected_lost_margin_if_not_ordered", "marginal_value_last_unit",
            "value_per_money", "binding_limit", "reason_code"]  # fmt: skip
    table[same] = now[same]
    table = table.assign(cut=table["order_units"] == 0, gap=~now["planned"])
    table = table[(now["valued_units"] > 0) | table["gap"]]
    table = table.sort_values(
        ["gap", "cut", "value_per_money", "sku"], ascending=[True, True, False, True], kind="stable"
    )
    table = table.assign(rank=np.arange(1, len(table) + 1), cumulative_value=table["line_value"].cumsum())
    table["calc_id"] = [
        calc_id(today, scenarios.seed, row) for row in table[ID_COLUMNS].itertuples(index=False)
    ]
    return table[ORDER_COLUMNS].reset_index(drop=True)


def _both(first: pd.Series, second: pd.Series) -> list[str]:
    """What both say, each once."""
    pairs = zip(first.fillna("").astype(str), second, strict=True)
    return ["; ".join(dict.fromkeys(filter(None, "; ".join(pair).split("; ")))) for pair in pairs]


def calc_id(today: pd.Timestamp, seed: int, row: tuple) -> str:
    """Short name of a calculation: the same inputs give the same name, other inputs another.

    Examples
    --------
    >>> today = pd.Timestamp("2025-06-08")
    >>> calc_id(today, 42, ("A", 3.0)) == calc_id(today, 42, ("A", 4.0))
    False
    """
    return hashlib.sha256(repr((today.date().isoformat(), seed, *row)).encode()).hexdigest()[:12]


def order_by_dates(
    stockout_by_period: np.ndarray,
    period: np.ndarray,
    economics: pd.DataFrame,
    fill_rate_target: float,
    today: pd.Timestamp,
) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Last day on which an order still keeps P(stock-out) at most 1 - target, and how many days ago that was.

    Parameters
    ----------
    stockout_by_period : (n_sku, n_period), probability if nothing is ordered.
    period : (n_period,), first days. `economics` : one row per product (`lead_time_days`).

    Returns
    -------
    Dates (n_sku,), NaT where the horizon holds no such period; whole days late (n_sku,), 0 where in time.

    Examples
    --------
    >>> weeks = np.array(["2025-06-09", "2025-06-16"], dtype="datetime64[D]")
    >>> dates, late = order_by_dates(np.array([[0.0, 0.2]]), weeks, pd.DataFrame({"lead_time_days": [10.0]}),
    ...                              0.95, pd.Timestamp("2025-06-08"))
    >>> dates[0], late.tolist()
    (Timestamp('2025-06-06 00:00:00'), [2])
    """
    risky = stockout_by_period > 1 - fill_rate_target + 1e-12
    first = risky.argmax(axis=1)
    starts = pd.DatetimeIndex(period)[first].to_series().where(risky.any(axis=1))
    dates = pd.DatetimeIndex(starts - pd.to_timedelta(np.ceil(column(economics, "lead_time_days")), unit="D"))
    late = np.nan_to_num((today - dates).days.to_numpy(float), nan=0.0)
    return dates, np.maximum(late, 0.0).astype(int)


def _stopped(catalogue: pd.DataFrame, economics: pd.DataFrame, today: pd.Timestamp) -> np.ndarray:
    """Products no order should be placed for: not active, or ended before the order could arrive."""
    rows = catalogue.reindex(columns=["active", "end_date"])
    receipt = today + pd.to_timedelta(np.ceil(economics["lead_time_days"]), unit="D")
    ends = pd.to_datetime(rows["end_date"]) <= receipt
    return (ends | rows["active"].isin([False, 0])).to_numpy(bool)


def _looked_up(keys: pd.Series, table: pd.DataFrame, key: str, column_name: str) -> pd.Series:
    """`column_name` of the row of `table` that `keys` name; empty where there is none."""
    known = table.reindex(columns=[key, column_name]).dropna(subset=[key]).drop_duplicates(key)
    return keys.map(known.set_index(key)[column_name])


def _supplier_sku(
    sku: np.ndarray, supplier_id: pd.Series, item_supplier: pd.DataFrame | None
) -> pd.Series | None:
    """The supplier's own article number of each product."""
    if item_supplier is None or "supplier_sku" not in item_supplier:
        return None
    keys = ["sku", "supplier_id"]
    asked = pd.DataFrame({"sku": sku, "supplier_id": supplier_id})
    known = item_supplier[[*keys, "supplier_sku"]].drop_duplicates(keys)
    return asked.merge(known, on=keys, how="left")["supplier_sku"]
