"""Keep a compiled library's own lines out of notebooks and terminals."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def muted_output() -> Iterator[None]:
    """Drop what is written to the process's output meanwhile, by compiled code too.

    HiGHS prints a line of its own while branching although its display is off, and has no option against it.
    Such lines wait in the buffer of the C library, so that is emptied before and after. Where there is no C
    library to ask (Windows) nothing is dropped.

    Examples
    --------
    >>> with muted_output():
    ...     _ = os.write(1, b"not seen")
    """
    if os.name != "posix":
        yield
        return
    import ctypes

    empty = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    empty(None)
    kept = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        empty(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)
