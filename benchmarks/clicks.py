"""What does a click cost: alone, durable, in bulk, and where it teaches the blend?

20,000 documents, 1,000 users with 20 Interest Units each (see `measuring.community`), `corpus`. The time inside the embedder is
subtracted where the row says so; one thread unless it says two.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import sqlite3
import tempfile
import time
from pathlib import Path

import numpy as np

from measuring import best_of, community, heading, read, row, settled, skewed
from penchant import Click, Engine, Settings
from penchant.data.build import add_documents, observe_log
from penchant.engine.clicks import clicked
from penchant.store import Changes
from penchant.store.packing import pack_user
from penchant.units import arrays, kernel

DOCUMENTS, USERS, BATCH = 20_000, 1_000, 100


def main() -> None:
    """Print the rows."""
    heading("A click", "pydev, beauty, deskdrop titles", "numba", "msgspec")
    given, log, settings = community(DOCUMENTS, USERS)
    engine = Engine("corpus", index="exact", settings=settings)
    add_documents(engine, given)
    observe_log(engine, log, "log")
    settled()
    generator = random.Random(1)
    fresh = [
        Click(f"u{generator.randrange(USERS)}", f"d{skewed(DOCUMENTS, generator)}", 1.8e9 + n)
        for n in range(6_000)
    ]
    one_by_one(engine, fresh[:2_000])
    durable(engine, given, settings, fresh)
    bulk(engine, log, settings)
    learning_the_blend()


def without_embedder(engine: Engine, clicks: list[Click], size: int) -> tuple[float, float]:
    """Microseconds a click, (without the embedder, inside it), in calls of that size."""
    engine.observe(clicks[:size])
    clicks, inside, started = clicks[size:], engine.embedding_seconds, time.perf_counter()
    for start in range(0, len(clicks), size):
        engine.observe(clicks[start : start + size])
    seconds, inside = time.perf_counter() - started, engine.embedding_seconds - inside
    return (seconds - inside) / len(clicks) * 1e6, inside / len(clicks) * 1e6


def one_by_one(engine: Engine, clicks: list[Click]) -> None:
    alone, inside = without_embedder(engine, clicks[:1_000], 1)
    together, _ = without_embedder(engine, clicks[1_000:], BATCH)
    units, vector = (
        np.stack([unit.embedding for unit in engine.units("u1")]),
        engine.embedder.encode(["a title"])[0],
    )
    cosines = best_of(200, lambda: units @ vector) * 1e6
    row(
        "observe of one click, in memory",
        f"{alone:.0f} us a call of one click, {together:.0f} us a click in calls of {BATCH}",
        "<= 60 us",
        together <= 60,
        f"the embedder on the new text {inside:.0f} us",
        f"the cosines to 20 units in numpy {cosines:.1f} us, {together / cosines:.0f} times as much in all",
    )


def durable(memory: Engine, documents, settings, clicks: list[Click]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine.open(Path(folder) / "s", memory.embedder, "exact", settings) as engine,
    ):
        add_documents(engine, documents)
        users = memory.store.users(memory.user_ids())
        engine.store.commit([Changes(users=users)])
        settled()
        cost, _ = without_embedder(engine, clicks, BATCH)
        bare = bare_writes(Path(folder) / "bare.db", [pack_user(user) for user in users.values()])
    row(
        f"observe of one click, durable, batches of {BATCH}",
        f"{cost:.0f} us",
        "<= 200 us",
        cost <= 200,
        "",
        f"the same bytes into SQLite, as durable, {bare:.0f} us: {cost / bare:.1f} times",
    )


def bare_writes(path: Path, users: list[bytes]) -> float:
    """Microseconds to keep one user's bytes, in durable batches."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE users (id INTEGER PRIMARY KEY, user BLOB)"
    )
    batches = [list(enumerate(users))[start : start + BATCH] for start in range(0, len(users), BATCH)]
    for timed in (False, True):
        started = time.perf_counter()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO users VALUES (?, ?)", batch)
            connection.execute("COMMIT")
        if timed:
            return (time.perf_counter() - started) / len(users) * 1e6
    raise AssertionError


def bulk(engine: Engine, log: list[Click], settings) -> None:
    """The compiled rules alone, on arrays, vectors given; then with all that turns users into arrays and back."""
    known = clicked(log, engine._state.documents, engine.store)
    in_kernel = {}
    for threads in (1, 2):
        seconds: list[float] = []
        learn_it(known, engine, settings, threads, seconds)  # compiled and warm
        seconds.clear()
        whole = best_of(
            3, lambda threads=threads, seconds=seconds: learn_it(known, engine, settings, threads, seconds)
        )
        in_kernel[threads] = (min(seconds), whole)
    vectors = np.stack([each.vector for _, each in known])
    one_pass = best_of(5, lambda: np.einsum("nd,nd->n", vectors, vectors))
    alone, whole = in_kernel[1]
    row(
        "bulk, vectors given, one thread",
        f"{len(log) / alone:,.0f} clicks/s; users to arrays and back included {len(log) / whole:,.0f}/s",
        ">= 150,000 clicks/s, <= 10 passes in numpy",
        len(log) / alone >= 150_000 and alone <= 10 * one_pass,
        "",
        f"one pass over the clicks' vectors in numpy {one_pass * 1e3:.0f} ms: {alone / one_pass:.1f} times",
    )
    row(
        "bulk, two threads beside one",
        f"{alone / in_kernel[2][0]:.2f} times; with the conversions {whole / in_kernel[2][1]:.2f} times",
        ">= 1.8 times",
        alone / in_kernel[2][0] >= 1.8,
    )


def learning_the_blend() -> None:
    """Real clicks, of which some teach the blend, beside the same ones learned for the scorer `sum`."""
    documents, log = read("deskdrop")
    log = sorted(log, key=lambda click: click.at)
    cost: dict[str, list[float]] = {}
    for scorer in ("sum", "blend"):
        engine = Engine("corpus", index="exact", settings=Settings(scorer=scorer))
        engine.add(documents)
        engine.warm_up()  # as the service does: compiled code is loaded once a process
        engine.observe(log[:1_000])
        marks = []
        for start in range(1_000, 41_000, 100):
            started = time.perf_counter()
            engine.observe(log[start : start + 100])
            marks.append((time.perf_counter() - started) / 100 * 1e6)
        cost[scorer] = [float(np.mean(marks[:100])), float(np.mean(marks[300:]))]
    for when, alone, blended in zip(
        ("young: clicks 1,000 to 11,000", "clicks 31,000 to 41,000"), cost["sum"], cost["blend"], strict=True
    ):
        row(
            f"observe by the blend, deskdrop, in memory, calls of 100, {when}",
            f"{blended:.0f} us, {blended / alone:.2f} times the scorer `sum`",
            "<= 1.5 times",
            blended <= 1.5 * alone,
            f"`sum` {alone:.0f} us",
        )


def learn_it(known, engine: Engine, settings, threads: int, seconds: list[float]) -> None:
    """Learn all, and note how long the compiled part took, from the first part's begin to the last one's end."""
    times = []
    original = kernel.learn

    def timed(*arguments):
        started = time.perf_counter()
        original(*arguments)
        times.append((started, time.perf_counter()))

    kernel.learn = timed
    try:
        arrays.learn({}, known, engine.threshold, settings, threads=threads)
    finally:
        kernel.learn = original
    seconds.append(max(end for _, end in times) - min(start for start, _ in times))


if __name__ == "__main__":
    main()
