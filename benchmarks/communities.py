"""Is the blend ever worse than the best single ingredient? On communities of six kinds whose rule of choice is
known, after a drift, and on the real sets.

Simulated: `penchant.lab.communities`, 5,000 clicks of 120 readers, `corpus`; asked after the first 2,000 clicks,
HR@5 under `live`, or Recall@20 under `full` where clicks publish. Single ingredients are the lab's light methods. One thread.

    python benchmarks/communities.py
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys

import numpy as np

from measuring import heading
from penchant.embed.corpus import CorpusEmbedder
from penchant.lab import protocols, registry
from penchant.lab.blend_method import documents_of
from penchant.lab.communities import KINDS, simulate
from penchant.lab.evaluation import by_user
from penchant.lab.log import make_log
from penchant.lab.outcomes import ask
from penchant.lab.protocols import Rules
from penchant.lab.statistics import mean
from penchant.lab.texts import RememberedTexts

SINGLE = (
    "newest first",
    "newest of the reader's channels",
    "trending",
    "ItemPop",
    "ItemKNN live",
    "mean vector",
    "maximum over history",
    "BM25",
    "units (max)",
)
SEEDS = (0, 1, 2)
AFTER = 2_000


def main() -> None:
    """Print a table."""
    heading(
        "## Is the blend ever worse than its best ingredient?\n",
        f"simulated, seeds {SEEDS}",
        "scipy",
        seed=None,
    )
    print(
        "| community | measure | best single ingredient | blend | ratio | without interests | interest alone |"
    )
    print("|---|---|---|---|--:|--:|--:|")
    for name in sys.argv[1:] or (*KINDS, "drift"):
        told(name)


def told(name: str) -> None:
    found: dict[str, list[float]] = {}
    for seed in SEEDS:
        measure, values = asked(name, seed)
        for method, value in values.items():
            found.setdefault(method, []).append(value)
    means = {method: float(np.mean(values)) for method, values in found.items()}
    best = max((method for method in means if method in SINGLE), key=lambda method: means[method])
    blend = means["blend"]
    print(
        f"| {name} | {measure} | {best} {means[best]:.3f} | {blend:.3f} | {blend / means[best]:.2f} | "
        f"{means['blend without interests']:.3f} | {means['units (max)']:.3f} |",
        flush=True,
    )


def asked(name: str, seed: int) -> tuple[str, dict[str, float]]:
    """(measure, method -> its value)."""
    made = simulate(name, seed=seed)
    log = make_log(name, *made)
    embedder = CorpusEmbedder.fit(log.titles)
    texts = RememberedTexts(embedder)
    vectors = embedder.encode(log.titles)
    if log.publication_is_click:
        trial, measure = protocols.full(log, Rules(fewest=8)), "Recall@20"
    else:
        share = AFTER / len(log.clicks) if name != "drift" else 0.9
        trial, measure = protocols.live(log, Rules(warm_up=share)), "HR@5"
    given = registry.Given(log, trial, vectors, texts, documents_of(log))
    values = {}
    for method in ("blend", "blend without interests", *SINGLE):
        if registry.why_not(method, log, trial) is None:
            one = registry.make(method, given)
            outcome = ask(one, trial, (log, log.documents, vectors, texts, given.documents))
            figure = by_user(trial, {method: outcome})[method][measure]
            values[method] = mean(figure.sums, figure.counts, by_case=trial.by_case)
    return measure, values


if __name__ == "__main__":
    main()
