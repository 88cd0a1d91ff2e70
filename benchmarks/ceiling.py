"""Would other weights, or another model, make more of the blend's evidence than the weights that everybody starts with?

On validation users, whom no test asks: what `penchant lab weights` fits the start on. Each idea is learned on half of the readers
and asked about the other half, in turn: one set's own weights; weights of their own for readers with little and with much behind
them; gradient boosted trees, which see what no weighted sum does, over the best 500; and a set's own weights without one kind
of evidence. Seed 0, one thread.

    python benchmarks/ceiling.py pydev beauty deskdrop
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from measuring import DATA, heading
from penchant.lab.datasets import Source
from penchant.lab.metrics import measure, ranks
from penchant.lab.protocols import Rules
from penchant.lab.run import Plan
from penchant.lab.start import NAMES
from penchant.lab.statistics import interval
from penchant.lab.weights import Choices, choices, fit
from penchant.rank.evidence import kind_of, kinds, start_of

CACHE = Path(os.environ.get("PENCHANT_CACHE", "~/.cache/penchant/lab")).expanduser()
CASES = 700
BESIDE = 2_000
"""So many candidates beside the relevant ones are drawn of each case that weights are fitted to."""
BEST = 500
KINDS = tuple(kinds())
FIRST = np.array([start_of(name) for name in NAMES])

Scorer = Callable[[int], np.ndarray]
"""Scores of the candidates of a case, by its number."""


def main() -> None:
    """Print a table for each data set."""
    heading(
        "## What other weights would gain\n", "validation users of " + ", ".join(sys.argv[1:]), "scikit-learn"
    )
    for name in sys.argv[1:] or ["pydev"]:
        plan = Plan(Source(name, home=DATA), "full", embedder="minilm", rules=Rules())
        told(choices(plan, CACHE, CASES))


def told(community: Choices) -> None:
    cases = community.trial.cases
    half = np.array([case.user for case in cases]) % 2
    much = behind(community)
    print(f"\n### {community.name}: {len(cases):,} cases of {len({case.user for case in cases}):,} readers\n")
    measures = [
        name
        for name in ("Recall@20", "NDCG@20", "HR@5", "HR@20")
        if name in values(community, start(community))
    ]
    first = values(community, start(community))
    print("| idea | " + " | ".join(f"{name} | beside the start, 95 %" for name in measures) + " |")
    print("|---|" + "---|---|" * len(measures))
    print("| the start | " + " | ".join(f"{first[name].mean():.4f} |" for name in measures) + " |")
    for idea, scorer in ideas(community, half, much):
        found = values(community, scorer)
        cells = []
        for name in measures:
            gain = found[name] - first[name]
            low, high = interval(gain, np.ones_like(gain), by_case=False, seed=0)
            cells.append(f"{found[name].mean():.4f} | {low:+.4f} to {high:+.4f}")
        print(f"| {idea} | " + " | ".join(cells) + " |", flush=True)


def ideas(community: Choices, half: np.ndarray, much: np.ndarray) -> Sequence[tuple[str, Scorer]]:
    halves = [weights(community, half != side, range(len(NAMES))) for side in (0, 1)]
    found = [("its own weights", by_weights(community, lambda case: halves[half[case]]))]
    groups = {
        (side, size): weights(community, (half != side) & (much == size), range(len(NAMES)))
        for side in (0, 1)
        for size in (0, 1)
    }
    found.append(
        (
            "its own weights, others for readers of much",
            by_weights(community, lambda case: groups[half[case], much[case]]),
        )
    )
    forests = [trees(community, half != side) for side in (0, 1)]
    found.append(
        ("gradient boosted trees over the best 500", by_trees(community, lambda case: forests[half[case]]))
    )
    for kind in KINDS:
        kept = [place for place, name in enumerate(NAMES) if kind_of(name) != kind]
        without = [weights(community, half != side, kept) for side in (0, 1)]
        found.append(
            (
                f"its own weights, without {kind}",
                by_weights(community, lambda case, own=without: own[half[case]]),
            )
        )
    return found


def values(community: Choices, scorer: Scorer) -> dict[str, np.ndarray]:
    """The measures of every question."""
    found = [ranks(case, scorer(number), alone=False) for number, case in enumerate(community.trial.cases)]
    return dict(measure(community.trial, np.concatenate(found)))


def start(community: Choices) -> Scorer:
    return by_weights(community, lambda _: FIRST)


def by_weights(community: Choices, of_case: Callable[[int], np.ndarray]) -> Scorer:
    return lambda case: community.evidence[case] @ of_case(case)


def behind(community: Choices) -> np.ndarray:
    """1 for the cases of readers with more clicks behind them than the median, else 0."""
    users = community.trial.training.users
    clicks = np.array([(users[: case.learned] == case.user).sum() for case in community.trial.cases])
    return (clicks > np.median(clicks)).astype(np.int64)


def weights(community: Choices, cases: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    """Fitted to some cases and some columns, as the start is, with candidates drawn evenly beside the relevant ones."""
    random = np.random.default_rng(0)
    evidence, relevant = [], []
    for number in np.flatnonzero(cases).tolist():
        whole, wanted = community.evidence[number], community.relevant[number]
        others = np.setdiff1d(random.integers(0, len(whole), BESIDE), wanted)
        cut = np.zeros((len(wanted) + len(others), whole.shape[1]), np.float32)
        cut[:, kept] = whole[np.concatenate([wanted, others])][:, kept]
        evidence.append(cut)
        relevant.append(np.arange(len(wanted)))
    found = fit([replace(community, evidence=evidence, relevant=relevant)])
    return np.array([found[name] for name in NAMES])


def trees(community: Choices, cases: np.ndarray) -> HistGradientBoostingClassifier:
    """Told apart: what was clicked, and what else was among the best."""
    rows, labels = [], []
    for number in np.flatnonzero(cases).tolist():
        seen, best = among_best(community, number)
        rows.append(seen)
        labels.append(np.isin(best, community.relevant[number]))
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.05, min_samples_leaf=50, random_state=0
    )
    return model.fit(np.concatenate(rows), np.concatenate(labels))


def by_trees(community: Choices, of_case: Callable[[int], HistGradientBoostingClassifier]) -> Scorer:
    def score(case: int) -> np.ndarray:
        seen, best = among_best(community, case)
        found = community.evidence[case] @ FIRST
        found[best] = found.max() + 100 + of_case(case).decision_function(seen)
        return found

    return score


def among_best(community: Choices, case: int) -> tuple[np.ndarray, np.ndarray]:
    """Evidence and score of the best candidates of the start, and their places."""
    score = community.evidence[case] @ FIRST
    best = np.argsort(-score, kind="stable")[:BEST]
    return np.column_stack([community.evidence[case][best], score[best]]), best


if __name__ == "__main__":
    main()
