"""`penchant backup`."""

from __future__ import annotations

from pathlib import Path

from penchant.cli.console import (
    State,
    out,
    progress_bars,
)


def backup(state: State, file: Path) -> None:
    """Copy a state to one file, also while a service is using it."""
    from penchant.store.backup import backup as copy

    with progress_bars() as report:
        copied = 0

        def told(done: int, of: int) -> None:
            nonlocal copied
            report("pages", done - copied, of)
            copied = done

        size = copy(state, file, told)
    out.print(f"{file}: {size / 1e6:,.1f} MB", markup=False)
