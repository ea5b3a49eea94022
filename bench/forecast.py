"""Measure the project's forecasts beside its peers', on the same series and origins, in one run.

python bench/forecast.py                              all sets, the sample's bias and growth
python bench/forecast.py --set m5                     one set (may be given more than once)
python bench/forecast.py --set m5 --ours-only         ours now, the peers as last kept for these folds
python bench/forecast.py --set m5 --cut 26            a development cut: folds that end 26 periods earlier
python bench/forecast.py --set sample --seed 7        another sample shop
python bench/forecast.py --sample-bias --growth       these parts alone
python bench/forecast.py --development                everything on development cuts, growth at 1,000 alone
  --peers-only   keep the peers' forecasts of these folds for later runs
  --fresh        peers forecast anew (the published run); else kept ones of the same folds are taken
  --models a,b   only these of our models (to try something)

Folds: six origins. `m5` and `sample` every 4 weeks, `online_retail` every 2 weeks, sums of 1 to 4 weeks;
`freshretail` every 4 days, sums of 7 days with the hours out of stock filled by the sales per hour in stock
around them: selecting days in stock would judge on slow days alone (`forecast_sets.hours_filled`). At each
origin everything is built anew from the periods before it: features, segments, the comparison of our models
on origins of their own, calibration and scenarios. Peers: forecast_peers.py, in bench/.venv-forecast.

Measures (forecast_scores.py): scaled pinball is the mean loss of the quantiles P10, P20 .. P90, P95 of the
sum, over the mean absolute step of the product's own history and the periods of the window, averaged over
products, windows and origins; a product whose history is constant has no scale, is left out and counted.
"4 weeks" is the longest window alone. ± is the standard error of the paired difference, origins as units.
What is judged is also kept in build/bench/forecast.json. Tune on development cuts and other seeds only.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import forecast_bias
import forecast_growth
from forecast_ours import forecast_set
from forecast_peers_run import given_to_peers, kept_forecasts, peer_forecasts
from forecast_progress import say
from forecast_report import print_bars, print_coverage, print_summary, print_table, standing
from forecast_scores import Folds, make_folds
from forecast_sets import (
    CACHE,
    DEVELOPMENT_CUT,
    SAMPLE_SEED,
    SETS,
    BenchSet,
    NoData,
    judged_units,
    load,
)
from run import processor

WINDOWS = {"freshretail": (7,)}
DEVELOPMENT_SEED = 7


def folds_of(bench: BenchSet) -> Folds:
    """Return the folds on which a set is judged."""
    return make_folds(
        bench.judged,
        judged_units(bench.panel),
        bench.origins,
        bench.horizon_periods,
        bench.least_periods,
        WINDOWS.get(bench.name, tuple(range(1, bench.horizon_periods + 1))),
    )


def run_set(name: str, args: argparse.Namespace) -> dict[str, Any] | None:
    """Measure one set, print its tables and return what they hold; None where its file is not there."""
    try:
        bench = load(name, args.cut, args.seed)
        say(f"{name}: {bench.judged.shape[0]} series of {bench.judged.shape[1]} periods are ready")
    except NoData as missing:
        print(f"\n## {name}: left out. {missing}")
        return None
    folds = folds_of(bench)
    if args.peers_only:
        kept_forecasts(name, given_to_peers(bench, folds), fresh=args.fresh, keep_only=False)
        return None
    names = tuple(args.models.split(",")) if args.models else None
    ours = forecast_set(bench, folds, names)
    peers = peer_forecasts(bench, folds, ours.demand_class, fresh=args.fresh, keep_only=args.ours_only)
    result = standing(name, folds, ours, peers)
    result["cut_periods"], result["seed"] = args.cut, args.seed
    print_table(result)
    print_coverage(result)
    return result


def main() -> None:
    """Run what was asked for and write build/bench/forecast.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", action="append", choices=SETS)
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--seed", type=int, default=SAMPLE_SEED)
    parser.add_argument("--models", default="")
    for flag in ("--ours-only", "--peers-only", "--fresh", "--growth", "--sample-bias", "--development"):
        parser.add_argument(flag, action="store_true")
    args = parser.parse_args()
    today = datetime.date.today()
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {today}", flush=True)
    parts_alone = args.growth or args.sample_bias
    names = args.set or ([] if parts_alone else list(SETS))
    everything = not (args.set or parts_alone)
    file = CACHE / ("forecast_development.json" if args.development else "forecast.json")
    published = args.development or not (args.cut or args.seed != SAMPLE_SEED or args.models)
    results = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    now: dict[str, Any] = {}
    for name in names:
        if args.development:
            args.cut, args.seed = DEVELOPMENT_CUT[name], DEVELOPMENT_SEED
        if result := run_set(name, args):
            now[name] = result
    if args.sample_bias or everything:
        say("demand behind sales on the sample shops")
        now["sample_bias"] = forecast_bias.rows()
    if args.growth or everything:
        say("growth")
        now["growth"] = forecast_growth.rows(forecast_growth.SIZES[: 1 if args.development else None])
    print_summary([now[name] for name in names if name in now])
    print_bars(now)
    say("done")
    if published:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(results | now, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
