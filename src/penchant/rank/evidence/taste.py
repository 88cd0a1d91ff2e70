"""Taste: what a trained tower expects this reader to go on to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from penchant.rank.asked import Asked
from penchant.rank.candidates import ByTower, Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told
from penchant.rank.neighbours import MOST_READERS

_LATEST = 5
"""Documents read last that readers may have gone on from."""


class Taste(Evidence):
    """See `measured`. Without a tower it has no columns at all, and costs nothing."""

    kind = "taste"
    columns: Mapping[str, float] = MappingProxyType({"gone on to": 1.5, "unknown to the tower": 0.0})
    personal = True
    known_before_clicks = True
    open = True

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        known = asked.known.tower is not None
        return measured(candidates.by_tower, len(candidates.rows)) if known else {}

    def claim(self, told: Told) -> Claim | None:
        """From which of the documents read last most readers went on to this one, the latest of these."""
        asked = told.asked
        latest, before = (
            asked.reader.reads.rows[-_LATEST:],
            asked.known.trails.entries.before[told.others(MOST_READERS)],
        )
        counts = [int((before == row).any(axis=1).sum()) for row in latest.tolist()]
        if not any(counts):
            return Claim("expected", {})
        best = max(range(len(counts)), key=lambda place: (counts[place], place))
        title = asked.known.documents.at_row(int(latest[best])).title
        return Claim("went on", {"count": counts[best], "title": title})


def measured(said: ByTower | None, count: int) -> dict[str, Column]:
    """``gone on to`` is the logarithm of how much likelier the tower holds a document than others. ``unknown
    to the tower`` is 1 for a document that it knows by its text alone: it came after the training.

    Source: the tower's vectors as features of a ranker are the ranking use of LEARN (Jia et al., 2024, figure
    5).
    """
    if said is None:
        return {name: np.zeros(count) for name in Taste.columns}
    return {"gone on to": said.scores, "unknown to the tower": (~said.trained).astype(np.float64)}
