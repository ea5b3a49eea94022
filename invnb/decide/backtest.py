"""The decision, replayed: our policy, the rules people use today and perfect information, on one demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from invnb.decide.bootstrap import block_bootstrap
from invnb.decide.case import (
    Case,
    make_case,
    replay_policy,
    replay_rule,
    review_levels,
    safety_for_service,
    service,
)
from invnb.decide.demand_path import DemandPath, demand_path
from invnb.decide.first_order import Levels
from invnb.decide.replay import Replay, perfect_information_cost
from invnb.decide.rules import RULES
from invnb.features.segments import segment_products
from invnb.forecast.compare import compare_models, replay_scenarios

KINDS = ["holding", "lost_sales", "backorder", "ordering"]
MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the shortage cost: levels to choose from, and the frontier
WARM_UP_PERIODS = 13  # replayed first and not counted: every policy comes to its own stock and setting
PAST_ORIGINS = 6  # rolling origins on which the champions are chosen before the replay
LEAST_HISTORY_PERIODS = 26  # kept before the first review


@dataclass(frozen=True)
class Backtest:
    """Replay of the last periods.

    Parameters
    ----------
    backtest : `policy` (policy, min_max, days_of_cover, z_sigma, perfect_information), `cost_kind` (holding,
        lost_sales, backorder, ordering, total), `value`, `low`, `high` (currency over the replay, 95 % block
        bootstrap), `fill_rate`, `cycle_service`, `average_stock_value`, `turnover`.
    savings : `source` (cost kind), `policy_cost`, `rule_cost` (of the best rule), `saving`, `low`, `high`
        (paired block bootstrap).
    frontier : `label` (multiple of the shortage cost), `fill_rate`, `stock_value`, `here`.
    notes : `name`, `value`: what the replay assumed; `evidence` is "proof" where the true demand is known,
        else "illustration".
    """

    backtest: pd.DataFrame
    savings: pd.DataFrame
    frontier: pd.DataFrame
    notes: pd.DataFrame


@dataclass(frozen=True)
class Runs:
    """Every policy on one ground.

    Parameters
    ----------
    case : the ground.
    runs : by name, `policy` and the rules.
    bound : cost of perfect information by kind, (n_sku, n_period).
    chosen : (n_period,) the multiple of the shortage cost our policy used at each review.
    at_multiple : our policy at one multiple throughout, by multiple.
    safety : of each rule.
    """

    case: Case
    runs: dict[str, Replay]
    bound: dict[str, np.ndarray]
    chosen: np.ndarray
    at_multiple: dict[float, Replay]
    safety: dict[str, float]


def run_backtest(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    *,
    backtest_periods: int,
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
    fill_rate_target: float = 0.95,
    true_demand: pd.DataFrame | None = None,
) -> Backtest:
    """Replay the last `backtest_periods` with a fresh forecast at each review.

    Every policy meets the same demand, starts with the same stock and pipeline, pays the same costs and keeps
    to the same packs and minimum orders. A quarter is replayed before and not counted. The models are chosen
    on the periods before the replay. The rules are favoured: they see estimated demand, not capped sales,
    and their safety is what would have met the target the last time.

    Parameters
    ----------
    panel, features, economics : tables of the run.
    stock_history : canonical table; stock on the morning of the first period; may be empty (then four periods
        of recent sales are assumed).
    backtest_periods, horizon_periods : periods replayed, and forecast at each review.
    n_scenarios : demand paths per review. `seed` : of every draw.
    fill_rate_target : share of demanded units the rules are set to serve.
    true_demand : `sku`, `period`, `units`, where the truth is known (the sample); None: estimated from sales.
    """
    path = demand_path(panel, seed)
    n_history = path.units.shape[1]
    n_counted = min(backtest_periods, n_history // 2)
    warm_up = int(np.clip(n_history - n_counted - LEAST_HISTORY_PERIODS, 0, WARM_UP_PERIODS))
    n_periods = n_counted + warm_up
    scenarios = past_scenarios(
        panel, features, path.period[-n_periods:], path.sku,
        horizon_periods=horizon_periods, n_scenarios=n_scenarios, seed=seed,
    )  # fmt: skip
    case = make_case(path, economics, stock_history, n_periods, true_demand, warm_up_periods=warm_up)
    found = replay_all(
        case, scenarios, rule_safety(path, economics, stock_history, n_periods, fill_rate_target)
    )
    return backtest_tables(
        found, path, seed, stock_known=len(stock_history) > 0, truth=true_demand is not None
    )


def past_scenarios(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    origins: np.ndarray,
    sku: np.ndarray,
    *,
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
) -> list[np.ndarray]:
    """Demand paths as they would have been drawn at each origin, (n_sku, n_scenario, n_ahead) each.

    The champions are chosen on the history before the first origin, and kept.

    Parameters
    ----------
    panel, features : of the run. `origins` : first days of the periods, in order.
    sku : order of the products. The rest as in `run_backtest`.
    """
    first = pd.Timestamp(origins[0])
    days = np.diff(np.sort(panel["period"].unique())[:2])[0]
    known = panel[panel["period"] < first]
    seen = features[features["period"] < first + horizon_periods * days]
    segments = segment_products(known, seen, seed=seed)
    champions = compare_models(
        known, seen, segments, horizon_periods=horizon_periods, origins=PAST_ORIGINS, seed=seed
    ).champions
    forecasts = replay_scenarios(
        panel, features, segments, champions,
        origins=origins, horizon_periods=horizon_periods, n_scenarios=n_scenarios, seed=seed,
    )  # fmt: skip
    return [forecast.select([str(s) for s in sku]).units for forecast in forecasts]


def rule_safety(
    path: DemandPath,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    n_periods: int,
    fill_rate_target: float,
) -> dict[str, float]:
    """Safety of each rule that would have met the target in as many periods before the replay.

    Parameters
    ----------
    path, economics, stock_history : as in `make_case`. `n_periods` : length of the replay.
    fill_rate_target : share of demanded units to serve.
    """
    end = path.units.shape[1] - n_periods
    arrays = ("units", "mean", "history", "estimated", "on_sale")
    before = replace(
        path, period=path.period[:end], **{name: getattr(path, name)[:, :end] for name in arrays}
    )
    past = make_case(before, economics, stock_history, min(n_periods, end // 2))
    return {name: safety_for_service(past, name, fill_rate_target) for name in RULES}


def replay_all(
    case: Case,
    scenarios: Sequence[np.ndarray],
    safety: Mapping[str, float],
    multiples: Sequence[float] = MULTIPLES,
) -> Runs:
    """Our policy, the rules and perfect information on one ground.

    Our levels come from each review's scenarios. What a lost unit is taken to cost in them is corrected by
    experience: at each review the multiple that would have cost least so far is used, if it beats the plain
    cost beyond noise (`choose_multiple`).

    Parameters
    ----------
    case : the ground.
    scenarios : for each period, demand paths known at the review before it.
    safety : of each rule.
    multiples : of the shortage cost, 1 among them.
    """
    levels = {m: review_levels(scenarios, case.economics, m) for m in multiples}
    tried = {m: replay_policy(case, scenarios, levels[m], m) for m in multiples}
    cost = {m: run.total for m, run in tried.items()}
    n_period = case.demand.shape[1]
    chosen = np.array([choose_multiple({m: c[:, :t] for m, c in cost.items()}) for t in range(n_period)])
    ours: list[Levels] = [levels[m][t] for t, m in enumerate(chosen)]
    runs = {"policy": replay_policy(case, scenarios, ours, chosen)}
    runs |= {name: replay_rule(case, name, safety[name]) for name in RULES}
    bound = perfect_information_cost(case.demand, case.initial_stock, case.initial_pipeline, case.economics)
    return Runs(case, runs, bound, chosen, tried, dict(safety))


def choose_multiple(cost: Mapping[float, np.ndarray]) -> float:
    """The multiple with the least past cost, or 1 where it is not better beyond noise.

    Noise: two standard errors of the paired difference, products as independent units.

    Parameters
    ----------
    cost : by multiple, (n_sku, n_past) in currency; 1 is among them.

    Examples
    --------
    >>> choose_multiple({1.0: np.full((9, 4), 5.0), 0.5: np.full((9, 4), 4.0)})
    0.5
    >>> choose_multiple({1.0: np.array([[5.0], [5.0]]), 0.5: np.array([[9.0], [0.0]])})
    1.0
    """
    by_product = {m: values.sum(axis=1) for m, values in cost.items()}
    best = min(by_product, key=lambda m: (by_product[m].sum(), abs(m - 1.0)))
    gain = by_product[1.0] - by_product[best]
    noise = gain.std(ddof=1) * np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    return best if gain.sum() > 2.0 * noise else 1.0


def backtest_tables(found: Runs, path: DemandPath, seed: int, *, stock_known: bool, truth: bool) -> Backtest:
    """The tables of a replay: cost by kind and policy, savings, frontier and notes.

    Parameters
    ----------
    found : result of `replay_all`. `path` : the demand it ran on. `seed` : of the resamples.
    stock_known : whether the start came from a stock history. `truth` : whether demand is the true one.
    """
    case, rng = found.case, np.random.default_rng(seed)
    costs = {
        name: costs_by_period(case, {kind: getattr(run, kind) for kind in KINDS})
        for name, run in found.runs.items()
    }
    costs["perfect_information"] = costs_by_period(case, found.bound)
    best_rule = min(RULES, key=lambda name: costs[name]["total"].sum())
    return Backtest(
        _backtest_table(found, costs, rng),
        _savings_table(costs["policy"], costs[best_rule], rng),
        frontier_table(found),
        _notes(found, path, best_rule, stock_known, truth),
    )


def costs_by_period(case: Case, kinds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cost of all products by counted period, (n_counted,), by kind and in `total`."""
    first = case.warm_up_periods
    found = {kind: (kinds[kind] * case.counted).sum(axis=0)[first:] for kind in KINDS}
    return found | {"total": np.sum(list(found.values()), axis=0)}


