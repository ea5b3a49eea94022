"""Peers on a set's folds: what they are given, and quantiles of the sum from their point forecasts.

A peer gets each series in up to three fills, since it knows no masks: *recorded* (what was sold, zero where
nothing could be), *masked* (a period not available in full takes the mean of the last 8 before it) and
*velocity* (time without stock is filled with the units per time in stock of the last 28 periods). Errors of
the third are taken from the series so filled, of the others from the periods available in full. From its
point forecasts a quantile of the lead-time sum is made in up to three ways: *class*, its errors of the sum
per level and period at earlier origins, pooled over the demand class; *own*, the product's own errors;
*native*, the standard deviations the library gives, added up over independent periods. In whole-unit sets
each of them is tried rounded, too. A peer is shown at the fill and the way with the least loss on the judged
folds: a choice in its favour that we do not get.
"""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from forecast_scores import LEVELS, Floats, Folds, known_mean, scaled_losses
from forecast_sets import CACHE, BenchSet, available_share, judged_units
from numpy.typing import NDArray

BENCH = Path(__file__).resolve().parent
PYTHON = BENCH / ".venv-forecast" / "bin" / "python"
EARLIER_ORIGINS = 13
LEAST_HISTORY = 8
LEVEL_PERIODS = 26
FILL_PERIODS = 8
LEAST_LEVEL = 0.1
LEAST_ERRORS = 20
"""Errors a demand class needs for quantiles of its own; with fewer, those of all products."""
FILLS = ("recorded", "masked", "velocity")
VELOCITY_PERIODS = 28


@dataclass(frozen=True)
class Peer:
    """A peer at its best `way`: `mean` (n_origin, n_sku, horizon), `quantile` (.., n_window, n_level)."""

    name: str
    mean: Floats
    quantile: Floats
    way: str
    cpu_seconds: float


def peers_ready() -> bool:
    """Make the peers' environment when it is missing; False if it cannot be made."""
    if PYTHON.exists():
        return True
    subprocess.run([sys.executable, "-m", "venv", str(PYTHON.parents[1])], check=False)
    wanted = ["-m", "pip", "install", "--quiet", "-r", str(BENCH / "forecast_requirements.txt")]
    if subprocess.run([str(PYTHON), *wanted], check=False).returncode:
        print("The forecasting peers could not be installed; they are left out.", file=sys.stderr)
        return False
    return True


def peer_forecasts(
    bench: BenchSet, folds: Folds, demand_class: NDArray[np.object_], *, fresh: bool, keep_only: bool
) -> list[Peer]:
    """Return every peer's forecasts on the folds; kept ones where there are any and `fresh` is false.

    Parameters
    ----------
    bench, folds : the set.
    demand_class : (n_origin, n_sku) as known at each origin.
    fresh : forecast anew.
    keep_only : take kept forecasts or none.
    """
    given = given_to_peers(bench, folds)
    file = kept_forecasts(bench.name, given, fresh=fresh, keep_only=keep_only)
    return [] if file is None else best_ways(dict(np.load(file)), given, bench, folds, demand_class)


def kept_forecasts(name: str, given: dict[str, np.ndarray], *, fresh: bool, keep_only: bool) -> Path | None:
    """Return the file of the peers' forecasts for what they are given, made now if there is none yet."""
    digest = hashlib.sha256()
    for key in sorted(given):
        digest.update(key.encode() + np.ascontiguousarray(given[key]).tobytes())
    code = ast.parse((BENCH / "forecast_peers.py").read_text(encoding="utf-8"))
    digest.update(ast.dump(code).encode())  # its layout and comments do not matter
    file = CACHE / "peers" / f"{name}-{digest.hexdigest()[:12]}.npz"
    if fresh or not file.is_file():
        if keep_only:
            print("(no peers' forecasts are kept for these folds; run without --ours-only once)")
            return None
        if not peers_ready():
            return None
        file.parent.mkdir(parents=True, exist_ok=True)
        source = file.with_suffix(".folds.npz")
        np.savez_compressed(source, **given)
        subprocess.run([str(PYTHON), str(BENCH / "forecast_peers.py"), str(source), str(file)], check=True)
        source.unlink()
    return file


