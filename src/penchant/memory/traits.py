"""What evidence needs to know of every document: its key terms and its attributes, as numbers in columns."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from penchant.grown import grown
from penchant.memory.facts import BUCKETS, Words
from penchant.memory.readers import Rows
from penchant.text import key_terms
from penchant.types import Attribute

_TERMS = 12
"""Key terms of a title that are told; hardly any has more."""
_LATEST = 10
"""Latest documents known of each term."""
Numbers = NDArray[np.int32]


def packed_terms(title: str) -> bytes:
    """The numbers of a title's key terms, four bytes each: what is kept so that no title has to be read
    again."""
    numbers = map(number_of, key_terms(title)[:_TERMS])
    return np.array(list(dict.fromkeys(numbers)), "<u4").tobytes()


def number_of(term: str) -> int:
    """The number that a key term is known by; a few terms may share one."""
    return zlib.crc32(term.encode()) % BUCKETS


class Latest:
    """The latest rows of each key term, in the order in which they came."""

    def __init__(self) -> None:
        self._rows = np.full((BUCKETS, _LATEST), -1, np.int32)
        self._count = np.zeros(BUCKETS, np.int32)

    def note(self, rows: Rows, terms: Numbers) -> None:
        """Take over rows with their terms."""
        from penchant.memory.traits_kernel import (
            note_latest,
        )  # compiled: half a second to load, the first time more

        note_latest(rows, terms, self._rows, self._count)

    def of(self, terms: Numbers) -> Rows:
        """The rows of some terms."""
        rows = self._rows[terms].ravel()
        return rows[rows >= 0].astype(np.int64)


class Traits:
    """See the module. A row that was never put has no terms and no attributes.

    Args:
        attributes: the attributes of the document of a row, asked for when evidence first needs them.
    """

    def __init__(self, attributes: Callable[[int], Mapping[str, Attribute]]) -> None:
        self._attributes = attributes
        self._terms = np.full((16, _TERMS), -1, np.int32)
        self._counts = np.zeros(BUCKETS, np.int32)
        self._present = np.zeros(16, bool)
        self._documents = 0
        self._read = np.zeros(16, bool)
        self._values: dict[str, Numbers] = {}
        self._numbers: dict[str, dict[Attribute, int]] = {}
        self._latest: Latest | None = None
        self._reading = Lock()

    def having(self, terms: Sequence[str]) -> list[int]:
        """How many documents have each of some terms."""
        return [int(self._counts[number_of(term)]) for term in terms]

    @property
    def words(self) -> Words:
        """How many documents have each term."""
        return Words(self._counts, self._documents)

    def put(self, rows: Rows, terms: Sequence[bytes]) -> None:
        """Take over the terms of new or changed documents."""
        if not len(rows):
            return
        self._reserve(int(rows.max()) + 1)
        before = self._terms[rows]
        self.drop(rows)
        lengths = np.fromiter(map(len, terms), np.int64, len(terms)) // 4
        flat = np.frombuffer(b"".join(terms), "<u4").astype(np.int32)
        places = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        self._terms[np.repeat(rows, lengths), places] = flat
        np.add.at(self._counts, flat, 1)
        self._present[rows] = True
        self._documents += len(rows)
        if self._latest is not None:
            changed = rows[
                (self._terms[rows] != before).any(axis=1)
            ]  # one that only comes again drives no other out
            self._latest.note(changed, self._terms[changed])

    def drop(self, rows: Rows) -> None:
        """Forget documents; those that are not there are left."""
        gone = self._terms[rows]
        np.subtract.at(self._counts, gone[gone >= 0], 1)
        self._terms[rows] = -1
        self._documents -= int(self._present[rows].sum())
        self._present[rows] = self._read[rows] = False
        for values in self._values.values():
            values[rows] = -1

    def terms(self, rows: Rows) -> Numbers:
        """Numbers of key terms, shape (rows, 12), -1 where there are fewer."""
        return self._terms.take(rows, axis=0)

    def latest_with(self, terms: Numbers) -> Rows:
        """The documents that came last with each of the terms, some more than once, some that have the term
        no more."""
        with self._reading:
            if self._latest is None:
                self._latest = Latest()
                rows = np.flatnonzero(self._present)
                self._latest.note(rows, self._terms[rows])
        return self._latest.of(terms)

    def attributes(self, rows: Rows) -> dict[str, Numbers]:
        """Name -> the number of each row's value, -1 where there is none. Text and truth have a number,
        numbers have not."""
        with self._reading:
            for row in rows[~self._read[rows]].tolist():
                self._read_row(row)
            found = {name: values[rows] for name, values in self._values.items()}
        return {name: values for name, values in sorted(found.items()) if (values >= 0).any()}

    def _read_row(self, row: int) -> None:
        self._read[row] = True
        for name, value in self._attributes(row).items():
            if isinstance(value, str | bool):
                if name not in self._values:
                    self._values[name] = np.full(len(self._terms), -1, np.int32)
                    self._numbers[name] = {}
                numbers = self._numbers[name]
                self._values[name][row] = numbers.setdefault(value, len(numbers))

    def _reserve(self, rows: int) -> None:
        if rows <= len(self._terms):
            return
        self._terms = grown(self._terms, rows, -1)
        self._present = grown(self._present, rows, False)
        self._read = grown(self._read, rows, False)
        self._values = {name: grown(values, rows, -1) for name, values in self._values.items()}
