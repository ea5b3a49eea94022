"""The true demand of the sample shop: what customers would buy if everything were always in stock.

    mean(i, t) = rate_i · trend · weekday · season · festival · price^elasticity · promotion · shocks · life

Counts are drawn around that mean with a law per demand class: negative binomial with little (smooth) or much
(erratic, through weekly shocks) spread, or a compound law of rare orders (intermittent: one or two pieces;
lumpy: geometric order sizes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.data.sample.promotions import Offers
from invnb.data.sample.timeline import CLOSED, FIRST, festival_factor

WEEKDAY = np.array([0.93, 0.90, 0.92, 0.97, 1.05, 1.15, 1.08])  # Monday first
ORDINARY_SEASON = {
    "toys": (355, 0.22),
    "kitchen": (345, 0.15),
    "beauty": (75, 0.10),
}  # peak day of year, height
MARKED_SEASON = {"spring": (105, 0.75), "summer": (195, 1.10), "winter": (355, 0.60)}
SMOOTH_DISPERSION = 12.0  # negative binomial size: variance = mean + mean² / size
ERRATIC_SIGMA = 0.85  # of the logarithm of the weekly shock
YEAR_DAYS = 365.25


@dataclass(frozen=True)
class Demand:
    """True demand, arrays (n_day, n_sku) over all simulated days.

    Parameters
    ----------
    expected : mean units per day given everything but chance, shocks included.
    units : units customers wanted as their first choice.
    """

    expected: np.ndarray
    units: np.ndarray


def draw_demand(
    products: pd.DataFrame, days: pd.DatetimeIndex, offers: Offers, rng: np.random.Generator
) -> Demand:
    """Draw true demand for every product and day.

    Parameters
    ----------
    products : catalogue rows with their true parameters.
    days : all simulated days.
    offers : prices and promotions per day and product.
    """
    expected = (
        products["units_per_week"].to_numpy()
        / 7
        * _trend(products, days, rng)
        * WEEKDAY[days.day_of_week.to_numpy()][:, None]
        * _season(products, days)
        * _festivals(products, days)
        * offers.demand_factor
        * _common_shocks(products, days, rng)
        * _weekly_shocks(products, days, rng)
        * _life(products, days)
    )
    closed = (days >= CLOSED[0]) & (days <= CLOSED[1])
    expected = np.where(closed[:, None], 0.0, expected)
    return Demand(expected, _counts(products, expected, rng))


def _trend(products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    """Growth per year and a level that wanders a little, both 1 around `START`."""
    years = (np.arange(len(days)) - FIRST) / YEAR_DAYS
    growth = (1 + products["trend_per_year"].to_numpy())[None, :] ** years[:, None]
    steps = rng.normal(0, 0.006, (len(days), len(products)))
    return growth * np.exp(np.cumsum(steps, axis=0) - steps[:FIRST].sum(axis=0))


def _season(products: pd.DataFrame, days: pd.DatetimeIndex) -> np.ndarray:
    kinds = [
        MARKED_SEASON.get(s, ORDINARY_SEASON[c])
        for s, c in zip(products["season"], products["category"], strict=True)
    ]
    peak, height = np.array(kinds).T
    angle = (
        2
        * np.pi
        * (days.day_of_year.to_numpy()[:, None] - (peak + products["season_shift_days"].to_numpy()))
        / YEAR_DAYS
    )
    return np.exp(height * products["season_share"].to_numpy() * np.cos(angle))


def _festivals(products: pd.DataFrame, days: pd.DatetimeIndex) -> np.ndarray:
    share = products["festival_share"].to_numpy()
    factor = np.empty((len(days), len(products)))
    for category in products["category"].unique():
        own = (products["category"] == category).to_numpy()
        factor[:, own] = festival_factor(days, category)[:, None] ** share[own]
    return factor


def _autoregressive(
    n_day: int, n_series: int, sd: float, memory: float, rng: np.random.Generator
) -> np.ndarray:
    """First-order autoregression with stationary standard deviation `sd`."""
    noise = rng.normal(0, sd * np.sqrt(1 - memory**2), (n_day, n_series))
    noise[0] = rng.normal(0, sd, n_series)
    for day in range(1, n_day):
        noise[day] += memory * noise[day - 1]
    return noise


def _common_shocks(products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    """Good and bad weeks of the shop, the category and the collection, which move products together."""
    total = _autoregressive(len(days), 1, 0.07, 0.93, rng)
    for column, sd in (("category", 0.08), ("collection", 0.12)):
        code, names = pd.factorize(products[column])
        total = total + _autoregressive(len(days), len(names), sd, 0.95, rng)[:, code]
    return np.exp(total)


def _weekly_shocks(products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    """Erratic products have weeks of much and weeks of little demand; mean 1."""
    week = np.arange(len(days)) // 7
    sigma = np.where(products["demand_class"] == "erratic", ERRATIC_SIGMA, 0.0)
    return np.exp(rng.normal(0, 1, (week[-1] + 1, len(products))) * sigma - sigma**2 / 2)[week]


def _life(products: pd.DataFrame, days: pd.DatetimeIndex) -> np.ndarray:
    """Zero before launch, a ramp of six weeks, and a fade over the half year before the end."""
    today = days.to_numpy()[:, None]
    age = (today - products["launch_date"].to_numpy()[None, :]) / np.timedelta64(1, "D")
    ramp = np.where(age < 0, 0.0, np.clip(0.35 + 0.65 * age / 42, 0, 1))
    left = (products["end_date"].to_numpy()[None, :] - today) / np.timedelta64(1, "D")
    fade = np.where(np.isnan(left), 1.0, np.where(left < 0, 0.0, np.clip(0.3 + 0.7 * left / 180, 0, 1)))
    return ramp * fade


def _counts(products: pd.DataFrame, expected: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = products["demand_class"].to_numpy()
    units = np.zeros(expected.shape, dtype=np.int64)
    frequent = np.isin(kind, ("smooth", "erratic"))
    mean = expected[:, frequent]
    units[:, frequent] = rng.poisson(mean * rng.gamma(SMOOTH_DISPERSION, 1 / SMOOTH_DISPERSION, mean.shape))
    size = products["mean_order_units"].to_numpy()
    rare = np.flatnonzero(~frequent)
    orders = rng.poisson(expected[:, rare] / size[rare])
    day, place = np.nonzero(orders)
    count, sku = orders[day, place], rare[place]
    extra = np.where(
        kind[sku] == "lumpy",
        rng.negative_binomial(count, 1 / size[sku]),  # geometric sizes from 1, summed
        rng.poisson(count * (size[sku] - 1)),
    )
    units[day, sku] = count + extra
    return units
