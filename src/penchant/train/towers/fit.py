"""Training: epoch after epoch until readers who are held out are told no better; goes on after a kill."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from penchant.errors import InvalidQuery
from penchant.towers.snapshot import Snapshot
from penchant.train.eimf.semantics import Explicit, Semantics
from penchant.train.sequences import (
    Piece,
    Question,
    Rows,
    groups_of,
    held_out,
    pieces,
    side_by_side,
)
from penchant.train.towers.network import Network
from penchant.train.towers.objectives import Sampler, cost
from penchant.train.towers.plan import Plan
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


def fit(
    given: Snapshot,
    plan: Plan,
    folder: Path,
    *,
    explicit: Explicit | None = None,
    seconds: float | None = None,
    report: StageProgress = quiet,
    say: Say = unheard,
) -> Fitted:
    """Train a network; called again with the same folder after a kill, it goes on after the last whole epoch,
    to the same end.

    Args:
        folder: where it is kept how far the training went.
        explicit: readers' interests in words, where the plan needs them.
        seconds: after which no more is learned.
        say: hears how each epoch ended.

    Raises:
        InvalidQuery: there are too few readers, or the folder holds another training.
    """
    learned, questions = held_out(given, plan.held_out, MOST_HELD_OUT)
    torch.manual_seed(plan.seed)
    network = Network(plan, given.embeddings)
    semantics = None
    if plan.semantic:
        assert explicit is not None
        semantics = Semantics(plan, explicit, plan.dimension or plan.width)
    whole = torch.nn.ModuleList([network, *([] if semantics is None else [semantics])])
    optimizer = torch.optim.AdamW(whole.parameters(), plan.rate, betas=_BETAS, weight_decay=plan.decay)
    mean = AveragedModel(network, avg_fn=partial(_mean_of_weights, plan.averaged))
    kept = cast("Network", mean.module)
    kept.embeddings = network.embeddings
    parts: Mapping[str, _Stateful] = {"network": whole, "optimizer": optimizer, "mean": mean}
    training = _Training(parts, kept, folder / CHECKPOINT, _fingerprint(given, plan, explicit))
    if plan.examples == "every place":
        longest = plan.history + plan.targets - 1 if plan.loss == "dense" else plan.history
        cut = pieces(learned, longest)
    else:
        cut = learned
    sampler = Sampler(learned, len(given.ids), plan.sampled)
    until = None if seconds is None else monotonic() + seconds
    while not training.is_over(plan):
        number = len(training.epochs)
        loss = _epoch(network, semantics, optimizer, mean, cut, sampler, number, until, report)
        if loss is None:
            break
        training.note(Epoch(loss, recall_at(kept, questions)))
        say(_told(training.epochs, training.best))
    if not training.epochs:
        raise InvalidQuery(f"{seconds:g} seconds were too few for one step: give more")
    kept.load_state_dict(training.best_weights)
    kept.eval()
    known = np.unique(np.concatenate([piece.rows for piece in learned]))
    return Fitted(kept, training.epochs, training.best, len(questions), known)


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
            interests = last_outputs(network, inputs, [each.known for each in part])
            scores = (interests @ documents.T).amax(dim=1)
            for row, each in zip(scores, part, strict=True):
                row[torch.as_tensor(each.known)] = -torch.inf
            best = scores.topk(min(k, scores.shape[1])).indices.cpu().numpy()
            found += [np.isin(each.asked, row).mean() for row, each in zip(best, part, strict=True)]
    network.train()
    return float(np.mean(found))


def last_outputs(network: Network, inputs: Tensor, known: Sequence[Rows]) -> Tensor:
    """Vectors of readers, shape (readers, interests, dimension).

    Args:
        inputs: of all documents.
    """
    latest = [rows[-network.plan.history :] for rows in known]
    padded, lengths = map(torch.as_tensor, side_by_side(latest))
    return network.scaled(network.whole(inputs[padded], lengths).outputs[:, 0])


def _epoch(
    network: Network,
    semantics: Semantics | None,
    optimizer: torch.optim.Optimizer,
    mean: AveragedModel,
    cut: Sequence[Piece],
    sampler: Sampler,
    number: int,
    until: float | None,
    report: StageProgress,
) -> float | None:
    """The mean loss of one pass; None where the time was over before it ended."""
    plan = network.plan
    torch.manual_seed(plan.seed + 1_000_003 * (number + 1))
    random = np.random.default_rng([plan.seed, number])
    total, places, done = 0.0, 0, 0
    for group in groups_of(cut, plan.batch, [plan.seed, number]):
        if until is not None and monotonic() > until:
            break
        for each in optimizer.param_groups:
            each["lr"] = plan.rate * (1 - (1 - plan.rate_left) * (number + done / len(cut)) / plan.epochs)
        loss = cost(network, semantics, group, sampler, random)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        mean.update_parameters(network)
        done += len(group)
        count = sum(len(piece.rows) for piece in group) - len(group)
        total, places = total + loss.item() * count, places + count
        report(f"epoch {number + 1}", len(group), len(cut))
    return total / places if places else None


def _mean_of_weights(share: float, mean: Tensor, now: Tensor, steps: Tensor | int) -> Tensor:
    """The mean of the weights after each step, of which the last ones count most; of few steps, those before
    count less, or the random start would stay in it."""
    return torch.lerp(now, mean, min(share, (1 + int(steps)) / (10 + int(steps))))


class _Stateful(Protocol):
    """What a training goes on with."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> object: ...


class _Training:
    """How far a training went, kept after every epoch.

    Args:
        parts: what it goes on with.
        network: what is served, as it was after the best epoch.
    """

    def __init__(
        self, parts: Mapping[str, _Stateful], network: torch.nn.Module, file: Path, fingerprint: str
    ) -> None:
        self._parts, self._network, self._file = parts, network, file
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
        if self.best == 0 or _is_better(epoch, self.epochs[self.best - 1]):
            self.best = len(self.epochs)
            self.best_weights = {name: value.clone() for name, value in self._network.state_dict().items()}
        kept = io.BytesIO()
        torch.save(
            {
                "fingerprint": self._fingerprint,
                **{name: part.state_dict() for name, part in self._parts.items()},
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
            kept = torch.load(self._file, map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001 (whatever a damaged file makes torch raise: the training begins anew)
            return
        if kept["fingerprint"] != self._fingerprint:
            return
        for name, part in self._parts.items():
            part.load_state_dict(kept[name])
        self.epochs = [Epoch(**each) for each in kept["epochs"]]
        self.best, self.best_weights = kept["best"], kept["best_weights"]


def _is_better(one: Epoch, other: Epoch) -> bool:
    """Few readers held out are often told equally well: the loss decides then."""
    return (one.recall, -one.loss) > (other.recall, -other.loss)


def _fingerprint(given: Snapshot, plan: Plan, explicit: Explicit | None) -> str:
    """What a training is of: only the same goes on where it was."""
    from hashlib import blake2b

    digest = blake2b(repr(asdict(plan)).encode(), digest_size=12)
    digest.update("\0".join(given.ids).encode())
    for rows in given.read:
        digest.update(rows.tobytes() + b"\0")
    for values in explicit or ():
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _told(epochs: Sequence[Epoch], best: int) -> str:
    last = epochs[-1]
    return (
        f"epoch {len(epochs)}: loss {last.loss:.3f}, Recall@{PLACES} of readers held out {last.recall:.4f}"
        f"{' (best so far)' if best == len(epochs) else ''}"
    )
