"""Stock ahead of every product on the scenario paths, with this order and without any."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.decide.first_order import column, first_order_policy, unmet
from invnb.decide.policy import align, levels_of
from invnb.decide.position import inbound_array
from invnb.decide.review_state import ReviewState
from invnb.inventory.order_policies import fixed_orders
from invnb.inventory.simulation import trajectories


def project_stock(state: ReviewState, orders: pd.DataFrame) -> pd.DataFrame:
    """Table `projection`: stock at the end of each period, with this review's order and the policy later.

    Quantiles are of one product and one period; they do not add up over products or periods.

    Parameters
    ----------
    state : the shop on the day of the review. `orders` : the table proposed.

    Returns
    -------
    DataFrame with `sku`, `period`, `stock_p10`, `stock_p50`, `stock_p90`, `without_order_p50` (nothing
    ordered, now or later), `inbound_units` (open orders arriving), `order_units` (this proposal arriving),
    `stockout_probability` (of unmet demand in the period, with the order).
    """
    scenarios = state.scenarios
    terms = align(state.economics, scenarios.sku)
    net = align(state.position, scenarios.sku)["net_units"].to_numpy(float)
    coming = inbound_array(state.inbound, scenarios.sku, scenarios.period)
    ordered = align(orders[["sku", "order_units"]], scenarios.sku)["order_units"].fillna(0.0).to_numpy(float)
    n_sku, _, n_period = scenarios.units.shape

    levels = levels_of(align(state.policy, scenarios.sku), scenarios.units)
    lead = terms["lead_time_periods"].to_numpy(int)
    share = column(terms, "lost_share")
    ours = trajectories(
        first_order_policy(ordered, terms, levels, n_period),
        scenarios.units,
        lead_time_periods=lead,
        initial_on_hand=net,
        pipeline=coming,
        lost_share=share,
        review_period_periods=terms["review_period_periods"].to_numpy(int),
    )
    bare = trajectories(
        fixed_orders(0.0), scenarios.units, initial_on_hand=net, pipeline=coming, lost_share=share
    )
    stock = np.quantile(ours.end_stock_units, [0.1, 0.5, 0.9], axis=1, method="inverted_cdf")
    without = np.quantile(bare.end_stock_units, 0.5, axis=1, method="inverted_cdf")
    arriving = np.zeros((n_sku, n_period))
    inside = lead < n_period
    arriving[np.flatnonzero(inside), lead[inside]] = ordered[inside]
    return pd.DataFrame(
        {
            "sku": np.repeat(scenarios.sku.astype(object), n_period),
            "period": np.tile(scenarios.period.astype("datetime64[ns]"), n_sku),
            "stock_p10": stock[0].ravel(),
            "stock_p50": stock[1].ravel(),
            "stock_p90": stock[2].ravel(),
            "without_order_p50": without.ravel(),
            "inbound_units": coming.ravel(),
            "order_units": arriving.ravel(),
            "stockout_probability": unmet(ours, net).mean(axis=1).ravel(),
        }
    )
