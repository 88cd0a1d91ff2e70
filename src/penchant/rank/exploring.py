"""Exploration: scores drawn from what is not known yet, so that uncertain evidence and new documents are
shown, and found out.

What the blend knows of its weights is a Gaussian about those of each expert; a draw takes one expert by its
share, and weights from its Gaussian (Thompson sampling). What no evidence tells of a document, the readers
who clicked it do, so that one which nobody clicked may be better than its evidence by as much as `UNSURE`.

Pure functions: the same generator draws the same.

Source: Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 1933; Chapelle
and Li, "An empirical evaluation of Thompson sampling", NIPS 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.random import Generator

from penchant.rank.blend import Blend, Matrix, posterior, weights_of
from penchant.settings import Settings

DRAWS = 32
"""Lists that are drawn. The first is shown; how many of them hold a document is its propensity."""
UNSURE = 1.0
"""Standard deviation of what evidence does not tell of a document that nobody clicked, as a logarithm of its
chance: readers halve it when they are three."""


def generator(user_id: str, steps: int, shown: int, at: float) -> Generator:
    """The same for the same question: another one after a click, after something was shown, or later."""
    return np.random.default_rng([crc32(user_id.encode()), steps, shown, int(max(at, 0.0))])


def drawn_weights(
    blend: Blend, names: Sequence[str], settings: Settings, explore: float, random: Generator
) -> Matrix:
    """Weights of columns, shape (columns, draws).

    Args:
        explore: 0 to 1, how far from the blend's weights towards the draw.
    """
    mean = weights_of(blend, names)
    shares, own, covariance = posterior(blend, names, settings)
    chosen = random.choice(len(shares), DRAWS, p=shares)
    noise = random.standard_normal((DRAWS, len(names)))
    drawn = np.empty((DRAWS, len(names)))
    for expert in np.unique(chosen).tolist():
        which = chosen == expert
        root = np.linalg.cholesky(covariance[expert] + 1e-12 * np.eye(len(names)))
        drawn[which] = own[expert] + noise[which] @ root.T
    return np.asarray((mean + explore * (drawn - mean)).T)


def drawn_worth(readers: Matrix, explore: float, random: Generator) -> Matrix:
    """What documents may be better or worse than their evidence, shape (documents, draws).

    Args:
        readers: how many readers each has, shape (documents,).
    """
    spread = explore * UNSURE / np.sqrt(1.0 + readers)
    return np.asarray(spread[:, None] * random.standard_normal((len(readers), DRAWS)))
