"""KPI formulas. Ratios of a group are sums over sums; stock and sales stand at cost; a year has its days.

Arrays may have any shape (products x periods, or one product's periods): everything is added up first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def average_stock_value(start_units: ArrayLike, close_units: ArrayLike, unit_cost: ArrayLike) -> float:
    """Mean stock at cost from period data: mean of stock after receipt and at close, added over products.

    Daily closing values are better where there are any; two-point means are flagged where they are printed.

    Parameters
    ----------
    start_units, close_units : (..., n_period), units after the receipt and at the period's end.
    unit_cost : currency per unit, broadcast against the arrays without the last axis.

    Examples
    --------
    >>> average_stock_value([60, 40], [40, 10], 10.0)
    375.0
    """
    start, close = np.asarray(start_units, float), np.asarray(close_units, float)
    mean_units = 0.5 * (start.mean(axis=-1) + close.mean(axis=-1))
    return float(np.sum(mean_units * np.asarray(unit_cost, float)))


def turnover(cost_of_goods_sold: float, stock_value: float, days: float, year_days: float = 365.0) -> float:
    """Inventory turns per year: cost of goods sold / mean stock at cost x `year_days` / `days`.

    Examples
    --------
    >>> round(turnover(1550.0, 334.375, days=56, year_days=364), 4)
    30.1308
    """
    return _ratio(cost_of_goods_sold, stock_value) * year_days / days


def days_of_inventory(turns_per_year: float, year_days: float = 365.0) -> float:
    """Days the stock would last at past sales (looks backward): `year_days` / turnover.

    Examples
    --------
    >>> round(days_of_inventory(30.1308, year_days=364), 4)
    12.0807
    """
    return _ratio(year_days, turns_per_year)


def gmroi(gross_margin: float, stock_value: float, days: float, year_days: float = 365.0) -> float:
    """Gross margin return on stock: margin per unit of money in stock and year.

    Examples
    --------
    >>> round(gmroi(2325.0, 334.375, days=56, year_days=364), 4)
    45.1963
    """
    return _ratio(gross_margin, stock_value) * year_days / days


def fill_rate(served_units: ArrayLike, demand_units: ArrayLike) -> float:
    """Fill rate (type 2): units served from stock / units asked for.

    Examples
    --------
    >>> round(fill_rate([20, 30, 0], [20, 30, 30]), 3)
    0.625
    """
    return _ratio(float(np.sum(served_units)), float(np.sum(demand_units)))


def cycle_service(received_units: ArrayLike, short_units: ArrayLike) -> float:
    """Cycle service (type 1): closed replenishment cycles without a unit short / closed cycles.

    A cycle runs from one receipt to the period before the next; the last, still open one does not count.

    Parameters
    ----------
    received_units, short_units : (n_product, n_period) or (n_period,).

    Examples
    --------
    >>> cycle_service([0, 0, 50, 0, 0, 0, 80, 0], [0, 0, 0, 0, 0, 30, 0, 0])
    0.5
    """
    received = np.atleast_2d(received_units) > 0
    short = np.atleast_2d(short_units) > 0
    starts = received.copy()
    starts[:, 0] = True
    cycle = np.cumsum(starts, axis=1) - 1
    rows = np.broadcast_to(np.arange(len(cycle))[:, None], cycle.shape)
    missed = np.zeros((len(cycle), cycle.max(initial=0) + 1), dtype=bool)
    np.logical_or.at(missed, (rows, cycle), short)
    closed = np.arange(missed.shape[1]) < cycle[:, -1:]
    return _ratio(float(np.sum(closed & ~missed)), float(np.sum(closed)))


def ready_rate(open_units: ArrayLike) -> float:
    """Share of product-days (or periods) with stock in the morning. Some call this the fill rate; it is not.

    Examples
    --------
    >>> ready_rate([60, 40, 60, 35, 15, 0, 80, 55])
    0.875
    """
    units = np.asarray(open_units, float)
    return _ratio(float(np.sum(units > 0)), float(np.sum(~np.isnan(units))))


def days_of_supply(stock_units: ArrayLike, forecast_units: ArrayLike, period_days: float) -> np.ndarray:
    """Days until forecast demand has used up the stock, the last day as a fraction; looks forward.

    Where the forecast never uses up the stock: the whole horizon, plus what the mean forecast would add.

    Parameters
    ----------
    stock_units : (n_product,) or a number.
    forecast_units : (n_product, n_period) or (n_period,).
    period_days : days in a period.

    Returns
    -------
    (n_product,) in days; infinite where no demand is forecast, zero without stock.

    Examples
    --------
    >>> days_of_supply(35, [22, 22, 24, 24], period_days=7).round(2)
    array([11.14])
    """
    stock = np.maximum(np.atleast_1d(np.asarray(stock_units, float)), 0.0)
    forecast = np.maximum(np.atleast_2d(np.asarray(forecast_units, float)), 0.0)
    used = np.cumsum(forecast, axis=1)
    whole = np.sum(used <= stock[:, None], axis=1)
    n_period = forecast.shape[1]
    before = np.where(whole > 0, np.take_along_axis(used, np.maximum(whole - 1, 0)[:, None], 1)[:, 0], 0.0)
    inside = np.take_along_axis(forecast, np.minimum(whole, n_period - 1)[:, None], 1)[:, 0]
    rate = np.where(whole < n_period, inside, forecast.mean(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(stock > before, (stock - before) / rate, 0.0)
    return (whole + part) * period_days * (stock > 0)


def excess_units(position_units: ArrayLike, needed_units: ArrayLike) -> np.ndarray:
    """Stock and orders beyond need: max(0, on hand + on order - what lead time, review and safety need).

    Examples
    --------
    >>> excess_units([120.0, 10.0], [80.0, 30.0])
    array([40.,  0.])
    """
    return np.maximum(np.asarray(position_units, float) - np.asarray(needed_units, float), 0.0)


def surplus_on_order_units(
    on_order_units: ArrayLike, net_units: ArrayLike, needed_units: ArrayLike
) -> np.ndarray:
    """Units on order beyond what would be ordered today if nothing were: the cheapest excess to remove.

    Examples
    --------
    >>> surplus_on_order_units([50.0, 50.0], [70.0, 10.0], [80.0, 80.0])
    array([40.,  0.])
    """
    wanted = np.maximum(np.asarray(needed_units, float) - np.asarray(net_units, float), 0.0)
    return np.maximum(np.asarray(on_order_units, float) - wanted, 0.0)


def sell_through(sold_units: float, available_units: float) -> float:
    """Units sold / (opening stock + received).

    Examples
    --------
    >>> round(sell_through(155, 60 + 130), 4)
    0.8158
    """
    return _ratio(sold_units, available_units)


def _ratio(above: float, below: float) -> float:
    return float(above) / float(below) if below else float("nan")
