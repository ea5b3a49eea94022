"""UCI Online Retail through the same door as any other file: its published facts, its traps, its speed."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

from invnb.data import online_retail
from invnb.data.cleaning_sales import not_a_product
from invnb.data.derived import OTHER, categorise
from invnb.data.ingest import Ingested, ingest
from invnb.data.source_params import parse_sources
from invnb.data.sources import RawTable, read_table

SECONDS = 60  # some ten times what it takes on an idle core, so that only a fault of order trips it


@pytest.fixture(scope="module")
def raw(shared: Path) -> RawTable:
    source = parse_sources(online_retail.SOURCES).sales
    source = source.model_copy(update={"columns": source.columns | {"name": "Description"}})
    return read_table("sales", source, shared / "data")


@pytest.fixture(scope="module")
def run(shared: Path) -> Ingested:
    begin = time.perf_counter()
    result = ingest(online_retail.SOURCES, shared / "data", "kitchen", "week", "", "salt")
    assert time.perf_counter() - begin < SECONDS
    return result


def test_published_facts(raw: RawTable) -> None:
    cells = raw.cells
    units, price = pd.to_numeric(cells["units"]), pd.to_numeric(cells["unit_price"])
    assert len(cells) == online_retail.LINES == 541_909
    assert units.sum() == online_retail.UNITS == 5_176_450
    assert (units * price).sum() == pytest.approx(online_retail.VALUE_GBP, abs=0.01)
    assert cells["sku"].nunique() == 4070
    assert cells["order_id"].str.startswith("C").sum() == 9288
    assert (units < 0).sum() == 10_624
    assert (price == 0).sum() == 2515
    assert cells["customer_hash"].isna().sum() == 135_080
    assert cells["name"].isna().sum() >= 1454  # blanks alone count as missing too
    assert raw.line[-1] == 541_910


def test_codes_that_are_no_products(raw: RawTable) -> None:
    found = raw.cells["sku"][not_a_product(raw.cells["sku"], online_retail.NOT_PRODUCTS)]
    counts = found.value_counts()
    expected = {"POST": 1256, "DOT": 710, "M": 571, "m": 1, "C2": 144, "D": 77, "S": 63, "BANK CHARGES": 37}
    expected |= {"AMAZONFEE": 34, "CRUK": 16, "B": 3, "PADS": 4}
    assert {code: counts[code] for code in expected} == expected
    gifts = counts[[code for code in counts.index if code.startswith("gift_0001")]]
    assert gifts.sum() == 34
    assert counts.sum() == sum(expected.values()) + 34
    assert not found.str.startswith("DCGS").any()


def test_ledger_and_units(run: Ingested) -> None:
    assert run.ledger["lines"].sum() == online_retail.LINES
    assert run.panel["units"].sum() <= run.tables["sales"]["units"].sum()
    card = dict(zip(run.data_card["name"], run.data_card["value"], strict=True))
    assert card["closed_weekdays"] == "Saturday"
    assert (card["first_period"], card["last_period"]) == ("2010-12-06", "2011-11-28")
    assert float(card["units_in_panel"]) + float(card["units_in_cut_days"]) == float(card["units_sold"])
    assert len(run.tables["products"]) > 300
    assert run.tables["products"]["sku"].is_unique
    assert not run.tables["products"]["sku"].str.contains("[a-z]").any()


def test_the_christmas_break_is_closed_not_zero(run: Ingested) -> None:
    week = run.panel[run.panel["period"] == pd.Timestamp("2010-12-27")]
    assert set(week["status"]) <= {"closed", "not_launched"}
    assert week["units"].isna().all()


@pytest.mark.parametrize(("sku", "units"), [("23843", 80_995), ("23166", 74_215)])
def test_the_two_great_pairs_leave_together(shared: Path, run: Ingested, sku: str, units: int) -> None:
    assert not (run.tables["sales"]["units"] == units).any()
    assert not (run.tables["returns"]["units"] == units).any()
    orders = pd.read_csv(
        shared / "data" / "online_retail.csv.gz", dtype=str, usecols=["StockCode", "Quantity"]
    )
    both = orders[(orders["StockCode"] == sku) & orders["Quantity"].isin([str(units), str(-units)])]
    assert len(both) == 2
    own = sku in set(run.tables["products"]["sku"])
    result = run if own else ingest(online_retail.SOURCES, shared / "data", "stationery", "week", "", "salt")
    pair = result.rejected[result.rejected["line"].isin(both.index + 2)]
    assert pair["reason"].tolist() == ["order and its cancellation"] * 2


def test_category_rule() -> None:
    names = {
        "JUMBO BAG RED RETROSPOT": "bags",
        "PAPER CHAIN KIT 50'S CHRISTMAS": "decorations",
        "REGENCY CAKESTAND 3 TIER": "kitchen",
        "ALARM CLOCK BAKELIKE RED": "home",
        "SILVER HANGING T-LIGHT HOLDER": "lights",
        "PACK OF 12 LONDON TISSUES": "stationery",
        "PINK SWEETHEART BRACELET": "jewellery",
        "FELTCRAFT DOLL MOLLY": "toys",
        "EDWARDIAN PARASOL NATURAL": "garden",
        "SOMBRERO": OTHER,
    }
    found = categorise(pd.Series(list(names)), online_retail.CATEGORY_WORDS)
    assert dict(zip(names, found, strict=True)) == names
