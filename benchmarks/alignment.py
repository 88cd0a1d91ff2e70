"""What does alignment with clicks gain, on readers of whom nothing was learned from?

Half of the users, drawn by seed, are held out whole. The embedder learns from the others' clicks (`penchant align train --judge
clicks`). Then the held-out users among those whom each protocol asks are asked, with the embedder as it came and as it was
aligned, by scorers that know nothing but units or vectors: Recall@20 under `full`, H@20 under `ira` and under `ira` with uniform
candidates (its reference is MiniLM as it came), with 95 % intervals of the difference. Texts that MiniLM embedded once are kept
in PENCHANT_CACHE. Prints Markdown.

    python benchmarks/alignment.py corpus:beauty corpus:pydev minilm:beauty minilm:pydev
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from measuring import DATA, heading
from penchant import Click
from penchant.embed.kept import new_embedder
from penchant.embed.transformer import TransformerEmbedder
from penchant.lab import protocols
from penchant.lab.cases import Trial
from penchant.lab.datasets import Source, read_log
from penchant.lab.log import Log
from penchant.lab.methods import MeanVector
from penchant.lab.metrics import ranks
from penchant.lab.texts import RememberedTexts, remembered
from penchant.lab.units_method import InterestUnits, Variant
from penchant.train.align.evaluation import compared
from penchant.train.align.examples import judged_lists
from penchant.train.align.judges.clicks import from_clicks
from penchant.train.align.models import plan_by_clicks, plan_for
from penchant.train.align.pipeline import align
from penchant.types import Vectors

CACHE = Path(os.environ["PENCHANT_CACHE"]) if "PENCHANT_CACHE" in os.environ else None
CLICKS = int(os.environ.get("PENCHANT_ALIGN_CLICKS", "20000"))
SCORERS = ("sum", "max", "soft")


class Mapped:
    """An aligned transformer whose texts are embedded by the model as it came, from the cache, and then mapped."""

    def __init__(self, before: RememberedTexts, after: TransformerEmbedder) -> None:
        self.name, self.threshold, self.dimension = after.name, after.threshold, after.dimension
        self._before = before
        self._change = after._model[-2].linear.weight.detach().float().numpy().T

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = self._before.encode(texts) @ self._change
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def main() -> None:
    """Print a table for each embedder and community."""
    heading("## Alignment with clicks\n", "pydev, beauty", "torch", "sentence-transformers")
    torch.set_num_threads(1)
    for asked in sys.argv[1:] or ["corpus:beauty", "corpus:pydev"]:
        measure(*asked.split(":"))


def measure(name: str, data: str) -> None:
    log, _ = read_log(Source(data, home=DATA))
    held = set(np.random.default_rng(0).permutation(len(log.user_ids))[: len(log.user_ids) // 2].tolist())
    before, after, told = trained(name, log, held)
    print(f"\n### {name}, {data}\n\n{told}\n")
    print(
        "| protocol | held-out users | method | before | after | ratio | difference, 95 % |\n|---|---|---|---|---|---|---|"
    )
    reference = (before if name == "minilm" else remembered("minilm", log.titles, CACHE)).encode(log.titles)
    rules = protocols.Rules()
    trials = {
        "full, Recall@20": protocols.full(log, rules),
        "ira, H@20": protocols.ira(log, reference, rules),
        "ira uniform, H@20": protocols.ira(log, reference, replace(rules, candidates="uniform")),
    }
    for protocol, whole in trials.items():
        trial = replace(
            whole, cases=[case for case in whole.cases if case.user in held], segments={}, periods=[]
        )
        found = [asked(embedder, log, trial) for embedder in (before, after)]
        for method in found[0]:
            value = compared(found[0][method], found[1][method], 0)
            low, high = value["interval"]
            print(f"| {protocol} | {len(trial.cases):,} | {method} | {value['before']:.4f} | {value['after']:.4f} | "
                  f"{value['gain']:.2f} | {low:+.4f} to {high:+.4f} |", flush=True)  # fmt: skip


def trained(name: str, log: Log, held: set[int]) -> tuple[RememberedTexts, RememberedTexts, str]:
    """(the embedder as it came, as it was aligned, a sentence on the training)."""
    clicks = [
        Click(log.user_ids[user], log.documents[document].id, at)
        for user, document, at in zip(
            log.clicks.users.tolist(), log.clicks.documents.tolist(), log.clicks.at.tolist(), strict=True
        )
        if user not in held
    ]
    before = remembered(name, log.titles, CACHE)
    raw = new_embedder(name, log.titles)
    lists = judged_lists(*from_clicks(log.documents, clicks, most=CLICKS))
    with tempfile.TemporaryDirectory() as folder:
        before.encode(log.titles)
        raw.encode = before.encode
        started = time.perf_counter()
        plan = plan_by_clicks(plan_for(raw))
        made, curve = align(name, raw, lists, log.titles, Path(folder), plan=plan)
        seconds = time.perf_counter() - started
        after = made
        if isinstance(made, TransformerEmbedder):
            after = Mapped(before, made)
            some = log.titles[:: max(1, len(log.titles) // 200)]
            assert (np.einsum("nd,nd->n", after.encode(some), made.encode(some)) > 0.995).all(), (
                "not the embedder that was made"
            )
    told = (
        f"{len(lists):,} clicks of {len(log.user_ids) - len(held):,} users, {seconds:.0f} s of training; NDCG@10 of validation "
        f"clicks {curve.validation[0]:.3f} before, {curve.validation[curve.best]:.3f} after epoch {curve.best}; "
        f"threshold {before.threshold:g} before, {made.threshold:g} after."
    )
    return before, RememberedTexts(after), told


def asked(texts: RememberedTexts, log: Log, trial: Trial) -> dict[str, np.ndarray]:
    """Method -> the measure of each case."""
    vectors = texts.encode(log.titles)
    methods = {
        f"units ({scorer})": InterestUnits(log, vectors, texts, trial.users(), Variant(scorer=scorer))
        for scorer in SCORERS
    }
    return {
        name: hits(method, trial) for name, method in {**methods, "mean vector": MeanVector(vectors)}.items()
    }


def hits(method: InterestUnits | MeanVector, trial: Trial) -> np.ndarray:
    """The share of each case's relevant documents in the top 20: of all candidates, or each alone among the irrelevant ones."""
    method.learn(trial.training)
    found = [
        ranks(case, method.score(case.user, case.candidates, case.at), alone=trial.alone)
        for case in trial.cases
    ]
    return np.array([(each <= 20).mean() for each in found])


if __name__ == "__main__":
    main()
