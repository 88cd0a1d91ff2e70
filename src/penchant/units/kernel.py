"""Algorithm 1 in compiled code, where units are means: the clicks of many users, on arrays.
`penchant.units.arrays` fills the arrays and reads the result.

The rules are those of `penchant.units.rules`, which is to be read first; tests hold the two together. Strings
are numbers here, terms in alphabetical order. A unit lies in a slot of its user's workspace.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.compiled import compiled
from penchant.types import Vector, Vectors
from penchant.units.arithmetic import add, dot, round_to_half, round_to_int8

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


class UnitArrays(NamedTuple):
    """The units of many users: those of user n from ``first[n]`` on, ``units[n]`` of them."""

    first: Ints
    units: Ints
    size: Ints
    updated_at: Floats
    title: Numbers
    title_step: Ints
    changed_step: Ints
    vectors: Vectors
    closeness: Floats
    terms_first: Ints
    terms_count: Ints
    terms: Numbers
    """The terms of a unit from ``terms_first`` on, ``terms_count`` of them, with their counts and when they
    were last seen."""
    counts: Ints
    terms_seen: Ints
    documents_first: Ints
    documents_count: Ints
    documents: Numbers
    documents_step: Ints


class ClickArrays(NamedTuple):
    """The clicks of many users: those of user n from ``first[n]`` to ``first[n + 1]``, in the order of
    learning."""

    first: Ints
    steps: Ints
    """How many clicks of each user were learned before."""
    document: Numbers
    at: Floats


class DocumentArrays(NamedTuple):
    """What is known of the documents that are clicked. The title of document n is title n."""

    vectors: Vectors
    """Of their titles, shape (documents, dimension)."""
    terms_first: Ints
    """The key terms of document n: ``terms[terms_first[n]:terms_first[n + 1]]``."""
    terms: Numbers


class Limits(NamedTuple):
    """Settings, and how much room the units of one user need."""

    threshold: np.float32
    big_size: int
    keep_big: int
    keep_small: int
    terms_kept: int
    documents_kept: int
    as_int8: bool
    as_float16: bool
    """How embeddings are rounded; neither: not at all."""
    slots: int
    """More than units a user has at any time."""
    terms_room: int
    """More terms than a unit has at any time; likewise for documents."""
    documents_room: int
    documents: int
    """How many documents there are, also those of units alone; likewise terms."""
    terms: int


class _Slots(NamedTuple):
    """The units of one user while clicks are learned, and room to merge them."""

    used: NDArray[np.bool_]
    relevant: NDArray[np.bool_]
    size: Ints
    updated_at: Floats
    title: Numbers
    title_step: Ints
    changed_step: Ints
    vectors: Vectors
    closeness: Floats
    links: NDArray[np.float32]
    """Of each unit: the average cosine of its documents to the one that is clicked."""
    terms_count: Ints
    terms: Numbers
    counts: Ints
    terms_seen: Ints
    documents_count: Ints
    documents: Numbers
    documents_step: Ints
    place_of_term: Numbers
    """Term -> its place among those that are being merged, or -1."""
    is_merging: NDArray[np.bool_]
    """Document -> whether it is among those that are being merged."""
    merging: Numbers
    merging_counts: Ints
    merging_seen: Ints
    merging_documents: Numbers
    merging_steps: Ints
    union_documents: Numbers
    union_steps: Ints
    total: Floats


@compiled
def learn(
    start: int,
    end: int,
    known: UnitArrays,
    clicks: ClickArrays,
    of_documents: DocumentArrays,
    limits: Limits,
    learned: UnitArrays,
) -> None:
    """Learn the clicks of the users from `start` to `end`, and write their units to `learned`.

    There, the first of a user's units says where terms and documents of that user begin; there must be room.
    """
    slots = _empty_slots(of_documents, limits)
    for user in range(start, end):
        _load(slots, known, user)
        for position in range(clicks.first[user], clicks.first[user + 1]):
            step = clicks.steps[user] + position - clicks.first[user] + 1
            _absorb(slots, clicks.document[position], clicks.at[position], step, of_documents, limits)
        _store(slots, learned, user)


@compiled
def _empty_slots(of_documents: DocumentArrays, limits: Limits) -> _Slots:
    count, terms, documents = limits.slots, limits.terms_room, limits.documents_room
    return _Slots(
        np.zeros(count, np.bool_),
        np.zeros(count, np.bool_),
        np.zeros(count, np.int64),
        np.zeros(count, np.float64),
        np.zeros(count, np.int32),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros((count, of_documents.vectors.shape[1]), np.float32),
        np.zeros(count, np.float64),
        np.zeros(count, np.float32),
        np.zeros(count, np.int64),
        np.zeros((count, terms), np.int32),
        np.zeros((count, terms), np.int64),
        np.zeros((count, terms), np.int64),
        np.zeros(count, np.int64),
        np.zeros((count, documents), np.int32),
        np.zeros((count, documents), np.int64),
        np.full(limits.terms, -1, np.int32),
        np.zeros(limits.documents, np.bool_),
        np.zeros((count + 1) * terms, np.int32),
        np.zeros((count + 1) * terms, np.int64),
        np.zeros((count + 1) * terms, np.int64),
        np.zeros(count * documents, np.int32),
        np.zeros(count * documents, np.int64),
        np.zeros(count * documents, np.int32),
        np.zeros(count * documents, np.int64),
        np.zeros(of_documents.vectors.shape[1], np.float64),
    )


@compiled
def _load(slots: _Slots, known: UnitArrays, user: int) -> None:
    slots.used[:] = False
    for slot in range(known.units[user]):
        unit = known.first[user] + slot
        slots.used[slot] = True
        slots.size[slot] = known.size[unit]
        slots.updated_at[slot] = known.updated_at[unit]
        slots.title[slot] = known.title[unit]
        slots.title_step[slot] = known.title_step[unit]
        slots.changed_step[slot] = known.changed_step[unit]
        slots.vectors[slot] = known.vectors[unit]
        slots.closeness[slot] = known.closeness[unit]
        first, count = known.terms_first[unit], known.terms_count[unit]
        slots.terms_count[slot] = count
        slots.terms[slot, :count] = known.terms[first : first + count]
        slots.counts[slot, :count] = known.counts[first : first + count]
        slots.terms_seen[slot, :count] = known.terms_seen[first : first + count]
        first, count = known.documents_first[unit], known.documents_count[unit]
        slots.documents_count[slot] = count
        slots.documents[slot, :count] = known.documents[first : first + count]
        slots.documents_step[slot, :count] = known.documents_step[first : first + count]


@compiled
def _store(slots: _Slots, learned: UnitArrays, user: int) -> None:
    """The units in the order in which they were changed."""
    unit = learned.first[user]
    terms_first, documents_first = learned.terms_first[unit], learned.documents_first[unit]
    for slot in np.argsort(slots.changed_step):
        if not slots.used[slot]:
            continue
        learned.size[unit] = slots.size[slot]
        learned.updated_at[unit] = slots.updated_at[slot]
        learned.title[unit] = slots.title[slot]
        learned.title_step[unit] = slots.title_step[slot]
        learned.changed_step[unit] = slots.changed_step[slot]
        learned.vectors[unit] = slots.vectors[slot]
        learned.closeness[unit] = slots.closeness[slot]
        count = slots.terms_count[slot]
        learned.terms_first[unit], learned.terms_count[unit] = terms_first, count
        learned.terms[terms_first : terms_first + count] = slots.terms[slot, :count]
        learned.counts[terms_first : terms_first + count] = slots.counts[slot, :count]
        learned.terms_seen[terms_first : terms_first + count] = slots.terms_seen[slot, :count]
        terms_first += count
        count = slots.documents_count[slot]
        learned.documents_first[unit], learned.documents_count[unit] = documents_first, count
        learned.documents[documents_first : documents_first + count] = slots.documents[slot, :count]
        learned.documents_step[documents_first : documents_first + count] = slots.documents_step[slot, :count]
        documents_first += count
        unit += 1
    learned.units[user] = unit - learned.first[user]


@compiled
def _absorb(
    slots: _Slots, document: int, at: float, step: int, of_documents: DocumentArrays, limits: Limits
) -> None:
    """See `penchant.units.rules.absorb`."""
    found = _find_holding(slots, document)
    is_new = found == 0
    if is_new:
        found = _find_alike(slots, of_documents.vectors[document], limits.threshold)
    target = _new_unit(slots) if found == 0 else int(np.argmax(slots.relevant))
    _sum(slots, is_new, of_documents.vectors[document])
    _merge(slots, target, found - 1, document, at, step, is_new, of_documents, limits)
    if is_new or found > 1:
        _set_mean(slots, target, limits)
    for slot in range(limits.slots):
        if slots.relevant[slot] and slot != target:
            slots.used[slot] = False
    _prune(slots, limits.big_size, 1 << 62, limits.keep_big)
    _prune(slots, 0, limits.big_size, limits.keep_small)


@compiled
def _find_holding(slots: _Slots, document: int) -> int:
    """Mark the units that hold a document; returns how many do."""
    found = 0
    for slot in range(len(slots.used)):
        slots.relevant[slot] = False
        if slots.used[slot]:
            for place in range(slots.documents_count[slot]):
                if slots.documents[slot, place] == document:
                    slots.relevant[slot] = True
                    found += 1
                    break
    return found


@compiled
def _find_alike(slots: _Slots, vector: Vector, threshold: np.float32) -> int:
    """Mark the units that a document is like on average, see `penchant.units.rules`; returns how many."""
    for slot in range(len(slots.used)):
        slots.links[slot] = -np.inf
        if slots.used[slot]:
            slots.links[slot] = np.float32(dot(slots.vectors[slot], vector) * slots.closeness[slot])
    found, size = 0, 1
    slots.total[:] = 0.0
    add(slots.total, 1.0, vector)
    while True:
        nearest = -1
        for slot in range(len(slots.used)):
            if slots.links[slot] >= threshold and (
                nearest < 0
                or (slots.links[slot], -slots.changed_step[slot])
                > (slots.links[nearest], -slots.changed_step[nearest])
            ):
                nearest = slot
        if nearest < 0:
            return found
        slots.links[nearest] = -np.inf
        average = dot(slots.vectors[nearest], slots.total) * slots.closeness[nearest] / size
        if found == 0 or np.float32(average) >= threshold:
            slots.relevant[nearest] = True
            found += 1
            add(slots.total, slots.size[nearest] * slots.closeness[nearest], slots.vectors[nearest])
            size += slots.size[nearest]


@compiled
def _sum(slots: _Slots, is_new: bool, vector: Vector) -> None:
    """The sum of the vectors of the documents of relevant units, and of one that is new."""
    slots.total[:] = 0.0
    for slot in np.argsort(slots.changed_step):
        if slots.relevant[slot]:
            add(slots.total, slots.size[slot] * slots.closeness[slot], slots.vectors[slot])
    if is_new:
        add(slots.total, 1.0, vector)


@compiled
def _set_mean(slots: _Slots, target: int, limits: Limits) -> None:
    """See `penchant.units.rules.direction_and_length`; rounded to what is kept."""
    total = slots.total
    length = np.sqrt(dot(total, total))
    slots.closeness[target] = np.float32(length / slots.size[target])
    vector = slots.vectors[target]
    for number in range(len(total)):
        vector[number] = np.float32(total[number] / (length if length > 0.0 else 1.0))
    if limits.as_int8:
        round_to_int8(vector)
    elif limits.as_float16:
        round_to_half(vector)


@compiled
def _new_unit(slots: _Slots) -> int:
    slot = 0
    while slots.used[slot]:
        slot += 1
    slots.used[slot] = slots.relevant[slot] = True
    slots.closeness[slot] = 0.0
    slots.size[slot] = slots.terms_count[slot] = slots.documents_count[slot] = slots.title_step[slot] = 0
    slots.updated_at[slot] = -np.inf
    return slot


@compiled
def _merge(
    slots: _Slots,
    target: int,
    others: int,
    document: int,
    at: float,
    step: int,
    is_new: bool,
    of_documents: DocumentArrays,
    limits: Limits,
) -> None:
    """See `penchant.units.rules.merge`."""
    size = 0
    latest = target
    for slot in range(limits.slots):
        if slots.relevant[slot]:
            size += slots.size[slot]
            if (slots.updated_at[slot], slots.title_step[slot]) > (
                slots.updated_at[latest],
                slots.title_step[latest],
            ):
                latest = slot
    if (at, step) > (slots.updated_at[latest], slots.title_step[latest]):
        slots.title[target], slots.updated_at[target], slots.title_step[target] = document, at, step
    else:
        slots.title[target] = slots.title[latest]
        slots.updated_at[target], slots.title_step[target] = (
            slots.updated_at[latest],
            slots.title_step[latest],
        )
    _merge_terms(slots, target, document, step, is_new, of_documents, limits)
    if others > 0:
        size -= _merge_documents(slots, target)
    if is_new:
        place = slots.documents_count[target]
        slots.documents[target, place], slots.documents_step[target, place] = document, step
        slots.documents_count[target] += 1
        size += 1
    _leave_out_first(slots, target, slots.documents_count[target] - limits.documents_kept)
    slots.size[target] = size
    slots.changed_step[target] = step


@compiled
def _merge_terms(
    slots: _Slots,
    target: int,
    document: int,
    step: int,
    is_new: bool,
    of_documents: DocumentArrays,
    limits: Limits,
) -> None:
    found = 0
    for slot in range(limits.slots):
        if slots.relevant[slot]:
            for place in range(slots.terms_count[slot]):
                found = _count_term(
                    slots,
                    slots.terms[slot, place],
                    slots.counts[slot, place],
                    slots.terms_seen[slot, place],
                    found,
                )
    if is_new:
        for place in range(of_documents.terms_first[document], of_documents.terms_first[document + 1]):
            found = _count_term(slots, of_documents.terms[place], 1, step, found)
    for place in range(found):
        slots.place_of_term[slots.merging[place]] = -1
    _sort_terms(slots.merging[:found], slots.merging_counts[:found], slots.merging_seen[:found])
    kept = min(found, limits.terms_kept)
    slots.terms_count[target] = kept
    slots.terms[target, :kept] = slots.merging[:kept]
    slots.counts[target, :kept] = slots.merging_counts[:kept]
    slots.terms_seen[target, :kept] = slots.merging_seen[:kept]


@compiled
def _count_term(slots: _Slots, term: int, count: int, seen: int, found: int) -> int:
    place = slots.place_of_term[term]
    if place < 0:
        slots.place_of_term[term] = found
        slots.merging[found], slots.merging_counts[found], slots.merging_seen[found] = term, count, seen
        return found + 1
    slots.merging_counts[place] += count
    slots.merging_seen[place] = max(seen, slots.merging_seen[place])
    return found


@compiled
def _sort_terms(terms: Numbers, counts: Ints, seen: Ints) -> None:
    """Higher count first, then more recently seen, then alphabetically. By insertion: nearly all are in order
    already."""
    for place in range(1, len(terms)):
        term, count, step = terms[place], counts[place], seen[place]
        while place > 0 and (-counts[place - 1], -seen[place - 1], terms[place - 1]) > (-count, -step, term):
            terms[place], counts[place], seen[place] = terms[place - 1], counts[place - 1], seen[place - 1]
            place -= 1
        terms[place], counts[place], seen[place] = term, count, step


@compiled
def _merge_documents(slots: _Slots, target: int) -> int:
    """The union, in the order of first clicks, into the target; returns how many were there more than
    once."""
    total = 0
    for slot in range(len(slots.used)):
        if slots.relevant[slot]:
            for place in range(slots.documents_count[slot]):
                slots.merging_documents[total] = slots.documents[slot, place]
                slots.merging_steps[total] = slots.documents_step[slot, place]
                total += 1
    distinct = 0
    for place in np.argsort(slots.merging_steps[:total]):
        document = slots.merging_documents[place]
        if not slots.is_merging[document]:
            slots.is_merging[document] = True
            slots.union_documents[distinct], slots.union_steps[distinct] = (
                document,
                slots.merging_steps[place],
            )
            distinct += 1
    for place in range(distinct):
        slots.is_merging[slots.union_documents[place]] = False
    kept = min(distinct, slots.documents.shape[1] - 1)
    slots.documents[target, :kept] = slots.union_documents[distinct - kept : distinct]
    slots.documents_step[target, :kept] = slots.union_steps[distinct - kept : distinct]
    slots.documents_count[target] = kept
    return total - distinct


@compiled
def _leave_out_first(slots: _Slots, target: int, beyond: int) -> None:
    """Let go of the `beyond` documents that were clicked first."""
    if beyond > 0:
        count = slots.documents_count[target] - beyond
        for place in range(count):
            slots.documents[target, place] = slots.documents[target, place + beyond]
            slots.documents_step[target, place] = slots.documents_step[target, place + beyond]
        slots.documents_count[target] = count


@compiled
def _prune(slots: _Slots, smallest: int, below: int, limit: int) -> None:
    """See `penchant.units.rules.prune`; of units of a size from `smallest` and under `below`."""
    while True:
        count, stalest = 0, -1
        for slot in range(len(slots.used)):
            if slots.used[slot] and smallest <= slots.size[slot] < below:
                count += 1
                if stalest < 0 or (slots.updated_at[slot], slots.changed_step[slot]) < (
                    slots.updated_at[stalest],
                    slots.changed_step[stalest],
                ):
                    stalest = slot
        if count <= limit:
            return
        slots.used[stalest] = False
