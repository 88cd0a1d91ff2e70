"""Where candidates come from: each source in a file of its own, and the one tuple that lists them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.memory.readers import Rows, distinct
from penchant.rank.asked import Asked
from penchant.rank.sources.co_readers import CoReaders
from penchant.rank.sources.latest import LatestClicked
from penchant.rank.sources.newest import Newest
from penchant.rank.sources.seam import CandidateSource
from penchant.rank.sources.tower import NearTower
from penchant.rank.sources.units import NearUnits
from penchant.rank.sources.wishes import NearWishes
from penchant.rank.sources.words import LikedWords

SOURCES: tuple[CandidateSource, ...] = (
    NearUnits(),
    LikedWords(),
    Newest(),
    LatestClicked(),
    CoReaders(),
    NearTower(),
    NearWishes(),
)

__all__ = ["SOURCES", "CandidateSource", "proposed"]


def proposed(asked: Asked, others: Sequence[CandidateSource] = ()) -> Rows:
    """What all sources, and others beside them, propose to a reader: rows in ascending order, each once."""
    return distinct(np.concatenate([source.candidates(asked) for source in (*SOURCES, *others)]))
