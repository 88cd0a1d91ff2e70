"""What alignment is taught with, step by step, each in a file of JSON Lines that a person can read and edit.

queries.jsonl     what was asked: from a search log, key terms of documents, contextual texts of units, or
clicks candidates.jsonl  what was found for each query, by which retrievers; and a few at random
judgements.jsonl  whether each is relevant, and who says so
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from penchant.errors import InvalidQuery
from penchant.text import key_terms
from penchant.whole import written_whole

QUERIES, CANDIDATES, JUDGEMENTS = "queries.jsonl", "candidates.jsonl", "judgements.jsonl"
RANDOM = "random"
"""What found a candidate that nothing found: a document of an unrelated query."""
T = TypeVar("T")


class AlignQuery(msgspec.Struct, frozen=True):
    """Something that was, or could have been, asked."""

    id: str
    text: str
    group: str = ""
    """Queries of one group, such as those of one reader, are held out together; without a name a query is a
    group of its own."""
    before: tuple[str, ...] = ()
    """More texts of the same query, such as titles that the reader clicked before: what is near to any is
    near to it."""


class Candidate(msgspec.Struct, frozen=True):
    """A document that may be relevant to a query."""

    query_id: str
    document_id: str
    title: str
    found_by: tuple[str, ...] = ()
    """Names of the retrievers that found it, or ``random``."""


class Judgement(msgspec.Struct, frozen=True):
    """Whether a document is relevant to a query."""

    query_id: str
    document_id: str
    relevant: bool
    judge: str = ""


class JudgedList(msgspec.Struct, frozen=True):
    """A query and documents in the order that is to be learned."""

    query: str
    titles: tuple[str, ...]
    labels: tuple[int, ...]
    """0: not relevant; else 1 + the number of key terms that the title shares with the query (IRA, section
    2.2)."""
    group: str = ""
    """That of the query."""
    before: tuple[str, ...] = ()
    """That of the query."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that the query says."""
        return (self.query, *self.before)


def overlap(query: str, title: str) -> int:
    """How many key terms a title shares with a query."""
    return len(set(key_terms(query)) & set(key_terms(title)))


def judged_lists(
    queries: Iterable[AlignQuery], candidates: Iterable[Candidate], judgements: Iterable[Judgement]
) -> dict[str, JudgedList]:
    """Query id -> its candidates with their labels; those without a judgement are left out, and random ones
    are not relevant.

    A query of which no candidate is relevant teaches nothing, and is left out.
    """
    relevant = {(each.query_id, each.document_id): each.relevant for each in judgements}
    found: dict[str, list[tuple[str, int]]] = {}
    asked = {query.id: query for query in queries}
    for candidate in candidates:
        key = (candidate.query_id, candidate.document_id)
        says = relevant.get(key, False if candidate.found_by == (RANDOM,) else None)
        if says is not None and candidate.query_id in asked:
            label = 1 + overlap(asked[candidate.query_id].text, candidate.title) if says else 0
            found.setdefault(candidate.query_id, []).append((candidate.title, label))
    return {
        query_id: JudgedList(
            asked[query_id].text,
            tuple(title for title, _ in entries),
            tuple(label for _, label in entries),
            asked[query_id].group,
            asked[query_id].before,
        )
        for query_id, entries in found.items()
        if any(label for _, label in entries)
    }


def write_lines(path: Path, items: Iterable[msgspec.Struct]) -> None:
    """One item a line; the file is there whole or not at all."""
    with written_whole(path) as file:
        file.writelines(msgspec.json.encode(item) + b"\n" for item in items)


def read_lines(path: Path, kind: type[T]) -> Iterator[T]:
    """What `write_lines` or a person wrote. Raises InvalidQuery with the line that is wrong."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield msgspec.json.decode(line, type=kind)
                except (msgspec.DecodeError, msgspec.ValidationError) as error:
                    raise InvalidQuery(f"{path}, line {number}: {error}") from error


def by_query(judgements: Iterable[Judgement]) -> Mapping[str, Sequence[str]]:
    """Query id -> the ids of its relevant documents."""
    found: dict[str, list[str]] = {}
    for each in judgements:
        if each.relevant:
            found.setdefault(each.query_id, []).append(each.document_id)
    return found
