"""Do interests in words make REMI better, seed after seed?

Protocol `comirec` on beauty, MiniLM: REMI alone, and EIMF with it, which learns from readers' Interest Units. Each
seed draws other readers to be asked, and another start of the weights; both methods get the same. The difference is
paired by reader, over all seeds at once.

    python benchmarks/eimf_seeds.py 5
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from pathlib import Path

import numpy as np

from measuring import DATA, heading
from penchant.lab.datasets import Source
from penchant.lab.protocols import Rules
from penchant.lab.run import Findings, Plan, run
from penchant.lab.statistics import interval

CACHE = Path(os.environ.get("PENCHANT_CACHE", "~/.cache/penchant/lab")).expanduser()
METHODS = ("REMI", "EIMF by units")
MEASURES = ("Recall@20", "Recall@50", "HR@20", "HR@50")


def main() -> None:
    """Print a row for each seed and method, and the difference over all."""
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    heading("## REMI and EIMF, seed after seed\n", "beauty, comirec, minilm", "torch", seed=None)
    print("| seed | method | " + " | ".join(MEASURES) + " |\n|---|---|" + "---|" * len(MEASURES))
    found = []
    for seed in seeds:
        found.append(asked(seed))
        for method in METHODS:
            told = " | ".join(f"{of(found[-1], method, measure).mean():.4f}" for measure in MEASURES)
            print(f"| {seed} | {method} | {told} |", flush=True)
    for method in METHODS:
        cells = []
        for measure in MEASURES:
            means = [of(findings, method, measure).mean() for findings in found]
            cells.append(f"{np.mean(means):.4f} ({np.std(means, ddof=1):.4f})")
        print(f"| mean (deviation) | {method} | " + " | ".join(cells) + " |")
    cells = []
    for measure in MEASURES:
        gains = np.concatenate(
            [np.subtract(*(of(each, name, measure) for name in METHODS[::-1])) for each in found]
        )
        low, high = interval(gains, np.ones_like(gains), by_case=False, seed=0)
        cells.append(f"{low:+.4f} to {high:+.4f}")
    print("| difference, 95 % | | " + " | ".join(cells) + " |")


def asked(seed: int) -> Findings:
    """What a run with a seed finds, from the lab's cache where it ran before."""
    plan = Plan(
        Source("beauty", home=DATA),
        "comirec",
        methods=METHODS,
        studies=(),
        embedder="minilm",
        rules=Rules(seed=seed),
    )
    return run(plan, CACHE, say=lambda text: print(text, file=sys.stderr, flush=True))


def of(findings: Findings, method: str, measure: str) -> np.ndarray:
    """A measure of a method, of each reader."""
    figures = findings.figures[method][measure]
    return np.asarray(figures.sums / figures.counts)


if __name__ == "__main__":
    main()
