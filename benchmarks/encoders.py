"""The embedders that need no torch: how near are they to sentence-transformers, how fast on one thread, and how good?

Sentence pairs that people judged (Spearman of cosine and judgement): STS benchmark in English, KLUE-STS and KorSTS in
Korean. One thread each; both ways take turns, and the best of three rounds counts.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import csv
import gzip
import json

import numpy as np
from scipy.stats import spearmanr

from measuring import DATA, best_of, heading, read
from penchant.embed import Embedder, load_embedder
from penchant.embed.corpus import CorpusEmbedder
from penchant.embed.minilm import minilm_path

TITLES = 1_000


def main() -> None:
    """Print the tables."""
    heading(
        "Encoders without torch", "deskdrop, stsb, korean", "torch", "sentence-transformers", "tokenizers"
    )
    speed()
    quality()


def speed() -> None:
    """Texts a second beside sentence-transformers as it comes, with the same threads."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    titles = [document.title for document in read("deskdrop")[0]][:TITLES]
    plain, ours = SentenceTransformer(str(minilm_path()), device="cpu"), load_embedder("minilm")
    bf16, multilingual = load_embedder("minilm-bf16"), load_embedder("multilingual")
    theirs = plain.encode(titles, normalize_embeddings=True, show_progress_bar=False)
    ways = {
        "sentence-transformers": lambda: plain.encode(
            titles, normalize_embeddings=True, show_progress_bar=False
        ),
        "minilm": lambda: ours.encode(titles),
        "minilm-bf16": lambda: bf16.encode(titles),
        "multilingual": lambda: multilingual.encode(titles),
    }
    seconds = {name: best_of(3, way) for name, way in ways.items()}
    print(f"\n{'embedder':<24}{'titles/s':>10}{'times':>8}{'least cosine':>14}")
    for name, way in ways.items():
        same = name.startswith("minilm") or name == "sentence-transformers"
        cosine = f"{float(np.einsum('nd,nd->n', way(), theirs).min()):.6f}" if same else ""
        ratio = seconds["sentence-transformers"] / seconds[name]
        print(f"{name:<24}{len(titles) / seconds[name]:>10.0f}{ratio:>8.2f}{cosine:>14}", flush=True)


def quality() -> None:
    """Spearman, times 100."""
    sets = {"stsb test": stsb(), "KLUE-STS dev": klue(), "KorSTS test": korsts()}
    print(f"\n{'embedder':<24}" + "".join(f"{name:>14}" for name in sets))
    for name in ("corpus", "minilm", "multilingual"):
        cells = []
        for pairs in sets.values():
            texts = sorted({text for left, right, _ in pairs for text in (left, right)})
            model = CorpusEmbedder.fit(texts) if name == "corpus" else load_embedder(name)
            cells.append(f"{spearman(model, pairs):>14.1f}")
        print(f"{name:<24}" + "".join(cells), flush=True)


def spearman(model: Embedder, pairs: list[tuple[str, str, float]]) -> float:
    left, right = model.encode([a for a, _, _ in pairs]), model.encode([b for _, b, _ in pairs])
    return 100 * float(
        spearmanr(np.einsum("nd,nd->n", left, right), [score for _, _, score in pairs]).statistic
    )


def stsb() -> list[tuple[str, str, float]]:
    with gzip.open(DATA / "stsb" / "stsb-en-test.csv.gz", "rt", encoding="utf-8") as file:
        return [(a, b, float(score)) for a, b, score in csv.reader(file)]


def klue() -> list[tuple[str, str, float]]:
    with gzip.open(DATA / "korean" / "klue_sts_dev.json.gz", "rt", encoding="utf-8") as file:
        return [(row["sentence1"], row["sentence2"], row["labels"]["real-label"]) for row in json.load(file)]


def korsts() -> list[tuple[str, str, float]]:
    with gzip.open(DATA / "korean" / "korsts_test.tsv.gz", "rt", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["sentence1"], row["sentence2"], float(row["score"])) for row in rows]


if __name__ == "__main__":
    main()
