"""The order proposal: what to order at this review, from whom, why, by when, and what it is worth."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from invnb.decide.first_order import Levels, column
from invnb.decide.kpi_formulas import days_of_supply
from invnb.decide.limits import review_limits
from invnb.decide.order_reasons import confidence_words, reason_codes
from invnb.decide.policy import align, levels_of
from invnb.decide.position import inbound_array
from invnb.decide.review import Review, review_orders
from invnb.forecast.scenarios import Scenarios

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
]
ID_COLUMNS = ["sku", "on_hand_units", "inbound_units", "unit_cost", "order_units"]


def review_products(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    policy: pd.DataFrame,
    products: pd.DataFrame,
    suppliers: pd.DataFrame,
    *,
    today: pd.Timestamp,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
) -> Review:
    """This review's orders of all products as arrays in the order of `scenarios.sku`; see `review_orders`.

    A product that is no longer active, or ends before an order could arrive, is not ordered.

    Parameters
    ----------
    scenarios, economics, position, inbound, policy, products, suppliers : scenarios and tables of the stage.
    today : day of the review.
    budget : currency for this review, or None; `storage_m3` : room in m³, or None.
    currency : of all money.
    """
    terms = align(economics, scenarios.sku)
    net = align(position, scenarios.sku)["net_units"].to_numpy(float)
    coming = inbound_array(inbound, scenarios.sku, scenarios.period)
    levels = levels_of(align(policy, scenarios.sku))
    stopped = _stopped(products, terms, today)
    levels = Levels(
        np.where(stopped, -np.inf, levels.reorder_point),
        levels.order_up_to_level,
        levels.expected_cost_per_period,
    )
    lead = np.minimum(terms["lead_time_periods"].to_numpy(int), scenarios.n_period)
    arriving = np.where(np.arange(scenarios.n_period) < lead[:, None], coming, 0.0).sum(axis=1)
    at_arrival = np.maximum(net + arriving - scenarios.lead_time_sum(lead).mean(axis=1), 0.0)
    limits = review_limits(terms, at_arrival, budget=budget, storage_m3=storage_m3, currency=currency)
    least = suppliers.reindex(columns=["supplier_id", "order_min_value"]).dropna()
    min_value = {str(name): float(money) for name, money in least.to_numpy() if money > 0}
    return review_orders(scenarios.units, net, coming, terms, levels, limits, min_value)


def propose_orders(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    position: pd.DataFrame,
    inbound: pd.DataFrame,
    policy: pd.DataFrame,
    products: pd.DataFrame,
    suppliers: pd.DataFrame,
    sku_segments: pd.DataFrame,
    *,
    today: pd.Timestamp,
    period_days: int,
    budget: float | None,
    storage_m3: float | None,
    fill_rate_target: float,
    currency: str,
    item_supplier: pd.DataFrame | None = None,
    promotions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `orders`: one row per product that wants an order, cut ones (reason NONE_BUDGET) at the end.

    `order_by` is the last day on which an order still keeps the probability of a stock-out in every period at
    most 1 - `fill_rate_target`; `late_by_days` counts from there. `expected_lost_margin_if_not_ordered` is
    what the line saves over waiting for the next review; `expected_excess_value` what of stock and orders is
    still unsold at the end of the horizon, at cost. Both are means over the scenarios.

    Parameters
    ----------
    scenarios, economics, position, inbound, policy, products, suppliers, sku_segments : of the stage.
    today : day of the review; the first period of the scenarios follows it.
    period_days : days in a period.
    budget : currency for this review, or None; `storage_m3` : room in m³, or None.
    fill_rate_target : share of demand to serve; 1 - target is the tolerated probability of a stock-out.
    currency : of all money.
    item_supplier : canonical table, for the supplier's own article numbers; may be missing.
    promotions : canonical table, for orders that build up for one; may be missing.
    """
    review = review_products(
        scenarios, economics, position, inbound, policy, products, suppliers,
        today=today, budget=budget, storage_m3=storage_m3, currency=currency,
    )  # fmt: skip
    terms = align(economics, scenarios.sku)
    state = align(position, scenarios.sku)
    cover_periods = terms["lead_time_periods"] + terms["review_period_periods"]
    p10, p50, p90 = np.quantile(
        scenarios.lead_time_sum(np.minimum(cover_periods, scenarios.n_period)), [0.1, 0.5, 0.9], axis=1
    )
    mean = scenarios.mean()
    units = review.order_units
    position_after = state["position_units"].to_numpy(float) + review.valued_units
    left = np.maximum(position_after[:, None] - scenarios.units.sum(axis=2), 0.0).mean(axis=1)
    order_by, late = order_by_dates(
        review.stockout_by_period, scenarios.period, terms, fill_rate_target, today
    )
    value = column(terms, "unit_cost") * units
    saved = review.expected_cost_without - review.expected_cost
    money = column(terms, "unit_cost") * review.valued_units
    lost_margin = (review.lost_units_without - review.lost_units) * column(terms, "shortage_cost_per_unit")
    catalogue = align(products.drop_duplicates("sku"), scenarios.sku)
    classes = align(sku_segments.drop_duplicates("sku"), scenarios.sku)
    table = pd.DataFrame(
        {
            "supplier_id": terms["supplier_id"],
            "supplier_name": _looked_up(terms["supplier_id"], suppliers, "supplier_id", "name"),
            "supplier_sku": _supplier_sku(scenarios.sku, terms["supplier_id"], item_supplier),
            "sku": scenarios.sku,
            "name": terms["name"],
            "name_zh": catalogue.get("name_zh"),
            "category": catalogue.get("category"),
            "location": state["location"],
            "abc": classes.get("abc"),
            "xyz": classes.get("xyz"),
            "on_hand_units": state["on_hand_units"],
            "inbound_units": state["inbound_units"],
            "next_receipt_date": state["next_receipt_date"],
            "cover_days": days_of_supply(state["net_units"], mean, period_days),
            "demand_p10": p10,
            "demand_p50": p50,
            "demand_p90": p90,
            "order_units": units,
            "min_order_units": terms["min_order_units"],
            "pack_units": terms["pack_units"],
            "rounded_up_by_units": np.maximum(units - review.wanted_units, 0.0) * (units > 0),
            "unit_cost": terms["unit_cost"],
            "line_value": value,
            "order_by": order_by,
            "late_by_days": late,
            "expected_receipt": today + pd.to_timedelta(np.ceil(terms["lead_time_days"]), unit="D"),
            "cover_after_days": days_of_supply(state["position_units"] + units, mean, period_days),
            "stockout_probability": review.stockout_probability,
            "expected_lost_margin_if_not_ordered": np.maximum(lost_margin, 0.0),
            "expected_excess_value": left * column(terms, "unit_cost"),
            "marginal_value_last_unit": review.marginal_value_last_unit,
            "value_per_money": saved / np.where(money > 0, money, np.inf),
            "binding_limit": review.binding_limit,
            "reason_code": reason_codes(
                review, terms, catalogue, mean, late, promotions, today=today, period_days=period_days
            ),
            "confidence": confidence_words(terms, state, p10, p50, p90),
            "planner_units": np.nan,
            "planner_reason": "",
        }
    )
    table = table[review.valued_units > 0]
    table = table.assign(cut=table["order_units"] == 0)
    table = table.sort_values(["cut", "value_per_money", "sku"], ascending=[True, False, True], kind="stable")
    table = table.assign(rank=np.arange(1, len(table) + 1), cumulative_value=table["line_value"].cumsum())
    table["calc_id"] = [
        calc_id(today, scenarios.seed, row) for row in table[ID_COLUMNS].itertuples(index=False)
    ]
    return table[ORDER_COLUMNS].reset_index(drop=True)


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


def _stopped(products: pd.DataFrame, economics: pd.DataFrame, today: pd.Timestamp) -> np.ndarray:
    """Products no order should be placed for: not active, or ended before the order could arrive."""
    rows = align(
        products.drop_duplicates("sku").reindex(columns=["sku", "active", "end_date"]),
        economics["sku"].to_numpy(),
    )
    receipt = today + pd.to_timedelta(np.ceil(economics["lead_time_days"]), unit="D")
    ends = pd.to_datetime(rows["end_date"]) <= receipt
    inactive = rows["active"].isin([False, 0])
    return (ends | inactive).to_numpy(bool)


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
