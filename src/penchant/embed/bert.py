"""A BERT encoder in numpy: MiniLM without torch.

tokens -> embeddings -> layers of attention and feed-forward -> mean over tokens -> unit length

Texts of one length share a batch, so that nothing is padding and no mask is needed. What is not a matrix
product is one pass of compiled code each.

Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
NAACL 2019; mean pooling as in Reimers and Gurevych, "Sentence-BERT", EMNLP 2019.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.errors import EmbedderError, MissingExtra
from penchant.types import Vector, Vectors
from penchant.vectors import unit_length

Tokens = NDArray[np.int64]
_ROWS = 768
"""Tokens in a batch: their activations stay in the processor's cache."""


class Rows(Protocol):
    """The embeddings of words: an array, or what unpacks its rows when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(words, width)."""

    def __getitem__(self, rows: Tokens) -> Vectors:
        """Of numbers of words, float32 of their shape and the width."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The weights of one layer; matrices are stored as they are multiplied from the right."""

    attention: Vectors
    """Query, key and value side by side, shape (width, 3 * width); the query is scaled by 1 / sqrt(width of a
    head)."""
    attention_bias: Vector
    joined: Vectors
    joined_bias: Vector
    joined_scale: Vector
    joined_shift: Vector
    wide: Vectors
    wide_bias: Vector
    narrow: Vectors
    narrow_bias: Vector
    scale: Vector
    shift: Vector


@dataclass(frozen=True, eq=False)
class Weights:
    """All weights of an encoder."""

    words: Rows
    positions: Vectors
    """With the embedding of the first segment, since there is no other."""
    scale: Vector
    shift: Vector
    layers: Sequence[Layer]
    heads: int
    epsilon: float

    @property
    def width(self) -> int:
        """The length of a vector."""
        return self.words.shape[1]


class BertEmbedder:
    """Mean-pooled BERT, in float32.

    Args:
        folder: holds ``config.json``, ``model.safetensors`` and ``tokenizer.json``.
        name: what a state remembers.
        threshold: the tau that suits it.
        longest: tokens of a text that are read.

    Raises:
        MissingExtra: tokenizers or safetensors are not installed.
        EmbedderError: the folder holds another kind of model.
    """

    def __init__(self, folder: Path, name: str, threshold: float, longest: int = 256) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtra(
                f"the embedder {name} needs tokenizers: pip install 'penchant[minilm]'"
            ) from error
        self.name = name
        self.threshold = threshold
        self._weights = read_weights(folder)
        self.dimension = self._weights.width
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return pooled(self._weights, tokens)


def pooled(weights: Weights, tokens: Sequence[Sequence[int]]) -> Vectors:
    """Means of the last hidden states of texts, of unit length.

    Args:
        tokens: of each text, numbers of words.

    Returns:
        float32 of shape (texts, width).
    """
    found = np.zeros((len(tokens), weights.width), np.float32)
    for batch in batches(np.array([len(ids) for ids in tokens], np.int64)):
        ids = np.array([tokens[place] for place in batch], np.int64)
        found[batch] = encoded(weights, ids).mean(axis=1)
    return unit_length(found)


def batches(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Positions of texts of one length each, in batches of few enough tokens."""
    found = []
    for length in np.unique(lengths).tolist():
        alike = np.flatnonzero(lengths == length)
        size = max(1, _ROWS // max(length, 1))
        found += [alike[start : start + size] for start in range(0, len(alike), size)]
    return found


def encoded(weights: Weights, tokens: Tokens) -> NDArray[np.float32]:
    """The last hidden states of texts of one length.

    Args:
        tokens: numbers of words, shape (texts, length).

    Returns:
        float32 of shape (texts, length, width).
    """
    from penchant.embed.bert_kernel import add_and_norm, gelu, norm, softmax

    texts, length = tokens.shape
    width, heads = weights.width, weights.heads
    states = (weights.words[tokens] + weights.positions[:length]).reshape(-1, width)
    norm(states, weights.scale, weights.shift, weights.epsilon)
    for layer in weights.layers:
        mixed = states @ layer.attention
        mixed += layer.attention_bias
        query, key, value = mixed.reshape(texts, length, 3, heads, -1).transpose(2, 0, 3, 1, 4)
        shares = query @ key.transpose(0, 1, 3, 2)
        softmax(shares.reshape(-1, length))
        joined: Vectors = (shares @ value).transpose(0, 2, 1, 3).reshape(-1, width) @ layer.joined
        add_and_norm(
            states, joined, layer.joined_bias, layer.joined_scale, layer.joined_shift, weights.epsilon
        )
        wide = np.asarray(states @ layer.wide, np.float32)
        gelu(wide, layer.wide_bias)
        add_and_norm(
            states, wide @ layer.narrow, layer.narrow_bias, layer.scale, layer.shift, weights.epsilon
        )
    return states.reshape(texts, length, width)


def read_weights(folder: Path) -> Weights:
    """The weights in a folder as Hugging Face's transformers saves them.

    Raises:
        EmbedderError: they are not those of a BERT.
    """
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise MissingExtra("reading weights needs safetensors: pip install 'penchant[minilm]'") from error
    config = json.loads((folder / "config.json").read_text())
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise EmbedderError(
            f"{folder} holds a {config.get('model_type')!r} and no BERT: load it with sentence-transformers"
        )
    tensors = load_file(folder / "model.safetensors")
    heads, width = int(config["num_attention_heads"]), int(config["hidden_size"])

    def vector(name: str) -> Vector:
        return np.ascontiguousarray(tensors[name], np.float32)

    def matrix(name: str) -> Vectors:
        return np.ascontiguousarray(tensors[name].T, np.float32)

    def layer(number: int) -> Layer:
        own = f"encoder.layer.{number}."
        heart, after, last = own + "attention.self.", own + "attention.output.", own + "output."
        scale = np.float32((width / heads) ** -0.5)
        parts = [matrix(f"{heart}{part}.weight") for part in ("query", "key", "value")]
        biases = [vector(f"{heart}{part}.bias") for part in ("query", "key", "value")]
        return Layer(
            attention=np.concatenate([parts[0] * scale, *parts[1:]], axis=1),
            attention_bias=np.concatenate([biases[0] * scale, *biases[1:]]),
            joined=matrix(after + "dense.weight"),
            joined_bias=vector(after + "dense.bias"),
            joined_scale=vector(after + "LayerNorm.weight"),
            joined_shift=vector(after + "LayerNorm.bias"),
            wide=matrix(own + "intermediate.dense.weight"),
            wide_bias=vector(own + "intermediate.dense.bias"),
            narrow=matrix(last + "dense.weight"),
            narrow_bias=vector(last + "dense.bias"),
            scale=vector(last + "LayerNorm.weight"),
            shift=vector(last + "LayerNorm.bias"),
        )

    segment = vector("embeddings.token_type_embeddings.weight")[0]
    return Weights(
        words=vector("embeddings.word_embeddings.weight"),
        positions=vector("embeddings.position_embeddings.weight") + segment,
        scale=vector("embeddings.LayerNorm.weight"),
        shift=vector("embeddings.LayerNorm.bias"),
        layers=[layer(number) for number in range(int(config["num_hidden_layers"]))],
        heads=heads,
        epsilon=float(config["layer_norm_eps"]),
    )
