"""`penchant why`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import (
    Json,
    State,
    User,
    out,
)
from penchant.serve.answers import unit_answer
from penchant.types import InterestUnit


def why(
    state: State,
    user: User,
    document: Annotated[str, typer.Argument(help="A document id.")],
    json: Json = False,
) -> None:
    """Say what speaks for a document: its cosine to each interest of the user, and its score."""
    with existing(state) as engine:
        title, score = engine.document(document).title, float(engine.score(user, [document])[0])
        units, threshold = engine.why(user, document), engine.threshold
    if json:
        values = [
            {"cosine": round(cosine, 6), **msgspec.to_builtins(unit_answer(unit))} for unit, cosine in units
        ]
        show.print_json(
            out,
            {
                "document": document,
                "title": title,
                "score": score,
                "threshold": threshold,
                "interests": values,
            },
        )
    else:
        out.print(why_table(title, score, threshold, units))


def why_table(
    title: str, score: float, threshold: float, units: Sequence[tuple[InterestUnit, float]]
) -> Group:
    """A document's cosine to each interest of a user."""
    table = Table(title=show.plain(f"{title} (score {score:.3f})"), title_justify="left", expand=False)
    table.add_column("cosine", justify="right")
    table.add_column("interest", ratio=5)
    table.add_column("size", justify="right")
    table.add_column("would join it")
    for unit, cosine in units:
        table.add_row(
            f"{cosine:.3f}", show.plain(unit.name), str(unit.size), "yes" if cosine >= threshold else ""
        )
    return (
        Group(table)
        if units
        else Group(show.plain(title), Text(f"score {score:.3f}: this user has no interests yet"))
    )
