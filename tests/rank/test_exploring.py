"""Exploration: draws about the blend's weights, wider where it knows less; the same question, the same answer;
propensities that say how often a document is shown; lessons that weigh by them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from penchant import Click, Document, Engine, InvalidQuery, Settings
from penchant.data.simulated import simulate
from penchant.rank import exploring
from penchant.rank.blend import Blend, weights_of

NAMES = ("key terms", "all units", "age")


@pytest.fixture(scope="module")
def engine() -> Engine:
    community = simulate(seed=1, users=60, titles_per_topic=20)
    made = Engine("corpus", index="exact")
    made.add(community.documents)
    made.observe(community.clicks)
    return made


def ids(found) -> list[str]:
    return [each.document.id for each in found]


def test_draws_are_about_the_weights():
    random = np.random.default_rng(0)
    drawn = np.hstack([exploring.drawn_weights(Blend(), NAMES, Settings(), random) for _ in range(30)])
    assert drawn.shape == (3, 30 * exploring.DRAWS)
    assert drawn.mean(axis=1) == pytest.approx(weights_of(Blend(), NAMES), abs=0.05)
    assert (drawn.std(axis=1) > 0.05).all()


def test_what_clicks_taught_is_explored_less():
    engine = Engine("corpus", index="exact")
    community = simulate(seed=1, users=60, titles_per_topic=20)
    engine.add(community.documents)
    random = np.random.default_rng(0)
    before = exploring.drawn_weights(engine._state.blend, NAMES, Settings(), random).std(axis=1)
    engine.observe(community.clicks)
    after = exploring.drawn_weights(engine._state.blend, NAMES, Settings(), random).std(axis=1)
    assert after[0] < before[0] / 2, "of words every click tells something"


def drawn(readers: list[float], explore: float, names=("all units", "readers")) -> np.ndarray:
    """Scores of documents of the same interest, of which those that were read more have a higher score."""
    evidence = np.column_stack([np.ones(len(readers)), np.log1p(readers)])[:, : len(names)]
    random = np.random.default_rng(0)
    return np.hstack(
        [
            exploring.drawn_scores(Blend(), names, evidence, np.array(readers), Settings(), explore, random)[
                0
            ]
            for _ in range(40)
        ]
    )


def test_a_share_of_the_draws_explores():
    greedy = drawn([0.0, 3.0, 99.0], 0.0)
    assert np.ptp(greedy, axis=1) == pytest.approx(0.0, abs=1e-9)
    some = drawn([0.0, 3.0, 99.0], 0.3)
    explored = np.abs(some[0] - greedy[0, 0]) > 1e-9
    assert explored.mean() == pytest.approx(0.3, abs=0.05)


def test_what_nobody_read_is_explored_most_and_does_not_suffer_for_it():
    greedy, explored = drawn([0.0, 3.0, 99.0], 0.0)[:, 0], drawn([0.0, 3.0, 99.0], 1.0)
    same = drawn([0.0, 3.0, 99.0], 1.0, names=("all units",)).std(axis=1)
    assert same[0] > same[1] > same[2] > 0
    gained = explored.mean(axis=1) - greedy
    assert gained[0] > 0.3, "that it has no readers counts less"
    assert gained[0] > gained[1]


def test_what_was_shown_in_vain_is_explored_less(tmp_path):
    with Engine.open(tmp_path / "state", "corpus", index="exact") as engine:
        engine.add([Document(f"d{n}", f"bread number {n}") for n in range(4)])
        for _ in range(3):
            engine.shown("ana", ["d1", "d2", "nothing"])
        engine.shown("bob", ["d1"])
        rows = np.array([engine._state.documents.row(f"d{n}") for n in range(4)])
        assert engine._state.impressions.of(rows).tolist() == [0, 4, 3, 0]
        engine.remove(["d2"])
    with Engine.open(tmp_path / "state") as engine:
        assert engine._state.impressions.of(rows).tolist() == [0, 4, 0, 0]
    tried = exploring.tried(np.array([0.0, 0.0, 3.0]), np.array([0.0, 30.0, 0.0]))
    assert tried.tolist() == [0.0, 3.0, 3.0]


def test_what_nothing_else_finds_is_proposed():
    engine = Engine("corpus", index="exact", settings=Settings(candidates_per_unit=5))
    community = simulate(seed=1, users=60, titles_per_topic=20)
    engine.add([*community.documents, Document("lonely", "qwxz vbnm")])
    engine.observe(community.clicks)
    assert engine.why(engine.user_ids()[0], "lonely").left_out == "far"
    found = engine.recommend(engine.user_ids()[0], 30, personal=0.0, explain=False)
    assert "lonely" not in ids(found)
    lists = [
        engine.recommend(engine.user_ids()[0], 200, personal=0.0, explain=False, explore=1.0, at=1.8e9 + n)
        for n in range(8)
    ]
    assert any("lonely" in ids(found) for found in lists)


def test_the_same_question_has_the_same_answer_and_none_is_greedy(engine):
    user = engine.user_ids()[0]
    first = engine.recommend(user, 10, explore=1.0)
    assert ids(engine.recommend(user, 10, explore=1.0)) == ids(first)
    assert ids(engine.recommend(user, 10, explore=0.0)) == ids(engine.recommend(user, 10))
    assert all(each.propensity is None for each in engine.recommend(user, 10))
    others = {tuple(ids(engine.recommend(user, 10, explore=1.0, at=1.75e9 + n))) for n in range(5)}
    assert len(others) > 1, "another moment, another draw"


def test_a_propensity_is_how_often_a_document_is_shown(engine):
    user = engine.user_ids()[1]
    shown: Counter[str] = Counter()
    said: dict[str, list[float]] = {}
    moments = 40
    for n in range(moments):
        for each in engine.recommend(user, 8, explore=0.5, at=1.75e9 + n, explain=False):
            shown[each.document.id] += 1
            assert 0 < each.propensity <= 1
            said.setdefault(each.document.id, []).append(each.propensity)
    for name, times in shown.items():
        if times >= 10:
            assert np.mean(said[name]) == pytest.approx(times / moments, abs=0.2)


def test_a_click_on_what_was_hardly_ever_shown_teaches_more():
    taught = []
    for propensities in (None, [0.1], [0.001]):
        community = simulate(seed=1, users=30, titles_per_topic=10)
        engine = Engine("corpus", index="exact")
        engine.add(community.documents)
        engine.observe(community.clicks[:300], teach=False)
        user = community.clicks[0].user_id
        clicked = next(each for each in engine.recommend(user, 20))
        engine.shown(user, [clicked.document.id], propensities)
        before = engine.blend.weights()
        engine.observe([Click(user, clicked.document.id, engine.latest_at + 1)])
        after = engine.blend.weights()
        taught.append(sum(abs(after[name] - before[name]) for name in before))
    assert taught[0] < taught[1]
    assert taught[1] == pytest.approx(taught[2]), "ten times at most"


@pytest.mark.parametrize(
    ("propensities", "problem"),
    [([0.5, 0.5], "2 propensities for 1 documents"), ([0.0], "a propensity is 0.0"), ([True], "is True")],
)
def test_a_propensity_that_is_none_is_named(engine, propensities, problem):
    with pytest.raises(InvalidQuery, match=problem):
        engine.shown("ana", ["d0001"], propensities)


def test_how_far_to_explore_is_checked(engine):
    with pytest.raises(InvalidQuery, match="explore is 2"):
        engine.recommend(engine.user_ids()[0], explore=2)
