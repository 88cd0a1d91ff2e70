"""A tower in use: the vectors of all documents in an index of their own, and those of readers until their
next click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.cache import RecentCache
from penchant.grown import grown
from penchant.index import DocumentIndex
from penchant.towers.seam import History, UserTower
from penchant.types import Vectors

Rows = NDArray[np.int64]


class Texts(Protocol):
    """Where documents' embeddings come from: a `penchant.store.Store`."""

    def revisions(self) -> list[tuple[int, int]]:
        """(row, revision) of all documents, in the order of their rows."""

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The embeddings of known documents, float32 of shape (len(keys), dimension)."""


class TowerVectors:
    """The documents of a store, with their vectors by a tower; see `penchant.index.saved.Embeddings`.

    Args:
        ids_of: rows -> the documents' ids.
    """

    def __init__(self, tower: UserTower, texts: Texts, ids_of: Callable[[Rows], Sequence[str]]) -> None:
        self._tower = tower
        self._texts = texts
        self._ids_of = ids_of

    def revisions(self) -> list[tuple[int, int]]:
        """(row, revision) of all documents, in the order of their rows."""
        return self._texts.revisions()

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """Float32 of shape (len(keys), dimension of the tower)."""
        return self._tower.documents(self._ids_of(np.array(keys, np.int64)), self._texts.vectors(keys))


class Adopted:
    """See the module. Changed by one thread while none asks.

    Args:
        index: of the tower's vectors of documents, by row.
        readers: whose vectors are remembered, at most.
    """

    def __init__(self, tower: UserTower, index: DocumentIndex, readers: int) -> None:
        self.tower = tower
        self.index = index
        self._remembered: RecentCache[bytes, Vectors] = RecentCache(readers)
        self._trained = np.zeros(16, bool)
        self._next_row = 0

    def note(self, rows: Rows, ids: Sequence[str]) -> None:
        """Note which documents the tower knows from its training."""
        if len(rows):
            self._next_row = max(self._next_row, int(rows.max()) + 1)
            self._trained = grown(self._trained, self._next_row, False)
            self._trained[rows] = self.tower.trained(ids)

    def put(self, rows: Rows, ids: Sequence[str], embeddings: Vectors) -> None:
        """Add documents, or give known ones new embeddings."""
        if len(rows) and rows.min() < self._next_row:
            self._remembered.clear()
        self.index.add(rows, self.tower.documents(ids, embeddings))
        self.note(rows, ids)

    def remove(self, rows: Rows) -> None:
        """Forget documents."""
        self.index.remove(rows)
        self._remembered.clear()

    def scores(self, rows: Rows, towards: Vectors) -> NDArray[np.float64]:
        """How likely the tower holds each document, as a logarithm: by the interest that suits it best.

        Args:
            towards: of a reader with at least one interest, see `reader`.
        """
        return np.asarray((self.index.vectors(rows) @ towards.T).max(axis=1), np.float64)

    def trained(self, rows: Rows) -> NDArray[np.bool_]:
        """Which documents the tower knows from its training."""
        return np.asarray(self._trained[rows])

    def reader(self, rows: Rows, history: Callable[[Rows], History]) -> Vectors:
        """The vectors of a reader, shape (interests, dimension); none of one who read nothing.

        Args:
            rows: of the documents read, the latest at the end.
            history: rows -> what the tower reads of them.
        """
        latest = rows[-self.tower.history :]
        if not len(latest):
            return np.zeros((0, self.tower.dimension), np.float32)
        key = latest.tobytes()
        known = self._remembered.find([key]).get(key)
        if known is None:
            known = self.tower.users([history(latest)])[0]
            self._remembered.keep({key: known})
        return known
