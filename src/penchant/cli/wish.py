"""`penchant wish`."""

from __future__ import annotations

from typing import Annotated

import typer

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import (
    State,
    User,
    out,
)


def wish(
    state: State,
    user: User,
    text: Annotated[str, typer.Argument(help="What it is about. Without it: all wishes.")] = "",
    less: Annotated[bool, typer.Option("--less", help="Less of it, and not more.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the wish back.")] = False,
) -> None:
    """Keep that a user wants more about something, or less."""
    if not text:
        with existing(state) as engine:
            wishes = engine.wishes.of(user)
        for each in wishes:
            out.print(show.plain(f"{each.want} about {each.text}"))
        if not wishes:
            out.print(f"{user} has no wishes.", markup=False)
        return
    with existing(state, write=True) as engine:
        if undo:
            told = "taken back" if engine.wishes.remove(user, text) else "was no wish"
            out.print(show.plain(f"“{text}” {told}."))
            return
        engine.wishes.add(user, text, "less" if less else "more")
    out.print(show.plain(f"{user} sees {'less' if less else 'more'} about “{text}”."))
