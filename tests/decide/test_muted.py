"""A solver's own lines stay out of notebooks; ours do not."""

from __future__ import annotations

import ctypes
import os

import pytest

from invnb.decide.muted import muted_output


@pytest.mark.skipif(os.name != "posix", reason="there is no C library to ask on Windows")
def test_only_what_is_written_meanwhile_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    libc = ctypes.CDLL(None)
    print("before")
    libc.printf(b"before, in C\n")
    with muted_output():
        libc.printf(b"in C\n")
        os.write(1, b"straight\n")
    print("after")
    libc.fflush(None)
    assert capfd.readouterr().out.split("\n") == ["before", "before, in C", "after", ""]
