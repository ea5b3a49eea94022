"""Demand estimated behind sales against the sample shop's true demand, by the fill rate of the product.

python bench/forecast_bias.py

Judged on the bundled sample and, pooled, on `OTHER_SEEDS`: shops no method was tuned on. Two truths: what the
product's own shelf was asked for (sold and lost there: with what customers of sold-out substitutes brought),
which is what its sales can show; and what customers wanted first. Naive takes sales for demand.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from forecast_sets import SAMPLE_SEED, load, sample_truth

OTHER_SEEDS = (6, 7, 8, 9, 10)
TRUTHS = {"asked for at its shelf": "asked_units", "wanted first": "demand_units"}
BANDS = ("0 % - 60 %", "60 % - 80 %", "80 % - 95 %", "60 % - 95 %", "95 % - 100 %", "all")


def shops(seeds: tuple[int, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `panel` and `truth` of several sample shops, the seed put before each product's name."""
    panels, truths = [], []
    for seed in seeds:
        panel, truth = load("sample", seed=seed).panel, sample_truth(seed)[0]
        panels.append(panel.assign(sku=f"{seed} " + panel["sku"].astype(str)))
        asked = truth["sold_units"] + truth["lost_units"]
        truths.append(truth.assign(sku=f"{seed} " + truth["sku"].astype(str), asked_units=asked))
    return pd.concat(panels, ignore_index=True), pd.concat(truths, ignore_index=True)


def rows() -> list[dict[str, Any]]:
    """Print bias by method and service band for the sample and for the other shops, and return it."""
    from invnb.features.censoring_compare import compare_censoring

    found: list[dict[str, Any]] = []
    for title, seeds in (("the sample", (SAMPLE_SEED,)), ("five other shops", OTHER_SEEDS)):
        panel, truth = shops(seeds)
        for name, column in TRUTHS.items():
            table = compare_censoring(panel, truth, column).assign(shops=title, truth=name)
            found += table.to_dict("records")
            print(f"\n## Demand behind sales, {title}, against what was {name}: bias (error per week)\n")
            print("| method | " + " | ".join(BANDS) + " |")
            print("|---|" + "---:|" * len(BANDS))
            for method, part in table.groupby("method", sort=False):
                by_band = part.set_index("service").reindex(BANDS)
                cells = [
                    "-" if pd.isna(row.bias) else f"{100 * row.bias:+.1f} % ({row.rmse_units:.1f})"
                    for row in by_band.itertuples()
                ]
                print(f"| {method} | " + " | ".join(cells) + " |")
            of = part.set_index("service").reindex(BANDS)["products"].fillna(0).astype(int)
            print("| products | " + " | ".join(str(n) for n in of) + " |", flush=True)
    return found


if __name__ == "__main__":
    rows()
