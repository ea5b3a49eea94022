"""Planners' answers come back without a line lost, and what they were worth is counted by hand."""

import numpy as np
import pandas as pd
import pytest

from invnb.data.tables import complete, empty
from invnb.decide.answers import HEADINGS, read_answers
from invnb.decide.feedback import (
    JUDGED_COLUMNS,
    judge_overrides,
    override_value,
    plan_adherence,
    planned_against_actual,
)
from invnb.decide.orders import propose_orders
from invnb.errors import InputError
from invnb.forecast.scenarios import Scenarios
from invnb.report.orders_file import ORDER_COLUMNS, orders_csv, orders_xlsx
from invnb.report.wording import LANGUAGES, Wording, catalogue

REVIEW = pd.Timestamp("2025-06-08")


@pytest.fixture
def proposal(shop):
    return propose_orders(shop.state(), shop.limits(), shop.segments, fill_rate_target=0.95)


def test_headings_are_those_of_the_order_files():
    for name, words in HEADINGS.items():
        assert name in ORDER_COLUMNS
        assert set(words) >= {name, *(catalogue(language)[f"column.{name}"] for language in LANGUAGES)}


def filled_in(file, answers, language):
    """Save the workbook again with the planner's cells filled in: `answers` is sku -> (units, reason)."""
    import xlsxwriter

    head = {name: catalogue(language)[f"column.{name}"] for name in HEADINGS}
    sheets = pd.read_excel(file, sheet_name=None, header=None, engine="calamine", dtype=object)
    with xlsxwriter.Workbook(file) as book:
        for name, cells in sheets.items():
            sheet, places = book.add_worksheet(name), {}
            for i, row in enumerate(cells.itertuples(index=False)):
                values = list(row)
                if set(head.values()) <= set(values):
                    places = {key: values.index(word) for key, word in head.items()}
                elif places and values[places["sku"]] in answers:
                    answer = answers[values[places["sku"]]]
                    values[places["planner_units"]], values[places["planner_reason"]] = answer
                for j, value in enumerate(values):
                    if not pd.isna(value):
                        sheet.write(i, j, value if isinstance(value, int | float) else str(value))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_comes_back_with_its_answers(shop, proposal, tmp_path, language):
    file = tmp_path / "orders.xlsx"
    file.write_bytes(orders_xlsx(proposal, shop.suppliers, Wording(language, "CNY")))
    untouched = read_answers(file, review_date=REVIEW, proposal=proposal)
    assert untouched.overrides["planner_units"].isna().all()
    first = proposal.iloc[0]
    filled_in(file, {first["sku"]: (2 * first["order_units"], "促销 planned")}, language)
    found = read_answers(file, review_date=REVIEW, proposal=proposal)
    assert found.rejected.empty
    back = found.overrides.set_index("sku").loc[proposal["sku"]]
    assert back["proposed_units"].tolist() == proposal["order_units"].tolist()
    assert back["calc_id"].tolist() == proposal["calc_id"].tolist()
    assert back["planner_units"].iloc[0] == 2 * first["order_units"]
    assert back["planner_reason"].iloc[0] == "促销 planned"
    assert back["planner_units"].iloc[1:].isna().all()


