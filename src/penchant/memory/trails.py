"""Who read what, and when: each reader's latest documents, and each document's readers.

All that a community says about its documents (popularity, trend, what readers with the same interests read)
is computed from this one record. It is bounded per reader, and a reader who is forgotten is gone from it to
the last click.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import StateDamaged
from penchant.grown import grown
from penchant.memory.readers import BEFORE, NO_ROWS, Entries, Numbers, Readers, Rows, Segments, Times

_ENTRY = np.dtype([("row", "<u4"), ("at", "<f8")])
_LATEST = 100
"""Documents kept at hand as what is being read now."""


class Trail(NamedTuple):
    """The documents that a reader clicked, each once, in the order in which the first clicks were learned."""

    rows: Rows
    at: Times
    """When each was clicked first, Unix seconds."""

    def __len__(self) -> int:  # of the tuple it would be 2
        return len(self.rows)


NO_TRAIL = Trail(NO_ROWS, np.zeros(0, np.float64))


class Read(NamedTuple):
    """A click of a reader on a document."""

    user_id: str
    row: int
    at: float
    """Unix seconds."""


USER = attrgetter("user_id")


class GrowingTrail:
    """A trail while clicks come, one at a time: the same, however the clicks are cut into calls.

    Args:
        kept: the latest documents that stay on it.
    """

    def __init__(self, trail: Trail, kept: int) -> None:
        self._entries = dict(zip(trail.rows.tolist(), trail.at.tolist(), strict=True))
        self._kept = kept

    def __contains__(self, row: int) -> bool:
        return row in self._entries

    def add(self, row: int, at: float) -> bool:
        """Add a document, unless it is there; the oldest one makes room. Returns whether the trail
        changed."""
        if row in self._entries or not self._kept:
            return False
        self._entries[row] = at
        while len(self._entries) > self._kept:
            del self._entries[next(iter(self._entries))]
        return True

    def trail(self) -> Trail:
        """The trail now."""
        count = len(self._entries)
        return Trail(
            np.fromiter(self._entries, np.int64, count),
            np.fromiter(self._entries.values(), np.float64, count),
        )


def extended(trail: Trail, clicks: Iterable[Read], kept: int) -> Trail:
    """The trail after clicks of its reader. A click on a document that is on it changes nothing."""
    growing = GrowingTrail(trail, kept)
    changed = [growing.add(click.row, click.at) for click in clicks]
    return growing.trail() if any(changed) else trail


def pack_trail(trail: Trail) -> bytes:
    """A trail as bytes, 12 an entry."""
    entries = np.empty(len(trail.rows), _ENTRY)
    entries["row"], entries["at"] = trail.rows, trail.at
    return entries.tobytes()


def unpack_trail(data: bytes) -> Trail:
    """What `pack_trail` made. Raises StateDamaged."""
    try:
        entries = np.frombuffer(data, _ENTRY)
    except ValueError as error:
        raise StateDamaged(f"what a reader read is cut short ({error}): restore a copy") from error
    return Trail(entries["row"].astype(np.int64), entries["at"].astype(np.float64))


class Trails:
    """See the module. Changed by one thread while none asks."""

    def __init__(self, trails: Iterable[tuple[str, Trail]] = (), known: Rows | None = None) -> None:
        """Of the trails that a state kept; rows that are not among the known ones belong to documents that
        are gone."""
        self._numbers: dict[str, int] = {}
        self._trails: list[Trail] = []
        self._places: list[int] = []
        self._free: list[int] = []
        """Numbers of readers who were forgotten, for those who come."""
        self._lengths = np.zeros(16, np.int64)
        self._readers = Readers()
        self._latest: dict[int, None] = {}
        is_known = None if known is None else np.zeros(int(known.max(initial=-1)) + 2, bool)
        if is_known is not None:
            is_known[known] = True
        for user_id, trail in trails:
            self._numbers[user_id] = len(self._trails)
            self._trails.append(trail if is_known is None else _only(trail, is_known))
            self._places.append(len(trail.rows))
        self._load()

    def trail(self, user_id: str) -> Trail:
        """What a reader read; nothing of one who is unknown."""
        number = self._numbers.get(user_id)
        return NO_TRAIL if number is None else self._trails[number]

    def number(self, user_id: str) -> int:
        """The number of a reader; -1 of one who is unknown."""
        return self._numbers.get(user_id, -1)

    def lengths(self) -> NDArray[np.int64]:
        """How many documents each reader read, by number."""
        return self._lengths[: len(self._trails)]

    def put(self, trails: Mapping[str, Trail], reads: Sequence[Read]) -> None:
        """Take over trails that grew by clicks.

        Args:
            trails: as they are after the clicks.
            reads: the clicks that were new on their trail, in the order of their times, also those that left
                it meanwhile.
        """
        counts = Counter(map(USER, reads))
        first_of: dict[str, int] = {}
        shortened = []
        for user_id, after in trails.items():
            number = self._number(user_id)
            before = self._trails[number]
            self._trails[number] = after
            self._lengths[number] = len(after)
            first_of[user_id] = len(after) - counts[user_id]
            gone = before.rows[: len(before) - max(0, first_of[user_id])].tolist()
            for row in gone:
                self._readers.remove(row, number)
            if gone:
                shortened.append(number)
        for user_id, row, at in reads:
            number, position = self._numbers[user_id], first_of[user_id]
            if position >= 0:
                before_it = _just_before(self._trails[number].rows, position)
                self._readers.append(row, number, at, self._places[number], before_it)
            first_of[user_id] = position + 1
            self._places[number] += 1
        self._note_latest(reads)
        for number in shortened:
            self._note_before(number, 0)

    def forget(self, user_id: str) -> None:
        """Let go of all that a reader read."""
        if user_id not in self._numbers:
            return
        number = self._numbers.pop(user_id)
        for row in self._trails[number].rows.tolist():
            self._readers.remove(row, number)
        self._trails[number] = NO_TRAIL
        self._lengths[number] = 0
        self._free.append(number)

    def _number(self, user_id: str) -> int:
        """The number of a reader, a new one where there is none."""
        if user_id not in self._numbers and self._free:
            self._numbers[user_id] = self._free.pop()
        if user_id not in self._numbers:
            self._numbers[user_id] = len(self._trails)
            self._trails.append(NO_TRAIL)
            self._places.append(0)
            self._lengths = grown(self._lengths, len(self._trails), 0)
        return self._numbers[user_id]

    def drop(self, rows: Iterable[int]) -> None:
        """Forget documents that are removed."""
        for row in rows:
            self._latest.pop(row, None)
            for number in self._readers.drop(row):
                trail = self._trails[number]
                kept = trail.rows != row
                self._trails[number] = Trail(trail.rows[kept], trail.at[kept])
                self._lengths[number] = len(self._trails[number].rows)
                self._note_before(number, int(np.argmin(kept)))

    def counts(self, rows: Rows) -> NDArray[np.int64]:
        """How many readers each document has."""
        return self._readers.counts(rows)

    @property
    def are_shared(self) -> bool:
        """Whether readers read the same documents; not where each has one reader, its author."""
        return not self._readers.are_alone

    def changes(self, rows: Rows) -> NDArray[np.int64]:
        """How often the readers of documents that have any changed, or what they had read before."""
        return self._readers.changes(rows)

    def readers(self, rows: Rows, most: int) -> Segments:
        """The readers of documents, of each the latest `most`; see `entries`."""
        return self._readers.segments(rows, most)

    @property
    def entries(self) -> Entries:
        """What `readers` tells the places of."""
        return self._readers.entries

    def read_by(self, numbers: NDArray[np.int64], most: int) -> Rows:
        """What readers read, of each the latest `most` documents; some more than once."""
        return np.concatenate([NO_ROWS, *(self._trails[number].rows[-most:] for number in numbers.tolist())])

    def latest(self) -> Rows:
        """The documents that were clicked last by anybody."""
        return np.fromiter(self._latest, np.int64, len(self._latest))

    def _note_latest(self, reads: Sequence[Read]) -> None:
        newest: dict[int, None] = {}
        for read in reversed(reads):
            newest[read.row] = None
            if len(newest) == _LATEST:
                break
        for row in reversed(newest):
            self._latest.pop(row, None)
            self._latest[row] = None
        while len(self._latest) > _LATEST:
            del self._latest[next(iter(self._latest))]

    def set_latest(self, rows: Rows) -> None:
        """Replace what `latest` gives."""
        self._latest = dict.fromkeys(rows.tolist())

    def _note_before(self, number: int, first: int) -> None:
        """What a reader read before the documents from one place of the trail on, as far as a change there
        reaches."""
        trail = self._trails[number].rows
        for position, row in enumerate(trail[first : first + BEFORE].tolist(), first):
            self._readers.set_before(row, number, _just_before(trail, position))

    def _load(self) -> None:
        """Each document's readers from the trails, in the order of their clicks."""
        if not self._trails:
            return
        rows = np.concatenate([trail.rows for trail in self._trails])
        at = np.concatenate([trail.at for trail in self._trails])
        lengths = [len(trail.rows) for trail in self._trails]
        self._lengths = np.array(lengths, np.int64)
        if not len(rows):
            return
        order = np.lexsort((at, rows))
        numbers = np.repeat(np.arange(len(self._trails), dtype=np.int32), lengths)[order]
        places = np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])
        before, places = _all_before(rows, places)[order], places[order]
        rows, at = rows[order], at[order]
        self._readers = Readers.of(rows, Entries(numbers, at, places, before))
        for position in np.argsort(at, kind="stable")[-4 * _LATEST :].tolist():
            self._latest.pop(int(rows[position]), None)
            self._latest[int(rows[position])] = None
        for row in list(self._latest)[: max(0, len(self._latest) - _LATEST)]:
            del self._latest[row]


def _only(trail: Trail, is_known: NDArray[np.bool_]) -> Trail:
    inside = is_known[np.minimum(trail.rows, len(is_known) - 1)]  # the last row is nobody's
    return Trail(trail.rows[inside], trail.at[inside])


def _just_before(trail: Rows, position: int) -> Rows:
    return trail[max(0, position - BEFORE) : position][::-1]


def _all_before(rows: Rows, places: Numbers) -> Numbers:
    """Of trails in a row the documents just before each, given the place of each in its trail."""
    before = np.full((len(rows), BEFORE), -1, np.int32)
    for back in range(1, BEFORE + 1):
        there = places >= back
        before[there, back - 1] = rows[np.flatnonzero(there) - back]
    return before
