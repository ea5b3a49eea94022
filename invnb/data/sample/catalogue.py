"""The sample shop's products and suppliers, with the true parameters behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from invnb.data.sample.names import COLLECTIONS, SUPPLIERS, Collection
from invnb.data.sample.timeline import END, START, WARMUP_DAYS

VARIANTS = 4  # per collection
CLASS_COUNTS = {"smooth": 28, "erratic": 13, "intermittent": 11, "lumpy": 8}  # per category
LIFECYCLE_COUNTS = {"new": 4, "launched": 5, "ended": 3, "ending": 2, "regular": 46}  # per category
SHELF_LIFE_DAYS = {"toys": (0,), "kitchen": (0,), "beauty": (540, 720, 1080)}  # 0: does not age
PACKS = (1, 2, 4, 6, 10, 12, 24)


@dataclass(frozen=True)
class Catalogue:
    """What is sold and where it comes from.

    Parameters
    ----------
    products : one row per sku; the columns from `demand_class` on are the truth no shop knows.
    suppliers : one row per supplier, with the true law of its lead time.
    item_supplier : one row per sku and supplier; priority 1 is the regular source.
    """

    products: pd.DataFrame
    suppliers: pd.DataFrame
    item_supplier: pd.DataFrame


def build_catalogue(rng: np.random.Generator) -> Catalogue:
    """Draw the catalogue: 3 categories of 15 collections of 4 variants, and 12 suppliers.

    Examples
    --------
    >>> catalogue = build_catalogue(np.random.default_rng(1))
    >>> catalogue.products.groupby("category", sort=False).size().to_dict()
    {'toys': 60, 'kitchen': 60, 'beauty': 60}
    """
    suppliers = _suppliers()
    products = pd.concat(
        [_products_of(category, suppliers, rng) for category in COLLECTIONS], ignore_index=True
    )
    return Catalogue(products, suppliers, _item_supplier(products, suppliers, rng))


def _suppliers() -> pd.DataFrame:
    rows = [
        {
            "supplier_id": f"S{10 * (1 + number) + place}",
            "category": category,
            "name": f"{name} {name_zh}",
            "stated_lead_time_days": stated,
            "true_lead_time_days": stated * share,
            "true_lead_time_sd_days": stated * share * cv,
            "order_min_value": minimum,
            "review_period_days": review,
            "review_weekday": weekday,
        }
        for number, (category, names) in enumerate(SUPPLIERS.items())
        for place, (name, name_zh, stated, share, cv, minimum, review, weekday) in enumerate(names)
    ]
    return pd.DataFrame(rows)


def _products_of(category: str, suppliers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    collections = COLLECTIONS[category]
    n_collection = len(collections)
    n = n_collection * VARIANTS
    named = pd.DataFrame(
        [
            _named(category, number, place, row)
            for number, row in enumerate(collections)
            for place in range(VARIANTS)
        ]
    )
    group = np.repeat(np.arange(n_collection), VARIANTS)
    price = named["list_price"].to_numpy() * rng.uniform(0.85, 1.2, n)
    list_price = np.maximum(np.round(price), 10.0) - 0.1  # 48.9 and the like
    of_category = suppliers.loc[suppliers["category"] == category, "supplier_id"].to_numpy()
    demand_class = rng.permutation(np.repeat(list(CLASS_COUNTS), list(CLASS_COUNTS.values())))
    lifecycle = _lifecycles(demand_class, rng)
    launch, end = _launch_and_end(lifecycle, rng)
    slow = np.isin(demand_class, ("intermittent", "lumpy"))
    cheap = (80 / list_price) ** 0.35
    latent = pd.DataFrame(
        {
            "demand_class": demand_class,
            "lifecycle": lifecycle,
            "units_per_week": _units_per_week(demand_class, rng) * np.where(slow, 1.0, cheap),
            "mean_order_units": np.where(
                demand_class == "lumpy", rng.uniform(4, 9, n), rng.uniform(1.0, 1.25, n)
            ),
            "trend_per_year": np.clip(rng.normal(0.06, 0.13, n), -0.25, 0.40),
            "season_share": rng.uniform(0.5, 1.3, n),
            "season_shift_days": rng.integers(-14, 15, n),
            "festival_share": rng.uniform(0.4, 1.2, n),
            "elasticity": np.repeat(rng.uniform(-2.4, -1.0, n_collection), VARIANTS),
            "promotion_feature": rng.uniform(1.05, 1.35, n),  # a promoted page sells beyond its price
            "spill_share": np.repeat(rng.uniform(0.4, 0.8, n_collection), VARIANTS),
            "return_share": np.repeat(rng.uniform(0.01, 0.06, n_collection), VARIANTS),
        }
    )
    sold = {
        "unit_cost": np.round(list_price * rng.uniform(0.38, 0.58, n), 2),
        "list_price": list_price,
        "volume_m3": np.round(named["volume_m3"].to_numpy() * rng.uniform(0.8, 1.4, n), 5),
        "shelf_life_days": rng.choice(SHELF_LIFE_DAYS[category], n_collection)[group],
        "launch_date": launch,
        "end_date": end,
        "supplier_id": of_category[rng.permutation(np.arange(n_collection) % len(of_category))[group]],
    }
    return pd.concat([named.assign(**sold), latent], axis=1)


def _named(category: str, number: int, place: int, collection: Collection) -> dict[str, object]:
    english, chinese = collection.variants[place].split("|")
    prefix = f"{category[:3].upper()}-{number + 1:02d}"
    return {
        "sku": f"{prefix}{place + 1:02d}",
        "name": f"{collection.name}, {english}",
        "name_zh": f"{collection.name_zh} {chinese}",
        "category": category,
        "collection": prefix,
        "season": collection.season,
        "list_price": collection.price,
        "volume_m3": collection.volume_m3,
    }


def _units_per_week(demand_class: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ordinary weekly demand; intermittent and lumpy products are asked for in fewer than half the weeks."""
    n = len(demand_class)
    smooth = np.clip(rng.lognormal(np.log(16), 0.65, n), 5, 70)
    erratic = np.clip(rng.lognormal(np.log(14), 0.5, n), 6, 40)
    orders_per_week = rng.uniform(0.25, 0.55, n)
    return np.select(
        [demand_class == "smooth", demand_class == "erratic", demand_class == "intermittent"],
        [smooth, erratic, orders_per_week * 1.1],
        orders_per_week * 0.8 * 6.5,
    )


