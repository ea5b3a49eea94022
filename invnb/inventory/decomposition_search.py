"""What the search for the prices of a large plan has seen: prices with cost and use of each group."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from invnb.inventory.checks import Floats, Whole

PRICES_KEPT = 40
"""Latest price points a master mixes."""

KIND = {"value": 0, "orders": 1, "arrival_stock": 2, "closing_stock": 3}
"""How the compiled kernel numbers what a limit counts."""

EMPTY = np.zeros((0, 0))


@dataclass
class Search:
    """The data of one plan and what the search has seen of it."""

    demand: Floats  # (P, T), as all below
    unit_cost: Floats
    holding: Floats
    lost_cost: Floats
    pipeline: Floats
    salvage: Floats  # (P,)
    initial: Floats  # (P,)
    lead: Whole  # (P,)
    use: Floats  # (K, P)
    kind: Whole  # (K,)
    available: Floats  # (K, T)
    group: Whole  # (P,)
    bound: float = -np.inf
    best_prices: Floats = field(default_factory=lambda: EMPTY)
    """The prices that gave the bound: those of a master are optimal only for the plans it has seen."""
    prices: list[Floats] = field(default_factory=list)
    costs: list[Floats] = field(default_factory=list)  # (G,) per price point
    uses: list[Floats] = field(default_factory=list)  # (G, K, T) per price point
    idle: list[int] = field(default_factory=list)  # masters since a price point was mixed

    def plans(self, prices: Floats, weight: Floats, orders: Floats, unmet: Floats) -> tuple[Floats, Floats]:
        """Solve all products at these prices; return cost (G,) and use (G, K, T), add plans times weight."""
        from invnb.inventory.decomposition_kernels import best_plans

        cost, used = np.empty(weight.size), np.empty((weight.size, *self.available.shape))
        best_plans(
            self.demand,
            self.unit_cost,
            self.holding,
            self.lost_cost,
            self.salvage,
            self.initial,
            self.pipeline,
            self.lead,
            self.use,
            self.kind,
            prices,
            self.group,
            weight,
            cost,
            used,
            orders,
            unmet,
        )
        return cost, used

    def excess(self, used: Floats) -> Floats:
        """Return use beyond what is available, (K, T); zero where there is no limit."""
        return np.where(np.isfinite(self.available), used - self.available, 0.0)

    def look(self, prices: Floats) -> tuple[float, Floats]:
        """Return D and its gradient at these prices, and remember the plans for the masters."""
        cost, used = self.plans(prices, np.ones(int(self.group.max()) + 1), EMPTY, EMPTY)
        gradient = self.excess(used.sum(axis=0))
        value = float(cost.sum() + (prices * gradient).sum())
        if value > self.bound:
            self.bound, self.best_prices = value, prices
        self.remember(prices, cost, used)
        return value, gradient

    def remember(self, prices: Floats, cost: Floats, used: Floats) -> None:
        """Keep a price point and drop the one no master mixed for longest; ordering nothing always stays."""
        self.prices.append(prices)
        self.costs.append(cost)
        self.uses.append(used)
        self.idle.append(0)
        if len(self.prices) > PRICES_KEPT:
            oldest = 1 + int(np.argmax(self.idle[1:]))
            for seen in (self.prices, self.costs, self.uses, self.idle):
                del seen[oldest]
