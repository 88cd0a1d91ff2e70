"""A transformer in numpy: what each place of a sequence says, given what came before it, or given all.

layers of (norm, attention to other places, sum; norm, feed-forward, sum), and a norm at the end

Source: Vaswani et al., "Attention is all you need", 2017, with the norms before each part, as in Xiong et
al., "On layer normalization in the transformer architecture", ICML 2020; causal as in Kang and McAuley,
"Self-attentive sequential recommendation", ICDM 2018; looking both ways as in Sun et al., "BERT4Rec", CIKM
2019.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
"""As torch names them: ``blocks.0.attended.weight`` ..., matrices of shape (out, in)."""
_EPSILON = np.float32(1e-5)


def transformed(
    weights: Weights, inputs: Array, heads: int, *, last: bool = False, causal: bool = True
) -> Array:
    """The outputs at every place, or at the last one alone, which costs less.

    Args:
        inputs: of sequences of one length, shape (sequences, places, width).
        heads: of the attention; they divide the width.

    Returns:
        Of the same shape, or (sequences, 1, width). Where it is causal, a place does not depend on the places
        after it.
    """
    layers = layers_of(weights)
    outputs = inputs
    for layer in range(layers):
        asked = 1 if last and layer == layers - 1 else inputs.shape[1]
        outputs = _block(weights, f"blocks.{layer}.", outputs, heads, asked, causal)
    return _normed(weights, "norm.", outputs[:, -1:] if last else outputs)


def layers_of(weights: Weights) -> int:
    """How many layers there are."""
    layers = 0
    while f"blocks.{layers}.attended.weight" in weights:
        layers += 1
    return layers


def linear(weights: Weights, name: str, inputs: Array) -> Array:
    """``inputs @ weight.T + bias``, where there is a bias."""
    outputs = inputs @ weights[f"{name}.weight"].T
    bias = weights.get(f"{name}.bias")
    return outputs if bias is None else outputs + bias


def _block(weights: Weights, at: str, inputs: Array, heads: int, asked: int, causal: bool) -> Array:
    """The outputs at the last places, as many as are asked for."""
    attended = _attended(weights, at, inputs, heads, asked, causal)
    inputs = inputs[:, -asked:] + linear(weights, f"{at}joined", attended)
    wide = _gelu(linear(weights, f"{at}wide", _normed(weights, f"{at}norm_wide.", inputs)))
    return np.asarray(inputs + linear(weights, f"{at}narrow", wide), np.float32)


def _attended(weights: Weights, at: str, inputs: Array, heads: int, asked: int, causal: bool) -> Array:
    sequences, places, width = inputs.shape
    mixed = linear(weights, f"{at}attended", _normed(weights, f"{at}norm_attended.", inputs))
    shape = (sequences, places, 3, heads, width // heads)
    query, key, value = mixed.reshape(shape).transpose(2, 0, 3, 1, 4)
    scores = query[:, :, -asked:] @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(width // heads))
    if causal and asked > 1:
        scores[..., np.triu(np.ones((places, places), bool), 1)[-asked:]] = -np.inf
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    found = (scores @ value).transpose(0, 2, 1, 3).reshape(sequences, asked, width)
    return np.asarray(found, np.float32)


def _normed(weights: Weights, at: str, inputs: Array) -> Array:
    width = np.float32(inputs.shape[-1])
    centred = inputs - np.add.reduce(inputs, axis=-1, keepdims=True) / width
    spread = np.sqrt(np.add.reduce(centred * centred, axis=-1, keepdims=True) / width + _EPSILON)
    return np.asarray(centred / spread * weights[f"{at}weight"] + weights[f"{at}bias"], np.float32)


def _gelu(values: Array) -> Array:
    """Hendrycks and Gimpel, 2016, by their approximation with tanh."""
    inner = np.float32(math.sqrt(2 / math.pi)) * (values + np.float32(0.044715) * values**3)
    return np.asarray(np.float32(0.5) * values * (1 + np.tanh(inner)), np.float32)
