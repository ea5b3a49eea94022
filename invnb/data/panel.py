"""The demand panel: one row per product, location and period on a complete grid, with a status that keeps
zero, closed, not launched, ended, out of stock and missing apart.

Inside, every fact is a wide array (n_row, n_day), a row being a product at a location; periods are sums and
means over its days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.data.days import Days, days_of

NO_DEMAND_STATUS = ("closed", "not_launched", "ended", "out_of_stock", "missing")
"""Statuses of periods in which demand could not be seen; `sold` and `zero` are the others."""

WEEKDAY_ORDERS = 50.0
"""Orders of the usual week that count beside the week's own when days are weighed."""

LONGEST_CARRY_DAYS = 31
"""A count of stock older than this says nothing of today."""


@dataclass(frozen=True)
class _Grid:
    """Rows (sku, location) and days, onto which tables are laid."""

    rows: pd.MultiIndex
    days: Days

    def array(self, table: pd.DataFrame, date: str, values: str, empty: float = 0.0) -> np.ndarray:
        """(n_row, n_day) the sum of a column; `empty` where the table says nothing.

        What a table says of a product without naming a location holds at each of its locations.
        """
        keys = ["sku", "location"] if "location" in table else ["sku"]
        summed = table.groupby([*keys, table[date].dt.normalize()], sort=False)[values].sum().reset_index()
        names = self.rows if len(keys) > 1 else self.rows.unique("sku")
        given = pd.MultiIndex.from_frame(summed[keys]) if len(keys) > 1 else pd.Index(summed["sku"])
        row, column = names.get_indexer(given), self.days.day.get_indexer(pd.DatetimeIndex(summed[date]))
        known = (row >= 0) & (column >= 0)
        out = np.full((len(names), len(self.days.day)), empty)
        out[row[known], column[known]] = summed[values].to_numpy(dtype=float)[known]
        return out if len(keys) > 1 else out[names.get_indexer(self.rows.get_level_values("sku"))]

    def by_period(self, array: np.ndarray) -> np.ndarray:
        """(n_row, n_period, days_per_period) view of (n_row, n_day) or (n_day,)."""
        return np.reshape(array, (*array.shape[:-1], -1, self.days.days_per_period))


