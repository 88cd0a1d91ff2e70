"""Plain parts that work, for tests and examples."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.engine import Engine
from penchant.towers import History
from penchant.types import Click, Document, Vectors
from penchant.vectors import unit_length


class HashingEmbedder:
    """Words with a random direction each, added up: nothing to train, the same everywhere, and good enough
    for tests."""

    def __init__(self, dimension: int = 64, threshold: float = 0.5, name: str = "hashing") -> None:
        self.dimension = dimension
        self.threshold = threshold
        self.name = name

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        rows = [self._sum(text.lower().split()) for text in texts]
        return unit_length(np.stack(rows)) if rows else np.zeros((0, self.dimension), np.float32)

    def _sum(self, words: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        total = np.zeros(self.dimension, np.float32)
        for word in words:
            total += (
                np.random.default_rng(zlib.crc32(word.encode()))
                .standard_normal(self.dimension)
                .astype(np.float32)
            )
        return total


class MeanTower:
    """A `penchant.towers.UserTower` that was never trained: a reader is the mean of the last ten documents.

    Args:
        embedder: the name of the embedder whose vectors it reads.
        dimension: of these vectors.
    """

    name = "mean"
    history = 10

    def __init__(self, embedder: str, dimension: int) -> None:
        self.embedder = embedder
        self.dimension = dimension

    def documents(self, ids: Sequence[str], embeddings: Vectors) -> Vectors:
        """The embeddings themselves."""
        return np.asarray(embeddings, np.float32)

    def users(self, histories: Sequence[History]) -> list[Vectors]:
        """Ten times the mean, so that a cosine of .1 is one nat."""
        return [10 * unit_length(each.embeddings[-self.history :].mean(axis=0)[None]) for each in histories]

    def trained(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """None of them."""
        return np.zeros(len(ids), bool)


def sample_engine() -> Engine:
    """An engine in memory with three documents (d1, d2 on databases, d3 on bread) and a click of ``ana`` on
    d1.

    Examples:
        >>> sample_engine().user_ids()
        ['ana']
    """
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(
        [
            Document("d1", "fast cosine search", attributes={"channel": "db"}),
            Document("d2", "fast vector search", attributes={"channel": "db"}),
            Document("d3", "sourdough bread crumb", attributes={"channel": "food"}),
        ]
    )
    engine.observe([Click("ana", "d1", at=1_700_000_000.0)])
    return engine
