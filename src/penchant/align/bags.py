"""The `corpus` embedder as a module that can be trained: a gain for each word, and one linear map of all vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules.input_module import InputModule
from torch import Tensor, nn

from penchant.embed.corpus import CorpusEmbedder

_MAP_SHARE = 0.5
"""A step of the optimiser moves the map by half of what it moves the gains."""


class CorpusModule(InputModule):
    """A text's vector is the sum of ``gain * vector`` of its words, mapped, of length 1.

    Few numbers are learned beside the many vectors of words: so a few hundred judged queries are enough, and words that
    no query holds are moved like those that one does.
    """

    config_keys: list[str] = []

    def __init__(self, embedder: CorpusEmbedder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.embedder = embedder
        self.gains = nn.Parameter(torch.zeros(len(embedder.table)))
        self.unseen_gain = nn.Parameter(torch.zeros(1))
        self.map = nn.Parameter(torch.zeros(embedder.dimension, embedder.dimension))
        self.register_buffer("table", torch.from_numpy(embedder.table.copy()), persistent=False)

    def preprocess(self, inputs: Sequence[str], **_: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Texts -> the rows of their known words, where each text's begin, and the sum of the vectors of its other words."""
        bags = self.embedder.bags(list(inputs))
        known = bags.rows < len(self.embedder.table)
        text = np.repeat(np.arange(len(inputs)), np.diff(bags.starts))
        others = np.zeros((len(inputs), self.embedder.dimension), np.float32)
        if len(bags.others):
            np.add.at(others, text[~known], bags.others[bags.rows[~known] - len(self.embedder.table)])
        counts = np.bincount(text[known], minlength=len(inputs))
        return {
            "input_ids": torch.from_numpy(bags.rows[known].astype(np.int64)),
            "offsets": torch.from_numpy(np.cumsum(counts) - counts),
            "others": torch.from_numpy(others),
        }

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        """Adds ``sentence_embedding``."""
        rows = features["input_ids"]
        sums = nn.functional.embedding_bag(
            rows, self.table, features["offsets"], mode="sum", per_sample_weights=torch.exp(self.gains)[rows]
        )
        sums = sums + torch.exp(self.unseen_gain) * features["others"]
        features["sentence_embedding"] = sums @ (torch.eye(self.map.shape[0]) + _MAP_SHARE * self.map)
        return features

    def get_embedding_dimension(self) -> int:
        """The length of a vector."""
        return self.embedder.dimension

    def aligned(self, threshold: float, share: float = 1.0) -> CorpusEmbedder:
        """The embedder with what was learned, or a share of it."""
        gains = np.exp(share * self.gains.detach().cpu().numpy())
        unseen = float(torch.exp(share * self.unseen_gain.detach()))
        change = np.eye(self.embedder.dimension) + share * _MAP_SHARE * self.map.detach().cpu().numpy()
        return self.embedder.changed(gains, unseen, np.asarray(change, np.float32), threshold)

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """The embedder as it was, and what is learned so far."""
        (Path(output_path) / "corpus.npz").write_bytes(self.embedder.to_bytes())
        torch.save({name: value.detach() for name, value in self.state_dict().items()}, Path(output_path) / "learned.pt")

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> Self:  # type: ignore[override]
        """What `save` wrote."""
        folder = Path(model_name_or_path) / subfolder
        module = cls(CorpusEmbedder.from_bytes((folder / "corpus.npz").read_bytes()))
        module.load_state_dict(torch.load(folder / "learned.pt", weights_only=True), strict=False)
        return module


def trainable(embedder: CorpusEmbedder) -> SentenceTransformer:
    """The embedder as a model of sentence-transformers."""
    return SentenceTransformer(modules=[CorpusModule(embedder)], device="cpu")
