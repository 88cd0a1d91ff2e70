"""What towers are trained on: who read what, at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
