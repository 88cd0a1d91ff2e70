"""Who of those who were there clicked it: what shows everybody the same is at chance, what knows the readers is
not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant import InvalidQuery
from penchant.lab.cases import check_no_leak
from penchant.lab.methods import Newest, Popular, Trending
from penchant.lab.metrics import measure, question_users
from penchant.lab.outcomes import ask
from penchant.lab.protocols import Rules
from penchant.lab.whose import auc, whose

RULES = Rules(whose_clicks=40, others=5, earlier=3)


@pytest.mark.parametrize("name", ["log", "clockless"])
def test_all_readers_of_a_click_are_asked_at_once_about_the_same_candidates(name, request):
    log = request.getfixturevalue(name)
    trial = whose(log, RULES)
    check_no_leak(trial)
    assert trial.group == 6
    ever = set(zip(log.clicks.users.tolist(), log.clicks.documents.tolist(), strict=True))
    for start in range(0, len(trial.cases), 6):
        group = trial.cases[start : start + 6]
        assert len({case.user for case in group}) == 6
        assert (
            len({(case.at, case.learned, case.relevant[0], case.candidates.tobytes()) for case in group}) == 1
        )
        clicked, *others = group
        assert (clicked.user, int(clicked.relevant[0])) in ever
        assert not any((case.user, int(case.relevant[0])) in ever for case in others)
        known = trial.training[: clicked.learned]
        read = known.documents[np.isin(known.users, [case.user for case in group])]
        assert not np.isin(read, clicked.candidates).any()


@pytest.mark.parametrize("method", [Newest, Trending, Popular])
def test_what_shows_everybody_the_same_is_exactly_at_chance(method, log):
    trial = whose(log, RULES)
    values = measure(trial, ask(method(log), trial, (log,)).ranks)["AUC"]
    assert values.tolist() == [0.5] * (len(trial.cases) // 6)


class Oracle:
    """A stand-in that knows who clicked."""

    def __init__(self, trial, sign: int = 1) -> None:
        self._pairs = {(case.user, int(case.relevant[0])) for case in trial.cases[:: trial.group]}
        self._sign = sign

    def learn(self, clicks) -> None:
        pass

    def score(self, user, candidates, at):
        return self._sign * np.array([float((user, row) in self._pairs) for row in candidates.tolist()])


def test_what_knows_the_reader_is_right_and_what_is_wrong_is_wrong(log):
    trial = whose(log, RULES)
    assert measure(trial, ask(Oracle(trial), trial, ()).ranks)["AUC"].min() > 0.99
    assert measure(trial, ask(Oracle(trial, -1), trial, ()).ranks)["AUC"].mean() < 0.2


def test_a_question_belongs_to_the_reader_who_clicked(log):
    trial = whose(log, RULES)
    assert question_users(trial).tolist() == [case.user for case in trial.cases[::6]]


def test_auc_is_the_share_of_others_whom_it_suits_less_and_a_tie_is_half(log):
    trial = replace(whose(log, RULES), group=4)
    assert auc(trial, np.array([2.0, 1.0, 2.0, 5.0])).tolist() == [pytest.approx((0 + 0.5 + 1) / 3)]


def test_too_few_readers_are_said_to_be_too_few(log):
    with pytest.raises(InvalidQuery, match="500 other readers"):
        whose(log, replace(RULES, others=500))
