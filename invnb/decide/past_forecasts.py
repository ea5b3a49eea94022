"""The reviews of the past, forecast again with only what was known then: what a replay stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from invnb.decide.demand_path import DemandPath, demand_path
from invnb.errors import InputError
from invnb.features.segments import classify_demand, segment_products
from invnb.forecast.champions import choose_champions, may_lead
from invnb.forecast.compare import REFIT_PERIODS, replay_scenarios
from invnb.forecast.evaluate import (
    lead_time_window,
    make_folds,
    rolling_origins,
    two_seasons,
)
from invnb.forecast.inputs import make_inputs
from invnb.forecast.models import MODELS
from invnb.forecast.scenarios import Scenarios

WARM_UP_PERIODS = 13  # replayed first and not counted: every policy comes to its own stock and setting
PAST_ORIGINS = 6  # rolling origins on which the champions are chosen before the first review
LEAST_HISTORY_PERIODS = 26  # kept before the first review
SCHEMA = 1


def past_reviews(path: DemandPath, backtest_periods: int) -> tuple[np.ndarray, int]:
    """First days of the periods replayed, and how many of the first are a warm-up and not counted.

    Parameters
    ----------
    path : demand by product and period.
    backtest_periods : periods to count; at most half of the history is.

    Examples
    --------
    >>> weeks = pd.date_range("2024-01-01", periods=60, freq="7D")
    >>> panel = pd.DataFrame({"sku": "A", "period": weeks, "status": "sold", "units": 4.0,
    ...                       "available_share": 1.0, "censored": False})
    >>> days, warm_up = past_reviews(demand_path(panel, seed=1), backtest_periods=26)
    >>> len(days), warm_up
    (34, 8)
    """
    n_history = path.units.shape[1]
    n_counted = min(backtest_periods, n_history // 2)
    warm_up = int(np.clip(n_history - n_counted - LEAST_HISTORY_PERIODS, 0, WARM_UP_PERIODS))
    return path.period[-(n_counted + warm_up) :], warm_up


@dataclass(frozen=True)
class PastReviews:
    """The reviews of a replay.

    Parameters
    ----------
    forecasts : scenarios of every review, the warm-up first; products in the order of `demand_path`.
    champions : table `champions` they were made with.
    """

    forecasts: list[Scenarios]
    champions: pd.DataFrame


def review_the_past(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    *,
    backtest_periods: int,
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
) -> PastReviews:
    """Forecast again at every review of the last periods and of a warm-up before, by champions chosen before.

    Parameters
    ----------
    panel, features : of the run.
    backtest_periods : periods to count. The rest as in `past_forecasts`.
    """
    path = demand_path(panel, seed)
    reviews, _ = past_reviews(path, backtest_periods)
    champions = past_champions(panel, features, reviews[0], horizon_periods=horizon_periods, seed=seed)
    forecasts = past_forecasts(
        panel, features, champions, reviews, path.sku,
        horizon_periods=horizon_periods, n_scenarios=n_scenarios, seed=seed,
    )  # fmt: skip
    return PastReviews(forecasts, champions)


def past_champions(
    panel: pd.DataFrame, features: pd.DataFrame, first: np.datetime64, *, horizon_periods: int, seed: int
) -> pd.DataFrame:
    """Table `champions` as it would have been on the eve of the first review: chosen on the history before.

    Parameters
    ----------
    panel, features : of the run. `first` : first day of the first period replayed.
    horizon_periods, seed : as in `past_forecasts`.
    """
    known, seen = _known_before(panel, features, first, horizon_periods)
    inputs = make_inputs(known, seen)
    window = lead_time_window(inputs.period_days, horizon_periods)
    at = rolling_origins(inputs.n_history, window, PAST_ORIGINS, inputs.season_periods)
    names = may_lead(MODELS, two_seasons(at, inputs.season_periods))  # the others need not be trained
    folds = make_folds(inputs, names, at, horizon_periods, seed, REFIT_PERIODS)  # as seldom as in the replay
    return choose_champions(folds, classify_demand(inputs.demand))


def past_forecasts(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    champions: pd.DataFrame,
    origins: np.ndarray,
    sku: np.ndarray,
    *,
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
) -> list[Scenarios]:
    """Scenarios as they would have been drawn at each past review, products in the order of `sku`.

    Parameters
    ----------
    panel, features : of the run. `champions` : of `past_champions`; they are kept.
    origins : first days of the periods replayed, in order. `sku` : order of the products.
    horizon_periods, n_scenarios, seed : periods forecast, paths, and seed of every draw.
    """
    known, seen = _known_before(panel, features, origins[0], horizon_periods)
    forecasts = replay_scenarios(
        panel, features, segment_products(known, seen, seed=seed), champions,
        origins=origins, horizon_periods=horizon_periods, n_scenarios=n_scenarios, seed=seed,
    )  # fmt: skip
    return [forecast.select([str(s) for s in sku]) for forecast in forecasts]


def _known_before(
    panel: pd.DataFrame, features: pd.DataFrame, first: np.datetime64, horizon_periods: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel before a day, and the features of these periods and the horizon after them."""
    day = pd.Timestamp(first)
    length = np.diff(np.sort(panel["period"].unique())[:2])[0]
    return panel[panel["period"] < day], features[features["period"] < day + horizon_periods * length]


