"""What a state knows of documents and readers, as questions and lessons need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.memory.documents import Documents
from penchant.memory.facts import Smoothed
from penchant.memory.readers import Rows
from penchant.memory.trails import Trails
from penchant.rank.naming import named
from penchant.rank.smoothing import Smoother
from penchant.settings import Settings
from penchant.towers.adopted import Adopted
from penchant.towers.seam import History
from penchant.types import InterestUnit, Vector, Vectors


class Neighbouring(Protocol):
    """What a question asks of an index, see `penchant.index.DocumentIndex`."""

    def __len__(self) -> int:
        """The number of documents."""

    def search(self, vectors: Vectors, count: int) -> list[Rows]:
        """For each vector the rows of the `count` nearest documents, the nearest first."""

    def vectors(self, keys: Rows) -> Vectors:
        """The embeddings of rows, float32 of shape (rows, dimension)."""


@dataclass(frozen=True, eq=False)
class Known:
    """Documents, who read them, and what is near what."""

    index: Neighbouring
    documents: Documents
    trails: Trails
    smoother: Smoother
    settings: Settings
    threshold: Callable[[], float]
    """The cosine from which two texts are about the same, see `penchant.Settings.threshold`. Asked for only
    where somebody has wishes: the embedder may know it, and loading one is no work for a question."""
    tower: Adopted | None = None
    """A trained user tower, where there is one."""
    impressions: Callable[[Rows], NDArray[np.float64]] = lambda rows: np.zeros(len(rows))
    """How often documents were shown."""

    def near(self, vectors: Vectors, count: int) -> list[Rows]:
        """The documents nearest to each vector, at most as many as the settings say."""
        return self.index.search(vectors, min(count, self.settings.candidates_per_unit))

    def named(self, unit: InterestUnit) -> InterestUnit:
        """See `penchant.rank.naming`."""
        return named(unit, self.documents, self.index.vectors)

    def smoothed(self, direction: Vector, rows: Rows, vectors: Vectors) -> Smoothed:
        """See `penchant.rank.smoothing`."""
        return self.smoother.towards(direction, rows, vectors, self.trails, self.index.vectors)

    def towards(self, read: Rows) -> Vectors:
        """What the tower makes of a reader, shape (interests, dimension of the tower); nothing without one.

        Args:
            read: rows of documents, the latest at the end.
        """
        if self.tower is None:
            return np.zeros((0, 0), np.float32)
        return self.tower.reader(
            read, lambda rows: History(self.documents.ids(rows), self.index.vectors(rows))
        )
