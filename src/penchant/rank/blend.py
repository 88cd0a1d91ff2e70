"""The blend: the weights that join evidence to one score, learned from every reader's clicks.

The model is McFadden's multinomial logit: the chance that a reader clicks a candidate is proportional to the
exponential of its score, a weighted sum of its evidence. Several experts of that model run side by side, see
`experts`. Each is learned one click at a time by the second-order rule of online logistic regression: a
Gaussian about the weights, whose precision grows by the Fisher information of each click.

The answer is the mean of the experts' weights. Each counts by its losses on the latest clicks, measured on
every click before it is learned: exponential weights with a little forgetting. The loss is convex in the
score, so the mean loses no more than the experts do on average, and soon little more than the best of them.
Learning is a pure function: the same clicks in the same order give the same weights.

Source: McFadden, "Conditional logit analysis of qualitative choice behavior", 1974; Cesa-Bianchi and Lugosi,
"Prediction, Learning, and Games", 2006, chapter 2, on the mean of experts; and, on sampled candidates and
their correction by log q, Bengio and Senécal, "Adaptive importance sampling", IEEE Transactions on Neural
Networks, 2008.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.rank import evidence as evidence_kinds
from penchant.rank.evidence import kind_of, kinds, start_of
from penchant.settings import Settings

Matrix = NDArray[np.float64]
_DENSE = 500
"""Every click teaches at first; after n times as many, one in n does."""
_RAREST = 128
"""One click in this many teaches in the end; see `is_learned`."""
_RATE = 0.5
"""How much a nat of loss takes from an expert's share, as an exponent."""
_REMEMBERED = 0.99
"""Decay of an expert's loss with each lesson after it."""


class Expert(NamedTuple):
    """One of the experts that run side by side."""

    name: str
    kind: str | None
    """The kind of evidence that it looks at alone. None: all."""
    from_start: bool
    """Whether it begins with the start weights, or with nothing."""
    openness: float
    """Its prior's precision is that of the settings divided by this."""
    haste: float
    """Its memory is shorter by this factor."""
    prior: float
    """Logarithm of its share before any lesson, beside the others'."""


def experts() -> tuple[Expert, ...]:
    """The experts: the start with a high and a low precision, one that forgets soon, one that begins with
    nothing, and each kind of evidence alone."""
    return _experts(tuple(kinds()))


@lru_cache(maxsize=4)
def _experts(every: tuple[str, ...]) -> tuple[Expert, ...]:
    return (
        Expert("start", None, True, 1.0, 1.0, 0.0),
        Expert("start, open", None, True, 10.0, 1.0, -2.0),
        Expert("start, forgetting", None, True, 10.0, 5.0, -4.0),
        Expert("own", None, False, 3.0, 1.0, -5.0),
        *(Expert(f"{kind} alone", kind, False, 10.0, 1.0, -7.0) for kind in every),
    )


class Blend(msgspec.Struct, frozen=True, eq=False):
    """Weights by name, and the experts that they come from."""

    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    """What answers are scored by: the mean of the experts' weights by their shares."""
    experts: tuple[str, ...] = ()
    losses: tuple[float, ...] = ()
    """Of each expert on the latest clicks, beside the best one's, in nats; see `shares`."""
    learned_weights: bytes = b""
    """float64 of shape (experts, names)."""
    precision: bytes = b""
    """float32 of shape (experts, names, names)."""
    learned: int = 0
    """Clicks that were learned."""
    offered: int = 0
    """Clicks that could have been learned; see `is_learned`."""


def weights_of(blend: Blend, names: Sequence[str]) -> Matrix:
    """The weights of columns; those that were never seen have the weight of the start."""
    known = dict(zip(blend.names, blend.weights, strict=True))
    return np.array([known[name] if name in known else start_of(name) for name in names])


def with_weights(blend: Blend, weights: Mapping[str, float], settings: Settings) -> Blend:
    """The blend with other weights, of every expert; each is as sure of them as it was.

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
    own, precision = _grown(blend, names, settings)
    now = weights_of(blend, names)
    for name, weight in weights.items():
        own[:, names.index(name)] = now[names.index(name)] = weight
    return msgspec.structs.replace(
        blend,
        names=names,
        weights=tuple(now.tolist()),
        experts=tuple(each.name for each in experts()),
        losses=_losses(blend),
        learned_weights=own.tobytes(),
        precision=_packed(precision),
    )


def started(weights: Mapping[str, float], settings: Settings) -> Blend:
    """A blend before any click whose experts begin with these weights in place of the start's."""
    names = tuple(weights)
    own, precision = _grown(Blend(), names, settings)
    begins = np.array([each.from_start for each in experts()])
    own[begins] = list(weights.values())
    untaught = Blend(
        names=names,
        experts=tuple(each.name for each in experts()),
        losses=_losses(Blend()),
        learned_weights=own.tobytes(),
        precision=_packed(precision),
    )
    return msgspec.structs.replace(untaught, weights=tuple(weights.values()))


