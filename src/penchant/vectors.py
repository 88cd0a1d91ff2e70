"""Arithmetic of embeddings that has to come out the same wherever a vector stands, and the few bytes a unit's
is kept in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.settings import UnitPrecision
from penchant.types import InterestUnit, Vector, Vectors, Wish

_STEPS = 127
"""The largest number of an int8 vector."""


def cosines(rows: Vectors, vector: Vector) -> NDArray[np.float32]:
    """The dot product of each row with the vector, shape (rows,).

    einsum and not ``@``: a matrix product may round equal rows differently, depending on where they stand.
    """
    return np.asarray(np.einsum("nd,d->n", rows, vector), np.float32)


def embeddings_of(units: Sequence[InterestUnit] | Sequence[Wish]) -> Vectors:
    """The embeddings of units or wishes, of which there is at least one, shape (units, dimension)."""
    return np.concatenate([unit.embedding for unit in units]).reshape(len(units), -1)


def unit_length(rows: NDArray[np.floating]) -> Vectors:
    """The rows scaled to length 1, in float32; a row of zeros stays one."""
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0), np.float32)


def rounded(rows: Vectors, precision: UnitPrecision) -> Vectors:
    """The vectors of units as they are kept: what `packed` and `unpacked` change no further, float32 of the
    same shape."""
    if precision == "float16":
        return rows.astype(np.float16).astype(np.float32)
    if precision == "float32":
        return rows
    scales = _scales(rows)
    return np.asarray(_in_steps(rows, scales) * scales[:, None], np.float32)


def packed(rows: Vectors, precision: UnitPrecision) -> bytes:
    """Vectors that were `rounded`, as bytes: four a number, two, or one and four more for a vector."""
    if precision == "float16":
        return rows.astype("<f2").tobytes()
    if precision == "float32":
        return rows.astype("<f4").tobytes()
    scales = _scales(rows)
    return scales.astype("<f4").tobytes() + _in_steps(rows, scales).astype(np.int8).tobytes()


def unpacked(data: bytes, count: int, precision: UnitPrecision) -> Vectors:
    """What was `packed`: float32 of shape (count, dimension), one contiguous array.

    Raises:
        ValueError: the bytes are not those of `count` vectors.
    """
    if not count:
        return np.zeros((0, 0), np.float32)
    if precision == "float16":
        return np.frombuffer(data, "<f2").reshape(count, -1).astype(np.float32)
    if precision == "float32":
        return np.frombuffer(data, "<f4").reshape(count, -1).astype(np.float32)
    scales = np.frombuffer(data[: 4 * count], "<f4")
    return np.asarray(
        np.frombuffer(data[4 * count :], np.int8).reshape(count, -1) * scales[:, None], np.float32
    )


def _scales(rows: Vectors) -> NDArray[np.float32]:
    """What one step of an int8 vector stands for. It has 16 significant bits, so that 127 steps of it are
    exact."""
    least = np.asarray(np.abs(rows).max(axis=1, initial=0.0) / _STEPS, np.float32)
    return ((least.view(np.uint32) + 0xFF) & 0xFFFFFF00).view(np.float32)


def _in_steps(rows: Vectors, scales: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.rint(rows / np.where(scales > 0, scales, np.float32(1))[:, None])
