"""From scores to ranks to metrics. The metrics are ir-measures'; ours is only how ties count."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery, MissingExtra
from penchant.lab import impressions, whose
from penchant.lab.cases import Case, Trial
from penchant.types import Vectors

Ranks = NDArray[np.float64]
Values = NDArray[np.float64]

_IR_MEASURES = {"H": "Success", "HR": "Success", "N": "nDCG", "NDCG": "nDCG", "Recall": "R", "MRR": "RR"}
"""Our names, which are those of the papers, and the library's."""
_DEEPEST = 100
"""A relevant document further down counts as not found, for MRR too."""


def ranks(case: Case, scores: NDArray[np.floating], *, alone: bool) -> Ranks:
    """The rank of each relevant document, from 1; of tied documents, half count as better.

    Args:
        scores: of the case's candidates, in their order.
        alone: rank each relevant document against those that are not relevant.

    Raises:
        InvalidQuery: the scores are not what a method owes: one finite number a candidate.
    """
    scores = np.asarray(scores)
    if scores.shape != case.candidates.shape or not np.isfinite(scores).all():
        raise InvalidQuery(
            f"a method gave {int(np.isfinite(scores).sum())} finite scores for the {len(case.candidates)} "
            "candidates of a case"
        )
    relevant = np.searchsorted(case.candidates, case.relevant)
    wanted = scores[relevant][:, None]
    others = np.delete(scores, relevant) if alone else scores
    better = (others > wanted).sum(axis=1)
    tied = (others == wanted).sum(axis=1) - (0 if alone else 1)
    return np.asarray(1.0 + better + tied / 2, np.float64)


def measure(trial: Trial, found: Ranks, scores: Sequence[NDArray[np.floating]] = ()) -> dict[str, Values]:
    """The value of each of the trial's measures, for each question.

    A question is a case, or, where relevant documents are ranked alone, a (case, relevant document) pair.

    Args:
        found: the rank of each (case, relevant document) pair, in order.
        scores: of the candidates of each case, where they were shown side by side.
    """
    if trial.group > 1:
        return {whose.AUC: whose.auc(trial, found)}
    if trial.alone:
        questions = [[rank] for rank in found.tolist()]
    else:
        bounds = np.cumsum([len(case.relevant) for case in trial.cases])[:-1]
        questions = [part.tolist() for part in np.split(found, bounds)]
    if trial.was_shown:
        ranked = measure_ranks(questions, [name for name in trial.measures if not name.endswith("AUC")])
        values = {"AUC": impressions.auc(trial, found), **ranked, **impressions.auc_by_reader(trial, scores)}
        if trial.weights is not None:  # by reader all that was shown is compared with all, in no order
            values |= {
                name: values[name] * trial.weights for name in values if name not in impressions.BY_READER
            }
        return {name: values[name] for name in trial.measures}
    return measure_ranks(questions, trial.measures)


