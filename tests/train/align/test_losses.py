"""Each loss beside its value worked out by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from penchant.train.align.losses import (  # noqa: E402
    ASIDE,
    SCALE,
    UNJUDGED,
    contrast_loss,
    nearness,
    order_loss,
    relevance_loss,
)


def softplus(value: float) -> float:
    return math.log1p(math.exp(value))


def test_what_is_near_to_one_text_of_a_query_is_near_to_the_query():
    cosines = torch.tensor([[0.9, 0.2], [0.3, 0.2], [0.5, 0.1]])
    of_query = torch.tensor([[True, True, False], [False, False, True]])
    found = nearness(cosines, of_query)
    assert found[0, 0].item() == pytest.approx(math.log((math.exp(9) + math.exp(3)) / 2) / 10, rel=1e-5)
    assert found[0, 1].item() == pytest.approx(0.2, rel=1e-5)
    assert found[1].tolist() == pytest.approx([0.5, 0.1], rel=1e-5), "of one text it is the cosine"


def test_relevance_is_the_cross_entropy_of_the_odds_beside_the_threshold():
    cosines = torch.tensor([[0.6, 0.4, 0.9, 1.0]])
    labels = torch.tensor([[3, 0, UNJUDGED, ASIDE]])
    expected = (softplus(-SCALE * 0.1) + softplus(SCALE * (0.4 - 0.5))) / 2
    assert relevance_loss(cosines, labels, 0.5).item() == pytest.approx(expected, rel=1e-5)


def test_order_punishes_every_pair_in_which_the_higher_label_is_not_nearer():
    cosines = torch.tensor([[0.50, 0.52, 0.45, 0.99, 1.0]])
    labels = torch.tensor([[2, 1, 0, UNJUDGED, ASIDE]])
    pairs = [0.50 - 0.52, 0.50 - 0.45, 0.52 - 0.45]
    expected = sum(softplus(-SCALE * difference) for difference in pairs) / 3
    assert order_loss(cosines, labels).item() == pytest.approx(expected, rel=1e-4)


def test_order_says_nothing_where_no_label_is_higher():
    assert order_loss(torch.tensor([[0.1, 0.2]]), torch.tensor([[1, 1]])).item() == 0


def test_contrast_is_the_softmax_among_all_that_is_not_known_to_be_relevant_nor_the_query_itself():
    cosines = torch.tensor([[0.5, 0.45, 0.4, 1.0]])
    labels = torch.tensor([[1, 2, UNJUDGED, ASIDE]])
    alone = [math.exp(SCALE * cosine) for cosine in (0.5, 0.45, 0.4)]
    expected = -(math.log(alone[0] / (alone[0] + alone[2])) + math.log(alone[1] / (alone[1] + alone[2]))) / 2
    assert contrast_loss(cosines, labels).item() == pytest.approx(expected, rel=1e-4)


def test_contrast_says_nothing_without_a_relevant_document():
    assert contrast_loss(torch.tensor([[0.5]]), torch.tensor([[0]])).item() == 0
