"""`penchant export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.common import existing
from penchant.cli.console import (
    State,
    err,
)
from penchant.whole import written_whole


def export(
    state: State,
    file: Annotated[Path | None, typer.Argument(help="Default: standard output.")] = None,
    vectors: Annotated[
        bool, typer.Option(help="Without them the file is smaller, and importing embeds anew.")
    ] = True,
) -> None:
    """Write a state as JSON Lines, to be moved or read by others."""
    from penchant.data.transfer import export_state

    with existing(state) as engine:
        if file is None:
            export_state(engine.store, sys.stdout.buffer, vectors=vectors)
            return
        with written_whole(file) as target:
            lines = export_state(engine.store, target, vectors=vectors)
    err.print(f"{lines:,} lines written to {file}", markup=False)
