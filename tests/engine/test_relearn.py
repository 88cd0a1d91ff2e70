"""The blend of a state, learned anew from what its readers read: kept where it is better, and nothing else
changes."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import Click, Document, Engine
from penchant.errors import InvalidQuery
from penchant.testing import HashingEmbedder

NOW = 1_700_000_000.0
TOPICS = ("vector index", "rye bread", "trail shoes", "chess opening")


def community(clicks: int = 400, *, teach: bool = False) -> Engine:
    """Readers of one topic each, who do not care how old a document is."""
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(
        Document(f"{topic[:2]}{n}", f"{topic} story{n}", published_at=NOW - 86_400 * (n % 50))
        for topic in TOPICS
        for n in range(40)
    )
    random = np.random.default_rng(0)
    log = [
        Click(f"u{user}", f"{TOPICS[user % 4][:2]}{random.integers(40)}", NOW + 60 * n)
        for n, user in enumerate(random.integers(0, 40, clicks).tolist())
    ]
    engine.observe(log, teach=teach, tell=False)
    return engine


def everything(engine: Engine) -> list[object]:
    return [
        (engine.user(name).seen, engine.reads(name), engine.units(name)[0].text) for name in engine.user_ids()
    ]


def test_what_readers_read_teaches_a_blend_that_is_kept_where_it_is_better():
    with community() as engine:
        before, start = everything(engine), engine.blend.weights()
        told = engine.blend.relearn()
        assert told.kept
        assert told.after < told.before
        assert told.lessons > 50
        assert engine.blend.weights() != start
        assert engine.blend.lessons == told.lessons
        assert everything(engine) == before
        again = engine.blend.relearn()
        assert not again.kept or again.after < again.before


def test_a_blend_that_is_better_stays():
    with community(clicks=1_500, teach=True) as engine:
        taught, lessons = engine.blend.weights(), engine.blend.lessons
        told = engine.blend.relearn()
        assert told.lessons < lessons / 2, "the later third teaches"
        assert not told.kept
        assert told.before <= told.after
        assert (engine.blend.weights(), engine.blend.lessons) == (taught, lessons)


def test_too_few_clicks_are_said_to_be_too_few():
    with community(clicks=30) as engine, pytest.raises(InvalidQuery, match="clicks are too few"):
        engine.blend.relearn()


def test_progress_is_told():
    stages = set()
    with community() as engine:
        engine.blend.relearn(progress=lambda stage, done, of: stages.add(stage))
    assert stages == {"replay", "lessons"}


def test_what_a_tower_is_worth_stays_as_it_was_learned():
    with community() as engine:
        engine.blend.set({"gone on to": 2.5})
        assert engine.blend.relearn().kept
        assert engine.blend.weights()["gone on to"] == 2.5
        assert engine.blend.weights()["key terms"] != 0.249
