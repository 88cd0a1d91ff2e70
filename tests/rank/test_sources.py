"""Each source proposes what it says, and all of them together what the recommender weighs."""

from __future__ import annotations

import numpy as np
import pytest

import penchant as pc
from penchant.rank.asked import ask
from penchant.rank.sources import SOURCES, proposed
from penchant.rank.sources.co_readers import CoReaders
from penchant.rank.sources.given import Given
from penchant.rank.sources.latest import LatestClicked
from penchant.rank.sources.newest import Newest
from penchant.rank.sources.units import NearUnits
from penchant.rank.sources.words import LikedWords
from rank.test_recommender import DOCUMENTS, NOW, busy, made


@pytest.fixture
def asked():
    with busy(made()) as engine:
        known = engine._state.known()
        yield ask(known, "u1", engine.user("u1"), known.trails.trail("u1"), NOW + 9_999, every_unit=True)


def names(asked, rows) -> set[str]:
    return set(asked.known.documents.ids(np.asarray(rows, np.int64)))


def test_the_newest_are_those_published_last(asked):
    assert names(asked, Newest().candidates(asked)) == {document.id for document in DOCUMENTS}


def test_the_latest_are_those_that_anybody_clicked(asked):
    rows = LatestClicked().candidates(asked)
    clicked = {
        name
        for user in range(10)
        for name, _ in [*((r, 0) for r in names(asked, asked.known.trails.trail(f"u{user}").rows))]
    }
    assert names(asked, rows) == clicked


def test_co_readers_give_what_those_read_who_read_the_same(asked):
    """u1 read of databases: no reader of bread has anything in common."""
    found = names(asked, CoReaders().candidates(asked))
    assert found
    assert all(name.startswith("db") for name in found)


def test_near_units_and_liked_words_are_of_the_reader_s_topic_first(asked):
    assert names(asked, asked.latest[0][:1])
    assert names(asked, NearUnits().candidates(asked)) >= names(asked, asked.latest[0])
    assert any(name.startswith("db") for name in names(asked, LikedWords().candidates(asked)))


def test_a_given_ranking_adds_its_known_documents_and_gains_by_place(asked):
    source = Given(pc.Source("editor", ["bread1", "nowhere", "db2", "bread1"], weight=2.0))
    rows = source.candidates(asked)
    assert [asked.known.documents.ids(rows)[n] for n in range(2)] == ["bread1", "db2"]
    other = asked.known.documents.row("db0")
    assert source.gains(asked, np.append(rows, other)) == [2.0, 2.0 * 60 / 61, 0.0]


def test_all_together_are_the_union_each_once(asked):
    every = np.unique(np.concatenate([source.candidates(asked) for source in SOURCES]))
    assert proposed(asked).tolist() == every.tolist()
    extra = Given(pc.Source("x", ["bread4"]))
    assert set(proposed(asked, [extra]).tolist()) == set(every.tolist()) | set(
        extra.candidates(asked).tolist()
    )
