from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lab.conftest import DAY, START, drawn_rows

from penchant import Click, Document, InvalidQuery, LeakFound
from penchant.lab import protocols
from penchant.lab.cases import Trial, check_no_leak
from penchant.lab.log import Clicks, Log, make_log
from penchant.lab.protocols import Rules

FEW = Rules(negatives=30)
MAKERS = {
    "ira": lambda log, vectors: protocols.ira(log, vectors, FEW),
    "uniform": lambda log, vectors: protocols.ira(log, vectors, replace(FEW, candidates="uniform")),
    "shift A": lambda log, vectors: protocols.shift(log, vectors, replace(FEW, fewest=8), through="A"),
    "shift A+B": lambda log, vectors: protocols.shift(log, vectors, replace(FEW, fewest=8)),
    "full": lambda log, vectors: protocols.full(log, FEW),
    "live": lambda log, vectors: protocols.live(log, FEW),
    "eimf": lambda log, vectors: protocols.eimf(log, FEW),
    "comirec": lambda log, vectors: protocols.comirec(log, FEW),
    "leave-one-out": lambda log, vectors: protocols.leave_one_out(log, FEW),
    "validation": lambda log, vectors: protocols.validation(log, FEW),
}
everyone = pytest.mark.parametrize("protocol", MAKERS)


def known_pairs(trial: Trial, learned: int) -> set[tuple[int, int]]:
    part = trial.training[:learned]
    return set(zip(part.users.tolist(), part.documents.tolist(), strict=True))


@everyone
def test_no_protocol_lets_a_method_see_a_test_click(protocol, log, vectors):
    trial = MAKERS[protocol](log, vectors)
    check_no_leak(trial)
    for case in trial.cases:
        known = known_pairs(trial, case.learned)
        assert not known & {(case.user, document) for document in case.relevant.tolist()}


@everyone
def test_candidates_hold_what_was_clicked_and_nothing_that_was_known(protocol, log, vectors):
    trial = MAKERS[protocol](log, vectors)
    for case in trial.cases:
        assert np.isin(case.relevant, case.candidates).all()
        assert (np.diff(case.candidates) > 0).all()
        of_user = [document for user, document in known_pairs(trial, case.learned) if user == case.user]
        if protocol != "comirec":  # there the history may be found again
            assert not np.isin(of_user, case.candidates).any()


@everyone
def test_a_planted_leak_is_caught(protocol, log, vectors):
    trial = MAKERS[protocol](log, vectors)
    case = trial.cases[-1]
    stolen = Clicks(
        np.append(np.int32(case.user), trial.training.users).astype(np.int32),
        np.append(case.relevant[:1], trial.training.documents).astype(np.int32),
        np.append(0.0, trial.training.at),
    )
    leaky = replace(trial, training=stolen, cases=[replace(case, learned=len(stolen))])
    if trial.prequential:  # there the click itself is in the training, later: only the earlier copy is a leak
        leaky = replace(leaky, training=stolen[:1], cases=[replace(case, learned=1)])
    with pytest.raises(LeakFound, match=rf"user {case.user}"):
        check_no_leak(leaky)


