"""Popularity: readers, each halved every half-life, whenever one looks and in whatever order clicks came."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.memory.popularity import NEVER, one_more_click, popularity_after
from penchant.types import User


class Clicked(NamedTuple):
    document_id: str
    at: float


clicks = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 400)), max_size=40)


def after(log, users=None, before=NEVER, kept=None):
    given = [(user, Clicked(f"d{row}", float(at))) for user, row, at in log]
    return popularity_after(lambda name: int(name[1:]), lambda row: before, users or {}, given, 100.0, kept)


@given(clicks)
def test_it_is_the_sum_of_decayed_readers(log):
    firsts = {}
    for user, row, at in log:
        firsts.setdefault((user, row), at)
    now = 500.0
    for row, value in after(log).items():
        expected = sum(0.5 ** ((now - at) / 100) for (_, other), at in firsts.items() if other == row)
        assert 2.0 ** (value - now / 100) == pytest.approx(expected)


@given(clicks, st.integers(0, 40), st.integers(1, 3))
def test_it_does_not_depend_on_how_clicks_are_cut(log, cut, kept):
    """With a memory of few documents a reader may count again, at the same click either way."""
    log = sorted(log, key=lambda click: click[2])
    whole = after(log, kept=kept)
    seen: dict[str, dict[str, None]] = {}
    for user, row, _ in log[:cut]:
        own = seen.setdefault(user, {})
        own.pop(f"d{row}", None)
        own[f"d{row}"] = None
        while len(own) > kept:
            del own[next(iter(own))]
    first = after(log[:cut], kept=kept)
    users = {user: User(seen=tuple(own)) for user, own in seen.items()}
    second = popularity_after(
        lambda name: int(name[1:]),
        lambda row: first.get(row, NEVER),
        users,
        [(user, Clicked(f"d{row}", float(at))) for user, row, at in log[cut:]],
        100.0,
        kept,
    )
    assert {**first, **second} == whole


def test_a_reader_who_is_known_counts_no_more():
    assert after([("a", 1, 5)], {"a": User(seen=("d1",))}) == {}
    assert one_more_click(NEVER, 300.0, 100.0) == 3.0
    assert one_more_click(3.0, 300.0, 100.0) == math.log2(2 * 2**3)
