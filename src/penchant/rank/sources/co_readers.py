"""Co-readers: what those read last who read the same."""

from __future__ import annotations

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked
from penchant.rank.neighbours import alike

_PEOPLE = 60
_OF_EACH = 5
"""Readers, and latest reads of each."""


class CoReaders:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        return asked.known.trails.read_by(alike(asked.neighbours, _PEOPLE), _OF_EACH)
