"""The decision, replayed: our policy, the rules people use today and perfect information, on one demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.bootstrap import block_bootstrap
from invnb.decide.demand_path import DemandPath, demand_path
from invnb.decide.first_order import Levels, column, first_order_costs, round_up
from invnb.decide.kpi_formulas import average_stock_value, cycle_service, fill_rate, turnover
from invnb.decide.policy import align
from invnb.decide.replay import Decide, Replay, perfect_information_cost, replay
from invnb.decide.review import levels_from_scenarios, up_or_not_at_all
from invnb.decide.rules import RULES
from invnb.forecast.compare import replay_scenarios

KINDS = ["holding", "lost_sales", "backorder", "ordering"]
SHORTAGE_MULTIPLES = [0.25, 0.5, 2.0, 4.0]  # of the shortage cost: points of the service-cash frontier
FRONTIER_SCENARIOS = 60  # paths per review for these points: they are pictures, not decisions
START_COVER_PERIODS = 4.0  # stock at the start of the replay where no stock history says it


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
    notes : `name`, `value`: what the replay assumed, for the report.
    """

    backtest: pd.DataFrame
    savings: pd.DataFrame
    frontier: pd.DataFrame
    notes: pd.DataFrame


@dataclass(frozen=True)
class Case:
    """One replay's ground: demand, start and economics of every product, the same for every policy.

    Parameters
    ----------
    demand : (n_sku, n_period), units.
    history : (n_sku, n_before + n_period), the demand a rule could see, NaN unknown.
    initial_stock : (n_sku,), units. initial_pipeline : (n_sku, n_period), units.
    economics : table `economics`, one row per product.
    period_days : days in a period.
    """

    demand: np.ndarray
    history: np.ndarray
    initial_stock: np.ndarray
    initial_pipeline: np.ndarray
    economics: pd.DataFrame
    period_days: int

    @property
    def counted(self) -> np.ndarray:
        """Periods in which a policy could change anything: from the first lead time on, (n_sku, n_period)."""
        lead = self.economics["lead_time_periods"].to_numpy(int)
        return np.arange(self.demand.shape[1]) >= lead[:, None]


