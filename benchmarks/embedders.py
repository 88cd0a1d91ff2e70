"""What is the corpus embedder worth, and what does each of its parts give?

Two questions that need no users held out: people's judgements (nDCG@10 of documents for queries), and whether titles that one reader clicks
in a row are nearer than random ones (AUC: 0.5 is chance). `--minilm` adds MiniLM, which takes some minutes.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import ndcg_score, roc_auc_score

from measuring import DATA, heading, read
from penchant.embed import corpus as parts
from penchant.embed import load_embedder
from penchant.embed.calibrate import _neighbours
from penchant.embed.corpus import CorpusEmbedder

PAIRS = 3_000


class Tfidf:
    """Cosines of TF-IDF over words, the plain alternative."""

    def __init__(self, titles: Sequence[str]) -> None:
        self._model = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\w+").fit(titles)

    def encode(self, texts):
        return np.asarray(self._model.transform(texts).todense(), np.float32)


def main() -> None:
    """Print the table."""
    heading("The corpus embedder and its parts", "cacm, deskdrop, pydev, beauty", "scikit-learn")
    methods = {
        "TF-IDF of words": Tfidf,
        "corpus": CorpusEmbedder.fit,
        "  without n-grams": lambda titles: _changed(titles, _NGRAM_WEIGHT=1e-6),
        "  n-grams of 3 to 5": lambda titles: _changed(titles, _NGRAMS=(3, 5)),
        "  undamped": lambda titles: _changed(titles, _SINGULAR_POWER=0.0),
        "  384 dimensions": lambda titles: CorpusEmbedder.fit(titles, dimension=384),
    }
    if "--minilm" in sys.argv:
        minilm = load_embedder("minilm")
        methods["minilm"] = lambda _: minilm
    print(
        f"{'embedder':<22}{'cacm nDCG@10':>14}{'deskdrop AUC':>14}{'pydev AUC':>11}{'beauty AUC':>12}{'fit pydev, s':>14}"
    )
    for name, make in methods.items():
        aucs, seconds = zip(*(auc(make, data) for data in ("deskdrop", "pydev", "beauty")), strict=True)
        print(
            f"{name:<22}{ndcg(make):>14.3f}{aucs[0]:>14.3f}{aucs[1]:>11.3f}{aucs[2]:>12.3f}{seconds[1]:>14.1f}",
            flush=True,
        )


def _changed(titles, **values):
    """The embedder with other numbers inside, for the time of its training and use."""
    before = {name: getattr(parts, name) for name in values}
    for name, value in values.items():
        setattr(parts, name, value)
    try:
        model = CorpusEmbedder.fit(titles)
        model.encode(titles[:1])
        return model
    finally:
        for name, value in before.items():
            setattr(parts, name, value)


def table(name: str) -> list[dict[str, str]]:
    """The rows of one of cacm's files."""
    with gzip.open(DATA / "cacm" / f"{name}.tsv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def ndcg(make) -> float:
    """Mean nDCG@10 over the queries of cacm that have a relevant document."""
    titles = {row["document_id"]: row["title"] for row in table("documents")}
    relevant = defaultdict(set)
    for row in table("relevance"):
        relevant[row["query_id"]].add(row["document_id"])
    queries = [row for row in table("queries") if row["query_id"] in relevant]
    model = make(list(titles.values()))
    scores = model.encode([row["query"] for row in queries]) @ model.encode(list(titles.values())).T
    truth = np.array([[name in relevant[row["query_id"]] for name in titles] for row in queries])
    return float(ndcg_score(truth, scores, k=10))


def auc(make, name: str) -> tuple[float, float]:
    """How well cosines tell pairs that a reader clicked in a row from random ones; and seconds to train."""
    documents, clicks = read(name)
    titles = {document.id: document.title for document in documents}
    generator = np.random.default_rng(0)
    neighbours = _neighbours(clicks, titles)
    chosen = [neighbours[int(n)] for n in generator.choice(len(neighbours), PAIRS, replace=False)]
    started = time.perf_counter()
    model = make(list(titles.values()))
    seconds = time.perf_counter() - started
    left = model.encode([titles[a] for a, _ in chosen])
    right = model.encode([titles[b] for _, b in chosen])
    near, far = (left * right).sum(1), (left * np.roll(right, 11, axis=0)).sum(1)
    return float(roc_auc_score([1] * PAIRS + [0] * PAIRS, np.concatenate([near, far]))), seconds


if __name__ == "__main__":
    main()
