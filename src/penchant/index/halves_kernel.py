"""Vectors of two bytes a number in compiled code, for `penchant.index.halves`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.compiled import compiled, compiled_sum
from penchant.types import Vector, Vectors


@compiled
def from_halves(halves: NDArray[np.uint16], keys: NDArray[np.int64], found: Vectors) -> None:
    """The vectors of keys, from rows that hold the first half of each number, then two halves of what brings
    it to length 1."""
    dimension = found.shape[1]
    for place in range(len(keys)):
        row = halves[keys[place]]
        length = _joined(row[dimension + 1], row[dimension])
        for number in range(dimension):
            found[place, number] = _joined(row[number], np.uint16(0)) * length


@compiled_sum
def dots_of_halves(
    halves: NDArray[np.uint16], keys: NDArray[np.int64], vector: Vector, found: Vector
) -> None:
    """The dot products of those vectors with another."""
    dimension = len(vector)
    for place in range(len(keys)):
        row = halves[keys[place]]
        total = np.float32(0)
        for number in range(dimension):
            total += _joined(row[number], np.uint16(0)) * vector[number]
        found[place] = total * _joined(row[dimension + 1], row[dimension])


@compiled
def _joined(first: np.uint16, second: np.uint16) -> np.float32:
    """The number of which these are the two halves."""
    bits = np.uint32((np.uint32(first) << np.uint32(16)) | np.uint32(second))
    return bits.view(np.float32)


def warm_up() -> None:
    """Compile both, or load what was compiled before."""
    halves, vector = np.zeros((0, 2), np.uint16), np.zeros(0, np.float32)
    from_halves(halves, np.zeros(0, np.int64), np.zeros((0, 0), np.float32))
    dots_of_halves(halves, np.zeros(0, np.int64), vector, vector)
