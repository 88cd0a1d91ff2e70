"""The network of a tower: inputs of documents, a backbone, vectors of readers and of documents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.train.backbones.pooling import Mean, SelfAttentive
from penchant.train.backbones.recurrent import Recurrent
from penchant.train.backbones.routing import Routing
from penchant.train.backbones.seam import Backbone, Heard
from penchant.train.backbones.transformer import Bidirectional, Transformer
from penchant.train.towers.plan import Plan
from penchant.types import Vectors


def backbone_of(plan: Plan) -> Backbone:
    """What reads histories, by the plan."""
    found: nn.Module
    match plan.backbone:
        case "transformer":
            found = Transformer(plan.width, plan.layers, plan.heads, plan.dropout, plan.wide)
        case "bidirectional":
            found = Bidirectional(plan.width, plan.layers, plan.heads, plan.dropout, plan.wide)
        case "recurrent":
            found = Recurrent(plan.width)
        case "mean":
            found = Mean(plan.width)
        case "attention":
            found = SelfAttentive(plan.width, plan.interests)
        case "routing":
            found = Routing(plan.width, plan.interests, plan.history, shared=plan.shared_maps)
    return found


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
        self.register_buffer("embeddings", torch.as_tensor(np.array(embeddings, np.float32)), False)
        self.ids = nn.Embedding(count, plan.width) if plan.inputs != "text" else None
        self.text = nn.Linear(content, plan.width, bias=False) if plan.inputs != "ids" else None
        masks = plan.backbone == "bidirectional"
        self.mask = nn.Parameter(torch.zeros(plan.width)) if masks else None
        self.places = nn.Embedding(plan.history + masks, plan.width) if plan.ordered else None
        self.backbone = backbone_of(plan)
        dimension = content if plan.items == "content" else plan.dimension
        self.head = nn.Linear(plan.width, dimension) if dimension else None
        self.drop = nn.Dropout(plan.dropout)
        at_random(self, plan.start)

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

    def each(self, inputs: Tensor, lengths: Tensor) -> Heard:
        """What is heard after every place of histories, padded on the right: of a causal backbone.

        Args:
            inputs: shape (histories, places, width).
            lengths: shape (histories,).
        """
        heard = self.backbone(self.drop(inputs), self.drop(self._placed(inputs, lengths)), lengths)
        return heard._replace(outputs=self._headed(heard.outputs))

    def whole(self, inputs: Tensor, lengths: Tensor) -> Heard:
        """What is heard of whole histories, outputs of shape (histories, 1, interests, dimension)."""
        if self.mask is not None:
            inputs = functional.pad(inputs, (0, 0, 0, 1))
            is_last = torch.arange(inputs.shape[1], device=inputs.device) == lengths[:, None]
            inputs, lengths = torch.where(is_last[:, :, None], self.mask, inputs), lengths + 1
        heard = self.each(inputs, lengths)
        if not self.backbone.causal:
            return heard
        last = heard.outputs[torch.arange(len(lengths)), lengths - 1]
        return heard._replace(outputs=last[:, None])

    def guessed(self, inputs: Tensor, masked: Tensor, lengths: Tensor) -> Heard:
        """What is heard at every place where some are masked, of a bidirectional backbone.

        Args:
            masked: shape (histories, places).
        """
        assert isinstance(self.backbone, Bidirectional)
        assert self.mask is not None
        shown = torch.where(masked[:, :, None], self.mask, inputs)
        outputs = self.backbone.every(self.drop(self._placed(shown, lengths)), lengths)
        return Heard(self._headed(outputs[:, :, None]))

    def documents(self, rows: Tensor, inputs: Tensor) -> Tensor:
        """The vectors of documents by which they are recommended, shape (documents, dimension)."""
        if self.plan.items == "content":
            return self.compared(self.embeddings[rows])
        if self.plan.items == "input":
            return self.compared(inputs)
        alone = self.whole(inputs[:, None], torch.ones(len(rows), dtype=torch.int64))
        return self.compared(alone.outputs[:, 0, 0])

    def compared(self, vectors: Tensor) -> Tensor:
        """Vectors as they are multiplied: of length 1 where the similarity is a cosine."""
        return functional.normalize(vectors, dim=-1) if self.plan.similarity == "cosine" else vectors

    def scaled(self, outputs: Tensor) -> Tensor:
        """Vectors of readers as they are multiplied."""
        return self.compared(outputs) * (self.plan.scale if self.plan.similarity == "cosine" else 1.0)

    def _placed(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        if self.places is None:
            return inputs
        from_end = lengths[:, None] - 1 - torch.arange(inputs.shape[1], device=inputs.device)
        placed: Tensor = inputs + self.places(from_end.clamp(min=0))
        return placed

    def _headed(self, outputs: Tensor) -> Tensor:
        return outputs if self.head is None else self.head(outputs)


def at_random(module: nn.Module, start: str) -> None:
    """Draw every matrix from Glorot's normal distribution, or from He's."""
    draw = nn.init.xavier_normal_ if start == "glorot" else nn.init.kaiming_normal_
    with torch.no_grad():
        for weights in module.parameters():
            if weights.dim() > 1:
                draw(weights)
