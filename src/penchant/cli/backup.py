"""`penchant backup`."""

from __future__ import annotations

from pathlib import Path

from penchant.cli.common import must_exist
from penchant.cli.console import (
    State,
    out,
    progress_bars,
)
from penchant.store import open_store


def backup(state: State, file: Path) -> None:
    """Copy a state to one file, also while a service is using it."""
    must_exist(state)
    store = open_store(state, read_only=True)
    with progress_bars() as report:
        copied = 0

        def told(done: int, of: int) -> None:
            nonlocal copied
            report("pages", done - copied, of)
            copied = done

        try:
            size = store.backup(file, told)
        finally:
            store.close()
    out.print(f"{file}: {size / 1e6:,.1f} MB", markup=False)
