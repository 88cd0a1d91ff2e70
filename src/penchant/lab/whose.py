"""Protocol `whose`: a document was clicked; which of the readers who were there clicked it?

All readers of a case are asked at the same moment about the same candidates, so exposure is the same for all.
What shows everybody the same (the newest, what is popular) is exactly at chance, .5: what is measured is
personal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.lab import protocols
from penchant.lab.cases import Case, Trial
from penchant.lab.log import Log, Rows
from penchant.lab.protocols import DAY, Rules

AUC = "AUC"


def whose(log: Log, rules: Rules = Rules()) -> Trial:
    """The reader who clicked a document against others who never did, by the percentile of the document
    among candidates that none of them has clicked before.

    Where there is a clock, the clicks are those of `live`, of its later half, and the others clicked
    something in the week before. Otherwise they are the last clicks of `full`, and the others are its other
    users.

    Raises:
        InvalidQuery: no click has enough others beside it.
    """
    try:
        asked = protocols.live(log, replace(rules, users=None, warm_up=0.5))
    except InvalidQuery:
        asked = protocols.full(log, replace(rules, users=None))
    clicks = [(case, int(document)) for case in asked.cases for document in case.relevant]
    random = np.random.default_rng(rules.seed)
    order = random.permutation(len(clicks))
    readers = _readers(log)
    groups: list[list[Case]] = []
    for place in order.tolist():
        if len(groups) == rules.whose_clicks:
            break
        case, document = clicks[place]
        others = np.setdiff1d(_active(log, asked, case, rules), [*readers[document], case.user])
        if len(others) >= rules.others:
            drawn = random.choice(others, rules.others, replace=False)
            users = [case.user, *drawn.tolist()]
            candidates = _candidates(log, case, users, document, rules, asked)
            relevant = np.array([document], np.int32)
            groups.append(
                [replace(case, user=user, candidates=candidates, relevant=relevant) for user in users]
            )
    if not groups:
        raise InvalidQuery(
            f"nobody to ask in {log.name}: no click has {rules.others} other readers beside it"
        )
    groups.sort(key=lambda group: group[0].learned)
    return Trial(
        "whose",
        asked.training,
        [case for group in groups for case in group],
        (AUC,),
        by_case=True,
        prequential=asked.prequential,
        group=1 + rules.others,
    )


def auc(trial: Trial, ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each click the share of the other readers whom the document suits less; a tie is half.

    Args:
        ranks: of the document among the candidates of each case.
    """
    place = ranks.reshape(-1, trial.group)  # all have the same candidates: a rank is a percentile
    clicked, others = place[:, :1], place[:, 1:]
    return np.asarray(((clicked < others) + 0.5 * (clicked == others)).mean(axis=1), np.float64)


def _readers(log: Log) -> list[Sequence[int]]:
    """Of each document those who ever clicked it."""
    found: list[list[int]] = [[] for _ in log.documents]
    for user, document in zip(log.clicks.users.tolist(), log.clicks.documents.tolist(), strict=True):
        found[document].append(user)
    return list(found)


def _active(log: Log, asked: Trial, case: Case, rules: Rules) -> NDArray[np.int64]:
    """The readers who were there: who clicked in the week before, and know enough documents."""
    if not asked.prequential:
        return np.array(asked.users())
    clicks = log.clicks
    since = int(np.searchsorted(clicks.at, case.at - rules.active_days * DAY))
    late = np.unique(clicks.users[since : case.learned])
    known = np.array([np.searchsorted(clicks.of_user[user], case.learned) for user in late.tolist()])
    return late[known >= rules.earlier].astype(np.int64) if len(late) else np.zeros(0, np.int64)


def _candidates(
    log: Log, case: Case, users: Sequence[int], document: int, rules: Rules, asked: Trial
) -> Rows:
    """What could have been shown to all of some readers: what none of them clicked before, and the
    document."""
    if asked.prequential and log.tells_publication:
        there = (log.published >= case.at - rules.window_days * DAY) & (log.published <= case.at)
    else:
        there = np.ones(len(log.documents), bool)
        if asked.prequential:
            there = log.published <= case.at
    for user in users:
        positions = asked.training.of_user.get(user, np.zeros(0, np.int64))
        there[asked.training.documents[positions[positions < case.learned]]] = False
    there[document] = True
    return np.flatnonzero(there).astype(np.int32)
