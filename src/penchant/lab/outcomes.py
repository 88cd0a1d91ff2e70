"""What a method made of a trial: ranks, what it showed, and what it cost; each computed once and kept."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import PeerFailed, PenchantError
from penchant.lab.cases import Case, Trial
from penchant.lab.log import Log, Rows
from penchant.lab.methods import LearnsFromShown, Method, Scores
from penchant.lab.metrics import Ranks, ranks
from penchant.lab.peers.ranking import Order, answer
from penchant.lab.peers.standins import StandIns
from penchant.types import Progress
from penchant.whole import written_whole

_LOCK = type(Lock())

SHOWN = 20
"""Places that count for coverage and novelty."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Ranks and costs; or why there are none."""

    ranks: Ranks
    """Of each (case, relevant document) pair, in order."""
    shown: Rows
    """The first 20 documents of each case, shape (cases, 20), -1 where there were fewer."""
    cost: Mapping[str, float]
    """``training_seconds``, ``trainings``, ``milliseconds_per_case``, ``state_bytes``."""
    failed: str | None = None
    places_by: Mapping[str, float] = field(default_factory=dict)
    """Kind of evidence -> the share of the first places where it spoke most for the document; of methods that
    weigh evidence."""
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """Of all candidates, case after case, where they were shown side by side."""

    def scores_of(self, trial: Trial) -> list[NDArray[np.float64]]:
        """The scores of each case."""
        bounds = np.cumsum([len(case.candidates) for case in trial.cases])[:-1]
        return np.split(self.scores, bounds) if trial.was_shown else []


def ask(method: Method, trial: Trial, shared: Sequence[object], progress: Progress | None = None) -> Outcome:
    """Replay a trial with a method that learns from every click.

    Args:
        shared: what the method was made from, which does not count as its state.
    """
    learning = scoring = 0.0
    learned = 0
    found, shown, told = [], [], [np.zeros(0)]
    for case in trial.cases:
        started = perf_counter()
        if case.learned > learned:
            method.learn(trial.training[learned : case.learned])
            learned = case.learned
        between = perf_counter()
        scores = method.score(case.user, case.candidates, case.at)
        ended = perf_counter()
        learning, scoring = learning + between - started, scoring + ended - between
        found.append(ranks(case, scores, alone=trial.alone))
        shown.append(first_places(case, scores))
        if trial.was_shown:
            told.append(np.asarray(scores, np.float64))
            if isinstance(method, LearnsFromShown):
                method.learn_shown(case)
        if progress is not None:
            progress(1)
    cost = {
        "training_seconds": learning,
        "trainings": 0.0,
        "milliseconds_per_case": 1_000 * scoring / len(trial.cases),
        "state_bytes": float(_state_bytes(method, shared)),
    }
    places_by: dict[str, float] = getattr(method, "places_by", dict)()
    return Outcome(
        np.concatenate(found), np.stack(shown), cost, places_by=places_by, scores=np.concatenate(told)
    )


def ask_peer(order: Order, log: Log, trial: Trial, stand_ins: StandIns) -> Outcome:
    """Let a trained peer answer a trial. A peer that fails is an outcome, too."""
    try:
        given = answer(order, log, trial, stand_ins)
    except PeerFailed as error:
        return failure(error)
    cost = {
        "training_seconds": given.training_seconds,
        "trainings": float(given.trainings),
        "milliseconds_per_case": 1_000 * given.answering_seconds / len(trial.cases),
        "state_bytes": float(given.memory),
    }
    pairs = list(zip(trial.cases, given.scores, strict=True))
    return Outcome(
        np.concatenate([ranks(case, scores, alone=trial.alone) for case, scores in pairs]),
        np.stack([first_places(case, scores) for case, scores in pairs]),
        cost,
        scores=np.concatenate(given.scores).astype(np.float64) if trial.was_shown else np.zeros(0),
    )


def failure(error: PenchantError) -> Outcome:
    """The outcome of a method that did not end well."""
    return Outcome(np.zeros(0), np.zeros((0, SHOWN), np.int32), {}, failed=str(error))


def first_places(case: Case, scores: Scores) -> Rows:
    """The first 20 documents, ties by their number; -1 where there are fewer."""
    scores = np.asarray(scores)
    count = min(SHOWN, len(scores))
    cut = np.partition(scores, len(scores) - count)[len(scores) - count]
    near = np.flatnonzero(scores >= cut)
    best = near[np.argsort(-scores[near], kind="stable")][:count]
    return np.pad(case.candidates[best], (0, SHOWN - count), constant_values=-1).astype(np.int32)


class Kept:
    """Outcomes by what they were made from, in a folder: what was computed once is read, an interrupted run
    goes on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: Mapping[str, Any], compute: Callable[[], Outcome]) -> Outcome:
        """The outcome of a key. Failures are not kept: the next run tries again."""
        digest = sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()[:24]
        path = self._folder / f"{digest}.npz"
        if path.exists():
            with np.load(path) as file:
                cost = json.loads(file["cost"].item())
                places_by = json.loads(file["places_by"].item())
                return Outcome(file["ranks"], file["shown"], cost, places_by=places_by, scores=file["scores"])
        outcome = compute()
        if outcome.failed is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with written_whole(path) as target:
                np.savez(
                    target,
                    ranks=outcome.ranks,
                    shown=outcome.shown,
                    cost=json.dumps(dict(outcome.cost)),
                    places_by=json.dumps(dict(outcome.places_by)),
                    scores=outcome.scores,
                )
        return outcome


def trial_key(log_digest: str, trial: Trial) -> str:
    """A digest of everything that a method is told in a trial."""
    digest = sha256(log_digest.encode())
    digest.update(repr((trial.protocol, trial.alone, trial.prequential, trial.trained_on)).encode())
    for values in (
        trial.training.users,
        trial.training.documents,
        trial.training.at,
        np.array(trial.population),
    ):
        digest.update(values.tobytes())
    for case in trial.cases:
        digest.update(repr((case.user, case.at, case.learned)).encode())
        digest.update(case.candidates.tobytes())
        digest.update(case.relevant.tobytes())
    return digest.hexdigest()[:24]


def _state_bytes(method: Method, shared: Sequence[object]) -> int:
    """How much a method remembers, without what it shares with others: the length of its pickle."""

    class Sizer(pickle.Pickler):
        def persistent_id(self, obj: Any) -> str | None:
            is_code = callable(obj) and not isinstance(obj, type)
            return (
                "left out" if is_code or isinstance(obj, _LOCK) or any(obj is one for one in shared) else None
            )

    target = io.BytesIO()
    Sizer(target, pickle.HIGHEST_PROTOCOL).dump(vars(method))
    return target.tell()


def readers(trial: Trial, documents: int) -> NDArray[np.int64]:
    """How many clicks of the training each document has."""
    return np.bincount(trial.training.documents, minlength=documents)