def test_the_csv_comes_back_too(proposal, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_bytes(orders_csv(proposal))
    assert len(read_answers(file, review_date=REVIEW, proposal=proposal).overrides) == len(proposal)


HEAD = "sku,order_units,min_order_units,pack_units,planner_units,planner_reason,calc_id\n"


@pytest.mark.parametrize(
    ("line", "what", "remedy"),
    [
        ("A,24,12,12,many,,c", "the planner's quantity is not a number", "write pieces"),
        ("A,24,12,12,-12,,c", "negative", "write 0 to order nothing"),
        ("A,24,12,12,30,,c", "not whole packs of 12", "write 24 or 36"),
        ("A,24,20,1,10,,c", "less than the minimum order", "write 0, or at least 20"),
        ("A,x,12,12,24,,c", "the proposed quantity is gone", "do not change that column"),
        ("Z,1,1,1,1,,c", "a second line for the same product", "keep one of them"),
        (",24,12,12,24,,", "proposed", ""),
    ],
)
def test_a_wrong_line_is_named_and_the_rest_is_kept(tmp_path, line, what, remedy):
    file = tmp_path / "back.csv"
    file.write_text(f"{HEAD}Z,1,1,1,,a reason alone is kept,c1\n{line}\nB,5,1,1,7,,c2\n")
    found = read_answers(file, review_date=REVIEW)
    if not remedy:  # a quantity without a product is refused, or kept under its line; never lost
        assert len(found.overrides) + len(found.rejected) == 3
        return
    assert found.overrides["sku"].tolist() == ["Z", "B"]
    row = found.rejected.iloc[0]
    assert (row["file"], row["line"]) == ("back.csv", 3)
    assert what in row["what"]
    assert remedy in row["remedy"]


def test_an_answer_to_another_calculation_is_refused(proposal, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_bytes(orders_csv(proposal))
    newer = proposal.assign(calc_id="newer")
    found = read_answers(file, review_date=REVIEW, proposal=newer)
    assert found.overrides.empty
    assert len(found.rejected) == len(proposal)
    assert (found.rejected["remedy"] == "fill in the newest order file").all()


def test_a_file_without_the_headings_says_which(tmp_path):
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no heading of an order file found; keep the headings of sku"):
        read_answers(file, review_date=REVIEW)
    (tmp_path / "broken.xlsx").write_bytes(b"PK no workbook")
    with pytest.raises(InputError, match="cannot be read"):
        read_answers(tmp_path / "broken.xlsx", review_date=REVIEW)


# What changes were worth


@pytest.fixture
def past():
    """One product, lead time one week, ten a week wanted, nothing in stock on the evening of the review."""
    weeks = pd.date_range("2025-06-09", periods=8, freq="7D")
    demand = pd.DataFrame({"sku": "A", "period": weeks, "units": 10.0})
    economics = pd.DataFrame(
        {
            "sku": ["A"], "supplier_id": ["S"], "unit_cost": [5.0], "holding_cost_per_unit_period": [1.0],
            "shortage_cost_per_unit": [6.0], "backorder_cost_per_unit_period": [0.5], "lost_share": [1.0],
            "order_cost": [0.0], "lead_time_days": [7.0], "lead_time_sd_days": [0.0],
            "lead_time_periods": [1], "review_period_periods": [1], "min_order_units": [1.0],
            "pack_units": [1.0],
        }
    )  # fmt: skip
    policy = pd.DataFrame(
        {
            "sku": ["A"],
            "reorder_point": [19.0],
            "order_up_to_level": [20.0],
            "expected_cost_per_period": [0.0],
        }
    )
    history = complete(
        "stock_history",
        pd.DataFrame(
            {
                "date": pd.date_range("2025-06-09", periods=56),
                "sku": "A", "open_units": 0.0, "received_units": 0.0, "close_units": 0.0,
            }
        ),
    )  # fmt: skip
    tables = (empty("purchase_orders"), empty("receipts"))
    panel = pd.DataFrame({"sku": "A", "period": weeks, "units": 0.0})
    return demand, economics, policy, panel, history, *tables


def override(planner_units, *, day=REVIEW, sku="A", proposed=10.0, reason="gut feeling"):
    return pd.DataFrame(
        {
            "review_date": [day], "sku": [sku], "calc_id": "c", "proposed_units": [proposed],
            "planner_units": [planner_units], "planner_reason": [reason],
        }
    )  # fmt: skip


def judge(past, overrides):
    demand, *rest = past
    return judge_overrides(overrides, demand, *rest, period_days=7)


def test_ordering_nothing_costs_the_margin_of_a_week(past):
    row = judge(past, override(0.0)).iloc[0]
    # the proposal serves the week it arrives in; without it ten units are lost at 6, and the twenty that the
    # next review orders instead are half sold when they come: ten are held for a week at 1
    assert row["state"] == "judged"
    assert row["value"] == pytest.approx(-60.0 - 10.0)


def test_ordering_too_much_costs_what_is_held(past):
    row = judge(past, override(15.0)).iloc[0]
    # the policy's next review takes the five back: they are held for one week
    assert row["value"] == pytest.approx(-5.0)


def test_what_agrees_is_worth_nothing_and_what_is_new_is_open(past):
    both = pd.concat(
        [
            override(np.nan),
            override(10.0, sku="A", day=REVIEW + pd.Timedelta(days=7)),
            override(0.0, day=pd.Timestamp("2025-07-27")),
            override(0.0, sku="unheard of"),
        ],
        ignore_index=True,
    )
    table = judge(past, both)
    assert list(table.columns) == JUDGED_COLUMNS
    assert table["state"].tolist() == ["agreed", "agreed", "open", "unknown"]
    assert table["value"].tolist()[:2] == [0.0, 0.0]
    assert table["value"].iloc[2:].isna().all()


def test_units_already_on_their_way_count_for_both(past):
    demand, economics, policy, panel, history = past[:5]
    line = {
        "po_id": ["1"], "line_id": ["1"], "sku": ["A"], "order_date": [pd.Timestamp("2025-06-01")],
        "units_ordered": [10.0], "units_open": [0.0],
    }  # fmt: skip
    got = {
        "po_id": ["1"],
        "line_id": ["1"],
        "receipt_date": [pd.Timestamp("2025-06-17")],
        "units_received": [10.0],
    }
    table = judge_overrides(
        override(0.0), demand, economics, policy, panel, history,
        complete("purchase_orders", pd.DataFrame(line)), complete("receipts", pd.DataFrame(got)),
        period_days=7,
    )  # fmt: skip
    # the older order serves the second week: the proposal's ten are held for a week instead of sold
    assert table["value"].iloc[0] == pytest.approx(10.0)


def test_reasons_that_harm_are_told_from_those_that_help():
    rng = np.random.default_rng(1)
    judged = pd.DataFrame(
        {
            "sku": np.repeat(["A", "B", "C"], 20),
            "planner_reason": np.repeat(["gut feeling", "promotion", "round"], 20),
            "proposed_units": 10.0,
            "ordered_units": 12.0,
            "state": "judged",
            "value": rng.normal(np.repeat([-5.0, 8.0, 0.0], 20), 2.0),
        }
    )
    table = override_value(judged).set_index(["by", "name"])
    assert table.loc["reason"]["verdict"].to_dict() == {
        "gut feeling": "harms",
        "promotion": "helps",
        "round": "unclear",
    }
    assert table.loc[("all", "all"), "value"] == pytest.approx(judged["value"].sum())
    assert table.loc[("all", "all"), "changed_units"] == 120
    assert table.loc["sku"]["value"].sum() == pytest.approx(judged["value"].sum())


def test_intervals_hold_what_they_promise():
    n_sku, n = 400, 12
    judged = pd.DataFrame(
        {
            "sku": np.repeat([f"P{i}" for i in range(n_sku)], n),
            "planner_reason": "r",
            "proposed_units": 1.0,
            "ordered_units": 2.0,
            "state": "judged",
            "value": np.random.default_rng(2).normal(3.0, 5.0, n_sku * n),
        }
    )
    rows = override_value(judged).query("by == 'sku'")
    held = (rows["low"] <= 3.0 * n) & (3.0 * n <= rows["high"])
    assert held.mean() == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / n_sku))


