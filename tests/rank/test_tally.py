"""What neighbours have in common and say, beside the plainest way to count it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.memory.trails import Trail, Trails
from penchant.rank.neighbours import Weights
from penchant.rank.tally import neighbours, said

DOCUMENTS, HOUR = 8, 3_600.0
trails = st.lists(
    st.lists(st.integers(0, DOCUMENTS - 1), unique=True, max_size=DOCUMENTS), min_size=1, max_size=8
)
weights = st.lists(st.floats(0.1, 2.0), min_size=DOCUMENTS, max_size=DOCUMENTS)


@given(trails, st.sets(st.integers(0, DOCUMENTS - 1)), weights, st.integers(1, 5))
def test_what_is_said_is_what_counting_finds(read, near, weight, most):
    at = [[HOUR * (place + number) for place in range(len(rows))] for number, rows in enumerate(read)]
    trails = Trails((str(n), Trail(np.array(rows, np.int64), np.array(at[n]))) for n, rows in enumerate(read))
    mine, close = np.array(read[0], np.int64), np.array(sorted(near), np.int64)
    own = np.array(weight)[mine]
    known = neighbours(
        0,
        trails.readers(mine, most),
        Weights(own, own**2, 1 / own),
        trails.readers(close, most),
        np.array(weight)[close],
        trails.entries,
        trails.lengths(),
    )
    now = 20 * HOUR
    found = said(
        0, trails.readers(np.arange(DOCUMENTS), most), known, trails.entries, now, 5 * HOUR, [5], 0.6
    )

    latest = {
        row: sorted((at[n][rows.index(row)], n) for n, rows in enumerate(read) if row in rows)[-most:]
        for row in range(DOCUMENTS)
    }
    readers = {row: [n for _, n in some if n] for row, some in latest.items()}
    for row in range(DOCUMENTS):
        clicks = [
            sum(0.5 ** ((now - at[n][read[n].index(row)]) / half) for n in readers[row])
            for half in (5 * HOUR, HOUR)
        ]
        assert found.clicks[:, row] == pytest.approx(clicks)
        common = np.zeros(4)
        beside = 0.0
        for n in readers[row]:
            size = math.sqrt(len(read[n]))
            for both in [document for document in read[0] if n in readers[document]]:
                common += np.array([weight[both] / size, weight[both] ** 2 / size, 0, 1 / weight[both]])
                gap = read[n].index(row) - read[n].index(both)
                beside += 0.6 ** (abs(gap) - 1) / weight[both] * (0.5 if gap < 0 else 1.0) if gap else 0.0
            common[2] += sum(weight[document] for document in near if n in readers[document]) / size
        assert found.common[:, row] == pytest.approx(common)
        assert found.beside[row] == pytest.approx(beside)
