"""What a set's measurement says: one row per method, coverage by demand class, and both as text."""

from __future__ import annotations

from typing import Any

import numpy as np
from forecast_ours import Ours
from forecast_peers_run import Peer
from forecast_scores import (
    COVERED,
    LEVELS,
    Floats,
    Folds,
    drawn_coverage,
    known_mean,
    paired_difference,
    quantile_coverage,
    scaled_losses,
    squared_scaled_errors,
)
from forecast_sets import JUDGED_ON

OURS = "invnb"
LEAST_SUMS = 100
"""Coverage of a demand class judged on fewer sums is chance: it is not held against the bar."""


def standing(name: str, folds: Folds, ours: Ours, peers: list[Peer]) -> dict[str, Any]:
    """Return everything measured on a set, in numbers and text only."""
    methods = [(OURS, ours.mean, ours.quantile, "default pipeline", ours.cpu_seconds)]
    methods += [(p.name, p.mean, p.quantile, p.way, p.cpu_seconds) for p in peers]
    loss = {method: scaled_losses(folds, quantile) for method, _, quantile, _, _ in methods}
    rmsse = {method: squared_scaled_errors(folds, mean) for method, mean, _, _, _ in methods}
    rows = []
    for method, mean, quantile, way, seconds in methods:
        difference, error = paired_difference(loss[OURS], loss[method])
        total = known_mean(loss[method])
        longest = known_mean(loss[method][:, :, -1])
        rows.append(
            {
                "method": method,
                "scaled_pinball": total,
                "ours_over_it": known_mean(loss[OURS]) / total,
                "difference": difference,
                "standard_error": error,
                "longest_window": longest,
                "ours_over_it_longest": known_mean(loss[OURS][:, :, -1]) / longest,
                "rmsse": known_mean(rmsse[method]),
                "ours_over_it_rmsse": known_mean(rmsse[OURS]) / known_mean(rmsse[method]),
                "bias": _bias(folds, mean),
                "covered": [_covered(folds, quantile, p) for p in COVERED],
                "way": way,
                "cpu_seconds": seconds,
            }
        )
    judged = ~np.isnan(folds.actual[:, :, -1])
    return {
        "set": name,
        "origins": folds.origins.tolist(),
        "windows": list(folds.windows),
        "series": int(folds.judged.shape[1]),
        "judged_sums": int(judged.sum()),
        "without_scale": int((judged & np.isnan(folds.scale)).sum()),
        "rows": rows,
        "by_window": {
            m: [known_mean(values[:, :, w]) for w in range(values.shape[2])] for m, values in loss.items()
        },
        "coverage": coverage_rows(folds, ours),
        "champions": ours.champions,
        "ours_seconds": ours.seconds,
        "ours_cpu_seconds": ours.cpu_seconds,
        "peak_mb": ours.peak_mb,
    }


def _bias(folds: Folds, mean: Floats) -> float:
    """Return the sum of forecasts over the sum of judged demand, minus 1."""
    known = ~np.isnan(folds.judged)
    return float(mean[known].sum() / folds.judged[known].sum() - 1)


def _covered(folds: Folds, quantile: Floats, level: float) -> float:
    return known_mean(quantile_coverage(folds.actual[:, :, -1], quantile[:, :, -1, LEVELS.index(level)])[0])


def coverage_rows(folds: Folds, ours: Ours) -> list[dict[str, Any]]:
    """Return coverage of our longest sum by demand class, plain from both sides and randomised."""
    actual, drawn = folds.actual[:, :, -1], ours.drawn[:, :, :, -1]
    rows = []
    for label in ["all", *np.unique(ours.demand_class)]:
        members = np.ones(actual.shape, bool) if label == "all" else ours.demand_class == label
        for level in COVERED:
            quantile = ours.quantile[:, :, -1, LEVELS.index(level)]
            up_to, below = quantile_coverage(actual, quantile)
            rows.append(
                {
                    "demand_class": str(label),
                    "level": level,
                    "up_to": known_mean(up_to[members]),
                    "below": known_mean(below[members]),
                    "randomised": known_mean(drawn_coverage(actual, drawn, level)[members]),
                    "n": int((~np.isnan(actual[members])).sum()),
                }
            )
    return rows


def print_table(result: dict[str, Any]) -> None:
    """Print a set's methods, best first after ours."""
    windows = result["windows"]
    longest = f"sum of {windows[-1]}"
    print(
        f"\n## {result['set']}: {result['series']} series, origins {result['origins']}, windows {windows}, "
        f"{result['judged_sums']:,} sums judged, {result['without_scale']} of them without scale\n"
    )
    print(f"Judged on {JUDGED_ON.get(result['set'], 'units')}.\n")
    print(f"| method | scaled pinball | ours / it | ours - it ± | {longest} | ours / it | RMSSE | ours / it "
          "| bias | P50 | P80 | P90 | P95 | fill, way | CPU s |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|---:|")
    ours, *peers = result["rows"]
    for row in [ours, *sorted(peers, key=lambda r: r["scaled_pinball"])]:
        covered = " | ".join(f"{100 * c:.1f}" for c in row["covered"])
        print(
            f"| {row['method']} | {row['scaled_pinball']:.4f} | {row['ours_over_it']:.3f} "
            f"| {row['difference']:+.4f} ± {row['standard_error']:.4f} | {row['longest_window']:.4f} "
            f"| {row['ours_over_it_longest']:.3f} | {row['rmsse']:.4f} | {row['ours_over_it_rmsse']:.3f} "
            f"| {100 * row['bias']:+.1f} % | {covered} | {row['way']} | {row['cpu_seconds']:.0f} |"
        )
    print(
        f"\nours: {result['ours_seconds']:.0f} s wall, {result['ours_cpu_seconds']:.0f} s CPU in all, "
        f"peak {result['peak_mb']:,.0f} MB; champions at the last origin:\n{result['champions'][-1]}"
    )


