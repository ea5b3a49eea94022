"""What was chosen, fitted and calibrated again at the reviews of the past, why, and whether it helped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from invnb.decide.drift import OUTSIDE, class_alarms, forecast_scores
from invnb.decide.policy import align
from invnb.forecast.calibrate import bank_origins
from invnb.forecast.compare import FIRST_ORIGIN, REFIT_PERIODS, REGROW_PERIODS
from invnb.forecast.evaluate import lead_time_window
from invnb.forecast.models import model
from invnb.forecast.scenarios import Scenarios

WINDOW_PERIODS = 13  # before a review, on which drift and coverage are looked at there
COLUMNS = ["date", "what", "name", "why", "before", "after"]


def recalibrations(
    forecasts: Sequence[Scenarios],
    demand: pd.DataFrame,
    sku_segments: pd.DataFrame,
    champions_then: pd.DataFrame,
    champions_now: pd.DataFrame,
    lost_unit_price: pd.DataFrame,
    *,
    n_history: int,
    period_days: int,
    seed: int,
) -> pd.DataFrame:
    """Table `recalibrations`: the log of a replay, one row per change, in order of time.

    | what | name | why | before, after |
    |---|---|---|---|
    | champion | demand class | scores | model forecasting the replay, and today's |
    | refit | model | schedule | age of the trained model in periods, and 0 |
    | calibration | all | schedule, or drift | share of demand inside the central 80 %, until and after |
    | drift | demand class | mean, coverage | statistic of the alarm, and its limit |
    | multiple | lost_unit_price | cost | price of a lost unit, as a multiple |

    Look-alikes are grouped anew every four periods with all surprises known by then (`calibration`); the
    reason is drift where an alarm of a class stood at that review, on the forecasts of the 13 periods before;
    each look by itself gives a false alarm with a probability of at most 1 %. The shares are those of the
    same periods, and of those until the next time.

    Parameters
    ----------
    forecasts : of every review of the replay (`review_the_past`).
    demand : `sku`, `period`, `units`; NaN or no row where demand could not be seen.
    sku_segments : `sku`, `demand_class`.
    champions_then, champions_now : tables `champions` of the replay (`review_the_past`) and of the run.
    lost_unit_price : evidence of `learn_lost_unit_price`.
    n_history : periods before the first review.
    period_days, seed : days in a period; seed of the scores.
    """
    dates = pd.DatetimeIndex([forecast.period[0] for forecast in forecasts]) - pd.Timedelta(days=1)
    today = dates[-1] + pd.Timedelta(days=period_days)
    scores = forecast_scores(forecasts, demand, seed)
    classes = align(sku_segments.drop_duplicates("sku"), forecasts[0].sku)["demand_class"].astype(str)
    rows = [
        *_champions(champions_then, champions_now, today),
        *_refits(champions_then, dates, n_history, lead_time_window(period_days, forecasts[0].n_period)),
        *_calibrations(scores, classes.to_numpy(), dates),
        *_multiples(lost_unit_price),
    ]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("date", kind="stable", ignore_index=True)


def _champions(
    then: pd.DataFrame, now: pd.DataFrame, today: pd.Timestamp
) -> list[tuple[pd.Timestamp, str, str, str, str, str]]:
    before = then.set_index("demand_class")["model"]
    after = now.set_index("demand_class")["model"]
    return [
        (today, "champion", str(name), "scores", str(before[name]), str(after[name]))
        for name in after.index
        if name in before.index and before[name] != after[name]
    ]


def _refits(
    champions: pd.DataFrame, dates: pd.DatetimeIndex, n_history: int, window: int
) -> list[tuple[pd.Timestamp, str, str, str, str, str]]:
    """Reviews at which a trained model was older than `REFIT_PERIODS`, as `replay_scenarios` counts them."""
    reviews = n_history + np.arange(len(dates))
    trained, refits = -REFIT_PERIODS, []
    for origin in np.union1d(bank_origins(n_history, window, FIRST_ORIGIN), reviews):
        if origin - trained >= REFIT_PERIODS:
            if origin >= n_history:
                refits.append((dates[origin - n_history], str(origin - trained)))
            trained = origin
    learned = [name for name in sorted(set(champions["model"])) if model(name).learns]
    return [(date, "refit", name, "schedule", age, "0") for date, age in refits for name in learned]


def _calibrations(
    scores: np.ndarray, classes: np.ndarray, dates: pd.DatetimeIndex
) -> list[tuple[pd.Timestamp, str, str, str, str, str]]:
    from scipy.special import ndtri

    inside = np.where(np.isnan(scores), np.nan, np.abs(scores) <= -ndtri(OUTSIDE / 2))
    rows = []
    standing: set[tuple[str, str]] = set()
    for t in range(REGROW_PERIODS, len(dates), REGROW_PERIODS):
        since = max(0, t - WINDOW_PERIODS)
        alarms = class_alarms(scores[:, since:t], classes)
        found = {(name, measure) for name, measure, _, _ in alarms}
        rows += [
            (dates[t], "drift", name, measure, f"{statistic:.1f}", f"{limit:.1f}")
            for name, measure, statistic, limit in alarms
            if (name, measure) not in standing
        ]
        why = "drift" if found else "schedule"
        standing = found
        quarter = inside[:, since:t]
        rows.append(
            (dates[t], "calibration", "all", why, _share(quarter), _share(inside[:, t : t + REGROW_PERIODS]))
        )
    return rows


def _share(inside: np.ndarray) -> str:
    return f"{np.nanmean(inside):.2f}" if np.isfinite(inside).any() else ""


def _multiples(evidence: pd.DataFrame) -> list[tuple[pd.Timestamp, str, str, str, str, str]]:
    chosen = evidence[evidence["chosen"]].sort_values("review_date")
    rows, before = [], 1.0
    for date, multiple in zip(chosen["review_date"], chosen["multiple"], strict=True):
        if multiple != before:
            rows.append((date, "multiple", "lost_unit_price", "cost", f"x{before:g}", f"x{multiple:g}"))
        before = multiple
    return rows
