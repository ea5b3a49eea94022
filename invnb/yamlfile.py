"""YAML as people mean it: 1.2 scalars, no duplicate keys, and the line of every value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from invnb.errors import InputError

Lines = dict[tuple[str | int, ...], int]


class _Loader(yaml.SafeLoader):
    """PyYAML with the scalars of YAML 1.2: `on` is text, `1e1` is a number, a date stays text."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+(?:_[0-9]+)*", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:[0-9][0-9_]*)?\.[0-9]+|[0-9][0-9_]*\.?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
# PyYAML's own constructor would read 012 as octal and 1:30 in base 60, as YAML 1.1 does.
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value.replace("_", "")))


def load_yaml(path: Path) -> tuple[dict[str, Any], Lines]:
    """Read a YAML mapping and the line of each of its values.

    Parameters
    ----------
    path : the file, UTF-8.

    Returns
    -------
    The mapping, and for each path of keys (as a tuple) the line its key stands in, counted from 1.

    Raises
    ------
    InputError : no such file, not UTF-8, not YAML, not a mapping, or a key given twice.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "toys.yml"
    >>> _ = file.write_text("horizon_periods: 13\\nbudget: 1e4\\n")
    >>> load_yaml(file)
    ({'horizon_periods': 13, 'budget': 10000.0}, {('horizon_periods',): 1, ('budget',): 2})
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = ", ".join(sorted(p.name for p in path.parent.glob("*.yml"))) or "none"
        raise InputError(
            "there is no such file", file=path, remedy=f"files in {path.parent}: {near}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot be read ({error})", file=path, remedy="save it as a UTF-8 text file"
        ) from None
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise InputError(
            f"this is not YAML ({problem})",
            file=path,
            line=mark.line + 1 if mark else None,
            remedy="write one `name: value` per line, and indent nested values by two spaces",
        ) from None
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise InputError("the file is not a list of `name: value` lines", file=path, line=1)
    lines: Lines = {}
    value = _value(node, (), lines, path)
    return value, lines


def parse_value(text: str) -> Any:
    """Read one value given on a command line as a parameter file would.

    Examples
    --------
    >>> parse_value("1e4"), parse_value("null"), parse_value("toys"), parse_value("2024-03-01")
    (10000.0, None, 'toys', '2024-03-01')
    """
    node = yaml.compose(text, Loader=_Loader)
    return None if node is None else _value(node, (), {}, Path("command line"))


def _value(node: yaml.Node, place: tuple[str | int, ...], lines: Lines, path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in mapping:
                raise InputError(
                    f'"{key}" is given twice (first in line {lines[(*place, key)]})',
                    file=path,
                    line=line,
                    remedy="keep one of them",
                )
            lines[(*place, key)] = line
            mapping[key] = _value(value_node, (*place, key), lines, path)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        items = []
        for number, item in enumerate(node.value):
            lines[(*place, number)] = item.start_mark.line + 1
            items.append(_value(item, (*place, number), lines, path))
        return items
    loader = _Loader("")
    try:
        return loader.construct_object(node)
    except (ValueError, yaml.YAMLError):
        raise InputError(
            f'the value "{node.value}" cannot be read',
            file=path,
            line=node.start_mark.line + 1,
            remedy="put it in quotes if it is text",
        ) from None
    finally:
        loader.dispose()
