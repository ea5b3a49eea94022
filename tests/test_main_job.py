"""The main job as a user runs it: from the sample's files to a published report, in real kernels."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from invnb.pipeline import declared_parameters
from invnb.run import PROJECT, STAGES

pytestmark = pytest.mark.xdist_group("main_job")

SMALLER = "n_scenarios: 60\norigins: 3\nbacktest_periods: 8\n"
"""The same work on fewer scenarios and origins."""


def invnb(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invnb", *arguments],
        cwd=PROJECT,
        env={**os.environ, "INVNB_HOME": str(home), **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with the shipped parameter files and one finished report."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(PROJECT / "params", folder / "params")
    with (folder / "params" / "toys.yml").open("a", encoding="utf-8") as file:
        file.write(SMALLER)
    ended = invnb(folder, "report", "toys")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert str(folder / "reports" / "toys" / "report.html") in ended.stdout
    return folder


def test_everything_a_manager_gets_is_there(home: Path) -> None:
    reports = home / "reports"
    for name in STAGES[-1].writes:
        assert (reports / "toys" / name).stat().st_size > 0
    assert (reports / "index.html").is_file()
    for stage in STAGES:
        page = (reports / "toys" / "notebooks" / f"{stage.name}.html").read_text(encoding="utf-8")
        assert "<script" not in page
        for name in stage.writes:
            assert "." in name or f'id="table-{name}"' in page, f"no mark of {name} in {stage.name}"


def test_a_second_run_runs_nothing_and_changes_nothing(home: Path) -> None:
    files = [
        file
        for file in (home / "reports" / "toys").rglob("*")
        if file.name != "status.json" and file.is_file()
    ]
    before = {file: file.read_bytes() for file in files}
    ended = invnb(home, "report", "toys")
    assert ended.stdout.count("unchanged") == len(STAGES)
    for file, content in before.items():
        assert file.read_bytes() == content, file


def test_the_same_input_gives_the_same_numbers(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "params", tmp_path / "params")
    shutil.copytree(home / "data", tmp_path / "data")
    assert invnb(tmp_path, "report", "toys").returncode == 0
    for file in sorted((home / "reports" / "toys" / "tables").iterdir()):
        if file.name == "models.zip":
            continue  # skops numbers objects by where they lay in memory; no stage reads this file
        other = tmp_path / "reports" / "toys" / "tables" / file.name
        assert file.read_bytes() == other.read_bytes(), file.name


def test_a_changed_cost_runs_only_what_depends_on_it(home: Path, tmp_path: Path) -> None:
    for folder in ("params", "data", "build", "reports"):
        shutil.copytree(home / folder, tmp_path / folder)
    ended = invnb(tmp_path, "report", "toys", "--set", "order_cost=25")
    unchanged = [line.split()[1] for line in ended.stdout.splitlines() if line.endswith("unchanged")]
    assert unchanged == ["01_ingest", "02_features", "03_model_comparison"]
    ended = invnb(tmp_path, "report", "toys", "--set", "order_cost=25", "--set", "language=both")
    unchanged = [line.split()[1] for line in ended.stdout.splitlines() if line.endswith("unchanged")]
    assert unchanged == [stage.name for stage in STAGES[:-1]]
    assert (tmp_path / "reports" / "toys" / "report.zh.html").is_file()


def test_money_and_units_are_conserved_from_files_to_orders(home: Path) -> None:
    tables = home / "reports" / "toys" / "tables"
    read = {
        name: pd.read_parquet(tables / f"{name}.parquet") for name in ("ledger", "sales", "panel", "orders")
    }
    card = pd.read_parquet(tables / "data_card.parquet").set_index("name")["value"]
    assert int(card["units_sold"]) == read["sales"]["units"].sum()
    assert float(card["units_in_panel"]) == read["panel"]["units"].sum()
    assert int(card["lines_read"]) == read["ledger"]["lines"].sum()
    placed = pd.read_csv(home / "reports" / "toys" / "orders.csv", encoding="utf-8-sig")
    orders = read["orders"]
    approved = orders[orders["order_units"] > 0]
    assert set(approved["sku"]) <= set(placed.iloc[:, :].astype(str).to_numpy().ravel())
    summary = json.loads((home / "reports" / "toys" / "summary.json").read_text())
    assert summary


def test_notebooks_run_in_jupyterlab_as_under_papermill(home: Path, tmp_path: Path) -> None:
    """As JupyterLab does: the notebook's own folder, its default parameters, one kernel each, in order."""
    from nbclient import NotebookClient

    shutil.copytree(home / "params", tmp_path / "params")
    (tmp_path / "data").mkdir()  # no sample yet: the notebook writes it
    shutil.copy(home / "data" / ".customer_salt", tmp_path / "data")
    old = os.environ.get("INVNB_HOME")
    os.environ["INVNB_HOME"] = str(tmp_path)
    try:
        for stage in STAGES[:2]:
            notebook = nbformat.read(PROJECT / "notebooks" / f"{stage.name}.ipynb", as_version=4)
            NotebookClient(notebook, resources={"metadata": {"path": str(PROJECT / "notebooks")}}).execute()
    finally:
        os.environ.pop("INVNB_HOME")
        if old is not None:
            os.environ["INVNB_HOME"] = old
    for stage in STAGES[:2]:
        assert declared_parameters(PROJECT / "notebooks" / f"{stage.name}.ipynb")
        for name in stage.writes:
            mine = tmp_path / "build" / "toys" / "tables" / f"{name}.parquet"
            theirs = home / "build" / "toys" / "tables" / f"{name}.parquet"
            assert mine.read_bytes() == theirs.read_bytes(), name


def test_papermill_alone_takes_a_parameter_file_and_refuses_a_wrong_one(home: Path, tmp_path: Path) -> None:
    def papermill(parameters: Path) -> subprocess.CompletedProcess[str]:
        files = ["notebooks/02_features.ipynb", str(tmp_path / "out.ipynb"), "-f", str(parameters)]
        return subprocess.run(
            [sys.executable, "-m", "papermill", *files, "--no-progress-bar"],
            cwd=PROJECT,
            env={**os.environ, "INVNB_HOME": str(home)},
            capture_output=True,
            text=True,
        )

    wrong = tmp_path / "toys.yml"
    wrong.write_text("category: toys\nhorizn_periods: 8\n")
    refused = papermill(wrong)
    assert refused.returncode != 0
    assert 'unknown parameter "horizn_periods"; did you mean "horizon_periods"?' in refused.stderr
    wrong.write_text("category: toys\nhorizon_periods: 1e1\n")
    refused = papermill(wrong)
    assert refused.returncode != 0
    assert 'horizon_periods is the text "1e1"; write a whole number' in refused.stderr
    assert papermill(PROJECT / "params" / "toys.yml").returncode == 0
