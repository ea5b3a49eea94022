"""Purchase orders of the sample shop on their way: random lead times, late suppliers, partial receipts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import Catalogue
from invnb.data.sample.timeline import LAST, days_from_chinese_new_year

FACTORY_HOLIDAY = (-12, 9)  # days around Chinese New Year in which factories stand still
FACTORY_HOLIDAY_DELAY_DAYS = 12
PARTIAL_SHARE, PARTIAL_FIRST, PARTIAL_LAG_DAYS = 0.15, 0.7, (3, 12)
REJECTED_SHARE = 0.04  # of receipts hold damaged units
EMERGENCY_LEAD_TIME_DAYS = (2, 5)
ORDER = ["order_day", "place", "units", "emergency", "arrival_day"]
RECEIPT = ["line", "day", "units", "rejected"]


class SupplyOrders:
    """Orders placed so far and what they bring on which day.

    Parameters
    ----------
    catalogue : products and suppliers with the true law of their lead times.
    days : all simulated days.
    rng : draws lead times, split deliveries and damaged units.
    """

    def __init__(self, catalogue: Catalogue, days: pd.DatetimeIndex, rng: np.random.Generator) -> None:
        own = catalogue.suppliers.set_index("supplier_id").loc[catalogue.products["supplier_id"]]
        self.mean = own["true_lead_time_days"].to_numpy()
        self.sd = own["true_lead_time_sd_days"].to_numpy()
        self.rng = rng
        offset = days_from_chinese_new_year(days)
        self.standstill = (offset >= FACTORY_HOLIDAY[0]) & (offset <= FACTORY_HOLIDAY[1])
        n_sku = len(self.mean)
        self.on_order = np.zeros(n_sku, dtype=np.int64)
        self.last_arrival = np.zeros(n_sku, dtype=np.int64)
        self.due: dict[int, list[np.ndarray]] = {}  # day -> receipts (line, sku, units, rejected)
        self.n_line = 0
        self._orders: list[np.ndarray] = []

    def place(self, day: int, units: np.ndarray, emergency: bool) -> None:
        """Book an order line for every product with units above zero."""
        place = np.flatnonzero(units)
        if not len(place):
            return
        units, n = units[place], len(place)
        if emergency:
            arrival = day + self.rng.integers(*EMERGENCY_LEAD_TIME_DAYS, n)
        else:
            shape = (self.mean[place] / self.sd[place]) ** 2
            lead_time = np.maximum(np.round(self.rng.gamma(shape, self.mean[place] / shape)), 1).astype(int)
            arrival = day + lead_time
            stopped = self.standstill[np.minimum(arrival, len(self.standstill) - 1)]
            arrival = np.where(stopped, arrival + FACTORY_HOLIDAY_DELAY_DAYS, arrival)
            arrival = np.maximum(arrival, self.last_arrival[place])
        line = self.n_line + np.arange(n)
        self.n_line += n
        split = (self.rng.random(n) < PARTIAL_SHARE) & (units > 3) & (not emergency)
        first = np.where(split, np.ceil(units * PARTIAL_FIRST), units).astype(np.int64)
        last_day = arrival + np.where(split, self.rng.integers(*PARTIAL_LAG_DAYS, n), 0)
        if not emergency:
            self.last_arrival[place] = last_day
        self._ship(line, place, first, arrival)
        self._ship(line[split], place[split], (units - first)[split], last_day[split])
        self.on_order[place] += units
        self._orders.append(np.column_stack([np.full(n, day), place, units, np.full(n, emergency), arrival]))

    def _ship(self, line: np.ndarray, place: np.ndarray, units: np.ndarray, day: np.ndarray) -> None:
        damaged = self.rng.random(len(line)) < REJECTED_SHARE
        rejected = np.where(damaged, self.rng.binomial(units, 0.1), 0)
        for when, *receipt in zip(day, line, place, units, rejected, strict=True):
            self.due.setdefault(int(when), []).append(np.array(receipt))

    def arrive(self, day: int) -> np.ndarray:
        """Units put into stock today, per product; damaged ones are counted in but not put into stock."""
        stocked = np.zeros_like(self.on_order)
        if day in self.due:
            _, place, units, rejected = np.array(self.due[day]).T
            np.add.at(stocked, place, units - rejected)
            np.subtract.at(self.on_order, place, units)
        return stocked

    def orders(self) -> pd.DataFrame:
        """One row per order line: order and first arrival day, product, units; the row number is the line."""
        frame = pd.DataFrame(np.concatenate(self._orders), columns=ORDER)
        return frame.astype({"emergency": bool})

    def receipts(self) -> pd.DataFrame:
        """One row per receipt up to `END`: order line, day, units counted in, and the damaged among them."""
        rows = [
            (line, day, units, rejected)
            for day in sorted(self.due)
            if day <= LAST
            for line, _, units, rejected in self.due[day]
        ]
        return pd.DataFrame(rows, columns=RECEIPT)
