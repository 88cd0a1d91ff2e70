"""A reader who asks, and what is looked up once for all questions about documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.memory.facts import Facts, Words
from penchant.memory.readers import NO_ROWS, Numbers, Rows, Times, gathered, is_first
from penchant.memory.trails import Trail, Trails
from penchant.rank.neighbours import MOST_READERS, Near, Neighbours, Weights
from penchant.rank.wishes import Wished, wished
from penchant.settings import Settings
from penchant.types import InterestUnit, User, Vector, Vectors
from penchant.units.rules import by_recency
from penchant.vectors import embeddings_of

if TYPE_CHECKING:
    from penchant.rank.known import Known

Column = NDArray[np.float64]
Search = Callable[[Vectors, int], Sequence[Rows]]
"""(vectors, how many) -> the rows of the documents near each, the nearest first."""
UNITS_SEARCHED = 5
"""Latest units that tell who has the same interests. The others count for little, and each is a search."""
OF_LATEST = 60
_OF_OTHERS = 10
"""Documents looked up near each of these units, and near each of the others."""
_NEAR = 20
"""Read documents near each unit that tell who has the same interests."""


class Reader(NamedTuple):
    """Who is asking."""

    number: int
    """See `penchant.memory.trails.Trails.number`."""
    units: Vectors
    """Embeddings of the Interest Units, the most recently updated first."""
    sizes: NDArray[np.int64]
    """How many documents each unit has."""
    reads: Facts
    """The documents that were clicked, the latest at the end."""
    at: Times
    """When."""
    taste: Vector
    """See `taste`."""
    settings: Settings
    """How far back the documents are evidence, and how much."""


class Liked(NamedTuple):
    """Key terms of what a reader read."""

    terms: Numbers
    worth: Column
    """What each is worth: ``log(1 + times read) * log(documents / documents with the term)``."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A reader, and what was looked up for all questions about documents."""

    known: Known
    user: User
    units: Sequence[InterestUnit]
    """The most recently updated first."""
    reader: Reader
    neighbours: Neighbours
    """The readers who have something in common with the reader."""
    liked: Liked
    """The key terms that the reader likes."""
    latest: Sequence[Rows]
    """The documents near each of the latest units, the nearest first, whether anybody read them or not."""
    others: Sequence[Rows]
    """The same of the other units, fewer of each."""
    towards: Vectors
    """What a trained tower makes of the reader, shape (interests, dimension); nothing without one."""
    at: float
    """Now, Unix seconds."""

    @cached_property
    def wished(self) -> Wished:
        """What the reader asked for."""
        wishes = self.user.wishes
        return wished(wishes, self.known.threshold() if wishes else 1.0)

    @cached_property
    def readers_of_read(self) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
        """(the documents read last, the latest at the end; which of them, and the number of a reader, of each
        of their readers)."""
        trails, rows = self.known.trails, self.reader.reads.rows[-self.reader.settings.reads_weighed :]
        which, places = gathered(trails.readers(rows, MOST_READERS))
        return rows, which, trails.entries.numbers[places].astype(np.int64)


def ask(
    known: Known,
    user_id: str,
    user: User,
    trail: Trail,
    at: float,
    *,
    every_unit: bool = False,
    search: Search | None = None,
) -> Asked:
    """A reader, ready to be asked about.

    Args:
        every_unit: whether all units look for documents near them, or only the latest.
        search: in place of the index.
    """
    settings, trails, search = known.settings, known.trails, search or known.near
    units = by_recency(user.units)
    vectors = embeddings_of(units) if units else np.zeros((0, 0), np.float32)
    sizes = np.array([unit.size for unit in units], np.int64)
    direction = taste(known.index.vectors(trail.rows[-settings.reads_weighed :]), settings.decay)
    reads = known.documents.facts(trail.rows)
    reader = Reader(trails.number(user_id), vectors, sizes, reads, trail.at, direction, settings)
    latest = list(search(vectors[:UNITS_SEARCHED], OF_LATEST)) if units else []
    others = []
    if every_unit and len(units) > UNITS_SEARCHED:
        others = list(search(vectors[UNITS_SEARCHED:], _OF_OTHERS))
    neighbours = neighbours_of(reader, _near(reader, latest, known), trails)
    liked = liked_terms(reader, known.documents.traits.words)
    towards = known.towards(trail.rows)
    return Asked(known, user, units, reader, neighbours, liked, latest, others, towards, at)


