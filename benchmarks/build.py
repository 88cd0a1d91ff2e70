"""How long does a whole build take, and what does it save that no text is embedded when somebody clicks?

pydev with `corpus`, as `penchant build` does it: from the files to all clicks on disk, and until the index is saved. Then MiniLM: the first 10,000
clicks of readers with at least 15, document vectors given, by both rules of units; by `text`, which embeds every changed unit, a tenth of them.
`--all` learns all clicks of such readers.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from measuring import heading, read, row
from penchant import Engine, Settings
from penchant.data.build import add_documents, build_state

CLICKS = 10_000


def main() -> None:
    """Print the rows."""
    heading("Whole builds", "pydev", "scikit-learn", "numba", "torch", "sentence-transformers")
    with_corpus()
    with_minilm()


def with_corpus() -> None:
    begun = time.perf_counter()
    ended = {}
    documents, clicks = read("pydev")
    ended["files read"] = time.perf_counter() - begun

    def report(stage: str, *_: int) -> None:
        ended[stage] = time.perf_counter() - begun

    with tempfile.TemporaryDirectory() as folder, Engine.open(Path(folder) / "s", "corpus") as engine:
        build_state(engine, documents, clicks, "log", Path(folder) / "s", report)
    names = {
        "embedder": "embedder trained",
        "documents": "documents saved",
        "clicks": "clicks saved",
        "index": "index saved",
    }
    told = ", ".join(f"{names.get(stage, stage)} {seconds:.1f} s" for stage, seconds in ended.items())
    row(
        f"pydev with corpus: {len(documents):,} documents, {len(clicks):,} clicks",
        told,
        "<= 15 s, files to state saved",
        ended["clicks"] <= 15,
    )


def with_minilm() -> None:
    documents, clicks = read("pydev")
    counts = Counter(click.user_id for click in clicks)
    log = [click for click in clicks if counts[click.user_id] >= 15]
    if "--all" not in sys.argv:
        log = log[:CLICKS]
    clicked = {click.document_id for click in log}
    known = [document for document in documents if document.id in clicked]
    rates = {}
    for rule, some in (("mean", log), ("text", log[: len(log) // 10])):
        engine = Engine("minilm", index="exact", settings=Settings(unit_rule=rule))
        add_documents(engine, known)
        begun = time.perf_counter()
        engine.observe(some, tell=False, teach=False)
        rates[rule] = len(some) / (time.perf_counter() - begun)
    row(
        "bulk with MiniLM, document vectors given",
        f"{rates['mean']:,.0f} clicks/s: {rates['mean'] / rates['text']:.0f} times as many as by the rule `text`",
        ">= 20 times",
        rates["mean"] >= 20 * rates["text"],
        f"`text`, which embeds a text a click, {rates['text']:,.0f}/s",
    )


if __name__ == "__main__":
    main()
