"""What does alignment with clicks gain, on readers of whom nothing was learned from?

Half of the users, drawn by seed, are held out whole. The embedder learns from the others' clicks (`penchant align train --judge
clicks`). Then the held-out users among those whom `full` asks are asked, with the embedder as it came and as it was aligned, by
scorers that know nothing but units or vectors. Recall@20 with 95 % intervals.

    python benchmarks/alignment.py corpus:beauty corpus:pydev minilm:beauty minilm:pydev
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from measuring import DATA, heading
from penchant import Click
from penchant.align.evaluation import compared
from penchant.align.examples import judged_lists
from penchant.align.judges.clicks import from_clicks
from penchant.align.models import plan_for
from penchant.align.pipeline import align
from penchant.embed.texts import TextEmbedder
from penchant.lab import protocols
from penchant.lab.datasets import Source, read_log
from penchant.lab.interests import InterestUnits, Variant
from penchant.lab.methods import MeanVector
from penchant.lab.texts import RememberedTexts
from penchant.state import new_embedder

CLICKS = int(os.environ.get("PENCHANT_ALIGN_CLICKS", "20000"))


def main() -> None:
    """Print a table for each embedder and community."""
    heading("Alignment with clicks", "pydev, beauty", "torch", "sentence-transformers")
    for asked in sys.argv[1:] or ["corpus:beauty", "corpus:pydev"]:
        measure(*asked.split(":"))


def measure(name: str, data: str) -> None:
    log, _ = read_log(Source(data, home=DATA))
    titles = [document.title for document in log.documents]
    held = set(np.random.default_rng(0).permutation(len(log.user_ids))[: len(log.user_ids) // 2].tolist())
    trial = protocols.full(log, protocols.Rules())
    trial = replace(trial, cases=[case for case in trial.cases if case.user in held], segments={}, periods=[])
    clicks = [
        Click(log.user_ids[user], log.documents[document].id, at)
        for user, document, at in zip(
            log.clicks.users.tolist(), log.clicks.documents.tolist(), log.clicks.at.tolist(), strict=True
        )
        if user not in held
    ]
    before = new_embedder(name, titles)
    lists = judged_lists(*from_clicks(log.documents, clicks, most=CLICKS))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        plan = replace(plan_for(before), batch=64, epochs=int(os.environ.get("PENCHANT_ALIGN_EPOCHS", "3")))
        after, curve = align(name, before, lists, titles, Path(folder), plan=plan)
        seconds = time.perf_counter() - started
    print(f"\n{name} on {data}: {len(lists):,} clicks of {len(log.user_ids) - len(held):,} users, {seconds:.0f} s; "
          f"validation {[round(value, 3) for value in curve.validation]}")  # fmt: skip
    print(f"threshold {before.threshold:g} -> {after.threshold:g}; {len(trial.cases):,} held-out users asked")
    found = {which: recalls(embedder, log, trial) for which, embedder in (("before", before), ("after", after))}
    for method in found["before"]:
        value = compared(found["before"][method], found["after"][method], 0)
        print(
            f"{method:14} {value['before']:.4f} -> {value['after']:.4f}: {value['gain']:.2f} times; difference {value['interval']}"
        )


def recalls(embedder, log, trial) -> dict[str, np.ndarray]:
    """Method -> Recall@20 of each case."""
    texts = RememberedTexts(embedder, None)
    vectors = TextEmbedder(embedder).encode([document.title for document in log.documents])
    found = {}
    for scorer in ("sum", "max", "soft"):
        method = InterestUnits(log, vectors, texts, trial.users(), Variant(scorer=scorer))
        found[f"units ({scorer})"] = recall(method, trial)
    found["mean vector"] = recall(MeanVector(vectors), trial)
    return found


def recall(method, trial) -> np.ndarray:
    method.learn(trial.training)
    values = []
    for case in trial.cases:
        scores = method.score(case.user, case.candidates, case.at)
        best = case.candidates[np.argsort(-scores, kind="stable")[:20]]
        values.append(np.isin(case.relevant, best).mean())
    return np.array(values)


if __name__ == "__main__":
    main()
