"""Popularity: how many readers a document has."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told

_LEAST = 2
"""Readers that are worth telling."""


class Popularity(Evidence):
    """See `measured`."""

    kind = "popularity"
    columns: Mapping[str, float] = MappingProxyType({"readers": 0.756})

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return {"readers": measured(candidates.readers)}

    def claim(self, told: Told) -> Claim | None:
        return read_by(int(told.candidates.readers[told.place]))


def read_by(readers: int) -> Claim | None:
    """How many read a document, where it is more than one."""
    return Claim("readers", {"count": readers}) if readers >= _LEAST else None


def measured(readers: NDArray[np.int64]) -> Column:
    """The logarithm of the number of readers."""
    return np.asarray(np.log(readers + 0.1), np.float64)
