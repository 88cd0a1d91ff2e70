"""Why a document stands where it stands for a reader: its place, what weighs for and against it, and what the
first has that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Rows
from penchant.memory.trails import Trail
from penchant.rank import choosing, explanation, retrieval, scorers
from penchant.rank.asked import ask
from penchant.rank.blend import Blend
from penchant.rank.known import Known
from penchant.rank.recommender import candidates, recommendations, weigh
from penchant.rank.retrieval import Query
from penchant.types import Ahead, Evidence, InterestUnit, LeftOut, Nearness, Recommendation, User, Why
from penchant.units.rules import by_recency, similarities
from penchant.vectors import embeddings_of

_TOLD = 0.05
"""A kind of evidence that is ahead by less is not told."""


class Ranked(NamedTuple):
    """Where a document stands among candidates."""

    place: int
    """Of the document; likewise of the first."""
    first: int
    rank: int
    candidates: int


def by_blend(
    known: Known, blend: Blend, user_id: str, user: User, trail: Trail, row: int, query: Query
) -> Why:
    """Of a reader of whom something is known, by all evidence."""
    query = msgspec.structs.replace(query, explain="full")
    asked = ask(known, user_id, user, trail, query.at, every_unit=True)
    proposed = candidates(asked, query, [])
    rows = np.union1d(proposed, [row])
    weighed = weigh(asked, blend, rows)
    ranked = _ranked(known, rows, weighed.scores, row)
    both = [(ranked.place, False), (ranked.first, False)]
    own, first = recommendations(asked, blend, weighed, both, query)
    ahead = None
    if ranked.rank > 1:
        ahead = Ahead(first.document, round(first.score - own.score, 3), _more(first.evidence, own.evidence))
    left_out = _left_out(known, user, row, query, proposed)
    return _why(known, user, row, ranked, own, left_out, ahead)


def by_units(known: Known, user: User, row: int, query: Query, scorer: str) -> Why:
    """The same by a scorer that looks at Interest Units alone."""
    units = by_recency(user.units)
    vectors, count = embeddings_of(units), known.settings.candidates_per_unit
    proposed = retrieval.candidates(known.index, known.documents, vectors, query, count)
    rows = np.union1d(proposed, [row])
    scored = scorers.scorer(scorer, known.settings)
    scores = scored(vectors, [unit.size for unit in units], known.index.vectors(rows))
    ranked = _ranked(known, rows, scores, row)
    score = float(scores[ranked.place])
    nearest = choosing.speaks_most(vectors, known.index.vectors(rows[[ranked.place]]))[0]
    reason = explanation.of_unit(known.named(units[nearest]), score, query.language)
    own = Recommendation(known.documents.at_row(row), score, reasons=(reason,))
    return _why(known, user, row, ranked, own, _left_out(known, user, row, query, proposed))


def to_a_stranger(known: Known, row: int, query: Query) -> Why:
    """Of somebody of whom nothing is known: by what others clicked of late."""
    documents = known.documents
    proposed = documents.rows()
    proposed = proposed[retrieval.passes(documents, proposed, query)]
    rows = np.union1d(proposed, [row])
    scores = documents.clicks(rows, query.at, known.settings.popularity_half_life)
    ranked = _ranked(known, rows, scores, row)
    document = documents.at_row(row)
    reason = explanation.to_a_stranger(known.trails, document, row, query.at, query.language)
    own = Recommendation(document, float(scores[ranked.place]), reasons=() if reason is None else (reason,))
    return _why(known, User(), row, ranked, own, _left_out(known, User(), row, query, proposed))


def _ranked(known: Known, rows: Rows, scores: NDArray[np.floating], row: int) -> Ranked:
    order = choosing.top(scores, known.documents.ids(rows), len(rows))
    place = int(np.searchsorted(rows, row))
    return Ranked(place, order[0], order.index(place) + 1, len(rows))


def _more(first: Sequence[Evidence], own: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What the first has more of, the most first."""
    here = {each.kind: each.weight for each in own}
    there = {each.kind: each.weight for each in first}
    gaps = {kind: there.get(kind, 0.0) - here.get(kind, 0.0) for kind in {**there, **here}}
    told = sorted((-gap, kind) for kind, gap in gaps.items() if gap >= _TOLD)
    return tuple(Evidence(kind, round(-gap, 3)) for gap, kind in told)


def _left_out(known: Known, user: User, row: int, query: Query, proposed: Rows) -> LeftOut | None:
    """Why a document is not shown, whatever speaks for it; None where it is a candidate."""
    document = known.documents.at_row(row)
    if document.hidden:
        return "hidden"
    if document.expires_at is not None and document.expires_at <= query.at:
        return "expired"
    if row in query.excluded:
        return "read"
    if document.id in dict(user.dismissed):
        return "dismissed"
    return None if row in proposed else "far"


def _why(
    known: Known,
    user: User,
    row: int,
    ranked: Ranked,
    own: Recommendation,
    left_out: LeftOut | None,
    first: Ahead | None = None,
) -> Why:
    return Why(
        own.document,
        own.score,
        ranked.rank,
        ranked.candidates,
        own.chance,
        left_out,
        own.reasons,
        own.evidence,
        first,
        _interests(known, by_recency(user.units), row),
    )


def _interests(known: Known, units: Sequence[InterestUnit], row: int) -> tuple[Nearness, ...]:
    """Each unit, the nearest first."""
    if not units:
        return ()
    vector = known.index.vectors(np.array([row], np.int64))[0]
    likeness = similarities(units, vector, np.array([unit.closeness for unit in units]))
    order = np.argsort(-likeness, kind="stable").tolist()
    return tuple(Nearness(known.named(units[place]), round(float(likeness[place]), 6)) for place in order)
