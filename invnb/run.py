"""The folder of a run, and how a notebook reads and writes its tables.

A notebook opens its run right after its parameters:

    run = open_run("04_lp_optimization", vars())
    panel = run.read("panel")
    run.write(economics=economics)

It may read only what its stage lists in `STAGES`, and must write what is listed there: so the pipeline knows
what depends on what, and every printed number leads to the cell that wrote its table.
"""

from __future__ import annotations

import json
import os
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invnb.errors import InputError
from invnb.params import Params, check_params

if TYPE_CHECKING:
    import pandas as pd

PROJECT = Path(__file__).resolve().parents[1]


def home() -> Path:
    """The folder of `params/`, `data/`, `build/` and `reports/`: the project, or `$INVNB_HOME`."""
    return Path(os.environ.get("INVNB_HOME", PROJECT)).resolve()


@dataclass(frozen=True)
class Stage:
    """One notebook: what it reads and what it writes.

    Parameters
    ----------
    name : the notebook's name without its ending.
    reads, writes : names of tables; a name with a dot is a file of its own kind.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


_CANONICAL = (
    "sales products stock stock_history suppliers item_supplier purchase_orders receipts promotions prices "
    "returns page_views segments overrides"
)


def _stage(name: str, reads: str, writes: str) -> Stage:
    return Stage(name, tuple(reads.split()), tuple(writes.split()))


STAGES = (
    _stage("01_ingest", "", f"{_CANONICAL} ledger rejected panel data_card"),
    _stage("02_features", "panel products promotions page_views", "features sku_segments"),
    _stage(
        "03_model_comparison",
        "panel features sku_segments products purchase_orders receipts suppliers item_supplier",
        "model_scores model_value champions forecast forecast_total forecast_explanation "
        "forecast_value_added calibration forecast_history past_champions scenarios.npz past_scenarios.npz "
        "models.zip",
    ),
    _stage(
        "04_lp_optimization",
        "scenarios.npz panel products stock purchase_orders receipts suppliers item_supplier",
        "economics position inbound lp_plan limits",
    ),
    _stage(
        "05_dp_optimization",
        "scenarios.npz past_scenarios.npz economics position inbound limits products suppliers item_supplier "
        "sku_segments promotions panel stock_history",
        "policy orders alerts projection one_more_unit lost_unit_price",
    ),
    _stage(
        "06_backtest",
        "panel features products sku_segments economics stock_history position inbound policy orders "
        "forecast_history champions purchase_orders receipts overrides past_champions lost_unit_price "
        "scenarios.npz past_scenarios.npz",
        "backtest backtest_notes savings kpis frontier cash_actions alert_quality drift recalibrations "
        "override_value plan_actual signals",
    ),
    _stage(
        "07_report",
        "ledger data_card sku_segments model_scores champions forecast calibration forecast_history "
        "forecast_total products suppliers position economics lp_plan limits policy orders alerts "
        "projection backtest backtest_notes savings kpis frontier forecast_value_added forecast_explanation "
        "model_value one_more_unit lost_unit_price cash_actions alert_quality drift recalibrations "
        "override_value plan_actual signals overrides purchase_orders receipts",
        "report.html orders.csv orders.xlsx alerts.csv summary.json",
    ),
)


def stage_named(name: str) -> Stage:
    """The stage of that name."""
    for stage in STAGES:
        if stage.name == name:
            return stage
    raise InputError(f'there is no stage "{name}"', remedy=f"stages: {', '.join(s.name for s in STAGES)}")


def table_file(folder: Path, name: str) -> Path:
    """Where a table or file of a run lies."""
    return folder / "tables" / (name if "." in name else f"{name}.parquet")


@dataclass(frozen=True)
class Run:
    """An open run, seen from one stage.

    Parameters
    ----------
    stage : the stage whose notebook is running.
    category : the name of the run.
    folder : `build/<category>`, where stages leave their tables.
    """

    stage: Stage
    category: str
    folder: Path

    def input(self, name: str) -> Path:
        """The file of something this stage reads; refused if not listed or not there."""
        if name not in self.stage.reads:
            raise InputError(
                f'{self.stage.name} reads "{name}", which it does not list',
                remedy="add it to the stage's reads in invnb/run.py",
            )
        file = table_file(self.folder, name)
        if not file.is_file():
            writer = next(stage.name for stage in STAGES if name in stage.writes)
            raise InputError(
                f'"{name}" of the run "{self.category}" is not there yet',
                remedy=f"run {writer} first, or `make report CATEGORY={self.category}`",
            )
        return file

    def output(self, name: str) -> Path:
        """The file for something this stage writes."""
        if name not in self.stage.writes:
            raise InputError(
                f'{self.stage.name} writes "{name}", which it does not list',
                remedy="add it to the stage's writes in invnb/run.py",
            )
        file = table_file(self.folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def read(self, *names: str) -> Any:
        """One table, or a tuple of several."""
        import pandas as pd

        frames = tuple(pd.read_parquet(self.input(name)) for name in names)
        return frames[0] if len(frames) == 1 else frames

    def write(self, **tables: pd.DataFrame) -> None:
        """Write tables, each complete or not at all, and mark the cell that wrote them."""
        for name, frame in tables.items():
            file = self.output(name)
            partial = file.with_suffix(".partial")
            frame.to_parquet(partial, index=False)
            partial.replace(file)
        mark_written({name: len(frame) for name, frame in tables.items()})

    def info(self) -> dict[str, Any]:
        """What is known of this run so far: `run.json` as the pipeline keeps it, or nothing in JupyterLab."""
        file = self.folder / "run.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def mark_written(rows: Mapping[str, int]) -> None:
    """Show in the notebook which tables this cell wrote; the report links to these marks."""
    from html import escape

    from IPython.display import HTML, display

    marks = ", ".join(
        f'<span id="table-{escape(name)}"><b>{escape(name)}</b> ({count:,} rows)</span>'
        for name, count in rows.items()
    )
    display(HTML(f"<p>Written: {marks}</p>"))


def open_run(stage: str, variables: Mapping[str, Any]) -> Run:
    """Check the notebook's parameters and open its run.

    Parameters
    ----------
    stage : name of the notebook.
    variables : `vars()` right after the parameters cell; whatever is not a parameter there is refused.

    Raises
    ------
    InputError : an unknown or ill-typed parameter, with the nearest valid name.

    Examples
    --------
    >>> open_run("01_ingest", {"category": "toys", "horizont_periods": 8})
    Traceback (most recent call last):
    invnb.errors.InputError: unknown parameter "horizont_periods"; did you mean "horizon_periods"?
    """
    shell = {"In", "Out", "exit", "quit", "open", "get_ipython"}
    given = {
        name: value
        for name, value in variables.items()
        if not name.startswith("_")
        and name not in shell
        and not callable(value)
        and not isinstance(value, types.ModuleType)
    }
    params: Params = check_params(given)
    return Run(stage_named(stage), params.category, home() / "build" / params.category)
