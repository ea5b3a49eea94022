"""Promotions, prices, returns and page views of the sample shop as files."""

from __future__ import annotations

import numpy as np
import pandas as pd

from invnb.data.sample.demand import Demand
from invnb.data.sample.exports import as_table
from invnb.data.sample.promotions import Offers
from invnb.data.sample.replenish import History
from invnb.data.sample.stock_files import Soiled
from invnb.data.sample.timeline import CLOSED, FIRST, LAST

NOT_RUN, NOT_RUN_DAYS = 3, 7  # promotions that stand in the plan but never ran
UNKNOWN_ORDERS = 6
DOUBLE_VIEWS = 12
VIEWS_PER_UNIT = 24.0
VIEWS_LEAD_DAYS = 3  # people look before they buy
VIEWS_DISPERSION = 15.0


def promotions_file(
    offers: Offers, products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator
) -> Soiled:
    """All promotions up to `END`, and a few that were planned and never ran."""
    promoted = np.cumsum(offers.net_price < offers.list_price, axis=0)[FIRST : LAST + 1]
    quiet = promoted[NOT_RUN_DAYS:] == promoted[:-NOT_RUN_DAYS]
    day, place = np.nonzero(quiet & (products["lifecycle"] == "regular").to_numpy())
    chosen = rng.choice(len(day), NOT_RUN, replace=False)
    planned = pd.DataFrame(
        {
            "promo_id": [f"X{number:03d}" for number in range(1, NOT_RUN + 1)],
            "sku": products["sku"].to_numpy()[place[chosen]],
            "start_date": days[FIRST + 1 + day[chosen]],
            "mechanic": "markdown",
            "discount_share": 0.2,
        }
    )
    planned["end_date"] = planned["start_date"] + pd.Timedelta(days=NOT_RUN_DAYS - 1)
    planned["announced_date"] = planned["start_date"]
    promotions = pd.concat([offers.promotions, planned]).sort_values(["start_date", "promo_id", "sku"])
    table = as_table("promotions", promotions)
    return table, {"planned but not run": NOT_RUN}


def prices_file(offers: Offers, products: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """A row whenever a product's list or net price changes, from `START` or its launch on."""
    window = slice(FIRST, LAST + 1)
    shown, paid = offers.list_price[window], offers.net_price[window]
    on_sale = days[window].to_numpy()[:, None] >= products["launch_date"].to_numpy()
    changed = np.zeros(shown.shape, dtype=bool)
    changed[1:] = (np.diff(shown, axis=0) != 0) | (np.diff(paid, axis=0) != 0)
    changed = (changed & on_sale) | (on_sale & ~np.vstack([np.zeros_like(on_sale[:1]), on_sale[:-1]]))
    place, day = np.nonzero(changed.T)
    return as_table(
        "prices",
        {
            "sku": products["sku"].to_numpy()[place],
            "date_from": days[window][day],
            "list_price": np.round(shown[day, place], 2),
            "net_price": paid[day, place],
        },
    )


def returns_file(returned: pd.DataFrame, products: pd.DataFrame, rng: np.random.Generator) -> Soiled:
    """Returns with their order, a few with an order number nobody knows."""
    order = "#" + returned["order"].astype(str)
    order.iloc[rng.choice(len(order), UNKNOWN_ORDERS, replace=False)] = "#99999"
    table = as_table(
        "returns",
        {
            "return_id": [f"R{number}" for number in range(20_001, 20_001 + len(returned))],
            "order_id": order,
            "line_id": returned["line"],
            "sku": products["sku"].to_numpy()[returned["place"]],
            "returned_date": returned["date"],
            "units": returned["units"],
            "resellable": returned["resellable"],
        },
    )
    return table, {"return of an unknown order": UNKNOWN_ORDERS}


def page_views_file(
    demand: Demand, history: History, products: pd.DataFrame, days: pd.DatetimeIndex, rng: np.random.Generator
) -> Soiled:
    """Views per day of listed products: interest in the coming days, stock or no stock."""
    ahead = sum(demand.expected[FIRST + lead : LAST + 1 + lead] for lead in range(VIEWS_LEAD_DAYS + 1))
    mean = VIEWS_PER_UNIT * np.asarray(ahead) / (VIEWS_LEAD_DAYS + 1)
    views = rng.poisson(mean * rng.gamma(VIEWS_DISPERSION, 1 / VIEWS_DISPERSION, mean.shape))
    window = days[FIRST : LAST + 1]
    shop_open = (window < CLOSED[0]) | (window > CLOSED[1])
    day, place = np.nonzero(history.listed[FIRST:] & np.asarray(shop_open)[:, None])
    table = as_table(
        "page_views",
        {"date": window[day], "sku": products["sku"].to_numpy()[place], "views": views[day, place]},
    )
    twice = np.sort(rng.choice(len(table), DOUBLE_VIEWS, replace=False))
    table = table.iloc[np.sort(np.append(np.arange(len(table)), twice))]
    return table, {"exact duplicate": DOUBLE_VIEWS}
