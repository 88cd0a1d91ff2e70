"""Algorithm 2: what ranks candidates, and what explains them (IRA, section 2.3).

Pure functions on arrays. A scorer takes the embeddings of a user's units, shape (units, dimension), and of documents,
shape (documents, dimension), and gives one score a document. Documents of the same embedding get the same score to the
last bit, wherever they stand, so that ties are ties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.types import InterestUnit, Vectors
from penchant.vectors import cosines

Scores = NDArray[np.float32]
Scorer = Callable[[Vectors, Vectors], Scores]


def sum_of_cosines(units: Vectors, documents: Vectors) -> Scores:
    """The paper's scorer: the sum of the cosines to all units, which is one product with the sum of their vectors."""
    return cosines(documents, units.sum(axis=0))


def maximum_cosine(units: Vectors, documents: Vectors) -> Scores:
    """The cosine to the nearest unit: one strong interest is enough."""
    return np.asarray(np.einsum("nd,ud->nu", documents, units).max(axis=1), np.float32)


SCORERS: Mapping[str, Scorer] = {"sum": sum_of_cosines, "max": maximum_cosine}


def scorer(name: str) -> Scorer:
    """The scorer of that name.

    Raises:
        InvalidQuery: there is none.
    """
    if name not in SCORERS:
        raise InvalidQuery(f"unknown scorer {name!r}: use one of {', '.join(sorted(SCORERS))}")
    return SCORERS[name]


def vectors_of(units: Sequence[InterestUnit]) -> Vectors:
    """The embeddings of the units, shape (units, dimension)."""
    return np.stack([unit.embedding for unit in units])


def top(scores: NDArray[np.floating], ids: Sequence[str], k: int) -> list[int]:
    """The positions of the k highest scores, highest first, ties by document id."""
    if k < len(scores):
        kth = np.partition(scores, len(scores) - k)[len(scores) - k]
        positions = np.flatnonzero(scores >= kth)
    else:
        positions = np.arange(len(scores))
    ranked = sorted((-float(scores[position]), ids[position], position) for position in positions.tolist())
    return [position for _, _, position in ranked[:k]]


def speaks_most(units: Sequence[InterestUnit], document: NDArray[np.float32]) -> InterestUnit:
    """The unit nearest to the document: the reason given for a recommendation. Of equals, the first."""
    return units[int(np.argmax(cosines(vectors_of(units), document)))]
