"""Sequences: nothing that is held out is learned, every document comes once as what came next."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import InvalidQuery
from penchant.towers.snapshot import Snapshot
from penchant.train.sequences import (
    Piece,
    after_every_place,
    after_one_place,
    beginnings,
    cut_in_two,
    groups_of,
    held_out,
    pieces,
    with_masks,
)

histories = st.lists(st.integers(1, 40), min_size=60, max_size=90)


def sequences(lengths: list[int], lots: list[int] | None = None) -> Snapshot:
    random = np.random.default_rng(0)
    read = [random.permutation(100)[:length] for length in lengths]
    given_lots = random.integers(0, 2**32, len(lengths)) if lots is None else np.array(lots)
    ids = [f"d{row}" for row in range(100)]
    return Snapshot("fake", ids, np.zeros((100, 4), np.float32), read, given_lots.astype(np.uint32), 0.0)


def pieces_of(read) -> list[Piece]:
    return [Piece(reader, rows) for reader, rows in enumerate(read)]


@given(histories.filter(lambda lengths: sum(length >= 2 for length in lengths) >= 50))
def test_what_is_asked_is_not_learned(lengths):
    made = sequences(lengths)
    learned, questions = held_out(made, 0.1, 100)
    assert questions
    whole = {tuple(rows.tolist()) for rows in made.read}
    for known, asked in questions:
        assert 1 <= len(asked) <= 5
        assert (*known.tolist(), *asked.tolist()) in whole
    kept = [tuple(rows.tolist()) for _, rows in learned]
    known = {tuple(question.known.tolist()) for question in questions}
    assert all(rows in whole or rows in known for rows in kept)
    assert sum(map(len, kept)) <= sum(lengths) - sum(len(question.asked) for question in questions)


def test_who_was_held_out_is_held_out_again_after_more_clicks():
    lots = list(range(80))
    _, before = held_out(sequences([10] * 80, lots), 0.1, 100)
    _, after = held_out(sequences([10] * 80 + [10] * 40, [*lots, *range(1_000, 1_040)]), 0.1, 100)
    firsts = [question.known[0] for question in after[: len(before)]]
    assert firsts == [question.known[0] for question in before]


def test_too_few_readers_are_told():
    with pytest.raises(InvalidQuery, match="7 readers clicked two documents or more, and a tower needs 50"):
        held_out(sequences([3] * 7 + [1] * 90), 0.1, 100)


@given(histories, st.integers(2, 12))
def test_every_document_but_the_first_comes_once_as_what_came_next(lengths, history):
    made = sequences(lengths)
    read = pieces_of(made.read)
    found = pieces(read, history)
    assert all(set(rows.tolist()) <= set(read[reader].rows.tolist()) for reader, rows in found)
    cut = [piece.rows for piece in found]
    assert all(2 <= len(rows) <= history + 1 for rows in cut)
    assert sum(len(rows) - 1 for rows in cut) >= sum(length - 1 for length in lengths)
    nexts = {tuple(rows[at : at + 2].tolist()) for rows in cut for at in range(len(rows) - 1)}
    assert nexts == {tuple(rows[at : at + 2].tolist()) for rows in made.read for at in range(len(rows) - 1)}


def test_a_batch_says_what_came_after_each_place():
    made = after_every_place(pieces_of([np.array([5, 6, 7, 8]), np.array([3, 4])]), 2)
    assert made.rows.tolist() == [[5, 6, 7], [3, 0, 0]]
    assert made.lengths.tolist() == [3, 1]
    assert made.targets.tolist() == [[[6, 7], [7, 8], [8, -1]], [[4, -1], [-1, -1], [-1, -1]]]
    assert (made.readers.tolist(), made.clicks) == ([0, 1], 6)


def test_beginnings_say_the_same_of_wholes():
    made = beginnings(pieces_of([np.array([5, 6, 7, 8]), np.array([3, 4])]), 2)
    assert made.rows.tolist() == [[5, 0, 0], [5, 6, 0], [5, 6, 7], [3, 0, 0]]
    assert made.lengths.tolist() == [1, 2, 3, 1]
    assert made.targets.tolist() == [[[6, 7]], [[7, 8]], [[8, -1]], [[4, -1]]]
    assert (made.readers.tolist(), made.clicks) == ([0, 0, 0, 1], 6)


@given(
    histories.filter(lambda lengths: max(lengths) >= 2),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(0, 9),
)
def test_one_place_of_each_is_followed_by_what_came_after_it(lengths, history, earliest, seed):
    read = [piece for piece in pieces_of(sequences(lengths).read) if len(piece.rows) >= 2]
    made = after_one_place(read, history, 1, earliest, np.random.default_rng(seed))
    for place, (_, rows) in enumerate(read):
        at = rows.tolist().index(int(made.targets[place, 0, 0]))
        assert at >= min(earliest, len(rows) - 1)
        known = rows[max(0, at - history) : at]
        assert made.rows[place, : made.lengths[place]].tolist() == known.tolist()


@given(histories, st.integers(1, 9), st.floats(0, 1))
def test_masks_hide_what_has_to_be_guessed_and_always_something(lengths, history, share):
    read = pieces_of(sequences(lengths).read)
    made = with_masks(read, history, share, np.random.default_rng(0))
    there = np.arange(made.rows.shape[1]) < made.lengths[:, None]
    assert made.masked.any(axis=1).all()
    assert not made.masked[~there].any()
    assert np.array_equal(made.targets[:, :, 0] >= 0, made.masked)
    assert np.array_equal(made.targets[:, :, 0][made.masked], made.rows[made.masked])


@given(histories, st.integers(1, 9), st.integers(0, 3))
def test_batches_hold_every_piece_once_and_depend_on_the_seed_alone(lengths, size, seed):
    cut = pieces(pieces_of(sequences(lengths).read), 8)
    found, again = (
        [piece.rows.tolist() for group in groups_of(cut, size, [seed, 1]) for piece in group]
        for _ in range(2)
    )
    assert found == again
    assert sorted(found) == sorted(piece.rows.tolist() for piece in cut)


def test_a_cut_leaves_what_was_read_before_and_after_it():
    sequences_ = [np.arange(10, 20), np.array([3, 4])]
    made = cut_in_two(pieces_of(sequences_), 4, 3, np.random.default_rng(0))
    for place, rows in enumerate(sequences_):
        known = made.rows[place, : made.lengths[place]].tolist()
        asked = made.targets[place, : made.target_lengths[place]].tolist()
        assert 1 <= len(known) <= 4
        assert 1 <= len(asked) <= 3
        at = rows.tolist().index(asked[0])
        assert rows.tolist()[at - len(known) : at + len(asked)] == known + asked
