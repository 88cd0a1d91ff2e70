"""Arrays that grow by doubling."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

A = TypeVar("A", bound=np.generic)


def grown(array: NDArray[A], rows: int, fill: Any) -> NDArray[A]:
    """The array with room for this many rows: the same where there is room, else twice as long or more.

    Examples:
        >>> grown(np.array([1, 2]), 3, -1).tolist()
        [1, 2, -1, -1]

    Args:
        fill: what new rows hold.
    """
    if rows <= len(array):
        return array
    larger = np.full((max(rows, 2 * len(array)), *array.shape[1:]), fill, array.dtype)
    larger[: len(array)] = array
    return larger
