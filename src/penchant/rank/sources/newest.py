"""Newest: the documents that were published last."""

from __future__ import annotations

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked

_NEW = 200


class Newest:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        return asked.known.documents.newest(_NEW, asked.at)
