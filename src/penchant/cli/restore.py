"""`penchant restore`."""

from __future__ import annotations

from pathlib import Path

from penchant.cli.console import (
    State,
    out,
)


def restore(file: Path, state: State) -> None:
    """Make a new state of what `penchant backup` wrote."""
    from penchant.store import restore_store

    restore_store(file, state)
    out.print(f"{state} holds what {file} held.", markup=False)
