"""Every number of the method, in groups: units, candidates, evidence, blend, memory, index.

Each field says what it does, its unit, its range and where its default comes from. `penchant lab tune`
searches those that decide the ranking. Values are checked when a `Settings` is made, wherever they come from.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from penchant.errors import InvalidSettings

UnitPrecision = Literal["float16", "int8", "float32"]
DocumentText = Literal["title", "title and terms", "title and attributes"]
IndexPrecision = Literal["bf16", "int8"]
UnitRule = Literal["mean", "text"]
ScorerName = Literal["blend", "sum", "max", "soft"]

Cosine = Annotated[float, Meta(ge=-1, le=1, description="a number from -1 to 1")]
Count = Annotated[int, Meta(ge=1, description="a whole number from 1")]
CountOrZero = Annotated[int, Meta(ge=0, description="a whole number from 0")]
Limit = Annotated[int, Meta(ge=0, description="a whole number from 0, or None for no limit")] | None
Decay = Annotated[float, Meta(gt=0, le=1, description="more than 0 and at most 1; 1 turns the decay off")]
Share = Annotated[float, Meta(ge=0, le=1, description="a number from 0 to 1")]
Seconds = Annotated[float, Meta(gt=0, description="more than 0 seconds")]
Positive0 = Annotated[float, Meta(ge=0, le=5, description="a number from 0 to 5")]
Positive = Annotated[float, Meta(gt=0, le=1e12, description="a finite number above 0")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every number of the method. A limit of None means no limit.

    Examples:
        >>> Settings(keep_big=5).keep_big
        5

    Raises:
        InvalidSettings: names the field, its value and what is allowed.
    """

    # Units: how clicks become Interest Units (IRA, Algorithm 1)

    unit_rule: UnitRule = "mean"
    """Which documents make an interest: ``mean``, those that are alike on average; ``text``, the paper's,
    those that are like its contextual text, so that one link is enough for units to merge."""
    threshold: Cosine | None = None
    """tau: from this cosine on a document belongs to a unit. None: where the rule is ``mean``, found from the
    community's titles, see `penchant.embed.chance`; where it is ``text``, the embedder's own."""
    big_size: Count = 5
    """A unit of at least this many documents is big (IRA, section 2.1)."""
    keep_big: Limit = 10
    """Big units kept per user, the most recently updated (IRA, section 2.1)."""
    keep_small: Limit = 10
    """Small units kept per user, the most recently updated (IRA, section 2.1)."""
    terms_in_text: Limit = 10
    """Key terms after the title in the contextual text (IRA, section 2.1)."""
    document_text: DocumentText = "title"
    """What of a document is embedded: its title; its title and then its key terms, as in a unit's contextual
    text; or its title and attributes in a sentence (Jia et al., "LEARN", section 3.2), six fields at most."""
    unit_precision: UnitPrecision = "float16"
    """How a number of a unit's embedding is kept, in memory and on disk.

    ``float16`` moves a cosine by at most 0.0005, ``int8`` by some 0.005 in half the bytes. ``float32`` takes
    twice the bytes and gives the scores of the paper's rule to 1e-5.
    """
    kinds: tuple[str, ...] | None = None
    """Clicks of these kinds are learned. None: all. A click without a kind is always learned."""

    # Candidates and scorer (IRA, Algorithm 2)

    scorer: ScorerName = "blend"
    """How candidates are ranked: ``blend`` weighs all evidence; ``sum`` (the paper's), ``max`` and ``soft``
    use units alone."""
    personal: Share = 0.3
    """Share of a list's places that are the reader's own, 0 to 1: for what suits their interests, words,
    attributes and readers like them. The other places go by all evidence; 0: all do. Under ``blend``. 0.3 is
    the largest share that keeps HR@20 of ``deskdrop`` at 0.86."""
    candidates_per_unit: Count = 100
    """N: nearest documents looked up for each unit (IRA, section 2.3)."""
    sharpness: Positive = 10.0
    """How far the nearest unit outweighs the others: a cosine counts by ``exp(sharpness * cosine)``. For
    ``soft`` and blend."""

    # Evidence: how far back clicks count, and how much

    reads_weighed: Count = 50
    """Last documents of a user that are evidence: of readers who read the same, of words and attributes that
    are liked."""
    decay: Decay = 0.9
    """Decay per step back in the history: each document weighs this fraction of the next newer one. Likewise
    for units."""
    decay_words: Decay = 0.97
    """The same decay, for the words of titles."""
    decay_order: Decay = 0.6
    """The same decay, where the order of reading counts."""
    decay_beside: Decay = 0.6
    """Decay per document that lies between two in the order of reading."""
    decay_before: Decay = 0.8
    """Decay per step back among what a document's readers had read before it. It smooths the document's
    embedding."""
    trend_half_life: Seconds = 14 * 86_400.0
    """Half-life of a click in the slowest trend column, in seconds; the others are 14, 112 and 672 times as
    fast."""
    popularity_half_life: Seconds = 3 * 86_400.0
    """Half-life of a click in the popularity that new users are shown, in seconds."""
    oldest_age: Seconds = 60 * 86_400.0
    """Largest age of a document as evidence, in seconds. A document without a time is as old as that."""
    session_gap: Seconds = 1_800.0
    """Seconds without a click that end a visit."""

    # Blend: how clicks teach its weights

    blend_learns: bool = True
    """Whether clicks teach the blend its weights."""
    blend_precision: Positive = 100.0
    """Precision of the prior over the weights. It counts as this many clicks that tell something of a
    weight."""
    blend_precision_open: Positive = 10.0
    """Precision of the prior over weights that start at 0."""
    position_bias: Positive0 = 0.0
    """How much less the lower places of a list are seen: place n is seen ``n ** -position_bias`` as often as
    the first. A click on what `shown` told counts by the inverse, 10 at most. 0: all places are seen."""
    blend_memory: Decay = 0.999
    """Decay of a lesson with each lesson after it, since communities change."""

    # Memory: what is kept per user, and what is cached

    terms_kept: Limit = 100
    """Key terms kept per unit."""
    documents_kept: Limit = 1_000
    """Document ids kept per unit, the latest."""
    seen_kept: Limit = 1_000
    """Clicked documents per user that are left out of recommendations, the latest."""
    history_kept: Limit = 100
    """Clicks kept per user with their times, so that the page can show how the units came about."""
    reads_kept: CountOrZero = 100
    """Recent documents kept per user as co-reader evidence. 0 turns this evidence off."""
    click_ids_kept: CountOrZero = 1_000_000
    """Ids of clicks that are remembered, so that a repeated click changes nothing."""
    users_cached: Count = 10_000
    """Users held in memory, the most recently used."""
    texts_cached: CountOrZero = 40_000
    """Texts held in memory with their vectors: repeated titles cost nothing."""

    # Index

    index_precision: IndexPrecision = "int8"
    """How the ``usearch`` index stores a number."""
    searches_cached: CountOrZero = 200_000
    """Searches of the ``usearch`` index held in memory, some 900 bytes each."""

    @classmethod
    def paper(cls) -> Settings:
        """Units and scores as in the paper (IRA, Algorithms 1 and 2).

        Examples:
            >>> Settings.paper().scorer
            'sum'
        """
        return cls(unit_rule="text", scorer="sum", personal=0.0)

    def __post_init__(self) -> None:
        for field in msgspec.structs.fields(type(self)):
            given = getattr(self, field.name)
            value = _plain(given)
            try:
                checked = msgspec.convert(value, field.type)
            except msgspec.ValidationError:
                raise InvalidSettings(f"{field.name} is {value!r}: use {_allowed(field.type)}") from None
            if checked is not given:
                msgspec.structs.force_setattr(self, field.name, checked)


def _plain(value: Any) -> Any:
    """A number of numpy as Python's own."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def _allowed(kind: Any) -> str:
    """What a field takes, in words."""
    schema = msgspec.json.schema(kind)
    options = schema.get("anyOf", [schema])
    words = [_words(option) for option in options if option.get("type") != "null"]
    if len(words) < len(options) and "None" not in words[0]:
        words.append("None")
    return " or ".join(words)


def _words(schema: dict[str, Any]) -> str:
    if "description" in schema:
        return str(schema["description"])
    if "enum" in schema:
        return "one of " + ", ".join(repr(name) for name in schema["enum"])
    return {"boolean": "True or False", "array": "a list of texts"}[schema["type"]]
