"""A small community whose every number can be worked out by hand, and a larger one that is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import Click, Document
from penchant.lab.log import Log, make_log

WORDS = (
    "search vector graph cache index parser kernel socket bread rye oven crumb trail shoes hills mud".split()
)
DAY = 86_400.0
START = 1_700_000_000.0


def drawn_rows(
    users: int = 40, documents: int = 160, seed: int = 0, *, clock: bool = True
) -> tuple[list[Document], list[Click]]:
    """Readers who each have two topics, documents of four words of one topic, published over 120 days."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(documents):
        topic = number % 4
        words = rng.choice(WORDS[topic * 4 : topic * 4 + 4], 3, replace=False)
        at = START + number * 120 * DAY / documents
        made.append(Document(f"d{number}", f"{' '.join(words)} {number}", published_at=at if clock else None))
    clicks = []
    for user in range(users):
        topics = rng.choice(4, 2, replace=False)
        likes = [n for n in range(documents) if n % 4 in topics]
        chosen = np.sort(rng.choice(likes, rng.integers(8, 40), replace=False))
        for position, number in enumerate(chosen.tolist()):
            at = START + number * 120 * DAY / documents + float(rng.integers(60, int(DAY)))
            clicks.append(Click(f"u{user}", f"d{number}", at if clock else float(position)))
    return made, clicks


@pytest.fixture
def log() -> Log:
    return make_log("drawn", *drawn_rows())


@pytest.fixture
def clockless() -> Log:
    return make_log("clockless", *drawn_rows(clock=False))


@pytest.fixture
def vectors(log: Log) -> np.ndarray:
    """Titles as bags of words, of unit length: distant where no word is shared."""
    rows = np.array([[word in title.split() for word in WORDS] for title in log.titles], np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
