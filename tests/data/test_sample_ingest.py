"""The sample shop through the ingest: the ledger finds the known dirt, the panel finds the truth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from invnb.data.ingest import Ingested, ingest
from invnb.data.sample import COLUMN_MAPS, SampleFiles, write_sample
from invnb.data.sample.unwanted import write_unwanted
from invnb.errors import InputError

CATEGORIES = ("toys", "kitchen", "beauty")
SHOP_WIDE = ("blank sku", "unknown sku")  # lines of no category: every category's ledger shows them all


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def runs(sample: SampleFiles) -> dict[str, Ingested]:
    return {
        category: ingest(COLUMN_MAPS, sample.folder, category, "week", "", "pepper")
        for category in CATEGORIES
    }


def test_ledger_finds_every_known_kind_of_dirt(sample: SampleFiles, runs: dict[str, Ingested]) -> None:
    ledgers = pd.concat([run.ledger for run in runs.values()])
    orders = ledgers[(ledgers["table"] == "sales") & ledgers["outcome"].isin(["rejected", "changed"])]
    found = orders.groupby("reason")["lines"].sum()
    dirt = sample.dirt["orders.csv.gz"]
    for kind in SHOP_WIDE:
        assert found[kind] == len(CATEGORIES) * dirt[kind], kind
    for kind in (
        "exact duplicate",
        "net_value with another decimal sign",
        "order and its cancellation",
        "refunded order",
        "test order",
        "unreadable order_ts",
        "voided order",
        "zero units",
    ):
        assert found[kind] == dirt[kind], kind
    views = ledgers[(ledgers["table"] == "page_views") & (ledgers["reason"] == "exact duplicate")]
    assert views["lines"].sum() == sample.dirt["page_views.csv.gz"]["exact duplicate"]
    zombies = ledgers[(ledgers["table"] == "purchase_orders") & ledgers["reason"].str.contains("zombie")]
    assert zombies["lines"].sum() == sample.dirt["purchase_orders.csv"]["zombie order"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_panel_units_are_the_units_truly_sold(
    sample: SampleFiles, runs: dict[str, Ingested], category: str
) -> None:
    """Up to the lines that dirt took away: unreadable dates, and cartons booked as one piece."""
    truth = pd.read_parquet(sample.truth, columns=["date", "sku", "sold_units"])
    panel = runs[category].panel
    truth = truth[truth["sku"].isin(panel["sku"])]
    week = truth["date"] - pd.to_timedelta(truth["date"].dt.day_of_week, unit="D")
    sold = truth.groupby(["sku", week])["sold_units"].sum()
    booked = panel.set_index(["sku", "period"])["units"].fillna(0)
    differs = sold != booked.reindex(sold.index).fillna(0)
    dirt = sample.dirt["orders.csv.gz"]
    assert 0 < differs.sum() <= dirt["unreadable order_ts"] + dirt["carton as one piece"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_censored_weeks_are_those_in_which_sales_were_lost(
    sample: SampleFiles, runs: dict[str, Ingested], category: str
) -> None:
    truth = pd.read_parquet(sample.truth, columns=["date", "sku", "demand_units", "sold_units", "lost_units"])
    panel = runs[category].panel
    week = truth["date"] - pd.to_timedelta(truth["date"].dt.day_of_week, unit="D")
    lost = truth.groupby(["sku", week.rename("period")])["lost_units"].sum().reset_index()
    rows = panel.merge(lost, on=["sku", "period"])
    short = rows["censored"] | rows["status"].eq("out_of_stock") | (rows["available_share"] < 1)
    assert rows.loc[short, "lost_units"].sum() > 0.9 * rows["lost_units"].sum()
    assert (rows.loc[~short, "lost_units"] > 0).mean() < 0.05


def test_personal_data_are_refused_at_the_door(tmp_path: Path, sample: SampleFiles) -> None:
    path = write_unwanted(tmp_path)
    columns = {"order_id": "Name", "order_ts": "Created at", "sku": "Lineitem sku"}
    columns |= {"units": "Lineitem quantity", "net_value": "Lineitem total"}
    products = COLUMN_MAPS["products"] | {"file": str(sample.tables["products"])}
    refused = {
        "sales": {"file": path.name, "columns": columns | {"customer_hash": "Email"}},
        "products": products,
    }
    with pytest.raises(InputError, match="personal"):
        ingest(refused, tmp_path, "toys", "week", "", "pepper")
