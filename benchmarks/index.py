"""How good and how fast are indexes of many documents?

    python benchmarks/index.py                                    # the 200,000 documents of the large state, corpus, 256 dimensions; --bf16: also that
    python benchmarks/index.py --documents 1000000 --dimension 384    # --alone: without the other libraries, which build for half an hour

Questions are Interest Units' vectors, 20 in a call as for one user, each for its 50 nearest; one thread asks, one builds. Recall@50 counts ties. In
the million, documents are mixtures: each of 200 directions of topics and one of its own (real titles do not reach that number); a question is a
document's neighbour. Beside: faiss's and hnswlib's HNSW with the same number of neighbours (16), their width set to reach the same recall or more
where 512 is enough, and numpy. `pip install faiss-cpu hnswlib`.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from measuring import best_of, heading, large_state, option, percentile, row
from penchant import Engine
from penchant.index.usearch import UsearchIndex
from penchant.vectors import unit_length

COUNT, TOGETHER, QUESTIONS = 50, 20, 400
WIDTHS = (128, 256, 384, 512)


def main() -> None:
    """Print the rows."""
    count, dimension = int(option("--documents", "200000")), int(option("--dimension", "256"))
    heading(
        f"An index of {count:,} documents, {dimension} dimensions",
        "see the script",
        "usearch",
        "faiss-cpu",
        "hnswlib",
    )
    vectors, questions = from_state(count) if count <= 200_000 else made(count, dimension)
    worst, brute = exact(vectors, questions)
    recall = ours(vectors, questions, worst, brute)
    for name, make in (
        (("faiss HNSW", faiss_hnsw), ("hnswlib", hnswlib_index)) if "--alone" not in sys.argv else ()
    ):
        beside(name, make, vectors, questions, worst, recall)


def from_state(count: int) -> tuple[np.ndarray, np.ndarray]:
    with Engine.open(large_state(), read_only=True) as engine:
        vectors = engine.store.vectors(range(count))
        units = np.stack([unit.embedding for n in range(0, 10_000, 100) for unit in engine.units(f"u{n}")])
    return vectors, units[np.random.default_rng(0).permutation(len(units))[:QUESTIONS]]


def made(count: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    topics = generator.standard_normal((200, dimension)).astype(np.float32)
    vectors = np.empty((count, dimension), np.float32)
    for start in range(0, count, 50_000):
        part = vectors[start : start + 50_000]
        part[:] = (
            0.6 * topics[generator.integers(200, size=len(part))]
            + 0.4 * topics[generator.integers(200, size=len(part))]
        )
        part += 0.7 * generator.standard_normal(part.shape).astype(np.float32)
        part[:] = unit_length(part)
    chosen = vectors[generator.choice(count, QUESTIONS, replace=False)]
    return vectors, unit_length(
        chosen + 0.5 / dimension**0.5 * generator.standard_normal(chosen.shape).astype(np.float32)
    )


def exact(vectors: np.ndarray, questions: np.ndarray) -> tuple[np.ndarray, float]:
    """(the cosine of each question's 50th neighbour, seconds that numpy takes for a question)."""
    started, worst = time.perf_counter(), []
    for start in range(0, len(questions), TOGETHER):
        cosines = questions[start : start + TOGETHER] @ vectors.T
        worst.append(np.partition(cosines, -COUNT, axis=1)[:, -COUNT])
    return np.concatenate(worst), (time.perf_counter() - started) / len(questions)


def recall_of(found, vectors: np.ndarray, questions: np.ndarray, worst: np.ndarray) -> float:
    pairs = zip(found, questions, worst, strict=True)
    return float(
        np.mean(
            [
                np.sum(vectors[np.asarray(keys)] @ question >= low - 1e-5) / COUNT
                for keys, question, low in pairs
            ]
        )
    )


def ask(search: Callable, questions: np.ndarray) -> tuple[list, list[float]]:
    """(what was found, seconds for each call of TOGETHER questions)."""
    found, seconds = [], []
    for start in range(0, len(questions), TOGETHER):
        started = time.perf_counter()
        found.extend(search(questions[start : start + TOGETHER]))
        seconds.append(time.perf_counter() - started)
    return found, seconds


def ours(vectors: np.ndarray, questions: np.ndarray, worst: np.ndarray, brute: float) -> float:
    count, dimension = vectors.shape
    recalls = {}
    for precision in ("int8", "bf16") if "--bf16" in sys.argv else ("int8",):
        index = UsearchIndex(dimension, precision)
        started = time.perf_counter()
        for start in range(0, count, 4_096):
            index.add(np.arange(start, min(start + 4_096, count)), vectors[start : start + 4_096])
        built = time.perf_counter() - started
        ask(lambda some, index=index: index.search(some, COUNT), questions[:100])
        found, seconds = ask(lambda some, index=index: index.search(some, COUNT), questions)
        recalls[precision] = recall_of(found, vectors, questions, worst)
        graph = index._index.memory_usage
        row(
            f"index {count:,} x {dimension}, {precision}: 20 units' searches",
            f"p50 {percentile(seconds, 50):.1f} ms, p99 {percentile(seconds, 99):.1f} ms, recall@50 {recalls[precision]:.3f}",
            "recall >= 0.98" if precision == "int8" else "",
            recalls[precision] >= 0.98 if precision == "int8" else None,
            f"numpy, all compared, {brute * TOGETHER * 1e3:.0f} ms: {brute * TOGETHER / np.median(seconds):.1f} times",
        )
        row(
            f"index {count:,} x {dimension}, {precision}: built, held",
            f"{count / built:,.0f} documents/s; graph {graph / count:.0f} bytes a document, vectors {2 * dimension + 4}",
        )
        if precision == "int8":
            over_time(index, vectors, questions, worst)
    return recalls["int8"]


def over_time(index: UsearchIndex, vectors: np.ndarray, questions: np.ndarray, worst: np.ndarray) -> None:
    """Reopening, searching while documents come, and what a tenth of all documents changed and removed does."""
    count = len(vectors)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index.save(path)
        again = UsearchIndex(vectors.shape[1])
        opened = best_of(3, lambda: again.load(path))
        row(f"index {count:,}: reopened", f"{opened:.2f} s", "< 1 s", opened < 1)
    generator = np.random.default_rng(1)
    changed = generator.choice(count, count // 10, replace=False)
    stop, added = threading.Event(), [0]

    def change() -> None:
        for start in range(0, len(changed), 64):
            if stop.is_set():
                return
            keys = changed[start : start + 64]
            index.add(keys, vectors[keys])
            added[0] += len(keys)

    started = time.perf_counter()
    worker = threading.Thread(target=change)
    worker.start()
    _, seconds = ask(lambda some: index.search(some, COUNT), questions)
    stop.set()
    worker.join()
    rate = added[0] / (time.perf_counter() - started)
    row(
        f"index {count:,}: searched while documents change",
        f"p50 {percentile(seconds, 50):.1f} ms, p99 {percentile(seconds, 99):.1f} ms for 20, beside {rate:,.0f} changes/s",
    )
    started = time.perf_counter()
    rest = changed[added[0] :]
    for start in range(0, len(rest), 64):
        index.add(rest[start : start + 64], vectors[rest[start : start + 64]])
    a_change = (time.perf_counter() - started) / max(1, len(rest))
    started = time.perf_counter()
    gone = changed[: len(changed) // 2]
    index.remove(gone)
    a_removal = (time.perf_counter() - started) / len(gone)
    index.add(gone, vectors[gone])
    found, seconds = ask(lambda some: index.search(some, COUNT), questions)
    row(
        f"index {count:,}: a tenth changed, a twentieth removed and back",
        f"{a_change * 1e6:.0f} us a change, {a_removal * 1e6:.0f} us a removal; then p50 {percentile(seconds, 50):.1f} ms, "
        f"recall@50 {recall_of(found, vectors, questions, worst):.3f}",
    )


def faiss_hnsw(vectors: np.ndarray) -> tuple[Callable, Callable]:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 128
    index.add(vectors)
    return lambda some: index.search(some, COUNT)[1], lambda width: setattr(index.hnsw, "efSearch", width)


def hnswlib_index(vectors: np.ndarray) -> tuple[Callable, Callable]:
    import hnswlib

    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), ef_construction=128, M=16, random_seed=0)
    index.add_items(vectors, num_threads=1)
    return lambda some: index.knn_query(some, COUNT, num_threads=1)[0], index.set_ef


def beside(
    name: str, make: Callable, vectors: np.ndarray, questions: np.ndarray, worst: np.ndarray, at_least: float
) -> None:
    try:
        started = time.perf_counter()
        search, set_width = make(vectors)
        built = time.perf_counter() - started
    except ImportError as error:
        row(f"beside: {name}", f"not installed ({error})")
        return
    for width in WIDTHS:
        set_width(width)
        found, seconds = ask(search, questions)
        recall = recall_of(found, vectors, questions, worst)
        if recall >= at_least - 0.002 or width == WIDTHS[-1]:
            row(
                f"beside: {name}, float32, width {width}",
                f"p50 {percentile(seconds, 50):.1f} ms for 20, recall@50 {recall:.3f}; {len(vectors) / built:,.0f} documents/s; "
                f"vectors {4 * vectors.shape[1]} bytes a document and the graph",
            )
            return


if __name__ == "__main__":
    main()