def paths_of(forecasts: Sequence[Scenarios], sku: np.ndarray) -> list[np.ndarray]:
    """Demand paths of every forecast, (n_sku, n_scenario, n_period) each, products in the order of `sku`.

    Nothing is copied where that is their order already.

    Examples
    --------
    >>> week = np.array(["2025-09-01"], dtype="datetime64[D]")
    >>> one = Scenarios(np.array(["A", "B"]), week, np.array([[[1.0]], [[2.0]]]), seed=1)
    >>> paths_of([one], np.array(["B", "A"]))[0].ravel().tolist()
    [2.0, 1.0]
    """
    order = [str(s) for s in sku]
    return [f.units if list(f.sku) == order else f.select(order).units for f in forecasts]


def save_forecasts(forecasts: Sequence[Scenarios], file: Path) -> None:
    """Write forecasts of the same products and horizon as one compressed npz file of plain arrays.

    Parameters
    ----------
    forecasts : of consecutive reviews. `file` : to write.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> weeks = np.datetime64("2025-01-06") + 7 * np.arange(2)
    >>> made = [Scenarios(np.array(["A"]), weeks[t:t + 1], np.ones((1, 3, 1)), seed=1) for t in range(2)]
    >>> save_forecasts(made, Path(mkdtemp()) / "past.npz")
    """
    paths = [forecast.units for forecast in forecasts]
    whole = all(units.max(initial=0.0) < 2**16 and (units == np.floor(units)).all() for units in paths)
    with open(file, "wb") as out:
        np.savez_compressed(
            out,
            schema=np.int64(SCHEMA),
            sku=forecasts[0].sku,
            period=np.stack([f.period for f in forecasts]).astype("datetime64[D]").astype(np.int64),
            units=np.stack([units.astype(np.uint16) for units in paths] if whole else paths),
            seed=np.array([forecast.seed for forecast in forecasts], dtype=np.int64),
        )


def load_forecasts(file: Path) -> list[Scenarios]:
    """Read forecasts written by `save_forecasts`; nothing in the file is ever executed.

    Raises
    ------
    InputError : if the file is absent, holds something else, or was written by another version.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            if int(stored["schema"]) != SCHEMA:
                raise ValueError(f"schema {int(stored['schema'])}, this program reads {SCHEMA}")
            units, period, sku = stored["units"], stored["period"].astype("datetime64[D]"), stored["sku"]
            return [
                Scenarios(sku, period[t], units[t].astype(np.float64), int(seed))
                for t, seed in enumerate(stored["seed"])
            ]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(
            f"not a file of past forecasts ({error})", file=file, remedy="run stage 03 again"
        ) from error
