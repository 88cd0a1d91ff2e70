from __future__ import annotations

import numpy as np
import pytest

from penchant import Click, Document, InvalidQuery
from penchant.lab.log import make_log

DOCUMENTS = [Document("a", "bread", published_at=2e9), Document("b", "rye"), Document("c", "oven")]


def test_clicks_are_ordered_by_time_and_a_second_click_on_a_document_is_left_out():
    log = make_log(
        "x",
        DOCUMENTS,
        [Click("u", "b", 3e9), Click("v", "a", 2e9), Click("u", "a", 1e9), Click("u", "b", 2.5e9)],
    )
    assert [(log.user_ids[u], log.documents[d].id) for u, d in zip(log.clicks.users, log.clicks.documents, strict=True)] == [
        ("u", "a"), ("v", "a"), ("u", "b")
    ]  # fmt: skip
    assert log.clicks.at.tolist() == [1e9, 2e9, 2.5e9]


def test_clicks_of_the_same_moment_keep_the_order_given():
    log = make_log("x", DOCUMENTS, [Click("u", "c", 1e9), Click("u", "a", 1e9), Click("u", "b", 1e9)])
    assert [log.documents[d].id for d in log.clicks.documents] == ["c", "a", "b"]


def test_positions_are_no_clock():
    assert not make_log("x", DOCUMENTS, [Click("u", "a", 0), Click("u", "b", 1)]).clock
    assert make_log("x", DOCUMENTS, [Click("u", "a", 1.6e9)]).clock


def test_a_document_without_a_publication_counts_from_its_first_click():
    log = make_log("x", DOCUMENTS, [Click("u", "b", 1.5e9), Click("v", "b", 1.4e9)])
    assert log.published[:2].tolist() == [2e9, 1.4e9]
    assert np.isnan(log.published[2])


def test_documents_published_by_their_only_click_are_noticed():
    own = [Document(f"d{n}", "x", published_at=1e9 + n) for n in range(4)]
    assert make_log("x", own, [Click("u", f"d{n}", 1e9 + n) for n in range(4)]).publication_is_click
    shared = [Click(user, f"d{n}", 1e9 + n) for user in "uv" for n in range(4)]
    assert not make_log("x", own, shared).publication_is_click


def test_positions_of_a_user_are_in_order():
    log = make_log("x", DOCUMENTS, [Click("u", "a", 1e9), Click("v", "a", 2e9), Click("u", "b", 3e9)])
    assert {user: found.tolist() for user, found in log.clicks.of_user.items()} == {0: [0, 2], 1: [1]}


def test_nothing_to_evaluate_on_is_said():
    with pytest.raises(InvalidQuery, match="0 clicks are nothing to evaluate on"):
        make_log("x", DOCUMENTS, [])