def run_backtest(
    panel: pd.DataFrame,
    features: pd.DataFrame,
    sku_segments: pd.DataFrame,
    champions: pd.DataFrame,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    *,
    backtest_periods: int,
    horizon_periods: int,
    n_scenarios: int,
    seed: int,
    true_demand: pd.DataFrame | None = None,
) -> Backtest:
    """Replay the last `backtest_periods` with a fresh forecast at each review.

    Every policy meets the same demand, starts with the same stock and pipeline, pays the same costs and keeps
    to the same packs and minimum orders. Periods before the first order could arrive are not counted. The
    rules are favoured: they see estimated demand, not capped sales.

    Parameters
    ----------
    panel, features, sku_segments, champions, economics : tables of the run.
    stock_history : canonical table; stock on the morning of the first period; may be empty (then four periods
        of recent sales are assumed).
    backtest_periods, horizon_periods : periods replayed, and forecast at each review.
    n_scenarios : demand paths per review. `seed` : of every draw.
    true_demand : `sku`, `period`, `units`, where the truth is known (the sample); None: estimated from sales.
    """
    path = demand_path(panel, seed)
    n_periods = min(backtest_periods, path.units.shape[1] // 2)
    origins = path.period[-n_periods:]
    forecasts = replay_scenarios(
        panel, features, sku_segments, champions,
        origins=origins, horizon_periods=horizon_periods, n_scenarios=n_scenarios, seed=seed,
    )  # fmt: skip
    case = make_case(path, economics, stock_history, n_periods, true_demand)
    demand = [forecast.select([str(s) for s in path.sku]).units for forecast in forecasts]
    rng = np.random.default_rng(seed)

    runs = {"policy": replay_policy(case, demand)}
    runs |= {name: replay_rule(case, name) for name in RULES}
    bound = perfect_information_cost(case.demand, case.initial_stock, case.initial_pipeline, case.economics)
    costs = {
        name: _costs_by_period(case, {kind: getattr(run, kind) for kind in KINDS})
        for name, run in runs.items()
    }
    costs["perfect_information"] = _costs_by_period(case, bound)
    best_rule = min(RULES, key=lambda name: costs[name]["total"].sum())
    frontier = [_frontier_point("x1", case, runs["policy"], here=True)]
    for multiple in SHORTAGE_MULTIPLES:
        dearer = _scaled_shortage(case, multiple)
        run = replay_policy(dearer, [paths[:, :FRONTIER_SCENARIOS] for paths in demand])
        frontier.append(_frontier_point(f"x{multiple:g}", case, run, here=False))
    return Backtest(
        _backtest_table(case, runs, costs, rng),
        _savings_table(costs["policy"], costs[best_rule], rng),
        pd.DataFrame(frontier).sort_values("stock_value", ignore_index=True),
        _notes(path, n_periods, best_rule, len(stock_history) > 0, true_demand is not None),
    )


def make_case(
    path: DemandPath,
    economics: pd.DataFrame,
    stock_history: pd.DataFrame,
    n_periods: int,
    true_demand: pd.DataFrame | None = None,
) -> Case:
    """The ground of a replay of the last `n_periods` of a demand path; see `run_backtest`."""
    terms = align(economics, path.sku)
    units = path.units[:, -n_periods:]
    if true_demand is not None:
        truth = true_demand.pivot_table(index="sku", columns="period", values="units", aggfunc="sum")
        truth.columns = pd.DatetimeIndex(truth.columns)
        units = (
            truth.reindex(index=path.sku, columns=pd.DatetimeIndex(path.period[-n_periods:]))
            .fillna(0)
            .to_numpy()
        )
    before = path.history[:, :-n_periods]
    recent = before[:, -8:]
    mean = np.nansum(recent, axis=1) / np.maximum(np.sum(~np.isnan(recent), axis=1), 1)
    lead = terms["lead_time_periods"].to_numpy(int)
    pipeline = np.where(np.arange(n_periods) < lead[:, None], np.round(mean)[:, None], 0.0)
    stock = _stock_in_the_morning(stock_history, path.sku, path.period[-n_periods])
    stock = np.where(np.isnan(stock), np.round(START_COVER_PERIODS * mean), stock)
    history = np.concatenate([before, units], axis=1)
    return Case(units, history, stock, pipeline, terms, path.period_days)


def replay_policy(case: Case, scenarios: list[np.ndarray]) -> Replay:
    """Our policy: levels from each review's own scenarios, packs up or not at all, whichever costs less.

    Parameters
    ----------
    case : the ground.
    scenarios : for each period, demand paths (n_sku, n_scenario, n_ahead) known at the review before it.
    """
    terms = case.economics
    pack, minimum = column(terms, "pack_units"), column(terms, "min_order_units")

    def decide(t: int, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
        levels = levels_from_scenarios(scenarios[t], terms)
        wanted = round_up(_wanted(levels, net, coming), pack, minimum)
        n_ahead = scenarios[t].shape[2]
        ahead = np.zeros((len(net), n_ahead))
        known = min(n_ahead, coming.shape[1])
        ahead[:, :known] = coming[:, :known]

        def costs(rows: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return first_order_costs(
                scenarios[t][rows], sizes, net[rows], ahead[rows], terms.iloc[rows], levels.take(rows)
            )

        return up_or_not_at_all(wanted, costs)

    return _run(case, decide)


def replay_rule(case: Case, name: str) -> Replay:
    """One of `RULES`, on the demand of the past; min-max is set once, the others follow every review."""
    terms = case.economics
    cover = (terms["lead_time_periods"] + terms["review_period_periods"]).to_numpy(int)
    pack, minimum = column(terms, "pack_units"), column(terms, "min_order_units")
    n_before = case.history.shape[1] - case.demand.shape[1]

    def decide(t: int, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
        seen = case.history[:, : n_before + (0 if name == "min_max" else t)]
        return round_up(_wanted(RULES[name](seen, cover, case.period_days), net, coming), pack, minimum)

    return _run(case, decide)


def _run(case: Case, decide: Decide) -> Replay:
    return replay(case.demand, decide, case.initial_stock, case.initial_pipeline, case.economics)


def _wanted(levels: Levels, net: np.ndarray, coming: np.ndarray) -> np.ndarray:
    position = net + coming.sum(axis=1)
    below = position <= levels.reorder_point
    return np.where(below, np.maximum(levels.order_up_to_level - position, 0.0), 0.0)


def _scaled_shortage(case: Case, multiple: float) -> Case:
    terms = case.economics.assign(
        shortage_cost_per_unit=case.economics["shortage_cost_per_unit"] * multiple,
        backorder_cost_per_unit_period=case.economics["backorder_cost_per_unit_period"] * multiple,
    )
    return Case(case.demand, case.history, case.initial_stock, case.initial_pipeline, terms, case.period_days)


def _stock_in_the_morning(stock_history: pd.DataFrame, sku: np.ndarray, first: np.datetime64) -> np.ndarray:
    """Units at the start of the first period, added over locations; NaN where the history does not say."""
    if stock_history.empty:
        return np.full(len(sku), np.nan)
    day = pd.Timestamp(first)
    rows = stock_history[stock_history["date"] == day].groupby("sku")["open_units"].sum(min_count=1)
    return rows.reindex(sku).to_numpy(float)


def _costs_by_period(case: Case, kinds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Cost of all products by period, (n_period,), by kind and in all; only counted periods."""
    found = {kind: (kinds[kind] * case.counted).sum(axis=0) for kind in KINDS}
    return found | {"total": np.sum(list(found.values()), axis=0)}


def _service(case: Case, run: Replay) -> dict[str, float]:
    """Fill rate, cycle service, stock and turnover over the counted periods."""
    counted = case.counted
    cost = column(case.economics, "unit_cost")
    n_periods = case.demand.shape[1]
    stock = average_stock_value(
        np.where(counted, run.start_units, 0.0) * n_periods / counted.sum(axis=1, keepdims=True).clip(1),
        np.where(counted, run.close_units, 0.0) * n_periods / counted.sum(axis=1, keepdims=True).clip(1),
        cost,
    )
    sold = (run.demand_units - run.lost_units) * counted
    days = counted.sum(axis=1) * case.period_days
    sold_at_cost = float((sold.sum(axis=1) * cost * n_periods * case.period_days / np.maximum(days, 1)).sum())
    return {
        "fill_rate": fill_rate(run.served_units * counted, run.demand_units * counted),
        "cycle_service": cycle_service(run.received_units, (run.demand_units - run.served_units) * counted),
        "average_stock_value": stock,
        "turnover": turnover(sold_at_cost, stock, days=n_periods * case.period_days),
    }


def _frontier_point(label: str, case: Case, run: Replay, *, here: bool) -> dict[str, object]:
    service = _service(case, run)
    return {
        "label": label,
        "fill_rate": service["fill_rate"],
        "stock_value": service["average_stock_value"],
        "here": here,
    }


def _backtest_table(
    case: Case,
    runs: dict[str, Replay],
    costs: dict[str, dict[str, np.ndarray]],
    rng: np.random.Generator,
) -> pd.DataFrame:
    nothing = dict.fromkeys(["fill_rate", "cycle_service", "average_stock_value", "turnover"], np.nan)
    rows = []
    for name, kinds in costs.items():
        service = _service(case, runs[name]) if name in runs else nothing
        for kind, by_period in kinds.items():
            low, high = block_bootstrap(by_period, rng)
            row = {"policy": name, "cost_kind": kind, "value": by_period.sum(), "low": low, "high": high}
            rows.append(row | service)
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


def _notes(path: DemandPath, n_periods: int, best_rule: str, stock_known: bool, truth: bool) -> pd.DataFrame:
    units, estimated = path.units[:, -n_periods:], path.estimated[:, -n_periods:]
    share = float((units * estimated).sum() / max(units.sum(), 1.0))
    values = {
        "periods_replayed": n_periods,
        "first_period": str(path.period[-n_periods]),
        "demand": "true demand" if truth else "sales, estimated where stock ran out",
        "estimated_share_of_demand": 0.0 if truth else round(share, 4),
        "best_rule": best_rule,
        "stock_at_the_start": "from the stock history" if stock_known else "assumed: four periods of sales",
        "rules_see": "estimated demand, not capped sales",
        "not_counted": "periods before the first order could arrive",
        "perfect_information": "a bound: without packs, minimum orders and waiting customers",
    }
    return pd.DataFrame({"name": list(values), "value": [str(value) for value in values.values()]})
