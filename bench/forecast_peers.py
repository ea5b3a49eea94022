"""Peers' forecasts, run inside bench/.venv-forecast on folds written by forecast_peers_run.py.

python forecast_peers.py folds.npz forecasts.npz

The file of folds holds `series` (n_fill, n_sku, n_period) without holes after `first` (n_fill, n_sku), the
period a series begins; `grid` (n_grid,), the origins of point forecasts; `origins`, those judged (for the
quantile model); `horizon`, `windows`, `levels`, `season`, `price` (n_sku, n_period) and `category` (n_sku,).
Written, for each fill f: `point/f/MODEL` (n_grid, n_sku, horizon), `sd/f/AutoETS` the same shape,
`mean/f/LightGBM` (n_origin, n_sku, horizon), `quantile/f/LightGBM` (n_origin, n_sku, n_window, n_level) per
period of the window, and `seconds/f/MODEL`.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import numpy as np

DAILY = 7
TSB_RATES = (0.1, 0.1)
SHORTEST = 2
LAGS = range(1, 9)
MEANS = (4, 8, 13, 26, 52)
MOST_ROWS = 60_000
ROUNDS = 200
TREES = {
    "learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 50, "subsample": 0.8, "subsample_freq": 1,
    "colsample_bytree": 0.8, "n_estimators": ROUNDS, "n_jobs": 1, "verbose": -1, "random_state": 0,
}  # fmt: skip


def models(season: int) -> dict[str, object]:
    """Return the peers that forecast a point. AutoETS looks for a season of days, not one of 52 weeks."""
    from statsforecast import models as m

    return {
        "SeasonalNaive": m.SeasonalNaive(season_length=season),
        "WindowAverage": m.WindowAverage(window_size=8),
        "SES": m.SimpleExponentialSmoothingOptimized(),
        "CrostonSBA": m.CrostonSBA(),
        "TSB": m.TSB(*TSB_RATES),
        "IMAPA": m.IMAPA(),
        "AutoETS": m.AutoETS(season_length=season if season == DAILY else 1),
    }


def points(
    model: object, name: str, series: np.ndarray, first: np.ndarray, origin: int, horizon: int, season: int
):
    """Return forecasts and, for AutoETS, standard deviations of single periods, (n_sku, horizon) each.

    A series too short for a model gets the mean of what there is, as StatsForecast's fallback would.
    """
    mean = np.zeros((len(series), horizon))
    sd = np.full_like(mean, np.nan)
    for i, y in enumerate(series):
        known = y[first[i] : origin]
        if known.size == 0:
            continue
        mean[i] = known[-8:].mean()
        if known.size < (season if name == "SeasonalNaive" else 8 if name == "WindowAverage" else SHORTEST):
            continue
        try:
            level = [80] if name == "AutoETS" else None
            made = model.forecast(y=known.astype(np.float64), h=horizon, level=level)
        except Exception:
            continue
        if np.isfinite(made["mean"]).all():
            mean[i] = made["mean"]
            if level:
                sd[i] = (made["hi-80"] - made["mean"]) / 1.2815515655446004
    return mean, sd


def table(
    series: np.ndarray, first: np.ndarray, price: np.ndarray, category: np.ndarray, season: int
) -> np.ndarray:
    """Return features known at the start of each period, (n_sku, n_period + 1, n_feature); in levels."""
    n, length = series.shape
    y = np.where(np.arange(length) >= first[:, None], series, np.nan)
    padded = np.concatenate([np.full((n, 53), np.nan), y], axis=1)
    known = np.nan_to_num(padded).cumsum(axis=1)
    count = (~np.isnan(padded)).cumsum(axis=1)

    def mean(k: int) -> np.ndarray:
        end = np.arange(52, 53 + length)
        total = known[:, end] - known[:, end - k]
        seen = count[:, end] - count[:, end - k]
        return np.divide(total, seen, out=np.full(total.shape, np.nan), where=seen > 0)

    level = np.maximum(np.nan_to_num(mean(26)), 0.1)
    columns = [padded[:, 53 - k : 53 - k + length + 1] / level for k in (*LAGS, season) if k <= 52]
    columns += [mean(k) / level for k in MEANS]
    zero = np.where(np.isnan(padded), np.nan, padded == 0)
    window = np.lib.stride_tricks.sliding_window_view(zero[:, 40 : 53 + length], 13, axis=1)
    sold = np.lib.stride_tricks.sliding_window_view(padded[:, 40 : 53 + length], 13, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        columns += [
            np.nanmean(window, axis=2),
            np.nanstd(sold, axis=2) / level,
            np.nanmax(sold, axis=2) / level,
        ]
        usual = np.nanmean(price, axis=1, keepdims=True) * np.ones((1, length + 1))
    last_price = np.concatenate([np.full((n, 1), np.nan), price], axis=1)
    place = np.arange(length + 1)
    columns += [last_price, last_price / np.where(usual > 0, usual, np.nan), np.log(level)]
    columns += [np.broadcast_to(place % season, (n, length + 1)), np.maximum(place - first[:, None], -1)]
    columns += [np.broadcast_to(category[:, None], (n, length + 1))]
    return np.stack(np.broadcast_arrays(*columns), axis=2), level


def boosted(folds: dict[str, np.ndarray], fill: int, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """Return LightGBM's mean (n_sku, horizon) and quantiles per period (n_sku, n_window, n_level).

    One model for all products and windows per level, trained on the sums of windows that end before the
    origin, in units of each product's level; the window and the product's category are features.
    """
    from lightgbm import LGBMRegressor

    series, first = folds["series"][fill][:, :origin], folds["first"][fill]
    X, level = table(series, first, folds["price"][:, :origin], folds["category"], int(folds["season"]))
    total = np.concatenate([np.zeros((len(series), 1)), series.cumsum(axis=1)], axis=1)
    rows, targets, steps, step_targets, step_levels = [], [], [], [], []
    starts = np.arange(origin)
    ready = (starts >= first[:, None] + 4) & (starts >= 4)
    for w in folds["windows"]:
        i, s = np.nonzero(ready[:, : origin - w + 1])
        rows.append(np.column_stack([X[i, s], np.full(i.size, w)]))
        targets.append((total[i, s + w] - total[i, s]) / w / level[i, s])
    for h in range(int(folds["horizon"])):
        i, s = np.nonzero(ready[:, : origin - h])
        steps.append(np.column_stack([X[i, s], np.full(i.size, h)]))
        step_targets.append(series[i, s + h] / level[i, s])
        step_levels.append(level[i, s])
    rng = np.random.default_rng(0)

    def drawn(*parts: list[np.ndarray]) -> list[np.ndarray]:
        whole = [np.concatenate(part) for part in parts]
        keep = rng.permutation(len(whole[0]))[:MOST_ROWS]
        return [array[keep] for array in whole]

    def ahead(values: np.ndarray) -> np.ndarray:
        now = X[:, origin]
        return np.concatenate([np.column_stack([now, np.full(len(now), v)]) for v in values])

    A, b = drawn(rows, targets)
    n, windows = len(series), folds["windows"]
    quantile = np.stack(
        [
            LGBMRegressor(objective="quantile", alpha=float(p), **TREES).fit(A, b).predict(ahead(windows))
            for p in folds["levels"]
        ],
        axis=1,
    ).reshape(len(windows), n, -1)
    quantile = np.sort(np.maximum(quantile, 0.0), axis=2).transpose(1, 0, 2) * level[:, origin, None, None]
    A, b, weight = drawn(steps, step_targets, step_levels)
    horizon = np.arange(int(folds["horizon"]))
    mean = (
        LGBMRegressor(objective="regression", **TREES).fit(A, b, sample_weight=weight).predict(ahead(horizon))
    )
    return np.maximum(mean.reshape(horizon.size, n).T, 0.0) * level[:, origin, None], quantile


def say(name: str, fill: int, out: dict[str, np.ndarray]) -> None:
    """Print what a peer took."""
    seconds = float(out[f"seconds/{fill}/{name}"])
    print(f"  {name} (fill {fill}): {seconds:.0f} s", file=sys.stderr, flush=True)


def main(source: Path, target: Path) -> None:
    """Forecast with every peer and write the results."""
    warnings.simplefilter("ignore")
    folds = dict(np.load(source))
    horizon, season = int(folds["horizon"]), int(folds["season"])
    out: dict[str, np.ndarray] = {}
    for fill in range(len(folds["series"])):
        series, first = folds["series"][fill], folds["first"][fill]
        for name, model in models(season).items():
            start = time.process_time()
            made = [points(model, name, series, first, int(o), horizon, season) for o in folds["grid"]]
            out[f"point/{fill}/{name}"] = np.stack([mean for mean, _ in made])
            if name == "AutoETS":
                out[f"sd/{fill}/{name}"] = np.stack([sd for _, sd in made])
            out[f"seconds/{fill}/{name}"] = np.array(time.process_time() - start)
            print(
                f"  {name} (fill {fill}): {out[f'seconds/{fill}/{name}']:.0f} s", file=sys.stderr, flush=True
            )
        start = time.process_time()
        made = [boosted(folds, fill, int(o)) for o in folds["origins"]]
        out[f"mean/{fill}/LightGBM"] = np.stack([mean for mean, _ in made])
        out[f"quantile/{fill}/LightGBM"] = np.stack([quantile for _, quantile in made])
        out[f"seconds/{fill}/LightGBM"] = np.array(time.process_time() - start)
        print(
            f"  LightGBM (fill {fill}): {out[f'seconds/{fill}/LightGBM']:.0f} s", file=sys.stderr, flush=True
        )
    np.savez_compressed(target, **out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
