"""Algorithm 2: what ranks candidates, and what explains them (IRA, section 2.3).

Pure functions on arrays. A scorer takes the embeddings of a user's units, the most recently updated first, of
shape (units, dimension), how many documents each unit has, the embeddings of documents, of shape (documents,
dimension), and the settings; it gives one score a document. Documents of the same embedding get the same
score to the last bit, wherever they stand, so that ties are ties.
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
    """The paper's scorer: the sum of the cosines to all units, which is one product with the sum of their
    vectors."""
    return cosines(documents, units.sum(axis=0))


def maximum_cosine(units: Vectors, sizes: Sizes, documents: Vectors, settings: Settings) -> Scores:  # noqa: ARG001 (all are called alike)
    """The cosine to the nearest unit: one strong interest is enough."""
    return np.asarray(np.einsum("nd,ud->nu", documents, units).max(axis=1), np.float32)


def soft_maximum(units: Vectors, sizes: Sizes, documents: Vectors, settings: Settings) -> Scores:
    """A soft maximum, so that one strong interest is enough and the others still count:
    ``log(sum(log(1 + size) * fading ** place * exp(sharpness * cosine)))``. Large units and those updated
    last count more.
    """
    weights = np.log1p(np.asarray(sizes, np.float64)) * settings.decay ** np.arange(len(units))
    cosines_to_units = np.einsum("nd,ud->nu", documents, units).astype(np.float64)
    return np.asarray(
        np.log((np.exp(settings.sharpness * cosines_to_units) * weights).sum(axis=1)), np.float32
    )


SCORERS: Mapping[str, Formula] = {
    "sum": sum_of_cosines,
    "max": maximum_cosine,
    "soft": soft_maximum,
}


BLEND = "blend"
"""The name of the scorer that needs more than vectors, see `penchant.rank.recommender`."""
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
