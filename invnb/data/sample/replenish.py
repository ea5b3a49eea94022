"""True demand meets a plausible but mediocre planner: sales, stock-outs, orders, late and partial receipts.

The planner counts sales (not demand), trusts the suppliers' stated lead times, refreshes the reorder points
of half of the products twice a year only, and adds a flat surplus before the festivals. Order of events in a
day: returned goods are on the shelf; receipts arrive; customers buy, and some of those who find nothing take
another product of the collection; the planner orders. A later order of a product never arrives before an
earlier one, except an emergency order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import VARIANTS, Catalogue
from invnb.data.sample.demand import Demand
from invnb.data.sample.leadtimes import SupplyOrders
from invnb.data.sample.planner import Planner
from invnb.data.sample.timeline import FIRST, LAST

RETURN_LAG_DAYS = (5, 25)
RESELLABLE_SHARE = 0.85
UNLISTED_PRODUCTS, UNLISTED_DAYS = 4, 17  # taken off the site by mistake, stock or not


@dataclass(frozen=True)
class History:
    """What happened, arrays (n_day, n_sku) of whole units for the days up to `END`.

    Parameters
    ----------
    opening : on the shelf in the morning, returned goods included, before the day's receipt.
    received : put into stock in the morning.
    spill_in : wanted by customers whose first choice was sold out.
    sold : sold on the day; opening + received - sold is left in the evening.
    listed : whether the product could be seen on the site.
    returned, resellable : units sold on the day that came back later, and the sellable of these.
    return_lag_days : days until they came back.
    orders, receipts : purchase order lines and their receipts, days as indices.
    """

    opening: np.ndarray
    received: np.ndarray
    spill_in: np.ndarray
    sold: np.ndarray
    listed: np.ndarray
    returned: np.ndarray
    resellable: np.ndarray
    return_lag_days: np.ndarray
    orders: pd.DataFrame
    receipts: pd.DataFrame


def replenish(
    catalogue: Catalogue, days: pd.DatetimeIndex, demand: Demand, rng: np.random.Generator
) -> History:
    """Replay the planner's rule day by day, all products at once."""
    products = catalogue.products
    n_day, n_sku = LAST + 1, len(products)
    listed = _listed(products, days[:n_day], rng)
    planner = Planner(catalogue, days, rng)
    supply = SupplyOrders(catalogue, days, rng)
    opening, received, spill_in, sold, returned, resellable = (
        np.zeros((n_day, n_sku), dtype=np.int64) for _ in range(6)
    )
    lag = rng.integers(*RETURN_LAG_DAYS, (n_day, n_sku))
    restocked = np.zeros((n_day + RETURN_LAG_DAYS[1], n_sku), dtype=np.int64)
    every = np.arange(n_sku)
    spill_share, return_share = products["spill_share"].to_numpy(), products["return_share"].to_numpy()
    stock = planner.first_stock()
    for day in range(n_day):
        opening[day] = stock + restocked[day]
        received[day] = supply.arrive(day)
        buyable = np.where(listed[day], opening[day] + received[day], 0)
        wanted = demand.units[day]
        if (wanted > buyable).any():
            spill_in[day] = _spill(wanted, buyable, demand.expected[day], spill_share, rng)
        sold[day] = np.minimum(wanted + spill_in[day], buyable)
        stock = opening[day] + received[day] - sold[day]
        if day >= FIRST:
            returned[day] = rng.binomial(sold[day], return_share)
            resellable[day] = rng.binomial(returned[day], RESELLABLE_SHARE)
            restocked[day + lag[day], every] += resellable[day]
        for order_units, emergency in planner.review(day, stock, supply.on_order, sold[: day + 1]):
            supply.place(day, order_units, emergency)
    return History(
        opening,
        received,
        spill_in,
        sold,
        listed,
        returned,
        resellable,
        lag,
        supply.orders(),
        supply.receipts(),
    )


def _listed(products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    today = days.to_numpy()[:, None]
    end = products["end_date"].fillna(pd.Timestamp("2100-01-01")).to_numpy()
    listed = (today >= products["launch_date"].to_numpy()) & (today <= end)
    regular = np.flatnonzero(products["lifecycle"] == "regular")
    for place in rng.choice(regular, UNLISTED_PRODUCTS, replace=False):
        first = rng.integers(FIRST + 60, len(days) - 60)
        listed[first : first + UNLISTED_DAYS, place] = False
    return listed


def _spill(
    wanted: np.ndarray,
    buyable: np.ndarray,
    popularity: np.ndarray,
    spill_share: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Units that unserved customers want of other products of the collection that are in stock.

    Collections are consecutive blocks of `VARIANTS` products. A share of the unserved has a second choice, in
    proportion to the day's popularity of the variants. Those whose second choice has nothing left go away.
    """
    unserved = np.maximum(wanted - buyable, 0)
    looking = rng.binomial(unserved, spill_share).reshape(-1, VARIANTS).sum(axis=1)
    popular = popularity.reshape(-1, VARIANTS)
    has_more = (buyable > wanted).reshape(-1, VARIANTS)
    some = np.flatnonzero((looking > 0) & has_more.any(axis=1))
    choice = popular[some] * has_more[some] / popular[some].sum(axis=1, keepdims=True)
    go_away = 1 - choice.sum(axis=1, keepdims=True)
    spill = np.zeros(popular.shape, dtype=np.int64)
    spill[some] = rng.multinomial(looking[some], np.hstack([choice, np.maximum(go_away, 0)]))[:, :VARIANTS]
    return spill.reshape(-1)
