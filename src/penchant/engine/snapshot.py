"""What a state knows at one moment of who read what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from penchant.errors import InvalidQuery
from penchant.towers.snapshot import Snapshot, lots_of

if TYPE_CHECKING:
    from penchant.engine.state import State


def snapshot(state: State) -> Snapshot:
    """A copy of what a state knows now. Raises InvalidQuery where it has no documents."""
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
    return Snapshot(
        state.about.embedder,
        ids,
        embeddings,
        [read[place] for place in some],
        lots[some],
        state.counters.latest_at,
    )
