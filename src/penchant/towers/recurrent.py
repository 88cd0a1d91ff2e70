"""A gated recurrent unit in numpy: its state after the last document of a history.

Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, as torch has it;
Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016 (GRU4Rec).
"""

from __future__ import annotations

import numpy as np

from penchant.towers.transformer import Array, Weights, linear


def recurred(weights: Weights, inputs: Array) -> Array:
    """Shape (sequences, places, width) -> (sequences, width)."""
    into, again = weights["unit.weight_ih_l0"], weights["unit.weight_hh_l0"]
    state = np.zeros((len(inputs), again.shape[1]), np.float32)
    for place in range(inputs.shape[1]):
        given = np.split(inputs[:, place] @ into.T, 3, axis=1)
        kept = np.split(state @ again.T, 3, axis=1)
        reset, update = (_sigmoid(one + other) for one, other in zip(given[:2], kept[:2], strict=True))
        state = (1 - update) * np.tanh(given[2] + reset * kept[2]) + update * state
    return linear(weights, "narrow", state)


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)