@pytest.mark.parametrize("protocol", ["ira", "uniform", "full", "shift A+B"])
def test_another_test_click_of_one_user_changes_no_other_users_case(protocol):
    documents, clicks = drawn_rows()
    last = max((click for click in clicks if click.user_id == "u3"), key=lambda click: click.at)
    unseen = {d.id for d in documents} - {click.document_id for click in clicks if click.user_id == "u3"}
    other = replace_click(clicks, last, sorted(unseen)[7])
    before, after = make_log("x", documents, clicks), make_log("x", documents, other)
    assert before.user_ids == after.user_ids
    mine = before.user_ids.index("u3")
    rows = np.array([[(n * 7 + k) % 11 for k in range(8)] for n in range(len(documents))], np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows - rows.mean(axis=0)
    first, second = MAKERS[protocol](before, rows), MAKERS[protocol](after, rows)
    assert [case.user for case in first.cases] == [case.user for case in second.cases]
    for one, two in zip(first.cases, second.cases, strict=True):
        if one.user != mine:
            assert (one.at, one.learned) == (two.at, two.learned)
            assert one.candidates.tolist() == two.candidates.tolist()
            assert one.relevant.tolist() == two.relevant.tolist()
    for name in ("users", "documents", "at"):
        assert np.array_equal(getattr(first.training, name), getattr(second.training, name))


def replace_click(clicks: list[Click], gone: Click, document: str) -> list[Click]:
    return [Click(c.user_id, document, c.at) if c is gone else c for c in clicks]


def test_ira_asks_users_with_15_to_200_clicks_for_their_last_five(log, vectors):
    trial = protocols.ira(log, vectors, FEW)
    counts = np.bincount(log.clicks.users)
    assert trial.users() == np.flatnonzero((counts >= 15) & (counts <= 200)).tolist()
    for case in trial.cases:
        positions = log.clicks.of_user[case.user]
        assert case.relevant.tolist() == log.clicks.documents[positions[-5:]].tolist()
    assert len(trial.training) == len(log.clicks) - 5 * len(trial.cases)


def test_ira_draws_negatives_that_are_far_from_every_test_document(log, vectors):
    for case in protocols.ira(log, vectors, FEW).cases:
        others = np.setdiff1d(case.candidates, case.relevant)
        assert len(others) == 30
        assert (vectors[others] @ vectors[case.relevant].T < 0.4).all()
    uniform = protocols.ira(log, vectors, replace(FEW, candidates="uniform"))
    near = [
        (vectors[np.setdiff1d(c.candidates, c.relevant)] @ vectors[c.relevant].T >= 0.4).any()
        for c in uniform.cases
    ]
    assert any(near)


def test_ira_draws_the_same_for_the_same_seed_and_other_for_another(log, vectors):
    first, again = protocols.ira(log, vectors, FEW), protocols.ira(log, vectors, FEW)
    other = protocols.ira(log, vectors, replace(FEW, seed=1))
    assert all(
        np.array_equal(a.candidates, b.candidates) for a, b in zip(first.cases, again.cases, strict=True)
    )
    assert any(
        not np.array_equal(a.candidates, b.candidates) for a, b in zip(first.cases, other.cases, strict=True)
    )


def test_fewer_users_are_some_of_all_and_what_they_may_know_stays(log, vectors):
    everybody, some = protocols.ira(log, vectors, FEW), protocols.ira(log, vectors, replace(FEW, users=5))
    assert len(some.cases) == 5
    by_user = {case.user: case for case in everybody.cases}
    assert all(np.array_equal(case.candidates, by_user[case.user].candidates) for case in some.cases)
    assert np.array_equal(some.training.documents, everybody.training.documents)


def test_live_by_hand():
    documents = [
        Document("old", "x", published_at=START - 70 * DAY),
        *(Document(f"h{n}", "x", published_at=START) for n in range(5)),
        Document("new", "x", published_at=START + DAY),
        Document("later", "x", published_at=START + 9 * DAY),
    ]
    reads = [Click("u", f"h{n}", START + n) for n in range(5)]
    first = Click("v", "new", START + 2 * DAY)
    hit = Click("u", "new", START + 3 * DAY)
    trial = protocols.live(make_log("x", documents, [*reads, first, hit]))
    (case,) = trial.cases  # the clicks before it are a user's first five, or a document's first
    assert (case.learned, case.at) == (6, START + 3 * DAY)
    assert [documents[row].id for row in case.candidates] == [
        "new"
    ]  # what u has read, is too old or not yet there is left out
    assert trial.periods == ["2023-W46"]


def test_live_needs_a_clock_and_honest_times(clockless):
    with pytest.raises(InvalidQuery, match="positions and no clock"):
        protocols.live(clockless)
    own = [Document(f"d{n}", "x", published_at=START + n) for n in range(30)]
    with pytest.raises(InvalidQuery, match="rank by the answer"):
        protocols.live(make_log("x", own, [Click("u", f"d{n}", START + n) for n in range(30)]))


def test_full_shows_what_was_published_in_the_window_and_learns_nothing_after_the_first_test_click(log):
    trial = protocols.full(log, replace(FEW, window_days=20))
    assert [case.learned for case in trial.cases] == sorted(case.learned for case in trial.cases)
    for case in trial.cases:
        positions = log.clicks.of_user[case.user][-5:]
        first, last = log.clicks.at[positions[0]], log.clicks.at[positions[-1]]
        assert case.at == first
        assert (trial.training.at[: case.learned] < first).all()
        assert (trial.training.at[case.learned :] >= first).all()
        shown = log.published[np.setdiff1d(case.candidates, case.relevant)]
        assert ((shown >= first - 20 * DAY) & (shown <= last)).all()


def test_full_without_a_clock_shows_everything_not_clicked(clockless):
    for case in protocols.full(clockless, FEW).cases:
        history = clockless.clicks.documents[clockless.clicks.of_user[case.user][:-5]]
        assert len(case.candidates) == len(clockless.documents) - len(history)


def test_shift_learns_a_or_a_and_b_and_trains_peers_on_a(log, vectors):
    before, after = MAKERS["shift A"](log, vectors), MAKERS["shift A+B"](log, vectors)
    start, end = log.clicks.at.min(), log.clicks.at.max()
    third = (end - start) / 3
    assert before.training.at.max() < start + third <= after.training.at.max() < start + 2 * third
    assert before.trained_on == after.trained_on == len(before.training)
    for one, two in zip(before.cases, after.cases, strict=True):
        assert np.array_equal(one.candidates, two.candidates)
        assert (log.clicks.at[log.clicks.of_user[one.user][-5:]] >= start + 2 * third).all()


def test_shift_without_a_clock_goes_by_position(clockless, vectors):
    trial = protocols.shift(clockless, vectors, replace(FEW, fewest=15))
    for case in trial.cases:
        total = len(clockless.clicks.of_user[case.user])
        known = int((trial.training.users == case.user).sum())
        assert known == sum(position * 3 // total < 2 for position in range(total))


def test_comirec_trains_on_nobody_who_is_asked_and_ranks_all_documents(log):
    trial = protocols.comirec(log)
    asked = set(trial.users())
    assert asked
    trained, history = trial.training[: trial.trained_on], trial.training[trial.trained_on :]
    assert not asked & set(trained.users.tolist())
    assert set(history.users.tolist()) == asked
    assert len(set(trained.users.tolist())) > 7 * len(asked)
    for case in trial.cases:
        own = log.clicks.documents[log.clicks.of_user[case.user]]
        known = history.documents[history.users == case.user]
        assert np.concatenate([known, case.relevant]).tolist() == own.tolist()
        assert len(known) == 4 * len(own) // 5
        assert len(case.candidates) == len(log.documents)


def test_eimf_predicts_the_last_fifth(log):
    trial = protocols.eimf(log)
    assert len(trial.cases) == len(log.user_ids) // 10
    for case in trial.cases:
        total = len(log.clicks.of_user[case.user])
        assert len(case.relevant) == max(1, total // 5)


def test_leave_one_out_asks_for_the_last(log):
    trial = protocols.leave_one_out(log)
    assert len(trial.cases) == len(log.user_ids)
    for case in trial.cases:
        assert case.relevant.tolist() == [log.clicks.documents[log.clicks.of_user[case.user][-1]]]


def test_validation_asks_users_that_no_test_asks_and_knows_no_test_click(log, vectors):
    trial = protocols.validation(log, FEW)
    test = protocols.full(log, FEW)
    assert not set(trial.users()) & set(test.users())
    held_out = {(case.user, document) for case in test.cases for document in case.relevant.tolist()}
    assert not held_out & known_pairs(trial, len(trial.training))


def test_nobody_to_ask_is_said(vectors, log):
    with pytest.raises(InvalidQuery, match="no user has 500 to 600 clicks"):
        protocols.ira(log, vectors, Rules(fewest=500, most=600))


def test_segments_are_told_at_the_moment_of_the_question(log, vectors):
    trial = protocols.ira(log, vectors, FEW)
    counts = np.bincount(trial.training.documents, minlength=len(log.documents))
    relevant = np.concatenate([case.relevant for case in trial.cases])
    assert trial.segments["cold documents (no reader so far)"].tolist() == (counts[relevant] == 0).tolist()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 400)), min_size=12, max_size=120)
)
def test_live_never_leaks_whatever_the_log(rows: list[tuple[int, int, int]]):
    documents = [Document(f"d{n}", "x", published_at=START + n * DAY) for n in range(13)]
    clicks = [Click(f"u{u}", f"d{d}", START + 20 * DAY + m * DAY / 10) for u, d, m in rows]
    made: Log = make_log("x", documents, clicks)
    try:
        trial = protocols.live(made, Rules(earlier=1, warm_up=0.0))
    except InvalidQuery:
        return
    check_no_leak(trial)
    for case in trial.cases:
        assert case.at == made.clicks.at[case.learned]
        assert made.clicks.documents[case.learned] == case.relevant[0]


def test_documents_that_never_say_when_they_were_published_stay_available(log):
    films = make_log("films", [Document(d.id, d.title) for d in log.documents], [
        Click(log.user_ids[u], log.documents[d].id, at + 500 * DAY * (at > START + 60 * DAY))
        for u, d, at in zip(log.clicks.users, log.clicks.documents, log.clicks.at.tolist(), strict=True)
    ])  # fmt: skip
    last = protocols.live(films).cases[-1]
    clicked = np.unique(films.clicks.documents[: last.learned])
    mine = films.clicks.documents[: last.learned][films.clicks.users[: last.learned] == last.user]
    assert last.candidates.tolist() == np.setdiff1d(clicked, mine).tolist()
    for case in protocols.full(films, FEW).cases:
        assert len(case.candidates) == len(films.documents) - len(films.clicks.of_user[case.user]) + 5
