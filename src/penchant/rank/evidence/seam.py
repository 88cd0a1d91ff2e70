"""What a kind of evidence is: the seam where another one goes, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.types import Document, InterestUnit

Column = NDArray[np.float64]
"""A number for each candidate, shape (candidates,)."""


class Told(NamedTuple):
    """A document whose evidence is told in words."""

    document: Document
    unit: InterestUnit
    """The Interest Unit nearest to it."""
    weight: float
    """What the evidence adds to the score, beside the mean of all candidates."""
    candidates: Candidates
    place: int
    """Of the document among the candidates."""
    at: float
    """Now, Unix seconds."""


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

    def words(self, told: Told) -> str:
        """What speaks for the document, or against it, for a person."""
