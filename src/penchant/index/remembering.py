"""An index that remembers what it found, so that an interest that did not change is not looked up again.

A click changes one of a user's Interest Units; the others ask the same question as before. What was found is let go of
as soon as a document comes, changes or goes, so that an answer never depends on what was asked earlier.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from penchant.index import DocumentIndex, Keys
from penchant.recent import Recent
from penchant.types import Vectors

Question = tuple[int, bytes]
"""(count, digest of the vector)."""


class RememberingIndex:
    """See `DocumentIndex`. Searches may come from several threads, also while others search."""

    def __init__(self, index: DocumentIndex, capacity: int) -> None:
        self._index = index
        self._found: Recent[Question, Keys] = Recent(capacity)

    def __len__(self) -> int:
        return len(self._index)

    def keys(self) -> Keys:
        return self._index.keys()

    def add(self, keys: Keys, vectors: Vectors) -> None:
        self._found.clear()
        self._index.add(keys, vectors)

    def remove(self, keys: Keys) -> None:
        self._found.clear()
        self._index.remove(keys)

    def search(self, vectors: Vectors, count: int) -> list[Keys]:
        questions = [(count, hashlib.blake2b(vector.tobytes(), digest_size=16).digest()) for vector in vectors]
        found = self._found.find(questions)
        missing = [position for position, question in enumerate(questions) if question not in found]
        if missing:
            for position, keys in zip(missing, self._index.search(vectors[missing], count), strict=True):
                found[questions[position]] = keys.astype(np.int32) if self._fits(keys) else keys
            self._found.keep({questions[position]: found[questions[position]] for position in missing})
        return [found[question].astype(np.int64) for question in questions]

    def vectors(self, keys: Keys) -> Vectors:
        return self._index.vectors(keys)

    def save(self, path: Path) -> tuple[str, ...]:
        return self._index.save(path)

    def load(self, path: Path) -> None:
        self._found.clear()
        self._index.load(path)

    @staticmethod
    def _fits(keys: Keys) -> bool:
        return not len(keys) or int(keys.max()) < 2**31
