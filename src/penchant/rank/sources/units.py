"""Units: the documents near the reader's Interest Units, more of them near the latest ones."""

from __future__ import annotations

import numpy as np

from penchant.memory.readers import NO_ROWS, Rows
from penchant.rank.asked import Asked


class NearUnits:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        return np.concatenate([NO_ROWS, *asked.latest, *asked.others])
