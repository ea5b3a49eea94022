"""The page in a real browser: what fits, what works, and that nothing leaves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from invnb.report import write_index, write_report

Tables = Callable[..., dict[str, pd.DataFrame]]
LAPTOP, PHONE, NARROW = (1366, 768), (390, 844), (360, 740)
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def screenshots(root: Path) -> Path:
    folder = root / "artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def write_toys(
    tmp_path_factory: pytest.TempPathFactory,
    make_tables: Tables,
    parameters: dict[str, Any],
    run_info: dict[str, Any],
) -> Callable[[int], Path]:
    """write_toys(n): the page over n products, in both languages, in a folder of its own."""

    def write(n_products: int) -> Path:
        folder = tmp_path_factory.mktemp("reports") / "toys"
        return write_report(folder, make_tables(n_products), parameters, run_info, "both").report

    return write


@pytest.fixture(scope="module")
def report(write_toys: Callable[[int], Path]) -> Path:
    return write_toys(60)


@pytest.fixture(scope="module")
def small_report(write_toys: Callable[[int], Path]) -> Path:
    return write_toys(6)


@contextmanager
def opened(browser: Any, file: Path, size: tuple[int, int] = LAPTOP, **options: Any) -> Iterator[Any]:
    """The page at a window size; fails where it asks for anything else or writes to the console."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    page, trouble, requests = context.new_page(), [], []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    asked = [url for url in requests if not url.startswith("data:")]
    context.close()
    assert trouble == []
    assert asked == [file.as_uri()]


def bottom(page: Any, selector: str) -> float:
    box = page.locator(selector).last.bounding_box()
    return float(box["y"] + box["height"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "report.zh.html"])
def test_first_screen_fits_a_laptop(
    browser: Any, report: Path, screenshots: Path, name: str, scheme: str
) -> None:
    with opened(browser, report.with_name(name), color_scheme=scheme) as page:
        for part in ("#decision-title", ".tiles", ".ten tbody tr", ".alerts li"):
            assert bottom(page, part) <= LAPTOP[1], part
        page.screenshot(path=screenshots / f"laptop-{scheme}-{name}.png")
        page.screenshot(path=screenshots / f"laptop-{scheme}-{name}-whole.png", full_page=True)


