"""From a state to a tower that it answers by: a snapshot, the training, a check against the tower before, and
the adoption."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch

from penchant.errors import InvalidQuery, StateFull
from penchant.towers import History, UserTower
from penchant.towers.sequential import SequentialTower, Shape, Trained
from penchant.towers.snapshot import Snapshot
from penchant.train.eimf.explicit import Words, explicit
from penchant.train.sequences import Piece, Question, Rows, held_out
from penchant.train.towers.fit import MOST_HELD_OUT, PLACES, Fitted, Say, fit, unheard
from penchant.train.towers.plan import Plan
from penchant.types import StageProgress, quiet
from penchant.whole import written_whole

_SNAPSHOT = "snapshot.npz"
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Made:
    """A tower, and how its training went."""

    tower: SequentialTower
    fitted: Fitted
    before: float | None
    """Recall@20 of the tower before, of the same readers held out; None where there was none."""
    popular: float
    """Recall@20 of what most readers read, of the same readers held out."""

    @property
    def better(self) -> bool:
        """Whether the readers held out are told no worse than by the tower before, and than by what most
        readers read."""
        recall = self.tower.shape.trained.recall
        return recall >= self.popular and (self.before is None or recall >= self.before)


def made(
    taken: Snapshot,
    plan: Plan,
    folder: Path,
    *,
    words: Words = Words(),
    before: UserTower | None = None,
    seconds: float | None = None,
    device: str = "cpu",
    report: StageProgress = quiet,
    say: Say = unheard,
) -> Made:
    """Train a tower. Called again after a kill, it goes on with the snapshot of then, to the same end.

    Args:
        folder: where it is kept how far the training went; `forget_training` deletes it.
        words: where interests in words come from, where the plan needs them.
        before: the tower to compare with.
        seconds: after which no more is learned.
        device: as torch names it, ``cpu`` or ``cuda``. On a GPU the last bits differ from run to run.

    Raises:
        InvalidQuery: there are too few readers, or too few seconds, or there is no such device.
        StateFull: the disk is full; what the state answers by is as it was.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InvalidQuery(f"torch {torch.__version__} finds no GPU here: train without one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = _kept(taken, folder)
        # whatever tensors are made below are made there
        with torch.device(device):
            return _made(taken, plan, folder, words, before, seconds, report, say)
    except OSError as error:
        raise StateFull(
            f"the training cannot be kept in {folder} ({error}): make room, and the same command goes on"
        ) from error


def _made(
    taken: Snapshot,
    plan: Plan,
    folder: Path,
    words: Words,
    before: UserTower | None,
    seconds: float | None,
    report: StageProgress,
    say: Say,
) -> Made:
    told = None
    try:
        learned, questions = held_out(taken, plan.held_out, MOST_HELD_OUT)
        if plan.semantic:
            told = explicit(
                taken, learned, words, folder, history=plan.history, seed=plan.seed, report=report, say=say
            )
        fitted = fit(taken, plan, folder, explicit=told, seconds=seconds, report=report, say=say)
    except InvalidQuery:
        forget_training(folder)  # or it would go on with the snapshot that was not enough
        raise
    trained = Trained(
        documents=len(taken.ids),
        readers=sum(len(rows) >= 2 for rows in taken.read),
        clicks=sum(map(len, taken.read)),
        latest_at=taken.latest_at,
        epochs=fitted.best,
        recall=fitted.epochs[fitted.best - 1].recall,
        held_out=fitted.held_out,
        seed=plan.seed,
    )
    tower = as_tower(fitted, plan, taken, trained)
    was = None
    if before is not None and before.embedder == taken.embedder:
        was = recall_of(before, taken, questions)
    return Made(tower, fitted, was, _recall_of_popular(learned, questions, len(taken.ids)))


def as_tower(fitted: Fitted, plan: Plan, given: Snapshot, trained: Trained) -> SequentialTower:
    """The network as it is served: its weights, and of documents those that it learned from."""
    weights = {
        name.removeprefix("backbone."): np.array(value.detach().cpu().numpy(), np.float32)
        for name, value in fitted.network.state_dict().items()
    }
    ids: Sequence[str] = []
    if "ids.weight" in weights:
        weights["ids.weight"] = weights["ids.weight"][fitted.learned]
        ids = [given.ids[row] for row in fitted.learned.tolist()]
    scale = plan.scale
    if plan.similarity == "dot":
        scale = float(np.sqrt(np.square(_documents(fitted)).sum(axis=1)).max())
    items = {"alone": "encoded", "in order": "encoded"}.get(plan.items, plan.items)
    shape = Shape(
        plan.name,
        given.embedder,
        plan.heads,
        plan.history,
        trained,
        plan.backbone,
        items,  # type: ignore[arg-type]
        plan.similarity,
        scale,
    )
    return SequentialTower(shape, weights, ids)


def recall_of(tower: UserTower, given: Snapshot, questions: Sequence[Question], k: int = PLACES) -> float:
    """Recall@k of a tower, as it is served, among all documents that a reader does not know."""
    documents = tower.documents(given.ids, given.embeddings)
    found = []
    for question in questions:
        scores = scores_of(tower, given, documents, question.known)
        scores[question.known] = -np.inf
        best = np.argpartition(-scores, min(k, len(scores)) - 1)[:k]
        found.append(np.isin(question.asked, best).mean())
    return float(np.mean(found))


def scores_of(
    tower: UserTower,
    given: Snapshot,
    documents: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    known: Rows,
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """How likely a tower holds each document to be next for a reader, shape (documents,)."""
    latest = known[-tower.history :]
    history = History([given.ids[row] for row in latest.tolist()], given.embeddings[latest])
    return np.asarray((documents @ tower.users([history])[0].T).max(axis=1), np.float32)


def _recall_of_popular(
    learned: Sequence[Piece], questions: Sequence[Question], documents: int, k: int = PLACES
) -> float:
    """Recall@k of what most readers read, among all documents that a reader does not know."""
    readers = np.bincount(np.concatenate([piece.rows for piece in learned]), minlength=documents)
    longest = max(len(question.known) for question in questions)
    first = np.argsort(-readers, kind="stable")[: k + longest]
    found = [
        np.isin(question.asked, first[~np.isin(first, question.known)][:k]).mean() for question in questions
    ]
    return float(np.mean(found))


def forget_training(folder: Path) -> None:
    """Delete what a training that is over has left."""
    shutil.rmtree(folder, ignore_errors=True)


def _documents(fitted: Fitted) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    network = fitted.network
    with torch.no_grad():
        every = torch.arange(len(network.embeddings))
        found: np.ndarray[tuple[int, int], np.dtype[np.float32]] = (
            network.documents(every, network.inputs(every)).cpu().numpy()
        )
        return found


def _kept(taken: Snapshot, folder: Path) -> Snapshot:
    """The snapshot that a training in the folder began with; this one where none did."""
    path = folder / _SNAPSHOT
    if path.exists():
        try:
            return _read(path)
        except (OSError, ValueError, KeyError) as error:
            raise InvalidQuery(f"{path} cannot be read ({error}): delete {folder} to begin anew") from error
    with written_whole(path) as file:
        np.savez(
            file,
            embedder=taken.embedder,
            ids=np.array([name.encode() for name in taken.ids], object).astype("S"),
            embeddings=taken.embeddings.astype(np.float16),
            rows=np.concatenate([np.zeros(0, np.int64), *taken.read]),
            lengths=np.array([len(rows) for rows in taken.read], np.int64),
            lots=taken.lots,
            latest_at=taken.latest_at,
            titles=np.frombuffer(msgspec.json.encode(taken.titles), np.uint8),
            units=np.concatenate([np.zeros_like(taken.embeddings[:0]), *taken.units]).astype(np.float16),
            units_of_each=np.array([len(own) for own in taken.units], np.int64),
        )
    return _read(path)


def _read(path: Path) -> Snapshot:
    with np.load(path) as file:
        lengths, counts = file["lengths"], file["units_of_each"]
        units = file["units"].astype(np.float32)
        return Snapshot(
            str(file["embedder"]),
            [name.decode() for name in file["ids"].tolist()],
            file["embeddings"].astype(np.float32),
            np.split(file["rows"], np.cumsum(lengths)[:-1]) if len(lengths) else [],
            file["lots"],
            float(file["latest_at"]),
            msgspec.json.decode(file["titles"].tobytes(), type=list[str]),
            np.split(units, np.cumsum(counts)[:-1]) if len(counts) else [],
        )
