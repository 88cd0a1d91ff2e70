"""What was measured independently on the real data, with what needs no transformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.lab.test_peers import CACHE

from penchant.lab import protocols
from penchant.lab.datasets import Source, read_log
from penchant.lab.evaluation import by_user
from penchant.lab.log import Log
from penchant.lab.methods import LiveItemKNN, Method, Newest, Popular, Trending
from penchant.lab.outcomes import Outcome, ask, ask_peer
from penchant.lab.peers import PEERS
from penchant.lab.peers.ranking import Order
from penchant.lab.peers.standins import StandIns
from penchant.lab.statistics import mean


def values(trial, outcome: Outcome) -> dict[str, float]:
    figures = by_user(trial, {"it": outcome})["it"]
    return {kind: mean(found.sums, found.counts, by_case=trial.by_case) for kind, found in figures.items()}


@pytest.fixture(scope="module")
def deskdrop() -> Log:
    from tests.conftest import DATA

    if not DATA.is_dir():
        pytest.skip(f"no real data in {DATA}: set PENCHANT_DATA to run this test")
    return read_log(Source("deskdrop", home=DATA))[0]


def test_live_on_deskdrop(deskdrop: Log):
    trial = protocols.live(deskdrop)
    assert len(trial.cases) == 25_160
    expected: list[tuple[Method, dict[str, float]]] = [
        (Popular(deskdrop), {"HR@20": 0.101}),
        (Newest(deskdrop), {"HR@20": 0.803, "HR@5": 0.528, "NDCG@20": 0.456}),
        (Trending(deskdrop), {"HR@20": 0.586}),
        (LiveItemKNN(deskdrop), {"HR@20": 0.186}),
    ]
    for method, known in expected:
        found = values(trial, ask(method, trial, shared=()))
        assert {kind: found[kind] for kind in known} == pytest.approx(known, abs=0.02), type(method).__name__


def test_full_on_beauty(data: Path):
    log, problems = read_log(Source("beauty", home=data))
    assert problems.count == 7 + 131  # products without a title, and the clicks on them
    trial = protocols.full(log)
    assert len(trial.cases) == 2_186
    assert values(trial, ask(Popular(log), trial, shared=()))["Recall@20"] == pytest.approx(0.014, abs=0.005)
    vectors = np.zeros((len(log.documents), 1), np.float32)  # no document is cold
    for name, known in {"ItemKNN": 0.097, "ItemKNN 0.9": 0.111, "ALS": 0.089, "BPR": 0.070}.items():
        order = Order(
            name, PEERS[name].params, retrain_days=1, retrainings=1, seed=0, threads=2, cache=CACHE, say=lambda text: None,
            report=lambda done, of: None,
        )  # fmt: skip
        outcome = ask_peer(order, log, trial, StandIns(vectors))
        assert outcome.failed is None
        assert values(trial, outcome)["Recall@20"] == pytest.approx(known, abs=0.02), name
