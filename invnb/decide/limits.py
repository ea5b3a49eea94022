"""Limits that couple products: what one unit uses of each, and what is available at this review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.decide.muted import muted_output


@dataclass(frozen=True)
class Limit:
    """One thing all products share.

    Parameters
    ----------
    name : "budget" or "storage".
    available : what this review's orders may use, in `unit`.
    use_per_unit : array (n_sku,), what one unit ordered uses.
    unit : unit of measure, e.g. "CNY" or "m³".
    note : what a planner has to know about it, in words.
    """

    name: str
    available: float
    use_per_unit: np.ndarray
    unit: str
    note: str = ""


def review_limits(
    economics: pd.DataFrame,
    expected_stock_units: np.ndarray,
    *,
    budget: float | None,
    storage_m3: float | None,
    currency: str,
) -> list[Limit]:
    """Limits of the order placed now: money, and room for it on the day it arrives.

    Parameters
    ----------
    economics : table `economics`, one row per product in the order of the arrays.
    expected_stock_units : (n_sku,), stock expected on hand when the order arrives, without it.
    budget : currency per review, or None.
    storage_m3 : m³ in all, or None; the stock expected to be there already takes its share first.
    currency : for the unit of the budget.

    Examples
    --------
    >>> economics = pd.DataFrame({"unit_cost": [2.0, 5.0], "volume_m3": [0.1, 0.2]})
    >>> found = review_limits(economics, np.array([10.0, 0.0]), budget=100.0, storage_m3=4.0, currency="CNY")
    >>> [(limit.name, limit.available) for limit in found]
    [('budget', 100.0), ('storage', 3.0)]
    """
    found = []
    if budget is not None:
        found.append(Limit("budget", float(budget), economics["unit_cost"].to_numpy(float), currency))
    if storage_m3 is not None:
        volume = economics["volume_m3"].to_numpy(float)
        taken = float(np.nan_to_num(volume) @ np.maximum(expected_stock_units, 0.0))
        full = taken > storage_m3
        note = f"the stock expected there already takes {taken:.4g} of {storage_m3:g} m³" if full else ""
        found.append(Limit("storage", max(float(storage_m3) - taken, 0.0), volume, "m³", note))
    return found


@dataclass(frozen=True)
class Allocation:
    """Which candidate each product gets, and what the limits cost.

    Parameters
    ----------
    choice : (n_sku,), column of the candidate chosen.
    binding_limit : (n_sku,), name of the limit that cut the product, or "".
    price : by limit, currency that one more unit of it would save; 0 where it does not bind.
    gap : currency; no choice within the limits costs less than this one by more.
    """

    choice: np.ndarray
    binding_limit: np.ndarray
    price: dict[str, float]
    gap: float = 0.0


def cut_to_limits(
    quantity_units: np.ndarray, expected_cost: np.ndarray, choice: np.ndarray, limits: list[Limit]
) -> Allocation:
    """Cut orders until every limit holds, at the least expected cost: each limit gets a price.

    At prices every product chooses for itself; the prices are those at which the shared limits hold at least
    cost (the Lagrangian dual, by cutting planes). What is left of a limit goes to the steps that earn most
    for it, and the few products whose reduced cost leaves room for doubt are settled by branch and bound.

    Parameters
    ----------
    quantity_units : (n_sku, n_candidate), increasing along a row, first column 0.
    expected_cost : (n_sku, n_candidate), currency.
    choice : (n_sku,), the candidate each product would take without limits; none takes a larger one.
    limits : what products share.

    Returns
    -------
    Allocation; the use of every limit is at most what is available.

    Source
    ------
    Kelley, J. E. (1960), The cutting-plane method for solving convex programs, Journal of SIAM 8(4);
    Everett, H. (1963), Generalized Lagrange multiplier method, Operations Research 11(3).

    Examples
    --------
    >>> limit = Limit("budget", 10.0, np.array([1.0, 1.0]), "CNY")
    >>> quantity = np.array([[0.0, 10.0], [0.0, 10.0]])
    >>> found = cut_to_limits(quantity, np.array([[50.0, 0.0], [20.0, 0.0]]), np.array([1, 1]), [limit])
    >>> found.choice.tolist(), found.binding_limit.tolist(), round(found.price["budget"], 6)
    ([1, 0], ['', 'budget'], 2.0)
    """
    wanted = np.asarray(choice).copy()
    names = [limit.name for limit in limits]
    shared = _Shared(quantity_units, expected_cost, wanted, limits)
    if shared.fits(wanted):
        return Allocation(wanted, np.full(len(wanted), "", dtype=object), dict.fromkeys(names, 0.0))
    price, bound = shared.clearing_prices()
    chosen = shared.settle(shared.within(price), price, bound)
    binding = np.full(len(wanted), "", dtype=object)
    cut = chosen < wanted
    broken = np.maximum(shared.used(wanted) - shared.available, 0.0) / np.maximum(shared.available, 1e-9)
    weight = np.where(price.any(), price, broken)[:, None] * shared.per_unit
    binding[cut] = np.array(names, dtype=object)[weight.argmax(axis=0)[cut]]
    gap = max(shared.total(chosen) - bound, 0.0)
    return Allocation(chosen, binding, dict(zip(names, price.tolist(), strict=True)), gap)


MOST_CUTS = 200  # rounds of prices; a few dozen clear two limits to the last digit
MOST_DOUBTFUL = 4_000  # candidates handed to branch and bound; a wider field keeps the priced choice
MOST_NODES = 500
ROUNDING = 1e-9  # share of a sum of money or volume that rounding may add


class _Shared:
    """Candidates of all products under shared limits."""

    def __init__(
        self, quantity_units: np.ndarray, expected_cost: np.ndarray, wanted: np.ndarray, limits: list[Limit]
    ) -> None:
        allowed = np.arange(quantity_units.shape[1]) <= wanted[:, None]
        self.quantity = quantity_units
        self.cost = np.where(allowed, expected_cost, np.inf)
        self.per_unit = np.array([limit.use_per_unit for limit in limits], dtype=float)
        self.available = np.array([max(limit.available, 0.0) for limit in limits])
        self.rows = np.arange(len(wanted))
        self.scale = max(1.0, float(np.abs(expected_cost[:, 0] - expected_cost.min(axis=1)).sum()))

    def used(self, choice: np.ndarray) -> np.ndarray:
        return self.per_unit @ self.quantity[self.rows, choice]

    def total(self, choice: np.ndarray) -> float:
        return float(self.cost[self.rows, choice].sum())

    def fits(self, choice: np.ndarray) -> bool:
        return bool(np.all(self.used(choice) <= self.available + ROUNDING * np.maximum(self.available, 1.0)))

    def priced(self, price: np.ndarray) -> np.ndarray:
        """Cost of every candidate, what it uses included."""
        return self.cost + (price @ self.per_unit)[:, None] * self.quantity

    def clearing_prices(self) -> tuple[np.ndarray, float]:
        """The least prices that maximise the dual, and its value: a lower bound on every choice that fits."""
        first = np.where(self.quantity > 0, self.quantity, np.inf).min(axis=1)
        worth = self.cost[:, 0] - self.cost.min(axis=1)
        use = self.per_unit * first
        most = np.divide(worth, use, out=np.zeros_like(use), where=(use > 0) & np.isfinite(use)).max(axis=1)
        cuts: list[tuple[float, np.ndarray]] = []
        tolerance = ROUNDING * self.scale

        def look(price: np.ndarray) -> float:
            """Dual value at a price; remembers the plane that touches it there."""
            choice = self.priced(price).argmin(axis=1)
            slope = self.used(choice) - self.available
            total = self.total(choice)
            cuts.append((total, slope))
            return total + float(price @ slope)

        values = {tuple(price): look(price) for price in (np.zeros(len(most)), most)}
        best_price, best = max(values.items(), key=lambda item: item[1])
        for lexicographic in (False, True):  # first the highest value, then the least prices that keep it
            for _ in range(MOST_CUTS):
                price, above = _highest(cuts, most, self.scale, best - tolerance if lexicographic else None)
                value = look(price)
                if value > best or (lexicographic and value >= best - 2 * tolerance):
                    best_price, best = tuple(price), max(value, best)
                if (value >= best - 2 * tolerance) if lexicographic else (above - best <= tolerance):
                    break
        return self.to_the_digit(np.array(best_price), best - 4 * tolerance), best

    def to_the_digit(self, price: np.ndarray, least: float) -> np.ndarray:
        """Prices without the solver's rounding: there, products are torn between two sizes."""
        active = np.flatnonzero(price > ROUNDING)
        priced = self.priced(price)
        if not active.size or priced.shape[1] < 2:
            return price
        two = np.argpartition(priced, 1, axis=1)[:, :2]
        apart = np.abs(np.diff(np.take_along_axis(priced, two, axis=1)))[:, 0]
        more = np.diff(np.take_along_axis(self.quantity, two, axis=1))[:, 0]
        use = (self.per_unit[active] * more).T  # (n_sku, n_active)
        dearer = np.diff(np.take_along_axis(self.cost, two, axis=1))[:, 0]
        torn: list[int] = []
        for i in np.argsort(apart, kind="stable").tolist():
            if np.isfinite(dearer[i]) and np.linalg.matrix_rank(use[[*torn, i]]) > len(torn):
                torn.append(i)
            if len(torn) == len(active) or apart[i] > 1e-6 * self.scale:
                break
        if len(torn) < len(active):
            return price
        exact = price.copy()
        exact[active] = np.linalg.solve(use[torn], -dearer[torn])
        dual = float(self.priced(exact).min(axis=1).sum() - exact @ self.available)
        return exact if (exact >= 0).all() and dual >= least else price

    def within(self, price: np.ndarray) -> np.ndarray:
        """The priced choice where it fits (at higher prices where not), what is left given out again."""
        raised = price
        choice = self.priced(price).argmin(axis=1)
        step = 1e-9
        while not self.fits(choice):
            raised = price * (1 + step) + step * self.scale / np.maximum(self.available, 1e-9)
            choice = self.priced(raised).argmin(axis=1)
            step *= 4
            if step > 1e18:
                choice = np.zeros_like(choice)
        return self.give_back(choice, price)

    def give_back(self, choice: np.ndarray, price: np.ndarray) -> np.ndarray:
        """Raise orders where they still fit, in the order of what they earn for the limits they take."""
        chosen = choice.copy()
        free = self.available - self.used(chosen)
        now = self.cost[self.rows, chosen][:, None]
        more = self.quantity - self.quantity[self.rows, chosen][:, None]
        taken = np.einsum("k,ki,ij->ij", price + 1e-9, self.per_unit, np.maximum(more, 0.0))
        gain = np.where((more > 0) & np.isfinite(self.cost), now - self.cost, -np.inf)
        fits = np.all(self.per_unit[:, :, None] * more <= free[:, None, None], axis=0)
        i, j = np.nonzero((gain > 0) & fits)
        order = np.lexsort((j, i, -gain[i, j] / np.maximum(taken[i, j], 1e-300)))
        for product, candidate in zip(i[order].tolist(), j[order].tolist(), strict=True):
            if self.cost[product, candidate] >= self.cost[product, chosen[product]]:
                continue
            units = self.quantity[product, candidate] - self.quantity[product, chosen[product]]
            need = self.per_unit[:, product] * units
            if np.all(need <= free):
                free -= need
                chosen[product] = candidate
        return chosen

    def settle(self, chosen: np.ndarray, price: np.ndarray, bound: float) -> np.ndarray:
        """The best choice among all whose reduced cost does not rule them out, by branch and bound."""
        gap = self.total(chosen) - bound
        if gap <= ROUNDING * self.scale:
            return chosen
        priced = self.priced(price)
        least = priced.min(axis=1)
        open_ = priced - least[:, None] <= gap + ROUNDING * self.scale
        doubtful = np.flatnonzero(open_.sum(axis=1) > 1)
        i, j = np.nonzero(open_[doubtful])
        if not 1 < len(i) <= MOST_DOUBTFUL:
            return chosen
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        settled = open_.argmax(axis=1)
        fixed = np.delete(self.rows, doubtful)
        free = self.available - self.per_unit[:, fixed] @ self.quantity[fixed, settled[fixed]]
        unit = np.maximum(self.available, 1e-9)
        use = self.per_unit[:, doubtful[i]] * self.quantity[doubtful[i], j] / unit[:, None]
        one = csr_array((np.ones(len(i)), (i, np.arange(len(i)))))
        saving = self.cost[doubtful[i], j] - self.cost[doubtful, :].min(axis=1)[i]
        with muted_output():
            found = milp(
                saving / gap,
                constraints=[LinearConstraint(use, -np.inf, free / unit), LinearConstraint(one, 1.0, 1.0)],
                integrality=np.ones(len(i)),
                bounds=Bounds(0.0, 1.0),
                options={"node_limit": MOST_NODES, "mip_rel_gap": 0.0},
            )
        if found.x is None:
            return chosen
        picked = np.flatnonzero(found.x > 0.5)
        better = settled.copy()
        better[doubtful[i[picked]]] = j[picked]
        return better if self.fits(better) and self.total(better) < self.total(chosen) else chosen


def _highest(
    cuts: list[tuple[float, np.ndarray]], most: np.ndarray, scale: float, floor: float | None
) -> tuple[np.ndarray, float]:
    """Highest point of the planes seen (price, value); with a floor the least prices that reach it."""
    from scipy.optimize import linprog

    unit = np.where(most > 0, most, 1.0)
    total = np.array([cut[0] for cut in cuts])
    slope = np.array([cut[1] for cut in cuts]) * unit
    base = total.min()
    ends = [(0.0, 1.0 if top > 0 else 0.0) for top in most]
    if floor is None:
        found = linprog(
            np.append(np.zeros(len(most)), -1.0),
            A_ub=np.column_stack([-slope / scale, np.ones(len(cuts))]),
            b_ub=(total - base) / scale,
            bounds=[*ends, (None, None)],
            method="highs",
        )
        return found.x[:-1] * unit, float(found.x[-1]) * scale + base
    found = linprog(
        np.ones(len(most)),
        A_ub=-slope / scale,
        b_ub=(total - floor) / scale,
        bounds=ends,
        method="highs",
    )
    return found.x * unit, floor