def taste(read: Vectors, decay: float) -> Vector:
    """The direction of the mean of what a reader read last, the latest counting more; empty for none.

    Args:
        read: embeddings, the latest at the end.
    """
    mean = decayed(len(read), decay).astype(np.float32) @ read
    length = float(np.sqrt(mean @ mean))
    return np.asarray(mean / length, np.float32) if length > 0 else np.zeros(0, np.float32)


def liked_terms(reader: Reader, words: Words) -> Liked:
    """The key terms of what was read last, the latest counting more."""
    read = reader.reads.terms[-reader.settings.reads_weighed :]
    weights = np.repeat(decayed(len(read), reader.settings.decay_words), read.shape[1])
    there = np.flatnonzero(read >= 0)
    there = there[np.argsort(read.ravel()[there], kind="stable")]
    ordered = read.ravel()[there]
    first = np.flatnonzero(is_first(ordered))
    terms = ordered[first]
    times = np.add.reduceat(weights[there], first) if len(first) else np.zeros(0)
    rarity = np.log(max(words.documents, 1) / np.maximum(words.counts[terms], 1))
    return Liked(terms, np.log1p(times) * rarity)


def neighbours_of(reader: Reader, near: Near, trails: Trails) -> Neighbours:
    """The readers who have something in common with a reader.

    Two readers have in common what both read (rare documents and recent ones more), or, for ``readers of the
    like``, that one read what is near the other's Interest Units.
    """
    from penchant.rank import tally  # compiled code takes half a second to load, and the first time much more

    settings = reader.settings
    rows = reader.reads.rows[-settings.reads_weighed :]
    counts = trails.counts(rows)
    shares = 1 / np.sqrt(np.maximum(counts, 1))
    recent, just = (decayed(len(rows), decay) * shares for decay in (settings.decay, settings.decay_order))
    return tally.neighbours(
        reader.number,
        trails.readers(rows, MOST_READERS),
        Weights(recent, 1 / np.log(2 + counts), just),
        trails.readers(near.rows, MOST_READERS),
        near.weights,
        trails.entries,
        trails.lengths(),
    )


def near_units(rows: Rows, cosines: Vectors, sizes: NDArray[np.int64], decay: float, trails: Trails) -> Near:
    """The documents near a reader's units, which tell who has the same interests.

    Args:
        rows: of the documents near each unit, shape (units, documents); -1 where there are fewer.
        cosines: their cosines to that unit.
        sizes: of the units.
        decay: see `penchant.Settings`.
    """
    there = rows >= 0
    closeness = np.where(there, np.exp(5 * (cosines.astype(np.float64) - 1)), 0)
    shares = closeness / np.maximum(closeness.sum(axis=1, keepdims=True), 1e-12)
    shares *= (np.log1p(sizes) * decay ** np.arange(len(sizes)))[:, None]
    flat = rows[there]
    return Near(flat, shares[there] / np.sqrt(np.maximum(trails.counts(flat), 1)))


def decayed(count: int, decay: float) -> Column:
    """The weights of `count` documents, the latest at the end, which weighs 1."""
    return np.asarray(decay ** np.arange(count)[::-1], np.float64)


def _near(reader: Reader, found: Sequence[Rows], known: Known) -> Near:
    """Of what was found near each unit, the documents that somebody read."""
    rows = np.full((len(found), _NEAR), -1, np.int64)
    nearest = np.concatenate([NO_ROWS, *found])
    is_read, start = known.trails.counts(nearest) > 0, 0
    for place, one in enumerate(found):
        read = one[is_read[start : start + len(one)]][:_NEAR]
        rows[place, : len(read)] = read
        start += len(one)
    cosines = np.zeros(rows.shape, np.float32)
    there = rows >= 0
    if there.any():
        units = np.repeat(reader.units[: len(found)], there.sum(axis=1), axis=0)
        cosines[there] = np.einsum("nd,nd->n", known.index.vectors(rows[there]), units)
    return near_units(rows, cosines, reader.sizes[: len(found)], reader.settings.decay, known.trails)
