"""The planner's rule of the sample shop: reorder point and order-up-to level from past sales, by habit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import Catalogue
from invnb.data.sample.timeline import END, FIRST, LAST, days_from, days_from_chinese_new_year

SALES_DAYS = 42  # the moving average of sales looks back this far
STALE_DAYS = 182  # half of the reorder points are refreshed this seldom
LAST_ORDER_DAYS = 60  # before a product ends nothing more is ordered
FIRST_ORDER_DAYS = 45  # stock for a launch is bought for so many days
EMERGENCY_CHANCE = 0.10  # per review of a sold-out good seller that has a second source


class Planner:
    """A min-max rule per product with parameters that do not fit its risk.

    Parameters
    ----------
    catalogue : products, suppliers and terms.
    days : all simulated days.
    rng : draws each product's habits once, and the days somebody panics.
    """

    def __init__(self, catalogue: Catalogue, days: pd.DatetimeIndex, rng: np.random.Generator) -> None:
        products = catalogue.products
        n = len(products)
        own = catalogue.suppliers.set_index("supplier_id").loc[products["supplier_id"]]
        terms = catalogue.item_supplier.query("priority == 1").set_index("sku").loc[products["sku"]]
        self.rng = rng
        self.weekday = days.day_of_week.to_numpy()
        self.rate = products["units_per_week"].to_numpy() / 7  # what was believed when the product was set up
        self.review_days = own["review_period_days"].to_numpy()
        self.review_weekday = own["review_weekday"].to_numpy()
        self.protected_days = own["stated_lead_time_days"].to_numpy() + self.review_days
        self.supplier = pd.factorize(products["supplier_id"])[0]
        supplier_minimum = own.groupby(self.supplier)["order_min_value"].first().to_numpy()
        self.order_min_value = supplier_minimum
        self.unit_cost = products["unit_cost"].to_numpy()
        self.pack, self.minimum = terms["pack_units"].to_numpy(), terms["min_order_units"].to_numpy()
        self.spare = np.maximum(0.5 * self.pack, 0.7 * products["mean_order_units"].to_numpy())
        second = catalogue.item_supplier.query("priority == 2")["sku"]
        self.has_second = products["sku"].isin(second).to_numpy()
        # Habits: safety as a share of the protected demand, and how long an order should last.
        self.caution = np.clip(rng.lognormal(np.log(1.28), 0.20, n), 0.8, 2.2)
        self.cover_days = rng.choice([14, 21, 28, 42], n)
        self.stale = rng.random(n) < 0.5
        self.launch = np.searchsorted(days, products["launch_date"].to_numpy())
        end = products["end_date"].fillna(END + pd.Timedelta(days=LAST - FIRST))
        self.end = LAST + (pd.DatetimeIndex(end) - END).days.to_numpy()
        self.known_rate = self.rate.copy()
        self.surplus = _festival_surplus(days)

    def first_stock(self) -> np.ndarray:
        """Stock on the first simulated day; zero for products that come later."""
        units = np.ceil(self.rate * (self.protected_days + self.cover_days))
        return np.where(self.launch <= 0, units, 0).astype(np.int64)

    def review(
        self, day: int, stock: np.ndarray, on_order: np.ndarray, sold: np.ndarray
    ) -> Iterator[tuple[np.ndarray, bool]]:
        """Yield the day's regular order and now and then an emergency order, units per product.

        Parameters
        ----------
        stock, on_order : units per product in the evening.
        sold : units sold, days up to today by product.
        """
        buying = (day >= self.launch) & (day < self.end - LAST_ORDER_DAYS)
        due = (self.weekday[day] == self.review_weekday) & (day // 7 % (self.review_days // 7) == 0)
        launching = np.where(day == self.launch - self.protected_days - 3, self.rate * FIRST_ORDER_DAYS, 0.0)
        wish = launching
        if (due & buying).any():
            rate = self._sales_rate(day, sold) * self.surplus[day]
            reorder_point = rate * self.protected_days * self.caution + self.spare
            up_to = reorder_point + rate * self.cover_days
            position = stock + on_order
            wish = wish + np.where(due & buying & (position <= reorder_point), up_to - position, 0.0)
        if not (wish > 0).any():
            return
        units = np.where(wish > 0, np.maximum(np.ceil(wish / self.pack) * self.pack, self.minimum), 0)
        value = np.bincount(self.supplier, units * self.unit_cost, minlength=len(self.order_min_value))
        enough = (value >= self.order_min_value)[self.supplier] | (launching > 0)
        yield np.where(enough, units, 0).astype(np.int64), False
        panic = due & buying & self.has_second & (stock == 0) & (self.rate > 1)
        panic &= self.rng.random(len(panic)) < EMERGENCY_CHANCE
        if panic.any():
            rushed = np.ceil(self.rate * 10 / self.pack) * self.pack
            yield np.where(panic, rushed, 0).astype(np.int64), True

    def _sales_rate(self, day: int, sold: np.ndarray) -> np.ndarray:
        """Units per day, from sales that say too little when the shelf was empty."""
        seen = np.clip(day - np.maximum(self.launch, 0) + 1, 1, SALES_DAYS)
        average = sold[max(day + 1 - SALES_DAYS, 0) :].sum(axis=0) / seen
        average = np.where(seen < SALES_DAYS, self.rate, average)
        refresh = ~self.stale | (day % STALE_DAYS < 14)
        self.known_rate = np.where(refresh, np.maximum(average, 0.35 * self.rate), self.known_rate)
        return self.known_rate


def _festival_surplus(days: pd.DatetimeIndex) -> np.ndarray:
    """A flat surplus in the weeks in which goods for a festival are bought."""
    june, november, new_year = (
        days_from(days, 6, 18),
        days_from(days, 11, 11),
        days_from_chinese_new_year(days),
    )
    surplus = np.ones(len(days))
    surplus[(june >= -42) & (june <= -14)] = 1.3
    surplus[(november >= -49) & (november <= -14)] = 1.5
    surplus[(new_year >= -50) & (new_year <= -21)] = 1.4
    return surplus
