"""A shop with known truth, written as the files it would export.

Three categories (toys 玩具, kitchen 厨房, beauty 美妆) of 60 products each, 130 weeks of days. True demand is
drawn (`demand`), meets a mediocre planner and unreliable suppliers (`replenish`, `planner`, `leadtimes`), and
only what a shop sees of it is exported (`orders`, `exports`, `stock_files`, `offer_files`), with a known dose
of dirt (`dirt`): stock-outs censor the sales. `columns.COLUMN_MAPS` maps the files to the canonical tables.

The truth stands in files of its own, **for evaluation only**; of the stages only the backtest reads one of
them (`invnb.data.truth`), to judge:

- `truth.parquet`, per date and sku from `START` to `END`: `demand_units` (first choice of customers),
  `spill_in_units` (asked for here because another product was sold out), `sold_units`, `lost_units` (asked
  for and not served here), `expected_units` (the mean behind `demand_units`);
- `truth_future.parquet`, the 13 weeks after `END`: `demand_units`, `expected_units`;
- `truth_parameters.parquet`, per sku: demand class, life cycle, rate, trend, elasticity, promotion uplift,
  spill and return shares, law of the lead time, fill rate met;
- `dirt.json`: file -> kind of dirt -> number of lines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from invnb.data.sample.catalogue import Catalogue, build_catalogue
from invnb.data.sample.columns import COLUMN_MAPS
from invnb.data.sample.demand import Demand, draw_demand
from invnb.data.sample.dirt import soil_orders
from invnb.data.sample.exports import orders_table, products_table, supplier_tables, write_csv
from invnb.data.sample.offer_files import page_views_file, prices_file, promotions_file, returns_file
from invnb.data.sample.orders import order_lines, returned_lines
from invnb.data.sample.overrides import overrides_file
from invnb.data.sample.promotions import plan_offers
from invnb.data.sample.replenish import History, replenish
from invnb.data.sample.stock_files import purchase_files, stock_ledger, stock_now
from invnb.data.sample.timeline import END, FIRST, LAST, START, all_days

__all__ = ["COLUMN_MAPS", "END", "START", "SampleFiles", "write_sample"]

BYTE_ORDER_MARK_FILE = "products"


@dataclass(frozen=True)
class SampleFiles:
    """Where the sample stands.

    Parameters
    ----------
    folder : the folder of all files.
    tables : canonical table -> its file.
    truth, truth_future, truth_parameters : for evaluation only.
    dirt : file name -> kind of dirt -> number of lines.
    """

    folder: Path
    tables: dict[str, Path]
    truth: Path
    truth_future: Path
    truth_parameters: Path
    dirt: dict[str, dict[str, int]]


def write_sample(folder: Path, seed: int = 42) -> SampleFiles:
    """Generate the sample shop and write its files; the same seed gives the same bytes.

    Parameters
    ----------
    folder : created where it is missing; files of the same names are overwritten.
    seed : of every random draw; catalogue, offers, demand, supply, orders and dirt have streams of their own.

    Returns
    -------
    SampleFiles : the paths written and the dirt in them.

    Examples
    --------
    >>> import tempfile
    >>> files = write_sample(Path(tempfile.mkdtemp()))
    >>> files.tables["sales"].name, files.dirt["inventory.csv"]["negative stock"]
    ('orders.csv.gz', 2)
    """
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(7)]
    for_catalogue, for_offers, for_demand, for_supply, for_orders, for_files, for_answers = streams
    days = all_days()
    catalogue = build_catalogue(for_catalogue)
    products = catalogue.products
    offers = plan_offers(products, days, for_offers)
    demand = draw_demand(products, days, offers, for_demand)
    history = replenish(catalogue, days, demand, for_supply)
    lines = order_lines(history, offers, days, for_orders)
    sku = products["sku"].to_numpy()
    dirty = soil_orders(lines.assign(sku=sku[lines["place"]]), for_files)
    purchase_orders, receipts = purchase_files(history, catalogue, days, for_files)
    soiled = {
        "sales": (orders_table(dirty.lines), dirty.counts),
        "products": (products_table(catalogue, END), {"byte order mark": 1, "heading with blanks": 1}),
        "stock": stock_now(history, products, for_files),
        "stock_history": stock_ledger(history, products, days, for_files),
        "purchase_orders": purchase_orders,
        "promotions": promotions_file(offers, products, days, for_files),
        "returns": returns_file(returned_lines(lines, history, days), products, for_files),
        "page_views": page_views_file(demand, history, products, days, for_files),
    }
    tables = {name: table for name, (table, _) in soiled.items()} | supplier_tables(catalogue)
    tables |= {"receipts": receipts, "prices": prices_file(offers, products, days)}
    tables["overrides"] = overrides_file(history, catalogue, days, for_answers)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / COLUMN_MAPS[name]["file"] for name in COLUMN_MAPS}
    for name, path in paths.items():
        write_csv(path, tables[name], byte_order_mark=name == BYTE_ORDER_MARK_FILE)
    dirt = {paths[name].name: counts for name, (_, counts) in soiled.items()}
    (folder / "dirt.json").write_text(json.dumps(dirt, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return SampleFiles(folder, paths, *_write_truth(folder, catalogue, days, demand, history), dirt)


def _write_truth(
    folder: Path, catalogue: Catalogue, days: pd.DatetimeIndex, demand: Demand, history: History
) -> tuple[Path, Path, Path]:
    products = catalogue.products
    past, future = slice(FIRST, LAST + 1), slice(LAST + 1, len(days))
    wanted, spill, sold = demand.units[past], history.spill_in[past], history.sold[past]

    def table(window: slice, **columns: np.ndarray) -> pd.DataFrame:
        n_day = len(days[window])
        keys = {"date": np.repeat(days[window], len(products)), "sku": np.tile(products["sku"], n_day)}
        frame = pd.DataFrame(keys | {name: values.ravel() for name, values in columns.items()})
        launched = days[window].to_numpy()[:, None] >= products["launch_date"].to_numpy()
        return frame[launched.ravel()].reset_index(drop=True)

    both = {
        window_name: {"demand_units": demand.units[window], "expected_units": demand.expected[window]}
        for window_name, window in (("past", past), ("future", future))
    }
    truth = table(
        past, **both["past"], spill_in_units=spill, sold_units=sold, lost_units=wanted + spill - sold
    )
    law = catalogue.suppliers.set_index("supplier_id")[["true_lead_time_days", "true_lead_time_sd_days"]]
    asked = (wanted + spill).sum(axis=0)
    parameters = products.drop(columns=["name", "name_zh"]).join(law, on="supplier_id")
    parameters["fill_rate"] = sold.sum(axis=0) / np.maximum(asked, 1)
    frames = {"truth": truth, "truth_future": table(future, **both["future"]), "truth_parameters": parameters}
    paths = {name: folder / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        frame.to_parquet(paths[name], index=False)
    return paths["truth"], paths["truth_future"], paths["truth_parameters"]
