"""Forecast models ranked by what they cost: the same ordering rule run with each of them on the same demand.

A pinball loss says how far a quantile is off, a calibration how often; neither says what the miss costs. So
every model orders up to the critical fractile of its own lead-time demand at each past review, on demand
that no model had seen, and the money it loses is counted: holding, lost sales and waiting customers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.decide.first_order import column
from invnb.decide.replay import replay
from invnb.forecast import metrics
from invnb.forecast.champions import may_lead
from invnb.forecast.compare import Comparison
from invnb.forecast.evaluate import LEVELS, Folds, apart, lead_time_losses
from invnb.forecast.fallback import with_fallback
from invnb.forecast.inputs import Inputs

Floats = NDArray[np.float64]
SAVING_ERRORS = 2.0
"""Standard errors by which a tied model must be cheaper before it takes a champion's place. With one, the
rule's own money fell on later origins, but the error of the forecast rose by a tenth: too high a price."""
COLUMNS = [
    "model", "demand_class", "pinball_critical", "coverage_gap", "cost", "extra_cost", "standard_error_cost",
    "rank_pinball", "rank_calibration", "rank_cost", "n", "chosen",
]  # fmt: skip


def critical_ratio(economics: pd.DataFrame) -> Floats:
    """Return the critical ratio of each product, shortage over shortage and holding cost, (n_sku,).

    An unmet unit costs the lost margin where the customer leaves and the waiting cost where not; a unit too
    many is held until the next review.

    Examples
    --------
    >>> critical_ratio(pd.DataFrame({"holding_cost_per_unit_period": [0.5], "review_period_periods": [2],
    ...     "shortage_cost_per_unit": [9.0], "backorder_cost_per_unit_period": [1.0], "lost_share": [1.0]}))
    array([0.9])
    """
    lost = column(economics, "lost_share")
    short = lost * column(economics, "shortage_cost_per_unit")
    short = short + (1 - lost) * column(economics, "backorder_cost_per_unit_period")
    hold = column(economics, "holding_cost_per_unit_period") * column(economics, "review_period_periods")
    return short / np.maximum(short + hold, 1e-12)


def forecast_value(comparison: Comparison, economics: pd.DataFrame) -> pd.DataFrame:
    """Return `model_value`: every model by pinball loss at the critical ratio, by calibration and by money.

    At each review of the past the rule orders up to a level: the model's forecast over lead time and review,
    from the newest origin before, plus the quantile at the critical ratio of the errors its demand class
    made at the other origins. All models start with the same stock and meet the same demand; a period whose
    demand is unknown costs nothing. Orders cost nothing and come in single units, so that only the forecast
    differs.

    Parameters
    ----------
    comparison : result of `compare_models`.
    economics : table of `build_economics`, one row per product of the comparison.

    Returns
    -------
    One row per model and demand class ("all" first): `pinball_critical` (scaled, of demand over lead time and
    review), `coverage_gap` (mean distance of covered from nominal), `cost` (currency over the periods
    replayed), `extra_cost` and its `standard_error_cost` (paired; the larger of products and origins as
    units), `rank_pinball`, `rank_calibration`, `rank_cost` (1 is best), `n` (forecasts compared), `chosen`.

    A model is chosen among those whose loss, as in `choose_champions`, is the least within one standard
    error: the champion keeps its place, or gives it up to the cheapest of them where the saving exceeds
    `SAVING_ERRORS` standard errors.
    """
    return _model_value(
        comparison.inputs, comparison.folds, comparison.group, comparison.champions, economics
    )


def cheaper_champions(
    inputs: Inputs,
    folds: Folds,
    group: NDArray[np.object_],
    champions: pd.DataFrame,
    *,
    economics: pd.DataFrame,
) -> pd.DataFrame:
    """Return the champions after the choice of `forecast_value`: `choose` of `compare_models`."""
    return choose_by_cost(champions, _model_value(inputs, folds, group, champions, economics))


