"""How does the cost grow with documents, users, history and units?

Each curve is measured at sizes that differ by the factor shown, and named by its slope: the exponent e of cost ~ size ** e between the first and the last
size. 0 is flat, 1 grows in step. One thread, `corpus`.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import math
import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from measuring import community, heading, large_state, row, settled
from penchant import Click, Engine, Settings
from penchant.store import Changes
from penchant.store.packing import pack_user


def main() -> None:
    """Print the rows."""
    heading("Growth", "see the script", "usearch")
    with_documents()
    documents, _, _ = community(5_000, 1)
    engine = Engine("corpus", index="exact")
    engine.add(documents)
    with_users(documents, engine.embedder)
    with_history(documents, engine.embedder)
    with_units(documents, engine.embedder)


def curve(what: str, costs: Mapping[int, float], unit: str, flat: bool) -> None:
    sizes = sorted(costs)
    slope = math.log(costs[sizes[-1]] / costs[sizes[0]]) / math.log(sizes[-1] / sizes[0])
    points = ", ".join(f"{size:,}: {costs[size]:.3g} {unit}" for size in sizes)
    row(
        what,
        f"{points}; slope {slope:.2f}",
        "flat (slope <= 0.2)" if flat else "",
        slope <= 0.2 if flat else None,
    )


def with_documents() -> None:
    """First recommendations of 100 users of 20 units, and adding documents."""
    first, adding = {}, {}
    with Engine.open(large_state(), read_only=True) as large:
        users = large.store.users([f"u{n}" for n in range(100)])
        stored = list(large.store.documents())
        for count in (10_000, 50_000):
            engine = Engine(large.embedder, settings=large.settings)
            engine.warm_up()
            started = time.perf_counter()
            engine.add([each.document for each in stored[:count]])
            engine.search("a title")
            adding[count] = (time.perf_counter() - started) / count * 1e6
            engine.store.commit([Changes(users=users)])
            first[count] = asked(engine, list(users))
        large.warm_up()
        first[len(stored)] = asked(large, list(users))
    curve("a user's first recommendation, by documents", first, "ms", flat=False)
    curve("adding a document, index included, by documents", adding, "us", flat=False)


def asked(engine: Engine, users: list[str]) -> float:
    settled()
    seconds = []
    for user in users:
        started = time.perf_counter()
        engine.recommend(user)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) * 1e3


def with_users(documents, embedder) -> None:
    """Durable clicks in batches of 100, in states of so many users with five clicks each."""
    costs, generator = {}, random.Random(1)
    for users in (1_000, 10_000, 100_000):
        with (
            tempfile.TemporaryDirectory() as folder,
            Engine.open(Path(folder) / "s", embedder, "exact") as engine,
        ):
            engine.add(documents)
            log = [
                Click(f"u{n % users}", f"d{generator.randrange(5_000)}", float(n)) for n in range(5 * users)
            ]
            for start in range(0, len(log), 100_000):
                engine.observe(log[start : start + 100_000], tell=False, teach=False)
            fresh = [
                Click(f"u{generator.randrange(users)}", f"d{generator.randrange(5_000)}", 1e7 + n)
                for n in range(3_000)
            ]
            costs[users] = learned(engine, fresh, 100)
    curve("a durable click in batches of 100, by users", costs, "us", flat=True)


def with_history(documents, embedder) -> None:
    """Clicks and answers of 50 users who clicked so often before."""
    clicking, asking, size = {}, {}, {}
    generator = random.Random(2)
    for length in (30, 100, 300, 1_000):
        engine = Engine(embedder, index="exact")
        engine.add(documents)
        log = [Click(f"u{n % 50}", f"d{generator.randrange(5_000)}", float(n)) for n in range(50 * length)]
        engine.observe(log, tell=False, teach=False)
        asking[length] = asked(engine, [f"u{n}" for n in range(50)])
        size[length] = float(np.mean([len(pack_user(engine.user(f"u{n}"))) for n in range(50)])) / 1024
        fresh = [
            Click(f"u{generator.randrange(50)}", f"d{generator.randrange(5_000)}", 1e6 + n)
            for n in range(1_000)
        ]
        clicking[length] = learned(engine, fresh, 1)
    curve("a click, by clicks before", clicking, "us", flat=True)
    curve("a recommendation, by clicks before", asking, "ms", flat=True)
    curve("a user on disk, by clicks before", size, "KB", flat=False)


def with_units(documents, embedder) -> None:
    """Clicks and answers of users with so many units."""
    clicking, asking = {}, {}
    generator = random.Random(3)
    for units in (5, 10, 20, 40):
        engine = Engine(embedder, index="exact", settings=Settings(keep_small=units, threshold=0.9))
        engine.add(documents)
        engine.observe(
            [Click(f"u{n % 50}", f"d{generator.randrange(5_000)}", float(n)) for n in range(50 * 60)],
            tell=False,
            teach=False,
        )
        asking[units] = asked(engine, [f"u{n}" for n in range(50)])
        fresh = [
            Click(f"u{generator.randrange(50)}", f"d{generator.randrange(5_000)}", 1e6 + n)
            for n in range(1_000)
        ]
        clicking[units] = learned(engine, fresh, 1)
    curve("a click, by units a user", clicking, "us", flat=False)
    curve("a recommendation, by units a user", asking, "ms", flat=False)


def learned(engine: Engine, clicks: list[Click], size: int) -> float:
    """Microseconds a click in calls of that size, the embedder included."""
    settled()
    engine.observe(clicks[:size])
    started = time.perf_counter()
    for start in range(size, len(clicks), size):
        engine.observe(clicks[start : start + size])
    return (time.perf_counter() - started) / (len(clicks) - size) * 1e6


if __name__ == "__main__":
    main()
