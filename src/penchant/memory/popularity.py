"""How popular a document is: the number of readers who clicked it, each halved every half-life.

It is kept as ``log2(sum(2 ** (at / half_life)))``, which no passing of time changes and which does not depend
on the order of clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import numpy as np

from penchant.types import User

NEVER = -np.inf
"""The popularity of a document that nobody clicked."""


class Clicked(Protocol):
    """A click, as far as popularity looks at it."""

    @property
    def document_id(self) -> str:
        """What was clicked."""

    @property
    def at(self) -> float:
        """Unix seconds."""


def popularity_after(
    row_of: Callable[[str], int],
    popularity_of: Callable[[int], float],
    users: Mapping[str, User],
    clicks: Iterable[tuple[str, Clicked]],
    half_life: float,
    seen_kept: int | None,
) -> dict[int, float]:
    """Row -> the popularity of each clicked document after the clicks: a reader counts once, for as long as
    the document is among those that are known as seen.

    Args:
        row_of: document id -> row.
        popularity_of: row -> the popularity before the clicks.
        users: as they were before the clicks.
        clicks: (user id, click), in the order of their times.
        seen_kept: see `penchant.Settings`.
    """
    seen = {user_id: dict.fromkeys(user.seen) for user_id, user in users.items()}
    after: dict[int, float] = {}
    for user_id, click in clicks:
        own, document_id = seen.setdefault(user_id, {}), click.document_id
        if document_id in own:
            del own[document_id]
        else:
            row = row_of(document_id)
            after[row] = one_more_click(after.get(row, popularity_of(row)), click.at, half_life)
        own[document_id] = None
        while seen_kept is not None and len(own) > seen_kept:
            del own[next(iter(own))]
    return after


def one_more_click(popularity: float, at: float, half_life: float) -> float:
    """The popularity after one more reader clicked at that time."""
    return float(np.logaddexp2(popularity, at / half_life))
