"""Training: epoch after epoch until readers who are held out are told no better; goes on after a kill."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor

from penchant.errors import InvalidQuery
from penchant.train.learn.network import Network
from penchant.train.learn.plan import Plan
from penchant.train.losses import dense_all_action, softmax_loss
from penchant.train.sequences import (
    Batch,
    CutBatch,
    Question,
    Rows,
    Sequences,
    batch,
    cut_in_two,
    groups_of,
    held_out,
    pieces,
    side_by_side,
)
from penchant.types import StageProgress, quiet
from penchant.whole import written_whole

CHECKPOINT = "training.pt"
PLACES = 20
MOST_HELD_OUT = 2_000
_AT_ONCE = 256
_BETAS = (0.9, 0.98)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Epoch:
    """What one pass over all readers came to."""

    loss: float
    """Mean over the places of histories, nats."""
    recall: float
    """Recall@20 of the readers held out."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network after its best epoch."""

    network: Network
    epochs: Sequence[Epoch]
    best: int
    """The epoch that is kept, the first is 1."""
    held_out: int
    learned: Rows
    """The documents that somebody read who was learned from."""


def unheard(_: str) -> None:
    """Say nothing."""


class Sampler:
    """Among which documents a batch's targets have to be found, and how likely each of them was drawn.

    Drawn are the documents of the batch, and others, each as likely as any. Where few are left all are taken.
    """

    def __init__(self, read: Sequence[Rows], documents: int, sampled: int) -> None:
        counts = np.bincount(np.concatenate(read), minlength=documents)
        self._frequency = counts / counts.sum()
        self._documents = documents
        self._sampled = sampled

    def draw(self, batch: Batch, random: np.random.Generator) -> tuple[Rows, torch.Tensor]:
        """(rows in ascending order, offsets of `penchant.train.losses.softmax_loss`)."""
        if self._documents <= 2 * self._sampled:
            return np.arange(self._documents), torch.zeros(self._documents)
        drawn = random.choice(self._documents, self._sampled, replace=False)
        within = np.concatenate([batch.rows.ravel(), batch.targets[batch.targets >= 0]])
        rows = np.unique(np.concatenate([drawn, within]))
        missed = (1 - self._frequency[rows]) ** int(batch.lengths.sum() + len(batch.lengths))
        chance = 1 - missed * (1 - self._sampled / self._documents)
        return rows, torch.from_numpy(-np.log(chance)).float()


def fit(
    given: Sequences,
    plan: Plan,
    folder: Path,
    *,
    seconds: float | None = None,
    report: StageProgress = quiet,
    say: Say = unheard,
) -> Fitted:
    """Train a network; called again with the same folder after a kill, it goes on after the last whole epoch,
    to the same end.

    Args:
        folder: where it is kept how far the training went.
        seconds: after which no more is learned.
        say: hears how each epoch ended.

    Raises:
        InvalidQuery: there are too few readers, or the folder holds another training.
    """
    learned, questions = held_out(given, plan.held_out, MOST_HELD_OUT)
    torch.manual_seed(plan.seed)
    network = Network(plan, given.embeddings)
    optimizer = torch.optim.Adam(network.parameters(), plan.rate, betas=_BETAS)
    training = _Training(network, optimizer, folder / CHECKPOINT, _fingerprint(given, plan))
    longest = plan.history + plan.targets - 1 if plan.loss == "dense" else plan.history
    cut = pieces(learned, longest)
    sampler = Sampler(learned, len(given.ids), plan.sampled)
    until = None if seconds is None else monotonic() + seconds
    while not training.is_over(plan):
        number = len(training.epochs)
        loss = _epoch(network, optimizer, cut, sampler, plan, number, until, report)
        if loss is None:
            break
        training.note(Epoch(loss, recall_at(network, questions)))
        say(_told(training.epochs, training.best))
    if not training.epochs:
        raise InvalidQuery(f"{seconds:g} seconds were too few for one step: give more")
    network.load_state_dict(training.best_weights)
    network.eval()
    known = np.unique(np.concatenate(learned))
    return Fitted(network, training.epochs, training.best, len(questions), known)


def recall_at(network: Network, questions: Sequence[Question], k: int = PLACES) -> float:
    """Recall@k of questions, among all documents that the reader does not know."""
    network.eval()
    found = []
    with torch.no_grad():
        every = torch.arange(len(network.embeddings))
        inputs = network.inputs(every)
        documents = network.documents(every, inputs)
        for start in range(0, len(questions), _AT_ONCE):
            part = questions[start : start + _AT_ONCE]
            scores = last_outputs(network, inputs, [each.known for each in part]) @ documents.T
            for row, each in zip(scores, part, strict=True):
                row[torch.from_numpy(each.known)] = -torch.inf
            best = scores.topk(min(k, scores.shape[1])).indices.numpy()
            found += [np.isin(each.asked, row).mean() for row, each in zip(best, part, strict=True)]
    network.train()
    return float(np.mean(found))


def last_outputs(network: Network, inputs: Tensor, known: Sequence[Rows]) -> Tensor:
    """Vectors of readers, shape (readers, dimension).

    Args:
        inputs: of all documents.
    """
    latest = [rows[-network.plan.history :] for rows in known]
    padded, lengths = map(torch.from_numpy, side_by_side(latest))
    outputs = network.readers(inputs[padded], lengths)
    return network.scaled(outputs[torch.arange(len(latest)), lengths - 1])


