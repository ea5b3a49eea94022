"""A policy learned by trial and error, to be put beside the exact ones: on published problems and on a shop.

Proximal policy optimisation, as stable-baselines3 has it, plays `invnb.decide.ordering_env`. It is told
neither the law of demand nor the costs: it sees stock, orders on the way and what else its task shows, and
pays for each period. A trained policy is a function of observations, an `Actor`. Needs the extra
`learned-policy`.

Source: Schulman, J. et al. (2017), Proximal policy optimization algorithms; on these very problems an earlier
algorithm: Gijsbrechts, J. et al. (2022), Can deep reinforcement learning improve inventory management?,
Manufacturing & Service Operations Management 24(3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from invnb.decide.case import Case, orders_arrive_on_sale, replay_decisions
from invnb.decide.first_order import column, round_up
from invnb.decide.ordering_env import OrderingEnv, OrderingTask
from invnb.decide.replay import Replay
from invnb.inventory.lost_sales import LostSalesPolicy, LostSalesProblem
from invnb.inventory.lost_sales_rules import evaluated_policy

Floats = NDArray[np.float64]
Actor = Callable[[NDArray[np.float32]], NDArray[np.int64]]
"""Function of observations (n, n_seen): the actions (n,)."""

N_STEPS = 1_500_000
"""Periods lived through in training on a published problem: some seventy seconds on one core."""

LEARNING_RATE = 1e-3  # at the start, falling to nothing
SETTINGS: dict[str, Any] = {
    "n_steps": 128,  # of each environment between two updates
    "batch_size": 1024,
    "n_epochs": 5,
    "gamma": 0.97,
    "gae_lambda": 0.95,
    "ent_coef": 0.005,
}
"""Chosen on three published problems and one shop, all with a seed of their own; the same for every task."""

N_ENVS = 32  # episodes played side by side
N_PATHS = 4096  # demand paths a published problem is played on
EPISODE_PERIODS = 128  # of such a path
ROOM = 1.5  # largest position, over the largest an optimal order leads to

LOTS_PER_PERIOD = 2  # on a shop: a lot is half a mean period's demand, an order at most that of 12 periods
LARGEST_ORDER_PERIODS = 12
LEAST_MEAN_UNITS = 0.25  # a product that hardly sells is scaled as if it sold so much in a period
N_ROUNDS = 3  # scenario paths played one after the other in an episode


def train_policy(task: OrderingTask, *, seed: int, n_steps: int = N_STEPS) -> Actor:
    """Learn a policy for a task; the same seed gives the same policy on the same machine.

    Parameters
    ----------
    task : what to play.
    seed : of starts, paths, weights and exploration.
    n_steps : periods lived through.

    Returns
    -------
    The policy without exploration: in each state the action it thinks best.

    Raises
    ------
    ImportError : where stable-baselines3 is not installed.
    """
    try:
        import torch
        from stable_baselines3 import PPO
        from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize
    except ImportError as error:
        raise ImportError("stable-baselines3 is not installed: make learned") from error

    torch.set_num_threads(1)
    envs = DummyVecEnv([lambda: OrderingEnv(task)] * N_ENVS)
    rewards_of_about_one = VecNormalize(envs, norm_obs=False, gamma=SETTINGS["gamma"], clip_reward=1e3)
    model = PPO(
        "MlpPolicy",
        rewards_of_about_one,
        learning_rate=lambda left: LEARNING_RATE * left,
        seed=seed,
        device="cpu",
        **SETTINGS,
    )
    model.learn(n_steps)
    return lambda seen: model.predict(seen, deterministic=True)[0]


def lost_sales_task(problem: LostSalesProblem, seed: int) -> OrderingTask:
    """The task of one product with lost sales: an action is an order in units.

    An order is at most what an optimal one can be (Morton 1969). Stock and orders may rise half as far again
    as an optimal order lifts them: not to order too much has to be learned.

    Parameters
    ----------
    problem : from `invnb.inventory.lost_sales.lost_sales_problem`.
    seed : of the demand paths.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> task = lost_sales_task(lost_sales_problem(poisson_pmf(5), lead_time_periods=2,
    ...     holding_cost_per_unit_period=1, shortage_cost_per_unit=4), seed=1)
    >>> task.n_lots, task.largest_position_units.tolist()
    (7, [27.0])
    """
    rng = np.random.default_rng(seed)
    demand = rng.choice(len(problem.law), (1, N_PATHS, EPISODE_PERIODS), p=problem.law)
    mean = max(float(problem.law @ np.arange(len(problem.law))), LEAST_MEAN_UNITS)
    h, one, none = problem.holding_cost_per_unit_period, np.ones(1), np.zeros(1)
    return OrderingTask(
        demand=demand.astype(float),
        lead_time_periods=np.array([problem.lead_time_periods]),
        scale_units=mean * (problem.lead_time_periods + 1) * one,
        lot_units=one,
        n_lots=max(int(problem.limits[0]), 1),
        largest_position_units=np.ceil(ROOM * problem.limits[-1]) * one,
        reference_cost_per_period=h * mean * one,
        holding_cost_per_unit_period=h * one,
        shortage_cost_per_unit=problem.shortage_cost_per_unit * one,
        backorder_cost_per_unit_period=none,
        order_cost=none,
        lost_share=one,
        review_period_periods=np.ones(1, dtype=np.int64),
        min_order_units=none,
        pack_units=none,
        features=np.zeros((1, EPISODE_PERIODS, 0)),
    )


def tabulated(problem: LostSalesProblem, task: OrderingTask, actor: Actor) -> LostSalesPolicy:
    """A learned policy as a table of orders, with its exact average cost.

    Parameters
    ----------
    problem, task : the task is `lost_sales_task` of the problem.
    actor : from `train_policy`.

    Returns
    -------
    `LostSalesPolicy` named "learned", to stand beside those of `invnb.inventory.lost_sales_rules`.

    Examples
    --------
    >>> from invnb.inventory.demand import poisson_pmf
    >>> from invnb.inventory.lost_sales import lost_sales_problem
    >>> problem = lost_sales_problem(poisson_pmf(5), lead_time_periods=2, holding_cost_per_unit_period=1,
    ...                              shortage_cost_per_unit=4)
    >>> always_four = lambda seen: np.full(len(seen), 4)
    >>> round(tabulated(problem, lost_sales_task(problem, 1), always_four).cost_per_period, 3)
    5.271
    """
    largest, level = task.n_lots, int(task.largest_position_units[0])
    n_older = problem.lead_time_periods - 1
    pipe = np.arange((largest + 1) ** n_older)
    powers = (largest + 1) ** np.arange(n_older - 1, -1, -1)
    on_way = pipe[:, None] // powers % (largest + 1)  # soonest first, the digits of the pipe
    room = level - on_way.sum(axis=1)[:, None] - np.arange(level + 1)
    which, on_hand = np.nonzero(room >= 0)
    seen = task.observation(np.zeros(len(which), int), 0, on_hand.astype(float), on_way[which].astype(float))
    orders = np.full(room.shape, -1, dtype=np.int16)
    orders[which, on_hand] = np.minimum(actor(seen), room[which, on_hand])
    return evaluated_policy("learned", problem, orders, largest)


def scenarios_task(scenarios: Sequence[Floats], economics: pd.DataFrame, seed: int) -> OrderingTask:
    """The task of all products of a shop: every product at every review is a row, its paths are to be played.

    The policy is one for all. It sees stock and orders in units of the mean demand over lead time and review,
    the forecast, its spread and the product's terms (`terms_seen`).

    Parameters
    ----------
    scenarios : for each review, demand paths (n_sku, n_scenario, n_ahead).
    economics : table `economics`, one row per product; lead times of 1 period or more.
    seed : of the order in which paths follow each other.
    """
    rng = np.random.default_rng(seed)
    terms = pd.concat([economics] * len(scenarios), ignore_index=True)
    paths = np.concatenate(list(scenarios))
    mean, scale = _scales(paths, terms)
    features = np.tile(terms_seen(paths, terms), (1, N_ROUNDS, 1))
    rounds = [paths[:, rng.permutation(paths.shape[1])] for _ in range(N_ROUNDS)]
    h, order_cost = column(terms, "holding_cost_per_unit_period"), column(terms, "order_cost")
    return OrderingTask(
        demand=np.concatenate(rounds, axis=2),
        lead_time_periods=terms["lead_time_periods"].to_numpy(int),
        scale_units=scale,
        lot_units=mean / LOTS_PER_PERIOD,
        n_lots=LOTS_PER_PERIOD * LARGEST_ORDER_PERIODS,
        largest_position_units=np.full(len(terms), np.inf),
        reference_cost_per_period=h * scale + np.sqrt(2 * order_cost * h * mean),
        holding_cost_per_unit_period=h,
        shortage_cost_per_unit=column(terms, "shortage_cost_per_unit"),
        backorder_cost_per_unit_period=column(terms, "backorder_cost_per_unit_period"),
        order_cost=order_cost,
        lost_share=column(terms, "lost_share"),
        review_period_periods=terms["review_period_periods"].to_numpy(int),
        min_order_units=column(terms, "min_order_units"),
        pack_units=column(terms, "pack_units"),
        features=features,
    )


def terms_seen(paths: Floats, economics: pd.DataFrame) -> Floats:
    """What the policy of a shop sees besides stock and orders, (n_row, n_ahead, 8), each of about one.

    Mean and spread of the demand from each period on over lead time and review (the paths are taken to go
    round), lead time, review period, shortage to holding cost, economic order quantity, least order, and mean
    demand, the last three as periods of demand or logarithm.

    Parameters
    ----------
    paths : (n_row, n_path, n_ahead), units. `economics` : one row per row of `paths`.
    """
    n_ahead = paths.shape[2]
    mean, scale = _scales(paths, economics)
    cover = np.minimum(_cover(economics), n_ahead)
    sums = np.cumsum(np.concatenate([np.zeros((*paths.shape[:2], 1)), paths, paths], axis=2), axis=2)
    last = (np.arange(n_ahead) + cover[:, None])[:, None]
    over_cover = np.take_along_axis(sums, last, axis=2) - sums[:, :, :n_ahead]
    h = np.maximum(column(economics, "holding_cost_per_unit_period"), 1e-9)
    least = np.maximum(column(economics, "pack_units"), column(economics, "min_order_units"))
    fixed = (
        column(economics, "lead_time_periods") / 4,
        column(economics, "review_period_periods"),
        np.log(np.maximum(column(economics, "shortage_cost_per_unit") / h, 1.0)) / 4,
        np.sqrt(2 * column(economics, "order_cost") / (h * mean)) / 4,
        least / mean / 4,
        np.log(mean) / 2,
    )
    moving = (over_cover.mean(axis=1) / scale[:, None], 2 * over_cover.std(axis=1) / scale[:, None])
    return np.stack([*moving, *(np.repeat(value[:, None], n_ahead, axis=1) for value in fixed)], axis=2)


def replay_learned(case: Case, scenarios: Sequence[Floats], actor: Actor) -> Replay:
    """A learned policy on the ground of the backtest, where it meets the demand that really came.

    Parameters
    ----------
    case : the ground, with the economics the policy was trained for.
    scenarios : for each period, demand paths (n_sku, n_scenario, n_ahead) known at the review before it.
    actor : from `train_policy` on a `scenarios_task`.
    """
    economics = case.economics
    lead = economics["lead_time_periods"].to_numpy(int)
    rows, longest = np.arange(len(lead)), int(lead.max())
    arrives_on_sale = orders_arrive_on_sale(case)

    def decide(t: int, net: Floats, coming: Floats) -> Floats:
        task = scenarios_task([scenarios[t]], economics, seed=0)
        ahead = np.zeros((len(lead), longest))
        known = min(longest, coming.shape[1])
        ahead[:, :known] = coming[:, :known]
        ahead[rows, lead - 1] += coming[:, known:].sum(axis=1)  # a first delivery still far off
        action = actor(task.observation(rows, 0, net + ahead[:, 0], ahead[:, 1:]))
        units = np.where(arrives_on_sale[:, t], action * task.lot_units, 0.0)
        return round_up(units, task.pack_units, task.min_order_units)

    return replay_decisions(case, decide)


def _cover(economics: pd.DataFrame) -> NDArray[np.int64]:
    """Periods an order has to last for."""
    return (economics["lead_time_periods"] + economics["review_period_periods"]).to_numpy(int)


def _scales(paths: Floats, economics: pd.DataFrame) -> tuple[Floats, Floats]:
    """Mean demand of a period, and of lead time and review, (n_row,) units."""
    mean = np.maximum(paths.mean(axis=(1, 2)), LEAST_MEAN_UNITS)
    return mean, mean * _cover(economics)
