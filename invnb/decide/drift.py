"""Has demand left its forecast, and do the intervals still hold? Alarms with a stated false-alarm rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from invnb.decide.policy import align
from invnb.forecast.scenarios import Scenarios

REFERENCE = 0.5  # k of the CUSUM, in standard deviations: tuned to a shift of one
CELLS = 60  # of the Markov chain that gives the CUSUM's limit
OUTSIDE = 0.2  # share of demand that falls outside the central 80 % of its forecast
FALSE_ALARM = 0.01  # probability of an alarm without drift, per row and window
WHOLE_WINDOW_SHARE = 1 / 3  # a run that began this early leaned all the time: a bias, not a shift
DRIFT_COLUMNS = [
    "level",
    "name",
    "measure",
    "statistic",
    "limit",
    "alarm",
    "stands",
    "since",
    "whole_window",
    "shift_units",
    "shift_se_units",
    "observed",
    "expected",
    "n",
    "false_alarm_probability",
]


def forecast_scores(forecasts: Sequence[Scenarios], demand: pd.DataFrame, seed: int) -> np.ndarray:
    """Where each period's demand fell in its one-period-ahead forecast, as a standard normal score.

    The randomised probability integral transform: with calibrated forecasts the scores are independent draws
    of N(0, 1), whatever the law of demand.

    Parameters
    ----------
    forecasts : scenarios of consecutive reviews (`replay_scenarios`); the first period of each is used.
    demand : `sku`, `period`, `units`; NaN or no row where demand could not be seen. Where the optional column
        `censored` is true demand was at least `units`: its score is drawn from there up. Left out instead,
        high demand would be missing and calibrated forecasts would look too high.
    seed : of the randomisation where demand equals some paths, or is known from below.

    Returns
    -------
    (n_sku, n_review), NaN where demand is unknown; positive: demand above its forecast.

    Source
    ------
    Czado, C., Gneiting, T. and Held, L. (2009), Predictive model assessment for count data, Biometrics 65.
    """
    from scipy.special import ndtri

    units, at_least = _units(forecasts, demand)
    rng = np.random.default_rng(seed)
    scores = np.full(units.shape, np.nan)
    for t, scenarios in enumerate(forecasts):
        paths = scenarios.units[:, :, 0]
        below = (paths < units[:, t, None]).sum(axis=1)
        equal = (paths == units[:, t, None]).sum(axis=1)
        equal = np.where(at_least[:, t], paths.shape[1] - below, equal)
        place = (below + rng.random(len(below)) * (equal + 1)) / (paths.shape[1] + 1)
        scores[:, t] = np.where(np.isnan(units[:, t]), np.nan, ndtri(place))
    return scores


def cusum(scores: np.ndarray, reference: float = REFERENCE) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower CUSUM of standard scores, (n_series, n_period); a missing score changes nothing.

    .. math:: C^+_t = \\max(0, C^+_{t-1} + z_t - k), \\quad C^-_t = \\max(0, C^-_{t-1} - z_t - k)

    Source
    ------
    Page, E. S. (1954), Continuous inspection schemes, Biometrika 41.

    Examples
    --------
    >>> up, down = cusum(np.array([[1.0, np.nan, 2.0, -1.0]]))
    >>> up.tolist(), down.tolist()
    ([[0.5, 0.5, 2.0, 0.5]], [[0.0, 0.0, 0.0, 0.5]])
    """
    both = np.zeros((2, *scores.shape))
    last = np.zeros((2, len(scores)))
    for t in range(scores.shape[1]):
        z = scores[:, t]
        step = np.where(np.isnan(z), 0.0, np.stack([z, -z]) - reference)
        last = np.maximum(last + step, 0.0)
        both[:, :, t] = last
    return both[0], both[1]


def cusum_limit(n_period: int, false_alarm_probability: float, reference: float = REFERENCE) -> float:
    """Limit that a two-sided CUSUM of N(0, 1) scores crosses within `n_period` with at most this probability.

    Each side may use half of it; the law of one side is that of a Markov chain on a grid below the limit.

    Source
    ------
    Brook, D. and Evans, D. A. (1972), An approach to the probability distribution of CUSUM run length,
    Biometrika 59.

    Examples
    --------
    >>> round(cusum_limit(26, 0.01), 2)
    6.32
    """
    from scipy.optimize import brentq

    if not 0 < false_alarm_probability < 1 or n_period < 1:
        raise ValueError(
            f"n_period must be at least 1 and the probability between 0 and 1, got {n_period}, "
            f"{false_alarm_probability}"
        )
    half = false_alarm_probability / 2
    return float(brentq(lambda limit: _crossed(limit, n_period, reference) - half, 0.01, 40.0, xtol=1e-3))


