"""The pipeline: what runs again and what does not, and what a failure leaves behind.

The stages here are small notebooks of the test's own, so that each rule is seen alone and quickly;
the shipped notebooks are run by tests/test_notebooks.py.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from invnb import pipeline, publish, run
from invnb.run import Stage

ONE = Stage("01_one", (), ("numbers",))
TWO = Stage("02_two", ("numbers",), ("doubled",))
THREE = Stage("03_three", ("doubled",), ("report.html", "summary.json"))

CODE = {
    "01_one": """
import pandas as pd
from invnb.run import home, open_run
run = open_run("01_one", {"category": category})
text = (home() / data_folder / "numbers.csv").read_text()
run.write(numbers=pd.DataFrame({"n": [int(x) for x in text.split()]}))
""",
    "02_two": """
from invnb.run import open_run
run = open_run("02_two", {"category": category})
numbers = run.read("numbers")
assert order_cost < 1000, "too dear"
run.write(doubled=numbers * 2)
""",
    "03_three": """
import json
from invnb.run import open_run
run = open_run("03_three", {"category": category})
total = int(run.read("doubled")["n"].sum())
run.output("report.html").write_text(f"<p>{total} {language}</p>")
run.output("summary.json").write_text(json.dumps({"total": total}))
""",
}
PARAMETERS = {
    "01_one": 'category = "a"\ndata_folder = "data"',
    "02_two": 'category = "a"\norder_cost = 20.0',
    "03_three": 'category = "a"\nlanguage = "en"',
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one category and three small stages."""
    for name, code in CODE.items():
        cells = [
            nbformat.v4.new_code_cell(PARAMETERS[name], metadata={"tags": ["parameters"]}),
            nbformat.v4.new_markdown_cell("## The work"),
            nbformat.v4.new_code_cell(code.strip()),
        ]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
    (tmp_path / "params" / "sources").mkdir(parents=True)
    (tmp_path / "params" / "a.yml").write_text("sources: sources/a.yml\ndata_folder: data\n")
    columns = "{order_id: o, order_ts: t, sku: s, units: n, net_value: v}"
    (tmp_path / "params" / "sources" / "a.yml").write_text(
        f"sales:\n  file: numbers.csv\n  columns: {columns}\n"
        "products:\n  file: numbers.csv\n  columns: {sku: s, name: n, category: c}\n"
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "numbers.csv").write_text("1 2 3")
    stages = (ONE, TWO, THREE)
    for module in (pipeline, publish, run):
        monkeypatch.setattr(module, "STAGES", stages)
    monkeypatch.setattr(pipeline, "notebook_of", lambda stage: tmp_path / "notebooks" / f"{stage.name}.ipynb")
    monkeypatch.setenv("INVNB_HOME", str(tmp_path))
    # Kernels import the real list of stages: tell them about these.
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import invnb.run as run\n"
        f"run.STAGES = tuple(run.Stage(*s) for s in {[(s.name, s.reads, s.writes) for s in stages]!r})\n"
    )
    monkeypatch.setattr("invnb.execute.KERNEL_PATHS", [str(site), str(publish.PROJECT)])
    return tmp_path


def go(category: str = "a", **overrides: str) -> pipeline.Outcome:
    with ThreadPoolExecutor(2) as pool:
        return pipeline.run_category(category, overrides, pool, lambda line: None)


def test_only_what_changed_runs_again(project: Path) -> None:
    first = go()
    assert (first.status, first.stages_run) == ("ok", ("01_one", "02_two", "03_three"))
    assert (project / "reports/a/report.html").read_text() == "<p>12 en</p>"
    assert go().stages_run == ()
    (project / "params" / "a.yml").touch()
    (project / "data" / "numbers.csv").write_text("1 2 3")
    assert go().stages_run == (), "the same content is no change"
    assert go(language="zh").stages_run == ("03_three",)
    assert go(language="zh", order_cost="30").stages_run == ("02_two",), "the same table stops the chain"
    (project / "data" / "numbers.csv").write_text("4 5")
    changed = go()
    assert changed.stages_run == ("01_one", "02_two", "03_three")
    assert (project / "reports/a/report.html").read_text() == "<p>18 en</p>"


