"""How a tower is built and trained: every number, each with its reason, and the named towers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from penchant.errors import InvalidQuery
from penchant.towers.encoders import Backbone

Inputs = Literal["both", "text", "ids"]
Items = Literal["input", "alone", "in order", "content"]
Loss = Literal["softmax", "dense"]
Examples = Literal["every place", "one place", "masked"]


@dataclass(frozen=True)
class Plan:
    """See the module."""

    name: str
    backbone: Backbone = "transformer"
    """What reads a history: see `penchant.train.backbones`."""
    interests: int = 1
    """Vectors of a reader, of backbones that can have several."""
    readout: Literal["hard", "soft"] = "hard"
    """Which of a reader's vectors answers for a document, in training: the one that suits it best, or all, by
    how well they suit it."""
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
    """``softmax`` over documents; ``dense``: LEARN's equation (1)."""
    examples: Examples = "every place"
    """What is learned of a history in one pass: what came after every place; after one place drawn by chance
    (ComiRec); or what places hold that were masked (BERT4Rec)."""
    earliest: int = 4
    """``one place``: documents before it, at the least, where there are so many."""
    masked: float = 0.3
    """``masked``: the share of places."""
    hard: float = 0.0
    """How much more a document counts as a rival, the better it suits the reader (REMI's beta)."""
    apart: float = 0.0
    """What it costs that an interest looks at few documents alone (REMI's lambda)."""
    semantic: float = 0.0
    """What it costs that interests in words do not tell, or do not look like, the next document (EIMF's
    gamma); 0: they are not needed."""
    predicted: float = 1.0
    """EIMF: what counts of it that they do not tell it; 0 is "without prediction"."""
    contrasted: float = 0.4
    """EIMF's alpha: that they are no more like it than others are; with `alike` 0, "without alignment"."""
    alike: float = 0.1
    """EIMF's beta: that they are unlike it."""
    temperature: float = 0.1
    """EIMF's tau, of a cosine, which the paper does not give."""
    targets: int = 1
    """Documents after a place that are what the reader went on to."""
    sampled: int = 8_192
    """Documents among which a step's targets have to be found, at the least; beside these targets."""
    products: Literal["native", "float32"] = "native"
    """``native``: the softmax multiplies in bfloat16 where the processor does, which is faster.
    Elsewhere, or with ``float32``, it is exact."""
    width: int = 64
    wide: int = 64
    """Of the feed-forward parts."""
    layers: int = 2
    heads: int = 2
    dimension: int | None = None
    """Of a linear map at the end. None: no such map."""
    shared_maps: bool = True
    """``routing``: one map for all places and interests (MIND), or one for each (ComiRec-DR)."""
    start: Literal["glorot", "he"] = "glorot"
    """From which normal distribution the matrices are drawn: with small random ids a full softmax learns a
    tenth as fast; He's makes the ids of a shop ten times longer than Glorot's."""
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
    decay: float = 0.5
    """How much of themselves the weights lose at each step, in learning rates (Loshchilov and Hutter,
    "Decoupled weight decay regularization", ICLR 2019)."""
    averaged: float = 0.995
    """What is kept is a mean of the weights after each step: so much of it is the mean before. 0: the weights
    as they are."""
    batch: int = 128
    patience: int = 3
    """Epochs without a better validation Recall@20 after which training ends."""
    held_out: float = 0.05
    """The share of readers whose last documents tell when to stop, 2,000 at most."""
    seed: int = 0


_COMIREC = Plan(
    "comirec-sa",
    backbone="attention",
    interests=4,
    inputs="ids",
    examples="one place",
    sampled=1_280,
    start="he",
    dropout=0.0,
    decay=0.0,
    averaged=0.0,
    epochs=200,
    patience=20,
)
"""As ComiRec's code, and REMI's, trains: 1,280 documents drawn for each step."""
_REMI = replace(_COMIREC, name="remi", hard=0.1, apart=100.0)
_PLANS = (
    Plan("learn", width=128, wide=128),
    Plan(
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
        decay=0.0,
        averaged=0.0,
        batch=30,
    ),
    Plan("sasrec", inputs="ids"),
    Plan(
        "bert4rec",
        backbone="bidirectional",
        inputs="ids",
        examples="masked",
        epochs=100,
        patience=8,
    ),
    Plan("gru4rec", backbone="recurrent", inputs="ids", ordered=False),
    Plan("youtube-dnn", backbone="mean", inputs="ids", ordered=False),
    replace(_COMIREC, name="mind", backbone="routing", ordered=False),
    _COMIREC,
    replace(_COMIREC, name="comirec-dr", backbone="routing", shared_maps=False, ordered=False),
    _REMI,
    replace(_REMI, name="eimf", semantic=0.1),
)
TOWERS: Mapping[str, Plan] = MappingProxyType({plan.name: plan for plan in _PLANS})
"""``learn``: LEARN's towers as they do best here; ``learn-paper``: as the paper says, of a size that two
cores train; ``sasrec``, ``bert4rec``, ``gru4rec``, ``youtube-dnn``: one vector of a reader, documents by ids
alone; ``mind``, ``comirec-sa``, ``comirec-dr``, ``remi``: four; ``eimf``: REMI, and interests in words."""


def plan_of(name: str, **changes: object) -> Plan:
    """A named tower's plan, with changes. Raises InvalidQuery where there is no such tower."""
    if name not in TOWERS:
        raise InvalidQuery(f"unknown tower {name!r}: use {', '.join(TOWERS)}")
    return replace(TOWERS[name], **changes)  # type: ignore[arg-type]
