"""A community that is simulated from known truth: who cares about which topic in which week.

Every reader has a few topics with weights that drift from week to week; now and then one fades and another
begins. Each click is drawn from the topics of its week, and the newer a document, the likelier. Nothing in it
is real.
"""

from __future__ import annotations

from itertools import product

import msgspec
import numpy as np
from numpy.random import Generator

from penchant.data.topics import PATTERNS, TOPICS
from penchant.types import Click, Document

WEEK = 7 * 86_400
BEGIN = 1_735_689_600
"""2025-01-01, a moment like any other."""


class Community(msgspec.Struct, frozen=True):
    """Documents, clicks in the order of time, and the truth behind them."""

    documents: list[Document]
    clicks: list[Click]
    weeks: int
    truth: dict[str, list[dict[str, float]]]
    """user id -> for each week: topic -> the share of the user's clicks that it is meant to have."""
    topic_of: dict[str, str]
    """document id -> topic."""


def simulate(seed: int = 0, users: int = 300, titles_per_topic: int = 80, weeks: int = 8) -> Community:
    """A community; the same seed gives the same one."""
    generator = np.random.default_rng(seed)
    documents, topic_of = _documents(generator, titles_per_topic, weeks)
    by_topic = {
        topic.name: [document for document in documents if topic_of[document.id] == topic.name]
        for topic in TOPICS
    }
    truth = {f"reader-{number:03d}": _interests(generator, weeks) for number in range(users)}
    clicks = [
        click
        for user_id, interests in truth.items()
        for click in _clicks(generator, user_id, interests, by_topic)
    ]
    return Community(documents, sorted(clicks, key=lambda click: click.at), weeks, truth, topic_of)


def _documents(
    generator: Generator, titles_per_topic: int, weeks: int
) -> tuple[list[Document], dict[str, str]]:
    made = []
    for topic in TOPICS:
        parts = product(PATTERNS[topic.language], topic.words, topic.things, topic.aspects)
        titles = list(dict.fromkeys(pattern.format(word=w, thing=t, aspect=a) for pattern, w, t, a in parts))
        for position in generator.permutation(len(titles))[:titles_per_topic]:
            title = titles[int(position)]
            published_at = BEGIN + float(generator.integers(0, weeks * WEEK))
            made.append((published_at, title[0].upper() + title[1:], topic))
    made.sort(key=lambda document: document[:2])
    documents = [
        Document(f"d{number:04d}", title, published_at=at, attributes={"language": topic.language})
        for number, (at, title, topic) in enumerate(made)
    ]
    return documents, {
        document.id: topic.name for document, (_, _, topic) in zip(documents, made, strict=True)
    }


def _interests(generator: Generator, weeks: int) -> list[dict[str, float]]:
    """Topic -> share, week by week: shares drift, and about every fourth week one topic gives way to
    another."""
    language = "ko" if generator.random() < 0.4 else "en"
    own = [topic.name for topic in TOPICS if topic.language == language]
    names = [own[int(n)] for n in generator.choice(len(own), int(generator.integers(2, 5)), replace=False)]
    weights = generator.gamma(2.0, 1.0, len(names))
    by_week = []
    for week in range(weeks):
        if week > 0:
            weights = weights * np.exp(generator.normal(0.0, 0.35, len(weights)))
            if generator.random() < 0.25:
                faded = int(np.argmin(weights))
                names[faded] = [name for name in own if name not in names][
                    int(generator.integers(0, len(own) - len(names)))
                ]
                weights[faded] = weights.mean()
        by_week.append(
            {name: float(weight / weights.sum()) for name, weight in zip(names, weights, strict=True)}
        )
    return by_week


def _clicks(
    generator: Generator, user_id: str, interests: list[dict[str, float]], by_topic: dict[str, list[Document]]
) -> list[Click]:
    clicks = []
    activity = generator.gamma(3.0, 1.5)
    for week, shares in enumerate(interests):
        for at in np.sort(generator.integers(0, WEEK, int(generator.poisson(activity)))):
            now = BEGIN + week * WEEK + int(at)
            topic = list(shares)[int(generator.choice(len(shares), p=list(shares.values())))]
            published = [document for document in by_topic[topic] if (document.published_at or 0) <= now]
            if published:
                document = published[max(0, len(published) - 1 - int(generator.exponential(4.0)))]
                clicks.append(Click(user_id, document.id, at=float(now)))
    return clicks
