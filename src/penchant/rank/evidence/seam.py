"""What a kind of evidence is: the seam where another one goes, one file each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import NO_ROWS, Places, Segments, gathered
from penchant.memory.trails import Trails
from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.neighbours import MOST_READERS
from penchant.rank.sentences import Claim as Claim
from penchant.types import Document, InterestUnit

Column = NDArray[np.float64]
"""A number for each candidate, shape (candidates,)."""


def latest_readers(trails: Trails, row: int, most: int) -> Places:
    """The places of a document's latest readers in `Trails.entries`, the latest at the end."""
    start, end = trails.readers(np.array([row]), most)
    return np.arange(start[0], end[0])


@dataclass(frozen=True, eq=False)
class Telling:
    """A reader who is told why some documents are shown."""

    asked: Asked
    candidates: Candidates
    shown: Sequence[int]
    """Places of the documents among the candidates."""

    def unit(self, place: int) -> InterestUnit:
        """An Interest Unit of `Asked.units`, with its name."""
        if place not in self._named:
            self._named[place] = self.asked.known.named(self.asked.units[place])
        return self._named[place]

    @cached_property
    def _named(self) -> dict[int, InterestUnit]:
        return {}

    @cached_property
    def common_readers(self) -> NDArray[np.int64]:
        """How many others read each document that is shown and each of those that the reader read last, shape
        (shown, read)."""
        trails, reader = self.asked.known.trails, self.asked.reader.number
        rows, which, numbers = self.asked.readers_of_read
        order = np.argsort(numbers)
        ordered = numbers[order]
        of, places = gathered(trails.readers(self.candidates.rows[self.shown], MOST_READERS))
        others = trails.entries.numbers[places].astype(np.int64)
        start = np.searchsorted(ordered, others)
        end = np.where(others == reader, start, np.searchsorted(ordered, others, "right"))
        nth, found = gathered(Segments(start, end))
        pairs = of[nth] * len(rows) + which[order[found]]
        return np.bincount(pairs, minlength=len(self.shown) * len(rows)).reshape(len(self.shown), -1)

    @cached_property
    def roots_of_readers(self) -> NDArray[np.float64]:
        """The square root of how many readers each document has that the reader read last."""
        rows, which, _ = self.asked.readers_of_read
        return np.asarray(np.sqrt(np.maximum(np.bincount(which, minlength=len(rows)), 1)))


class Told(NamedTuple):
    """A document that evidence speaks for."""

    telling: Telling
    nth: int
    """Of the documents that are shown."""
    unit: int
    """The reader's Interest Unit nearest to it, a place in `Asked.units`."""

    @property
    def asked(self) -> Asked:
        """The reader."""
        return self.telling.asked

    @property
    def candidates(self) -> Candidates:
        """All that could be shown."""
        return self.telling.candidates

    @property
    def place(self) -> int:
        """Of the document among the candidates."""
        return self.telling.shown[self.nth]

    @property
    def document(self) -> Document:
        """The document."""
        return self.asked.known.documents.at_row(int(self.candidates.rows[self.place]))

    def others(self, most: int) -> Places:
        """The same of all but the one who is told; nobody where each document has one reader, its author."""
        trails = self.asked.known.trails
        if not trails.are_shared:
            return NO_ROWS
        places = latest_readers(trails, self.candidates.rows[self.place], most)
        return np.asarray(places[trails.entries.numbers[places] != self.asked.reader.number])


class Evidence(Protocol):
    """A pure function from a reader and candidates to columns of numbers, and its words for a person.

    Only differences between candidates count. Evidence that knows nothing (no clock, no attributes, nobody
    else's clicks) is the same for all, and thereby silent. Counts enter as logarithms: weights then are
    exponents, and no one count can drown the others.
    """

    kind: str
    """What the page and the API call it."""
    columns: Mapping[str, float]
    """Name of a column -> its weight before any click."""
    family: tuple[str, float] | None = None
    """(what names of columns begin with that a community brings with it, their weight before any click)."""
    personal: bool = False
    """Whether it is what this reader and a document have in common. Other evidence says much the same to
    everybody."""
    known_before_clicks: bool = False
    """Whether it says the same of a document before and after its first click, so that it tells no answer
    where a click publishes its document."""

    open: bool = False
    """Whether its worth differs so much between communities that the start is hardly sure of it: clicks then
    move its weights as fast as those that start at 0."""

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        """Name of a column -> its values: all of `columns`, or none where it could say nothing of any."""

    def claim(self, told: Told) -> Claim | None:
        """What is true of the document and speaks for it; None where nothing can be said that a person would
        call a reason."""
