"""What reads a history at serving time, by the name of the backbone: all in numpy.

Each is a pure function of weights and of histories of one length; its twin in torch, which is trained, is in
`penchant.train.backbones`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from penchant.towers.pooling import averaged, self_attended
from penchant.towers.recurrent import recurred
from penchant.towers.routing import routed
from penchant.towers.transformer import Array, Weights, transformed

Backbone = Literal["transformer", "bidirectional", "recurrent", "mean", "attention", "routing"]
Encoder = Callable[[Weights, Array, Array, int], Array]
"""(weights, inputs, inputs with what tells their places, heads) -> what the histories are about: shape
(histories, places, width) -> (histories, interests, width)."""


def _transformer(weights: Weights, inputs: Array, placed: Array, heads: int) -> Array:
    return transformed(weights, placed, heads, last=True)


def _bidirectional(weights: Weights, inputs: Array, placed: Array, heads: int) -> Array:
    return transformed(weights, placed, heads, last=True, causal=False)


def _recurrent(weights: Weights, inputs: Array, placed: Array, heads: int) -> Array:
    return recurred(weights, inputs)[:, None]


def _mean(weights: Weights, inputs: Array, placed: Array, heads: int) -> Array:
    return averaged(weights, inputs)[:, None]


def _attention(weights: Weights, inputs: Array, placed: Array, heads: int) -> Array:
    return self_attended(weights, inputs, placed)


def _routing(weights: Weights, inputs: Array, placed: Array, heads: int) -> Array:
    return routed(weights, inputs)


ENCODERS: Mapping[Backbone, Encoder] = MappingProxyType(
    {
        "transformer": _transformer,
        "bidirectional": _bidirectional,
        "recurrent": _recurrent,
        "mean": _mean,
        "attention": _attention,
        "routing": _routing,
    }
)
