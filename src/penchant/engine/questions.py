"""What can be asked of a state: Interest Units, recommendations, scores, neighbours.

user -> unit vectors -> candidates -> evidence -> scores -> filters -> explanation
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.checks import check_query, check_time, check_user
from penchant.engine.clicks import Moment, replay
from penchant.engine.learner import Learner
from penchant.engine.state import State
from penchant.errors import InvalidQuery
from penchant.memory.filters import Where
from penchant.memory.trails import Read, Trail, extended
from penchant.rank import recommender, retrieval, scorers, why
from penchant.rank.naming import named
from penchant.rank.retrieval import Query
from penchant.rank.sentences import Explain, Language
from penchant.rank.sources import CandidateSource
from penchant.types import Click, Document, InterestUnit, Recommendation, Source, User, Why
from penchant.units.rules import by_recency
from penchant.vectors import embeddings_of


class Questions:
    """Answers from a state. Any number of threads may ask."""

    def __init__(self, state: State, learner: Learner) -> None:
        self._state = state
        self._learner = learner

    def units(self, user_id: str, *, as_if: Sequence[Click] = ()) -> list[InterestUnit]:
        """See `penchant.Engine.units`."""
        return self._named(by_recency(self._user(user_id, as_if).units))

    def history(self, user_id: str) -> list[Moment]:
        """See `penchant.Engine.history`."""
        documents, embed = self._state.documents, self._state.encode
        kept = [
            Click(user_id, document, at)
            for document, at in self._user(user_id).history
            if document in documents
        ]
        if not kept:
            return []
        moments = replay(self._learner.clicked(kept), embed, self._state.threshold, self._state.settings)
        units = {unit.changed_step: unit for moment in moments for unit in moment.units}
        name_of = dict(zip(units, self._named(list(units.values())), strict=True))
        return [
            msgspec.structs.replace(each, units=tuple(name_of[unit.changed_step] for unit in each.units))
            for each in moments
        ]

    def recommend(
        self,
        user_id: str,
        k: int = 20,
        *,
        where: Where | None = None,
        exclude_seen: bool = True,
        published_after: float | None = None,
        scorer: str | None = None,
        diversity: float = 0.0,
        personal: float | None = None,
        explore: float = 0.0,
        explain: Explain = True,
        language: Language = "en",
        at: float | None = None,
        as_if: Sequence[Click] = (),
        sources: Sequence[Source | CandidateSource] = (),
    ) -> list[Recommendation]:
        """See `penchant.Engine.recommend`."""
        user = self._user(user_id, as_if)
        if personal is None:
            personal = self._state.settings.personal
        query = Query(
            k,
            self.time(at),
            where,
            published_after,
            diversity=diversity,
            personal=personal,
            explore=explore,
            explain=explain,
            language=language,
        )
        scorer = scorer or self._state.settings.scorer
        scorers.check_scorer(scorer)
        if not len(self._state.documents):
            return []
        if sources and scorer != scorers.BLEND:
            raise InvalidQuery(f"sources are fused by the scorer 'blend', not by {scorer!r}")
        known = self._state.known()
        documents = known.documents
        with self._state.turns.reading():
            known = self._state.with_tower_of_now(known)
            query = msgspec.structs.replace(query, excluded=self._seen(user) if exclude_seen else ())
            if _is_stranger(user, scorer):
                return retrieval.popular(
                    documents, known.trails, query, self._state.settings.popularity_half_life
                )
            if scorer == scorers.BLEND:
                return recommender.recommend(
                    known, self._state.blend, user_id, user, self._trail(user_id, as_if), query, sources
                )
            units = by_recency(user.units)
            return retrieval.recommend(
                known.index, documents, units, query, scorer, self._state.settings, self._state.shortlists
            )

    def score(
        self, user_id: str, document_ids: Sequence[str], *, scorer: str | None = None, at: float | None = None
    ) -> NDArray[np.float32]:
        """See `penchant.Engine.score`."""
        at = self.time(at)
        scorer = scorer or self._state.settings.scorer
        scorers.check_scorer(scorer)
        user = self._user(user_id)
        if not len(document_ids):
            return np.zeros(0, np.float32)
        known = self._state.known()
        with self._state.turns.reading():
            known = self._state.with_tower_of_now(known)
            rows = np.array([known.documents.row(document_id) for document_id in document_ids], np.int64)
            if _is_stranger(user, scorer):
                return known.documents.clicks(rows, at, self._state.settings.popularity_half_life).astype(
                    np.float32
                )
            if scorer == scorers.BLEND:
                return recommender.score(
                    known, self._state.blend, user_id, user, self._trail(user_id), rows, at
                )
            units = by_recency(user.units)
            scored = scorers.scorer(scorer, self._state.settings)
            return scored(embeddings_of(units), [unit.size for unit in units], known.index.vectors(rows))

    def reads(self, user_id: str) -> tuple[tuple[str, float], ...]:
        """(document id, time of the first click) of what a user read last, as other readers' evidence knows
        it."""
        check_user(user_id)
        documents, trail = self._state.documents, self._state.trails.trail(user_id)
        return tuple(zip(documents.ids(trail.rows), trail.at.tolist(), strict=True))

    def why(
        self, user_id: str, document_id: str, *, language: Language = "en", at: float | None = None
    ) -> Why:
        """See `penchant.Engine.why`."""
        user, scorer = self._user(user_id), self._state.settings.scorer
        row = self._state.documents.row(document_id)
        query = Query(1, self.time(at), language=language)
        known = self._state.known()
        with self._state.turns.reading():
            known = self._state.with_tower_of_now(known)
            query = msgspec.structs.replace(query, excluded=self._seen(user))
            if _is_stranger(user, scorer):
                return why.to_a_stranger(known, row, query)
            if scorer != scorers.BLEND:
                return why.by_units(known, user, row, query, scorer)
            trail = self._trail(user_id)
            return why.by_blend(known, self._state.blend, user_id, user, trail, row, query)

    def popular(self, query: Query) -> list[Recommendation]:
        """See `penchant.Engine.popular`."""
        documents, trails = self._state.documents, self._state.trails
        with self._state.turns.reading():
            return retrieval.popular(documents, trails, query, self._state.settings.popularity_half_life)

    def newest(self, query: Query) -> list[Document]:
        """See `penchant.Engine.newest`."""
        documents = self._state.documents
        with self._state.turns.reading():
            count = query.k
            while True:
                rows = documents.newest(count, query.at)
                left = rows[retrieval.passes(documents, rows, query)][-query.k :]
                if len(left) == query.k or count >= len(documents):
                    return [documents.at_row(row) for row in left[::-1].tolist()]
                count *= 4

    def similar(
        self, document_id: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a document; the score is the cosine."""
        row = self._state.documents.row(document_id)
        query = Query(k=k, at=self.time(at), where=where, excluded=[row])
        index = self._state.index
        with self._state.turns.reading():
            vector = index.vectors(np.array([row], np.int64))
            return retrieval.nearest(
                index, self._state.documents, vector, query, self._state.settings.candidates_per_unit
            )

    def search(
        self, text: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a text in meaning; the score is the cosine."""
        check_query(text)
        query = Query(k=k, at=self.time(at), where=where)
        if not len(self._state.documents):
            return []
        vector = self._state.texts.encode([text])
        index = self._state.index
        with self._state.turns.reading():
            return retrieval.nearest(
                index, self._state.documents, vector, query, self._state.settings.candidates_per_unit
            )

    def user(self, user_id: str) -> User:
        """All that is kept of a user; nothing for one who never clicked."""
        return self._user(user_id)

    def _user(self, user_id: str, as_if: Sequence[Click] = ()) -> User:
        check_user(user_id)
        if as_if:
            if any(click.user_id != user_id for click in as_if):
                raise InvalidQuery(f"as_if holds clicks of other users than {user_id!r}")
            return self._learner.imagine(as_if)[0].get(user_id, User())
        return self._state.users.load({user_id}).get(user_id) or User()

    def recent_clicks(self, document_id: str, at: float) -> float:
        """See `penchant.Engine.recent_clicks`."""
        row = np.array([self._state.documents.row(document_id)], np.int64)
        return float(self._state.documents.clicks(row, at, self._state.settings.popularity_half_life)[0])

    def _seen(self, user: User) -> list[int]:
        """The rows of the documents that are left out, since the user read them."""
        documents = self._state.documents
        return [documents.row(name) for name in user.seen if name in documents]

    def _named(self, units: Sequence[InterestUnit]) -> list[InterestUnit]:
        documents, store = self._state.documents, self._state.store
        with self._state.turns.reading():
            return [named(unit, documents, lambda rows: store.vectors(rows.tolist())) for unit in units]

    def _trail(self, user_id: str, as_if: Sequence[Click] = ()) -> Trail:
        clicks = sorted(as_if, key=lambda click: click.at)
        reads = [Read(user_id, self._state.documents.row(click.document_id), click.at) for click in clicks]
        return extended(self._state.trails.trail(user_id), reads, self._state.settings.reads_kept)

    def time(self, at: float | None) -> float:
        """Now: that of the question, or the latest time in the data. Raises InvalidQuery."""
        if at is None:
            return self._state.counters.latest_at
        check_time(at, "at", InvalidQuery)
        return at


def _is_stranger(user: User, scorer: str) -> bool:
    """Whether a scorer has nothing to go by: no units, and no wishes, which the blend alone knows."""
    return not user.units and not (user.wishes and scorer == scorers.BLEND)
