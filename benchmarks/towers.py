"""What does a trained tower cost a question?

The large state: 200,000 documents, 10,000 users of 20 Interest Units, `corpus`, one thread. The tower has the
shape of `penchant train --tower learn` and random weights: what it costs does not depend on what it learned.
Beside: the whole question, and the encoder in torch on the same weights.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from measuring import best_of, heading, large_state, percentile, row, settled
from penchant import Engine
from penchant.rank.known import Known
from penchant.towers import History
from penchant.towers.sequential import SequentialTower, Trained
from penchant.towers.snapshot import Snapshot
from penchant.train.towers.fit import Fitted, last_outputs
from penchant.train.towers.job import as_tower
from penchant.train.towers.network import Network
from penchant.train.towers.plan import plan_of

ASKED, CANDIDATES, OF_EACH = 300, 1_000, 100


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    heading("Towers", "the large state", "usearch", "torch", "safetensors")
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        shutil.copytree(large_state(), state)
        with Engine.open(state) as engine:
            engine.warm_up()
            tower, network, given = untrained(engine)
            encoder(tower, network, given)
            questions(engine, tower)


def untrained(engine: Engine) -> tuple[SequentialTower, Network, Snapshot]:
    """A tower of the usual shape, the network it is of, and the documents."""
    taken, plan = engine.towers.snapshot(), plan_of("learn")
    torch.manual_seed(0)
    network = Network(plan, taken.embeddings).eval()
    trained = Trained(len(taken.ids), len(taken.read), 0, taken.latest_at, 0, 0.0, 0, 0)
    fitted = Fitted(network, [], 0, 0, np.arange(len(taken.ids)))
    return as_tower(fitted, plan, taken, trained), network, taken


def encoder(tower: SequentialTower, network: Network, given: Snapshot) -> None:
    read = np.random.default_rng(0).integers(0, len(given.ids), tower.history)
    history = History([given.ids[number] for number in read.tolist()], given.embeddings[read])
    ours = best_of(200, lambda: tower.users([history]))
    with torch.no_grad():
        inputs = network.inputs(torch.from_numpy(read))
        places = [np.arange(tower.history)]
        theirs = best_of(200, lambda: last_outputs(network, inputs, places))
    row(
        f"a reader's vector from {tower.history} documents, numpy",
        f"{ours * 1e6:.0f} us",
        "<= 500 us",
        ours <= 5e-4,
        beside=f"torch, inputs given, {theirs * 1e6:.0f} us: {ours / theirs:.2f} times",
    )


def questions(engine: Engine, tower: SequentialTower) -> None:
    generator = random.Random(3)
    users = [f"u{n}" for n in generator.sample(range(10_000), ASKED)]
    started = time.perf_counter()
    engine.towers.adopt(tower)
    row(
        "a tower comes into use, 200,000 documents",
        f"{time.perf_counter() - started:.0f} s, while questions are answered as before",
    )
    settled()
    engine.recommend(users[0])
    known = engine._state.known()
    rows = np.random.default_rng(0).choice(len(engine), CANDIDATES, replace=False)
    first, again, whole = [], [], []
    for user in users:
        trail = known.trails.trail(user)
        first.append(timed(lambda trail=trail: part(known, trail.rows, rows)))
        again.append(timed(lambda trail=trail: part(known, trail.rows, rows)))
        whole.append(timed(lambda user=user: engine.recommend(user)))
    for what, seconds in (("after a click", first), ("again", again)):
        row(
            f"a tower's part of a question, {what}",
            f"p50 {percentile(seconds, 50):.2f} ms",
            "<= 0.5 ms",
            percentile(seconds, 50) <= 0.5,
            beside=f"the whole question, the first of a user, {percentile(whole, 50):.2f} ms",
        )


def part(known: Known, read: np.ndarray, rows: np.ndarray) -> None:
    """The reader's vector, the documents near it, and what it says of candidates."""
    towards, tower = known.towards(read), known.tower
    tower.index.search(towards, OF_EACH)
    tower.scores(rows, towards)
    tower.trained(rows)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
