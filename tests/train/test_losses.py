"""Losses: one pass gives what torch's own functions give, gradients too; LEARN's equation on small batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from penchant.train.losses import dense_all_action, hard_negatives, read_out, softmax_loss, uneven  # noqa: E402


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def plain(outputs, documents, targets, shares, offsets):
    """The same by torch's own functions, one row at a time."""
    losses = []
    for output, own, share in zip(outputs, targets, shares, strict=True):
        kept = torch.zeros(len(documents), dtype=torch.bool)
        kept[own[share > 0]] = True
        scores = documents @ output
        logs = torch.log_softmax(torch.where(kept, scores, scores + offsets), 0) + 0
        expected = (scores[own] * share).sum() - (scores[own] - logs[own])[0]
        losses.append(-expected)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("sampled", [False, True])
def test_softmax_is_that_of_torch_with_its_gradients(targets, sampled):
    torch.manual_seed(0)
    outputs, documents = drawn(600, 5), drawn(40, 5)
    own = torch.stack([torch.randperm(40)[:targets] for _ in range(600)])
    shares = torch.ones(600, targets, dtype=torch.float64)
    if targets > 1:
        shares[::2, 1:] = 0
    shares = shares / shares.sum(dim=1, keepdim=True)
    offsets = torch.rand(40, dtype=torch.float64) if sampled else torch.zeros(40, dtype=torch.float64)
    found = softmax_loss(outputs, documents, own, shares, offsets)
    by_us = torch.autograd.grad(found, (outputs, documents))
    expected = plain(outputs, documents, own, shares, offsets)
    by_torch = torch.autograd.grad(expected, (outputs, documents))
    assert found.item() == pytest.approx(expected.item(), abs=1e-9)
    assert all(torch.allclose(one, other, atol=1e-9) for one, other in zip(by_us, by_torch, strict=True))


def test_without_offsets_and_with_one_target_it_is_cross_entropy():
    torch.manual_seed(0)
    outputs, documents = drawn(50, 4), drawn(30, 4)
    own = torch.randint(30, (50, 1))
    found = softmax_loss(
        outputs, documents, own, torch.ones(50, 1, dtype=torch.float64), torch.zeros(30, dtype=torch.float64)
    )
    assert found.item() == pytest.approx(
        functional.cross_entropy(outputs @ documents.T, own[:, 0]).item(), abs=1e-9
    )


def test_products_in_bfloat16_lose_little():
    torch.manual_seed(0)
    outputs, documents = drawn(600, 64).float().detach(), drawn(300, 64).float().detach()
    own, shares, offsets = torch.randint(300, (600, 1)), torch.ones(600, 1), torch.zeros(300)
    found = []
    for products in (None, torch.bfloat16):
        given = outputs.clone().requires_grad_(), documents.clone().requires_grad_()
        loss = softmax_loss(*given, own, shares, offsets, products)
        found.append((loss, *torch.autograd.grad(loss, given)))
    for exact, quick in zip(*found, strict=True):
        assert quick.dtype == torch.float32
        assert torch.linalg.norm(quick - exact) < 0.01 * torch.linalg.norm(exact)


def test_a_sample_estimates_the_sum_over_all():
    random = np.random.default_rng(0)
    scores = random.standard_normal(400)
    chance = random.uniform(0.1, 0.9, 400)
    sums = [
        np.exp(scores[kept] - np.log(chance[kept])).sum()
        for kept in (random.random(400) < chance for _ in range(2_000))
    ]
    assert np.mean(sums) == pytest.approx(np.exp(scores).sum(), rel=0.02)


def test_dense_with_one_place_and_one_target_is_infonce():
    torch.manual_seed(0)
    readers, documents = drawn(6, 4), drawn(6, 4)
    who = torch.arange(6)
    found = dense_all_action(readers, documents, who, who, torch.arange(6))
    assert found.item() == pytest.approx(
        functional.cross_entropy(readers @ documents.T, who).item(), abs=1e-9
    )


