"""What of a BERT is no matrix product, in compiled code, one pass each, for `penchant.embed.bert`."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled, compiled_fast
from penchant.types import Vector, Vectors


@compiled_fast
def gelu(rows: Vectors, bias: Vector) -> None:
    """``x / 2 * (1 + erf(x / sqrt(2)))`` of x = rows + bias, in place.

    erf by Abramowitz and Stegun, 7.1.26: off by 1.5e-7 at most.
    """
    for row in range(rows.shape[0]):
        for number in range(rows.shape[1]):
            x = rows[row, number] + bias[number]
            z = abs(x) * np.float32(0.70710678)
            t = np.float32(1) / (np.float32(1) + np.float32(0.3275911) * z)
            sum_ = np.float32(1.061405429) * t - np.float32(1.453152027)
            sum_ = sum_ * t + np.float32(1.421413741)
            sum_ = sum_ * t - np.float32(0.284496736)
            sum_ = (sum_ * t + np.float32(0.254829592)) * t
            tail = np.float32(0.5) * sum_ * np.exp(-z * z)
            rows[row, number] = x * (np.float32(1) - tail) if x >= 0 else x * tail


@compiled_fast
def softmax(rows: Vectors) -> None:
    """Of each row, in place."""
    for row in range(rows.shape[0]):
        most = rows[row, 0]
        for number in range(rows.shape[1]):
            most = max(most, rows[row, number])
        total = np.float32(0)
        for number in range(rows.shape[1]):
            rows[row, number] = np.exp(rows[row, number] - most)
            total += rows[row, number]
        for number in range(rows.shape[1]):
            rows[row, number] /= total


@compiled_fast
def add_and_norm(
    rows: Vectors, more: Vectors, bias: Vector, scale: Vector, shift: Vector, epsilon: float
) -> None:
    """The layer normalisation of ``rows + more + bias``, in place of rows."""
    for row in range(rows.shape[0]):
        for number in range(rows.shape[1]):
            rows[row, number] += more[row, number] + bias[number]
        _norm(rows[row], scale, shift, epsilon)


@compiled
def norm(rows: Vectors, scale: Vector, shift: Vector, epsilon: float) -> None:
    """The layer normalisation of each row, in place."""
    for row in range(rows.shape[0]):
        _norm(rows[row], scale, shift, epsilon)


@compiled_fast
def _norm(row: Vector, scale: Vector, shift: Vector, epsilon: float) -> None:
    count = np.float32(len(row))
    mean = np.float32(0)
    for number in range(len(row)):
        mean += row[number]
    mean /= count
    spread = np.float32(0)
    for number in range(len(row)):
        spread += (row[number] - mean) * (row[number] - mean)
    factor = np.float32(1) / np.sqrt(spread / count + np.float32(epsilon))
    for number in range(len(row)):
        row[number] = (row[number] - mean) * factor * scale[number] + shift[number]
