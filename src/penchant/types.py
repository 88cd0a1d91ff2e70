"""What flows through penchant: documents, clicks, Interest Units, recommendations, settings.

One declaration serves code, storage and HTTP. All are frozen; times are Unix seconds.
"""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery, InvalidSettings

T = TypeVar("T")

Vector = NDArray[np.float32]
"""A float32 array of shape (dimension,)."""
Vectors = NDArray[np.float32]
"""A float32 array of shape (n, dimension)."""
Attribute = str | float | bool
UnitPrecision = Literal["float16", "int8"]
DocumentText = Literal["title", "title and terms"]


class Document(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that can be recommended."""

    id: str
    title: str
    published_at: float | None = None
    """Unix seconds."""
    expires_at: float | None = None
    """Unix seconds; from this moment on the document is not recommended."""
    hidden: bool = False
    """A hidden document is kept and can be clicked, but is not recommended."""
    attributes: Mapping[str, Attribute] = {}
    """What ``where`` filters on."""


class Click(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One reader's interaction with one document."""

    user_id: str
    document_id: str
    at: float
    """Unix seconds (or a position 0, 1, 2 ... where there is no clock)."""
    kind: str | None = None
    """"view", "like" ...: ``Settings.kinds`` says which kinds are learned."""
    id: str | None = None
    """A click whose id was seen before is ignored, so that a delivery may be repeated."""


def _no_vector() -> Vector:
    return np.zeros(0, np.float32)


class InterestUnit(msgspec.Struct, frozen=True, eq=False):
    """One interest of one user (IRA, section 2.1).

    The fields that end in ``_step`` or ``_steps`` order what the times cannot: a step is the number of a click among
    the clicks learned of this user, from 1.
    """

    title: str
    """T: the title of the latest click by its time."""
    terms: tuple[tuple[str, int], ...]
    """K: key terms with counts; higher count first, then more recently seen, then alphabetical."""
    size: int
    """The number of distinct documents."""
    updated_at: float
    """The time of the latest click, Unix seconds."""
    documents: tuple[str, ...]
    """Ids, in the order of their first click; the latest ``Settings.documents_kept`` of them."""
    text: str
    """The contextual text: the title and the first ``Settings.terms_in_text`` terms, joined by spaces."""
    embedding: Vector = msgspec.field(default_factory=_no_vector)
    """The embedding of the contextual text, unit length."""
    term_steps: tuple[int, ...] = ()
    """When each of ``terms`` was last seen."""
    document_steps: tuple[int, ...] = ()
    """When each of ``documents`` was first clicked."""
    title_step: int = 0
    """The click that gave the title."""
    changed_step: int = 0
    """The click that changed the unit last."""


class User(msgspec.Struct, frozen=True, eq=False):
    """What is kept of one user; bounded, whatever the length of the history."""

    units: tuple[InterestUnit, ...] = ()
    steps: int = 0
    """How many clicks were learned."""
    seen: tuple[str, ...] = ()
    """Ids of the ``Settings.seen_kept`` documents clicked last, the latest at the end."""
    history: tuple[tuple[str, float], ...] = ()
    """(document id, time) of the ``Settings.history_kept`` clicks learned last, the latest at the end."""
    precision: UnitPrecision = "float16"
    """How the embeddings of the units are kept."""
    dismissed: tuple[tuple[str, int], ...] = ()
    """(document id, how many clicks were learned by then) of what was not wanted, the latest at the end."""
    shown: tuple[tuple[str, int], ...] = ()
    """The same of what was shown."""


class Popular(msgspec.Struct, frozen=True, tag="popular"):
    """The reason for a recommendation to a user without Interest Units: others clicked it of late."""

    clicks: float
    """Clicks by distinct users, each halved every ``Settings.popular_half_life`` seconds."""


class Evidence(msgspec.Struct, frozen=True):
    """Something that speaks for a recommendation, or against it."""

    kind: str
    """``interest``, ``words``, ``attributes``, ``freshness``, ``trend``, ``popularity``, ``readers``, ``dismissed``, ``shown``
    or ``source NAME``."""
    weight: float
    """What it adds to the score, beside the mean of all candidates."""
    words: str
    """The same for a person."""


class Recommendation(msgspec.Struct, frozen=True, eq=False):
    """A document, its score, and what speaks most for it."""

    document: Document
    score: float
    because: InterestUnit | Popular | None = None
    """The Interest Unit that speaks most for it; ``Popular`` for a user without units; None for ``search`` and
    ``similar``, where no user is involved."""
    evidence: tuple[Evidence, ...] = ()
    """What the scorer ``blend`` weighed, the weightiest first."""


class Source(msgspec.Struct, frozen=True):
    """A ranking from elsewhere: another model, an editor's choice, a search. Unknown documents are passed over."""

    name: str
    ranking: Sequence[str]
    """Document ids, best first."""
    weight: float = 1.0
    """What its first document gains, in the blend's logarithmic scores: 1 makes it 2.7 times as likely. Document n gains
    ``weight * 60 / (59 + n)``, as in reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

    def __post_init__(self) -> None:
        if isinstance(self.ranking, str):
            raise InvalidQuery(f"the ranking of source {self.name!r} is text: use a list of document ids")
        if not math.isfinite(self.weight):
            raise InvalidQuery(f"the weight of source {self.name!r} is {self.weight}: use a finite number")


Action = Literal["created", "reinforced", "merged", "ignored"]


class Change(msgspec.Struct, frozen=True):
    """What one click did to its user's Interest Units."""

    user_id: str
    document_id: str
    at: float
    action: Action
    """``created`` a new unit; ``reinforced`` one unit; ``merged`` several into one; or the click was ``ignored``
    (its id was seen before, or its kind is not learned)."""
    unit: str = ""
    """The contextual text of the unit that the document is in now."""
    merged: tuple[str, ...] = ()
    """The contextual texts of the relevant units as they were before."""
    pruned: tuple[str, ...] = ()
    """The contextual texts of the units that were let go."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every number of the method. A limit of None means no limit."""

    threshold: float | None = None
    """tau: a unit is relevant to a document from this cosine on. None: the embedder's own."""
    big_size: int = 5
    """A unit of at least this many documents is big (IRA, section 2.1)."""
    keep_big: int | None = 10
    """So many big units are kept, the most recently updated."""
    keep_small: int | None = 10
    """So many small units are kept, the most recently updated."""
    terms_in_text: int | None = 10
    """So many key terms follow the title in the contextual text."""
    candidates_per_unit: int = 100
    """N: so many nearest documents are looked up for each unit (Algorithm 2)."""
    scorer: str = "blend"
    """How candidates are ranked: ``blend`` weighs all evidence, the others are the names in ``penchant.ranking.SCORERS``."""
    blend_learns: bool = True
    """Whether clicks teach the blend its weights."""
    terms_kept: int | None = 100
    """So many key terms are kept a unit."""
    documents_kept: int | None = 1_000
    """So many document ids are kept a unit, the latest."""
    seen_kept: int | None = 1_000
    """So many clicked documents a user are left out of recommendations, the latest."""
    history_kept: int | None = 100
    """So many clicks a user are kept with their times, so that how the units came about can be shown."""
    readings_kept: int = 100
    """So many documents a user are kept for what readers tell each other, the latest; 0: they tell nothing."""
    reads_weighed: int = 50
    """So many last documents of a user are evidence: of who reads the same, of words and attributes that are liked."""
    fading: float = 0.9
    """What each of these counts as evidence beside the one after it, and each unit beside the one updated after it."""
    fading_words: float = 0.97
    """The same, for the words of titles."""
    fading_order: float = 0.6
    """The same, where the order of reading counts."""
    fading_beside: float = 0.6
    """What each document between two in the order of reading takes from their closeness."""
    fading_before: float = 0.8
    """What each document counts that a reader had read before one, beside the next one: for what a document means to its
    readers."""
    sharpness: float = 10.0
    """How far the nearest of several Interest Units outweighs the others: a cosine counts by ``exp(sharpness * cosine)``."""
    clicks_half_life: float = 14 * 86_400.0
    """Seconds after which a click counts half as evidence of the slowest trend; the others are 14, 112 and 672 times as fast."""
    oldest: float = 60 * 86_400.0
    """Seconds. A document that is older, or whose time is not known, is as old as that."""
    session: float = 1_800.0
    """Seconds without a click that end a visit."""
    blend_precision: float = 100.0
    """How sure the blend is of its start: as after so many clicks that tell something of a weight."""
    blend_precision_open: float = 10.0
    """The same of a weight that starts at 0."""
    blend_memory: float = 0.999
    """What a click counts for the blend beside the next one that is learned: communities change."""
    kinds: tuple[str, ...] | None = None
    """Clicks of these kinds are learned. None: all; a click without a kind is always learned."""
    clicks_remembered: int = 1_000_000
    """So many ids of clicks are remembered, so that a repeated click changes nothing."""
    popular_half_life: float = 3 * 86_400.0
    """Seconds after which a click counts half for a document's popularity."""
    users_cached: int = 10_000
    """So many users are held in memory, the most recently used."""
    texts_cached: int = 40_000
    """So many texts are held in memory with their vectors: repeated titles cost nothing."""
    searches_cached: int = 200_000
    """So many searches of the ``usearch`` index are held in memory, some 900 bytes each."""
    index_precision: Literal["bf16", "int8"] = "int8"
    """How the ``usearch`` index stores a number."""
    document_text: DocumentText = "title"
    """What of a document is embedded: its title, or its title and then its key terms, as in a unit's contextual text."""
    unit_precision: UnitPrecision = "float16"
    """How a number of an Interest Unit's embedding is kept."""

    def __post_init__(self) -> None:
        if self.threshold is not None and not -1.0 <= self.threshold <= 1.0:
            raise InvalidSettings(f"threshold is {self.threshold}: a cosine lies between -1 and 1")
        for name in ("keep_big", "keep_small", "terms_in_text", "terms_kept", "documents_kept", "seen_kept", "history_kept"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise InvalidSettings(f"{name} is {value}: use 0 or more, or None for no limit")
        for name in ("big_size", "candidates_per_unit", "users_cached", "reads_weighed"):
            if getattr(self, name) < 1:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use 1 or more")
        for name in ("clicks_remembered", "texts_cached", "searches_cached", "readings_kept"):
            if getattr(self, name) < 0:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use 0 or more")
        for name in ("fading", "fading_words", "fading_order", "fading_beside", "fading_before", "blend_memory"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use more than 0, and 1 where nothing is to fade")
        for name in ("popular_half_life", "clicks_half_life", "oldest", "session"):
            if not getattr(self, name) > 0:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use more than 0 seconds")
        for name in ("sharpness", "blend_precision", "blend_precision_open"):
            if not 0 < getattr(self, name) < math.inf:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use a finite number above 0")


def _encode_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.astype("<f4", copy=False).tobytes()
    raise NotImplementedError(f"{type(value).__name__} cannot be stored")


def _decode_array(_: type, value: Any) -> Any:
    return np.frombuffer(b64decode(value) if isinstance(value, str) else value, "<f4")


encode = msgspec.msgpack.Encoder().encode
"""A document -> bytes."""
to_json = msgspec.json.Encoder(enc_hook=_encode_array).encode
"""Any type of this module -> JSON, a vector as base64 of its little-endian float32 bytes."""


def from_json(line: bytes | str, kind: type[T]) -> T:
    """What `to_json` wrote. Raises msgspec.ValidationError or msgspec.DecodeError."""
    return msgspec.json.decode(line, type=kind, dec_hook=_decode_array)
