"""A bounded mapping keeps what was used last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.cache import RecentCache


@given(
    st.lists(st.tuples(st.sampled_from(["find", "keep", "drop"]), st.integers(0, 5)), max_size=60),
    st.integers(1, 4),
)
def test_it_holds_the_most_recently_used(actions, capacity):
    """Beside a list in the order of use."""
    cache: RecentCache[int, int] = RecentCache(capacity)
    order: list[int] = []
    for what, key in actions:
        if what == "find":
            assert cache.find([key]) == ({key: key * 10} if key in order else {})
            if key in order:
                order.remove(key)
                order.append(key)
        elif what == "drop":
            cache.drop(key)
            order = [other for other in order if other != key]
        else:
            cache.keep({key: key * 10})
            order = [other for other in order if other != key] + [key]
            order = order[-capacity:]
    assert len(cache) == len(order)
    assert cache.find(range(6)) == {key: key * 10 for key in sorted(order)}
    cache.clear()
    assert len(cache) == 0


def test_a_capacity_of_none_keeps_nothing():
    cache: RecentCache[str, int] = RecentCache(0)
    cache.keep({"a": 1})
    assert len(cache) == 0
