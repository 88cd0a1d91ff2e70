"""From outcomes to figures: values with intervals, by segment and by week, and tests between methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.lab import fairness
from penchant.lab.cases import Trial
from penchant.lab.log import Log
from penchant.lab.metrics import (
    Values,
    coverage_and_novelty,
    likeness,
    mean_by_user,
    measure,
    measure_ranks,
    overlap,
)
from penchant.lab.outcomes import Outcome, readers
from penchant.lab.statistics import adjusted, interval, mean, paired
from penchant.types import Vectors

DIGITS = 6
_MAIN = ("H@20", "HR@20", "Recall@20", "AUC")


@dataclass(frozen=True, eq=False)
class ByUser:
    """A measure of one method, by user: what every figure is made of, and what two reports are compared
    by."""

    users: NDArray[np.int64]
    sums: Values
    counts: Values


Figures = dict[str, dict[str, ByUser]]
"""method -> measure -> by user."""


def main_measure(trial: Trial) -> str:
    """The measure that tests and pictures are about."""
    return next((name for name in trial.measures if name in _MAIN), trial.measures[0])


def by_user(trial: Trial, outcomes: Mapping[str, Outcome]) -> Figures:
    """Every measure of every method that has an outcome."""
    figures: Figures = {}
    for name, outcome in outcomes.items():
        if outcome.failed is None:
            measured = measure(trial, outcome.ranks, outcome.scores_of(trial))
            figures[name] = {kind: ByUser(*mean_by_user(trial, values)) for kind, values in measured.items()}
    return figures


def with_intervals(trial: Trial, figures: Figures, seed: int) -> dict[str, dict[str, dict[str, Any]]]:
    """method -> measure -> value and 95 % interval."""
    return {
        name: {
            kind: {
                "value": _round(mean(found.sums, found.counts, by_case=trial.by_case)),
                "interval": [
                    _round(end)
                    for end in interval(found.sums, found.counts, by_case=trial.by_case, seed=seed)
                ],
            }
            for kind, found in measures.items()
        }
        for name, measures in figures.items()
    }


def of_lists(
    trial: Trial, log: Log, vectors: Vectors, outcomes: Mapping[str, Outcome]
) -> dict[str, dict[str, dict[str, float | None]]]:
    """What lists are like (``beyond``) and who is shown (``exposure``); nothing of trials without lists."""
    if trial.alone:
        return {"beyond": {}, "exposure": {}}
    shown = fairness.exposure(trial, log, readers(trial, len(log.documents)), outcomes)
    exposure = {
        name: {kind: None if value is None else _round(value) for kind, value in row.items()}
        for name, row in shown.items()
    }
    return {"beyond": beyond_accuracy(trial, log, vectors, outcomes), "exposure": exposure}


def beyond_accuracy(
    trial: Trial, log: Log, vectors: Vectors, outcomes: Mapping[str, Outcome]
) -> dict[str, dict[str, float | None]]:
    """Of what each method showed: catalogue coverage and novelty in the first 20 places, what two readers'
    lists have in common, and how alike the documents of a list are, in the first 10."""
    counts = readers(trial, len(log.documents))
    users = [case.user for case in trial.cases]
    return {
        name: {
            kind: None if value is None else _round(value)
            for kind, value in {
                **coverage_and_novelty([row[row >= 0] for row in outcome.shown], counts, len(log.user_ids)),
                "Overlap@10": overlap(users, outcome.shown),
                "Likeness@10": likeness(outcome.shown, vectors),
            }.items()
        }
        for name, outcome in outcomes.items()
        if outcome.failed is None
    }


def places_by(outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, float]]:
    """Method -> kind of evidence -> the share of first places where it spoke most for the document."""
    return {
        name: {kind: _round(share) for kind, share in outcome.places_by.items()}
        for name, outcome in outcomes.items()
        if outcome.places_by
    }


def by_segment(trial: Trial, outcomes: Mapping[str, Outcome]) -> list[dict[str, Any]]:
    """Each segment with its number of questions and, for each method, the mean over them.

    Every (case, relevant document) pair is a question of its own here: a segment may hold some of a user's
    documents.
    """
    kind = main_measure(trial)
    found = []
    for segment, belongs in trial.segments.items():
        row: dict[str, Any] = {
            "segment": segment,
            "questions": int(belongs.sum()),
            "measure": _alone(kind),
            "methods": {},
        }
        if belongs.any():
            for name, outcome in outcomes.items():
                if outcome.failed is None:
                    values = measure_ranks(
                        [[rank] for rank in outcome.ranks[belongs].tolist()], [_alone(kind)]
                    )
                    row["methods"][name] = _round(float(values[_alone(kind)].mean()))
        found.append(row)
    return found


def by_week(trial: Trial, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """For each method, the mean of the main measure in each week; weeks with fewer than 30 clicks are left
    out."""
    if not trial.periods:
        return {}
    kind = main_measure(trial)
    periods = np.array(trial.periods)
    names, counts = np.unique(periods, return_counts=True)
    weeks = [str(name) for name, count in zip(names, counts, strict=True) if count >= 30]
    methods = {}
    for name, outcome in outcomes.items():
        if outcome.failed is None:
            values = measure(trial, outcome.ranks)[kind]
            methods[name] = [_round(float(values[periods == week].mean())) for week in weeks]
    return {
        "measure": kind,
        "weeks": weeks,
        "clicks": [int((periods == week).sum()) for week in weeks],
        "methods": methods,
    }


def tests(trial: Trial, figures: Figures, ours: str, seed: int) -> list[dict[str, Any]]:
    """Our method against every other on the same users, by each measure: difference, interval, p-value; the
    p-values of one measure corrected for their number."""
    if ours not in figures:
        return []
    found: list[dict[str, Any]] = []
    for kind, mine in figures[ours].items():
        rows: list[dict[str, Any]] = []
        for name, measures in figures.items():
            if name != ours:
                other = measures[kind]
                test = paired(
                    (mine.sums, mine.counts), (other.sums, other.counts), by_case=trial.by_case, seed=seed
                )
                rows.append(
                    {"method": name, "measure": kind, **{key: _round(value) for key, value in test.items()}}
                )
        for row, p in zip(rows, adjusted([float(row["p"]) for row in rows]), strict=True):
            row["p_adjusted"] = _round(p)
        found += rows
    return found


def _alone(kind: str) -> str:
    """The measure for one document at a time: found or not."""
    return kind.replace("Recall@", "HR@")


def _round(value: float) -> float:
    return round(float(value), DIGITS)