def test_adherence_is_that_of_the_units():
    overrides = pd.concat([override(np.nan), override(5.0, sku="B")])
    assert plan_adherence(overrides) == pytest.approx(0.75)
    assert np.isnan(plan_adherence(overrides.iloc[:0]))


def test_a_plan_without_surprises_is_met(past):
    demand, economics, policy, panel, history, orders, receipts = past
    weeks = demand["period"].to_numpy()
    scenarios = Scenarios(np.array(["A"]), weeks, np.full((1, 30, 8), 10.0), 1)
    # on certain demand: twenty come in the second week, none in the third, then ten a week, all sold at once
    day = history["date"]
    history = history.assign(received_units=np.where((day.dt.day_of_week == 0) & (day > weeks[2]), 10.0, 0.0))
    history.loc[day == weeks[1], "received_units"] = 20.0
    history.loc[(day >= weeks[1]) & (day < weeks[2]), "close_units"] = 10.0
    panel = panel.assign(units=[0.0] + [10.0] * 7)
    table = planned_against_actual(
        scenarios, economics, policy, panel, history, orders, receipts, period_days=7
    )
    assert set(table["measure"]) == {"sales_units", "receipt_units", "stock_units"}
    assert len(table) == 24
    sales = table[table["measure"] == "sales_units"]
    assert sales["planned"].tolist() == [0.0] + [10.0] * 7
    assert table["inside"].all(), table
    assert (table["planned"] - table["actual"]).abs().max() == 0


def test_the_command_keeps_what_is_right_and_names_what_is_not(tmp_path, capsys):
    from invnb.__main__ import main

    file, kept = tmp_path / "back.csv", tmp_path / "answers.csv"
    file.write_text(f"{HEAD}007,24,12,12,36,promotion,c1\nB,5,1,1,many,,c2\n")
    assert main(["answers", str(file), "--review", "2025-06-08", "--into", str(kept)]) == 1
    said = capsys.readouterr()
    assert 'back.csv, line 3: B: the planner\'s quantity is not a number ("many"); write pieces' in said.err
    assert "1 lines, 1 changed" in said.out
    file.write_text(f"{HEAD}007,24,12,12,,changed my mind,c1\nB,5,1,1,7,,c2\n")
    assert main(["answers", str(file), "--review", "2025-06-08", "--into", str(kept)]) == 0
    back = pd.read_csv(kept, dtype={"sku": str})
    assert back[["sku", "planner_reason"]].fillna("").to_numpy().tolist() == [
        ["007", "changed my mind"],
        ["B", ""],
    ]
    assert back["planner_units"].isna().tolist() == [True, False]
