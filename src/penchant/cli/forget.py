"""`penchant forget`."""

from __future__ import annotations

from penchant.cli.common import existing
from penchant.cli.console import (
    State,
    User,
    out,
)


def forget(state: State, user: User) -> None:
    """Delete all that is kept of a user."""
    with existing(state, write=True) as engine:
        known = engine.forget(user)
    out.print(f"{user} is forgotten." if known else f"Nothing was kept of {user}.", markup=False)
