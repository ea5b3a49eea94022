"""The reference pages in `docs/`, made from the schemas so that they cannot disagree with them."""

from __future__ import annotations

import json
from typing import Literal, get_args, get_origin

from invnb.data.source_params import SalesSource
from invnb.data.tables import TABLES, Column
from invnb.params import Params, allowed


def parameters_page() -> str:
    """`docs/parameters.md`: every parameter with its default, its range and what it is."""
    lines = [
        "# Parameters",
        "A file `params/<category>.yml` says what differs from these defaults, one `name: value` a line.",
        '`make report CATEGORY=toys SET="budget=5000"` changes one for a single run; the report prints where',
        "each value came from. This page is made by `make docs`.",
        "",
        "| parameter | default | allowed | what it is |",
        "|---|---|---|---|",
    ]
    for name, schema in Params.model_json_schema()["properties"].items():
        default = {None: "null", "": "empty"}.get(schema["default"], f"`{schema['default']}`")
        lines.append(f"| `{name}` | {default} | {allowed(schema)} | {schema['description']} |")
    return "\n".join(lines) + "\n"


def tables_page() -> str:
    """`docs/tables.md`: every canonical table with its columns."""
    lines = [
        "# Tables",
        "A column map in `params/sources/` says which file holds which table, and under which heading each",
        "column stands. ★ must be there; any other column may be missing. Dates are read year first, as in",
        "2025-12-28, unless the map says `dayfirst` or `date_format`. This page is made by `make docs`.",
        "",
        "## How a file is written",
        "Beside `file` and `columns` a table of the map may say these. A column that is the same for every",
        'line is given as `category: "=tea"`. Where order lines hold no `net_value`, map `unit_price` (it is',
        "multiplied by the units) or `gross_value` (of the line, before `discount_value`).",
        "",
        "| entry | default | allowed | what it is |",
        "|---|---|---|---|",
        *(_entry_row(name) for name in SalesSource.model_fields if name not in ("file", "columns")),
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}"]
        if table.unlocks:
            lines += [f"Makes possible: {table.unlocks}.", ""]
        lines += ["| column | kind | unit | where it is missing |", "|---|---|---|---|"]
        lines += [_column_row(column) for column in table.columns]
    return "\n".join(lines) + "\n"


def _entry_row(name: str) -> str:
    field = SalesSource.model_fields[name]
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    allowed_here = " or ".join(f"`{json.dumps(choice)}`" for choice in choices).replace("|", r"\|")
    default = f"`{field.default}`" if field.default not in ("", None, [], {}) else "empty"
    return f"| `{name}` | {default} | {allowed_here} | {field.description} |"


def _column_row(column: Column) -> str:
    missing = "refused" if column.required else "stays empty"
    if column.default is not None:
        missing = f"`{column.default}`"
    return f"| `{column.name}`{' ★' if column.required else ''} | {column.kind} | {column.unit} | {missing} |"
