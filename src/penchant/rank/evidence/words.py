"""Words: key terms that a title shares with what the reader read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from penchant.memory.facts import Facts
from penchant.rank.asked import Asked, Liked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Column, Evidence, Told
from penchant.text import key_terms


class Words(Evidence):
    """See `measured`."""

    kind = "words"
    columns: Mapping[str, float] = MappingProxyType({"key terms": 0.235})
    personal = True
    known_before_clicks = True

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return {"key terms": measured(asked.liked, candidates.facts)}

    def words(self, told: Told) -> str:
        known = {term for term, _ in told.unit.terms}
        shared = [term for term in key_terms(told.document.title) if term in known]
        return f"shares {', '.join(shared)}" if shared else "words of the title"


def measured(liked: Liked, candidates: Facts) -> Column:
    """Rare terms count more, often read ones more, in short titles more: ``sum(worth) / sqrt(1 + terms)``."""
    from penchant.rank import tally  # compiled code takes half a second to load, and the first time much more

    return (
        tally.shared_terms(candidates.terms, *liked) if len(liked.terms) else np.zeros(len(candidates.rows))
    )
