"""The two kinds of stock-out in a panel, and what each estimate makes of the demand behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from invnb.data.truth import TRUTH_FILE
from invnb.features.censoring import METHODS, demand_behind_sales
from invnb.features.censoring_compare import compare_censoring
from invnb.features.wide import to_wide

SERVICE = "60 % - 95 %"
"""Fill rates at which estimates are judged: below there is little to see, above little to mend."""


def stockout_kinds(panel: pd.DataFrame) -> pd.DataFrame:
    """Return how many periods were sold from stock throughout, sold out, or empty, and what becomes of them.

    Parameters
    ----------
    panel : demand panel; periods in which nothing was offered (closed, not launched, ended) are left out.

    Examples
    --------
    >>> panel = pd.DataFrame({"status": ["sold", "sold", "out_of_stock"], "units": [4.0, 2.0, None],
    ...                       "censored": [False, True, False]})
    >>> stockout_kinds(panel)[["periods", "units"]].to_numpy().tolist()
    [[1.0, 4.0], [1.0, 2.0], [1.0, 0.0]]
    """
    empty = panel["status"].eq("out_of_stock")
    seen = panel["status"].isin(["sold", "zero"])
    cut = panel["censored"].astype(bool) & seen
    kinds = {
        "in stock throughout": (seen & ~cut, "taken as it is"),
        "sold out before its end": (cut, "estimated: demand was at least what was sold"),
        "shelf empty all period": (empty, "masked: it says nothing of demand"),
    }
    total = max(int((seen | empty).sum()), 1)
    return pd.DataFrame(
        [
            (kind, int(rows.sum()), rows.sum() / total, panel.loc[rows, "units"].sum(), treatment)
            for kind, (rows, treatment) in kinds.items()
        ],
        columns=["period_was", "periods", "periods_share", "units", "treatment"],
    )


def stockout_estimates(panel: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the demand each method sees behind the sold-out periods, and its bias where the truth is known.

    Parameters
    ----------
    panel : demand panel.
    folder : of the input files; the sample shop's holds a `truth.parquet` (`date`, `sku`, `sold_units`,
        `lost_units`), a real shop's does not.

    Returns
    -------
    One row per method of `METHODS`: `method`, `sold_units` and `demand_units` of the sold-out periods,
    `added_share` (of all sales), and the bias against what customers wanted, NaN where nobody knows it:
    `bias_at_low_service_share` of products with a fill rate of `SERVICE`, `bias_share` of all.
    """
    wide = to_wide(panel)
    sold, everything = np.nansum(wide.units[wide.censored]), max(float(np.nansum(wide.units)), 1e-9)
    estimates = {method: demand_behind_sales(wide, method) for method in METHODS}
    demand = np.array([np.nansum(estimate[wide.censored]) for estimate in estimates.values()])
    result = pd.DataFrame(
        {
            "method": list(METHODS),
            "sold_units": sold,
            "demand_units": demand,
            "added_share": (demand - sold) / everything,
        }
    )
    bias = pd.DataFrame(np.nan, index=list(METHODS), columns=[SERVICE, "all"])
    if (file := folder / TRUTH_FILE).is_file():
        truth = pd.read_parquet(file, columns=["date", "sku", "sold_units", "lost_units"])
        wanted = truth.assign(wanted_units=truth["sold_units"] + truth["lost_units"])
        errors = compare_censoring(panel, wanted).pivot_table(
            index="method", columns="service", values="bias"
        )
        bias = errors.reindex(index=bias.index, columns=bias.columns)
    return result.assign(
        bias_at_low_service_share=bias[SERVICE].to_numpy(), bias_share=bias["all"].to_numpy()
    )


def stockout_example(panel: pd.DataFrame) -> str:
    """Return the best seller among the products that show both kinds of stock-out, or either, or none."""
    kinds = panel.assign(cut=panel["censored"].astype(bool), empty=panel["status"].eq("out_of_stock"))
    count = kinds.groupby("sku")[["cut", "empty", "units"]].sum()
    both = (count["cut"] > 0).astype(int) + (count["empty"] > 0)
    return str(count.loc[both == both.max(), "units"].idxmax())
