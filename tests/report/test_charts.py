"""Every picture draws from the fixture's tables, says what it shows, and has the same bytes each time."""

# ruff: noqa: E501 - a case is easier to check on one line
from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import matplotlib as mpl
import pandas as pd
import pytest

from invnb.report import charts, charts_forecast
from invnb.report.style import COLOURS, blank, chinese_font, house_style, show
from invnb.report.tables import table
from invnb.report.wording import Wording

EN, ZH = Wording("en", "CNY"), Wording("zh", "CNY")
Tables = Callable[..., dict[str, pd.DataFrame]]
DRAW = {
    "projection": lambda t, w: charts.stock_projection(t["projection"].query("sku == 'T0001'"), w, "week", "Kite"),
    "savings": lambda t, w: charts.savings_by_source(t["savings"], w),
    "costs": lambda t, w: charts.cost_by_policy(t["backtest"], w),
    "frontier": lambda t, w: charts.frontier_chart(t["frontier"], w),
    "limits": lambda t, w: charts.limits_chart(t["limits"], w, "week"),
    "forecast": lambda t, w: charts_forecast.forecast_chart(t["forecast_history"], t["forecast"], w, "week", t["forecast_total"]),
    "models": lambda t, w: charts_forecast.model_comparison(t["model_scores"], t["champions"], w),
    "calibration": lambda t, w: charts_forecast.calibration_chart(t["calibration"], w),
    "segments": lambda t, w: charts_forecast.abc_xyz_map(t["sku_segments"], w),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAW)
def test_pictures_are_reproducible_small_and_self_contained(name: str, make_tables: Tables) -> None:
    tables = make_tables(20)
    before = dict(mpl.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = (show(DRAW[name](tables, EN), alt="A picture").html for _ in range(2))
        chinese = show(DRAW[name](tables, ZH), alt="图").html
    assert first == second
    assert len(first) < 60_000
    assert 'aria-label="A picture"' in first
    assert re.findall(r"https?://(?!www\.w3\.org)", first) == []
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese.replace("图", "", 1))
    assert dict(mpl.rcParams) == before


def test_ids_of_two_pictures_differ(make_tables: Tables) -> None:
    tables = make_tables(20)
    pages = [show(DRAW[name](tables, EN), alt="x").html for name in ("savings", "costs")]
    ids = [set(re.findall(r' id="([^"]+)"', page)) for page in pages]
    assert ids[0]
    assert not ids[0] & ids[1]
    for page, known in zip(pages, ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", page)) <= known


def test_a_heavy_picture_becomes_a_small_png() -> None:
    import numpy as np

    fig, ax = blank()
    rng = np.random.default_rng(1)
    ax.scatter(rng.normal(size=20_000), rng.normal(size=20_000))
    html = show(fig, alt="A cloud of points").html
    assert html.startswith('<img class="fig" alt="A cloud of points"')
    assert len(html) < 60_000


def test_figures_and_tables_must_be_described() -> None:
    with pytest.raises(ValueError, match="alt is empty"):
        show(blank()[0], alt=" ")
    with pytest.raises(ValueError, match="caption is empty"):
        table(pd.DataFrame({"a": [1]}), "")


def test_hostile_names_are_drawn_as_text(make_tables: Tables) -> None:
    rows = make_tables(3)["projection"].query("sku == 'T0001'")
    html = show(
        charts.stock_projection(rows, EN, title="$a$ <script>alert(1)</script> 🎉 水壶"), alt='"><b>'
    ).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert 'aria-label="&#34;&gt;&lt;b&gt;"' in html


def test_the_font_comes_from_a_file_not_from_an_import() -> None:
    import sys

    assert chinese_font() == "Noto Sans SC"
    assert "zhplot" not in sys.modules


def _contrast(a: str, b: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["ink", "muted", "ours", "other", "good", "extra"])
def test_colours_contrast_with_the_page_as_wcag_asks(name: str) -> None:
    light, dark = COLOURS[name]
    assert _contrast(light, COLOURS["paper"][0]) >= 4.5
    assert _contrast(dark, COLOURS["paper"][1]) >= 4.5


def test_numbers_written_in_a_picture_keep_their_digits() -> None:
    with house_style():
        figure, ax = blank()
        ax.plot([0.123456, 1], [0.987654, 2])
        ax.annotate("x0.25 and 12.3456", (0.5, 1))
    html = show(figure, "A line").html
    assert "x0.25 and 12.3456" in html
    assert all(len(digits) == 1 for digits in re.findall(r"[ML] \d+\.(\d+)", html))
