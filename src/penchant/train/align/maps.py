"""One linear map over the vectors of a transformer, as a module that can be trained: its own weights stay as
they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules.input_module import InputModule
from sentence_transformers.sentence_transformer.modules import Dense, Normalize
from torch import Tensor, nn

from penchant.types import Vectors

_LEARNED = "learned.pt"


class MapModule(InputModule):
    """A text's vector is that of the embedder, times a matrix that begins as the identity.

    Each text is embedded once, whatever the number of epochs: so a training takes little longer than
    embedding its texts.
    """

    config_keys: list[str] = []

    def __init__(self, dimension: int, encode: Callable[[Sequence[str]], Vectors]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.map = nn.Parameter(torch.zeros(dimension, dimension))
        self._encode = encode
        self._known: dict[str, Tensor] = {}

    def preprocess(self, inputs: Sequence[str], **_: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Texts -> their vectors as they came."""
        new = list(dict.fromkeys(text for text in inputs if text not in self._known))
        if new:
            self._known.update(zip(new, torch.from_numpy(self._encode(new)), strict=True))
        return {"input_ids": torch.stack([self._known[text] for text in inputs])}

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        """Adds ``sentence_embedding``."""
        features["sentence_embedding"] = features["input_ids"] @ self.change()
        return features

    def change(self) -> Tensor:
        """The matrix, shape (dimension, dimension)."""
        return torch.eye(len(self.map), device=self.map.device) + self.map

    def get_embedding_dimension(self) -> int:
        """The length of a vector."""
        return len(self.map)

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """What is learned so far."""
        torch.save(self.map.detach(), Path(output_path) / _LEARNED)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **_: Any) -> Self:  # type: ignore[override]
        """What `save` wrote, without what it is a map of: the trainer takes its weights alone."""
        learned = torch.load(Path(model_name_or_path) / subfolder / _LEARNED, weights_only=True)
        module = cls(len(learned), lambda texts: np.zeros((len(texts), len(learned)), np.float32))
        module.map.data.copy_(learned)
        return module


def mapped(model: SentenceTransformer, change: Tensor) -> SentenceTransformer:
    """The model with a matrix after its last module."""
    size = len(change)
    dense = Dense(
        size, size, bias=False, activation_function=nn.Identity(), init_weight=change.T.contiguous().cpu()
    )
    return SentenceTransformer(modules=[*model, dense, Normalize()], device=str(model.device))
