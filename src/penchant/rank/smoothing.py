"""Embeddings moved towards what a document's readers had read just before it: what it means to those who read
it.

A title says what a document is about, its readers say for whom it is. Of a document with embedding v and n
readers of whom something is known before, the smoothed embedding is

    unit(v + sum over the readers of unit(sum over k of fading ** k * what the reader read k documents before)
    / (n + 1))

so that one reader moves it half as far as many who agree. No document in common is needed to be near it, as
elsewhere.

It is computed when it is first asked for, from what `penchant.memory.trails` holds, and again when that
changes: of a reader who is forgotten nothing remains. It is one step of propagation over the graph of readers
and documents, as in LightGCN (He et al., SIGIR '20, section 3.1), here of fixed embeddings; a collaborative
signal beside Interest Units is future work of IRA.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import numpy as np

from penchant.grown import grown
from penchant.index.halves import Halves
from penchant.memory.facts import Smoothed
from penchant.memory.readers import BEFORE, NO_ROWS, Rows, distinct, gathered
from penchant.memory.trails import Trails
from penchant.types import Vector, Vectors

VectorsOf = Callable[[Rows], Vectors]
_READERS = 30
"""Latest readers of a document that are looked at."""
_PART = 256
"""Documents smoothed at a time: what their readers had read takes some MB."""


class Smoother:
    """What was computed, until it changes. Asked by any number of threads while nobody changes the trails.

    Args:
        fading: see `Settings.decay_before`.
    """

    def __init__(self, fading: float) -> None:
        self._fading = fading
        self._changes = np.full(16, -1, np.int64)
        """Of each row, how often its readers had changed when it was smoothed; -1: it was not."""
        self._kept: Halves | None = None
        """By row: memory that is not written to costs nothing."""
        self._smoothing = Lock()

    def towards(
        self, direction: Vector, rows: Rows, vectors: Vectors, trails: Trails, vectors_of: VectorsOf
    ) -> Smoothed:
        """The cosines of smoothed embeddings to a direction.

        Args:
            direction: of length 1, shape (dimension,); empty: there is none.
            vectors: the documents' embeddings, shape (rows, dimension).
            vectors_of: rows -> the embeddings of other documents.
        """
        positions = np.flatnonzero(trails.counts(rows)) if len(direction) else NO_ROWS
        if not len(positions):
            return Smoothed(positions, np.zeros(0, np.float32))
        wanted = rows[positions]
        with self._smoothing:
            self._changes = grown(self._changes, int(wanted.max()) + 1, -1)
            kept = self._kept = self._kept or Halves(len(direction))
            stale = positions[self._changes[wanted] != trails.changes(wanted)]
            for start in range(0, len(stale), _PART):
                part = stale[start : start + _PART]
                kept.put(rows[part], smoothed(rows[part], vectors[part], trails, vectors_of, self._fading))
                self._changes[rows[part]] = trails.changes(rows[part])
        return Smoothed(positions, kept.cosines(wanted, direction))

    def clear(self) -> None:
        """Embeddings changed: everything is computed anew when it is asked for."""
        self._changes[:] = -1


def smoothed(rows: Rows, vectors: Vectors, trails: Trails, vectors_of: VectorsOf, fading: float) -> Vectors:
    """The smoothed embeddings of documents, not yet of length 1, float32 of the shape of their embeddings."""
    from penchant.rank import tally  # compiled code takes half a second to load, and the first time much more

    document, places = gathered(trails.readers(rows, _READERS))
    before = trails.entries.before[places]
    read = distinct(before[before >= 0].astype(np.int64))
    if not len(read):
        return vectors
    where = np.where(before >= 0, np.searchsorted(read, before), -1).astype(np.int32)
    weights = (fading ** np.arange(BEFORE)).astype(np.float32)
    sums, counts = tally.directions(document, where, vectors_of(read), weights, len(rows))
    return np.asarray(vectors + sums / (counts + 1)[:, None], np.float32)
