"""An embedder as a model that can be trained, and the trained model as an embedder in a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer

from penchant.embed import ALIGNED_CORPUS, Embedder, load_embedder
from penchant.embed.bert import BertEmbedder
from penchant.embed.calibrate import chance_threshold
from penchant.embed.corpus import CorpusEmbedder
from penchant.embed.minilm import minilm_path
from penchant.embed.transformer import ALIGNED_ABOUT, TransformerEmbedder
from penchant.errors import InvalidQuery
from penchant.train.align.bags import CorpusModule, trainable
from penchant.train.align.losses import Weights
from penchant.train.align.maps import MapModule, mapped
from penchant.train.align.training import Part, Plan

CORPUS_PLAN = Plan(epochs=15, rate=1e-2, batch=64)
TRANSFORMER_PLAN = Plan(epochs=8, rate=5e-5)
MAP_PLAN = Plan(epochs=15, rate=2.5e-3, batch=64, part="map")


def model_of(name: str, embedder: Embedder, part: Part) -> SentenceTransformer:
    """A model to train.

    Args:
        name: by which the embedder was asked for.

    Raises:
        InvalidQuery: its weights are not here.
    """
    if isinstance(embedder, CorpusEmbedder):
        return trainable(embedder)
    if not isinstance(embedder, TransformerEmbedder | BertEmbedder):
        raise InvalidQuery(
            f"the embedder {embedder.name!r} cannot be trained: its weights are not here. Use corpus or a "
            "model"
        )
    if part == "map":
        return SentenceTransformer(modules=[MapModule(embedder.dimension, embedder.encode)], device="cpu")
    return _loaded(name, "cuda" if torch.cuda.is_available() else "cpu")


def _loaded(name: str, device: str) -> SentenceTransformer:
    return SentenceTransformer(
        str(minilm_path()) if name in ("minilm", "minilm-bf16") else name, device=device
    )


def plan_for(embedder: Embedder, part: Part = "map") -> Plan:
    """How to train an embedder of that kind; of `corpus` there is one part."""
    if isinstance(embedder, CorpusEmbedder):
        return CORPUS_PLAN
    return MAP_PLAN if part == "map" else TRANSFORMER_PLAN


def plan_by_clicks(plan: Plan) -> Plan:
    """The plan where clicks judge: contrast alone, slower, and with more patience.

    Most of what a reader clicks next is not near in meaning, and how many words it shares does not say how
    welcome it was: trained to call it relevant, all cosines grow. It is enough that it is nearer than what
    others clicked. Each click says little, and some epochs go by before validation tells.
    """
    contrast = Weights(relevance=0.0, order=0.0, contrast=1.0)
    return replace(plan, weights=contrast, rate=min(plan.rate, MAP_PLAN.rate), patience=5)


def mixed(model: SentenceTransformer, before: dict[str, Any], share: float) -> None:
    """Keep a share of what was learned: weights between those before and after.

    What a model knew of language in general is lost to what it learned of one corpus; most of both is kept
    between the two (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.copy_(before[name] + share * (value - before[name]))


def aligned(
    name: str, model: SentenceTransformer, embedder: Embedder, titles: Sequence[str], folder: Path
) -> Embedder:
    """Save the trained model with the threshold that suits it, and load it as an embedder; the folder is
    there whole or not."""
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _save(name, model, embedder, titles, unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)
    return load_embedder(str(folder))


def _save(
    name: str, model: SentenceTransformer, embedder: Embedder, titles: Sequence[str], folder: Path
) -> None:
    if isinstance(embedder, CorpusEmbedder):
        module: Any = model[0]
        assert isinstance(module, CorpusModule)
        threshold = chance_threshold(module.aligned(embedder.threshold), titles)
        (folder / ALIGNED_CORPUS).write_bytes(module.aligned(threshold).to_bytes())
    else:
        if isinstance(model[0], MapModule):
            model = mapped(_loaded(name, "cpu"), model[0].change().detach())
        model.save_pretrained(str(folder), create_model_card=False)
        threshold = chance_threshold(TransformerEmbedder(model, "aligned"), titles)
    (folder / ALIGNED_ABOUT).write_text(json.dumps({"from": embedder.name, "threshold": threshold}))
