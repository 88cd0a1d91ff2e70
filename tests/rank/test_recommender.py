"""Recommendations by all evidence, asked of a whole engine: what speaks for them, what survives, what is forgotten."""

from __future__ import annotations

import numpy as np
import pytest

import penchant as pc
from penchant import Click, Document, Engine, Settings
from penchant.errors import InvalidQuery
from penchant.rank.evidence import kind_of, start_of
from penchant.rank.explanation import MARGIN
from penchant.testing import HashingEmbedder

NOW = 1_700_000_000.0
HOUR = 3_600.0
TOPICS = {
    "db": [
        "vector index tuning",
        "query planner statistics",
        "index build speed",
        "btree index pages",
        "vector query cache",
    ],
    "bread": [
        "rye bread baking",
        "sourdough starter feeding",
        "bread oven stones",
        "rye flour milling",
        "baking with steam",
    ],
}
DOCUMENTS = [
    Document(f"{topic}{n}", title, published_at=NOW - (n + 1) * HOUR, attributes={"topic": topic})
    for topic, titles in TOPICS.items()
    for n, title in enumerate(titles)
]


def ids(found) -> list[str]:
    return [each.document.id for each in found]


def made(directory=None, **changes) -> Engine:
    settings = Settings(**changes)
    make = Engine.open if directory is not None else lambda _, *a, **k: Engine(*a, **k)
    engine = make(directory, HashingEmbedder(), index="exact", settings=settings)
    engine.add(DOCUMENTS)
    return engine


@pytest.fixture
def engine():
    with made() as engine:
        yield engine


def busy(engine: Engine, *, teach: bool = True) -> Engine:
    """Ten readers, each of one topic, in a row."""
    at = NOW
    for n in range(10):
        for step in range(3):
            at += 60.0
            click = Click(f"u{n}", f"{'db' if n % 2 else 'bread'}{(n + step) % 5}", at=at)
            engine.observe([click], teach=teach)
    return engine


def test_scores_are_those_that_recommend_ranks_by(engine):
    busy(engine)
    found = engine.recommend("u1", 10, exclude_seen=False)
    scores = engine.score("u1", ids(found))
    assert [each.score for each in found] == pytest.approx(scores.tolist(), abs=1e-5)
    assert (np.diff(scores) <= 1e-6).all()


def test_all_evidence_is_told_and_the_unit_where_interests_speak_for_a_document(engine):
    busy(engine)
    found = engine.recommend("u1", 10, explain="full")
    for each in found:
        weights = {evidence.kind: evidence.weight for evidence in each.evidence}
        assert list(map(abs, weights.values())) == sorted(map(abs, weights.values()), reverse=True)
        assert isinstance(each.because, pc.InterestUnit) == (weights.get("interest", 0.0) >= MARGIN)
    assert {each.because is None for each in found} == {True, False}
    assert engine.recommend("u1", 3, explain=False)[0].evidence == ()


def test_what_others_with_the_same_reads_clicked_comes_first():
    with made(blend_learns=False) as engine:
        for n in range(6):
            engine.observe([Click(f"u{n}", "db0", at=NOW + n), Click(f"u{n}", "bread4", at=NOW + 100 + n)])
        engine.observe([Click("ana", "db0", at=NOW + 1_000)])
        with_readers = engine.score("ana", ["bread4"])[0] - engine.score("ana", ["bread3"])[0]
        for n in range(6):
            engine.forget(f"u{n}")
        without = engine.score("ana", ["bread4"])[0] - engine.score("ana", ["bread3"])[0]
    assert with_readers > without + 0.5


def test_of_a_forgotten_user_nothing_remains_in_others_answers():
    with made(blend_learns=False) as one, made(blend_learns=False) as other:
        for n in range(4):
            click = [Click(f"u{n}", f"db{n}", at=NOW + n), Click(f"u{n}", "bread1", at=NOW + 50 + n)]
            one.observe(click)
            if n != 2:
                other.observe(click)
        one.forget("u2")
        names = [document.id for document in DOCUMENTS]
        assert one.score("u1", names, at=NOW + 99).tolist() == pytest.approx(
            other.score("u1", names, at=NOW + 99).tolist(), abs=1e-5
        )


