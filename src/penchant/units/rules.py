"""Algorithm 1: how one click changes one user's Interest Units (IRA, section 2.1).

Pure functions on one user's units: no I/O, no clock, no embedder. Three of them carry the rule: `relevant`
finds the units that a document belongs to, `merge` joins them with it, `prune` lets the stale ones go;
`absorb` is the three in order.

Two rules say what a unit is (``Settings.unit_rule``). By ``mean`` it is its documents: one belongs to it that
is like them on average, and units merge that are alike on average, so that no chain of single links ties what
has nothing in common. By ``text``, the paper's, it is its contextual text; to embed that is left to the
caller, who can embed the texts of many users together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.settings import Settings
from penchant.types import InterestUnit, User, Vector
from penchant.vectors import embeddings_of

Terms = Sequence[tuple[str, int]]
TextRule = Callable[[str, Terms], str]
"""(title, terms) -> contextual text."""
Units = tuple[InterestUnit, ...]
PruneRule = Callable[[Sequence[InterestUnit], Settings], tuple[Units, Units]]
"""(units, settings) -> (kept, pruned), both in the order given."""


NONE: Vector = np.zeros(0, np.float32)


class Clicked(msgspec.Struct, frozen=True, eq=False):
    """A click, seen from its user: the document with what is known of it."""

    document_id: str
    title: str
    terms: tuple[str, ...]
    """The key terms of the title, each once."""
    vector: Vector
    """The embedding of the title."""
    at: float


class Step(msgspec.Struct, frozen=True, eq=False):
    """What one click did to one user."""

    units: tuple[InterestUnit, ...]
    """The units now. The changed one, if it is among them, is the last; its embedding is still to be made, or
    to be rounded."""
    changed: InterestUnit
    """The unit that holds the document now."""
    before: tuple[InterestUnit, ...]
    """The relevant units as they were: none when a unit was created, several when units merged."""
    pruned: tuple[InterestUnit, ...]


def similarities(
    units: Sequence[InterestUnit], vector: Vector, times: float | NDArray[np.float64] = 1.0
) -> NDArray[np.float32]:
    """The cosine of each unit's embedding and a document's, shape (len(units),); times a number, or one each.

    Summed in float64, so that the order of the sum, which differs from processor to processor, decides
    nothing.
    """
    if not units:
        return np.zeros(0, np.float32)
    cosines = embeddings_of(units).astype(np.float64) @ vector.astype(np.float64)
    return np.asarray(cosines * times, np.float32)


def relevant(
    units: Sequence[InterestUnit], clicked: Clicked, threshold: float, settings: Settings
) -> list[int]:
    """The positions, ascending, of the units that a document belongs to."""
    if settings.unit_rule == "text":
        return _reaching(similarities(units, clicked.vector), threshold)
    holding = [position for position, unit in enumerate(units) if clicked.document_id in unit.documents]
    return holding or sorted(_alike_on_average(units, clicked.vector, threshold))


def _reaching(cosines: NDArray[np.float32], threshold: float) -> list[int]:
    least = float(np.float32(threshold))
    return [position for position, cosine in enumerate(cosines.tolist()) if cosine >= least]


def _alike_on_average(units: Sequence[InterestUnit], vector: Vector, threshold: float) -> list[int]:
    """The unit whose documents are most like this one, and those that are as like what it joins then, the
    nearest first; each average is at least the threshold."""
    closeness = np.array([unit.closeness for unit in units])
    links = np.asarray(similarities(units, vector, closeness))
    near = _reaching(links, threshold)
    joined: list[int] = []
    total, size = vector.astype(np.float64), 1
    for position in sorted(near, key=lambda position: -links[position]):
        unit = units[position]
        mean = unit.closeness * unit.embedding.astype(np.float64)
        if not joined or np.float32(total @ mean / size) >= np.float32(threshold):
            joined.append(position)
            total, size = total + unit.size * mean, size + unit.size
    return joined


def merge(
    units: Sequence[InterestUnit], clicked: Clicked, step: int, settings: Settings, text_rule: TextRule
) -> InterestUnit:
    """One unit of the relevant units (none: a new one) and the clicked document.

    Documents are a set: one that a unit held already adds neither size nor terms, and makes no term more
    recent. The title and the time are those of the latest click by its time, so that a late click moves
    neither back.

    `step` is the number of this click among its user's. The result has an embedding, in full precision, where
    the rule is ``mean``.
    """
    documents = _union(units)
    size = sum(unit.size for unit in units) - (sum(len(unit.documents) for unit in units) - len(documents))
    counts = _sum_of_terms(units)
    is_new = clicked.document_id not in documents
    if is_new:
        documents[clicked.document_id] = step
        size += 1
        for term in clicked.terms:
            counts[term] = (counts[term][0] + 1 if term in counts else 1, step)
    title, updated_at, title_step = max(
        [(unit.title, unit.updated_at, unit.title_step) for unit in units]
        + [(clicked.title, clicked.at, step)],
        key=lambda latest: latest[1:],
    )
    ordered = sorted(counts.items(), key=_term_order)[: settings.terms_kept]
    kept = sorted(documents.items(), key=lambda item: item[1])[
        _all_but_last(len(documents), settings.documents_kept) :
    ]
    terms = tuple((term, count) for term, (count, _) in ordered)
    by_mean = settings.unit_rule == "mean"
    embedding, closeness = _mean(units, clicked.vector if is_new else None, size) if by_mean else (NONE, 1.0)
    return InterestUnit(
        title=title,
        terms=terms,
        size=size,
        updated_at=updated_at,
        documents=tuple(document for document, _ in kept),
        text=text_rule(title, terms[: settings.terms_in_text]),
        embedding=embedding,
        closeness=closeness,
        term_steps=tuple(seen for _, (_, seen) in ordered),
        document_steps=tuple(first for _, first in kept),
        title_step=title_step,
        changed_step=step,
    )


def prune(units: Sequence[InterestUnit], settings: Settings) -> tuple[Units, Units]:
    """(kept, pruned): of big units the `keep_big` most recently updated are kept, of small ones the
    `keep_small`.

    Between units of the same time, the one changed last stays. Both results keep the order given.
    """
    big = [unit for unit in units if unit.size >= settings.big_size]
    small = [unit for unit in units if unit.size < settings.big_size]
    stale = {id(unit) for unit in (*_beyond(big, settings.keep_big), *_beyond(small, settings.keep_small))}
    if not stale:
        return tuple(units), ()
    return (
        tuple(unit for unit in units if id(unit) not in stale),
        tuple(unit for unit in units if id(unit) in stale),
    )


def absorb(
    user: User,
    clicked: Clicked,
    threshold: float,
    settings: Settings,
    text_rule: TextRule,
    prune_rule: PruneRule = prune,
) -> Step:
    """Algorithm 1 for one click: find the relevant units, merge them with the document, prune."""
    step = user.steps + 1
    matching = set(relevant(user.units, clicked, threshold, settings))
    before = tuple(unit for position, unit in enumerate(user.units) if position in matching)
    others = tuple(unit for position, unit in enumerate(user.units) if position not in matching)
    changed = merge(before, clicked, step, settings, text_rule)
    kept, pruned = prune_rule((*others, changed), settings)
    return Step(units=kept, changed=changed, before=before, pruned=pruned)


def by_recency(units: Iterable[InterestUnit]) -> list[InterestUnit]:
    """Most recently updated first; between units of the same time, the one changed last."""
    return sorted(units, key=attrgetter("updated_at", "changed_step"), reverse=True)


def _mean(units: Sequence[InterestUnit], vector: Vector | None, size: int) -> tuple[Vector, float]:
    """(direction, length) of the mean of the documents of units, and of one more."""
    if vector is None and len(units) == 1:
        return units[0].embedding, units[0].closeness
    total = np.zeros(len(units[0].embedding if vector is None else vector))
    for unit in units:
        total += unit.size * unit.closeness * unit.embedding.astype(np.float64)
    if vector is not None:
        total += vector
    return direction_and_length(total, size)


def direction_and_length(total: NDArray[np.float64], size: int) -> tuple[Vector, float]:
    """Of the mean of vectors, given their sum and how many they are."""
    length = float(np.sqrt(total @ total))
    return (total / (length or 1.0)).astype(np.float32), float(np.float32(length / size))


def _union(units: Sequence[InterestUnit]) -> dict[str, int]:
    """The documents of the units, each with the step of its first click."""
    if len(units) == 1:
        return dict(zip(units[0].documents, units[0].document_steps, strict=True))
    documents: dict[str, int] = {}
    for unit in units:
        for document, first in zip(unit.documents, unit.document_steps, strict=True):
            documents[document] = min(first, documents.get(document, first))
    return documents


def _sum_of_terms(units: Sequence[InterestUnit]) -> dict[str, tuple[int, int]]:
    """term -> (count over the units, step at which it was last seen)."""
    counts: dict[str, tuple[int, int]] = {}
    for unit in units:
        for (term, count), seen in zip(unit.terms, unit.term_steps, strict=True):
            so_far, latest = counts.get(term, (0, 0))
            counts[term] = (so_far + count, max(seen, latest))
    return counts


def _term_order(item: tuple[str, tuple[int, int]]) -> tuple[int, int, str]:
    term, (count, seen) = item
    return (-count, -seen, term)


def _beyond(units: list[InterestUnit], limit: int | None) -> list[InterestUnit]:
    """The units that do not fit into the limit."""
    return [] if limit is None or len(units) <= limit else by_recency(units)[limit:]


def _all_but_last(length: int, limit: int | None) -> int:
    """Where the last `limit` of `length` entries begin."""
    return 0 if limit is None else max(0, length - limit)