def forecast_drift(
    forecasts: Sequence[Scenarios],
    demand: pd.DataFrame,
    sku_segments: pd.DataFrame,
    *,
    seed: int,
    false_alarm_probability: float = FALSE_ALARM,
) -> pd.DataFrame:
    """Table `drift`: per product and demand class, whether forecasts or their intervals have drifted.

    - `mean` of a product: two-sided CUSUM of its scores over the window.
    - `coverage` of a product: demands outside the central 80 % of the forecast, exact binomial test.
    - both of a class: t test of the class's mean (score, or share outside) over the periods; products of one
      period hang together and count as one. A share outside spreads at least as that of independent products.

    Under calibrated forecasts each row raises an alarm with at most `false_alarm_probability` (the column of
    that name holds the exact figure where counts are whole).

    Parameters
    ----------
    forecasts, demand, seed : as in `forecast_scores`.
    sku_segments : `sku`, `demand_class`.
    false_alarm_probability : per row and window.

    Returns
    -------
    DataFrame with `level` (product, class), `name`, `measure` (mean, coverage), `statistic` (signed for the
    mean: positive, demand above its forecast), `limit`, `alarm` (crossed in the window), `stands` (at its
    end), `since` (first day of the run, NaT elsewhere), `whole_window`, `shift_units` (demand less forecast
    per period since then) with `shift_se_units`, `observed` and `expected` (share outside), `n` (periods),
    `false_alarm_probability`.
    """
    scores = forecast_scores(forecasts, demand, seed)
    error = _errors(forecasts, demand)
    sku, period = forecasts[0].sku, np.array([f.period[0] for f in forecasts])
    classes = align(sku_segments.drop_duplicates("sku"), sku)["demand_class"].astype(str).to_numpy()
    rows = _product_means(scores, error, sku, period, false_alarm_probability)
    rows += _product_coverage(scores, sku, false_alarm_probability)
    for name in sorted(set(classes)):
        rows += _class_rows(scores[classes == name], name, false_alarm_probability)
    return pd.DataFrame(rows, columns=DRIFT_COLUMNS)


def class_alarms(scores: np.ndarray, classes: np.ndarray) -> list[tuple[str, str, float, float]]:
    """Alarms of demand classes on a window of scores: class, measure (mean, coverage), statistic and limit.

    Parameters
    ----------
    scores : (n_sku, n_review) of `forecast_scores`. `classes` : (n_sku,).
    """
    rows = [row for c in sorted(set(classes)) for row in _class_rows(scores[classes == c], c, FALSE_ALARM)]
    table = pd.DataFrame(rows, columns=DRIFT_COLUMNS)
    found = table.loc[table["alarm"].astype(bool), ["name", "measure", "statistic", "limit"]]
    return list(found.itertuples(index=False, name=None))


