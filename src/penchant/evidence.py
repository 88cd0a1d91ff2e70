"""What speaks for a document: the reader's interests, words, attributes, freshness, trend, popularity, other readers.

Each kind of evidence is a pure function from a reader and candidates to a few columns of numbers, one row a candidate.
`penchant.blend` weighs them. Only differences between candidates count, so that evidence that knows nothing (no clock, no
attributes, nobody else's clicks) is the same for all and thereby silent.

Counts enter as logarithms: weights then are exponents, and the whole is a product of powers, in which no one count can drown
the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.checks import EARLIEST_CLOCK
from penchant.readings import Readers, Readings, Rows, Times
from penchant.types import Vectors

Column = NDArray[np.float64]
BUCKETS = 1 << 18
"""Key terms are told apart by a number below it."""
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
    }
)
"""Name of a column -> the kind of evidence that it is. Beside these there is one column for each attribute."""
ATTRIBUTE = "attribute "
"""An attribute's column is named by it and the attribute."""
_HALF_LIVES = np.array([1_800.0, 10_800.0, 86_400.0, 14 * 86_400.0])
_OLDEST = 60 * 86_400.0
"""Seconds. What is older is as old as that."""
_KNOTS = (2.0, 4.0, 5.5)
"""Of the logarithm of 1 + hours: 6 hours, 2 days, 10 days."""
_SESSION = 1_800.0
"""Seconds without a click that end a visit."""
_LAST = 50
"""So many last documents of a reader tell who reads the same, what is read, and which words and attributes are liked."""
_FADING = 0.9
"""What each document further back counts, beside the one after it."""
_FADING_WORDS = 0.97
_FADING_FAST = 0.6
"""The same, where the order of reading counts."""
_ASIDE = 0.6
"""What each document between two in the order of reading takes from their closeness."""
MOST_READERS = 200
"""So many latest readers of a document are looked at."""


class Facts(NamedTuple):
    """What is known of some documents, side by side."""

    rows: Rows
    published_at: Times
    """NaN where it is not known."""
    terms: NDArray[np.int32]
    """The numbers of their key terms, shape (documents, at most so many), -1 where there are fewer."""
    attributes: Mapping[str, NDArray[np.int32]]
    """Name -> a number for each value, -1 where there is none."""


class Reader(NamedTuple):
    """Who is asking."""

    number: int
    """See `penchant.readings.Readings.number`."""
    units: Vectors
    """Embeddings of the Interest Units, the most recently updated first."""
    sizes: NDArray[np.int64]
    """How many documents each unit has."""
    reads: Facts
    """The documents that were clicked, the latest at the end."""
    at: Times
    """When."""


class Near(NamedTuple):
    """Documents near a reader's units, and how much each counts."""

    rows: Rows
    weights: Column


class Words(NamedTuple):
    """How many documents have each key term."""

    counts: NDArray[np.int32]
    """By the number of the term, shape (BUCKETS,)."""
    documents: int


def measure(
    reader: Reader, company: Readers, near: Near, candidates: Facts, vectors: Vectors, readings: Readings, words: Words, at: float
) -> tuple[list[str], NDArray[np.float64]]:
    """(the names of the columns, their values of shape (candidates, columns)).

    Args:
        company: the readers of the `latest` documents of the reader.
        vectors: embeddings of the candidates, shape (candidates, dimension).
    """
    columns = {
        **interest(reader, vectors),
        "key terms": key_terms(reader, candidates, words),
        **attributes(reader, candidates),
        **freshness(reader, candidates.published_at, at),
        **others(reader, company, near, candidates.rows, readings, at),
    }
    # sums in another order differ in their last bits: rounded, a state that was reopened gives and learns the same
    return list(columns), np.stack(list(columns.values()), axis=1).round(6)


def kind_of(column: str) -> str:
    """The kind of evidence that a column is."""
    return "attributes" if column.startswith(ATTRIBUTE) else COLUMNS[column]


def interest(reader: Reader, documents: Vectors) -> dict[str, Column]:
    """By meaning, from the Interest Units; a unit weighs ``log(1 + size) * 0.9 ** place``, larger and more recent ones more.

    ``any unit`` is a soft maximum, ``log(sum(weight * exp(10 * cosine)))``: one strong interest is enough, and the others
    still count. ``all units`` is ten times the weighted mean of the cosines, the paper's sum with weights; ``latest unit``
    is ten times the cosine to the unit updated last.
    """
    found = {name: np.zeros(len(documents)) for name, kind in COLUMNS.items() if kind == "interest"}
    if len(reader.units):
        cosines = (documents @ reader.units.T).astype(np.float64)
        weights = np.log1p(reader.sizes) * _FADING ** np.arange(len(reader.units))
        found["any unit"] = np.log(np.exp(10 * (cosines - 1)) @ weights)
        found["all units"] = 10 * (cosines @ weights) / weights.sum()
        found["latest unit"] = 10 * cosines[:, 0]
    return found


