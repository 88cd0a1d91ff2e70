"""What speaks for a document: the reader's interests, words, attributes, freshness, trend, popularity, other
readers.

Each kind of evidence is a pure function from a reader and candidates to a few columns of numbers, one row a
candidate. `penchant.rank.blend` weighs them. Only differences between candidates count, so that evidence that
knows nothing (no clock, no attributes, nobody else's clicks) is the same for all and thereby silent.

Counts enter as logarithms: weights then are exponents, and the whole is a product of powers, in which no one
count can drown the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.checks import EARLIEST_CLOCK
from penchant.memory.facts import Facts, Smoothed, Words
from penchant.memory.readers import Numbers, Rows, Times
from penchant.memory.trails import Trails
from penchant.rank.neighbours import Neighbours, Weights
from penchant.settings import Settings
from penchant.types import Vector, Vectors

Column = NDArray[np.float64]
_AFTER_THE_LIKE = "read after the like"
COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "any unit": "interest",
        "all units": "interest",
        "latest unit": "interest",
        "key terms": "words",
        "age": "freshness",
        "age over 6 hours": "freshness",
        "age over 2 days": "freshness",
        "age over 10 days": "freshness",
        "since the last visit": "freshness",
        "published beside the last read": "freshness",
        "published beside it, in a session": "freshness",
        "age that the reader likes": "freshness",
        "clicks in 30 minutes": "trend",
        "clicks in 3 hours": "trend",
        "clicks in a day": "trend",
        "clicks in 2 weeks": "trend",
        "readers": "popularity",
        "readers of the same": "readers",
        "readers of much the same": "readers",
        "readers of the like": "readers",
        "readers of the latest": "readers",
        "read next to the same": "readers",
        _AFTER_THE_LIKE: "readers",
    }
)
"""Name of a column -> the kind of evidence that it is. Beside these there is one column for each
attribute."""
ATTRIBUTE = "attribute "
"""An attribute's column is named by it and the attribute."""
_SHORTER = (14, 8, 6)
"""The half-lives of clicks after the longest are so many times shorter each: of two weeks a day, 3 hours, 30
minutes."""
_KNOTS = (2.0, 4.0, 5.5)
"""Of the logarithm of 1 + hours: 6 hours, 2 days, 10 days."""
MOST_READERS = 200
"""So many latest readers of a document are looked at."""


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


class Near(NamedTuple):
    """Documents near a reader's units, and how much each counts."""

    rows: Rows
    weights: Column


class Liked(NamedTuple):
    """Key terms of what a reader read."""

    terms: Numbers
    worth: Column
    """What each is worth: ``log(1 + times read) * log(documents / documents with the term)``."""


def measure(
    reader: Reader,
    known: Neighbours,
    words: Liked,
    candidates: Facts,
    vectors: Vectors,
    read: Smoothed,
    trails: Trails,
    at: float,
) -> tuple[list[str], NDArray[np.float64]]:
    """(the names of the columns, their values of shape (candidates, columns)).

    Args:
        known: see `neighbours_of`.
        words: see `liked_terms`.
        vectors: embeddings of the candidates, shape (candidates, dimension).
        read: the candidates that somebody read, and their smoothed embeddings' cosines to the reader's taste.
    """
    of_units, of_taste = cosines_to(reader, vectors)
    columns = {
        **interest(reader, of_units),
        "key terms": key_terms(words, candidates),
        **attributes(reader, candidates),
        **freshness(reader, candidates.published_at, at),
        **others(reader, known, candidates.rows, trails, at),
        _AFTER_THE_LIKE: read_after_the_like(of_taste, read),
    }
    # sums in another order differ in their last bits: rounded, a state that was reopened gives and learns the
    # same
    values = np.stack(list(columns.values()))
    return list(columns), np.round(values, 6, out=values).T


def kind_of(column: str) -> str:
    """The kind of evidence that a column is."""
    return "attributes" if column.startswith(ATTRIBUTE) else COLUMNS[column]


def cosines_to(reader: Reader, documents: Vectors) -> tuple[Vectors, Vector]:
    """Of each document (the cosines to the reader's units, that to the reader's `taste`), in one pass;
    without a taste 0."""
    count = len(reader.units)
    directions = [each for each in (reader.units, reader.taste[None]) if each.size]
    found = (
        documents @ np.concatenate(directions).T if directions else np.zeros((len(documents), 0), np.float32)
    )
    return found[:, :count], found[:, count] if len(reader.taste) else np.zeros(len(documents), np.float32)


