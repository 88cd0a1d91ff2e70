"""A user as bytes: everything comes back, and rounding happens once."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from penchant.store.packing import pack_user, unpack_user
from penchant.testing import same_user
from penchant.types import InterestUnit, User
from penchant.vectors import packed, rounded, unit_length, unpacked

precisions = st.sampled_from(["float16", "int8", "float32"])
vectors = arrays(
    np.float32, st.tuples(st.integers(1, 5), st.integers(1, 30)), elements=st.floats(-1, 1, width=32)
).map(unit_length)
words = st.text(st.characters(codec="utf-8"), max_size=6)
terms = st.lists(st.tuples(words, st.integers(1, 9)), max_size=4).map(tuple)


@given(vectors, precisions)
def test_rounded_vectors_come_back_to_the_last_bit(rows, precision):
    kept = rounded(rows, precision)
    assert np.array_equal(rounded(kept, precision), kept)
    assert np.array_equal(unpacked(packed(kept, precision), len(kept), precision), kept)
    assert np.abs(kept - rows).max() <= {"float16": 0.0005, "int8": 0.005, "float32": 0.0}[precision]


@given(st.lists(st.tuples(words, terms, st.integers(0, 12), words), max_size=4), precisions)
def test_a_user_comes_back_whole(parts, precision):
    units = tuple(
        InterestUnit(
            title=title,
            terms=counts,
            size=7,
            updated_at=5.5,
            documents=("d1", "d2"),
            text=" ".join([title, *(term for term, _ in counts[:shown])]) if shown else other,
            embedding=rounded(np.linspace(-0.5, 0.5, 6, dtype=np.float32)[None], precision)[0],
            term_steps=tuple(range(len(counts))),
            document_steps=(1, 9),
            title_step=9,
            changed_step=12,
        )
        for title, counts, shown, other in parts
    )
    user = User(units, 12, ("d2", "d1"), (("d2", 1.0), ("d1", 5.5)), precision)
    assert same_user(unpack_user(pack_user(user)), user)


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_damaged_bytes_are_told(cut):
    user = User((InterestUnit("T", (), 1, 1.0, ("d",), "T", np.ones(8, np.float32)),))
    with pytest.raises((msgspec.DecodeError, msgspec.ValidationError)):
        unpack_user(pack_user(user)[:cut])


def test_an_embedding_that_is_cut_short_is_told():
    user = User((InterestUnit("T", (), 1, 1.0, ("d",), "T", np.ones(8, np.float32)),))
    data = msgspec.msgpack.decode(pack_user(user))
    data[1] = data[1][:-1]
    with pytest.raises(msgspec.ValidationError, match="cut short"):
        unpack_user(msgspec.msgpack.encode(data))