def key_terms(reader: Reader, candidates: Facts, words: Words) -> Column:
    """Key terms that a title shares with what was read: rare ones more, often read ones more, in short titles more.

    ``sum(log(1 + times read) * log(documents / documents with the term)) / sqrt(1 + terms)``
    """
    read = reader.reads.terms[-_LAST:]
    if not read.size or not candidates.terms.size:
        return np.zeros(len(candidates.rows))
    times = np.zeros(BUCKETS, np.float32)
    fading = np.repeat(_fading(len(read), _FADING_WORDS), read.shape[1])
    there = read.ravel() >= 0
    np.add.at(times, read.ravel()[there], fading[there].astype(np.float32))
    wanted = candidates.terms
    worth = np.log1p(times[wanted]) * np.log(max(words.documents, 1) / np.maximum(words.counts[wanted], 1))
    return np.asarray(np.where(wanted >= 0, worth, 0).sum(axis=1) / np.sqrt(1 + (wanted >= 0).sum(axis=1)), np.float64)


def attributes(reader: Reader, candidates: Facts) -> dict[str, Column]:
    """How much of what was read has the same value of an attribute: ``log(1 + 10 * times read)``, the latest counting more."""
    found = {}
    for name, values in candidates.attributes.items():
        read = reader.reads.attributes.get(name, np.zeros(0, np.int32))[-_LAST:]
        fading = _fading(len(read), _FADING)
        there = read >= 0
        most = int(max(values.max(initial=-1), read.max(initial=-1))) + 1
        times = np.bincount(read[there], fading[there], most + 1)
        found[ATTRIBUTE + name] = np.log1p(10 * times[values])  # -1, no value, is the last entry, which nobody read
    return found


def freshness(reader: Reader, published_at: Times, at: float) -> dict[str, Column]:
    """By the time of publication: a line of the logarithm of the age with three bends, and what the reader's habits are.

    A document without `published_at` is as old as the oldest.
    """
    names = [name for name, kind in COLUMNS.items() if kind == "freshness"]
    if at < EARLIEST_CLOCK:
        return {name: np.zeros(len(published_at)) for name in names}
    published = np.nan_to_num(published_at, nan=at - _OLDEST)
    age = _age(at - published)
    columns = [age, *(np.maximum(age - knot, 0) for knot in _KNOTS), *np.zeros((4, len(age)))]
    read = reader.reads.published_at
    if len(read):
        last = float(reader.at[-1])
        columns[4] = (published > last).astype(np.float64)
        if not np.isnan(read[-1]):
            columns[5] = _age(np.abs(published - read[-1]))
            columns[6] = columns[5] * (at - last < _SESSION)
        ages = _age(reader.at - read)[-30:]
        if not np.isnan(ages).all():
            columns[7] = age * (float(np.nanmean(ages)) - 3.5) / 3
    return dict(zip(names, columns, strict=True))


def others(reader: Reader, company: Readers, near: Near, rows: Rows, readings: Readings, at: float) -> dict[str, Column]:
    """By what everybody reads: how many, how lately, and how much those who read it have in common with the reader."""
    found = readings.readers(rows, MOST_READERS)
    mine = found.numbers == reader.number
    found = Readers(*(column[~mine] for column in found)) if mine.any() else found
    columns = {**trend(found, len(rows), at), "readers": np.log(readings.counts(rows) + 0.1)}
    columns.update(readers_in_common(reader, company, near, found, len(rows), readings))
    return columns


def trend(found: Readers, count: int, at: float) -> dict[str, Column]:
    """The logarithm of clicks that each count half after a while."""
    clicks = np.zeros((len(_HALF_LIVES), count))
    if at >= EARLIEST_CLOCK:
        passed = np.maximum(at - found.at, 0.0)
        clicks = np.stack([np.bincount(found.positions, np.exp2(-passed / half), count) for half in _HALF_LIVES])
    names = [name for name, kind in COLUMNS.items() if kind == "trend"]
    return dict(zip(names, np.log(clicks + 0.1), strict=True))


def recent_clicks(readings: Readings, rows: Rows, at: float) -> Column:
    """Clicks on documents, each counting half after a day."""
    found = readings.readers(rows, MOST_READERS)
    return np.bincount(found.positions, np.exp2(-np.maximum(at - found.at, 0.0) / 86_400.0), len(rows)).astype(np.float64)


