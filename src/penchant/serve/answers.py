"""What programs are told: the same shape from the command line (`--json`) and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penchant.types import Document, Evidence, InterestUnit, Popular, Reason, Recommendation


class UnitAnswer(msgspec.Struct, frozen=True):
    """An Interest Unit without its vector."""

    key: int
    """Tells it from the user's other units; another after each change."""
    name: str
    """What a person calls it: words that most of its documents share and others do not, or its
    headline."""
    headline: str
    """The title of the document nearest to it."""
    title: str
    """The title of its latest click."""
    terms: tuple[tuple[str, int], ...]
    """Key terms with their counts, the highest first."""
    size: int
    """The number of distinct documents."""
    updated_at: float
    documents: tuple[str, ...]
    """Ids, in the order of their first click."""
    text: str
    """The title and the first terms (IRA's contextual text)."""


class BecauseInterest(msgspec.Struct, frozen=True, tag_field="kind", tag="interest"):
    """The Interest Unit that speaks most for a document."""

    interest: str
    """What it is called: its name."""
    text: str
    size: int
    key: int


class BecausePopular(msgspec.Struct, frozen=True, tag_field="kind", tag="popular"):
    """Others clicked it of late."""

    popular: float
    """Clicks, each halved every half-life."""


class Recommended(msgspec.Struct, frozen=True):
    """A document, its score, and what speaks most for it."""

    document: Document
    score: float
    because: BecauseInterest | BecausePopular | None = None
    reasons: tuple[Reason, ...] = ()
    """What speaks for it in true sentences, the strongest first, three at most."""
    evidence: tuple[Evidence, ...] = ()
    """All that the blend weighed, the weightiest first; with `explain=full`."""
    personal: bool = False
    """Whether it stands in one of the user's own places."""
    chance: float | None = None
    """Of a click, of a reader who clicks one of the candidates; theirs add up to 1."""
    propensity: float | None = None
    """The chance that it is among what is shown, where `explore` drew it; tell it to `shown`."""


def unit_answer(unit: InterestUnit) -> UnitAnswer:
    """An Interest Unit as it is told."""
    return UnitAnswer(
        unit.changed_step,
        unit.name,
        unit.headline,
        unit.title,
        unit.terms,
        unit.size,
        unit.updated_at,
        unit.documents,
        unit.text,
    )


def recommended(found: Sequence[Recommendation]) -> list[Recommended]:
    """Recommendations as they are told."""
    return [
        Recommended(
            each.document,
            round(each.score, 6),
            _because(each.because),
            each.reasons,
            each.evidence,
            each.personal,
            each.chance,
            each.propensity,
        )
        for each in found
    ]


def _because(because: InterestUnit | Popular | None) -> BecauseInterest | BecausePopular | None:
    if isinstance(because, InterestUnit):
        return BecauseInterest(because.name, because.text, because.size, because.changed_step)
    return None if because is None else BecausePopular(round(because.clicks, 3))
