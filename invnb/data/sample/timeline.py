"""The sample shop's days: constants, and the festivals that move its demand.

Arrays over days cover `WARMUP_DAYS` before `START` (so that stock and orders are in full swing on the first
exported day), the exported days `START` to `END`, and `FUTURE_DAYS` after `END`, kept for evaluation only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2023-07-03")  # a Monday
END = pd.Timestamp("2025-12-28")  # a Sunday, 130 weeks later
WARMUP_DAYS = 91
FUTURE_DAYS = 91
FIRST = WARMUP_DAYS  # index of START
LAST = FIRST + (END - START).days  # index of END

# The shop moved its warehouse: nobody could buy anything.
CLOSED = (pd.Timestamp("2024-08-19"), pd.Timestamp("2024-08-25"))

CHINESE_NEW_YEAR = pd.DatetimeIndex(["2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17"])


def all_days() -> pd.DatetimeIndex:
    """Every simulated day, warm-up and future included.

    Examples
    --------
    >>> days = all_days()
    >>> days[FIRST] == START, days[LAST] == END, len(days)
    (True, True, 1092)
    """
    return pd.date_range(
        START - pd.Timedelta(days=WARMUP_DAYS), END + pd.Timedelta(days=FUTURE_DAYS), freq="D"
    )


def days_from(days: pd.DatetimeIndex, month: int, day: int) -> np.ndarray:
    """Signed days from the date in the same calendar year (before it: negative).

    Examples
    --------
    >>> days_from(pd.DatetimeIndex(["2024-11-09", "2024-11-11", "2024-11-30"]), 11, 11)
    array([-2,  0, 19])
    """
    target = pd.to_datetime({"year": days.year, "month": month, "day": day})
    return (days - pd.DatetimeIndex(target)).days.to_numpy()


def days_from_black_friday(days: pd.DatetimeIndex) -> np.ndarray:
    """Signed days from the day after the fourth Thursday of November of the same year.

    Examples
    --------
    >>> days_from_black_friday(pd.DatetimeIndex(["2024-11-29", "2025-11-27"]))
    array([ 0, -1])
    """
    first = pd.DatetimeIndex(pd.to_datetime({"year": days.year, "month": 11, "day": 1}))
    first_thursday = (3 - first.day_of_week.to_numpy()) % 7
    return (days - first).days.to_numpy() - (first_thursday + 21 + 1)


def days_from_chinese_new_year(days: pd.DatetimeIndex) -> np.ndarray:
    """Signed days from the nearest Chinese New Year, a date that moves with the moon.

    Examples
    --------
    >>> days_from_chinese_new_year(pd.DatetimeIndex(["2024-02-10", "2025-01-28", "2025-02-05"]))
    array([ 0, -1,  7])
    """
    gaps = (
        (days.to_numpy()[:, None] - CHINESE_NEW_YEAR.to_numpy()[None, :]).astype("timedelta64[D]").astype(int)
    )
    return gaps[np.arange(len(days)), np.abs(gaps).argmin(axis=1)]


def festival_factor(days: pd.DatetimeIndex, category: str) -> np.ndarray:
    """What the festivals multiply a category's demand by, per day, before any discount.

    6.18 and Double 11 are campaigns of weeks with a peak, a lull before and an echo after; Black Friday is
    small here; Chinese New Year brings a run-up of gifts and then a fortnight in which little is sent.

    Returns
    -------
    Array (n_day,), 1 on an ordinary day.
    """
    factor = np.ones(len(days))

    def season(offset: np.ndarray, first: int, last: int, times: float) -> None:
        factor[(offset >= first) & (offset <= last)] *= times

    june, november = days_from(days, 6, 18), days_from(days, 11, 11)
    season(june, -29, -18, 0.90)
    season(june, -17, -3, 1.20)
    season(june, -2, 0, 2.30)
    season(june, 3, 12, 0.82)
    season(november, -22, -12, 0.85)
    season(november, -11, -8, 1.70)
    season(november, -7, -2, 1.15)
    season(november, -1, 0, 3.20)
    season(november, 2, 10, 0.75)
    season(days_from_black_friday(days), 0, 3, 1.45)

    new_year = days_from_chinese_new_year(days)
    gifts = {"toys": 0.40, "kitchen": 0.55, "beauty": 0.25}[category]
    factor *= 1 + gifts * np.exp(-(((new_year + 17) / 6.5) ** 2))
    season(new_year, -4, 7, 0.40)
    season(new_year, 8, 13, 0.75)
    own = {"toys": (6, 1), "kitchen": (9, 10), "beauty": (3, 8)}[
        category
    ]  # Children's, Teachers', Women's Day
    factor *= 1 + 0.8 * np.exp(-(((days_from(days, *own) + 3) / 3.5) ** 2))
    return factor
