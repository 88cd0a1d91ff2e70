"""Recommendations by the blend: candidates from every kind of evidence, scored, filtered, explained.

reader -> candidates -> evidence -> one score -> what is shown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.index import Neighbouring
from penchant.memory.documents import Documents
from penchant.memory.facts import Smoothed
from penchant.memory.readers import Rows
from penchant.memory.trails import Trail, Trails
from penchant.rank import blend as blending
from penchant.rank import choosing, community, retrieval
from penchant.rank.blend import Blend, Matrix
from penchant.rank.community import Asked, Search
from penchant.rank.evidence import recent_clicks
from penchant.rank.explanation import in_words
from penchant.rank.feedback import dismissed_like, shown_before
from penchant.rank.retrieval import Query
from penchant.rank.smoothing import Smoother
from penchant.settings import Settings
from penchant.types import InterestUnit, Recommendation, Source, User, Vector, Vectors
from penchant.units.rules import by_recency

_DUPLICATE = 0.97
"""Titles of a higher cosine say the same, and one of them is shown."""
_LOOKED_THROUGH = 3
"""So many times k of the best are looked through for duplicates."""
_DIVERSE_AMONG = 10


@dataclass(frozen=True, eq=False)
class Known:
    """What a state knows of documents and readers."""

    index: Neighbouring
    documents: Documents
    trails: Trails
    blend: Blend
    smoother: Smoother
    settings: Settings

    def near(self, vectors: Vectors, count: int) -> list[Rows]:
        """The documents nearest to each vector, at most as many as the settings say."""
        return self.index.search(vectors, min(count, self.settings.candidates_per_unit))

    def smoothed(self, direction: Vector, rows: Rows, vectors: Vectors) -> Smoothed:
        """See `penchant.rank.smoothing`."""
        return self.smoother.towards(direction, rows, vectors, self.trails, self.index.vectors)


class _Weighed(NamedTuple):
    """Candidates with what speaks for and against them."""

    rows: Rows
    vectors: Vectors
    names: list[str]
    evidence: Matrix
    beside: dict[str, Matrix]
    """What is added to the blend's score: kind -> values, shape (candidates,)."""
    scores: NDArray[np.float32]


def ask(
    known: Known,
    user_id: str,
    user: User,
    trail: Trail,
    at: float,
    *,
    every_unit: bool = False,
    search: Search | None = None,
) -> Asked:
    """A reader, ready to be asked about; see `penchant.rank.community.ask`.

    Args:
        search: in place of the index.
    """
    return community.ask(
        user_id,
        by_recency(user.units),
        trail,
        known.trails,
        known.documents,
        search or known.near,
        known.index.vectors,
        known.settings,
        at,
        every_unit=every_unit,
    )


def recommend(
    known: Known, user_id: str, user: User, trail: Trail, query: Query, sources: Sequence[Source] = ()
) -> list[Recommendation]:
    """The k best documents for a reader with units, best first, ties by document id; of near-duplicates
    one."""
    asked = ask(known, user_id, user, trail, query.at, every_unit=True)
    dismissed = [known.documents.row(name) for name, _ in user.dismissed if name in known.documents]
    query = msgspec.structs.replace(query, excluded=[*query.excluded, *dismissed])
    rows = _candidates(known, asked, query, sources)
    weighed = _fused(known, _weighed(known, user, asked, rows), sources)
    shown = _chosen(known, weighed, query)
    found = [
        Recommendation(known.documents.at_row(int(weighed.rows[place])), float(weighed.scores[place]))
        for place in shown
    ]
    return _explained(found, known, user, asked, weighed, shown) if query.explain and found else found


def score(known: Known, user_id: str, user: User, trail: Trail, rows: Rows, at: float) -> NDArray[np.float32]:
    """The scores that `recommend` ranks by."""
    return _weighed(known, user, ask(known, user_id, user, trail, at), rows).scores


def _candidates(known: Known, asked: Asked, query: Query, sources: Sequence[Source]) -> Rows:
    """Candidates that pass the filters; where fewer than k do, the nearest documents however far away."""
    units = asked.reader.units
    given = [
        known.documents.row(name) for source in sources for name in source.ranking if name in known.documents
    ]
    rows = community.candidates(asked, known.trails, known.documents)
    rows = np.union1d(rows, np.array(given, np.int64)) if given else rows
    rows = rows[retrieval.passes(known.documents, rows, query)]
    if len(rows) >= query.k or not len(units):
        return rows
    return np.union1d(
        rows,
        retrieval.candidates(known.index, known.documents, units, query, known.settings.candidates_per_unit),
    )


