"""How near is the approximate index to the exact one, and what does it cost?

Queries are Interest Units, as in use; recall@50 is counted with ties. `corpus` vectors of pydev, 124,770 titles.
"""

from __future__ import annotations

import time

import numpy as np

from measuring import heading, read
from penchant import Engine, Settings
from penchant.index import make_index
from penchant.jobs import add_documents, observe_log

COUNT, QUERIES = 50, 200


def main() -> None:
    """Print the table."""
    heading("The usearch index beside the exact one", "pydev", "usearch")
    documents, clicks = read("pydev")
    engine = Engine("corpus", index="exact")
    add_documents(engine, documents)
    observe_log(engine, clicks[-30_000:], "log")
    units = [unit.embedding for user in engine.user_ids() for unit in engine.units(user)]
    queries = np.stack(units)[np.random.default_rng(0).choice(len(units), QUERIES, replace=False)]
    vectors = engine.store.vectors(range(len(documents)))
    worst = np.sort(queries @ vectors.T, axis=1)[:, -COUNT]
    print(f"{'index':<16}{'build s':>9}{'ms a query':>12}{'recall@50':>11}")
    for kind, precision in (("exact", "bf16"), ("usearch", "bf16"), ("usearch", "int8")):
        index = make_index(kind, vectors.shape[1], Settings(index_precision=precision))
        started = time.perf_counter()
        index.add(np.arange(len(vectors)), vectors)
        built = time.perf_counter() - started
        started = time.perf_counter()
        found = index.search(queries, COUNT)
        asked = (time.perf_counter() - started) / QUERIES * 1e3
        hits = [
            np.sum(vectors[keys[:COUNT]] @ query >= low - 1e-5) for keys, query, low in zip(found, queries, worst, strict=True)
        ]
        print(
            f"{kind + ' ' + (precision if kind == 'usearch' else 'float32'):<16}{built:>9.1f}{asked:>12.2f}{np.mean(hits) / COUNT:>11.3f}"
        )


if __name__ == "__main__":
    main()
