"""Nearest neighbours in a graph (HNSW) by usearch: approximate, a fraction of a millisecond in a million documents."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from usearch.index import Index, Matches

from penchant.index import Keys
from penchant.types import Vectors

_EXHAUSTIVE_SHARE = 4
"""From a quarter of all documents on, comparing with every one is faster than the graph, and complete."""
_WIDTH = 320
"""How many documents a search keeps in sight. 124,770 titles under `corpus`: recall@50 is 0.974 at 256."""


_TINY = 1e-30


class UsearchIndex:
    """See `DocumentIndex`. One thread builds the graph, so that the same input gives the same graph."""

    def __init__(self, dimension: int, precision: Literal["bf16", "int8"] = "bf16") -> None:
        self._dimension = dimension
        self._near = np.zeros((16, dimension), np.uint16)
        """By key: the first half (bf16) of each number of the vectors asked for; usearch needs microseconds for one."""
        self._scale = np.zeros((16, 1), np.float32)
        """By key: what brings the vector to length 1."""
        self._known = np.zeros(16, bool)
        self._growing = Lock()
        self._index = Index(
            ndim=dimension,
            metric="cos",
            dtype="i8" if precision == "int8" else "bf16",
            connectivity=16,
            expansion_add=64,
            expansion_search=_WIDTH,
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
        self._known[keys[keys < len(self._known)]] = False
        self._index.add(keys.astype(np.uint64), vectors, threads=1)

    def remove(self, keys: Keys) -> None:
        if len(keys) and len(self):
            self._index.remove(keys.astype(np.uint64))

    def search(self, vectors: Vectors, count: int) -> list[Keys]:
        count = min(count, len(self))
        if count == 0:
            return [np.zeros(0, np.int64) for _ in vectors]
        found = self._index.search(vectors, count, threads=1, exact=count * _EXHAUSTIVE_SHARE >= len(self))
        if isinstance(found, Matches):
            return [found.keys.astype(np.int64)]
        return [keys[:n].astype(np.int64) for keys, n in zip(found.keys, found.counts, strict=True)]

    def vectors(self, keys: Keys) -> Vectors:
        if not len(keys):
            return np.zeros((0, self._dimension), np.float32)
        self._reserve(int(keys.max()) + 1)
        unknown = keys[~self._known[keys]]
        if len(unknown):
            halves = _halves(np.asarray(self._index.get(unknown.astype(np.uint64), dtype="f32"), np.float32))
            with self._growing:
                self._near[unknown] = halves
                self._scale[unknown] = 1 / np.maximum(np.linalg.norm(_whole(halves), axis=1, keepdims=True), _TINY)
                self._known[unknown] = True
        vectors = _whole(self._near.take(keys, axis=0))
        vectors *= self._scale.take(keys, axis=0)
        return vectors

    def _reserve(self, rows: int) -> None:
        with self._growing:
            if rows > len(self._known):
                missing = max(rows, 2 * len(self._known)) - len(self._known)
                self._near = np.concatenate([self._near, np.zeros((missing, self._dimension), np.uint16)])
                self._scale = np.concatenate([self._scale, np.zeros((missing, 1), np.float32)])
                self._known = np.concatenate([self._known, np.zeros(missing, bool)])

    def save(self, path: Path) -> bool:
        self._index.save(str(path))
        return True

    def load(self, path: Path) -> None:
        self._index.load(str(path))
        self._known[:] = False
        if len(self) and self._index.ndim != self._dimension:
            raise ValueError(f"the index has {self._index.ndim} dimensions, not {self._dimension}")


def _halves(vectors: Vectors) -> NDArray[np.uint16]:
    """Each number rounded to bf16, the first half of a float32."""
    return ((vectors.view(np.uint32) + 0x8000) >> 16).astype(np.uint16)


def _whole(halves: NDArray[np.uint16]) -> Vectors:
    whole = halves.astype(np.uint32)
    whole <<= 16
    return whole.view(np.float32)
