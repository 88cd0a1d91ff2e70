"""kNN-Embed: a reader as a mixture over clusters of documents, smoothed by readers alike; each part is asked
for as many documents as it weighs.

Source: El-Kishky et al., "kNN-Embed: Locally smoothed embedding mixtures for multi-interest candidate
retrieval", PAKDD 2023. Documents are embedded by their titles here, readers by the mean of what they clicked;
the paper has both from a graph.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Histories, Scores
from penchant.types import Vectors
from penchant.vectors import unit_length

_CLUSTERS = 200
_ROUNDS = 20
"""Of k-means."""
_PARTS = 20
"""Of a mixture, the heaviest."""


class KNNEmbed:
    """See the module.

    Args:
        vectors: of the documents, shape (documents, dimension).
        neighbours: readers alike who smooth a mixture.
        smoothed: how much they count, from 0 to 1.
        seed: of the clusters.
    """

    def __init__(
        self, log: Log, vectors: Vectors, neighbours: int = 10, smoothed: float = 0.2, seed: int = 0
    ) -> None:
        self._vectors = vectors
        self._neighbours, self._smoothed, self._seed = neighbours, smoothed, seed
        self._histories = Histories()
        self._sums = np.zeros((len(log.user_ids), vectors.shape[1]), np.float32)

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)
        np.add.at(self._sums, clicks.users, self._vectors[clicks.documents])

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        """The part that a document is nearest to in line decides: its place there, by the part's weight."""
        if not self._histories[user]:
            return np.zeros(len(candidates))
        weights, centres = self.mixture(user)
        order = np.argsort(-(centres @ self._vectors[candidates].T), axis=1, kind="stable")
        places = np.empty(order.shape, np.float64)
        np.put_along_axis(places, order, np.arange(1.0, len(candidates) + 1), axis=1)
        return np.asarray(-(places / weights[:, None]).min(axis=0))

    def mixture(self, user: int) -> tuple[NDArray[np.float64], Vectors]:
        """(weights of the heaviest parts, the heaviest first; their centres)."""
        alike = self._alike(user)
        share = self._smoothed if len(alike) else 0.0
        weights: NDArray[np.float64] = np.zeros(self._clusters.max() + 1)
        sums = np.zeros((len(weights), self._vectors.shape[1]))
        for other, counts in [(user, 1 - share), *((other, share / len(alike)) for other in alike)]:
            rows = self._histories[other]
            np.add.at(weights, self._clusters[rows], counts / len(rows))
            np.add.at(sums, self._clusters[rows], self._vectors[rows] * (counts / len(rows)))
        heaviest = np.argsort(-weights, kind="stable")[:_PARTS]
        heaviest = heaviest[weights[heaviest] > 0]
        return weights[heaviest], unit_length(sums[heaviest]).astype(np.float32)

    def _alike(self, user: int) -> list[int]:
        """The readers nearest to one."""
        lengths = np.linalg.norm(self._sums, axis=1)
        cosines = self._sums @ (self._sums[user] / max(lengths[user], 1e-9)) / np.maximum(lengths, 1e-9)
        cosines[user] = -np.inf
        cosines[lengths == 0] = -np.inf
        nearest = np.argsort(-cosines, kind="stable")[: self._neighbours]
        found: list[int] = nearest[np.isfinite(cosines[nearest])].tolist()
        return found

    @cached_property
    def _clusters(self) -> NDArray[np.int64]:
        """Of each document."""
        from scipy.cluster.vq import kmeans2

        count = min(_CLUSTERS, max(1, len(self._vectors) // 5))
        return np.asarray(
            kmeans2(self._vectors, count, iter=_ROUNDS, minit="++", seed=self._seed)[1], np.int64
        )
