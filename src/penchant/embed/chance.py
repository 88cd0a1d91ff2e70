"""The rule for thresholds: one random pair of documents in a hundred may reach it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHANCE = 0.01
"""The share of random pairs that may reach the threshold. `benchmarks/thresholds.py` shows what it makes of
interests."""


def reached_by_chance(random_cosines: NDArray[np.float32]) -> float:
    """The cosine that this share of random pairs reaches, to two digits.

    Examples:
        >>> reached_by_chance(np.linspace(0, 1, 101, dtype=np.float32))
        0.99
    """
    return round(float(np.quantile(random_cosines, 1 - CHANCE)), 2)