def _model_value(
    inputs: Inputs,
    folds: Folds,
    group: NDArray[np.object_],
    champions: pd.DataFrame,
    economics: pd.DataFrame,
) -> pd.DataFrame:
    if folds.origins.size < 2:
        return pd.DataFrame({name: [] for name in COLUMNS})
    table = economics.set_index("sku").loc[list(inputs.sku)].reset_index()
    critical, cost = _losses_and_costs(inputs, folds, group, table)
    judged = [lead_time_losses(folds, name, group) for name in folds.forecasts]
    loss = np.stack([losses.mean(axis=0) for losses, _ in judged])
    covered = np.stack([hits for _, hits in judged])
    champion = {row.demand_class: row.model for row in champions.itertuples()}
    names, parts = list(folds.forecasts), []
    able = [names.index(name) for name in may_lead(names, folds.two_seasons)]
    for label in ["all", *np.unique(group)]:
        members = (group == label) | (label == "all")
        parts.append(
            _ranked(
                names,
                able,
                str(label),
                str(champion.get(str(label), champion["all"])),
                loss[:, :, members],
                critical[:, :, members],
                covered[:, :, :, members],
                cost[:, :, members],
            )
        )
    return pd.concat(parts, ignore_index=True)


def _ranked(
    names: list[str],
    able: list[int],
    label: str,
    champion: str,
    loss: Floats,
    critical: Floats,
    covered: Floats,
    cost: Floats,
) -> pd.DataFrame:
    """Return the rows of one demand class; arrays are (n_model, ..., n_origin, n_sku); `able` may win."""
    known = ~np.isnan(critical).any(axis=0)
    if not known.any() or np.isnan(loss).any(axis=0).all():
        return pd.DataFrame({name: [] for name in COLUMNS})
    loss = np.where(np.isnan(loss).any(axis=0), np.nan, loss)
    mean, total = np.nanmean(loss, axis=(1, 2)), cost.sum(axis=(1, 2))
    best = min(able, key=lambda k: mean[k])
    cheapest, held = int(total.argmin()), names.index(champion)
    ties = [k for k in able if mean[k] - mean[best] <= _noise(loss[k] - loss[best])]
    least = min(ties, key=lambda k: total[k])
    saved = cost[held] - cost[least]
    winner = least if saved.mean() > SAVING_ERRORS * _noise(saved) else held
    share = np.nanmean(covered, axis=(2, 3))
    table = pd.DataFrame(
        {
            "model": names,
            "demand_class": label,
            "pinball_critical": critical[:, known].mean(axis=1),
            "coverage_gap": np.abs(share - np.array(LEVELS)).mean(axis=1),
            "cost": total,
            "extra_cost": total - total[cheapest],
            "standard_error_cost": [
                cost[0].size * _noise(cost[k] - cost[cheapest]) for k in range(len(names))
            ],
            "n": int(known.sum()),
            "chosen": np.arange(len(names)) == winner,
        }
    )
    measures = {"pinball": "pinball_critical", "calibration": "coverage_gap", "cost": "cost"}
    ranks = {f"rank_{word}": table[name].rank(method="min").astype(int) for word, name in measures.items()}
    return table.assign(**ranks)[COLUMNS]


def choose_by_cost(champions: pd.DataFrame, model_value: pd.DataFrame) -> pd.DataFrame:
    """Return the champions with those replaced that lose money against an equally good forecast.

    Parameters
    ----------
    champions : table of `compare_models`.
    model_value : table of `forecast_value`.

    Examples
    --------
    >>> champions = pd.DataFrame({"demand_class": ["all"], "model": ["tsb"], "reason": ["least loss"]})
    >>> value = pd.DataFrame({"demand_class": "all", "model": ["tsb", "knn"], "chosen": [False, True]})
    >>> choose_by_cost(champions, value).iloc[0].tolist()
    ['all', 'knn', 'ties with tsb by pinball loss, and costs less beyond noise']
    """
    chosen = {row.demand_class: row.model for row in model_value.itertuples() if row.chosen}
    held = zip(champions["demand_class"], champions["model"], strict=True)
    model = pd.Series([chosen.get(label, name) for label, name in held], champions.index, dtype=object)
    changed = model != champions["model"]
    reason = "ties with " + champions["model"] + " by pinball loss, and costs less beyond noise"
    return champions.assign(model=model, reason=champions["reason"].where(~changed, reason))


