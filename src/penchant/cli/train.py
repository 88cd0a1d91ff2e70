"""`penchant train`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import Json, State, out, progress_bars
from penchant.errors import InvalidQuery


def train(
    state: State,
    blend: Annotated[
        bool, typer.Option("--blend", help="Learn the weights of the evidence from what readers read last.")
    ] = False,
    json: Json = False,
) -> None:
    """Learn anew, from the clicks that a state remembers, what is shared by all readers.

    The later third of the clicks teaches, 3,000 at most. What is learned is kept only where it would have
    told the last of these clicks better than what the state has.
    """
    if not blend:
        raise InvalidQuery("say what to train: penchant train STATE --blend")
    with existing(state, write=True) as engine, progress_bars() as report:
        told = engine.relearn_blend(progress=report)
    if json:
        show.print_json(out, msgspec.to_builtins(told._asdict()))
        return
    out.print(
        f"{told.lessons:,} lessons; the last {told.judged:,} of them cost {told.before:.3f} nats each by the "
        f"blend of the state, {told.after:.3f} by the new one.",
        markup=False,
        soft_wrap=True,
    )
    out.print(
        "The new one is kept; `penchant blend` shows it."
        if told.kept
        else "The state keeps the blend it has.",
        markup=False,
    )
