"""What a state knows at one moment of who read what: what towers are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.types import Vectors

if TYPE_CHECKING:
    from penchant.engine.state import State


class Snapshot(NamedTuple):
    """Documents, and what each reader read of them."""

    embedder: str
    ids: Sequence[str]
    """Of all documents."""
    embeddings: Vectors
    """Shape (documents, dimension)."""
    read: Sequence[NDArray[np.int64]]
    """For each reader who read anything places in `ids`, the latest at the end, each once."""
    lots: NDArray[np.uint32]
    """Of each of these readers, drawn once for all by the user id: those of a low lot are held out of every
    training."""
    latest_at: float
    """The latest time in the data, Unix seconds."""


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
    lots = np.array([crc32(user_id.encode()) for user_id in users], np.uint32)
    some = [place for place, own in enumerate(read) if len(own)]
    return Snapshot(
        state.about.embedder,
        ids,
        embeddings,
        [read[place] for place in some],
        lots[some],
        state.counters.latest_at,
    )
