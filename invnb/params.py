"""One typed description of a run: names, types, ranges, units, and where each value came from.

A parameter file in `params/` says only what differs from the defaults below, or from the file it is
`based_on`: that makes it a what-if, run by name and not with the others. Unknown names and wrong types
are refused with the nearest valid name before anything runs: Papermill alone would ignore the one and pass
on the other.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from invnb.errors import InputError
from invnb.yamlfile import Lines, load_yaml, parse_value

BASED_ON = "based_on"


class Params(BaseModel):
    """The parameters of a run. Each notebook declares the ones it uses in its `parameters` cell."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    category: str = Field(
        "toys", min_length=1, description="name of the run: its file in params/ and its folder in reports/"
    )
    product_category: str = Field("toys", min_length=1, description="value of `category` in the product file")
    sources: str = Field(
        "sources/sample.yml", description="column map of the input files, relative to params/"
    )
    data_folder: str = Field("data/sample", description="folder of the input files, relative to the project")
    data_through: str = Field(
        "", description="last day of data to use, YYYY-MM-DD; empty: the last day there is"
    )
    language: Literal["en", "zh", "both"] = Field("en", description="language of the report")
    currency: str = Field("CNY", pattern="^[A-Z]{3}$", description="currency of all money, ISO 4217")
    country: str = Field("CN", pattern="^[A-Z]{2}$", description="country of the public holidays, ISO 3166")
    period: Literal["week", "day"] = Field(
        "week", description="period of the demand panel and of the reviews"
    )
    horizon_periods: int = Field(13, ge=2, le=120, description="periods forecast and planned ahead")
    origins: int = Field(8, ge=2, le=60, description="rolling origins in the model comparison")
    backtest_periods: int = Field(26, ge=4, le=370, description="last periods replayed by the backtest")
    n_scenarios: int = Field(200, ge=20, le=5000, description="demand scenarios")
    seed: int = Field(42, ge=0, description="seed of every random draw")
    fill_rate_target: float = Field(
        0.95, gt=0.5, lt=1, description="share of demanded units to serve from stock"
    )
    holding_rate_per_year: float = Field(
        0.25, gt=0, le=2, description="cost of holding one unit of money in stock, per year"
    )
    lost_share: float = Field(
        0.8, ge=0, le=1, description="share of unmet demand that is lost; the rest waits"
    )
    goodwill_cost_share: float = Field(
        0.0, ge=0, le=5, description="cost of a lost unit beyond its margin, as a share of its price"
    )
    order_cost: float = Field(20.0, ge=0, description="cost of one order line, in currency")
    lead_time_days: float = Field(
        14.0, ge=0, le=365, description="lead time where neither receipts nor suppliers say one"
    )
    unit_cost_share: float = Field(
        0.5, gt=0, lt=1, description="unit cost where unknown, as a share of the price"
    )
    volume_m3_per_unit: float = Field(0.002, gt=0, description="volume where unknown, in m³ per unit")
    min_order_units: int = Field(1, ge=1, description="minimum order where unknown, in units")
    pack_units: int = Field(1, ge=1, description="pack multiple where unknown, in units")
    stock_cover_periods: float = Field(
        4.0, ge=0, description="stock where unknown, in periods of recent sales"
    )
    budget: float | None = Field(
        None, gt=0, description="money for orders per review, in currency; null: no limit"
    )
    storage_m3: float | None = Field(None, gt=0, description="storage, in m³; null: no limit")


@dataclass(frozen=True)
class LoadedParams:
    """Validated parameters with their origin.

    Parameters
    ----------
    values : the validated parameters.
    origin : for each name "default", "file", "command line" or the file it is based on.
    file : the parameter file.
    lines : the line in the file of each name given there.
    base : the run this one is a what-if of, or empty.
    """

    values: Params
    origin: dict[str, str]
    file: Path
    lines: dict[str, int]
    base: str = ""

    def slice(self, names: Sequence[str]) -> dict[str, Any]:
        """The named parameters only: what one notebook declares."""
        everything = self.values.model_dump()
        return {name: everything[name] for name in names}


def nearest(name: str, names: Sequence[str]) -> str | None:
    """The valid name most like a misspelt one, or None.

    Examples
    --------
    >>> nearest("lead_tme_days", list(Params.model_fields))
    'lead_time_days'
    """
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return found[0] if found else None


