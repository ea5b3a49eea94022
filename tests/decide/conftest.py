"""A shop of six products, small enough to look through, with every kind of trouble in it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from invnb.decide.limits import Limit
from invnb.decide.plan import LIMIT_COLUMNS
from invnb.decide.policy import policy_table
from invnb.decide.review_state import ReviewLimits, ReviewState
from invnb.forecast.scenarios import Scenarios

TODAY = pd.Timestamp("2025-06-08")
SKU = ["ample", "empty", "flowing", "late", "new", "quiet"]


class Shop(SimpleNamespace):
    """`scenarios`, `economics`, `position`, `inbound`, `products`, `suppliers`, `segments`, `today`."""

    def policy(self) -> pd.DataFrame:
        return policy_table(self.scenarios, self.economics, pd.DataFrame(columns=LIMIT_COLUMNS))

    def state(self, policy: pd.DataFrame | None = None, **changed: pd.DataFrame) -> ReviewState:
        """The shop at its review, with other tables where given."""
        names = ("scenarios", "economics", "position", "inbound", "products")
        tables = {name: getattr(self, name) for name in names} | changed
        policy = self.policy() if policy is None else policy
        return ReviewState(**tables, policy=policy, today=self.today, period_days=7)

    def limits(self, **given: float | None) -> ReviewLimits:
        return ReviewLimits(self.suppliers, "CNY", **given)


@pytest.fixture
def shop() -> Shop:
    n, n_scenario, n_period = len(SKU), 80, 10
    rng = np.random.default_rng(4)
    mean = np.array([5.0, 8.0, 10.0, 6.0, 3.0, 0.0])
    units = rng.poisson(mean[:, None, None], (n, n_scenario, n_period)).astype(float)
    scenarios = Scenarios(np.array(SKU), np.datetime64("2025-06-09") + 7 * np.arange(n_period), units, 4)
    economics = pd.DataFrame(
        {
            "sku": SKU,
            "name": [name.title() for name in SKU],
            "supplier_id": ["S1", "S1", "S2", "S2", "S1", "S2"],
            "unit_cost": [10.0, 20.0, 5.0, 8.0, 12.0, 6.0],
            "price": [18.0, 40.0, 11.0, 15.0, 25.0, 9.0],
            "holding_cost_per_unit_period": [0.05, 0.1, 0.025, 0.04, 0.06, 0.03],
            "shortage_cost_per_unit": [8.0, 20.0, 6.0, 7.0, 13.0, 3.0],
            "backorder_cost_per_unit_period": [0.8, 2.0, 0.6, 0.7, 1.3, 0.3],
            "lost_share": 0.8,
            "order_cost": 4.0,
            "lead_time_days": [10.0, 10.0, 7.0, 14.0, 10.0, 7.0],
            "lead_time_sd_days": 2.0,
            "lead_time_periods": [2, 2, 1, 2, 2, 1],
            "review_period_periods": 1,
            "min_order_units": [12.0, 6.0, 10.0, 6.0, 1.0, 1.0],
            "pack_units": [12.0, 6.0, 5.0, 6.0, 1.0, 1.0],
            "volume_m3": [0.01, 0.02, 0.005, 0.01, 0.01, 0.01],
            "assumed": ["", "volume_m3", "", "lead_time_days", "", "price unit_cost"],
        }
    )
    net = np.array([400.0, -2.0, 18.0, 7.0, 4.0, 90.0])
    inbound = pd.DataFrame(
        {
            "po_id": ["P1", "P2", "P3"],
            "line_id": "1",
            "sku": ["ample", "late", "quiet"],
            "supplier_id": ["S1", "S2", "S2"],
            "units": [60.0, 6.0, 10.0],
            "expected_date": pd.to_datetime(["2025-06-15", "2025-06-20", None]),
            "period": pd.to_datetime(["2025-06-09", "2025-06-16", None]),
            "late_by_days": [0, 5, 300],
            "status": ["on_time", "overdue", "zombie"],
            "counted": [True, True, False],
        }
    )
    coming = np.array([60.0, 0.0, 0.0, 6.0, 0.0, 0.0])
    position = pd.DataFrame(
        {
            "sku": SKU,
            "location": "main",
            "on_hand_units": np.maximum(net, 0.0),
            "reserved_units": 0.0,
            "backorder_units": np.maximum(-net, 0.0),
            "net_units": net,
            "inbound_units": coming,
            "position_units": net + coming,
            "next_receipt_date": pd.to_datetime(["2025-06-15", None, None, "2025-06-20", None, None]),
            "recent_units_per_period": mean,
            "last_sale_period": pd.to_datetime(["2025-06-02"] * 5 + ["2024-09-02"]),
            "assumed": [False, False, False, False, True, False],
            "note": ["", "negative stock counted as backorders", "", "", "stock unknown", ""],
        }
    )
    products = pd.DataFrame(
        {
            "sku": SKU,
            "name": economics["name"],
            "name_zh": "玩具",
            "category": "toys",
            "active": True,
            "launch_date": pd.to_datetime([None] * 4 + ["2025-05-01", None]),
            "end_date": pd.NaT,
        }
    )
    suppliers = pd.DataFrame(
        {"supplier_id": ["S1", "S2"], "name": ["One", "Two"], "order_min_value": [100.0, 0.0]}
    )
    segments = pd.DataFrame({"sku": SKU, "abc": list("ABABCC"), "xyz": list("XYXYZZ")})
    return Shop(
        scenarios=scenarios,
        economics=economics,
        position=position,
        inbound=inbound,
        products=products,
        suppliers=suppliers,
        segments=segments,
        today=TODAY,
    )


@pytest.fixture(scope="session")
def shelf():
    """Function of the number of products, a seed and changed economics: the state of a review."""

    def build(n=3, seed=5, **changes):
        """Scenarios, stock, orders on the way and economics of `n` products."""
        rng = np.random.default_rng(seed)
        demand = rng.poisson(rng.uniform(1, 5, (n, 1, 1)), (n, 60, 8)).astype(float)
        values = {
            "sku": [f"P{i}" for i in range(n)],
            "supplier_id": "S",
            "unit_cost": rng.uniform(2, 9, n),
            "holding_cost_per_unit_period": 1.0,
            "shortage_cost_per_unit": 8.0,
            "backorder_cost_per_unit_period": 0.8,
            "lost_share": 1.0,
            "order_cost": 0.0,
            "lead_time_periods": 1,
            "review_period_periods": 1,
            "min_order_units": 1.0,
            "pack_units": 1.0,
            "volume_m3": rng.uniform(0.1, 0.5, n),
        } | changes
        return demand, np.full(n, 2.0), np.zeros((n, 8)), pd.DataFrame(values)

    return build


@pytest.fixture(scope="session")
def money():
    """Function of economics and an amount: a budget."""

    def limit(economics, available):
        return Limit("budget", available, economics["unit_cost"].to_numpy(float), "CNY")

    return limit
