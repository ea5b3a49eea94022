"""The sample shop: same seed, same bytes; units are conserved; the truth shows what was put into it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from invnb.data.sample import COLUMN_MAPS, END, START, SampleFiles, write_sample
from invnb.data.sample.catalogue import build_catalogue
from invnb.data.sample.timeline import CHINESE_NEW_YEAR, CLOSED

ADI_CUT, CV2_CUT = 1.32, 0.49  # Syntetos, Boylan and Croston (2005)


def test_same_seed_same_bytes(sample: SampleFiles, tmp_path: Path) -> None:
    again = write_sample(tmp_path, seed=42)
    names = sorted(path.name for path in sample.folder.iterdir())
    assert names == sorted(path.name for path in again.folder.iterdir())
    for name in names:
        assert (sample.folder / name).read_bytes() == (again.folder / name).read_bytes(), name
    assert again.dirt == sample.dirt


def test_another_seed_is_another_shop() -> None:
    one, other = (build_catalogue(np.random.default_rng(seed)).products for seed in (42, 7))
    assert not one.equals(other)
    assert one["name"].equals(other["name"])


def test_files_stay_small(sample: SampleFiles) -> None:
    assert sum(path.stat().st_size for path in sample.folder.iterdir()) < 20e6


@pytest.mark.parametrize("name", COLUMN_MAPS)
def test_every_mapped_column_is_in_its_file(sample: SampleFiles, name: str) -> None:
    path = sample.tables[name]
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = content.decode("utf-8-sig")  # raises on bytes that are not UTF-8
    headings = [heading.strip() for heading in next(csv.reader(io.StringIO(text)))]
    assert set(COLUMN_MAPS[name]["columns"].values()) <= set(headings)
    assert not any("mail" in heading.lower() or "phone" in heading.lower() for heading in headings)
    assert len(set(headings)) == len(headings)


def test_catalogue_reads_like_a_shop(sample: SampleFiles, table: Callable[..., pd.DataFrame]) -> None:
    products = table(sample, "products")
    assert products["category"].value_counts().to_dict() == {"toys": 60, "kitchen": 60, "beauty": 60}
    for column in ("sku", "name", "name_zh"):
        assert products[column].is_unique
    assert products["name_zh"].str.contains("[\u4e00-\u9fff]").all()
    assert products["name"].str.isascii().all()
    price, cost = products["list_price"].astype(float), products["unit_cost"].astype(float)
    assert (cost < 0.65 * price).all()
    assert (cost > 0.3 * price).all()


def test_stock_is_conserved_every_day(sample: SampleFiles, truth: pd.DataFrame, ledger: pd.DataFrame) -> None:
    sold = truth.set_index(["date", "sku"])["sold_units"]
    rows = ledger.set_index(["date", "sku"])
    gap = (
        rows["open_units"] + rows["received_units"] - sold.reindex(rows.index).fillna(0) - rows["close_units"]
    )
    negative = (rows["open_units"] < 0) | (rows["close_units"] < 0)
    assert negative.sum() == sample.dirt["stock_ledger.csv.gz"]["negative stock"]
    assert (gap[~negative] == 0).all()


def test_shelves_change_overnight_by_returned_goods_only(
    sample: SampleFiles, ledger: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    close = ledger.pivot_table(index="date", columns="sku", values="close_units")
    opening = ledger.pivot_table(index="date", columns="sku", values="open_units")
    overnight = (opening - close.shift())[(close.shift() >= 0) & (opening >= 0)]
    back = table(sample, "returns").astype({"units": int, "returned_date": "datetime64[s]"})
    back = back[back["resellable"] == "true"].pivot_table(
        index="returned_date", columns="sku", values="units", aggfunc="sum"
    )
    back = back.reindex(index=overnight.index, columns=overnight.columns).fillna(0)
    assert ((overnight == back) | overnight.isna()).all(axis=None)
    assert back.to_numpy().sum() > 5000


def test_nobody_buys_more_than_wanted_or_more_than_there_was(
    truth: pd.DataFrame, ledger: pd.DataFrame
) -> None:
    wanted = truth["demand_units"] + truth["spill_in_units"]
    assert (truth["sold_units"] <= wanted).all()
    assert (truth["lost_units"] == wanted - truth["sold_units"]).all()
    rows = truth.merge(ledger, on=["date", "sku"])
    shelf = rows["open_units"].clip(lower=0) + rows["received_units"]
    assert (rows["sold_units"] <= shelf).all()
    empty_handed = (rows["lost_units"] > 0) & (rows["listed"] == "true")
    assert (rows["sold_units"] == shelf)[empty_handed].all()  # sold out to the last piece
    unlisted = rows[rows["listed"] == "false"]
    assert len(unlisted)
    assert (unlisted["sold_units"] == 0).all()


def test_order_lines_are_the_units_sold_and_the_known_dirt(
    orders: pd.DataFrame, truth: pd.DataFrame, sample: SampleFiles
) -> None:
    dirt = sample.dirt["orders.csv.gz"]
    counted = {f"{status} order": int(n) for status, n in orders["status"].value_counts().items()}
    for kind in ("voided order", "refunded order", "test order"):
        assert counted[kind] == dirt[kind]
    duplicate = orders.duplicated()
    assert duplicate.sum() == dirt["exact duplicate"]
    readable = orders["order_ts"].str.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \+0800")
    assert (~readable).sum() == dirt["unreadable order_ts"]
    assert (orders["sku"] == "").sum() == dirt["blank sku"]
    known = orders["sku"].str.strip().isin(truth["sku"])
    assert (~known & (orders["sku"] != "")).sum() == dirt["unknown sku"]
    assert (orders["units"] == 0).sum() == dirt["zero units"]
    assert orders["net_value"].str.contains(",").sum() == dirt["net_value with another decimal sign"]
    assert (orders["sku"] != orders["sku"].str.strip()).sum() == dirt["sku with blanks"]
    typo = orders["units"].abs() == 8000
    assert typo.sum() == dirt["order and its cancellation"]
    assert orders.loc[typo, "units"].sum() == 0

    true_lines = orders[(orders["status"] == "paid") & ~duplicate & known & ~typo & (orders["units"] != 0)]
    sold = truth.groupby("sku")["sold_units"].sum()
    booked = true_lines.groupby(true_lines["sku"].str.strip())["units"].sum()
    cartons = sold - booked.reindex(sold.index).fillna(0)  # a carton of n counted as one leaves n - 1 missing
    assert (cartons >= 0).all()
    assert 5 * dirt["carton as one piece"] <= cartons.sum() <= 23 * dirt["carton as one piece"]
    clean = true_lines[readable[true_lines.index]]
    clean = clean.assign(date=pd.to_datetime(clean["order_ts"].str[:10]), sku=clean["sku"].str.strip())
    by_day = clean.groupby(["date", "sku"])["units"].sum()
    true_day = truth.set_index(["date", "sku"])["sold_units"]
    true_day = true_day[true_day > 0]
    spoilt = dirt["unreadable order_ts"] + dirt["carton as one piece"]
    assert (by_day.reindex(true_day.index).fillna(0) != true_day).sum() <= spoilt


def test_orders_carry_order_level_cells_once(sample: SampleFiles, table: Callable[..., pd.DataFrame]) -> None:
    raw = table(sample, "sales")
    first = raw["order_id"] != raw["order_id"].shift()
    assert (raw.loc[first, "status"] != "").all()
    assert raw["order_id"].nunique() == first.sum()  # lines of an order stand together
    again = ~first & (raw["status"] != "")
    assert again.sum() <= sample.dirt["orders.csv.gz"]["exact duplicate"]
    key = raw.drop_duplicates().groupby(["order_id", "line_id"]).size()
    assert (key == 1).all()


def test_service_is_mediocre_and_differs_between_products(
    truth: pd.DataFrame, parameters: pd.DataFrame
) -> None:
    overall = truth["sold_units"].sum() / (truth["sold_units"] + truth["lost_units"]).sum()
    assert 0.88 <= overall <= 0.93
    fill_rate = parameters["fill_rate"]
    assert 0.5 <= fill_rate.min() <= 0.70
    assert fill_rate.quantile(0.9) >= 0.98
    assert fill_rate.quantile(0.1) <= 0.82


def test_demand_classes_are_what_they_are_called(truth: pd.DataFrame, parameters: pd.DataFrame) -> None:
    regular = parameters[parameters["lifecycle"] == "regular"]
    daily = truth[truth["sku"].isin(regular.index)].pivot_table("demand_units", "date", "sku")
    weekly = daily.resample("W").sum()
    positive = weekly.where(weekly > 0)
    interval = len(weekly) / positive.count()
    cv2 = positive.var(ddof=0) / positive.mean() ** 2
    frequent, even = interval < ADI_CUT, cv2 < CV2_CUT
    found = pd.Series(
        np.select([frequent & even, frequent, even], ["smooth", "erratic", "intermittent"], "lumpy"),
        interval.index,
    )
    agrees = found == regular["demand_class"].reindex(found.index)
    assert set(found) == {"smooth", "erratic", "intermittent", "lumpy"}
    assert agrees.mean() > 0.85
    for category in ("toys", "kitchen", "beauty"):
        assert regular.loc[regular["category"] == category, "demand_class"].nunique() == 4
    assert set(parameters["lifecycle"]) == {"new", "launched", "ended", "ending", "regular"}


def test_festivals_show_in_the_truth(truth: pd.DataFrame) -> None:
    expected = truth.groupby("date")["expected_units"].sum()

    def level(first: str | pd.Timestamp, n_day: int) -> float:
        return float(
            expected[pd.Timestamp(first) : pd.Timestamp(first) + pd.Timedelta(days=n_day - 1)].mean()
        )

    for year in (2024, 2025):
        ordinary = level(f"{year}-09-15", 28)
        assert level(f"{year}-11-11", 1) > 2.5 * ordinary
        assert level(f"{year}-11-14", 6) < 0.5 * level(f"{year}-11-10", 2)
        assert level(f"{year}-06-18", 1) > 1.5 * level(f"{year}-05-10", 14)
        before_black_friday, black_friday = {
            2024: ("2024-11-24", "2024-11-29"),
            2025: ("2025-11-23", "2025-11-28"),
        }[year]
        assert level(black_friday, 4) > 1.2 * level(before_black_friday, 4)
    for new_year in CHINESE_NEW_YEAR[1:3]:
        dip = level(new_year - pd.Timedelta(days=3), 10)
        assert dip < 0.6 * level(new_year - pd.Timedelta(days=22), 10)
    assert level(CLOSED[0], 7) == 0


def test_promotions_lift_demand_by_the_true_parameters(
    sample: SampleFiles, truth: pd.DataFrame, parameters: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    """Expected demand in a promotion against the week before its dip, over many promotions."""
    runs = table(sample, "promotions").astype({"discount_share": float})
    runs = runs[~runs["promo_id"].str.startswith("X") & ~runs["mechanic"].eq("campaign")]
    smooth = parameters.index[
        (parameters["demand_class"] == "smooth") & (parameters["lifecycle"] == "regular")
    ]
    runs = runs[runs["sku"].isin(smooth)]
    expected = truth.pivot_table("expected_units", "date", "sku")
    logs = []
    for run in runs.itertuples():
        first, last = pd.Timestamp(run.start_date), pd.Timestamp(run.end_date)
        before = expected.loc[first - pd.Timedelta(days=10) : first - pd.Timedelta(days=4), run.sku]
        during = expected.loc[first : min(last, first + pd.Timedelta(days=6)), run.sku]
        if len(during) == 7 and len(before) == 7 and before.min() > 0 and during.min() > 0:
            own = parameters.loc[run.sku]
            uplift = np.log1p(-run.discount_share) * own["elasticity"] + np.log(own["promotion_feature"])
            logs.append((np.log(during.mean() / before.mean()), uplift))
    measured, true = np.array(logs).T
    assert len(logs) > 100
    standard_error = np.std(measured - true) / np.sqrt(len(logs))
    assert abs(np.mean(measured - true)) < 4 * standard_error + 0.03
    assert np.corrcoef(measured, true)[0, 1] > 0.4


def test_products_move_together(truth: pd.DataFrame, parameters: pd.DataFrame) -> None:
    """Weekly changes of smooth products agree in part, away from all festivals."""
    smooth = parameters.index[
        (parameters["demand_class"] == "smooth") & (parameters["lifecycle"] == "regular")
    ]
    expected = truth.pivot_table("expected_units", "date", "sku")[smooth]
    ordinary = np.log(expected.loc["2024-03":"2024-05"].resample("W").mean()).diff().iloc[1:]
    correlation = ordinary.corr().to_numpy()
    assert correlation[np.triu_indices(len(correlation), 1)].mean() > 0.05


def test_customers_take_another_variant_when_theirs_is_gone(
    truth: pd.DataFrame, parameters: pd.DataFrame
) -> None:
    truth = truth.assign(collection=truth["sku"].map(parameters["collection"]))
    spilled = truth[truth["spill_in_units"] > 0]
    assert spilled["spill_in_units"].sum() > 2000
    turned_away = (truth["lost_units"] > 0).groupby([truth["date"], truth["collection"]]).transform("any")
    assert turned_away[spilled.index].all()  # demand spills only where somebody found the shelf empty
    own = spilled["demand_units"] + spilled["spill_in_units"]
    assert (own >= spilled["sold_units"]).all()


def test_returns_belong_to_order_lines(
    sample: SampleFiles, orders: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    back = table(sample, "returns").astype({"units": int})
    unknown = ~back["order_id"].isin(orders["order_id"])
    assert unknown.sum() == sample.dirt["returns.csv"]["return of an unknown order"]
    rows = back[~unknown].merge(
        orders.drop_duplicates(["order_id", "line_id"]), on=["order_id", "line_id"], suffixes=("", "_sold")
    )
    assert len(rows) == (~unknown).sum()
    assert (rows["sku"] == rows["sku_sold"].str.strip()).all()
    readable = rows[rows["order_ts"].str.startswith("20")]
    assert (readable["returned_date"] > readable["order_ts"].str[:10]).all()
    per_line = rows.groupby(["order_id", "line_id"])["units"].sum()
    bought = rows.groupby(["order_id", "line_id"])["units_sold"].first()
    assert (per_line > bought).sum() <= sample.dirt["orders.csv.gz"]["carton as one piece"]


def test_page_views_run_ahead_of_demand(
    sample: SampleFiles, truth: pd.DataFrame, parameters: pd.DataFrame, table: Callable[..., pd.DataFrame]
) -> None:
    views = table(sample, "page_views").astype({"views": float, "date": "datetime64[s]"})
    assert views.duplicated().sum() == sample.dirt["page_views.csv.gz"]["exact duplicate"]
    erratic = parameters.index[
        (parameters["demand_class"] == "erratic") & (parameters["lifecycle"] == "regular")
    ]
    wide = views.drop_duplicates().pivot_table("views", "date", "sku")[erratic]
    demand = truth.pivot_table("demand_units", "date", "sku")[erratic]
    ahead = wide.corrwith(demand.shift(-2)).mean()
    behind = wide.corrwith(demand.shift(2)).mean()
    assert ahead > behind + 0.1


def test_prices_and_promotions_agree(sample: SampleFiles, table: Callable[..., pd.DataFrame]) -> None:
    prices = table(sample, "prices").astype({"list_price": float, "net_price": float})
    prices = prices.set_index(["sku", "date_from"])
    runs = table(sample, "promotions").astype({"discount_share": float})
    planned = runs["promo_id"].str.startswith("X")
    assert planned.sum() == sample.dirt["promotions.csv"]["planned but not run"]
    started = runs[~planned].set_index(["sku", "start_date"])
    discount = 1 - (prices["net_price"] / prices["list_price"]).reindex(started.index)
    assert np.allclose(discount, started["discount_share"], atol=0.001)
    assert not pd.MultiIndex.from_frame(runs.loc[planned, ["sku", "start_date"]]).isin(prices.index).any()


def test_the_future_is_kept_for_evaluation_only(sample: SampleFiles, truth: pd.DataFrame) -> None:
    future = pd.read_parquet(sample.truth_future)
    assert future["date"].min() == END + pd.Timedelta(days=1)
    assert truth["date"].max() == END
    assert truth["date"].min() == START
    assert not any("truth" in path.name for path in sample.tables.values())
    error = future.groupby("sku")[["demand_units", "expected_units"]].sum().sum()
    assert error["demand_units"] == pytest.approx(error["expected_units"], rel=0.05)
