"""Protocols: pure functions from a click log to a trial. What is asked of whom, when, and what may be known
by then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.lab.cases import Case, Trial
from penchant.lab.log import Clicks, Log, Rows, joined
from penchant.types import Vectors

DAY = 86_400.0
Candidates = Literal["distant", "uniform"]

RANKED_ALONE = ("H@5", "H@20", "H@50", "N@5", "N@20", "N@50")
RANKED_LIVE = ("HR@5", "HR@20", "NDCG@20", "MRR")
RANKED_TOGETHER = ("Recall@20", "Recall@50", "Recall@100", "NDCG@20", "NDCG@50", "HR@20", "HR@50", "MRR")
EIMF = ("Recall@20", "Recall@50", "NDCG@20", "NDCG@50", "HR@20", "HR@50")
LEAVE_ONE_OUT = ("HR@5", "HR@10", "HR@20", "NDCG@5", "NDCG@10", "NDCG@20", "MRR")


@dataclass(frozen=True)
class Rules:
    """The numbers of the protocols."""

    fewest: int = 15
    """Users with fewer clicks are not asked (IRA, section 3.1.1)."""
    most: int = 200
    """Users with more clicks are not asked (IRA, section 3.1.1)."""
    held_out: int = 5
    """Last clicks of a user that are the test (IRA, section 3.1.1)."""
    negatives: int = 495
    """Documents that the user never clicked, ranked beside the test documents (IRA, section
    3.1.1)."""
    distance: float = 0.4
    """A negative's cosine to every test document of the user is below it (IRA, section 3.1.1)."""
    candidates: Candidates = "distant"
    """``distant``: as in the paper; ``uniform``: any document that the user never clicked."""
    window_days: float = 60.0
    """Days after its publication in which a document is a candidate (`live`, `full`)."""
    earlier: int = 5
    """Documents that a user must have clicked before to count under `live`."""
    warm_up: float = 0.2
    """`live` counts after this share of the clicks."""
    whose_clicks: int = 600
    """Clicks that `whose` asks about, at most."""
    others: int = 15
    """Other readers beside the one who clicked (`whose`)."""
    active_days: float = 7.0
    """Days before a click in which another reader clicked something (`whose`)."""
    position_bias: float = 0.0
    """How much more what stood first was seen (`impressions`), see `penchant.Settings`."""
    users: int | None = None
    """Users that are asked at most, drawn at random. None: all."""
    seed: int = 0


def ira(log: Log, reference: Vectors, rules: Rules = Rules()) -> Trial:
    """The evaluation of the paper: the last five clicks of users with 15 to 200, each ranked alone among 495
    others.

    What is left of their clicks, and all clicks of other users, is learned. The others are documents whose
    cosine to every test document of the user is below 0.4 under one reference embedder. They are drawn by a
    generator of the user's own, so that no user's candidates depend on another's clicks.

    Args:
        reference: the reference embedder's vectors, shape (documents, dimension).

    Source: IRA (Lee et al., SIGIR '25), section 3.1.1.
    """
    split = _last_clicks(log, rules)
    cases = [
        Case(user, at, len(split.training), _beside(log, reference, user, history, test, rules), test)
        for user, history, test, at in split.users
    ]
    name = "ira" if rules.candidates == "distant" else "ira, uniform"
    return Trial(name, split.training, cases, RANKED_ALONE, alone=True, population=split.eligible,
                 segments=_segments(log, split, cases))  # fmt: skip


def shift(log: Log, reference: Vectors, rules: Rules = Rules(), *, through: Literal["A", "B"] = "B") -> Trial:
    """Interests move: periods A, B and C in a row; the last five clicks of C are the test.

    With ``through="A"`` only A is known. With ``through="B"`` A and B are, and trained peers are those that
    were trained on A: they may read B as history, but are not retrained. Both ask the same cases. Periods are
    thirds of the time, or of each user's positions where there is no clock.

    Source: IRA (Lee et al., SIGIR '25), section 3.3.2.
    """
    period = _periods(log)
    clicks = log.clicks
    last = _mask(clicks, [positions[-rules.held_out :] for positions in clicks.of_user.values()]) & (
        period == 2
    )
    users = []
    for user, positions in clicks.of_user.items():
        test = positions[last[positions]]
        in_a, in_b = (period[positions] == 0).sum(), (period[positions] == 1).sum()
        if (
            rules.fewest <= len(positions) <= rules.most
            and len(test) == rules.held_out
            and in_a >= 5
            and in_b >= 1
        ):
            users.append(user)
    users = drawn(users, log, rules)
    order = np.argsort(period[period < 2], kind="stable")
    known = clicks[np.flatnonzero(period < 2)[order]]
    in_a = int((period == 0).sum())
    training = known if through == "B" else known[:in_a]
    cases = []
    for user in users:
        positions = clicks.of_user[user]
        test = clicks.documents[positions[last[positions]]]
        # what else of C the user clicked is neither known nor asked: it must not be a negative either
        others = clicks.documents[positions[~last[positions]]]
        at = float(clicks.at[positions[last[positions]][0]])
        cases.append(Case(user, at, len(training), _beside(log, reference, user, others, test, rules), test))
    _some(cases, log, "a user needs 5 clicks in the first third, one in the second and 5 in the last")
    return Trial(
        f"shift {'A' if through == 'A' else 'A+B'}",
        training,
        cases,
        RANKED_ALONE,
        alone=True,
        trained_on=in_a,
    )


