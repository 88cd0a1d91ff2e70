"""Trained peers: the real libraries, in the environments that the lab makes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.lab.conftest import DAY, drawn_rows
from typer.testing import CliRunner

from penchant import PeerFailed
from penchant.cli import app
from penchant.data.files import write_rows
from penchant.lab import peers, protocols
from penchant.lab.cases import Case, Trial
from penchant.lab.log import Clicks, Log
from penchant.lab.peers import PEERS
from penchant.lab.peers.environments import python_of
from penchant.lab.peers.exchange import Job, Round, read_job, write_job
from penchant.lab.peers.ranking import Answered, Order, answer, training_rounds
from penchant.lab.peers.standins import StandIns
from penchant.lab.protocols import Rules
from penchant.lab.report import read_report

CACHE = Path(os.environ.get("PENCHANT_CACHE", "~/.cache/penchant/lab")).expanduser()
SHORT = {"epochs": 1, "n_epochs": 1, "num_epochs": 1, "iterations": 3}


def ask(
    name: str, log: Log, trial: Trial, vectors: np.ndarray, cache: Path = CACHE, **params: object
) -> Answered:
    chosen = {key: SHORT.get(key, value) for key, value in PEERS[name].params.items()} | params
    order = Order(
        name, chosen, retrain_days=40, retrainings=3, seed=0, threads=1, cache=cache, say=lambda text: None, report=lambda done, of: None
    )  # fmt: skip
    return answer(order, log, trial, StandIns(vectors))


@pytest.fixture
def trial(log, vectors) -> Trial:
    return protocols.ira(log, vectors, Rules(negatives=30))


def test_under_live_a_peer_is_trained_when_a_day_begins_and_knows_nothing_later(log):
    live = protocols.live(log)
    rounds = training_rounds(live, 1.0, 9)
    assert (rounds[0].first, rounds[-1].last) == (0, len(live.cases))
    assert all(one.last == two.first for one, two in pairwise(rounds))
    for part in rounds:
        cases = live.cases[part.first : part.last]
        assert part.trained <= min(case.learned for case in cases)
        assert len({int(case.at // DAY) for case in cases}) == 1
    assert len(training_rounds(live, 7.0, 9)) < len(rounds)


def test_under_full_a_peer_is_trained_a_few_times_and_knows_nothing_later(log):
    full = protocols.full(log)
    rounds = training_rounds(full, 1.0, 4)
    assert len(rounds) == 4
    assert all(part.trained <= full.cases[part.first].learned for part in rounds)


def test_under_shift_a_peer_is_trained_on_a_and_reads_b(log, vectors):
    shift = protocols.shift(log, vectors, Rules(fewest=8, negatives=30))
    (only,) = training_rounds(shift, 1.0, 4)
    assert only == Round(shift.trained_on, 0, len(shift.cases))


def test_a_job_survives_its_files(tmp_path):
    numbers = np.arange(3, dtype=np.int32)
    job = Job("ALS", {"factors": 8}, 1, 2, [Round(2, 0, 2)], numbers, numbers, 9, numbers[:2], np.array([1, 2]),
              np.array([0, 1, 3]), numbers, np.ones((9, 2), np.float32), None)  # fmt: skip
    write_job(tmp_path, job)
    again = read_job(tmp_path)
    assert (again.peer, again.params, again.rounds, again.models) == (
        "ALS",
        {"factors": 8},
        [Round(2, 0, 2)],
        None,
    )
    for name in ("users", "documents", "request_users", "histories", "offsets", "candidates", "vectors"):
        assert np.array_equal(getattr(again, name), getattr(job, name))
    assert [(user, known, rows.tolist()) for user, known, rows, _ in again.requests(Round(2, 0, 2))] == [
        (0, 1, [0]),
        (1, 2, [1, 2]),
    ]


@pytest.mark.parametrize(("name", "weight"), [("ItemKNN", 1.0), ("ItemKNN 0.9", 0.9)])
def test_item_knn_is_the_weighted_cosine(log, vectors, trial, name, weight):
    found = ask(name, log, trial, vectors)
    readers = np.zeros((160, len(log.user_ids)))
    readers[trial.training.documents, trial.training.users] = 1.0
    counts = np.maximum(readers.sum(axis=1), 1.0)
    cosine = readers @ readers.T / np.sqrt(np.outer(counts, counts))
    warm = np.flatnonzero(readers.sum(axis=1))
    for case, scores in zip(trial.cases, found.scores, strict=True):
        mine = trial.training.documents[trial.training.users == case.user]
        plain = cosine[:, mine] @ (weight ** np.arange(len(mine))[::-1])
        seen = np.isin(case.candidates, warm)
        assert scores[seen] == pytest.approx(plain[case.candidates[seen]], rel=1e-4, abs=1e-6)


def test_a_cold_document_stands_for_its_most_similar_one_in_training(log, vectors, trial):
    cold = int(trial.cases[0].relevant[0])
    kept = trial.training[trial.training.documents != cold]
    case = trial.cases[0]
    near = vectors[cold] @ vectors[np.unique(kept.documents)].T
    stand_in = int(np.unique(kept.documents)[near.argmax()])
    both = np.unique(np.append(case.candidates, stand_in)).astype(np.int32)
    asked = replace(trial, training=kept, cases=[replace(case, candidates=both, learned=len(kept))])
    scores = dict(zip(both.tolist(), ask("ItemKNN", log, asked, vectors).scores[0], strict=True))
    assert scores[cold] == scores[stand_in]


def test_what_comes_after_the_training_changes_nothing(log, vectors):
    full = protocols.full(log)
    half = replace(full, cases=full.cases[: len(full.cases) // 2])
    known = half.cases[-1].learned
    shuffled = np.random.default_rng(0).permutation(np.arange(known, len(full.training)))
    later = Clicks(
        full.training.users,
        np.append(full.training.documents[:known], full.training.documents[shuffled]).astype(np.int32),
        full.training.at,
    )
    for name in ("ALS", "ItemKNN 0.9"):
        one, two = ask(name, log, half, vectors), ask(name, log, replace(half, training=later), vectors)
        assert all(np.array_equal(a, b) for a, b in zip(one.scores, two.scores, strict=True))


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_answers_and_learns_something(log, vectors, trial, name):
    found = ask(name, log, trial, vectors)
    assert [len(scores) for scores in found.scores] == [len(case.candidates) for case in trial.cases]
    assert all(np.isfinite(scores).all() for scores in found.scores)
    assert any(len(np.unique(scores)) > 5 for scores in found.scores)
    assert (found.trainings, found.memory > 1e6) == (1, True)


@pytest.mark.parametrize("name", ["BPR", "SASRec", "NeuMF"])
def test_the_same_seed_trains_the_same_model(log, vectors, trial, name):
    one, two = (ask(name, log, trial, vectors) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.scores, two.scores, strict=True))


def test_who_was_not_there_at_the_training_gets_what_is_popular(log, vectors, trial):
    stranger = trial.cases[0].user
    known = trial.training[trial.training.users != stranger]
    case = Case(stranger, 0.0, len(known), trial.cases[0].candidates, trial.cases[0].relevant)
    counts = np.bincount(known.documents, minlength=160)
    seen = counts[case.candidates] > 0
    for name in ("ALS", "ItemKNN"):
        (scores,) = ask(name, log, replace(trial, training=known, cases=[case]), vectors).scores
        assert scores[seen].tolist() == counts[case.candidates[seen]].tolist()


def test_a_peer_that_fails_says_why(log, vectors, trial):
    with pytest.raises(PeerFailed, match=r"ALS failed: "):
        ask("ALS", log, trial, vectors, factors="many")


def test_an_environment_that_cannot_be_made_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "penchant.lab.peers.environments.REQUIREMENTS", {"none": ("penchant-no-such-package==1",)}
    )
    with pytest.raises(PeerFailed, match="environment of none could not be made"):
        python_of("none", tmp_path, lambda text: None)
    assert list((tmp_path / "environments").iterdir()) == []


def test_a_failed_peer_is_in_the_report_and_the_others_go_on(tmp_path):
    documents, clicks = drawn_rows()
    write_rows(tmp_path / "d" / "documents.jsonl", documents)
    write_rows(tmp_path / "d" / "clicks.jsonl", clicks)
    wrong = {"methods": {"ALS": {"params": {"factors": "many"}, "value": 1.0, "trials": [1]}}}
    (tmp_path / "tuned.json").write_text(json.dumps(wrong))
    result = CliRunner().invoke(app, [
        "lab", "run", "--data", str(tmp_path / "d"), "--protocol", "full", "--methods", "ALS,BPR,ItemPop", "--studies", "none",
        "--tuned", str(tmp_path / "tuned.json"), "--cache", str(CACHE), "--out", str(tmp_path / "r"),
    ])  # fmt: skip
    assert result.exit_code == 0, result.output
    report = read_report(tmp_path / "r")
    assert list(report["failed"]) == ["ALS"]
    assert set(report["methods"]) == {"ItemPop", "BPR"}
    assert "ALS failed" in (tmp_path / "r" / "report.html").read_text()
    assert report["parameters"]["BPR"]["chosen_by"] == "default"


def test_every_peer_has_an_environment_and_its_default_is_in_its_space():
    for name, peer in PEERS.items():
        assert peer.environment in peers.REQUIREMENTS
        for key, value in peer.params.items():
            assert key not in peer.space or value in peer.space[key], (name, key)
