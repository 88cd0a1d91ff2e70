"""What a state knows at one moment of who read what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from penchant.errors import InvalidQuery
from penchant.towers.snapshot import Snapshot, lots_of
from penchant.types import Vectors
from penchant.vectors import embeddings_of

if TYPE_CHECKING:
    from penchant.engine.state import State


_AT_ONCE = 1_000


def snapshot(state: State, *, words: bool = False) -> Snapshot:
    """A copy of what a state knows now; with `words`, of titles and Interest Units too. Raises InvalidQuery
    where it has no documents."""
    if state.about is None:
        raise InvalidQuery("the state holds no documents: build it first")
    trails, documents = state.trails, state.documents
    with state.turns.reading():
        rows = documents.rows()
        place_of = np.full(int(rows.max(initial=-1)) + 1, -1)
        place_of[rows] = np.arange(len(rows))
        embeddings = state.store.vectors(rows.tolist())
        ids, users = documents.ids(rows), state.store.user_ids()
        read = [place_of[trails.trail(user_id).rows] for user_id in users]
    read = [own[own >= 0] for own in read]
    lots = lots_of(users)
    some = [place for place, own in enumerate(read) if len(own)]
    titles = [documents.at_row(row).title for row in rows.tolist()] if words else ()
    units = _units(state, [users[place] for place in some]) if words else ()
    return Snapshot(
        state.about.embedder,
        ids,
        embeddings,
        [read[place] for place in some],
        lots[some],
        state.counters.latest_at,
        titles,
        units,
    )


def _units(state: State, user_ids: Sequence[str]) -> list[Vectors]:
    found = []
    for start in range(0, len(user_ids), _AT_ONCE):
        part = user_ids[start : start + _AT_ONCE]
        known = state.store.users(part)
        found += [embeddings_of(known[user_id].units if user_id in known else ()) for user_id in part]
    return found