def ranking_sentence(model_value: pd.DataFrame, demand_class: str = "all") -> str:
    """Return in one sentence which model is best by each of the three measures, and whether they agree.

    Examples
    --------
    >>> value = pd.DataFrame({"demand_class": "all", "model": ["tsb", "knn"], "cost": [100.0, 104.0],
    ...     "extra_cost": [0.0, 4.0], "standard_error_cost": [0.0, 6.0], "chosen": [False, True],
    ...     "rank_pinball": [2, 1], "rank_calibration": [1, 2], "rank_cost": [1, 2]})
    >>> ranking_sentence(value)
    'The measures disagree: knn is best by pinball loss, tsb by calibration, tsb by money. By money tsb is \
4.0% cheaper than knn, which is within noise (a standard error is 6.0%).'
    """
    table = model_value[model_value["demand_class"] == demand_class]
    if table.empty:
        return "There are too few origins to rank the models."
    best = [
        table.iloc[int(table[f"rank_{measure}"].argmin())] for measure in ("pinball", "calibration", "cost")
    ]
    first = [str(row["model"]).replace("_", " ") for row in best]
    if len(set(first)) == 1:
        return f"The measures agree: {first[0]} is best by pinball loss, by calibration and by money."
    said = (
        f"The measures disagree: {first[0]} is best by pinball loss, {first[1]} by calibration, "
        f"{first[2]} by money."
    )
    rival = best[0]
    if rival["rank_cost"] == 1:
        return said
    base = max(float(best[2]["cost"]), 1e-12)
    noise = "beyond" if rival["extra_cost"] > SAVING_ERRORS * rival["standard_error_cost"] else "within"
    return (
        f"{said} By money {first[2]} is {rival['extra_cost'] / base:.1%} cheaper than {first[0]}, "
        f"which is {noise} noise (a standard error is {rival['standard_error_cost'] / base:.1%})."
    )


def _losses_and_costs(
    inputs: Inputs, folds: Folds, group: NDArray[np.object_], economics: pd.DataFrame
) -> tuple[Floats, Floats]:
    """Return scaled pinball losses at the critical ratio and costs, both (n_model, n_origin, n_sku).

    A cost belongs to the origin whose forecast decided the order of its period.
    """
    origins = folds.origins
    ratio = critical_ratio(economics)
    cover = economics["lead_time_periods"].to_numpy(int) + economics["review_period_periods"].to_numpy(int)
    # Each origin decides until the next one; the last one as long as the one before it.
    end = np.append(origins[1:], min(2 * origins[-1] - origins[-2], inputs.n_history))
    levels = [
        _order_up_to_levels(inputs, folds, group, path, end, cover, ratio)
        for path in folds.forecasts.values()
    ]
    losses = [_pinball(folds, level, cover, ratio) for level in levels]
    demand = inputs.demand[:, origins[0] : end[-1]]
    block = np.searchsorted(origins, np.arange(origins[0], end[-1]), side="right") - 1
    start = np.mean([level[:, 0] for level in levels], axis=0)
    costs = []
    for level in levels:
        money = _replayed(np.ceil(level - 1e-9) if _whole(inputs.sold) else level, demand, start, economics)
        costs.append(np.stack([money[:, block == k].sum(axis=1) for k in range(origins.size)]))
    return np.stack(losses), np.stack(costs)


