"""The answers of the sample shop's planner: some orders of the last half year had been proposed otherwise.

What was ordered is what the purchase orders say; the proposal is what a tool would have written before the
planner changed it, for one of four reasons. Whether a reason helped is not put in: it follows from the demand
that came.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import Catalogue
from invnb.data.sample.exports import as_table
from invnb.data.sample.replenish import History
from invnb.data.sample.timeline import LAST

HALF_YEAR_DAYS = 182
CHANGED_SHARE = 0.3
# reason: what the planner made of one unit proposed
REASONS = {
    "promotion planned": 1.5,
    "gut feeling": 2.0,
    "supplier is often late": 1.25,
    "cash is short": 0.5,
}


def overrides_file(
    history: History, catalogue: Catalogue, days: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per regular order line of the last half year, with the proposal and the planner's answer."""
    terms = catalogue.item_supplier.query("priority == 1").set_index("sku").loc[catalogue.products["sku"]]
    orders = history.orders
    lines = orders[~orders["emergency"] & (orders["order_day"] > LAST - HALF_YEAR_DAYS)]
    lines = lines.drop_duplicates(["order_day", "place"])
    reason = np.where(rng.random(len(lines)) < CHANGED_SHARE, rng.choice(list(REASONS), len(lines)), "")
    factor = np.array([REASONS.get(name, 1.0) for name in reason])
    pack = terms["pack_units"].to_numpy()[lines["place"]]
    least = terms["min_order_units"].to_numpy()[lines["place"]]
    ordered = lines["units"].to_numpy()
    proposed = np.maximum(np.round(ordered / factor / pack), np.ceil(least / pack)) * pack
    proposed = np.where(reason == "", ordered, proposed).astype(int)
    answered = proposed != ordered
    return as_table(
        "overrides",
        {
            "review_date": days[lines["order_day"]],
            "sku": catalogue.products["sku"].to_numpy()[lines["place"]],
            "calc_id": [f"{number:012x}" for number in rng.integers(0, 16**12, len(lines))],
            "proposed_units": proposed,
            "planner_units": pd.Series(ordered, dtype="Int64").where(answered),
            "planner_reason": np.where(answered, reason, ""),
        },
    )
