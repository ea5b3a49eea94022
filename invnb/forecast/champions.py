"""Who forecasts a demand class: the champion, its challengers, and the tie rule between them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.forecast import metrics
from invnb.forecast.evaluate import Folds, classes, lead_time_losses, mean_of_known
from invnb.forecast.models import MODELS, model

Floats = NDArray[np.float64]

INCUMBENT = "combination"
"""The model that must be beaten beyond noise: over many folds the mean of several is the safest."""
BIAS_FLAG = 0.10
"""A model off by more than this share of demand is flagged."""


def may_lead(names: Iterable[str], two_seasons: bool) -> list[str]:
    """Return the models that may be champion, in their order.

    One learned from a single season cannot tell season from trend, and its errors at a few origins, a few
    periods apart, do not show it. So a learned model leads alone only once two full seasons lie before the
    first origin; in the combination, a level that follows the product holds it.

    Examples
    --------
    >>> may_lead(["tsb", "neural_network", "combination"], two_seasons=False)
    ['tsb', 'combination']
    """
    every = list(names)
    return [n for n in every if two_seasons or model(n).parts or not model(n).learns] or every


def choose_champions(folds: Folds, group: NDArray[np.object_]) -> pd.DataFrame:
    """Return `champions`: of each demand class the model preferred among those that none beats beyond noise.

    Rule (one standard error, as in Breiman et al. 1984, "Classification and Regression Trees", section
    3.4.3): the model with the least scaled pinball loss of lead-time demand is the best; every model whose
    loss is larger by no more than one standard error of the paired difference ties with it. The combination
    holds the title: it is the champion unless a single model beats it beyond noise. Then, or where it was
    not compared, the first tie in the registry is, which begins with the simple methods. The standard error
    is the larger of two: with products and with origins as independent units. A model whose bias exceeds
    `BIAS_FLAG` gives way to an unbiased tie, and is flagged if there is none. Only models that `may_lead`
    are held against each other.

    Returns
    -------
    DataFrame with `demand_class`, `model`, `best` (least loss of these), `loss`, `best_loss`,
    `standard_error`, `bias`, `biased`, `n` (forecasts of lead-time demand compared) and `reason` in words.
    """
    able = may_lead((name for name in MODELS if name in folds.forecasts), folds.two_seasons)
    order = sorted(able, key=lambda name: name != INCUMBENT)
    loss = {name: lead_time_losses(folds, name, group)[0].mean(axis=0) for name in order}
    waiting = "" if len(able) == len(folds.forecasts) else "; no learned model leads alone before two seasons"
    rows = []
    for label, members in classes(group):
        table = np.stack([loss[name][:, members] for name in order])
        table = np.where(np.isnan(table).any(axis=0), np.nan, table)  # the same forecasts for all
        n = int((~np.isnan(table[0])).sum()) if table.size else 0
        if n == 0:
            nothing = (np.nan,) * 4
            rows.append((label, able[0], able[0], *nothing, False, 0, "no origin to compare on"))
            continue
        means = np.nanmean(table, axis=(1, 2))
        best = int(means.argmin())
        errors = [_standard_error(table[k] - table[best]) for k in range(len(order))]
        ties = [k for k in range(len(order)) if means[k] - means[best] <= errors[k]]
        bias = {
            k: metrics.relative_bias(
                np.where(np.isnan(folds.forecasts[order[k]][:, members]), np.nan, folds.demand[:, members]),
                folds.forecasts[order[k]][:, members],
            )
            for k in ties
        }
        fair = [k for k in ties if not abs(bias[k]) > BIAS_FLAG]
        winner = (fair or ties)[0]
        biased = bool(abs(bias[winner]) > BIAS_FLAG)
        why = "the mean of several, seldom far off" if order[winner] == INCUMBENT else "simpler"
        reason = "least loss" if winner == best else f"within noise of {order[best]}, and {why}"
        reason += waiting
        if biased:
            reason += f"; its bias of {bias[winner]:+.0%} is mended by its past surprises"
        rows.append((label, order[winner], order[best], means[winner], means[best], errors[winner],
                     bias[winner], biased, n, reason))  # fmt: skip
    columns = ["demand_class", "model", "best", "loss", "best_loss", "standard_error", "bias", "biased"]
    return pd.DataFrame(rows, columns=[*columns, "n", "reason"])


def _standard_error(difference: Floats) -> float:
    """Return the larger standard error of the mean difference, by products and by origins as units."""
    errors = [0.0]
    for values in (mean_of_known(difference), mean_of_known(difference.T)):
        values = values[~np.isnan(values)]
        if values.size > 1:
            errors.append(float(values.std(ddof=1) / np.sqrt(values.size)))
    return max(errors)
