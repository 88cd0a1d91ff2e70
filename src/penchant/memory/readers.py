"""The readers of every document, in one pool of arrays, so that those of a thousand documents are found
without a loop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.grown import grown

Rows = NDArray[np.int64]
Numbers = NDArray[np.int32]
Times = NDArray[np.float64]
Places = NDArray[np.int64]
NO_ROWS: Rows = np.zeros(0, np.int64)
BEFORE = 5
"""Documents known that a reader read just before another."""
_LEAST_ROOM = 4
_MANY, _SHARED = 100, 0.05
"""Documents that tell whether readers share what they read, and the share from which they do."""


class Entries(NamedTuple):
    """One entry a document and reader."""

    numbers: Numbers
    """Of the readers, see `penchant.memory.trails.Trails.number`."""
    at: Times
    """When the reader clicked the document first, Unix seconds."""
    order: Numbers
    """The place of the document among all that the reader read: only differences within one reader mean
    anything."""
    before: Numbers
    """The rows of what the reader read just before, the latest first, -1 where there are fewer, shape
    (entries, BEFORE)."""


def no_entries(room: int) -> Entries:
    """Arrays with room for `room` entries."""
    return Entries(
        np.zeros(room, np.int32), np.zeros(room), np.zeros(room, np.int32), np.zeros((room, BEFORE), np.int32)
    )


class Segments(NamedTuple):
    """Where the entries of some documents are, the latest reader at the end: ``entries[start:end]``."""

    start: Places
    end: Places


def _moved(entries: Entries, places: Places, room: int) -> Entries:
    """Those entries at the start of as much room."""
    moved = no_entries(room)
    moved.numbers[: len(places)] = entries.numbers[places]
    moved.at[: len(places)] = entries.at[places]
    moved.order[: len(places)] = entries.order[places]
    moved.before[: len(places)] = entries.before[places]
    return moved


class Readers:
    """Each document has a segment of the pool with room to grow; one that is full moves to the end with twice
    the room.

    What is left behind is reclaimed when the pool is full, so that it holds some four times what is used at
    most.
    """

    def __init__(self) -> None:
        self.entries = no_entries(16)
        self._end = 0
        self._start = np.zeros(16, np.int64)
        self._count = np.zeros(16, np.int64)
        self._room = np.zeros(16, np.int64)
        self._changes = np.zeros(16, np.int64)
        self._read = self._shared = 0
        """Documents with readers, and with more than one."""

    @classmethod
    def of(cls, rows: Rows, entries: Entries) -> Readers:
        """Of entries that are sorted by the rows of their documents."""
        readers = cls()
        readers.entries, readers._end = entries, len(rows)
        readers._count = np.bincount(rows, minlength=16)
        readers._room = readers._count.copy()
        readers._changes = np.zeros_like(readers._count)
        readers._start = np.cumsum(readers._count) - readers._count
        readers._read, readers._shared = (int((readers._count > n).sum()) for n in (0, 1))
        return readers

    @property
    def are_alone(self) -> bool:
        """Whether documents have one reader each, say their authors: fewer than one in twenty of those that
        are read is shared."""
        return self._read >= _MANY and self._shared < _SHARED * self._read

    def _set_count(self, row: int, count: int) -> None:
        before = int(self._count[row])
        self._read += (count > 0) - (before > 0)
        self._shared += (count > 1) - (before > 1)
        self._count[row] = count

    def counts(self, rows: Rows) -> NDArray[np.int64]:
        """How many readers each document has."""
        inside = rows < len(self._count)
        return (
            self._count[rows] if inside.all() else np.where(inside, self._count[np.where(inside, rows, 0)], 0)
        )

    def changes(self, rows: Rows) -> NDArray[np.int64]:
        """How often the readers of documents that have any changed, or what they had read before."""
        return self._changes[rows]

    def segments(self, rows: Rows, most: int) -> Segments:
        """Of each document the latest readers, `most` at the most."""
        counts = self.counts(rows)
        start = self._start[np.minimum(rows, len(self._start) - 1)]
        end = start + counts
        return Segments(end - np.minimum(counts, most), end)

    def append(self, row: int, number: int, at: float, order: int, before: Rows) -> None:
        """One more reader of a document, who read others just before, the latest given first."""
        if row >= len(self._count):
            of_rows = (self._start, self._count, self._room, self._changes)
            self._start, self._count, self._room, self._changes = (
                grown(each, row + 1, 0) for each in of_rows
            )
        if self._count[row] == self._room[row]:
            self._move_to_end(row)
        place = self._start[row] + self._count[row]
        self.entries.numbers[place], self.entries.at[place], self.entries.order[place] = number, at, order
        self._note_before(row, place, before)
        self._set_count(row, int(self._count[row]) + 1)

    def set_before(self, row: int, number: int, before: Rows) -> None:
        """What a reader of the document read just before it, the latest first."""
        start = int(self._start[row])
        numbers = self.entries.numbers[start : start + int(self._count[row])]
        self._note_before(row, start + int(np.argmax(numbers == number)), before)

    def _note_before(self, row: int, place: int, before: Rows) -> None:
        self._changes[row] += 1
        own = self.entries.before[place]
        own[: len(before)] = before
        if len(before) < BEFORE:
            own[len(before) :] = -1

    def remove(self, row: int, number: int) -> None:
        """One reader of a document less."""
        own = slice(self._start[row], self._start[row] + self._count[row])
        kept = np.flatnonzero(self.entries.numbers[own] != number)
        for column in self.entries:
            column[own.start : own.start + len(kept)] = column[own][kept]
        self._set_count(row, len(kept))
        self._changes[row] += 1

    def drop(self, row: int) -> list[int]:
        """Forget a document; returns the numbers of those who had read it."""
        if row >= len(self._count):
            return []
        start, count = int(self._start[row]), int(self._count[row])
        self._set_count(row, 0)
        self._room[row] = 0
        numbers: list[int] = self.entries.numbers[start : start + count].tolist()
        return numbers

    def _move_to_end(self, row: int) -> None:
        room = max(_LEAST_ROOM, 2 * int(self._room[row]))
        if self._end + room > len(self.entries.numbers):
            self._reclaim(room)
        start, count = int(self._start[row]), int(self._count[row])
        for column in self.entries:
            column[self._end : self._end + count] = column[start : start + count]
        self._start[row], self._room[row] = self._end, room
        self._end += room

    def _reclaim(self, more: int) -> None:
        """All segments side by side without room, in a pool of twice the size."""
        every = np.arange(len(self._count))
        _, places = gathered(self.segments(every, int(self._count.max(initial=0))))
        self.entries, self._end = _moved(self.entries, places, 2 * (len(places) + more)), len(places)
        self._room = self._count.copy()
        self._start = np.cumsum(self._count) - self._count


def distinct(rows: Rows) -> Rows:
    """Sorted, each once: for some thousand numbers a sort is several times as fast as numpy.unique's hash
    table."""
    rows = np.sort(rows)
    return rows[is_first(rows)]


def is_first(ordered: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Of numbers in ascending order, which are unlike the one before them; several times as fast as
    numpy.diff."""
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def is_among(rows: Rows, ordered: Rows) -> NDArray[np.bool_]:
    """Which of the rows are among others, given in ascending order; for some hundred many times as fast as
    numpy.isin."""
    if not len(ordered):
        return np.zeros(len(rows), bool)
    places = np.minimum(np.searchsorted(ordered, rows), len(ordered) - 1)
    return np.asarray(ordered[places] == rows, bool)


def gathered(segments: Segments) -> tuple[Places, Places]:
    """(which of the documents, the place in the pool) of every entry of segments."""
    lengths = segments.end - segments.start
    places = np.repeat(segments.end - np.cumsum(lengths), lengths) + np.arange(int(lengths.sum()))
    return np.repeat(np.arange(len(lengths)), lengths), places
