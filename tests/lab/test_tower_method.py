"""Towers in the lab: trained on nothing but what may be known by then, kept in the cache, and asked like any
method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.lab.conftest import drawn_rows

from penchant.lab import registry, tower_method
from penchant.lab.blend_method import documents_of
from penchant.lab.log import make_log
from penchant.lab.outcomes import ask
from penchant.lab.protocols import Rules, full, live
from penchant.lab.texts import remembered
from penchant.lab.tower_method import How, TowerAlone, Trainings

pytest.importorskip("torch")

SMALL = {"width": 16, "wide": 16, "epochs": 3, "batch": 16, "history": 8}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    towers = {
        name: asks._replace(changes={**asks.changes, **SMALL}) for name, asks in tower_method.TOWERS.items()
    }
    monkeypatch.setattr(tower_method, "TOWERS", towers)


@pytest.fixture(scope="module")
def shop():
    return make_log("shop", *drawn_rows(users=90, clock=False))


def given(log, trial, cache, seen=None):
    texts = remembered("corpus", log.titles, cache)
    vectors = texts.encode(log.titles)
    how = How(cache, 1, 0, (seen if seen is not None else []).append)
    return registry.Given(log, trial, vectors, texts, documents_of(log), how=how)


@pytest.mark.parametrize(
    "name", ["LEARN", "LEARN without ids", "REMI", "EIMF by units", "EIMF by titles", "blend with LEARN"]
)
def test_every_tower_can_be_asked_and_the_same_again_from_the_cache(name, shop, tmp_path):
    trial = full(shop, Rules(users=20))
    seen: list[str] = []
    made = given(shop, trial, tmp_path, seen)
    first = ask(registry.make(name, made), trial, ()).ranks
    trained = len(seen)
    assert any("training on" in text for text in seen)
    assert np.array_equal(ask(registry.make(name, made), trial, ()).ranks, first)
    assert len(seen) == trained, "from the cache"
    assert len(np.unique(first)) > 20


def test_what_comes_after_the_training_changes_no_tower(tmp_path):
    log = make_log("drawn", *drawn_rows(users=90))
    trial = live(log, Rules())
    made = given(log, trial, tmp_path)
    trainings = made.trainings("LEARN")
    moments = trainings.moments
    assert len(moments) >= 2
    assert moments[0] == trial.cases[0].learned
    assert [trainings.known(learned) for learned in (moments[0] - 1, moments[0], moments[1] - 1, moments[1])] == [
        None, moments[0], moments[0], moments[1],
    ]  # fmt: skip
    changed = trial.training.documents.copy()
    changed[moments[1] :] = changed[moments[1] :][::-1]
    other = replace(trial, training=replace(trial.training, documents=changed))
    same = replace(trainings, trial=other)
    one, two = trainings.tower(moments[1]), same.tower(moments[1])
    assert one is not None
    assert two is not None
    assert all(np.array_equal(value, two.weights[part]) for part, value in one.weights.items())


def test_with_too_few_readers_there_is_no_tower_and_nothing_is_said(tmp_path):
    log = make_log("few", *drawn_rows(users=20, clock=False))
    trial = full(log, Rules())
    seen: list[str] = []
    method = registry.make("LEARN", given(log, trial, tmp_path, seen))
    assert isinstance(method, TowerAlone)
    method.learn(trial.training)
    case = trial.cases[0]
    assert not method.score(case.user, case.candidates, case.at).any()
    assert any("no tower yet: " in text and "needs 50" in text for text in seen)
    blended = ask(registry.make("blend with LEARN", given(log, trial, tmp_path)), trial, ())
    plain = ask(registry.make("blend", given(log, trial, tmp_path)), trial, ())
    assert np.array_equal(blended.ranks, plain.ranks)


def test_a_tower_as_served_answers_as_the_product_does(shop, tmp_path):
    trial = full(shop, Rules(users=5))
    made = given(shop, trial, tmp_path)
    trainings: Trainings = made.trainings("LEARN")
    (moment,) = trainings.moments
    alone, adopted = TowerAlone(trainings), trainings.adopted(moment)
    alone.learn(trial.training)
    case = trial.cases[0]
    scores = alone.score(case.user, case.candidates, case.at)
    vectors = adopted.index.vectors(case.candidates.astype(np.int64))
    read = trial.training.documents[trial.training.of_user[case.user]].astype(np.int64)
    from penchant.towers import History

    ids = trainings.ids
    reader = adopted.reader(read, lambda rows: History([ids[row] for row in rows], made.vectors[rows]))
    assert np.allclose(vectors @ reader[0], scores, atol=1e-4)
