"""Cases to jobs, jobs to scores: how a trained peer answers a trial."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import PeerFailed
from penchant.lab.cases import Trial
from penchant.lab.log import Log
from penchant.lab.methods import Scores
from penchant.lab.peers import PEERS
from penchant.lab.peers.environments import Say, python_of
from penchant.lab.peers.exchange import Job, Round, write_job
from penchant.lab.peers.standins import StandIns
from penchant.lab.protocols import DAY
from penchant.types import CountProgress


@dataclass(frozen=True)
class Answered:
    """What a peer made of a trial."""

    scores: list[Scores]
    """One array a case, in the order of its candidates."""
    training_seconds: float
    trainings: int
    answering_seconds: float
    memory: int
    """Bytes, at the peak of its process."""


@dataclass(frozen=True)
class Order:
    """Which peer is asked, and how."""

    name: str
    params: Mapping[str, Any]
    retrain_days: float
    """Under a prequential protocol."""
    retrainings: int
    """Moments of training at most, where what may be known differs between users."""
    seed: int
    threads: int
    cache: Path
    """Where environments, jobs and trained models are."""
    say: Say
    report: CountProgress
    """Called with how many trainings are done since the last call, and how many there are."""


def answer(order: Order, log: Log, trial: Trial, stand_ins: StandIns) -> Answered:
    """Train a peer and let it score the candidates of every case.

    Raises:
        PeerFailed: it says which and why.
    """
    peer = PEERS[order.name]
    rounds = training_rounds(trial, order.retrain_days, order.retrainings)
    python = python_of(peer.environment, order.cache, order.say)
    job = _job(order, rounds, log, trial, stand_ins)
    (order.cache / "jobs").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=order.cache / "jobs") as made:
        folder = Path(made)
        write_job(folder, job)
        _run(order, python, folder, lambda: order.report(1, len(rounds)))
        scores = np.load(folder / "scores.npy")
        cost = json.loads((folder / "cost.json").read_text())
    return Answered(
        scores=np.split(scores, job.offsets[1:-1]),
        training_seconds=cost["training"],
        trainings=len(rounds),
        answering_seconds=cost["answering"],
        memory=cost["memory"],
    )


def _job(order: Order, rounds: list[Round], log: Log, trial: Trial, stand_ins: StandIns) -> Job:
    """The trial as arrays. Under a prequential protocol, a peer knows a user's history as it was at its
    training."""
    asked = [(part, case) for part in rounds for case in trial.cases[part.first : part.last]]
    candidates = [stand_ins.of(trial, part)[case.candidates] for part, case in asked]
    return Job(
        peer=order.name,
        params=dict(order.params),
        seed=order.seed,
        threads=order.threads,
        rounds=rounds,
        users=trial.training.users,
        documents=trial.training.documents,
        documents_in_all=len(log.documents),
        request_users=np.array([case.user for _, case in asked], np.int32),
        histories=np.array(
            [part.trained if trial.prequential else case.learned for part, case in asked], np.int64
        ),
        offsets=np.concatenate([[0], np.cumsum([len(rows) for rows in candidates])]).astype(np.int64),
        candidates=np.concatenate(candidates).astype(np.int32),
        vectors=stand_ins.vectors if PEERS[order.name].wants_titles else None,
        models=str(order.cache / "models"),
    )


def training_rounds(trial: Trial, retrain_days: float, retrainings: int) -> list[Round]:
    """When the peer is trained, and which cases each training answers; no case is answered with clicks it may
    not know."""
    if trial.trained_on is not None:
        return [Round(trial.trained_on, 0, len(trial.cases))]
    cases = trial.cases
    starts = [0]
    if trial.prequential:
        for number, case in enumerate(cases):
            if case.at // (retrain_days * DAY) > cases[starts[-1]].at // (retrain_days * DAY):
                starts.append(number)
    else:
        moments = np.unique([case.learned for case in cases])
        if len(moments) > 1:
            starts = sorted({len(cases) * part // retrainings for part in range(retrainings)})
    ends = [*starts[1:], len(cases)]
    return [Round(cases[start].learned, start, end) for start, end in zip(starts, ends, strict=True)]


def _run(order: Order, python: Path, folder: Path, done: Callable[[], None]) -> None:
    """Run the worker; one line of its output is one round done."""
    environment = PEERS[order.name].environment
    worker = Path(__file__).with_name(f"worker_{environment}.py")
    limits = {
        variable: str(order.threads)
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    if environment == "implicit":  # it has threads of its own, and is slow when OpenBLAS starts more
        limits["OPENBLAS_NUM_THREADS"] = "1"
    log = folder / "errors"
    command = [str(python), str(worker), str(folder)]
    environ = {**os.environ, **limits, "PYTHONPATH": ""}
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=folder, env=environ) as running,
    ):
        try:
            for line in running.stdout or ():
                if line.startswith(b"round "):
                    done()
        except BaseException:
            running.kill()
            raise
    if running.returncode != 0:
        lines = [line for line in log.read_text(errors="replace").strip().splitlines() if line.strip()]
        reason = (
            lines[-1] if lines else f"it ended with code {running.returncode}, most likely for want of memory"
        )
        raise PeerFailed(f"{order.name} failed: {reason}")
