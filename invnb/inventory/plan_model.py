"""The order plan as sparse matrices: minimise c'x with A_ub x <= b_ub, A_eq x = b_eq and bounds.

Columns: orders Q (product, tier, node), order yes/no Y (same), supplier yes/no Z (supplier, node), then
per product, scenario and period closing stock S, unmet new demand U, and R: customers who waited before
and still wait. A node is a set of scenarios that must decide alike at one review. Waiting customers at the
end of a period are R + (1 - lost_share) U. Each shared limit and each floor is a named row, so that it can
be priced and relaxed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from invnb.inventory.checks import Floats, Whole
from invnb.inventory.plan_data import Limit as Limit
from invnb.inventory.plan_data import PriceTiers as PriceTiers
from invnb.inventory.plan_data import Problem, SharedLimit
from invnb.inventory.plan_rows import RowGroup, Rows, Term


@dataclass(frozen=True)
class Programme:
    """Matrices of a plan with where its columns stand."""

    cost: Floats
    a_ub: sparse.csr_array
    b_ub: Floats
    a_eq: sparse.csr_array
    b_eq: Floats
    low: Floats
    high: Floats
    integrality: NDArray[np.uint8]
    groups: list[RowGroup]
    q: Whole  # (P, K, V) column numbers
    y: Whole  # (P, K, V), -1: no such column
    z: Whole  # (n_supplier, V), -1: no such column
    s: Whole  # (P, S, T)
    u: Whole  # (P, S, T)
    r: Whole  # (P, S, T), -1: no such column
    scale: Floats  # (P,) units per count of Q
    option_price: Floats  # (P, K, T)
    tier_least: Floats  # (P, K, 1), units of the smallest order in a tier


def build(p: Problem) -> Programme:
    """Return the programme of a plan."""
    P, S, T = p.demand.shape
    V = len(p.node_period)
    low, high, price, intercept, fixed = _options(p)
    K = low.shape[1]
    counter = 0

    def columns(mask: NDArray[np.bool_]) -> Whole:
        nonlocal counter
        number = np.where(mask, counter + np.cumsum(mask.ravel()).reshape(mask.shape) - 1, -1)
        counter += int(mask.sum())
        return number

    q = columns(np.ones((P, K, V), dtype=bool))
    y = columns(np.broadcast_to(fixed[:, None, None], (P, K, V)))
    z = columns(np.broadcast_to((p.supplier_min > 0)[:, None], (len(p.supplier_min), V)))
    s = columns(np.ones((P, S, T), dtype=bool))
    u = columns(np.ones((P, S, T), dtype=bool))
    r = columns(np.broadcast_to(((p.lost_share < 1) | (p.initial < 0))[:, None, None], (P, S, T)))

    scale = np.where(p.pack > 0, p.pack, 1.0)
    arrives = p.node_period + p.lead[:, None] < T  # (P, V)
    most = _most_useful(p, low, price)  # (P, V)
    start = np.where(np.isfinite(low), low, 0.0)
    room = np.where(fixed[:, None], high, high - start)[:, :, None]
    room = np.where(np.isfinite(low)[:, :, None] & arrives[:, None, :], room, 0.0)
    cap = np.minimum(room, most[:, None, :])  # what a yes/no switches on
    least = np.where(np.isfinite(low), np.maximum(low, p.min_order[:, None]), 0.0)
    # bounds in whole packs: HiGHS's presolve goes wrong on whole numbers whose bounds are not whole
    packed = (p.pack > 0)[:, None]
    cap = np.where(packed[:, :, None], _down(cap / scale[:, None, None]) * scale[:, None, None], cap)
    room = np.where(packed[:, :, None], _down(room / scale[:, None, None]) * scale[:, None, None], room)
    least = np.where(packed, -_down(-least / scale[:, None]) * scale[:, None], least)

    cost = np.zeros(counter)
    cost[q] = p.node_probability * price[:, :, p.node_period] * scale[:, None, None]
    cost[y[y >= 0]] = (p.node_probability * (p.order_cost[:, None] + intercept)[:, :, None])[y >= 0]
    weight = p.probability[:, None]
    late = np.zeros((P, 1, T))
    late[:, 0, -1] = p.unit_cost[:, -1]
    waiting = np.where(np.isinf(p.backorder), 0.0, p.backorder)[:, None, None] + late
    margin = np.where(np.isinf(p.shortage), 0.0, p.shortage)
    lost = margin[:, None, None] + p.unit_cost[:, None, :]
    share = p.lost_share[:, None, None]
    end = np.zeros((P, 1, T))
    end[:, 0, -1] = p.salvage
    cost[s] = weight * (p.holding[:, None, :] - end)
    cost[u] = weight * (share * lost + (1 - share) * waiting)
    cost[r[r >= 0]] = np.broadcast_to(weight * waiting, r.shape)[r >= 0]

    upper = np.full(counter, np.inf)
    upper[q] = np.where(fixed[:, None, None], cap, room) / scale[:, None, None]
    upper[y[y >= 0]] = 1.0
    upper[z[z >= 0]] = 1.0
    upper[u] = p.demand
    whole = np.zeros(counter, dtype=np.uint8)
    soon = p.node_period < p.whole_periods
    for column in (np.where(p.pack[:, None, None] > 0, q, -1), y, z):
        whole[column[(column >= 0) & soon]] = 1

    equal, below = Rows(), Rows()
    _balance_rows(p, equal, below, q, s, u, r, scale)
    _order_rows(p, below, q, y, z, scale, price, intercept, least, cap)
    _limit_rows(p, below, q, y, s, u, r, scale, price, intercept)
    a_eq, b_eq = equal.matrix(counter)
    a_ub, b_ub = below.matrix(counter)
    return Programme(
        cost,
        a_ub,
        b_ub,
        a_eq,
        b_eq,
        np.zeros(counter),
        upper,
        whole,
        below.groups,
        q,
        y,
        z,
        s,
        u,
        r,
        scale,
        price,
        least[:, :, None],
    )


def _down(packs: Floats) -> Floats:
    """Return whole packs, a billionth short of the next one counted as it."""
    return np.floor(packs + 1e-9)


def _options(p: Problem) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """Return low, high (P, K), price (P, K, T), intercept (P, K), and which products need a yes/no (P,)."""
    P, _, T = p.demand.shape
    fixed = (p.order_cost > 0) | (p.min_order > 0)
    if p.tiers is None:
        zero = np.zeros((P, 1))
        return zero, np.full((P, 1), np.inf), p.unit_cost[:, None, :], zero, fixed
    price = np.repeat(p.tiers.price[:, :, None], T, axis=2)
    return p.tiers.low, p.tiers.high, price, p.tiers.intercept, fixed | (p.pack > 0) | ~p.tiers.convex


def _most_useful(p: Problem, low: Floats, price: Floats) -> Floats:
    """Return a size no order needs to exceed, (P, V): all demand to come, and what minimums may force."""
    P, _, T = p.demand.shape
    later = np.cumsum(p.demand[:, :, ::-1], axis=2)[:, :, ::-1].max(axis=1)  # (P, T)
    later = np.where(p.lost_share[:, None] < 1, later[:, :1], later) + np.maximum(-p.initial, 0)[:, None]
    forced = np.maximum(p.min_order, np.where(np.isfinite(low), low, 0).max(axis=1)) + p.pack + p.final_min
    if p.supplier is not None and len(p.supplier_min):
        dear = np.where(np.isfinite(low), price.min(axis=2), np.inf).min(axis=1)
        need = p.supplier_min[p.supplier]
        forced = forced + np.divide(need, dear, out=np.zeros(P), where=dear > 0)
    arrival = np.minimum(p.node_period + p.lead[:, None], T - 1)
    return np.take_along_axis(later, arrival, axis=1) + forced[:, None]


def _balance_rows(
    p: Problem, equal: Rows, below: Rows, q: Whole, s: Whole, u: Whole, r: Whole, scale: Floats
) -> None:
    """Stock = stock + arrivals - new demand served - waiting customers served, scenario by scenario."""
    P, S, T = p.demand.shape
    row = np.arange(P * S * T).reshape(P, S, T)
    waits = (1 - p.lost_share)[:, None, None]
    terms: list[Term] = [(row, s, 1.0), (row, u, -1.0), (row, r, -1.0), (row[..., 1:], s[..., :-1], -1.0)]
    terms += [(row[..., 1:], r[..., :-1], 1.0), (row[..., 1:], u[..., :-1], waits)]
    for i, lead in enumerate(p.lead):
        if lead < T:  # the order of review t - lead arrives in t
            source = q[i][:, p.node[:, : T - lead]]  # (K, S, T - lead)
            terms.append((row[i, :, lead:], source, -scale[i]))
    right = p.pipeline[:, None, :] - p.demand
    right[:, :, 0] += p.initial[:, None]
    equal.add("units", right, terms)

    some = (r >= 0).any(axis=(1, 2))
    row = np.arange(int(some.sum()) * S * T).reshape(-1, S, T)
    first = np.zeros(row.shape)
    first[:, :, 0] = np.maximum(-p.initial[some], 0)[:, None]
    terms = [(row, r[some], 1.0), (row[..., 1:], r[some][..., :-1], -1.0)]
    terms.append((row[..., 1:], u[some][..., :-1], -waits[some]))
    below.add("waiting", first, terms)


def _order_rows(
    p: Problem,
    below: Rows,
    q: Whole,
    y: Whole,
    z: Whole,
    scale: Floats,
    price: Floats,
    intercept: Floats,
    least: Floats,
    cap: Floats,
) -> None:
    """An order is nothing or between its least and most; a supplier's is nothing or worth its minimum."""
    chosen = y >= 0
    if chosen.any():
        size = np.broadcast_to(scale[:, None, None], q.shape)[chosen]
        row = np.arange(len(size))
        top = np.maximum(cap, 0.0)[chosen]
        below.add("order size", np.zeros(len(row)), [(row, q[chosen], size), (row, y[chosen], -top)])
        low = np.broadcast_to(least[:, :, None], q.shape)[chosen]
        below.add(
            "smallest order",
            np.zeros(len(row)),
            [(row, q[chosen], -size), (row, y[chosen], low)],
            period=np.broadcast_to(p.node_period, q.shape)[chosen],
            product=np.broadcast_to(np.arange(len(q))[:, None, None], q.shape)[chosen],
            relaxable=p.tiers is None,
        )
        one = chosen.all(axis=1)
        if q.shape[1] > 1:
            line = np.arange(int(one.sum()))
            below.add(
                "one tier", np.ones(len(line)), [(line, y[:, k, :][one], 1.0) for k in range(q.shape[1])]
            )
    for j in np.flatnonzero(p.supplier_min > 0):
        assert p.supplier is not None
        mine = p.supplier == j
        node = np.arange(q.shape[2])
        value = _value_terms(p, node, q[mine], y[mine], scale[mine], price[mine], intercept[mine])
        worth = (np.max(price[mine], axis=(1, 2))[:, None] * cap[mine].max(axis=1)).sum(axis=0)  # (V,)
        top = np.maximum(worth + np.maximum(intercept[mine], 0).sum(), p.supplier_min[j])
        zero = np.zeros(len(node))
        below.add(f"order to supplier {j}", zero, [*value, (node, z[j], -top)])
        negative = [(row, column, -np.asarray(v)) for row, column, v in value]
        terms = [*negative, (node, z[j], p.supplier_min[j])]
        below.add(f"minimum of supplier {j}", zero, terms, period=p.node_period, relaxable=True)


