"""The decision on the sample, truth known: our default beside the rules people use, seed by seed.

python bench/decisions.py                  the ten published seeds, all categories
python bench/decisions.py --seeds 1 2      others (1 to 3 are for development)
python bench/decisions.py --periods 26     periods counted
python bench/decisions.py --review         seconds of one review of 600 products with 156 weeks

Every policy meets the same true demand with the same start, packs, minimum orders and costs and no limit (see
`invnb.decide.backtest`). The models are chosen, the rules set to the same fill rate target and the price of a
lost unit learned on what was known before; the best rule of a seed is the one that turned out cheapest. Two
columns favour the rules further, with hindsight: the cheapest of all rules at all safeties, and the cheapest
that served at least as much as ours did (empty where none did). Rules see the true demand of past periods;
ours sees what the shop recorded. Seconds are CPU time.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sample_economics import sample_economics

from invnb.data.ingest import ingest
from invnb.data.sample import COLUMN_MAPS, write_sample
from invnb.data.truth import true_demand
from invnb.decide.backtest import costs_by_period, replay_all, rule_safety
from invnb.decide.bootstrap import block_bootstrap
from invnb.decide.case import Case, make_case, replay_rule
from invnb.decide.demand_path import demand_path
from invnb.decide.lost_unit_price import learn_lost_unit_price
from invnb.decide.order_now import order_now
from invnb.decide.past_forecasts import WARM_UP_PERIODS, review_the_past
from invnb.decide.replay import Replay
from invnb.decide.rules import RULES, SAFETY
from invnb.features.segments import segment_products
from invnb.features.table import build_features
from invnb.forecast.compare import compare_models, forecast_scenarios
from invnb.params import Params

CATEGORIES = ("toys", "kitchen", "beauty")
PUBLISHED_SEEDS = tuple(range(11, 21))
TARGET = 0.20
REVIEW_PRODUCTS, REVIEW_PERIODS, REVIEW_LEAD_PERIODS = 600, 156, 2
REVIEW_SHORTAGE_TO_HOLDING = 5.0  # lost unit over unit held for a week
REVIEW_SECONDS = 60.0


def ground(
    folder: Path, category: str, counted: int
) -> tuple[Case, list[np.ndarray], dict[str, float], np.ndarray]:
    """Of one category of one shop: case, scenarios and learned multiple of each review, the rules' safety."""
    given = Params()
    data = ingest(COLUMN_MAPS, folder, category, "week", "", "bench")
    t = data.tables
    features = build_features(
        data.panel, t["products"], t["promotions"], t["page_views"],
        country=given.country, horizon_periods=given.horizon_periods,
    )  # fmt: skip
    economics = sample_economics(t, data.panel)
    path = demand_path(data.panel, given.seed)
    n = counted + WARM_UP_PERIODS
    made = review_the_past(
        data.panel, features, backtest_periods=counted, horizon_periods=given.horizon_periods,
        n_scenarios=given.n_scenarios, seed=given.seed,
    ).forecasts  # fmt: skip
    truth = true_demand(folder, data.panel)
    case = make_case(path, economics, t["stock_history"], n, truth, warm_up_periods=WARM_UP_PERIODS)
    safety = rule_safety(path, economics, t["stock_history"], n, given.fill_rate_target)
    multiples = learn_lost_unit_price(data.panel, economics, t["stock_history"], made, seed=given.seed).chosen
    return case, [forecast.units for forecast in made], safety, multiples


def replayed(folder: Path, category: str, counted: int) -> dict[str, np.ndarray]:
    """Cost by counted period of each policy, and units served and demanded, of one category of one shop."""
    case, scenarios, safety, multiples = ground(folder, category, counted)
    found = replay_all(case, scenarios, safety, multiples=np.unique(multiples).tolist(), chosen=multiples)
    result = {}
    for name, run in found.runs.items():
        result[name] = cost(case, run)
        result[f"{name} served"] = served(case, run)
    result["demand"] = (case.demand * case.counted).sum(axis=0)[WARM_UP_PERIODS:]
    result["perfect"] = costs_by_period(case, found.bound)["total"]
    for name in RULES:
        for number in SAFETY[name]:
            run = replay_rule(case, name, number)
            result[f"{name} at {number:g}"] = cost(case, run)
            result[f"{name} at {number:g} served"] = served(case, run)
    return result


def cost(case: Case, run: Replay) -> np.ndarray:
    """All cost by counted period, (n_counted,)."""
    return (run.total * case.counted).sum(axis=0)[WARM_UP_PERIODS:]


def served(case: Case, run: Replay) -> np.ndarray:
    """Units served by counted period, (n_counted,)."""
    return (run.served_units * case.counted).sum(axis=0)[WARM_UP_PERIODS:]


def of_seed(seed: int, counted: int) -> tuple[dict[str, np.ndarray], float]:
    """The replay of one shop, its categories added up, and the CPU seconds it took."""
    started = time.process_time()
    parts = []
    with tempfile.TemporaryDirectory() as name:
        write_sample(Path(name), seed)
        for category in CATEGORIES:
            parts.append(replayed(Path(name), category, counted))
            took = time.process_time() - started
            print(f"seed {seed}: {category} replayed, {took:.0f} CPU s so far", file=sys.stderr, flush=True)
    added = {key: np.sum([part[key] for part in parts], axis=0) for key in parts[0]}
    return added, time.process_time() - started


