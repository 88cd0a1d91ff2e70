"""The blend as a method of the lab: the product's own evidence and its own learning, asked through the lab's
two verbs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.lab.cases import Case, Trial
from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Scores
from penchant.lab.outcomes import SHOWN
from penchant.lab.texts import RememberedTexts
from penchant.lab.tower_method import Trainings
from penchant.lab.units_method import InterestUnits, Variant
from penchant.memory.documents import Documents, numbered
from penchant.memory.trails import Read, Trails
from penchant.rank import blend as blending
from penchant.rank.asked import OF_LATEST, Asked, ask
from penchant.rank.blend import Blend, Matrix, is_learned
from penchant.rank.candidates import Candidates, looked_up
from penchant.rank.evidence import kind_of, kinds, measure
from penchant.rank.known import Known
from penchant.rank.lessons import Lesson, lesson, parts_of
from penchant.rank.recommender import in_places
from penchant.rank.smoothing import Smoother
from penchant.types import Progress, User, Vectors

_PLACES = 10
"""Of a list, of which it is counted what spoke for them."""


class BlendedUnits(InterestUnits):
    """Units, what others read, and the blend of both, by the product's own path. All users' clicks are
    evidence; the blend learns from those of the users who are asked, since the others' units are not made.

    Args:
        documents: see `documents_of`.
        start: weights before any click, in place of those that penchant comes with.
        learns: whether the blend learns from clicks.
        without: kinds of evidence that are left out.
        personal: share of the places that are the reader's own, see `penchant.rank.places`.
        trainings: of a tower, which comes into use when it may be known.
    """

    def __init__(
        self,
        log: Log,
        vectors: Vectors,
        texts: RememberedTexts,
        users: Sequence[int],
        documents: Documents,
        variant: Variant = Variant(),
        *,
        start: Mapping[str, float] | None = None,
        learns: bool = True,
        without: frozenset[str] = frozenset(),
        personal: float = 0.0,
        trainings: Trainings | None = None,
    ) -> None:
        super().__init__(log, vectors, texts, users, variant)
        settings = variant.settings
        index = ComparedIndex(vectors, min(settings.candidates_per_unit, OF_LATEST))
        smoother = Smoother(settings.decay_before)
        self._known = Known(index, documents, Trails(), smoother, settings, lambda: texts.threshold)
        self._blend = Blend() if start is None else blending.started(start, settings)
        self._learns = learns
        self._without = without
        self._personal = personal
        self._places: Counter[str] = Counter()
        self._trainings = trainings
        self._learned = 0
        self._moment: int | None = None

    def prepare(self, trial: Trial, progress: Progress | None = None) -> None:
        super().learn(trial.training, progress)
        self._users.clear()

    def learn(self, clicks: Clicks, progress: Progress | None = None) -> None:
        known, names = self._known, self._log.user_ids
        users, rows, times = clicks.users.tolist(), clicks.documents.tolist(), clicks.at.tolist()
        reads = [Read(names[user], row, at) for user, row, at in zip(users, rows, times, strict=True)]
        asked = {names[user] for user in np.flatnonzero(self._asked).tolist()}
        parts, offered = parts_of(
            reads,
            known.trails,
            known.settings.reads_kept,
            offered=self._blend.offered,
            is_lesson=lambda offered: self._learns and is_learned(offered),
            can_choose=lambda user_id, before: user_id in asked and (before or user_id in self._users),
        )
        for part in parts:
            if part.seed is not None:
                self._learn_blend(reads[part.start], part.seed)
            super().learn(clicks[part.start : part.end], progress)
            known.trails.put(part.trails, part.reads)
        self._blend = msgspec.structs.replace(self._blend, offered=offered)
        self._learned += len(clicks)
        self._adopt()

    def _learn_blend(self, read: Read, seed: int) -> None:
        found = lesson(self._known, read, self._users.get(read.user_id, User()), seed)
        if found is not None:
            found = found._replace(evidence=self._left(found.names, found.evidence))
            self._blend = found.taught(self._blend, self._known.settings)

    def evidence(self, user: int, candidates: Rows, at: float) -> tuple[list[str], Matrix]:
        """(names of columns, values of shape (candidates, columns)); see `penchant.rank.evidence`."""
        return measure(*self._looked_up(user, candidates, at))

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        asked, found = self._looked_up(user, candidates, at)
        names, evidence = measure(asked, found)
        evidence = self._left(names, evidence)
        scores = blending.scores(self._blend, names, evidence)
        if self._personal:
            own = blending.personal_scores(self._blend, names, evidence)
            best, suits = (
                np.argsort(-values, kind="stable").tolist()[: 3 * SHOWN] for values in (scores, own)
            )
            listed = in_places(best, suits, own, asked, found, self._personal, SHOWN)
            places = [position for position, _ in listed]
            scores = own if self._personal == 1 else scores
            scores = scores - scores.max()
            scores[places] = np.arange(len(places), 0, -1)
        self._count_places(names, evidence, np.argsort(-scores, kind="stable")[:_PLACES])
        return scores

    def _count_places(self, names: Sequence[str], evidence: Matrix, shown: NDArray[np.int64]) -> None:
        parts = blending.contributions(self._blend, names, evidence, shown.tolist())
        strongest = np.argmax(list(parts.values()), axis=0)
        self._places.update(list(parts)[place] for place in strongest.tolist())

    def places_by(self) -> dict[str, float]:
        """Kind of evidence -> the share of the first ten places so far where it spoke most for the
        document."""
        return {kind: self._places[kind] / max(self._places.total(), 1) for kind in kinds()}

    def learn_shown(self, case: Case) -> None:
        """Each click on something that was shown is a lesson whose rivals are what was passed over."""
        if not self._learns:
            return
        names, evidence = self.evidence(case.user, case.candidates, case.at)
        evidence = self._left(names, evidence)
        clicked = np.isin(case.candidates, case.relevant)
        for place in np.flatnonzero(clicked).tolist():
            rows = np.append(np.flatnonzero(~clicked), place)
            found = Lesson(names, evidence[rows], np.zeros(len(rows)), len(rows) - 1, True)
            self._blend = found.taught(self._blend, self._known.settings)

    def _looked_up(self, user: int, candidates: Rows, at: float) -> tuple[Asked, Candidates]:
        user_id = self._log.user_ids[user]
        asked = ask(self._known, user_id, self.of(user), self._known.trails.trail(user_id), at)
        return asked, looked_up(asked, candidates.astype(np.int64))

    def _adopt(self) -> None:
        """Take the latest tower that may be known into use. Not while clicks are learned that it was trained
        on: it would seem to know what comes."""
        moment = None if self._trainings is None else self._trainings.known(self._learned)
        if self._trainings is not None and moment is not None and moment != self._moment:
            if self._moment is None:
                self._blend = blending.renewed(self._blend)
            self._moment = moment
            self._known = replace(self._known, tower=self._trainings.adopted(moment))

    def _left(self, names: Sequence[str], evidence: Matrix) -> Matrix:
        """The evidence without the kinds that are left out."""
        return (
            np.where([kind_of(name) in self._without for name in names], 0.0, evidence)
            if self._without
            else evidence
        )


class ComparedIndex:
    """See `penchant.rank.known.Neighbouring`: all documents are compared, and answers are remembered.

    Args:
        vectors: of all documents, by row.
        most: nearest documents that are remembered for each question.
    """

    def __init__(self, vectors: Vectors, most: int) -> None:
        self._vectors = vectors
        self._most = min(most, len(vectors))
        self._nearest = cache(self._nearest_to)

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, vectors: Vectors, count: int) -> list[NDArray[np.int64]]:
        """For each vector the rows of the nearest documents, at most as many as are remembered."""
        return [self._nearest(vector.tobytes())[:count] for vector in vectors]

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The embeddings of rows."""
        return np.asarray(self._vectors[rows])

    def _nearest_to(self, vector: bytes) -> NDArray[np.int64]:
        cosines = self._vectors @ np.frombuffer(vector, np.float32)
        found = np.argpartition(-cosines, self._most - 1)[: self._most]
        return found[np.argsort(-cosines[found], kind="stable")].astype(np.int64)


def documents_of(log: Log) -> Documents:
    """The documents of a log as the engine knows them, each in the row that is its number in the log.

    Where a click publishes its document, to rank by time would be to rank by the answer: no document has a
    time then.
    """
    given = log.documents
    if log.publication_is_click:
        given = [msgspec.structs.replace(document, published_at=None) for document in given]
    documents = Documents(sites=log.sites)
    documents.put(numbered(given, documents, 0, 0)[0])
    return documents
