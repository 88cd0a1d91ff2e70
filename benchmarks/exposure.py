"""What does weighing clicks by how likely they were seen recover?

A simulation whose truth is known: lists of ten show the newest first, place n is looked at n ** -bias as often as the first, and
readers go by interest alone (weight 1; the age's is 0). Learned from 2,000 clicks as they are, weighed by inverse propensities
(clipped at 10), and with the propensity as an offset of the score. Asked on lists in random order: how often the chosen document
is first. Mean of five seeds.

    python benchmarks/exposure.py
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from measuring import heading
from penchant.rank import blend as blending
from penchant.rank import exposure
from penchant.rank.blend import Blend
from penchant.settings import Settings

NAMES = ["any unit", "age"]
TRUE = np.array([1.0, 0.0])
SEEDS = range(5)
CLICKS = 2_000


def main() -> None:
    """Print a table."""
    heading("## What debiasing recovers\n", "simulated lists, seeds 0 to 4", seed=None)
    print(
        "| bias | learned | weight of interest (truth 1) | of age (truth 0) | chosen first, of even lists |"
    )
    print("|---|---|--:|--:|--:|")
    for bias in (0.0, 0.5, 1.0, 1.5):
        for how in ("as they are", "inverse propensities", "an offset"):
            weights = np.mean([taught(bias, how, seed) for seed in SEEDS], axis=0)
            print(
                f"| {bias:g} | {how} | {weights[0]:.2f} | {weights[1]:+.2f} | {first(weights):.3f} |",
                flush=True,
            )
    print(f"| | the truth | 1.00 | +0.00 | {first(TRUE):.3f} |")


def taught(bias: float, how: str, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    blend, chances = Blend(), exposure.propensities(np.arange(10), bias)
    log_q = -np.log(chances) if how == "an offset" else np.zeros(10)
    for _ in range(CLICKS):
        evidence = random.standard_normal((10, 2))
        evidence = evidence[np.argsort(evidence[:, 1])]
        utility = np.exp(evidence @ TRUE) * chances
        clicked = int(random.choice(10, p=utility / utility.sum()))
        worth = float(exposure.inverse(chances)[clicked]) if how == "inverse propensities" else 1.0
        blend = blending.learned(blend, NAMES, evidence, log_q, clicked, Settings(), worth=worth)
    return blending.weights_of(blend, NAMES)


def first(weights: np.ndarray) -> float:
    """How often the document that a reader chooses among ten, all seen alike, is first."""
    random = np.random.default_rng(99)
    hits = 0
    for _ in range(4_000):
        evidence = random.standard_normal((10, 2))
        utility = np.exp(evidence @ TRUE)
        hits += int(random.choice(10, p=utility / utility.sum())) == int(np.argmax(evidence @ weights))
    return hits / 4_000


if __name__ == "__main__":
    main()
