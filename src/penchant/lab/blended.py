"""The blend as a method of the lab: the product's own evidence and its own learning, asked through the lab's two verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant import blend as blending
from penchant import community
from penchant.blend import Blend, Matrix
from penchant.community import Lesson
from penchant.documents import Documents, numbered
from penchant.embed.texts import Progress
from penchant.evidence import kind_of
from penchant.lab.cases import Trial
from penchant.lab.interests import InterestUnits, Variant
from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Scores
from penchant.lab.texts import RememberedTexts
from penchant.readings import Readings, extended
from penchant.smoothing import Smoothed, Smoother
from penchant.teaching import after_choices
from penchant.types import Vector, Vectors
from penchant.units import by_recency

_PART = 1_000
"""Clicks are learned so many at a time, as a service learns them; the blend learns from what was known before each part."""


class BlendedUnits(InterestUnits):
    """Units, what others read, and the blend of both. All users' clicks are evidence; the blend learns from those of the users
    who are asked, since the others' units are not made.

    Args:
        documents: see `documents_of`.
        learns: whether the blend learns from clicks.
        without: kinds of evidence that are left out.
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
        learns: bool = True,
        without: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(log, vectors, texts, users, variant)
        self._documents = documents
        self._readings = Readings()
        self._smoother = Smoother(variant.settings.fading_before)
        self._blend = Blend()
        self._learns = learns
        self._nearest = _nearest_to(vectors, min(variant.settings.candidates_per_unit, community.OF_LATEST, len(vectors)))
        self._without = without

    def prepare(self, trial: Trial, progress: Progress | None = None) -> None:
        super().learn(trial.training, progress)
        self._users.clear()

    def learn(self, clicks: Clicks, progress: Progress | None = None) -> None:
        for start in range(0, len(clicks), _PART):
            part = clicks[start : start + _PART]
            if self._learns:
                self._learn_blend(part)
            super().learn(part, progress)
            trails = {}
            for user, positions in part.of_user.items():
                user_id = self._log.user_ids[user]
                trails[user_id] = extended(
                    self._readings.trail(user_id),
                    part.documents[positions].tolist(),
                    part.at[positions].tolist(),
                    self._variant.settings.readings_kept,
                )
            self._readings.put(trails)

    def _learn_blend(self, part: Clicks) -> None:
        firsts = sorted(int(positions[0]) for user, positions in part.of_user.items() if self._asked[user])
        choices = [position for position in firsts if self._is_choice(int(part.users[position]), int(part.documents[position]))]

        def lessons_of(choices: Sequence[tuple[int, int]]) -> Iterable[Lesson | None]:
            for position, seed in choices:
                asked, clicked = self._ask(int(part.users[position]), float(part.at[position])), int(part.documents[position])
                lesson = community.lesson(asked, clicked, self._readings, self._documents, self._vectors_of, self._smoothed, seed)
                yield None if lesson is None else lesson._replace(evidence=self._left(lesson.names, lesson.evidence))

        self._blend = after_choices(self._blend, choices, len(self._documents), lessons_of, self._variant.settings)

    def _is_choice(self, user: int, document: int) -> bool:
        return bool(self.of(user).units) and document not in self._readings.trail(self._log.user_ids[user]).rows

    def evidence(self, user: int, candidates: Rows, at: float) -> tuple[list[str], Matrix]:
        """(names of columns, values of shape (candidates, columns)); see `penchant.evidence`."""
        rows, asked = candidates.astype(np.int64), self._ask(user, at)
        return community.evidence_for(asked, rows, self._vectors_of(rows), self._smoothed, self._readings, self._documents)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        names, evidence = self.evidence(user, candidates, at)
        return blending.scores(self._blend, names, self._left(names, evidence))

    def _left(self, names: Sequence[str], evidence: Matrix) -> Matrix:
        """The evidence without the kinds that are left out."""
        return np.where([kind_of(name) in self._without for name in names], 0.0, evidence) if self._without else evidence

    def _ask(self, user: int, at: float) -> community.Asked:
        user_id = self._log.user_ids[user]
        units = by_recency(self.of(user).units)
        trail = self._readings.trail(user_id)
        settings = self._variant.settings
        return community.ask(user_id, units, trail, self._readings, self._documents, self._search, self._vectors_of, settings, at)

    def _smoothed(self, direction: Vector, rows: NDArray[np.int64], vectors: Vectors) -> Smoothed:
        return self._smoother.towards(direction, rows, vectors, self._readings, self._vectors_of)

    def _vectors_of(self, rows: NDArray[np.int64]) -> Vectors:
        return np.asarray(self._vectors[rows])

    def _search(self, units: Vectors, count: int) -> list[NDArray[np.int64]]:
        """The documents nearest to each unit."""
        return [self._nearest(unit.tobytes())[:count] for unit in units]


def _nearest_to(vectors: Vectors, count: int) -> Callable[[bytes], NDArray[np.int64]]:
    """A search that remembers: most units are asked about again, unchanged."""

    def nearest(unit: bytes) -> NDArray[np.int64]:
        cosines = vectors @ np.frombuffer(unit, np.float32)
        found = np.argpartition(-cosines, count - 1)[:count]
        return found[np.argsort(-cosines[found], kind="stable")].astype(np.int64)

    return cache(nearest)


def documents_of(log: Log) -> Documents:
    """The documents of a log as the engine knows them, each in the row that is its number in the log.

    Where a click publishes its document, to rank by time would be to rank by the answer: no document has a time then.
    """
    given = log.documents
    if log.publication_is_click:
        given = [msgspec.structs.replace(document, published_at=None) for document in given]
    documents = Documents()
    documents.put(numbered(given, documents, 0, 0)[0])
    return documents
