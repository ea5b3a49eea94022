"""A small category with a known law of demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from invnb.features.segments import segment_products
from invnb.features.table import build_features

EMPTY = pd.DataFrame()


@dataclass(frozen=True)
class Category:
    """Tables of a category, and the mean of its demand."""

    panel: pd.DataFrame
    features: pd.DataFrame
    sku_segments: pd.DataFrame
    mean: np.ndarray


def make_category(units: np.ndarray, mean: np.ndarray, horizon_periods: int) -> Category:
    """Return the tables of units (n_sku, n_period), NaN where nothing could be bought."""
    n, t = units.shape
    panel = pd.DataFrame(
        {"sku": np.repeat([f"S{i:02d}" for i in range(n)], t), "location": "main",
         "period": np.tile(pd.date_range("2023-01-02", periods=t, freq="7D"), n),
         "status": np.where(np.isnan(units), "out_of_stock", np.where(units > 0, "sold", "zero")).ravel(),
         "units": units.ravel(), "available_share": np.where(np.isnan(units), 0.0, 1.0).ravel(),
         "censored": False, "net_price": 5.0, "discount_share": 0.0}
    )  # fmt: skip
    features = build_features(panel, EMPTY, EMPTY, EMPTY, country="CN", horizon_periods=horizon_periods)
    return Category(panel, features, segment_products(panel, features, seed=1), mean)


@pytest.fixture(scope="session")
def steady() -> Category:
    """Forty products of constant mean, variance mean + 0.2 mean²: any calendar effect is chance."""
    rng = np.random.default_rng(41)
    mean = np.exp(rng.uniform(np.log(0.4), np.log(60), (40, 1)))
    units = rng.negative_binomial(5, 5 / (5 + mean), (40, 90)).astype(float)
    units[rng.random(units.shape) < 0.03] = np.nan
    return make_category(units, mean[:, 0], 6)


@pytest.fixture(scope="session")
def degenerate() -> Category:
    """Everything awkward at once, beside a few plain products."""
    rng = np.random.default_rng(42)
    units = rng.poisson(8, (14, 70)).astype(float)
    units[0] = 0.0  # no sale ever
    units[1] = 0.0
    units[1, 30] = 2.0  # one sale
    units[2] = 5.0  # constant
    units[3, 15:67] = np.nan  # a gap of a year
    units[4, :66] = np.nan  # new
    units[5] = np.nan  # nothing known
    units[6, 40] = 80_995.0  # a spike
    units[7, 30:] = np.nan  # unseen since
    return make_category(units, np.full(14, 8.0), 6)
