"""Calendar features: public holidays and shopping festivals, by rule or library, no table of years."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.errors import InputError

DAYS_PER_YEAR = 365.25
DAYS_PER_WEEK = 7
WEEK_WAVES = (1, 2, 3)
"""Harmonics of the week: three can follow any pattern of seven days."""
FAR_DAYS = 60
"""Days ahead beyond which a coming festival no longer matters; `days_to_festival` ends there."""


@dataclass(frozen=True)
class Festival:
    """A yearly event: its day in a year, and the days around it in which demand moves.

    Parameters
    ----------
    name : column prefix.
    day : function from a year to the date.
    first_day, last_day : the window, in days from the date (negative: before), both ends included.
    """

    name: str
    day: Callable[[int], date]
    first_day: int
    last_day: int


def chinese_new_year(year: int) -> date:
    """Return the first day of the lunar year that begins in `year`.

    Examples
    --------
    >>> chinese_new_year(2026)
    datetime.date(2026, 2, 17)
    """
    import holidays

    table = holidays.country_holidays("CN", years=year, language="en_US")
    days = [day for day, name in table.items() if name.startswith("Chinese New Year (Spring Festival)")]
    return min(days)


def black_friday(year: int) -> date:
    """Return the day after the fourth Thursday of November.

    Examples
    --------
    >>> black_friday(2025)
    datetime.date(2025, 11, 28)
    """
    first = date(year, 11, 1)
    first_thursday = first + timedelta(days=(3 - first.weekday()) % 7)
    return first_thursday + timedelta(days=22)


FESTIVALS = (
    Festival("mid_year_618", lambda year: date(year, 6, 18), -17, 2),
    Festival("double_11", lambda year: date(year, 11, 11), -10, 1),
    Festival("black_friday", black_friday, 0, 3),
    Festival("christmas", lambda year: date(year, 12, 25), -24, -1),
    Festival("new_year_run_up", chinese_new_year, -24, -4),
    Festival("new_year_rest", chinese_new_year, -3, 7),
)
"""Shopping festivals and the days in which demand moves: the pre-sale of 6.18 begins on 1 June, that of 11.11
on 1 November; parcels stop a few days before the Chinese New Year and start again a week after it."""


def calendar_features(period: NDArray[np.datetime64], period_days: int, country: str) -> pd.DataFrame:
    """Return one row per period with holidays, festivals, month and the position in the year.

    Parameters
    ----------
    period : (n_period,) first day of each period.
    period_days : days in a period.
    country : ISO 3166 code of the public holidays, as "CN".

    Returns
    -------
    DataFrame indexed by period: `month`, `quarter`, `holiday_share` (share of days), `<festival>_share`
    (share of days in the festival's window), `days_to_festival` (to the next one, at most `FAR_DAYS`), and
    two harmonics of the year `year_sin_1`, `year_cos_1`, `year_sin_2`, `year_cos_2`, and three of the week
    `weekday_sin_1` ... (constant where a period is whole weeks). All are known in advance.

    Raises
    ------
    InputError : if no holidays are known for the country.

    Examples
    --------
    >>> weeks = np.array(["2025-11-03", "2025-11-24"], dtype="datetime64[D]")
    >>> calendar_features(weeks, 7, "CN")[["double_11_share", "black_friday_share"]].round(2).values.tolist()
    [[1.0, 0.0], [0.0, 0.43]]
    """
    starts = np.asarray(period, dtype="datetime64[D]")
    days = starts[:, None] + np.arange(period_days)
    years = range(_year(days.min()) - 1, _year(days.max()) + 2)  # a festival's window may cross a year's end
    middle = pd.DatetimeIndex(days[:, period_days // 2])
    columns: dict[str, NDArray] = {
        "month": middle.month.to_numpy(),
        "quarter": middle.quarter.to_numpy(),
        "holiday_share": np.isin(days, _holidays(country, years)).mean(axis=1),
    }
    festival_days = []
    for festival in FESTIVALS:
        dates = np.array([festival.day(year) for year in years], dtype="datetime64[D]")
        window = dates[:, None] + np.arange(festival.first_day, festival.last_day + 1)
        columns[f"{festival.name}_share"] = np.isin(days, window).mean(axis=1)
        festival_days.append(dates)
    coming = np.sort(np.concatenate(festival_days))
    ahead = (coming[np.searchsorted(coming, starts)] - starts).astype(int)
    columns["days_to_festival"] = np.minimum(ahead, FAR_DAYS)
    angle = 2 * np.pi * (middle.day_of_year.to_numpy() / DAYS_PER_YEAR)
    for k in (1, 2):
        columns[f"year_sin_{k}"] = np.sin(k * angle)
        columns[f"year_cos_{k}"] = np.cos(k * angle)
    angle = 2 * np.pi * middle.day_of_week.to_numpy() / DAYS_PER_WEEK
    for k in WEEK_WAVES:
        columns[f"weekday_sin_{k}"] = np.sin(k * angle)
        columns[f"weekday_cos_{k}"] = np.cos(k * angle)
    return pd.DataFrame(columns, index=pd.DatetimeIndex(starts, name="period"), dtype=np.float64)


def _year(day: np.datetime64) -> int:
    return int(str(day)[:4])


def _holidays(country: str, years: range) -> NDArray[np.datetime64]:
    import holidays

    try:
        days = holidays.country_holidays(country, years=years)
    except NotImplementedError as error:
        raise InputError(
            f'no public holidays are known for country "{country}"',
            remedy='write its ISO 3166 code in capital letters, as "CN" or "GB"',
        ) from error
    return np.array(sorted(days), dtype="datetime64[D]")
