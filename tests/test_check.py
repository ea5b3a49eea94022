"""`make check`: all files are read, all faults are told, and nothing is run."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from invnb.__main__ import main
from invnb.execute import execute
from invnb.run import PROJECT

MAP = """sales:
  file: orders.csv
  columns: {order_id: no, order_ts: day, sku: code, units: qty, net_value: total}
products:
  file: products.csv
  columns:
    sku: code
    name: title
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop with one good category, one whose map lacks a column, one misspelt, one not fetched."""
    sources = tmp_path / "params" / "sources"
    sources.mkdir(parents=True)
    data = tmp_path / "data"
    data.mkdir()
    lines = [f"{i},2025-01-{i:02d},A1,2,18" for i in range(6, 20)]
    (data / "orders.csv").write_text("no,day,code,qty,total\n" + "\n".join(lines))
    (data / "products.csv").write_text("code,title\nA1,Duck\n")
    (sources / "good.yml").write_text(MAP + '    category: "=toys"\n')
    (sources / "lacking.yml").write_text(MAP)
    (sources / "heading.yml").write_text(MAP.replace("qty", "quantity") + '    category: "=toys"\n')
    (sources / "public.yml").write_text(MAP.replace("orders", "online_retail") + '    category: "=toys"\n')
    (sources / "public.yml").write_text((sources / "public.yml").read_text().replace(".csv", ".csv.gz", 1))
    for file in sources.iterdir():
        text = f"product_category: toys\ndata_folder: data\nsources: sources/{file.name}\n"
        (tmp_path / "params" / file.name).write_text(text)
    monkeypatch.setenv("INVNB_HOME", str(tmp_path))
    monkeypatch.delenv("INVNB_DATA", raising=False)
    return tmp_path


def test_every_category_is_checked_and_every_fault_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check"]) == 1
    said = capsys.readouterr()
    assert "✓ good: 2 files, 15 lines, 0 of them refused; 1 products of category toys" in said.out
    assert "– public: " in said.out
    assert "`make data`" in said.out
    missing, lacking = said.err.splitlines()
    assert 'no column "quantity" (for units)' in missing
    assert "lacking.yml, line 6: sources.products.columns: category must be mapped" in lacking
    assert not (project / "build").exists()
    assert not (project / "reports").exists()


def test_a_public_set_not_fetched_fails_only_when_named(project: Path) -> None:
    for name in ("heading", "lacking"):
        (project / "params" / f"{name}.yml").unlink()
    assert main(["check"]) == 0
    assert main(["check", "public"]) == 1


def test_an_unknown_table_is_named_with_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    map_file = project / "params" / "sources" / "good.yml"
    map_file.write_text(map_file.read_text() + "stocks:\n  file: s.csv\n")
    assert main(["check", "good"]) == 1
    assert (
        'good.yml, line 10: sources: unknown entry "stocks"; did you mean "stock"?' in capsys.readouterr().err
    )


def test_compare_runs_nothing_where_one_of_the_two_is_wrong(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "good", "godo"]) == 1
    assert "godo.yml: there is no such file" in capsys.readouterr().err
    assert not (project / "build").exists()


def test_a_column_of_personal_data_does_not_stop_the_first_notebook(project: Path) -> None:
    """It is left out and named; a shop's own order export nearly always has one."""
    orders = project / "data" / "orders.csv"
    head, *lines = orders.read_text().splitlines()
    orders.write_text("\n".join([f"{head},手机号", *(f"{line},13800001111" for line in lines)]))
    parameters = {"product_category": "toys", "sources": "sources/good.yml", "data_folder": "data"}
    notebook = PROJECT / "notebooks" / "01_ingest.ipynb"
    execute(notebook, project / "build" / "01_ingest.ipynb", parameters, project)
    ledger = pd.read_parquet(project / "build" / "toys" / "tables" / "ledger.parquet")
    assert ledger.loc[ledger["outcome"] == "not_loaded", "reason"].str.contains("手机号").all()
    assert (ledger["outcome"] == "not_loaded").sum() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["compare", "good", ""],
            "invnb compare: argument B: it is empty; name a file of params/ without its .yml",
        ),
        (["compare", "", "good"], "invnb compare: argument A: it is empty"),
        (
            ["compare", "good"],
            "invnb compare: missing: B; for example `make compare A=toys B=toys_more_budget`",
        ),
        (["report", ""], "invnb report: argument category: it is empty"),
        (["report", "good", "--set", "budget"], 'argument --set: "budget" is not NAME=VALUE'),
        (["report", "good", "--jobs", "0"], 'argument --jobs: "0" is not a number of notebooks from 1'),
        (["repor"], "argument command: invalid choice: 'repor'"),
        ([], "invnb: missing: command; see `python -m invnb --help`"),
    ],
)
def test_a_wrong_command_line_is_said_in_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("✗ invnb")
    assert said in line


def test_wrong_values_of_a_command_are_said(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVNB_DATA", "/nowhere")
    file = str(project / "params" / "good.yml")
    for arguments, said in (
        (["compare", "good", "good"], '✗ A and B are both "good"; name two files of params/.'),
        (["sample", file], f"✗ {file}: this is a file, not a folder; name another folder."),
        (["report", "godo", "godo"], "godo.yml: there is no such file"),
        (["report", "good", "--set", "budgt=3"], 'unknown parameter "budgt"; did you mean "budget"?'),
    ):
        assert main(arguments) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
    assert main(["check", "public"]) == 1
    assert 'no such file, and INVNB_DATA is "/nowhere", which is no folder' in capsys.readouterr().out


def test_make_hands_over_what_was_typed(project: Path) -> None:
    for typed, said in (("compare A=good", "argument B: it is empty"), ("report CATEGORY=", "it is empty")):
        command = ["make", "-s", "-o", ".venv/run.done", *typed.split(" ")]
        ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        assert ended.returncode == 2
        assert said in ended.stderr
        assert "usage" not in ended.stderr
