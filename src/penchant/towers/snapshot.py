"""What towers are trained on: who read what, at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from penchant.types import Vectors


class Snapshot(NamedTuple):
    """Documents, and what each reader read of them."""

    embedder: str
    ids: Sequence[str]
    """Of all documents."""
    embeddings: Vectors
    """Shape (documents, dimension)."""
    read: Sequence[NDArray[np.int64]]
    """For each reader who read anything places in `ids`, the latest at the end, each once."""
    lots: NDArray[np.uint32]
    """Of each of these readers, drawn once for all by the user id: those of a low lot are held out of every
    training."""
    latest_at: float
    """The latest time in the data, Unix seconds."""
    titles: Sequence[str] = ()
    """Of all documents, for towers that learn from words."""
    units: Sequence[Vectors] = ()
    """Of each reader the embeddings of the Interest Units, shape (units, dimension), for such towers."""


def lots_of(user_ids: Iterable[str]) -> NDArray[np.uint32]:
    """The lots of readers: the same for the same id, whoever else there is."""
    return np.array([crc32(user_id.encode()) for user_id in user_ids], np.uint32)