def given_to_peers(bench: BenchSet, folds: Folds) -> dict[str, np.ndarray]:
    """Return the arrays of forecast_peers.py: nothing at or after an origin is used for its forecasts."""
    panel = bench.panel.assign(sku=bench.panel["sku"].astype(str)).sort_values(
        ["sku", "period"], kind="stable"
    )
    shape = bench.judged.shape
    units = panel["units"].to_numpy(dtype=np.float64).reshape(shape)
    seen = judged_units(bench.panel)
    fills = [np.nan_to_num(units), masked_fill(seen), velocity_fill(units, available_share(bench.panel))]
    first = [(~np.isnan(known)).argmax(axis=1) for known in (units, seen, units)]
    if np.allclose(fills[0], fills[2]):  # no time without stock
        fills, first = fills[:2], first[:2]
    if np.isclose(*fills[:2]).mean() > 0.99:
        fills, first = fills[1:2], first[1:2]
    step = int(folds.origins[1] - folds.origins[0])
    earlier = folds.origins[0] - step * np.arange(EARLIER_ORIGINS, 0, -1)
    price = panel["net_price"].to_numpy(dtype=np.float64).reshape(shape)
    category = bench.products.assign(sku=bench.products["sku"].astype(str)).set_index("sku")["category"]
    period_days = int(np.diff(np.sort(bench.panel["period"].unique())[:2])[0] / np.timedelta64(1, "D"))
    return {
        "series": np.stack(fills),
        "first": np.stack(first),
        "grid": np.concatenate([earlier[earlier >= LEAST_HISTORY], folds.origins]),
        "origins": folds.origins,
        "horizon": np.array(bench.horizon_periods),
        "windows": np.array(folds.windows),
        "levels": np.array(LEVELS),
        "season": np.array(52 if period_days == 7 else 7),
        "price": price,
        "category": pd.factorize(category.loc[panel["sku"].unique()])[0].astype(float),
        "seen": seen,
    }


def masked_fill(seen: Floats) -> Floats:
    """Return the series with unknown periods filled by the mean of the `FILL_PERIODS` before them.

    Examples
    --------
    >>> masked_fill(np.array([[np.nan, 2.0, 4.0, np.nan, 6.0]])).tolist()
    [[0.0, 2.0, 4.0, 3.0, 6.0]]
    """
    filled = seen.copy()
    for t in range(seen.shape[1]):
        unknown = np.isnan(filled[:, t])
        if unknown.any():
            before = filled[unknown, max(t - FILL_PERIODS, 0) : t]
            count = np.maximum((~np.isnan(before)).sum(axis=1), 1)
            started = (~np.isnan(before)).any(axis=1)
            filled[unknown, t] = np.where(started, np.nansum(before, axis=1) / count, np.nan)
    return np.nan_to_num(filled)


def velocity_fill(units: Floats, share: Floats) -> Floats:
    """Return the series with time without stock filled by the units per time in stock before it.

    Parameters
    ----------
    units, share : (n_sku, n_period) sold, and share of the period with stock; NaN where not on offer.

    Examples
    --------
    >>> velocity_fill(np.array([[4.0, 4.0, 2.0, np.nan]]), np.array([[1.0, 1.0, 0.5, 0.0]])).tolist()
    [[4.0, 4.0, 4.0, 4.0]]
    """
    sold, here = np.nan_to_num(units), np.nan_to_num(share)
    missing = np.where(np.isnan(share), 0.0, 1 - here)
    filled = sold.copy()
    for t in range(1, sold.shape[1]):
        before = np.s_[:, max(t - VELOCITY_PERIODS, 0) : t]
        time = here[before].sum(axis=1)
        rate = np.divide(sold[before].sum(axis=1), time, out=np.zeros(len(sold)), where=time > 0)
        filled[:, t] += missing[:, t] * rate
    return filled


