"""Names of interests: words that their documents share and others do not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Click, Document, Engine, Settings
from penchant.memory.facts import BUCKETS, Words
from penchant.memory.traits import number_of
from penchant.rank.naming import name_of
from penchant.testing import HashingEmbedder
from penchant.text import key_terms

AT = 1_700_000_000.0


def named(titles, others=()) -> list[str]:
    """The parts of the name of a unit of these titles, in a community that has others."""
    terms = [key_terms(title) for title in titles]
    counts = np.zeros(BUCKETS, np.int32)
    for one in (*terms, *map(key_terms, others)):
        np.add.at(counts, sorted({number_of(term) for term in one}), 1)
    held = np.full((len(titles), 12), -1, np.int32)
    for row, one in enumerate(terms):
        held[row, : len(one)] = [number_of(term) for term in one]
    every = sorted({term for one in terms for term in one})
    return name_of(every, held, Words(counts, len(titles) + len(others)))


def test_a_name_is_what_most_documents_share_and_others_do_not():
    others = [f"news of the shop number {n}" for n in range(40)]
    photography = [
        "a lens for portraits",
        "news of the lens maker",
        "which lens suits portraits",
        "portraits in snow",
        "a folding bicycle",
    ]
    assert named(photography, others) == ["lens", "portraits"]
    assert named(["news of the shop", "the shop again", "the shop closed"], others) == []


def test_phrases_come_before_their_words_and_forms_count_together():
    others = [f"bread {n}" for n in range(40)]
    titles = ["Running on Google Cloud", "Google Cloud prices", "on Google Cloud again", "a talk at Google"]
    assert named(titles, others) == ["Google Cloud"]
    assert named([*titles, "what Google does", "by Google"], others) == ["google"]


def test_where_no_word_is_common_most_documents_have_one_of_the_words():
    others = [f"bread {n}" for n in range(40)]
    titles = [
        "the bank of old",
        "a bank of salt",
        "coins found",
        "old coins",
        "a fintech wins",
        "fintech fails",
    ]
    assert named(titles, others) == ["fintech", "coins"] or set(named(titles, others)) <= {
        "fintech",
        "coins",
        "bank",
    }
    assert len(named(titles, others)) >= 2
    assert named(["one thing", "another text", "third words", "last of all"], others) == []


def test_words_that_only_open_titles_name_nothing():
    assert named([f"Add option {n}" for n in range(3)], [f"bread {n}" for n in range(40)]) == ["option"]


WORDS = [f"{first}{second}a" for first in "bdfgklm" for second in "aeiou"]


@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=12),
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), max_size=12),
)
def test_most_documents_have_the_words_of_a_name(titles, others):
    """Each of them, or where no word is that common, one of them."""
    parts = named(titles, others)
    holding = [[bool(re.search(rf"\b{part}\b", title)) for title in titles] for part in parts]
    if parts and any(sum(each) <= len(titles) / 2 for each in holding):
        assert sum(map(any, zip(*holding, strict=True))) > len(titles) / 2
    assert sum(len(part.split()) for part in parts) <= 4
    assert len(set(parts)) == len(parts)


@pytest.fixture
def engine():
    with Engine(HashingEmbedder(), index="exact", settings=Settings(threshold=0.3)) as made:
        made.add(
            [
                Document("d1", "A long title about the bread of old towns"),
                Document("d2", "rye bread"),
                Document("d3", "rye bread crumb"),
                *(Document(f"o{n}", f"match number {n} lost") for n in range(20)),
            ]
        )
        made.observe([Click("ana", "d2", AT), Click("ana", "d3", AT + 1), Click("bo", "d1", AT)])
        yield made


def test_units_have_names_and_a_headline_wherever_they_are_asked_for(engine):
    (unit,) = engine.units("ana")
    assert (unit.name, unit.headline, unit.size) == ("rye, bread", "rye bread crumb", 2)
    assert [near.unit.name for near in engine.why("ana", "d1").interests] == [unit.name]
    assert [[each.name for each in moment.units] for moment in engine.history("ana")] == [
        ["rye bread"],
        [unit.name],
    ]
    found = engine.recommend("ana", 1)[0]
    assert found.because.name == unit.name
    assert engine.user("ana").units[0].name == ""


def test_a_unit_of_one_document_is_called_by_the_words_of_its_title_in_their_order(engine):
    (unit,) = engine.units("bo")
    assert unit.name.split(", ") == sorted(unit.name.split(", "), key=unit.headline.find)
    assert set(unit.name.split(", ")) <= set(key_terms(unit.headline))


def test_a_removed_document_takes_its_title_along_and_leaves_the_unit_a_name(engine):
    engine.remove(["d2", "d3"])
    (unit,) = engine.units("ana")
    assert unit.name == unit.headline == unit.title