def _lifecycles(demand_class: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Most products are regular; those that come and go are frequent sellers."""
    lifecycle = np.full(len(demand_class), "regular", dtype="<U8")
    passing = np.repeat(list(LIFECYCLE_COUNTS)[:-1], list(LIFECYCLE_COUNTS.values())[:-1])
    frequent = np.flatnonzero(np.isin(demand_class, ("smooth", "erratic")))
    lifecycle[rng.choice(frequent, len(passing), replace=False)] = passing
    return lifecycle


def _launch_and_end(
    lifecycle: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    n = len(lifecycle)
    before = START - pd.to_timedelta(rng.integers(WARMUP_DAYS + 60, 1500, n), unit="D")
    recent = END - pd.to_timedelta(rng.integers(35, 120, n), unit="D")
    within = START + pd.to_timedelta(rng.integers(40, 480, n), unit="D")
    launch = pd.Series(before)
    launch = launch.mask(lifecycle == "new", pd.Series(recent)).mask(
        lifecycle == "launched", pd.Series(within)
    )
    gone = END - pd.to_timedelta(rng.integers(20, 200, n), unit="D")
    going = END + pd.to_timedelta(rng.integers(25, 70, n), unit="D")
    end = pd.Series(pd.NaT, index=range(n), dtype=launch.dtype)
    end = end.mask(lifecycle == "ended", pd.Series(gone)).mask(lifecycle == "ending", pd.Series(going))
    return pd.DatetimeIndex(launch), pd.DatetimeIndex(end)


def _item_supplier(products: pd.DataFrame, suppliers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Terms: cartons of about half a week's sales, minimum orders, a dearer second source for some."""
    n = len(products)
    packs = np.array(PACKS)
    wish = products["units_per_week"].to_numpy() * rng.uniform(0.2, 0.9, n)
    pack = packs[np.clip(np.searchsorted(packs, wish), 0, len(packs) - 1)]
    slow = products["demand_class"].isin(["intermittent", "lumpy"]).to_numpy()
    pack = np.where(slow, np.minimum(pack, 2), pack)
    cartons = np.where(slow, 1, rng.choice([1, 1, 1, 2, 3], n))
    first = pd.DataFrame(
        {
            "sku": products["sku"],
            "supplier_id": products["supplier_id"],
            "unit_cost": products["unit_cost"],
            "min_order_units": pack * cartons,
            "pack_units": pack,
            "supplier_sku": [f"{place:05d}-{sku[-2:]}" for place, sku in enumerate(products["sku"], 20417)],
            "priority": 1,
        }
    )
    has_second = rng.random(n) < 0.2
    near = suppliers.sort_values("stated_lead_time_days").groupby("category")["supplier_id"].first()
    second = first.assign(
        supplier_id=products["category"].map(near),
        unit_cost=np.round(products["unit_cost"] * 1.15, 2),
        priority=2,
    )
    second = second[has_second & (second["supplier_id"] != first["supplier_id"])]
    return pd.concat([first, second], ignore_index=True)
