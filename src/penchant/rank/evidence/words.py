"""Words: key terms that a title shares with what the reader read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from penchant.memory.facts import Facts
from penchant.rank.asked import Asked, Liked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told
from penchant.text import key_terms

_TOLD = 3
"""Terms that are told, at most."""
_COMMON = 0.05
"""Terms that more of the documents have say little."""


class Words(Evidence):
    """See `measured`."""

    kind = "words"
    columns: Mapping[str, float] = MappingProxyType({"key terms": 0.249})
    personal = True
    known_before_clicks = True

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return {"key terms": measured(asked.liked, candidates.facts)}

    def claim(self, told: Told) -> Claim | None:
        """The terms shared with the read document that shares most of them, the latest of these; the rarest
        first, and without those that many documents have where there are others."""
        reads, documents = told.asked.reader.reads, told.asked.known.documents
        here = told.candidates.facts.terms[told.place]
        alike = np.isin(reads.terms, here[here >= 0]).sum(axis=1)  # numbers of terms, which some share
        own = key_terms(documents.sites.bare(told.document.title))
        for place in np.lexsort((np.arange(len(alike)), alike))[::-1].tolist():
            if not alike[place]:
                break
            title = documents.at_row(int(reads.rows[place])).title
            there = set(key_terms(documents.sites.bare(title)))
            shared = [term for term in own if term in there]
            if shared:
                having = dict(zip(shared, documents.traits.having(shared), strict=True))
                shared.sort(key=having.__getitem__)
                telling = [term for term in shared if having[term] <= _COMMON * len(documents)]
                return Claim("words", {"terms": (telling or shared)[:_TOLD], "title": title})
        return None


def measured(liked: Liked, candidates: Facts) -> Column:
    """Rare terms count more, often read ones more, in short titles more: ``sum(worth) / sqrt(1 + terms)``."""
    from penchant.rank import tally  # compiled code takes half a second to load, and the first time much more

    return (
        tally.shared_terms(candidates.terms, *liked) if len(liked.terms) else np.zeros(len(candidates.rows))
    )
