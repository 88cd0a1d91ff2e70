"""Exploration: scores drawn from what is not known yet, so that uncertain evidence and new documents are
shown, and found out.

What the blend knows of its weights is a Gaussian about those of each expert; a draw takes one expert by its
share, and weights from its Gaussian (Thompson sampling). What no evidence tells of a document, the readers
who clicked it do: one that nobody clicked may be better than its evidence by as much as `UNSURE`. That it has
no clicks yet does not count against it: what clicks tell of other documents and not of this one is forgiven,
the less the more often it was read, or shown in vain.

The same generator draws the same.

Source: Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 1933; Chapelle
and Li, "An empirical evaluation of Thompson sampling", NIPS 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.random import Generator

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked
from penchant.rank.blend import Blend, Matrix, posterior, weights_of
from penchant.rank.evidence import known_before_clicks, personal
from penchant.settings import Settings

DRAWS = 32
"""Lists that are drawn. The first is shown; how many of them hold a document is its propensity."""
_SAMPLED, _PROPOSED = 2_000, 50
UNSURE = 1.0
"""Standard deviation of what evidence does not tell of a document that nobody clicked, as a logarithm of its
chance: three readers halve it, or thirty impressions."""
_IMPRESSIONS = 10.0


class Unread:
    """Documents that hardly anybody read, wherever they are: nothing else would find those without a time.

    A sample of all is looked at, and those of it that were read least are proposed.
    """

    def __init__(self, random: Generator) -> None:
        self._random = random

    def candidates(self, asked: Asked) -> Rows:
        known = asked.known
        rows = known.documents.rows()
        some = self._random.permutation(len(rows))[:_SAMPLED]
        rows = np.sort(rows[some])
        least = np.argsort(
            tried(known.trails.counts(rows).astype(np.float64), known.impressions(rows)), kind="stable"
        )
        return rows[least[:_PROPOSED]]


def generator(user_id: str, steps: int, shown: int, at: float) -> Generator:
    """The same for the same question: another one after a click, after something was shown, or later."""
    return np.random.default_rng([crc32(user_id.encode()), steps, shown, int(max(at, 0.0))])


def tried(readers: Matrix, impressions: Matrix) -> Matrix:
    """How often it was found out how good documents are: each reader did, and ten times that it was shown."""
    return np.asarray(readers + impressions / _IMPRESSIONS)


def drawn_scores(
    blend: Blend,
    names: Sequence[str],
    evidence: Matrix,
    tried: Matrix,
    settings: Settings,
    explore: float,
    random: Generator,
) -> tuple[Matrix, Matrix]:
    """(scores of candidates, those by the evidence that knows the reader alone), each of shape (candidates,
    draws): at random the blend's or explored ones, the same draws in both.

    Args:
        evidence: of the candidates, shape (candidates, columns).
        tried: how often it was found out how good each is: see `tried`. Shape (candidates,).
        explore: 0 to 1, the share of the draws that explore.
    """
    explores = random.random(DRAWS) < explore
    weights = drawn_weights(blend, names, settings, random)
    weights[:, ~explores] = weights_of(blend, names)[:, None]
    of_clicks = ~np.asarray(known_before_clicks(names), bool)
    beside_mean = (evidence - evidence.mean(axis=0))[:, of_clicks]
    unknown = 1.0 / (1.0 + tried)[:, None]
    noise = UNSURE * np.sqrt(unknown) * random.standard_normal((len(tried), DRAWS))

    def scored(weights: Matrix) -> Matrix:
        told = beside_mean @ weights[of_clicks]
        return np.asarray(evidence @ weights + explores * (noise - np.minimum(told, 0.0) * unknown))

    return scored(weights), scored(weights * np.asarray(personal(names))[:, None])


def drawn_weights(blend: Blend, names: Sequence[str], settings: Settings, random: Generator) -> Matrix:
    """Weights of columns from the blend's posterior, shape (columns, draws)."""
    shares, own, covariance = posterior(blend, names, settings)
    chosen = random.choice(len(shares), DRAWS, p=shares)
    noise = random.standard_normal((DRAWS, len(names)))
    drawn = np.empty((DRAWS, len(names)))
    for expert in np.unique(chosen).tolist():
        which = chosen == expert
        root = np.linalg.cholesky(covariance[expert] + 1e-12 * np.eye(len(names)))
        drawn[which] = own[expert] + noise[which] @ root.T
    return np.asarray(drawn.T)