def _value_terms(
    p: Problem, row: Whole, q: Whole, y: Whole, scale: Floats, price: Floats, intercept: Floats
) -> list[Term]:
    """Return the purchase value of orders per node as terms."""
    return [
        (row, q, price[:, :, p.node_period] * scale[:, None, None]),
        (row, y, intercept[:, :, None]),
    ]


def _limit_rows(
    p: Problem,
    below: Rows,
    q: Whole,
    y: Whole,
    s: Whole,
    u: Whole,
    r: Whole,
    scale: Floats,
    price: Floats,
    intercept: Floats,
) -> None:
    """Shared limits, then floors and caps of single products."""
    P, S, T = p.demand.shape
    node = np.arange(len(p.node_period))
    if p.budget is not None:
        terms: list[Term] = _value_terms(p, node, q, y, scale, price, intercept)
        right = p.budget[p.node_period]
        below.add("budget", right, terms, period=p.node_period, relaxable=True, shared=True)
    for limit in p.limits:
        if limit.on == "orders":
            coefficient = (limit.use * scale)[:, None, None]
            right = limit.available[p.node_period]
            terms = [(node, q, coefficient)]
            below.add(limit.name, right, terms, period=p.node_period, relaxable=True, shared=True)
            continue
        stock, constant = _stock_terms(p, limit, s, u, r)
        period = np.broadcast_to(np.arange(T), (S, T))
        row: Whole = np.arange(S * T).reshape(S, T)
        if not limit.every_scenario:
            stock = [(column, value * p.probability[:, None]) for column, value in stock]
            constant = (p.probability[:, None] * constant).sum(axis=0, keepdims=True)
            row, period = period, period[:1]
        terms = [(np.broadcast_to(row, column.shape), column, value) for column, value in stock]
        right = limit.available[period] - constant
        below.add(limit.name, right, terms, period=period, relaxable=True, shared=True)

    product = np.arange(P)
    mine = np.isfinite(p.max_order)
    if mine.any():
        row = np.arange(int(mine.sum()) * len(node)).reshape(-1, len(node))
        terms = [(row[:, None, :], q[mine], scale[mine, None, None])]
        right = np.repeat(p.max_order[mine], len(node))
        index = np.repeat(product[mine], len(node))
        period = np.tile(p.node_period, int(mine.sum()))
        below.add("largest order", right, terms, period=period, product=index, relaxable=True)
    for name, column, mine, most in (
        ("largest stock", s, np.isfinite(p.max_stock), p.max_stock),
        ("demand must be met", u, np.isinf(p.shortage), np.zeros(P)),
        ("nobody may wait", r, np.isinf(p.backorder) & (r >= 0).any(axis=(1, 2)), np.zeros(P)),
    ):
        if not mine.any():
            continue
        row = np.arange(int(mine.sum()) * S * T).reshape(-1, S, T)
        terms = [(row, column[mine], 1.0)]
        if name == "nobody may wait":
            terms.append((row, u[mine], (1 - p.lost_share)[mine, None, None]))
        index = np.repeat(product[mine], S * T)
        right = np.repeat(most[mine], S * T)
        period = np.tile(np.arange(T), len(right) // T)
        below.add(name, right, terms, period=period, product=index, relaxable=True)
    weight = p.probability[:, None]
    mine = p.fill_floor > 0
    if mine.any():
        row = np.arange(int(mine.sum()))
        total = (weight * p.demand[mine]).sum(axis=(1, 2))
        terms = [(row[:, None, None], u[mine], weight)]
        right = (1 - p.fill_floor[mine]) * total
        below.add("fill rate floor", right, terms, product=product[mine], relaxable=True)
    mine = p.final_min > 0
    if mine.any():
        row = np.arange(int(mine.sum()))
        terms = [(row[:, None], s[mine][:, :, -1], -p.probability)]
        below.add(
            "final stock", -p.final_min[mine], terms, period=T - 1, product=product[mine], relaxable=True
        )


def _stock_terms(
    p: Problem, limit: SharedLimit, s: Whole, u: Whole, r: Whole
) -> tuple[list[tuple[Whole, Floats]], Floats]:
    """Return the stock a limit counts as (columns, coefficients) of shape (P, S, T), and a constant (S, T).

    Stock after arrivals is closing stock plus what was served: new demand, d - U, and customers who waited
    before, R of the period before + (1 - lost_share) U of the period before - R.
    """
    use = np.broadcast_to(limit.use[:, None, None], s.shape)
    if limit.on == "closing_stock":
        return [(s, use)], np.zeros(s.shape[1:])
    waits = use * (1 - p.lost_share)[:, None, None]
    before = np.full_like(s, -1)
    before_r, before_u = before.copy(), before.copy()
    before_r[..., 1:], before_u[..., 1:] = r[..., :-1], u[..., :-1]
    constant = (limit.use[:, None, None] * p.demand).sum(axis=0)
    constant[:, 0] += (limit.use * np.maximum(-p.initial, 0)).sum()
    return [(s, use), (u, -use), (r, -use), (before_r, use), (before_u, waits)], constant
