"""What a step of the training costs: examples of a batch, and how little the network expected them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from penchant.bfloat16 import is_native
from penchant.train.backbones.seam import there
from penchant.train.eimf.semantics import Semantics
from penchant.train.losses import dense_all_action, hard_negatives, read_out, softmax_loss, uneven
from penchant.train.sequences import (
    Batch,
    CutBatch,
    Piece,
    Rows,
    after_every_place,
    after_one_place,
    beginnings,
    cut_in_two,
    with_masks,
)
from penchant.train.towers.network import Network
from penchant.train.towers.plan import Plan


class Sampler:
    """Among which documents a batch's targets have to be found, and how likely each of them was drawn.

    Drawn are the documents of the batch, and others, each as likely as any. Where few are left all are taken.
    """

    def __init__(self, read: Sequence[Piece], documents: int, sampled: int) -> None:
        counts = np.bincount(np.concatenate([piece.rows for piece in read]), minlength=documents)
        self._frequency = counts / counts.sum()
        self._documents = documents
        self._sampled = sampled

    def draw(self, batch: Batch, random: np.random.Generator) -> tuple[Rows, Tensor]:
        """(rows in ascending order, offsets of `penchant.train.losses.softmax_loss`)."""
        if self._documents <= 2 * self._sampled:
            return np.arange(self._documents), torch.zeros(self._documents)
        drawn = random.choice(self._documents, self._sampled, replace=False)
        within = np.concatenate([batch.rows.ravel(), batch.targets[batch.targets >= 0]])
        rows = np.unique(np.concatenate([drawn, within]))
        missed = (1 - self._frequency[rows]) ** batch.clicks
        chance = 1 - missed * (1 - self._sampled / self._documents)
        return rows, torch.as_tensor(-np.log(chance)).float()


class _Examples(NamedTuple):
    """What was heard of readers, and what they went on to."""

    outputs: Tensor
    """Shape (examples, interests, dimension)."""
    targets: Tensor
    """Shape (examples, targets), rows of the documents that are shown."""
    shares: Tensor
    """What each target counts, of the same shape."""
    readers: Rows
    """Whose each example is."""


def cost(
    network: Network,
    semantics: Semantics | None,
    group: Sequence[Piece],
    sampler: Sampler,
    random: np.random.Generator,
) -> Tensor:
    """The loss of a group of sequences, by the network's plan."""
    plan = network.plan
    if plan.loss == "dense":
        return _dense(network, cut_in_two(group, plan.history, plan.targets, random))
    batch = _batch(network, group, random)
    shown, offsets = sampler.draw(batch, random)
    inputs = network.inputs(torch.as_tensor(shown))
    lengths = torch.as_tensor(batch.lengths)
    histories = inputs[torch.as_tensor(np.searchsorted(shown, batch.rows))]
    if batch.masked is not None:
        heard = network.guessed(histories, torch.as_tensor(batch.masked), lengths)
    elif batch.targets.shape[1] == 1:
        heard = network.whole(histories, lengths)
    else:
        heard = network.each(histories, lengths)
    examples = _examples(heard.outputs, batch, shown)
    documents = network.documents(torch.as_tensor(shown), inputs)
    loss = _expected(plan, network.scaled(examples.outputs), documents, examples, offsets)
    if heard.attention is not None and plan.apart:
        loss = loss + plan.apart * uneven(heard.attention, lengths)
    if semantics is not None:
        texts = network.embeddings[torch.as_tensor(shown)]
        next_one = examples.targets[:, 0]
        own = read_out(examples.outputs, documents[next_one], "soft")
        loss = loss + plan.semantic * semantics.cost(
            own, documents[next_one], texts, offsets, next_one, examples.readers
        )
    return loss


def _batch(network: Network, group: Sequence[Piece], random: np.random.Generator) -> Batch:
    plan = network.plan
    if plan.examples == "masked":
        return with_masks(group, plan.history, plan.masked, random)
    if plan.examples == "one place":
        return after_one_place(group, plan.history, plan.targets, plan.earliest, random)
    if network.backbone.causal:
        return after_every_place(group, plan.targets)
    return beginnings(group, plan.targets)


def _examples(outputs: Tensor, batch: Batch, shown: Rows) -> _Examples:
    """Of every place that has a target."""
    given = batch.targets >= 0
    asked = given[:, :, 0]
    targets = np.searchsorted(shown, np.where(given, batch.targets, shown[0]))[asked]
    shares = torch.as_tensor(given[asked].astype(np.float32))
    readers = np.broadcast_to(batch.readers[:, None], asked.shape)[asked]
    return _Examples(
        outputs[torch.as_tensor(asked)],
        torch.as_tensor(targets),
        shares / shares.sum(dim=1, keepdim=True),
        readers,
    )


def _expected(
    plan: Plan, interests: Tensor, documents: Tensor, examples: _Examples, offsets: Tensor
) -> Tensor:
    next_one = examples.targets[:, 0]
    if interests.shape[1] > 1:
        outputs = read_out(interests, documents[next_one], plan.readout)
    else:
        outputs = interests[:, 0]
    if plan.hard:
        return hard_negatives(outputs, documents, next_one, offsets, plan.hard)
    quick = plan.products == "native" and is_native(documents.device.type)
    products = torch.bfloat16 if quick else None
    return softmax_loss(outputs, documents, examples.targets, examples.shares, offsets, products)


def _dense(network: Network, cut: CutBatch) -> Tensor:
    """LEARN's loss; the targets of a reader go through the tower in order, or each alone."""
    rows, inverse = np.unique(np.concatenate([cut.rows.ravel(), cut.targets.ravel()]), return_inverse=True)
    inputs = network.inputs(torch.as_tensor(rows))
    read, gone_on_to = np.split(inverse, [cut.rows.size])
    lengths, targets = torch.as_tensor(cut.lengths), torch.as_tensor(cut.target_lengths)
    histories = inputs[torch.as_tensor(read.reshape(cut.rows.shape))]
    readers = network.each(histories, lengths).outputs[:, :, 0]
    own = inputs[torch.as_tensor(gone_on_to.reshape(cut.targets.shape))]
    asked = there(cut.targets.shape[1], targets)
    if network.plan.items == "in order":
        documents = network.compared(network.each(own, targets).outputs[:, :, 0])[asked]
    else:
        documents = network.documents(torch.as_tensor(cut.targets)[asked], own[asked])
    known = there(cut.rows.shape[1], lengths)
    who = torch.arange(len(lengths))[:, None]
    return dense_all_action(
        network.scaled(readers[known]),
        documents,
        who.expand_as(known)[known],
        who.expand_as(asked)[asked],
        torch.as_tensor(cut.targets)[asked],
    )