def all_weights(blend: Blend) -> dict[str, float]:
    """Every column with its weight: those of the start, and those of attributes that were seen."""
    names = list(dict.fromkeys((*evidence_kinds.columns(), *blend.names)))
    return dict(zip(names, weights_of(blend, names).tolist(), strict=True))


def shares(blend: Blend) -> dict[str, float]:
    """Expert -> how much it counts in the weights; together 1."""
    found = _shares(np.array(_losses(blend)))
    return {each.name: float(share) for each, share in zip(experts(), found, strict=True)}


def scores(blend: Blend, names: Sequence[str], evidence: Matrix) -> NDArray[np.float32]:
    """One number a candidate, shape (candidates,)."""
    return np.asarray(evidence @ weights_of(blend, names), np.float32)


def personal_scores(blend: Blend, names: Sequence[str], evidence: Matrix) -> NDArray[np.float32]:
    """The same by the evidence that knows the reader alone: interests, words, attributes, readers like
    them."""
    weights = np.where(evidence_kinds.personal(names), weights_of(blend, names), 0.0)
    return np.asarray(evidence @ weights, np.float32)


def posterior(blend: Blend, names: Sequence[str], settings: Settings) -> tuple[Matrix, Matrix, Matrix]:
    """(share, weights, covariance of the weights) of each expert, of some columns: shapes (experts,),
    (experts, columns) and (experts, columns, columns). An expert is sure of what it does not look at."""
    known = blend.names + tuple(name for name in names if name not in blend.names)
    own, precision = _grown(blend, known, settings)
    places = [known.index(name) for name in names]
    covariance: Matrix = np.asarray(np.linalg.inv(precision)[:, places][:, :, places], np.float64)
    looked_at = _looked_at(known)[:, places]
    covariance *= looked_at[:, :, None] & looked_at[:, None, :]
    return _shares(np.array(_losses(blend))), own[:, places], covariance


def contributions(
    blend: Blend, names: Sequence[str], evidence: Matrix, shown: Sequence[int]
) -> dict[str, Matrix]:
    """Kind of evidence -> what it adds to the score of each candidate shown, beside the mean of all
    candidates."""
    parts = (evidence[shown] - evidence.mean(axis=0)) * weights_of(blend, names)
    found: dict[str, Matrix] = {}
    for name, part in zip(names, parts.T, strict=True):
        kind = kind_of(name)
        found[kind] = found.get(kind, np.zeros(len(shown))) + part
    return found


