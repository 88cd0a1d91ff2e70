from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import InvalidQuery
from penchant.lab.cases import Case, Trial
from penchant.lab.log import Clicks
from penchant.lab.metrics import coverage_and_novelty, mean_by_user, measure, measure_ranks, ranks


def case(candidates: int, relevant: list[int], user: int = 0) -> Case:
    return Case(user, 0.0, 0, np.arange(candidates, dtype=np.int32), np.array(relevant, np.int32))


def test_of_tied_documents_half_count_as_better():
    assert ranks(case(5, [0]), np.array([1.0, 1.0, 1.0, 2.0, 0.0]), alone=True).tolist() == [3.0]
    assert ranks(case(4, [0]), np.ones(4), alone=False).tolist() == [2.5]


def test_alone_means_without_the_other_relevant_documents():
    scores = np.array([3.0, 2.0, 2.5, 1.0])
    assert ranks(case(4, [0, 1]), scores, alone=True).tolist() == [1.0, 2.0]
    assert ranks(case(4, [0, 1]), scores, alone=False).tolist() == [1.0, 3.0]


@given(st.permutations(range(12)))
def test_without_ties_a_rank_is_the_place_in_the_order(scores: list[int]):
    order = sorted(range(12), key=lambda n: -scores[n])
    found = ranks(case(12, [2, 7]), np.array(scores, float), alone=False)
    assert found.tolist() == [order.index(2) + 1, order.index(7) + 1]


@pytest.mark.parametrize("scores", [np.array([1.0, np.nan, 0.0]), np.zeros(2)])
def test_scores_that_a_method_does_not_owe_are_refused(scores):
    with pytest.raises(InvalidQuery, match="3 candidates"):
        ranks(case(3, [0]), scores, alone=True)


def test_measures_by_hand():
    found = measure_ranks([[1.0], [5.0], [5.5], [30.0]], ["H@5", "N@20", "MRR"])
    assert found["H@5"].tolist() == [1, 1, 0, 0]
    assert found["N@20"].tolist() == pytest.approx([1, 1 / math.log2(6), 1 / math.log2(7), 0])
    assert found["MRR"].tolist() == pytest.approx([1, 1 / 5, 1 / 6, 1 / 30])


def test_measures_of_several_relevant_documents_by_hand():
    found = measure_ranks([[1.0, 3.0, 40.0]], ["Recall@20", "HR@20", "NDCG@20"])
    ideal = sum(1 / math.log2(place + 1) for place in (1, 2, 3))
    assert found["Recall@20"][0] == pytest.approx(2 / 3)
    assert found["HR@20"][0] == 1
    assert found["NDCG@20"][0] == pytest.approx((1 + 1 / math.log2(4)) / ideal)


def test_two_documents_of_one_tied_rank_take_two_places():
    assert measure_ranks([[1.5, 1.5]], ["Recall@2", "Recall@3"])["Recall@3"].tolist() == [1]


def test_an_unknown_measure_is_named():
    with pytest.raises(InvalidQuery, match="unknown measure 'F@3'"):
        measure_ranks([[1.0]], ["F@3"])


def test_ira_means_over_five_then_over_users():
    nothing = Clicks(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    trial = Trial("ira", nothing, [case(9, [0, 1], user=4), case(9, [2, 3], user=7)], ["H@5"], alone=True)
    users, sums, counts = mean_by_user(trial, measure(trial, np.array([1.0, 9.0, 2.0, 3.0]))["H@5"])
    assert (users.tolist(), (sums / counts).tolist()) == ([4, 7], [0.5, 1.0])


def test_coverage_and_novelty_by_hand():
    found = coverage_and_novelty([np.array([0, 1]), np.array([0])], np.array([4, 1, 0, 0]), users=8)
    assert found["Coverage@20"] == 0.5
    assert found["Novelty@20"] == pytest.approx((2 * 1 + 3) / 3)