def load_params(file: Path, overrides: Mapping[str, str] | None = None) -> LoadedParams:
    """Read and check one parameter file.

    Parameters
    ----------
    file : `params/<category>.yml`; `category` defaults to the file's name.
    overrides : name -> value as text, from the command line; read as YAML values.

    Raises
    ------
    InputError : the first thing wrong, with file, line, value and remedy.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "toys.yml"
    >>> _ = file.write_text("lead_tme_days: 14\\n")
    >>> load_params(file)
    Traceback (most recent call last):
    invnb.errors.InputError: ...line 1: unknown parameter "lead_tme_days"; did you mean "lead_time_days"?
    """
    given, lines = load_yaml(file)
    base = _base_of(given.pop(BASED_ON, None), file, lines)
    origin = dict.fromkeys(Params.model_fields, "default")
    if base:
        inherited = {name: value for name, value in base.values.model_dump().items() if name in base.lines}
        inherited.pop("category", None)
        origin |= dict.fromkeys(inherited, base.file.name)
        given = inherited | given
    origin |= {name: "file" for name in given if (name,) in lines}
    if given.get("category", file.stem) != file.stem:
        raise InputError(
            f'category is "{given["category"]}" but the file is called {file.name}',
            file=file,
            line=lines[("category",)],
            remedy=f'write "{file.stem}", or leave the line out',
        )
    given["category"] = file.stem
    for name, text in (overrides or {}).items():
        given[name] = parse_value(text)
        origin[name] = "command line"
    values = check_params(given, file=file, lines=lines, origin=origin)
    _check_horizon(values, file, lines)
    first_lines = {str(key[0]): line for key, line in lines.items() if len(key) == 1}
    return LoadedParams(values, origin, file, first_lines, base.file.stem if base else "")


def _base_of(name: Any, file: Path, lines: Lines) -> LoadedParams | None:
    """The parameter file that another one is based on; it is checked by itself."""
    if name is None:
        return None
    base = file.with_name(f"{name}.yml")
    there = sorted(one.stem for one in file.parent.glob("*.yml") if one != file)
    if base == file or not base.is_file():
        near = nearest(str(name), there)
        hint = f'did you mean "{near}"?' if near else f"files there are: {', '.join(there) or 'none'}"
        raise InputError(f'{BASED_ON} is "{name}"', file=file, line=lines[(BASED_ON,)], remedy=hint)
    if is_scenario(base):
        raise InputError(
            f'{BASED_ON} is "{name}", which is based on another file itself',
            file=file,
            line=lines[(BASED_ON,)],
            remedy="name a file that stands alone",
        )
    return load_params(base)


def is_scenario(file: Path) -> bool:
    """Whether a parameter file is a what-if: another file with a few values changed.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "toys_more_budget.yml"
    >>> _ = file.write_text("based_on: toys")
    >>> is_scenario(file)
    True
    """
    return any(line.startswith(f"{BASED_ON}:") for line in file.read_text("utf-8", "replace").splitlines())


def _check_horizon(values: Params, file: Path, lines: Lines) -> None:
    days = 7 if values.period == "week" else 1
    needed = -(-values.lead_time_days // days) + 1
    if values.horizon_periods < needed:
        raise InputError(
            f"horizon_periods is {values.horizon_periods}, shorter than the lead time of "
            f"{values.lead_time_days:g} days plus one review",
            file=file,
            line=lines.get(("horizon_periods",), lines.get(("lead_time_days",))),
            remedy=f"write at least {needed:g}",
        )


def check_params(
    given: Mapping[str, Any],
    *,
    file: Path | None = None,
    lines: Lines | None = None,
    origin: Mapping[str, str] | None = None,
) -> Params:
    """Validate values against the schema; the first thing wrong is an `InputError` that names the remedy."""
    names = list(Params.model_fields)

    def refuse(name: str, what: str, remedy: str) -> InputError:
        on_command_line = (origin or {}).get(name) == "command line"
        place = Path("command line") if on_command_line else file
        line = None if on_command_line else (lines or {}).get((name,))
        return InputError(what, file=place, line=line, remedy=remedy)

    for name in given:
        if name not in names:
            near = nearest(name, names)
            hint = f'did you mean "{near}"?' if near else f"valid names: {', '.join(names)}"
            raise refuse(name, f'unknown parameter "{name}"', hint)
    try:
        values = Params(**dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise refuse(name, f"{name} is {_described(given[name])}", _wanted(name, given[name])) from None
    if values.data_through:
        try:
            date.fromisoformat(values.data_through)
        except ValueError:
            raise refuse(
                "data_through", f'data_through is "{values.data_through}"', "write a date as 2025-12-28"
            ) from None
    return values


def _described(value: Any) -> str:
    if isinstance(value, str):
        return f'the text "{value}"'
    return "empty" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _wanted(name: str, value: Any) -> str:
    """The remedy: what a parameter may be, in words."""
    schema = Params.model_json_schema()["properties"][name]
    quotes = ""
    if isinstance(value, str) and schema.get("type") in ("number", "integer"):
        quotes = "without quotes "
    return f"write {allowed(schema)} {quotes}({schema['description']})"


def allowed(schema: Mapping[str, Any]) -> str:
    """What a field's JSON schema allows, in words."""
    signs = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "up to"}
    choices = []
    for kind in schema.get("anyOf", [schema]):
        bounds = [f"{sign} {kind[key]:g}" for key, sign in signs.items() if key in kind]
        word = _KINDS[kind["type"]]
        if "enum" in kind:
            word = " or ".join(f'"{choice}"' for choice in kind["enum"])
        elif "pattern" in kind:
            word = f"capital letters as in {schema['default']}"
        choices.append(f"{word} {' and '.join(bounds)}".strip())
    return " or ".join(choices)


_KINDS = {"number": "a number", "integer": "a whole number", "string": "a text", "null": "null"}