def _order_up_to_levels(
    inputs: Inputs,
    folds: Folds,
    group: NDArray[np.object_],
    forecast: Floats,
    end: NDArray,
    cover: NDArray,
    ratio: Floats,
) -> Floats:
    """Return the level of each review between the first origin and the last end, (n_sku, n_period), units."""
    origins = folds.origins
    filled = np.stack([with_fallback(inputs, f, int(o)) for f, o in zip(forecast, origins, strict=True)])
    known = np.where(np.isnan(forecast), np.nan, filled)
    level = np.empty((inputs.n_sku, end[-1] - origins[0]))
    for k, origin in enumerate(origins):
        shift = _shift(folds, group, known, k, cover, ratio)
        for step in range(end[k] - origin):
            total = _cover_sum(filled[k], step, cover)
            level[:, origin - origins[0] + step] = np.maximum(total + shift, 0.0)
    return level


def _replayed(level: Floats, demand: Floats, start: Floats, economics: pd.DataFrame) -> Floats:
    """Return the cost of ordering up to the levels, (n_sku, n_period); a period of unknown demand is free."""

    def order_up_to(t: int, net: Floats, coming: Floats) -> Floats:
        return np.maximum(level[:, t] - net - coming.sum(axis=1), 0.0)

    came = np.nan_to_num(demand)
    run = replay(came, order_up_to, start, np.zeros(came.shape), economics.assign(order_cost=0.0))
    return np.where(np.isnan(demand), 0.0, run.total)


def _shift(
    folds: Folds, group: NDArray[np.object_], forecast: Floats, k: int, cover: NDArray, ratio: Floats
) -> Floats:
    """Return what is added to the forecast of origin k, (n_sku,): a quantile of the class's past errors."""
    others = apart(folds.origins, k, int(cover.max()))
    shift = np.zeros(group.size)
    for periods in np.unique(cover):
        same = np.full(group.size, periods)
        error = _cover_sum(folds.demand[others], 0, same) - _cover_sum(forecast[others], 0, same)
        error /= folds.level[others]
        for label in np.unique(group[cover == periods]):
            own = error[:, group == label]
            pool = own[~np.isnan(own)] if not np.isnan(own).all() else error[~np.isnan(error)]
            members = (cover == periods) & (group == label)
            if pool.size:
                shift[members] = np.quantile(pool, ratio[members])
    return shift * np.nan_to_num(folds.level[k])


def _cover_sum(paths: Floats, step: int, cover: NDArray) -> Floats:
    """Return the sum over the `cover` periods of each product from `step` on, (..., n_sku).

    Past the horizon the mean of the path's remaining periods stands in.
    """
    rest = paths[..., step:]
    inside = np.arange(rest.shape[-1]) < cover[:, None]
    total = np.where(inside, rest, 0.0).sum(axis=-1)
    return total * cover / inside.sum(axis=-1)


def _pinball(folds: Folds, level: Floats, cover: NDArray, ratio: Floats) -> Floats:
    """Return the scaled pinball loss of the levels at the origins, (n_origin, n_sku), NaN where unknown."""
    quantile = level[:, folds.origins - folds.origins[0]].T
    actual = _cover_sum(folds.demand, 0, cover)
    known = ~np.isnan(folds.level)
    loss = metrics.pinball_losses(actual, np.where(known, quantile, np.nan), ratio)
    return loss / (folds.scale * cover)


def _noise(difference: Floats) -> float:
    """Return the larger standard error of a mean difference (n_origin, n_sku), by products and by origins."""
    errors = [0.0]
    for axis in (0, 1):
        known = ~np.isnan(difference)
        count = known.sum(axis=axis)
        means = np.where(known, difference, 0.0).sum(axis=axis)[count > 0] / count[count > 0]
        if means.size > 1:
            errors.append(float(means.std(ddof=1) / np.sqrt(means.size)))
    return max(errors)


def _whole(sold: Floats) -> bool:
    known = sold[~np.isnan(sold)]
    return bool((known == np.floor(known)).all())
