"""A tower that reads a history: inputs of its documents, an encoder, one or several vectors of the reader.

The input of a document is a linear map of its embedding and, where it was there at training, a vector of its
own. So a new document is known by its text, at once.

Source: of the encoders, `penchant.towers.encoders`; Kang and McAuley, "Self-attentive sequential
recommendation", ICDM 2018 (inputs by id); Jia et al., "Knowledge Adaptation from Large Language Model to
Recommendation", 2024, section 3 (inputs by text, and the tower of documents, variants 1 to 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.towers.encoders import ENCODERS, Backbone
from penchant.towers.seam import History
from penchant.towers.transformer import Array, Weights, linear
from penchant.types import Vectors
from penchant.vectors import unit_length

_AT_ONCE = 4_096
"""Documents that go through the transformer together."""


class Trained(msgspec.Struct, frozen=True):
    """What a tower was trained on, and how well it tells what readers go on to whom it never saw."""

    documents: int
    readers: int
    clicks: int
    latest_at: float
    """Time of the latest of these clicks, Unix seconds."""
    epochs: int
    recall: float
    """Recall@20 of the readers held out, among all documents."""
    held_out: int
    """How many readers were held out."""
    seed: int


class Shape(msgspec.Struct, frozen=True):
    """What a tower is beside its weights."""

    name: str
    embedder: str
    heads: int
    history: int
    trained: Trained
    backbone: Backbone = "transformer"
    items: Literal["input", "encoded", "content"] = "input"
    """What a document's vector is: its input, the output of a history of it alone (LEARN's variants 1 and 2),
    or its embedding (variant 3)."""
    similarity: Literal["dot", "cosine"] = "dot"
    scale: float = 1.0
    """``cosine``: what a cosine of 1 is worth. ``dot``: the length of the longest document vector."""


class SequentialTower:
    """See `penchant.towers.UserTower`.

    Args:
        weights: named as torch names them; ``ids.weight`` (documents, width), ``text.weight`` (width,
            dimension of the embedder), ``places.weight`` (history, width; the last place first), ``mask``
            (width,), put after the history, those of the encoder, and of ``head``, as far as there are such.
        ids: of the documents that have a vector of their own, in the order of ``ids.weight``.
    """

    def __init__(self, shape: Shape, weights: Weights, ids: Sequence[str]) -> None:
        self.shape = shape
        self.weights = weights
        self.ids = ids
        self.name, self.embedder, self.history = shape.name, shape.embedder, shape.history
        self._encoder = ENCODERS[shape.backbone]
        self._width = (
            len(weights["text.weight"]) if "text.weight" in weights else weights["ids.weight"].shape[1]
        )
        dimension = self._width
        if "head.weight" in weights:
            dimension = len(weights["head.weight"])
        elif shape.items == "content":
            dimension = weights["text.weight"].shape[1]
        self.dimension = dimension + (shape.similarity == "dot")
        self._row_of = {name: row for row, name in enumerate(ids)}
        self._unknown = np.zeros(self._width, np.float32)
        if "text.weight" not in weights:  # what is known by its id alone is an average document until then
            self._unknown = weights["ids.weight"].mean(axis=0)

    def trained(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        return self._rows(ids) >= 0

    def documents(self, ids: Sequence[str], embeddings: Vectors) -> Vectors:
        found = [np.zeros((0, self.dimension), np.float32)]
        for start in range(0, len(ids), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            found.append(self._documents(ids[part], embeddings[part]))
        return np.concatenate(found)

    def users(self, histories: Sequence[History]) -> list[Vectors]:
        return [self._user(history.ids, history.embeddings) for history in histories]

    def _documents(self, ids: Sequence[str], embeddings: Vectors) -> Vectors:
        if self.shape.items == "content":
            plain = np.asarray(embeddings, np.float32)
        else:
            plain = self._inputs(ids, embeddings)
        if self.shape.items == "encoded":
            plain = self._outputs(plain[:, None])[:, 0]
        return unit_length(plain) if self.shape.similarity == "cosine" else padded(plain, self.shape.scale)

    def _user(self, ids: Sequence[str], embeddings: Vectors) -> Array:
        """Shape (interests, dimension)."""
        ids, embeddings = ids[-self.history :], embeddings[-self.history :]
        outputs = self._outputs(self._inputs(ids, embeddings)[None])[0]
        scale = np.float32(self.shape.scale)
        if self.shape.similarity == "cosine":
            return np.asarray(unit_length(outputs) * scale, np.float32)
        return np.pad(outputs * scale, ((0, 0), (0, 1)))

    def _inputs(self, ids: Sequence[str], embeddings: Vectors) -> Array:
        inputs = np.zeros((len(ids), self._width), np.float32)
        if "text.weight" in self.weights:
            inputs += linear(self.weights, "text", np.asarray(embeddings, np.float32))
        if "ids.weight" in self.weights:
            rows = self._rows(ids)
            inputs[rows >= 0] += self.weights["ids.weight"][rows[rows >= 0]]
            inputs[rows < 0] += self._unknown
        return inputs

    def _outputs(self, inputs: Array) -> Array:
        """Of histories of one length, shape (histories, interests, width) or that of the head."""
        if "mask" in self.weights:
            mask = np.broadcast_to(self.weights["mask"], (len(inputs), 1, self._width))
            inputs = np.concatenate([inputs, mask], axis=1)
        places = self.weights.get("places.weight")
        placed = inputs if places is None else inputs + places[: inputs.shape[1]][::-1]
        outputs = self._encoder(self.weights, inputs, placed, self.shape.heads)
        return linear(self.weights, "head", outputs) if "head.weight" in self.weights else outputs

    def _rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        return np.array([self._row_of.get(name, -1) for name in ids], np.int64)


def padded(plain: Array, longest: float) -> Vectors:
    """Vectors of any length as vectors of length 1, with the same order of products with a vector that ends
    in 0: an index by cosine then finds the largest products. Vectors longer than the longest are shortened.

    Source: Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation for
    inner-product spaces", RecSys 2014.
    """
    shares = plain / np.float32(longest)
    squares = np.einsum("nd,nd->n", shares, shares)
    shares = shares / np.sqrt(np.maximum(squares, 1))[:, None]
    rest = np.sqrt(np.maximum(1 - squares, 0))
    return np.concatenate([shares, rest[:, None]], axis=1).astype(np.float32)