def best_ways(
    made: dict[str, np.ndarray],
    given: dict[str, np.ndarray],
    bench: BenchSet,
    folds: Folds,
    demand_class: NDArray[np.object_],
) -> list[Peer]:
    """Return each peer with the fill and the way of the least scaled pinball loss."""
    n_fill = len(given["series"])
    names = [*sorted({key.split("/")[2] for key in made if key.startswith("point/")}), "LightGBM"]
    known = given["seen"][~np.isnan(given["seen"])]
    whole = bool(np.all(known == np.floor(known)))
    count = folds.sums(np.ones(folds.judged.shape))
    peers = []
    for name in names:
        best: Peer | None = None
        least = np.inf
        for fill in range(n_fill):
            label = FILLS[fill] if n_fill > 1 else "the same"
            if name == "LightGBM":
                mean = made[f"mean/{fill}/{name}"]
                ways = {"quantiles": made[f"quantile/{fill}/{name}"] * count[..., None]}
            else:
                points = made[f"point/{fill}/{name}"]
                mean = points[-len(folds.origins) :]
                ways = _ways(points, made.get(f"sd/{fill}/{name}"), given, fill, folds, demand_class)
            if whole:
                ways |= {f"{way}, rounded": np.round(quantile) for way, quantile in ways.items()}
            for way, quantile in ways.items():
                loss = known_mean(scaled_losses(folds, quantile))
                if loss < least:
                    seconds = float(made[f"seconds/{fill}/{name}"])
                    best, least = Peer(name, mean, quantile, f"{label}, {way}", seconds), loss
        assert best is not None
        peers.append(best)
    return peers


def _ways(
    points: Floats,
    sd: Floats | None,
    given: dict[str, np.ndarray],
    fill: int,
    folds: Folds,
    demand_class: NDArray[np.object_],
) -> dict[str, Floats]:
    """Return quantiles of the sum, (n_origin, n_sku, n_window, n_level), by way."""
    grid, horizon, windows = given["grid"], int(given["horizon"]), np.array(folds.windows)
    n_judged = len(folds.origins)
    # errors of the sum per period, at every origin of the grid
    came = given["series"][fill] if fill == FILLS.index("velocity") else given["seen"]
    after = came[:, grid[:, None] + np.arange(horizon)].transpose(1, 0, 2)
    known = ~np.isnan(after)
    number = known.cumsum(axis=2)[:, :, windows - 1]
    error = np.where(known, after - points, 0.0).cumsum(axis=2)[:, :, windows - 1]
    error = np.where(number >= np.ceil(windows / 2), error / np.maximum(number, 1), np.nan)
    level = np.stack([_level(given["series"][fill][:, :o], given["first"][fill]) for o in grid])[:, :, None]
    total = folds.sums(points[-n_judged:])
    count = folds.sums(np.ones(folds.judged.shape))
    pooled = np.full((*total.shape, len(LEVELS)), np.nan)
    own = pooled.copy()
    for k, origin in enumerate(folds.origins):
        past = np.flatnonzero(grid + horizon <= origin)[-EARLIER_ORIGINS:]
        scaled = error[past] / level[past]
        here = level[len(grid) - n_judged + k]
        for label in np.unique(demand_class[k]):
            members = demand_class[k] == label
            few = np.isfinite(scaled[:, members]).sum() < LEAST_ERRORS * len(windows)
            drawn = scaled if few else scaled[:, members]
            shift = np.nanquantile(drawn.reshape(-1, len(windows)), LEVELS, axis=0).T
            pooled[k, members] = shift * here[members, :, None]
        enough = np.isfinite(error[past]).sum(axis=0) >= 4
        with np.errstate(all="ignore"):
            quantile = np.moveaxis(_nanquantile(error[past]), 0, -1)
        own[k] = np.where(enough[..., None], quantile, pooled[k])
    ways = {
        "class": np.maximum(total[..., None] + pooled * count[..., None], 0.0),
        "own": np.maximum(total[..., None] + own * count[..., None], 0.0),
    }
    if sd is not None:
        z = np.array([NormalDist().inv_cdf(p) for p in LEVELS])
        spread = np.sqrt(folds.sums(np.nan_to_num(sd[-n_judged:]) ** 2))
        ways["native"] = np.maximum(total[..., None] + z * spread[..., None], 0.0)
    return ways


def _nanquantile(errors: Floats) -> Floats:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanquantile(errors, LEVELS, axis=0)


def _level(series: Floats, first: NDArray[np.int64]) -> Floats:
    """Return the mean of the last `LEVEL_PERIODS` periods since a series began, (n_sku,)."""
    place = np.arange(series.shape[1])
    recent = (place >= first[:, None]) & (place >= series.shape[1] - LEVEL_PERIODS)
    mean = np.where(recent, series, 0.0).sum(axis=1) / np.maximum(recent.sum(axis=1), 1)
    return np.maximum(mean, LEAST_LEVEL)
