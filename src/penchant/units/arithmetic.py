"""Arithmetic of vectors in compiled code, for `penchant.units.kernel`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.compiled import compiled, compiled_sum
from penchant.types import Vector


@compiled_sum
def dot(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    total = 0.0
    for number in range(len(left)):
        total += np.float64(left[number]) * np.float64(right[number])
    return total


@compiled
def add(total: NDArray[np.float64], times: float, vector: Vector) -> None:
    for number in range(len(total)):
        total[number] += times * np.float64(vector[number])


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
