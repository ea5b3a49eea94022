"""Refuses features that know the future: the future is changed, and whatever moves before it is a leak."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from invnb.features.table import AHEAD, END, FEATURES, START

CHECKED_PRODUCTS = 20
"""Best sellers on which the check is made: a column leaks for all products or for none."""
FUTURE_PERIODS = 8
LEAK = "mean_4 with the period itself"
"""A leak made on purpose, to see that the check catches it."""


def leak_check(panel: pd.DataFrame, build: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """Return how many values of each feature move when only the last periods of the panel are changed.

    Parameters
    ----------
    panel : demand panel.
    build : function of a panel that returns the feature table, as `build_features` with all but the panel
        given.

    Returns
    -------
    DataFrame with one row per column and one for `LEAK`: `column`, `known_at`, `values` (compared),
    `moved_values`, `accepted`. Compared are the values that were known before the change: a column known at
    the start of a period up to the first changed period, one known ahead in every row, one known at the end
    of a period before it.

    Examples
    --------
    >>> from functools import partial
    >>> from invnb.features.table import build_features
    >>> panel = pd.DataFrame({"sku": "A", "period": pd.date_range("2026-01-05", periods=30, freq="7D"),
    ...                       "status": "sold", "units": 5.0, "available_share": 1.0, "censored": False})
    >>> none = pd.DataFrame()
    >>> checked = leak_check(panel, partial(build_features, products=none, promotions=none, page_views=none,
    ...                                     country="CN", horizon_periods=2))
    >>> checked.loc[~checked["accepted"], "column"].tolist() == [LEAK]
    True
    """
    best = panel.groupby("sku")["units"].sum().nlargest(CHECKED_PRODUCTS).index
    some = panel[panel["sku"].isin(best)].reset_index(drop=True)
    periods = some["period"].drop_duplicates().sort_values()
    cut = periods.iloc[-min(FUTURE_PERIODS, len(periods) // 2) :].iloc[0]
    before, after = (_with_leak(build(each)) for each in (some, _changed(some, cut)))
    period = before["period"]
    rows = {START: period <= cut, AHEAD: period.notna(), END: period < cut}
    counted = []
    for column, known_at in [*((f.column, f.known_at) for f in FEATURES), (LEAK, START)]:
        left, right = before.loc[rows[known_at], column], after.loc[rows[known_at], column]
        moved = int((~(left.eq(right) | (left.isna() & right.isna()))).sum())
        counted.append((column, known_at, int(left.notna().sum()), moved, moved == 0))
    return pd.DataFrame(counted, columns=["column", "known_at", "values", "moved_values", "accepted"])


def _changed(panel: pd.DataFrame, cut: pd.Timestamp) -> pd.DataFrame:
    """Return the panel with another future from `cut` on: more sold, dearer, seen more, in stock less."""
    late = panel["period"] >= cut
    result = panel.copy()
    for column, factor, more in (
        ("units", 3.0, 7.0), ("net_price", 1.5, 1.0), ("discount_share", 0.5, 0.1), ("page_views", 2.0, 50.0),
        ("available_share", 0.5, 0.1),
    ):  # fmt: skip
        if column in result:
            result[column] = result[column].astype(float).where(~late, factor * result[column] + more)
    return result


def _with_leak(features: pd.DataFrame) -> pd.DataFrame:
    """Return the features with the mean of four periods moved by one, so that it includes its own period."""
    return features.assign(**{LEAK: features.groupby("sku")["mean_4"].shift(-1)})
