"""What does alignment with MiniLM cost, and what of its general knowledge is lost?

Trained on claims of `scifact` and the abstracts that they cite: 20 candidates from BM25 and MiniLM, 2 at random, of all 809 claims
or of as many as make 5,000 judged pairs (`5000`); a linear map or all weights; documents as their titles, or titles with abstracts.
NDCG@10 of the 300 validation claims over all 5,183 documents, and Spearman's correlation on the English test set of the STS
benchmark, before and after, for several shares of what was learned. Two threads.

    python benchmarks/alignment_general.py map:title map:abstract all:title:5000
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"

import csv
import gzip
import re
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from measuring import DATA, heading
from penchant import Document
from penchant.embed import Embedder, load_embedder
from penchant.train.align.candidates import find_candidates
from penchant.train.align.evaluation import compared, of_queries
from penchant.train.align.examples import AlignQuery, JudgedList, Judgement, by_query, judged_lists
from penchant.train.align.judges.file import judged, with_judged
from penchant.train.align.models import aligned, mixed, model_of, plan_for
from penchant.train.align.training import Part, train, weights_of

EPOCHS = int(os.environ.get("PENCHANT_ALIGN_EPOCHS", "0"))
NAMES = {"map": "A linear map", "all": "All weights"}
TEXTS = {"title": "titles", "abstract": "titles with abstracts"}
SHARES = (1.0, 0.7, 0.5, 0.3)


def main() -> None:
    """Train once for each name; print what each share gives."""
    heading(
        "## Alignment with judgements, and what is lost\n", "scifact, stsb", "torch", "sentence-transformers"
    )
    torch.set_num_threads(2)
    embedder = load_embedder("minilm")
    known = similarity(embedder)
    for asked in sys.argv[1:] or ["map:title"]:
        part, what, *pairs = asked.split(":")
        measure(embedder, known, part, what, int(pairs[0]) if pairs else None)


def measure(embedder: Embedder, known: float, part: Part, what: str, most: int | None) -> None:
    abstracts = what == "abstract"
    documents = [
        Document(row["doc_id"], f"{row['title']} {row['abstract']}" if abstracts else row["title"])
        for row in rows("scifact/corpus_train.csv.gz")
    ]
    lists, pairs = judged_pairs(embedder, documents, most)
    asked, relevant = claims("scifact/claims_validation.csv.gz")
    before = of_queries(embedder, asked, documents, by_query(relevant))
    plan = plan_for(embedder, part)
    with tempfile.TemporaryDirectory() as folder:
        model = model_of("minilm", embedder, part)
        untrained = weights_of(model)
        started = time.perf_counter()
        curve = train(
            model, embedder.threshold, lists, replace(plan, epochs=EPOCHS or plan.epochs), Path(folder)
        )
        print(f"\n### {NAMES[part]}, {TEXTS[what]}\n\n{pairs:,} judged pairs of {len(lists):,} claims, trained in "
              f"{time.perf_counter() - started:.0f} s; NDCG@10 of validation claims {curve.validation[0]:.3f} before, "
              f"{curve.validation[curve.best]:.3f} after epoch {curve.best}.\n")  # fmt: skip
        print(
            "| kept of what was learned | NDCG@10 | ratio | difference, 95 % | STS | threshold |\n|---|---|---|---|---|---|"
        )
        print(f"| as it comes | {before.mean():.4f} | | | {known:.4f} | {embedder.threshold} |", flush=True)
        learned = weights_of(model)
        for share in SHARES:
            model.load_state_dict(learned)
            mixed(model, untrained, share)
            made = aligned(
                "minilm", model, embedder, [each.title for each in documents], Path(folder) / f"share-{share}"
            )
            value = compared(before, of_queries(made, asked, documents, by_query(relevant)), 0)
            low, high = value["interval"]
            print(f"| {share:.0%} | {value['after']:.4f} | {value['gain']:.2f} | {low:+.4f} to {high:+.4f} | "
                  f"{similarity(made):.4f} | {made.threshold} |", flush=True)  # fmt: skip


def judged_pairs(
    embedder: Embedder, documents: list[Document], most: int | None
) -> tuple[dict[str, JudgedList], int]:
    """(judged lists of claims, how many pairs they hold)."""
    queries, said = claims("scifact/claims_train.csv.gz")
    candidates = with_judged(
        find_candidates(queries, documents, embedder), said, {each.id: each.title for each in documents}
    )
    chosen, pairs = {}, 0
    for query_id, each in judged_lists(queries, candidates, judged(candidates, said)).items():
        if most is None or pairs < most:
            chosen[query_id], pairs = each, pairs + len(each.titles)
    return chosen, pairs


def rows(name: str) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def claims(name: str) -> tuple[list[AlignQuery], list[Judgement]]:
    """Claims as queries, and the abstracts that each cites as what is relevant."""
    queries, said = {}, []
    for row in rows(name):
        queries[row["id"]] = AlignQuery(row["id"], row["claim"])
        said += [
            Judgement(row["id"], cited, relevant=True) for cited in re.findall(r"\d+", row["cited_doc_ids"])
        ]
    return list(queries.values()), said


def similarity(embedder) -> float:
    """Spearman's correlation of cosines with people's scores."""
    with gzip.open(DATA / "stsb" / "stsb-en-test.csv.gz", "rt", encoding="utf-8") as file:
        pairs = [row for row in csv.reader(file) if len(row) == 3]
    left, right = embedder.encode([row[0] for row in pairs]), embedder.encode([row[1] for row in pairs])
    return float(spearmanr(np.einsum("nd,nd->n", left, right), [float(row[2]) for row in pairs]).statistic)


if __name__ == "__main__":
    main()