def demand_panel(
    sales: pd.DataFrame,
    products: pd.DataFrame,
    stock_history: pd.DataFrame,
    promotions: pd.DataFrame,
    prices: pd.DataFrame,
    returns: pd.DataFrame,
    page_views: pd.DataFrame,
    period: str = "week",
    data_through: str = "",
    shop_orders: pd.Series | None = None,
) -> pd.DataFrame:
    """The demand panel of architecture.md, one row per sku, location and period.

    A product lives from its launch date (or its first sale, if that is earlier; without a date, its first
    sale or stock) to its end date (or last sale, if later; inactive products without a date, their last
    sale or stock). On a day of its life on which the shop is open it is buyable if it is listed and has
    stock in the morning or after a receipt, or if it sold anyway; where no stock is recorded it counts as
    buyable. A period is `censored` if demand was seen in part only: on one of its days the product was not
    buyable, or its stock was gone in the evening and it did not go on selling without stock.

    Parameters
    ----------
    sales, products, stock_history, promotions, prices, returns, page_views : canonical tables, one category.
    period : "day" or "week" (weeks start on Monday; an incomplete first or last week is cut off).
    data_through : last day to use, as 2025-12-28; empty for the last day of the data.
    shop_orders : (n_day,) orders of the whole shop by day, from which closed days are told; None for those of
        `sales`.

    Returns
    -------
    `sku`, `location`, `period`, `status`, `units`, `available`, `available_share`, `censored`, `start_units`,
    `net_price`, `list_price`, `discount_share`, `promotion`, `page_views`, `returned_units`, and what of
    its demand a period showed: `seen_share` of it fell on days with stock to the evening, on which
    `seen_units` were sold, `cut_share` on days that sold out (shares of the product's open days of life,
    weighed by the shop's orders); the rest had no stock. Prices are
    currency per unit: `net_price` as paid, else as posted, else as last paid.

    Raises
    ------
    ValueError : see `invnb.data.days.days_of`.

    Examples
    --------
    >>> from invnb.data.tables import complete, empty
    >>> day = pd.date_range("2025-01-06", periods=14)
    >>> lines = {"order_id": "1", "order_ts": day, "sku": "a", "units": 1.0, "net_value": 9.0}
    >>> others = [empty(t) for t in ("stock_history", "promotions", "prices", "returns", "page_views")]
    >>> products = complete("products", pd.DataFrame({"sku": ["a"], "name": "A", "category": "toys"}))
    >>> demand_panel(complete("sales", pd.DataFrame(lines)), products, *others)[["period", "status", "units"]]
          period status  units
    0 2025-01-06   sold    7.0
    1 2025-01-13   sold    7.0
    """
    days = panel_days(sales, stock_history, period, data_through, shop_orders)
    locations = sorted({*sales["location"], *stock_history["location"]}) or ["main"]
    rows = pd.MultiIndex.from_product([sorted(products["sku"]), locations], names=["sku", "location"])
    grid = _Grid(rows, days)
    product = products.set_index("sku").reindex(rows.get_level_values("sku"))

    units = grid.array(sales, "order_ts", "units")
    stock = _stock(grid, stock_history, units)
    alive_from, alive_to = _life(grid, product, sales, stock)
    place = np.arange(len(days.day))
    alive = (place >= alive_from[:, None]) & (place <= alive_to[:, None])
    open_day = ~(days.closed | days.missing)
    live = alive & open_day
    buyable = live & (~stock.known | (stock.listed & (stock.sellable > 0)) | (units > 0))
    evening = np.where(np.isnan(stock.close), stock.sellable - units, stock.close)
    out = stock.known & (stock.sellable > 0) & (evening <= 0) & (units <= stock.sellable)
    cut = buyable & (out | stock.ended)
    weight = _day_weights(days, shop_orders if shop_orders is not None else _orders_by_day(sales))
    live_weight = grid.by_period(live * weight).sum(axis=-1)

    def share(part: np.ndarray) -> np.ndarray:
        weights = grid.by_period(part * weight).sum(axis=-1)
        return np.divide(weights, live_weight, out=np.zeros_like(live_weight), where=seen & (live_weight > 0))

    n_open = grid.by_period(open_day).sum(axis=-1)
    sold = grid.by_period(units).sum(axis=-1)
    n_buyable = grid.by_period(buyable).sum(axis=-1)
    status = np.select(
        [
            grid.by_period(place).max(axis=-1) < alive_from[:, None],
            grid.by_period(place).min(axis=-1) > alive_to[:, None],
            np.broadcast_to(grid.by_period(days.missing).any(axis=-1), sold.shape),
            np.broadcast_to(n_open == 0, sold.shape),
            ~grid.by_period(live).any(axis=-1),  # it lived on closed days only
            n_buyable == 0,
            sold > 0,
        ],
        ["not_launched", "ended", "missing", "closed", "closed", "out_of_stock", "sold"],
        "zero",
    )
    seen = ~np.isin(status, NO_DEMAND_STATUS)
    came_back = grid.array(returns, "returned_date", "units")
    came_back[rows.get_level_values("sku").duplicated()] = 0.0  # counted once, at the first location
    price = _prices(grid, product, sales, prices, promotions, sold)
    columns = {
        "status": status,
        "units": np.where(seen, sold, np.nan),
        "available": seen,
        "available_share": np.where(seen, n_buyable / np.maximum(n_open, 1), 0.0),
        "censored": seen & grid.by_period(live & (~buyable | cut)).any(axis=-1),
        "seen_units": np.where(seen, grid.by_period(units * ~cut).sum(axis=-1), np.nan),
        "seen_share": share(buyable & ~cut),
        "cut_share": share(cut),
        "start_units": _start_units(grid, stock, alive),
        **price,
        "page_views": _page_views(grid, page_views),
        "returned_units": grid.by_period(came_back).sum(axis=-1),
    }
    panel = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    at = np.repeat(np.arange(len(rows)), len(days.period))
    panel.insert(0, "sku", rows.get_level_values("sku").take(at).astype("str"))
    panel.insert(1, "location", rows.get_level_values("location").take(at).astype("str"))
    panel.insert(2, "period", np.tile(days.period.to_numpy("datetime64[us]"), len(rows)))
    return panel.astype({"status": "str"})


def panel_days(
    sales: pd.DataFrame,
    stock_history: pd.DataFrame,
    period: str,
    data_through: str = "",
    shop_orders: pd.Series | None = None,
) -> Days:
    """The days of the panel, from the shop's first order to `data_through` or the last day of the data."""
    if shop_orders is None:
        shop_orders = _orders_by_day(sales)
    last = max([shop_orders.index.max(), *([stock_history["date"].max()] if len(stock_history) else [])])
    if data_through:
        last = min(last, pd.Timestamp(data_through))
    return days_of(shop_orders[shop_orders.index <= last], last, period)


def _orders_by_day(sales: pd.DataFrame) -> pd.Series:
    return sales["order_ts"].dt.normalize().value_counts().sort_index()


