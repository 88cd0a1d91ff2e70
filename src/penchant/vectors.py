"""Arithmetic of embeddings that has to come out the same wherever a vector stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.types import Vector, Vectors


def cosines(rows: Vectors, vector: Vector) -> NDArray[np.float32]:
    """The dot product of each row with the vector, shape (rows,).

    einsum and not ``@``: a matrix product may round equal rows differently, depending on where they stand.
    """
    return np.asarray(np.einsum("nd,d->n", rows, vector), np.float32)


def unit_length(rows: Vectors) -> Vectors:
    """The rows scaled to length 1; a row of zeros stays one."""
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, None]
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0), np.float32)
