"""Exploration: draws about the blend's weights, wider where it knows less; the same question, the same answer;
propensities that say how often a document is shown; lessons that weigh by them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from penchant import Click, Engine, InvalidQuery, Settings
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


def test_draws_are_about_the_weights_and_as_wide_as_is_explored():
    random = np.random.default_rng(0)
    mean = weights_of(Blend(), NAMES)
    spreads = []
    for explore in (0.0, 0.5, 1.0):
        drawn = np.hstack(
            [exploring.drawn_weights(Blend(), NAMES, Settings(), explore, random) for _ in range(30)]
        )
        assert drawn.shape == (3, 30 * exploring.DRAWS)
        assert drawn.mean(axis=1) == pytest.approx(mean, abs=0.05)
        spreads.append(drawn.std(axis=1))
    assert spreads[0] == pytest.approx(0.0, abs=1e-9)
    assert spreads[1] == pytest.approx(spreads[2] / 2, rel=0.25)


def test_what_clicks_taught_is_explored_less():
    engine = Engine("corpus", index="exact")
    community = simulate(seed=1, users=60, titles_per_topic=20)
    engine.add(community.documents)
    random = np.random.default_rng(0)
    before = exploring.drawn_weights(engine._state.blend, NAMES, Settings(), 1.0, random).std(axis=1)
    engine.observe(community.clicks)
    after = exploring.drawn_weights(engine._state.blend, NAMES, Settings(), 1.0, random).std(axis=1)
    assert after[0] < before[0] / 2, "of words every click tells something"


def test_documents_that_nobody_read_are_explored_most():
    drawn = exploring.drawn_worth(np.array([0.0, 3.0, 99.0]), 1.0, np.random.default_rng(0))
    assert drawn.std(axis=1) == pytest.approx([1.0, 0.5, 0.1], rel=0.5)


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
