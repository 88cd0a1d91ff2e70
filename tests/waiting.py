"""Waiting for what will be, without guessing how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(what: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until it is so. Raises AssertionError after a time in which even a busy machine would have managed."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds:g} seconds"
        time.sleep(0.005)
