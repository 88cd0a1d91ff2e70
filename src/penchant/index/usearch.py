"""Nearest neighbours in a graph (HNSW) by usearch: approximate, a millisecond or less in a million documents.

The graph knows vectors in one byte a number (int8), which halves what a search has to read; some four times
as many documents as asked for are looked up, and the nearest of them are chosen by vectors of two bytes a
number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from usearch.index import Index, Matches

from penchant.index import Keys
from penchant.index.halves import Halves
from penchant.types import Vector, Vectors
from penchant.vectors import cosines

_EXHAUSTIVE_SHARE = 4
"""From a quarter of all documents on, comparing with every one is faster than the graph, and complete."""
_WIDTH = {"int8": (4, 60), "bf16": (5, 70)}
"""(factor, more): a search for n documents looks at factor * n + more, of which the nearest are chosen
by the vectors of two bytes a number; `benchmarks/index.py` shows what that is worth."""
_LARGE = 200_000
_WIDER = 0.6
"""The power of the number of documents by which the width grows beyond `_LARGE`."""
_VECTORS = ".vectors"


class UsearchIndex:
    """See `DocumentIndex`. One thread builds the graph, so that the same input gives the same graph."""

    def __init__(self, dimension: int, precision: Literal["bf16", "int8"] = "int8") -> None:
        self._dimension = dimension
        self._width = _WIDTH[precision]
        self._vectors = Halves(dimension)
        self._index = Index(
            ndim=dimension,
            metric="cos",
            dtype="i8" if precision == "int8" else "bf16",
            connectivity=16,
            expansion_add=128,
            expansion_search=1,  # as many as are asked for
        )

    def __len__(self) -> int:
        return len(self._index)

    def keys(self) -> Keys:
        return np.asarray(self._index.keys[:] if len(self) else [], np.int64)

    def add(self, keys: Keys, vectors: Vectors) -> None:
        if not len(keys):
            return
        if len(self):
            self.remove(keys[np.asarray(self._index.contains(keys.astype(np.uint64)), bool)])
        self._vectors.put(keys, vectors)
        self._index.add(keys.astype(np.uint64), vectors, threads=1)

    def remove(self, keys: Keys) -> None:
        if len(keys) and len(self):
            self._index.remove(keys.astype(np.uint64))

    def search(self, vectors: Vectors, count: int) -> list[Keys]:
        factor, more = self._width
        looked_up = min(int((factor * count + more) * max(1.0, len(self) / _LARGE) ** _WIDER), len(self))
        if looked_up == 0 or count == 0:
            return [np.zeros(0, np.int64) for _ in vectors]
        exact = looked_up * _EXHAUSTIVE_SHARE >= len(self)
        found = self._index.search(vectors, looked_up, threads=1, exact=exact)
        if isinstance(found, Matches):
            candidates = [found.keys.astype(np.int64)]
        else:
            candidates = [keys[:n].astype(np.int64) for keys, n in zip(found.keys, found.counts, strict=True)]
        return [self._nearest(keys, vector, count) for keys, vector in zip(candidates, vectors, strict=True)]

    def _nearest(self, keys: Keys, vector: Vector, count: int) -> Keys:
        if len(keys) <= count:
            return keys
        order = np.lexsort((keys, -cosines(self._vectors.get(keys), vector)))
        return np.asarray(keys[order[:count]], np.int64)

    def vectors(self, keys: Keys) -> Vectors:
        return self._vectors.get(keys)

    def save(self, path: Path) -> tuple[str, ...]:
        self._vectors.save(path.with_name(path.name + _VECTORS), int(self.keys().max(initial=-1)) + 1)
        self._index.save(str(path))
        return _VECTORS, ""

    def load(self, path: Path) -> None:
        self._vectors.load(path.with_name(path.name + _VECTORS))
        self._index.load(str(path))
        if len(self) and self._index.ndim != self._dimension:
            raise ValueError(f"the index has {self._index.ndim} dimensions, not {self._dimension}")
