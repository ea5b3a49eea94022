"""Products a model cannot know (new, silent, ended, long unseen) get a sensible forecast and a reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from invnb.features.lags import age, known_so_far, periods_since_sale
from invnb.forecast.inputs import Inputs

Floats = NDArray[np.float64]

YOUNG_PERIODS = 13
"""With fewer known periods a product still borrows from how its look-alikes started."""
OWN_WEIGHT_PERIODS = 1.0
"""Known periods at which a new product's own forecast weighs as much as how its look-alikes started."""
UNSEEN_PERIODS = 26
"""Beyond this many unknown periods in a row, a forecast rests on another time and is widened."""
SOLD_OUT_SHARE = 0.9
"""Where nearly every period sold out, sales say how much was wanted at least; how much more is a guess."""
LEAST_DEMAND = 1e-3
UNSEEN_VARIATION = 0.5


def with_fallback(inputs: Inputs, forecast: Floats, origin: int) -> Floats:
    """Return the forecast of an origin without holes, blended for new products, zero after a product's end.

    Parameters
    ----------
    inputs : feature arrays.
    forecast : (n_sku, horizon) expected demand in units, NaN where a model knows nothing.
    origin : index of the first period forecast.

    Returns
    -------
    (n_sku, horizon) finite, zero or more. A product with k < `YOUNG_PERIODS` known periods gets the weight
    k / (k + `OWN_WEIGHT_PERIODS`) on its own forecast and the rest on the median of what other products sold
    per period while they were as young.
    """
    known = known_so_far(inputs.demand[:, :origin])[:, -1]
    start = _starting_level(inputs, origin)
    own = np.where(known < YOUNG_PERIODS, known / (known + OWN_WEIGHT_PERIODS), 1.0)[:, None]
    blended = np.where(np.isnan(forecast), start, own * np.nan_to_num(forecast) + (1 - own) * start)
    # A method that says exactly zero for a product on sale would make its paths all zero.
    floor = np.minimum(np.nan_to_num(inputs.level[:, origin], nan=start) / 10, LEAST_DEMAND)[:, None]
    blended = np.maximum(blended, floor)
    return blended * inputs.on_sale_share[:, origin : origin + forecast.shape[1]]


def _starting_level(inputs: Inputs, origin: int) -> float:
    """Return the median demand per period of products in their first periods, or of all if none is young."""
    demand = inputs.demand[:, :origin]
    young = (age(demand)[:, :-1] < YOUNG_PERIODS) & ~np.isnan(demand)
    first_seen = (~np.isnan(demand)).argmax(axis=1)
    launched = first_seen > 0  # those known from the first period on were not new then
    for rows in (launched, np.ones(len(demand), dtype=bool)):
        values = np.where(young, demand, np.nan)[rows]
        count = (~np.isnan(values)).sum(axis=1)
        means = np.divide(np.nansum(values, axis=1), count, out=np.full(count.shape, np.nan), where=count > 0)
        means = means[~np.isnan(means)]
        if means.size >= 3 or (means.size and rows.all()):
            return float(max(np.median(means), LEAST_DEMAND))
    return 1.0


def extra_variation(inputs: Inputs, origin: int) -> Floats:
    """Return what is added to a product's squared relative variation, (n_sku,): little known, wide paths.

    A mean of k periods is itself uncertain by about 1 / k of its squared variation; a product not seen for
    long may have changed.
    """
    known = known_so_far(inputs.demand[:, :origin])[:, -1]
    young = np.where(known < YOUNG_PERIODS, 1.0 / (known + 1.0), 0.0)
    return young + np.where(_unseen(inputs, origin) >= UNSEEN_PERIODS, UNSEEN_VARIATION, 0.0)


def _unseen(inputs: Inputs, origin: int) -> Floats:
    """Return how many periods before the origin in a row are unknown; 0 for a product never known."""
    seen = np.where(np.isnan(inputs.demand[:, :origin]), 0.0, 1.0)
    return np.nan_to_num(periods_since_sale(seen)[:, -1], nan=1.0) - 1.0


def reasons(inputs: Inputs, origin: int, horizon: int) -> NDArray[np.object_]:
    """Return why a product's forecast is special, in words, (n_sku,); empty text where it is not."""
    demand = inputs.demand[:, :origin]
    known = known_so_far(demand)[:, -1]
    sales = (np.nan_to_num(demand) > 0).sum(axis=1)
    ended = (inputs.on_sale_share[:, origin : origin + horizon] == 0).all(axis=1)
    unseen = _unseen(inputs, origin)
    constant = (known >= YOUNG_PERIODS) & (np.nanmax(demand, axis=1, initial=-1) == np.nanmin(
        np.where(np.isnan(demand), np.inf, demand), axis=1, initial=np.inf))  # fmt: skip
    sold_out = (inputs.lower_bound[:, :origin] & ~np.isnan(demand)).sum(axis=1)
    # Cut demand lies below sales nowhere else (`features/spikes.py`).
    cut = np.nan_to_num(inputs.sold[:, :origin] - demand) > 0
    result = np.full(inputs.n_sku, "", dtype=object)
    for i in range(inputs.n_sku):
        if ended[i]:
            result[i] = "ended: no longer on sale"
        elif known[i] == 0:
            result[i] = "no history: borrowed from how other products started"
        elif known[i] < YOUNG_PERIODS:
            none = " without a sale" if sales[i] == 0 else ""
            borrowed = "partly borrowed from how other products started"
            result[i] = f"new: {known[i]:.0f} known periods{none}, {borrowed}"
        elif sales[i] == 0:
            result[i] = f"no sale in {known[i]:.0f} known periods: about half a unit over as many is expected"
        elif unseen[i] >= UNSEEN_PERIODS:
            result[i] = f"nothing known for the last {unseen[i]:.0f} periods: older demand, wider paths"
        elif sold_out[i] >= SOLD_OUT_SHARE * known[i]:
            result[i] = (
                f"sold out in {sold_out[i]} of {known[i]:.0f} known periods: demand beyond sales is a guess"
            )
        elif cut[i].any():
            at = int(np.flatnonzero(cut[i])[-1])
            day, sold = inputs.period[at], inputs.sold[i, at]
            taken = f"taken as {demand[i, at]:,.0f}"
            result[i] = f"{sold:,.0f} units from {day} are far beyond all before: {taken}"
        elif sales[i] == 1:
            result[i] = f"one sale in {known[i]:.0f} known periods"
        elif constant[i]:
            result[i] = "constant demand: its variation is that of its demand class"
    return result
