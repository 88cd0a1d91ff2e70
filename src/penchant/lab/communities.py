"""Communities that are simulated from a known rule of choice: what their readers go by is known, so that a
method's lists can be held against it.

Readers choose among what is there by a multinomial logit of freshness, taste, popularity and channel. A kind
of community is the weights of these. Nothing in it is real.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.topics import PATTERNS, TOPICS, Topic
from penchant.errors import InvalidQuery
from penchant.types import Click, Document

DAY = 86_400.0
BEGIN = 1_735_689_600.0
"""2025-01-01, a moment like any other."""
_CHOSEN_AMONG = 300
"""Documents that a reader chooses among at most: the newest, or some of all."""


class Kind(NamedTuple):
    """What readers go by; each number is a weight of their choice."""

    freshness: float = 0.0
    """Of the logarithm of a document's age in hours; negative: the newer, the likelier."""
    taste: float = 0.0
    """Of the reader's share of the topic, as a logarithm."""
    popularity: float = 0.0
    """Of the logarithm of a document's readers so far."""
    channel: float = 0.0
    """Of the document being in one of the reader's two channels."""
    season: float = 0.0
    """Of the topic of the week."""
    is_dated: bool = True
    """Documents say when they were published."""
    has_authors: bool = False
    """Each click publishes its document: a document has one reader."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "news": Kind(freshness=-1.6, taste=0.4, popularity=0.5),
        "shop": Kind(taste=1.2, popularity=0.7, is_dated=False),
        "archive": Kind(taste=2.0, is_dated=False),
        "one author a document": Kind(taste=1.5, channel=2.5, has_authors=True),
        "seasonal": Kind(freshness=-0.4, taste=0.5, season=2.5, popularity=0.3),
        "channels": Kind(freshness=-1.0, taste=0.2, channel=3.0),
    }
)
DRIFT = ("news", "archive")
"""Readers go by the news in the first half, and by their taste alone in the second."""


class Simulated(NamedTuple):
    """A simulated community."""

    documents: list[Document]
    clicks: list[Click]
    """In the order of time."""


def simulate(
    name: str, *, seed: int = 0, readers: int = 120, documents: int = 1_200, clicks: int = 5_000
) -> Simulated:
    """A community of one of `KINDS`, or one that drifts; the same seed gives the same one.

    Raises:
        InvalidQuery: there is no such kind.
    """
    if name not in (*KINDS, "drift"):
        raise InvalidQuery(f"unknown kind {name!r}: use one of {', '.join((*KINDS, 'drift'))}")
    random = np.random.default_rng(seed)
    first = KINDS[DRIFT[0] if name == "drift" else name]
    second = KINDS[DRIFT[1]] if name == "drift" else first
    topics = [topic for topic in TOPICS if topic.language == "en"]
    days = 60.0
    times = np.sort(random.random(clicks)) * days * DAY + BEGIN
    published = np.sort(random.random(documents)) * (days + 20) * DAY + BEGIN - 20 * DAY
    if not first.is_dated:
        published[:] = BEGIN
    topic_of = random.integers(0, len(topics), documents)
    channel_of = random.integers(0, 8, documents)
    tastes = random.dirichlet(np.full(len(topics), 0.3), readers)
    channels = np.array([random.choice(8, 2, replace=False) for _ in range(readers)])
    activity = random.dirichlet(np.full(readers, 2.0))
    made = [
        Document(
            f"d{n}",
            f"{_title(topics[topic], random)} {n}",
            published_at=float(published[n]) if first.is_dated else None,
            attributes={"channel": f"c{channel_of[n]}"} if first.channel else {},
        )
        for n, topic in enumerate(topic_of.tolist())
    ]
    if first.has_authors:
        return _authored(made[:clicks], topic_of, channel_of, tastes, channels, activity, first, random)
    read: list[set[int]] = [set() for _ in range(readers)]
    counts, log = np.zeros(documents), []
    for number, at in enumerate(times.tolist()):
        kind = first if number < clicks / 2 else second
        reader = int(random.choice(readers, p=activity))
        there = int(np.searchsorted(published, at, side="right"))
        pool = (
            np.arange(max(0, there - _CHOSEN_AMONG), there)
            if first.freshness
            else random.choice(there, min(_CHOSEN_AMONG, there), replace=False)
        )
        pool = pool[[row not in read[reader] for row in pool.tolist()]]
        if not len(pool):
            continue
        season = int((at - BEGIN) // (7 * DAY)) % len(topics)
        utility = (
            kind.freshness * np.log1p((at - published[pool]) / 3_600)
            + kind.taste * np.log(tastes[reader, topic_of[pool]] + 0.01)
            + kind.popularity * np.log1p(counts[pool])
            + kind.channel * np.isin(channel_of[pool], channels[reader])
            + kind.season * (topic_of[pool] == season)
        )
        row = int(pool[_drawn(utility, random)])
        read[reader].add(row)
        counts[row] += 1
        log.append(Click(f"u{reader}", f"d{row}", at))
    return Simulated(made, log)


def _authored(
    made: list[Document],
    topic_of: NDArray[np.int64],
    channel_of: NDArray[np.int64],
    tastes: NDArray[np.float64],
    channels: NDArray[np.int64],
    activity: NDArray[np.float64],
    kind: Kind,
    random: Generator,
) -> Simulated:
    """Each document is its author's only: the rule of choice tells who that is."""
    log = []
    for row, document in enumerate(made):
        utility = (
            np.log(activity)
            + kind.taste * np.log(tastes[:, topic_of[row]] + 0.01)
            + kind.channel * (channels == channel_of[row]).any(axis=1)
        )
        log.append(Click(f"u{_drawn(utility, random)}", document.id, float(document.published_at or 0)))
    return Simulated(made, log)


def _drawn(utility: NDArray[np.float64], random: Generator) -> int:
    chance = np.exp(utility - utility.max())
    return int(random.choice(len(chance), p=chance / chance.sum()))


def _title(topic: Topic, random: Generator) -> str:
    patterns = PATTERNS["en"]
    parts = (str(random.choice(list(each))) for each in (topic.words, topic.things, topic.aspects))
    word, thing, aspect = parts
    return patterns[int(random.integers(len(patterns)))].format(word=word, thing=thing, aspect=aspect)
