"""Holidays and festivals by rule, checked against published dates."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from invnb.errors import InputError
from invnb.features.calendar import FAR_DAYS, FESTIVALS, black_friday, calendar_features, chinese_new_year


@pytest.mark.parametrize(
    ("year", "day"),
    [(2012, date(2012, 1, 23)), (2020, date(2020, 1, 25)), (2023, date(2023, 1, 22)), (2024, date(2024, 2,
    10)),
     (2025, date(2025, 1, 29)), (2026, date(2026, 2, 17)), (2027, date(2027, 2, 6))],
)  # fmt: skip
def test_chinese_new_year(year: int, day: date) -> None:
    assert chinese_new_year(year) == day


@pytest.mark.parametrize(
    ("year", "day"), [(2018, 23), (2019, 29), (2023, 24), (2024, 29), (2025, 28), (2029, 23)]
)
def test_black_friday(year: int, day: int) -> None:
    assert black_friday(year) == date(year, 11, day)


def test_every_festival_falls_once_in_a_year_of_days() -> None:
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2026-01-01"))
    table = calendar_features(days, 1, "CN")
    for festival in FESTIVALS:
        on = table[f"{festival.name}_share"].to_numpy()
        starts = np.flatnonzero(np.diff(np.concatenate([[0.0], on])) > 0)
        assert len(starts) == 2, festival.name
        assert on.sum() == 2 * (festival.last_day - festival.first_day + 1)


def test_weeks_are_shares_of_days_and_the_year_has_no_seam() -> None:
    weeks = np.arange(np.datetime64("2024-12-02"), np.datetime64("2025-03-03"), 7)
    table = calendar_features(weeks, 7, "CN")
    assert table.loc["2025-01-27", "holiday_share"] == pytest.approx(4 / 7)  # 28 to 31 January 2025
    assert table.loc["2024-12-30", "holiday_share"] == pytest.approx(1 / 7)
    assert table.loc["2025-01-20", "new_year_run_up_share"] == pytest.approx(6 / 7)
    assert table["days_to_festival"].between(0, FAR_DAYS).all()
    assert np.abs(np.diff(table["year_cos_1"])).max() < 2 * np.pi * 7 / 365 + 1e-9


def test_an_unknown_country_is_one_sentence() -> None:
    with pytest.raises(InputError, match='no public holidays are known for country "XX"; write its ISO 3166'):
        calendar_features(np.array(["2025-01-06"], dtype="datetime64[D]"), 7, "XX")
