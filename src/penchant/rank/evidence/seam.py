"""What a kind of evidence is: the seam where another one goes, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Entries
from penchant.memory.trails import Trails
from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.sentences import Claim as Claim
from penchant.types import Document

Column = NDArray[np.float64]
"""A number for each candidate, shape (candidates,)."""


def latest_readers(trails: Trails, row: int, most: int) -> Entries:
    """The latest readers of a document, the latest at the end."""
    start, end = (int(ends[0]) for ends in trails.readers(np.array([row]), most))
    entries = trails.entries
    part = slice(start, end)
    return Entries(entries.numbers[part], entries.at[part], entries.order[part], entries.before[part])


class Told(NamedTuple):
    """A document that evidence speaks for."""

    asked: Asked
    candidates: Candidates
    place: int
    """Of the document among the candidates."""
    unit: int
    """The reader's Interest Unit nearest to it, a place in `Asked.units`."""

    @property
    def document(self) -> Document:
        """The document."""
        return self.asked.known.documents.at_row(int(self.candidates.rows[self.place]))

    def others(self, most: int) -> Entries:
        """The latest readers of the document, all but the one who is told; nobody where documents have one
        reader each, its author."""
        trails = self.asked.known.trails
        entries = latest_readers(trails, int(self.candidates.rows[self.place]), most)
        kept = (entries.numbers != self.asked.reader.number) & trails.are_shared
        return Entries(*(values[kept] for values in entries))


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
