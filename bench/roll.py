"""A rolled year of the sample with all default models: forecast, order, observe, learn, again; and its hash.

python bench/roll.py                       toys of seed 1, 52 weeks: the same hash each time it is run
python bench/roll.py --periods 4 --products 8

Everything is drawn from the seed: the shop, the scenarios and the models. The hash is of the table of all
products and weeks as text, so two runs that print the same one forecast, ordered and sold the same to the
last digit. `tests/decide/test_roll.py` runs a short one in two processes.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sample_economics import sample_economics

from invnb.data.ingest import ingest
from invnb.data.sample import COLUMN_MAPS, write_sample
from invnb.data.truth import true_demand
from invnb.decide.case import make_case
from invnb.decide.demand_path import demand_path
from invnb.decide.roll import Roll, roll_forward
from invnb.params import Params


def rolled_sample(seed: int, periods: int, products: int | None = None, category: str = "toys") -> Roll:
    """The last `periods` weeks of one category rolled, truth known; `products`: only the first so many."""
    given = Params()
    with tempfile.TemporaryDirectory() as name:
        write_sample(Path(name), seed)
        data = ingest(COLUMN_MAPS, Path(name), category, "week", "", "bench")
        panel, t = data.panel, data.tables
        truth = true_demand(Path(name), panel)
    panel = panel[panel["sku"].isin(np.sort(panel["sku"].unique())[:products])].reset_index(drop=True)
    eve = np.sort(panel["period"].unique())[-periods] - pd.Timedelta(days=1)
    economics = sample_economics(t, panel, until=eve)
    case = make_case(demand_path(panel, given.seed), economics, t["stock_history"], periods, truth)
    return roll_forward(
        case, panel, t["products"], t["promotions"], t["page_views"], country=given.country,
        horizon_periods=given.horizon_periods, origins=given.origins, n_scenarios=given.n_scenarios,
        seed=given.seed,
    )  # fmt: skip


def digest(rolled: Roll) -> str:
    """SHA-256 of the table of a roll as text."""
    return hashlib.sha256(rolled.table.to_csv(index=False).encode()).hexdigest()


def main() -> None:
    """Roll what was asked for; print what it cost, what it served and the hash."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--periods", type=int, default=52)
    parser.add_argument("--products", type=int)
    parser.add_argument("--category", default="toys")
    asked = parser.parse_args()
    started = time.process_time()
    found = rolled_sample(asked.seed, asked.periods, asked.products, asked.category)
    run, seconds = found.run, time.process_time() - started
    served, times = run.served_units.sum() / run.demand_units.sum(), found.champions["review"].nunique()
    print(
        f"seed {asked.seed}, {asked.category}, {asked.periods} weeks, {len(run.total)} products: cost "
        f"{run.total.sum():,.0f}, {served:.1%} served, models compared {times} times, {seconds:.0f} CPU s"
        f"\nsha256 {digest(found)}"
    )


if __name__ == "__main__":
    main()
