"""The `corpus` embedder as a module that can be trained: a gain for each word, and one linear map of all
vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules.input_module import InputModule
from torch import Tensor, nn

from penchant.embed import ALIGNED_CORPUS
from penchant.embed.corpus import CorpusEmbedder
from penchant.types import Vector

_MAP_SHARE = 0.5
"""A step of the optimiser moves the map by half of what it moves the gains."""


class _Parts(NamedTuple):
    """Of one text."""

    rows: NDArray[np.int64]
    """Those of its words that are in the table."""
    others: Vector
    """The sum of the vectors of its other words."""


class CorpusModule(InputModule):
    """A text's vector is the sum of ``gain * vector`` of its words, mapped, of length 1.

    Few numbers are learned beside the many vectors of words: so a few hundred judged queries are enough, and
    words that no query holds are moved like those that one does.
    """

    config_keys: list[str] = []

    def __init__(self, embedder: CorpusEmbedder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.embedder = embedder
        self._known: dict[str, _Parts] = {}
        self.gains = nn.Parameter(torch.zeros(len(embedder.table)))
        self.unseen_gain = nn.Parameter(torch.zeros(1))
        self.map = nn.Parameter(torch.zeros(embedder.dimension, embedder.dimension))
        self.register_buffer("table", torch.from_numpy(embedder.table.copy()), persistent=False)

    def preprocess(self, inputs: Sequence[str], **_: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Texts -> the rows of their known words, where each text's begin, and the sum of the vectors of its
        other words."""
        new = list(dict.fromkeys(text for text in inputs if text not in self._known))
        if new:
            self._known.update(zip(new, self._parts(new), strict=True))
        parts = [self._known[text] for text in inputs]
        counts = np.array([len(part.rows) for part in parts])
        return {
            "input_ids": torch.from_numpy(np.concatenate([part.rows for part in parts])),
            "offsets": torch.from_numpy(np.cumsum(counts) - counts),
            "others": torch.from_numpy(np.stack([part.others for part in parts])),
        }

    def _parts(self, texts: list[str]) -> Iterator[_Parts]:
        bags = self.embedder.bags(texts)
        table = self.embedder.table
        for start, end in zip(bags.starts[:-1], bags.starts[1:], strict=True):
            rows = bags.rows[start:end].astype(np.int64)
            others = bags.others[rows[rows >= len(table)] - len(table)]
            yield _Parts(rows[rows < len(table)], others.sum(axis=0, dtype=np.float32))

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

    def aligned(self, threshold: float) -> CorpusEmbedder:
        """The embedder with what was learned."""
        gains = np.exp(self.gains.detach().cpu().numpy())
        unseen = float(torch.exp(self.unseen_gain.detach()))
        change = np.eye(self.embedder.dimension) + _MAP_SHARE * self.map.detach().cpu().numpy()
        return self.embedder.changed(gains, unseen, np.asarray(change, np.float32), threshold)

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """The embedder as it was, and what is learned so far."""
        (Path(output_path) / ALIGNED_CORPUS).write_bytes(self.embedder.to_bytes())
        torch.save(
            {name: value.detach() for name, value in self.state_dict().items()},
            Path(output_path) / "learned.pt",
        )

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> Self:  # type: ignore[override]
        """What `save` wrote."""
        folder = Path(model_name_or_path) / subfolder
        module = cls(CorpusEmbedder.from_bytes((folder / ALIGNED_CORPUS).read_bytes()))
        module.load_state_dict(torch.load(folder / "learned.pt", weights_only=True), strict=False)
        return module


def trainable(embedder: CorpusEmbedder) -> SentenceTransformer:
    """The embedder as a model of sentence-transformers."""
    return SentenceTransformer(modules=[CorpusModule(embedder)], device="cpu")
