"""The network of Ada-Retrieval, and its training."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from penchant.lab.ada_retrieval import EACH, ROUNDS
from penchant.towers.snapshot import Snapshot
from penchant.train.losses import softmax_loss
from penchant.train.sequences import Piece, Question, after_one_place, groups_of, held_out, side_by_side
from penchant.train.towers.fit import MOST_HELD_OUT, fit
from penchant.train.towers.network import Network
from penchant.train.towers.plan import plan_of

_FALLS = 0.3
"""What a round counts in the loss, beside the one before."""
_EPOCHS = 30
_PATIENCE = 3


class Heard(NamedTuple):
    """What each round made of readers."""

    readers: Sequence[Tensor]
    """Vectors of shape (readers, width)."""
    found: Sequence[Tensor]
    """Rows of documents, shape (readers, EACH), the best first."""


class Rounds(nn.Module):
    """See the module.

    Args:
        base: the trained tower that reads histories; it goes on learning.
    """

    def __init__(self, base: Network) -> None:
        super().__init__()
        width = base.plan.width
        self.base = base
        self.waves = nn.Parameter(torch.randn(EACH // 2 + 1, width, 2) * 0.02)
        self.smoothed = nn.Linear(width, width)
        self.norm_found = nn.LayerNorm(width)
        self.norm_read = nn.LayerNorm(width)
        self.rounds = nn.GRU(width, width, batch_first=True)
        self.mixed = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.norm_reader = nn.LayerNorm(width)
        self.drop = nn.Dropout(base.plan.dropout)

    def documents(self) -> Tensor:
        """The vectors of all documents, shape (documents, width)."""
        return self.base.inputs(torch.arange(len(self.base.embeddings)))

    def forward(self, rows: Tensor, lengths: Tensor, documents: Tensor, gone: Tensor) -> Heard:
        """Ask for readers, round after round.

        Args:
            rows: their histories, padded on the right, shape (readers, places).
            lengths: shape (readers,).
            documents: of all, shape (documents, width).
            gone: documents that are not to be found, shape (readers, documents).
        """
        readers: list[Tensor] = []
        found: list[Tensor] = []
        read, gone = documents[rows], gone.clone()
        for _ in range(ROUNDS):
            reader = self.base.whole(self._in_context(read, documents, found), lengths).outputs[:, 0, 0]
            readers.append(self._after(reader, readers))
            with torch.no_grad():
                scores = (readers[-1] @ documents.T).masked_fill(gone, -torch.inf)
                found.append(scores.topk(EACH).indices)
                gone.scatter_(1, found[-1], True)
        return Heard(readers, found)

    def _in_context(self, read: Tensor, documents: Tensor, found: Sequence[Tensor]) -> Tensor:
        """What was read in the light of what was found (the paper's item representation adapter)."""
        if not found:
            return read
        context = torch.cat([self._low(documents[rows]) for rows in found], dim=1)
        weights = (read @ context.transpose(1, 2) / read.shape[-1] ** 0.5).softmax(dim=2)
        seen: Tensor = self.norm_read(self.drop(weights @ context) + read)
        return seen

    def _low(self, found: Tensor) -> Tensor:
        """What a round found, in its order, through a filter of frequencies that is learned."""
        waves = torch.fft.rfft(found, dim=1, norm="ortho") * torch.view_as_complex(self.waves)
        low = torch.fft.irfft(waves, n=found.shape[1], dim=1, norm="ortho")
        filtered: Tensor = self.norm_found(self.drop(self.smoothed(low)) + found)
        return filtered

    def _after(self, reader: Tensor, before: Sequence[Tensor]) -> Tensor:
        """A reader's vector after those of earlier rounds (the user representation adapter)."""
        if not before:
            return reader
        context = self.rounds(torch.stack(list(before), dim=1))[0][:, -1]
        adapted: Tensor = self.norm_reader(
            self.drop(self.mixed(torch.cat([reader, context], dim=1))) + reader
        )
        return adapted


def trained(given: Snapshot, seed: int) -> Rounds:
    """SASRec first, then the rounds on it, until readers who are held out are found no more.

    Raises:
        InvalidQuery: there are too few readers.
    """
    plan = replace(plan_of("sasrec"), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        base = fit(given, plan, Path(folder)).network
    learned, questions = held_out(given, plan.held_out, MOST_HELD_OUT)
    torch.manual_seed(seed)
    rounds = Rounds(base)
    optimizer = torch.optim.Adam(rounds.parameters(), plan.rate)
    best, since, kept = -1.0, 0, rounds.state_dict()
    for number in range(_EPOCHS):
        rounds.train()
        random = np.random.default_rng([seed, number])
        for group in groups_of(learned, plan.batch, [seed, number]):
            optimizer.zero_grad()
            _cost(rounds, group, random).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        recall = _recall(rounds, questions)
        since += 1
        if recall > best:
            best, since = recall, 0
            kept = {name: value.clone() for name, value in rounds.state_dict().items()}
        if since == _PATIENCE:
            break
    rounds.load_state_dict(kept)
    return rounds.eval()


def _cost(rounds: Rounds, group: Sequence[Piece], random: np.random.Generator) -> Tensor:
    """The cross-entropy of what came after one place of each sequence, by every round."""
    batch = after_one_place(group, rounds.base.plan.history, 1, 1, random)
    documents = rounds.documents()
    rows, lengths = torch.as_tensor(batch.rows), torch.as_tensor(batch.lengths)
    gone = torch.zeros(len(rows), len(documents), dtype=torch.bool).scatter_(1, rows, True)
    targets = torch.as_tensor(batch.targets[:, 0])
    shares, offsets = torch.ones(targets.shape), torch.zeros(len(documents))
    loss = torch.zeros(())
    for number, readers in enumerate(rounds(rows, lengths, documents, gone).readers):
        loss = loss + _FALLS**number * softmax_loss(readers, documents, targets, shares, offsets)
    return loss


def _recall(rounds: Rounds, questions: Sequence[Question], at_once: int = 256) -> float:
    """The share of what readers held out went on to that any round finds."""
    rounds.eval()
    shares: list[float] = []
    with torch.no_grad():
        documents = rounds.documents()
        for start in range(0, len(questions), at_once):
            part = questions[start : start + at_once]
            latest = [each.known[-rounds.base.plan.history :] for each in part]
            rows, lengths = map(torch.as_tensor, side_by_side(latest))
            gone = torch.zeros(len(part), len(documents), dtype=torch.bool)
            for row, each in zip(gone, part, strict=True):
                row[torch.as_tensor(each.known)] = True
            found = torch.cat(list(rounds(rows, lengths, documents, gone).found), dim=1).numpy()
            shares += [float(np.isin(each.asked, row).mean()) for each, row in zip(part, found, strict=True)]
    return float(np.mean(shares))
