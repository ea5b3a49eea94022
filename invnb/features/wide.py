"""The demand panel as wide arrays: one row per product, one column per period, NaN for unknown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEEDED = ("sku", "period", "status", "units", "available_share", "censored")
_OPTIONAL = ("net_price", "discount_share", "page_views", "seen_units", "seen_share", "cut_share")
_ADDED_UP = ("page_views", "seen_units")  # over locations; of the others the mean is taken


@dataclass(frozen=True)
class Wide:
    """A demand panel in arrays of shape (n_sku, n_period).

    Parameters
    ----------
    sku : (n_sku,) labels, sorted.
    period : (n_period,) first day of each period, evenly spaced.
    period_days : days in a period (7 or 1).
    units : sold units, NaN where nothing was or could be observed (closed, not launched, ended, out of stock,
        missing).
    censored : stock ended before demand did, so `units` is a lower bound of demand.
    available_share : share of the open days on which the product could be bought.
    status : the panel's status, as text.
    net_price, discount_share, page_views : NaN where unknown.
    seen_units, seen_share, cut_share : what of its demand each period showed (`invnb.data.panel`), NaN
        where unknown.
    """

    sku: NDArray[np.object_]
    period: NDArray[np.datetime64]
    period_days: int
    units: Floats
    censored: NDArray[np.bool_]
    available_share: Floats
    status: NDArray[np.object_]
    net_price: Floats
    discount_share: Floats
    page_views: Floats
    seen_units: Floats
    seen_share: Floats
    cut_share: Floats


def to_wide(panel: pd.DataFrame) -> Wide:
    """Return the panel as arrays, several locations of a product added up.

    Where one location of a product is out of stock while another sells, the sum is a lower bound of demand
    and is marked as censored.

    Parameters
    ----------
    panel : demand panel with at least `sku`, `period`, `status`, `units`, `available_share`, `censored`.

    Raises
    ------
    ValueError : naming a missing column, a repeated row, or a product whose periods have a gap: a gap would
        silently shift every lag.

    Examples
    --------
    >>> panel = pd.DataFrame({"sku": ["A", "A"], "location": "main",
    ...                       "period": pd.to_datetime(["2026-01-05", "2026-01-12"]),
    ...                       "status": ["sold", "out_of_stock"], "units": [3.0, None],
    ...                       "available_share": [1.0, 0.0], "censored": False})
    >>> to_wide(panel).units.tolist()
    [[3.0, nan]]
    """
    missing = [name for name in _NEEDED if name not in panel.columns]
    if missing:
        raise ValueError(f"panel must have the column {missing[0]}, got {', '.join(panel.columns)}")
    if panel.empty:
        raise ValueError("panel must hold at least one product and period, got no row")
    panel = panel.reset_index(drop=True)
    if "location" not in panel.columns:
        panel = panel.assign(location="main")
    if (panel["location"] != panel["location"].iloc[0]).any():
        panel = _add_locations(panel)
    code, sku = pd.factorize(panel["sku"].astype(str), sort=True)
    column, periods = pd.factorize(pd.to_datetime(panel["period"]), sort=True)
    shape = (len(sku), len(periods))
    if len(panel) != shape[0] * shape[1] or np.bincount(code * shape[1] + column).max() > 1:
        rows = pd.Series(code).groupby(code).size()
        odd = sku[int((rows - shape[1]).abs().to_numpy().argmax())]
        raise ValueError(
            f"panel must hold each product once in each of its {shape[1]} periods, got {rows.max()} to "
            f"{rows.min()} rows per product, for example for {odd}"
        )
    days = np.diff(periods.to_numpy().astype("datetime64[D]")).astype(int)
    period_days = int(days[0]) if days.size else 7
    if (days != period_days).any():
        gap = periods[int((days != period_days).argmax())]
        raise ValueError(f"panel must have evenly spaced periods, got a gap after {gap:%Y-%m-%d}")

    def spread(name: str, fill: float) -> Floats:
        values = np.full(shape, fill)
        if name in panel.columns:
            values[code, column] = panel[name].to_numpy(dtype=np.float64, na_value=np.nan)
        return values

    status = np.full(shape, "", dtype=object)
    status[code, column] = panel["status"].astype(str)
    units = spread("units", np.nan)
    return Wide(
        sku=np.asarray(sku, dtype=object),
        period=periods.to_numpy().astype("datetime64[D]"),
        period_days=period_days,
        units=np.maximum(units, 0.0),  # returns can make a period's net negative; demand cannot be
        censored=(np.nan_to_num(spread("censored", 0.0)) > 0) & ~np.isnan(units),
        available_share=spread("available_share", np.nan),
        status=status,
        **{name: spread(name, np.nan) for name in _OPTIONAL},
    )


def _add_locations(panel: pd.DataFrame) -> pd.DataFrame:
    """Return one row per sku and period: units added, prices averaged, availability averaged."""
    out = panel["status"].eq("out_of_stock")
    panel = panel.assign(_out=out, censored=panel["censored"].astype(bool))
    groups = panel.groupby(["sku", "period"], sort=True)
    total = groups["units"].sum(min_count=1)
    result = pd.DataFrame(
        {
            "status": groups["status"].first(),
            "units": total,
            "available_share": groups["available_share"].mean(),
            "censored": groups["censored"].any() | (groups["_out"].any() & total.notna()),
        }
    )
    result.loc[total > 0, "status"] = "sold"
    for name in _OPTIONAL:
        if name in panel.columns:
            result[name] = groups[name].sum(min_count=1) if name in _ADDED_UP else groups[name].mean()
    return result.reset_index()
