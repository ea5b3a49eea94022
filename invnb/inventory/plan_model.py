"""The order plan's data and its sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Limit:
    """A capacity that products share: sum over products of `use_per_unit` * units <= `available`, in each period.

    Parameters
    ----------
    name : as the report shall call it.
    use_per_unit : (n_product,) or one number, zero or more.
    available : (n_period,) or one number, zero or more.
    on : which units: "orders" placed at the review, "arrival_stock" (stock after arrivals, before demand) or
        "closing_stock".
    holds : "on_average" over scenarios, or "in_every_scenario". Orders are limited in every scenario either way.
    """

    name: str
    use_per_unit: ArrayLike
    available: ArrayLike
    on: Literal["orders", "arrival_stock", "closing_stock"] = "orders"
    holds: Literal["on_average", "in_every_scenario"] = "on_average"


@dataclass(frozen=True)
class PriceTiers:
    """Prices that depend on the size of an order.

    Parameters
    ----------
    kind : "all_units": the price of the tier the order falls in holds for all its units; "incremental": each unit is
        paid at the price of the tier it falls in (rising prices are regular time and overtime).
    from_units : (n_product, n_tier), each row from 0 upward; infinity for tiers a product does not have.
    unit_cost : (n_product, n_tier).
    """

    kind: Literal["all_units", "incremental"]
    from_units: ArrayLike
    unit_cost: ArrayLike