def measure_ranks(questions: Sequence[Sequence[float]], measures: Sequence[str]) -> dict[str, Values]:
    """The value of each measure for each question, given the ranks of its relevant documents.

    A rank between two places (a tie) counts as the lower place.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtra("the lab needs ir-measures: pip install 'penchant[lab]'") from error
    names = {ir_measures.parse_measure(_library_name(name)): name for name in measures}
    # what a question is worth depends on the places of its documents alone, and most questions share theirs
    # with others
    patterns: dict[tuple[int, ...], int] = {}
    of_question = [patterns.setdefault(_places(question), len(patterns)) for question in questions]
    judged, listed = {}, {}
    for places, number in patterns.items():
        judged[str(number)] = {f"relevant {place}": 1 for place in places}
        wanted = set(places)
        deepest = max((place for place in places if place <= _DEEPEST), default=0)
        listed[str(number)] = {
            (f"relevant {place}" if place in wanted else f"other {place}"): -float(place)
            for place in range(1, deepest + 1)
        } or {"other": 0.0}
    values = {name: np.zeros(len(patterns)) for name in measures}
    for metric in ir_measures.iter_calc(list(names), judged, listed):
        values[names[metric.measure]][int(metric.query_id)] = metric.value
    return {name: found[of_question] for name, found in values.items()}


def mean_by_user(trial: Trial, values: Values) -> tuple[NDArray[np.int64], Values, Values]:
    """(users, sums, counts) of a measure: what a figure and its interval are made of."""
    owners = question_users(trial)
    users, inverse = np.unique(owners, return_inverse=True)
    return users, np.bincount(inverse, values).astype(np.float64), np.bincount(inverse).astype(np.float64)


def question_users(trial: Trial) -> NDArray[np.int64]:
    """The user of each question."""
    if trial.group > 1:
        return np.array([case.user for case in trial.cases[:: trial.group]], np.int64)
    if trial.alone:
        return np.repeat([case.user for case in trial.cases], [len(case.relevant) for case in trial.cases])
    return np.array([case.user for case in trial.cases], np.int64)


def coverage_and_novelty(
    shown: Sequence[NDArray[np.int32]], readers: NDArray[np.int64], users: int
) -> dict[str, float]:
    """Of the documents shown in the first 20 places: the share of all that were shown to anybody, and how
    unknown they are.

    Novelty is the mean self-information, -log2 of the share of users who clicked a document (Zhou et al.,
    PNAS 2010), with one reader assumed for a document without any.
    """
    counts: dict[int, int] = defaultdict(int)
    for rows in shown:
        for row in rows.tolist():
            counts[row] += 1
    total = sum(counts.values())
    novelty = sum(
        count * math.log2(users / max(int(readers[row]), 1)) for row, count in counts.items()
    ) / max(total, 1)
    return {"Coverage@20": len(counts) / len(readers), "Novelty@20": novelty}


def overlap(users: Sequence[int], shown: NDArray[np.int32], places: int = 10) -> float | None:
    """The share of documents that the lists of two readers, asked one after the other, have in common: the
    mean Jaccard index of their first places. Case after case is as near in time as a trial
    allows. None where one reader alone was asked."""
    found = [
        len(first & second) / len(first | second)
        for one, other, first, second in zip(
            users, users[1:], *(_firsts(lists, places) for lists in (shown[:-1], shown[1:])), strict=False
        )
        if one != other and first | second
    ]
    return float(np.mean(found)) if found else None


def _firsts(shown: NDArray[np.int32], places: int) -> list[frozenset[int]]:
    return [frozenset(row[row >= 0][:places].tolist()) for row in shown]


def likeness(shown: NDArray[np.int32], vectors: Vectors, places: int = 10) -> float | None:
    """How alike the documents of one list are: the mean cosine of two of its first places (intra-list
    similarity, Ziegler et al., WWW 2005)."""
    found = []
    for row in shown:
        rows = row[row >= 0][:places]
        if len(rows) > 1:
            total = vectors[rows].astype(np.float64).sum(axis=0)
            found.append((float(total @ total) - len(rows)) / (len(rows) * (len(rows) - 1)))
    return float(np.mean(found)) if found else None


def _library_name(name: str) -> str:
    kind, _, cutoff = name.partition("@")
    if kind not in _IR_MEASURES:
        raise InvalidQuery(f"unknown measure {name!r}: use {', '.join(_IR_MEASURES)} with @ and a number")
    return f"{_IR_MEASURES[kind]}@{cutoff}" if cutoff else _IR_MEASURES[kind]


def _places(question: Sequence[float]) -> tuple[int, ...]:
    """Distinct places for the ranks: each the next free one from its rank on; where nobody looks, any place
    will do."""
    places: list[int] = []
    for rank in sorted(question):
        place = min(math.ceil(rank), _DEEPEST + 1)
        places.append(place if not places or place > places[-1] else places[-1] + 1)
    return tuple(places)
