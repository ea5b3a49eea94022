"""Prices and promotions of the sample shop, and what they do to demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.data.sample.timeline import FIRST, LAST, days_from, days_from_black_friday

PRE_DAYS, PRE_FACTOR = 3, 0.88  # customers wait for an announced promotion
POST_DAYS, POST_FACTOR = 7, 0.85  # and have stocked up after it
# campaign, mechanic, first and last day relative to its date, share of products that take part
CAMPAIGNS = (("618", 6, 18, -2, 0, 0.5), ("1111", 11, 11, -1, 0, 0.65))

RUN = ["place", "first", "last", "discount"]  # product, first and last day (indices), share


@dataclass(frozen=True)
class Offers:
    """Prices per day and product, arrays (n_day, n_sku) over all simulated days.

    Parameters
    ----------
    list_price, net_price : CNY per unit; net is after the day's promotion.
    demand_factor : what price and promotion together multiply demand by.
    promotions : one row per promotion and sku.
    """

    list_price: np.ndarray
    net_price: np.ndarray
    demand_factor: np.ndarray
    promotions: pd.DataFrame


def plan_offers(products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator) -> Offers:
    """Draw list prices and promotions, and their effect with the dips before and after."""
    n_day, n_sku = len(days), len(products)
    list_price = _list_prices(products, n_day, rng)
    runs = pd.concat([_own_promotions(products, n_day, rng), _campaigns(days, n_sku, rng)], ignore_index=True)
    runs = _without_overlap(_while_sold(runs, products, days))
    discount = np.zeros((n_day, n_sku))
    dip = np.ones((n_day, n_sku))
    for place, first, last, share in zip(*(runs[name].tolist() for name in RUN), strict=True):
        discount[first : last + 1, place] = share
        dip[first - PRE_DAYS : first, place] *= PRE_FACTOR
        dip[last + 1 : last + 1 + POST_DAYS, place] *= POST_FACTOR
    on = discount > 0
    elasticity = products["elasticity"].to_numpy()
    # Past list price moves are felt against the price of the first day.
    lift = (list_price * (1 - discount) / list_price[0]) ** elasticity
    lift *= np.where(on, products["promotion_feature"].to_numpy(), np.where(dip < 1, dip, 1.0))
    promotions = pd.DataFrame(
        {
            "promo_id": runs["promo_id"],
            "sku": products["sku"].to_numpy()[runs["place"]],
            "start_date": days[runs["first"]],
            "end_date": days[runs["last"]],
            "mechanic": runs["mechanic"],
            "discount_share": runs["discount"],
            "announced_date": days[runs["first"]] - pd.to_timedelta(PRE_DAYS, unit="D"),
        }
    )
    return Offers(list_price, np.round(list_price * (1 - discount), 2), lift, promotions)


def _list_prices(products: pd.DataFrame, n_day: int, rng: np.random.Generator) -> np.ndarray:
    """About one price change in ten months: mostly some per cent up, sometimes a cut."""
    base = products["list_price"].to_numpy()
    change = rng.random((n_day, len(products))) < 1 / 300
    change[: FIRST + 1] = False
    step = np.where(change, rng.choice([0.92, 0.95, 1.03, 1.05, 1.08], change.shape), 1.0)
    return np.maximum(np.round(base * np.cumprod(step, axis=0)), 10.0) - 0.1


def _own_promotions(products: pd.DataFrame, n_day: int, rng: np.random.Generator) -> pd.DataFrame:
    """A product is promoted about five times a year for a week, some products never."""
    n_sku = len(products)
    per_day = np.where(rng.random(n_sku) < 0.3, 0.0, 5 / 365)
    first, place = np.nonzero(rng.random((n_day, n_sku)) < per_day)
    length = rng.choice([4, 7, 7, 10, 14], len(first))
    return pd.DataFrame(
        {
            "promo_id": [f"P{number:04d}" for number in range(1, len(first) + 1)],
            "mechanic": rng.choice(["markdown", "coupon", "flash"], len(first)),
            "place": place,
            "first": first,
            "last": first + length - 1,
            "discount": rng.choice([0.10, 0.15, 0.20, 0.25, 0.30], len(first)),
        }
    )


def _campaigns(days: pd.DatetimeIndex, n_sku: int, rng: np.random.Generator) -> pd.DataFrame:
    """6.18, Double 11 and Black Friday: many products at once, one promotion number per campaign."""
    starts = [
        (f"{name}-{days[day].year}", day + first, day + last, share)
        for name, month, dom, first, last, share in CAMPAIGNS
        for day in np.flatnonzero(days_from(days, month, dom) == 0).tolist()
    ]
    starts += [
        (f"BF-{days[day].year}", day, day + 3, 0.3)
        for day in np.flatnonzero(days_from_black_friday(days) == 0).tolist()
    ]
    rows = []
    for promo_id, first, last, share in starts:
        place = np.flatnonzero(rng.random(n_sku) < share)
        discount = rng.choice([0.10, 0.15, 0.20, 0.25], len(place))
        rows.append(
            pd.DataFrame(
                {"promo_id": promo_id, "place": place, "first": first, "last": last, "discount": discount}
            )
        )
    return pd.concat(rows, ignore_index=True).assign(mechanic="campaign")


def _while_sold(runs: pd.DataFrame, products: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Only products on sale are promoted, and nobody outside knows promotions beyond the last day."""
    launch = products["launch_date"].to_numpy()[runs["place"]]
    end = products["end_date"].fillna(pd.Timestamp.max.normalize()).to_numpy()[runs["place"]]
    known = (runs["last"] <= LAST).to_numpy() & (runs["first"] > FIRST).to_numpy()
    runs = runs[known]
    launch, end = launch[known], end[known]
    return runs[(days[runs["first"]] > launch) & (days[runs["last"]] < end)]


def _without_overlap(runs: pd.DataFrame) -> pd.DataFrame:
    """One promotion at a time per product, campaigns first, with room for the dips between two."""
    kept: dict[int, list[tuple[int, int]]] = {}
    rows = []
    ranked = runs.assign(rank=runs["mechanic"] != "campaign").sort_values(["rank", "first", "place"])
    for row, place, first, last in zip(
        ranked.index, *(ranked[name].tolist() for name in RUN[:3]), strict=True
    ):
        busy = kept.setdefault(place, [])
        if all(last + POST_DAYS < begun or first > done + POST_DAYS for begun, done in busy):
            busy.append((first, last))
            rows.append(row)
    return runs.loc[rows].sort_values(["first", "promo_id", "place"])
