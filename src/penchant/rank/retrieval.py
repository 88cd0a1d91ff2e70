"""Algorithm 2: from a user's Interest Units to explained recommendations (IRA, section 2.3).

unit vectors -> nearest documents -> filtered -> scored -> explained
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.cache import RecentCache
from penchant.checks import check_time
from penchant.errors import InvalidQuery
from penchant.memory.documents import Documents, Rows
from penchant.memory.filters import Where, check_where
from penchant.memory.readers import distinct
from penchant.memory.trails import Trails
from penchant.rank import choosing, explanation, scorers
from penchant.rank.known import Neighbouring
from penchant.rank.naming import named
from penchant.rank.sentences import Explain, Language, check_language
from penchant.settings import Settings
from penchant.types import InterestUnit, Popular, Recommendation, Vector, Vectors
from penchant.vectors import cosines, embeddings_of

_WIDER = 4
"""Factor by which the search widens when too few documents passed the filters."""
_DIVERSE_AMONG = 10
_SHORTLIST = 256
"""Candidates remembered for a user: enough for some pages and what is filtered out, 3 KB each."""
_PART = 512
"""Candidates scored at a time: their vectors stay in the processor's cache."""


class Query(msgspec.Struct, frozen=True):
    """How many documents are asked for, and which may be shown."""

    k: int
    at: float
    """Now, Unix seconds."""
    where: Where | None = None
    published_after: float | None = None
    excluded: Sequence[int] = ()
    """Rows that are left out."""
    diversity: float = 0.0
    """See `penchant.rank.choosing.diverse`."""
    personal: float = 0.0
    """Share of the places that are the reader's own, see `penchant.rank.places`."""
    explore: float = 0.0
    """See `penchant.rank.exploring`."""
    explain: Explain = True
    """Whether reasons are looked up; ``full``: and all evidence is told."""
    language: Language = "en"
    """Of the reasons."""

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InvalidQuery(f"k is {self.k!r}: use a whole number from 1")
        for name in ("diversity", "personal", "explore"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise InvalidQuery(f"{name} is {value!r}: use a number from 0 (none) to 1")
        if self.explain not in (True, False, "full"):
            raise InvalidQuery(f"explain is {self.explain!r}: use True, False or 'full'")
        check_language(self.language)
        check_where(self.where)
        if self.published_after is not None:
            check_time(self.published_after, "published_after", InvalidQuery)


class Shortlist(NamedTuple):
    """The best candidates of some units before any filter, best first."""

    rows: Rows
    scores: scorers.Scores


Shortlists = RecentCache[tuple[bytes, str, int], Shortlist]
"""By the units' embeddings, the scorer and N; good until an embedding of a document changes."""


def recommend(
    index: Neighbouring,
    documents: Documents,
    units: Sequence[InterestUnit],
    query: Query,
    scorer: str,
    settings: Settings,
    shortlists: Shortlists,
) -> list[Recommendation]:
    """The k best candidates of the units, best first, ties by document id."""
    vectors = embeddings_of(units)
    found = _from_shortlist(index, documents, units, vectors, query, scorer, settings, shortlists)
    if found is None:
        rows = candidates(index, documents, vectors, query, settings.candidates_per_unit)
        scores = _scored(index, units, vectors, rows, scorers.scorer(scorer, settings))
        shown = _chosen(index, scores, rows, documents.ids(rows), query)
        found = rows[shown], scores[shown]
    rows, scores = found
    because: list[InterestUnit | None] = [None] * len(rows)
    if query.explain and len(rows):
        speaks_most = choosing.speaks_most(vectors, index.vectors(rows))
        by_place = {place: named(units[place], documents, index.vectors) for place in set(speaks_most)}
        because = [by_place[place] for place in speaks_most]
    return [
        Recommendation(
            documents.at_row(int(row)),
            float(score),
            unit,
            () if unit is None else (explanation.of_unit(unit, float(score), query.language),),
        )
        for row, score, unit in zip(rows, scores, because, strict=True)
    ]


def _from_shortlist(
    index: Neighbouring,
    documents: Documents,
    units: Sequence[InterestUnit],
    vectors: Vectors,
    query: Query,
    scorer: str,
    settings: Settings,
    shortlists: Shortlists,
) -> tuple[Rows, scorers.Scores] | None:
    """(rows, scores) of what is shown, where k of the shortlist pass the filters: they are the k best of all
    that pass.

    None where they are too few, or where diversity asks for more than the best.
    """
    if query.diversity or query.k > _SHORTLIST // 4:
        return None
    sizes = repr([unit.size for unit in units]).encode()
    key = (
        hashlib.blake2b(vectors.tobytes() + sizes, digest_size=16).digest(),
        scorer,
        settings.candidates_per_unit,
    )
    shortlist = shortlists.find([key]).get(key)
    if shortlist is None:
        rows = _nearest_of_all(index, documents, vectors, settings.candidates_per_unit)
        scores = _scored(index, units, vectors, rows, scorers.scorer(scorer, settings))
        best = choosing.top(scores, documents.ids(rows), _SHORTLIST)
        shortlist = Shortlist(rows[best], scores[best])
        shortlists.keep({key: shortlist})
    shown = np.flatnonzero(passes(documents, shortlist.rows, query))[: query.k]
    return (shortlist.rows[shown], shortlist.scores[shown]) if len(shown) == query.k else None


def _scored(
    index: Neighbouring, units: Sequence[InterestUnit], vectors: Vectors, rows: Rows, scorer: scorers.Scorer
) -> scorers.Scores:
    sizes = [unit.size for unit in units]
    parts = [
        scorer(vectors, sizes, index.vectors(rows[start : start + _PART]))
        for start in range(0, len(rows), _PART)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _chosen(
    index: Neighbouring, scores: scorers.Scores, rows: Rows, ids: Sequence[str], query: Query
) -> list[int]:
    """The positions of what is shown. Where it is to be diverse, it is chosen among the best _DIVERSE_AMONG
    times k."""
    if not query.diversity:
        return choosing.top(scores, ids, query.k)
    best = choosing.top(scores, ids, _DIVERSE_AMONG * query.k)
    return [
        best[position]
        for position in choosing.diverse(scores[best], index.vectors(rows[best]), query.k, query.diversity)
    ]


def nearest(
    index: Neighbouring, documents: Documents, vector: Vectors, query: Query, at_least: int
) -> list[Recommendation]:
    """The k documents nearest to one vector, of shape (1, dimension); the score is the cosine."""
    rows = candidates(index, documents, vector, query, max(at_least, query.k))
    nearness = cosines(index.vectors(rows), vector[0])
    return [
        Recommendation(documents.at_row(int(rows[position])), float(nearness[position]))
        for position in choosing.top(nearness, documents.ids(rows), query.k)
    ]


def popular(documents: Documents, trails: Trails, query: Query, half_life: float) -> list[Recommendation]:
    """For a user without units: what others clicked of late, then what is newest."""
    rows = documents.rows()
    rows = documents.by_popularity(rows[passes(documents, rows, query)], query.k)
    clicks = documents.clicks(rows, query.at, half_life)
    found = []
    for row, count in zip(rows.tolist(), clicks.tolist(), strict=True):
        document, why = documents.at_row(row), None
        if query.explain:
            why = explanation.to_a_stranger(trails, document, row, query.at, query.language)
        found.append(Recommendation(document, count, Popular(count), () if why is None else (why,)))
    return found


def candidates(index: Neighbouring, documents: Documents, vectors: Vectors, query: Query, count: int) -> Rows:
    """The `count` nearest documents of each vector, together, that pass the filters.

    Where fewer than k pass, the search widens until k do or there are no more documents.
    """
    while True:
        rows = _nearest_of_all(index, documents, vectors, count)
        rows = rows[passes(documents, rows, query)]
        if len(rows) >= query.k or count >= len(index):
            return rows
        count *= _WIDER


def _nearest_of_all(index: Neighbouring, documents: Documents, vectors: Vectors, count: int) -> Rows:
    """The `count` nearest documents of each vector, together, before any filter."""
    found = zip(index.search(vectors, count), vectors, strict=True)
    return distinct(
        np.concatenate([_cut_ties(index, documents, rows, vector, count) for rows, vector in found])
    )


def passes(documents: Documents, rows: Rows, query: Query) -> NDArray[np.bool_]:
    """Which of the rows pass the filters of a query."""
    return documents.passing(
        rows, at=query.at, published_after=query.published_after, where=query.where, excluded=query.excluded
    )


def _cut_ties(index: Neighbouring, documents: Documents, rows: Rows, vector: Vector, count: int) -> Rows:
    """The `count` nearest, where an exact index gave more because they tie: the first by document id."""
    if len(rows) <= count:
        return rows
    return rows[choosing.top(cosines(index.vectors(rows), vector), documents.ids(rows), count)]