def frontier_table(found: Runs) -> pd.DataFrame:
    """Fill rate against stock, for each price put on a lost unit; what another point beats is left out.

    A point is beaten where another serves at least as much with no more stock: what is left rises. `here` is
    our policy with the prices it chose, beaten or not.

    Parameters
    ----------
    found : result of `replay_all`.
    """
    runs = {f"x{m:g}": run for m, run in found.at_multiple.items()} | {"policy": found.runs["policy"]}
    points = {label: service(found.case, run) for label, run in runs.items()}
    table = pd.DataFrame(
        {
            "label": list(points),
            "fill_rate": [point["fill_rate"] for point in points.values()],
            "stock_value": [point["average_stock_value"] for point in points.values()],
            "here": [label == "policy" for label in points],
        }
    ).sort_values(["stock_value", "fill_rate"], ascending=[True, False], ignore_index=True)
    best_so_far = table["fill_rate"].cummax().shift(fill_value=-1.0)
    return table[(table["fill_rate"] > best_so_far) | table["here"]].reset_index(drop=True)


def _backtest_table(
    found: Runs, costs: dict[str, dict[str, np.ndarray]], rng: np.random.Generator
) -> pd.DataFrame:
    nothing = dict.fromkeys(["fill_rate", "cycle_service", "average_stock_value", "turnover"], np.nan)
    rows = []
    for name, kinds in costs.items():
        served = service(found.case, found.runs[name]) if name in found.runs else nothing
        for kind, by_period in kinds.items():
            low, high = block_bootstrap(by_period, rng)
            row = {"policy": name, "cost_kind": kind, "value": by_period.sum(), "low": low, "high": high}
            rows.append(row | served)
    return pd.DataFrame(rows)


