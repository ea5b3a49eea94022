"""The usual approximate (r, Q) policies, to teach with and to compare: `reorder_quantity` has the exact ones.

Notation as there: D the demand in the lead time, n and n2 its first- and second-order loss, K the fixed cost,
lambda the demand rate, h the holding cost, p the stockout cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from invnb.inventory.checks import Floats, plain
from invnb.inventory.laws import Normal
from invnb.inventory.reorder_quantity import ReorderQuantity, policy_cost, rq_arguments, until_still


def rq_expected_inventory_level(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> ReorderQuantity:
    """Return (r, Q) by the expected-inventory-level approximation; the stockout cost is per unit short, once.

    Stock is taken as r - E D + Q / 2 on average, which ignores that it cannot be negative:
    C = h (r - E D + Q / 2) + K lambda / Q + p lambda n(r) / Q. The two conditions of its minimum,
    Q = sqrt(2 lambda (K + p n(r)) / h) and P(D > r) = h Q / (p lambda), are applied in turn to a fixed point.

    Parameters
    ----------
    holding_cost, fixed_cost, demand_mean, demand_sd, lead_time : as in `reorder_quantity.rq_normal`.
    stockout_cost : currency per unit short, however long it waits, above zero.

    Returns
    -------
    ReorderQuantity with the approximation's own cost.

    Raises
    ------
    ValueError : for values out of range, or a stockout cost too low for the rule (h Q >= p lambda).

    Source: Hadley & Whitin (1963), chapter 4; Snyder & Shen (2019), equations 5.16 to 5.18.

    Examples
    --------
    >>> rule = rq_expected_inventory_level(0.225, 7.5, 8, demand_mean=1300, demand_sd=150, lead_time=1 / 12)
    >>> round(rule.reorder_point, 2), round(rule.order_quantity, 2), round(rule.cost, 2)
    (213.97, 318.59, 95.45)
    """
    h, p, K, mean, sd, L = rq_arguments(
        holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time
    )
    D = Normal(mean * L, sd * np.sqrt(L))
    Q = np.sqrt(2 * K * mean / h)

    def reorder_point(Q: Floats) -> Floats:
        uncovered = h * Q / (p * mean)
        if np.any(uncovered >= 1):
            raise ValueError(
                "stockout_cost must be above holding_cost * order_quantity / demand_mean for this rule, got "
                f"{p[uncovered >= 1].flat[0]:g} against {(h * Q / mean)[uncovered >= 1].flat[0]:g}"
            )
        return D.quantile(1 - uncovered)

    Q, iterations = until_still(lambda Q: np.sqrt(2 * mean * (K + p * D.loss(reorder_point(Q))) / h), Q)
    r = reorder_point(Q)
    cost = h * (r - D.mean + Q / 2) + (K + p * D.loss(r)) * mean / Q
    return ReorderQuantity(plain(r), plain(Q), plain(cost), iterations)


def rq_loss_function(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> ReorderQuantity:
    """Return (r, Q) by iterating the loss functions, with nothing short at r + Q.

    The exact cost without its terms at r + Q has the conditions n(r) = h Q / (h + p) and
    Q = sqrt(2 (K lambda + (h + p) n2(r)) / h), applied in turn to a fixed point.

    Parameters
    ----------
    all arguments : as in `reorder_quantity.rq_normal`.

    Returns
    -------
    ReorderQuantity with the approximation's own cost, h (r + Q - E D).

    Raises
    ------
    ValueError : for values out of range or shapes that do not combine.

    Source: Hadley & Whitin (1963), chapter 4; Snyder & Shen (2019), equations 5.28 and 5.29.

    Examples
    --------
    >>> rule = rq_loss_function(0.225, 7.5, 8, demand_mean=1300, demand_sd=150, lead_time=1 / 12)
    >>> round(rule.reorder_point, 4), round(rule.order_quantity, 4)
    (126.8671, 328.4491)
    """
    h, p, K, mean, sd, L = rq_arguments(
        holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time
    )
    D = Normal(mean * L, sd * np.sqrt(L))
    Q = np.sqrt(2 * K * mean / h)

    def reorder_point(Q: Floats) -> Floats:
        return _loss_root(h * Q / (h + p), D)

    Q, iterations = until_still(
        lambda Q: np.sqrt(2 * (K * mean + (h + p) * D.loss2(reorder_point(Q))) / h), Q
    )
    r = reorder_point(Q)
    return ReorderQuantity(plain(r), plain(Q), plain(h * (r + Q - D.mean)), iterations)


def rq_eoq_backorders(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> ReorderQuantity:
    """Return (r, Q) with Q the EOQ with backorders and r the best for that Q.

    r solves G(r) = G(r + Q), G the cost rate of holding and backorders, by halving the interval of length Q
    that ends at the position of least G. The cost is at most an eighth above the optimum.

    Parameters
    ----------
    all arguments : as in `reorder_quantity.rq_normal`.

    Returns
    -------
    ReorderQuantity; cost is the exact cost of the rule's policy.

    Raises
    ------
    ValueError : for values out of range or shapes that do not combine.

    Source: Zheng (1992), Management Science 38(1):87-103, also for the eighth; Snyder & Shen (2019), eq. 5.9.

    Examples
    --------
    >>> rule = rq_eoq_backorders(0.225, 7.5, 8, demand_mean=1300, demand_sd=150, lead_time=1 / 12)
    >>> round(rule.reorder_point, 2), round(rule.order_quantity, 2), round(rule.cost, 2)
    (128.64, 308.57, 78.2)
    """
    h, p, K, mean, sd, L = rq_arguments(
        holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time
    )
    D = Normal(mean * L, sd * np.sqrt(L))
    Q = np.sqrt(2 * K * mean * (h + p) / (h * p))
    high = D.quantile(p / (h + p))
    low = high - Q
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        # G(r + Q) - G(r) rises with r
        short = h * Q + (h + p) * (D.loss(middle + Q) - D.loss(middle)) < 0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return ReorderQuantity(plain(high), plain(Q), plain(policy_cost(high, Q, h, p, K * mean, D)), _HALVINGS)


def rq_eoq_safety_stock(
    holding_cost: ArrayLike,
    stockout_cost: ArrayLike,
    fixed_cost: ArrayLike,
    demand_mean: ArrayLike,
    demand_sd: ArrayLike,
    lead_time: ArrayLike,
) -> ReorderQuantity:
    """Return (r, Q) as EOQ plus safety stock: the rule of thumb, in closed form.

    Q is the EOQ without backorders; r is the p / (h + p) quantile of lead-time demand.

    Parameters
    ----------
    all arguments : as in `reorder_quantity.rq_normal`.

    Returns
    -------
    ReorderQuantity; cost is the exact cost of the rule's policy.

    Raises
    ------
    ValueError : for values out of range or shapes that do not combine.

    Source: Snyder & Shen (2019), equation 5.21.

    Examples
    --------
    >>> rule = rq_eoq_safety_stock(0.225, 7.5, 8, demand_mean=1300, demand_sd=150, lead_time=1 / 12)
    >>> round(rule.reorder_point, 2), round(rule.order_quantity, 2), round(rule.cost, 2)
    (190.34, 304.05, 87.05)
    """
    h, p, K, mean, sd, L = rq_arguments(
        holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time
    )
    D = Normal(mean * L, sd * np.sqrt(L))
    Q, r = np.sqrt(2 * K * mean / h), D.quantile(p / (h + p))
    return ReorderQuantity(plain(r), plain(Q), plain(policy_cost(r, Q, h, p, K * mean, D)), 1)


_HALVINGS = 60  # an interval of one order halved to below the spacing of float64


def _loss_root(loss: Floats, D: Normal) -> Floats:
    """Return r with n(r) = loss, by Newton from the left (n is convex and falling, above its asymptote)."""
    return until_still(
        lambda r: np.maximum(r, r + (D.loss(r) - loss) / D.sf(r)), D.mean - loss, D.mean + D.sd
    )[0]
