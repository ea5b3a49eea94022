"""Closed days, holes in the record, complete weeks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from invnb.data.days import LONGEST_CLOSURE_DAYS, closed_days, days_of

DAY = pd.date_range("2025-01-06", periods=84)  # begins on a Monday


def orders(mean: float, without: list[int]) -> pd.Series:
    out = pd.Series(mean, index=DAY)
    out.iloc[without] = 0
    return out


def test_a_busy_shop_without_an_order_is_closed_a_quiet_one_is_not() -> None:
    assert closed_days(orders(7.0, [10]))[0].sum() == 1  # exp(-7) < 0.001
    assert closed_days(orders(6.0, [10]))[0].sum() == 0
    assert closed_days(orders(6.0, [10, 11]))[0].sum() == 2  # two in a row are no chance


def test_a_weekday_without_orders_is_always_closed() -> None:
    sundays = list(range(6, 84, 7))
    closed, missing, weekdays = closed_days(orders(1.0, sundays))
    assert weekdays == ("Sunday",)
    assert closed.sum() == 12
    assert not missing.any()


def test_a_long_run_is_a_hole_closed_weekdays_in_it_included() -> None:
    sundays = list(range(6, 84, 7))
    closed, missing, _ = closed_days(orders(50.0, [*sundays, *range(7, 7 + LONGEST_CLOSURE_DAYS + 1)]))
    assert missing.to_numpy().nonzero()[0].tolist() == list(range(7, 29))
    assert not (closed & missing).any()
    short = closed_days(orders(50.0, [*range(7, 7 + LONGEST_CLOSURE_DAYS)]))
    assert not short[1].any()
    assert short[0].sum() == LONGEST_CLOSURE_DAYS


def test_a_week_that_lacks_only_closed_weekdays_is_complete() -> None:
    weekend = [d for d in range(84) if d % 7 > 4]
    full = orders(50.0, weekend)
    days = days_of(full[full > 0].iloc[:-1], pd.Timestamp(DAY[-4]), "week")
    assert len(days.period) == 11
    whole = days_of(full[full > 0], pd.Timestamp(DAY[-3]), "week")
    assert len(whole.period) == 12
    assert whole.closed_weekdays == ("Saturday", "Sunday")
    assert whole.cut_after == 0
    assert np.array_equal(whole.closed, np.arange(84) % 7 > 4)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match='period = "month" is not one of day, week'):
        days_of(orders(5, []), DAY[-1], "month")
    with pytest.raises(ValueError, match="not one complete week"):
        days_of(orders(5, [])[:5], DAY[4], "week")
    with pytest.raises(ValueError, match="orders is empty"):
        days_of(pd.Series(dtype=float), DAY[4], "week")
