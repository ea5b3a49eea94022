"""The truth of a made-up shop, where it stands beside the shop's files: for evaluation only."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

TRUTH_FILE = "truth.parquet"


def true_demand(folder: Path, panel: pd.DataFrame) -> pd.DataFrame | None:
    """True demand of a panel's products in its periods, or None where nobody knows it.

    `units` is what customers came for first; what they then wanted instead of a sold-out product stands
    apart, so that a total does not count it again.

    Parameters
    ----------
    folder : of the input files; the truth is its `truth.parquet`, if any.
    panel : demand panel, for its products and periods.

    Returns
    -------
    `sku`, `period`, `units`, `spill_in_units` (wanted instead of another product), `unmet_units` (of both
    together, not served), or None.

    Examples
    --------
    >>> true_demand(Path("nowhere"), pd.DataFrame()) is None
    True
    """
    file = folder / TRUTH_FILE
    if not file.is_file():
        return None
    names = {"demand_units": "units", "spill_in_units": "spill_in_units", "lost_units": "unmet_units"}
    truth = pd.read_parquet(file, columns=["date", "sku", *names]).rename(columns=names)
    truth = truth[truth["sku"].isin(panel["sku"].unique())]
    periods = pd.DatetimeIndex(panel["period"].unique()).sort_values()
    place = periods.searchsorted(truth["date"], side="right") - 1
    last = periods[-1] + (periods[-1] - periods[-2] if len(periods) > 1 else pd.Timedelta(days=1))
    inside = (place >= 0) & (truth["date"] < last).to_numpy()
    truth = truth.assign(period=periods[place.clip(0)])[inside]
    return truth.groupby(["sku", "period"])[list(names.values())].sum().reset_index()
