"""How good the stock-out alerts are on the sample, whose true demand is known.

python bench/alerts.py                     seeds 11 to 15, every category
python bench/alerts.py --seeds 1 2 --categories toys

Every review of the last 26 weeks is done again with only what was known then: the models are chosen on the
weeks before, lead times come from receipts before, order dates are the suppliers' first word. Stock-outs are
weeks in which the shop could not serve true demand. Settings were chosen on seeds 1 to 3.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sample_economics import PERIOD_DAYS, sample_economics

from invnb.data.ingest import ingest
from invnb.data.sample import COLUMN_MAPS, write_sample
from invnb.data.truth import true_demand
from invnb.decide.alert_quality import AlertRecord, alert_quality, demand_that_came, record_alerts
from invnb.decide.past_forecasts import past_champions, past_forecasts
from invnb.features.table import build_features
from invnb.forecast.metrics import binomial_interval
from invnb.forecast.scenarios import Scenarios
from invnb.params import Params

REVIEWS = 26


def past_reviews(panel: pd.DataFrame, tables: dict[str, pd.DataFrame], params: Params) -> list[Scenarios]:
    """Scenarios of the last reviews, by models chosen before the first of them."""
    weeks = np.unique(panel["period"])[-REVIEWS:]
    settings = {"horizon_periods": params.horizon_periods, "seed": params.seed}
    features = build_features(
        panel, tables["products"], tables["promotions"], tables["page_views"],
        country=params.country, horizon_periods=params.horizon_periods,
    )  # fmt: skip
    champions = past_champions(panel, features, weeks[0], **settings)
    return past_forecasts(
        panel, features, champions, weeks, np.sort(panel["sku"].astype(str).unique()),
        n_scenarios=params.n_scenarios, **settings,
    )  # fmt: skip


def record_of(folder: Path, category: str) -> AlertRecord:
    """The alerts of one category of a sample, beside what came."""
    params = Params()
    data = ingest(COLUMN_MAPS, folder, category, "week", "", "salt")
    tables, panel = data.tables, data.panel
    forecasts = past_reviews(panel, tables, params)
    eve = pd.Timestamp(forecasts[0].period[0]) - pd.Timedelta(days=1)
    economics = sample_economics(tables, panel, until=eve)
    return record_alerts(
        forecasts, demand_that_came(panel, params.seed, true_demand(folder, panel)), panel, economics,
        tables["stock_history"], tables["purchase_orders"], tables["receipts"],
        period_days=PERIOD_DAYS, fill_rate_target=params.fill_rate_target,
    )  # fmt: skip


def together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Several quality tables as one: shares weighted by what they count."""
    every = pd.concat(tables)
    every = every.assign(weighted=(every["value"] * every["n"]).fillna(0.0))
    both = every.groupby(["measure", "basis"], sort=False, as_index=False)[["weighted", "n"]].sum()
    return both.assign(value=both["weighted"] / both["n"]).drop(columns="weighted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--categories", nargs="+", default=["toys", "kitchen", "beauty"])
    options = parser.parse_args()
    found = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as name:
            write_sample(Path(name), seed=seed)
            for category in options.categories:
                started = time.process_time()
                quality = alert_quality(record_of(Path(name), category))
                found.append(quality)
                value = quality.set_index(["measure", "basis"])["value"]
                print(
                    f"seed {seed:<3} {category:<8} recall {value['recall', 'count']:.2f}"
                    f"  precision {value['precision', 'count']:.2f}"
                    f"  by review {value['precision_by_review', 'count']:.2f}"
                    f"  {time.process_time() - started:.0f} s CPU",
                    flush=True,
                )
    total = together(found)
    print(f"\nAll of it, seeds {' '.join(map(str, options.seeds))}:")
    for row in total.itertuples():
        spread = ""
        if row.basis == "count" and row.measure != "alerts_per_review":
            low, high = binomial_interval(row.value * row.n, row.n)
            spread = f"  [{low:.3f}, {high:.3f}]"
        print(f"{row.measure:<20} {row.basis:<6} {row.value:8.3f}  n {row.n}{spread}")
    value = total.set_index(["measure", "basis"])["value"]
    held = value["recall", "count"] >= 0.8 and value["precision", "count"] >= 0.5
    print(f"bar (recall 0.8 at precision 0.5): {'holds' if held else 'does not hold'}")


if __name__ == "__main__":
    main()
