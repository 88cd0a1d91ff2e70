"""`penchant blend`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import (
    Json,
    State,
    framed,
    out,
)
from penchant.errors import InvalidQuery
from penchant.rank.evidence import kind_of, start_of


def blend(
    state: State,
    weight: Annotated[list[str] | None, typer.Option("--set", help="COLUMN=WEIGHT, repeatable.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what clicks taught.")] = False,
    json: Json = False,
) -> None:
    """Show what each column of evidence weighs, as clicks have taught it; or set weights, or reset them."""
    with existing(state, write=bool(weight) or reset) as engine:
        if reset:
            engine.blend.reset()
        if weight:
            engine.blend.set(parse_weights(weight))
        found, shares, lessons = engine.blend.weights(), engine.blend.shares(), engine.blend.lessons
    if json:
        show.print_json(out, found)
    else:
        out.print(blend_table(found))
        out.print(whence(shares, lessons), markup=False, soft_wrap=True)


def whence(shares: Mapping[str, float], lessons: int) -> str:
    """Where the weights come from, in a sentence."""
    if not lessons:
        return "No click has taught it: these are the weights of the start."
    most = sorted(shares.items(), key=lambda item: -item[1])
    told = ", ".join(f"{name} {share:.0%}" for name, share in most if share >= 0.005)
    return f"{lessons:,} clicks taught it. Its experts, by how well they told the latest of them: {told}."


def blend_table(weights: Mapping[str, float]) -> Table:
    """What each column of evidence weighs, and what it weighed before any click."""
    table = framed(title="Evidence", title_justify="left", expand=False)
    for name in ("kind", "column"):
        table.add_column(name)
    for name in ("weight", "at the start"):
        table.add_column(name, justify="right")
    for name, weight in weights.items():
        table.add_row(kind_of(name), show.plain(name), f"{weight:.3f}", f"{start_of(name):.3f}")
    return table


def parse_weights(given: Sequence[str]) -> dict[str, float]:
    """``COLUMN=WEIGHT`` as names and numbers. Raises InvalidQuery."""
    found = {}
    for pair in given:
        name, equals, value = pair.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InvalidQuery(f"{pair!r} is no weight: write COLUMN=WEIGHT, for example --set 'age=-0.5'")
    return found
