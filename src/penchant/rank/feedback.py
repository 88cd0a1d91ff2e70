"""What a reader did not want: dismissed documents push down their like, shown ones stand back for a while.

Both fade with the reader's clicks, and are bounded. They are no evidence for the blend to weigh, since nobody
clicks to say no: what each takes from a score is fixed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.memory.documents import Documents
from penchant.memory.readers import Rows
from penchant.types import User, Vectors

_DISMISSED_KEPT = 100
_SHOWN_KEPT = 300
_DISMISSED = 6.0
"""What a document of the same meaning as one that was just dismissed loses; the score is a logarithm, so that
it is 400 times less likely."""
_DISMISSED_HALF_LIFE = 20.0
"""Clicks after which that is half."""
_SHOWN = 0.7
"""What a document loses each time that it was shown and not clicked: half its chance."""
_SHOWN_HALF_LIFE = 5.0
_MOST_SHOWN = 5.0


def dismiss(user: User, document_id: str) -> User:
    """The user after saying that a document is not for them."""
    others = tuple(entry for entry in user.dismissed if entry[0] != document_id)
    return msgspec.structs.replace(user, dismissed=(*others, (document_id, user.steps))[-_DISMISSED_KEPT:])


def show(user: User, shown: Sequence[tuple[str, float]], known: Documents) -> User:
    """The user after documents were shown, of which those count that are known.

    Args:
        shown: (document id, the chance that it was shown).
    """
    entries = tuple((name, user.steps, chance) for name, chance in shown if name in known)
    return msgspec.structs.replace(user, shown=(*user.shown, *entries)[-_SHOWN_KEPT:])


def dismissed_like(
    units: Vectors, candidates: Vectors, dismissed: Vectors, clicks_since: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What candidates lose for being like what was dismissed, of the same interest.

    Args:
        units: embeddings of the reader's units; a document belongs to the nearest.
        dismissed: embeddings of the documents that were dismissed.
        clicks_since: how many clicks ago each was.
    """
    if not len(dismissed):
        return np.zeros(len(candidates))
    likeness = np.clip(candidates @ dismissed.T, 0.0, 1.0).astype(np.float64) ** 2
    if len(units):
        likeness *= (candidates @ units.T).argmax(axis=1)[:, None] == (dismissed @ units.T).argmax(axis=1)[
            None
        ]
    return np.asarray(
        -_DISMISSED * (likeness * 0.5 ** (clicks_since / _DISMISSED_HALF_LIFE)).max(axis=1), np.float64
    )


def shown_before(rows: Rows, shown: Rows, clicks_since: NDArray[np.float64]) -> NDArray[np.float64]:
    """What candidates lose for having been shown."""
    times = np.zeros(len(rows))
    if len(shown):
        order = np.argsort(rows)
        places = np.searchsorted(rows, shown, sorter=order)
        there = np.flatnonzero(
            (places < len(rows)) & (rows[order[np.minimum(places, len(rows) - 1)]] == shown)
        )
        np.add.at(times, order[places[there]], 0.5 ** (clicks_since[there] / _SHOWN_HALF_LIFE))
    return np.asarray(-_SHOWN * np.minimum(times, _MOST_SHOWN), np.float64)
