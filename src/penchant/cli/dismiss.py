"""`penchant dismiss`."""

from __future__ import annotations

from typing import Annotated

import typer

from penchant.cli.common import existing
from penchant.cli.console import (
    State,
    User,
    out,
)


def dismiss(
    state: State, user: User, document: Annotated[str, typer.Argument(help="A document id.")]
) -> None:
    """Say that a document is not for a user."""
    with existing(state, write=True) as engine:
        engine.dismiss(user, document)
    out.print(f"{document} and its like stand back for {user}.", markup=False)
