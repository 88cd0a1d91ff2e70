"""Which candidates are shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.rank.choosing import diverse, repeats, speaks_most, top, without

scores = st.lists(st.integers(0, 5), min_size=1, max_size=30)


@given(scores, st.integers(1, 35))
def test_the_top_is_that_of_sorting_everything(values, k):
    ids = [f"d{(n * 7) % 31:02d}" for n in range(len(values))]
    expected = sorted(range(len(values)), key=lambda n: (-values[n], ids[n]))[:k]
    found = top(np.array(values, np.float32), ids, k)
    assert [(values[n], ids[n]) for n in found] == [(values[n], ids[n]) for n in expected]


def test_without_diversity_the_order_is_that_of_the_scores_and_with_all_of_it_of_likeness():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    values = np.array([3.0, 2.0, 1.0])
    assert diverse(values, vectors, 3, 0.0) == [0, 1, 2]
    assert diverse(values, vectors, 2, 1.0) == [0, 2]
    assert diverse(values[:0], vectors[:0], 3, 0.5) == []


DAY = 86_400.0


def test_of_near_duplicates_the_first_is_shown():
    vectors = np.array([[1, 0], [0.999, 0.02], [0, 1], [0.02, 0.999]], np.float32)
    found = repeats(vectors, np.full(4, np.nan))
    assert without(found, 4) == [0, 2]
    assert without(found, 1) == [0]
    assert without(np.zeros((3, 3), bool), 2) == [0, 1]


@pytest.mark.parametrize(
    ("cosine", "days", "one_story"),
    [(0.85, 1.0, True), (0.85, 3.0, True), (0.85, 3.1, False), (0.75, 1.0, False), (0.85, 0.0, False)],
)
def test_news_of_one_story_is_alike_and_published_close_together(cosine, days, one_story):
    vectors = np.array([[1, 0], [cosine, np.sqrt(1 - cosine**2)]], np.float32)
    assert repeats(vectors, np.array([days * DAY, 0.0]))[0, 1] == one_story
    assert not repeats(vectors, np.array([days * DAY, np.nan])).any()


def test_the_unit_that_speaks_most_is_the_nearest_and_of_equals_the_first():
    units = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert speaks_most(units, np.array([[1, 0], [0.1, 0.9]], np.float32)) == [0, 2]


@pytest.mark.parametrize("k", [1, 5])
def test_ties_at_the_last_place_go_by_id(k):
    assert top(np.zeros(5, np.float32), list("edcba"), k) == [4, 3, 2, 1, 0][:k]