def full(log: Log, rules: Rules = Rules()) -> Trial:
    """Everything that was available is a candidate: no sampling, which flatters (Krichene and Rendle, KDD
    2020).

    Where documents say when they were published, a user's candidates are those from 60 days before the first
    test click to the last one; otherwise all are. What the user clicked before is left out. Where there is a
    clock, nothing that happened after the first test click is known.
    """
    return _full(log, _last_clicks(log, rules), rules)


def _full(log: Log, split: _Split, rules: Rules) -> Trial:
    cases = []
    for user, history, test, at in split.users:
        if log.clock and log.tells_publication:
            until = float(log.clicks.at[log.clicks.of_user[user][-1]])
            available = (log.published >= at - rules.window_days * DAY) & (log.published <= until)
        else:
            available = np.ones(len(log.documents), bool)
        learned = (
            int(np.searchsorted(split.training.at, at, side="left")) if log.clock else len(split.training)
        )
        available[test] = True
        available[history] = False
        cases.append(Case(user, at, learned, np.flatnonzero(available).astype(np.int32), test))
    cases.sort(key=lambda case: case.learned)
    return Trial("full", split.training, cases, RANKED_TOGETHER, segments=_segments(log, split, cases))


def live(log: Log, rules: Rules = Rules()) -> Trial:
    """Test, then train: each click is predicted from all that came before it, and then learned.

    The candidates are all documents published in the 60 days before the click and not clicked by that user;
    where no document says when it was published, all that anybody clicked so far. Counted are
    clicks after the first fifth of all clicks, of users with at least five earlier documents, except a
    document's very first click, which is often its publication.

    Source: prequential evaluation, Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms",
    2013.

    Raises:
        InvalidQuery: the log has no clock, or its documents are published by their only click.
    """
    if not log.clock:
        raise InvalidQuery(f"{log.name} has positions and no clock, which `live` needs: use --protocol full")
    if log.publication_is_click:
        raise InvalidQuery(
            f"most documents of {log.name} are published by their only click, so `live` would rank by the "
            "answer: "
            "use --protocol full"
        )
    clicks = log.clicks
    asked = set(
        drawn(
            [user for user, found in sorted(clicks.of_user.items()) if len(found) > rules.earlier], log, rules
        )
    )
    span = rules.window_days * DAY if log.tells_publication else np.inf
    newest_last = np.argsort(log.published, kind="stable")
    by_time = log.published[newest_last]
    earlier: dict[int, set[int]] = {}
    readers = np.zeros(len(log.documents), np.int64)
    cases, ages, heavy = [], [], []
    for position, (user, document, at) in enumerate(
        zip(clicks.users.tolist(), clicks.documents.tolist(), clicks.at.tolist(), strict=True)
    ):
        known = earlier.setdefault(user, set())
        counted = (
            position >= rules.warm_up * len(clicks) and len(known) >= rules.earlier and readers[document] > 0
        )
        if counted and user in asked and at - span <= log.published[document] <= at:
            window = slice(np.searchsorted(by_time, at - span), np.searchsorted(by_time, at, side="right"))
            shown = np.sort(newest_last[window]).astype(np.int32)
            new = ~np.isin(shown, np.fromiter(known, np.int32, len(known)))
            cases.append(Case(user, at, position, shown[new], np.array([document], np.int32)))
            ages.append(readers[document])
            heavy.append(len(known))
        known.add(document)
        readers[document] += 1
    _some(cases, log, "no click passes the conditions of `live`")
    segments = {
        "cold documents (at most 2 readers so far)": np.array(ages) <= 2,
        "new users (5 to 14 documents so far)": np.array(heavy) < 15,
        "heavy users (100 or more documents so far)": np.array(heavy) >= 100,
    }
    weeks = [_week(case.at) for case in cases]
    return Trial(
        "live", clicks, cases, RANKED_LIVE, by_case=True, prequential=True, segments=segments, periods=weeks
    )


