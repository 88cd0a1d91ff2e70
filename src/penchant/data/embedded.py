"""The texts of a user that have vectors, and a user without them, or with others."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from penchant.types import User, Vector

_NONE = np.zeros(0, np.float32)


def texts_of(user: User) -> list[str]:
    """What is to be embedded of a user: the texts of units and wishes that have no vector."""
    return [
        *(unit.text for unit in user.units if not len(unit.embedding)),
        *(wish.text for wish in user.wishes if not len(wish.embedding)),
    ]


def with_vectors(user: User, fresh: Iterator[Vector]) -> User:
    """The user with the vectors of `texts_of`, in that order."""
    units = tuple(
        unit if len(unit.embedding) else msgspec.structs.replace(unit, embedding=next(fresh))
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
        units=tuple(msgspec.structs.replace(unit, embedding=_NONE) for unit in user.units),
        wishes=tuple(msgspec.structs.replace(wish, embedding=_NONE) for wish in user.wishes),
    )
