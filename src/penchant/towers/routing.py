"""Capsules in numpy: documents are routed to the interests with which they agree.

Source: Li et al., "Multi-interest network with dynamic routing for recommendation at Tmall", CIKM 2019,
section 3.3 (MIND); Cen et al., "Controllable multi-interest framework for recommendation", KDD 2020, section
3.2.1 (ComiRec-DR); the squash as the latter's code has it.
"""

from __future__ import annotations

import numpy as np

from penchant.towers.transformer import Array, Weights

_ROUNDS = 3


def routed(weights: Weights, inputs: Array) -> Array:
    """Shape (sequences, places, width) -> (sequences, interests, width).

    Args:
        weights: ``maps``, one (width, width) or one for each place and interest, the last place first;
            ``start``, the logits before the first round, shape (places, interests), the last place first.
    """
    places = inputs.shape[1]
    maps, logits = weights["maps"], weights["start"][:places][::-1][None]
    if maps.ndim == 2:
        votes = (inputs @ maps.T)[:, :, None]
    else:
        votes = np.matmul(maps[:places][::-1], inputs[:, :, None, :, None])[..., 0]
    found = _joined(logits, votes)
    for _ in range(_ROUNDS - 1):
        logits = logits + (votes * found[:, None]).sum(axis=-1)
        found = _joined(logits, votes)
    return found


def _joined(logits: Array, votes: Array) -> Array:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return _squashed((shares[..., None] * votes).sum(axis=1))


def _squashed(sums: Array) -> Array:
    squares = np.square(sums).sum(axis=-1, keepdims=True)
    return np.asarray(sums * squares / (1 + squares) / np.sqrt(squares + 1e-9), np.float32)
