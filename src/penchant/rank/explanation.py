"""Why a document is recommended: what spoke for it and against it, and the reasons a person is told."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from penchant.memory.trails import Trails
from penchant.rank import wishes
from penchant.rank.evidence import Claim, Told, claims
from penchant.rank.evidence.freshness import published
from penchant.rank.evidence.popularity import read_by
from penchant.rank.evidence.seam import latest_readers
from penchant.rank.evidence.trend import LOOKED_AT, read_of_late
from penchant.rank.sentences import Language, sentence
from penchant.types import Document, Evidence, InterestUnit, Reason

MARGIN = 0.1
"""What evidence adds to the score at the least, beside the mean of all candidates, to be a reason: it makes
the document a tenth likelier."""
_LEAST = 0.05
"""What weighs less is not worth a number."""
_MOST = 3
_SOURCE = "source "


def weighed(weights: Mapping[str, float]) -> tuple[Evidence, ...]:
    """The evidence for and against a document, the weightiest first.

    Args:
        weights: kind -> what it adds to the score.
    """
    weighty = sorted((-abs(weight), kind) for kind, weight in weights.items() if abs(weight) >= _LEAST)
    return tuple(Evidence(kind, round(weights[kind], 3)) for _, kind in weighty)


def reasons(weights: Mapping[str, float], told: Told, language: Language) -> tuple[Reason, ...]:
    """What is true of a document and speaks for it by a margin, the strongest first, three at most.

    Args:
        weights: kind -> what it adds to the score.
    """
    found: list[Reason] = []
    by_kind = claims()
    for least, kind in sorted((-weight, kind) for kind, weight in weights.items() if weight >= MARGIN):
        claim = None
        if kind in by_kind:
            claim = by_kind[kind](told)
        elif kind == wishes.KIND:
            claim = asked_for(told)
        elif kind.startswith(_SOURCE):
            claim = Claim("source", {"name": kind.removeprefix(_SOURCE)})
        if claim is not None:
            found.append(reason(kind, -least, claim, language))
            if len(found) == _MOST:
                break
    return tuple(found)


def asked_for(told: Told) -> Claim | None:
    """That the reader asked for what the document is about; None where it is not near enough."""
    wished = told.asked.wished
    vector = told.candidates.vectors[told.place]
    wish = wished.answered(wished.cosines(vector[None])[0])
    return None if wish is None else Claim("wish", {"text": wish.text})


def of_unit(unit: InterestUnit, score: float, language: Language) -> Reason:
    """The reason of a scorer that looks at Interest Units alone: the one nearest to the document."""
    return reason("interest", score, Claim("interest", {"name": unit.name, "size": unit.size}), language)


def to_a_stranger(
    trails: Trails, document: Document, row: int, at: float, language: Language
) -> Reason | None:
    """What is told somebody of whom nothing is known: who read a document of late, that it is new, or how
    many read it."""
    claims = {
        "trend": read_of_late(trails.entries.at[latest_readers(trails, row, LOOKED_AT)], at),
        "freshness": published(document, at),
        "popularity": read_by(int(trails.counts(np.array([row]))[0])),
    }
    return next((reason(kind, 0.0, claim, language) for kind, claim in claims.items() if claim), None)


def reason(kind: str, weight: float, claim: Claim, language: Language) -> Reason:
    """A claim as it is told."""
    return Reason(kind, round(weight, 3), claim.name, claim.facts, sentence(claim, language))
