"""What does alignment with MiniLM cost, and what of its general knowledge is lost?

Trained on claims of `scifact` and the abstracts that they cite (5,000 judged pairs: title of the abstract, 20 candidates from BM25
and MiniLM, 2 at random). NDCG@10 of the 300 validation claims over all 5,183 titles, and Spearman's correlation on the English
test set of the STS benchmark, before and after, for several shares of what was learned. Two threads.

    python benchmarks/alignment_general.py
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"

import csv
import gzip
import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from measuring import DATA, heading
from penchant import Document
from penchant.align.candidates import find_candidates
from penchant.align.evaluation import compared, of_queries
from penchant.align.examples import AlignQuery, Judgement, by_query, judged_lists
from penchant.align.judges.file import judged, with_judged
from penchant.align.models import aligned, mixed, model_of, plan_for
from penchant.align.training import train
from penchant.embed import load_embedder

PAIRS, EPOCHS = 5_000, int(os.environ.get("PENCHANT_ALIGN_EPOCHS", "4"))


def main() -> None:
    """Train once; print what each share gives."""
    heading("Alignment: cost, and what is lost", "scifact, stsb", "torch", "sentence-transformers")
    documents = [Document(row["doc_id"], row["title"]) for row in rows("scifact/corpus_train.csv.gz")]
    queries, said = claims("scifact/claims_train.csv.gz")
    asked, relevant = claims("scifact/claims_validation.csv.gz")
    embedder = load_embedder("minilm")
    candidates = with_judged(find_candidates(queries, documents, embedder), said, {each.id: each.title for each in documents})
    lists = judged_lists(queries, candidates, judged(candidates, said))
    chosen, pairs = {}, 0
    for query_id, each in lists.items():
        if pairs < PAIRS:
            chosen[query_id], pairs = each, pairs + len(each.titles)
    titles = [document.title for document in documents]
    before = of_queries(embedder, asked, documents, by_query(relevant))
    print(f"as it comes: NDCG@10 {before.mean():.4f}, STS {similarity(embedder):.4f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        model = model_of("minilm", embedder)
        untrained = {name: value.detach().clone() for name, value in model.state_dict().items()}
        started = time.perf_counter()
        curve = train(model, embedder.threshold, chosen, replace(plan_for(embedder), epochs=EPOCHS), Path(folder))
        print(f"{pairs:,} pairs of {len(chosen):,} claims in {time.perf_counter() - started:.0f} s; "
              f"validation {[round(value, 3) for value in curve.validation]}, best {curve.best}", flush=True)  # fmt: skip
        learned = {name: value.detach().clone() for name, value in model.state_dict().items()}
        for share in (1.0, 0.7, 0.5, 0.3):
            model.load_state_dict(learned)
            mixed(model, untrained, share)
            made = aligned(model, embedder, titles, Path(folder) / f"share-{share}")
            value = compared(before, of_queries(made, asked, documents, by_query(relevant)), 0)
            print(f"share {share}: NDCG@10 {value['after']:.4f}, {value['gain']:.2f} times, difference {value['interval']}; "
                  f"STS {similarity(made):.4f}; threshold {made.threshold}", flush=True)  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def claims(name: str) -> tuple[list[AlignQuery], list[Judgement]]:
    """Claims as queries, and the abstracts that each cites as what is relevant."""
    queries, said = {}, []
    for row in rows(name):
        queries[row["id"]] = AlignQuery(row["id"], row["claim"])
        said += [Judgement(row["id"], cited, relevant=True) for cited in re.findall(r"\d+", row["cited_doc_ids"])]
    return list(queries.values()), said


def similarity(embedder) -> float:
    """Spearman's correlation of cosines with people's scores."""
    with gzip.open(DATA / "stsb" / "stsb-en-test.csv.gz", "rt", encoding="utf-8") as file:
        pairs = [row for row in csv.reader(file) if len(row) == 3]
    left, right = embedder.encode([row[0] for row in pairs]), embedder.encode([row[1] for row in pairs])
    return float(spearmanr(np.einsum("nd,nd->n", left, right), [float(row[2]) for row in pairs]).statistic)


if __name__ == "__main__":
    main()
