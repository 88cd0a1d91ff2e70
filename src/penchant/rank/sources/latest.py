"""Latest: the documents that anybody clicked last."""

from __future__ import annotations

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked


class LatestClicked:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        return asked.known.trails.latest()
