"""Property tests here call compiled code: the first example may compile, so no example has a time limit."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")
