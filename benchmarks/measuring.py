"""What the benchmarks share: where the data is, reading it, rows of the table, and the line that says what was measured on."""

from __future__ import annotations

import gc
import json
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import numpy as np

from penchant import Click, Document, Engine, Settings
from penchant.data.files import Problems, read_clicks, read_documents

DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[2] / "shared" / "data"))


def heading(question: str, data: str, *packages: str, seed: int | None = 0) -> None:
    """Print the question, and what the answer depends on."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("penchant", "numpy", *packages))
    threads = os.environ["OMP_NUM_THREADS"]
    data = data if seed is None else f"{data}; seed: {seed}"
    print(
        f"{question}\ndata: {data}; {os.cpu_count()} cores, {threads} threads for numpy; {platform.machine()}; {versions}\n"
    )


def read(name: str) -> tuple[list[Document], list[Click]]:
    """The documents and clicks of a data set; the few documents without a title, and the clicks on them, left out."""
    problems = Problems("skip")
    documents = list(read_documents(DATA / name / "documents.tsv.gz", {}, problems))
    known = {document.id for document in documents}
    return documents, list(read_clicks(DATA / name / "clicks.tsv.gz", {}, problems, known.__contains__))


def machine() -> str:
    """The processor and the versions that the figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    flags = next((line for line in lines if line.startswith("flags")), "")
    has = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if name in flags]
    names = (
        "penchant",
        "numpy",
        "numba",
        "usearch",
        "scikit-learn",
        "torch",
        "sentence-transformers",
        "litestar",
        "uvicorn",
    )
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores of {model} ({', '.join(has)}), Python {platform.python_version()}, {versions}"


def row(
    what: str, measured: str, budget: str = "", met: bool | None = None, beside: str = "", limit: str = ""
) -> None:
    """One row of the table, printed, or as JSON where `make bench` reads it.

    Args:
        beside: the alternative, measured in the same run, and the ratio.
        limit: what the machine could do at best, and the ratio.
    """
    if "--json" in sys.argv:
        print(
            json.dumps(
                {
                    "what": what,
                    "measured": measured,
                    "budget": budget,
                    "met": met,
                    "beside": beside,
                    "limit": limit,
                }
            ),
            flush=True,
        )
        return
    verdict = "" if met is None else "  (met)" if met else "  (MISSED)"
    print(f"{what:<46} {measured}" + (f"; budget {budget}{verdict}" if budget else ""))
    for name, text in (("beside", beside), ("limit", limit)):
        if text:
            print(f"{'':<46}   {name}: {text}")


def option(name: str, default: str) -> str:
    """The value after ``--name`` on the command line."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def best_of(times: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs: what else the machine did shows least."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def percentile(seconds: Sequence[float], percent: float) -> float:
    """In milliseconds."""
    return float(np.percentile(seconds, percent)) * 1e3


def settled() -> None:
    """What was loaded is not looked through for garbage again, as in the service."""
    gc.collect()
    gc.freeze()


UNITS = 20
STATE = Path(os.environ.get("PENCHANT_BENCH_STATE", "/tmp/penchant-bench"))
"""Where the large state lies; it is kept and used again."""


def titles(count: int, generator: random.Random) -> list[str]:
    """So many distinct titles: real ones, then pairs of halves of them."""
    real = list(
        dict.fromkeys(
            document.title for name in ("pydev", "beauty", "deskdrop") for document in read(name)[0]
        )
    )
    made = dict.fromkeys(real[:count])
    while len(made) < count:
        left, right = generator.choice(real).split(), generator.choice(real).split()
        made[" ".join(left[: len(left) // 2 + 1] + right[len(right) // 2 :])] = None
    return list(made)


def skewed(count: int, generator: random.Random) -> int:
    """A number below count, small ones more often: the first 1 % get a fifth of the clicks."""
    return int(count * generator.random() ** 3)


def community(documents: int, users: int) -> tuple[list[Document], list[Click], Settings]:
    """Documents, and clicks that make nearly as many units as clicks: by this threshold users end up with 20 units."""
    generator = random.Random(0)
    given = [
        Document(f"d{n}", title, published_at=1.7e9 + n)
        for n, title in enumerate(titles(documents, generator))
    ]
    log = [
        Click(f"u{user}", f"d{skewed(documents, generator)}", 1.71e9 + n * 1e4 + user, id=f"{user}-{n}")
        for n in range(UNITS + 8)
        for user in range(users)
    ]
    return given, log, Settings(keep_small=UNITS, threshold=0.9)


def build(state: Path, embedder: str, documents: int, users: int) -> None:
    """The state of that community, by the usual way."""
    from penchant.data.build import add_documents, observe_log

    given, log, settings = community(documents, users)
    with Engine.open(state, embedder, settings=settings) as engine:
        add_documents(engine, given)
        observe_log(engine, log, "log")
        engine.save_index()


def large_state() -> Path:
    """200,000 documents, 10,000 users of 20 units, corpus; built where it is missing."""
    if not (STATE / "complete").exists():
        build(STATE, "corpus", 200_000, 10_000)
        (STATE / "complete").touch()
    return STATE
