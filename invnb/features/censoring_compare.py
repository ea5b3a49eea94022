"""How far each estimate of demand is from the truth, where the truth is known, by service.

For evaluation only: a sample or a simulation knows what customers wanted, a shop does not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from invnb.features.censoring import METHODS, Floats, demand_behind_sales
from invnb.features.wide import to_wide

SERVICE_BANDS = ((0.0, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.0))
"""Fill rates of a product, from and below (the last one up to and including)."""


def compare_censoring(
    panel: pd.DataFrame, truth: pd.DataFrame, demand_column: str = "wanted_units"
) -> pd.DataFrame:
    """Return bias and error of each of `METHODS` against true demand, by the service a product gave.

    Parameters
    ----------
    panel : demand panel, of one category or several.
    truth : `date`, `sku` and true demand in units, by day or by period. Of the sample shop, what a product's
        own shelf was asked for is `sold_units + lost_units` of its truth.
    demand_column : the name of true demand in `truth`.

    Returns
    -------
    One row per method and service band, see `errors_by_service`.

    Raises
    ------
    ValueError : naming a column that `truth` lacks.

    Examples
    --------
    >>> weeks = pd.date_range("2026-01-05", periods=2, freq="7D")
    >>> panel = pd.DataFrame({"sku": "A", "period": weeks, "status": "sold", "units": [4.0, 2.0],
    ...     "available_share": [1.0, 0.5], "censored": [False, True]})
    >>> truth = pd.DataFrame({"date": weeks, "sku": "A", "wanted_units": [4.0, 5.0]})
    >>> table = compare_censoring(panel, truth).query("service == 'all'")
    >>> table.set_index("method")["bias"].round(3).to_dict()
    {'naive': -0.333, 'velocity': -0.111, 'Kaplan-Meier': -0.111, 'censored likelihood': -0.111}
    """
    for name in ("date", "sku", demand_column):
        if name not in truth.columns:
            raise ValueError(f"truth must have the column {name}, got {', '.join(truth.columns)}")
    wide = to_wide(panel)
    row = pd.Index(wide.sku).get_indexer(pd.Index(truth["sku"].astype(str)))
    days = (truth["date"].to_numpy().astype("datetime64[D]") - wide.period[0]).astype(int)
    column = days // wide.period_days
    inside = (row >= 0) & (column >= 0) & (column < wide.period.size)
    true = np.zeros(wide.units.shape)
    np.add.at(true, (row[inside], column[inside]), truth[demand_column].to_numpy(dtype=float)[inside])
    estimates = {method: demand_behind_sales(wide, method) for method in METHODS}
    return errors_by_service(estimates, true, wide.units)


def errors_by_service(estimates: Mapping[str, Floats], true: ArrayLike, units: ArrayLike) -> pd.DataFrame:
    """Return bias and error of estimates of demand by the fill rate of the product.

    Parameters
    ----------
    estimates : method -> (n_sku, n_period) estimated demand in units.
    true : (n_sku, n_period) true demand in units.
    units : (n_sku, n_period) sales, NaN where nothing was sold because nothing could be: these periods count
        for the fill rate and are judged in no method.

    Returns
    -------
    `method`, `service` (a band of `SERVICE_BANDS`, "60 % - 95 %" or "all"), `products`, `periods`,
    `fill_rate` (units sold over units wanted), `bias` (sum of estimates over sum of true demand, minus 1)
    and `rmse_units` per period. Bands without a product are left out.

    Examples
    --------
    >>> sales, true = np.array([[4.0, 2.0, np.nan]]), np.array([[4.0, 4.0, 2.0]])
    >>> errors_by_service({"naive": sales}, true, sales)[["service", "fill_rate", "bias"]].values.tolist()
    [['60 % - 80 %', 0.6, -0.25], ['60 % - 95 %', 0.6, -0.25], ['all', 0.6, -0.25]]
    """
    wanted, sold = np.asarray(true, dtype=np.float64), np.asarray(units, dtype=np.float64)
    seen = ~np.isnan(sold)
    total, served = wanted.sum(axis=1), np.nansum(sold, axis=1)
    fill = np.divide(served, total, out=np.ones_like(total), where=total > 0)
    bands = {f"{low:.0%} - {high:.0%}".replace("%", " %"): (low, high) for low, high in SERVICE_BANDS}
    bands |= {"60 % - 95 %": (0.6, 0.95), "all": (0.0, np.inf)}
    rows = []
    for method, estimate in estimates.items():
        for service, (low, high) in bands.items():
            part = (fill >= low) & ((fill < high) | (high == 1.0))
            judged = seen & part[:, None]
            if not judged.any():
                continue
            error = (estimate - wanted)[judged]
            rows.append(
                {
                    "method": method,
                    "service": service,
                    "products": int(part.sum()),
                    "periods": int(judged.sum()),
                    "fill_rate": served[part].sum() / max(total[part].sum(), 1e-9),
                    "bias": error.sum() / max(wanted[judged].sum(), 1e-9),
                    "rmse_units": float(np.sqrt(np.mean(error**2))),
                }
            )
    return pd.DataFrame(rows)
