"""Who read what: however it came about, the record is that of the trails there are now."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import StateDamaged
from penchant.memory.readers import BEFORE, Readers, gathered
from penchant.memory.trails import (
    NO_TRAIL,
    Read,
    Trail,
    Trails,
    extended,
    pack_trail,
    unpack_trail,
)

clicks = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 7), st.integers(0, 50)), max_size=60)
actions = st.lists(st.one_of(st.sampled_from("abc"), st.integers(0, 7)), max_size=3)


def learned(log, kept: int = 4) -> Trails:
    trails = Trails()
    for user, row, at in log:
        before = trails.trail(user)
        after = extended(before, [Read(user, row, float(at))], kept)
        trails.put({user: after}, [Read(user, row, float(at))] if after is not before else [])
    return trails


def readers_of(trails: Trails, rows: np.ndarray, most: int = 1_000) -> list[list]:
    """[which of the rows, the number of the reader, the time, the place in the reader's order], each a list."""
    positions, places = gathered(trails.readers(rows, most))
    return [positions.tolist(), *(column[places].tolist() for column in trails.entries)]


def reads(rows: list[int], at: list[float]) -> list[Read]:
    return [Read("ana", row, time) for row, time in zip(rows, at, strict=True)]


def record(trails: Trails, users: str = "abc") -> dict:
    """Everybody's trail, and every document's readers with their times and the order in which each reader came to it."""
    rows = np.arange(8)
    names = {trails.number(user): user for user in users if trails.number(user) >= 0}
    positions, numbers, at, _, before = readers_of(trails, rows)
    readers = sorted(zip(positions, [names[number] for number in numbers], at, before, strict=True))
    return {
        "trails": {
            user: (trails.trail(user).rows.tolist(), trails.trail(user).at.tolist()) for user in users
        },
        "readers": readers,
        "counts": trails.counts(rows).tolist(),
    }


@given(clicks, actions)
def test_the_record_is_that_of_the_trails(log, gone):
    trails = learned(log)
    for what in gone:
        if isinstance(what, str):
            trails.forget(what)
        else:
            trails.drop([what])
    kept = {user: unpack_trail(pack_trail(trails.trail(user))) for user in "abc"}
    assert record(trails) == record(
        Trails({user: trail for user, trail in kept.items() if len(trail.rows)}.items())
    )
    assert sum(trails.counts(np.arange(8))) == sum(len(trail.rows) for trail in kept.values())


@given(clicks, st.sampled_from("abc"))
def test_of_a_forgotten_reader_nothing_remains(log, user):
    with_them = learned(log)
    with_them.forget(user)
    assert record(with_them) == record(learned([click for click in log if click[0] != user]))


@given(clicks)
def test_the_order_within_a_trail_is_told_by_places(log):
    trails = learned(log)
    for user in "abc":
        trail = trails.trail(user)
        _, numbers, _, order, _ = readers_of(trails, trail.rows)
        mine = [place for number, place in zip(numbers, order, strict=True) if number == trails.number(user)]
        assert mine == sorted(set(mine))


@given(clicks)
def test_what_a_reader_read_before_is_what_stands_before_it_in_the_trail(log):
    trails = learned(log, kept=7)
    for user in "abc":
        trail = trails.trail(user).rows
        positions, numbers, _, _, before = readers_of(trails, trail)
        for position, number, rows in zip(positions, numbers, before, strict=True):
            if number == trails.number(user):
                expected = trail[max(0, position - BEFORE) : position][::-1].tolist()
                assert rows == expected + [-1] * (BEFORE - len(expected))


def test_a_trail_holds_first_clicks_and_the_latest_of_them():
    trail = extended(NO_TRAIL, reads([1, 2, 1, 3], [1.0, 2.0, 3.0, 4.0]), 10)
    assert (trail.rows.tolist(), trail.at.tolist()) == ([1, 2, 3], [1.0, 2.0, 4.0])
    assert extended(trail, reads([2], [9.0]), 10) is trail
    assert extended(trail, reads([4, 5], [5.0, 6.0]), 3).rows.tolist() == [3, 4, 5]


def test_a_document_that_is_gone_is_left_out_when_trails_are_loaded():
    trails = Trails([("ana", Trail(np.array([0, 1, 2]), np.array([1.0, 2.0, 3.0])))], known=np.array([0, 2]))
    assert trails.trail("ana").rows.tolist() == [0, 2]
    assert trails.counts(np.arange(3)).tolist() == [1, 0, 1]


def test_only_the_latest_readers_are_given_where_there_are_many():
    trails = learned([(user, 0, at) for at, user in enumerate("abc")])
    assert readers_of(trails, np.array([0]), 2)[2] == [1.0, 2.0]
    assert trails.latest().tolist() == [0]


def test_a_trail_that_is_cut_short_is_damage():
    with pytest.raises(StateDamaged, match="cut short"):
        unpack_trail(b"12345")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.booleans()), max_size=200))
def test_readers_are_kept_in_their_order_however_often_they_move(actions):
    """Beside a dict of lists; the third of an action says whether a reader is removed."""
    readers, expected = Readers(), {}
    for place, (row, number, goes) in enumerate(actions):
        of_row = expected.setdefault(row, [])
        if goes and of_row:
            readers.remove(row, number)
            expected[row] = [entry for entry in of_row if entry[0] != number]
        elif not goes:
            readers.append(row, number, float(place), place, np.array([place, number]))
            of_row.append((number, float(place), place, [place, number, -1, -1, -1]))
    rows = np.arange(40)
    assert readers.counts(rows).tolist() == [len(expected.get(row, [])) for row in rows.tolist()]
    positions, places = gathered(readers.segments(rows, 3))
    found = list(
        zip(positions.tolist(), *(column[places].tolist() for column in readers.entries), strict=True)
    )
    assert found == [(row, *entry) for row in rows.tolist() for entry in expected.get(row, [])[-3:]]
    assert len(readers.entries.at) <= 16 * (1 + sum(map(len, expected.values()), len(actions)))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 150), st.booleans()), max_size=200))
def test_whether_documents_are_shared_is_known_live_as_it_is_when_loaded(log):
    trails = Trails()
    for n, (user, row, gone) in enumerate(log):
        if gone:
            trails.drop([row])
        elif row not in trails.trail(user).rows:
            read = Read(user, row, float(n))
            trails.put({user: extended(trails.trail(user), [read], 60)}, [read])
    trails.forget("c")
    loaded = Trails([(user, trails.trail(user)) for user in "ab"])
    counts = [sum(row in trails.trail(user).rows for user in "ab") for row in range(151)]
    read_, shared = sum(n > 0 for n in counts), sum(n > 1 for n in counts)
    assert trails.are_shared == loaded.are_shared == (read_ < 100 or shared >= 0.05 * read_)


def test_authors_of_documents_of_their_own_share_nothing():
    trails = Trails([(f"u{n}", Trail(np.arange(n * 10, n * 10 + 10), np.zeros(10))) for n in range(12)])
    assert not trails.are_shared
    reads = [Read("x", row, 1.0) for row in range(0, 120, 10)]
    trails.put({"x": extended(trails.trail("x"), reads, 100)}, reads)
    assert trails.are_shared
