"""Units sold per day become order lines of customers, and units that came back become returns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.data.sample.promotions import Offers
from invnb.data.sample.replenish import History
from invnb.data.sample.timeline import FIRST, LAST

SINGLE_UNIT_SHARE = (
    0.86  # of the units that follow one of the same product on the same day start a line of their own
)
SINGLE_LINE_SHARE = 0.60  # of lines start an order of their own
WHOLESALE_UNITS = 6  # from here on a line is a business customer's
CUSTOMERS = {"new": 9000, "regular": 6000, "member": 2500, "wholesale": 120}
SEGMENT_SHARES = [0.30, 0.42, 0.27, 0.01]
CHANNELS, CHANNEL_SHARES = ("marketplace", "app", "website"), [0.55, 0.30, 0.15]
COUPON_SHARE, COUPON = 0.08, 0.05  # share of orders with a coupon, and its worth
# How orders spread over the hours of the day: quiet nights, a lunch break, a long evening.
HOUR_WEIGHTS = np.array([3, 2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 7, 8, 7, 6, 6, 6, 6, 7, 9, 11, 12, 10, 6])
FIRST_ORDER_NUMBER, ORDER_NUMBER_STEP = (
    100_001,
    2,
)  # the numbers between are free for orders that came to nothing


def order_lines(
    history: History, offers: Offers, days: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per order line from `START` to `END`, in the order in which customers ordered.

    Returns
    -------
    Columns: `order` (number), `line` (from 1), `second` (datetime64[s], shop time), `place` (row of the
    product), `day` (index), `units`, `net_value`, `discount_value` (CNY), `channel`, `customer`, `segment`,
    and `first_unit` (how many units of the product went to earlier lines of the day).
    """
    day, place = np.nonzero(history.sold[FIRST:])
    day = day + FIRST
    lines = _split_into_lines(day, place, history.sold[day, place], rng)
    lines = lines.iloc[np.lexsort((rng.random(len(lines)), lines["day"].to_numpy()))].reset_index(drop=True)
    new_day = lines["day"].diff().ne(0).to_numpy()
    order = np.cumsum(new_day | (rng.random(len(lines)) < SINGLE_LINE_SHARE)) - 1
    lines, order = _number_by_time(lines, order, days, rng)
    n_order = order[-1] + 1
    wholesale = np.zeros(n_order, dtype=bool)
    np.logical_or.at(wholesale, order, lines["units"].to_numpy() >= WHOLESALE_UNITS)
    segments = np.array(list(CUSTOMERS))
    segment = np.where(wholesale, 3, rng.choice(len(segments), n_order, p=SEGMENT_SHARES))
    pool = np.array(list(CUSTOMERS.values()))[segment]
    number = (pool * rng.random(n_order) ** 2).astype(int)  # some customers order often
    first_number = np.cumsum([0, *CUSTOMERS.values()])[segment]
    channel = np.where(wholesale, "website", rng.choice(CHANNELS, n_order, p=CHANNEL_SHARES))
    coupon = np.where(rng.random(n_order) < COUPON_SHARE, COUPON, 0.0)
    at = lines["day"].to_numpy(), lines["place"].to_numpy()
    units = lines["units"].to_numpy()
    net_value = np.round(offers.net_price[at] * units * (1 - coupon[order]), 2)
    return lines.assign(
        order=FIRST_ORDER_NUMBER + ORDER_NUMBER_STEP * order,
        line=lines.groupby(order).cumcount() + 1,
        net_value=net_value,
        discount_value=np.round(offers.list_price[at] * units - net_value, 2),
        channel=channel[order],
        customer=10_001
        + (first_number + number)[order] * 7919 % 89_989,  # a prime, so that numbers look random
        segment=segments[segment][order],
    )


def _split_into_lines(
    day: np.ndarray, place: np.ndarray, sold: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Cut the units of each product and day into lines; rare, big demand is mostly one customer's."""
    cell = np.repeat(np.arange(len(sold)), sold)
    within = np.arange(len(cell)) - np.repeat(np.cumsum(sold) - sold, sold)
    customers_per_unit = SINGLE_UNIT_SHARE * np.where(_is_rare(place, sold), 0.1, 1.0)
    starts = (within == 0) | (rng.random(len(cell)) < customers_per_unit[cell])
    first = np.flatnonzero(starts)
    return pd.DataFrame(
        {
            "day": day[cell[first]],
            "place": place[cell[first]],
            "units": np.diff(np.append(first, len(cell))),
            "first_unit": within[first],
        }
    )


def _is_rare(place: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """Products that sell on fewer than one day in five."""
    return np.bincount(place, minlength=place.max() + 1)[place] < (LAST + 1 - FIRST) / 5


def _number_by_time(
    lines: pd.DataFrame, order: np.ndarray, days: pd.DatetimeIndex, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw each order's second of the day and number the orders as they came in."""
    n_order = order[-1] + 1
    hour = rng.choice(24, n_order, p=HOUR_WEIGHTS / HOUR_WEIGHTS.sum())
    second = hour * 3600 + rng.integers(0, 3600, n_order)
    first_line = np.flatnonzero(np.diff(order, prepend=-1))
    stamp = days.to_numpy().astype("datetime64[s]")[lines["day"].to_numpy()[first_line]] + second
    rank = np.empty(n_order, dtype=int)
    rank[np.argsort(stamp, kind="stable")] = np.arange(n_order)
    order = rank[order]
    by_order = np.argsort(order, kind="stable")
    lines = lines.iloc[by_order].reset_index(drop=True)
    order = order[by_order]
    return lines.assign(second=np.sort(stamp)[order]), order


def returned_lines(lines: pd.DataFrame, history: History, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Returns up to `END`: the first units sold of a product on a day are the ones that came back.

    Returns
    -------
    Columns `order`, `line`, `place`, `date`, `units`, `resellable`, sorted by date.
    """
    at = lines["day"].to_numpy(), lines["place"].to_numpy()
    before, after = lines["first_unit"].to_numpy(), (lines["first_unit"] + lines["units"]).to_numpy()
    good, back = history.resellable[at], history.returned[at]

    def overlap(low: np.ndarray | int, high: np.ndarray) -> np.ndarray:
        return np.maximum(np.minimum(after, high) - np.maximum(before, low), 0)

    day = lines["day"].to_numpy() + history.return_lag_days[at]
    parts = [
        lines[["order", "line", "place"]].assign(day=day, units=units, resellable=resellable)
        for units, resellable in ((overlap(0, good), True), (overlap(good, back), False))
    ]
    rows = pd.concat(parts)
    rows = rows[(rows["units"] > 0) & (rows["day"] <= LAST)].sort_values(
        ["day", "order", "line", "resellable"]
    )
    return rows.assign(date=days[rows["day"]]).drop(columns="day").reset_index(drop=True)