def readers_in_common(
    reader: Reader, company: Readers, near: Near, found: Readers, count: int, readings: Readings
) -> dict[str, Column]:
    """Neighbourhood collaborative filtering, from nothing but who read what.

    Two readers have in common what both read (rare documents and recent ones more), or, for ``readers of the like``, that
    one read what is near the other's Interest Units. Each document is given what its readers have in common with this one;
    a reader of much gives less of it: ``sum(common / sqrt(documents read))``. ``read next to the same`` looks at the order
    too: how closely before or, which is twice as much, after the same document another reader read this one.
    """
    lengths = np.sqrt(np.maximum(readings.lengths(), 1))
    rows = latest(reader)
    counts = readings.counts(rows)
    recent, just = (_fading(len(rows), fading) / np.sqrt(np.maximum(counts, 1)) for fading in (_FADING, _FADING_FAST))
    liked = readings.readers(near.rows, MOST_READERS)
    common = {
        "readers of the same": _in_common(company, recent, readings) / lengths,
        "readers of much the same": _in_common(company, 1 / np.log(2 + counts), readings) / lengths,
        "readers of the like": _in_common(liked, near.weights, readings) / lengths,
        "readers of the latest": _in_common(company, just, readings),
    }
    sums: dict[str, Column] = {}
    for name, values in common.items():
        sums[name] = np.asarray(np.bincount(found.positions, values[found.numbers], count), np.float64)
    sums["read next to the same"] = _beside(company, just, found, count, len(readings))
    return {name: np.log(values + 0.01) for name, values in sums.items()}


def _beside(company: Readers, weights: Column, found: Readers, count: int, people: int) -> Column:
    """For each candidate the sum, over its readers and the documents that they read too, of weight * closeness in order."""
    order = np.argsort(company.numbers, kind="stable")
    places, worth = company.places[order], weights[company.positions[order]]
    times = np.bincount(company.numbers, minlength=people)
    ends, lengths = np.cumsum(times)[found.numbers], times[found.numbers]
    both = np.repeat(np.arange(len(found.numbers)), lengths)
    other = np.repeat(ends - np.cumsum(lengths), lengths) + np.arange(len(both))
    gaps = found.places[both] - places[other]
    closeness = np.where(gaps > 0, 1.0, 0.5) * _ASIDE ** (np.abs(gaps) - 1.0)
    return np.bincount(found.positions[both], np.where(gaps == 0, 0.0, closeness * worth[other]), count).astype(np.float64)


def near_units(rows: Rows, cosines: Vectors, sizes: NDArray[np.int64], readings: Readings) -> Near:
    """The documents near a reader's units, which tell who has the same interests.

    Args:
        rows: of the documents near each unit, shape (units, documents); -1 where there are fewer.
        cosines: their cosines to that unit.
        sizes: of the units.
    """
    there = rows >= 0
    closeness = np.where(there, np.exp(5 * (cosines.astype(np.float64) - 1)), 0)
    shares = closeness / np.maximum(closeness.sum(axis=1, keepdims=True), 1e-12)
    shares *= (np.log1p(sizes) * _FADING ** np.arange(len(sizes)))[:, None]
    flat = rows[there]
    return Near(flat, shares[there] / np.sqrt(np.maximum(readings.counts(flat), 1)))


def latest(reader: Reader) -> Rows:
    """What a reader read last, and is known by."""
    return reader.reads.rows[-_LAST:]


def alike(reader: Reader, company: Readers, readings: Readings, count: int) -> NDArray[np.int64]:
    """The numbers of the readers who have most in common with a reader, by what both read."""
    people = np.unique(company.numbers[company.numbers != reader.number])
    rows = latest(reader)
    weights = _fading(len(rows), _FADING) / np.sqrt(np.maximum(readings.counts(rows), 1))
    common = _in_common(company, weights, readings)[people] / np.sqrt(np.maximum(readings.lengths()[people], 1))
    return people[np.argsort(-common, kind="stable")[:count]]


def _in_common(found: Readers, weights: Column, readings: Readings) -> Column:
    """What each reader, by number, has of documents, by their weights."""
    return np.asarray(np.bincount(found.numbers, weights[found.positions], len(readings)), np.float64)


def _fading(count: int, rate: float) -> Column:
    return np.asarray(rate ** np.arange(count)[::-1], np.float64)


def _age(seconds: Times) -> Column:
    return np.log1p(np.clip(seconds, 0, _OLDEST) / 3_600)
