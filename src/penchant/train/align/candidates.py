"""Candidates for each query from several retrievers: words (BM25) and the current embedder, merged; and a few
at random."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import bm25s
import numpy as np

from penchant.embed import Embedder
from penchant.embed.texts import TextEmbedder
from penchant.errors import InvalidQuery
from penchant.rank.choosing import top
from penchant.text import key_terms
from penchant.train.align.examples import RANDOM, AlignQuery, Candidate
from penchant.types import Document, Progress

FOUND, AT_RANDOM = 20, 2
"""Candidates of a query that are found, and that are drawn (IRA, section 2.2)."""
_PART = 256


def find_candidates(
    queries: Sequence[AlignQuery],
    documents: Sequence[Document],
    embedder: Embedder,
    *,
    found: int = FOUND,
    at_random: int = AT_RANDOM,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Candidate]:
    """For each query the best of both retrievers in turn, each document once, then documents found for no
    query near it.

    A document with the very text of the query is no candidate: it says nothing.
    """
    if not queries or not documents:
        raise InvalidQuery(
            f"{len(queries)} queries and {len(documents)} documents: at least one of each is needed"
        )
    rankings = {
        "bm25": by_words([query.text for query in queries], documents, found + 1),
        embedder.name: by_meaning(
            [query.text for query in queries], documents, embedder, found + 1, progress
        ),
    }
    chosen: list[Candidate] = []
    for number, query in enumerate(queries):
        ranked = {name: ranking[number] for name, ranking in rankings.items()}
        rows = [row for row in in_turn(list(ranked.values())) if documents[row].title != query.text][:found]
        others = _drawn(len(documents), set().union(*ranked.values(), rows), at_random, [seed, number])
        for row in [*rows, *others]:
            by = (
                tuple(name for name, ranking in ranked.items() if row in ranking)
                if row in rows
                else (RANDOM,)
            )
            chosen.append(Candidate(query.id, documents[row].id, documents[row].title, by))
    return chosen


def in_turn(rankings: Sequence[Sequence[int]]) -> list[int]:
    """The first of each ranking, then the second of each, and so on; each once."""
    longest = max((len(ranking) for ranking in rankings), default=0)
    merged = (ranking[place] for place in range(longest) for ranking in rankings if place < len(ranking))
    return list(dict.fromkeys(merged))


def by_words(queries: Sequence[str], documents: Sequence[Document], count: int) -> list[list[int]]:
    """The positions of the documents that share words with each query, best first (BM25; Robertson and
    Zaragoza, 2009)."""
    retriever = bm25s.BM25()
    terms = [key_terms(document.title) for document in documents]
    if not any(terms):
        return [[] for _ in queries]
    retriever.index(terms, show_progress=False)
    known = set(retriever.vocab_dict)
    results: list[list[int]] = []
    for query in queries:
        asked = [term for term in key_terms(query) if term in known]
        if not asked:
            results.append([])
            continue
        rows, scores = retriever.retrieve([asked], k=min(count, len(documents)), show_progress=False)
        results.append([int(row) for row, score in zip(rows[0], scores[0], strict=True) if score > 0])
    return results


def by_meaning(
    queries: Sequence[str],
    documents: Sequence[Document],
    embedder: Embedder,
    count: int,
    progress: Progress | None = None,
) -> list[list[int]]:
    """The positions of the documents nearest to each query, the nearest first, ties by document id."""
    texts, ids = TextEmbedder(embedder), [document.id for document in documents]
    vectors = texts.encode([document.title for document in documents], progress)
    results: list[list[int]] = []
    for start in range(0, len(queries), _PART):
        cosines = texts.encode(queries[start : start + _PART], progress) @ vectors.T
        results += [top(row, ids, count) for row in cosines]
    return results


def _drawn(documents: int, known: Iterable[int], count: int, seed: Sequence[int]) -> list[int]:
    excluded = set(known)
    random = np.random.default_rng(list(seed))
    drawn: dict[int, None] = {}
    while len(drawn) < min(count, documents - len(excluded)):
        row = int(random.integers(documents))
        if row not in excluded:
            drawn[row] = None
    return list(drawn)
