"""Who read what, and when: each reader's latest documents, and each document's readers.

All that a community says about its documents (popularity, trend, what readers with the same interests read) is computed from
this one record. It is bounded per reader, and a reader who is forgotten is gone from it to the last click.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import StateDamaged
from penchant.readers import BEFORE, NO_ROWS, Entries, Numbers, Readers, Rows, Segments, Times

_ENTRY = np.dtype([("row", "<u4"), ("at", "<f8")])
_LATEST = 100
"""So many documents are kept at hand as what is being read now."""


class Trail(NamedTuple):
    """The documents that a reader clicked, each once, in the order in which the first clicks were learned."""

    rows: Rows
    at: Times
    """When each was clicked first, Unix seconds."""

    def __len__(self) -> int:  # of the tuple it would be 2
        return len(self.rows)


NO_TRAIL = Trail(NO_ROWS, np.zeros(0, np.float64))


def extended(trail: Trail, rows: Sequence[int], at: Sequence[float], kept: int) -> Trail:
    """The trail after clicks; the latest `kept` documents of it. A document that is on it already changes nothing."""
    known = set(trail.rows.tolist())
    fresh = {}
    for row, time in zip(rows, at, strict=True):
        if row not in known and row not in fresh:
            fresh[row] = time
    if not fresh:
        return trail
    both = Trail(
        np.concatenate([trail.rows, np.fromiter(fresh.keys(), np.int64, len(fresh))]),
        np.concatenate([trail.at, np.fromiter(fresh.values(), np.float64, len(fresh))]),
    )
    start = max(0, len(both.rows) - kept)
    return Trail(both.rows[start:], both.at[start:])


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


class Readings:
    """See the module. Changed by one thread while none asks."""

    def __init__(self, trails: Iterable[tuple[str, Trail]] = (), known: Rows | None = None) -> None:
        """Of the trails that a state kept; rows that are not among the known ones belong to documents that are gone."""
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

    def put(self, trails: Mapping[str, Trail]) -> None:
        """Take over trails from which documents went, and to whose end others came.

        An empty one is that of a reader who is forgotten.
        """
        come: list[tuple[float, str, int, int, int]] = []
        shortened = []
        for user_id, after in trails.items():
            number = self._number(user_id)
            before = self._trails[number]
            self._trails[number] = after
            self._lengths[number] = len(after.rows)
            gone, new = _difference(before, after)
            for row in gone:
                self._readers.remove(row, number)
            if gone:
                shortened.append(number)
            first = len(after.rows) - len(new)
            come.extend((at, user_id, row, self._places[number] + n, first + n) for n, (row, at) in enumerate(new))
            self._places[number] += len(new)
        for at, user_id, row, place, position in sorted(come):  # in the order in which they are loaded, too
            number = self._numbers[user_id]
            self._append(row, number, at, place, _just_before(self._trails[number].rows, position))
        for number in shortened:
            self._note_before(number, 0)
        for user_id, after in trails.items():
            if not len(after.rows):
                self._free.append(self._numbers.pop(user_id))

    def _number(self, user_id: str) -> int:
        """The number of a reader, a new one where there is none."""
        if user_id not in self._numbers and self._free:
            self._numbers[user_id] = self._free.pop()
        if user_id not in self._numbers:
            self._numbers[user_id] = len(self._trails)
            self._trails.append(NO_TRAIL)
            self._places.append(0)
            if len(self._trails) > len(self._lengths):
                self._lengths = np.append(self._lengths, np.zeros_like(self._lengths))
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

    def _append(self, row: int, number: int, at: float, place: int, before: Rows) -> None:
        self._readers.append(row, number, at, place, before)
        self._latest.pop(row, None)
        self._latest[row] = None
        if len(self._latest) > _LATEST:
            del self._latest[next(iter(self._latest))]

    def _note_before(self, number: int, first: int) -> None:
        """What a reader read before the documents from one place of the trail on, as far as a change there reaches."""
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


def _difference(before: Trail, after: Trail) -> tuple[list[int], list[tuple[int, float]]]:
    """(rows that went, rows that came with their times)."""
    old, new = set(before.rows.tolist()), set(after.rows.tolist())
    come = [(row, at) for row, at in zip(after.rows.tolist(), after.at.tolist(), strict=True) if row not in old]
    return [row for row in before.rows.tolist() if row not in new], come
