"""Typical readers: whom each reader is most like, by affinity propagation.

Source: Frey and Dueck, "Clustering by passing messages between data points", Science 2007, as scikit-learn
has it; Qiao et al., 2024, section 3.2.1 (as printed there, the
preference has no effect).
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.types import StageProgress, Vectors, quiet

EXACT = 10_000
"""Readers, at most, who are all compared with each other: that takes a few matrices of so many squared."""
_PART = 1_000
"""Of more readers so many at a time are compared; then those who are typical of a part."""
_FIRST_SHARE = 0.1
_MANY = 0.2
"""From this share on, those who are typical of a part are near enough to whoever is like them."""
_HALVINGS = 9
_DAMPING = 0.7
_ITERATIONS = 400

Rows = NDArray[np.int64]


def typical(
    embeddings: Vectors, share: float, *, seed: int = 0, exact: int = EXACT, report: StageProgress = quiet
) -> Rows:
    """For each reader the number of the one who is typical of readers like them, shape (readers,).

    Above `exact` readers in two steps: those who are typical of random parts, and who is typical of these.
    Where a fifth or more shall be typical, the first step is the last.

    Args:
        embeddings: of readers' texts, shape (readers, dimension).
        share: of all readers who shall be typical; the preference is found by halving.

    Examples:
        >>> import numpy as np
        >>> angles = np.radians([0, 5, -5, 90, 95, 85])
        >>> likes = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        >>> typical(likes, share=0.34).tolist()
        [0, 0, 0, 3, 3, 3]

    Raises:
        InvalidQuery: the share is not between 0 and 1.
    """
    if not 0 < share <= 1:
        raise InvalidQuery(f"a share of {share} readers cannot be typical: give one above 0 and at most 1")
    count = max(1, round(share * len(embeddings)))
    if len(embeddings) <= exact:
        return _nearest(embeddings, _exemplars(embeddings, count, report)[0])
    order = np.random.default_rng(seed).permutation(len(embeddings))
    parts = np.array_split(order, -(-len(order) // min(_PART, exact)))
    first = share if share >= _MANY else max(_FIRST_SHARE, 2 * share)
    found, preference = _exemplars(embeddings[parts[0]], max(1, round(first * len(parts[0]))), report)
    chosen = [parts[0][found]]
    for part in parts[1:]:  # of one size and drawn by chance, they need one preference
        chosen.append(part[_propagated(_likeness(embeddings[part]), preference)])
        report("typical readers", len(part), len(order))
    some = np.sort(np.concatenate(chosen))
    if share >= _MANY:
        return _nearest(embeddings, some)
    return _nearest(embeddings, some[_exemplars(embeddings[some], count, report)[0]])


def _likeness(embeddings: Vectors) -> NDArray[np.float64]:
    """Minus the squared distances."""
    exact = embeddings.astype(np.float64)
    return np.asarray(-(2 - 2 * np.clip(exact @ exact.T, -1, 1)))


def _exemplars(embeddings: Vectors, count: int, report: StageProgress) -> tuple[Rows, float]:
    """(who is typical, about as many as are asked for, ascending; the preference that found them)."""
    if count >= len(embeddings):
        return np.arange(len(embeddings)), 0.0
    likeness = _likeness(embeddings)
    low, high = 50 * float(likeness.min()) * len(embeddings) / count, 0.0
    best, preference = np.zeros(1, np.int64), low
    for _ in range(_HALVINGS):
        middle = -np.sqrt(low * min(high, -1e-6))
        found = _propagated(likeness, float(middle))
        report("halvings", 1, 0)
        if abs(len(found) - count) < abs(len(best) - count):
            best, preference = found, float(middle)
        if abs(len(found) - count) <= 0.02 * count:
            break
        low, high = (low, float(middle)) if len(found) > count else (float(middle), high)
    return best, preference


def _propagated(likeness: NDArray[np.float64], preference: float) -> Rows:
    from sklearn.cluster import AffinityPropagation

    clusters = AffinityPropagation(
        damping=_DAMPING,
        max_iter=_ITERATIONS,
        preference=preference,
        affinity="precomputed",
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it did not settle: what it found until then is taken
        clusters.fit(likeness)
    return np.sort(np.asarray(clusters.cluster_centers_indices_, np.int64))


def _nearest(embeddings: Vectors, exemplars: Rows) -> Rows:
    found = []
    for start in range(0, len(embeddings), _PART):
        found.append((embeddings[start : start + _PART] @ embeddings[exemplars].T).argmax(axis=1))
    nearest: Rows = exemplars[np.concatenate(found)]
    nearest[exemplars] = exemplars
    return nearest
