"""Sums over readers and key terms, in compiled code: thousands of readers are looked at for each question.

Nothing here is as large as the community.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.compiled import compiled, compiled_sum
from penchant.memory.readers import Entries, Numbers, Places, Segments, no_entries
from penchant.rank.neighbours import Floats, Neighbours, Said, Weights
from penchant.types import Vectors

_FURTHEST = 64
"""Documents that are further apart in the order of reading have nothing to do with each other."""
_NOTHING = 1e-12
"""A click that counts less counts nothing."""


def neighbours(
    reader: int,
    read: Segments,
    weights: Weights,
    near: Segments,
    near_weights: Floats,
    entries: Entries,
    lengths: NDArray[np.int64],
) -> Neighbours:
    """The neighbours of a reader.

    Args:
        reader: the number of the one who asks, who is left out.
        read: the readers of the documents that the reader read.
        near: the readers of documents near the reader's Interest Units.
        near_weights: what each of these counts.
        entries: what the segments are of.
        lengths: how many documents each reader read, by number.
    """
    room = int((read.end - read.start).sum())
    most = min(room + int((near.end - near.start).sum()), len(lengths))
    table = np.full(1 << (2 * most + 1).bit_length(), -1, np.int32)
    numbers, first, common = np.zeros(most, np.int32), np.zeros(most, np.int32), np.zeros((most, 4))
    found = Neighbours(
        numbers, common, table, first, np.zeros(room, np.int32), np.zeros(room, np.int32), np.zeros(room)
    )
    count = _neighbours(reader, read, weights, near, near_weights, entries, lengths, found)
    return found._replace(numbers=numbers[:count], common=common[:count])


def said(
    reader: int,
    readers: Segments,
    known: Neighbours,
    entries: Entries,
    at: float,
    half_life: float,
    shorter: Sequence[int],
    aside: float,
) -> Said:
    """What the readers of documents say of them.

    Args:
        at: now, Unix seconds.
        half_life: the longest, in seconds.
        shorter: how many times shorter each of the next ones is than the one before it.
        aside: what each document between two in the order of reading takes from their closeness; the one that
            was read after the other counts twice.
    """
    closeness = np.asarray(aside ** np.arange(_FURTHEST), np.float64)
    count = len(readers.start)
    heard = Said(np.zeros((1 + len(shorter), count)), np.zeros((4, count)), np.zeros(count))
    _said(reader, readers, known, entries, at, half_life, np.array(shorter, np.int64), closeness, heard)
    return heard


def warm_up() -> None:
    """Compile everything, or load what was compiled before, which otherwise happens when it is first
    needed."""
    nothing, none = np.zeros(0), np.zeros(0, np.int32)
    segments = Segments(np.zeros(0, np.int64), np.zeros(0, np.int64))
    entries = no_entries(0)
    weights = Weights(nothing, nothing, nothing)
    known = neighbours(-1, segments, weights, segments, nothing, entries, np.zeros(0, np.int64))
    said(-1, segments, known, entries, 0.0, 1.0, [], 0.5)
    shared_terms(np.zeros((0, 0), np.int32), none, nothing)
    vector = np.zeros(0, np.float32)
    directions(np.zeros(0, np.int64), np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32), vector, 0)


@compiled
def _slot(table: Numbers, numbers: Numbers, number: int) -> int:
    """Where a number is in the hash table of places in `numbers`, or the free place for it."""
    mask = len(table) - 1
    slot = number & mask
    while table[slot] >= 0 and numbers[table[slot]] != number:
        slot = (slot + 1) & mask
    return slot


@compiled
def _place_of(found: Neighbours, number: int, count: int) -> int:
    """The place of a neighbour: the next, which is `count`, where they are new."""
    slot = _slot(found.table, found.numbers, number)
    if found.table[slot] < 0:
        found.table[slot] = count
        found.numbers[count], found.first[count] = number, -1
    return int(found.table[slot])


@compiled
def _neighbours(
    reader: int,
    read: Segments,
    weights: Weights,
    near: Segments,
    near_weights: Floats,
    entries: Entries,
    lengths: NDArray[np.int64],
    found: Neighbours,
) -> int:
    """Fills in what was found, and returns how many neighbours.

    Loops in place of expressions of arrays, which take seconds to compile.
    """
    common = found.common
    count = shared = 0
    for document in range(len(read.start)):
        for entry in range(read.start[document], read.end[document]):
            number = entries.numbers[entry]
            if number == reader:
                continue
            place = _place_of(found, number, count)
            count = max(count, place + 1)
            common[place, 0] += weights.same[document]
            common[place, 1] += weights.much_the_same[document]
            common[place, 3] += weights.latest[document]
            found.after[shared], found.first[place] = found.first[place], shared
            found.order[shared], found.worth[shared] = entries.order[entry], weights.latest[document]
            shared += 1
    for document in range(len(near.start)):
        for entry in range(near.start[document], near.end[document]):
            number = entries.numbers[entry]
            if number == reader:
                continue
            place = _place_of(found, number, count)
            count = max(count, place + 1)
            common[place, 2] += near_weights[document]
    for place in range(count):
        size = math.sqrt(max(lengths[found.numbers[place]], 1))
        for kind in range(3):
            common[place, kind] /= size
    return count


@compiled
def _said(
    reader: int,
    readers: Segments,
    known: Neighbours,
    entries: Entries,
    at: float,
    half_life: float,
    shorter: NDArray[np.int64],
    closeness: Floats,
    heard: Said,
) -> None:
    rate = math.log(2.0) / half_life
    for document in range(len(readers.start)):
        same = much = like = latest = beside = 0.0
        for entry in range(readers.start[document], readers.end[document]):
            number = entries.numbers[entry]
            if number == reader:
                continue
            counts = math.exp(-max(at - entries.at[entry], 0.0) * rate)
            heard.clicks[0, document] += counts
            for place in range(
                len(shorter)
            ):  # a power of a whole number is several times as fast as another 2.0 ** ...
                counts = counts ** shorter[place]
                if counts < _NOTHING:
                    break
                heard.clicks[place + 1, document] += counts
            neighbour = known.table[_slot(known.table, known.numbers, number)]
            if neighbour < 0:
                continue
            same += known.common[neighbour, 0]
            much += known.common[neighbour, 1]
            like += known.common[neighbour, 2]
            latest += known.common[neighbour, 3]
            shared = known.first[neighbour]
            while shared >= 0:
                gap = entries.order[entry] - known.order[shared]
                if gap != 0 and abs(gap) <= len(closeness):
                    beside += closeness[abs(gap) - 1] * known.worth[shared] * (1.0 if gap > 0 else 0.5)
                shared = known.after[shared]
        heard.common[0, document], heard.common[1, document] = same, much
        heard.common[2, document], heard.common[3, document] = like, latest
        heard.beside[document] = beside


def shared_terms(terms: Numbers, known: Numbers, worth: Floats) -> Floats:
    """For each row of terms the sum of what the known ones among them are worth, over the square root of 1 +
    their number.

    Args:
        terms: shape (rows, terms), -1 where there are fewer.
        known: each once.
        worth: of the known ones.
    """
    sums = np.zeros(len(terms))
    table = np.full(1 << (4 * len(known) + 1).bit_length(), -1, np.int32)
    _shared_terms(terms, known, worth, table, sums)
    return sums


@compiled
def _shared_terms(terms: Numbers, known: Numbers, worth: Floats, table: Numbers, sums: Floats) -> None:
    for place in range(len(known)):
        table[_slot(table, known, known[place])] = place
    for row in range(len(terms)):
        count = 0
        for column in range(terms.shape[1]):
            term = terms[row, column]
            if term < 0:
                break
            count += 1
            place = table[_slot(table, known, term)]
            if place >= 0:
                sums[row] += worth[place]
        sums[row] /= math.sqrt(1 + count)


def directions(
    document: Places, read: Numbers, vectors: Vectors, weights: NDArray[np.float32], documents: int
) -> tuple[Vectors, NDArray[np.float32]]:
    """(for each document the sum over its readers of the direction of what they had read, how many such
    readers it has).

    Args:
        document: of each reader.
        read: the places in `vectors` of what each reader had read, -1 where there are fewer, shape (readers,
            at most so many).
        weights: what each of these counts.
    """
    sums, counts = np.zeros((documents, vectors.shape[1]), np.float32), np.zeros(documents, np.float32)
    _add_directions(document, read, vectors, weights, np.zeros(vectors.shape[1], np.float32), sums, counts)
    return sums, counts


@compiled_sum
def _add_directions(
    document: Places,
    read: Numbers,
    vectors: Vectors,
    weights: NDArray[np.float32],
    total: NDArray[np.float32],
    sums: Vectors,
    counts: NDArray[np.float32],
) -> None:
    for reader in range(len(document)):
        if read.shape[1] == 0 or read[reader, 0] < 0:
            continue
        total[:] = 0
        for back in range(read.shape[1]):
            if read[reader, back] < 0:
                break
            row = vectors[read[reader, back]]
            for number in range(len(total)):
                total[number] += weights[back] * row[number]
        length = np.float32(0)
        for number in range(len(total)):
            length += total[number] * total[number]
        if length > 0:
            scale = np.float32(1) / np.sqrt(length)
            row = sums[document[reader]]
            for number in range(len(total)):
                row[number] += total[number] * scale
            counts[document[reader]] += 1
