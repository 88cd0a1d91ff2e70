"""Protocol `impressions`: what was shown side by side is told, and what of it was clicked.

Of logs that say what was shown, such as MIND's behaviours. All that is ranked was seen, so that a document
that was not clicked was passed over, and exposure explains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.lab.cases import Case, Trial
from penchant.lab.log import Impression, Log
from penchant.lab.protocols import Rules, drawn
from penchant.rank import exposure

MEASURES = ("AUC", "MRR", "NDCG@5", "NDCG@10", "UAUC", "WUAUC")
BY_READER = ("UAUC", "WUAUC")


def impressions(log: Log, rules: Rules = Rules()) -> Trial:
    """Rank what was shown. What was read before an impression is known; where there is no clock, all clicks
    are. What was shown and not clicked may be learned from after it was asked.

    Source: Wu et al., "MIND: A large-scale dataset for news recommendation", ACL 2020, section 4.2.

    Raises:
        InvalidQuery: the log does not say what was shown.
    """
    if not log.impressions:
        raise InvalidQuery(
            f"{log.name} does not say what was shown: `impressions` needs a file impressions.* or a data set "
            "that has it, such as mind"
        )
    asked = set(drawn(sorted({each.user for each in log.impressions}), log, rules))
    found = [(case, each) for each in log.impressions if each.user in asked for case in _case(log, each)]
    found.sort(key=lambda pair: pair[0].learned)
    cases = [case for case, _ in found]
    if not cases:
        raise InvalidQuery(
            f"nobody to ask in {log.name}: no impression holds something clicked and something not"
        )
    return Trial(
        "impressions",
        log.clicks,
        cases,
        MEASURES,
        by_case=True,
        prequential=log.clock,
        was_shown=True,
        weights=_weights(found, rules.position_bias) if rules.position_bias else None,
        told=_told([each for _, each in found], rules.position_bias),
    )


def _weights(found: Sequence[tuple[Case, Impression]], bias: float) -> NDArray[np.float64]:
    """What each case counts: more where the clicked document stood further down. Clipped, and normalised by
    their mean; see `penchant.rank.exposure`."""
    worth = [
        exposure.inverse(
            exposure.propensities(each.places[np.isin(each.shown, case.relevant)].astype(np.int64), bias)
        ).mean()
        for case, each in found
    ]
    weights = np.array(worth, np.float64)
    return weights / float(weights.mean())


def _told(shown: Sequence[Impression], bias: float) -> str:
    """What the places of what was shown tell, and how cases are weighed by them."""
    places = np.concatenate([each.places for each in shown])
    clicked = np.concatenate([np.isin(each.shown, each.clicked) for each in shown]).astype(np.float64)
    counts, clicks = np.bincount(places).astype(np.float64), np.bincount(places, clicked).astype(np.float64)
    rates = clicks / np.maximum(counts, 1)
    told = (
        f"Of what stood first {rates[0]:.1%} was clicked, of what stood last {rates[-1]:.1%}: where the "
        f"order was random, a position bias of {exposure.position_bias(counts, clicks):.2f}."
    )
    if bias:
        told += (
            f" Impressions are weighed by the inverse propensity of their click under a bias of {bias:g}, "
            f"clipped at {exposure.CLIP:g} and self-normalised."
        )
    return told


def _case(log: Log, impression: Impression) -> list[Case]:
    """The question of an impression; none where nothing could be told apart."""
    clicks = log.clicks
    learned = int(np.searchsorted(clicks.at, impression.at)) if log.clock else len(clicks)
    positions = clicks.of_user.get(impression.user, np.zeros(0, np.int64))
    read = clicks.documents[positions[positions < learned]]
    shown = np.setdiff1d(impression.shown, read).astype(np.int32)
    clicked = np.intersect1d(impression.clicked, shown).astype(np.int32)
    return (
        [Case(impression.user, impression.at, learned, shown, clicked)]
        if 0 < len(clicked) < len(shown)
        else []
    )


def auc(trial: Trial, ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each impression the share of (clicked, passed over) pairs in which the clicked document ranks
    higher; a tie is half."""
    found, start = np.zeros(len(trial.cases)), 0
    for number, case in enumerate(trial.cases):
        clicked, others = len(case.relevant), len(case.candidates) - len(case.relevant)
        own = float(ranks[start : start + clicked].sum()) - clicked * (clicked + 1) / 2
        found[number] = 1 - own / (clicked * others)
        start += clicked
    return found


def auc_by_reader(trial: Trial, scores: Sequence[NDArray[np.floating]]) -> dict[str, NDArray[np.float64]]:
    """UAUC and WUAUC: the same over all that a reader was shown in any impression; the mean over readers, and
    the mean weighted by impressions. As values of impressions, whose mean is the measure.

    Source: LEARN (Jia et al.), section 4.2.

    Args:
        scores: of the candidates of each case.
    """
    users = np.array([case.user for case in trial.cases])
    readers, reader, counts = np.unique(users, return_inverse=True, return_counts=True)
    values = np.zeros(len(readers))
    for number in range(len(readers)):
        own = np.flatnonzero(reader == number).tolist()
        all_scores = np.concatenate([scores[place] for place in own])
        clicked = np.concatenate(
            [np.isin(trial.cases[place].candidates, trial.cases[place].relevant) for place in own]
        )
        values[number] = _auc(all_scores[clicked], all_scores[~clicked])
    share = len(users) / (len(readers) * counts)
    return {"UAUC": (values * share)[reader], "WUAUC": values[reader]}


def _auc(clicked: NDArray[np.floating], others: NDArray[np.floating]) -> float:
    higher = (clicked[:, None] > others).mean()
    return float(higher + 0.5 * (clicked[:, None] == others).mean())
