"""Exposure: what stands first is seen by more readers, so a click further down says more.

Clicks are missing not at random: nobody clicks what they did not see. Where it is known how likely a document
was seen, its propensity, a click is weighed by the inverse of that. The weights are clipped, so that one
click cannot decide.

Pure functions.

Source: Joachims, Swaminathan and Schnabel, "Unbiased learning-to-rank with biased feedback", WSDM 2017; Saito
et al., "Unbiased recommender learning from missing-not-at-random implicit feedback", WSDM 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
CLIP = 10.0
"""A click counts as much as so many at most."""


def propensities(positions: NDArray[np.int64], bias: float) -> Values:
    """The chance that each position of a list is looked at, beside the first: ``(1 + position) ** -bias``.

    Args:
        positions: from 0.
        bias: 0: all are seen; 1: the tenth is seen a tenth as often as the first.
    """
    return np.asarray((1.0 + positions) ** -bias, np.float64)


def inverse(chances: Values, clip: float = CLIP) -> Values:
    """What a click counts that had these chances to be seen, `clip` at most."""
    return np.asarray(np.minimum(1.0 / np.maximum(chances, 1e-12), clip), np.float64)


def self_normalised(values: Values, chances: Values, clip: float = CLIP) -> float:
    """The mean of a measure as if all had been seen alike (SNIPS, Swaminathan and Joachims, NIPS 2015)."""
    weights = inverse(chances, clip)
    return float(weights @ values / weights.sum())


def position_bias(shown: Values, clicked: Values) -> float:
    """The bias that clicks by position tell, of lists whose order was random: the slope of the logarithm of
    the click rate.

    Args:
        shown: how often each position was shown, from the first on.
        clicked: how often it was clicked.
    """
    told = (shown > 0) & (clicked > 0)
    positions = np.log1p(np.arange(len(shown), dtype=np.float64))[told]
    rates = np.log(clicked[told] / shown[told])
    return float(max(0.0, -np.polyfit(positions, rates, 1)[0])) if len(positions) > 1 else 0.0


def when_shown(shown: Sequence[tuple[str, int, float]], document_id: str) -> tuple[int, float] | None:
    """(the position, from 0, at which a document was shown last; the chance that it was shown). None where
    it was not.

    Args:
        shown: see `penchant.types.User.shown`.
    """
    for last in range(len(shown) - 1, -1, -1):
        name, step, chance = shown[last]
        if name == document_id:
            first = last
            while first and shown[first - 1][1] == step:
                first -= 1
            return last - first, chance
    return None