def _day_weights(days: Days, shop_orders: pd.Series) -> np.ndarray:
    """(n_day,) share of its period's demand expected on each day.

    The share of the shop's orders on the day itself, together with `WEEKDAY_ORDERS` orders spread like those
    of the weekdays so far (the own period included, later ones not).
    """
    per = days.days_per_period
    orders = shop_orders.reindex(days.day, fill_value=0).to_numpy(dtype=float) * ~(days.closed | days.missing)
    orders = orders.reshape(-1, per)
    so_far = orders.cumsum(axis=0) + 1.0
    pattern = so_far / so_far.sum(axis=1, keepdims=True)
    return (orders + WEEKDAY_ORDERS * pattern).ravel()


@dataclass(frozen=True)
class _Stock:
    """Stock by row and day: `known`, `sellable` (opening plus receipts, not below 0), `close`, `listed`, and
    `ended` (known to have run out in the day, though not how many there were)."""

    known: np.ndarray
    opening: np.ndarray
    received: np.ndarray
    sellable: np.ndarray
    close: np.ndarray
    listed: np.ndarray
    ended: np.ndarray


def _stock(grid: _Grid, history: pd.DataFrame, units: np.ndarray) -> _Stock:
    """Stock day by day from a daily history, one of every so many days, or a mere in-stock flag.

    Between the rows of a history that is not daily, stock is what the last row had and received less what was
    sold since. A history of ones and zeros without receipts or balances, of products that sell more than one
    a day, is a flag: how much there was is unknown, and the day before a zero ended without stock.
    """
    opening = grid.array(history, "date", "open_units", np.nan)
    received = grid.array(history, "date", "received_units")
    close = grid.array(history.dropna(subset="close_units"), "date", "close_units", np.nan)
    listed = grid.array(history, "date", "listed", 1.0) > 0
    known = ~np.isnan(opening)
    ended = np.zeros_like(known)
    if _is_flag(opening, received, close, units):
        ended[:, :-1] = (opening[:, :-1] > 0) & (opening[:, 1:] == 0) & (units[:, :-1] > 0)
        opening = np.where(opening > 0, np.inf, opening)
    elif _days_between(history) > 1:
        opening, listed = _carried(opening, received, listed, units)
        close = np.full_like(close, np.nan)
        known = ~np.isnan(opening)
    return _Stock(known, opening, received, np.maximum(opening + received, 0.0), close, listed, ended)


def _is_flag(opening: np.ndarray, received: np.ndarray, close: np.ndarray, units: np.ndarray) -> bool:
    known = ~np.isnan(opening)
    ones = known.any() and np.isin(opening[known], (0.0, 1.0)).all() and np.isnan(close).all()
    return bool(ones and not received.any() and (units[known] > 1).any())


def _days_between(history: pd.DataFrame) -> float:
    """Median days from one row of a product's stock history to the next; 1 where that is unknown."""
    date = history.sort_values(["sku", "location", "date"]).groupby(["sku", "location"])["date"]
    gap = date.diff().dt.days.median()
    return 1.0 if np.isnan(gap) else float(gap)


