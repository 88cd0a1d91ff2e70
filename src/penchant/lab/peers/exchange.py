"""The files that the lab and a peer's environment exchange. Runs in both: numpy and the standard library
alone.

A job is a folder. The lab writes ``job.json`` and arrays, a worker trains the peer once a round and writes
``scores.npy`` and ``cost.json``. A round is a moment of training: what the peer saw, and the requests that it
then answers.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Round:
    """One training and the requests that follow it."""

    trained: int
    """Clicks that the peer saw, the first ones."""
    first: int
    last: int
    """The requests from first (included) to last (not included)."""


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do."""

    peer: str
    params: dict[str, Any]
    seed: int
    threads: int
    rounds: list[Round]
    users: Any
    """Of the clicks, int32."""
    documents: Any
    """Of the clicks, int32."""
    documents_in_all: int
    request_users: Any
    """int32, one a request."""
    histories: Any
    """int64: of each request, the clicks at the start that its user's history is made of."""
    offsets: Any
    """int64, one more than requests: where each request's candidates begin and end."""
    candidates: Any
    """int32, of all requests."""
    vectors: Any
    """Of the documents' titles, float32; None where the peer does not want them."""
    models: str | None
    """The folder where trained models are kept; None: they are not."""

    def requests(self, part: Round) -> Iterator[tuple[int, int, Any, slice]]:
        """(user, history, candidates, where their scores go) of each request of a round."""
        for request in range(part.first, part.last):
            place = slice(int(self.offsets[request]), int(self.offsets[request + 1]))
            yield (
                int(self.request_users[request]),
                int(self.histories[request]),
                self.candidates[place],
                place,
            )

    def history(self, positions: dict[int, Any], user: int, known: int) -> Any:
        """The documents that a user clicked in the first `known` clicks, in order."""
        found = positions.get(user)
        if found is None:
            return self.documents[:0]
        return self.documents[found[: int(np.searchsorted(found, known))]]


def write_job(folder: Path, job: Job) -> None:
    """Write a job for a worker to read."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "peer": job.peer, "params": job.params, "seed": job.seed, "threads": job.threads,
        "documents_in_all": job.documents_in_all, "models": job.models,
        "rounds": [[r.trained, r.first, r.last] for r in job.rounds],
    }  # fmt: skip
    np.savez(folder / "clicks.npz", users=job.users, documents=job.documents)
    np.savez(folder / "requests.npz", users=job.request_users, histories=job.histories, offsets=job.offsets,
             candidates=job.candidates)  # fmt: skip
    if job.vectors is not None:
        np.save(folder / "vectors.npy", job.vectors)
    (folder / "job.json").write_text(json.dumps(about))


def read_job(folder: Path) -> Job:
    """Read what `write_job` wrote."""
    about = json.loads((folder / "job.json").read_text())
    clicks, requests = np.load(folder / "clicks.npz"), np.load(folder / "requests.npz")
    vectors = folder / "vectors.npy"
    return Job(
        peer=about["peer"], params=about["params"], seed=about["seed"], threads=about["threads"],
        rounds=[Round(*numbers) for numbers in about["rounds"]],
        users=clicks["users"], documents=clicks["documents"], documents_in_all=about["documents_in_all"],
        request_users=requests["users"], histories=requests["histories"], offsets=requests["offsets"],
        candidates=requests["candidates"], vectors=np.load(vectors) if vectors.exists() else None,
        models=about["models"],
    )  # fmt: skip


Answer = Callable[[int, Any], Any]
"""(user, history) -> one score a document, float of shape (documents_in_all,)."""


class Trainer(NamedTuple):
    """A peer in two steps."""

    fit: Callable[[Job, Round], Any]
    """What is learned from the round's clicks; it can be pickled."""
    answers: Callable[[Any, Job, Round], Answer]
    """(what was learned, job, round) -> how it answers the round's requests."""


KEPT_FROM = 5.0
"""Seconds of training from which on a model is kept for the next job with the same clicks."""


def work(trainers: dict[str, Trainer]) -> None:
    """The main function of every worker: do the job in the folder that the command line names."""
    folder = Path(sys.argv[1])
    job = read_job(folder)
    positions = positions_of(job.users)
    scores = np.zeros(int(job.offsets[-1]), np.float32)
    training = answering = 0.0
    for number, part in enumerate(job.rounds, 1):
        seconds, model = _fitted(trainers[job.peer], job, part)
        training += seconds
        started = time.perf_counter()
        answer = trainers[job.peer].answers(model, job, part)
        popular = popularity(job, part)
        trained_users = set(job.users[: part.trained].tolist())
        for user, known, candidates, place in job.requests(part):
            history = job.history(positions, user, known)
            # whoever was not there at the training gets what is popular, as any site would do
            known_user = user in trained_users or len(history)
            scores[place] = (answer(user, history) if known_user else popular)[candidates]
        answering += time.perf_counter() - started
        print(f"round {number}", flush=True)
    np.save(folder / "scores.npy", scores)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    cost = {"training": training, "answering": answering, "memory": peak}
    (folder / "cost.json").write_text(json.dumps(cost))


def popularity(job: Job, part: Round) -> Any:
    """How many of the round's clicks each document has."""
    return np.bincount(job.documents[: part.trained], minlength=job.documents_in_all).astype(np.float64)


def _fitted(trainer: Trainer, job: Job, part: Round) -> tuple[float, Any]:
    """(seconds of training, the model): from the folder of models where it was trained before."""
    path = None if job.models is None else Path(job.models) / f"{_model_key(job, part)}.pickle"
    if path is not None and path.exists():
        with path.open("rb") as file:
            kept: tuple[float, Any] = pickle.load(file)
        return kept
    started = time.perf_counter()
    model = trainer.fit(job, part)
    seconds = time.perf_counter() - started
    if path is not None and seconds >= KEPT_FROM:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        with unfinished.open("wb") as file:
            pickle.dump((seconds, model), file, pickle.HIGHEST_PROTOCOL)
        unfinished.replace(path)
    return seconds, model


def _model_key(job: Job, part: Round) -> str:
    """A digest of all that training depends on, the worker's own code included."""
    digest = hashlib.sha256(Path(sys.argv[0]).read_bytes())
    digest.update(
        json.dumps(
            [job.peer, job.params, job.seed, job.threads, job.documents_in_all], sort_keys=True
        ).encode()
    )
    for values in (job.users[: part.trained], job.documents[: part.trained], job.vectors):
        digest.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:24]


def positions_of(users: Any) -> dict[int, Any]:
    """user -> the positions of the user's clicks, in order."""
    order = np.argsort(users, kind="stable")
    values, starts = np.unique(users[order], return_index=True)
    return dict(zip(values.tolist(), np.split(order, starts[1:]), strict=True))
