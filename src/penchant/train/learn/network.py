"""The network of a tower: inputs of documents, a causal transformer, vectors of readers and of documents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.train.backbones.transformer import CausalTransformer, at_random
from penchant.train.learn.plan import Plan
from penchant.types import Vectors


class Network(nn.Module):
    """See the module.

    Args:
        embeddings: of all documents, shape (documents, dimension); not trained.
    """

    embeddings: Tensor

    def __init__(self, plan: Plan, embeddings: Vectors) -> None:
        super().__init__()
        self.plan = plan
        count, content = embeddings.shape
        self.register_buffer("embeddings", torch.from_numpy(np.array(embeddings, np.float32)), False)
        self.ids = nn.Embedding(count, plan.width) if plan.inputs != "text" else None
        self.text = nn.Linear(content, plan.width, bias=False) if plan.inputs != "ids" else None
        self.places = nn.Embedding(plan.history, plan.width) if plan.ordered else None
        self.transformer = CausalTransformer(plan.width, plan.layers, plan.heads, plan.dropout, plan.wide)
        dimension = content if plan.items == "content" else plan.dimension
        self.head = nn.Linear(plan.width, dimension) if dimension else None
        self.drop = nn.Dropout(plan.dropout)
        at_random(self)

    def inputs(self, rows: Tensor) -> Tensor:
        """Of documents, shape (documents, width)."""
        found = torch.zeros(1)
        if self.ids is not None:
            found = self.ids(rows)
            if self.training and self.plan.ids_dropped and self.text is not None:
                kept = torch.rand(len(rows), 1) >= self.plan.ids_dropped
                found = found * kept
        if self.text is not None:
            found = found + self.text(self.embeddings[rows])
        return found

    def readers(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """The outputs at every place of histories, padded on the right.

        Args:
            inputs: shape (histories, places, width).
            lengths: shape (histories,).
        """
        if self.places is not None:
            from_end = lengths[:, None] - 1 - torch.arange(inputs.shape[1], device=inputs.device)
            inputs = inputs + self.places(from_end.clamp(min=0))
        return self.outputs(self.drop(inputs))

    def documents(self, rows: Tensor, inputs: Tensor) -> Tensor:
        """The vectors of documents by which they are recommended, shape (documents, dimension)."""
        if self.plan.items == "content":
            return self.compared(self.embeddings[rows])
        if self.plan.items == "input":
            return self.compared(inputs)
        return self.compared(self.readers(inputs[:, None], torch.ones(len(rows), dtype=torch.int64))[:, 0])

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the transformer, and the map after it, make of inputs."""
        outputs: Tensor = self.transformer(inputs)
        return outputs if self.head is None else self.head(outputs)

    def compared(self, vectors: Tensor) -> Tensor:
        """Vectors as they are multiplied: of length 1 where the similarity is a cosine."""
        return functional.normalize(vectors, dim=-1) if self.plan.similarity == "cosine" else vectors

    def scaled(self, outputs: Tensor) -> Tensor:
        """Vectors of readers as they are multiplied."""
        return self.compared(outputs) * (self.plan.scale if self.plan.similarity == "cosine" else 1.0)
