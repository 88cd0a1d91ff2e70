"""What readers have in common, and what that says of documents: neighbourhood collaborative filtering, see
`penchant.rank.tally`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Numbers, Rows

Floats = NDArray[np.float64]
MOST_READERS = 200
"""Latest readers of a document that are looked at."""


class Near(NamedTuple):
    """Documents near a reader's units, and how much each counts."""

    rows: Rows
    weights: Floats


class Weights(NamedTuple):
    """What one more document in common counts, shape (documents of the reader,)."""

    same: Floats
    much_the_same: Floats
    latest: Floats
    """For `Neighbours.common` and for the order of reading."""


class Neighbours(NamedTuple):
    """The readers who have something in common with a reader."""

    numbers: Numbers
    """See `penchant.memory.trails.Trails.number`; in the order in which they were found."""
    common: Floats
    """Shape (neighbours, 4): the same documents, much the same, the like (documents near the Interest Units),
    the latest; by `Weights`. All but the last are divided by the square root of the number of documents that
    the neighbour read."""
    table: Numbers
    """Hash table: place of a neighbour by number, -1 where there is none."""
    first: Numbers
    """The first document in common with each neighbour, a place in the three below, or -1."""
    after: Numbers
    """The next document in common with the same neighbour, or -1."""
    order: Numbers
    """The document's place among all that the neighbour read."""
    worth: Floats
    """By `Weights.latest`."""


class Said(NamedTuple):
    """What the readers of some documents say of them, all but the reader who asks."""

    clicks: Floats
    """Shape (half-lives, documents): clicks, each counting half after a half-life, the longest first."""
    common: Floats
    """Shape (4, documents): the sum of what the readers have in common with the one who asks."""
    beside: Floats
    """Shape (documents,): how closely, in the order of reading, a reader read this and what both read."""


def alike(known: Neighbours, count: int) -> NDArray[np.int64]:
    """The numbers of the readers who have most in common with a reader, by what both read."""
    common = known.common[:, 0]
    most = np.arange(len(common))
    if len(common) > count:
        kth = np.partition(common, len(common) - count)[len(common) - count]
        most = np.flatnonzero(common >= kth - 1e-6)  # more than rounding may put in another order
    order = most[np.lexsort((known.numbers[most], -common[most].round(9)))[:count]]
    return known.numbers[order[common[order] > 0]].astype(np.int64)
