"""`penchant interests`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
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
from penchant.types import InterestUnit


def interests(state: State, user: User, json: Json = False) -> None:
    """Show the Interest Units of a user."""
    with existing(state) as engine:
        units = engine.units(user)
    if json:
        show.print_json(out, [unit_answer(unit) for unit in units])
    elif units:
        out.print(units_table(user, units))
    else:
        out.print(f"{user} has no interests yet: no click of that user was learned.", markup=False)


def units_table(user_id: str, units: Sequence[InterestUnit]) -> Table:
    """A user's interests: name, terms, size, last seen."""
    table = framed(title=Text(f"Interests of {user_id}"), title_justify="left", expand=False)
    table.add_column("interest", ratio=5)
    table.add_column("terms", ratio=5)
    table.add_column("size", justify="right")
    table.add_column("last seen", no_wrap=True)
    for unit in units:
        terms = ", ".join(f"{term} {count}" if count > 1 else term for term, count in unit.terms[:10])
        table.add_row(
            show.plain(unit.name), show.plain(terms), str(unit.size), show.time_text(unit.updated_at)
        )
    return table