@pytest.mark.parametrize("size", [PHONE, NARROW])
@pytest.mark.parametrize("name", ["report.html", "report.zh.html"])
def test_nothing_is_cut_on_a_phone(
    browser: Any, report: Path, screenshots: Path, name: str, size: tuple[int, int]
) -> None:
    with opened(browser, report.with_name(name), size) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert bottom(page, "#decision-title") < size[1] / 2
        cut = page.evaluate(
            """() => [...document.querySelectorAll("main *")].filter((e) => {
                if (e.closest(".scroll, svg, .vh")) return false;
                const box = e.getBoundingClientRect();
                return box.width && (box.right > innerWidth + 1 || box.left < -1);
            }).map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert cut == []
        page.screenshot(path=screenshots / f"phone-{size[0]}-{name}.png", full_page=True)


def test_search_filter_and_sort(browser: Any, report: Path) -> None:
    with opened(browser, report) as page:
        products = page.locator("#products-list")
        rows = products.locator("tbody tr:visible")
        assert rows.count() == 60
        products.locator("input[type=search]").fill("red kite")
        assert rows.count() == 1
        assert "1 of 60 shown" in products.locator("[role=status]").inner_text()
        products.locator("input[type=search]").fill("")
        products.locator("select").select_option("A")
        assert 0 < rows.count() < 60
        products.locator("select").select_option("")
        head = products.locator("thead th", has_text="On hand")
        column = head.evaluate("e => e.cellIndex")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        values = [
            float(text.replace(",", ""))
            for text in rows.locator(f":nth-child({column + 1})").all_inner_texts()
            if text
        ]
        assert values == sorted(values, reverse=True)
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"


def test_folds_open_by_keyboard(browser: Any, report: Path) -> None:
    with opened(browser, report) as page:
        fold = page.locator("#savings details")
        assert not fold.locator("table").is_visible()
        fold.locator("summary").focus()
        page.keyboard.press("Enter")
        assert fold.locator("table").is_visible()


def test_complete_without_script(browser: Any, report: Path) -> None:
    with opened(browser, report, java_script_enabled=False) as page:
        assert page.locator("#products-list tbody tr").count() == 60
        assert not page.locator(".tools").first.is_visible()


def test_prints_whole_on_paper(browser: Any, report: Path, screenshots: Path) -> None:
    paper = (688, 1017)  # A4 less 14 mm on each side, in CSS pixels
    for name in ("report.html", "report.zh.html"):
        with opened(browser, report.with_name(name), paper) as page:
            page.emulate_media(media="print")
            assert not page.locator("nav").is_visible()
            box = page.locator("#products-list .scroll")
            assert box.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
            cut = page.evaluate(
                """() => [...document.querySelectorAll("main *")].filter((e) => {
                    const box = e.getBoundingClientRect();
                    return !e.closest("svg, .vh") && box.width && box.right > innerWidth + 1;
                }).map((e) => e.outerHTML.slice(0, 80))"""
            )
            assert cut == []
            figures = page.evaluate("[...document.querySelectorAll('figure')].map((e) => e.clientHeight)")
            assert max(figures) < paper[1]
            content = page.pdf(path=screenshots / f"print-{name}.pdf", prefer_css_page_size=True)
        assert content.startswith(b"%PDF")
        assert b"/MediaBox [0 0 594" in content or b"/MediaBox [0 0 595" in content
        pages = len(re.findall(rb"/Type /Page\b", content))
        assert 6 <= pages <= 24


def test_a_product_opens_into_its_pictures(browser: Any, report: Path, screenshots: Path) -> None:
    with opened(browser, report) as page:
        products = page.locator("#products-list")
        row = products.locator("tbody tr").nth(4)
        numbers = row.locator("details").text_content()
        assert row.locator("svg.spark").count() == 1
        row.locator("summary").focus()
        page.keyboard.press("Enter")
        drill = products.locator("tr.drill")
        pictures = drill.locator("svg[role=img]")
        assert pictures.count() == 2
        name = row.locator("bdi").inner_text()
        assert all(name in picture.get_attribute("aria-label") for picture in pictures.all())
        assert {"sold", "forecast", "with orders"} <= set(drill.locator("text.name").all_text_contents())
        for path in drill.locator("path.ours, path.band").all():
            assert re.fullmatch(r"(?:[ML][\d.]+ [\d.]+)+Z?", path.get_attribute("d") or "M0 0")
        drill.screenshot(path=screenshots / "product.png")
        products.locator("thead button").first.click()  # sorted, the pictures stay below their product
        assert drill.evaluate("e => e.previousElementSibling.cells[0].textContent").startswith(name)
        products.locator("input[type=search]").fill("no such product")
        assert not drill.is_visible()
        products.locator("input[type=search]").fill("")
        drill.evaluate("e => { e.previousElementSibling.querySelector('details').open = false; }")
        page.wait_for_function("!document.querySelector('tr.drill')")
        again = products.locator("tbody tr", has_text=name).first.locator("details").text_content()
        assert again == numbers


def test_a_first_screen_name_leads_to_its_product(browser: Any, report: Path) -> None:
    with opened(browser, report) as page:
        link = page.locator(".ten tbody a").first
        link.click()
        page.wait_for_selector("tr.drill svg[role=img]")
        assert page.locator("tr:target bdi").inner_text() == link.inner_text()


def test_keyboard_reaches_everything(browser: Any, small_report: Path) -> None:
    with opened(browser, small_report) as page:
        wanted = page.evaluate(
            """() => {
                window.reached = new Set();
                addEventListener("focusin", (event) => window.reached.add(event.target));
                const tabbed = "a[href], button, input, select, summary, [tabindex]";
                window.wanted = [...document.querySelectorAll(tabbed)].filter((e) =>
                    e.checkVisibility({ contentVisibilityAuto: true }) && e.getClientRects().length);
                return window.wanted.length;
            }"""
        )
        for _ in range(wanted + 5):
            page.keyboard.press("Tab")
        missed = page.evaluate("wanted.filter((e) => !reached.has(e)).map((e) => e.outerHTML.slice(0, 120))")
        assert wanted > 60
        assert missed == []


def _bad(kind: str, tables: dict[str, pd.DataFrame], run_info: dict[str, Any]) -> dict[str, Any]:
    """Turn a run's tables into those of a bad day; returns what changes in the run."""
    if kind == "none to order":
        tables["orders"], tables["alerts"] = tables["orders"].head(0), tables["alerts"].head(0)
    if kind == "all out of stock":
        for key in ("stock_p10", "stock_p50", "stock_p90", "without_order_p50"):
            tables["projection"][key] = 0.0
        tables["alerts"] = tables["alerts"].assign(type="OUT_NOW", severity="S1")
        tables["orders"] = tables["orders"].assign(on_hand_units=0, cover_days=0.0)
    if kind == "failed stage":
        for name in ("orders", "alerts", "projection", "policy", "backtest", "savings", "kpis", "frontier"):
            del tables[name]
        status = run_info["status"] | {"05_dp_optimization": "failed", "06_backtest": "missing"}
        return {
            "status": status,
            "errors": {"05_dp_optimization": "budget is -5; give an amount above zero."},
        }
    return {}


@pytest.mark.parametrize("kind", ["one product", "none to order", "all out of stock", "failed stage"])
def test_a_bad_day_still_makes_a_page(
    browser: Any,
    tmp_path: Path,
    make_tables: Tables,
    parameters: dict[str, Any],
    run_info: dict[str, Any],
    screenshots: Path,
    kind: str,
) -> None:
    tables = make_tables(1 if kind == "one product" else 12)
    changes = _bad(kind, tables, run_info)
    file = write_report(tmp_path, tables, parameters, run_info | changes, "en").report
    for size in (LAPTOP, NARROW):
        with opened(browser, file, size) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert bottom(page, "#decision-title") < size[1]
            assert "nan" not in page.locator("main").inner_text().lower().split()
            page.screenshot(path=screenshots / f"{kind}-{size[0]}.png", full_page=size == LAPTOP)


def test_paints_fast_and_does_not_jump(browser: Any, report: Path) -> None:
    with opened(browser, report) as page:
        page.wait_for_timeout(300)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        shift = page.evaluate(
            """() => new Promise((done) => {
                let sum = 0;
                new PerformanceObserver((list) => list.getEntries().forEach((e) => { sum += e.value; }))
                    .observe({ type: "layout-shift", buffered: true });
                setTimeout(() => done(sum), 200);
            })"""
        )
        assert paint < 1000
        assert shift == 0


def test_index(browser: Any, report: Path, screenshots: Path) -> None:
    status = {
        "books": {"state": "failed", "stage": "04_lp_optimization", "message": "budget below the minimum"}
    }
    index = write_index(report.parent.parent, status)
    with opened(browser, index) as page:
        assert page.locator("tbody tr").count() == 2
        page.screenshot(path=screenshots / "index.png")
    with opened(browser, index, NARROW) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


def test_hostile_names_run_nothing(
    browser: Any,
    tmp_path: Path,
    make_tables: Tables,
    parameters: dict[str, Any],
    run_info: dict[str, Any],
    screenshots: Path,
) -> None:
    tables = make_tables(12)
    names = [
        "<script>alert(1)</script>",
        "x" * 300,
        "غلاية حمراء",
        "🎉🎈",
        '=HYPERLINK("http://x")',
        '"><img src=x onerror=alert(1)>',
    ]
    for name in ("orders", "alerts", "economics", "policy"):
        tables[name]["name"] = [names[i % len(names)] for i in range(len(tables[name]))]
    file = write_report(tmp_path, tables, parameters, run_info, "en").report
    with opened(browser, file) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a name opened a dialog: {dialog.message}"))
        assert page.evaluate("document.documentElement.scrollWidth") <= LAPTOP[0]
        assert bottom(page, ".ten tbody tr") <= LAPTOP[1]
        page.screenshot(path=screenshots / "hostile.png")
    with opened(browser, file, NARROW) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "report.zh.html", "index.html"])
def test_axe_finds_no_violation(browser: Any, small_report: Path, name: str, scheme: str) -> None:
    """WCAG 2.2, level AA, as far as axe-core can check it; every fold open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    folder = small_report.parent
    file = write_index(folder.parent, {}) if name == "index.html" else folder / name
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # axe is a script of its own
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    rules = {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        "resultTypes": ["violations"],
    }
    found = axe.run(page, options=rules).response
    context.close()
    assert found["testEngine"]["version"] >= "4.1"
    assert [
        (v["id"], v["help"], len(v["nodes"]), v["nodes"][0]["html"][:120]) for v in found["violations"]
    ] == []
