"""What one more unit of each limit buys: this review solved again with the limit changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from invnb.decide.first_order import column
from invnb.decide.orders import review_products
from invnb.decide.policy import align
from invnb.decide.review import Review
from invnb.decide.review_state import ReviewLimits, ReviewState
from invnb.decide.supplier_minimum import NAME as SUPPLIER_MINIMUM

SHARE_MORE = 0.10
PROBES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # of the limit: how far its price is followed to either side
COLUMNS = [
    "limit",
    "name",
    "unit",
    "available",
    "ordered",
    "binds",
    "price",
    "holds_from",
    "holds_to",
    "gain_one_more",
    "gain_ten_percent",
    "units_ten_percent",
    "lines_ten_percent",
    "first_sku",
]


def one_more_unit(state: ReviewState, limits: ReviewLimits) -> pd.DataFrame:
    """Table `one_more_unit`: the worth of loosening each limit of this review, by solving it again.

    A supplier's minimum is loosened by lowering it. Orders are whole packs: one more unit of money often buys
    nothing and the tenth more buys packs, so both differences are exact and neither is the price times the
    units. The price is what the last cut gave up per unit of the limit.

    Parameters
    ----------
    state : the shop on the day of the review. `limits` : what its orders share.

    Returns
    -------
    One row per limit with `limit` (budget, storage, supplier_minimum), `name` (the supplier), `unit`,
    `available` (the limit), `ordered` (what this review's orders use), `binds`, `price` (currency per unit),
    `holds_from` and `holds_to` (values of the limit between which the price was seen to hold, probed up to
    half of it either way), `gain_one_more`, `gain_ten_percent` (expected currency saved over the horizon),
    `units_ten_percent` and `lines_ten_percent` (units more, and lines changed), `first_sku` (what gains most
    units). No row for a limit that is not set.
    """
    now = review_products(state, limits)
    sku, budget, storage_m3 = state.scenarios.sku, limits.budget, limits.storage_m3
    terms = align(state.economics, sku)
    rows = []
    if budget is not None:
        rows.append(
            _row(
                now, sku, "budget", "", limits.currency, budget, column(terms, "unit_cost"), 1.0,
                lambda value: review_products(state, replace(limits, budget=value)),
                now.limit_price.get("budget", 0.0),
            )
        )  # fmt: skip
    if storage_m3 is not None:
        rows.append(
            _row(
                now, sku, "storage", "", "m³", storage_m3, column(terms, "volume_m3"), 1.0,
                lambda value: review_products(state, replace(limits, storage_m3=value)),
                now.limit_price.get("storage", 0.0),
            )
        )  # fmt: skip
    suppliers = limits.suppliers
    least = suppliers.reindex(columns=["supplier_id", "order_min_value"]).dropna()
    for name, value in zip(least["supplier_id"].astype(str), least["order_min_value"], strict=True):
        own = (terms["supplier_id"] == name).to_numpy()
        if value > 0 and own.any():
            bound = own & (now.binding_limit == SUPPLIER_MINIMUM)

            def with_minimum(changed: float, name: str = name) -> Review:
                lower = suppliers["order_min_value"].where(suppliers["supplier_id"] != name, changed)
                changed_suppliers = suppliers.assign(order_min_value=lower)
                return review_products(state, replace(limits, suppliers=changed_suppliers))

            cost = column(terms, "unit_cost") * own
            rows.append(
                _row(
                    now, sku, SUPPLIER_MINIMUM, name, limits.currency, float(value), cost, -1.0,
                    with_minimum, np.nan if bound.any() else 0.0,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def review_cost(review: Review) -> float:
    """Expected cost over the horizon of what a review really orders, all products, in currency."""
    ordered = review.order_units > 0
    return float(np.where(ordered, review.expected_cost, review.expected_cost_without).sum())


def _row(
    now: Review,
    sku: np.ndarray,
    limit: str,
    name: str,
    unit: str,
    available: float,
    use_per_unit: np.ndarray,
    looser: float,
    solve: Callable[[float], Review],
    price: float,
) -> tuple[object, ...]:
    """One limit; `looser` is the sign in which it gives way, `price` NaN where it binds without a price."""
    ordered = float(use_per_unit @ now.order_units)
    if price == 0:
        low, high = (ordered, np.inf) if looser > 0 else (0.0, ordered)
        return (limit, name, unit, available, ordered, False, 0.0, low, high, 0.0, 0.0, 0.0, 0, "")
    one = solve(available + looser)
    tenth = solve(available * (1 + looser * SHARE_MORE))
    more = tenth.order_units - now.order_units
    low, high = _range(limit, price, available, solve) if np.isfinite(price) else (np.nan, np.nan)
    cost = review_cost(now)
    first = str(sku[int(np.argmax(more))]) if (more > 0).any() else ""
    return (
        limit, name, unit, available, ordered, True, price, low, high, cost - review_cost(one),
        cost - review_cost(tenth), float(more.sum()), int((more != 0).sum()), first,
    )  # fmt: skip


def _range(
    limit: str, price: float, available: float, solve: Callable[[float], Review]
) -> tuple[float, float]:
    """Smallest and largest probed value of the limit up to which its price stays the same."""
    ends = []
    for side in (-1.0, 1.0):
        end = available
        for share in PROBES:
            value = available * (1 + side * share)
            if not np.isclose(solve(value).limit_price.get(limit, 0.0), price, rtol=1e-9):
                break
            end = value
        ends.append(end)
    return ends[0], ends[1]
