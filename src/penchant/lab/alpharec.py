"""AlphaRec: titles through a small network, smoothed over who read what; no vectors by id.

Source: Sheng et al., "Language representations can be what recommenders need: findings and potentials", ICLR
2025: two layers of LightGCN, InfoNCE with 256 others at temperature 0.15. The others of a step are drawn for
all its readers together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Histories, Scores
from penchant.train import require_torch
from penchant.types import Vectors

_WIDTH = 64
_OTHERS = 256
_TEMPERATURE = 0.15
_RATE = 5e-4
_BATCH = 4_096
_EPOCHS = 40
_PATIENCE = 4
_HELD_OUT = 20
"""One click in so many says when to stop."""
Array = NDArray[np.float32]


class Layers(NamedTuple):
    """What was trained: vectors of documents before, after one and after two steps on the graph."""

    documents: tuple[Array, Array, Array]
    project: Callable[[Array], Array]
    readers: NDArray[np.signedinteger]
    """Of each document, at training."""


class AlphaRec:
    """See the module. It is trained once, when it is first asked, on what it learned by then; a reader's
    vector is computed from all that the reader clicked.

    Raises:
        MissingExtra: torch is not installed.
    """

    def __init__(self, log: Log, vectors: Vectors, seed: int = 0) -> None:
        require_torch()
        self._vectors = np.asarray(vectors, np.float32)
        self._users = len(log.user_ids)
        self._seed = seed
        self._histories = Histories()
        self._pairs: list[NDArray[np.int64]] = []
        self._layers: Layers | None = None

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)
        if self._layers is None:
            self._pairs.append(np.stack([clicks.users, clicks.documents], axis=1).astype(np.int64))

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        if self._layers is None:
            pairs = np.unique(np.concatenate(self._pairs), axis=0)
            self._layers = trained(pairs, self._users, self._vectors, self._seed)
        rows = sorted(set(self._histories[user]))
        if not rows:
            return np.zeros(len(candidates))
        first, second, third = self._layers.documents
        edges = (1 / np.sqrt(len(rows) * np.maximum(self._layers.readers[rows], 1))).astype(np.float32)
        reader = self._layers.project(self._vectors[rows].mean(axis=0)) + edges @ (first[rows] + second[rows])
        documents = first[candidates] + second[candidates] + third[candidates]
        return np.asarray(documents @ reader / np.linalg.norm(documents, axis=1))


def trained(pairs: NDArray[np.int64], users: int, vectors: Array, seed: int) -> Layers:
    """Train on (user, document) pairs, until those that are held out are told no better.

    Raises:
        InvalidQuery: there are too few pairs.
    """
    import torch
    from torch.nn import functional

    if len(pairs) < _HELD_OUT:
        raise InvalidQuery(f"{len(pairs)} clicks are too few to train on: use a larger log")
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    pairs = pairs[random.permutation(len(pairs))]
    held_out, pairs = np.split(pairs, [len(pairs) // _HELD_OUT])
    graph = _graph(pairs, users, len(vectors))
    titles, means = torch.from_numpy(vectors), torch.from_numpy(_means(pairs, users, vectors))
    network = torch.nn.Sequential(
        torch.nn.Linear(vectors.shape[1], vectors.shape[1] // 2),
        torch.nn.LeakyReLU(),
        torch.nn.Linear(vectors.shape[1] // 2, _WIDTH),
    )
    optimizer = torch.optim.Adam(network.parameters(), _RATE)

    def layers() -> tuple[Any, Any]:
        """(of users, of documents), each before, after one and after two steps."""
        u0, d0 = network(means), network(titles)
        u1, d1 = torch.sparse.mm(graph, d0), torch.sparse.mm(graph.t(), u0)
        return (u0, u1, torch.sparse.mm(graph, d1)), (d0, d1, torch.sparse.mm(graph.t(), u1))

    def cost(asked: NDArray[np.int64]) -> Any:
        of_users, of_documents = (functional.normalize(sum(found), dim=1) for found in layers())
        rows = torch.from_numpy(asked)
        readers, own = of_users[rows[:, 0]], of_documents[rows[:, 1]]
        others = of_documents[torch.from_numpy(random.integers(0, len(vectors), _OTHERS))]
        scores = torch.cat([(readers * own).sum(dim=1, keepdim=True), readers @ others.T], dim=1)
        return functional.cross_entropy(scores / _TEMPERATURE, torch.zeros(len(rows), dtype=torch.int64))

    best, since, kept = np.inf, 0, network.state_dict()
    for _ in range(_EPOCHS):
        pairs = pairs[random.permutation(len(pairs))]
        for start in range(0, len(pairs), _BATCH):
            optimizer.zero_grad()
            cost(pairs[start : start + _BATCH]).backward()
            optimizer.step()
        with torch.no_grad():
            loss = float(np.mean([cost(held_out).item() for _ in range(5)]))
        since += 1
        if loss < best:
            best, since = loss, 0
            kept = {name: value.clone() for name, value in network.state_dict().items()}
        if since == _PATIENCE:
            break
    network.load_state_dict(kept)
    with torch.no_grad():
        first, second, third = (np.asarray(found.numpy()) for found in layers()[1])

    def project(vector: Array) -> Array:
        with torch.no_grad():
            return np.asarray(network(torch.from_numpy(vector)).numpy())

    return Layers((first, second, third), project, np.bincount(pairs[:, 1], minlength=len(vectors)))


def _graph(pairs: NDArray[np.int64], users: int, documents: int) -> Any:
    """Who read what, shape (users, documents): 1 / sqrt(what the reader read * its readers)."""
    import torch

    read = np.bincount(pairs[:, 0], minlength=users)[pairs[:, 0]]
    readers = np.bincount(pairs[:, 1], minlength=documents)[pairs[:, 1]]
    values = torch.from_numpy((1 / np.sqrt(read * readers)).astype(np.float32))
    places = torch.from_numpy(pairs.T.copy())
    return torch.sparse_coo_tensor(places, values, (users, documents), check_invariants=True).coalesce()


def _means(pairs: NDArray[np.int64], users: int, vectors: Array) -> Array:
    """Of each user the mean of the vectors read."""
    sums = np.zeros((users, vectors.shape[1]), np.float32)
    np.add.at(sums, pairs[:, 0], vectors[pairs[:, 1]])
    counts = np.maximum(np.bincount(pairs[:, 0], minlength=users), 1).astype(np.float32)
    return np.asarray(sums / counts[:, None], np.float32)
