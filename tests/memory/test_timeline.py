"""The newest documents, whatever came, went and changed: what sorting everything says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant import Document
from penchant.memory.documents import Documents, numbered

times = st.none() | st.integers(0, 12).map(float)
events = st.lists(st.tuples(st.integers(0, 7), times, st.sampled_from(["put", "hide", "drop"])), max_size=30)


@given(events, st.integers(1, 4), st.integers(0, 12))
def test_the_newest_are_what_sorting_all_finds(log, count, at):
    documents, there = Documents(), {}
    for number, published_at, what in log:
        name = f"d{number}"
        if what == "drop" and name in documents:
            documents.drop(documents.row(name))
            there.pop(name)
        elif what != "drop":
            given_ = Document(name, "A title", published_at=published_at, hidden=what == "hide")
            documents.put(numbered([given_], documents, documents.next_row, 0)[0])
            there[name] = given_
        documents.newest(count, float(at))  # as questions come between the changes
    found = documents.newest(count, float(at))
    times = [
        d.published_at
        for d in there.values()
        if not d.hidden and d.published_at is not None and d.published_at <= at
    ]
    named = [documents.at_row(row) for row in found.tolist()]
    assert len({each.id for each in named}) == len(named) == min(count, len(times))
    assert sorted(each.published_at for each in named) == sorted(times)[len(times) - len(named) :]


def test_the_latest_documents_with_a_term_and_no_more_than_ten():
    documents = Documents()
    given_ = [Document(f"d{n}", "Sourdough bread" if n % 2 else "Tomatoes") for n in range(40)]
    documents.put(numbered(given_, documents, 0, 0)[0])
    bread = documents.facts(np.array([1])).terms[0]
    term = bread[bread >= 0][:1]
    assert sorted(documents.traits.latest_with(term).tolist()) == list(range(21, 40, 2))
    documents.put(numbered([Document("new", "Sourdough bread")], documents, 40, 0)[0])
    assert sorted(documents.traits.latest_with(term).tolist()) == [*range(23, 40, 2), 40]
    assert not len(documents.traits.latest_with(np.zeros(0, np.int32)))


def test_a_document_that_comes_again_drives_no_other_out():
    documents = Documents()
    bread = [Document(f"d{n}", "Sourdough bread") for n in range(10)]
    documents.put(numbered(bread, documents, 0, 0)[0])
    terms = documents.facts(np.array([0])).terms[0]
    documents.traits.latest_with(terms[:1])
    for price in range(5):
        again = [Document("d0", "Sourdough bread", attributes={"price": float(price)})]
        documents.put(numbered(again, documents, 10, 0)[0])
    assert sorted(documents.traits.latest_with(terms[:1]).tolist()) == list(range(10))
