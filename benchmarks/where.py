"""Where does the time go, in the paths whose budgets are hard to meet?

The share of each function's own time by Python's profiler, which makes calls of Python functions look dearer than they are. The small community of
`clicks.py`, and the large state.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cProfile
import pstats
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import community, heading, large_state, read, row, settled, skewed
from penchant import Click, Engine
from penchant.data.build import add_documents, observe_log

DOCUMENTS, USERS, SHOWN = 20_000, 1_000, 9


def main() -> None:
    """Print the rows."""
    heading("Where the time goes", "see the scripts")
    given, log, settings = community(DOCUMENTS, USERS)
    generator = random.Random(1)
    fresh = [
        Click(f"u{generator.randrange(USERS)}", f"d{skewed(DOCUMENTS, generator)}", 1.8e9 + n)
        for n in range(3_000)
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine.open(Path(folder) / "s", "corpus", "exact", settings) as engine,
    ):
        add_documents(engine, given)
        observe_log(engine, log, "log")
        engine.observe(fresh[:100])
        settled()
        told("a click, one by one, durable", lambda: [engine.observe([click]) for click in fresh[100:1_000]])
        told(
            "a click, durable batches of 100",
            lambda: [engine.observe(fresh[n : n + 100]) for n in range(1_000, 3_000, 100)],
        )
    with Engine.open(large_state(), read_only=True) as engine:
        engine.warm_up()
        settled()
        told("a first recommendation", lambda: [engine.recommend(f"u{n}") for n in range(200)])
        told("the same again", lambda: [engine.recommend(f"u{n}") for n in range(200)])
    documents, clicks = read("pydev")
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine.open(Path(folder) / "s", "corpus", "exact") as engine,
    ):
        told("pydev: the embedder trained", lambda: engine.fit([document.title for document in documents]))
        told("pydev: documents added", lambda: add_documents(engine, documents))
        told(
            "pydev: clicks learned, key terms in the same process", lambda: observe_log(engine, clicks, "log")
        )


def told(what: str, work: Callable[[], object]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    work()
    profile.disable()
    own = {place: figures[2] for place, figures in pstats.Stats(profile).stats.items()}
    total = sum(own.values())
    largest = sorted(own, key=own.__getitem__, reverse=True)[:SHOWN]
    row(what, ", ".join(f"{name_of(place)} {own[place] / total:.0%}" for place in largest))


def name_of(place: tuple[str, int, str]) -> str:
    file, _, function = place
    if file == "~":
        return function.strip("<>").replace("built-in method ", "").replace("method ", "")
    return f"{Path(file).stem}.{function}"


if __name__ == "__main__":
    main()
