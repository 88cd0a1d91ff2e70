"""Smoothed embeddings: by the formula in plain numpy, whatever happened before; and nothing of a forgotten reader in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.memory.trails import Read, Trails, extended
from penchant.rank.smoothing import Smoother
from penchant.vectors import unit_length

VECTORS = unit_length(np.random.default_rng(0).standard_normal((12, 16)).astype(np.float32))
ROWS = np.arange(12)
clicks = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 11)), max_size=50)


def vectors_of(rows: np.ndarray) -> np.ndarray:
    return VECTORS[rows]


def learned(log, trails: Trails, kept: int = 6) -> Trails:
    for at, (user, row) in enumerate(log):
        read = Read(user, row, float(at))
        before = trails.trail(user)
        after = extended(before, [read], kept)
        trails.put({user: after}, [read] if after is not before else [])
    return trails


def by_formula(trails: Trails, row: int) -> np.ndarray:
    total, readers = np.zeros(16), 0
    for user in "abcd":
        trail = trails.trail(user).rows.tolist()
        before = trail[: trail.index(row)][::-1][:5] if row in trail else []
        if before:
            context = sum(0.8**back * VECTORS[other].astype(float) for back, other in enumerate(before))
            total += context / np.linalg.norm(context)
            readers += 1
    smoothed = VECTORS[row] + total / (readers + 1)
    return smoothed / np.linalg.norm(smoothed)


@given(clicks, clicks, st.sampled_from("abcd"), st.integers(0, 11))
def test_it_is_the_formula_after_clicks_removals_and_a_user_who_is_forgotten(log, more, user, gone):
    trails, smoother = learned(log, Trails()), Smoother(0.8)
    smoother.towards(
        VECTORS[0], ROWS, VECTORS, trails, vectors_of
    )  # what is kept from before must not be taken for what is now
    trails.forget(user)
    trails.drop([gone])
    learned([(who, row) for who, row in more if row != gone], trails)
    for direction in VECTORS[:5]:
        found = smoother.towards(direction, ROWS, VECTORS, trails, vectors_of)
        assert found.positions.tolist() == np.flatnonzero(trails.counts(ROWS)).tolist()
        expected = [by_formula(trails, position) @ direction for position in found.positions.tolist()]
        assert found.cosines == pytest.approx(expected, abs=4e-3)  # kept in two bytes a number


def test_many_readers_who_agree_move_it_further_than_one():
    alone = learned([("a", 0), ("a", 1)], Trails())
    many = learned([(user, row) for user in "abcd" for row in (0, 1)], Trails())
    near = [
        Smoother(0.8).towards(VECTORS[0], np.array([1]), VECTORS[[1]], each, vectors_of).cosines[0]
        for each in (alone, many)
    ]
    assert VECTORS[1] @ VECTORS[0] < near[0] < near[1]


def test_a_document_that_nobody_read_is_not_among_them_and_one_that_was_read_first_is_not_moved():
    read = learned([("a", 3)], Trails())
    found = Smoother(0.8).towards(VECTORS[3], np.array([7, 3]), VECTORS[[7, 3]], read, vectors_of)
    assert found.positions.tolist() == [1]
    assert found.cosines == pytest.approx([1.0], abs=4e-3)


def test_without_a_direction_nothing_is_near():
    found = Smoother(0.8).towards(
        np.zeros(0, np.float32), ROWS, VECTORS, learned([("a", 3)], Trails()), vectors_of
    )
    assert not len(found.positions)
