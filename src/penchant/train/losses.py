"""Softmax over documents: how little a network expected what readers went on to."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from penchant.train.backbones.seam import there

_ROWS = {"cpu": 256}
"""Histories whose scores of all documents are held at once, by the device: few stay in a processor's
cache."""
_MOST_ROWS = 8_192
_SCALE = 64
"""By which REMI divides variances."""


def softmax_loss(
    outputs: Tensor,
    documents: Tensor,
    targets: Tensor,
    shares: Tensor,
    offsets: Tensor,
    products: torch.dtype | None = None,
) -> Tensor:
    """The mean cross-entropy of softmax over documents, of several targets each.

    Args:
        outputs: of the places of histories, shape (places, dimension).
        documents: their vectors, shape (documents, dimension).
        targets: rows of `documents`, shape (places, targets).
        shares: what each target counts, of the same shape; a place's are 1 together, 0 where it has fewer.
        offsets: added to the scores of documents that are not targets, shape (documents,): minus the
            logarithm of the chance with which each was drawn, so that the sum over those drawn estimates that
            over all.
        products: what vectors are multiplied in, None: as they are. Sums are as exact as the vectors.

    Source: on the correction, Bengio and Senécal, "Adaptive importance sampling to accelerate training of a
    neural probabilistic language model", IEEE Transactions on Neural Networks, 2008; the sum over a sample is
    that of Horvitz and Thompson, 1952.
    """
    loss: Tensor = _Softmax.apply(outputs, documents, targets, shares, offsets, products)  # type: ignore[no-untyped-call]
    return loss


class _Softmax(torch.autograd.Function):
    """Loss and gradients in one pass over the scores, a few rows at a time: they are never held as a whole,
    and read from memory once."""

    @staticmethod
    def forward(
        ctx: Any,
        outputs: Tensor,
        documents: Tensor,
        targets: Tensor,
        shares: Tensor,
        offsets: Tensor,
        products: torch.dtype | None,
    ) -> Tensor:
        by_outputs, by_documents = torch.empty_like(outputs), torch.zeros_like(documents)
        total = outputs.new_zeros(())
        exact, quick = outputs.dtype, products or outputs.dtype
        outputs, documents = outputs.to(quick), documents.to(quick)
        rows = _ROWS.get(outputs.device.type, _MOST_ROWS)
        for start in range(0, len(outputs), rows):
            part = slice(start, start + rows)
            scores = (outputs[part] @ documents.T).to(exact)
            expected = (scores.gather(1, targets[part]) * shares[part]).sum(dim=1)
            scores += offsets
            there = shares[part] > 0
            scores.scatter_add_(1, targets[part], torch.where(there, -offsets[targets[part]], 0.0))
            most = scores.amax(dim=1, keepdim=True)
            scores.sub_(most).exp_()
            sums = scores.sum(dim=1, keepdim=True)
            total += (sums.log() + most).sum() - expected.sum()
            scores.div_(sums).scatter_add_(1, targets[part], -shares[part])
            slopes = scores.to(quick)
            by_outputs[part] = slopes @ documents
            by_documents += slopes.T @ outputs[part]
        ctx.save_for_backward(by_outputs.div_(len(outputs)), by_documents.div_(len(outputs)))
        return total / len(outputs)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, None, None, None, None]:
        by_outputs, by_documents = ctx.saved_tensors
        return by_outputs * slope, by_documents * slope, None, None, None, None


def dense_all_action(
    readers: Tensor, documents: Tensor, of_reader: Tensor, of_document: Tensor, same: Tensor
) -> Tensor:
    """LEARN's loss: InfoNCE between every place of a history and every target of its reader, against the
    targets of the other readers of the batch.

    ``-log(exp s(u, v) / (exp s(u, v) + sum over targets w of other readers of exp s(u, w)))``, the mean over
    all pairs (u, v) of one reader. The reader's own other targets are in no denominator.

    Args:
        readers: of the places of histories, shape (places, dimension); of length `scale` where the similarity
            is a cosine.
        documents: of the targets, shape (targets, dimension).
        of_reader: whose each place is, shape (places,).
        of_document: whose each target is, shape (targets,).
        same: the number of each target's document, shape (targets,): what a reader goes on to is no negative
            because another reader goes on to it too.

    Source: Jia et al., 2024, equation (1), after Pancha et al., "PinnerFormer", KDD 2022.
    """
    scores = readers @ documents.T
    own = of_reader[:, None] == of_document[None]
    also_own = torch.zeros_like(own)
    for reader in sorted(set(of_document.tolist())):
        is_own = torch.isin(same, same[of_document == reader])
        also_own[of_reader == reader] = is_own
    others = scores.masked_fill(also_own, -torch.inf).logsumexp(dim=1, keepdim=True)
    losses = functional.softplus(others - scores)
    return losses[own].mean()


def hard_negatives(
    outputs: Tensor, documents: Tensor, targets: Tensor, offsets: Tensor, hardness: float
) -> Tensor:
    """Softmax over documents in which a rival counts more, the better it suits the reader: by ``exp(hardness
    * score)``, of a mean of 1.

    ``-log(exp s / (exp s + sum of w exp s_i))``, the mean over places. At a hardness of 0 it is the
    cross-entropy of `softmax_loss`.

    Args:
        outputs: of the places of histories, shape (places, dimension).
        documents: shape (documents, dimension).
        targets: a row of `documents` each, shape (places,).
        offsets: see `softmax_loss`.

    Source: Xie et al., "Rethinking multi-interest learning for candidate matching in recommender systems",
    RecSys 2023 (REMI), equation (10).
    """
    scores = outputs @ documents.T
    own = scores.gather(1, targets[:, None])
    of_rivals = scores.scatter(1, targets[:, None], -torch.inf)
    weighted = (offsets + (1 + hardness) * of_rivals).logsumexp(dim=1)
    weights = (offsets + hardness * of_rivals.clamp(min=-1e4)).scatter(1, targets[:, None], -torch.inf)
    count = offsets.exp().sum() - offsets[targets].exp()
    rivals = weighted - weights.logsumexp(dim=1) + count.log()
    return functional.softplus(rivals - own[:, 0]).mean()


def uneven(attention: Tensor, lengths: Tensor) -> Tensor:
    """How unevenly interests look at the documents of a history: the squared variance of each interest's
    shares, summed.

    Args:
        attention: shape (histories, interests, places), 0 at places that are padding.
        lengths: shape (histories,).

    Source: Xie et al., 2023, equation (12), which sums over the documents that are there.
    """
    padding = ~there(attention.shape[2], lengths)
    off = (attention - 1 / lengths[:, None, None]).masked_fill(padding[:, None], 0.0)
    return (off.square().sum(dim=2) / _SCALE).square().sum()


def read_out(interests: Tensor, documents: Tensor, how: str) -> Tensor:
    """The vector of each reader that answers for a document: of the interest that suits it best (``hard``),
    or of all by how well they suit it (``soft``), shape (readers, dimension).

    Args:
        interests: shape (readers, interests, dimension).
        documents: one for each reader, shape (readers, dimension).
    """
    said = (interests @ documents[:, :, None])[:, :, 0]
    if how == "hard":
        return interests[torch.arange(len(interests)), said.argmax(dim=1)]
    return (said.softmax(dim=1)[:, None] @ interests)[:, 0]
