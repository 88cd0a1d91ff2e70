"""Interest Units of many users at once where units are means: Algorithm 1 in compiled code.

Users, documents and terms become numbers and arrays, `penchant.units.kernel` learns, and what it learned
becomes users again. The units are exactly those of `penchant.units.waves.learn`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from penchant.settings import Settings
from penchant.text import contextual_text
from penchant.types import InterestUnit, User
from penchant.units import kernel
from penchant.units.kernel import ClickArrays, DocumentArrays, Limits, UnitArrays
from penchant.units.rules import Clicked
from penchant.units.waves import after_clicks, kept_as
from penchant.vectors import embeddings_of

_PART = 20_000
"""Clicks learned between two reports of progress."""


def can_learn(settings: Settings) -> bool:
    """Whether units are means, and everything that is kept has a limit, as arrays need one."""
    limits = (
        settings.keep_big,
        settings.keep_small,
        settings.terms_in_text,
        settings.terms_kept,
        settings.documents_kept,
    )
    return settings.unit_rule == "mean" and None not in limits


def learn(
    users: Mapping[str, User],
    clicks: Sequence[tuple[str, Clicked]],
    threshold: float,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    threads: int | None = None,
) -> dict[str, User]:
    """The users of the clicks after these, given as (user id, clicked document), each user's in the order of
    their times.

    Args:
        users: those of the clicks' users who are known already.
        settings: for which `can_learn`.
        threads: None: as many as there are cores for this process.
    """
    logs: dict[str, list[Clicked]] = {}
    for user_id, clicked in sorted(clicks, key=lambda user_and_click: user_and_click[1].at):
        logs.setdefault(user_id, []).append(clicked)
    before = {user_id: kept_as(users.get(user_id, User()), settings.unit_precision) for user_id in logs}
    names = _Names(before.values(), logs.values())
    dimension = len(names.clicked[0].vector) if names.clicked else 0
    known = _unit_arrays(list(before.values()), names, dimension)
    of_clicks = _click_arrays(list(before.values()), list(logs.values()), names)
    limits = _limits(known, names, threshold, settings)
    learned = _room(known, of_clicks, names, limits, dimension)
    of_documents = _document_arrays(names)
    threads = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        parts = _parts(of_clicks.first, threads)
        work = [
            pool.submit(kernel.learn, start, end, known, of_clicks, of_documents, limits, learned)
            for start, end in parts
        ]
        for (start, end), done in zip(parts, work, strict=True):
            done.result()
            if progress is not None:
                progress(int(of_clicks.first[end] - of_clicks.first[start]))
    return {
        user_id: after_clicks(
            user, units, [(clicked.document_id, clicked.at) for clicked in logs[user_id]], settings
        )
        for (user_id, user), units in zip(
            before.items(), _units(learned, before.values(), names, settings), strict=True
        )
    }


class _Names:
    """What the numbers in the arrays stand for."""

    def __init__(self, users: Collection[User], logs: Collection[Sequence[Clicked]]) -> None:
        known = [unit for user in users for unit in user.units]
        clicked = {click.document_id: click for log in logs for click in log}
        self.clicked = list(clicked.values())
        """The documents that are clicked: the first numbers are theirs, also among the titles."""
        documents = dict.fromkeys(clicked) | dict.fromkeys(name for unit in known for name in unit.documents)
        self.documents = list(documents)
        self.document = {name: number for number, name in enumerate(self.documents)}
        further = list(dict.fromkeys(unit.title for unit in known))
        self.titles = [click.title for click in self.clicked] + further
        self.title = {title: number for number, title in enumerate(further, len(self.clicked))}
        terms = {term for click in self.clicked for term in click.terms}
        self.terms = sorted(terms.union(term for unit in known for term, _ in unit.terms))
        self.term = {term: number for number, term in enumerate(self.terms)}


def _unit_arrays(users: Sequence[User], names: _Names, dimension: int) -> UnitArrays:
    units = [unit for user in users for unit in user.units]
    terms_count = _ints(len(unit.terms) for unit in units)
    documents_count = _ints(len(unit.documents) for unit in units)
    count = _ints(len(user.units) for user in users)
    return UnitArrays(
        first=_firsts(count)[:-1],
        units=count,
        size=_ints(unit.size for unit in units),
        updated_at=np.array([unit.updated_at for unit in units], np.float64),
        title=_numbers(names.title[unit.title] for unit in units),
        title_step=_ints(unit.title_step for unit in units),
        changed_step=_ints(unit.changed_step for unit in units),
        vectors=embeddings_of(units) if units else np.zeros((0, dimension), np.float32),
        closeness=np.array([unit.closeness for unit in units], np.float64),
        terms_first=_firsts(terms_count)[:-1],
        terms_count=terms_count,
        terms=_numbers(names.term[term] for unit in units for term, _ in unit.terms),
        counts=_ints(count for unit in units for _, count in unit.terms),
        terms_seen=_ints(step for unit in units for step in unit.term_steps),
        documents_first=_firsts(documents_count)[:-1],
        documents_count=documents_count,
        documents=_numbers(names.document[name] for unit in units for name in unit.documents),
        documents_step=_ints(step for unit in units for step in unit.document_steps),
    )


def _click_arrays(users: Sequence[User], logs: Sequence[Sequence[Clicked]], names: _Names) -> ClickArrays:
    return ClickArrays(
        first=_firsts(_ints(len(log) for log in logs)),
        steps=_ints(user.steps for user in users),
        document=_numbers(names.document[click.document_id] for log in logs for click in log),
        at=np.array([click.at for log in logs for click in log], np.float64),
    )


def _document_arrays(names: _Names) -> DocumentArrays:
    return DocumentArrays(
        vectors=np.stack([click.vector for click in names.clicked]),
        terms_first=_firsts(_ints(len(click.terms) for click in names.clicked)),
        terms=_numbers(names.term[term] for click in names.clicked for term in click.terms),
    )


def _limits(known: UnitArrays, names: _Names, threshold: float, settings: Settings) -> Limits:
    most_units = max(int(known.units.max(initial=0)), (settings.keep_big or 0) + (settings.keep_small or 0))
    most_terms = max((len(click.terms) for click in names.clicked), default=0)
    return Limits(
        threshold=np.float32(threshold),
        big_size=settings.big_size,
        keep_big=settings.keep_big or 0,
        keep_small=settings.keep_small or 0,
        terms_kept=settings.terms_kept or 0,
        documents_kept=settings.documents_kept or 0,
        as_int8=settings.unit_precision == "int8",
        as_float16=settings.unit_precision == "float16",
        slots=most_units + 1,
        terms_room=max(settings.terms_kept or 0, most_terms, int(known.terms_count.max(initial=0))),
        documents_room=max(settings.documents_kept or 0, int(known.documents_count.max(initial=0))) + 1,
        documents=len(names.documents),
        terms=len(names.terms),
    )


def _room(
    known: UnitArrays, clicks: ClickArrays, names: _Names, limits: Limits, dimension: int
) -> UnitArrays:
    """Arrays in which there is room for all that may be learned."""
    of_user = np.diff(clicks.first)
    unit_room = np.minimum(known.units + of_user, limits.slots)
    terms_of_document = _ints(len(click.terms) for click in names.clicked)
    term_room = _sums(known.terms_count, known.first, known.units) + _sums(
        terms_of_document[clicks.document], clicks.first[:-1], of_user
    )
    document_room = _sums(known.documents_count, known.first, known.units) + of_user
    first, terms_first, documents_first = _firsts(unit_room), _firsts(term_room), _firsts(document_room)
    units, terms, documents = int(first[-1]), int(terms_first[-1]), int(documents_first[-1])
    room = UnitArrays(
        first=first[:-1],
        units=np.zeros(len(of_user), np.int64),
        size=np.zeros(units, np.int64),
        updated_at=np.zeros(units, np.float64),
        title=np.zeros(units, np.int32),
        title_step=np.zeros(units, np.int64),
        changed_step=np.zeros(units, np.int64),
        vectors=np.zeros((units, dimension), np.float32),
        closeness=np.zeros(units, np.float64),
        terms_first=np.zeros(units, np.int64),
        terms_count=np.zeros(units, np.int64),
        terms=np.zeros(terms, np.int32),
        counts=np.zeros(terms, np.int64),
        terms_seen=np.zeros(terms, np.int64),
        documents_first=np.zeros(units, np.int64),
        documents_count=np.zeros(units, np.int64),
        documents=np.zeros(documents, np.int32),
        documents_step=np.zeros(documents, np.int64),
    )
    room.terms_first[room.first], room.documents_first[room.first] = terms_first[:-1], documents_first[:-1]
    return room


def _units(
    learned: UnitArrays, users: Collection[User], names: _Names, settings: Settings
) -> Iterator[tuple[InterestUnit, ...]]:
    """The units of each user now; those that no click changed are what they were."""
    terms = [names.terms[number] for number in learned.terms.tolist()]
    counts, terms_seen = learned.counts.tolist(), learned.terms_seen.tolist()
    documents = [names.documents[number] for number in learned.documents.tolist()]
    documents_step = learned.documents_step.tolist()
    columns = (
        learned.size, learned.updated_at, learned.title, learned.title_step, learned.changed_step,
        learned.closeness, learned.terms_first, learned.terms_count,
        learned.documents_first, learned.documents_count,
    )  # fmt: skip
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    for user, first, count in zip(users, learned.first.tolist(), learned.units.tolist(), strict=True):
        unchanged = {unit.changed_step: unit for unit in user.units}
        vectors = learned.vectors[first : first + count].copy()  # a view would keep everybody's
        units = []
        for vector, row in zip(vectors, rows[first : first + count], strict=True):
            (
                size,
                updated_at,
                title,
                title_step,
                changed_step,
                closeness,
                first_term,
                term_count,
                first_document,
                document_count,
            ) = row
            if changed_step in unchanged:
                units.append(unchanged[changed_step])
                continue
            of_terms = slice(first_term, first_term + term_count)
            of_documents = slice(first_document, first_document + document_count)
            kept = tuple(zip(terms[of_terms], counts[of_terms], strict=True))
            units.append(
                InterestUnit(
                    title=names.titles[title],
                    terms=kept,
                    size=size,
                    updated_at=updated_at,
                    documents=tuple(documents[of_documents]),
                    text=contextual_text(names.titles[title], kept[: settings.terms_in_text]),
                    embedding=vector,
                    closeness=closeness,
                    term_steps=tuple(terms_seen[of_terms]),
                    document_steps=tuple(documents_step[of_documents]),
                    title_step=title_step,
                    changed_step=changed_step,
                )
            )
        yield tuple(units)


def _parts(first: NDArray[np.int64], threads: int) -> list[tuple[int, int]]:
    """(start, end) of runs of users with about as many clicks each."""
    clicks = int(first[-1])
    parts = max(1, min(len(first) - 1, max(4 * threads, -(-clicks // _PART))))
    cuts = np.unique(np.searchsorted(first, np.linspace(0, clicks, parts + 1)))
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def _ints(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), np.int64)


def _numbers(values: Iterable[int]) -> NDArray[np.int32]:
    return np.array(list(values), np.int32)


def _firsts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of some runs begins, and at last where they end."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _sums(values: NDArray[np.int64], first: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of each run of values."""
    so_far = _firsts(values)
    return np.asarray(so_far[first + count] - so_far[first], np.int64)
