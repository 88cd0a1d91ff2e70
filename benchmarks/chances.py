"""Is a recommendation's chance a chance? Predicted and counted clicks, side by side.

    python benchmarks/chances.py deskdrop pydev

An engine learns the first nine tenths of the clicks. Then each click of the rest is asked for before it is learned,
2,000 of them at most, of readers who are known: 50 recommendations by all evidence, with their chances. Of documents
with a chance near .1 one in ten should be clicked. A reader may click what is no candidate; then nothing of the list
is, and the chances are too high by so much: *among candidates* leaves these out.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from itertools import pairwise

import numpy as np

from measuring import heading, read
from penchant import Engine

ASKED, K = 2_000, 50
EDGES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def main(names: list[str]) -> None:
    """Print a table for each community."""
    heading("## Chances\n", ", ".join(names), seed=None)
    for name in names:
        chances, clicked, there = asked(name)
        some = chances[there], clicked[there]
        print(f"\n{name}: {len(chances):,} questions, in {there.mean():.0%} the click is a candidate\n")
        print("| chance | documents | predicted | clicked | clicked, among candidates |")
        print("|---|--:|--:|--:|--:|")
        for low, high in pairwise(EDGES):
            of_all, of_some = ((each[0] > low) & (each[0] <= high) for each in ((chances,), some))
            if of_all.any():
                print(f"| {low:g} to {high:g} | {of_all.sum():,} | {chances[of_all].mean():.4f} | "
                      f"{clicked[of_all].mean():.4f} | {some[1][of_some].mean():.4f} |")  # fmt: skip
        for k in (1, 5, 20):
            print(f"| the first {k} | | {chances[:, :k].sum(axis=1).mean():.3f} | "
                  f"{clicked[:, :k].sum(axis=1).mean():.3f} | {some[1][:, :k].sum(axis=1).mean():.3f} |")  # fmt: skip


def asked(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(chances, whether it was clicked, shape (questions, 50); whether the click was a candidate)."""
    documents, clicks = read(name)
    clicks = sorted(clicks, key=lambda click: click.at)
    cut = len(clicks) * 9 // 10
    chances, clicked, there = [], [], []
    with Engine("corpus", index="exact") as engine:
        known = [
            each for each in documents if each.published_at is None or each.published_at <= clicks[cut].at
        ]
        engine.add(known)
        ids = {each.id for each in known}
        engine.observe([click for click in clicks[:cut] if click.document_id in ids], tell=False)
        later = {each.id: each for each in documents if each.id not in ids}
        for click in clicks[cut:]:
            due = [each for each in later.values() if (each.published_at or 0) <= click.at]
            if due:
                engine.add(due)
                for each in due:
                    del later[each.id]
            user = engine.user(click.user_id)
            if user.units and click.document_id not in user.seen and len(chances) < ASKED:
                found = engine.recommend(click.user_id, K, personal=0.0, explain=False, at=click.at)
                if len(found) == K:
                    chances.append([each.chance for each in found])
                    clicked.append([each.document.id == click.document_id for each in found])
                    why = engine.why(click.user_id, click.document_id, at=click.at)
                    there.append(why.left_out is None)
            engine.observe([click], tell=False)
            if len(chances) == ASKED:
                break
    return np.array(chances), np.array(clicked), np.array(there)


if __name__ == "__main__":
    main(sys.argv[1:] or ["deskdrop"])
