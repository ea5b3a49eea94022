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
from invnb.decide.lost_unit_price import MULTIPLES, choose_at_each_review, learn_lost_unit_price
from invnb.decide.past_forecasts import past_reviews, paths_of, review_the_past
from invnb.decide.replay import Replay, perfect_information_cost
from invnb.decide.rules import RULES
from invnb.forecast.scenarios import Scenarios

KINDS = ["holding", "lost_sales", "backorder", "ordering"]


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
    forecasts : scenarios of every review replayed, the warm-up first.
    """

    backtest: pd.DataFrame
    savings: pd.DataFrame
    frontier: pd.DataFrame
    notes: pd.DataFrame
    forecasts: list[Scenarios]


@dataclass(frozen=True)
class Runs:
    """Every policy on one ground.

    Parameters
    ----------
    case : the ground.
    runs : by name, `policy` and the rules.
    bound : cost of perfect information in the counted periods by kind, (n_sku, n_period).
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
    forecasts: Sequence[Scenarios] | None = None,
    shortage_multiples: np.ndarray | None = None,
) -> Backtest:
    """Replay the last `backtest_periods` with a fresh forecast at each review.

    Every policy meets the same demand, starts with the same stock and pipeline, pays the same costs and keeps
    to the same packs and minimum orders. A quarter is replayed before and not counted. The models are chosen
    on the periods before the replay. The rules are favoured: they see estimated demand, not capped sales,
    and their safety is what would have met the target the last time. Nobody has a budget or a storage limit;
    costs and lead times are today's; stock left at the end is worth what it cost.

    Parameters
    ----------
    panel, features, economics : tables of the run.
    stock_history : canonical table; stock on the morning of the first period; may be empty (then four periods
        of recent sales are assumed).
    backtest_periods, horizon_periods : periods replayed, and forecast at each review.
    n_scenarios : demand paths per review. `seed` : of every draw.
    fill_rate_target : share of demanded units the rules are set to serve.
    true_demand : `sku`, `period`, `units`, where the truth is known (the sample); None: estimated from sales.
    forecasts : scenarios of every review (`review_the_past`); None: made here.
    shortage_multiples : price of a lost unit at every review, each learned from the periods before it
        (`learn_lost_unit_price`); None: learned here. What the truth would teach nobody could have known.
    """
    path = demand_path(panel, seed)
    reviews, warm_up = past_reviews(path, backtest_periods)
    if forecasts is None:
        forecasts = review_the_past(
            panel, features, backtest_periods=backtest_periods, horizon_periods=horizon_periods,
            n_scenarios=n_scenarios, seed=seed,
        ).forecasts  # fmt: skip
    if shortage_multiples is None:
        shortage_multiples = learn_lost_unit_price(
            panel, economics, stock_history, forecasts, seed=seed
        ).chosen
    n_periods = len(reviews)
    case = make_case(path, economics, stock_history, n_periods, true_demand, warm_up_periods=warm_up)
    safety = rule_safety(path, economics, stock_history, n_periods, fill_rate_target)
    found = replay_all(case, paths_of(forecasts, path.sku), safety, chosen=shortage_multiples)
    return backtest_tables(
        found, path, seed, stock_known=len(stock_history) > 0, truth=true_demand is not None,
        forecasts=forecasts,
    )  # fmt: skip


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
    chosen: np.ndarray | None = None,
) -> Runs:
    """Our policy, the rules and perfect information on one ground.

    Our levels come from each review's scenarios. What a lost unit is taken to cost in them is corrected by
    experience: at each review the multiple that would have cost least so far is used, if it beats the plain
    cost beyond noise (`invnb.decide.lost_unit_price`).

    Parameters
    ----------
    case : the ground.
    scenarios : for each period, demand paths known at the review before it.
    safety : of each rule.
    multiples : of the shortage cost, 1 among them: the points of the frontier.
    chosen : (n_period,) the multiple of each review; None: learned from the demand of this case itself.
    """
    levels = {m: review_levels(scenarios, case.economics, m) for m in multiples}
    tried = {m: replay_policy(case, scenarios, levels[m]) for m in multiples}
    if chosen is None:
        day = np.datetime64("2000-01-01") + np.arange(case.demand.shape[1] + 1)
        chosen = choose_at_each_review({m: run.total for m, run in tried.items()}, day).chosen
    ours = [levels[m][t] for t, m in enumerate(chosen)]
    runs = {"policy": tried[chosen[0]] if len(set(chosen)) == 1 else replay_policy(case, scenarios, ours)}
    runs |= {name: replay_rule(case, name, safety[name]) for name in RULES}
    bound = perfect_information_cost(
        case.demand, case.initial_stock, case.initial_pipeline, case.economics, case.counted
    )
    return Runs(case, runs, bound, chosen, tried, dict(safety))


def backtest_tables(
    found: Runs,
    path: DemandPath,
    seed: int,
    *,
    stock_known: bool,
    truth: bool,
    forecasts: Sequence[Scenarios] = (),
) -> Backtest:
    """The tables of a replay: cost by kind and policy, savings, frontier and notes.

    Parameters
    ----------
    found : result of `replay_all`. `path` : the demand it ran on. `seed` : of the resamples.
    stock_known : whether the start came from a stock history. `truth` : whether demand is the true one.
    forecasts : of every review, kept with the result.
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
        list(forecasts),
    )


def costs_by_period(case: Case, kinds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cost of all products by counted period, (n_counted,), by kind and in `total`."""
    first = case.warm_up_periods
    found = {kind: (kinds[kind] * case.counted).sum(axis=0)[first:] for kind in KINDS}
    return found | {"total": np.sum(list(found.values()), axis=0)}


def frontier_table(found: Runs) -> pd.DataFrame:
    """Fill rate against stock, for each price put on a lost unit; what another point beats is left out.

    A point is beaten where another serves at least as much with no more stock: what is left rises. `here` is
    our policy with the prices it chose, beaten or not; a price it kept throughout is the same point.

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
    here = table[table["here"]].iloc[0]
    same = (table[["fill_rate", "stock_value"]] == here[["fill_rate", "stock_value"]]).all(axis=1)
    kept = (table["fill_rate"] > best_so_far) & ~same
    return table[kept | table["here"]].reset_index(drop=True)


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
        "costs_and_lead_times": "today's, for every policy",
        "limits": "none: every policy orders without budget and storage limit",
        "stock_left": "worth what it cost, that of ended products too",
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
