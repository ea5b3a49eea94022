"""The policy of every product under its own demand scenarios: table `policy`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.first_order import Levels, column
from invnb.decide.review import levels_from_scenarios
from invnb.forecast.scenarios import Scenarios
from invnb.inventory.rollout import level_rise


def policy_table(
    scenarios: Scenarios,
    economics: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    shortage_multiple: float = 1.0,
) -> pd.DataFrame:
    """Policy per product under its demand scenarios, lead time, lost sales and order cost: table `policy`.

    The levels are those of this review; at later ones they follow the demand with the same safety factor.

    A unit costs more than its price where it takes up a scarce limit: the shadow price of the first period's
    limits is added to the unit cost, which lowers what a lost unit costs and raises what a held one does.

    Parameters
    ----------
    scenarios : demand scenarios.
    economics : table `economics`.
    limits : table `limits` (may be empty).
    shortage_multiple : factor on what a lost unit is taken to cost, learned from past reviews.

    Returns
    -------
    DataFrame with `sku`, `policy` ("(s, S)", "base stock" or "not stocked"), `reorder_point` (-1
    where not stocked), `order_up_to_level`, `safety_factor` (standard deviations of the demand that
    an order has to last for, above its mean), `expected_cost_per_period`, `lead_time_periods`,
    `review_period_periods`, `limit_price_per_unit`, `priced_reorder_point`, `priced_order_up_to_level` (the
    levels at unit cost plus limit price), `shortage_multiple`.
    """
    terms = align(economics, scenarios.sku)
    levels = levels_from_scenarios(scenarios.units, terms, shortage_multiple)
    price = _limit_price_per_unit(terms, limits)
    priced = levels
    if price.any():
        margin = np.maximum(column(terms, "shortage_cost_per_unit") - price, 0.0)
        held = column(terms, "holding_cost_per_unit_period") * (1 + price / column(terms, "unit_cost"))
        dearer = terms.assign(shortage_cost_per_unit=margin, holding_cost_per_unit_period=held)
        priced = levels_from_scenarios(scenarios.units, dearer, shortage_multiple)
    base_stock = levels.order_up_to_level - levels.reorder_point <= 1
    stocked = np.isfinite(levels.reorder_point)
    factor = np.nan if levels.safety_factor is None else levels.safety_factor
    return pd.DataFrame(
        {
            "sku": scenarios.sku,
            "policy": np.select([~stocked, base_stock], ["not stocked", "base stock"], default="(s, S)"),
            "reorder_point": _shown(levels.reorder_point),
            "order_up_to_level": levels.order_up_to_level,
            "safety_factor": np.where(stocked, factor, np.nan),
            "expected_cost_per_period": levels.expected_cost_per_period,
            "lead_time_periods": terms["lead_time_periods"].to_numpy(),
            "review_period_periods": terms["review_period_periods"].to_numpy(),
            "limit_price_per_unit": price,
            "priced_reorder_point": _shown(priced.reorder_point),
            "priced_order_up_to_level": priced.order_up_to_level,
            "shortage_multiple": shortage_multiple,
        }
    )


def levels_of(policy: pd.DataFrame, demand: np.ndarray | None = None) -> Levels:
    """Table `policy` as arrays.

    Parameters
    ----------
    policy : one row per product.
    demand : (n_sku, n_scenario, n_period), scenarios of these products in the same order: the levels then
        follow them, as they did when the policy was found. None: the levels stay as they are.
    """
    rise = None
    if demand is not None and "safety_factor" in policy:
        window = policy["lead_time_periods"] + policy["review_period_periods"]
        rise = level_rise(demand, window.fillna(1).to_numpy(int), column(policy, "safety_factor"))
    reorder_point = column(policy, "reorder_point")
    if "policy" in policy:
        reorder_point = np.where(policy["policy"] == "not stocked", -np.inf, reorder_point)
    return Levels(
        reorder_point,
        column(policy, "order_up_to_level"),
        column(policy, "expected_cost_per_period"),
        rise,
        shortage_multiple=_one_multiple(policy),
    )


def _one_multiple(policy: pd.DataFrame) -> float:
    """The price of a lost unit behind the levels; 1 where the table does not say."""
    known = policy["shortage_multiple"].dropna() if "shortage_multiple" in policy else pd.Series(dtype=float)
    return float(known.iloc[0]) if len(known) else 1.0


def _shown(reorder_point: np.ndarray) -> np.ndarray:
    """A reorder point for a table: -1, which no stock is at or below, where nothing is ever ordered."""
    return np.where(np.isfinite(reorder_point), reorder_point, -1.0)


def align(table: pd.DataFrame, sku: np.ndarray) -> pd.DataFrame:
    """Rows of `table` in the order of `sku`; a product that is not there has an empty row."""
    return table.set_index("sku").reindex(pd.Index(sku, name="sku")).reset_index()


def _limit_price_per_unit(economics: pd.DataFrame, limits: pd.DataFrame) -> np.ndarray:
    """What the shadow prices of the next period's limits add to the cost of a unit, currency, (n_sku,)."""
    use = {"budget": column(economics, "unit_cost"), "storage": column(economics, "volume_m3")}
    price = np.zeros(len(economics))
    if limits.empty:
        return price
    now = limits[limits["period"] == limits["period"].min()]
    for name, shadow_price in zip(now["limit"], now["shadow_price"], strict=True):
        if name in use and np.isfinite(shadow_price):
            price += max(float(shadow_price), 0.0) * use[name]
    return price
