"""What interests in words teach: they have to tell what a reader goes on to, and to look like what the
behaviour tells; needed in training alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from penchant.train.losses import softmax_loss
from penchant.train.towers.plan import Plan
from penchant.types import Vectors


class Explicit(NamedTuple):
    """Interests in words, as embeddings. Readers of one group share theirs."""

    vectors: Vectors
    """Of all groups, one after the other, shape (interests, dimension of the embedder)."""
    ends: NDArray[np.int64]
    """Where each group begins and, at last, the end: shape (groups + 1,)."""
    group_of: NDArray[np.int64]
    """Of each reader; -1 where there are no interests."""


class Semantics(nn.Module):
    """Interests in words, each seeing the others, and a linear map of texts into the tower's dimension.

    Source: Qiao et al., 2024, equations (7) to (12); one head, a sum and a norm, where it is silent.
    """

    def __init__(self, plan: Plan, explicit: Explicit, dimension: int) -> None:
        super().__init__()
        self._plan, self._explicit = plan, explicit
        self.mapped = nn.Linear(explicit.vectors.shape[1], dimension, bias=False)
        self.attended = nn.Linear(dimension, 3 * dimension)
        self.norm = nn.LayerNorm(dimension)
        with torch.no_grad():
            for weights in (self.mapped.weight, self.attended.weight):
                nn.init.xavier_normal_(weights)

    def cost(
        self,
        behaviour: Tensor,
        documents: Tensor,
        texts: Tensor,
        offsets: Tensor,
        targets: Tensor,
        readers: NDArray[np.int64],
    ) -> Tensor:
        """Prediction and alignment: ``L_S + L_A``.

        Args:
            behaviour: what the tower says of the readers, shape (examples, dimension).
            documents: the tower's vectors of the targets, of the same shape.
            texts: embeddings of all documents that are shown, shape (documents, dimension of the embedder).
            offsets: see `penchant.train.losses.softmax_loss`.
            targets: rows of `texts`, shape (examples,).
            readers: whose each example is, shape (examples,).
        """
        plan = self._plan
        groups = self._explicit.group_of[readers]
        some = torch.as_tensor(groups >= 0)
        if not some.any():
            return behaviour.sum() * 0.0
        groups, targets = groups[groups >= 0], targets[some]
        mapped = self.mapped(texts)
        names = mapped[targets]
        said = self.said(groups, names)
        shares = torch.ones(len(targets), 1)
        loss = plan.predicted * softmax_loss(said, mapped, targets[:, None], shares, offsets)
        if plan.contrasted or plan.alike:
            of_group = torch.as_tensor(groups)
            same_words = of_group[:, None] == of_group[None]
            same_target = targets[:, None] == targets[None]
            for words, seen, same in (
                (said, behaviour[some], same_words),
                (names, documents[some], same_target),
            ):
                cosines = functional.normalize(words, dim=1) @ functional.normalize(seen, dim=1).T
                loss = loss + plan.contrasted * contrast(cosines, same, plan.temperature)
                loss = loss + plan.alike * (1 - cosines.diagonal()).mean()
        return loss

    def said(self, groups: NDArray[np.int64], names: Tensor) -> Tensor:
        """What the interests of each example's reader say of its target, shape (examples, dimension).

        Args:
            names: of the targets, mapped, shape (examples, dimension).
        """
        own, place = np.unique(groups, return_inverse=True)
        vectors, there = self._padded(own)
        inputs = self.mapped(vectors)
        query, key, value = self.attended(inputs).chunk(3, dim=-1)
        scores = query @ key.transpose(1, 2) / math.sqrt(key.shape[-1])
        seen = scores.masked_fill(~there[:, None], -torch.inf).softmax(dim=-1) @ value
        interests = self.norm(inputs + seen)[torch.as_tensor(place)]
        fits = (interests @ names[:, :, None])[:, :, 0]
        fits = fits.masked_fill(~there[torch.as_tensor(place)], -torch.inf).softmax(dim=1)
        said: Tensor = (fits[:, None] @ interests)[:, 0]
        return said

    def _padded(self, groups: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """(interests of groups, shape (groups, most, dimension), which of them are there)."""
        starts = self._explicit.ends[groups]
        counts = self._explicit.ends[groups + 1] - starts
        places = np.arange(int(counts.max()))
        there = places < counts[:, None]
        vectors = self._explicit.vectors[np.where(there, starts[:, None] + places, 0)]
        return torch.as_tensor(np.asarray(vectors, np.float32)), torch.as_tensor(there)


def contrast(cosines: Tensor, same: Tensor, temperature: float) -> Tensor:
    """How little each text is more like its own behaviour than like that of others: InfoNCE.

    Args:
        cosines: of texts and behaviours, the pairs on the diagonal, shape (pairs, pairs).
        same: pairs of which one is no rival to the other, since both are of one text; shape (pairs, pairs).
    """
    scores = cosines / temperature
    own = scores.diagonal()
    rivals = scores.masked_fill(same & ~torch.eye(len(same), dtype=torch.bool), -torch.inf)
    return (rivals.logsumexp(dim=1) - own).mean()
