"""What does a trained tower cost a question?

The large state: 200,000 documents, 10,000 users of 20 Interest Units, `corpus`, one thread. The tower has the
shape of `penchant train --tower learn` and random weights: what it costs does not depend on what it learned.
Beside: the same question without it, and the encoder in torch on the same weights.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from measuring import best_of, heading, large_state, percentile, row, settled
from penchant import Click, Engine
from penchant.towers import History
from penchant.towers.sequential import SequentialTower, Trained
from penchant.train.learn.fit import Fitted, last_outputs
from penchant.train.learn.job import as_tower
from penchant.train.learn.network import Network
from penchant.train.learn.plan import plan_of
from penchant.train.sequences import Sequences

ASKED = 300


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


def untrained(engine: Engine) -> tuple[SequentialTower, Network, Sequences]:
    """A tower of the usual shape, the network it is of, and the documents."""
    taken, plan = engine.towers.snapshot(), plan_of("learn")
    torch.manual_seed(0)
    network = Network(plan, taken.embeddings).eval()
    given = Sequences(taken.ids, taken.embeddings, taken.read, taken.lots)
    trained = Trained(len(taken.ids), len(taken.read), 0, taken.latest_at, 0, 0.0, 0, 0)
    fitted = Fitted(network, [], 0, 0, np.arange(len(taken.ids)))
    return as_tower(fitted, plan, given, taken.embedder, trained), network, given


def encoder(tower: SequentialTower, network: Network, given: Sequences) -> None:
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
    for user in users:
        engine.recommend(user)
    found: dict[str, list[float]] = {"again": [timed(engine, user) for user in users]}
    found["after a click"] = after_clicks(engine, users, generator, 1.9e9)
    engine.towers.drop()
    without = {"again": [timed(engine, user) for user in users]}
    without["after a click"] = after_clicks(engine, users, generator, 1.91e9)
    for what, seconds in found.items():
        before = percentile(without[what], 50)
        part = percentile(seconds, 50) - before
        row(
            f"a tower's part of a question, {what}",
            f"p50 {part:.2f} ms of {percentile(seconds, 50):.2f} ms",
            "<= 0.5 ms",
            part <= 0.5,
            beside=f"the question without a tower {before:.2f} ms",
        )


def after_clicks(engine: Engine, users: list[str], generator: random.Random, at: float) -> list[float]:
    """Seconds of each user's question after a click of the user."""
    found = []
    for number, user in enumerate(users):
        click = Click(user, f"d{generator.randrange(200_000)}", at + number)
        engine.observe([click], teach=False)
        found.append(timed(engine, user))
    return found


def timed(engine: Engine, user: str) -> float:
    started = time.perf_counter()
    engine.recommend(user)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
