"""Light methods: what can be learned from every click at once. Popularity, time, and the titles of what a
user clicked.

Each has two verbs. ``learn`` takes clicks in order, ``score`` ranks candidates for one user and changes
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery, MissingExtra
from penchant.lab.cases import Case
from penchant.lab.log import Clicks, Log, Rows
from penchant.types import Document, Vectors

Scores = NDArray[np.floating]
HALF_LIFE = 3 * 86_400.0
"""Seconds; that of `trending`."""


class Method(Protocol):
    """What ranks candidates."""

    def learn(self, clicks: Clicks) -> None:
        """Learn clicks, which come in order."""

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        """One finite number for each candidate, higher is better."""


@runtime_checkable
class LearnsFromShown(Protocol):
    """What learns from what was shown and not clicked, too."""

    def learn_shown(self, case: Case) -> None:
        """Learn from a case that was asked, whose candidates were shown side by side."""


class Popular:
    """ItemPop: the number of users who clicked a document (of all users, or of some)."""

    def __init__(self, log: Log, among: Sequence[int] | None = None) -> None:
        self._readers = np.zeros(len(log.documents))
        self._counted = np.ones(len(log.user_ids), bool)
        if among is not None:
            self._counted[:] = False
            self._counted[list(among)] = True

    def learn(self, clicks: Clicks) -> None:
        np.add.at(self._readers, clicks.documents[self._counted[clicks.users]], 1.0)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        return self._readers[candidates]


class Newest:
    """Newest first. What is published after the question counts as just published."""

    def __init__(self, log: Log) -> None:
        self._published = np.nan_to_num(log.published, nan=0.0)

    def learn(self, clicks: Clicks) -> None:
        pass

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        return np.minimum(self._published[candidates], at)


class NewestOfChannels:
    """Newest first within the channels that the user reads: the first attribute of a document is its channel.

    Channels that the user read among the last twenty come first, the newest of them at the top; then all
    others.
    """

    _LAST = 20

    def __init__(self, log: Log) -> None:
        self._newest = Newest(log)
        names = {name: n for n, name in enumerate(sorted({_channel(each) for each in log.documents}))}
        self._channels = np.array([names[_channel(each)] for each in log.documents])
        self._histories = Histories()

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        read = self._channels[self._histories[user][-self._LAST :]]
        newest = self._newest.score(user, candidates, at)
        return np.isin(self._channels[candidates], read) * 1e11 + newest


def _channel(document: Document) -> str:
    return next((f"{name} {value}" for name, value in sorted(document.attributes.items())), "")


class Trending:
    """Clicks with a half-life: each counts half after three days."""

    def __init__(self, log: Log, half_life: float = HALF_LIFE) -> None:
        self._half_life = half_life
        self._weight = np.full(len(log.documents), -np.inf)
        """log2 of the decayed clicks, as if seen from time 0."""

    def learn(self, clicks: Clicks) -> None:
        np.logaddexp2.at(self._weight, clicks.documents, clicks.at / self._half_life)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        return np.asarray(np.maximum(self._weight[candidates], -1e300))


class Histories:
    """The documents that each user clicked, in order."""

    def __init__(self) -> None:
        self._documents: dict[int, list[int]] = defaultdict(list)

    def learn(self, clicks: Clicks) -> None:
        """Learn clicks, which come in order."""
        for user, document in zip(clicks.users.tolist(), clicks.documents.tolist(), strict=True):
            self._documents[user].append(document)

    def __getitem__(self, user: int) -> list[int]:
        return self._documents.get(user, [])


class MeanVector:
    """The cosine to the mean of the vectors of the documents clicked (the last `last`, or all)."""

    def __init__(self, vectors: Vectors, last: int | None = None) -> None:
        self._vectors = vectors
        self._last = last
        self._histories = Histories()

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        history = self._histories[user]
        rows = history[-self._last :] if self._last else history
        return np.asarray(np.einsum("nd,d->n", self._vectors[candidates], self._vectors[rows].sum(axis=0)))


class NearestClicked:
    """The cosine to the nearest document that the user clicked."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._histories = Histories()

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        history = self._histories[user]
        if not history:
            return np.zeros(len(candidates))
        return np.asarray(
            (self._vectors[candidates] @ self._vectors[history].T).max(axis=1).astype(np.float64).round(6)
        )


class LiveItemKNN:
    """ItemKNN that learns from every click: the cosines, over shared readers, to the last fifty documents
    clicked.

    Weights fall by 0.9 a step back. A click is paired with the user's fifty before it.
    """

    _LAST = 50
    _WEIGHT = 0.9
    _MOST_DOCUMENTS = 20_000

    def __init__(self, log: Log) -> None:
        size = len(log.documents)
        if size > self._MOST_DOCUMENTS:
            raise InvalidQuery(
                f"counts of every pair of {size:,} documents do not fit: at most {self._MOST_DOCUMENTS:,}"
            )
        self._together = np.zeros((size, size), np.uint16)
        self._readers = np.zeros(size)
        self._histories = Histories()

    def learn(self, clicks: Clicks) -> None:
        for position in range(len(clicks)):
            document = int(clicks.documents[position])
            before = self._histories[int(clicks.users[position])][-self._LAST :]
            self._together[document, before] += 1
            self._together[before, document] += 1
            self._readers[document] += 1
            self._histories.learn(clicks[position : position + 1])

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        before = np.array(self._histories[user][-self._LAST :], np.int64)
        weights = self._WEIGHT ** np.arange(len(before))[::-1] / np.sqrt(self._readers[before])
        shared = self._together[np.ix_(candidates, before)] @ weights
        return np.asarray(shared / np.sqrt(np.maximum(self._readers[candidates], 1.0)))


class BM25:
    """BM25 of the candidates' titles for the titles clicked, of which the last fifty are the query
    (bm25s)."""

    _LAST = 50

    def __init__(self, titles: Sequence[str]) -> None:
        try:
            import bm25s
        except ImportError as error:
            raise MissingExtra("BM25 needs bm25s: pip install 'penchant[lab]'") from error
        from scipy.sparse import csc_matrix

        self._tokens = bm25s.tokenize(list(titles), stopwords=None, return_ids=False, show_progress=False)
        index = bm25s.BM25()
        index.index(self._tokens, show_progress=False)
        # documents x words, each entry what the word adds to the document's score
        parts = index.scores
        shape = (len(titles), len(parts["indptr"]) - 1)
        self._weights = csc_matrix((parts["data"], parts["indices"], parts["indptr"]), shape=shape).tocsr()
        self._words = index.vocab_dict
        self._histories = Histories()

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        query = np.zeros(self._weights.shape[1], np.float32)
        for row in self._histories[user][-self._LAST :]:
            for token in self._tokens[row]:
                if token in self._words:
                    query[self._words[token]] += 1.0
        return np.asarray(self._weights[candidates] @ query)
