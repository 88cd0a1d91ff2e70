"""The blend: the weights that join evidence to one score, learned from every reader's clicks.

The model is McFadden's multinomial logit: the chance that a reader clicks a candidate is proportional to the
exponential of its score, a weighted sum of its evidence. It is learned one click at a time by the
second-order rule of online logistic regression (a Gaussian about the weights, whose precision grows by the
Fisher information of each click), from a start that is good without any learning. Learning is a pure
function: the same clicks in the same order give the same weights.

Source: McFadden, "Conditional logit analysis of qualitative choice behavior", 1974; and, on sampled
candidates and their correction by log q, Bengio and Senécal, "Adaptive importance sampling", IEEE
Transactions on Neural Networks, 2008.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.rank import evidence as evidence_kinds
from penchant.rank.evidence import kind_of, start_of
from penchant.settings import Settings

Matrix = NDArray[np.float64]
_EVERY = 22
_RAREST = 128
"""One click in this many is learned at first, and in the end; see `is_learned`."""
_FEW_DOCUMENTS = 5_000
"""More documents than that make lessons rarer: what a lesson looks through grows with them, and clicks are
many there."""


class Blend(msgspec.Struct, frozen=True, eq=False):
    """Weights by name, and how sure they are."""

    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    precision: bytes = b""
    """float64 of shape (names, names)."""
    learned: int = 0
    """Clicks that were learned."""
    offered: int = 0
    """Clicks that could have been learned; see `is_learned`."""


def weights_of(blend: Blend, names: Sequence[str]) -> Matrix:
    """The weights of columns; those that were never seen have the weight of the start."""
    known = dict(zip(blend.names, blend.weights, strict=True))
    return np.array([known.get(name, start_of(name)) for name in names])


def with_weights(blend: Blend, weights: Mapping[str, float], settings: Settings) -> Blend:
    """The blend with other weights, as sure of them as it was.

    Raises:
        InvalidQuery: there is no such column.
    """
    for name, weight in weights.items():
        if evidence_kinds.of_column(name) is None:
            families = [f"{each.family[0]}NAME" for each in evidence_kinds.EVIDENCE if each.family]
            raise InvalidQuery(
                f"unknown evidence {name!r}: use one of {', '.join((*evidence_kinds.columns(), *families))}"
            )
        if not math.isfinite(weight):
            raise InvalidQuery(f"the weight of {name!r} is {weight}: use a finite number")
    names = blend.names + tuple(name for name in weights if name not in blend.names)
    now = dict(zip(names, weights_of(blend, names).tolist(), strict=True)) | dict(weights)
    precision = _grown(blend, names, settings).tobytes()
    return msgspec.structs.replace(
        blend, names=names, weights=tuple(now[name] for name in names), precision=precision
    )


def all_weights(blend: Blend) -> dict[str, float]:
    """Every column with its weight: those of the start, and those of attributes that were seen."""
    names = list(dict.fromkeys((*evidence_kinds.columns(), *blend.names)))
    return dict(zip(names, weights_of(blend, names).tolist(), strict=True))


def scores(blend: Blend, names: Sequence[str], evidence: Matrix) -> NDArray[np.float32]:
    """One number a candidate, shape (candidates,)."""
    return np.asarray(evidence @ weights_of(blend, names), np.float32)


def contributions(
    blend: Blend, names: Sequence[str], evidence: Matrix, shown: Sequence[int]
) -> dict[str, Matrix]:
    """Kind of evidence -> what it adds to the score of each candidate shown, beside the mean of all
    candidates."""
    parts = (evidence[shown] - evidence.mean(axis=0)) * weights_of(blend, names)
    kinds: dict[str, Matrix] = {}
    for name, part in zip(names, parts.T, strict=True):
        kind = kind_of(name)
        kinds[kind] = kinds.get(kind, np.zeros(len(shown))) + part
    return kinds


def is_learned(offered: int, documents: int) -> bool:
    """Whether the click after `offered` others is learned: one in _EVERY at first, ever fewer,
    _RAREST in the end.

    So a small community has weights of its own in weeks, and learning costs a large one little.

    Args:
        documents: how many there are. Of four times as many, half as many clicks are learned.
    """
    every = int(_EVERY * max(1.0, documents / _FEW_DOCUMENTS) ** 0.5)
    return offered % max(every, min(every + offered // 500, _RAREST)) == 0


def learned(
    blend: Blend, names: Sequence[str], evidence: Matrix, log_q: Matrix, clicked: int, settings: Settings
) -> Blend:
    """The blend after one click.

    Args:
        evidence: of the candidates, shape (candidates, columns).
        log_q: logarithm of the chance with which each candidate was drawn.
        clicked: the position of the one that was clicked.
        settings: how sure the start is, and how soon clicks are forgotten.
    """
    known = list(blend.names) + [name for name in names if name not in blend.names]
    weights = weights_of(blend, known)
    precision = _grown(blend, known, settings)
    columns = np.zeros((len(evidence), len(known)))
    columns[:, [known.index(name) for name in names]] = evidence
    utility = columns @ weights - log_q
    chance = np.exp(utility - utility.max())
    chance /= chance.sum()
    mean = chance @ columns
    centred = columns - mean
    information = (centred * chance[:, None]).T @ centred
    memory = settings.blend_memory
    precision = memory * precision + (1 - memory) * _of_start(known, settings) + information
    weights = weights + np.linalg.solve(precision, columns[clicked] - mean)
    return msgspec.structs.replace(
        blend,
        names=tuple(known),
        weights=tuple(weights.tolist()),
        precision=precision.tobytes(),
        learned=blend.learned + 1,
    )


def _of_start(names: Sequence[str], settings: Settings) -> Matrix:
    """The precision before any click; that of a weight that starts at 0 is open."""
    return np.diag(
        [settings.blend_precision if start_of(name) else settings.blend_precision_open for name in names]
    )


def _grown(blend: Blend, names: Sequence[str], settings: Settings) -> Matrix:
    """The precision, with that of the start for columns that are new, which come last."""
    precision = _of_start(names, settings)
    old = len(blend.names)
    if old:
        precision[:old, :old] = np.frombuffer(blend.precision, np.float64).reshape(old, old)
    return precision