def test_dense_leaves_the_readers_own_other_targets_out_of_every_denominator():
    torch.manual_seed(0)
    readers, documents = drawn(3, 4), drawn(4, 4)
    of_reader, of_document = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1, 1])
    found = dense_all_action(readers, documents, of_reader, of_document, torch.arange(4))
    scores = (readers @ documents.T).detach().numpy()
    losses = []
    for place in range(3):
        mine = [0, 1] if of_reader[place] == 0 else [2, 3]
        others = [row for row in range(4) if row not in mine]
        for target in mine:
            bottom = np.exp(scores[place, [target, *others]]).sum()
            losses.append(-np.log(np.exp(scores[place, target]) / bottom))
    assert found.item() == pytest.approx(np.mean(losses), abs=1e-9)


def test_dense_takes_no_document_as_negative_that_the_reader_goes_on_to_as_well():
    torch.manual_seed(0)
    readers, documents = drawn(2, 4), drawn(2, 4)
    who, same = torch.arange(2), torch.tensor([7, 7])
    assert dense_all_action(readers, documents, who, who, same).item() == pytest.approx(0.0, abs=1e-9)


def test_the_gradient_of_dense_is_that_of_finite_differences():
    torch.manual_seed(0)
    of_reader, of_document = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 2])
    assert torch.autograd.gradcheck(
        lambda readers, documents: dense_all_action(
            readers, documents, of_reader, of_document, torch.tensor([1, 2, 3, 1])
        ),
        (drawn(4, 3), drawn(4, 3)),
    )


@given(st.integers(1, 6), st.floats(0, 2), st.integers(0, 50))
def test_hard_negatives_are_what_the_equation_says(places, hardness, seed):
    random = np.random.default_rng(seed)
    outputs, documents = random.standard_normal((places, 4)), random.standard_normal((9, 4))
    targets = random.integers(0, 9, places)
    expected = []
    for output, target in zip(outputs, targets, strict=True):
        scores = documents @ output
        rivals = np.delete(scores, target)
        weights = np.exp(hardness * rivals) / np.exp(hardness * rivals).mean()
        expected.append(
            -np.log(np.exp(scores[target]) / (np.exp(scores[target]) + (weights * np.exp(rivals)).sum()))
        )
    given_ = [torch.tensor(each, dtype=torch.float32) for each in (outputs, documents)]
    found = hard_negatives(*given_, torch.tensor(targets), torch.zeros(9), hardness)
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-3, abs=1e-4)


def test_negatives_of_no_hardness_are_those_of_softmax():
    torch.manual_seed(0)
    outputs, documents, targets = torch.randn(5, 4), torch.randn(9, 4), torch.tensor([0, 3, 3, 8, 1])
    offsets = torch.rand(9)
    plain = softmax_loss(outputs, documents, targets[:, None], torch.ones(5, 1), offsets)
    assert hard_negatives(outputs, documents, targets, offsets, 0.0).item() == pytest.approx(
        plain.item(), abs=1e-5
    )


def test_even_attention_costs_nothing_and_padding_does_not_count():
    even = torch.tensor([[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]])
    assert uneven(even, torch.tensor([2])).item() == 0
    one = torch.tensor([[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]])
    assert uneven(one, torch.tensor([2])).item() == pytest.approx((0.5 / 64) ** 2)


def test_the_interest_that_suits_a_document_answers_for_it():
    interests = torch.tensor([[[1.0, 0.0], [0.0, 3.0]]])
    assert read_out(interests, torch.tensor([[0.0, 1.0]]), "hard").tolist() == [[0.0, 3.0]]
    soft = read_out(interests, torch.tensor([[0.0, 1.0]]), "soft")[0].numpy()
    share = np.exp(3) / (1 + np.exp(3))
    assert np.allclose(soft, [1 - share, 3 * share], atol=1e-5)