def is_learned(offered: int) -> bool:
    """Whether the click after `offered` others is learned: each of the first 1,000, ever fewer then, and one
    in 128 in the end.

    So a new community has weights of its own after its first thousand clicks, and learning costs a large one
    little.
    """
    return offered % max(1, min(offered // _DENSE, _RAREST)) == 0


def renewed(blend: Blend) -> Blend:
    """The blend when evidence comes that it never saw, as with a first tower: the next clicks teach it as
    often as those of a new community, with all that it has learned."""
    return msgspec.structs.replace(blend, offered=min(blend.offered, _DENSE))


def learned(
    blend: Blend,
    names: Sequence[str],
    evidence: Matrix,
    log_q: Matrix,
    clicked: int,
    settings: Settings,
    *,
    compares: bool = True,
    worth: float = 1.0,
) -> Blend:
    """The blend after one click.

    Args:
        evidence: of the candidates, shape (candidates, columns).
        log_q: logarithm of the chance with which each candidate was drawn.
        clicked: the position of the one that was clicked.
        settings: how sure the start is, and how soon clicks are forgotten.
        compares: whether the experts are compared by it. Not where some evidence could not be looked at:
            those that do without it would win.
        worth: how much the click counts; more than 1 where it was less likely to be seen than others.
    """
    known = blend.names + tuple(name for name in names if name not in blend.names)
    own, precision = _grown(blend, known, settings)
    columns = np.zeros((len(evidence), len(known)))
    columns[:, [known.index(name) for name in names]] = evidence - evidence.mean(axis=0)
    looked_at = _looked_at(known)
    utility = columns @ own.T - log_q[:, None]
    chance = np.exp(utility - utility.max(axis=0))
    chance /= chance.sum(axis=0)
    mean = chance.T @ columns
    information = (chance.T[:, :, None] * columns).transpose(0, 2, 1) @ columns
    information -= mean[:, :, None] * mean[:, None, :]
    information *= looked_at[:, :, None] & looked_at[:, None, :]
    memory = np.array([1 - (1 - settings.blend_memory) * each.haste for each in experts()])[:, None, None]
    prior = _of_start(known, settings.blend_precision, settings.blend_precision_open)[1]
    precision = memory * precision + (1 - memory) * prior + worth * information
    own = (
        own + worth * np.linalg.solve(precision, ((columns[clicked] - mean) * looked_at)[:, :, None])[:, :, 0]
    )
    losses = np.array(_losses(blend))
    if compares:
        losses = _REMEMBERED * losses - worth * np.log(np.maximum(chance[clicked], 1e-300))
        losses -= losses.min()
    return msgspec.structs.replace(
        blend,
        names=known,
        weights=tuple((_shares(losses) @ own).tolist()),
        experts=tuple(each.name for each in experts()),
        losses=tuple(losses.tolist()),
        learned_weights=own.tobytes(),
        precision=_packed(precision),
        learned=blend.learned + 1,
    )


def loss(blend: Blend, names: Sequence[str], evidence: Matrix, log_q: Matrix, clicked: int) -> float:
    """How little a blend expected a click: the negative logarithm of its chance, in nats."""
    utility = evidence @ weights_of(blend, names) - log_q
    most = float(utility.max())
    return most + math.log(float(np.exp(utility - most).sum())) - float(utility[clicked])


def _shares(losses: Matrix) -> Matrix:
    logs = np.array([each.prior for each in experts()]) - _RATE * losses
    found = np.exp(logs - logs.max())
    return np.asarray(found / found.sum(), np.float64)


def _losses(blend: Blend) -> tuple[float, ...]:
    """Of each expert that there is; one that is new begins as good as the best."""
    known = dict(zip(blend.experts, blend.losses, strict=True))
    return tuple(known.get(each.name, 0.0) for each in experts())


def _looked_at(names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which columns each expert looks at, shape (experts, names)."""
    return _masks(experts(), names)


@lru_cache(maxsize=64)
def _masks(every: tuple[Expert, ...], names: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.array([[each.kind in (None, kind_of(name)) for name in names] for each in every]).reshape(
        len(every), len(names)
    )


@lru_cache(maxsize=64)
def _of_start(names: tuple[str, ...], sure_of: float, sure_of_none: float) -> tuple[Matrix, Matrix]:
    """(weights, precision) of each expert before any click; the precision of a weight that starts at 0 is
    lower."""
    start = np.array([start_of(name) for name in names])
    is_open = np.array(evidence_kinds.opened(names), bool)
    weights, precision = [], []
    for each in experts():
        begins = start if each.from_start else np.zeros(len(names))
        sure = np.where((begins != 0) & ~is_open, sure_of, sure_of_none)
        weights.append(begins)
        precision.append(np.diag(sure / each.openness))
    shape = (len(weights), len(names))
    return np.array(weights).reshape(shape), np.array(precision).reshape(*shape, len(names))


def _grown(blend: Blend, names: tuple[str, ...], settings: Settings) -> tuple[Matrix, Matrix]:
    """(weights, precision) of each expert, with those of the start for columns that are new, which come
    last, and for experts that are new."""
    old, count = len(blend.names), len(blend.experts)
    own = np.frombuffer(blend.learned_weights, np.float64).reshape(count, old)
    sure = np.frombuffer(blend.precision, np.float32).reshape(count, old, old)
    if names == blend.names and blend.experts == tuple(each.name for each in experts()):
        return own.copy(), sure.astype(np.float64)
    weights, precision = (
        start.copy() for start in _of_start(names, settings.blend_precision, settings.blend_precision_open)
    )
    for place, each in enumerate(experts()):
        if each.name in blend.experts:
            before = blend.experts.index(each.name)
            weights[place, :old] = own[before]
            precision[place, :old, :old] = sure[before]
    return weights, precision


def _packed(precision: Matrix) -> bytes:
    return precision.astype(np.float32).tobytes()
