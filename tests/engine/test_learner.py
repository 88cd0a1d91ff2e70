"""The way of clicks through the engine: however they are cut into calls, the same is learned."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Click, Document, Engine, Settings
from penchant.engine import learner
from penchant.errors import StateFull
from penchant.testing import HashingEmbedder

NOW = 1_700_000_000.0
WORDS = (
    "vector index",
    "query planner",
    "rye bread",
    "sourdough starter",
    "bread index",
    "trail running",
    "trail shoes",
)
DOCUMENTS = [
    Document(
        f"d{n}",
        f"{WORDS[n % len(WORDS)]} number{n}",
        published_at=NOW - 86_400 * (n + 1),
        attributes={"odd": n % 2 == 1},
    )
    for n in range(14)
]
SETTINGS = Settings(reads_kept=3, seen_kept=4, history_kept=5, keep_small=3, keep_big=2, big_size=3)

events = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 13), st.integers(0, 5)), min_size=1, max_size=60
)


@pytest.fixture(autouse=True)
def _every_other_click_is_a_lesson(monkeypatch):
    monkeypatch.setattr(learner, "is_learned", lambda offered: offered % 2 == 0)


def made() -> Engine:
    engine = Engine(HashingEmbedder(), index="exact", settings=SETTINGS)
    engine.add(DOCUMENTS)
    return engine


def clicks_of(log) -> list[Click]:
    """In the order of their times, some at the same time."""
    times = np.cumsum([gap for _, _, gap in log])
    return [Click(user, f"d{row}", NOW + float(at)) for (user, row, _), at in zip(log, times, strict=True)]


def everything(engine: Engine) -> dict[str, object]:
    trails, rows = engine._state.trails, np.arange(len(DOCUMENTS))
    numbers = {trails.number(user): user for user in "abcd"}
    segments = trails.readers(rows, 1_000)
    spans = zip(segments.start.tolist(), segments.end.tolist(), strict=True)
    entries = trails.entries
    return {
        "units": {
            user: [
                (u.text, u.terms, u.size, u.documents, u.updated_at, u.embedding.tobytes())
                for u in engine.units(user)
            ]
            for user in "abcd"
        },
        "seen": {user: (engine.user(user).seen, engine.user(user).history) for user in "abcd"},
        "trails": {user: engine.reads(user) for user in "abcd"},
        "readers": [
            [
                (numbers[int(entries.numbers[n])], float(entries.at[n]), entries.before[n].tolist())
                for n in range(start, end)
            ]
            for start, end in spans
        ],
        "latest": trails.latest().tolist(),
        "popularity": [engine._state.documents.popularity(row) for row in rows.tolist()],
        "blend": engine.blend.weights(),
        "offered": engine._state.blend.offered,
        "at": engine.latest_at,
    }


@given(events, st.lists(st.integers(0, 60), max_size=6))
def test_what_is_learned_does_not_depend_on_how_clicks_are_cut_into_calls(log, cuts):
    clicks = clicks_of(log)
    with made() as one_by_one, made() as cut:
        for click in clicks:
            one_by_one.observe([click])
        bounds = [0, *sorted(min(cut_, len(clicks)) for cut_ in cuts), len(clicks)]
        for start, end in pairwise(bounds):
            cut.observe(clicks[start:end])
        assert everything(cut) == everything(one_by_one)


@given(events)
def test_what_is_told_changes_nothing(log):
    clicks = clicks_of(log)
    with made() as told, made() as silent:
        told.observe(clicks)
        assert silent.observe(clicks, tell=False) == []
        assert everything(silent) == everything(told)


def busy(engine: Engine, **how) -> Engine:
    for n in range(30):
        engine.observe([Click("abcd"[n % 4], f"d{n * 5 % 14}", NOW + n)], **how)
    return engine


def test_clicks_that_shall_not_teach_leave_the_blend_alone():
    with busy(made()) as taught, busy(made(), teach=False) as not_taught:
        assert taught.blend.weights() != not_taught.blend.weights() == made().blend.weights()
        assert not_taught.reads("a") == taught.reads("a")


def test_a_whole_log_in_one_call_teaches_the_blend():
    clicks = [Click("abcd"[n % 4], f"d{n * 5 % 14}", NOW + n) for n in range(30)]
    with made() as engine:
        engine.observe(clicks)
        assert engine._state.blend.learned > 3


def test_a_call_that_cannot_be_kept_changes_nothing(monkeypatch):
    with busy(made()) as engine:
        before = everything(engine)

        def full(*_):
            raise StateFull("no room left")

        monkeypatch.setattr(engine.store, "commit", full)
        with pytest.raises(StateFull):
            engine.observe([Click("abcd"[n % 4], f"d{n * 3 % 14}", NOW + 99 + n) for n in range(20)])
        assert everything(engine) == before
        assert learner.told([Click("a", "d1", 1.0)], [], [])[0].action == "ignored"


def test_after_a_call_that_could_not_be_kept_documents_are_smoothed_by_the_readers_they_have(monkeypatch):
    rows = np.arange(len(DOCUMENTS))

    def smoothed(engine: Engine) -> list[float]:
        known = engine._state.known()
        vectors = known.index.vectors(rows)
        return known.smoothed(vectors[0], rows, vectors).cosines.tolist()

    def full(*_):
        raise StateFull("no room left")

    read = [Click("a", "d1", NOW), Click("a", "d0", NOW + 1)]
    failed = [Click("cd"[n % 2], f"d{3 + n * 3 % 11}", NOW + 2 + n) for n in range(20)]
    later = [Click("b", "d2", NOW + 30), Click("b", "d0", NOW + 31)]
    with made() as engine, made() as never_failed:
        for each in (engine, never_failed):
            each.observe(read)
            smoothed(each)
        with monkeypatch.context() as patched:
            patched.setattr(engine.store, "commit", full)
            with pytest.raises(StateFull):
                engine.observe(failed)
        for each in (engine, never_failed):
            each.observe(later, teach=False)
        assert smoothed(engine) == smoothed(never_failed)
