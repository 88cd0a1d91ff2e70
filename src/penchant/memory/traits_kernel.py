"""The latest documents with each key term, in compiled code, for `penchant.memory.traits`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.compiled import compiled
from penchant.memory.readers import Numbers


@compiled
def note_latest(rows: NDArray[np.int64], terms: Numbers, latest: Numbers, count: Numbers) -> None:
    """Each row in the place of the one that came first of those that its terms still know."""
    for place in range(len(rows)):
        for column in range(terms.shape[1]):
            term = terms[place, column]
            if term < 0:
                break
            latest[term, count[term] % latest.shape[1]] = rows[place]
            count[term] += 1


def warm_up() -> None:
    """Compile it, or load what was compiled before."""
    note_latest(
        np.zeros(0, np.int64), np.zeros((0, 0), np.int32), np.zeros((0, 1), np.int32), np.zeros(0, np.int32)
    )