def _units(forecasts: Sequence[Scenarios], demand: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Units by product and review, NaN unknown, and whether demand was only seen to be at least so many."""
    known = demand.dropna(subset="units")
    period = pd.DatetimeIndex([f.period[0] for f in forecasts])

    def grid(name: str) -> np.ndarray:
        table = known.pivot_table(index="sku", columns="period", values=name, aggfunc="sum")
        table.columns = pd.DatetimeIndex(table.columns)
        return table.reindex(index=forecasts[0].sku, columns=period).to_numpy(float)

    units = grid("units")
    return units, grid("censored") > 0 if "censored" in known else np.zeros(units.shape, dtype=bool)


def _errors(forecasts: Sequence[Scenarios], demand: pd.DataFrame) -> np.ndarray:
    """Demand less forecast, (n_sku, n_review), NaN unknown; known from below: the mean of the paths there."""
    units, at_least = _units(forecasts, demand)
    errors = np.full(units.shape, np.nan)
    for t, scenarios in enumerate(forecasts):
        paths = scenarios.units[:, :, 0]
        above = (paths >= units[:, t, None]) & at_least[:, t, None]
        mean_above = (paths * above).sum(axis=1) / np.maximum(above.sum(axis=1), 1)
        demanded = np.where(above.any(axis=1), mean_above, units[:, t])
        errors[:, t] = demanded - paths.mean(axis=1)
    return errors


def _crossed(limit: float, n_period: int, reference: float) -> float:
    """Probability that a one-sided CUSUM from 0 reaches `limit` within `n_period`."""
    from scipy.special import ndtr

    width = 2 * limit / (2 * CELLS - 1)
    middle = np.arange(CELLS) * width
    upper = middle[None, :] + width / 2 - middle[:, None] + reference
    inside = ndtr(upper) - ndtr(upper - width)
    inside[:, 0] = ndtr(upper[:, 0])
    return float(1 - np.linalg.matrix_power(inside, n_period)[0].sum())


def _product_means(
    scores: np.ndarray, error: np.ndarray, sku: np.ndarray, period: np.ndarray, probability: float
) -> list[tuple[object, ...]]:
    limit = cusum_limit(scores.shape[1], probability)
    rows: list[tuple[object, ...]] = []
    for i, (up, down) in enumerate(zip(*cusum(scores), strict=True)):
        side = up if up[-1] >= down[-1] else down
        run = int(np.flatnonzero(side == 0)[-1]) + 1 if (side == 0).any() else 0
        known = error[i, run:][~np.isnan(error[i, run:])]
        alarm = max(up.max(), down.max()) >= limit
        shift = float(known.mean()) if known.size else np.nan
        spread = float(known.std(ddof=1) / np.sqrt(known.size)) if known.size > 1 else np.nan
        stands = bool(side[-1] >= limit)
        signed = float(side[-1]) * (1.0 if side is up else -1.0)
        since = pd.Timestamp(period[run]) if stands else pd.NaT
        whole = stands and run < WHOLE_WINDOW_SHARE * scores.shape[1]
        n = int((~np.isnan(scores[i])).sum())
        rows.append(
            ("product", str(sku[i]), "mean", signed, limit, bool(alarm), stands, since, whole, shift, spread,
             np.nan, np.nan, n, probability)
        )  # fmt: skip
    return rows


def _product_coverage(scores: np.ndarray, sku: np.ndarray, probability: float) -> list[tuple[object, ...]]:
    from scipy.special import ndtri
    from scipy.stats import binom

    edge = -ndtri(OUTSIDE / 2)
    rows: list[tuple[object, ...]] = []
    for i, z in enumerate(scores):
        known = z[~np.isnan(z)]
        n, outside = known.size, int((np.abs(known) > edge).sum())
        most = int(binom.isf(probability / 2, n, OUTSIDE)) + 1 if n else 1
        least = int(binom.ppf(probability / 2, n, OUTSIDE)) - 1 if n else -1
        alarm = n > 0 and (outside >= most or outside <= least)
        exact = float(binom.sf(most - 1, n, OUTSIDE) + binom.cdf(least, n, OUTSIDE)) if n else 0.0
        share = outside / n if n else np.nan
        rows.append(
            ("product", str(sku[i]), "coverage", outside, most, alarm, alarm, pd.NaT, True, np.nan, np.nan,
             share, OUTSIDE, n, exact)
        )  # fmt: skip
    return rows


def _class_rows(scores: np.ndarray, name: str, probability: float) -> list[tuple[object, ...]]:
    from scipy.special import ndtri
    from scipy.stats import t as student

    known = ~np.isnan(scores)
    seen = known.any(axis=0)
    count = known[:, seen].sum(axis=0)
    outside = ((np.abs(scores) > -ndtri(OUTSIDE / 2)) & known)[:, seen].sum(axis=0) / count
    mean = np.nansum(scores[:, seen], axis=0) / count
    rows: list[tuple[object, ...]] = []
    # Few products in few periods may by chance fall outside equally often: that is no small spread.
    least = np.sqrt(OUTSIDE * (1 - OUTSIDE) / count).mean() if count.size else 0.0
    for measure, values, expected, floor in [("mean", mean, 0.0, 0.0), ("coverage", outside, OUTSIDE, least)]:
        n = values.size
        spread = max(float(values.std(ddof=1)), floor) if n >= 3 else 0.0
        if spread == 0:
            continue
        statistic = float((values.mean() - expected) / (spread / np.sqrt(n)))
        limit = float(student.ppf(1 - probability / 2, n - 1))
        alarm = abs(statistic) >= limit
        observed, wanted = (float(values.mean()), expected) if measure == "coverage" else (np.nan, np.nan)
        rows.append(
            ("class", name, measure, statistic, limit, alarm, alarm, pd.NaT, True, np.nan, np.nan, observed,
             wanted, n, probability)
        )  # fmt: skip
    return rows
