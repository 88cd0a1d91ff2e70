"""What goes into the service and what comes out. Unknown fields are errors."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from penchant.errors import InvalidClick
from penchant.serve.answers import Recommended, UnitAnswer
from penchant.types import Action, Ahead, Change, Click, Document, Evidence, LeftOut, Reason, Want


class NewClick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A click as it is sent."""

    user_id: Annotated[str, Meta(description="Your id of the reader.", examples=["ana"])]
    document_id: Annotated[str, Meta(description="The id of a known document.", examples=["d1"])]
    at: Annotated[float | None, Meta(description="Unix seconds; default: now.", examples=[1_700_000_000])] = (
        None
    )
    kind: Annotated[str | None, Meta(description='"view", "like" ...')] = None
    id: Annotated[
        str | None, Meta(description="A click whose id was seen before is ignored.", examples=["c-1"])
    ] = None


class Accepted(msgspec.Struct, frozen=True):
    """How many were taken, all of them on disk."""

    accepted: int


class Learned(msgspec.Struct, frozen=True):
    """Clicks that are on disk."""

    accepted: int
    ignored: int
    """Of them, those whose id was seen before, or whose kind is not learned."""
    changes: list[Change] | None = None
    """What each did, where ``changes=true`` asks for it."""


class Units(msgspec.Struct, frozen=True):
    """The interests of a user, most recently updated first."""

    user_id: str
    units: list[UnitAnswer]


class Recommendations(msgspec.Struct, frozen=True):
    """What to show a user next, best first."""

    user_id: str
    variant: str | None
    """The variant of the running experiment that the user is in."""
    recommendations: list[Recommended]


class Found(msgspec.Struct, frozen=True):
    """Documents by nearness, the nearest first; the score is the cosine."""

    documents: list[Recommended]


class ScoresWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which documents to score."""

    document_ids: Annotated[list[str], Meta(examples=[["d1", "d2"]])]
    scorer: str | None = None
    at: float | None = None


class NotWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document that is not for a user."""

    document_id: Annotated[str, Meta(examples=["d1"])]


class WishFor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a user wants more about, or less."""

    text: Annotated[str, Meta(examples=["vector search"])]
    want: Want = "more"


class WishList(msgspec.Struct, frozen=True):
    """The wishes of a user, the latest at the end."""

    wishes: list[WishFor]


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Documents that were shown to a user."""

    document_ids: Annotated[list[str], Meta(examples=[["d1", "d2"]])]
    propensities: list[float] | None = None
    """The chance of each that it was shown, as recommendations with `explore` tell it."""


class Weights(msgspec.Struct, frozen=True):
    """Columns of evidence with the weights that clicks have taught so far."""

    weights: dict[str, float]


class Scores(msgspec.Struct, frozen=True):
    """One score a document, in the order asked."""

    user_id: str
    variant: str | None
    scores: list[float]


class Nearness(msgspec.Struct, frozen=True):
    """How like one interest a document is."""

    unit: UnitAnswer
    likeness: float
    """The average cosine to its documents; see `Settings`, `unit_rule`."""


class Why(msgspec.Struct, frozen=True):
    """Where a document stands for a user, and why."""

    user_id: str
    document: Document
    score: float
    rank: int
    """Its place among the candidates by score, from 1."""
    candidates: int
    chance: float | None
    """Of a click, of a reader who clicks one of the candidates; theirs add up to 1."""
    left_out: LeftOut | None
    """Why it is not shown, whatever speaks for it: it was `read` or `dismissed`, is `hidden`, has `expired`,
    or is `far`: nothing that finds candidates proposes it."""
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    """All that the blend weighed, for and against, the weightiest first."""
    first: Ahead | None
    """The first of the candidates, where it is another, and what it has more of."""
    threshold: float
    """From this likeness on, a click on the document would join the interest."""
    interests: list[Nearness]
    """Each interest, the nearest first."""


class KeptUnit(UnitAnswer, frozen=True):
    """An Interest Unit as it is kept, vector included."""

    embedding: str
    """base64 of little-endian float32."""


class Exposure(msgspec.Struct, frozen=True):
    """A user's part in an experiment."""

    experiment: str
    variant: str
    first_at: float
    exposures: int
    clicks: int


class Export(msgspec.Struct, frozen=True):
    """All that is kept of a user."""

    user_id: str
    clicks_learned: int
    units: list[KeptUnit]
    seen: tuple[str, ...]
    """The documents clicked last, never recommended again."""
    history: tuple[tuple[str, float], ...]
    """(document id, time) of the clicks learned last."""
    read: tuple[tuple[str, float], ...]
    """(document id, time) of first clicks: what readers tell each other by."""
    dismissed: tuple[str, ...]
    shown: tuple[str, ...]
    wishes: list[WishFor]
    experiments: list[Exposure]


class Forgotten(msgspec.Struct, frozen=True):
    """Whether anything was kept."""

    forgotten: bool


class UnitPoint(msgspec.Struct, frozen=True):
    """An interest at one moment of its history."""

    key: int
    name: str
    terms: tuple[tuple[str, int], ...]
    size: int
    updated_at: float


class HistoryMoment(msgspec.Struct, frozen=True):
    """What one click did: the unit that it made or changed, and which ones that unit replaced or that were
    let go."""

    at: float
    document: Document
    action: Action
    unit: UnitPoint | None
    """None where the changed unit itself was let go at once."""
    replaced: tuple[int, ...]
    """Keys of the units that it was made of."""
    pruned: tuple[int, ...]


