"""Which candidates are shown: the best, the best that are unlike each other, and of each story one.

Pure functions on arrays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.types import Vectors
from penchant.vectors import cosines

_SAME = 0.97
"""Titles of a higher cosine say the same."""
_STORY = 0.8
"""Titles of a higher cosine, published close together, are of one story."""
_STORY_SECONDS = 3 * 86_400.0


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
    """The positions of k documents, each the best compromise between its score and being unlike those before
    it.

    Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): the next is the one with the highest
    ``(1 - diversity) * score - diversity * cosine to the most alike of those chosen``, scores scaled to 0 to
    1. Of equals, the first.

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


def repeats(documents: Vectors, published_at: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which pairs tell a reader the same: titles that say the same, and, of documents published within three
    days of each other, titles that are much alike, which is news of one story.

    Documents of one and the same moment are no news but an import of a whole catalogue.

    Args:
        documents: shape (documents, dimension).
        published_at: Unix seconds, NaN where it is not known.

    Returns:
        Shape (documents, documents); only pairs of an earlier and a later position.
    """
    cosine = documents @ documents.T
    apart = np.abs(published_at[:, None] - published_at)
    story = (cosine > _STORY) & (apart > 0) & (apart <= _STORY_SECONDS)
    return np.asarray(np.triu((cosine > _SAME) | story, 1), np.bool_)


def without(repeats: NDArray[np.bool_], k: int) -> list[int]:
    """The first k positions of which none repeats another; see `repeats`."""
    if not repeats.any():
        return list(range(min(k, len(repeats))))
    repeated = np.zeros(len(repeats), bool)
    kept: list[int] = []
    for position in range(len(repeats)):
        if len(kept) == k:
            break
        if not repeated[position]:
            kept.append(position)
            repeated |= repeats[position]
    return kept


def speaks_most(units: Vectors, documents: Vectors) -> list[int]:
    """For each document the position of the unit nearest to it: the reason given for a recommendation. Of
    equals, the first."""
    return [int(position) for position in np.einsum("nd,ud->nu", documents, units).argmax(axis=1)]


def chances(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The chance of a click on each candidate, given one: the blend is a multinomial logit model, and its
    scores are logarithms of chances but for a constant.

    Examples:
        >>> chances(np.log(np.array([3.0, 1.0]))).tolist()
        [0.75, 0.25]
    """
    odds = np.exp(scores.astype(np.float64) - float(scores.max(initial=0.0)))
    return np.asarray(odds / odds.sum())
