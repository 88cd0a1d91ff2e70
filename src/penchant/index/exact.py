"""Nearest neighbours by comparing with every document: the reference, and the best choice for some thousand
documents."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from penchant.grown import grown
from penchant.index import Keys
from penchant.types import Vector, Vectors
from penchant.vectors import cosines

_ROUNDING = 1e-5
"""More than two orders of summation can differ by, for unit vectors in float32."""
_AT_ONCE = 64
"""Searches that share one pass over the matrix: what they find of a million documents takes 256 MB."""


class ExactIndex:
    """See `DocumentIndex`. Kept as one matrix that doubles when it is full."""

    def __init__(self, dimension: int) -> None:
        self._matrix = np.zeros((16, dimension), np.float32)
        self._keys = np.zeros(16, np.int64)
        self._row_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    def keys(self) -> Keys:
        return self._keys[: len(self)].copy()

    def add(self, keys: Keys, vectors: Vectors) -> None:
        self._reserve(len(self) + len(keys))
        for key in keys.tolist():
            self._row_of.setdefault(key, len(self._row_of))
        rows = [self._row_of[key] for key in keys.tolist()]
        self._keys[rows] = keys
        self._matrix[rows] = vectors

    def remove(self, keys: Keys) -> None:
        for key in keys.tolist():
            if key not in self._row_of:
                continue
            hole, last = self._row_of.pop(key), len(self._row_of)
            if hole != last:
                self._matrix[hole], self._keys[hole] = self._matrix[last], self._keys[last]
                self._row_of[int(self._keys[hole])] = hole

    def search(self, vectors: Vectors, count: int) -> list[Keys]:
        if count >= len(self):
            return [self.keys() for _ in vectors]
        found: list[Keys] = []
        for start in range(0, len(vectors), _AT_ONCE):
            found += self._search(vectors[start : start + _AT_ONCE], count)
        return found

    def _search(self, vectors: Vectors, count: int) -> list[Keys]:
        matrix = self._matrix[: len(self)]
        rough = np.ascontiguousarray((matrix @ vectors.T).T)  # a product in this order reads the matrix once
        return [self._keys[self._nearest(matrix, *pair, count)] for pair in zip(rough, vectors, strict=True)]

    def _nearest(self, matrix: Vectors, rough: Vector, vector: Vector, count: int) -> Keys:
        """The rows of the nearest documents and of those that tie with the last, nearest first."""
        at_least = np.partition(rough, len(rough) - count)[len(rough) - count] - _ROUNDING
        rows = np.flatnonzero(rough >= at_least)
        exact = cosines(matrix[rows], vector)
        order = np.lexsort((self._keys[rows], -exact))
        last = exact[order[count - 1]]
        nearest: Keys = rows[order][exact[order] >= last]
        return nearest

    def vectors(self, keys: Keys) -> Vectors:
        return self._matrix[[self._row_of[key] for key in keys.tolist()]]

    def save(self, path: Path) -> tuple[str, ...]:  # noqa: ARG002 (nothing is worth a file)
        return ()

    def load(self, path: Path) -> None:
        raise NotImplementedError("the exact index is built from the store")

    def _reserve(self, rows: int) -> None:
        self._matrix, self._keys = grown(self._matrix, rows, 0), grown(self._keys, rows, 0)
