"""Arithmetic of vectors in compiled code, for `penchant.units.kernel`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.compiled import compiled, compiled_sum
from penchant.types import Vector, Vectors

_DOUBT = np.float32(1e-3)
"""More than a sum of some thousand products can be wrong by in float32."""


@compiled
def reaches(left: Vector, right: Vector, threshold: np.float32) -> bool:
    """Whether the cosine is at least the threshold. In float32 where that is beyond doubt, which is nearly
    always."""
    rough = _rough_dot(left, right)
    if abs(rough - threshold) > _DOUBT:
        return bool(rough > threshold)
    return bool(np.float32(_dot(left, right)) >= threshold)


@compiled_sum
def _rough_dot(left: Vector, right: Vector) -> np.float32:
    total = np.float32(0)
    for number in range(len(left)):
        total += left[number] * right[number]
    return total


@compiled_sum
def _dot(left: Vector, right: Vector) -> float:
    total = 0.0
    for number in range(len(left)):
        total += np.float64(left[number]) * np.float64(right[number])
    return total


@compiled
def add_parts(total: NDArray[np.float64], parts: NDArray[np.int32], table: Vectors) -> None:
    for part in parts:
        row = table[part]
        for number in range(len(total)):
            total[number] += row[number]


@compiled_sum
def squares(total: NDArray[np.float64]) -> float:
    result = 0.0
    for number in range(len(total)):
        result += total[number] * total[number]
    return result


@compiled
def round_to_half(vector: Vector) -> None:
    """To the nearest number of half precision, ties to even: 10 bits after the first, below 2**-14 steps of
    2**-24."""
    bits = vector.view(np.uint32)
    for number in range(len(vector)):
        steps = np.rint(vector[number] * np.float32(2.0**24)) * np.float32(2.0**-24)
        odd = (bits[number] >> np.uint32(13)) & np.uint32(1)
        is_tiny = abs(vector[number]) < np.float32(2.0**-14)
        bits[number] = (bits[number] + np.uint32(0xFFF) + odd) & np.uint32(0xFFFFE000)
        vector[number] = steps if is_tiny else vector[number]


@compiled
def round_to_int8(vector: Vector) -> None:
    """See `penchant.vectors.rounded`."""
    scale = np.zeros(1, np.float32)
    for number in range(len(vector)):
        scale[0] = max(scale[0], abs(vector[number]))
    scale[0] = scale[0] / np.float32(127)
    bits = scale.view(np.uint32)
    bits[0] = (bits[0] + np.uint32(0xFF)) & np.uint32(0xFFFFFF00)
    if scale[0] > 0:
        for number in range(len(vector)):
            vector[number] = np.float32(np.rint(vector[number] / scale[0])) * scale[0]
