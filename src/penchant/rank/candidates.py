"""Documents that are asked about, with what several kinds of evidence look at, each looked up once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.memory.facts import Facts, Smoothed
from penchant.memory.readers import NO_ROWS, Rows
from penchant.rank.asked import Asked, Reader
from penchant.rank.neighbours import MOST_READERS, Said
from penchant.types import Vector, Vectors

NOTHING_SMOOTHED = Smoothed(NO_ROWS, np.zeros(0, np.float32))
SHORTER = (14, 8, 6)
"""By how much each half-life of clicks is shorter than the one before: of two weeks a day, 3 hours, 30
minutes."""


class ByTower(NamedTuple):
    """What a trained tower says of documents."""

    scores: NDArray[np.float64]
    """How likely it holds each, as a logarithm: by the reader's interest that suits it best."""
    trained: NDArray[np.bool_]
    """Which of them it knows from its training, and not by their text alone."""


class Candidates(NamedTuple):
    """Some documents, side by side."""

    rows: Rows
    vectors: Vectors
    """Their embeddings, shape (documents, dimension)."""
    facts: Facts
    of_units: Vectors
    """Cosines to the reader's units, shape (documents, units)."""
    of_taste: Vector
    """Cosines to the reader's taste; 0 without one."""
    smoothed: Smoothed
    """Those that somebody read, and their smoothed embeddings' cosines to the reader's taste."""
    newer: NDArray[np.int64]
    """How many documents were published after each."""
    readers: NDArray[np.int64]
    """How many readers each has."""
    said: Said
    """What others say of them by reading them."""
    by_tower: ByTower | None
    """What a trained tower says of them; None without one, or where the reader read nothing."""


def looked_up(asked: Asked, rows: Rows) -> Candidates:
    """Documents, ready to be weighed for a reader.

    Where documents have one reader each, that somebody read one says that it is taken: what others read is
    left out, so that trend, popularity and readers are silent.
    """
    known, reader = asked.known, asked.reader
    vectors = known.index.vectors(rows)
    facts, newer = known.documents.facts(rows), known.documents.published_since(rows, asked.at)
    cosines, by_tower = cosines_to(reader, vectors), _by_tower(asked, rows)
    if not known.trails.are_shared:
        unread = _unread(len(rows))
        return Candidates(rows, vectors, facts, *cosines, NOTHING_SMOOTHED, newer, *unread, by_tower)
    readers, smoothed = known.trails.counts(rows), known.smoothed(reader.taste, rows, vectors)
    said = _said(asked, rows)
    return Candidates(rows, vectors, facts, *cosines, smoothed, newer, readers, said, by_tower)


def _by_tower(asked: Asked, rows: Rows) -> ByTower | None:
    tower = asked.known.tower
    if tower is None or not len(asked.towards) or not len(rows):
        return None
    return ByTower(tower.scores(rows, asked.towards), tower.trained(rows))


def _unread(count: int) -> tuple[NDArray[np.int64], Said]:
    nothing = Said(np.zeros((1 + len(SHORTER), count)), np.zeros((4, count)), np.zeros(count))
    return np.zeros(count, np.int64), nothing


def _said(asked: Asked, rows: Rows) -> Said:
    from penchant.rank import tally  # compiled code takes half a second to load, and the first time much more

    known, settings, reader = asked.known, asked.reader.settings, asked.reader
    return tally.said(
        reader.number,
        known.trails.readers(rows, MOST_READERS),
        asked.neighbours,
        known.trails.entries,
        asked.at,
        settings.trend_half_life,
        SHORTER,
        settings.decay_beside,
    )


def cosines_to(reader: Reader, documents: Vectors) -> tuple[Vectors, Vector]:
    """Of each document (the cosines to the reader's units, that to the reader's taste), in one pass; without
    a taste 0."""
    count = len(reader.units)
    directions = [each for each in (reader.units, reader.taste[None]) if each.size]
    none = np.zeros((len(documents), 0), np.float32)
    found = documents @ np.concatenate(directions).T if directions else none
    of_taste = found[:, count] if len(reader.taste) else np.zeros(len(documents), np.float32)
    return found[:, :count], of_taste
