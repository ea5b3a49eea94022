"""The one exception a person sees: what is wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """A wrong input, said in one sentence with file, line, value and remedy.

    Parameters
    ----------
    what : what is wrong, with the offending value, without a full stop.
    file : the file it stands in.
    line : the line in that file, counted from 1 (the header is line 1).
    remedy : what the person can do, without a full stop.

    Examples
    --------
    >>> str(InputError('unknown parameter "lead_tme_days"', file="params/toys.yml", line=4,
    ...                remedy='did you mean "lead_time_days"?'))
    'params/toys.yml, line 4: unknown parameter "lead_tme_days"; did you mean "lead_time_days"?'
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what, self.file, self.line, self.remedy = what, file, line, remedy
        place = "" if file is None else str(file)
        if line is not None:
            place = f"{place}, line {line}" if place else f"line {line}"
        sentence = f"{place}: {what}" if place else what
        if remedy:
            sentence = f"{sentence}; {remedy}"
        if not sentence.endswith((".", "?")):
            sentence += "."
        super().__init__(sentence)
