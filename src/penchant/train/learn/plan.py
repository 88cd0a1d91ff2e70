"""How a tower is built and trained: every number, each with its reason, and the named towers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from penchant.errors import InvalidQuery

Inputs = Literal["both", "text", "ids"]
Items = Literal["input", "alone", "in order", "content"]
Loss = Literal["softmax", "dense"]


@dataclass(frozen=True)
class Plan:
    """See the module."""

    name: str
    inputs: Inputs = "both"
    """What a document is known by: a linear map of its embedding, a vector of its own, or their sum."""
    items: Items = "input"
    """What a document's vector is, when it is recommended: its input; the output of a history of it alone
    (LEARN's variant 2); likewise, but among the reader's other targets in training (variant 1); or its
    embedding (variant 3)."""
    similarity: Literal["dot", "cosine"] = "dot"
    scale: float = 20.0
    """What a cosine of 1 is worth (LEARN's code: 20)."""
    loss: Loss = "softmax"
    """``softmax`` over documents, after every place; ``dense``: LEARN's equation (1)."""
    targets: int = 1
    """Documents after a place that are what the reader went on to."""
    sampled: int = 8_192
    """Documents among which a step's targets have to be found, at the least; beside these targets."""
    width: int = 64
    wide: int = 64
    """Of the feed-forward parts."""
    layers: int = 2
    heads: int = 2
    dimension: int | None = None
    """Of a linear map at the end. None: no such map."""
    ordered: bool = True
    """Whether places have vectors, counted from the end. Without them order comes from causality alone."""
    history: int = 20
    dropout: float = 0.2
    ids_dropped: float = 0.1
    """How often, in training, a document is known by its text alone, so that new ones are at home."""
    epochs: int = 20
    rate: float = 1e-3
    """The highest learning rate; it falls in a straight line to `rate_left` of it after the last epoch."""
    rate_left: float = 1.0
    batch: int = 128
    patience: int = 2
    """Epochs without a better validation Recall@20 after which training ends."""
    held_out: float = 0.05
    """The share of readers whose last documents tell when to stop, 2,000 at most."""
    seed: int = 0


TOWERS: Mapping[str, Plan] = MappingProxyType(
    {
        "learn": Plan("learn"),
        "learn-paper": Plan(
            "learn-paper",
            inputs="text",
            items="in order",
            similarity="cosine",
            loss="dense",
            width=128,
            wide=512,
            layers=4,
            heads=4,
            dimension=64,
            ordered=False,
            history=80,
            targets=40,
            dropout=0.1,
            batch=30,
        ),
        "sasrec": Plan("sasrec", inputs="ids"),
    }
)
"""``learn``: LEARN's towers as they do best here; ``learn-paper``: as the paper says, of a size that two
cores train; ``sasrec``: by ids alone."""


def plan_of(name: str, **changes: object) -> Plan:
    """A named tower's plan, with changes. Raises InvalidQuery where there is no such tower."""
    if name not in TOWERS:
        raise InvalidQuery(f"unknown tower {name!r}: use {', '.join(TOWERS)}")
    return replace(TOWERS[name], **changes)  # type: ignore[arg-type]
