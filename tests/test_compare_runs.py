"""Two runs are compared in money, service and orders."""

from pathlib import Path

import pandas as pd
import pytest

from invnb.decide.compare_runs import FIGURE_COLUMNS, TABLES, compare_runs
from invnb.publish import write_comparison, write_json
from invnb.report.compare_page import compare_lines, compare_pages
from invnb.report.wording import LANGUAGES, catalogue


def run_tables(units: dict[str, float], *, cut: int = 0) -> dict[str, pd.DataFrame]:
    """The tables of a run that orders these units at 5 each, and has `cut` more lines cut by a limit."""
    names = [*units, *(f"cut{i}" for i in range(cut))]
    ordered = [*units.values(), *[0.0] * cut]
    orders = pd.DataFrame(
        {
            "sku": names,
            "name": [f"<{name}>" for name in names],
            "order_units": ordered,
            "line_value": [5.0 * n for n in ordered],
            "value_per_money": 0.5,
            "expected_lost_margin_if_not_ordered": 7.0,
        }
    )
    weeks = pd.to_datetime(["2025-06-09", "2025-06-16"])
    projection = pd.DataFrame(
        {"sku": ["A", "A"], "period": weeks, "stock_p50": [10.0, 20.0], "stockout_probability": [0.1, 0.3]}
    )
    backtest = pd.DataFrame(
        {
            "policy": ["policy"], "cost_kind": ["total"], "value": [100.0], "fill_rate": [0.97],
            "cycle_service": [0.9], "average_stock_value": [400.0], "turnover": [6.0],
        }
    )  # fmt: skip
    return {
        "orders": orders,
        "projection": projection,
        "economics": pd.DataFrame({"sku": ["A"], "unit_cost": [5.0]}),
        "kpis": pd.DataFrame({"kpi": ["turnover", "unknown"], "value": [6.0, None], "unit": "per year"}),
        "backtest": backtest,
        "alerts": pd.DataFrame({"money_at_risk": [3.0, 4.0]}),
    }


PARAMETERS = {"category": "toys", "currency": "CNY", "budget": 50.0}


def test_figures_are_those_of_the_tables_and_differences_are_b_less_a():
    found = compare_runs(
        run_tables({"A": 10, "B": 2}, cut=2),
        run_tables({"A": 12, "C": 4}, cut=1),
        PARAMETERS,
        PARAMETERS | {"category": "more", "budget": 80.0},
    )
    assert found.parameters.to_numpy().tolist() == [["budget", "50.0", "80.0"]]
    figures = found.figures.set_index("figure")
    assert list(found.figures.columns) == FIGURE_COLUMNS
    assert figures.loc["order_value", ["a", "b", "difference"]].tolist() == [60.0, 80.0, 20.0]
    assert figures.loc["saved_over_waiting", "difference"] == pytest.approx(10.0)
    assert figures.loc["lines_cut_by_a_limit", "difference"] == -1
    assert figures.loc["projected_stock_value", "a"] == pytest.approx((10 + 20) * 5 / 2)
    assert figures.loc["stockout_probability", "difference"] == 0
    assert "unknown" not in figures.index
    assert found.figures["area"].drop_duplicates().tolist() == ["money", "service", "orders", "key figure"]
    orders = found.orders.set_index("sku")
    assert set(orders.index) == {"A", "B", "C"}
    assert orders.loc["C", ["units_a", "units_b", "value_difference"]].tolist() == [0.0, 4.0, 20.0]
    assert found.orders["value_difference"].abs().is_monotonic_decreasing
    assert orders["value_difference"].sum() == figures.loc["order_value", "difference"]


def test_a_run_beside_itself_differs_in_nothing():
    found = compare_runs(run_tables({"A": 1}), run_tables({"A": 1}), PARAMETERS, PARAMETERS)
    assert found.parameters.empty
    assert found.orders.empty
    assert (found.figures["difference"] == 0).all()


def test_two_currencies_are_refused():
    with pytest.raises(ValueError, match="one currency, got CNY and EUR"):
        compare_runs({}, {}, PARAMETERS, PARAMETERS | {"currency": "EUR"})


def test_pages_and_lines_say_the_same_and_text_is_escaped():
    found = compare_runs(run_tables({"A": 10}), run_tables({"A": 12}), PARAMETERS, PARAMETERS)
    tables = (found.parameters, found.figures, found.orders)
    pages = compare_pages("toys", "more", *tables, currency="CNY", language="both")
    assert list(pages) == [".html", ".zh.html"]
    assert "+10.00" in "\n".join(compare_lines(*tables))
    for ending, page in pages.items():
        assert "+¥10" in page
        assert "&lt;A&gt;" in page
        assert "<A>" not in page
        other = next(name for name in pages if name != ending)
        assert f'href="compare_toys_more{other}"' in page
    assert "Order value" in pages[".html"]
    assert "订单金额" in pages[".zh.html"]
    assert "Order value" not in pages[".zh.html"]


def test_every_figure_has_words_in_both_languages():
    found = compare_runs(run_tables({"A": 1}), run_tables({"A": 1}), PARAMETERS, PARAMETERS)
    own = found.figures[found.figures["area"] != "key figure"]["figure"]
    for language in LANGUAGES:
        assert [name for name in own if f"compare_figure.{name}" not in catalogue(language)] == []


def test_a_difference_of_shares_is_in_points():
    figures = pd.DataFrame(
        {
            "area": "service", "figure": ["backtest_fill_rate", "stockout_probability", "alerts", "worth"],
            "unit": ["share", "share", "count", "EUR"],
            "a": [0.95, 0.1, 4, 0.024], "b": [0.97, None, 4, 0.016], "difference": [0.02, None, 0, -0.008],
        }
    )  # fmt: skip
    nothing = pd.DataFrame()
    page = compare_pages("a", "b", nothing, figures, nothing, currency="EUR", language="zh")[".html"]
    assert '<td class="n">95.0%</td><td class="n">97.0%</td><td class="n">+2.0 个百分点</td>' in page
    assert '<td class="n">10.0%</td><td class="n">–</td><td class="n">–</td>' in page
    assert '<td class="n">4</td><td class="n">4</td><td class="n">相同</td>' in page
    assert '<td class="n">€0.024</td><td class="n">€0.016</td><td class="n">−€0.008</td>' in page


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("INVNB_HOME", str(tmp_path))
    return tmp_path


def test_published_runs_are_compared_byte_for_byte_alike(home):
    for run, units in {"toys": 10.0, "more": 12.0}.items():
        for name, table in run_tables({"A": units}).items():
            file = home / "reports" / run / "tables" / f"{name}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            table.to_parquet(file)
        write_json(home / "reports" / run / "run.json", {"parameters": PARAMETERS | {"category": run}})
    _, page = write_comparison("toys", "more")
    first = page.read_bytes(), page.with_suffix(".csv").read_bytes()
    write_comparison("toys", "more")
    assert (page.read_bytes(), page.with_suffix(".csv").read_bytes()) == first
    assert pd.read_csv(page.with_suffix(".csv"))["difference"].notna().all()
    assert {file.stem for file in (home / "reports" / "toys" / "tables").iterdir()} == set(TABLES)
