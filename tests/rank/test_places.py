"""A list is shared between what everybody should see and what this reader should see."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.rank import places

ranking = st.permutations(range(30))


@given(ranking, ranking, st.floats(0, 1), st.integers(0, 30))
def test_of_the_first_n_places_the_readers_own_are_their_share_and_none_stands_twice(best, own, share, count):
    found = places.interleaved(best, own, share, count)
    assert len(found) == count
    assert len({position for position, _ in found}) == count
    for n in range(count + 1):
        assert sum(is_own for _, is_own in found[:n]) == math.floor(n * share + 1e-9)


@given(ranking, ranking)
def test_without_own_places_it_is_the_blend_and_with_all_of_them_it_is_the_readers(best, own):
    assert [position for position, _ in places.interleaved(best, own, 0.0, 30)] == list(best)
    assert [position for position, _ in places.interleaved(best, own, 1.0, 30)] == list(own)


def test_where_one_ranking_ends_the_other_goes_on():
    assert places.interleaved([1, 2], [3], 0.5, 5) == [(1, False), (3, True), (2, False)]


def test_the_order_within_each_ranking_is_kept():
    found = places.interleaved([0, 1, 2, 3], [2, 0, 3, 1], 0.5, 4)
    assert found == [(0, False), (2, True), (1, False), (3, True)]


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.lists(st.integers(0, 5), min_size=1, max_size=40),
    st.integers(1, 12),
)
def test_no_interest_takes_more_than_its_share_while_others_have_documents(sizes, units, count):
    shares = places.shares_of(np.array(sizes), 0.9)
    unit_of = {position: unit % len(sizes) for position, unit in enumerate(units)}
    found = places.in_proportion(list(unit_of), unit_of, shares, count)
    assert sorted(found) == sorted(unit_of)
    allowed = {unit: max(1, math.ceil(share * count)) for unit, share in enumerate(shares)}
    possible = sum(min(allowed[unit], many) for unit, many in Counter(unit_of.values()).items())
    first = Counter(unit_of[position] for position in found[: min(count, possible)])
    assert all(first[unit] <= allowed[unit] for unit in first)
    assert 0 not in unit_of.values() or 0 in [unit_of[position] for position in found[:2]]


@pytest.mark.parametrize("count", [2, 4])
def test_the_latest_interest_has_one_of_the_first_two_places(count):
    unit_of = {0: 1, 1: 2, 2: 3, 3: 0, 4: 0}
    shares = places.shares_of(np.array([1, 9, 9, 9]), 0.9)
    assert places.in_proportion([0, 1, 2, 3, 4], unit_of, shares, count)[:2] == [0, 3]


def test_for_the_latest_interest_stands_what_suits_best_of_what_is_nearest_to_it():
    of_units = np.array([[0.9, 0.1], [0.8, 0.1], [0.3, 0.4], *[[0.1, 0.0]] * 12], np.float32)
    suits = np.zeros(len(of_units))
    assert places.of_latest(of_units, suits) == 0
    suits[[1, 2, 14]] = 1.0, 2.0, 3.0
    assert places.of_latest(of_units, suits) == 1, "2 is nearer to another, 14 is far"
    assert places.of_latest(of_units[2:3], suits[2:3]) is None


def test_larger_and_more_recent_interests_have_more():
    shares = places.shares_of(np.array([2, 2, 20]), 0.5)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] > shares[1]
    assert shares[2] * 4 / math.log(21) == pytest.approx(shares[0] / math.log(3))
