"""What flows through penchant: documents, clicks, Interest Units, recommendations.

One declaration serves code, storage and HTTP. All are frozen; times are Unix seconds.
"""

from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.settings import UnitPrecision

T = TypeVar("T")

Vector = NDArray[np.float32]
"""A float32 array of shape (dimension,)."""
Vectors = NDArray[np.float32]
"""A float32 array of shape (n, dimension)."""
Attribute = str | float | bool
Progress = Callable[[int], None]
"""Called with the number of items done since the last call."""
CountProgress = Callable[[int, int], None]
"""Called with how many were done so far, and how many there are."""
StageProgress = Callable[[str, int, int], None]
"""Called with the name of the stage, how many items were done since the last call, and how many there are in
all."""


def quiet(stage: str, done: int, of: int) -> None:
    """StageProgress nothing."""


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


class Shown(msgspec.Struct, frozen=True):
    """Documents that a user was shown side by side."""

    user_id: str
    documents: dict[str, bool]
    """Document id -> whether it was clicked; in the order of the places."""
    at: float = 0.0
    """Unix seconds."""


def _no_vector() -> Vector:
    return np.zeros(0, np.float32)


class InterestUnit(msgspec.Struct, frozen=True, eq=False):
    """One interest of one user (IRA, section 2.1).

    The fields that end in ``_step`` or ``_steps`` order what the times cannot: a step is the number of a
    click among the clicks learned of this user, from 1.
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
    """The direction of the mean of its documents' embeddings, or the embedding of the contextual text, as
    ``Settings.unit_rule`` says; unit length."""
    closeness: float = 1.0
    """The length of that mean, 0 to 1: times the cosine to a document it is the average cosine to the unit's
    documents. 1 for a contextual text."""
    term_steps: tuple[int, ...] = ()
    """When each of ``terms`` was last seen."""
    document_steps: tuple[int, ...] = ()
    """When each of ``documents`` was first clicked."""
    title_step: int = 0
    """The click that gave the title."""
    changed_step: int = 0
    """The click that changed the unit last."""
    name: str = ""
    """What a person calls it: words that most of its documents share and other documents do not, or
    the headline where they share none; see `penchant.rank.naming`. Empty in what is stored."""
    headline: str = ""
    """The title of the document nearest to the unit. Empty in what is stored."""


Want = Literal["more", "less"]


class Wish(msgspec.Struct, frozen=True, eq=False):
    """What a reader asked for in words."""

    text: str
    """What it is about."""
    want: Want = "more"
    embedding: Vector = msgspec.field(default_factory=_no_vector)
    """Of the text, unit length."""


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
    shown: tuple[tuple[str, int, float], ...] = ()
    """The same of what was shown, each with its propensity: the chance that it was."""
    wishes: tuple[Wish, ...] = ()
    """What the user asked for, the latest at the end."""


class Popular(msgspec.Struct, frozen=True, tag="popular"):
    """The reason for a recommendation to a user without Interest Units: others clicked it of late."""

    clicks: float
    """Clicks by distinct users, each halved every ``Settings.popularity_half_life`` seconds."""


class Evidence(msgspec.Struct, frozen=True):
    """Something that speaks for a recommendation, or against it."""

    kind: str
    """``interest``, ``words``, ``attributes``, ``freshness``, ``trend``, ``popularity``, ``readers``,
    ``taste``, ``wish``, ``dismissed``, ``shown`` or ``source NAME``."""
    weight: float
    """What it adds to the score, beside the mean of all candidates."""


class Reason(msgspec.Struct, frozen=True):
    """A sentence that is true of a document and a reader, and whose evidence speaks for the document."""

    kind: str
    """Of the evidence, see `Evidence`."""
    weight: float
    """What the evidence adds to the score."""
    claim: str
    """What is said: a name of `penchant.rank.sentences.CLAIMS`."""
    facts: dict[str, str | int | list[str]]
    """What it is said of: counts, titles, terms."""
    words: str
    """The sentence, for a person."""


class Recommendation(msgspec.Struct, frozen=True, eq=False):
    """A document, its score, and what speaks most for it."""

    document: Document
    score: float
    because: InterestUnit | Popular | None = None
    """The Interest Unit that speaks most for it, where interests speak for it; ``Popular`` for a user without
    units; None for ``search`` and ``similar``, where no user is involved."""
    reasons: tuple[Reason, ...] = ()
    """What speaks for it in true sentences, the strongest first, three at most."""
    evidence: tuple[Evidence, ...] = ()
    """All that the scorer ``blend`` weighed, for and against, the weightiest first; where ``explain`` was
    ``full``."""
    personal: bool = False
    """Whether it stands in one of the reader's own places; see `penchant.rank.places`."""
    propensity: float | None = None
    """The chance that it was among what is shown, where ``explore`` drew it: tell it to `shown`."""
    chance: float | None = None
    """Of a click, 0 to 1: by the scorer ``blend``, of a reader who clicks one of the candidates; theirs add
    up to 1."""


LeftOut = Literal["read", "dismissed", "hidden", "expired", "far"]
"""``far``: nothing that finds candidates proposes it; it is weighed as if it were one."""


class Ahead(msgspec.Struct, frozen=True):
    """The document that stands first, beside another."""

    document: Document
    by: float
    """How much more its score is."""
    evidence: tuple[Evidence, ...]
    """What it has more of, the most first."""


class Nearness(msgspec.Struct, frozen=True, eq=False):
    """How like an Interest Unit a document is."""

    unit: InterestUnit
    likeness: float
    """The average cosine to its documents, or the cosine to its text, as ``Settings.unit_rule`` says. From
    the threshold on, a click on the document would join it."""


class Why(msgspec.Struct, frozen=True, eq=False):
    """Where a document stands for a user, and why."""

    document: Document
    score: float
    rank: int
    """Its place among the candidates by score, from 1."""
    candidates: int
    chance: float | None
    """See `Recommendation`."""
    left_out: LeftOut | None
    """Why it is not shown, whatever speaks for it; None where it is a candidate."""
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    first: Ahead | None
    """The first of the candidates, by the scorer ``blend`` where it is another."""
    interests: tuple[Nearness, ...]
    """Each Interest Unit of the user, the nearest first."""


class Source(msgspec.Struct, frozen=True):
    """A ranking from elsewhere: another model, an editor's choice, a search. Unknown documents are passed
    over."""

    name: str
    ranking: Sequence[str]
    """Document ids, best first."""
    weight: float = 1.0
    """What its first document gains, in the blend's logarithmic scores: 1 makes it 2.7 times as likely.
    Document n gains ``weight * 60 / (59 + n)``, as in reciprocal rank fusion (Cormack, Clarke and Büttcher,
    SIGIR 2009)."""

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
    """``created`` a new unit; ``reinforced`` one unit; ``merged`` several into one; or the click was
    ``ignored`` (its id was seen before, or its kind is not learned)."""
    unit: str = ""
    """The contextual text of the unit that the document is in now."""
    merged: tuple[str, ...] = ()
    """The contextual texts of the relevant units as they were before."""
    pruned: tuple[str, ...] = ()
    """The contextual texts of the units that were let go."""


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