def _weighed(known: Known, user: User, asked: Asked, rows: Rows) -> _Weighed:
    vectors = known.index.vectors(rows)
    names, evidence = community.evidence_for(
        asked, rows, vectors, known.smoothed, known.trails, known.documents
    )
    dismissed, since_dismissed = _when(known, user, user.dismissed)
    beside = {
        "dismissed": dismissed_like(
            asked.reader.units, vectors, known.index.vectors(dismissed), since_dismissed
        ),
        "shown": shown_before(rows, *_when(known, user, user.shown)),
    }
    scores = blending.scores(known.blend, names, evidence) + sum(beside.values())
    return _Weighed(rows, vectors, names, evidence, beside, scores.astype(np.float32))


def _fused(known: Known, weighed: _Weighed, sources: Sequence[Source]) -> _Weighed:
    """With what each source's ranking adds; see `penchant.Source`."""
    beside, scores = dict(weighed.beside), weighed.scores.astype(np.float64)
    for source in sources:
        ranked = [
            known.documents.row(name) for name in dict.fromkeys(source.ranking) if name in known.documents
        ]
        place_of = {row: place for place, row in enumerate(ranked)}
        gains = [
            source.weight * 60 / (60 + place_of[row]) if row in place_of else 0.0
            for row in weighed.rows.tolist()
        ]
        beside[f"source {source.name}"] = np.array(gains)
        scores = scores + np.array(gains)
    return weighed._replace(beside=beside, scores=scores.astype(np.float32))


def _when(known: Known, user: User, entries: Sequence[tuple[str, int]]) -> tuple[Rows, NDArray[np.float64]]:
    """(rows of the documents that are still there, how many clicks ago each entry was)."""
    there = [
        (known.documents.row(name), user.steps - step) for name, step in entries if name in known.documents
    ]
    return np.array([row for row, _ in there], np.int64), np.array(
        [clicks for _, clicks in there], np.float64
    )


def _chosen(known: Known, weighed: _Weighed, query: Query) -> list[int]:
    """The positions of what is shown: the best, or the best compromise with being unlike each other,
    duplicates last."""
    ids = known.documents.ids(weighed.rows)
    if query.diversity:
        best = choosing.top(weighed.scores, ids, _DIVERSE_AMONG * query.k)
        picked = choosing.diverse(
            weighed.scores[best], weighed.vectors[best], _LOOKED_THROUGH * query.k, query.diversity
        )
        best = [best[place] for place in picked]
    else:
        best = choosing.top(weighed.scores, ids, _LOOKED_THROUGH * query.k)
    firsts = choosing.without_duplicates(weighed.vectors[best], _DUPLICATE, query.k)
    repeats = sorted(set(range(len(best))) - set(firsts))
    return [best[place] for place in (firsts + repeats)[: query.k]]


def _explained(
    found: list[Recommendation], known: Known, user: User, asked: Asked, weighed: _Weighed, shown: list[int]
) -> list[Recommendation]:
    """With the unit that speaks most for each document, and all the evidence in words."""
    units = by_recency(user.units)
    parts = blending.contributions(known.blend, weighed.names, weighed.evidence, shown)
    parts.update((kind, values[shown]) for kind, values in weighed.beside.items())
    readers = known.trails.counts(weighed.rows[shown]).tolist()
    clicks = recent_clicks(weighed.names, weighed.evidence[shown]).tolist()
    nearest = choosing.speaks_most(asked.reader.units, weighed.vectors[shown])
    kinds, weights = list(parts), zip(*(values.tolist() for values in parts.values()), strict=True)
    explained = []
    for each, unit, own, count, lately in zip(found, nearest, weights, readers, clicks, strict=True):
        because: InterestUnit = units[unit]
        words = in_words(dict(zip(kinds, own, strict=True)), each.document, because, count, lately, asked.at)
        explained.append(Recommendation(each.document, each.score, because, words))
    return explained
