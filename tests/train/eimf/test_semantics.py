"""What interests in words teach: the equations, recomputed one by one; and that what has to learn does."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from penchant.train.eimf.semantics import Explicit, Semantics, contrast  # noqa: E402
from penchant.train.towers.plan import plan_of  # noqa: E402

CONTENT, WIDTH, DOCUMENTS = 12, 8, 9
random = np.random.default_rng(0)
VECTORS = random.standard_normal((6, CONTENT)).astype(np.float32)
EXPLICIT = Explicit(VECTORS, np.array([0, 1, 3, 6]), np.array([2, 0, -1, 1]))


def made(**changes) -> Semantics:
    torch.manual_seed(0)
    return Semantics(plan_of("eimf", **changes), EXPLICIT, WIDTH)


def asked(readers):
    torch.manual_seed(1)
    count = len(readers)
    return {
        "behaviour": torch.randn(count, WIDTH, requires_grad=True),
        "documents": torch.randn(count, WIDTH, requires_grad=True),
        "texts": torch.randn(DOCUMENTS, CONTENT),
        "offsets": torch.zeros(DOCUMENTS),
        "targets": torch.arange(count),
        "readers": np.array(readers),
    }


def test_interests_that_are_not_there_count_nothing():
    semantics = made()
    names = semantics.mapped(torch.randn(2, CONTENT))
    alone = semantics.said(np.array([1]), names[:1])
    beside = semantics.said(np.array([1, 2]), names)
    assert torch.allclose(alone[0], beside[0], atol=1e-6)


def test_readers_without_interests_teach_nothing():
    given = asked([2, 2])
    loss = made().cost(**given)
    assert loss.item() == 0
    loss.backward()
    with_others = asked([0, 2])
    made().cost(**with_others).backward()
    assert not with_others["behaviour"].grad[1].any()
    assert with_others["behaviour"].grad[0].any()


def test_each_part_can_be_left_out():
    given = asked([0, 1, 3])
    whole = made().cost(**given).item()
    predicted = made(contrasted=0.0, alike=0.0).cost(**given).item()
    aligned = made(predicted=0.0).cost(**given).item()
    assert whole == pytest.approx(predicted + aligned, abs=1e-5)


def test_who_shares_words_is_no_rival():
    cosines = torch.tensor([[0.9, 0.8, 0.1], [0.2, 0.5, 0.3], [0.0, 0.1, 0.7]])
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    rows = [
        -np.log(np.exp(own / 0.1) / (np.exp(own / 0.1) + sum(np.exp(np.array(rest) / 0.1))))
        for own, rest in ((0.9, [0.1]), (0.5, [0.3]), (0.7, [0.0, 0.1]))
    ]
    assert contrast(cosines, same, 0.1).item() == pytest.approx(np.mean(rows), rel=1e-4)


def test_behaviour_comes_to_look_like_its_words():
    semantics, given = made(), asked([0, 1, 3])
    optimizer = torch.optim.Adam([given["behaviour"], given["documents"], *semantics.parameters()], 0.05)
    first = semantics.cost(**given).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = semantics.cost(**given)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3 * first