def _epoch(
    network: Network,
    optimizer: torch.optim.Optimizer,
    cut: Sequence[Rows],
    sampler: Sampler,
    plan: Plan,
    number: int,
    until: float | None,
    report: StageProgress,
) -> float | None:
    """The mean loss of one pass; None where the time was over before it ended."""
    torch.manual_seed(plan.seed + 1_000_003 * (number + 1))
    random = np.random.default_rng([plan.seed, number])
    total, places, done = 0.0, 0, 0
    for group in groups_of(cut, plan.batch, [plan.seed, number]):
        if until is not None and monotonic() > until:
            break
        for each in optimizer.param_groups:
            each["lr"] = plan.rate * (1 - (1 - plan.rate_left) * (number + done / len(cut)) / plan.epochs)
        if plan.loss == "dense":
            loss = _dense(network, cut_in_two(group, plan.history, plan.targets, random))
        else:
            loss = _softmax(network, batch(group, plan.targets), sampler, random)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        done += len(group)
        count = sum(map(len, group)) - len(group)
        total, places = total + loss.item() * count, places + count
        report(f"epoch {number + 1}", len(group), len(cut))
    return total / places if places else None


def _dense(network: Network, cut: CutBatch) -> Tensor:
    """LEARN's loss; the targets of a reader go through the tower in order, or each alone."""
    rows, inverse = np.unique(np.concatenate([cut.rows.ravel(), cut.targets.ravel()]), return_inverse=True)
    inputs = network.inputs(torch.from_numpy(rows))
    read, gone_on_to = np.split(inverse, [cut.rows.size])
    lengths, targets = torch.from_numpy(cut.lengths), torch.from_numpy(cut.target_lengths)
    readers = network.readers(inputs[torch.from_numpy(read.reshape(cut.rows.shape))], lengths)
    own = inputs[torch.from_numpy(gone_on_to.reshape(cut.targets.shape))]
    there = torch.arange(cut.targets.shape[1]) < targets[:, None]
    if network.plan.items == "in order":
        documents = network.compared(network.readers(own, targets))[there]
    else:
        documents = network.documents(torch.from_numpy(cut.targets)[there], own[there])
    known = torch.arange(cut.rows.shape[1]) < lengths[:, None]
    who = torch.arange(len(lengths))[:, None]
    return dense_all_action(
        network.scaled(readers[known]),
        documents,
        who.expand_as(known)[known],
        who.expand_as(there)[there],
        torch.from_numpy(cut.targets)[there],
    )


def _softmax(network: Network, batch: Batch, sampler: Sampler, random: np.random.Generator) -> Tensor:
    shown, offsets = sampler.draw(batch, random)
    inputs = network.inputs(torch.from_numpy(shown))
    rows = torch.from_numpy(np.searchsorted(shown, batch.rows))
    outputs = network.readers(inputs[rows], torch.from_numpy(batch.lengths))
    there = batch.targets >= 0
    asked = there[:, :, 0]
    targets = torch.from_numpy(np.searchsorted(shown, np.where(there, batch.targets, shown[0]))[asked])
    shares = torch.from_numpy(there[asked].astype(np.float32))
    documents = network.documents(torch.from_numpy(shown), inputs)
    return softmax_loss(
        network.scaled(outputs[torch.from_numpy(asked)]),
        documents,
        targets,
        shares / shares.sum(dim=1, keepdim=True),
        offsets,
    )


class _Training:
    """How far a training went, kept after every epoch."""

    def __init__(
        self, network: Network, optimizer: torch.optim.Optimizer, file: Path, fingerprint: str
    ) -> None:
        self._network, self._optimizer, self._file = network, optimizer, file
        self._fingerprint = fingerprint
        self.epochs: list[Epoch] = []
        self.best = 0
        self.best_weights: dict[str, Any] = {}
        if file.exists():
            self._resume()

    def is_over(self, plan: Plan) -> bool:
        """Whether as many epochs were done as the plan says, or the last were no better."""
        return len(self.epochs) >= plan.epochs or (
            bool(self.epochs) and len(self.epochs) - self.best >= plan.patience
        )

    def note(self, epoch: Epoch) -> None:
        """An epoch is over: keep what it came to."""
        self.epochs.append(epoch)
        if self.best == 0 or epoch.recall > self.epochs[self.best - 1].recall:
            self.best = len(self.epochs)
            self.best_weights = {name: value.clone() for name, value in self._network.state_dict().items()}
        kept = io.BytesIO()
        torch.save(
            {
                "fingerprint": self._fingerprint,
                "network": self._network.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "epochs": [asdict(each) for each in self.epochs],
                "best": self.best,
                "best_weights": self.best_weights,
            },
            kept,
        )
        with written_whole(self._file) as file:
            file.write(kept.getbuffer())

    def _resume(self) -> None:
        try:
            kept = torch.load(self._file, weights_only=True)
        except Exception:  # noqa: BLE001 (whatever a damaged file makes torch raise: the training begins anew)
            return
        if kept["fingerprint"] != self._fingerprint:
            return
        self._network.load_state_dict(kept["network"])
        self._optimizer.load_state_dict(kept["optimizer"])
        self.epochs = [Epoch(**each) for each in kept["epochs"]]
        self.best, self.best_weights = kept["best"], kept["best_weights"]


def _fingerprint(given: Sequences, plan: Plan) -> str:
    """What a training is of: only the same goes on where it was."""
    from hashlib import blake2b

    digest = blake2b(repr(asdict(plan)).encode(), digest_size=12)
    digest.update("\0".join(given.ids).encode())
    for rows in given.read:
        digest.update(rows.tobytes() + b"\0")
    return digest.hexdigest()


def _told(epochs: Sequence[Epoch], best: int) -> str:
    last = epochs[-1]
    return (
        f"epoch {len(epochs)}: loss {last.loss:.3f}, Recall@{PLACES} of readers held out {last.recall:.4f}"
        f"{' (best so far)' if best == len(epochs) else ''}"
    )