def _savings_table(
    ours: dict[str, np.ndarray], rule: dict[str, np.ndarray], rng: np.random.Generator
) -> pd.DataFrame:
    rows = []
    for kind in [*KINDS, "total"]:
        low, high = block_bootstrap(rule[kind] - ours[kind], rng)
        rows.append(
            {
                "source": kind,
                "policy_cost": ours[kind].sum(),
                "rule_cost": rule[kind].sum(),
                "saving": (rule[kind] - ours[kind]).sum(),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def _notes(found: Runs, path: DemandPath, best_rule: str, stock_known: bool, truth: bool) -> pd.DataFrame:
    case = found.case
    n_counted = case.demand.shape[1] - case.warm_up_periods
    units, estimated = path.units[:, -n_counted:], path.estimated[:, -n_counted:]
    share = float((units * estimated).sum() / max(units.sum(), 1.0))
    values = {
        "evidence": "proof" if truth else "illustration",
        "periods_replayed": n_counted,
        "first_period": str(path.period[-n_counted]),
        "warm_up_periods": case.warm_up_periods,
        "demand": "true demand" if truth else "sales, estimated where stock ran out",
        "estimated_share_of_demand": 0.0 if truth else round(share, 4),
        "best_rule": best_rule,
        "safety_of_the_rules": ", ".join(f"{name} {number:g}" for name, number in found.safety.items()),
        "price_of_a_lost_unit": ", ".join(f"x{m:g}" for m in dict.fromkeys(found.chosen.tolist())),
        "stock_at_the_start": "from the stock history" if stock_known else "assumed: four periods of sales",
        "models": "chosen on the periods before the replay",
        "rules_see": "estimated demand, not capped sales",
        "not_counted": "the warm-up, and periods before the first order could arrive",
        "perfect_information": "a bound: without packs, minimum orders and waiting customers",
    }
    return pd.DataFrame({"name": list(values), "value": [str(value) for value in values.values()]})


def in_words(found: Backtest, currency: str) -> str:
    """What the replay says in one paragraph: saving with its interval, service, and what it is evidence of.

    Parameters
    ----------
    found : result of `run_backtest`. `currency` : of its money.
    """
    notes = found.notes.set_index("name")["value"]
    total = found.backtest[found.backtest["cost_kind"] == "total"].set_index("policy")
    saving = found.savings.set_index("source").loc["total"]
    rule, ours, best = notes["best_rule"], total.loc["policy"], total.loc[notes["best_rule"]]
    bound = total["value"].astype(float)["perfect_information"]
    closed = saving["saving"] / (saving["rule_cost"] - bound) if saving["rule_cost"] > bound else float("nan")
    sure = "beyond chance" if saving["low"] > 0 else "not beyond chance"
    evidence = {
        "proof": "This is proof: true demand is known here.",
        "illustration": "This is an illustration: nobody knows what more would have been sold than was.",
    }[notes["evidence"]]
    return (
        f"{evidence} Over {notes['periods_replayed']} periods our policy costs {currency} "
        f"{ours['value']:,.0f}, the best of today's rules ({rule}) {currency} {best['value']:,.0f}: a saving "
        f"of {currency} {saving['saving']:,.0f} ({saving['saving'] / saving['rule_cost']:.0%}), 95 % "
        f"interval {saving['low']:,.0f} to {saving['high']:,.0f}, {sure}. "
        f"It serves {ours['fill_rate']:.1%} of demand with stock of {currency} "
        f"{ours['average_stock_value']:,.0f}; the rule {best['fill_rate']:.1%} with "
        f"{currency} {best['average_stock_value']:,.0f}. Of the distance from the rule to perfect "
        f"information {closed:.0%} is closed."
    )
