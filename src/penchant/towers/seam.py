"""What a user tower is: the seam where another trained model goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.types import Vectors


class History(NamedTuple):
    """The documents that a reader read, each once, the latest at the end."""

    ids: Sequence[str]
    embeddings: Vectors
    """Of the state's embedder, shape (documents, dimension of the embedder)."""


class UserTower(Protocol):
    """A model that turns what a reader read last into one or several vectors, and any document into one.

    The product of a reader's vector and a document's is the logarithm of how much likelier the model holds it
    that the reader goes on to this document than to others. Both are pure functions: any number of threads
    may ask.
    """

    name: str
    embedder: str
    """The embedder whose vectors it reads."""
    dimension: int
    """Of its vectors."""
    history: int
    """Documents of a history that it looks at, the latest."""

    def documents(self, ids: Sequence[str], embeddings: Vectors) -> Vectors:
        """The vectors of documents, also of those that came after the training: float32 of shape (documents,
        dimension), each of length 1."""

    def users(self, histories: Sequence[History]) -> list[Vectors]:
        """The vectors of readers with at least one document each: float32 of shape (interests, dimension), of
        any length."""

    def trained(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Which documents it knows from its training, and not by their text alone."""
