"""How long does a recommendation take, and a state to open?

The large state: 200,000 documents, 10,000 users of 20 Interest Units, `corpus`; N=50 candidates a unit, one thread. *First*: nothing of the user was
looked up before. *Again*: the same user. *After a click*: one of 20 units is new. *After a new
document*: nothing of the user is new, something was published. Beside: the same answer by comparing all documents in numpy.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from measuring import best_of, heading, large_state, percentile, row, settled, skewed
from penchant import Click, Document, Engine

ASKED, N = 400, 50


def main() -> None:
    """Print the rows."""
    heading("Recommendations", "the large state", "usearch", "msgspec")
    seconds = [imported() for _ in range(5)]
    row(
        "import of penchant",
        f"{min(seconds) * 1e3:.0f} ms beside an empty interpreter",
        "<= 150 ms",
        min(seconds) <= 0.15,
    )
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        shutil.copytree(large_state(), state)
        with Engine.open(state) as engine:
            settings = msgspec.structs.replace(engine.settings, candidates_per_unit=N)
        with Engine.open(state, settings=settings) as engine:
            started = time.perf_counter()
            engine.warm_up()
            row(
                "a state of 200,000 documents opens",
                f"{time.perf_counter() - started:.2f} s, documents, index and embedder",
            )
            settled()
            recommend(engine)


def imported() -> float:
    """Seconds that `import penchant` takes."""

    def run(code: str) -> float:
        return best_of(1, lambda: subprocess.run([sys.executable, "-c", code], check=True))

    return run("import penchant") - run("pass")


def recommend(engine: Engine) -> None:
    generator = random.Random(3)
    users = [f"u{n}" for n in generator.sample(range(10_000), ASKED)]
    engine.recommend("u1")
    engine.store.users(users)  # their pages are in the cache of the system
    first, again, clicked = [], [], []
    for user in users:
        first.append(timed(lambda user=user: engine.recommend(user)))
    for user in users:
        again.append(timed(lambda user=user: engine.recommend(user)))
    for number, user in enumerate(users):
        engine.observe([Click(user, f"d{skewed(200_000, generator)}", 1.9e9 + number)])
        clicked.append(timed(lambda user=user: engine.recommend(user)))
    published = []
    for number, user in enumerate(users[:100]):
        engine.add([Document(f"new{number}", f"A title that was published just now, number {number}")])
        published.append(timed(lambda user=user: engine.recommend(user)))
    vectors = np.stack([unit.embedding for unit in engine.units(users[0])])
    everything = engine.store.vectors(range(len(engine)))
    brute = best_of(3, lambda: in_numpy(vectors, everything))
    searches = best_of(5, lambda: engine._state.index._index.search(vectors, N))
    bytes_moved = N * 20 * (2 * vectors.shape[1] + 4)
    for what, seconds in (
        ("first", first),
        ("again", again),
        ("after a click", clicked),
        ("after a new document", published),
    ):
        p50, p99 = percentile(seconds, 50), percentile(seconds, 99)
        row(
            f"recommend, 20 units, 200,000 documents, {what}",
            f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
            "p50 <= 2.5 ms, p99 <= 6 ms",
            p50 <= 2.5 and p99 <= 6,
            f"numpy, all compared, {brute * 1e3:.0f} ms: {brute * 1e3 / p50:.0f} times"
            if what == "first"
            else "",
            f"the index's searches alone {searches * 1e3:.1f} ms; {bytes_moved / 1e6:.1f} MB of candidates' vectors to read"
            if what == "first"
            else "",
        )


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_numpy(units: np.ndarray, documents: np.ndarray) -> list[int]:
    cosines = units @ documents.T
    candidates = np.unique(np.argpartition(cosines, -N, axis=1)[:, -N:])
    scores = cosines[:, candidates].sum(axis=0)
    return candidates[np.argsort(-scores)[:20]].tolist()


if __name__ == "__main__":
    main()
