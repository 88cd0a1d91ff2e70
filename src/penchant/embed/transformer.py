"""Embedders by sentence-transformers: MiniLM from an installed package, or any model by name or path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.bfloat16 import is_native
from penchant.embed import DEFAULT_THRESHOLD
from penchant.embed.minilm import MINILM_THRESHOLD, minilm_path
from penchant.errors import EmbedderError, MissingExtra
from penchant.types import Vectors
from penchant.vectors import unit_length

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ALIGNED_ABOUT = "penchant.json"
"""What `penchant align` says of a model, in the model's folder."""
_TOKENS_PER_BATCH = 768
"""On a CPU, batches of some hundred tokens keep the activations in its caches; larger ones are slower."""


class TransformerEmbedder:
    """A sentence-transformers model.

    On a CPU texts are sorted by their number of tokens and cut into batches of few tokens, so that next to
    nothing is padding; on a processor that multiplies bfloat16 itself, the model runs in bfloat16.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        name: str,
        threshold: float = DEFAULT_THRESHOLD,
        batch_size: int | None = None,
    ) -> None:
        self.name = name
        self.threshold = threshold
        self.dimension = int(model.get_embedding_dimension() or 0)
        self._batch_size = batch_size
        self._model = model.eval()
        if is_native(str(model.device)):
            import torch

            self._model = self._model.to(torch.bfloat16)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        lengths = np.array(
            [len(ids) for ids in self._model.tokenizer(list(texts), truncation=True)["input_ids"]]
        )
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for batch in self._batches(lengths):
            vectors[batch] = self._model.encode(
                [texts[position] for position in batch],
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        # not by the model: in bfloat16 their lengths would be off by some thousandths
        return unit_length(vectors)

    def _batches(
        self, lengths: np.ndarray[Any, np.dtype[np.int64]]
    ) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
        """Positions of texts of like length, each batch of `batch_size` texts, or of few enough tokens."""
        order = np.argsort(lengths, kind="stable")
        if self._batch_size is not None or self._model.device.type != "cpu":
            size = self._batch_size or 256
            return [order[start : start + size] for start in range(0, len(order), size)]
        batches, start = [], 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * lengths[order[end]] <= _TOKENS_PER_BATCH:
                end += 1
            batches.append(order[start:end])
            start = end
        return batches


def load_minilm_bf16(batch_size: int | None = None) -> TransformerEmbedder:
    """all-MiniLM-L6-v2 (384 dimensions) by torch, in bfloat16 where the processor multiplies that itself."""
    return TransformerEmbedder(_load(str(minilm_path())), "minilm-bf16", MINILM_THRESHOLD, batch_size)


def load_sentence_transformer(name: str, batch_size: int | None = None) -> TransformerEmbedder:
    """Any sentence-transformers model by its name on the hub or its path; one that `penchant align` made has
    its threshold."""
    about = Path(name) / ALIGNED_ABOUT
    threshold = float(json.loads(about.read_text())["threshold"]) if about.exists() else DEFAULT_THRESHOLD
    return TransformerEmbedder(_load(name), name, threshold, batch_size)


def _load(name: str) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra(
            f"the embedder {name!r} needs sentence-transformers: pip install 'penchant[torch]'"
        ) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(name)
    except Exception as error:
        raise EmbedderError(
            f"no embedder {name!r}: use minilm, corpus, remote:MODEL@URL, or the name or path of a "
            "sentence-transformers "
            f"model ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        ) from error
