"""`penchant towers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import Json, State, err, framed, out
from penchant.engine.towers import TowerInfo
from penchant.towers.artefact import load_tower


def towers(
    state: State,
    drop: Annotated[bool, typer.Option("--drop", help="Use no tower any more; its file stays.")] = False,
    adopt: Annotated[
        Path | None,
        typer.Option("--adopt", help="Take the tower of this file into use; see `penchant train`."),
    ] = None,
    json: Json = False,
) -> None:
    """Show the trained towers of a state: what they know, how good they were, which is in use."""
    with existing(state, write=drop or adopt is not None) as engine:
        if drop:
            engine.towers.drop()
        if adopt is not None:
            engine.towers.adopt(load_tower(adopt))
        found = engine.towers.all()
    if json:
        show.print_json(out, msgspec.to_builtins(found))
    elif found:
        out.print(_table(found))
    else:
        out.print("No tower was trained: penchant train STATE --tower learn", markup=False)
    for each in found:
        if each.problem and not json:
            err.print(f"{each.name}: {each.problem}", markup=False, soft_wrap=True)


def _table(found: list[TowerInfo]) -> Table:
    table = framed(title="Towers", title_justify="left", expand=False)
    for name in ("tower", "in use", "clicks up to"):
        table.add_column(name)
    for name in ("readers", "clicks", "Recall@20"):
        table.add_column(name, justify="right")
    for each in found:
        use = "cannot be used" if each.problem else "yes" if each.in_use else "no"
        told = each.trained
        figures = (
            ["", "", "", ""]
            if told is None
            else [
                show.time_text(told.latest_at),
                f"{told.readers:,}",
                f"{told.clicks:,}",
                f"{told.recall:.4f}",
            ]
        )
        table.add_row(show.plain(each.name), use, *figures)
    return table