def test_everything_survives_closing_and_opening(tmp_path):
    with made(tmp_path) as engine:
        busy(engine)
        engine.dismiss("u1", "db4")
        engine.shown("u1", ["db0", "db0"])
        before = [(each.document.id, each.score) for each in engine.recommend("u1", 5)]
        weights = engine.blend.weights()
    with Engine.open(tmp_path, HashingEmbedder()) as again:
        assert again.blend.weights() == weights
        assert [each.document.id for each in again.recommend("u1", 5)] == [name for name, _ in before]
        assert [each.score for each in again.recommend("u1", 5)] == pytest.approx(
            [score for _, score in before], abs=1e-5
        )
        again.remove(["bread0"])
        again.recommend("u1", 5)


def test_a_replay_gives_the_same_blend():
    with busy(made()) as one, busy(made()) as other:
        assert one.blend.weights() == other.blend.weights() != made().blend.weights()


def test_a_frozen_blend_does_not_learn():
    with busy(made(blend_learns=False)) as engine:
        assert engine.blend.weights() == made().blend.weights()


def test_weights_can_be_set_and_reset(engine):
    busy(engine)
    engine.blend.set({"age": -9.0})
    assert engine.blend.weights()["age"] == -9.0
    fresh = engine.recommend("u1", 1, exclude_seen=False)[0].document
    assert fresh.published_at == max(document.published_at for document in DOCUMENTS)
    engine.blend.reset()
    assert engine.blend.weights() == made().blend.weights()
    with pytest.raises(pc.InvalidQuery, match="unknown evidence 'agee'"):
        engine.blend.set({"agee": 1.0})


def test_no_trails_is_off_by_one_switch():
    with busy(made(reads_kept=0, blend_learns=False)) as engine:
        found = engine.recommend("u1", 5)
        assert "readers" not in {evidence.kind for each in found for evidence in each.evidence}


def test_a_dismissed_document_goes_and_its_like_ranks_lower(engine):
    engine.observe([Click("ana", "db0", at=NOW), Click("ana", "bread0", at=NOW + 1)])
    names = [document.id for document in DOCUMENTS]
    before = dict(zip(names, engine.score("ana", names), strict=True))
    engine.dismiss("ana", "db2")
    after = dict(zip(names, engine.score("ana", names), strict=True))
    assert "db2" not in ids(engine.recommend("ana", 10))
    assert after["db3"] < before["db3"] - 0.01  # it shares words with what was dismissed
    assert after["bread1"] == pytest.approx(before["bread1"])
    with pytest.raises(pc.UnknownDocument):
        engine.dismiss("ana", "nothing")


def test_what_was_shown_stands_back_and_returns_with_clicks(engine):
    engine.observe([Click("ana", "db0", at=NOW)])
    first = engine.recommend("ana", 3)
    before = engine.score("ana", ids(first))
    engine.shown("ana", ids(first))
    assert engine.score("ana", ids(first)) == pytest.approx(before - 0.7, abs=0.01)
    lost = engine.score("ana", [first[0].document.id])[0]
    for n in range(1, 9):
        engine.observe([Click("ana", "db0", at=NOW + n)])
    assert engine.score("ana", [first[0].document.id], at=NOW)[0] > lost + 0.3


def test_near_duplicates_are_shown_once_unless_there_is_nothing_else():
    with Engine(HashingEmbedder(), index="exact") as engine:
        engine.add(
            [Document(f"same{n}", "vector index tuning guide", published_at=NOW) for n in range(3)]
            + DOCUMENTS
        )
        engine.observe([Click("ana", "db0", at=NOW)])
        found = ids(engine.recommend("ana", 4))
        assert sum(name.startswith("same") for name in found) == 1
        assert sum(name.startswith("same") for name in ids(engine.recommend("ana", 12))) == 3


@pytest.mark.parametrize(("days", "shown"), [(1, 1), (4, 2)])
def test_news_of_one_story_is_shown_once(days, shown):
    with Engine(HashingEmbedder(), index="exact") as engine:
        story = "vector index tuning guide for large catalogues and slow"
        told = [(f"{story} disks", 0), (f"{story} networks", days)]
        news = [
            Document(f"story{n}", title, published_at=NOW - 86_400.0 * day)
            for n, (title, day) in enumerate(told)
        ]
        engine.add(news + DOCUMENTS)
        engine.observe([Click("ana", "db0", at=NOW)])
        found = ids(engine.recommend("ana", 9))
        assert sum(name.startswith("story") for name in found) == shown


