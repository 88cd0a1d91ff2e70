"""Tower: what a trained tower expects the reader to go on to."""

from __future__ import annotations

import numpy as np

from penchant.memory.readers import NO_ROWS, Rows
from penchant.rank.asked import Asked

_OF_EACH = 100
"""Documents for each interest."""


class NearTower:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        tower = asked.known.tower
        if tower is None or not len(asked.towards):
            return NO_ROWS
        return np.concatenate([NO_ROWS, *tower.index.search(asked.towards, _OF_EACH)])
