"""Does it help to embed a document's key terms after its title?

NDCG@10 of judged queries over all documents, each embedded by its title, and by its title and key terms (`document_text`).

    python benchmarks/document_text.py
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "2"

import msgspec
import torch

from alignment_general import claims, rows
from measuring import DATA, heading
from penchant import Document
from penchant.data.files import Problems, read_documents
from penchant.embed.kept import new_embedder
from penchant.text import document_text
from penchant.train.align.evaluation import compared, of_queries
from penchant.train.align.examples import by_query
from penchant.train.align.judges.file import read_judgements, read_queries


def main() -> None:
    """Print a row for each collection and embedder."""
    heading("What of a document to embed", "cacm, scifact", "torch", "sentence-transformers")
    torch.set_num_threads(2)
    cacm = DATA / "cacm"
    abstracts = [Document(row["doc_id"], row["title"]) for row in rows("scifact/corpus_train.csv.gz")]
    collections = {
        "cacm": (
            list(read_documents(cacm / "documents.tsv.gz", {}, Problems("skip"))),
            read_queries(cacm / "queries.tsv.gz"),
            read_judgements(cacm / "relevance.tsv.gz"),
        ),
        "scifact": (abstracts, *claims("scifact/claims_validation.csv.gz")),
    }
    for name, (documents, queries, said) in collections.items():
        relevant = by_query(said)
        asked = [query for query in queries if query.id in relevant]
        longer = [
            msgspec.structs.replace(each, title=document_text(each.title, "title and terms"))
            for each in documents
        ]
        for embedder_name in ("corpus", "minilm"):
            embedder = new_embedder(embedder_name, [each.title for each in documents])
            by_title, by_both = (
                of_queries(embedder, asked, given, relevant) for given in (documents, longer)
            )
            value = compared(by_title, by_both, 0)
            print(
                f"{name}, {embedder_name}: by title {value['before']:.4f}, with terms {value['after']:.4f}: "
                f"{value['gain']:.2f} times; difference {value['interval']}"
            )


if __name__ == "__main__":
    main()
