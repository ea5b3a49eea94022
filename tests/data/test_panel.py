"""The demand panel: statuses kept apart, availability and censoring by hand, units conserved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invnb.data.panel import NO_DEMAND_STATUS, demand_panel, panel_days
from invnb.data.tables import complete, empty

MONDAY = pd.Timestamp("2025-01-06")
TABLES = ("stock_history", "promotions", "prices", "returns", "page_views")


def sold(sku: str, by_day: dict[int, float], location: str = "main", price: float = 10.0) -> pd.DataFrame:
    """Sales of `units` on days counted from the first Monday."""
    rows = [(MONDAY + pd.Timedelta(days=day), units) for day, units in by_day.items()]
    frame = pd.DataFrame(rows, columns=["order_ts", "units"])
    return complete(
        "sales",
        frame.assign(order_id="1", sku=sku, location=location, net_value=frame["units"] * price),
    )


def product(sku: str, **facts: object) -> pd.DataFrame:
    return complete("products", pd.DataFrame([{"sku": sku, "name": sku, "category": "toys"} | facts]))


def history(sku: str, rows: list[tuple[float, float, float]], **facts: object) -> pd.DataFrame:
    """Stock in the morning, received, in the evening, from the first Monday on."""
    frame = pd.DataFrame(rows, columns=["open_units", "received_units", "close_units"])
    frame = frame.assign(date=pd.date_range(MONDAY, periods=len(rows)), sku=sku, **facts)
    return complete("stock_history", frame)


def panel(
    sales: list[pd.DataFrame],
    products: list[pd.DataFrame],
    period: str = "week",
    days: int = 21,
    **tables: pd.DataFrame,
) -> pd.DataFrame:
    """The panel of a busy shop that is open on all `days`."""
    shop = pd.Series(50, index=pd.date_range(MONDAY, periods=days))
    others = {name: tables.get(name, empty(name)) for name in TABLES}
    return demand_panel(
        pd.concat(sales), pd.concat(products), period=period, shop_orders=tables.get("shop", shop), **others
    )


def test_six_statuses_stay_apart() -> None:
    week = 7
    last = MONDAY + pd.Timedelta(days=4 * week - 1)
    full = history("out", [(5, 0, 0)] + [(0, 0, 0)] * 20 + [(5, 0, 5)] * 7)
    sales = [sold("all", dict.fromkeys((0, 8, 15, 22), 1)), sold("out", {0: 5, 22: 0})]
    products = [
        product("all"),
        product("out"),
        product("late", launch_date=MONDAY + pd.Timedelta(days=2 * week)),
        product("gone", launch_date=MONDAY, end_date=MONDAY + pd.Timedelta(days=week + 2)),
        product("never"),
    ]
    table = panel(sales, products, days=28, stock_history=full)
    status = table.groupby("sku")["status"].agg(list)
    assert status["all"] == ["sold"] * 4
    assert status["out"] == ["sold", "out_of_stock", "out_of_stock", "zero"]
    assert status["late"] == ["not_launched", "not_launched", "zero", "zero"]
    assert status["gone"] == ["zero", "zero", "ended", "ended"]
    assert status["never"] == ["not_launched"] * 4
    assert table["period"].max() + pd.Timedelta(days=6) == last
    seen = ~table["status"].isin(NO_DEMAND_STATUS)
    assert (table["units"].notna() == seen).all()
    assert (table["available"] == seen).all()


def test_closed_and_missing_weeks() -> None:
    days = pd.date_range(MONDAY, periods=70)
    shop = pd.Series(50, index=days.delete([*range(7, 14), *range(21, 49)]))
    table = panel([sold("a", {0: 1, 14: 1, 69: 1})], [product("a")], shop=shop)
    expected = ["sold", "closed", "sold", *["missing"] * 4, "zero", "zero", "sold"]
    assert table["status"].tolist() == expected
    assert table.loc[table["status"] == "closed", "units"].isna().all()


def test_availability_and_censoring_day_by_day() -> None:
    rows = [
        (5, 0, 3),  # sells 2: plain
        (3, 0, 0),  # sells 3, sold out: demand may have been more
        (0, 0, 0),  # nothing to sell
        (0, 4, 4),  # received in the day, nothing sold: buyable
        (4, 0, -2),  # sells 6 with 4 in stock: goes on selling, so all demand is seen
        (0, 0, -1),  # sells 1 without stock: the same
        (-1, 6, 5),  # one owed, six come
    ]
    sales = sold("a", {0: 2, 1: 3, 4: 6, 5: 1})
    table = panel([sales], [product("a")], "day", 7, stock_history=history("a", rows))
    assert table["status"].tolist() == ["sold", "sold", "out_of_stock", "zero", "sold", "sold", "zero"]
    assert table["censored"].tolist() == [False, True, False, False, False, False, False]
    assert table["start_units"].tolist() == [5, 3, 0, 4, 4, 0, 5]
    week = panel([sales], [product("a")], "week", 7, stock_history=history("a", rows)).iloc[0]
    assert week["available_share"] == pytest.approx(6 / 7)
    assert week["censored"]
    assert week["start_units"] == 5 + 4 + 6
    assert week["units"] == 12


def test_selling_the_last_unit_is_censored_with_and_without_a_closing_balance() -> None:
    rows = [(3, 0, 0), (0, 3, 0), (3, 0, 1)]
    stock = history("a", rows)
    sales = [sold("a", {0: 3, 1: 3, 2: 2})]
    assert panel(sales, [product("a")], "day", 3, stock_history=stock)["censored"].tolist() == [
        True,
        True,
        False,
    ]
    open_only = stock.assign(close_units=np.nan)
    unknown = panel(sales, [product("a")], "day", 3, stock_history=open_only)
    assert unknown["censored"].tolist() == [True, True, False]


def test_unlisted_days_are_not_available() -> None:
    stock = pd.concat([history("a", [(5, 0, 5)] * 7).assign(listed=[True] * 4 + [False] * 3)])
    week = panel([sold("a", {0: 1})], [product("a")], "week", 7, stock_history=stock).iloc[0]
    assert week["available_share"] == pytest.approx(4 / 7)
    assert week["censored"]


def test_without_stock_history_nothing_is_censored() -> None:
    table = panel([sold("a", {0: 1, 20: 1})], [product("a")])
    assert not table["censored"].any()
    assert table["start_units"].isna().all()
    assert (table["available_share"] == 1).all()


def test_life_begins_at_launch_or_an_earlier_sale_and_ends_at_the_last_sale() -> None:
    early = product("a", launch_date=MONDAY + pd.Timedelta(days=14), end_date=MONDAY + pd.Timedelta(days=15))
    table = panel([sold("a", {8: 1, 22: 2})], [early], days=28)
    assert table["status"].tolist() == ["not_launched", "sold", "zero", "sold"]
    idle = panel([sold("a", {8: 1})], [product("a", active=False)], days=28)
    assert idle["status"].tolist() == ["not_launched", "sold", "ended", "ended"]


def test_a_launch_in_mid_week_lowers_the_available_share_only() -> None:
    launch = product("a", launch_date=MONDAY + pd.Timedelta(days=4))
    first = panel([sold("a", {5: 1})], [launch], days=14).iloc[0]
    assert first["available_share"] == pytest.approx(3 / 7)
    assert not first["censored"]


def test_locations_are_rows_of_their_own() -> None:
    stock = pd.concat(
        [history("a", [(0, 0, 0)] * 7, location="north"), history("a", [(9, 0, 9)] * 7, location="south")]
    )
    table = panel(
        [sold("a", {0: 1}, "south")], [product("a", launch_date=MONDAY)], days=7, stock_history=stock
    )
    assert table[["location", "status"]].to_numpy().tolist() == [["north", "out_of_stock"], ["south", "sold"]]


def test_prices_promotions_returns_and_views() -> None:
    at = [MONDAY + pd.Timedelta(days=d) for d in range(21)]
    prices = complete(
        "prices",
        pd.DataFrame(
            {
                "sku": "a",
                "date_from": [at[0] - pd.Timedelta(days=90), at[0] - pd.Timedelta(days=9), at[14]],
                "list_price": [99.0, 20.0, 30.0],
                "net_price": [99.0, 18.0, 30.0],
            }
        ),
    )
    plan = pd.DataFrame(
        {
            "promo_id": ["p", "q"],
            "sku": "a",
            "start_date": [at[0] - pd.Timedelta(days=3), at[1]],
            "end_date": [at[1], at[3]],
            "discount_share": [0.1, 0.3],
        }
    )
    returned = pd.DataFrame(
        {"return_id": "r", "order_id": "1", "sku": "a", "returned_date": [at[8], at[9]], "units": [1.0, 2.0]}
    )
    views = pd.DataFrame({"date": [at[0], at[1], at[7]], "sku": ["a", "a", "b"], "views": [3.0, 4.0, 5.0]})
    table = panel(
        [sold("a", {0: 2}, price=17.0)],
        [product("a", launch_date=at[0])],
        prices=prices,
        promotions=complete("promotions", plan),
        returns=complete("returns", returned),
        page_views=complete("page_views", views),
    )
    assert table["net_price"].tolist() == [17.0, 18.0, 30.0]  # paid, then posted
    assert table["list_price"].tolist() == [20.0, 20.0, 30.0]
    assert table["discount_share"].tolist() == pytest.approx([(0.1 + 3 * 0.3) / 7, 0.0, 0.0])
    assert table["promotion"].tolist() == [True, False, False]
    assert table["returned_units"].tolist() == [0.0, 3.0, 0.0]
    np.testing.assert_array_equal(table["page_views"], [7.0, 0.0, np.nan])


def test_without_posted_prices_the_last_paid_one_holds() -> None:
    table = panel([sold("a", {7: 2}, price=5.0)], [product("a", launch_date=MONDAY, list_price=8.0)])
    assert table["net_price"].tolist() == [5.0, 5.0, 5.0]
    assert table["discount_share"].tolist() == pytest.approx([0.375] * 3)


def test_incomplete_weeks_are_cut_and_data_through_holds() -> None:
    shop = pd.Series(50, index=pd.date_range(MONDAY - pd.Timedelta(days=3), periods=27))
    sales = pd.concat([sold("a", {-1: 1, 0: 1, 13: 1, 21: 1})])
    table = panel([sales], [product("a")], shop=shop)
    assert table["units"].tolist() == [1.0, 1.0, 0.0]
    through = panel_days(sales, empty("stock_history"), "week", "2025-01-20", shop)
    assert through.period[-1] == pd.Timestamp("2025-01-13")
    assert (through.cut_before, through.cut_after) == (3, 1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 27), st.integers(1, 9), st.sampled_from(["main", "n"])
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["day", "week"]),
)
def test_units_are_conserved_on_a_complete_grid(lines: list[tuple[str, int, int, str]], period: str) -> None:
    sales = pd.concat([sold(sku, {day: units}, location) for sku, day, units, location in lines])
    table = panel([sales], [product(sku) for sku in "abc"], period, 28)
    n_location = sales["location"].nunique()
    assert len(table) == 3 * n_location * (4 if period == "week" else 28)
    assert not table.duplicated(["sku", "location", "period"]).any()
    assert table["units"].sum() == sales["units"].sum()
    by_row = table.groupby(["sku", "location"])["units"].sum()
    expected = sales.groupby(["sku", "location"])["units"].sum().reindex(by_row.index, fill_value=0)
    pd.testing.assert_series_equal(by_row, expected, check_dtype=False)


def test_what_a_week_showed_of_its_demand() -> None:
    rows = [(9, 0, 7), (7, 0, 4), (4, 0, 0), (0, 0, 0), (0, 0, 0), (0, 6, 5), (5, 0, 4)]
    sales = sold("a", {0: 2, 1: 3, 2: 4, 5: 1, 6: 1})
    week = panel([sales], [product("a")], "week", 7, stock_history=history("a", rows)).iloc[0]
    assert week["seen_units"] == 2 + 3 + 1 + 1  # the third day sold out, two had no stock
    assert (week["seen_share"], week["cut_share"]) == (pytest.approx(4 / 7), pytest.approx(1 / 7))


def test_days_are_weighed_by_the_orders_of_the_shop() -> None:
    shop = pd.Series([50, 50, 50, 50, 50, 50, 700], index=pd.date_range(MONDAY, periods=7))
    rows = [(9, 0, 9)] * 6 + [(0, 0, 0)]  # out on the busy day
    week = panel([sold("a", {0: 0})], [product("a")], "week", 7, stock_history=history("a", rows), shop=shop)
    assert week["available_share"][0] == pytest.approx(6 / 7)
    assert week["seen_share"][0] == pytest.approx(0.3, abs=0.01)


def test_a_weekly_count_is_carried_through_the_week() -> None:
    counted = history("a", [(5, 0, np.nan)] * 21).iloc[::7].assign(open_units=[5, 9, 9])
    sales = sold("a", {0: 2, 2: 3, 8: 4, 16: 9})
    table = panel([sales], [product("a")], "week", 21, stock_history=counted)
    assert table["censored"].tolist() == [True, False, True]
    assert table["available_share"].tolist() == pytest.approx([3 / 7, 1.0, 3 / 7])
    assert table["seen_units"].tolist() == [2, 4, 0]


def test_a_mere_in_stock_flag_tells_days_without_stock_and_the_day_before_them() -> None:
    flags = history("a", [(f, 0, np.nan) for f in (1, 1, 1, 0, 0, 1, 1)])
    week = panel([sold("a", {0: 3, 2: 2, 6: 1})], [product("a")], "week", 7, stock_history=flags).iloc[0]
    assert week["censored"]
    assert week["available_share"] == pytest.approx(5 / 7)
    assert (week["seen_units"], week["cut_share"]) == (4, pytest.approx(1 / 7))
    assert np.isnan(week["start_units"])
