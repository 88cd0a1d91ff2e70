"""What speaks for a document: each kind of evidence in a file of its own, and the one tuple that lists them.

To add a kind, write a file with a class as `seam.Evidence` says, and put it into `EVIDENCE`. Columns,
starting weights, explanations, the lab's ablations and the tables of the docs are derived from the tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.attributes import Attributes
from penchant.rank.evidence.freshness import Freshness
from penchant.rank.evidence.interest import Interest
from penchant.rank.evidence.popularity import Popularity
from penchant.rank.evidence.readers import Readers
from penchant.rank.evidence.seam import Claim, Column, Evidence, Telling, Told
from penchant.rank.evidence.taste import Taste
from penchant.rank.evidence.trend import Trend
from penchant.rank.evidence.words import Words

EVIDENCE: tuple[Evidence, ...] = (
    Interest(),
    Words(),
    Attributes(),
    Freshness(),
    Trend(),
    Popularity(),
    Readers(),
    Taste(),
)

__all__ = [
    "EVIDENCE",
    "Claim",
    "Column",
    "Evidence",
    "Telling",
    "Told",
    "claims",
    "columns",
    "kind_of",
    "kinds",
    "known_before_clicks",
    "measure",
    "of_column",
    "opened",
    "personal",
    "start_of",
]


def measure(asked: Asked, candidates: Candidates) -> tuple[list[str], Column]:
    """(the names of the columns, their values of shape (candidates, columns))."""
    found: dict[str, Column] = {}
    for evidence in EVIDENCE:
        found.update(evidence.measure(asked, candidates))
    # sums in another order differ in their last bits: rounded, a state that was reopened gives and learns the
    # same
    values = np.stack(list(found.values()))
    return list(found), np.round(values, 6, out=values).T


def kinds() -> list[str]:
    """All kinds of evidence."""
    return [evidence.kind for evidence in EVIDENCE]


def claims() -> Mapping[str, Callable[[Told], Claim | None]]:
    """Kind -> what evidence of that kind claims of a document."""
    return _claims(EVIDENCE)


@lru_cache(maxsize=4)
def _claims(every: tuple[Evidence, ...]) -> Mapping[str, Callable[[Told], Claim | None]]:
    return {evidence.kind: evidence.claim for evidence in every}


def columns() -> dict[str, float]:
    """Name of a column -> its weight before any click: those that every community has."""
    return {name: weight for evidence in EVIDENCE for name, weight in evidence.columns.items()}


def of_column(name: str) -> Evidence | None:
    """The evidence that a column belongs to; None where there is no such column."""
    return _of_column(EVIDENCE, name)


@lru_cache(maxsize=4_096)
def _of_column(evidence: tuple[Evidence, ...], name: str) -> Evidence | None:
    for each in evidence:
        if name in each.columns or (each.family and name.startswith(each.family[0])):
            return each
    return None


def kind_of(name: str) -> str:
    """The kind of evidence that a column is."""
    return _owner(name).kind


def start_of(name: str) -> float:
    """The weight of a column before any click.

    They were fitted by `penchant lab weights` on validation users of an article community, a developer
    community and a shop, with minilm, and of a film site, with corpus.
    """
    owner = _owner(name)
    return owner.columns[name] if name in owner.columns or owner.family is None else owner.family[1]


def known_before_clicks(names: Sequence[str]) -> list[bool]:
    """Which columns say the same of a document before and after its first click."""
    return [_owner(name).known_before_clicks for name in names]


def personal(names: Sequence[str]) -> list[bool]:
    """Which columns are what a reader and a document have in common."""
    return [_owner(name).personal for name in names]


def opened(names: Sequence[str]) -> list[bool]:
    """Which columns' worth differs much between communities."""
    return [_owner(name).open for name in names]


def _owner(name: str) -> Evidence:
    found = _of_column(EVIDENCE, name)
    if found is None:
        raise KeyError(f"no evidence has a column {name!r}")
    return found