def interest(reader: Reader, cosines: Vectors) -> dict[str, Column]:
    """By meaning, from the Interest Units; a unit weighs ``log(1 + size) * fading ** place``, larger and more
    recent ones more.

    ``any unit`` is a soft maximum, ``10 / s * log(sum(weight * exp(s * cosine)))`` with `Settings.sharpness`
    for s: one strong interest is enough, and the others still count. ``all units`` is ten times the weighted
    mean of the cosines, the paper's sum with weights; ``latest unit`` is ten times the cosine to the unit
    updated last.

    Args:
        cosines: of the documents to the units, shape (documents, units).
    """
    found = {name: np.zeros(len(cosines)) for name, kind in COLUMNS.items() if kind == "interest"}
    if len(reader.units):
        weights = np.log1p(reader.sizes) * reader.settings.decay ** np.arange(len(reader.units))
        total = float(weights.sum())
        shares = np.asarray(weights / total, np.float32)
        tens, sharpness = 10 * cosines, reader.settings.sharpness
        soft = np.log(np.exp(sharpness * (cosines - 1)) @ shares).astype(np.float64) + math.log(total)
        found["any unit"] = 10 / sharpness * soft
        found["all units"] = (tens @ shares).astype(np.float64)
        found["latest unit"] = tens[:, 0].astype(np.float64)
    return found


def taste(read: Vectors, fading: float) -> Vector:
    """The direction of the mean of what a reader read last, the latest counting more; empty for none.

    Args:
        read: embeddings, the latest at the end.
    """
    mean = _fading(len(read), fading).astype(np.float32) @ read
    length = float(np.sqrt(mean @ mean))
    return np.asarray(mean / length, np.float32) if length > 0 else np.zeros(0, np.float32)


def read_after_the_like(cosines: Vector, read: Smoothed) -> Column:
    """How much nearer to the reader's `taste` a document is for what its readers had read before it; 0
    without readers.

    ``10 * (cosine of the smoothed embedding - cosine of the embedding)``, see `penchant.rank.smoothing`

    Args:
        cosines: of the documents' embeddings to the taste.
    """
    nearer = np.zeros(len(cosines))
    nearer[read.positions] = 10 * (read.cosines - cosines[read.positions])
    return nearer


def key_terms(words: Liked, candidates: Facts) -> Column:
    """Key terms that a title shares with what was read: rare ones more, often read ones more, in short titles
    more.

    ``sum(worth) / sqrt(1 + terms)``
    """
    from penchant.rank import tally  # compiled code takes half a second to load, and the first time much more

    return (
        tally.shared_terms(candidates.terms, *words) if len(words.terms) else np.zeros(len(candidates.rows))
    )


def liked_terms(reader: Reader, words: Words) -> Liked:
    """The key terms of what was read last, the latest counting more."""
    read = reader.reads.terms[-reader.settings.reads_weighed :]
    fading = np.repeat(_fading(len(read), reader.settings.decay_words), read.shape[1])
    there = np.flatnonzero(read >= 0)
    there = there[np.argsort(read.ravel()[there], kind="stable")]
    ordered = read.ravel()[there]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    terms = ordered[first]
    times = np.add.reduceat(fading[there], first) if len(first) else np.zeros(0)
    return Liked(
        terms, np.log1p(times) * np.log(max(words.documents, 1) / np.maximum(words.counts[terms], 1))
    )


def attributes(reader: Reader, candidates: Facts) -> dict[str, Column]:
    """How much of what was read has the same value of an attribute: ``log(1 + 10 * times read)``, the latest
    counting more."""
    found = {}
    for name, values in candidates.attributes.items():
        read = reader.reads.attributes.get(name, np.zeros(0, np.int32))[-reader.settings.reads_weighed :]
        fading = _fading(len(read), reader.settings.decay)
        there = read >= 0
        most = int(max(values.max(initial=-1), read.max(initial=-1))) + 1
        times = np.bincount(read[there], fading[there], most + 1)
        found[ATTRIBUTE + name] = np.log1p(
            10 * times[values]
        )  # -1, no value, is the last entry, which nobody read
    return found


def freshness(reader: Reader, published_at: Times, at: float) -> dict[str, Column]:
    """By the time of publication: a line of the logarithm of the age with three bends, and what the reader's
    habits are.

    A document without `published_at` is as old as the oldest.
    """
    names = [name for name, kind in COLUMNS.items() if kind == "freshness"]
    if at < EARLIEST_CLOCK:
        return {name: np.zeros(len(published_at)) for name in names}
    oldest, session = reader.settings.oldest_age, reader.settings.session_gap
    published = np.where(np.isnan(published_at), at - oldest, published_at)
    age = _age(at - published, oldest)
    columns = [age, *(np.maximum(age - knot, 0) for knot in _KNOTS), *np.zeros((4, len(age)))]
    read = reader.reads.published_at
    if len(read):
        last = float(reader.at[-1])
        columns[4] = (published > last).astype(np.float64)
        if not np.isnan(read[-1]):
            columns[5] = _age(np.abs(published - read[-1]), oldest)
            columns[6] = columns[5] * (at - last < session)
        ages = _age((reader.at - read)[-30:], oldest)
        ages = ages[~np.isnan(ages)]
        if len(ages):
            columns[7] = age * (float(ages.mean()) - 3.5) / 3
    return dict(zip(names, columns, strict=True))


