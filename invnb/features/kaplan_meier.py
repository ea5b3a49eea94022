"""The product-limit estimate of demand from sales, some of which are lower bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def kaplan_meier_mean(units: ArrayLike, censored: ArrayLike, at_least: ArrayLike = 0.0) -> Floats:
    """Return E[D | D >= at_least] of the Kaplan-Meier distribution of each row.

    A value censored at v leaves the risk set at v, before the events at v: with v in stock, it could never
    have shown a demand of just v. Tail rule (Efron): the largest value counts as an event, so the mean is
    that of demand up to the largest sales; where no value reaches `at_least`, the result is `at_least`.

    Parameters
    ----------
    units : (n_row, n_value) sales, NaN where unknown.
    censored : (n_row, n_value) true where demand was at least the sales.
    at_least : (n_row,) or one number, lower bound of demand in units, zero or more.

    Returns
    -------
    (n_row,) mean demand in units.

    Source: Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958); Efron,
    "The two sample problem with censored data", Fifth Berkeley Symposium 4 (1967), for the tail.

    Examples
    --------
    >>> kaplan_meier_mean([[2.0, 4.0, 4.0, 6.0]], [[False, True, False, False]]).tolist()
    [4.25]
    """
    values, cut = np.asarray(units, dtype=np.float64), np.asarray(censored, dtype=bool)
    n_row, n_value = values.shape
    least = np.broadcast_to(np.asarray(at_least, dtype=np.float64), n_row)
    known = ~np.isnan(values)
    cut = cut & known
    order = np.lexsort((~cut, np.where(known, values, np.inf)), axis=1)  # at a tie, censored values first
    values, cut = np.take_along_axis(values, order, axis=1), np.take_along_axis(cut, order, axis=1)
    n_known = known.sum(axis=1)[:, None]
    place = np.arange(n_value)
    at_risk = n_known - place
    last = at_risk == 1
    event = (at_risk >= 1) & (values >= least[:, None]) & (~cut | last)
    survives = np.where(event, 1 - 1 / np.maximum(at_risk, 1), 1.0).cumprod(axis=1)
    survives = np.hstack([np.ones((n_row, 1)), survives[:, :-1]])  # of the stretch that ends at each value
    points = np.maximum(np.where(at_risk >= 1, values, -np.inf), least[:, None])
    steps = np.maximum(np.diff(points, axis=1, prepend=least[:, None]), 0.0)
    return least + (survives * steps).sum(axis=1)
