"""Histories as sums of their documents, in numpy: the mean, and shares given by a small network.

Source: Covington et al., "Deep neural networks for YouTube recommendations", RecSys 2016, section 3; Cen et
al., "Controllable multi-interest framework for recommendation", KDD 2020, section 3.2.2 (ComiRec-SA).
"""

from __future__ import annotations

import numpy as np

from penchant.towers.transformer import Array, Weights, linear


def averaged(weights: Weights, inputs: Array) -> Array:
    """Shape (sequences, places, width) -> (sequences, width)."""
    return linear(weights, "mixed", inputs.mean(axis=1))


def self_attended(weights: Weights, inputs: Array, placed: Array) -> Array:
    """Shape (sequences, places, width) -> (sequences, interests, width).

    Args:
        placed: the inputs with what tells their places; it counts in the shares alone.
    """
    logits = linear(weights, "shares", np.tanh(linear(weights, "wide", placed))).swapaxes(1, 2)
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True) @ inputs, np.float32)
