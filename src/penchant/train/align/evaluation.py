"""How much alignment gains, on queries that it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.embed import Embedder
from penchant.embed.texts import TextEmbedder
from penchant.errors import InvalidQuery
from penchant.train.align.candidates import find_candidates
from penchant.train.align.examples import AlignQuery, Judgement, by_query, judged_lists
from penchant.train.align.judges.file import judged, with_judged
from penchant.train.align.pipeline import align
from penchant.train.align.training import Plan, ndcg
from penchant.types import Document, StageProgress, quiet

K = 10
_DRAWS = 2_000


def cross_validated(
    name: str,
    embedder: Embedder,
    queries: Sequence[AlignQuery],
    documents: Sequence[Document],
    judgements: Sequence[Judgement],
    folder: Path,
    *,
    folds: int = 5,
    plan: Plan | None = None,
    share: float = 1.0,
    seed: int = 0,
    report: StageProgress = quiet,
) -> dict[str, Any]:
    """NDCG@10 over all documents before and after alignment, each query asked of a model that learned from
    the other folds.

    Returns:
        ``{"ndcg@10": {"before", "after", "gain", "interval"}, "queries", "folds"}``: the interval is that of
        the difference (95 %, paired bootstrap over queries).

    Raises:
        InvalidQuery: there are fewer judged queries than folds.
    """
    relevant = by_query(judgements)
    asked = [query for query in queries if query.id in relevant]
    if len(asked) < max(folds, 2):
        raise InvalidQuery(
            f"{len(asked)} queries have a relevant document: {max(folds, 2)} folds need as many at least"
        )
    titles = {document.id: document.title for document in documents}
    candidates = with_judged(find_candidates(asked, documents, embedder, seed=seed), judgements, titles)
    said = judged(candidates, judgements)
    before = of_queries(embedder, asked, documents, relevant)
    after = np.zeros(len(asked))
    order = np.random.default_rng(seed).permutation(len(asked))
    for fold in range(folds):
        held = sorted(order[fold::folds].tolist())
        report("folds", fold, folds)
        learned = [query for place, query in enumerate(asked) if place not in set(held)]
        lists = judged_lists(learned, candidates, said)
        made, _ = align(
            name, embedder, lists, list(titles.values()), folder / f"fold-{fold}", plan=plan, share=share
        )
        after[held] = of_queries(made, [asked[place] for place in held], documents, relevant)
    return {f"ndcg@{K}": compared(before, after, seed), "queries": len(asked), "folds": folds}


def of_queries(
    embedder: Embedder,
    queries: Sequence[AlignQuery],
    documents: Sequence[Document],
    relevant: Mapping[str, Sequence[str]],
) -> NDArray[np.float64]:
    """NDCG@10 of each query, all documents ranked by their cosine to it."""
    texts = TextEmbedder(embedder)
    vectors = texts.encode([document.title for document in documents])
    row_of = {document.id: row for row, document in enumerate(documents)}
    found = []
    for query, vector in zip(queries, texts.encode([query.text for query in queries]), strict=True):
        gains = np.zeros(len(documents), bool)
        gains[[row_of[each] for each in relevant[query.id] if each in row_of]] = True
        found.append(ndcg(gains[np.argsort(-(vectors @ vector), kind="stable")], K))
    return np.array(found)


def compared(before: NDArray[np.float64], after: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """The means, their ratio, and the interval of the difference."""
    draws = np.random.default_rng(seed).integers(0, len(before), (_DRAWS, len(before)))
    low, high = np.quantile((after - before)[draws].mean(axis=1), [0.025, 0.975])
    mean_before, mean_after = float(before.mean()), float(after.mean())
    return {
        "before": round(mean_before, 4),
        "after": round(mean_after, 4),
        "gain": round(mean_after / mean_before, 4) if mean_before else None,
        "interval": [round(float(low), 4), round(float(high), 4)],
    }
