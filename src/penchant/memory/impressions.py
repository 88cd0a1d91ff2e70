"""How often each document was shown, as far as `penchant.Engine.shown` was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Rows


class Impressions:
    """See the module.

    Args:
        counts: row -> how often; the others were never shown.
    """

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._counts = dict(counts)

    def of(self, rows: Rows) -> NDArray[np.float64]:
        """How often each of some rows was shown, shape (rows,)."""
        if not self._counts:
            return np.zeros(len(rows))
        return np.array([self._counts.get(row, 0) for row in rows.tolist()], np.float64)

    def after(self, shown: Iterable[int]) -> dict[int, int]:
        """What the counts of some rows are when each was shown once more."""
        found: dict[int, int] = {}
        for row in shown:
            found[row] = found.get(row, self._counts.get(row, 0)) + 1
        return found

    def put(self, counts: Mapping[int, int]) -> None:
        """Take over counts."""
        self._counts.update(counts)

    def drop(self, rows: Iterable[int]) -> None:
        """Forget removed documents."""
        for row in rows:
            self._counts.pop(row, None)
