"""What a community knows, brought to bear on one reader: evidence for candidates, and what a click teaches the blend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from penchant.blend import Matrix
from penchant.documents import Documents
from penchant.evidence import MOST_READERS, Near, Reader, alike, kind_of, latest, measure, near_units
from penchant.readings import Readers, Readings, Rows, Trail
from penchant.types import InterestUnit, Vectors
from penchant.vectors import embeddings_of

VectorsOf = Callable[[Rows], Vectors]
Search = Callable[[Vectors], Sequence[Rows]]
"""Vectors -> the rows of documents near each, the nearest first."""
_UNITS_SEARCHED = 5
"""So many latest units tell who has the same interests: the others count for little, and each is a search."""
_NEAR = 20
"""So many read documents near each of them."""
_DRAWN = 64
"""So many documents are drawn from all to learn from one click."""
_NEW = 200
"""So many of the newest documents, and of those read last, are candidates."""
_PEOPLE = 30
_OF_EACH = 20
"""So many latest reads of so many readers who read the same are candidates."""
_EXISTED = 60.0
"""Seconds. A document that was published so shortly before its first click was published by it."""
_TOLD_BY_FIRST_CLICK = frozenset(("interest", "words", "attributes"))


class Asked(NamedTuple):
    """A reader, and what was looked up for all questions about candidates."""

    reader: Reader
    company: Readers
    """The readers of what the reader read last."""
    near: Near
    found: Rows
    """The documents that the search found, whether anybody read them or not."""
    at: float


class Lesson(NamedTuple):
    """What one click teaches: see `penchant.blend.learned`."""

    names: list[str]
    evidence: Matrix
    log_q: Matrix
    clicked: int
    at: float


def ask(
    user_id: str,
    units: Sequence[InterestUnit],
    trail: Trail,
    readings: Readings,
    documents: Documents,
    search: Search,
    vectors_of: VectorsOf,
    at: float,
) -> Asked:
    """A reader with these units (the most recently updated first) and these reads."""
    vectors = embeddings_of(units) if units else np.zeros((0, 0), np.float32)
    sizes = np.array([unit.size for unit in units], np.int64)
    reader = Reader(readings.number(user_id), vectors, sizes, documents.facts(trail.rows), trail.at)
    found = search(vectors[:_UNITS_SEARCHED]) if units else []
    distinct = np.unique(np.concatenate(found)) if len(found) else np.zeros(0, np.int64)
    company = readings.readers(latest(reader), MOST_READERS)
    return Asked(reader, company, _near(reader, found, readings, vectors_of), distinct, at)


def evidence_for(
    asked: Asked, rows: Rows, vectors: Vectors, readings: Readings, documents: Documents
) -> tuple[list[str], Matrix]:
    """(names of columns, values of shape (rows, columns)); see `penchant.evidence`."""
    return measure(
        asked.reader, asked.company, asked.near, documents.facts(rows), vectors, readings, documents.traits.words, asked.at
    )


def candidates(asked: Asked, readings: Readings, documents: Documents) -> Rows:
    """What may be worth showing: near the latest units, new, read of late, or read by those who read the same."""
    return np.unique(
        np.concatenate(
            [
                asked.found,
                documents.newest(_NEW, asked.at),
                readings.latest()[-_NEW:],
                readings.read_by(alike(asked.reader, asked.company, readings, _PEOPLE), _OF_EACH),
            ]
        )
    )


def lesson(
    asked: Asked, clicked: int, readings: Readings, documents: Documents, vectors_of: VectorsOf, seed: int
) -> Lesson | None:
    """What the click on a row teaches, of a reader as before it; nothing where there was no choice.

    The rivals of the document are the `candidates` that could have been shown then, and a few documents drawn from all the
    others, each of which stands for many: so the sum over all documents is estimated without looking at all.

    A document that nobody had clicked, and that is as old as its first click, was perhaps published by it. Its time and
    its readers then tell the answer, and only interests, words and attributes are learned from.
    """
    drawn = np.unique(np.random.default_rng([seed, clicked]).integers(0, max(documents.next_row, 1), _DRAWN))
    likely = candidates(asked, readings, documents)
    rows = np.union1d(likely, drawn)
    rows = rows[documents.open_to_all(rows, asked.at) & ~np.isin(rows, asked.reader.reads.rows)]
    rows = np.union1d(rows, [clicked])
    if len(rows) < 2:
        return None
    names, evidence = evidence_for(asked, rows, vectors_of(rows), readings, documents)
    if _may_be_published_by_click(clicked, readings, documents, asked.at):
        told = [kind_of(name) in _TOLD_BY_FIRST_CLICK for name in names]
        evidence = np.where(told, evidence, 0.0)
    sure = np.isin(rows, likely) | (rows == clicked)
    chance = min(1.0, len(drawn) / max(len(documents) - len(likely), 1))
    return Lesson(names, evidence, np.where(sure, 0.0, np.log(chance)), int(np.searchsorted(rows, clicked)), asked.at)


def _may_be_published_by_click(row: int, readings: Readings, documents: Documents, at: float) -> bool:
    if readings.counts(np.array([row]))[0]:
        return False
    published = float(documents.published_at(np.array([row]))[0])
    return not at - published >= _EXISTED  # also where it is not known


def _near(reader: Reader, found: Sequence[Rows], readings: Readings, vectors_of: VectorsOf) -> Near:
    """Of what was found near each unit, the documents that somebody read."""
    rows = np.full((len(found), _NEAR), -1, np.int64)
    cosines = np.zeros((len(found), _NEAR), np.float32)
    for place, (unit, nearest) in enumerate(zip(reader.units, found, strict=False)):
        read = nearest[readings.counts(nearest) > 0][:_NEAR]
        rows[place, : len(read)] = read
        cosines[place, : len(read)] = vectors_of(read) @ unit if len(read) else 0
    return near_units(rows, cosines, reader.sizes[: len(found)], readings)
