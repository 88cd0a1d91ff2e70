"""Algorithm 2: what ranks candidates, and what explains them (IRA, section 2.3).

Pure functions on arrays. A scorer takes the embeddings of a user's units, the most recently updated first, of shape
(units, dimension), how many documents each unit has, the embeddings of documents, of shape (documents, dimension), and the
settings; it gives one score a document. Documents of the same embedding get the same score to the last bit, wherever they
stand, so that ties are ties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.settings import Settings
from penchant.types import Vectors
from penchant.vectors import cosines

Scores = NDArray[np.float32]
Sizes = Sequence[int]
Formula = Callable[[Vectors, Sizes, Vectors, Settings], Scores]
Scorer = Callable[[Vectors, Sizes, Vectors], Scores]
"""One that knows its settings."""


def sum_of_cosines(units: Vectors, sizes: Sizes, documents: Vectors, settings: Settings) -> Scores:  # noqa: ARG001 (all are called alike)
    """The paper's scorer: the sum of the cosines to all units, which is one product with the sum of their vectors."""
    return cosines(documents, units.sum(axis=0))


def maximum_cosine(units: Vectors, sizes: Sizes, documents: Vectors, settings: Settings) -> Scores:  # noqa: ARG001 (all are called alike)
    """The cosine to the nearest unit: one strong interest is enough."""
    return np.asarray(np.einsum("nd,ud->nu", documents, units).max(axis=1), np.float32)


def soft_maximum(units: Vectors, sizes: Sizes, documents: Vectors, settings: Settings) -> Scores:
    """A soft maximum, so that one strong interest is enough and the others still count:
    ``log(sum(log(1 + size) * fading ** place * exp(sharpness * cosine)))``. Large units and those updated last count more.
    """
    weights = np.log1p(np.asarray(sizes, np.float64)) * settings.decay ** np.arange(len(units))
    cosines_to_units = np.einsum("nd,ud->nu", documents, units).astype(np.float64)
    return np.asarray(np.log((np.exp(settings.sharpness * cosines_to_units) * weights).sum(axis=1)), np.float32)


SCORERS: Mapping[str, Formula] = {
    "sum": sum_of_cosines,
    "max": maximum_cosine,
    "soft": soft_maximum,
}


BLEND = "blend"
"""The name of the scorer that needs more than vectors, see `penchant.blended`."""
NAMES = (BLEND, *SCORERS)


def check_scorer(name: str) -> None:
    """Raises InvalidQuery unless there is a scorer of that name."""
    if name not in NAMES:
        raise InvalidQuery(f"unknown scorer {name!r}: use one of {', '.join(sorted(NAMES))}")


def scorer(name: str, settings: Settings) -> Scorer:
    """The scorer of that name, which needs nothing but vectors and sizes.

    Raises:
        InvalidQuery: there is none.
    """
    check_scorer(name)
    formula = SCORERS[name]
    return lambda units, sizes, documents: formula(units, sizes, documents, settings)


def top(scores: NDArray[np.floating], ids: Sequence[str], k: int) -> list[int]:
    """The positions of the k highest scores, highest first, ties by document id."""
    if k < len(scores):
        kth = np.partition(scores, len(scores) - k)[len(scores) - k]
        positions = np.flatnonzero(scores >= kth)
    else:
        positions = np.arange(len(scores))
    positions = positions[np.argsort(-scores[positions], kind="stable")]
    ranked: list[int] = positions.tolist()
    if (np.diff(scores[positions]) == 0).any():
        ranked.sort(key=lambda position: (-float(scores[position]), ids[position]))
    return ranked[:k]


def diverse(scores: NDArray[np.floating], documents: Vectors, k: int, diversity: float) -> list[int]:
    """The positions of k documents, each the best compromise between its score and being unlike those before it.

    Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): the next is the one with the highest
    ``(1 - diversity) * score - diversity * cosine to the most alike of those chosen``, scores scaled to 0 to 1. Of
    equals, the first.

    Args:
        scores: shape (documents,), best first.
        diversity: from 0, the order of the scores, to 1, where only the first document goes by its score.
    """
    spread = float(scores.max() - scores.min()) if len(scores) else 0.0
    relevance = (scores - scores.min()) / spread if spread else np.zeros(len(scores))
    likeness = np.full(len(scores), -1.0)
    open_ = np.ones(len(scores), bool)
    chosen: list[int] = []
    while len(chosen) < min(k, len(scores)):
        worth = (1 - diversity) * relevance - (diversity * likeness if chosen else 0.0)
        best = int(np.argmax(np.where(open_, worth, -np.inf)))
        chosen.append(best)
        open_[best] = False
        likeness = np.maximum(likeness, cosines(documents, documents[best]))
    return chosen


def without_duplicates(documents: Vectors, limit: float, k: int) -> list[int]:
    """The positions of the first k documents that are unlike all those before them: of near-duplicates the first.

    Args:
        documents: shape (documents, dimension), best first.
        limit: two documents of a higher cosine are duplicates.
    """
    alike = np.triu(documents @ documents.T > limit, 1)
    if not alike.any():
        return list(range(min(k, len(documents))))
    repeated = np.zeros(len(documents), bool)
    kept: list[int] = []
    for position in range(len(documents)):
        if len(kept) == k:
            break
        if not repeated[position]:
            kept.append(position)
            repeated |= alike[position]
    return kept


def speaks_most(units: Vectors, documents: Vectors) -> list[int]:
    """For each document the position of the unit nearest to it: the reason given for a recommendation. Of equals, the first."""
    return [int(position) for position in np.einsum("nd,ud->nu", documents, units).argmax(axis=1)]
