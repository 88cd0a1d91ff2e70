"""Words: the latest documents with the key terms that the reader likes most."""

from __future__ import annotations

import numpy as np

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked

_TERMS = 20


class LikedWords:
    """See `penchant.rank.sources.seam.CandidateSource`."""

    def candidates(self, asked: Asked) -> Rows:
        terms, worth = asked.liked
        return asked.known.documents.traits.latest_with(terms[np.lexsort((terms, -worth))[:_TERMS]])
