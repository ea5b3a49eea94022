"""Which days count: when the shop was closed, where the record has a hole, which periods are complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

CLOSED_CHANCE = 0.001
"""A day without any order is closed if a shop this busy would see one by chance less often than this."""

LONGEST_CLOSURE_DAYS = 21
"""A run of days without any order longer than this is a hole in the record, not a closed shop."""

DAYS = {"day": 1, "week": 7}
"""Days in a period."""


@dataclass(frozen=True)
class Days:
    """The days of the panel: `day` (n_day,), all in complete periods of `days_per_period`, with what the
    shop did.

    `closed` and `missing` are masks over the days; `cut_before` and `cut_after` count the days with data that
    belong to incomplete periods; `closed_weekdays` names the weekdays without a single order.
    """

    day: pd.DatetimeIndex
    closed: np.ndarray
    missing: np.ndarray
    days_per_period: int
    cut_before: int
    cut_after: int
    closed_weekdays: tuple[str, ...]

    @property
    def period(self) -> pd.DatetimeIndex:
        """(n_period,) the first day of each period."""
        return self.day[:: self.days_per_period]


def closed_days(orders: pd.Series) -> tuple[pd.Series, pd.Series, tuple[str, ...]]:
    """Closed days and holes in the record, told from the orders of the whole shop.

    Orders are taken as Poisson with the mean m of the days that had any. A weekday that never had an order
    on n days is closed if exp(-m n) < `CLOSED_CHANCE`; a run of r other days without an order is closed if
    exp(-m r) < `CLOSED_CHANCE`, and missing if it lasts longer than `LONGEST_CLOSURE_DAYS`. So a small shop's
    quiet day stays a day of zero demand.

    Parameters
    ----------
    orders : (n_day,) orders of the whole shop on every day, zeros included.

    Returns
    -------
    closed, missing : (n_day,) masks.
    closed_weekdays : names of the weekdays that are always closed.

    Examples
    --------
    >>> day = pd.date_range("2025-01-06", periods=14)
    >>> closed, missing, weekdays = closed_days(pd.Series([9.0, 8, 0, 9, 7, 8, 0] * 2, index=day))
    >>> weekdays, int(closed.sum())
    (('Wednesday', 'Sunday'), 4)
    """
    day = pd.DatetimeIndex(orders.index)
    mean = orders[orders > 0].mean()
    by_weekday = orders.groupby(day.day_of_week).agg(["sum", "size"])
    never = by_weekday[(by_weekday["sum"] == 0) & (np.exp(-mean * by_weekday["size"]) < CLOSED_CHANCE)]
    closed = pd.Series(day.day_of_week.isin(never.index), index=day)
    missing = pd.Series(False, index=day)
    others = orders[~closed]
    run = (others > 0).cumsum()
    for _, quiet in others[others == 0].groupby(run[others == 0]):
        first, last = quiet.index[0], quiet.index[-1]
        if (last - first).days + 1 > LONGEST_CLOSURE_DAYS:
            missing[first:last] = np.exp(-mean * len(quiet)) < CLOSED_CHANCE
        else:
            closed[quiet.index] = np.exp(-mean * len(quiet)) < CLOSED_CHANCE
    closed &= ~missing
    names = [
        str(pd.Timestamp(2024, 1, 1 + int(i)).day_name()) for i in never.index
    ]  # 2024-01-01 was a Monday
    return closed, missing, tuple(names)


def days_of(orders: pd.Series, last: pd.Timestamp, period: str) -> Days:
    """The days of all complete periods from the first order to `last`.

    A week is complete if the days it lacks are weekdays on which the shop is always closed.

    Parameters
    ----------
    orders : orders of the whole shop by day (days without an order may be left out).
    last : last day of the data.
    period : "day" or "week" (weeks start on Monday).

    Raises
    ------
    ValueError : unknown period, no order at all, or not one complete period.

    Examples
    --------
    >>> orders = pd.Series(20, index=pd.date_range("2025-01-01", "2025-01-31"))
    >>> days = days_of(orders, pd.Timestamp("2025-01-31"), "week")
    >>> days.period.strftime("%d").tolist(), days.cut_before, days.cut_after
    (['06', '13', '20'], 5, 5)
    """
    if period not in DAYS:
        raise ValueError(f'period = "{period}" is not one of {", ".join(DAYS)}')
    if orders.empty:
        raise ValueError("orders is empty: there is no line of demand to lay out")
    first = orders.index.min()
    every = pd.date_range(first, last)
    full = orders.reindex(every, fill_value=0).astype("float64")
    closed, missing, weekdays = closed_days(full)
    start, end = first, last
    if period == "week":
        shut = set(weekdays)
        while (start - pd.Timedelta(days=1)).day_name() in shut and start.day_of_week != 0:
            start -= pd.Timedelta(days=1)
        while (end + pd.Timedelta(days=1)).day_name() in shut and end.day_of_week != 6:
            end += pd.Timedelta(days=1)
        start += pd.Timedelta(days=-start.day_of_week % 7)
        end -= pd.Timedelta(days=(end.day_of_week + 1) % 7)
    if end < start:
        raise ValueError(f"the data reach from {first.date()} to {last.date()}: not one complete {period}")
    day = pd.date_range(start, end)
    return Days(
        day,
        closed.reindex(day, fill_value=True).to_numpy(dtype=bool),
        missing.reindex(day, fill_value=False).to_numpy(dtype=bool),
        DAYS[period],
        max((start - first).days, 0),
        max((last - end).days, 0),
        weekdays,
    )
