"""One call from state to order: scenarios, stock, orders on the way, economics and limits in, orders out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from invnb.decide.first_order import Levels, column
from invnb.decide.limits import Limit
from invnb.decide.order_reasons import reason_codes
from invnb.decide.position import inbound_array
from invnb.decide.review import Review, levels_from_scenarios, review_orders
from invnb.forecast.scenarios import Scenarios

NEEDED = {  # columns of economics an order cannot do without: least value allowed, and what to call its lack
    "lead_time_periods": (0.0, "lead time"),
    "review_period_periods": (1.0, "review period"),
    "holding_cost_per_unit_period": (0.0, "holding cost"),
    "shortage_cost_per_unit": (0.0, "shortage cost"),
    "backorder_cost_per_unit_period": (0.0, "backorder cost"),
    "lost_share": (0.0, "lost share"),
    "order_cost": (0.0, "order cost"),
    "unit_cost": (0.0, "unit cost"),
    "pack_units": (0.0, "pack size"),
    "min_order_units": (0.0, "minimum order"),
}


@dataclass(frozen=True)
class OrdersNow:
    """Orders of one review.

    Parameters
    ----------
    orders : one row per product in the order of the scenarios: `sku`, `planned` (false where data is
        missing), `order_units`, `wanted_units` (in single units), `full_units` (before shared limits),
        `valued_units` (what the values are for: `order_units`, or `full_units` where all was cut),
        `expected_cost`, `expected_cost_without` (currency over the horizon), `fill_rate`, `cycle_service` (of
        the periods this order serves), `fill_rate_without`, `cycle_service_without`, `stockout_probability`
        (before the order arrives), `expected_lost_margin_if_not_ordered` (currency),
        `marginal_value_last_unit` (currency per unit), `value_per_money` (currency saved per currency spent),
        `binding_limit`, `reason_code`, `act_by_period` (reviews by which an order keeps the stock-out target,
        counted from now: 0 this one, negative too late; NaN no risk within the horizon), `act_by_date` (the
        day of that review; empty where demand is an array or has one period), `note`.
    limits : `limit`, `unit`, `used`, `available`, `price_per_unit` (currency that one more unit would save),
        `note`.
    review : the same as arrays; zeros where a product could not be planned.
    planned : (n_sku,), whether a product could be planned.
    """

    orders: pd.DataFrame
    limits: pd.DataFrame
    review: Review
    planned: np.ndarray


def order_now(
    demand: Scenarios | np.ndarray,
    on_hand_units: np.ndarray,
    inbound: pd.DataFrame | np.ndarray,
    economics: pd.DataFrame,
    *,
    limits: Sequence[Limit] = (),
    supplier_min_value: Mapping[str, float] | None = None,
    levels: Levels | None = None,
    fill_rate_target: float = 0.95,
    promoted: np.ndarray | None = None,
    new_item: np.ndarray | None = None,
) -> OrdersNow:
    """The order of this review for every product, what it is worth, and why.

    Daily or weekly reviews (a period is what the scenarios say), any lead time, lost sales, backorders or a
    mix, with or without limits. Without limits each product is decided by its own dynamic programme on the
    paths (`review.best_orders`); limits get a price at which they clear (`limits.cut_to_limits`).

    What is wrong with one product or one limit is said in its `note`; the rest of the plan still comes.

    Parameters
    ----------
    demand : `Scenarios`, or (n_sku, n_scenario, n_period) units; the first period is next.
    on_hand_units : (n_sku,), free stock; negative: waiting customers; NaN: unknown, it is not planned.
    inbound : table `inbound` (needs `Scenarios`), or (n_sku, n_period) units on order by period of arrival. A
        line of the table without a period is not counted, and named.
    economics : table `economics`, one row per product in the order of `demand`.
    limits : from `limits.review_limits`; what the orders of this review share. A product whose use of a limit
        is unknown is not planned; a limit whose availability is unknown is not kept to.
    supplier_min_value : least value of an order by supplier, currency; needs `supplier_id` in `economics`.
    levels : policy at later reviews; None: found on the scenarios.
    fill_rate_target : 1 - target is the tolerated probability of a stock-out, for `act_by_period`.
    promoted, new_item : (n_sku,) true where a promotion runs while the order is meant to last, and where the
        product is new; only the reason depends on them.

    Returns
    -------
    OrdersNow. Orders are whole packs, at least the minimum or 0, and within every limit (checked).

    Raises
    ------
    ValueError : shapes, columns or labels that do not fit, or no product that can be planned.

    Examples
    --------
    >>> economics = pd.DataFrame({"sku": ["A", "B"], "unit_cost": 5.0, "holding_cost_per_unit_period": 1.0,
    ...     "shortage_cost_per_unit": 9.0, "backorder_cost_per_unit_period": 0.9, "lost_share": 1.0,
    ...     "order_cost": 0.0, "lead_time_periods": 1, "review_period_periods": 1, "min_order_units": 1.0,
    ...     "pack_units": 1.0})
    >>> paths = np.full((2, 2, 4), 3.0)
    >>> found = order_now(paths, np.array([3.0, np.nan]), np.zeros((2, 4)), economics,
    ...                   limits=[Limit("budget", 10.0, np.array([5.0, 5.0]), "CNY")])
    >>> found.orders[["order_units", "binding_limit", "note"]].to_numpy().tolist()
    [[2.0, 'budget', ''], [0.0, '', 'stock unknown']]
    >>> found.limits[["used", "price_per_unit"]].round(3).to_numpy().tolist()
    [[10.0, 2.0]]
    """
    units = demand.units if isinstance(demand, Scenarios) else np.asarray(demand)
    stock = np.asarray(on_hand_units, dtype=float)
    coming = _coming(demand, inbound)
    _check(demand, units, stock, coming, economics, fill_rate_target, bool(supplier_min_value))
    limits = [_nothing_below_zero(limit) for limit in limits]
    usable = [limit for limit in limits if np.isfinite(limit.available)]
    missing = _missing(units, stock, coming, economics, usable)
    planned = np.array([words == "" for words in missing])
    if not planned.any():
        raise ValueError(f"no product can be planned; the first one: {missing[0]}")
    notes = _notes(demand, inbound, stock, missing)

    rows = np.flatnonzero(planned)
    whole = len(rows) == len(units)
    terms = economics.reset_index(drop=True).iloc[rows]
    paths, net, pipeline = (units, stock, coming) if whole else (units[rows], stock[rows], coming[rows])
    policy = levels_from_scenarios(paths, terms) if levels is None else levels.take(rows)
    mine = [Limit(x.name, x.available, x.use_per_unit[rows], x.unit, x.note) for x in usable]
    review = review_orders(paths, net, pipeline, terms, policy, mine, dict(supplier_min_value or {}))

    act_by = _act_by(review.stockout_by_period, terms, fill_rate_target)
    money = column(terms, "unit_cost") * review.valued_units
    saved = review.expected_cost_without - review.expected_cost
    lost_margin = (review.lost_units_without - review.lost_units) * column(terms, "shortage_cost_per_unit")
    nobody = np.zeros(len(units), dtype=bool)
    table = pd.DataFrame(
        {
            "order_units": review.order_units,
            "wanted_units": review.wanted_units,
            "full_units": review.full_units,
            "valued_units": review.valued_units,
            "expected_cost": review.expected_cost,
            "expected_cost_without": review.expected_cost_without,
            "fill_rate": review.fill_rate,
            "cycle_service": review.cycle_service,
            "fill_rate_without": review.fill_rate_without,
            "cycle_service_without": review.cycle_service_without,
            "stockout_probability": review.stockout_probability,
            "expected_lost_margin_if_not_ordered": np.maximum(lost_margin, 0.0),
            "marginal_value_last_unit": review.marginal_value_last_unit,
            "value_per_money": saved / np.where(money > 0, money, np.inf),
            "binding_limit": review.binding_limit,
            "reason_code": reason_codes(
                review,
                terms,
                paths.mean(axis=1),
                late=act_by < 0,
                promoted=(nobody if promoted is None else np.asarray(promoted))[rows],
                new_item=(nobody if new_item is None else np.asarray(new_item))[rows],
            ),
            "act_by_period": act_by,
            "act_by_date": _review_day(demand, act_by),
        },
        index=rows,
    ).reindex(np.arange(len(units)))
    known = economics["sku"].to_numpy() if "sku" in economics else np.arange(len(units))
    table.insert(0, "sku", demand.sku if isinstance(demand, Scenarios) else known)
    table.insert(1, "planned", planned)
    amounts = ["order_units", "wanted_units", "full_units", "valued_units"]
    table[amounts] = table[amounts].fillna(0.0)
    table["binding_limit"] = table["binding_limit"].fillna("")
    table["reason_code"] = table["reason_code"].fillna("DATA_FAULT")
    table["note"] = notes
    shared = _limit_table(limits, table, review, terms, supplier_min_value or {})
    return OrdersNow(table, shared, _for_all(review, planned), planned)


def _check(
    demand: Scenarios | np.ndarray,
    units: np.ndarray,
    stock: np.ndarray,
    coming: np.ndarray,
    economics: pd.DataFrame,
    fill_rate_target: float,
    with_suppliers: bool,
) -> None:
    """What is wrong with the call itself, not with one product."""
    if units.ndim != 3 or len(units) == 0:
        raise ValueError(
            f"demand must be (n_sku, n_scenario, n_period) with one product or more, got {units.shape}"
        )
    for name, shape, wanted in [
        ("on_hand_units", stock.shape, units.shape[:1]),
        ("inbound", coming.shape, units.shape[::2]),
        ("economics", (len(economics),), units.shape[:1]),
    ]:
        if shape != wanted:
            raise ValueError(f"{name} must have the shape {wanted} to fit demand {units.shape}, got {shape}")
    lacking = [name for name in [*NEEDED, *["supplier_id"][: int(with_suppliers)]] if name not in economics]
    if lacking:
        raise ValueError(f"economics lacks the columns {', '.join(lacking)}")
    if isinstance(demand, Scenarios) and "sku" in economics:
        named = economics["sku"].astype(str).to_numpy()
        if (named != demand.sku).any():
            i = int((named != demand.sku).argmax())
            raise ValueError(
                f"economics must have the products of demand in its order, got {named[i]} in row {i} for "
                f"{demand.sku[i]}"
            )
    if not 0 < fill_rate_target < 1:
        raise ValueError(f"fill_rate_target must be above 0 and below 1, got {fill_rate_target:g}")


def _nothing_below_zero(limit: Limit) -> Limit:
    """A limit with less than nothing left has nothing left, and says so."""
    if not limit.available < 0:
        return limit
    said = f"{limit.available:g} {limit.unit} is less than nothing: no order uses any"
    return replace(limit, available=0.0, note="; ".join(filter(None, [limit.note, said])))


def _review_day(demand: Scenarios | np.ndarray, reviews_ahead: np.ndarray) -> pd.DatetimeIndex:
    """Day of the review so many reviews from now; each one closes the day before its period."""
    if not isinstance(demand, Scenarios) or len(demand.period) < 2:
        return pd.DatetimeIndex([pd.NaT] * len(reviews_ahead))
    first, second = pd.DatetimeIndex(demand.period[:2])
    return (first - pd.Timedelta(days=1)) + pd.TimedeltaIndex(reviews_ahead * (second - first))


def _coming(demand: Scenarios | np.ndarray, inbound: pd.DataFrame | np.ndarray) -> np.ndarray:
    if not isinstance(inbound, pd.DataFrame):
        return np.asarray(inbound, dtype=float)
    if not isinstance(demand, Scenarios):
        raise ValueError("inbound must be an array (n_sku, n_period) where demand is an array, got a table")
    dated = inbound[inbound["period"].notna()]
    return inbound_array(
        dated if "counted" in dated else dated.assign(counted=True), demand.sku, demand.period
    )


def _for_all(review: Review, planned: np.ndarray) -> Review:
    """The review of the planned products with nothing for the others."""
    if planned.all():
        return review
    spread: dict[str, Any] = {}
    for field in fields(review):
        value = getattr(review, field.name)
        if isinstance(value, np.ndarray):
            every = np.full((len(planned), *value.shape[1:]), "" if value.dtype == object else 0, value.dtype)
            every[planned] = value
            spread[field.name] = every
    return replace(review, **spread)


def _missing(
    units: np.ndarray,
    stock: np.ndarray,
    coming: np.ndarray,
    economics: pd.DataFrame,
    limits: Sequence[Limit],
) -> list[str]:
    """What a product cannot be planned without, in words; "" where nothing is missing."""
    faults = {
        "stock unknown": ~np.isfinite(stock),
        "no demand scenarios": ~np.isfinite(units.sum(axis=(1, 2))),
        "demand below zero": units.min(axis=(1, 2)) < 0,
        "orders on the way unknown": ~(np.isfinite(coming) & (np.nan_to_num(coming) >= 0)).all(axis=1),
    }
    for name, (least, words) in NEEDED.items():
        value = pd.to_numeric(economics[name], errors="coerce").to_numpy(float)
        wrong = ~np.isfinite(value) | (value < least)
        if name in ("lead_time_periods", "review_period_periods"):
            wrong |= np.nan_to_num(value) % 1 != 0
        if name == "pack_units":
            wrong |= np.nan_to_num(value) <= 0
        if name == "lost_share":
            wrong |= np.nan_to_num(value) > 1
        faults[f"no valid {words}"] = wrong
    for limit in limits:
        faults[f"use of {limit.name} unknown"] = ~(limit.use_per_unit >= 0)
    marks = np.array(list(faults.values()))
    return ["; ".join(np.array(list(faults))[marks[:, i]]) for i in range(len(stock))]


def _notes(
    demand: Scenarios | np.ndarray, inbound: pd.DataFrame | np.ndarray, stock: np.ndarray, missing: list[str]
) -> list[str]:
    """What a planner has to know about the data of each product."""
    waiting = np.nan_to_num(stock) < 0
    notes = [
        "; ".join(filter(None, [words, "negative stock counted as waiting customers" if less else ""]))
        for words, less in zip(missing, waiting, strict=True)
    ]
    if isinstance(inbound, pd.DataFrame) and isinstance(demand, Scenarios):
        undated = inbound[inbound["period"].isna()].groupby("sku")["units"].sum()
        for i, sku in enumerate(demand.sku):
            if sku in undated.index:
                said = f"{undated[sku]:g} units on the way without a date, not counted"
                notes[i] = "; ".join(filter(None, [notes[i], said]))
    return notes


def _act_by(stockout_by_period: np.ndarray, economics: pd.DataFrame, target: float) -> np.ndarray:
    """Last review at which an order keeps P(stock-out) at most 1 - target, from now; NaN: no such risk."""
    risky = stockout_by_period > 1 - target + 1e-12
    lead = column(economics, "lead_time_periods")
    return np.where(risky.any(axis=1), risky.argmax(axis=1) - lead, np.nan)


def _limit_table(
    limits: Sequence[Limit],
    table: pd.DataFrame,
    review: Review,
    economics: pd.DataFrame,
    supplier_min_value: Mapping[str, float],
) -> pd.DataFrame:
    """Use, price and trouble of every limit; and every supplier whose least order could not be placed."""
    rows = []
    for limit in limits:
        note = limit.note
        wanted = review.full_units > 0
        smallest = np.maximum(column(economics, "min_order_units"), column(economics, "pack_units"))
        use = limit.use_per_unit[table["planned"].to_numpy()] * smallest
        if not np.isfinite(limit.available):
            note = f"{limit.name} is not known, and not kept to"
        elif wanted.any() and use[wanted].min() > max(limit.available, 0.0):
            said = f"{limit.available:g} {limit.unit} is below the least order of every product wanted"
            note = "; ".join(filter(None, [note, f"{said}, {use[wanted].min():g}"]))
        rows.append(
            {
                "limit": limit.name,
                "unit": limit.unit,
                "used": float(np.nan_to_num(limit.use_per_unit) @ table["order_units"]),
                "available": limit.available,
                "price_per_unit": review.limit_price.get(limit.name, 0.0),
                "note": note,
            }
        )
    dropped = (review.binding_limit == "supplier_minimum") & (review.order_units == 0)
    if dropped.any():
        for name in sorted(set(economics["supplier_id"][dropped].astype(str))):
            least = supplier_min_value[name]
            said = f"supplier {name} takes no order below {least:g}: topping up does not pay or does not fit"
            rows.append({"limit": "supplier_minimum", "available": least, "used": 0.0, "note": said})
    columns = ["limit", "unit", "used", "available", "price_per_unit", "note"]
    return pd.DataFrame(rows, columns=columns)
