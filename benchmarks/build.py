"""How long does `penchant build` take, and how much of it is the embedder?

    python benchmarks/build.py deskdrop corpus
    python benchmarks/build.py pydev minilm

Beside it: the embedder's own rate on the same titles, and, for a transformer, the share of what the processor's matrix product reaches.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from measuring import heading, read
from penchant import Engine
from penchant.jobs import add_documents, index_built_beside, observe_log

MINILM_FLOPS = 2 * 10.6e6
"""Multiply-adds a token, twice: the parameters outside of the embedding table."""


def main(name: str, embedder: str) -> None:
    """Print the times."""
    heading(
        f"Building {name} with {embedder}",
        name,
        *(["torch", "sentence-transformers"] if embedder == "minilm" else ["scikit-learn"]),
    )
    started = time.perf_counter()
    documents, clicks = read(name)
    stages = {"read the files": time.perf_counter() - started}
    with tempfile.TemporaryDirectory() as folder, Engine.open(Path(folder) / "state", embedder) as engine:
        started = time.perf_counter()
        engine.fit([document.title for document in documents])
        stages["train or load the embedder"] = time.perf_counter() - started
        started = time.perf_counter()
        add_documents(engine, documents)
        stages["add documents"] = time.perf_counter() - started
        started = time.perf_counter()
        with index_built_beside(Path(folder) / "state"):
            observe_log(engine, clicks, "log")
        stages["learn clicks, index beside"] = time.perf_counter() - started
        total = sum(stages.values())
        for stage, seconds in stages.items():
            print(f"{stage:<32}{seconds:>8.1f} s {seconds / total:>6.0%}")
        print(f"{'in all':<32}{total:>8.1f} s; inside the embedder {engine.embedding_seconds / total:.0%}")
        print(f"{len(clicks) / stages['learn clicks, index beside']:,.0f} clicks/s")
        if embedder == "minilm":
            limit(engine, [document.title for document in documents])


def limit(engine: Engine, titles: list[str]) -> None:
    """The embedder alone on titles and on contextual texts, beside a bare matrix product."""
    import torch

    sample = [unit.text for user in engine.user_ids()[:400] for unit in engine.units(user)][:600]
    left, right = torch.randn(512, 384), torch.randn(384, 1536)
    for _ in range(3):
        left @ right
    started = time.perf_counter()
    for _ in range(50):
        left @ right
    peak = 50 * 2 * 512 * 384 * 1536 / (time.perf_counter() - started)
    for what, texts in (("titles", titles[:600]), ("contextual texts", sample)):
        tokens = sum(len(ids) for ids in engine.embedder._model.tokenizer(texts)["input_ids"])
        started = time.perf_counter()
        engine.embedder.encode(texts)
        seconds = time.perf_counter() - started
        share = tokens * MINILM_FLOPS / seconds / peak
        print(
            f"minilm on {what}: {len(texts) / seconds:.0f}/s, {tokens / len(texts):.1f} tokens each, {tokens / seconds:,.0f} tokens/s: "
            f"{share:.0%} of the {peak / 1e9:.0f} GFLOP/s that a float32 matrix product reaches here"
        )
    print(f"numpy {np.__version__}, torch threads {torch.get_num_threads()}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