class History(msgspec.Struct, frozen=True):
    """How a user's interests came about, the oldest click first."""

    user_id: str
    complete: bool
    """False where older clicks are not kept any more."""
    moments: list[HistoryMoment]


class Ranking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ranking of your own: see `penchant.Source`."""

    name: str
    ranking: Annotated[list[str], Meta(examples=[["d3", "d1"]])]
    """Document ids, best first; unknown ones are passed over."""
    weight: float = 1.0
    """What its first document gains."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for a user."""

    k: int = 20
    where: list[str] | None = None
    """As on the command line; all must hold."""
    scorer: str | None = None
    diversity: float | None = None
    personal: float | None = None
    explore: float | None = None
    exclude_seen: bool = True
    explain: bool | Literal["full"] = True
    language: str = "en"
    """Of the reasons: `en` or `ko`."""
    published_after: float | None = None
    at: float | None = None
    sources: list[Ranking] = []
    """They add candidates and weight, for the scorer `blend`."""


class WhatIf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Clicks to imagine, in this order, after all that the user did."""

    document_ids: Annotated[list[str], Meta(examples=[["d2"]])]
    k: int = 20
    scorer: str | None = None
    diversity: float | None = None
    personal: float | None = None
    explain: bool | Literal["full"] = True
    language: str = "en"


class Imagined(msgspec.Struct, frozen=True):
    """Interests and recommendations as they would be. Nothing of it is kept."""

    user_id: str
    changes: list[Change]
    units: list[UnitAnswer]
    recommendations: list[Recommended]


class Cared(msgspec.Struct, frozen=True):
    """What readers of a document care about, all together."""

    terms: list[tuple[str, int]]
    """Key terms of the interests that hold the document, with the number of readers who have them."""
    readers: int
    """Of the readers looked at, those with such an interest."""
    looked_at: int


class DocumentAbout(msgspec.Struct, frozen=True):
    """A document, and how it is read."""

    document: Document
    recent_clicks: float
    """Clicks by distinct readers, each halved every half-life."""
    cared: Cared | None
    """None while the readers are being looked at for the first time."""


class MapPoint(msgspec.Struct, frozen=True):
    """One interest of somebody, without saying whose."""

    x: float
    y: float
    title: str
    size: int
    group: int


class MapGroup(msgspec.Struct, frozen=True):
    """Interests that are alike."""

    x: float
    y: float
    terms: list[str]
    interests: int


class Map(msgspec.Struct, frozen=True):
    """What the community cares about, in two dimensions."""

    points: list[MapPoint]
    groups: list[MapGroup]
    readers: int
    """Readers that were looked at."""
    at: float


class Overview(msgspec.Struct, frozen=True):
    """The service at a glance."""

    documents: int
    users: int
    clicks_last_minute: int
    clicks_by_minute: list[int]
    """Of the last hour, the oldest first."""
    latest_at: float
    embedder: str | None
    experiment: str | None
    changes: list[Change]
    """The latest, the newest first."""
    read_now: list[Recommended]
    """What most readers clicked of late."""
    newest: list[Document]
    """The documents that were published last."""
    lessons: int
    """How many clicks taught the blend."""
    tower: str | None
    """The trained tower in use."""


class Trend(msgspec.Struct, frozen=True):
    """A term of interests that readers have of late, more than before."""

    term: str
    readers: int
    """Whose interests with it grew of late."""
    before: int
    """Who have such an interest at all."""


class Trends(msgspec.Struct, frozen=True):
    """What readers care about of late, the most first."""

    terms: tuple[Trend, ...]
    looked_at: int
    """How many readers were looked at."""


class Compared(msgspec.Struct, frozen=True):
    """A variant beside the first one."""

    variant: str
    users: int
    clicks: int
    clicks_per_user: float
    exposures_per_user: float
    lift: float | None = None
    """Relative to the first variant: 0.1 is 10 % more clicks per user."""
    difference: float | None = None
    """In clicks per user."""
    interval: tuple[float, float] | None = None
    """95 %, of the difference, for one look at a moment that was fixed before (Welch)."""
    p: float | None = None
    sequential: tuple[float, float] | None = None
    """95 %, of the difference, for any number of looks: stop whenever it leaves 0 out."""


class Report(msgspec.Struct, frozen=True):
    """One experiment."""

    experiment: str
    variants: list[Compared]
    mismatch_p: float
    """Whether the users per variant fit the shares given (chi-squared): below 0.001 something loses users."""


class Experiments(msgspec.Struct, frozen=True):
    """How the variants of the running experiment do; empty without one."""

    reports: list[Report]


class UserIds(msgspec.Struct, frozen=True):
    """Ids of users, sorted."""

    user_ids: list[str]


class Titles(msgspec.Struct, frozen=True):
    """Documents by their ids; those that are not there are left out."""

    documents: list[Document]


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    accepted: int | None = None
    """Of a stream: the lines that were kept before."""


class Health(msgspec.Struct, frozen=True):
    """Whether the service can answer."""

    status: str


def to_click(new: NewClick, now: float) -> Click:
    """A click with a time. Raises InvalidClick where the state has no clock and the click no position."""
    if new.at is None and now <= 0:
        raise InvalidClick(
            f"click of user {new.user_id!r}: the times of this state are positions, so give `at`"
        )
    return Click(new.user_id, new.document_id, now if new.at is None else new.at, new.kind, new.id)
