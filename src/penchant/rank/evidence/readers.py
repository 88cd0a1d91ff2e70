"""Readers: how much those who read a document have in common with the reader."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from penchant.memory.facts import Smoothed
from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told
from penchant.rank.neighbours import Said
from penchant.types import Vector

_LEAST = 0.03
"""What a document has in common with a reader with whom it has nothing in common."""


class Readers(Evidence):
    """See `measured` and `read_after_the_like`."""

    kind = "readers"
    personal = True
    columns: Mapping[str, float] = MappingProxyType(
        {
            "readers of the same": 0.367,
            "readers of much the same": 0.648,
            "readers of the like": 0.0,
            "readers of the latest": 0.0,
            "read next to the same": 0.345,
            # for each community to learn: where documents have one reader each it misleads, where they have
            # many it is among the best
            "read after the like": 0.0,
        }
    )

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        after = read_after_the_like(candidates.of_taste, candidates.smoothed)
        return {**measured(candidates.said, candidates.readers), "read after the like": after}

    def claim(self, told: Told) -> Claim | None:
        """The document read that has most readers in common with this one, for how many it has: what all read
        says little."""
        if not told.asked.known.trails.are_shared:
            return None
        counts = told.telling.common_readers[told.nth]
        if not counts.any():
            return None
        reads, shares = told.asked.readers_of_read[0], counts / told.telling.roots_of_readers
        best = int(np.flatnonzero(shares == shares.max())[-1])
        title = told.asked.known.documents.at_row(int(reads[best])).title
        return Claim("readers of the same", {"count": int(counts[best]), "title": title})


def measured(said: Said, readers: NDArray[np.int64]) -> dict[str, Column]:
    """Each document is given what its readers have in common with this one. A reader of much gives less of
    it, and a document of many readers gets less: ``log(sum(common / sqrt(documents read)) / sqrt(readers))``.
    So it says for whom a document is, and popularity says how popular it is.

    ``read next to the same`` looks at the order too: how closely before or, which is twice as much, after the
    same document another reader read this one.
    """
    many = np.sqrt(np.maximum(readers, 1))
    common = np.log(said.common / many + _LEAST)
    return {
        "readers of the same": common[0],
        "readers of much the same": common[1],
        "readers of the like": common[2],
        "readers of the latest": common[3],
        "read next to the same": np.log(said.beside / many + _LEAST),
    }


def read_after_the_like(cosines: Vector, read: Smoothed) -> Column:
    """How much nearer to the reader's taste a document is for what its readers had read before it; 0 without
    readers.

    ``10 * (cosine of the smoothed embedding - cosine of the embedding)``, see `penchant.rank.smoothing`

    Args:
        cosines: of the documents' embeddings to the taste.
    """
    nearer = np.zeros(len(cosines))
    nearer[read.positions] = 10 * (read.cosines - cosines[read.positions])
    return nearer