def test_a_source_adds_candidates_and_rank(engine):
    engine.observe([Click("ana", "db0", at=NOW)])
    plain = ids(engine.recommend("ana", 3))
    mine = pc.Source("my model", ["bread4", "bread3", "nothing known"], weight=500.0)
    found = engine.recommend("ana", 3, sources=[mine])
    assert ids(found)[:2] == ["bread4", "bread3"] != plain[:2]
    assert ids(engine.recommend("ana", 3, sources=[pc.Source("my model", ["bread4"], weight=0.0)])) == plain
    assert found[0].reasons[0].words == "recommended by my model"


def test_filters_hold_for_candidates_of_every_kind(engine):
    busy(engine)
    found = engine.recommend("u1", 10, where={"topic": "bread"}, sources=[pc.Source("s", ["db4", "bread4"])])
    assert found
    assert all(each.document.attributes["topic"] == "bread" for each in found)


def test_an_unclicked_document_published_by_its_click_teaches_no_freshness():
    """Its age is the answer: only interests, words and attributes may learn from it."""
    with made() as engine:
        start = engine.blend.weights()
        engine.observe([Click("ana", "db0", at=NOW)])
        for n in range(1, 4):
            engine.add([Document(f"new{n}", f"vector index tuning part {n}", published_at=NOW + 100 * n)])
            engine.observe([Click("ana", f"new{n}", at=NOW + 100 * n)])
        changed = {
            name
            for name, weight in engine.blend.weights().items()
            if abs(weight - start.get(name, start_of(name))) > 0.02 * abs(start.get(name, start_of(name)))
        }
    assert changed
    assert {kind_of(name) for name in changed} <= {"interest", "words", "attributes"}


def test_that_somebody_read_it_is_no_lesson_where_what_nobody_read_could_be_no_answer():
    """Without times of publication a first click teaches nothing about readers; what waits for one must not do so either."""
    with Engine(HashingEmbedder(), index="exact") as engine:
        engine.add([Document(document.id, document.title) for document in DOCUMENTS])
        engine.observe([Click("bob", "db0", at=NOW), Click("cy", "bread0", at=NOW)])
        engine.observe([Click("ana", "db1", at=NOW + 1)])
        start = engine.blend.weights()
        engine.observe([Click("ana", "db0", at=NOW + 2)])
        now = engine.blend.weights()
    assert now["any unit"] > start["any unit"]
    assert now["readers"] == pytest.approx(start["readers"], rel=0.02), (
        "no expert changed it; their shares did"
    )


def test_a_share_of_the_places_is_the_readers_own(engine):
    busy(engine)
    found = engine.recommend("u1", 9, personal=0.3)
    assert [place for place, each in enumerate(found) if each.personal] == [3, 6]
    assert not any(each.personal for each in engine.recommend("u1", 10, personal=0.0))
    assert all(each.personal for each in engine.recommend("u1", 10, personal=1.0))


def test_own_places_go_by_what_suits_the_reader_whatever_is_popular():
    """Everybody reads the news of the day; ana reads about bread. Bread has her places, and the first of them
    also right after her first click on it."""
    with made() as engine:
        engine.add([Document(f"news{n}", f"election results region{n}", published_at=NOW) for n in range(6)])
        for n in range(8):
            reads = [Click(f"u{n}", f"news{step % 6}", at=NOW + 60 * n + step) for step in range(n, n + 5)]
            engine.observe(reads)
        engine.observe([Click("ana", "bread0", at=NOW + 900)])
        own = [each for each in engine.recommend("ana", 4, personal=0.5, at=NOW + 901) if each.personal]
    assert own
    assert all("news" not in each.document.id for each in own[:1])


def test_what_personal_may_be(engine):
    busy(engine)
    for value in (-0.1, 1.1, "much", True):
        with pytest.raises(InvalidQuery, match="personal"):
            engine.recommend("u1", personal=value)
