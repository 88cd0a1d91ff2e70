"""Algorithm 2: from a user's Interest Units to explained recommendations (IRA, section 2.3).

unit vectors -> nearest documents -> filtered -> scored -> explained
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from penchant import ranking
from penchant.checks import check_time
from penchant.documents import Documents, Rows, Where, check_where
from penchant.errors import InvalidQuery
from penchant.index import DocumentIndex
from penchant.types import InterestUnit, Popular, Recommendation, Vector, Vectors
from penchant.vectors import cosines

_WIDER = 4
"""The search looks at so many times more documents when too few passed the filters."""
_DIVERSE_AMONG = 10


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
    """See `penchant.ranking.diverse`."""
    explain: bool = True
    """Whether the unit that speaks most for a document is looked up."""

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InvalidQuery(f"k is {self.k!r}: use a whole number from 1")
        if isinstance(self.diversity, bool) or not isinstance(self.diversity, int | float) or not 0 <= self.diversity <= 1:
            raise InvalidQuery(f"diversity is {self.diversity!r}: use a number from 0 (none) to 1")
        check_where(self.where)
        if self.published_after is not None:
            check_time(self.published_after, "published_after", InvalidQuery)


def recommend(
    index: DocumentIndex,
    documents: Documents,
    units: Sequence[InterestUnit],
    query: Query,
    scorer: ranking.Scorer,
    candidates_per_unit: int,
) -> list[Recommendation]:
    """The k best candidates of the units, best first, ties by document id."""
    unit_vectors = ranking.vectors_of(units)
    rows = candidates(index, documents, unit_vectors, query, candidates_per_unit)
    vectors = index.vectors(rows)
    scores = scorer(unit_vectors, vectors)
    shown = _chosen(scores, vectors, documents.ids(rows), query)
    because: list[InterestUnit | None] = [None] * len(shown)
    if query.explain and shown:
        because = [units[position] for position in ranking.speaks_most(unit_vectors, vectors[shown])]
    return [
        Recommendation(documents.at_row(int(rows[position])), float(scores[position]), unit)
        for position, unit in zip(shown, because, strict=True)
    ]


def _chosen(scores: ranking.Scores, vectors: Vectors, ids: Sequence[str], query: Query) -> list[int]:
    """The positions of what is shown. Where it is to be diverse, it is chosen among the best _DIVERSE_AMONG times k."""
    if not query.diversity:
        return ranking.top(scores, ids, query.k)
    best = ranking.top(scores, ids, _DIVERSE_AMONG * query.k)
    return [best[position] for position in ranking.diverse(scores[best], vectors[best], query.k, query.diversity)]


def nearest(index: DocumentIndex, documents: Documents, vector: Vectors, query: Query, at_least: int) -> list[Recommendation]:
    """The k documents nearest to one vector, of shape (1, dimension); the score is the cosine."""
    rows = candidates(index, documents, vector, query, max(at_least, query.k))
    nearness = cosines(index.vectors(rows), vector[0])
    return [
        Recommendation(documents.at_row(int(rows[position])), float(nearness[position]))
        for position in ranking.top(nearness, documents.ids(rows), query.k)
    ]


def popular(documents: Documents, query: Query, half_life: float) -> list[Recommendation]:
    """For a user without units: what others clicked of late, then what is newest."""
    rows = documents.by_popularity(_passing(documents, documents.rows(), query), query.k)
    clicks = documents.clicks(rows, query.at, half_life)
    return [
        Recommendation(documents.at_row(int(row)), float(count), Popular(float(count)))
        for row, count in zip(rows, clicks, strict=True)
    ]


def candidates(index: DocumentIndex, documents: Documents, vectors: Vectors, query: Query, count: int) -> Rows:
    """The `count` nearest documents of each vector, together, that pass the filters.

    Where fewer than k pass, the search widens until k do or there are no more documents.
    """
    while True:
        found = [
            _cut_ties(index, documents, rows, vector, count)
            for rows, vector in zip(index.search(vectors, count), vectors, strict=True)
        ]
        rows = _passing(documents, _distinct(np.concatenate(found)), query)
        if len(rows) >= query.k or count >= len(index):
            return rows
        count *= _WIDER


def _distinct(rows: Rows) -> Rows:
    """Sorted, each once: for some thousand numbers a sort is several times as fast as numpy.unique's hash table."""
    rows = np.sort(rows)
    return rows[np.flatnonzero(np.diff(rows, prepend=-1))]


def _passing(documents: Documents, rows: Rows, query: Query) -> Rows:
    return documents.passing(rows, at=query.at, published_after=query.published_after, where=query.where, excluded=query.excluded)


def _cut_ties(index: DocumentIndex, documents: Documents, rows: Rows, vector: Vector, count: int) -> Rows:
    """The `count` nearest, where an exact index gave more because they tie: the first by document id."""
    if len(rows) <= count:
        return rows
    return rows[ranking.top(cosines(index.vectors(rows), vector), documents.ids(rows), count)]
