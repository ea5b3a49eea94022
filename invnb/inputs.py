"""The input files of a run: where they lie, and the bundled sample, written when it is first asked for."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from invnb.data.source_params import Sources, parse_sources
from invnb.dependencies import code_digest
from invnb.errors import InputError
from invnb.params import LoadedParams
from invnb.run import home
from invnb.yamlfile import load_yaml

SAMPLE_FOLDER = "data/sample"
PUBLIC_FILES = {"online_retail.csv.gz": "make data"}
"""Files of public data sets, and the command that fetches them."""


_writing_sample = threading.Lock()


class NotFetched(InputError):  # noqa: N818 (it names what happened)
    """A public data set that has not been fetched yet."""


def load_sources(file: Path) -> Sources:
    """Read and check a column map; what is wrong is said with file and line."""
    given, lines = load_yaml(file)
    try:
        return parse_sources(given)
    except InputError as error:
        place = tuple(error.what.split(":")[0].removeprefix("sources").strip(".").split("."))
        entry = re.search(r'unknown entry "(.*?)"', error.what)
        place = tuple(filter(None, (*place, entry and entry[1])))
        found = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None)
        raise InputError(error.what, file=file, line=found, remedy=error.remedy) from None


def sources_file(sources: str) -> Path:
    """The file of a column map named in a parameter file."""
    return home() / "params" / sources


def customer_salt() -> str:
    """The secret mixed into hashed customer numbers: `$INVNB_SALT`, or one drawn once and kept in `data/`."""
    given = os.environ.get("INVNB_SALT")
    if given:
        return given
    file = home() / "data" / ".customer_salt"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secrets.token_hex(16), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def input_files(loaded: LoadedParams) -> list[Path]:
    """Every file a run reads: its column map and the files that the map names.

    Raises
    ------
    InputError : a file that is not there, with the file and line that name it.
    """
    from invnb.data.sources import locate

    mapped = sources_file(loaded.values.sources)
    if not mapped.is_file():
        there = ", ".join(sorted(f"sources/{file.name}" for file in mapped.parent.glob("*.yml")))
        raise InputError(
            f'there is no column map "{loaded.values.sources}" in params/',
            file=loaded.file,
            line=loaded.lines.get("sources"),
            remedy=f"maps there are: {there or 'none'}",
        )
    folder = home() / loaded.values.data_folder
    files = [mapped]
    for name, source in load_sources(mapped).tables().items():
        for given in source.files:
            try:
                files.append(locate(given, folder))
            except InputError as error:
                if Path(given).name in PUBLIC_FILES:
                    raise NotFetched(
                        error.what,
                        file=error.file,
                        remedy=f"fetch it with `{PUBLIC_FILES[Path(given).name]}`",
                    ) from None
                remedy = f"{error.remedy or 'mend the path'} (table {name} in {mapped.name})"
                raise InputError(error.what, file=error.file, line=error.line, remedy=remedy) from None
    return files


def input_folder(data_folder: str, say: Callable[[str], None] = lambda line: None) -> Path:
    """The folder of the input files; the bundled sample is written there first if it is asked for.

    It is written again where other code wrote it.

    Parameters
    ----------
    data_folder : relative to the project.
    say : receives a line when the sample is written.
    """
    if data_folder == SAMPLE_FOLDER:
        with _writing_sample:
            _write_sample_if_needed(say)
    return home() / data_folder


def _write_sample_if_needed(say: Callable[[str], None]) -> None:
    folder = home() / SAMPLE_FOLDER
    mark, code = folder / "written_by.json", code_digest("import invnb.data.sample")
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == code:
        return
    from invnb.data.sample import write_sample

    say("writing the sample shop's files to data/sample")
    partial: Any = folder.with_name("sample.partial")
    shutil.rmtree(partial, ignore_errors=True)
    write_sample(partial)
    (partial / mark.name).write_text(json.dumps(code), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
