"""What another way of choosing would have earned, told from what one way showed: off-policy estimates.

What was shown was drawn by chance, and how likely each document was shown, its propensity, was logged (see
`penchant.Recommendation.propensity`). A click on a document that the other way would show counts by the
inverse of that. A document is taken to be clicked for itself, whatever stands beside it.

Pure functions.

Source: Horvitz and Thompson, "A generalization of sampling without replacement from a finite universe", JASA
1952 (`ips`); Swaminathan and Joachims, "The self-normalized estimator for counterfactual learning", NIPS 2015
(`snips`); Dudík, Langford and Li, "Doubly robust policy evaluation and learning", ICML 2011
(`doubly_robust`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.rank.exposure import CLIP, inverse

Values = NDArray[np.float64]


class Logged(NamedTuple):
    """Documents that were shown, one entry each, of all lists."""

    lists: int
    """How many lists there were."""
    propensity: Values
    clicked: Values
    """1 where it was clicked, else 0."""
    wanted: Values
    """The chance that the other way would have shown it: 0 or 1 where that leaves nothing to chance."""


def ips(logged: Logged, clip: float = CLIP) -> float:
    """Clicks a list, by inverse propensity.

    Examples:
        >>> some = np.array([0.5, 0.25]), np.array([1.0, 1.0]), np.array([1.0, 0.0])
        >>> ips(Logged(2, *some))
        1.0
    """
    return float((logged.wanted * inverse(logged.propensity, clip) * logged.clicked).sum() / logged.lists)


def snips(logged: Logged, places: float, clip: float = CLIP) -> float:
    """The same, as if the weights had added up to what they should: it varies less.

    Args:
        places: how many documents a list of the other way has.
    """
    weights = logged.wanted * inverse(logged.propensity, clip)
    total = float(weights.sum())
    return float(places * (weights @ logged.clicked) / total) if total else 0.0


def doubly_robust(logged: Logged, expected: Values, of_others: float, clip: float = CLIP) -> float:
    """The same, from a model's expectations, mended by what was clicked: right where either the model or the
    propensities are.

    Args:
        expected: what a model expects of each entry: its chance of a click.
        of_others: what it expects of a list of the other way, the mean over all lists.
    """
    weights = logged.wanted * inverse(logged.propensity, clip)
    return of_others + float((weights * (logged.clicked - expected)).sum() / logged.lists)
