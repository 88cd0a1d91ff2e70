"""What a community knows, brought to bear on one reader: evidence for candidates, and what a click teaches
the blend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.memory.documents import Documents
from penchant.memory.facts import Smoothed
from penchant.memory.readers import NO_ROWS, Numbers, Rows, distinct, is_among
from penchant.memory.trails import Trail, Trails
from penchant.rank.blend import Matrix
from penchant.rank.evidence import (
    Liked,
    Near,
    Reader,
    alike,
    kind_of,
    liked_terms,
    measure,
    near_units,
    neighbours_of,
    taste,
)
from penchant.rank.neighbours import Neighbours
from penchant.rank.smoothing import VectorsOf
from penchant.settings import Settings
from penchant.types import InterestUnit, Vector, Vectors
from penchant.vectors import embeddings_of

Search = Callable[[Vectors, int], Sequence[Rows]]
"""(vectors, how many) -> the rows of the documents near each, the nearest first."""
SmoothedOf = Callable[[Vector, Rows, Vectors], Smoothed]
"""(direction, rows, their embeddings) -> those that somebody read, see `penchant.rank.smoothing`."""
UNITS_SEARCHED = 5
"""So many latest units tell who has the same interests: the others count for little, and each is a search."""
OF_LATEST = 60
_OF_OTHERS = 10
"""So many documents near each of these units, and of the others, are candidates."""
_NEAR = 20
"""So many read documents near each of them."""
_RIVALS = 128
_DRAWN = 64
"""So many candidates, and so many documents of all others, are drawn to learn from one click."""
_NEW = 200
"""So many of the newest documents are candidates."""
_PEOPLE = 60
_OF_EACH = 5
"""So many latest reads of so many readers who read the same are candidates."""
_TERMS = 20
"""The latest documents with each of so many terms are candidates, see `penchant.memory.traits`."""
_EXISTED = 60.0
"""Seconds. A document that was published so shortly before its first click was published by it."""
_TOLD_BY_FIRST_CLICK = frozenset(("interest", "words", "attributes"))


class Asked(NamedTuple):
    """A reader, and what was looked up for all questions about candidates."""

    reader: Reader
    neighbours: Neighbours
    """The readers who have something in common with the reader."""
    words: Liked
    """The key terms that the reader likes."""
    latest: list[Rows]
    """The documents near each of the latest units, the nearest first, whether anybody read them or not."""
    others: list[Rows]
    """The same of the other units, fewer of each."""
    at: float


class Lesson(NamedTuple):
    """What one click teaches: see `penchant.rank.blend.learned`."""

    names: list[str]
    evidence: Matrix
    log_q: Matrix
    clicked: int


def ask(
    user_id: str,
    units: Sequence[InterestUnit],
    trail: Trail,
    trails: Trails,
    documents: Documents,
    search: Search,
    vectors_of: VectorsOf,
    settings: Settings,
    at: float,
    *,
    every_unit: bool = False,
) -> Asked:
    """A reader with these units (the most recently updated first) and these reads.

    Args:
        every_unit: whether all units look for documents near them, or only the latest.
    """
    vectors = embeddings_of(units) if units else np.zeros((0, 0), np.float32)
    sizes = np.array([unit.size for unit in units], np.int64)
    liked = taste(vectors_of(trail.rows[-settings.reads_weighed :]), settings.decay)
    reader = Reader(
        trails.number(user_id), vectors, sizes, documents.facts(trail.rows), trail.at, liked, settings
    )
    latest = list(search(vectors[:UNITS_SEARCHED], OF_LATEST)) if units else []
    others = (
        list(search(vectors[UNITS_SEARCHED:], _OF_OTHERS))
        if every_unit and len(units) > UNITS_SEARCHED
        else []
    )
    near = _near(reader, latest, trails, vectors_of)
    words = liked_terms(reader, documents.traits.words)
    return Asked(reader, neighbours_of(reader, near, trails), words, latest, others, at)


def evidence_for(
    asked: Asked, rows: Rows, vectors: Vectors, smoothed: SmoothedOf, trails: Trails, documents: Documents
) -> tuple[list[str], Matrix]:
    """(names of columns, values of shape (rows, columns)); see `penchant.rank.evidence`."""
    read = smoothed(asked.reader.taste, rows, vectors)
    return measure(
        asked.reader, asked.neighbours, asked.words, documents.facts(rows), vectors, read, trails, asked.at
    )


def candidates(asked: Asked, trails: Trails, documents: Documents) -> Rows:
    """What may be worth showing: near the units, of the reader's words, new, read of late, or read by those
    who read the same."""
    return distinct(
        np.concatenate(
            [
                *asked.latest,
                *asked.others,
                documents.traits.latest_with(_worthiest(asked.words)),
                documents.newest(_NEW, asked.at),
                trails.latest(),
                trails.read_by(alike(asked.neighbours, _PEOPLE), _OF_EACH),
            ]
        )
    )


def lesson(
    asked: Asked,
    clicked: int,
    trails: Trails,
    documents: Documents,
    vectors_of: VectorsOf,
    smoothed: SmoothedOf,
    seed: int,
) -> Lesson | None:
    """What the click on a row teaches, of a reader as before it; nothing where there was no choice.

    The rivals of the document are drawn from the `candidates` that could have been shown then, and a few from
    all the others. Each stands for as many as it was one of: so the sum over all documents is estimated
    without looking at all.

    A document that nobody had clicked, and that is as old as its first click, was perhaps published by it.
    Its time and its readers then tell the answer, and only interests, words and attributes are learned from.
    From the other clicks all is learned, and documents that nobody had clicked by then are no rivals: as
    answers they are left out, and what only they lack, readers, would seem to be what is chosen.
    """
    random = np.random.default_rng([seed, clicked])
    likely = candidates(asked, trails, documents)
    shown = likely[_could_be_shown(likely, asked, documents)]
    rivals = random.choice(shown, _RIVALS, replace=False) if len(shown) > _RIVALS else shown
    drawn = distinct(random.integers(0, max(documents.next_row, 1), _DRAWN))
    drawn = drawn[~is_among(drawn, likely) & _could_be_shown(drawn, asked, documents)]
    told_by_click = _may_be_published_by_click(np.array([clicked]), trails, documents, asked.at)[0]
    rows = np.concatenate([rivals, drawn])
    if not told_by_click:
        rows = rows[~_may_be_published_by_click(rows, trails, documents, asked.at)]
    rows = distinct(np.append(rows, clicked))
    if len(rows) < 2:
        return None
    names, evidence = evidence_for(asked, rows, vectors_of(rows), smoothed, trails, documents)
    if told_by_click:
        told = [kind_of(name) in _TOLD_BY_FIRST_CLICK for name in names]
        evidence = np.where(told, evidence, 0.0)
    chances = np.full(len(rows), len(rivals) / max(len(shown), 1))
    chances[is_among(rows, drawn)] = min(1.0, _DRAWN / max(len(documents) - len(likely), 1))
    chances[rows == clicked] = 1.0
    return Lesson(names, evidence, np.log(chances), int(np.searchsorted(rows, clicked)))


def _worthiest(words: Liked) -> Numbers:
    return words.terms[np.lexsort((words.terms, -words.worth))[:_TERMS]]


def _could_be_shown(rows: Rows, asked: Asked, documents: Documents) -> NDArray[np.bool_]:
    return documents.open_to_all(rows, asked.at) & ~is_among(rows, np.sort(asked.reader.reads.rows))


def _may_be_published_by_click(
    rows: Rows, trails: Trails, documents: Documents, at: float
) -> NDArray[np.bool_]:
    existed = at - documents.published_at(rows) >= _EXISTED  # not where it is not known
    return np.asarray(~existed & (trails.counts(rows) == 0))


def _near(reader: Reader, found: Sequence[Rows], trails: Trails, vectors_of: VectorsOf) -> Near:
    """Of what was found near each unit, the documents that somebody read."""
    rows = np.full((len(found), _NEAR), -1, np.int64)
    nearest = np.concatenate([NO_ROWS, *found])
    is_read, start = trails.counts(nearest) > 0, 0
    for place, one in enumerate(found):
        read = one[is_read[start : start + len(one)]][:_NEAR]
        rows[place, : len(read)] = read
        start += len(one)
    cosines = np.zeros(rows.shape, np.float32)
    there = rows >= 0
    if there.any():
        units = np.repeat(reader.units[: len(found)], there.sum(axis=1), axis=0)
        cosines[there] = np.einsum("nd,nd->n", vectors_of(rows[there]), units)
    return near_units(rows, cosines, reader.sizes[: len(found)], reader.settings.decay, trails)
