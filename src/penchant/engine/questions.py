"""What can be asked of a state: Interest Units, recommendations, scores, neighbours.

user -> unit vectors -> candidates -> evidence -> scores -> filters -> explanation
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.checks import check_query, check_time, check_user
from penchant.embed import Embedder
from penchant.engine.clicks import Moment, check_clicks, replay
from penchant.engine.learner import Learner
from penchant.engine.state import OpenState
from penchant.errors import InvalidQuery
from penchant.memory.filters import Where
from penchant.memory.trails import Read, Trail, extended
from penchant.rank import recommender, retrieval, scorers
from penchant.rank.blend import all_weights
from penchant.rank.retrieval import Query
from penchant.rank.sources import CandidateSource
from penchant.settings import Settings
from penchant.store import Store
from penchant.types import Click, InterestUnit, Recommendation, Source, User
from penchant.units.rules import by_recency, similarities
from penchant.vectors import embeddings_of


class Asking:
    """The questions of `penchant.Engine`, which any number of threads may ask."""

    store: Store
    settings: Settings
    _state: OpenState
    _learner: Learner

    def units(self, user_id: str, *, as_if: Sequence[Click] = ()) -> list[InterestUnit]:
        """The Interest Units of a user, most recently updated first; none for a user who never clicked.

        Args:
            as_if: clicks of this user that are taken as learned for this one answer, and not kept.
        """
        return by_recency(self._user(user_id, as_if).units)

    def history(self, user_id: str) -> list[Moment]:
        """What each of the latest `Settings.history_kept` clicks of a user did, and the units after it, the
        oldest first.

        They are learned again from nothing, so that with an older history than is kept, or with titles that
        changed since, units differ from those that there are now. Clicks on removed documents are left out.
        """
        documents, embed = self._state.documents, self._state.texts.encode
        kept = [
            Click(user_id, document, at)
            for document, at in self._user(user_id).history
            if document in documents
        ]
        return replay(self._learner.clicked(kept), embed, self.threshold, self.settings) if kept else []

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
        explain: bool = True,
        at: float | None = None,
        as_if: Sequence[Click] = (),
        sources: Sequence[Source | CandidateSource] = (),
    ) -> list[Recommendation]:
        """The k best documents for a user (fewer where fewer pass the filters), best first, ties by document
        id.

        A user without Interest Units gets the documents that others clicked of late (`Popular`).

        Args:
            where: what the attributes must meet: ``{"channel": "db"}`` equal, ``{"lang": ["en", "ko"]}`` one
                of, ``{"price": {"min": 5, "max": 10}}`` in a range; all of them.
            exclude_seen: leave out what the user has clicked.
            published_after: Unix seconds; documents without `published_at` are left out then.
            scorer: ``blend`` or a name in `penchant.rank.scorers.SCORERS`; None: that of the settings.
            diversity: from 0 (none) to 1, how much what was chosen already counts against its like.
            explain: without it, `because` is None, and the answer comes a little sooner.
            at: now, in Unix seconds, for what expires; None: the latest time in the data.
            as_if: clicks of this user that are taken as learned for this one answer, and not kept; what they
                would teach of the community is not.
            sources: rankings of your own that add candidates and weight, or candidate sources (any object
                with ``candidates(asked)``, see `penchant.rank.sources`), for the scorer ``blend``.

        Raises:
            InvalidQuery: names the argument and the remedy.
        """
        user = self._user(user_id, as_if)
        query = Query(k, self._time(at), where, published_after, diversity=diversity, explain=explain)
        scorer = scorer or self.settings.scorer
        scorers.check_scorer(scorer)
        if not len(self._state.documents):
            return []
        if sources and scorer != scorers.BLEND:
            raise InvalidQuery(f"sources are fused by the scorer 'blend', not by {scorer!r}")
        known = self._state.known()
        documents = known.documents
        with self._state.turns.reading():
            seen = [documents.row(name) for name in user.seen if name in documents] if exclude_seen else []
            query = msgspec.structs.replace(query, excluded=seen)
            if not user.units:
                return retrieval.popular(documents, query, self.settings.popularity_half_life)
            if scorer == scorers.BLEND:
                return recommender.recommend(
                    known, self._state.blend, user_id, user, self._trail(user_id, as_if), query, sources
                )
            units = by_recency(user.units)
            return retrieval.recommend(
                known.index, documents, units, query, scorer, self.settings, self._state.shortlists
            )

    def score(
        self, user_id: str, document_ids: Sequence[str], *, scorer: str | None = None, at: float | None = None
    ) -> NDArray[np.float32]:
        """The scores that `recommend` ranks by, of any listed documents, float32 of shape
        (len(document_ids),).

        Raises:
            UnknownDocument: names the document.
        """
        at = self._time(at)
        scorer = scorer or self.settings.scorer
        scorers.check_scorer(scorer)
        user = self._user(user_id)
        if not len(document_ids):
            return np.zeros(0, np.float32)
        known = self._state.known()
        with self._state.turns.reading():
            rows = np.array([known.documents.row(document_id) for document_id in document_ids], np.int64)
            if not user.units:
                return known.documents.clicks(rows, at, self.settings.popularity_half_life).astype(np.float32)
            if scorer == scorers.BLEND:
                return recommender.score(
                    known, self._state.blend, user_id, user, self._trail(user_id), rows, at
                )
            units = by_recency(user.units)
            scored = scorers.scorer(scorer, self.settings)
            return scored(embeddings_of(units), [unit.size for unit in units], known.index.vectors(rows))

    def check(self, clicks: Sequence[Click]) -> None:
        """Raises InvalidClick or UnknownDocument, with the click and the remedy, unless `observe` would
        accept all."""
        check_clicks(clicks, self._state.documents)

    def blend(self) -> dict[str, float]:
        """Column of evidence -> its weight, as clicks have taught it so far."""
        return all_weights(self._state.blend)

    def reads(self, user_id: str) -> tuple[tuple[str, float], ...]:
        """(document id, time of the first click) of what a user read last, as other readers' evidence knows
        it."""
        check_user(user_id)
        documents, trail = self._state.documents, self._state.trails.trail(user_id)
        return tuple(zip(documents.ids(trail.rows), trail.at.tolist(), strict=True))

    def why(self, user_id: str, document_id: str) -> list[tuple[InterestUnit, float]]:
        """Each unit of a user with its cosine to a document, the nearest first."""
        units = by_recency(self._user(user_id).units)
        row = self._state.documents.row(document_id)
        if not units:
            return []
        index = self._state.index
        with self._state.turns.reading():
            cosines = similarities(units, index.vectors(np.array([row], np.int64))[0])
        return [
            (units[position], float(cosines[position])) for position in np.argsort(-cosines, kind="stable")
        ]

    def similar(
        self, document_id: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a document; the score is the cosine."""
        row = self._state.documents.row(document_id)
        query = Query(k=k, at=self._time(at), where=where, excluded=[row])
        index = self._state.index
        with self._state.turns.reading():
            vector = index.vectors(np.array([row], np.int64))
            return retrieval.nearest(
                index, self._state.documents, vector, query, self.settings.candidates_per_unit
            )

    def search(
        self, text: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a text in meaning; the score is the cosine."""
        check_query(text)
        query = Query(k=k, at=self._time(at), where=where)
        if not len(self._state.documents):
            return []
        vector = self._state.texts.encode([text])
        index = self._state.index
        with self._state.turns.reading():
            return retrieval.nearest(
                index, self._state.documents, vector, query, self.settings.candidates_per_unit
            )

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors.

        Raises:
            InvalidQuery: it is ``corpus``, and there are no titles yet to train it on.
            MissingExtra: a package that it needs is not installed.
        """
        return self._state.texts.embedder

    @property
    def threshold(self) -> float:
        """tau: that of the settings, or the embedder's."""
        return self._state.threshold

    def _user(self, user_id: str, as_if: Sequence[Click] = ()) -> User:
        check_user(user_id)
        if as_if:
            if any(click.user_id != user_id for click in as_if):
                raise InvalidQuery(f"as_if holds clicks of other users than {user_id!r}")
            return self._learner.imagine(as_if)[0].get(user_id, User())
        return self._state.users.load({user_id}).get(user_id) or User()

    def _trail(self, user_id: str, as_if: Sequence[Click] = ()) -> Trail:
        clicks = sorted(as_if, key=lambda click: click.at)
        reads = [Read(user_id, self._state.documents.row(click.document_id), click.at) for click in clicks]
        return extended(self._state.trails.trail(user_id), reads, self.settings.reads_kept)

    def _time(self, at: float | None) -> float:
        if at is None:
            return self._state.counters.latest_at
        check_time(at, "at", InvalidQuery)
        return at
