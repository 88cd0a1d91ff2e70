"""Given: a ranking from elsewhere, which adds candidates and weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked
from penchant.types import Source


class Given:
    """See `penchant.rank.sources.seam.CandidateSource`. Unknown documents are passed over."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._weight = source.weight
        self._ranking = tuple(dict.fromkeys(source.ranking))

    def candidates(self, asked: Asked) -> Rows:
        return np.array(self._rows(asked), np.int64)

    def gains(self, asked: Asked, rows: Rows) -> Sequence[float]:
        """What each row gains; see `penchant.Source`."""
        place_of = {row: place for place, row in enumerate(self._rows(asked))}
        return [self._weight * 60 / (60 + place_of[row]) if row in place_of else 0.0 for row in rows.tolist()]

    def _rows(self, asked: Asked) -> list[int]:
        documents = asked.known.documents
        return [documents.row(name) for name in self._ranking if name in documents]
