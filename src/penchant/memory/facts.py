"""What is known of documents, side by side, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from penchant.memory.readers import Numbers, Places, Rows, Times
from penchant.types import Vector

BUCKETS = 1 << 18
"""Key terms are told apart by a number below it."""


class Facts(NamedTuple):
    """What is known of some documents, side by side."""

    rows: Rows
    published_at: Times
    """NaN where it is not known."""
    terms: Numbers
    """The numbers of their key terms, shape (documents, terms), -1 where there are fewer."""
    attributes: Mapping[str, Numbers]
    """Name -> a number for each value, -1 where there is none."""


class Words(NamedTuple):
    """How many documents have each key term."""

    counts: Numbers
    """By the number of the term, shape (BUCKETS,)."""
    documents: int


class Smoothed(NamedTuple):
    """Those of some documents that somebody read."""

    positions: Places
    """Among all."""
    cosines: Vector
    """Of their smoothed embeddings to a direction."""