def test_long_work_says_how_far_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "PROGRESS_SECONDS", 0.2)
    file = project / "notebooks" / "01_one.ipynb"
    notebook = nbformat.read(file, as_version=4)
    notebook.cells[
        2
    ].source += (
        "\nimport logging, time\nlogging.getLogger('invnb.forecast').info('model 3 of 11')\ntime.sleep(1.5)"
    )
    nbformat.write(notebook, file)
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        assert pipeline.run_category("a", {}, pool, said.append).status == "ok"
    assert "a  01_one  at work" in said, "while its kernel starts"
    assert "a  01_one  at work: model 3 of 11" in said
    assert not any("model 3" in line for line in said if "01_one" not in line)


def test_a_table_somebody_changed_is_made_again(project: Path) -> None:
    go()
    (project / "build/a/tables/numbers.parquet").write_bytes(b"spoilt")
    assert go().stages_run == ("01_one",)


def test_a_failure_keeps_the_last_good_report_and_the_evidence(project: Path) -> None:
    go()
    files = [
        file for file in (project / "reports/a").rglob("*") if file.is_file() and file.name != "status.json"
    ]
    before = {file: file.read_bytes() for file in files}
    failed = go(order_cost="5000")
    assert (failed.status, failed.stage) == ("failed", "02_two")
    assert "“The work” (code cell 3 of 3): AssertionError: too dear" in failed.message
    assert (project / "build/a/failed/02_two.ipynb").is_file()
    assert json.loads((project / "reports/a/status.json").read_text())["status"] == "failed"
    for file, content in before.items():
        assert file.read_bytes() == content
    assert go().stages_run == ("02_two",), "the failed stage only: its table comes out as it was"


def test_a_check_without_words_is_quoted(project: Path) -> None:
    notebook = project / "notebooks" / "02_two.ipynb"
    notebook.write_text(notebook.read_text().replace(', \\"too dear\\"', ""))
    assert "the check `assert order_cost < 1000` does not hold" in go(order_cost="5000").message


def test_wrong_input_is_said_before_anything_runs(project: Path) -> None:
    (project / "data" / "numbers.csv").unlink()
    failed = go()
    assert failed.status == "failed"
    assert "numbers.csv" in failed.message
    assert "(table sales in a.yml)" in failed.message
    assert not (project / "build").exists()


def test_an_unknown_category_names_those_there_are(project: Path) -> None:
    failed = go("toyz")
    assert "toyz.yml: there is no such file" in failed.message
    assert "a.yml" in failed.message
    assert not (project / "reports" / "toyz").exists()


def test_what_the_run_file_says(project: Path) -> None:
    go(order_cost="30")
    made = json.loads((project / "reports/a/run.json").read_text())
    assert made["parameter_origin"]["order_cost"] == "command line"
    assert made["parameter_origin"]["data_folder"] == "params/a.yml, line 2"
    assert made["parameters"]["order_cost"] == 30
    assert set(made["hashes"]) == {"params/sources/a.yml", "data/numbers.csv"}
    assert set(made["seconds"]) == {"01_one", "02_two", "03_three"}
    assert made["sources"]["doubled"] == ["02_two", "table-doubled"]


def test_categories_run_beside_one_another_and_one_failure_stops_none(project: Path) -> None:
    for name, text in {"b": "order_cost: 5000\n", "c": "seed: 3\n"}.items():
        (project / "params" / f"{name}.yml").write_text(f"sources: sources/a.yml\ndata_folder: data\n{text}")
    outcomes = pipeline.run_all(["a", "b", "c"], {}, jobs=2, say=lambda line: None)
    assert [outcome.status for outcome in outcomes] == ["ok", "failed", "ok"]


def test_a_what_if_takes_over_what_is_the_same_in_its_base(project: Path) -> None:
    (project / "params" / "b.yml").write_text("based_on: a\norder_cost: 30\n")
    assert go("a").status == "ok"
    assert go("b").stages_run == ("02_two", "03_three")
    assert (project / "reports/b/report.html").read_text() == "<p>12 en</p>"
    assert (project / "reports/b/notebooks/01_one.html").is_file()
    assert go("b").stages_run == ()
    (project / "data" / "numbers.csv").write_text("4 5")
    assert go("b").stages_run == ("01_one", "02_two", "03_three"), "the base has other data"
    assert (project / "reports/b/report.html").read_text() == "<p>18 en</p>"


def test_nothing_is_taken_over_from_a_spoilt_table_and_no_report_at_all(project: Path) -> None:
    (project / "params" / "b.yml").write_text("based_on: a\n")
    go("a")
    (project / "build/a/tables/numbers.parquet").write_bytes(b"spoilt")
    assert go("b").stages_run == ("01_one", "03_three"), "the report shows the run's name"
    assert (project / "reports/b/report.html").read_text() == "<p>12 en</p>"
