"""One line per step of a long run, with the seconds since it began."""

from __future__ import annotations

import sys
import time

BEGAN = time.monotonic()


def say(step: str) -> None:
    """Print what is done by now to stderr, so that tables on stdout stay whole."""
    print(f"  {time.monotonic() - BEGAN:6.0f} s  {step}", file=sys.stderr, flush=True)