def _carried(
    opening: np.ndarray, received: np.ndarray, listed: np.ndarray, units: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Opening stock and listing of every day from the last day on which they were counted."""
    place = np.arange(opening.shape[1])
    last = np.maximum.accumulate(np.where(np.isnan(opening), -1, place), axis=1)
    counted, at = last >= 0, np.maximum(last, 0)
    before = units.cumsum(axis=1) - units
    gone = before - np.take_along_axis(before, at, axis=1)
    had = np.take_along_axis(opening, at, axis=1) + np.take_along_axis(received, at, axis=1)
    fresh = last == place
    left = np.where(fresh, opening, np.maximum(had - gone, 0.0))
    counted &= place - last <= LONGEST_CARRY_DAYS
    return np.where(counted, left, np.nan), np.where(counted, np.take_along_axis(listed, at, axis=1), listed)


def _life(
    grid: _Grid, product: pd.DataFrame, sales: pd.DataFrame, stock: _Stock
) -> tuple[np.ndarray, np.ndarray]:
    """(n_row,) first and last day of each product's life, as places in `grid.days.day` (may lie outside)."""
    day = grid.days.day
    n_day = len(day)
    span = sales.groupby(["sku", "location"])["order_ts"].agg(["min", "max"]).reindex(grid.rows)
    first_sale, last_sale = _place(span["min"], day, n_day), _place(span["max"], day, -1)
    in_stock = stock.known & stock.listed & (stock.sellable > 0)
    first_stock = np.where(in_stock.any(axis=1), in_stock.argmax(axis=1), n_day)
    last_stock = np.where(in_stock.any(axis=1), n_day - 1 - in_stock[:, ::-1].argmax(axis=1), -1)
    launch = _place(product["launch_date"], day, n_day)
    born = np.where(product["launch_date"].notna(), launch, np.minimum(first_sale, first_stock))
    end = _place(product["end_date"], day, n_day)
    inactive = ~product["active"].to_numpy(dtype=bool)
    died = np.where(
        product["end_date"].notna(), end, np.where(inactive, np.maximum(last_sale, last_stock), n_day)
    )
    return np.minimum(born, first_sale), np.maximum(died, last_sale)


def _place(dates: pd.Series, day: pd.DatetimeIndex, unknown: int) -> np.ndarray:
    """Days after the first day of the panel; `unknown` where there is no date."""
    return ((dates.dt.normalize() - day[0]) / pd.Timedelta(days=1)).fillna(unknown).to_numpy(dtype=int)


def _start_units(grid: _Grid, stock: _Stock, alive: np.ndarray) -> np.ndarray:
    """Stock that could be sold in each period: opening of its first day plus receipts; NaN where that is
    unknown.

    A product launched in the middle of a period starts on its first day of life.
    """
    known, living = grid.by_period(stock.known), grid.by_period(alive)
    first = living.argmax(axis=-1)
    is_known = np.take_along_axis(known, first[..., None], axis=-1)[..., 0] & living.any(axis=-1)
    opening = np.take_along_axis(grid.by_period(stock.opening), first[..., None], axis=-1)[..., 0]
    received = np.where(living, grid.by_period(stock.received), 0.0).sum(axis=-1)
    start = np.maximum(opening + received, 0.0)
    return np.where(is_known & np.isfinite(start), start, np.nan)


def _prices(
    grid: _Grid,
    product: pd.DataFrame,
    sales: pd.DataFrame,
    prices: pd.DataFrame,
    promotions: pd.DataFrame,
    sold: np.ndarray,
) -> dict[str, np.ndarray]:
    paid_value = grid.by_period(grid.array(sales, "order_ts", "net_value")).sum(axis=-1)
    paid = np.divide(paid_value, sold, out=np.full_like(sold, np.nan), where=sold > 0)
    posted_list = _posted(grid, prices, "list_price")
    list_price = np.where(
        np.isnan(posted_list), product["list_price"].to_numpy(dtype=float)[:, None], posted_list
    )
    net = np.where(np.isnan(paid), _posted(grid, prices, "net_price"), paid)
    net = pd.DataFrame(net).ffill(axis=1).bfill(axis=1).to_numpy()
    net = np.where(np.isnan(net), list_price, net)
    if len(promotions):
        daily = _discounts(grid, promotions)
        discount = grid.by_period(daily).mean(axis=-1)
        promotion = grid.by_period(daily > 0).any(axis=-1)
    else:
        discount = np.nan_to_num(np.clip(1 - net / list_price, 0.0, 1.0))
        promotion = np.zeros_like(sold, dtype=bool)
    return {"net_price": net, "list_price": list_price, "discount_share": discount, "promotion": promotion}


def _posted(grid: _Grid, prices: pd.DataFrame, column: str) -> np.ndarray:
    """(n_row, n_period) mean over the days of the price in force; NaN before the first one."""
    first = grid.days.day[0]
    known = prices.dropna(subset=column).sort_values("date_from")
    since = known["date_from"]
    known = known.assign(date_from=since.where(since > first, first))  # in force when the panel begins
    known = known.drop_duplicates(["sku", "date_from"], keep="last")
    daily = pd.DataFrame(grid.array(known, "date_from", column, np.nan)).ffill(axis=1).to_numpy(copy=True)
    days = grid.by_period(daily)
    n_known = (~np.isnan(days)).sum(axis=-1)
    return np.divide(np.nansum(days, axis=-1), n_known, out=np.full(n_known.shape, np.nan), where=n_known > 0)


def _discounts(grid: _Grid, promotions: pd.DataFrame) -> np.ndarray:
    """(n_row, n_day) the largest discount share running on each day."""
    out = np.zeros((len(grid.rows), len(grid.days.day)))
    skus = grid.rows.get_level_values("sku").to_numpy()
    rows = pd.Series(range(len(skus))).groupby(skus).indices
    first = np.clip(_place(promotions["start_date"], grid.days.day, 0), 0, None)
    last = _place(promotions["end_date"], grid.days.day, -1)
    for sku, start, end, share in zip(
        promotions["sku"], first, last, promotions["discount_share"], strict=True
    ):
        if end >= start:
            part = np.s_[rows[sku], start : end + 1]
            out[part] = np.maximum(out[part], share)
    return out


def _page_views(grid: _Grid, page_views: pd.DataFrame) -> np.ndarray:
    """Views per period: zero where a product has none, NaN in periods the table does not reach."""
    views = grid.by_period(grid.array(page_views, "date", "views")).sum(axis=-1)
    reached = np.isin(grid.days.day, pd.DatetimeIndex(page_views["date"].unique()))
    return np.where(grid.by_period(reached).any(axis=-1), views, np.nan)
