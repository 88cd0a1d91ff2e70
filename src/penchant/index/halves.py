"""The vectors of documents by key, two bytes a number: the first half of each float32 (bfloat16)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.index import Keys
from penchant.types import Vector, Vectors

_TINY = 1e-30
_SCALE = 2
"""Halves at the end of a row that hold the float32 that brings its vector to length 1."""
_ROOM = 8
"""A file has room for an eighth more documents, so that those that come do not copy the rest into memory."""


class Halves:
    """See the module. One thread at a time puts vectors, any number gets those of other keys."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._rows: NDArray[np.uint16] = np.zeros((16, dimension + _SCALE), np.uint16)

    def put(self, keys: Keys, vectors: Vectors) -> None:
        """Keep vectors, those of known keys instead of the old ones."""
        if len(keys):
            self._reserve(int(keys.max()) + 1)
            halves = ((np.ascontiguousarray(vectors).view(np.uint32) + 0x8000) >> 16).astype(np.uint16)
            scales = 1 / np.maximum(np.linalg.norm(_whole(halves), axis=1, keepdims=True), _TINY)
            self._rows[keys] = np.concatenate([halves, scales.astype(np.float32).view(np.uint16)], axis=1)

    def get(self, keys: Keys) -> Vectors:
        """The vectors of known keys, float32 of length 1, shape (len(keys), dimension)."""
        from penchant.index import halves_kernel  # it takes half a second to load

        vectors = np.empty((len(keys), self._dimension), np.float32)
        halves_kernel.from_halves(self._rows, keys, vectors)
        return vectors

    def cosines(self, keys: Keys, vector: Vector) -> Vector:
        """The cosines of the vectors of known keys to another, of length 1, shape (len(keys),)."""
        from penchant.index import halves_kernel

        found = np.empty(len(keys), np.float32)
        halves_kernel.dots_of_halves(self._rows, keys, vector, found)
        return found

    def save(self, path: Path, rows: int) -> None:
        """Write the vectors of the keys below `rows` to a file."""
        shape = (rows + rows // _ROOM, self._rows.shape[1])
        file = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint16, shape=shape)
        file[:rows] = self._rows[:rows]
        file.flush()

    def load(self, path: Path) -> None:
        """Take over a file, of which only what is asked for is read; what is put stays in memory.

        Raises:
            ValueError: the file is of other vectors.
        """
        rows = np.load(path, mmap_mode="c", allow_pickle=False)
        if rows.dtype != np.uint16 or rows.shape[1:] != (self._dimension + _SCALE,):
            raise ValueError(f"the vectors are of shape {rows.shape} and type {rows.dtype}")
        self._rows = np.asarray(rows)  # the same memory, without what numpy does for each view of a file

    def _reserve(self, rows: int) -> None:
        if rows > len(self._rows):
            grown = np.zeros((max(rows, len(self._rows) * 3 // 2), self._rows.shape[1]), np.uint16)
            grown[: len(self._rows)] = self._rows
            self._rows = grown


def _whole(halves: NDArray[np.uint16]) -> Vectors:
    whole = halves.astype(np.uint32)
    whole <<= 16
    return whole.view(np.float32)