def print_coverage(result: dict[str, Any]) -> None:
    """Print how often demand stayed at or below our quantiles, by demand class."""
    print(f"\nCoverage of our sum of {result['windows'][-1]}, randomised [P(D < q), P(D <= q)], in %:\n")
    print("| class | n | " + " | ".join(f"P{100 * p:.0f}" for p in COVERED) + " |")
    print("|---|---:|" + "---:|" * len(COVERED))
    for label in dict.fromkeys(row["demand_class"] for row in result["coverage"]):
        rows = [row for row in result["coverage"] if row["demand_class"] == label]
        cells = " | ".join(
            f"{100 * r['randomised']:.1f} [{100 * r['below']:.0f}, {100 * r['up_to']:.0f}]" for r in rows
        )
        print(f"| {label} | {rows[0]['n']} | {cells} |")


def print_summary(results: list[dict[str, Any]]) -> None:
    """Print ours over each peer by set, the worst set of each, and the average over the best of each set."""
    measured = [r for r in results if len(r["rows"]) > 1]
    if not measured:
        return
    names = [row["method"] for row in measured[0]["rows"][1:]]
    print("\n## Ours over each peer, scaled pinball\n")
    print("| peer | " + " | ".join(r["set"] for r in measured) + " | worst |")
    print("|---|" + "---:|" * (len(measured) + 1))
    for name in names:
        ratios = [row["ours_over_it"] for r in measured for row in r["rows"] if row["method"] == name]
        print(f"| {name} | " + " | ".join(f"{ratio:.3f}" for ratio in ratios) + f" | {max(ratios):.3f} |")
    best = [max(row["ours_over_it"] for row in r["rows"][1:]) for r in measured]
    point = [max(row["ours_over_it_rmsse"] for row in r["rows"][1:]) for r in measured]
    print("| best of each set | " + " | ".join(f"{x:.3f}" for x in best) + f" | {max(best):.3f} |")
    print("| best of each set, RMSSE | " + " | ".join(f"{x:.3f}" for x in point) + f" | {max(point):.3f} |")
    means = f"{np.mean(best):.3f} (scaled pinball), {np.mean(point):.3f} (RMSSE)"
    print(f"\nAverage over the best peer of each set: {means}.")


def print_bars(measured: dict[str, Any]) -> None:
    """Print in a few lines what was measured against what was asked for.

    Parameters
    ----------
    measured : results by set, and "sample_bias" and "growth" where they were measured.
    """
    print("\n## In short\n")
    for name, result in measured.items():
        if "coverage" not in result:
            continue
        whole = _worst_gap([r for r in result["coverage"] if r["demand_class"] == "all"])
        judged = [r for r in result["coverage"] if r["n"] >= LEAST_SUMS]
        parts = _worst_gap([r for r in judged if r["demand_class"] != "all"])
        peers = result["rows"][1:]
        ahead = sum(row["ours_over_it"] < 1 for row in peers)
        said = f"below {ahead} of {len(peers)} peers, " if peers else ""
        best = max((row["ours_over_it"] for row in peers), default=float("nan"))
        said += f"{best:.3f} of the best; " if peers else ""
        print(f"- {name}: {said}coverage off by {whole} (asked: 2), by class {parts} (asked: 4)")
    bias = [
        f"{100 * row['bias']:+.1f} % ({row['shops']})"
        for row in measured.get("sample_bias", [])
        if (row["method"], row["service"], row["truth"])
        == ("censored likelihood", "60 % - 95 %", "asked for at its shelf")
    ]
    if bias:
        print(f"- bias at a service of 60 % to 95 %: {', '.join(bias)} (asked: within 2 %)")
    for row in measured.get("growth", []):
        cpu = sum(row["cpu_seconds"][part] for part in ("features", "compare", "scenarios"))
        per = 1000 / row["series"]
        print(
            f"- {row['series']:,} series: {cpu * per:.0f} s of CPU and {row['one_run_mb'] * per:,.0f} MB per "
            "1,000 (asked: 60 s on two cores and 2,000 MB)"
        )


def _worst_gap(rows: list[dict[str, Any]]) -> str:
    """Return the largest gap between coverage and its level, in words."""
    if not rows:
        return "unknown (too few sums)"
    worst = max(rows, key=lambda row: abs(row["randomised"] - row["level"]))
    gap = 100 * (worst["randomised"] - worst["level"])
    return (
        f"{gap:+.1f} points at most (P{100 * worst['level']:.0f}, {worst['demand_class']}, {worst['n']} sums)"
    )
