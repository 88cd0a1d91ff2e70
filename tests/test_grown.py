"""Arrays that grow keep what they hold."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.grown import grown


@given(st.integers(1, 20), st.integers(0, 60), st.booleans())
def test_what_was_there_stays_and_the_rest_is_filled(length, rows, wide):
    array = np.arange(length * 3).reshape(length, 3) if wide else np.arange(length)
    larger = grown(array, rows, -7)
    assert (larger[:length] == array).all()
    assert (larger[length:] == -7).all()
    assert len(larger) >= rows
    assert (larger is array) == (rows <= length)
    assert larger.dtype == array.dtype
    assert len(larger) in (length, max(rows, 2 * length))
