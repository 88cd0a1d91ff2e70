"""Wishes: the documents near what a reader asked for more of."""

from __future__ import annotations

import numpy as np

from penchant.memory.readers import NO_ROWS, Rows
from penchant.rank.asked import OF_LATEST, Asked
from penchant.vectors import embeddings_of


class NearWishes:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        more = asked.wished.more
        if not more:
            return NO_ROWS
        return np.concatenate([NO_ROWS, *asked.known.near(embeddings_of(more), OF_LATEST)])
