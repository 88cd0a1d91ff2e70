"""`penchant why`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import (
    Json,
    State,
    User,
    framed,
    out,
)
from penchant.serve.answers import unit_answer
from penchant.types import LeftOut, Why

_LEFT_OUT: dict[LeftOut, str] = {
    "read": "Not shown: this user read it.",
    "dismissed": "Not shown: this user dismissed it.",
    "hidden": "Not shown: it is hidden.",
    "expired": "Not shown: it has expired.",
    "far": "Not shown: it is far from all that finds candidates.",
}


def why(
    state: State,
    user: User,
    document: Annotated[str, typer.Argument(help="A document id.")],
    json: Json = False,
) -> None:
    """Say where a document stands for a user, and why: its place, what weighs, what the first has more of."""
    with existing(state) as engine:
        found, threshold = engine.why(user, document), engine.threshold
    if json:
        value = msgspec.to_builtins(msgspec.structs.replace(found, interests=()))
        value["threshold"] = threshold
        value["interests"] = [
            {"likeness": near.likeness, **msgspec.to_builtins(unit_answer(near.unit))}
            for near in found.interests
        ]
        show.print_json(out, value)
    else:
        out.print(why_told(found, threshold))


def why_told(found: Why, threshold: float) -> Group:
    """All of it for a person."""
    place = f"place {found.rank:,} of {found.candidates:,} by a score of {found.score:.2f}"
    if found.chance is not None:
        place += f"; a reader who clicks one of them clicks it in {100 * found.chance:.2g} of 100 cases"
    lines = [show.plain(found.document.title).append("\n"), Text(place)]
    if found.left_out:
        lines.append(Text(_LEFT_OUT[found.left_out], "yellow"))
    lines += [show.plain(f"  {reason.words}") for reason in found.reasons]
    if found.evidence:
        weighed = ", ".join(f"{each.kind} {each.weight:+.2f}" for each in found.evidence)
        lines.append(Text(f"\nwhat weighs, beside the mean of all: {weighed}"))
    if found.first is not None:
        more = ", ".join(f"{each.kind} {each.weight:.2f}" for each in found.first.evidence)
        lines.append(
            show.plain(f"the first, “{found.first.document.title}”, is {found.first.by:.2f} ahead: {more}")
        )
    if not found.interests:
        return Group(*lines, Text("\nthis user has no interests yet"))
    table = framed(expand=False)
    table.add_column("likeness", justify="right")
    table.add_column("interest", ratio=5)
    table.add_column("size", justify="right")
    table.add_column("would join it")
    for near in found.interests:
        joins = "yes" if near.likeness >= threshold else ""
        table.add_row(f"{near.likeness:.3f}", show.plain(near.unit.name), str(near.unit.size), joins)
    return Group(*lines, Text(), table)
