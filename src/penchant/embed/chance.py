"""The rules for thresholds, from how alike random documents are.

A text that is like a unit's contextual text: one random pair in a hundred may be as alike. Documents that are
like those of a unit on average: more may be.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.settings import Settings
from penchant.types import Vectors

CHANCE = 0.01
"""The share of random pairs that may reach the threshold for contextual texts."""
OF_MEANS = 0.12
"""The share of other documents that may be as like a document as those of one interest are. What others make
of interests: `benchmarks/interests.py`."""
LEAST = 1 / 3
"""It is at least this much of the embedder's own threshold: where all documents are of a few topics, chance
pairs of one topic are many, and the cosine that more pairs reach says nothing."""
FEWEST = 100
"""Documents from which pairs tell something. With fewer the embedder's own threshold holds."""
SAMPLE = 4_000
"""Documents that are compared, at most."""
_ASKED = 600
"""So many of them, at most, are compared with all of them."""
_MOST = 0.95


def reached_by_chance(random_cosines: NDArray[np.float32]) -> float:
    """The cosine that this share of random pairs reaches, to two digits.

    Examples:
        >>> reached_by_chance(np.linspace(0, 1, 101, dtype=np.float32))
        0.99
    """
    return round(float(np.quantile(random_cosines, 1 - CHANCE)), 2)


def community_threshold(vectors: Vectors, own: float, *, chance: float = OF_MEANS, seed: int = 0) -> float:
    """The cosine that so many other documents reach, on average over documents, to two digits; at least a
    third of the embedder's own threshold.

    The paper has one threshold, for the cosine to a contextual text (IRA, section 2.1). An average over
    documents is lower, and what is usual differs: titles of a shop are more alike than those of a newspaper.
    Each document is asked by itself, since in a community of two languages pairs of one are alike and pairs
    of both are not: the cosine that so many pairs reach lies at neither.

    Args:
        vectors: of documents, a sample at best, shape (documents, dimension).
        own: the embedder's threshold, which holds for fewer than 100 documents.

    Examples:
        >>> many = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
        >>> many /= np.linalg.norm(many, axis=1, keepdims=True)
        >>> community_threshold(many, own=0.6)
        0.43
        >>> community_threshold(many[:10], own=0.6)
        0.6
    """
    if len(vectors) < FEWEST:
        return own
    asked = np.random.default_rng(seed).permutation(len(vectors))[:_ASKED]
    cosines = np.asarray(vectors[asked], np.float32) @ np.asarray(vectors, np.float32).T
    cosines[np.arange(len(asked)), asked] = -1.0
    reached = float(np.quantile(cosines, 1 - chance, axis=1).mean())
    return round(min(max(reached, LEAST * own), _MOST), 2)


def sampled(count: int, seed: int = 0) -> list[int]:
    """Places of documents to compare, of so many, ascending."""
    if count <= SAMPLE:
        return list(range(count))
    return sorted(np.random.default_rng(seed).choice(count, SAMPLE, replace=False).tolist())


def threshold_of(settings: Settings, vectors: Vectors, own: float) -> float:
    """tau: that of the settings; else what the rule of units finds among these documents.

    Args:
        vectors: of all documents, shape (documents, dimension).
        own: the embedder's threshold.
    """
    if settings.threshold is not None:
        return settings.threshold
    return own if settings.unit_rule == "text" else community_threshold(vectors[sampled(len(vectors))], own)