def row(seed: int, found: dict[str, np.ndarray], seconds: float) -> dict[str, object]:
    """One line of the table."""
    total = {name: values.sum() for name, values in found.items()}
    best = min(RULES, key=total.__getitem__)
    ours, rule, bound = total["policy"], total[best], total["perfect"]
    settings = [f"{name} at {number:g}" for name in RULES for number in SAFETY[name]]
    as_good = [total[name] for name in settings if total[f"{name} served"] >= total["policy served"]]
    low, high = block_bootstrap(found[best] - found["policy"], np.random.default_rng(seed))
    return {
        "seed": seed, "ours": ours, "best rule": rule, "rule": best, "saving": 1 - ours / rule,
        "low": low / rule, "high": high / rule,
        "fill ours": total["policy served"] / total["demand"],
        "fill rule": total[f"{best} served"] / total["demand"],
        "rules at their best": min(total[name] for name in settings),
        "rules at our fill": min(as_good, default=np.nan), "perfect": bound,
        "gap closed": (rule - ours) / (rule - bound), "CPU s": seconds,
    }  # fmt: skip


def verdict(table: pd.DataFrame) -> str:
    """All seeds together, against the bar; the interval is Student's over seeds, which are independent."""
    from scipy.stats import t

    total, n = table.select_dtypes("number").sum(), len(table)
    saving, error = table["saving"], table["saving"].std(ddof=1) / np.sqrt(n)
    low, high = saving.mean() + t.ppf([0.025, 0.975], n - 1) * error if n > 1 else (np.nan, np.nan)
    pooled = 1 - total["ours"] / total["best rule"]
    fill, fill_rule = table["fill ours"].mean(), table["fill rule"].mean()
    matched = table.dropna(subset=["rules at our fill"])
    at_our_fill = 1 - matched["ours"].sum() / matched["rules at our fill"].sum() if len(matched) else np.nan
    holds = pooled >= TARGET and low > 0 and fill >= fill_rule
    return (
        f"{n} seeds, saving over the best rule: {pooled:.3f} of all cost ({TARGET:.2f} asked), by seed "
        f"{saving.mean():.3f} [{low:.3f}, {high:.3f}], least {saving.min():.3f}; interval above zero in "
        f"{(table['low'] > 0).sum()} of {n}\n"
        f"fill rate {fill:.4f} against {fill_rule:.4f}, no worse in "
        f"{(table['fill ours'] >= table['fill rule']).sum()} of {n}\n"
        f"with hindsight: {1 - total['ours'] / total['rules at their best']:.3f} under the cheapest rule and "
        f"setting, {at_our_fill:.3f} under the cheapest that served as much ({len(matched)} seeds have one)\n"
        f"{total['ours'] / total['perfect']:.2f} times the cost of perfect information; "
        f"{table['gap closed'].mean():.2f} of the way from the best rule closed\n"
        f"bar: {'holds' if holds else 'does not hold'}"
    )


def review_seconds(n_products: int = REVIEW_PRODUCTS, seed: int = 0) -> pd.DataFrame:
    """Wall and CPU seconds of one review with the defaults: features, comparison, scenarios and order."""
    from forecast_sets import synthetic

    given = Params()
    shop = synthetic(n_products, REVIEW_PERIODS, seed)
    sku = np.sort(shop.panel["sku"].unique())
    economics = pd.DataFrame(
        {
            "sku": sku, "unit_cost": 5.0, "holding_cost_per_unit_period": 1.0,
            "shortage_cost_per_unit": REVIEW_SHORTAGE_TO_HOLDING, "backorder_cost_per_unit_period": 0.5,
            "lost_share": 1.0, "order_cost": 0.0, "lead_time_periods": REVIEW_LEAD_PERIODS,
            "review_period_periods": 1, "min_order_units": 1.0, "pack_units": 1.0,
        }
    )  # fmt: skip
    recent = shop.panel.groupby("sku")["units"].apply(lambda units: units.tail(8).mean()).loc[sku]
    stock = np.nan_to_num(np.round(REVIEW_LEAD_PERIODS * recent.to_numpy(float)))
    marks = [("", time.perf_counter(), time.process_time())]

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter(), time.process_time()))

    features = build_features(
        shop.panel, shop.products, shop.promotions, shop.page_views,
        country=given.country, horizon_periods=given.horizon_periods,
    )  # fmt: skip
    segments = segment_products(shop.panel, features, seed=given.seed)
    mark("features")
    comparison = compare_models(
        shop.panel, features, segments,
        horizon_periods=given.horizon_periods, origins=given.origins, seed=given.seed,
    )  # fmt: skip
    mark("comparison")
    found = forecast_scenarios(comparison, n_scenarios=given.n_scenarios, seed=given.seed).scenarios
    mark("scenarios")
    order_now(found, stock, np.zeros((len(sku), given.horizon_periods)), economics)
    mark("order")
    rows = [
        {"step": name, "wall s": wall - before[1], "CPU s": cpu - before[2]}
        for before, (name, wall, cpu) in itertools.pairwise(marks)
    ]
    total = {"step": "all", "wall s": marks[-1][1] - marks[0][1], "CPU s": marks[-1][2] - marks[0][2]}
    return pd.DataFrame([*rows, total])


def main() -> None:
    """Replay the seeds asked for and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(PUBLISHED_SEEDS))
    parser.add_argument("--periods", type=int, default=Params().backtest_periods)
    parser.add_argument("--review", action="store_true", help="time one review instead")
    asked = parser.parse_args()
    if asked.review:
        print(review_seconds().to_string(index=False, float_format="%.1f"))
        print(f"{REVIEW_PRODUCTS} products, {REVIEW_PERIODS} weeks; below {REVIEW_SECONDS:g} s asked")
        return
    rows = []
    for seed in asked.seeds:
        rows.append(row(seed, *of_seed(seed, asked.periods)))
        print(
            pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1, float_format="%.3f"),
            flush=True,
        )
    print(f"\n{verdict(pd.DataFrame(rows))}")


if __name__ == "__main__":
    main()
