"""What of a user has vectors, and a user without them, or with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from penchant.embed.chance import sampled
from penchant.types import InterestUnit, User, Vector, Vectors
from penchant.units.rules import NONE, direction_and_length


class Embedded:
    """The vectors of documents, by id, in half precision: units are means of them."""

    def __init__(self) -> None:
        self._row_of: dict[str, int] = {}
        self._parts: list[np.ndarray] = []
        self._starts = [0]

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Take in documents."""
        first = self._starts[-1]
        self._row_of.update((name, first + place) for place, name in enumerate(ids))
        self._parts.append(vectors.astype(np.float16))
        self._starts.append(first + len(ids))

    def sample(self) -> Vectors:
        """Of some documents, drawn by chance from many, shape (documents, dimension)."""
        return np.stack([self._vector(row) for row in sampled(self._starts[-1])])

    def mean(self, unit: InterestUnit) -> InterestUnit:
        """The unit with the mean of those of its documents that are there; as it is where none is."""
        rows = [self._row_of[name] for name in unit.documents if name in self._row_of]
        if not rows:
            return unit
        total = np.stack([self._vector(row) for row in rows]).sum(axis=0, dtype=np.float64)
        embedding, closeness = direction_and_length(total, len(rows))
        return msgspec.structs.replace(unit, embedding=embedding, closeness=closeness)

    def _vector(self, row: int) -> Vector:
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return np.asarray(self._parts[part][row - self._starts[part]], np.float32)


def with_means(user: User, documents: Embedded) -> User:
    """The user whose units without a vector have the mean of their documents."""
    units = tuple(unit if len(unit.embedding) else documents.mean(unit) for unit in user.units)
    return msgspec.structs.replace(user, units=units)


def texts_of(user: User) -> list[str]:
    """What is to be embedded of a user: the texts of units and wishes that have no vector."""
    return [
        *(unit.text for unit in user.units if not len(unit.embedding)),
        *(wish.text for wish in user.wishes if not len(wish.embedding)),
    ]


def with_vectors(user: User, fresh: Iterator[Vector]) -> User:
    """The user with the vectors of `texts_of`, in that order."""
    units = tuple(
        unit if len(unit.embedding) else msgspec.structs.replace(unit, embedding=next(fresh), closeness=1.0)
        for unit in user.units
    )
    wishes = tuple(
        wish if len(wish.embedding) else msgspec.structs.replace(wish, embedding=next(fresh))
        for wish in user.wishes
    )
    return msgspec.structs.replace(user, units=units, wishes=wishes)


def without_vectors(user: User) -> User:
    """The user with texts alone."""
    return msgspec.structs.replace(
        user,
        units=tuple(msgspec.structs.replace(unit, embedding=NONE) for unit in user.units),
        wishes=tuple(msgspec.structs.replace(wish, embedding=NONE) for wish in user.wishes),
    )
