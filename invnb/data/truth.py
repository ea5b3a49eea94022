"""The truth of a made-up shop, where it stands beside the shop's files: for evaluation only."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

TRUTH_FILE = "truth.parquet"


def true_demand(folder: Path, panel: pd.DataFrame) -> pd.DataFrame | None:
    """True demand of a panel's products in its periods, or None where nobody knows it.

    What customers came for first; what they took instead of a sold-out product is not counted again.

    Parameters
    ----------
    folder : of the input files; the truth is its `truth.parquet` (`date`, `sku`, `demand_units`), if any.
    panel : demand panel, for its products and periods.

    Returns
    -------
    `sku`, `period`, `units`, or None.

    Examples
    --------
    >>> true_demand(Path("nowhere"), pd.DataFrame()) is None
    True
    """
    file = folder / TRUTH_FILE
    if not file.is_file():
        return None
    truth = pd.read_parquet(file, columns=["date", "sku", "demand_units"])
    truth = truth[truth["sku"].isin(panel["sku"].unique())].rename(columns={"demand_units": "units"})
    periods = pd.DatetimeIndex(panel["period"].unique()).sort_values()
    place = periods.searchsorted(truth["date"], side="right") - 1
    last = periods[-1] + (periods[-1] - periods[-2] if len(periods) > 1 else pd.Timedelta(days=1))
    inside = (place >= 0) & (truth["date"] < last).to_numpy()
    truth = truth.assign(period=periods[place.clip(0)])[inside]
    return truth.groupby(["sku", "period"])["units"].sum().reset_index()
