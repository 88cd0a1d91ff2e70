"""An index that remembers what it found, so that an interest that did not change is not looked up again.

A click changes one of a user's Interest Units; the others ask the same question as before. Documents that
came since are compared with what was found, so that on a site where something is published every second
nobody is looked up from nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.cache import RecentCache
from penchant.index import DocumentIndex, Keys
from penchant.types import Vector, Vectors
from penchant.vectors import cosines

Question = bytes
"""The digest of a vector."""
_MOST_CHANGES = 1_000
"""Documents that came, changed or went, after which everything is looked up again: to compare with them all
takes as long."""


class Found(NamedTuple):
    """The answer to a question, and when it was given."""

    keys: NDArray[np.signedinteger]
    """The nearest first."""
    asked: int
    """How many were asked for."""
    least: float
    """The cosine of the farthest of them; minus infinity where there were fewer than asked for."""
    changes: int
    """How many changes the index had seen."""


class RememberingIndex:
    """See `DocumentIndex`. Searches may come from several threads, also while others search."""

    def __init__(self, index: DocumentIndex, capacity: int) -> None:
        self._index = index
        self._found: RecentCache[Question, Found] = RecentCache(capacity)
        self._changes: list[int] = []
        """The keys of documents that came, changed or went since the first answer that is remembered."""
        self._gone: set[int] = set()

    def __len__(self) -> int:
        return len(self._index)

    def keys(self) -> Keys:
        return self._index.keys()

    def add(self, keys: Keys, vectors: Vectors) -> None:
        self._note(keys)
        self._gone.difference_update(keys.tolist())
        self._index.add(keys, vectors)

    def remove(self, keys: Keys) -> None:
        self._note(keys)
        self._gone.update(keys.tolist())
        self._index.remove(keys)

    def search(self, vectors: Vectors, count: int) -> list[Keys]:
        questions = [hashlib.blake2b(vector.tobytes(), digest_size=16).digest() for vector in vectors]
        found = {
            question: answer
            for question, answer in self._found.find(questions).items()
            if answer.asked >= count
        }
        stale = [
            position for position, question in enumerate(questions) if self._is_stale(found.get(question))
        ]
        learned = self._caught_up({questions[position]: vectors[position] for position in stale}, found)
        for question in {questions[position] for position in stale} - learned.keys():
            del found[question]
        missing = [position for position, question in enumerate(questions) if question not in found]
        if missing:
            for position, keys in zip(missing, self._index.search(vectors[missing], count), strict=True):
                learned[questions[position]] = self._answer(keys, vectors[position], count)
        found.update(learned)
        self._found.keep(learned)
        return [found[question].keys[:count].astype(np.int64) for question in questions]

    def vectors(self, keys: Keys) -> Vectors:
        return self._index.vectors(keys)

    def save(self, path: Path) -> tuple[str, ...]:
        return self._index.save(path)

    def load(self, path: Path) -> None:
        self._forget()
        self._index.load(path)

    def _note(self, keys: Keys) -> None:
        if len(self._changes) + len(keys) > _MOST_CHANGES:
            self._forget()
        if len(self._found):
            self._changes += keys.tolist()

    def _forget(self) -> None:
        self._found.clear()
        self._changes, self._gone = [], set()

    def _is_stale(self, found: Found | None) -> bool:
        return found is not None and found.changes < len(self._changes)

    def _caught_up(
        self, asked: dict[Question, Vector], found: dict[Question, Found]
    ) -> dict[Question, Found]:
        """Answers from before, with the documents that came since; none where a document of the answer
        changed or went."""
        if not asked:
            return {}
        oldest = min(found[question].changes for question in asked)
        since = np.array(self._changes[oldest:], np.int64)
        come = np.array([key for key in dict.fromkeys(since.tolist()) if key not in self._gone], np.int64)
        questions = list(asked)
        before = [found[question] for question in questions]
        nearness = np.stack(list(asked.values())) @ self._index.vectors(come).T
        is_nearer = nearness > np.array([answer.least for answer in before])[:, None]
        learned = {}
        for place in np.flatnonzero(~_holds_any(before, since, oldest)).tolist():
            question, answer = questions[place], before[place]
            nearer = np.setdiff1d(come[is_nearer[place]], answer.keys) if is_nearer[place].any() else come[:0]
            if len(nearer):
                learned[question] = self._answer(
                    np.concatenate([answer.keys, nearer]), asked[question], answer.asked
                )
            else:
                learned[question] = answer._replace(changes=len(self._changes))
        return learned

    def _answer(self, keys: Keys, vector: Vector, count: int) -> Found:
        """The nearest of the keys, as they are remembered."""
        nearness = cosines(self._index.vectors(keys), vector)
        order = np.lexsort((keys, -nearness))[:count]
        least = float(nearness[order[-1]]) if len(order) >= count else -np.inf
        kept = keys[order]
        narrow = np.int32 if not len(kept) or int(kept.max()) < 2**31 else np.int64
        return Found(kept.astype(narrow), count, least, len(self._changes))


def _holds_any(answers: Sequence[Found], since: Keys, oldest: int) -> NDArray[np.bool_]:
    """Which answers hold a document that changed after they were given.

    Args:
        since: the keys of what changed, in order, from the change number `oldest` on.
    """
    distinct, last = np.unique(since[::-1], return_index=True)  # of each key its last change
    when = oldest + len(since) - 1 - last
    keys = np.concatenate([answer.keys for answer in answers])
    owner = np.repeat(np.arange(len(answers)), [len(answer.keys) for answer in answers])
    given = np.array([answer.changes for answer in answers])[owner]
    places = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
    changed = (distinct[places] == keys) & (when[places] >= given)
    return np.bincount(owner[changed], minlength=len(answers)) > 0
