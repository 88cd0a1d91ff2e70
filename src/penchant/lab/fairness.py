"""Who is shown: how exposure is shared among documents, their channels, and new and little read ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.lab.cases import Trial
from penchant.lab.log import Log
from penchant.lab.outcomes import Outcome

_PLACES = 20
_HEAD = 0.2
"""Of the documents, the most read ones: the others are the long tail (Abdollahpouri et al., "The unfairness
of popularity bias in recommendation", RMSE at RecSys 2019)."""
_NEW = 7 * 86_400.0
"""Seconds since its publication within which a document is new."""
CHANNEL = "channel"

Counts = NDArray[np.int64]


def exposure(
    trial: Trial, log: Log, readers: Counts, outcomes: Mapping[str, Outcome]
) -> dict[str, dict[str, float | None]]:
    """Method -> measure -> value, of the first 20 places; None where it cannot be told.

    ``Gini``: 0 where all documents are shown as often, 1 where one is shown always. ``Gini of channels``:
    the same, of channels by the places that their documents have. ``Long tail``: the share of places for
    documents that are not among the fifth read most. ``New``: for those published in the week before.

    Args:
        readers: how many users read each document before the questions, shape (documents,).
    """
    channels = _channels(log)
    tail = np.argsort(-readers, kind="stable")[int(_HEAD * len(readers)) :]
    is_tail = np.zeros(len(readers), bool)
    is_tail[tail] = True
    dated = log.clock and not log.publication_is_click
    found: dict[str, dict[str, float | None]] = {}
    for name, outcome in outcomes.items():
        if outcome.failed is not None:
            continue
        rows = [row[row >= 0][:_PLACES] for row in outcome.shown]
        every = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        counts = np.bincount(every, minlength=len(readers))
        found[name] = {
            "Gini@20": gini(counts),
            "Gini of channels@20": None
            if channels is None
            else gini(np.bincount(channels[every], minlength=int(channels.max()) + 1)),
            "Long tail@20": float(is_tail[every].mean()) if len(every) else None,
            "New@20": _new(trial, log, rows) if dated else None,
        }
    return found


def gini(counts: Counts) -> float:
    """How unevenly something is shared, 0 to 1 (Gini, 1912).

    Examples:
        >>> gini(np.array([5, 5, 5, 5])), gini(np.array([0, 0, 0, 20]))
        (0.0, 0.75)
    """
    ordered = np.sort(counts).astype(np.float64)
    total, places = float(ordered.sum()), len(ordered)
    if not total:
        return 0.0
    ranks = np.arange(1, places + 1)
    return float(((2 * ranks - places - 1) @ ordered) / (places * total))


def _channels(log: Log) -> NDArray[np.int64] | None:
    """The number of each document's channel; None where documents have none."""
    names = [each.attributes.get(CHANNEL) for each in log.documents]
    if not any(name is not None for name in names):
        return None
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.int64)


def _new(trial: Trial, log: Log, rows: Sequence[NDArray[np.int32]]) -> float | None:
    found = [
        log.published[shown] >= case.at - _NEW
        for case, shown in zip(trial.cases, rows, strict=True)
        if len(shown)
    ]
    return float(np.concatenate(found).mean()) if found else None
