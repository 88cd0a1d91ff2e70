"""What the readers of a document had read just before it: for whom it is, where its title says what it is about.

The *precursor* of a document that n readers came to from something is, by embeddings,

    sum over these readers of unit(sum over k of 0.8 ** k * what the reader read k documents before) / (n + 1)

a direction that is the longer the more readers there are and the more they agree. What points there likes what is nearest:
a reader gets the cosine to what they read last, times that length. No document in common is needed, as elsewhere.

It is computed when it is first asked for, from what `penchant.readings` holds, and again when that changes: of a reader who
is forgotten nothing remains. It is one step of propagation over the graph of readers and documents, as in LightGCN (He et al.,
SIGIR '20, section 3.1), here of fixed embeddings; a collaborative signal beside Interest Units is future work of IRA.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import numpy as np

from penchant.index.halves import Halves
from penchant.readers import BEFORE, NO_ROWS, Places, Rows, distinct, gathered
from penchant.readings import Readings
from penchant.types import Vector, Vectors

VectorsOf = Callable[[Rows], Vectors]
_READERS = 30
"""So many latest readers of a document are looked at."""
_FADING = 0.8
"""What each document further back counts, beside the one after it."""
_PART = 256
"""So many precursors are computed at a time: what the readers of as many documents had read takes some MB."""


class Towards(NamedTuple):
    """How far precursors reach in a direction."""

    positions: Places
    """Of the documents that somebody read, among all."""
    reach: Vector
    """The dot product of the precursor of each of them with the direction, from -1 to 1."""


class Precursors:
    """What was computed, until it changes. Asked by any number of threads while nobody changes the readings."""

    def __init__(self) -> None:
        self._slots = np.full(16, -1, np.int32)
        """Of each row its place among the kept."""
        self._changes = np.full(16, -1, np.int64)
        """Of each row, how often its readers had changed by then."""
        self._lengths = np.zeros(16, np.float32)
        """By place."""
        self._directions: Halves | None = None
        self._count = 0
        self._computing = Lock()

    def towards(self, direction: Vector, rows: Rows, readings: Readings, vectors_of: VectorsOf) -> Towards:
        """The precursors of documents, looked at from a direction.

        Args:
            direction: of length 1, shape (dimension,); empty: there is none.
            vectors_of: rows -> the embeddings of documents.
        """
        positions = np.flatnonzero(readings.counts(rows)) if len(direction) else NO_ROWS
        if not len(positions):
            return Towards(positions, np.zeros(0, np.float32))
        wanted = rows[positions]
        with self._computing:
            self._reserve(int(wanted.max()) + 1)
            stale = wanted[self._changes[wanted] != readings.changes(wanted)]
            for start in range(0, len(stale), _PART):
                self._keep(stale[start : start + _PART], readings, vectors_of, len(direction))
            assert self._directions is not None
            places = self._slots[wanted].astype(np.int64)
            return Towards(positions, self._directions.cosines(places, direction) * self._lengths[places])

    def _keep(self, rows: Rows, readings: Readings, vectors_of: VectorsOf, dimension: int) -> None:
        new = rows[self._slots[rows] < 0]
        self._slots[new] = np.arange(self._count, self._count + len(new))
        self._count += len(new)
        if self._count > len(self._lengths):
            grow = max(self._count, 2 * len(self._lengths)) - len(self._lengths)
            self._lengths = np.append(self._lengths, np.zeros(grow, np.float32))
        if self._directions is None:
            self._directions = Halves(dimension)
        found = precursors(rows, readings, vectors_of, dimension)
        places = self._slots[rows].astype(np.int64)
        self._directions.put(places, found)
        self._lengths[places] = np.sqrt(np.einsum("nd,nd->n", found, found))
        self._changes[rows] = readings.changes(rows)

    def _reserve(self, rows: int) -> None:
        grow = max(rows, 2 * len(self._slots)) - len(self._slots)
        if rows > len(self._slots):
            self._slots = np.append(self._slots, np.full(grow, -1, np.int32))
            self._changes = np.append(self._changes, np.full(grow, -1, np.int64))


def precursors(rows: Rows, readings: Readings, vectors_of: VectorsOf, dimension: int) -> Vectors:
    """The precursors of documents, float32 of shape (rows, dimension); zeros where nobody is known to have read before."""
    from penchant import tally  # compiled code takes half a second to load, and the first time much more

    document, places = gathered(readings.readers(rows, _READERS))
    before = readings.entries.before[places]
    read = distinct(before[before >= 0].astype(np.int64))
    if not len(read):
        return np.zeros((len(rows), dimension), np.float32)
    where = np.where(before >= 0, np.searchsorted(read, before), -1).astype(np.int32)
    weights = (_FADING ** np.arange(BEFORE)).astype(np.float32)
    sums, counts = tally.directions(document, where, vectors_of(read), weights, len(rows))
    return np.asarray(sums / (counts + 1)[:, None], np.float32)