def eimf(log: Log, rules: Rules = Rules()) -> Trial:
    """One user in ten is asked: the first 80 % of the sequence predicts the last 20 %.

    Users are split 8:1:1 into training, validation and test; users with fewer than five clicks are not asked.
    What is known of the test users, the first 80 %, is in the training too: methods that know users by their
    id need it.

    Source: Cen et al., "Controllable Multi-Interest Framework for Recommendation" (KDD 2020), section 4.1, as
    EIMF uses it.
    """
    users = [user for user in sorted(log.clicks.of_user) if len(log.clicks.of_user[user]) >= 5]
    order = np.random.default_rng(rules.seed).permutation(len(users))
    test = sorted(users[n] for n in order[: max(1, len(users) // 10)])
    return _by_sequence(log, drawn(test, log, rules), lambda count: count - max(1, count // 5), "eimf", EIMF)


def comirec(log: Log, rules: Rules = Rules()) -> Trial:
    """Readers whom no method was trained on: the first 80 % of the sequence predicts the rest, among all
    documents, those of the history too.

    Users with five clicks or more are split 8:1:1. The clicks of the training users are what is trained on;
    the known clicks of the test users are learned after them, as history. Validation users are left out.
    Methods that know users by their id alone have nothing to say here.

    Source: Cen et al., "Controllable Multi-Interest Framework for Recommendation" (KDD 2020), section 4.1, as
    its code, and that of REMI, does it; EIMF (Qiao et al., 2024) follows both. Their NDCG orders what was
    found by its number, and divides by what was found: it cannot be compared.
    """
    clicks = log.clicks
    users = [user for user in sorted(clicks.of_user) if len(clicks.of_user[user]) >= 5]
    order = np.random.default_rng(rules.seed).permutation(len(users))
    tenth = max(1, len(users) // 10)
    test = drawn(sorted(users[n] for n in order[:tenth]), log, rules)
    learned = [users[n] for n in order[2 * tenth :]]
    trained = clicks[_mask(clicks, [clicks.of_user[user] for user in learned])]
    cuts = {user: 4 * len(clicks.of_user[user]) // 5 for user in test}
    known = clicks[_mask(clicks, [clicks.of_user[user][: cuts[user]] for user in test])]
    training = joined(trained, known)
    every = np.arange(len(log.documents), dtype=np.int32)
    cases = []
    for user in test:
        asked = clicks.of_user[user][cuts[user] :]
        cases.append(Case(user, float(clicks.at[asked[0]]), len(training), every, clicks.documents[asked]))
    _some(cases if learned else [], log, "no user has five clicks")
    return Trial("comirec", training, cases, EIMF, trained_on=len(trained))


def leave_one_out(log: Log, rules: Rules = Rules()) -> Trial:
    """Every user with at least three clicks is asked for the last one, among all documents not clicked
    before.

    Source: He et al., "Neural Collaborative Filtering" (WWW 2017), section 4.1, here without sampling.
    """
    users = [user for user in sorted(log.clicks.of_user) if len(log.clicks.of_user[user]) >= 3]
    return _by_sequence(
        log, drawn(users, log, rules), lambda count: count - 1, "leave-one-out", LEAVE_ONE_OUT
    )


def validation(log: Log, rules: Rules = Rules()) -> Trial:
    """Where hyperparameters are searched: `full`, on users that no test ever asks.

    They have 10 to 14 clicks, too few for `ira`, `shift` and `full`, of which the last five are the question.
    The held-out clicks of the test users are not in the training either.
    """
    test = _last_clicks(log, rules)
    fewer = replace(rules, fewest=max(10 * rules.fewest // 15, rules.held_out + 1), most=rules.fewest - 1)
    # what is left of a test user's clicks may be as few: such users are not asked either
    without = Log(log.name, log.documents, log.user_ids, test.training, log.clock)
    trial = _full(without, _last_clicks(without, fewer, never=test.eligible), fewer)
    return replace(trial, protocol="validation")


@dataclass(frozen=True, eq=False)
class _Split:
    training: Clicks
    users: Sequence[tuple[int, Rows, Rows, float]]
    """(user, documents known, documents of the test, time of the first test click)."""
    eligible: Sequence[int]


def _last_clicks(log: Log, rules: Rules, never: Sequence[int] = ()) -> _Split:
    """The last clicks of each user with enough and not too many are held out; all of them also where only
    some are asked.

    Args:
        never: users who are not asked, and whose clicks are not held out.
    """
    clicks = log.clicks
    spared = set(never)
    enough = (
        user for user, found in sorted(clicks.of_user.items()) if rules.fewest <= len(found) <= rules.most
    )
    eligible = [user for user in enough if user not in spared]
    held_out = _mask(clicks, [clicks.of_user[user][-rules.held_out :] for user in eligible])
    users = []
    for user in drawn(eligible, log, rules):
        positions = clicks.of_user[user]
        history, test = np.split(clicks.documents[positions], [len(positions) - rules.held_out])
        users.append((user, history, test, float(clicks.at[positions[-rules.held_out]])))
    _some(users, log, f"no user has {rules.fewest} to {rules.most} clicks")
    return _Split(clicks[~held_out], users, eligible)


def _by_sequence(
    log: Log, users: list[int], known: Callable[[int], int], name: str, measures: Sequence[str]
) -> Trial:
    """The first clicks of each user are known, the others asked, among all documents that are not known."""
    clicks = log.clicks
    held_out = _mask(clicks, [clicks.of_user[user][known(len(clicks.of_user[user])) :] for user in users])
    training = clicks[~held_out]
    cases = []
    for user in users:
        positions = clicks.of_user[user]
        cut = known(len(positions))
        history, test = np.split(clicks.documents[positions], [cut])
        candidates = np.setdiff1d(np.arange(len(log.documents), dtype=np.int32), history)
        cases.append(Case(user, float(clicks.at[positions[cut]]), len(training), candidates, test))
    _some(cases, log, "no user has clicks enough")
    return Trial(name, training, cases, measures)


def _beside(log: Log, reference: Vectors, user: int, known: Rows, test: Rows, rules: Rules) -> Rows:
    """The test documents and the negatives of one user."""
    allowed = np.ones(len(log.documents), bool)
    allowed[known] = False
    allowed[test] = False
    if rules.candidates == "distant":
        allowed &= (reference @ reference[test].T < rules.distance).all(axis=1)
    pool = np.flatnonzero(allowed)
    generator = np.random.default_rng([rules.seed, crc32(log.user_ids[user].encode())])
    drawn = generator.choice(pool, min(rules.negatives, len(pool)), replace=False)
    return np.sort(np.concatenate([test, drawn])).astype(np.int32)


def _segments(log: Log, split: _Split, cases: Sequence[Case]) -> dict[str, NDArray[np.bool_]]:
    """Which test documents are cold or rare, and which users are new, at the moment of the question."""
    readers, known = [], []
    counts = np.zeros(len(log.documents), np.int64)
    histories = {user: len(history) for user, history, _, _ in split.users}
    done = 0
    for case in cases:
        np.add.at(counts, split.training.documents[done : case.learned], 1)
        done = case.learned
        readers.extend(counts[case.relevant].tolist())
        known.extend([histories[case.user]] * len(case.relevant))
    return {
        "cold documents (no reader so far)": np.array(readers) == 0,
        "rare documents (1 to 5 readers so far)": (np.array(readers) >= 1) & (np.array(readers) <= 5),
        "users with few clicks (at most 20 known)": np.array(known) <= 20,
    }


def _periods(log: Log) -> NDArray[np.int64]:
    """0, 1 or 2 for each click: thirds of the time, or of each user's positions."""
    if log.clock:
        start, end = log.clicks.at.min(), log.clicks.at.max()
        share = (log.clicks.at - start) / max(float(end - start), 1.0)
        return np.asarray(np.minimum(share * 3, 2), np.int64)
    period = np.zeros(len(log.clicks), np.int64)
    for positions in log.clicks.of_user.values():
        period[positions] = np.arange(len(positions)) * 3 // len(positions)
    return period


def drawn(users: list[int], log: Log, rules: Rules) -> list[int]:
    """At most `rules.users` of the users, the same ones whatever the others clicked."""
    if rules.users is None or len(users) <= rules.users:
        return users
    lots = {user: crc32(f"{rules.seed} {log.user_ids[user]}".encode()) for user in users}
    return sorted(sorted(users, key=lambda user: lots[user])[: rules.users])


def _mask(clicks: Clicks, positions: Sequence[NDArray[np.int64]]) -> NDArray[np.bool_]:
    mask = np.zeros(len(clicks), bool)
    for some in positions:
        mask[some] = True
    return mask


def _week(at: float) -> str:
    year, week, _ = datetime.fromtimestamp(at, UTC).isocalendar()
    return f"{year}-W{week:02d}"


def _some(found: Sequence[object], log: Log, reason: str) -> None:
    if not found:
        raise InvalidQuery(f"nobody to ask in {log.name}: {reason}")
