"""Two reports beside each other: what changed, and is it luck?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import InvalidQuery
from penchant.lab.evaluation import ByUser, Figures
from penchant.lab.report import read_figures, read_report
from penchant.lab.statistics import Values, adjusted, mean, paired


def compare(first: Path, second: Path, *, seed: int = 0) -> dict[str, Any]:
    """Every method and measure that both reports have, on the users that both asked.

    Raises:
        InvalidQuery: the reports ask different questions, or have nothing in common.
    """
    reports = [read_report(folder) for folder in (first, second)]
    names = [report["protocol"]["name"] for report in reports]
    if names[0] != names[1] or reports[0]["data"]["name"] != reports[1]["data"]["name"]:
        raise InvalidQuery(
            f"{first} is {reports[0]['data']['name']} under {names[0]}, {second} is "
            f"{reports[1]['data']['name']} under "
            f"{names[1]}: compare runs of the same data and protocol"
        )
    (before, ids_before), (after, ids_after) = read_figures(first), read_figures(second)
    shared = sorted(set(ids_before) & set(ids_after))
    methods = [name for name in before if name in after]
    if not shared or not methods:
        raise InvalidQuery(f"{first} and {second} have no {'user' if not shared else 'method'} in common")
    by_case = reports[0]["protocol"]["mean_over"] == "clicks"
    rows: list[dict[str, Any]] = []
    for name in methods:
        for kind in before[name]:
            if kind in after[name]:
                old, new = (
                    _of(before, name, kind, ids_before, shared),
                    _of(after, name, kind, ids_after, shared),
                )
                rows.append({"method": name, "measure": kind, **_row(old, new, by_case, seed)})
    tested = [
        row for row in rows if row["before"] != row["after"]
    ]  # what is the same to the last digit was not tested
    for row, p in zip(tested, adjusted([row["p"] for row in tested]), strict=True):
        row["p_adjusted"] = round(p, 6)
    return {
        "first": str(first),
        "second": str(second),
        "users": len(shared),
        "changed": _changed(
            reports[0], reports[1], ("embedder", "seed", "settings", "versions", "parameters")
        ),
        "rows": [{"p_adjusted": 1.0, **row} for row in rows],
    }


def _changed(first: dict[str, Any], second: dict[str, Any], keys: Iterable[str]) -> dict[str, list[Any]]:
    """What differs, by its path: [before, after]."""
    found: dict[str, list[Any]] = {}
    for key in keys:
        before, after = first.get(key), second.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            inner = _changed(before, after, sorted({*before, *after}))
            found.update({f"{key}, {name}": values for name, values in inner.items()})
        elif before != after:
            found[key] = [before, after]
    return found


def _of(figures: Figures, name: str, kind: str, ids: list[str], shared: list[str]) -> tuple[Values, Values]:
    found: ByUser = figures[name][kind]
    place = {user: number for number, user in enumerate(ids)}
    rows = np.array([place[user] for user in shared])
    return found.sums[rows], found.counts[rows]


def _row(
    old: tuple[Values, Values], new: tuple[Values, Values], by_case: bool, seed: int
) -> dict[str, float]:
    if not np.array_equal(
        old[1], new[1]
    ):  # the same users with other questions: compare what each got on average
        old, new = (old[0] / old[1], np.ones_like(old[1])), (new[0] / new[1], np.ones_like(new[1]))
        by_case = False
    test = paired(new, old, by_case=by_case, seed=seed)
    value = [mean(sums, counts, by_case=by_case) for sums, counts in (old, new)]
    return {key: round(number, 6) for key, number in {"before": value[0], "after": value[1], **test}.items()}