def others(reader: Reader, known: Neighbours, rows: Rows, trails: Trails, at: float) -> dict[str, Column]:
    """By what everybody reads: how many, how lately, and how much those who read it have in common with the
    reader.

    Clicks count half after a while. Each document is given what its readers have in common with this one; a
    reader of much gives less of it: ``sum(common / sqrt(documents read))``. ``read next to the same`` looks
    at the order too: how closely before or, which is twice as much, after the same document another reader
    read this one.
    """
    from penchant.rank import tally

    of_rows, settings = trails.readers(rows, MOST_READERS), reader.settings
    heard = tally.said(
        reader.number,
        of_rows,
        known,
        trails.entries,
        at,
        settings.trend_half_life,
        _SHORTER,
        settings.decay_beside,
    )
    clicks = heard.clicks if at >= EARLIEST_CLOCK else np.zeros_like(heard.clicks)
    columns = [
        *np.log(clicks[::-1] + 0.1),
        np.log(trails.counts(rows) + 0.1),
        *np.log(heard.common + 0.01),
        np.log(heard.beside + 0.01),
    ]
    names = [
        name
        for name, kind in COLUMNS.items()
        if kind in ("trend", "popularity", "readers") and name != _AFTER_THE_LIKE
    ]
    return dict(zip(names, columns, strict=True))


def recent_clicks(names: Sequence[str], evidence: NDArray[np.float64]) -> Column:
    """Clicks of others on candidates, each counting half after a day, from the evidence for them."""
    return np.maximum(np.exp(evidence[:, list(names).index("clicks in a day")]) - 0.1, 0.0)


def neighbours_of(reader: Reader, near: Near, trails: Trails) -> Neighbours:
    """The readers who have something in common with a reader.

    Two readers have in common what both read (rare documents and recent ones more), or, for ``readers of the
    like``, that one read what is near the other's Interest Units.
    """
    from penchant.rank import tally

    settings = reader.settings
    rows = reader.reads.rows[-settings.reads_weighed :]
    counts = trails.counts(rows)
    recent, just = (
        _fading(len(rows), fading) / np.sqrt(np.maximum(counts, 1))
        for fading in (settings.decay, settings.decay_order)
    )
    return tally.neighbours(
        reader.number,
        trails.readers(rows, MOST_READERS),
        Weights(recent, 1 / np.log(2 + counts), just),
        trails.readers(near.rows, MOST_READERS),
        near.weights,
        trails.entries,
        trails.lengths(),
    )


def near_units(rows: Rows, cosines: Vectors, sizes: NDArray[np.int64], fading: float, trails: Trails) -> Near:
    """The documents near a reader's units, which tell who has the same interests.

    Args:
        rows: of the documents near each unit, shape (units, documents); -1 where there are fewer.
        cosines: their cosines to that unit.
        sizes: of the units.
        fading: see `penchant.settings.Settings`.
    """
    there = rows >= 0
    closeness = np.where(there, np.exp(5 * (cosines.astype(np.float64) - 1)), 0)
    shares = closeness / np.maximum(closeness.sum(axis=1, keepdims=True), 1e-12)
    shares *= (np.log1p(sizes) * fading ** np.arange(len(sizes)))[:, None]
    flat = rows[there]
    return Near(flat, shares[there] / np.sqrt(np.maximum(trails.counts(flat), 1)))


def alike(known: Neighbours, count: int) -> NDArray[np.int64]:
    """The numbers of the readers who have most in common with a reader, by what both read."""
    common = known.common[:, 0]
    most = np.arange(len(common))
    if len(common) > count:
        kth = np.partition(common, len(common) - count)[len(common) - count]
        most = np.flatnonzero(common >= kth - 1e-6)  # more than rounding may put in another order
    order = most[np.lexsort((known.numbers[most], -common[most].round(9)))[:count]]
    return known.numbers[order[common[order] > 0]].astype(np.int64)


def _fading(count: int, rate: float) -> Column:
    return np.asarray(rate ** np.arange(count)[::-1], np.float64)


def _age(seconds: Times, oldest: float) -> Column:
    return np.log1p(np.minimum(np.maximum(seconds, 0), oldest) / 3_600)
